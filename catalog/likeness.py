"""How alike two titles, two people's names or two publishers' names are. No database here.

What differs is said with a word of its own (`Alike.how`), so that a page can give the reason.
"""

import re
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from catalog.importers.wordlists import listed
from catalog.text import fold, match_key, sort_key, words

How = Literal["same", "written", "initials", "letter", "middle", "subtitle", "trade"]


class Alike(NamedTuple):
    how: How
    score: float  # 1 is the same


SAME: Final = Alike("same", 1.0)
WRITTEN: Final = Alike("written", 0.95)

_WORD: Final = re.compile(r"[^\W_]+")
_APOSTROPHES: Final = str.maketrans("", "", "'’ʼ‘`´")
_ROMAN: Final = re.compile(r"[ivxlc]+")
_TITLES: Final = listed("dr prof professor sir dame rev mr mrs ms phd")
_NUMBERS: Final = listed(
    "one two three four five six seven eight nine ten first second third fourth fifth"
)
# Where a subtitle begins that was written into the title.
_SUBTITLE: Final = re.compile(r"\s*(?::|;|/|\s[-–—]\s|[.(\[])\s*")


def one_edit_apart(one: str, other: str) -> bool:
    """A letter more, less or another one, or two neighbours exchanged; the same counts as well."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    at = 0
    while at < len(one) and one[at] == other[at]:
        at += 1
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    rest, other_rest = one[at:], other[at:]
    if rest[1:] == other_rest[1:]:
        return True
    return rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:]


def _mistyped(one: str, other: str) -> bool:
    """Two words of which one may be a slip of the other: numbers and short words never are."""
    if min(len(one), len(other)) < 4 or not one_edit_apart(one, other):
        return False
    return not any(_counts(word) for word in (one, other))


def _counts(word: str) -> bool:
    return word.isdecimal() or word in _NUMBERS or _ROMAN.fullmatch(word) is not None


# --- Titles ---------------------------------------------------------------------------------


def titles(
    one: str, other: str, *, subtitles: tuple[str, str] = ("", ""), language: str = ""
) -> Alike | None:
    """Two titles, filed as their language does. Volume 1 and volume 2 are not alike."""
    mine, theirs = sort_key(one, language, 300), sort_key(other, language, 300)
    whole = [
        sort_key(f"{title} {subtitle}", language, 300)
        for title, subtitle in zip((one, other), subtitles, strict=True)
    ]
    if mine == theirs or whole[0] == whole[1]:
        return SAME
    if _one_letter(mine, theirs):
        return Alike("letter", 0.8)
    if _main(one, language) == theirs or mine == _main(other, language):
        return Alike("subtitle", 0.7)
    return None


def _one_letter(mine: str, theirs: str) -> bool:
    """One letter of the whole title: a slip in a word, or a space too many or too few."""
    if max(len(mine), len(theirs)) < 5 or not one_edit_apart(mine, theirs):
        return False
    if mine.replace(" ", "") == theirs.replace(" ", ""):
        return True
    pairs = [pair for pair in zip(mine.split(), theirs.split(), strict=False) if len(set(pair)) > 1]
    same_length = len(mine.split()) == len(theirs.split())
    return same_length and all(_slip(*pair) for pair in pairs)


def _slip(one: str, other: str) -> bool:
    """As _mistyped, for a word whose neighbours all agree: short ones count as well."""
    return not any(_counts(word) or len(word) < 2 for word in (one, other))


def main_title(title: str) -> str:
    """The title without a subtitle that was written into it."""
    main, *rest = _SUBTITLE.split(title.strip(), maxsplit=1)
    return main if rest and len(main) > 3 else title.strip()


def _main(title: str, language: str) -> str:
    main = main_title(title)
    return sort_key(main, language, 300) if main != title.strip() else ""


# --- People ---------------------------------------------------------------------------------


def person_words(name: str) -> list[str]:
    """The folded words of a name, initials apart: "Tolkien, JRR" has four."""
    found: list[str] = []
    shouted = name.isupper()
    for word in _WORD.findall(name.translate(_APOSTROPHES)):
        folded = fold(word)
        if folded in _TITLES:
            continue
        if not shouted and word.isupper() and 2 <= len(word) <= 3 and " " in name:
            found += list(folded)
        else:
            found += words(folded)
    return found


def people(one: str, other: str) -> Alike | None:
    """Two names of people, in whatever order their words stand."""
    if match_key(one) == match_key(other):
        return SAME
    mine, theirs = person_words(one), person_words(other)
    found = [_people(mine, theirs), _people(_spelled_out(mine), _spelled_out(theirs))]
    return max(filter(None, found), key=lambda alike: alike.score, default=None)


def _spelled_out(name: list[str]) -> list[str]:
    """ "jrr tolkien", typed without capitals: short words may be initials."""
    longest = max(name, key=len, default="")
    return [
        letter
        for word in name
        for letter in (word if len(word) <= 3 and word != longest else [word])
    ]


def _people(mine: list[str], theirs: list[str]) -> Alike | None:
    if not mine or not theirs:
        return None
    if sorted(mine) == sorted(theirs):
        turned = any(mine[at:] + mine[:at] == theirs for at in range(len(mine)))
        whole = all(len(word) > 1 for word in mine)  # initials have an order of their own
        return WRITTEN if turned or whole else None
    mine, theirs, equal = _without_common(mine, theirs)
    whole_words = sum(len(word) > 1 for word in equal)
    initials = _take(mine, theirs, lambda a, b: 1 in (len(a), len(b)) and a[0] == b[0])
    letters = _take(mine, theirs, _mistyped)
    if (mine and theirs) or letters > 1 or not (whole_words or letters):
        return None
    matched = len(equal) + initials + letters
    if mine or theirs:  # one name has a word more
        return Alike("middle", 0.6) if matched > 1 and whole_words and not letters else None
    if letters:
        # "J. Rowlling" may be anyone; "Joanne Rowlling" and "Tolkein" hardly.
        return Alike("letter", 0.75) if not initials else None
    return Alike("initials", 0.85)


def _without_common(mine: list[str], theirs: list[str]) -> tuple[list[str], list[str], list[str]]:
    mine, theirs = list(mine), list(theirs)
    equal = [word for word in dict.fromkeys(mine) for _n in range(_common(word, mine, theirs))]
    for word in equal:
        mine.remove(word)
        theirs.remove(word)
    return mine, theirs, equal


def _common(word: str, mine: list[str], theirs: list[str]) -> int:
    return min(mine.count(word), theirs.count(word))


def _take(mine: list[str], theirs: list[str], alike: Callable[[str, str], bool]) -> int:
    """Take pairs that are alike out of both lists; how many there were."""
    taken = 0
    for word in list(mine):
        partner = next((each for each in theirs if alike(word, each)), None)
        if partner is not None:
            mine.remove(word)
            theirs.remove(partner)
            taken += 1
    return taken


# --- Publishers -----------------------------------------------------------------------------

# What words of a house's name weigh: its legal form nothing, what all houses are called little.
_LEGAL: Final = listed(
    "the ltd limited inc incorporated llc llp plc corp corporation co company cie gmbh mbh ag "
    "kg ohg ug se sa sas sarl srl spa snc sl slu bv nv as ab aps oy oyj kft sro doo zoo sp "
    "spzoo pty pte pvt private ltda lda eireli and und et y e i en og och of der die das le "
    "la les el los il gli"
)
_TRADE: Final = listed(
    "book books publisher publishers publishing publications verlag verlage "
    "verlagsgesellschaft verlagsgruppe edition editions editorial editoriale ediciones "
    "edizioni editore editori editora editor editores editeur editeurs editrice uitgeverij "
    "uitgevers forlag forlaget forlags bokforlag kustannus wydawnictwo izdatelstvo "
    "nakladatelstvi vydavatelstvi kiado buchverlag librairie libreria libros livres casa"
)
_HOUSE: Final = listed("press presse presses group gruppe house haus sons brothers bros")


def weight(word: str) -> float:
    """How much a word tells one house from another: 1, or less for what many are called."""
    if word in _LEGAL:
        return 0.0
    if word in _TRADE:
        return 0.12
    if word in _HOUSE:
        return 0.22
    return 1.0 if len(word) > 1 else 0.3


def publisher_words(name: str) -> list[str]:
    """The words that tell a house from others; all of them if it has only common ones."""
    folded = words(name.replace(".", "")) or words(name)
    return [word for word in folded if weight(word) == 1] or folded


def publishers(one: str, other: str) -> Alike | None:
    """Two names of houses: "Penguin Books Ltd." is Penguin, the Penguin Press less so."""
    if match_key(one) == match_key(other):
        return SAME
    mine, theirs = (words(name.replace(".", "")) for name in (one, other))
    if "".join(mine) == "".join(theirs):
        return WRITTEN
    if set(publisher_words(one)).isdisjoint(theirs) and len(publisher_words(one)) > 1:
        return None
    rest, other_rest, _equal = _without_common(mine, theirs)
    letters = _take(rest, other_rest, lambda a, b: weight(a) == weight(b) == 1 and _mistyped(a, b))
    cost = sum(map(weight, {*rest, *other_rest}))
    if cost >= 1 or letters > 1:
        return None
    score = 0.95 - cost - 0.15 * letters
    if score < 0.5:
        return None
    if letters:
        return Alike("letter", score)
    return Alike("written" if not cost else "trade", score)
