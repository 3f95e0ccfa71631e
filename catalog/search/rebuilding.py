"""The index from the records, all of it, whatever it holds now; in constant memory."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from django.db import models

from catalog.models.author import Author
from catalog.models.book import Book
from catalog.models.publisher import Publisher
from catalog.models.state import Tally
from catalog.search import indexing, spelling
from catalog.search.backends import backend
from catalog.search.base import AUTHORS, BOOKS, PUBLISHERS
from catalog.search.documents import Deltas, Document, book_counts, name_counts

BATCH = 2_000
MOST_DIFFERENCES = 1_000  # told one by one

Read = Callable[[list[int]], Iterable[Any]]
SOURCES: dict[str, tuple[type[models.Model], Read]] = {
    AUTHORS: (Author, indexing.author_documents),
    PUBLISHERS: (Publisher, indexing.publisher_documents),
    BOOKS: (Book, indexing.book_documents),
}


def rebuild() -> dict[str, int]:
    """Write everything anew in one transaction: pages show the old until it commits."""
    done: dict[str, int] = {}
    with backend().rebuilding():
        indexing.clear()
        # Counted at the end: every batch adds to the same counts, and PostgreSQL would walk
        # through all their earlier versions of this transaction each time.
        deltas: Deltas = Counter()
        for table, (model, read) in SOURCES.items():
            number = 0
            for ids in batches(model):
                documents = list(read(ids))
                number += len(documents)
                if table == BOOKS:
                    deltas.update(indexing.write_books(documents))
                else:
                    deltas.update(indexing.write_names(table, documents))
            done[str(model._meta.verbose_name_plural)] = number
        indexing.count(deltas)
    backend().tidy()
    return done


def batches(model: type[models.Model]) -> Iterator[list[int]]:
    """The primary keys of a table, some at a time, each batch a short query of its own."""
    last = 0
    keys = model._default_manager.order_by("pk").values_list("pk", flat=True)
    while batch := list(keys.filter(pk__gt=last)[:BATCH]):
        yield batch
        last = batch[-1]


def differences() -> Iterator[str]:
    """Sentences about where index or counts are not what the records say."""
    yield from islice(_documents(), MOST_DIFFERENCES)
    yield from islice(_words(), MOST_DIFFERENCES)
    yield from islice(_counts(), MOST_DIFFERENCES)


def _documents() -> Iterator[str]:
    index = backend()
    for table, (model, read) in SOURCES.items():
        name = model._meta.verbose_name
        known = 0
        for ids in batches(model):
            kept = index.kept(table, ids)
            words = index.words(table, ids)
            known += len(kept)
            for document in read(ids):
                pk = document.book_id if isinstance(document, Document) else document.pk
                if pk not in kept:
                    yield f"{name} {pk} is not in the index."
                elif kept[pk] != document.kept() or words[pk] != index.encoded(document.words()):
                    yield f"{name} {pk} is indexed as it was before."
        extra = index.size(table) - known
        if extra:
            yield f"The index has {extra:,} documents of {name} records that are no more."


def _words() -> Iterator[str]:
    """Words that names have and misspelled ones are not compared with."""
    for table in (AUTHORS, PUBLISHERS):
        model, read = SOURCES[table]
        for ids in batches(model):
            wanted = {word for document in read(ids) for word in document.words().split(" ")}
            for word in sorted(spelling.unknown(table, wanted)):
                yield f"The words of {model._meta.verbose_name} names lack “{word}”."


def _counts() -> Iterator[str]:
    """Count again what the documents say; memory grows with the values, not with the books."""
    index = backend()
    counted: Deltas = Counter()
    for table, (model, _read) in SOURCES.items():
        for ids in batches(model):
            for pk, kept in index.kept(table, ids).items():
                if table == BOOKS:
                    counted.update(book_counts(pk, kept))
                else:
                    counted[name_counts("kind" if table == AUTHORS else "country", kept)] += 1
    for facet, value, count in Tally.objects.values_list("facet", "value", "count").iterator():
        if (right := counted.pop((facet, value), 0)) != count:
            yield f"The count of {facet} “{value}” is {count:,}, not {right:,}."
    for (facet, value), right in counted.items():
        if right:
            yield f"The count of {facet} “{value}” is missing; it is {right:,}."
