"""Keeps the word index, the kept counts and the catalogue's generation in step with the records.

Everything happens in the writer's transaction: a record and what is found of it are saved
together or not at all. Saving and deleting through the models calls this by signals; whoever
writes rows by other means calls it himself.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from django.db import transaction
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
    "Document", "add_authors", "add_books", "add_publishers", "by_hand", "clear", "deferred",
    "index_authors", "index_books", "index_publishers", "remove_books",
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


# --- Books --------------------------------------------------------------------------------


def index_books(ids: Iterable[int]) -> None:
    """Write the documents of these books anew; forget those of books that are no more."""
    for batch in chunks(sorted(set(ids)), BATCH):
        with transaction.atomic():
            _replace(batch, list(book_documents(batch)))
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


def remove_books(ids: Iterable[int]) -> None:
    """Forget these books."""
    for batch in chunks(sorted(set(ids)), BATCH):
        with transaction.atomic():
            _replace(batch, [])
        changed()


def _replace(ids: list[int], documents: list[Document]) -> None:
    index = backend()
    deltas: Deltas = Counter()
    old = index.kept(BOOKS, ids)
    for pk, kept in old.items():
        deltas.subtract(book_counts(pk, kept))
    if old:
        index.remove(BOOKS, list(old))
    rows = [(document.book_id, document.words(), document.kept()) for document in documents]
    for pk, _words, kept in rows:
        deltas.update(book_counts(pk, kept))
    if rows:
        index.add(BOOKS, rows)
    count(deltas)


def count(deltas: Deltas) -> None:
    """Add to the kept counts, in an order that is the same for every writer."""
    changes = [
        (facet, value, change) for (facet, value), change in sorted(deltas.items()) if change
    ]
    if changes:
        backend().add_to_tallies(changes)


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


def index_authors(ids: Iterable[int]) -> None:
    """Write the documents of these authors anew, and of their books where a name changed."""
    for batch in chunks(sorted(set(ids)), BATCH):
        renamed = _replace_names(AUTHORS, batch, list(author_documents(batch)))
        _index_books_of(Contribution.objects.filter(author__in=renamed).values_list("book_id"))


def index_publishers(ids: Iterable[int]) -> None:
    """Write the documents of these publishers anew, and of their books where a name changed."""
    for batch in chunks(sorted(set(ids)), BATCH):
        renamed = _replace_names(PUBLISHERS, batch, list(publisher_documents(batch)))
        _index_books_of(Book.objects.filter(publisher__in=renamed).values_list("pk"))


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


def _index_books_of(rows: Iterable[tuple[int]]) -> None:
    index_books(pk for (pk,) in rows)


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


def _replace_names(table: str, ids: list[int], documents: list[NameDocument]) -> list[int]:
    """Write what differs; returns the records whose name is not what it was."""
    facet = "kind" if table == AUTHORS else "country"
    index = backend()
    old = index.kept(table, ids)
    new = {document.pk: document for document in documents}
    stale = [pk for pk, kept in old.items() if pk not in new or new[pk].kept() != kept]
    fresh = [document for document in documents if old.get(document.pk) != document.kept()]
    deltas: Deltas = Counter()
    for pk in stale:
        deltas[name_counts(facet, old[pk])] -= 1
    for document in fresh:
        deltas[name_counts(facet, document.kept())] += 1
    if stale:
        index.remove(table, stale)
    if fresh:
        _add_names(table, fresh)
    count(deltas)
    if table == PUBLISHERS:
        _count_from_zero(fresh)
        gone = [str(pk) for pk in stale if pk not in new]
        Tally.objects.filter(facet="publisher", value__in=gone, count=0).delete()
    changed()
    return [pk for pk in stale if pk in new and new[pk].text != old[pk].partition("|")[2]]


def _add_names(table: str, documents: list[NameDocument]) -> None:
    rows = [(each.pk, each.words(), each.kept()) for each in documents]
    backend().add(table, rows)
    spelling.add(table, (words for _pk, words, _kept in rows))


def _count_from_zero(publishers: list[NameDocument]) -> None:
    """A publisher without books stands in the list of publishers by books, too."""
    if publishers:
        backend().add_to_tallies(
            [("publisher", value, 0) for value in sorted(str(each.pk) for each in publishers)]
        )
