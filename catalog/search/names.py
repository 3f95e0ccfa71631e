"""The lists of authors and of publishers: by name, by what they are, by a search for a name."""

from collections.abc import Sequence
from typing import Any

from django.db.models import CharField, Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast

from catalog.models.author import Author
from catalog.models.book import Contribution
from catalog.models.publisher import Publisher
from catalog.models.state import Tally
from catalog.search import kept
from catalog.search.backends import backend
from catalog.search.base import AUTHORS, PUBLISHERS
from catalog.search.documents import LONGEST_COUNTED, name_token
from catalog.search.listings import EXACT, LAST, Listing
from catalog.search.plans import FixedPlan, Order, OrderedPlan, Plan, first_behind
from catalog.search.query import Query

AUTHOR_ORDER = Order(("sort_key", "id"))
PUBLISHER_ORDER = Order(("name_key", "id"))
MOST_ORDER = Order(("-count", "id"))  # of the kept counts


class MostPlan(Plan):
    """Publishers with the most books first: the kept counts, which have an index by count."""

    def __init__(self, count: int) -> None:
        self.count = count

    def ids(self, start: int, stop: int) -> list[int]:
        rows = Tally.objects.filter(facet="publisher").exclude(value="")
        found = rows.order_by("-count", "id").values_list("value", flat=True)[start:stop]
        return [int(value) for value in found]

    def following(self, pk: int) -> int | None:
        rows = Tally.objects.filter(facet="publisher").exclude(value="")
        here = rows.filter(value=str(pk)).values_list("pk", flat=True).first()
        found = None if here is None else first_behind(rows, MOST_ORDER, here)
        return None if found is None else int(rows.get(pk=found).value)


class AuthorListing(Listing[Author]):
    def __init__(
        self,
        queryset: QuerySet[Author],
        *,
        kind: str = "",
        query: Query | None = None,
        sort: str = "",
    ) -> None:
        super().__init__(queryset)
        self.kind, self.query, self.sort = kind, query or Query(), sort

    def make_plan(self) -> Plan:
        order = Order(AUTHOR_ORDER.columns, backwards=self.sort == "-name")
        condition = Q(kind=self.kind) if self.kind else Q()
        if not self.query:
            count = kept.total("kind", self.kind) if self.kind else kept.whole("kind")
            return OrderedPlan(Author.objects.filter(condition), order, count)
        if not self.query.all_words:
            return FixedPlan([])  # signs or an ISBN: no name has them
        tokens = [name_token("kind", self.kind)] if self.kind else []
        hits = backend().match(
            AUTHORS, [*self.query.words, *tokens], self.query.prefix, limit=EXACT + 1
        )
        return name_plan(Author.objects.filter(condition), order, self.query, hits)

    def load(self, ids: Sequence[int]) -> list[Author]:
        """The authors, each with `book_count`: one grouped query for all of them."""
        authors = super().load(ids)
        counts = dict(
            Contribution.objects.filter(author__in=ids)
            .values_list("author")
            .annotate(Count("book", distinct=True))
            .order_by()
        )
        for author in authors:
            author.book_count = counts.get(author.pk, 0)
        return authors


class PublisherListing(Listing[Publisher]):
    def __init__(
        self,
        queryset: QuerySet[Publisher],
        *,
        country: str = "",
        query: Query | None = None,
        sort: str = "",
    ) -> None:
        super().__init__(queryset)
        self.country, self.query, self.sort = country, query or Query(), sort

    def make_plan(self) -> Plan:
        order = Order(PUBLISHER_ORDER.columns, backwards=self.sort == "-name")
        condition = Q(country=self.country) if self.country else Q()
        if not self.query:
            country = self.country
            count = self.counted(country) if country else kept.whole("country")
            if self.sort == "-books" and not country:
                return MostPlan(count)
            if self.sort == "-books":
                return FixedPlan(self.by_books(Publisher.objects.filter(condition)))
            return OrderedPlan(Publisher.objects.filter(condition), order, count)
        if not self.query.all_words:
            return FixedPlan([])
        tokens = [name_token("country", self.country)] if self.country else []
        hits = backend().match(
            PUBLISHERS, [*self.query.words, *tokens], self.query.prefix, limit=EXACT + 1
        )
        if self.sort == "-books" and len(hits) <= EXACT:
            return FixedPlan(self.by_books(Publisher.objects.filter(pk__in=hits)))
        return name_plan(Publisher.objects.filter(condition), order, self.query, hits)

    def counted(self, country: str) -> int:
        """Two long names that begin alike share a kept count: their publishers are counted."""
        if len(country) < LONGEST_COUNTED and "|" not in country and "/" not in country:
            return kept.total("country", country)
        return Publisher.objects.filter(country=country).count()

    def by_books(self, rows: QuerySet[Publisher]) -> list[int]:
        """Some publishers, those with the most books first."""
        mine = Tally.objects.filter(
            facet="publisher", value=Cast(OuterRef("pk"), CharField(max_length=20))
        )
        counted = rows.annotate(books_kept=Subquery(mine.values("count")))
        return list(counted.order_by("-books_kept", "name_key").values_list("pk", flat=True))

    def load(self, ids: Sequence[int]) -> list[Publisher]:
        """The publishers, each with `book_count`: kept, not counted."""
        publishers = super().load(ids)
        counts = kept.of("publisher", map(str, ids))
        for publisher in publishers:
            publisher.book_count = counts.get(str(publisher.pk), 0)
        return publishers


def name_plan(rows: QuerySet[Any], order: Order, query: Query, hits: list[int]) -> Plan:
    """Names found by a search: those that begin with the text first, then by name."""
    column = order.columns[0]
    if len(hits) > EXACT:
        begins = {f"{column}__gte": query.key, f"{column}__lt": query.key + LAST}
        ordered = rows.filter(**begins).order_by(column, "id")
        first = list(ordered.values_list("pk", flat=True)[:EXACT])
        seen = set(first)
        return FixedPlan([*first, *(pk for pk in hits if pk not in seen)][:EXACT], kind="more")
    found = list(rows.filter(pk__in=hits).values_list(column, "pk"))
    found.sort(reverse=order.backwards)
    if not order.backwards:
        found.sort(key=lambda row: not row[0].startswith(query.key))
    return FixedPlan([pk for _key, pk in found])
