"""People and organisations in a cell: split, turned round, sorted, with their roles.

Little is certain about names, so little is done: a name is turned round only at a comma, and an
organisation never. What a column does (separator, inversion) is decided for the whole column.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from catalog.importers import capitals
from catalog.importers.values import Problem, Read
from catalog.importers.wordlists import listed
from catalog.text import fold

NAME_LENGTH: Final = 200  # Author.name, Author.sort_name, Contribution.credited_as
PERSON, ORGANISATION = "person", "organisation"
AUTHOR: Final = "aut"


class Credit(NamedTuple):
    name: str  # as it is shown: First Last
    sort_name: str  # as it is filed: Last, First
    role: str = AUTHOR  # MARC relator code
    kind: str = PERSON
    credited_as: str = ""  # the shown name as this row has it; another may stand for it later


# MARC relator codes by what files call them, folded.
_ROLE_WORDS: Final = {
    "aut": "author authors autor autorin autoren auteur auteurs autora autore verfasser "
    "verfasserin writer forfatter forfattare aut text texte",
    "edt": "editor editors ed eds edited edt herausgeber herausgeberin hrsg hg editeur directeur "
    "dir redacteur redakteur redaktor red curatore editora organizador org redaktion",
    "trl": "translator translators translated trans transl tr trl ubersetzer ubersetzerin "
    "ubersetzung ubers ubs traducteur traductrice traduction trad traductor traductora traduttore "
    "traduttrice tradutor vertaler vert overs oversatt oversatter oversaettelse tlumacz "
    "tlum przekl",
    "ill": "illustrator illustrators illustrated illustrations ill illus illust illustratrice "
    "illustrateur illustratorin illustrationen ilustrador ilustradora ilustr illustratore zeichner "
    "zeichnungen drawings artist tekeningen ilustracje",
    "aui": "introduction introducer intro einleitung einl inleiding introduccion introduzione",
    "wpr": "foreword preface vorwort prefacier pref prologo prefazione voorwoord forord wstep "
    "geleitwort prefacio",
    "aft": "afterword nachwort postface epilogo nawoord posfacio postfazione",
    "com": "compiler compiled comp compilador zusammengestellt com",
    "pht": "photographer photographs photos photo fotograf fotografin fotos fot photographe pht "
    "fotografo",
    "cov": "cover coverartist umschlag couverture cov",
    "nrt": "narrator narrated reader sprecher sprecherin erzahler narrateur narrador lu "
    "gelesen nrt",
    "ctb": "contributor contributors contrib mitarbeiter mitwirkender mitwirkung beitrag ctb "
    "collaborator collaborateur colaborador joint with",
}  # fmt: skip
ROLES: Final = {word: code for code, words in _ROLE_WORDS.items() for word in words.split()}
_TWO_WORDS: Final = {"editeur scientifique": "edt", "cover artist": "cov", "cover design": "cov",
                     "cover designer": "cov", "read by": "nrt", "joint author": "aut"}  # fmt: skip

_ORGANISATION: Final = listed(
    "university universitat universite universidad universita universiteit uniwersytet "
    "universidade universitet ltd limited inc incorporated llc gmbh plc corp "
    "corporation company society societe sociedad societa gesellschaft verein museum "
    "musee museo museu muzeum institute institut instituto istituto association "
    "asociacion associazione associacao foundation stiftung fondation fundacion "
    "fondazione committee council department departement ministry ministerium ministere "
    "ministerio college academy akademie academie academia publishing publishers "
    "publications verlag editions editorial edizioni editora uitgeverij forlag forlaget "
    "wydawnictwo commission organisation organization library bibliothek bibliotheque "
    "biblioteca federation government bureau agency nations orchestra parliament "
    "congress comics books studios studio magazine network entertainment media laboratory "
    "archives archiv redaktion editors staff collective kollektiv consortium conference "
    "kongress various"
)
# Surnames as well: they count in longer names, or beside an "of".
_PERHAPS_ORGANISATION: Final = listed(
    "press church kirche bank school schule house haus office club group team union "
    "center centre board service services bros brothers sons trust league party army "
    "international"
)
_UNKNOWN: Final = listed(
    "unknown|n n|na|n a|nn|s n|none|null|nan|unbekannt|inconnu|desconocido|"
    "author unknown|no author|unknown author|not available|autor unbekannt|"
    "verfasser unbekannt|ohne verfasser|o v|sine nomine|tbd|tba|nieznany|sconosciuto|"
    "onbekend|okand|ukendt"
)
_HARD: Final = re.compile(r"\s*(?:;|\||\n|、|\uff1b)+\s*")
_WORDS: Final = re.compile(r"\s*,?\s+(?:&|\+|and|AND|und|UND|et|ET|y|e|i|en|og|och|ja)\s+")
_SLASH: Final = re.compile(r"\s+/\s+")
_ET_AL: Final = re.compile(
    r"[\s,;(\[]*(?:\bet\s+al\b\.?|\bu\.\s?a\.(?=$|[\s)\]])|\band others\b|\bet autres\b|"
    r"\bund andere\b|\by otros\b|\be altri\b|\bm\.\s?fl\.|\be\.a\.(?=$))[)\]]*\s*$",
    re.I,
)
_BRACKETS: Final = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]\s*")
_BY: Final = re.compile(
    r"(?:(?P<role>[^\W\d_.]+)\.?\s+)?(?:by|von|par|por|di|da|av|af|door)\s+(?=[^\W\d_])", re.I
)
_DATES: Final = re.compile(
    r"[\s,(]*(?:\d{4}\??\s*[-–—]\s*(?:\d{4}\??)?|[,(]\s*(?:b\.|d\.|geb\.|born|fl\.)?\s*\d{4}\??)"
    r"[).\s]*$"
)
_SUFFIXES: Final = listed("jr sr ii iii iv phd md esq junior senior dphil obe cbe sj")
_HONORIFICS: Final = listed("sir dame dr prof professor lord lady saint st rev count")
# Written small, these are filed after the given names; written large, or of the second kind,
# they belong to the surname: Gogh, Vincent van; Le Guin, Ursula K.; du Maurier, Daphne.
_AFTER: Final = listed("van von de der den dem ter ten te zu zur zum vom af av da das dos do d'")
_WITH: Final = listed(
    "du des le la les los las di del della dello degli dalla dal st. saint san santa "
    "ibn bin ben al el abu mac mc ap fitz"
)
# A common Spanish surname before another surname: both are the surname.
_SPANISH: Final = listed(
    "garcia rodriguez martinez hernandez lopez gonzalez perez sanchez ramirez torres "
    "flores rivera gomez diaz reyes morales cruz ortiz gutierrez chavez ramos ruiz "
    "alvarez mendoza vasquez castillo jimenez moreno romero herrera medina aguilar "
    "vargas castro fernandez guzman munoz salazar ortega delgado estrada nunez vega "
    "navarro dominguez suarez carrasco molina"
)
_CHINESE: Final = listed("mao deng zhou zhang zhao guo jiang liu huang xu sun qian cao luo")
# Teresa of Avila, Peter the Great, Peter and Iona Opie
_NO_SURNAME: Final = listed("of the à aus & and und")
_EAST_ASIAN: Final = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
_LETTERS: Final = re.compile(r"[^\W_]+")


def is_organisation(text: str) -> bool:
    """Of one name, so that an ampersand left in it belongs there: Simon & Schuster."""
    return " & " in text or _names_organisation(text)


def _names_organisation(text: str) -> bool:
    words = _LETTERS.findall(fold(text))
    if not _ORGANISATION.isdisjoint(words):
        return True
    whole = len(words) > 3 or not _NO_SURNAME.isdisjoint(words)
    return whole and (words[0] == "the" or not _PERHAPS_ORGANISATION.isdisjoint(words))


def _is_suffix(part: str) -> bool:
    return part.replace(".", "").casefold() in _SUFFIXES


def _is_initials(part: str) -> bool:
    return all(len(word) == 1 for word in _LETTERS.findall(part))


def comma_parts(text: str) -> list[str]:
    """The pieces between commas; Jr., dates and roles stay with the name before them."""
    parts: list[str] = []
    for part in (piece.strip() for piece in text.replace("\uff0c", ",").split(",")):
        if parts and (_is_suffix(part) or role_of(part) or part[:1].isdecimal()):
            parts[-1] += f", {part}"
        elif part:
            parts.append(part)
    return parts


def _at_commas(text: str, separator: str | None, inverted: bool) -> list[str]:
    parts = comma_parts(text)
    if len(parts) < 2:
        return [text]
    short = [len(part.split()) == 1 for part in parts]
    short[1:] = [single or _is_initials(part) for single, part in zip(short, parts, strict=True)][
        1:
    ]
    pairs = [f"{last}, {first}" for last, first in zip(parts[::2], parts[1::2], strict=False)]
    if separator == "," and not inverted:
        return [text] if len(parts) == 2 and all(short) else parts
    if len(parts) > 3 and len(parts) % 2 == 0 and (inverted or all(short)):
        return pairs
    # Whole names between commas are a list in a column of any other sign as well, unless the
    # column turns its names round: "Le Guin, Ursula K.".
    if inverted or any(short) or is_organisation(text):
        return [text]
    return parts


def _at_words(text: str) -> list[str]:
    """Split at "and" or "/" if every part is a whole name: not Ortega y Gasset."""
    if " " not in text:
        return [text]
    for pattern in (_SLASH, _WORDS):
        parts = [part for part in pattern.split(text) if part]
        if len(parts) > 1 and all(len(part.split()) > 1 for part in parts):
            if pattern is _WORDS and _names_organisation(text):
                continue
            return [name for part in parts for name in _at_words(part)]
    return [text]


def split(text: str, separator: str | None = None, inverted: bool = False) -> list[str]:
    """The names in a cell. `separator` is the column's: one sign, "" for one name, None unknown."""
    if separator == "":
        return [text]
    pieces = [piece for piece in _HARD.split(text) if piece]
    if separator and separator not in ",;|\n":
        pieces = [name.strip() for piece in pieces for name in piece.split(separator)]
    names = [name for piece in pieces for name in _at_words(piece)]
    return [name.strip() for name in names for name in _at_commas(name, separator, inverted)]


