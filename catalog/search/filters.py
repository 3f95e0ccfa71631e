"""The values that a list of books can be narrowed to, and where each of them is found."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q

from catalog.models.book import UNKNOWN, Contribution
from catalog.search import kept
from catalog.search.documents import token

NONE = "none"  # the value in the address of "no language", "no year"


@dataclass(frozen=True)
class Filter:
    """One narrowing: as a condition on the table, as a word of the index, as a kept count."""

    facet: str
    value: str
    where: dict[str, Any]
    tally: tuple[str, str] | None  # None: not counted

    @property
    def condition(self) -> Q:
        return Q(**self.where)

    @cached_property
    def count(self) -> int:
        """The kept count, read once."""
        return kept.total(*self.tally) if self.tally else 0

    @property
    def token(self) -> str:
        return token(self.facet, self.value)


def _language(value: str) -> Filter:
    code = "" if value == NONE else value
    return Filter("language", value, {"language": code}, ("language", code))


def _decade(value: str) -> Filter:
    decade = UNKNOWN if value == NONE else int(value)
    return Filter("decade", str(decade), {"decade": decade}, ("decade", str(decade)))


def _publisher(value: str) -> Filter:
    return Filter("publisher", value, {"publisher": int(value)}, ("publisher", value))


def _author(value: str) -> Filter:
    books = Contribution.objects.filter(author=int(value)).values("book")
    return Filter("author", value, {"pk__in": books}, None)


def _isbn(value: str) -> Filter:
    where = {"isbn_repaired": True} if value == "repaired" else {"has_isbn": value == "with"}
    return Filter("isbn", value, where, ("isbn", value))


def _cover(value: str) -> Filter:
    return Filter("cover", value, {"has_cover": value == "with"}, ("cover", value))


FILTERS: dict[str, Callable[[str], Filter]] = {
    "language": _language,
    "publisher": _publisher,
    "author": _author,
    "decade": _decade,
    "isbn": _isbn,
    "cover": _cover,
}
