"""Fill the catalogue with made-up books, for measuring and for trying things out."""

import sys
import time
from argparse import ArgumentParser
from array import array
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from catalog.management.commands._made_up import MadeUp, Maker
from catalog.models import Author, Book, Contribution, Publisher
from catalog.models.book import UNKNOWN, decade_of
from catalog.models.state import changed
from catalog.search import indexing
from catalog.search.backends import backend
from catalog.services.importing import bulk
from catalog.text import sort_key

CHUNK = 5_000
BOOK_COLUMNS = (
    "id", "title", "subtitle", "publisher_id", "isbn", "isbn_entered", "isbn_repaired", "year",
    "language", "pages", "price", "currency", "description", "cover", "version", "created_at",
    "updated_at", "sort_title", "sort_year", "decade", "has_isbn", "has_cover",
)  # fmt: skip
CREDIT_COLUMNS = ("book_id", "author_id", "role", "position", "credited_as")


class Command(BaseCommand):
    help = "Fill the catalogue with made-up books: the same ones every time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", type=int, help="how many books")
        parser.add_argument("--seed", type=int, default=1, help="other books for another number")
        parser.add_argument(
            "--start", type=int, default=0, help="number of the first book, to go on after others"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        number, start = options["number"], options["start"]
        if number < 0 or start < 0:
            raise CommandError("The numbers must not be negative.")
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:  # room for the indexes of a million books
                cursor.execute("PRAGMA cache_size = -400000")
        began = time.monotonic()
        writer = Writer(Maker(options["seed"], start + number))
        for first in range(start, start + number, CHUNK):
            writer.write(list(writer.maker.books(first, min(first + CHUNK, start + number))))
            self.progress(min(first + CHUNK - start, number), number, time.monotonic() - began)
        self.stderr.write("\nTidying up the index…", ending="\n" if number else "")
        backend().tidy()
        seconds = time.monotonic() - began
        self.stdout.write(f"{number:,} books in {seconds:.1f} s")

    def progress(self, done: int, number: int, seconds: float) -> None:
        if sys.stderr.isatty() or done == number:
            self.stderr.write(f"\r{done:,} of {number:,}, {done / seconds:,.0f}/s", ending="")


class Writer:
    """Writes chunks of made-up books, each in one transaction with its index."""

    def __init__(self, maker: Maker) -> None:
        self.maker = maker
        # Number of an author or publisher -> primary key, 0 while it has none.
        self.authors = array("q", bytes(8 * maker.authors))
        self.publishers = array("q", bytes(8 * maker.publishers))

    def write(self, books: list[MadeUp]) -> None:
        if not books:
            return
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        with transaction.atomic(), indexing.by_hand():
            self.name_authors({number for book in books for number, _role in book.people})
            self.name_publishers({book.publisher for book in books if book.publisher is not None})
            first = (Book.objects.aggregate(Max("pk"))["pk__max"] or 0) + 1
            rows, credits, documents = [], [], []
            for pk, book in enumerate(books, first):
                sort_title = sort_key(book.title, book.language)
                publisher = None if book.publisher is None else self.publishers[book.publisher]
                rows.append((
                    pk, book.title, book.subtitle, publisher, book.isbn, book.isbn,
                    book.isbn_repaired, book.year, book.language, book.pages, book.price,
                    book.currency, book.description, "", 1, now, now, sort_title,
                    UNKNOWN if book.year is None else book.year, decade_of(book.year),
                    bool(book.isbn), False,
                ))  # fmt: skip
                credits += [
                    (pk, self.authors[number], role, place, "")
                    for place, (number, role) in enumerate(book.people)
                ]
                documents.append(self.document(pk, book, publisher, sort_title))
            bulk.insert(Book, BOOK_COLUMNS, rows)
            bulk.insert(Contribution, CREDIT_COLUMNS, credits)
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SELECT setval(pg_get_serial_sequence('catalog_book', 'id'), %s)",
                        [first + len(books) - 1],
                    )
            indexing.add_books(documents)
            changed()

    def document(
        self, pk: int, book: MadeUp, publisher: int | None, sort_title: str
    ) -> indexing.Document:
        return indexing.Document(
            book_id=pk,
            title=book.title,
            subtitle=book.subtitle,
            people=[self.maker.author(number)[0] for number, _role in book.people],
            publisher="" if book.publisher is None else self.maker.publisher(book.publisher)[0],
            isbn=book.isbn,
            language=book.language,
            year=book.year,
            publisher_id=publisher,
            has_isbn=bool(book.isbn),
            isbn_repaired=book.isbn_repaired,
            author_ids=[self.authors[number] for number, _role in book.people],
            sort_title=sort_title,
        )

    def name_authors(self, numbers: Iterable[int]) -> None:
        """Find or make the authors of these numbers."""
        wanted = {}
        for number in sorted(number for number in numbers if not self.authors[number]):
            name, sort_name = self.maker.author(number)
            wanted[number] = Author(name=name, sort_name=sort_name)
        known = Author.objects.filter(qualifier="")
        indexing.add_authors(_keep_or_create(wanted, known, self.authors))

    def name_publishers(self, numbers: Iterable[int]) -> None:
        wanted = {}
        for number in sorted(number for number in numbers if not self.publishers[number]):
            name, city, country = self.maker.publisher(number)
            wanted[number] = Publisher(name=name, city=city, country=country)
        indexing.add_publishers(_keep_or_create(wanted, Publisher.objects.all(), self.publishers))


def _keep_or_create(wanted: dict[int, Any], known: QuerySet[Any], keys: "array[int]") -> list[Any]:
    """Save the records whose name is new; note the primary key of each number."""
    now = timezone.now()
    for record in wanted.values():
        record.derive()
        record.created_at = record.updated_at = now
    by_key = {record.name_key: record for record in wanted.values()}
    found, made = bulk.keep_or_create(by_key, known, lambda _key, record: record)
    for number, record in wanted.items():
        keys[number] = found[record.name_key]
    return made
