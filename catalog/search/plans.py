"""Ways to find the rows of one page of books, each cheap for the case it is made for.

A plan knows how many rows there are (or about, or at least), how far one can turn pages, and the
ids at given positions. Every plan reads ids from an index that holds them in order, from
whichever end or kept position is nearest, and never more rows than its name promises.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from django.db.models import F, ForeignKey, Func, QuerySet

from catalog.models.book import UNKNOWN, Book, decade_span
from catalog.models.state import Tally
from catalog.search import kept
from catalog.search.documents import BLOCK

TRIED = (250, 1_000, 4_000)  # rows that are looked at by hand before something else is tried
NEAR = 10_000  # rows that are skipped one by one; further ones by the kept counts


def unindexed(name: str) -> Func:
    """The column, in a form that no index serves, so that the planner has one plan left."""
    field: Any = Book._meta.get_field(name)
    kind = field.target_field if isinstance(field, ForeignKey) else field
    return Func(F(name), template="COALESCE(%(expressions)s, NULL)", output_field=kind)


@dataclass(frozen=True)
class Order:
    """An order with an index of its own; the reverse reads the same index from its end."""

    columns: tuple[str, ...]
    backwards: bool = False

    @property
    def reversed_columns(self) -> list[str]:
        return [name[1:] if name[0] == "-" else f"-{name}" for name in self.columns]

    @property
    def read_columns(self) -> Sequence[str]:
        return self.reversed_columns if self.backwards else self.columns


TITLE = Order(("sort_title", "id"))
YEAR = Order(("-sort_year", "sort_title", "id"))
ADDED = Order(("-id",))
ORDERS = {
    "title": TITLE,
    "-title": Order(TITLE.columns, backwards=True),
    "-year": YEAR,
    "year": Order(YEAR.columns, backwards=True),
    "-added": ADDED,
    "added": Order(ADDED.columns, backwards=True),
}


class Plan(ABC):
    count: int
    kind: str = "exact"  # or "more": at least `count`; or "about"

    @property
    def reach(self) -> int:
        """How many rows can be paged through."""
        return self.count

    @abstractmethod
    def ids(self, start: int, stop: int) -> list[int]:
        """The ids at these positions."""

    @abstractmethod
    def following(self, pk: int) -> int | None:
        """The id after this one; None at the end, and where its place is not to be known.

        A record that no longer fits the filter has a place all the same, by its own values,
        where the plan is an order; nothing before that place is read.
        """


def read(rows: QuerySet[Any], order: Order, count: int, start: int, stop: int) -> list[int]:
    """Positions `start` to `stop` of `rows` in index order, skipping from the nearer end."""
    start, stop = max(start, 0), min(stop, count)
    if start >= stop:
        return []
    if start <= count - stop:
        return list(rows.order_by(*order.columns).values_list("id", flat=True)[start:stop])
    behind = rows.order_by(*order.reversed_columns).values_list("id", flat=True)
    return list(behind[count - stop : count - start])[::-1]


def behind(rows: QuerySet[Any], order: Order, pk: int, prefix: str = "") -> list[QuerySet[Any]]:
    """What stands behind a record in index order: one range of the index after the other.

    For (year, title, id): the same year and title, a later id; the same year, a later title; a
    later year. As one condition with OR, no index would find its beginning.
    """
    names = [name.lstrip("-") for name in order.columns]
    # Not of `rows`: the record may have left them.
    here = rows.model._base_manager.filter(pk=pk).order_by("pk").values(*names).first()
    if here is None:
        return []
    ranges = []
    for length in range(len(names), 0, -1):
        *same, name = names[:length]
        falling = order.read_columns[length - 1][0] == "-"
        found = rows.filter(**{f"{prefix}{each}": here[each] for each in same})
        found = found.filter(**{f"{prefix}{name}__{'lt' if falling else 'gt'}": here[name]})
        ordered = [f"{'-' * (c[0] == '-')}{prefix}{c.lstrip('-')}" for c in order.read_columns]
        ranges.append(found.order_by(*ordered))
    return ranges


def first_behind(rows: QuerySet[Any], order: Order, pk: int, prefix: str = "") -> int | None:
    for each in behind(rows, order, pk, prefix):
        for found in each.values_list("id", flat=True)[:1]:
            return int(found)
    return None


@dataclass(frozen=True)
class Mark:
    """A position of which we know which rows stand before it and which from it on."""

    position: int
    before: dict[str, Any]
    after: dict[str, Any]


Marks = Callable[[int], list[Mark]]


class OrderedPlan(Plan):
    """Rows that one index has in order: the whole table, or one value of an indexed column.

    Far positions are reached from a mark computed from the kept counts.
    """

    def __init__(
        self, rows: QuerySet[Any], order: Order, count: int, marks: Marks | None = None
    ) -> None:
        self.rows, self.order, self.count, self.marks = rows, order, count, marks

    def ids(self, start: int, stop: int) -> list[int]:
        stop = min(stop, self.count)
        if self.order.backwards:
            return self.forward(self.count - stop, self.count - start)[::-1]
        return self.forward(start, stop)

    def forward(self, start: int, stop: int) -> list[int]:
        if self.marks is None or min(start, self.count - stop) <= NEAR:
            return read(self.rows, self.order, self.count, start, stop)
        marks = self.marks(start)
        positions = [mark.position for mark in marks]
        left = bisect_right(positions, start) - 1
        right = bisect_left(positions, stop)
        skip_left = start - positions[left] if left >= 0 else start
        skip_right = positions[right] - stop if right < len(marks) else self.count - stop
        if skip_left <= skip_right:
            rows = self.rows.filter(**marks[left].after) if left >= 0 else self.rows
            ordered = rows.order_by(*self.order.columns).values_list("id", flat=True)
            return list(ordered[skip_left : skip_left + stop - start])
        rows = self.rows.filter(**marks[right].before) if right < len(marks) else self.rows
        ordered = rows.order_by(*self.order.reversed_columns).values_list("id", flat=True)
        return list(ordered[skip_right : skip_right + stop - start])[::-1]

    def following(self, pk: int) -> int | None:
        return first_behind(self.rows, self.order, pk)


def title_marks(position: int) -> list[Mark]:
    """Where each first letter begins, and within the one at `position` each three letters."""
    letters = sorted(kept.values("letter")["letter"].items())
    if not letters:
        return []
    begins = _begins(letters)
    at = max(0, bisect_right(begins, position) - 1)
    within = Tally.objects.filter(facet="title", count__gt=0, value__gte=letters[at][0])
    if at + 1 < len(letters):
        within = within.filter(value__lt=letters[at + 1][0])
    groups = sorted((value[:-1], count) for value, count in within.values_list("value", "count"))
    keys = [letter for letter, _count in letters]
    keys[at : at + 1] = [key for key, _count in groups]
    begins[at : at + 1] = [begins[at] + begin for begin in _begins(groups)]
    return [_title_mark(key, begin) for key, begin in zip(keys, begins, strict=True)]


def letter_marks(facet: str, value: str) -> Marks:
    """Where each first letter begins among the books of one value of a facet."""

    def marks(_position: int) -> list[Mark]:
        begin = f"{value}/"
        # From "eng/" to "eng0": the character after the slash.
        rows = Tally.objects.filter(facet=f"{facet}/", value__gte=begin, value__lt=f"{value}0")
        found = rows.filter(count__gt=0).values_list("value", "count")
        letters = sorted((name[len(begin) :], count) for name, count in found)
        begins = _begins(letters)
        return [
            _title_mark(letter, begin)
            for (letter, _count), begin in zip(letters, begins, strict=True)
        ]

    return marks


def _begins(counts: Sequence[tuple[Any, int]]) -> list[int]:
    """The position of the first row of each group."""
    return [0, *accumulate(count for _key, count in counts)][: len(counts)]


def _title_mark(key: str, position: int) -> Mark:
    if key.endswith(" "):
        # MariaDB takes a final space for none; the first character that can follow it is later.
        key += "!"
    return Mark(position, {"sort_title__lt": key}, {"sort_title__gte": key})


def year_marks(position: int) -> list[Mark]:
    """Where each decade begins, and within the one at `position` each year."""
    decades = sorted(
        ((int(decade), count) for decade, count in kept.values("decade")["decade"].items()),
        reverse=True,
    )
    if not decades:
        return []
    begins = _begins(decades)
    years = [UNKNOWN if decade == UNKNOWN else decade_span(decade)[1] for decade, _n in decades]
    at = max(0, bisect_right(begins, position) - 1)
    first, last = decade_span(decades[at][0])
    if first >= 1500:  # all that is older is few, and many years
        found = kept.of("year", map(str, range(first, last + 1))).items()
        groups = sorted(((int(year), count) for year, count in found if count), reverse=True)
        years[at : at + 1] = [year for year, _count in groups]
        begins[at : at + 1] = [begins[at] + begin for begin in _begins(groups)]
    return [
        Mark(begin, {"sort_year__gt": year}, {"sort_year__lte": year})
        for year, begin in zip(years, begins, strict=True)
    ]


def block_marks(_position: int) -> list[Mark]:
    blocks = sorted(((int(b), n) for b, n in kept.values("block")["block"].items()), reverse=True)
    begins = _begins(blocks)
    return [
        Mark(begin, {"id__gte": (block + 1) * BLOCK}, {"id__lt": (block + 1) * BLOCK})
        for (block, _count), begin in zip(blocks, begins, strict=True)
    ]


# For the list of all books in each order.
MARKS: dict[tuple[str, ...], Marks] = {
    TITLE.columns: title_marks,
    YEAR.columns: year_marks,
    ADDED.columns: block_marks,
}


class FixedPlan(Plan):
    """Few enough rows to know them all, in order."""

    def __init__(
        self, ids: Sequence[int], *, count: int | None = None, kind: str = "exact"
    ) -> None:
        self.all = ids
        self.count = len(ids) if count is None else count
        self.kind = kind

    @property
    def reach(self) -> int:
        return len(self.all)

    def ids(self, start: int, stop: int) -> list[int]:
        return list(self.all[start:stop])

    def following(self, pk: int) -> int | None:
        position = self.all.index(pk) + 1 if pk in self.all else self.reach
        return self.all[position] if position < self.reach else None


class SortedPlan(Plan):
    """Few enough rows to be fetched and sorted for every page."""

    def __init__(
        self, rows: QuerySet[Any], order: Order, count: int, *, kind: str = "exact"
    ) -> None:
        self.rows, self.order, self.count, self.kind = rows, order, count, kind

    def ids(self, start: int, stop: int) -> list[int]:
        columns = [
            unindexed(name.lstrip("-")).desc() if name[0] == "-" else unindexed(name).asc()
            for name in self.order.read_columns
        ]
        stop = min(stop, self.count)
        return list(self.rows.order_by(*columns).values_list("id", flat=True)[start:stop])

    def following(self, pk: int) -> int | None:
        names = [name.lstrip("-") for name in self.order.columns]
        rows = self.rows.alias(**{f"by_{name}": unindexed(name) for name in names})
        return first_behind(rows, self.order, pk, prefix="by_")


class WalkPlan(Plan):
    """Many of the rows that an index has in order: each is tried until the page is full."""

    def __init__(
        self, rows: QuerySet[Any], order: Order, count: int, *, kind: str = "exact", reach: int
    ) -> None:
        self.rows, self.order, self.count, self.kind = rows, order, count, kind
        self._reach = reach

    @property
    def reach(self) -> int:
        return min(self._reach, self.count)

    def ids(self, start: int, stop: int) -> list[int]:
        # The count may be an estimate: the end of the list is no place to count from.
        ordered = self.rows.order_by(*self.order.read_columns)
        return list(ordered.values_list("id", flat=True)[start:stop])

    def following(self, pk: int) -> int | None:
        return first_behind(self.rows, self.order, pk)


class TriedPlan(Plan):
    """Rows in an order, of which very many are wanted: some of them are looked at by hand.

    Where that does not fill the page, `otherwise` does; both give the same rows.
    """

    kind = "more"

    def __init__(
        self,
        rows: QuerySet[Any],
        order: Order,
        check: Callable[[list[int]], list[int]],
        otherwise: Plan,
    ) -> None:
        self.rows, self.order, self.check, self.otherwise = rows, order, check, otherwise
        self.count = otherwise.count

    def ids(self, start: int, stop: int) -> list[int]:
        ordered = self.rows.order_by(*self.order.read_columns).values_list("id", flat=True)
        found: list[int] = []
        begin = 0
        for end in TRIED:
            found += self.check(list(ordered[begin:end]))
            if len(found) >= stop:
                return found[start:stop]
            begin = end
        return self.otherwise.ids(start, stop)

    def following(self, pk: int) -> int | None:
        tried = 0
        for each in behind(self.rows, self.order, pk):
            ordered = each.values_list("id", flat=True)
            begin = 0
            for size in TRIED:
                ids = list(ordered[begin : begin + size])
                if found := self.check(ids):
                    return found[0]
                tried += len(ids)
                if len(ids) < size:
                    break  # on to the next range
                begin += size
                if tried >= TRIED[-1]:
                    return self.otherwise.following(pk)
        return None
