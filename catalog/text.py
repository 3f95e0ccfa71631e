"""Folding text, so that case, accents and punctuation do not matter.

No Django here: the reader process and the search index use it as well.
"""

import re
import unicodedata
from collections.abc import Iterator

# Letters that Unicode does not decompose into a base letter and an accent. casefold() has
# already turned ß into ss.
_LETTERS = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i",
        "ħ": "h", "ŧ": "t", "ŋ": "n", "ĸ": "k", "ſ": "s", "ə": "e", "ƒ": "f", "ɨ": "i",
        "'": "", "’": "", "ʼ": "", "‘": "", "`": "", "´": "",
    }
)  # fmt: skip
# Only the combining accents of Latin, Greek and Cyrillic: dropping every mark would turn
# Japanese が into か and strip the vowels from Devanagari.
_ACCENTS = re.compile("[\u0300-\u036f]")
_WORD = re.compile(r"[^\W_]+")
# Chinese and Japanese are written without spaces: each character is a word of its own.
_IDEOGRAPH = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])")

_ARTICLES = {
    "eng": ("the ", "a ", "an "),
    "fre": ("le ", "la ", "les ", "un ", "une ", "des ", "l'", "l’"),
    "ger": ("der ", "die ", "das ", "ein ", "eine "),
    "spa": ("el ", "la ", "los ", "las ", "un ", "una "),
    "ita": ("il ", "lo ", "la ", "i ", "gli ", "le ", "un ", "una ", "l'", "l’"),
    "por": ("o ", "a ", "os ", "as ", "um ", "uma "),
    "dut": ("de ", "het ", "een "),
    "swe": ("en ", "ett "),
    "dan": ("en ", "et "),
    "nor": ("en ", "et "),
}


def fold(text: str) -> str:
    """Lower case without accents: `fold("Łódź Øst ß") == "lodz ost ss"`."""
    if text.isascii():
        return text.lower().replace("'", "").replace("`", "")
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = _ACCENTS.sub("", decomposed).translate(_LETTERS)
    return unicodedata.normalize("NFKC", plain)


def words(text: str) -> list[str]:
    """The folded words of a text, as the search index holds them."""
    folded = fold(text)
    if not folded.isascii():
        folded = _IDEOGRAPH.sub(r" \1 ", folded)
    return _WORD.findall(folded)


def match_key(text: str, length: int = 200) -> str:
    """The form in which names are compared: "J.K. Rowling" and "j. k. rowling" are one.

    A name made only of punctuation keeps itself as its key.
    """
    return (" ".join(_WORD.findall(fold(text))) or text.strip().casefold())[:length].strip()


def sort_key(title: str, language: str = "", length: int = 100) -> str:
    """The filing form of a title: folded, without the initial article of its language.

    An unknown language counts as English. Filing skips initial articles as MARC 21 field 245
    does with its second indicator.
    """
    lowered = title.strip().casefold()
    for article in _ARTICLES.get(language or "eng", ()):
        if lowered.startswith(article) and len(lowered) > len(article):
            title = title.strip()[len(article) :]
            break
    return match_key(title, length)


def chunks(items: list, size: int) -> Iterator[list]:
    """The list in pieces of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
