"""What a column's heading says, in a dozen languages."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from catalog.importers.fields import IGNORE
from catalog.importers.wordlists import listed
from catalog.text import fold

# Folded; between bars. Many are spelt alike in several languages.
_SYNONYMS: Final = {
    "title": (
        "title|titles|book title|title of book|title of the book|name of book|book name|book|"
        "main title|title proper|full title|titel|buchtitel|haupttitel|sachtitel|werktitel|titre|"
        "titre du livre|titre propre|intitule|titulo|titulo del libro|titulo do livro|"
        "nombre del libro|obra|titolo|titolo del libro|titel van het boek|boektitel|boktitel|"
        "bogtitel|tytul|tytul ksiazki|nimeke|nimi|nazev|nazov|cim|konyvcim|titlu|naslov|naziv|"
        "kitap adi|baslik|"
        "название|заглавие|назва|τιτλος|书名|題名|タイトル|書名|제목|서명|العنوان|titol|tittel|boktittel"
    ),
    "subtitle": (
        "subtitle|sub title|subtitles|other title information|untertitel|zusatz zum titel|"
        "titelzusatz|sous titre|soustitre|complement du titre|subtitulo|sottotitolo|ondertitel|"
        "undertitel|undertittel|podtytul|alaotsikko|podnazev|alcim|подзаголовок"
    ),
    "authors": (
        "author|authors|author s|author name|authors name|author names|names of authors|writer|"
        "writers|written by|by|creator|creators|primary author|main author|first author|"
        "additional authors|second author|coauthor|coauthors|co author|co authors|"
        "author first last|author firstname lastname|author text|contributor|contributors|"
        "name of author|autor|autoren|autorin|autor in|autorinnen|verfasser|verfasserin|"
        "verfasser in|urheber|autoren und autorinnen|beteiligte|person|personen|schriftsteller|"
        "auteur|auteurs|auteur s|auteur e|auteur principal|ecrivain|responsabilite|autores|autora|"
        "autor es|autor a|autor a es|escritor|autore|autori|autrice|scrittore|auteursnaam|"
        "schrijver|schrijvers|forfattare|upphov|upphovsman|forfatter|forfattere|ophav|ophavsmand|autorzy|"
        "autor ka|tworca|tekija|kirjailija|autori knihy|szerzo|szerzok|autorul|yazar|автор|"
        "авторы|"
        "автори|συγγραφεας|作者|著者|저자|المؤلف|autors|pisac|avtor"
    ),
    "author_sort": (
        "author sort|author l f|author last first|author lastname firstname|sort name|"
        "author last name first|authors sort|author inverted|autor sortierung|autorensortierung|"
        "auteur tri|sorteernaam|author last name first name|author filing name"
    ),
    "editor": (
        "editor|editors|edited by|editor s|herausgeber|herausgeberin|herausgeber in|hrsg|hg|"
        "editeur scientifique|directeur de publication|sous la direction de|curatore|a cura di|"
        "editor literario|compilador|organizador|redacteur|redaktor|redaktorzy|redaktor naukowy|"
        "utgivare|pod redakcja|toimittaja|redigerad av|editado por"
    ),
    "translator": (
        "translator|translators|translated by|translation|ubersetzer|ubersetzerin|ubersetzer in|"
        "ubersetzung|ubersetzt von|traducteur|traductrice|traduction|traductor|traductora|"
        "traduccion|traduttore|traduzione|tradutor|tradutora|traducao|vertaler|vertaling|"
        "oversattare|oversatt av|oversaetter|oversetter|tlumacz|tlumaczenie|przeklad|kaantaja|"
        "prekladatel|fordito|переводчик"
    ),
    "illustrator": (
        "illustrator|illustrators|illustrated by|illustrations by|artist|illustratorin|"
        "illustrationen|illustrationen von|illustrateur|illustratrice|ilustrador|ilustradora|"
        "ilustraciones|ilustracoes|illustratore|illustrazioni|tekenaar|illustraties|illustrerad av|"
        "illustrationer|ilustrator|ilustracje|kuvittaja|illustrateur s|zeichner"
    ),
    "publisher": (
        "publisher|publishers|publisher name|published by|publishing house|imprint|press|"
        "publishing company|name of publisher|publication|verlag|verlage|verlagsname|verlegt bei|"
        "editeur|editeurs|maison d edition|maison dedition|edition maison|editorial|editoriales|"
        "casa editorial|casa editrice|editore|editori|editora|editoras|editor comercial|uitgever|"
        "uitgeverij|forlag|forlaget|forlagets navn|bokforlag|utgiver|wydawnictwo|wydawca|"
        "oficyna wydawnicza|kustantaja|nakladatelstvi|nakladatel|vydavatelstvo|vydavatel|kiado|"
        "editura|yayinevi|nakladnik|zalozba|издательство|видавництво|издателство|εκδοτης|出版社|"
        "出版者|출판사|الناشر"
    ),
    "isbn": (
        "isbn|isbns|isbn 13|isbn13|isbn 10|isbn10|isbn number|isbn no|isbn nr|isbn nummer|"
        "isbn numbers|isbn code|isbn ean|ean isbn|ean isbn13|upc isbn10|ean isbn 13|upc isbn 10|"
        "isbn uid|isbn or uid|ean|ean13|ean 13|ean code|ean nummer|gtin|gtin 13|gtin13|"
        "international standard book number|numero isbn|numero de isbn|n isbn|no isbn|codigo isbn|"
        "codice isbn|code isbn|numer isbn|isbn e|isbn p|e isbn|eisbn|print isbn|p isbn|"
        "isbn issn|isbn paperback|isbn hardcover|isbn print|isbn 10 13|isbn 13 10"
    ),
    "year": (
        "year|years|publication year|year of publication|year published|pub year|pubyear|"
        "published year|publishing year|yr|year of pub|release year|edition year|"
        "copyright year|copyright|date year|jahr|erscheinungsjahr|ersch jahr|publikationsjahr|"
        "veroffentlichungsjahr|ausgabejahr|druckjahr|verlagsjahr|jahrgang|erschienen|annee|"
        "annee de publication|annee d edition|annee dedition|annee de parution|annee edition|"
        "parution|ano|ano de publicacion|ano publicacion|ano de edicion|anyo|anio|ano edicion|"
        "ano de publicacao|ano de edicao|ano publicacao|anno|anno di pubblicazione|"
        "anno pubblicazione|anno di edizione|anno edizione|jaar|jaar van uitgave|uitgavejaar|"
        "publicatiejaar|verschijningsjaar|jaar van publicatie|ar|utgivningsar|tryckar|"
        "publiceringsar|aar|udgivelsesar|udgivelsesaar|arstal|utgivelsesar|utgitt|rok|"
        "rok wydania|rok publikacji|rok vydani|rok vydania|vuosi|julkaisuvuosi|ilmestymisvuosi|"
        "ev|kiadas eve|anul|anul aparitiei|yil|yayin yili|godina|leto|год|год издания|рік|година|"
        "ετος|出版年|出版年份|발행년|publication date year|first published|published"
    ),
    "published_on": (
        "publication date|date of publication|date published|pub date|pubdate|publish date|"
        "published on|publishing date|release date|released|date|erscheinungsdatum|"
        "erscheinungstermin|veroffentlichungsdatum|erschienen am|publikationsdatum|datum|"
        "date de publication|date de parution|date d edition|date dedition|date de sortie|"
        "fecha de publicacion|fecha publicacion|fecha|fecha de edicion|data di pubblicazione|"
        "data pubblicazione|data|data de publicacao|data de lancamento|publicatiedatum|"
        "verschijningsdatum|datum van uitgave|utgivningsdatum|utgivelsesdato|udgivelsesdato|dato|"
        "data wydania|data publikacji|julkaisupaiva|datum vydani|дата издания|出版日期|발행일"
    ),
    "language": (
        "language|languages|lang|language code|lang code|language of text|text language|"
        "book language|sprache|sprachen|sprachcode|textsprache|langue|langues|code langue|"
        "langue du texte|idioma|idiomas|lengua|lingua|lingue|lingua del testo|linguagem|taal|"
        "talen|taalcode|sprak|sprog|jezyk|jezyk publikacji|kieli|jazyk|nyelv|limba|dil|jezik|язык|"
        "мова|език|γλωσσα|语言|言語|언어|اللغة|llengua|idioma del texto"
    ),
    "pages": (
        "pages|page|number of pages|no of pages|num pages|nb pages|pages count|page count|"
        "pagecount|pagination|numpages|extent|physical description|length in pages|pp|"
        "seiten|seitenzahl|anzahl seiten|seitenanzahl|umfang|nombre de pages|nb de pages|"
        "nbre de pages|paginas|numero de paginas|num paginas|n de paginas|n paginas|no de paginas|"
        "extension|pagine|numero di pagine|numero pagine|n pagine|num pagine|pagina s|"
        "aantal pagina s|aantal paginas|aantal bladzijden|bladzijden|sidor|antal sidor|sidantal|"
        "sider|antal sider|sidetal|antall sider|strony|liczba stron|ilosc stron|sivut|sivumaara|"
        "pocet stran|stran|oldalszam|pagini|numar de pagini|sayfa|sayfa sayisi|страниц|страницы|"
        "количество страниц|σελιδες|页数|ページ数|쪽수"
    ),
    "price": (
        "price|prices|list price|retail price|rrp|msrp|unit price|selling price|cover price|cost|"
        "price eur|price usd|price gbp|amount|value|preis|preise|ladenpreis|verkaufspreis|"
        "listenpreis|vk|vk preis|prix|prix ttc|prix public|prix de vente|precio|pvp|"
        "precio de venta|prezzo|prezzo di copertina|preco|preco de capa|prijs|verkoopprijs|pris|"
        "cena|cena detaliczna|hinta|ar huf|pret|fiyat|cijena|цена|ціна|τιμη|价格|定价|価格|"
        "定価|가격"
    ),
    "currency": (
        "currency|currency code|wahrung|devise|monnaie|moneda|divisa|valuta|moeda|waluta|valuutta|"
        "mena|валюта|货币|通貨"
    ),
    "description": (
        "description|descriptions|summary|abstract|synopsis|blurb|annotation|about|comments|"
        "book description|short description|long description|contents|beschreibung|inhalt|"
        "inhaltsangabe|kurzbeschreibung|klappentext|zusammenfassung|resume|"
        "quatrieme de couverture|descriptif|presentation|descripcion|sinopsis|resumen|"
        "descrizione|trama|riassunto|sinossi|descricao|sinopse|resumo|beschrijving|samenvatting|"
        "beskrivning|sammanfattning|beskrivelse|resume af bogen|sammendrag|opis|streszczenie|"
        "kuvaus|popis|leiras|descriere|описание|аннотация|简介|内容紹介"
    ),
    "subjects": (
        "subject|subjects|subject headings|topic|topics|genre|genres|category|categories|keyword|"
        "keywords|themes|theme|schlagwort|schlagworter|schlagworte|thema|themen|sachgebiet|"
        "sachgruppe|kategorie|kategorien|gattung|stichworter|sujet|sujets|mots cles|categorie|"
        "mots matieres|matieres|materia|materias|temas|tema|genero|generos|categoria|categorias|"
        "palabras clave|descriptores|soggetto|soggetti|genere|generi|argomento|argomenti|assunto|"
        "assuntos|palavras chave|onderwerp|onderwerpen|trefwoorden|categorieen|amne|amnen|"
        "amnesord|emne|emner|emneord|nogleord|temat|tematy|slowa kluczowe|gatunek|kategoria|aihe|"
        "asiasanat|tagy|zanr|tur|тема|жанр|предмет|主题|件名|주제|tags"
    ),
    "row_number": (
        "no|nr|number|num|nummer|row|row number|row no|line|line number|lfd nr|lfdnr|lfd|"
        "laufende nummer|lp|l p|numero|n|nro|numer|lopnr|lobenummer|lopenummer|zeile|ligne|fila|"
        "rij|serial no|s no|sno|sr no|sl no|index|pos|position|№|番号"
    ),
}  # fmt: skip
# Words that make a column something else, whatever stands beside them: books_count, image_url.
_ELSE: Final = listed(
    "id ids uid uuid rating ratings rate review reviews stars star score count counts total image "
    "images img photo url uri link links website web thumbnail shelf shelves bookshelf bookshelves "
    "read reading added acquired bought purchased modified updated created timestamp entered entry "
    "status owned copies quantity qty stock weight height width depth thickness dimensions size "
    "format formats binding edition editions series volume vol location place dewey lcc lccn oclc "
    "asin issn doi barcode signature shelfmark callnumber call notes note comment private lending "
    "borrower due loaned wishlist favourite favorite birth born died nationality country gender "
    "email phone address condition sku key original "
    "bewertung bewertungen bild bilder bildlink standort signatur auflage ausgabe band reihe "
    "einband gelesen anzahl menge bestand gewicht ort erscheinungsort verlagsort bemerkung notiz "
    "notizen hinzugefugt ausgeliehen zustand geandert "
    "note notes cote lu lieu emplacement exemplaires "
    "dexemplaires collection reliure ajout image commentaire "
    "valoracion puntuacion imagen ubicacion ejemplares coleccion encuadernacion leido lugar notas "
    "valutazione immagine collocazione copie collana legatura letto luogo "
    "avaliacao imagem localizacao exemplares colecao lido local "
    "beoordeling afbeelding locatie plaats exemplaren reeks gelezen aantal druk "
    "betyg bild plats hylla serie upplaga antal bedommelse placering eksemplarer udgave laest "
    "ocena okladka miejsce seria wydanie egzemplarze polka sygnatura"
)
_FIRST_YEAR: Final = ("original publication year", "original year", "first publish year",
                      "year first published", "original publication date")  # fmt: skip

_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ENDINGS: Final = re.compile(r"\((?:s|es|e|en|r|in|n|innen|a|as|os)\)", re.I)
_WORD: Final = re.compile(r"[^\W_]+|№")
_PIECES: Final = re.compile(r"\s*[/|;()\[\]\n:–]\s*|\s-\s")


class Meaning(NamedTuple):
    field: str = ""  # "" if the heading says nothing that is known
    strength: float = 0.0


def normal(header: str) -> str:
    """`Book_Title (s)` as "book title"."""
    spaced = _CAMEL.sub(" ", _ENDINGS.sub("", header))
    return " ".join(_WORD.findall(fold(spaced)))


@lru_cache(maxsize=1)
def _table() -> dict[str, str]:
    table: dict[str, str] = {}
    for field, synonyms in _SYNONYMS.items():
        for synonym in synonyms.split("|"):
            table.setdefault(" ".join(_WORD.findall(fold(synonym))), field)
    return table


@lru_cache(maxsize=2048)
def meaning(header: str) -> Meaning:
    """The field that a heading names, and how plainly."""
    text = normal(header[:200])
    if not text:
        return (
            Meaning("row_number", 0.9) if header.strip() in ("#", "##", "Nº", "N°") else Meaning()
        )
    table = _table()
    if field := table.get(text):
        return Meaning(field, 1.0)
    if text in _FIRST_YEAR:
        return Meaning("year", 0.8)
    if text in ("original title", "originaltitel", "titre original", "titulo original",
                "titolo originale", "oryginalny tytul", "tytul oryginalu"):  # fmt: skip
        return Meaning("title", 0.7)
    pieces = [normal(piece) for piece in _PIECES.split(header)]
    named = {table[piece] for piece in pieces if piece in table}
    if len(named) == 1 and not any(_ELSE.intersection(piece.split()) for piece in pieces):
        return Meaning(named.pop(), 0.95)
    words = text.split()
    if "isbn" in words or words[0].startswith("isbn"):
        return Meaning("isbn", 0.9)
    if not _ELSE.isdisjoint(words):
        return Meaning(IGNORE, 0.9)
    for length in range(min(len(words), 4), 0, -1):
        for start in range(len(words) - length + 1):
            field = table.get(" ".join(words[start : start + length]), "")
            if field and field != "row_number" and (length > 1 or len(words) < 4):
                return Meaning(field, 0.75)
    return Meaning()