def role_of(text: str) -> str:
    folded = fold(text).strip(" .")
    if folded in _TWO_WORDS:
        return _TWO_WORDS[folded]
    return ROLES.get(folded, "")


def _roles_in(text: str) -> list[str]:
    """Every role that a bracket names; none if it holds anything else."""
    if role := role_of(text):
        return [role]
    parts = [part for part in re.split(r"\s*[,/&+]\s*|\s+(?:and|und|et|y)\s+", text) if part]
    roles = [role_of(part) for part in parts]
    return list(dict.fromkeys(roles)) if all(roles) else []


def _take_roles(text: str) -> tuple[str, list[str]]:
    """The name without its roles, and the roles."""
    roles: list[str] = []
    for bracket in _BRACKETS.finditer(text):
        inside = bracket.group(1)
        found = _roles_in(inside)
        roles += found
        if found or inside[:1].isdecimal() or inside[:2] in ("b.", "d."):
            text = text.replace(bracket.group(), " ")
    if match := _BY.match(text):
        said = match.group("role")
        if said and role_of(said):
            roles.append(role_of(said))
            text = text[match.end() :]
        elif said is None and match.group().strip().casefold() == "by":
            text = text[match.end() :]
    name, _comma, last = text.rpartition(",")
    # "King, Stephen, ed." but not "Smith, Red": a short role has its full stop.
    if " " in name.strip() and (len(last) > 5 or last.endswith(".")) and (role := role_of(last)):
        roles.append(role)
        text = name
    return text.strip(" ,;"), roles


