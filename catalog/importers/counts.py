"""What is counted of one column while the rows go by.

Only counts are kept. Tests that cost time stop for a column as soon as it plainly is no ISBN,
no year or no language.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from catalog import isbn, languages
from catalog.importers import capitals, dates, names
from catalog.importers.values import error_of, text_of
from catalog.importers.wordlists import listed

SAMPLES: Final = 3
_LONGEST_SAMPLE: Final = 80
_DISTINCT: Final = 1000  # values remembered to see how often a column repeats itself
_TRIED: Final = 200  # after so many values a test that hardly ever succeeds is given up
_TESTED: Final = 2000  # texts whose words are looked at: enough to tell titles from names

_INTEGER: Final = re.compile(r"-?\d{1,18}(?:\.0+)?")
_DECIMAL: Final = re.compile(r"-?\d{1,12}[.,]\d+")
_ROUNDED: Final = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,2}")
_MAYBE_ISBN: Final = re.compile(r"[^\w]*(?:[A-Za-z]{3,4}\W*)?[\d\s\-–.]{7,}[\dXx]\W*")
_MONEY: Final = re.compile(r"[€£$¥₹]|\b(?:EUR|USD|GBP|CHF|DM|zł|kr)\b")
_URL: Final = re.compile(r"https?://|www\.", re.I)
_PAGES: Final = re.compile(
    r"\b\d+\s*(?:p|pp|pages|s|seiten|str|pág|págs|blz|sider|sidor)\b\.?", re.I
)
_FUNCTION_WORDS: Final = listed(
    "the of a an to in on at for from with is are my your his her how why what when who not "
    "der die das des dem den ein eine im am zur zum mit ohne aus nach über für wie was nicht "
    "le la les une dans sur pour au aux comme sans el los las en con por para sin una il gli "
    "nel nella per come o os as um uma no na het een op van och att på til w na się nie"
)
_PUBLISHING: Final = listed(
    "press verlag books book publishing publishers publisher publications editions edition "
    "editorial editore editrice editori edizioni editora uitgeverij forlag forlaget forlags "
    "wydawnictwo house university verlags buchverlag taschenbuch klassiker classics penguin "
    "random harper harpercollins macmillan vintage gallimard suhrkamp fischer rowohlt "
    "hachette planeta mondadori einaudi bonnier gyldendal reclam insel dtv knopf doubleday "
    "simon scribner bantam oxford cambridge routledge springer wiley pearson faber bloomsbury "
    "flammarion seuil grasset anagrama alfaguara feltrinelli adelphi norstedts elsevier "
    "library group company ltd inc gmbh co sons imprint grove norton tor orbit ace dover folio"
)
_GIVEN: Final = listed(
    "john james robert michael william david richard joseph thomas charles christopher daniel "
    "matthew anthony mark donald steven stephen paul andrew george kenneth kevin brian edward "
    "ronald jeffrey gary nicholas eric jonathan frank scott raymond gregory samuel patrick jack "
    "henry arthur peter philip oscar ernest roald mary patricia jennifer linda elizabeth barbara "
    "susan jessica sarah karen nancy lisa margaret betty sandra ashley emily donna michelle carol "
    "amanda melissa deborah stephanie rebecca laura helen sharon cynthia kathleen amy anna anne "
    "ann ruth virginia jane emma charlotte agatha alice rachel hans karl franz heinrich hermann "
    "johann friedrich max thomas günter wolfgang christa ingeborg bertolt erich jean pierre "
    "jacques marcel victor émile albert simone marie françois louis honoré gustave gabriel mario "
    "jorge josé juan carlos miguel pablo federico isabel luis antonio julio italo umberto primo "
    "elena dante giovanni alessandro fernando paulo clarice machado jan willem harry astrid selma "
    "august henrik knut karen søren tove olga wisława czesław stanisław adam fyodor fjodor leo lev "
    "anton alexander aleksandr ivan nikolai boris vladimir haruki yukio terry neil jules "
    "alexandre walter daphne edgar mark herman nathaniel ray isaac douglas philip ursula toni"
)


class Counts:
    """The counts of one column, and what follows from them."""

    def __init__(self) -> None:
        # Numbers of cells
        self.capitals = 0
        self.commas_inverted = 0
        self.commas_list = 0
        self.damaged = 0  # of thirteen digits, and no ISBN
        self.date_bad = 0  # neither a year nor a date
        self.date_full = 0
        self.date_ok = 0
        self.day_first = 0  # dates that prove it
        self.decimals = 0
        self.ends_zero = 0  # of thirteen digits, the last of them 0
        self.errors = 0
        self.filled = 0
        self.function_words = 0
        self.given_names = 0
        self.integers = 0
        self.isbn_failed = 0  # of those tried
        self.isbn_tried = 0
        self.isbn_valid = 0
        self.lang_bad = 0
        self.lang_common = 0  # known, and one of the usual languages
        self.lang_ok = 0
        self.length = 0
        self.longest = 0
        self.money = 0
        self.month_first = 0  # dates that prove it
        self.namelike = 0
        self.no_comma = 0  # of two words or more, without a comma
        self.paged = 0
        self.publishing = 0
        self.repeated = 0  # values that had come before
        self.rounded = 0  # written as 9.78E+12
        self.sequence = 0  # one more than the number above
        self.serials = 0  # numbers that may be a spreadsheet's days
        self.slashed = 0  # dates such as 5/1/1999
        self.tested = 0  # texts whose words were looked at
        self.texts = 0
        self.thirteens = 0  # numbers of thirteen digits
        self.urls = 0
        self.years = 0
        self.zeros_lost = 0  # numbers of fewer than ten digits
        # And what is not a number of cells
        self.samples: list[str] = []
        self.distinct: set[Any] = set()
        self.separators: dict[str, int] = {}
        self.isbn_alive = True
        self.previous: int | None = None

    def feed(self, cell: Any) -> None:
        if cell is None or cell == "":
            return
        kind = cell.__class__
        if kind is str:
            text = cell.strip()
            if not text:
                return
            self._remember(text)
            first = text[0]
            if (first.isdigit() or first in "-=\"'[({.") and self._number_text(text):
                return
            self._text(text)
        elif kind is int or kind is float:
            self._remember(cell)
            self._number(cell)
        elif kind is dict:
            if error_of(cell):
                self.errors += 1
                return
            self._remember(text_of(cell))
            self.date_ok += 1
            self.date_full += 1
        else:
            self._remember(text_of(cell))
            self.texts += 1
            self.date_bad += 1

    def _remember(self, value: Any) -> None:
        self.filled += 1
        if len(self.distinct) < _DISTINCT:
            before = len(self.distinct)
            self.distinct.add(value)
            if len(self.distinct) == before:
                self.repeated += 1
            elif len(self.samples) < SAMPLES:
                shown = " ".join(text_of(value).split())
                self.samples.append(shown[:_LONGEST_SAMPLE])

    # --- Numbers -----------------------------------------------------------------------------
    def _number_text(self, text: str) -> bool:
        """Count a text that is a number or a date; False if it is neither."""
        if text.isdecimal() and text.isascii() and len(text) < 19:
            self._whole(int(text), text)
            return True
        if _INTEGER.fullmatch(text):
            self._whole(int(text.partition(".")[0]), text.partition(".")[0])
            return True
        if _ROUNDED.fullmatch(text):
            self.rounded += 1
            self._rounded_isbn(text)
            return True
        if self.isbn_alive and _MAYBE_ISBN.fullmatch(text):
            self._isbn(text)
            return True
        if _DECIMAL.fullmatch(text):
            self.decimals += 1
            self.date_bad += 1
            return True
        return False

    def _number(self, value: float) -> None:
        if value == value and abs(value) < 1e18 and value == int(value):
            self._whole(int(value), str(int(value)))
        else:
            self.decimals += 1
            self.date_bad += 1

    def _whole(self, number: int, digits: str) -> None:
        self.integers += 1
        if -5000 <= number <= 2100 and number:
            self.years += number >= 1000 or number < 0
            self.date_ok += 1
        elif 10_000 <= number < 80_000:
            self.serials += 1
            self.date_bad += 1
        elif number:
            self.date_bad += 1
        if number - 1 == self.previous:
            self.sequence += 1
        self.previous = number
        if self.isbn_alive and len(digits) >= 7:
            self._isbn(digits)

    def _isbn(self, text: str) -> None:
        self.isbn_tried += 1
        digits = sum(map(str.isdecimal, text))
        try:
            found = isbn.parse(text)
        except isbn.IsbnError as error:
            self.isbn_failed += 1
            if digits == 13 and error.code in ("isbn_check_digit", "isbn_prefix"):
                self.thirteens += 1
                self.damaged += 1
                self.ends_zero += text.rstrip("])\"'")[-1:] == "0"
        else:
            self.isbn_valid += found is not None
            if digits == 13:
                self.thirteens += 1
                self.ends_zero += text.rstrip("])\"'")[-1:] == "0"
        # An X is the tenth sign.
        self.zeros_lost += digits + (text[-1:] in "Xx") < 10
        if self.isbn_tried == _TRIED and 4 * (self.isbn_valid + self.thirteens) < _TRIED:
            self.isbn_alive = False  # one number in eleven passes by chance

    def _rounded_isbn(self, text: str) -> None:
        whole = str(int(Decimal(text.replace(",", "."))))
        if len(whole) >= 7:
            self._isbn(whole)

    # --- Texts -------------------------------------------------------------------------------
    def _text(self, text: str) -> None:
        self.texts += 1
        self._date(text)
        if len(text) < 40 and text.count(" ") < 3:
            self._language(text)
        if self.isbn_alive and any(map(str.isdecimal, text)) and _MAYBE_ISBN.fullmatch(text):
            self._isbn(text)
        elif self.tested < _TESTED:
            self._kind_of_text(text)

    def _kind_of_text(self, text: str) -> None:
        self.tested += 1
        self.length += len(text)
        if text[0] in "hwHW" and _URL.match(text):
            self.urls += 1
            return
        self.capitals += text.isupper() and capitals.is_shouted(text)
        if len(text) > 200:
            self.longest += 1
            return
        if len(text) < 30:
            self.money += _MONEY.search(text) is not None
            self.paged += _PAGES.search(text) is not None
        words = text.split()
        lowered = [word.strip(".,:;()").casefold() for word in words]
        self.function_words += not _FUNCTION_WORDS.isdisjoint(lowered)
        self.publishing += not _PUBLISHING.isdisjoint(lowered)
        self.given_names += not _GIVEN.isdisjoint(lowered)
        self.namelike += _is_namelike(text, words)
        self._separate(text)

    def _date(self, text: str) -> None:
        if self.date_bad > _TRIED and self.date_bad > 10 * self.date_ok:
            return  # a column of texts
        if len(text) > 40:
            self.date_bad += 1
            return
        read = dates.published(text)
        if any(problem.level == "error" for problem in read.problems):
            self.date_bad += 1
            return
        self.date_ok += read.value.year is not None
        self.date_full += read.value.day is not None
        if dates.is_slashed(text):
            self.slashed += 1
            self.date_full += read.value.day is None
            order = dates.order_of(text)
            self.day_first += order is True
            self.month_first += order is False

    def _language(self, text: str) -> None:
        if self.lang_bad > _TRIED and self.lang_bad > 10 * self.lang_ok:
            return
        stored = languages.code(text)
        if stored:
            self.lang_ok += 1
            self.lang_common += languages.is_common(stored)
        elif not languages.is_unknown(text):
            self.lang_bad += 1

    def _separate(self, text: str) -> None:
        """What parts the names of a cell, if they are names."""
        for sign in ";|\n":
            if sign in text:
                self.separators[sign] = self.separators.get(sign, 0) + 1
                self.commas_inverted += "," in text
                return
        for sign, between in (("&", " & "), ("/", " / ")):
            if between in text:
                self.separators[sign] = self.separators.get(sign, 0) + 1
        if "," not in text:
            self.no_comma += " " in text
            return
        parts = names.comma_parts(text)
        if len(parts) < 2:
            self.no_comma += 1
        elif all(" " in part for part in parts):
            self.commas_list += 1
        elif len(parts) == 2 and " " not in parts[0]:
            self.commas_inverted += 1
        elif len(parts) > 2 and sum(" " in part for part in parts) >= len(parts) / 2:
            self.commas_list += 1

    # --- What it comes to --------------------------------------------------------------------
    def share(self, count: int) -> float:
        return count / self.filled if self.filled else 0.0

    @property
    def is_rounded(self) -> bool:
        """Thirteen digits that a spreadsheet has rounded: most end in 0, or most fail."""
        if self.rounded and self.rounded > 0.5 * self.filled:
            return self.isbn_tried > 0.5 * self.filled
        if not self.damaged or self.thirteens < 2:
            return False
        return self.ends_zero > 0.6 * self.thirteens or (
            self.thirteens >= 5 and self.damaged > 0.5 * self.thirteens
        )

    @property
    def repeats(self) -> float:
        """The share of values that had stood in the column before."""
        seen = len(self.distinct) + self.repeated
        return self.repeated / seen if seen else 0.0

    @property
    def dated(self) -> float:
        said = self.date_ok + self.date_bad
        return self.date_ok / said if said else 0.0

    @property
    def separator(self) -> str | None:
        """The sign between several names in a cell; None if every cell must be looked at."""
        if self.separators:
            sign, count = max(self.separators.items(), key=lambda item: item[1])
            # Rare ampersands belong to firms.
            often = count > 0.02 * self.tested and count >= self.commas_list
            if sign in ";|\n" or often:
                return sign
        return "," if self.commas_list and not self.inverted else None

    @property
    def inverted(self) -> bool:
        """Is it "Last, First" as a rule?"""
        commas = self.commas_inverted + self.commas_list
        return self.commas_inverted > 0.5 * commas > 0 and self.commas_inverted > self.no_comma


def _is_namelike(text: str, words: Sequence[str]) -> bool:
    """Two to four capitalised words to a name, without digits and without the marks of a title."""
    if len(words) > 24 or any(sign in text for sign in ':?!#“”"') or any(map(str.isdecimal, text)):
        return False
    pieces = re.split(r"[,;|&/\n]| and | und | et | y ", text)
    if max(len(piece.split()) for piece in pieces) > 5:
        return False
    for word in words:
        bare = word.strip(".,;()[]'’")
        if bare and not (bare[0].isupper() or bare.casefold() in capitals.PARTICLES):
            return not bare[0].islower() and not bare.isascii()
    return len(words) > 1 or "." in text
