"""One cell to one value. Nothing here raises: what cannot be read becomes a Problem."""

import html
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final, Generic, NamedTuple, TypeVar

import ftfy
import pycountry

from catalog import languages
from catalog.importers import capitals
from catalog.importers.wordlists import listed
from catalog.text import fold

TITLE_LENGTH, PUBLISHER_LENGTH, SUBJECT_LENGTH = 500, 200, 100
DESCRIPTION_LENGTH: Final = 20_000
MOST_PAGES: Final = 50_000
MOST_SUBJECTS: Final = 50
MOST_MONEY: Final = Decimal(10) ** 8  # Book.price holds ten digits, two of them decimals

T = TypeVar("T")


class Problem(NamedTuple):
    level: str  # "error", "warning" or "repair"
    code: str  # a key of NOTE_MESSAGES
    now: str = ""  # what has become of the value


class Read(NamedTuple, Generic[T]):
    value: T
    problems: tuple[Problem, ...] = ()


def text_of(cell: object) -> str:
    """A cell as its spreadsheet would show it; whole numbers without the .0 of a float."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        if not abs(cell) < 10**18:
            return f"{cell:.6E}" if isinstance(cell, float) else "1E+18"
        return str(int(cell)) if cell == int(cell) else repr(cell)
    if isinstance(cell, Mapping):
        for kind in ("date", "datetime", "time"):
            if kind in cell:
                return str(cell[kind]).replace("T", " ")
        return ""
    return str(cell)[:DESCRIPTION_LENGTH]


def error_of(cell: object) -> str:
    """The error that a spreadsheet shows in a cell (#N/A); empty if there is none."""
    return str(cell.get("error", "")) if isinstance(cell, Mapping) else ""


# --- Text ------------------------------------------------------------------------------------
# Bytes of UTF-8 read as Latin-1 or cp1252: a lead byte's letter, then a continuation's sign.
# More signs in a row than words have. Unicode allows thirty combining marks (UAX #15, Stream-Safe
# Text Format); putting thousands of them in order takes quadratic time.
_SIGNS_IN_A_ROW: Final = re.compile(r"[^\w\s]{31,}")
MOST_MARKS: Final = 30
# Of a cell with one number in it; the patterns below are not meant for more.
LONGEST_NUMBER: Final = 200
_MOJIBAKE: Final = re.compile(
    "[\u00c2-\u00f4\u0192\u0152\u0153\u0160\u0161\u0178\u017d\u017e]"
    "[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    "\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]"
)
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8}\d{0,2});")
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]{0,500}>|<!--.{0,500}?-->", re.S)
_BREAK: Final = re.compile(r"</(?:p|div|li|h\d)>|<br\s*/?>", re.I)
# What our own CSV of rejected rows, as others' files do, puts before text like a formula.
_GUARD: Final = re.compile(r"'\s?(?=[=+\-@|%＝＋－＠][^']*\Z)")  # noqa: RUF001
_KEPT_INVISIBLE: Final = "\u200c\u200d"  # joiners, which Persian and Indian scripts need


def _unescape(text: str) -> str:
    for _again in range(2):  # &amp;amp; has been escaped twice
        changed = _ENTITY.sub(lambda match: html.unescape(match.group()), text)
        if changed == text:
            break
        text = changed
    return text


def _printable(text: str) -> str:
    """Without control and invisible signs, and without half characters that no database takes."""
    return "".join(
        sign
        for sign in text
        if sign in _KEPT_INVISIBLE or unicodedata.category(sign) not in ("Cc", "Cf", "Cs")
    )


