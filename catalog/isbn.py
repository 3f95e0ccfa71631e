"""ISBNs: one rule for every writer (pages, imports, API, admin).

An ISBN is kept as 13 bare digits beside the text that was entered. Nothing is guessed: digits
are only ever put back in front (a spreadsheet drops leading zeros), only if the check digit then
proves the number, and the result says so.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from django.utils.translation import gettext_lazy as _
from stdnum import ean
from stdnum import isbn as standard
from stdnum.exceptions import ValidationError as NotValid

ENTERED_LENGTH: Final = 40  # Book.isbn_entered
# From this many digits on a text in the search box may be an ISBN without its leading zeros.
_SEARCHED_DIGITS: Final = 6

SENTENCES: Final = {
    "isbn_check_digit": _(
        "This is not an ISBN: its check digit does not fit. Compare it with the book."
    ),
    "isbn_length": _("This is not an ISBN: an ISBN has 10 or 13 digits. Compare it with the book."),
    "isbn_letters": _(
        "This is not an ISBN: it may only hold digits, hyphens and spaces, and an X as the last "
        "sign of ten. Compare it with the book."
    ),
    "isbn_prefix": _(
        "This is not an ISBN: one of 13 digits begins with 978 or 979. It may be another barcode."
    ),
    "isbn_music": _(
        "This is the number of printed music (ISMN, it begins with 979-0), not an ISBN. Leave the "
        "ISBN empty."
    ),
    "isbn_placeholder": _("Zeros only fill the place of an ISBN. Leave the ISBN empty."),
    "isbn_rounded": _(
        "A spreadsheet has rounded this ISBN and its last digits are lost. Copy it from the book."
    ),
}


@dataclass(frozen=True, slots=True)
class Isbn:
    digits13: str
    repaired: bool  # lost leading zeros were put back
    entered: str


class IsbnError(ValueError):
    """`code` is a key of SENTENCES; `message` is its sentence, translated when it is shown."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = SENTENCES[code]

    def __str__(self) -> str:
        return str(self.message)


class _Signs(dict[int, str]):
    """For str.translate: the ASCII form of a sign, worked out when it is first met.

    Digits of every script become 0 to 9; dashes, spaces and invisible marks become a hyphen, a
    space and nothing.
    """

    def __missing__(self, point: int) -> str:
        sign = chr(point)
        category = unicodedata.category(sign)
        if category == "Nd":
            form = str(unicodedata.digit(sign))
        elif category == "Pd":
            form = "-"
        elif category.startswith("Z"):
            form = " "
        elif category in ("Cf", "Cc"):
            form = " " if sign in "\t\n\r\v\f" else ""
        else:
            form = unicodedata.normalize("NFKC", sign)
        self[point] = form
        return form


# The minus sign counts as mathematics, and a Cyrillic letter looks like an X.
_SIGNS = _Signs({0x2212: "-", 0x0425: "X", 0x0445: "X", 0x2018: "'", 0x2019: "'"})
_SIGNS.update({0x201C: '"', 0x201D: '"', 0x201E: '"'})

_LABEL = re.compile(r"(?:URN:)?E?-?(?:ISBN|SBN|EAN)(?:[-\s]?1[03](?=[\s:.#]))?[\s:.#]*")
_ROUNDED = re.compile(r"\d+(?:[.,]\d*)?E\+?\d+")
_POINT_ZERO = re.compile(r"[.,]0+")
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})+")
# One ISBN-10 or ISBN-13 in a longer text.
_ONE = re.compile(r"(?<![\dX])(?:97[89][-\s]?)?(?:\d[-\s]?){9}[\dX](?![\dX])")
_QUOTES = "=\"'`[]{}<>,;. \t\r\n"
_NOTHING = frozenset(
    ("", "-", "--", "?", "N/A", "NA", "NONE", "NULL", "NIL", "NAN", "UNKNOWN", "NO ISBN", "KEINE")
)


