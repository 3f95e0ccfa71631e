"""The values that a list of books can be narrowed to, and where each of them is found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from catalog.models.book import UNKNOWN, Contribution
from catalog.search.documents import token

NONE = "none"  # the value in the address of "no language", "no year"


@dataclass(frozen=True)
class Filter:
    """One narrowing: as a condition on the table, as a word of the index, as a kept count."""

    facet: str
    value: str
    column: str
    wanted: Any
    tally: tuple[str, str] | None  # None: not counted

    @property
    def condition(self) -> Q:
        if isinstance(self.wanted, bool):
            # Django writes `WHERE has_isbn`, for which SQLite uses no index; IN (1) is an equality.
            return Q(**{f"{self.column}__in": (self.wanted,)})
        return Q(**{self.column: self.wanted})

    @property
    def token(self) -> str:
        return token(self.facet, self.value)


def _language(value: str) -> Filter:
    code = "" if value == NONE else value
    return Filter("language", value, "language", code, ("language", code))


def _decade(value: str) -> Filter:
    decade = UNKNOWN if value == NONE else int(value)
    return Filter("decade", str(decade), "decade", decade, ("decade", str(decade)))


def _publisher(value: str) -> Filter:
    return Filter("publisher", value, "publisher", int(value), ("publisher", value))


def _author(value: str) -> Filter:
    books = Contribution.objects.filter(author=int(value)).values("book")
    return Filter("author", value, "pk__in", books, None)


def _isbn(value: str) -> Filter:
    column, state = (
        ("isbn_repaired", True) if value == "repaired" else ("has_isbn", value == "with")
    )
    return Filter("isbn", value, column, state, ("isbn", value))


def _cover(value: str) -> Filter:
    return Filter("cover", value, "has_cover", value == "with", ("cover", value))


FILTERS: dict[str, Callable[[str], Filter]] = {
    "language": _language,
    "publisher": _publisher,
    "author": _author,
    "decade": _decade,
    "isbn": _isbn,
    "cover": _cover,
}


def decade_label(value: str) -> str:
    """The span that a decade's value stands for."""
    decade = int(value)
    if decade == UNKNOWN:
        return _("No year")
    if decade == 0:
        return _("before 1500")
    if decade < 1900:
        return f"{decade}–{decade + 99}"
    return _("%(decade)ss") % {"decade": decade}
