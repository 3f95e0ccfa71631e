"""Currencies by their ISO 4217 codes, the usual ones first."""

from functools import lru_cache
from typing import Final

import pycountry
from babel import Locale, UnknownLocaleError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

USUAL: Final = ("EUR", "USD", "GBP", "CHF", "CAD", "AUD", "JPY", "SEK", "NOK", "DKK", "PLN", "INR")

# ISO 4217 has more than money that a price can be in: codes with X are metals, units of account
# and tests, but for those that several territories share; others are funds.
SHARED: Final = frozenset({"XAF", "XCD", "XCG", "XOF", "XPF"})
FUNDS: Final = frozenset({"BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW"})


@lru_cache(maxsize=16)
def _names(language: str) -> dict[str, str]:
    try:
        locale = Locale.parse(language, sep="-")
    except (ValueError, UnknownLocaleError):
        locale = Locale.parse("en")
    codes = [currency.alpha_3 for currency in pycountry.currencies]
    return {code: str(locale.currencies.get(code, code)) for code in sorted(codes)}


def is_known(code: str) -> bool:
    """May a price be given in it?"""
    return code in _names("en") and _is_money(code)


def _is_money(code: str) -> bool:
    return code not in FUNDS and (code[0] != "X" or code in SHARED)


def name(code: str) -> str:
    """ "EUR · Euro", in the language of the page."""
    found = _names(get_language() or "en").get(code, "")
    return f"{code} · {found}" if found and found != code else code


def choices() -> list[tuple[object, list[tuple[str, str]]]]:
    money = [code for code in _names(get_language() or "en") if _is_money(code)]
    return [
        (_("Usual"), [(code, name(code)) for code in USUAL]),
        (_("All others"), [(code, name(code)) for code in money if code not in USUAL]),
    ]
