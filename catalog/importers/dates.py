"""Years and dates as catalogues and spreadsheets write them."""

import datetime
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from catalog.importers.values import Problem, Read, is_blank, text_of, tidy, western
from catalog.importers.wordlists import listed
from catalog.text import fold

FIRST_YEAR, LAST_YEAR = -5000, 2999  # as Book's constraint
_EPOCH: Final = datetime.date(1899, 12, 30)  # day 0 of spreadsheets' dates, after February 1900
_SERIAL: Final = range(10_000, 80_000)  # 1927 to 2119


class Published(NamedTuple):
    year: int | None = None
    day: datetime.date | None = None


UNKNOWN: Final = Published()
_NO_DATE: Final = listed(
    "n d|nd|s d|sd|s a|sa|o j|oj|o d|undated|no date|unknown|sine anno|b d|u a|s f|sf|"
    "sin fecha|z j|zj|n a|na|nan|none|null|unbekannt|ohne jahr|sans date|senza data|"
    "sem data|bez daty|u d|udat|date unknown|inconnu|inconnue|desconocido|desconocida|"
    "tbd|tba|not available|ohne datum"
)
_BEFORE: Final = re.compile(
    r"(?<![a-z])(?:b\.?\s?c\.?(?:\s?e\.?)?|v\.?\s?chr\.?|v\.?\s?u\.?\s?z\.?|av\.?\s?j\.?-?\s?-?c\.?|"
    r"avant\s+j\.?-?\s?c\.?|a\.\s?c\.?|ac|a\.?\s?n\.?\s?e\.?|p\.?\s?n\.?\s?e\.?|f\.?\s?kr\.?|"
    r"до н\.?\s?э\.?)\s*$"
)
_AFTER: Final = re.compile(
    r"^(?:a\.?d\.?)\s*(?=\d)|(?<=\d)\s*(?:a\.?\s?d\.?|c\.?\s?e\.?|n\.?\s?chr\.?|ap\.?\s?j\.?-?\s?c\.?|"
    r"d\.\s?c\.?|n\.?\s?e\.?|e\.?\s?kr\.?)$"
)
# What cataloguers set around a year: [c1999], ©1999, cop. 1999, ca. 1850, impr. 1999, 1999?
_AROUND: Final = re.compile(
    r"^(?:c\.?|©|℗|p|ca\.?|circa|cop\.?|copyright|impr\.?|druck|dr\.?|printed|publ\.?|published|um|"
    r"vers|about|approx\.?|etwa|around|gedr\.?|reprint|repr\.?)\s*(?:©\s*)?(?=\d|-\d|\[)"
)
_OPEN: Final = re.compile(
    r"^(?:between|zwischen|entre)\b|^\d{1,3}(?:-{1,3}\??|\?+|[_xu]+)$|\d{2,4}['’]?s$|"
    r"\b(?:century|jahrhundert|jh|siecle|secolo|siglo|seculo|eeuw|wiek)\b|er\s+jahre"
)
_FOUR: Final = re.compile(r"(?<!\d)\d{4}(?!\d)")
_SLASHED: Final = re.compile(r"^(\d{1,2})\s*([/.-])\s*(\d{1,2})\s*\2\s*(\d{4}|\d{2})(?:[ ,t].*)?$")
_ISO: Final = re.compile(r"^(-?\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ t].*)?$")
_COMPACT: Final = re.compile(r"^((?:1[4-9]|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$")
_MONTH_YEAR: Final = re.compile(r"^(?:\d{4}[-/.]\d{1,2}|\d{1,2}[-/.]\d{4})$")
_ROMAN: Final = re.compile(r"^m{1,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})$")
_NAMES: Final = (
    "january januar janvier enero gennaio janeiro januari styczen stycznia jan janv ene gen sty",
    "february februar fevrier febrero febbraio fevereiro februari luty lutego feb fev fevr lut",
    "march marz mars marzo marco maart marts marzec marca mar mrz mrt maerz",
    "april avril abril aprile kwiecien kwietnia apr avr abr kwi",
    "may mai mayo maggio maio mei maj maja mag",
    "june juni juin junio giugno junho czerwiec czerwca jun giu cze",
    "july juli juillet julio luglio julho lipiec lipca jul juil lug lip",
    "august aout agosto augustus augusti sierpien sierpnia aug ago sie",
    "september septembre septiembre settembre setembro wrzesien wrzesnia sep sept set wrz",
    "october oktober octobre octubre ottobre outubro pazdziernik pazdziernika oct okt ott out paz",
    "november novembre noviembre novembro listopad listopada nov lis",
    "december dezember decembre diciembre dicembre dezembro grudzien grudnia dec dez dic gru des "
    "desember",
)
_MONTHS: Final = {name: at for at, names in enumerate(_NAMES, 1) for name in names.split()}
_SPELT: Final = re.compile(r"[^\W_]+")