def _surname_at(words: list[str]) -> int:
    """Where the surname begins."""
    at = len(words) - 1
    while at > 1 and words[at - 1].casefold() in _AFTER | _WITH:
        at -= 1
    if at < len(words) - 1:
        return at
    if at > 2 and words[at - 1] in ("y", "i"):
        return at - 2
    if at == 3 and words[1] == "de":  # Miguel de Cervantes Saavedra
        return 1
    last = words[-1]
    spanish = not last.isascii() or last[-1] in "aoz"
    return at - 1 if at > 1 and spanish and fold(words[at - 1]) in _SPANISH else at


def sort_name(name: str) -> str:
    """How a name in its natural order is filed: "Gogh, Vincent van", "King, Martin Luther, Jr."."""
    words = name.split()
    suffix = ""
    if len(words) > 2 and _is_suffix(words[-1].strip(",")):
        suffix = f", {words.pop()}"
        words[-1] = words[-1].rstrip(",")
    if (
        len(words) < 2
        or not _NO_SURNAME.isdisjoint(words)
        or _EAST_ASIAN.search(name)
        or (len(words) == 2 and words[0].casefold() in _CHINESE)
    ):
        return name
    at = _surname_at(words)
    given, surname = words[:at], words[at:]
    behind: list[str] = []
    while len(surname) > 1 and (
        surname[0] in _AFTER or (behind and surname[0] in ("la", "las", "los", "el"))
    ):
        behind.append(surname.pop(0))
    return f"{' '.join(surname)}, {' '.join(given + behind)}{suffix}"