def tidy(text: str) -> Read[str]:
    """One line of text: spaces are put right silently, entities and mojibake with a note."""
    tidied = " ".join(text.split())
    if tidied.startswith("'"):
        tidied = _GUARD.sub("", tidied, count=1)
    if tidied.isascii() and "&" not in tidied and tidied.isprintable():
        return Read(tidied)
    problems: tuple[Problem, ...] = ()
    if "&" in tidied and (plain := _unescape(tidied)) != tidied:
        tidied = " ".join(plain.split())
        problems += (Problem("repair", "entities", tidied),)
    if not tidied.isascii():
        if _MOJIBAKE.search(tidied) and (fixed := ftfy.fix_encoding(tidied)) != tidied:
            tidied = " ".join(fixed.split())
            problems += (Problem("repair", "mojibake", tidied),)
        if "\ufffd" in tidied:
            problems += (Problem("warning", "lost_letters", tidied),)
        tidied = unicodedata.normalize("NFC", _SIGNS_IN_A_ROW.sub(_fewer_marks, tidied))
    if not tidied.isprintable():
        tidied = " ".join(_printable(tidied).split())
    return Read(tidied, problems)


def _fewer_marks(match: re.Match[str]) -> str:
    kept, marks = [], 0
    for sign in match.group():
        marks = marks + 1 if unicodedata.combining(sign) else 0
        if marks <= MOST_MARKS:
            kept.append(sign)
    return "".join(kept)


def _shortened(text: str, length: int, problems: tuple[Problem, ...]) -> Read[str]:
    if len(text) <= length:
        return Read(text, problems)
    text = text[:length].rstrip()
    return Read(text, (*problems, Problem("warning", "cut_short", text)))


def title(cell: object, language: str = "", shouted_column: bool = False) -> Read[str]:
    text, problems = tidy(text_of(cell))
    if text and not isinstance(cell, str):
        kind = {bool: "title_boolean", int: "title_number", float: "title_number"}
        problems += (Problem("warning", kind.get(type(cell), "title_date"), text),)
    if capitals.is_shouted(text) or (shouted_column and text.isupper() and len(text) > 1):
        text = capitals.title_case(text, language)
        problems += (Problem("repair", "title_capitals", text),)
    return _shortened(text, TITLE_LENGTH, problems)


def line(cell: object) -> Read[str]:
    """A short text without rules of its own, such as a subtitle."""
    text, problems = tidy(text_of(cell))
    return _shortened(text, TITLE_LENGTH, problems)


def description(cell: object) -> Read[str]:
    """Several paragraphs without markup."""
    text = text_of(cell)
    problems: tuple[Problem, ...] = ()
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub("\n", text))
    paragraphs = []
    for paragraph in text.splitlines():
        tidied, found = tidy(paragraph)
        paragraphs.append(tidied)
        problems += found
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(paragraphs)).strip()
    # One note a kind: a long text may hold many entities, and the text itself is not repeated.
    kinds = {problem.code: Problem(problem.level, problem.code) for problem in problems}
    return _shortened(text, DESCRIPTION_LENGTH, tuple(kinds.values()))


_NO_PUBLISHER: Final = listed(
    "s n|sn|n p|np|s l s n|s l|n n|unknown|none|null|nan|n a|na|unbekannt|inconnu|"
    "desconocido|o v|ohne verlag|sine nomine|publisher unknown|"
    "publisher not identified|no publisher|editeur inconnu|verlag nicht ermittelbar|"
    "not available"
)
_ISBD: Final = re.compile(r"^[^:]{2,60} : (?P<name>.+)$")
_YEAR_BEHIND: Final = re.compile(r",\s*\[?[c©]?\s*\d{4}\]?\.?$")
_PUBLICATION: Final = re.compile(r"^(?P<name>.*?)\s*\(\d{4}\).*$")
_LETTERS: Final = re.compile(r"[^\W_]+")


def is_blank(text: str, unknown: frozenset[str]) -> bool:
    """Does the text say that nothing is known? `[s.n.]`, `n. d.`, a dash, question marks."""
    key = " ".join(_LETTERS.findall(fold(text)))
    return key in unknown or (not key and text.isascii())