def _possible(year: int) -> bool:
    return FIRST_YEAR <= year <= LAST_YEAR and year != 0


def _error(code: str = "year_invalid") -> Read[Published]:
    return Read(UNKNOWN, (Problem("error", code),))


def _day(year: int, month: int, day: int, *problems: Problem) -> Read[Published]:
    if not _possible(year):
        return _error("date_invalid")
    try:
        return Read(Published(year, datetime.date(year, month, day)), problems)
    except ValueError:
        return _error("date_invalid")


def order_of(text: str) -> bool | None:
    """Does this date prove an order? True: the day comes first; False: the month; None: neither."""
    match = _SLASHED.match(text.strip())
    if match is None or match.group(2) == ".":
        return None
    first, second = int(match.group(1)), int(match.group(3))
    if 12 < first <= 31 and 1 <= second <= 12:
        return True
    if 12 < second <= 31 and 1 <= first <= 12:
        return False
    return None


def is_slashed(text: str) -> bool:
    """Is it written in numbers whose order is not plain from the sign between them?"""
    match = _SLASHED.match(text.strip())
    return match is not None and match.group(2) != "."


def _slashed(match: re.Match[str], day_first: bool | None) -> Read[Published]:
    first, second, year = int(match.group(1)), int(match.group(3)), int(match.group(4))
    problems: list[Problem] = []
    if len(match.group(4)) == 2:
        this = datetime.date.today().year
        year += this - this % 100
        year -= 100 if year > this + 1 else 0
        problems.append(Problem("warning", "year_two_digits", str(year)))
    if match.group(2) == "." or first > 12:  # 1.5.1999 is the first of May wherever it is written
        day_first = True
    elif second > 12:
        day_first = False
    elif first == second:
        day_first = True
    if day_first is None:
        problems.append(Problem("warning", "date_ambiguous", str(year)))
        return Read(Published(year), tuple(problems))
    day, month = (first, second) if day_first else (second, first)
    return _day(year, month, day, *problems)


def _spelt(folded: str) -> Read[Published] | None:
    """1 May 1999; May 1, 1999; 1er mai 1999; May 1999."""
    words = _SPELT.findall(folded)
    months = [_MONTHS[word] for word in words if word in _MONTHS]
    numbers = [
        int(digits)
        for word in words
        if (digits := re.sub(r"(?:st|nd|rd|th|er|o|a)$", "", word)).isdecimal()
    ]
    years = [number for number in numbers if number > 31]
    days = [number for number in numbers if 1 <= number <= 31]
    if len(months) != 1 or len(years) != 1 or not _possible(years[0]) or len(days) > 1:
        return None
    if days:
        return _day(years[0], months[0], days[0])
    return Read(Published(years[0]))


def _iso(match: re.Match[str]) -> Read[Published]:
    year, month, day = (int(part) for part in match.groups())
    return _day(year, month, day)


