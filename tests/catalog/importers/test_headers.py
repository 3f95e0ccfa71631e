import pytest

from catalog.importers.headers import meaning

ISBN = "isbn"


@pytest.mark.parametrize(
    ("headings", "fields"),
    [
        ("Title|Author(s)|ISBN-13|Year|Language|Publisher|Pages|Price|Description|Subjects",
         "title authors isbn year language publisher pages price description subjects"),
        ("Titel|Verfasser|ISBN|Erscheinungsjahr|Sprache|Verlag|Seitenzahl|Preis|Schlagwörter",
         "title authors isbn year language publisher pages price subjects"),
        ("Titre|Auteur(s)|ISBN|Année d’édition|Langue|Éditeur|Nombre de pages|Prix|Résumé",
         "title authors isbn year language publisher pages price description"),
        ("Título|Autores|ISBN|Año de publicación|Idioma|Editorial|Páginas|Precio|Género",
         "title authors isbn year language publisher pages price subjects"),
        ("Titolo|Autore|Codice ISBN|Anno di pubblicazione|Lingua|Editore|Pagine|Prezzo|Genere",
         "title authors isbn year language publisher pages price subjects"),
        ("Título|Autor(a)|ISBN|Ano de publicação|Língua|Editora|Número de páginas|Preço|Assunto",
         "title authors isbn year language publisher pages price subjects"),
        ("Titel|Auteur|ISBN|Jaar van uitgave|Taal|Uitgeverij|Aantal pagina's|Prijs|Trefwoorden",
         "title authors isbn year language publisher pages price subjects"),
        ("Titel|Författare|ISBN|Utgivningsår|Språk|Förlag|Antal sidor|Pris|Ämnesord",
         "title authors isbn year language publisher pages price subjects"),
        ("Titel|Forfatter|ISBN|Udgivelsesår|Sprog|Forlag|Sidetal|Pris|Emneord",
         "title authors isbn year language publisher pages price subjects"),
        ("Tytuł|Autor|ISBN|Rok wydania|Język|Wydawnictwo|Liczba stron|Cena|Tematy",
         "title authors isbn year language publisher pages price subjects"),
    ],
)  # fmt: skip
def test_ten_languages_are_understood(headings, fields):
    read = [meaning(heading) for heading in headings.split("|")]
    assert [each.field for each in read] == fields.split()
    assert all(each.strength >= 0.9 for each in read)


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("TITLE", "title"), ("book_title", "title"), ("BookTitle", "title"),
        ("Titel / Title", "title"), ("Title (required)", "title"), ("Autor/in", "authors"),
        ("isbn13", ISBN), ("ISBN (13)", ISBN), ("EAN", ISBN), ("Price (EUR)", "price"),
        ("No.", "row_number"), ("#", "row_number"), ("Lfd. Nr.", "row_number"),
        ("original_publication_year", "year"), ("Übersetzer", "translator"),
        ("Illustrations by", "illustrator"), ("Publication date", "published_on"),
    ],
)  # fmt: skip
def test_a_heading_is_read_however_it_is_spelt(heading, field):
    assert meaning(heading).field == field


@pytest.mark.parametrize(
    "heading",
    ["book_id", "average_rating", "ratings_count", "books_count", "image_url", "Date Added",
     "Date read", "Place of publication", "Series title", "Original language", "My Review",
     "Anzahl", "Standort", "Nombre d’exemplaires", "Edition"],
)  # fmt: skip
def test_headings_about_something_else_are_not_used(heading):
    assert meaning(heading).field == "ignore"


def test_a_plain_title_is_stronger_than_an_original_one():
    assert meaning("title").strength > meaning("original_title").strength
    assert meaning("year").strength > meaning("original_publication_year").strength


def test_an_unknown_heading_says_nothing():
    assert meaning("quux") == meaning("") == ("", 0.0)
