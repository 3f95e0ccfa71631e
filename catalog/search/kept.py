"""Reading the kept counts."""

from collections.abc import Iterable

from catalog.models.state import Tally


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


def most(facet: str, number: int) -> list[tuple[str, int]]:
    """The values that occur most, by the index on the count."""
    rows = Tally.objects.filter(facet=facet, count__gt=0).exclude(value="")
    return list(rows.order_by("-count", "id").values_list("value", "count")[:number])