def _text(value: object) -> str:
    """The cell as text: whole numbers lose the .0 that a float brings."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise IsbnError("isbn_letters")
    # Longer numbers are no ISBN, and Python refuses to write out very long ones.
    if not abs(value) < 10**17:  # so written, "not a number" fails too
        raise IsbnError("isbn_length")
    if value < 0 or value != int(value):
        raise IsbnError("isbn_letters")
    return str(int(value))


def _bare(text: str) -> str:
    """Without label, quotes, qualifiers and separators: digits and X if it is an ISBN at all."""
    if not text.isascii():
        text = text.translate(_SIGNS)
    text = text.upper().strip(_QUOTES)
    if text in _NOTHING:
        return ""
    if label := _LABEL.match(text):
        text = text[label.end() :].strip(_QUOTES)
    text = text.replace(" ", "").replace("-", "")
    if text.isdecimal():
        return text
    if "(" in text or ":" in text:  # 0306406152 (pbk.) : $5.00
        pieces = text.replace(":", "(").replace(")", "(").split("(")
        text = next((piece for piece in pieces if piece[:1].isdecimal()), text)
    text = text.strip(_QUOTES)
    if _ROUNDED.fullmatch(text):
        raise IsbnError("isbn_rounded")
    if _GROUPED.fullmatch(text):
        return text.replace(",", "").replace(".", "")
    whole, point, _rest = text.replace(",", ".").partition(".")
    if point and _POINT_ZERO.fullmatch(text[len(whole) :]):
        text = whole
    return "".join(text.split())


def _check(digits: str) -> tuple[str, bool]:
    """The 13 digits of a bare number, and whether zeros were put back; or IsbnError."""
    number, last = digits[:-1], digits[-1]
    if not ((number.isdecimal() or not number) and (last.isdecimal() or last == "X")):
        raise IsbnError("isbn_letters")
    if digits.isdecimal() and not digits.strip("0"):
        raise IsbnError("isbn_placeholder")
    if len(digits) == 13:
        if last == "X":
            raise IsbnError("isbn_letters")
        if ean.calc_check_digit(number) != last:
            raise IsbnError("isbn_check_digit")
        if digits.startswith("9790"):
            raise IsbnError("isbn_music")
        if not digits.startswith(("978", "979")):
            raise IsbnError("isbn_prefix")
        if digits.startswith("978000000000"):
            raise IsbnError("isbn_placeholder")
        return digits, False
    if len(digits) > 10:
        raise IsbnError("isbn_length")
    ten = digits.zfill(10)
    try:
        standard.validate(ten)
    except NotValid:
        wrong = "isbn_check_digit" if len(digits) >= 9 else "isbn_length"
        raise IsbnError(wrong) from None
    return _to_13(ten), len(digits) < 10


def _to_13(ten: str) -> str:
    stem = "978" + ten[:9]
    return stem + str(ean.calc_check_digit(stem))


def parse(value: object) -> Isbn | None:
    """The ISBN in a cell or a form field; None if it is empty. Raises only IsbnError."""
    text = _text(value)
    bare = _bare(text)
    if not bare:
        return None
    digits13, repaired = _check(bare)
    return Isbn(digits13, repaired, text[:ENTERED_LENGTH])


def means(entered: str, digits13: str) -> bool:
    """Is `entered` a way to write this ISBN?"""
    try:
        parsed = parse(entered)
    except IsbnError:
        return False
    return parsed is not None and parsed.digits13 == digits13


def find(text: str) -> list[Isbn]:
    """Every complete, valid ISBN in a longer text, in its order; each book once."""
    found: dict[str, Isbn] = {}
    for match in _ONE.finditer(text.translate(_SIGNS).upper()):
        try:
            isbn = parse(match.group())
        except IsbnError:
            continue
        if isbn is not None and not isbn.repaired:
            found.setdefault(isbn.digits13, isbn)
    return list(found.values())


def search_forms(text: str) -> list[str]:
    """The 13 digits that something typed in the search box stands for; none if it is no ISBN."""
    try:
        bare = _bare(text)
        return [_check(bare)[0]] if len(bare) >= _SEARCHED_DIGITS else []
    except IsbnError:
        return []


@lru_cache(maxsize=4096)
def hyphenate(digits13: str) -> str:
    """978-0-306-40615-7. Bare digits where the ranges are not known: half a split misleads."""
    if len(digits13) != 13:
        return digits13
    parts = standard.split(digits13)
    return "-".join(parts) if all(parts) else digits13


def to_isbn10(digits13: str) -> str:
    """The ten-digit form; empty for 979, which has none."""
    if len(digits13) != 13 or not digits13.startswith("978"):
        return ""
    return str(standard.to_isbn10(digits13))
