"""Keeps the word index, the kept counts and the catalogue's generation in step with the records.

Everything happens in the writer's transaction: a record and what is found of it are saved
together or not at all. Saving and deleting through the models calls this by signals; whoever
writes rows by other means calls it himself.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from catalog.models.author import Author
from catalog.models.book import Book, Contribution
from catalog.models.indexed import by_hand, deferred
from catalog.models.publisher import Publisher
from catalog.models.state import CatalogueState, Tally, changed
from catalog.search import spelling
from catalog.search.backends import backend
from catalog.search.base import AUTHORS, BOOKS, PUBLISHERS, SPELLING, TABLES
from catalog.search.documents import (
    Deltas,
    Document,
    NameDocument,
    book_counts,
    name_counts,
)
from catalog.text import chunks

__all__ = [
    "Document", "add_authors", "add_books", "add_publishers", "by_hand", "clear", "counted_once",
    "deferred", "index_books", "index_records",
]  # fmt: skip

BATCH = 2_000


def clear() -> None:
    """Forget everything: the first step of a rebuild, and what `flush` means for the index."""
    index = backend()
    with transaction.atomic():
        for table in TABLES:
            index.clear(table)
        index.run(f"DELETE FROM {SPELLING}")
        Tally.objects.all().delete()
        CatalogueState.objects.get_or_create(pk=1, defaults={"changed_at": timezone.now()})
    changed()


# --- What writers have in common -----------------------------------------------------------


class _Counts:
    """What is to be counted at the end."""

    def __init__(self) -> None:
        self.deltas: Deltas = Counter()
        self.shown: set[str] = set()  # publishers that have a count even where it is 0
        self.gone: set[str] = set()  # publishers that have none any more


_counts: ContextVar[_Counts | None] = ContextVar("counts", default=None)


@contextmanager
def counted_once() -> Iterator[None]:
    """All that is written inside is counted at its end, in one statement.

    The counts are what every writer touches. Taken last, they are held only for a moment; taken
    by everybody after the documents, nobody who waits for a document has them.
    """
    if _counts.get() is not None:
        yield
        return
    counts = _Counts()
    token = _counts.set(counts)
    try:
        yield
        deltas = {("publisher", value): 0 for value in counts.shown}
        deltas |= {key: change for key, change in counts.deltas.items() if change}
        if deltas:
            # In an order that is the same for every writer.
            backend().add_to_tallies([(*key, deltas[key]) for key in sorted(deltas)])
        if counts.gone:
            left = Tally.objects.filter(facet="publisher", value__in=counts.gone, count=0)
            left.delete()
    finally:
        _counts.reset(token)


def count(deltas: Deltas) -> None:
    """Add to the kept counts, now or at the end of `counted_once()`."""
    with counted_once():
        counts = _counts.get()
        assert counts is not None  # noqa: S101 - tells the type checker
        counts.deltas.update(deltas)


def _count_from_zero(publishers: Iterable[NameDocument], gone: Iterable[int] = ()) -> None:
    """A publisher without books stands in the list of publishers by books, too."""
    with counted_once():
        counts = _counts.get()
        assert counts is not None  # noqa: S101 - tells the type checker
        counts.shown.update(str(each.pk) for each in publishers)
        counts.gone.update(map(str, gone))


def index_records(ids: Mapping[str, Collection[int]]) -> None:
    """Write the documents of these records anew, and of the books of those who were renamed.

    Inside the writer's transaction, at its end. Everybody locks in the same order, so that two
    writers wait for each other instead of locking each other out: the records that were written,
    those that they refer to, then documents by their ids, then the counts.
    """
    backend().settle_references()
    with counted_once():
        books = set(ids.get("book", ()))
        if authors := ids.get("author"):
            renamed = _index_names(AUTHORS, authors, author_documents)
            books |= _keys(Contribution.objects.filter(author__in=renamed), "book_id")
        if publishers := ids.get("publisher"):
            renamed = _index_names(PUBLISHERS, publishers, publisher_documents)
            books |= _keys(Book.objects.filter(publisher__in=renamed), "pk")
        index_books(books)


def _keys(rows: QuerySet[Any], column: str) -> set[int]:
    return set(rows.order_by().values_list(column, flat=True))


# --- Books --------------------------------------------------------------------------------


def index_books(ids: Iterable[int]) -> None:
    """Write the documents of these books anew; forget those of books that are no more."""
    for batch in chunks(sorted(set(ids)), BATCH):
        with transaction.atomic(savepoint=False), counted_once():
            _replace(batch)
        changed()


def add_books(documents: Iterable[Document]) -> None:
    """Write documents of books that were just created: nothing is read back."""
    count(write_books(documents))


def write_books(documents: Iterable[Document]) -> Deltas:
    """The same without counting: returns what is to be counted."""
    deltas: Deltas = Counter()
    rows = [(document.book_id, document.words(), document.kept()) for document in documents]
    if rows:
        backend().add(BOOKS, rows)
        for pk, _words, kept in rows:
            deltas.update(book_counts(pk, kept))
    return deltas


def _replace(ids: list[int]) -> None:
    index = backend()
    deltas: Deltas = Counter()
    old = index.kept(BOOKS, ids, lock=True)
    for pk, kept in old.items():
        deltas.subtract(book_counts(pk, kept))
    # Read only now: whoever had the documents before us has committed what they tell.
    documents = book_documents(ids)
    rows = [(document.book_id, document.words(), document.kept()) for document in documents]
    for pk, _words, kept in rows:
        deltas.update(book_counts(pk, kept))
    index.replace(BOOKS, old.keys(), rows)
    count(deltas)


def book_documents(ids: list[int]) -> Iterator[Document]:
    """The documents of these books as the records are now; two queries."""
    people: dict[int, list[str]] = {}
    authors: dict[int, list[int]] = {}
    contributions = Contribution.objects.filter(book__in=ids).values_list(
        "book_id", "author_id", "author__name", "credited_as"
    )
    for book_id, author_id, name, credited_as in contributions.order_by("book_id", "position"):
        names = people.setdefault(book_id, [])
        names.append(name)
        if credited_as:
            names.append(credited_as)
        authors.setdefault(book_id, []).append(author_id)
    books = Book.objects.filter(pk__in=ids).order_by("pk")
    for row in books.values_list(
        "pk", "title", "subtitle", "publisher__name", "isbn", "language", "year", "publisher_id",
        "has_isbn", "isbn_repaired", "has_cover", "sort_title",
    ):  # fmt: skip
        (
            pk, title, subtitle, publisher, isbn, language, year, publisher_id,
            has_isbn, isbn_repaired, has_cover, sort_title,
        ) = row  # fmt: skip
        yield Document(
            book_id=pk,
            title=title,
            subtitle=subtitle,
            people=people.get(pk, []),
            publisher=publisher or "",
            isbn=isbn,
            language=language,
            year=year,
            publisher_id=publisher_id,
            has_isbn=has_isbn,
            isbn_repaired=isbn_repaired,
            has_cover=has_cover,
            author_ids=authors.get(pk, []),
            sort_title=sort_title,
        )


# --- Authors and publishers ---------------------------------------------------------------


def add_authors(authors: Iterable[Author]) -> None:
    """Write documents of authors that were just created."""
    add_names(AUTHORS, [author_document(author) for author in authors])


def add_publishers(publishers: Iterable[Publisher]) -> None:
    """Write documents of publishers that were just created."""
    add_names(PUBLISHERS, [publisher_document(publisher) for publisher in publishers])


def author_document(author: Author) -> NameDocument:
    text = author.name
    if author.sort_name and author.sort_name != author.name:
        text += f" {author.sort_name}"
    return NameDocument(author.pk, text, "kind", author.kind)


def publisher_document(publisher: Publisher) -> NameDocument:
    return NameDocument(publisher.pk, publisher.name, "country", publisher.country)


def author_documents(ids: list[int]) -> Iterator[NameDocument]:
    fields = Author.objects.only("name", "sort_name", "kind")
    return map(author_document, fields.filter(pk__in=ids).order_by("pk"))


def publisher_documents(ids: list[int]) -> Iterator[NameDocument]:
    fields = Publisher.objects.only("name", "country")
    return map(publisher_document, fields.filter(pk__in=ids).order_by("pk"))


def add_names(table: str, documents: list[NameDocument]) -> None:
    """Write documents of authors or publishers that have none."""
    count(write_names(table, documents))
    changed()


def write_names(table: str, documents: list[NameDocument]) -> Deltas:
    """The same without counting: returns what is to be counted."""
    deltas: Deltas = Counter()
    if documents:
        _add_names(table, documents)
        for each in documents:
            deltas[name_counts(each.facet, each.kept())] += 1
        if table == PUBLISHERS:
            _count_from_zero(documents)
    return deltas


def _index_names(
    table: str, ids: Collection[int], read: Callable[[list[int]], Iterator[NameDocument]]
) -> list[int]:
    """Write what differs; returns the records whose name is not what it was."""
    renamed: list[int] = []
    for batch in chunks(sorted(ids), BATCH):
        renamed += _replace_names(table, batch, read)
    return renamed


def _replace_names(
    table: str, ids: list[int], read: Callable[[list[int]], Iterator[NameDocument]]
) -> list[int]:
    facet = "kind" if table == AUTHORS else "country"
    index = backend()
    old = index.kept(table, ids, lock=True)
    new = {document.pk: document for document in read(ids)}
    stale = [pk for pk, kept in old.items() if pk not in new or new[pk].kept() != kept]
    fresh = [document for document in new.values() if old.get(document.pk) != document.kept()]
    deltas: Deltas = Counter()
    for pk in stale:
        deltas[name_counts(facet, old[pk])] -= 1
    for document in fresh:
        deltas[name_counts(facet, document.kept())] += 1
    rows = [(document.pk, document.words(), document.kept()) for document in fresh]
    index.replace(table, stale, rows)
    spelling.add(table, (words for _pk, words, _kept in rows))
    count(deltas)
    if table == PUBLISHERS:
        _count_from_zero(fresh, gone=(pk for pk in stale if pk not in new))
    changed()
    return [pk for pk in stale if pk in new and new[pk].text != old[pk].partition("|")[2]]


def _add_names(table: str, documents: list[NameDocument]) -> None:
    rows = [(each.pk, each.words(), each.kept()) for each in documents]
    backend().add(table, rows)
    spelling.add(table, (words for _pk, words, _kept in rows))