def publisher(cell: object, publication: bool = False) -> Read[str]:
    """`publication`: LibraryThing's "Gallimard (1979), Poche". ISBD's place and year go too."""
    text, problems = tidy(text_of(cell))
    if publication and (match := _PUBLICATION.match(text)):
        text = match.group("name")
    if match := _ISBD.match(text):
        text = _YEAR_BEHIND.sub("", match.group("name"))
    if is_blank(text, _NO_PUBLISHER):
        return Read("")
    text = text.strip(" ,;:")
    if text[:1] == "[" and text[-1:] == "]":
        text = text[1:-1].strip()
    if " " in text and capitals.is_shouted(text):
        text = capitals.title_case(text)
        problems += (Problem("repair", "publisher_capitals", text),)
    return _shortened(text, PUBLISHER_LENGTH, problems)


def subjects(cell: object, separator: str | None = None) -> Read[tuple[str, ...]]:
    """Each subject once, in order. Without a known separator the strongest one that occurs."""
    raw = text_of(cell)
    for sign in (separator,) if separator else ("|", ";", "\n", ","):
        if sign in raw:
            pieces = raw.split(sign)
            break
    else:
        pieces = [raw]
    found: dict[str, str] = {}
    problems: dict[str, Problem] = {}
    for piece in pieces:
        text, more = tidy(piece)
        problems |= {problem.code: problem for problem in more}
        text = text.strip(" .,;|-")
        if len(text) > SUBJECT_LENGTH:
            text = text[:SUBJECT_LENGTH].rstrip()
            problems["subject_too_long"] = Problem("warning", "subject_too_long", text)
        if key := " ".join(_LETTERS.findall(fold(text))):
            found.setdefault(key, text)
    if len(found) > MOST_SUBJECTS:
        problems["subjects_too_many"] = Problem("warning", "subjects_too_many")
    return Read(tuple(found.values())[:MOST_SUBJECTS], tuple(problems.values()))


# --- Language --------------------------------------------------------------------------------
def language(cell: object) -> Read[str]:
    text, _problems = tidy(text_of(cell))
    if not text or languages.is_unknown(text):
        return Read("")
    code = languages.code(text[:200])
    return Read(code) if code else Read("", (Problem("warning", "language_unknown"),))


# --- Pages -----------------------------------------------------------------------------------
_PAGE_WORDS: Final = re.compile(
    r"(\d[\d.,]*)\s*\]?\s*(?:numbered\s+)?"
    r"(?:p|pp|pgs?|pages?|s|ss|seiten?|str|stron|strony|pag|págs?|pags?|páginas?|paginas?|pagine|"
    r"sider?|sidor|bl|blz|l|leaves|\u0441|стр)\b",
    re.I,
)
_UNPAGED: Final = listed(
    "unpaged|n pag|unpag|not paginated|unnumbered|s p|sp|n p|ohne seitenzahlung|o pag|"
    "n a|na|nan|none|null|unknown|unbekannt|1 v|1 volume|non pagine|1 v unpaged"
)
_ROMAN_PART: Final = re.compile(r"^\s*\[?[ivxlcdm]+\]?\s*[,+]\s*", re.I)


def pages(cell: object) -> Read[int | None]:
    """345 of "xii, 345 p."; nothing, without a complaint, of "unpaged" and 0."""
    wrong = Read[int | None](None, (Problem("error", "pages_invalid"),))
    if isinstance(cell, bool | Mapping):
        return wrong
    if isinstance(cell, int | float):
        if not 0 <= cell <= MOST_PAGES or cell != int(cell):
            return wrong
        return Read(int(cell) or None)
    text = western(tidy(text_of(cell)).value)
    if not text or is_blank(text, _UNPAGED):
        return Read(None)
    if len(text) > LONGEST_NUMBER:
        return wrong
    text = _ROMAN_PART.sub("", text)
    marked = _PAGE_WORDS.search(text)
    numbers = re.findall(r"\d[\d.,]*", text)
    if marked:  # the longest sequence of "xii, 345, [7] p."
        counted = re.split("[(;:]", text[: marked.end(1)])[-1]
        found = max(re.findall(r"\d[\d.,]*", counted), key=lambda number: _amount(number) or 0)
    else:
        found = numbers[0] if len(numbers) == 1 else ""
    if not found or text.startswith("-") or (not marked and len(_LETTERS.findall(text)) > 3):
        return wrong
    number = _amount(found)
    if number is None or not 0 <= number <= MOST_PAGES or number != int(number):
        return wrong
    return Read(int(number) or None)


