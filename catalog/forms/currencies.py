"""Currencies by their ISO 4217 codes, the usual ones first."""

from functools import lru_cache
from typing import Final

import pycountry
from babel import Locale, UnknownLocaleError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

USUAL: Final = ("EUR", "USD", "GBP", "CHF", "CAD", "AUD", "JPY", "SEK", "NOK", "DKK", "PLN", "INR")


@lru_cache(maxsize=16)
def _names(language: str) -> dict[str, str]:
    try:
        locale = Locale.parse(language, sep="-")
    except (ValueError, UnknownLocaleError):
        locale = Locale.parse("en")
    codes = [currency.alpha_3 for currency in pycountry.currencies]
    return {code: str(locale.currencies.get(code, code)) for code in sorted(codes)}


def is_known(code: str) -> bool:
    return code in _names("en")


def name(code: str) -> str:
    """ "EUR · Euro", in the language of the page."""
    found = _names(get_language() or "en").get(code, "")
    return f"{code} · {found}" if found and found != code else code


def choices() -> list[tuple[object, list[tuple[str, str]]]]:
    rest = [code for code in _names(get_language() or "en") if code not in USUAL]
    return [
        (_("Usual"), [(code, name(code)) for code in USUAL]),
        (_("All others"), [(code, name(code)) for code in rest]),
    ]