def _turn(text: str) -> tuple[str, str] | None:
    """Shown and sorted form of "Last, First" with or without Jr.; None if it is neither."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    suffixes = [part for part in parts[1:] if _is_suffix(part)]
    parts = [part for part in parts if part not in suffixes]
    titles = [part for part in parts[1:] if part.strip(".").casefold() in _HONORIFICS]
    parts = [part for part in parts if part not in titles]
    ending = "".join(f", {suffix}" for suffix in suffixes)
    if len(parts) == 1:
        shown = " ".join([*titles, parts[0]]) + ending
        return shown, sort_name(shown)
    if len(parts) != 2:
        return None
    last, first = parts
    shown = " ".join([*titles, first, last]) + ending
    return shown, ", ".join([last, " ".join([*titles, first]), *suffixes])


def credits_of(text: str, role: str = AUTHOR) -> tuple[list[Credit], list[Problem]]:
    """One name with its roles: nothing if it says that nobody is known."""
    problems: list[Problem] = []
    text, roles = _take_roles(text)
    text = _DATES.sub("", text).strip(" ,;/&") or text
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1].strip()
    key = " ".join(_LETTERS.findall(fold(text)))
    if (not key and text.isascii()) or key in _UNKNOWN:
        return [], problems
    organisation = is_organisation(text)
    several_words = " " in text
    if several_words and (capitals.is_shouted(text) or capitals.shouts_surname(text)):
        calmed = capitals.title_case(text) if organisation else capitals.name_case(text)
        if calmed != text:
            problems.append(Problem("repair", "name_capitals", now=calmed))
            text = calmed
    if len(text) > NAME_LENGTH:
        text = text[:NAME_LENGTH].strip()
        problems.append(Problem("warning", "name_too_long", now=text))
    if organisation:
        shown, sorted_as = text, re.sub(r"^(?:The|Die|Das|Der|Le|La) ", "", text)
    elif "," in text:
        turned = _turn(text)
        if turned is None:
            problems.append(Problem("warning", "names_unclear", now=text))
        shown, sorted_as = turned or (text, text)
    else:
        shown, sorted_as = text, sort_name(text)
    kind = ORGANISATION if organisation else PERSON
    shown, sorted_as = shown[:NAME_LENGTH].strip(), sorted_as[:NAME_LENGTH].strip()
    return [
        Credit(shown, sorted_as, each, kind, shown) for each in dict.fromkeys(roles or [role])
    ], problems


def read(
    text: str, role: str = AUTHOR, options: Mapping[str, Any] | None = None
) -> Read[list[Credit]]:
    """Everyone in a cell, in order."""
    options = options or {}
    problems: list[Problem] = []
    if match := _ET_AL.search(text):
        text = text[: match.start()]
        problems.append(Problem("warning", "people_missing"))
    separator = options.get("separator")
    found: list[Credit] = []
    for name in split(text, separator, bool(options.get("inverted"))):
        credits, more = credits_of(name, str(options.get("role", role)))
        found += credits
        problems += more
    return Read(found, tuple(problems))
