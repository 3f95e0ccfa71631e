"""What a person asked for, as the rows of a page.

A listing stands where a `ListView` and its paginator expect a queryset: it has a model, a count
and slices. It finds ids by the plan that suits the question and then loads those rows only.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from math import prod
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

from catalog.models.book import UNKNOWN, Book, Contribution, decade_span
from catalog.search import kept
from catalog.search.backends import backend
from catalog.search.base import BOOKS
from catalog.search.filters import Filter
from catalog.search.plans import (
    MARKS,
    ORDERS,
    TITLE,
    YEAR,
    FixedPlan,
    Order,
    OrderedPlan,
    Plan,
    SortedPlan,
    TriedPlan,
    WalkPlan,
    letter_marks,
    unindexed,
)
from catalog.search.query import Query

EXACT = 1_000  # hits of a search that are counted, ranked and paged through
SMALL = 50_000  # books of a catalogue in which counting anything is cheap
LISTED = 2_000  # books of one filter that are read whole
SORTABLE = 20_000  # rows that are sorted on the way to a page
FAR = 5_000  # rows that are paged through when several filters leave more than can be counted

EVERY = 2**31 - 1  # hits of a search that are changed together
CHECKED = 200  # titles that begin with a text whose article was dropped

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

    def following(self, pk: int) -> int | None:
        """The record after this one, for going through the list one by one; nothing is scanned.

        None at the end. A record that a change has moved goes on from where it stands now.
        """
        return self.plan.following(pk)

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
        summary: kept.Summary | None = None,
    ) -> None:
        super().__init__(queryset)
        self.filters = list(filters)
        self._summary = summary
        self.query = query or Query()
        self.sort = sort

    @cached_property
    def summary(self) -> kept.Summary:
        return self._summary or kept.summary()

    def counted(self, each: Filter) -> int:
        return self.summary.count(*each.tally) if each.tally else 0

    def make_plan(self) -> Plan:
        if self.query:
            return self.search_plan()
        if not self.filters:
            marks = MARKS[self.order.columns]
            return OrderedPlan(Book.objects.all(), self.order, self.summary.books, marks)
        if len(self.filters) == 1 and self.filters[0].tally:
            return self.facet_plan(self.filters[0])
        return self.several_plan()

    def facet_plan(self, only: Filter) -> Plan:
        """One filter with a kept count: its own index has it in title order."""
        count = self.counted(only)
        rows = Book.objects.filter(only.condition)
        if self.order.columns == TITLE.columns:
            marks = None if only.facet == "publisher" else letter_marks(*(only.tally or ("", "")))
            return OrderedPlan(rows, self.order, count, marks)
        if count <= SORTABLE:
            return SortedPlan(rows, self.order, count)
        return WalkPlan(self.tried([only]), self.order, count, reach=FAR)

    def several_plan(self) -> Plan:
        """Filters together, or an author's books: known exactly if they are few."""
        credited = self.credited()
        if credited is not None:
            return FixedPlan(self.sorted(credited))
        counted = [each for each in self.filters if each.tally]
        if len(counted) < len(self.filters):
            # An author of thousands of books: all of them can still be sorted.
            mine: QuerySet[Book] = Book.objects.filter(self.condition)
            return SortedPlan(mine, self.order, mine.count())
        least = min(counted, key=self.counted)
        rest = [each for each in counted if each is not least]
        # The filter that leaves the fewest has its books in title order; the others are tried.
        rows = self.tried(rest, Book.objects.filter(least.condition))
        if self.counted(least) <= LISTED:
            return FixedPlan(SortedPlan(rows, self.order, LISTED).ids(0, LISTED))
        count = self.estimated()
        if count is None:
            hits = self.hits()
            if len(hits) <= EXACT:
                return FixedPlan(self.sorted(hits))
            count = self.guessed()
        kind = "about"
        if self.summary.books <= SMALL:
            count, kind = Book.objects.filter(self.condition).count(), "exact"
        if self.order.columns == TITLE.columns:
            return WalkPlan(rows, self.order, count, kind=kind, reach=FAR)
        if self.counted(least) <= SORTABLE:
            return FixedPlan(SortedPlan(rows, self.order, SORTABLE).ids(0, SORTABLE))
        return WalkPlan(self.tried(counted), self.order, count, kind=kind, reach=FAR)

    def estimated(self) -> int | None:
        """About how many books the filters leave, by a sample; None for too few to tell."""
        share = backend().share(BOOKS, self.tokens)
        count = round((share or 0) * self.summary.books)
        return count if count >= 4 * EXACT else None

    def guessed(self) -> int:
        """About how many: as if the filters had nothing to do with each other."""
        total = self.summary.books
        counts = [self.counted(each) for each in self.filters]
        share = prod(count / total for count in counts) if total else 0
        return max(EXACT + 1, min(*counts, round(total * share)))

    def search_plan(self) -> Plan:
        hits = self.hits()
        if len(hits) <= EXACT:
            return FixedPlan(self.sorted(hits) if self.sort in ORDERS else self.ranked(hits))
        if self.sort in ORDERS:
            return self.sorted_search_plan()
        first = self.titles_first()
        seen = set(first)
        return FixedPlan([*first, *(pk for pk in hits if pk not in seen)][:EXACT], kind="more")

    def sorted_search_plan(self) -> Plan:
        """More hits than are ranked, in an order that was asked for: right, but not as quick."""
        if self.query.isbns or self.query.number:
            numbered = Book.objects.filter(pk__in=self.hits(limit=SORTABLE))
            return SortedPlan(numbered, self.order, EXACT, kind="more")
        index = backend()
        books = Book.objects.all()
        rows = index.among(books, BOOKS, self.tokens, self.query.prefix)
        walk = WalkPlan(rows, self.order, EXACT, kind="more", reach=EXACT)
        words, prefix = self.tokens, self.query.prefix
        return TriedPlan(
            books, self.order, lambda ids: index.having(BOOKS, ids, words, prefix), walk
        )

    def every(self) -> Iterable[int]:
        """All books that fit, by their numbers, however many; in no order that counts.

        For changing them together: unlike a page, this reads the whole filter.
        """
        if self.queryset.query.is_empty():
            return ()
        if self.query:
            return self.hits(limit=EVERY)
        rows = Book.objects.filter(self.condition).order_by("pk").values_list("pk", flat=True)
        return rows.iterator(chunk_size=10_000)

    def number(self) -> int:
        """How many `every()` gives, counted."""
        if self.query or self.queryset.query.is_empty():
            return len(list(self.every()))
        return Book.objects.filter(self.condition).count()

    @property
    def order(self) -> Order:
        return ORDERS.get(self.sort, TITLE)

    # --- Finding ids ----------------------------------------------------------------------

    @property
    def condition(self) -> Q:
        condition = Q()
        for each in self.filters:
            condition &= each.condition
        return condition

    @property
    def tokens(self) -> list[str]:
        return [*self.query.words, *(each.token for each in self.filters)]

    def hits(self, limit: int = EXACT + 1) -> list[int]:
        """The books that were asked for, at most `limit`, in no particular order."""
        query, index = self.query, backend()
        if query and not query.all_words and not query.isbns:
            return self.titles_first(limit)  # only punctuation
        ids: list[int] = []
        if query.isbns:
            rows = Book.objects.filter(self.condition, isbn__in=query.isbns)
            ids = list(rows.values_list("pk", flat=True)[:limit])
        if query.number:
            words = [query.number, *(each.token for each in self.filters)]
            ids += index.match(BOOKS, words, limit=limit)
            return list(dict.fromkeys([*ids, *self.numbered(limit)]))[:limit]
        if query.isbns and not (ids and query.all_words):
            return ids
        if query.isbns:
            return index.having(BOOKS, ids, query.words, query.prefix)
        return index.match(BOOKS, self.tokens, query.prefix, limit=limit)

    def credited(self) -> list[int] | None:
        """The books of the author asked for, if there is one and they are not too many.

        Other filters are tried on them; the index of words has no quicker way.
        """
        authors = [each for each in self.filters if each.facet == "author"]
        if not authors:
            return None
        works = Contribution.objects.filter(author=int(authors[0].value)).order_by("book")
        ids = list(works.values_list("book", flat=True)[: LISTED + 1])
        if len(ids) > LISTED:
            return None
        if len(self.filters) > 1:
            return list(Book.objects.filter(self.condition).values_list("pk", flat=True))
        return list(dict.fromkeys(ids))  # in two roles it would be there twice

    def numbered(self, limit: int) -> list[int]:
        """Books whose ISBN begins with the digits in the box, with or without its 978."""
        begins = [begin[:13] for begin in (self.query.number, f"978{self.query.number}")]
        rows = [
            # Digits only, 13 of them: every collation agrees on their order.
            Book.objects.filter(
                self.condition, isbn__gte=begin.ljust(13, "0"), isbn__lte=begin.ljust(13, "9")
            )
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
        return backend().having(BOOKS, ids[:CHECKED], self.query.words, self.query.prefix)

    def tried(
        self, filters: Iterable[Filter], rows: QuerySet[Book] | None = None
    ) -> QuerySet[Book]:
        """Conditions that no index serves: each row of an ordered index is tried with them."""
        rows = Book.objects.all() if rows is None else rows
        for each in filters:
            name = f"_{each.column}"
            rows = rows.alias(**{name: unindexed(each.column)})
            rows = rows.filter(**{f"{name}__in": (each.wanted,)})
            if (
                each.facet == "decade"
                and each.wanted != UNKNOWN
                and self.order.columns == YEAR.columns
            ):
                rows = rows.filter(sort_year__range=decade_span(each.wanted))
        return rows

    # --- Ordering a few -------------------------------------------------------------------

    def sorted(self, ids: list[int]) -> list[int]:
        order = self.order
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