# --- Price -----------------------------------------------------------------------------------
_SIGNS: Final = {
    "€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW",
    "₴": "UAH", "₪": "ILS", "zł": "PLN", "zl": "PLN", "kč": "CZK", "kc": "CZK", "r$": "BRL",
    "us$": "USD", "ca$": "CAD", "c$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD",
    "hk$": "HKD", "fr": "CHF", "sfr": "CHF", "ft": "HUF", "rs": "INR", "dm": "DEM", "euro": "EUR",
    "euros": "EUR", "eur": "EUR", "dollar": "USD", "dollars": "USD", "pounds": "GBP", "kr": "",
}  # fmt: skip
_PRICE: Final = re.compile(
    r"^(?P<before>[^\d\s-]{0,8})\s*(?P<number>-?\s*\d[\d.,'’\s]*)(?P<dash>[,.]?[-–—]{1,2})?\s*"
    r"(?P<after>[^\d\s-]{0,8})$"
)
_FREE: Final = listed("free gratis kostenlos gratuit")
_NO_PRICE: Final = listed("n a|na|nan|none|null|unknown|unbekannt|o p|not for sale")


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    historic = ("DEM", "FRF", "ITL", "ESP", "NLG", "ATS", "BEF", "FIM", "GRD", "IEP", "PTE")
    return frozenset(currency.alpha_3 for currency in pycountry.currencies) | set(historic)


def western(text: str) -> str:
    """Digits of every script as 0 to 9."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)


def _amount(text: str) -> Decimal | None:
    """12,50 and 1.234,56 and 1,234.56: the last sign parts decimals unless three digits follow."""
    text = re.sub(r"[\s'’]", "", text).rstrip(".,")
    last = max(text.rfind(","), text.rfind("."))
    if last >= 0:
        whole, decimals, sign = text[:last], text[last + 1 :], text[last]
        if (len(decimals) == 3 and whole.lstrip("-") not in ("", "0")) or text.count(sign) > 1:
            whole, decimals = whole + decimals, ""
        text = re.sub("[.,]", "", whole) + (f".{decimals}" if decimals else "")
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def currency(cell: object) -> Read[str]:
    text = tidy(text_of(cell)).value
    if not text:
        return Read("")
    code = text.upper() if text.upper() in _currencies() else _SIGNS.get(text.casefold().strip("."))
    if code is None:
        return Read("", (Problem("warning", "currency_unknown"),))
    return Read(code)


def price(cell: object) -> Read[tuple[Decimal | None, str]]:
    """The amount and its currency: "€ 12,50", "12.50 EUR", "$12"."""
    wrong = Read[tuple[Decimal | None, str]]((None, ""), (Problem("error", "price_invalid"),))
    if isinstance(cell, bool | Mapping):
        return wrong
    text = western(tidy(text_of(cell)).value)
    if not text or is_blank(text, _NO_PRICE):
        return Read((None, ""))
    if text.casefold() in _FREE:
        return Read((Decimal("0.00"), ""))
    if len(text) > LONGEST_NUMBER:
        return wrong
    match = _PRICE.match(text)
    if match is None:
        return wrong
    amount = Decimal(text) if isinstance(cell, int | float) else _amount(match.group("number"))
    mark = match.group("before") or match.group("after")
    known = currency(mark)
    if amount is None or not 0 <= amount < MOST_MONEY:
        return wrong
    amount = amount.quantize(Decimal("0.01"))
    return Read((amount, known.value), known.problems)
