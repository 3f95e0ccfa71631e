"""What a person asked for, as the rows of a page.

A listing stands where a `ListView` and its paginator expect a queryset: it has a model, a count
and slices. It finds ids by the plan that suits the question and then loads those rows only.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from catalog.models.book import Book, Contribution
from catalog.search import kept
from catalog.search.backends import backend
from catalog.search.base import BOOKS
from catalog.search.filters import Filter
from catalog.search.plans import (
    ORDERS,
    TITLE,
    FixedPlan,
    OrderedPlan,
    Plan,
    SortedPlan,
    WalkPlan,
    WholePlan,
    unindexed,
)
from catalog.search.query import Query

EXACT = 1_000  # hits of a search that are counted, ranked and paged through
SMALL = 50_000  # books of a catalogue in which counting anything is cheap
SORTABLE = 20_000  # rows that are sorted on the way to a page
FAR = 10_000  # rows that are paged through when several filters leave more than can be counted

LAST = "\U0010ffff"  # after every letter

M = TypeVar("M", bound=Model)


class Listing(Generic[M]):
    """The rows of a list, in order, without having them."""

    ordered = True

    def __init__(self, queryset: QuerySet[M]) -> None:
        self.queryset = queryset
        self.model: type[M] = queryset.model

    @cached_property
    def plan(self) -> Plan:
        if self.queryset.query.is_empty():
            return FixedPlan([])
        return self.make_plan()

    def make_plan(self) -> Plan:
        raise NotImplementedError

    def count(self) -> int:
        return self.plan.count

    def __len__(self) -> int:
        return self.plan.reach

    def __getitem__(self, wanted: slice) -> list[M]:
        start, stop, _step = wanted.indices(self.plan.reach)
        return self.load(self.plan.ids(start, stop))

    def load(self, ids: Sequence[int]) -> list[M]:
        """The records with these ids, in this order; those that are gone are left out."""
        found: dict[Any, M] = {row.pk: row for row in self.queryset.filter(pk__in=ids).order_by()}
        return [found[pk] for pk in ids if pk in found]


class BookListing(Listing[Book]):
    def __init__(
        self,
        queryset: QuerySet[Book],
        *,
        filters: Iterable[Filter] = (),
        query: Query | None = None,
        sort: str = "",
    ) -> None:
        super().__init__(queryset)
        self.filters = list(filters)
        self.query = query or Query()
        self.sort = sort

    def make_plan(self) -> Plan:
        order = ORDERS.get(self.sort, TITLE)
        if self.query:
            return self.search_plan()
        if not self.filters:
            return WholePlan(Book.objects.all(), order, kept.total())
        if len(self.filters) == 1 and self.filters[0].tally:
            return self.facet_plan(self.filters[0])
        return self.several_plan()

    def facet_plan(self, only: Filter) -> Plan:
        """One filter with a kept count: its own index has it in title order."""
        order = ORDERS.get(self.sort, TITLE)
        assert only.tally is not None  # noqa: S101
        count = kept.total(*only.tally)
        rows = Book.objects.filter(only.condition)
        if order.columns == TITLE.columns:
            return OrderedPlan(rows, order, count)
        if count <= SORTABLE:
            return SortedPlan(rows, order, count)
        return WalkPlan(
            self.walked([only]), order, count, kind="exact", reach=FAR if count > SMALL else count
        )

    def several_plan(self) -> Plan:
        """Filters together (or an author's books): counted by the index if they are few."""
        order = ORDERS.get(self.sort, TITLE)
        hits = self.hits()
        if len(hits) <= EXACT:
            return FixedPlan(self.sorted(hits))
        rows = self.walked(self.filters)
        total = kept.total()
        if total <= SMALL:
            return WalkPlan(rows, order, rows.count(), kind="exact", reach=total)
        if len(self.filters) == 1:  # an author
            return WalkPlan(rows, order, rows.count(), kind="exact", reach=FAR)
        return WalkPlan(rows, order, self.estimate(total), kind="about", reach=FAR)

    def search_plan(self) -> Plan:
        hits = self.hits()
        if len(hits) <= EXACT:
            return FixedPlan(self.sorted(hits) if self.sort in ORDERS else self.ranked(hits))
        if self.sort in ORDERS:
            rows = Book.objects.filter(pk__in=self.hits(limit=SORTABLE))
            plan = SortedPlan(rows, ORDERS[self.sort], EXACT)
            return FixedPlan(plan.ids(0, EXACT), kind="more")
        first = self.titles_first()
        seen = set(first)
        return FixedPlan([*first, *(pk for pk in hits if pk not in seen)][:EXACT], kind="more")

    # --- Finding ids ----------------------------------------------------------------------

    @property
    def condition(self) -> Q:
        condition = Q()
        for each in self.filters:
            condition &= each.condition
        return condition

    def hits(self, limit: int = EXACT + 1) -> list[int]:
        """The books that were asked for, at most `limit`, in no particular order."""
        tokens = [each.token for each in self.filters]
        query, index = self.query, backend()
        ids: list[int] = []
        if query.isbns:
            rows = Book.objects.filter(self.condition, isbn__in=query.isbns)
            ids = list(rows.values_list("pk", flat=True)[:limit])
        if query.number:
            ids += index.match(BOOKS, [query.number, *tokens], limit=limit)
            return list(dict.fromkeys([*ids, *self.numbered(limit)]))[:limit]
        if query.isbns:
            if ids and query.all_words:
                ids = index.match(BOOKS, query.words, query.prefix, limit=limit, within=ids)
            return ids
        if query and not query.all_words:
            return self.titles_first(limit)
        return index.match(BOOKS, [*query.words, *tokens], query.prefix, limit=limit)

    def numbered(self, limit: int) -> list[int]:
        """Books whose ISBN begins with the digits in the box, with or without its 978."""
        begins = (self.query.number, f"978{self.query.number}")
        rows = [
            Book.objects.filter(self.condition, isbn__gte=begin, isbn__lt=begin + ":")
            .order_by("isbn")
            .values_list("pk", flat=True)[:limit]
            for begin in begins
        ]
        return [pk for some in rows for pk in some]

    def titles_first(self, limit: int = EXACT) -> list[int]:
        """Books whose title begins with the text, in title order."""
        key = self.query.key
        rows = Book.objects.filter(self.condition, sort_title__gte=key, sort_title__lt=key + LAST)
        ids = list(rows.order_by("sort_title", "id").values_list("pk", flat=True)[:limit])
        if set(self.query.all_words) <= set(key.split()):
            return ids
        # An article was dropped from the text: the title need not have it.
        words, prefix = self.query.words, self.query.prefix
        within = set(backend().match(BOOKS, words, prefix, limit=limit, within=ids[:100]))
        return [pk for pk in ids if pk in within]

    def walked(self, filters: Iterable[Filter]) -> QuerySet[Book]:
        """Rows tried one by one: conditions that keep the planner on the order's index."""
        rows = Book.objects.all()
        for each in filters:
            if each.facet == "author":
                credits = Contribution.objects.filter(book=OuterRef("pk"), author=int(each.value))
                rows = rows.filter(Exists(credits))
            else:
                (column, value), *_ = each.where.items()
                rows = rows.alias(**{f"_{column}": unindexed(column)}).filter(
                    **{f"_{column}": value}
                )
        return rows

    # --- Ordering a few -------------------------------------------------------------------

    def sorted(self, ids: list[int]) -> list[int]:
        order = ORDERS.get(self.sort, TITLE)
        rows = list(Book.objects.filter(pk__in=ids).values_list("sort_title", "id", "sort_year"))
        if order.columns == TITLE.columns:
            rows.sort(key=lambda row: row[:2], reverse=order.backwards)
        elif order.columns[0] == "-sort_year":
            rows.sort(key=lambda row: (-row[2], *row[:2]), reverse=order.backwards)
        else:
            rows.sort(key=lambda row: -row[1], reverse=order.backwards)
        return [row[1] for row in rows]

    def ranked(self, ids: list[int]) -> list[int]:
        """Best first: the very title, titles that begin so, titles with all words, the rest."""
        rows = Book.objects.filter(pk__in=ids).values_list("sort_title", "id")
        return [row[1] for row in sorted(rows, key=lambda row: (self.tier(row[0]), row))]

    def tier(self, title: str) -> int:
        query = self.query
        if title == query.key:
            return 0
        if title.startswith(query.key):
            return 1
        found = title.split()
        if all(word in found for word in query.words) and (
            not query.prefix or any(word.startswith(query.prefix) for word in found)
        ):
            return 2
        return 3

    def estimate(self, total: int) -> int:
        """About how many books: as if the filters had nothing to do with each other."""
        share = 1.0
        least = total
        for each in self.filters:
            if each.tally:
                count = kept.total(*each.tally)
                share *= count / total
                least = min(least, count)
        return max(EXACT + 1, min(least, round(total * share)))
