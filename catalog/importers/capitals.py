"""Titles and names in capitals, set in mixed case without losing acronyms and numerals."""

import re
from typing import Final

from catalog.importers.wordlists import listed
from catalog.text import fold

_SMALL: Final[dict[str, frozenset[str]]] = {
    "eng": listed(
        "a an and as at but by for from in into nor of off on or over per the to up via vs with"
    ),
    "ger": listed(
        "der die das dem den des ein eine einer eines einem einen und oder aber in im "
        "an am auf aus bei bis durch für gegen mit nach ohne über um unter von vom vor "
        "zu zum zur ist wie"
    ),
    "fre": listed("le la les un une des du de et ou à au aux en dans par pour sur sous"),
    "spa": listed("el la los las un una unos de del y e o u a al en con por para sin"),
    "ita": listed("il lo la i gli le un una di del della dei e o a al in con per su da"),
    "por": listed("o a os as um uma de do da dos das e ou em no na com por para"),
    "dut": listed("de het een van en of in op aan met voor door uit bij te tot"),
}
ACRONYMS: Final = listed(
    "usa uk eu un unesco unicef nato nasa dna rna aids hiv fbi cia kgb bbc cnn tv dvd "
    "cd cds pc ibm ufo sas wwi wwii ddr brd gdr ussr urss udssr abc nypd sql html css "
    "php xml api ai iq ii iii mit ucla bc bce ad ce dk diy vip ceo nba nfl fifa ok id "
    "usb www gps gmbh llc ddt imf oecd sf hms uss jfk rpg pdf"
)
_MIXED: Final = {"gmbh": "GmbH", "ltd": "Ltd", "llc": "LLC", "inc": "Inc", "phd": "PhD", "co": "Co"}
# Short words without a vowel that are no acronyms.
_SPELT: Final = listed("mr mrs ms dr st vs jr sr pt nr vol ltd inc mt ft bd hrsg hg th")
# Numerals by their letters, but words in what a title says far more often.
_NO_NUMERAL: Final = listed("mix di mi li dix md mdi dim did mild mill")
_ROMAN: Final = re.compile(
    r"(?=[MDCLXVI])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
)
_INITIALS: Final = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?\.?")
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_ORDINAL: Final = re.compile(r"\d+(?:st|nd|rd|th|er|e)")
_PREFIXES: Final = listed("o d l")  # O'Brien, D'Artagnan, L'Étranger
PARTICLES: Final = listed(
    "van von de der den ter ten zu zur vom af av da das dos do du des di del della of "
    "the and und et y e"
)


def is_shouted(text: str) -> bool:
    """Only capitals, and more than an acronym: several words, or one of five letters or more."""
    if not text.isupper():
        return False
    words = [word for word in _WORD.findall(text) if len(word) > 1 and not word.isdecimal()]
    if len(words) == 1:
        return len(words[0]) > 4 and not _keeps_capitals(words[0])
    return any(len(word) > 2 and not _keeps_capitals(word) for word in words)


def _keeps_capitals(word: str) -> bool:
    lowered = word.lower()
    if lowered in ACRONYMS or any(map(str.isdecimal, word)):  # 1Q84, NOS4A2
        return not _ORDINAL.fullmatch(lowered)
    if lowered in _SPELT or lowered in _NO_NUMERAL:
        return False
    if _ROMAN.fullmatch(word):
        return True
    return 1 < len(word) < 5 and word.isalpha() and not set(fold(word)) & set("aeiouy")


def _cased(word: str) -> str:
    """One word of capitals in mixed case; parts after an apostrophe by their length."""
    if _keeps_capitals(word):
        return _MIXED.get(word.lower(), word)
    first, apostrophe, rest = word.replace("’", "'").partition("'")
    if not apostrophe:
        if word.startswith("MC") and len(word) > 5:
            return "Mc" + word[2:].capitalize()
        return _MIXED.get(word.lower(), word.capitalize())
    mark = word[len(first)]
    after = rest.capitalize() if first.lower() in _PREFIXES and len(rest) > 2 else rest.lower()
    return first.capitalize() + mark + after


def title_case(text: str, language: str = "") -> str:
    """A shouted title in mixed case; the small words of its language stay small.

    English capitals are used for every language: which German words are nouns nobody can tell
    from capitals alone.
    """
    small = _SMALL.get(language or "eng", frozenset())
    spans = list(_WORD.finditer(text))
    pieces: list[str] = []
    end = 0
    for index, match in enumerate(spans):
        between = text[end : match.start()]
        word, end = match.group(), match.end()
        starts = index == 0 or any(mark in between for mark in ":.?!–—(/;")
        is_initial = len(word) == 1 and (text[end : end + 1] == "." or "." in between)
        if is_initial:
            cased = word
        elif word.lower() in small and not starts and index < len(spans) - 1:
            cased = word.lower()
        else:
            cased = _cased(word)
        pieces += [between, cased]
    return "".join([*pieces, text[end:]])


def name_case(text: str) -> str:
    """A shouted name in mixed case: LUDWIG VAN BEETHOVEN, MCEWAN, J.R.R. TOLKIEN."""
    words = []
    for index, word in enumerate(text.split(" ")):
        bare = word.strip(",;()")
        if not word.isupper() or _INITIALS.fullmatch(bare):
            words.append(word)
        elif index and bare.lower() in PARTICLES:
            words.append(word.lower())
        else:
            words.append(_WORD.sub(lambda match: _cased(match.group()), word))
    return " ".join(words)


def shouts_surname(text: str) -> bool:
    """Victor HUGO, HUGO, Victor: only the surname in capitals, as French catalogues write it."""
    words = text.replace(",", " ").split()
    loud = [word for word in words if len(word) > 3 and word.isupper() and word.isalpha()]
    calm = [word for word in words if word[:1].isupper() and word[1:2].islower()]
    return (
        len(loud) == 1
        and len(calm) == len(words) - 1 > 0
        and loud[0] in (words[0], words[-1])
        and not _keeps_capitals(loud[0])
    )