def _number(value: float, serial: bool) -> Read[Published]:
    if not abs(value) < 10**9:
        return _error()
    whole = int(value)
    if serial and whole in _SERIAL:
        day = _EPOCH + datetime.timedelta(days=whole)
        return Read(Published(day.year, day), (Problem("repair", "date_serial", day.isoformat()),))
    if value != whole:
        return _error()
    if whole == 0:
        return Read(UNKNOWN, (Problem("warning", "year_unknown"),))
    if _COMPACT.match(str(whole)):
        return _text(str(whole), None, serial)
    if not _possible(whole):
        return _error()
    if whole > datetime.date.today().year + 10:
        return Read(Published(whole), (Problem("warning", "year_future", str(whole)),))
    return Read(Published(whole))


def _stored(text: str) -> Read[Published]:
    """A date cell: `1999-05-01` or `1999-05-01T10:00:00`."""
    match = _ISO.match(text.strip().casefold())
    if match is None:
        return _error("date_invalid")
    return _iso(match)


def _text(raw: str, day_first: bool | None, serial: bool) -> Read[Published]:
    text = raw.strip().casefold()
    if text in ("?", "????", "-", "--", "----", "[?]", "") or is_blank(text, _NO_DATE):
        return Read(UNKNOWN)
    if text.startswith("0101-01-01"):  # how Calibre writes that it does not know
        return Read(UNKNOWN)
    text = text.replace("−", "-").strip(" .,;")
    number = text.replace(",", ".")
    if re.fullmatch(r"-?\d{1,9}(?:\.0*)?", number):
        if match := _COMPACT.match(number):
            return _iso(match)
        return _number(float(number), serial)
    if match := _ISO.match(text):
        return _iso(match)
    if match := _SLASHED.match(text):
        return _slashed(match, day_first)
    folded = fold(text)
    if (spelt := _spelt(folded)) is not None:
        return spelt
    if _MONTH_YEAR.match(text) and (found := _FOUR.search(text)):
        return Read(Published(int(found.group())))
    return _described(text)


def _described(text: str) -> Read[Published]:
    """What cataloguers write: [c1999], 199-?, 1750 v. Chr., 1998-1999."""
    bare = re.sub(r"[\[\](){}<>]", "", text).strip(" .,;:")
    if _OPEN.search(fold(bare)) or _OPEN.search(bare):
        return Read(UNKNOWN, (Problem("warning", "year_unclear"),))
    for _again in range(2):
        bare = _AROUND.sub("", bare).strip()
    certain = bare.rstrip("?").strip()
    if match := _BEFORE.search(certain):
        digits = certain[: match.start()].strip(" .,").removeprefix("-")
        if digits.isdecimal() and len(digits) < 5 and _possible(-int(digits)):
            return Read(Published(-int(digits)))
        return _error()
    certain = _AFTER.sub("", certain).strip(" .")
    if re.fullmatch(r"-?\d{1,4}", certain):
        return _number(int(certain), serial=False)
    if _ROMAN.match(certain) and len(certain) > 3:
        return Read(Published(_roman(certain)))
    years = [int(year) for year in _FOUR.findall(certain)]
    if years and _possible(years[0]):
        now = str(years[0])
        return Read(Published(years[0]), (Problem("warning", "year_taken", now),))
    return _error()


def _roman(text: str) -> int:
    values = [
        {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}[sign] for sign in text
    ]
    following = [*values[1:], 0]
    return sum(
        -value if value < after else value for value, after in zip(values, following, strict=True)
    )


def published(
    cell: object, options: Mapping[str, Any] | None = None, *, serial: bool = False
) -> Read[Published]:
    """The year and, where it is known, the day of publication.

    `options`: `day_first` for 5/1/1999, `serial` if numbers such as 36281 are a spreadsheet's days.
    """
    options = options or {}
    serial = serial or bool(options.get("serial"))
    if isinstance(cell, bool):
        return _error()
    if isinstance(cell, int | float):
        return _number(cell, serial)
    if isinstance(cell, Mapping):
        stored = cell.get("date") or cell.get("datetime")
        return _stored(str(stored)) if stored else _error("date_invalid")
    text = western(tidy(text_of(cell)).value)
    return _text(text[:100], options.get("day_first"), serial)
