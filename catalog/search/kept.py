"""Reading the kept counts."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from catalog.models.publisher import Publisher
from catalog.models.state import CatalogueState, Generation, Tally

SMALL = ("total", "language", "decade", "isbn", "cover", "kind")  # facets with few values
MOST_PUBLISHERS = 8


@dataclass(frozen=True)
class Summary:
    """The counts that every list page shows."""

    counts: dict[str, dict[str, int]]
    publishers: list[tuple[str, str, int]]  # those with the most books: key, name, count

    def count(self, facet: str, value: str) -> int:
        if facet in self.counts:
            return self.counts[facet].get(value, 0)
        return total(facet, value)

    @property
    def books(self) -> int:
        return self.counts["total"].get("", 0)


_remembered: tuple[Generation, Summary] | None = None


def summary(generation: Generation | None = None) -> Summary:
    """The counts as of now; remembered by this process until the catalogue changes.

    A caller that has just read the catalogue's generation passes it on: one query less.
    """
    global _remembered
    if connection.in_atomic_block:  # it may see what no other does, and what is rolled back
        return _summary()
    generation = (
        generation or CatalogueState.current()
    )  # before the counts: they may be newer, never older
    if _remembered is None or _remembered[0] != generation:
        _remembered = (generation, _summary())
    return _remembered[1]


def _summary() -> Summary:
    most = most_of("publisher", MOST_PUBLISHERS)
    names = dict(Publisher.objects.filter(pk__in=dict(most)).values_list("pk", "name"))
    return Summary(
        values(*SMALL),
        [(pk, names[int(pk)], count) for pk, count in most if int(pk) in names],
    )


def total(facet: str = "total", value: str = "") -> int:
    """How many books (or authors of a kind, publishers of a country) have this value."""
    counts = Tally.objects.filter(facet=facet, value=value).values_list("count", flat=True)
    return counts.first() or 0


def whole(facet: str) -> int:
    """All records that the facet counts, whatever the value."""
    return sum(Tally.objects.filter(facet=facet).values_list("count", flat=True))


def values(*facets: str) -> dict[str, dict[str, int]]:
    """The values of some facets that occur, with their counts; one query."""
    found: dict[str, dict[str, int]] = {facet: {} for facet in facets}
    rows = Tally.objects.filter(facet__in=facets, count__gt=0)
    for facet, value, count in rows.values_list("facet", "value", "count"):
        found[facet][value] = count
    return found


def of(facet: str, wanted: Iterable[str]) -> dict[str, int]:
    """The counts of some values; one query."""
    rows = Tally.objects.filter(facet=facet, value__in=list(wanted))
    return dict(rows.values_list("value", "count"))


def most_of(facet: str, number: int) -> list[tuple[str, int]]:
    """The values that occur most, by the index on the count."""
    rows = Tally.objects.filter(facet=facet, count__gt=0).exclude(value="")
    return list(rows.order_by("-count", "id").values_list("value", "count")[:number])
