"""Languages: stored as MARC and ISO 639-2/B write them (fre, ger, chi), shown by name.

Accepted are codes of two or three letters, with or without a country (en, eng, en-US), and names
in the languages in which libraries most often write them.
"""

import re
from functools import lru_cache
from typing import Final

import pycountry
from babel import Locale, UnknownLocaleError
from django.utils.translation import get_language

from catalog.text import fold

# Names are understood in these languages; the first wins where two disagree.
_SPOKEN: Final = (
    "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "pl", "fi", "cs", "sk", "hu",
    "ro", "ca", "hr", "sl", "tr", "lt", "lv", "et", "el", "ru", "uk", "bg", "ja", "zh", "ko",
    "ar", "he",
)  # fmt: skip
# Withdrawn or narrower codes that catalogues write, and what stands for them in MARC.
_OTHER_CODES: Final = {
    "iw": "heb", "in": "ind", "ji": "yid", "jw": "jav", "mo": "rum", "mol": "rum", "scc": "srp",
    "scr": "hrv", "cmn": "chi", "yue": "chi", "wuu": "chi", "nan": "chi", "hak": "chi",
    "arb": "ara", "pes": "per", "prs": "per", "ekk": "est", "lvs": "lav", "zsm": "may",
    "swh": "swa", "uzn": "uzb", "khk": "mon", "azj": "aze", "npi": "nep", "ory": "ori",
    "cz": "cze", "jp": "jpn", "gr": "gre", "dk": "dan", "ua": "ukr", "cn": "chi",
}  # fmt: skip
_OTHER_NAMES: Final = {
    "farsi": "per", "dari": "per", "castellano": "spa", "castilian": "spa", "castellan": "spa",
    "flemish": "dut", "vlaams": "dut", "flamisch": "dut", "valencian": "cat", "valencia": "cat",
    "mandarin": "chi", "cantonese": "chi", "kantonesisch": "chi", "putonghua": "chi",
    "moldavian": "rum", "modern greek": "gre", "neugriechisch": "gre", "altgriechisch": "grc",
    "bahasa indonesia": "ind", "bahasa": "ind", "euskara": "baq", "gaelic": "gla",
    "irish gaelic": "gle", "scottish gaelic": "gla", "american": "eng", "british": "eng",
    "brazilian": "por", "brasileiro": "por", "norsk": "nor", "bokmal": "nob", "nynorsk": "nno",
    "serbo-croatian": "hbs", "multilingual": "mul", "mehrsprachig": "mul", "multilingue": "mul",
    "several": "mul", "various": "mul", "cymraeg": "wel", "gaeilge": "gle", "srpski": "srp",
    "latine": "lat", "magyar": "hun", "suomi": "fin", "cestina": "cze", "slovencina": "slo",
}  # fmt: skip
_UNKNOWN: Final = frozenset((
    "und", "mis", "unknown", "undetermined", "unbekannt", "inconnu", "inconnue", "desconocido",
    "sconosciuto", "n/a", "na", "none", "null", "nan", "-", "--", "?", "xx", "xxx",
))  # fmt: skip
# Every ISO 639-3 code is understood, but thousands of them are also words ("the", "new").
_CODE: Final = re.compile(r"[a-z]{2,3}")
_TAG: Final = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8})+")  # en-US, zh_Hant_TW


def is_unknown(text: str) -> bool:
    """Does the cell itself say that the language is not known?"""
    return text.strip().casefold() in _UNKNOWN


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    """Every accepted code, to the one that is stored."""
    table = dict(_OTHER_CODES)
    for language in pycountry.languages:
        stored = getattr(language, "bibliographic", language.alpha_3)
        for key in ("alpha_2", "alpha_3", "bibliographic"):
            if code := getattr(language, key, ""):
                table.setdefault(code, stored)
    for code in ("und", "mis"):
        table.pop(code, None)
    return table


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Folded names in many languages, to the stored code: about 16,000, made in 0.2 s."""
    codes = _codes()
    table = dict(_OTHER_NAMES)
    locales = [Locale.parse(spoken) for spoken in _SPOKEN]
    for locale in locales:
        own = {key: name for key, name in locale.languages.items() if "_" not in key}
        for key, name in own.items():
            if key in codes:
                table.setdefault(fold(name), codes[key])
    for locale in locales:  # "American English", after all plain names
        for key, name in locale.languages.items():
            if "_" in key and (stored := codes.get(key.partition("_")[0])):
                table.setdefault(fold(name), stored)
    for language in pycountry.languages:
        stored = codes.get(language.alpha_3, "")
        if stored and (hasattr(language, "alpha_2") or hasattr(language, "bibliographic")):
            for name in re.split(r"[;(]", language.name):
                table.setdefault(fold(name).strip(" ,"), stored)
    return table


@lru_cache(maxsize=4096)
def code(value: str) -> str:
    """The stored code of a language written in any accepted way; empty if there is none."""
    text = value.strip().strip("[](){}.\"'").strip()
    if not text or is_unknown(text):
        return ""
    lowered = text.casefold()
    if _CODE.fullmatch(lowered) or _TAG.fullmatch(lowered):
        first = re.split(r"[-_]", lowered, maxsplit=1)[0]
        if known := _codes().get(first):
            return known
    folded = fold(text)
    names = _names()
    if known := names.get(folded):
        return known
    # English (US), French / français, engfre (old MARC 041)
    for piece in re.split(r"\s*[(,;/|\[]\s*|\s+-\s+", folded):
        if piece and piece != folded and (known := code(piece)):
            return known
    if len(lowered) in (6, 9, 12) and lowered.isascii() and lowered.isalpha():
        runs = [_codes().get(lowered[at : at + 3], "") for at in range(0, len(lowered), 3)]
        if all(runs) and all(run in _common() for run in runs):
            return runs[0]
    return ""


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    """Stored codes of languages with a code of two letters, and a few old ones."""
    codes = _codes()
    return frozenset(stored for key, stored in codes.items() if len(key) == 2) | {
        "grc",
        "fil",
        "mul",
        "ang",
        "enm",
        "fro",
        "frm",
        "gmh",
        "goh",
        "nds",
        "sux",
        "syr",
        "egy",
    }


def is_common(stored: str) -> bool:
    """Is it one of the some two hundred languages that most catalogues need?"""
    return stored in _common()


@lru_cache(maxsize=1)
def _spoken_codes() -> dict[str, str]:
    """The stored code to the one that CLDR names languages by (fre to fr, grc to grc)."""
    table: dict[str, str] = {}
    for language in pycountry.languages:
        stored = getattr(language, "bibliographic", language.alpha_3)
        table[stored] = getattr(language, "alpha_2", language.alpha_3)
    return table


@lru_cache(maxsize=64)
def _locale(ui_language: str) -> Locale:
    try:
        return Locale.parse(ui_language, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale.parse("en")


def name(code: str, ui_language: str | None = None) -> str:
    """The name of a stored code in the language of the page; the code itself if it has none."""
    if not code:
        return ""
    short = _spoken_codes().get(code, code)
    locale = _locale(ui_language or get_language() or "en")
    if found := locale.languages.get(short):
        return str(found)
    language = pycountry.languages.get(alpha_3=code)
    return str(language.name) if language is not None else code


def choices(ui_language: str | None = None) -> list[tuple[str, str]]:
    """Languages for a select, in the order of their names in the language of the page."""
    pairs = [(stored, name(stored, ui_language)) for stored in _common()]
    return sorted(pairs, key=lambda pair: fold(pair[1]))
