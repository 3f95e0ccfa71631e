"""One chunk of rows into the catalogue, inside the caller's transaction."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from django.db import connection
from django.db.models import Min, Q
from django.utils import timezone

from catalog.importers.rows import Credit, ParsedRow
from catalog.models import Author, Book, Contribution, ImportJob, ImportRow, Publisher, Subject
from catalog.models.history import Source, current_origin, origin
from catalog.models.indexed import locked
from catalog.search import indexing
from catalog.search.documents import Document
from catalog.services import recording
from catalog.services.importing import bulk
from catalog.services.importing.lines import Line, notes_as_json, warning
from catalog.text import chunks, match_key

Outcome = ImportRow.Outcome
# Names come again and again, and each is looked at several times.
name_key = lru_cache(maxsize=20_000)(match_key)
subject_key = lru_cache(maxsize=20_000)(partial(match_key, length=100))
Rule = ImportJob.OnDuplicate
# What “fill in what is empty” fills beside publisher, people, subjects and price.
PLAIN = ("subtitle", "isbn_entered", "year", "language", "pages", "description")
CHANGED = (
    *PLAIN, "publisher_id", "published_on", "price", "currency",
    "sort_title", "sort_year", "decade", "has_isbn", "has_cover", "version", "updated_at",
)  # fmt: skip


@dataclass(slots=True)
class Target:
    """The book that a row leads to: one to be created, or one that is there already."""

    pk: int | None
    book: Book | None = None  # None for a book that only has to be named
    fresh: bool = False
    changed: bool = False
    has_people: bool = False
    has_subjects: bool = False
    # What is still to be looked up or created for it:
    publisher: str = ""
    people: list[Credit] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)

    def fill(self, row: ParsedRow) -> bool:
        """Take from the row what the book lacks; whether there was anything."""
        book, filled = self.book, False
        assert book is not None  # noqa: S101 - the rule “skip” never gets here
        for name in PLAIN:
            value = getattr(row, name)
            if value not in (None, "") and getattr(book, name) in (None, ""):
                setattr(book, name, value)
                filled = True
        if (
            row.published_on
            and not book.published_on
            and book.year in (None, row.published_on.year)
        ):
            book.published_on = row.published_on
            filled = True
        if row.price is not None and book.price is None:
            book.price, book.currency = row.price, row.currency
            filled = True
        if row.publisher and book.publisher_id is None and not self.publisher:
            self.publisher = row.publisher
            filled = True
        if row.people and not self.has_people:
            self.people, self.has_people = row.people, True
            filled = True
        if row.subjects and not self.has_subjects:
            self.subjects, self.has_subjects = row.subjects, True
            filled = True
        self.changed |= filled
        return filled


class Chunk:
    """The rows of one chunk; `write()` puts them into the database and `counts` says what came.

    All look-ups are for this chunk only, so memory does not grow with the file.
    """

    def __init__(self, job: ImportJob, lines: list[Line]) -> None:
        self.job = job
        self.lines = lines
        self.now = timezone.now()
        self._make_book, self._make_author = bulk.maker(Book), bulk.maker(Author)
        self.good = [(line, line.parsed) for line in lines if line.parsed is not None]
        self.targets: list[Target] = []  # to be created or changed
        self.counts: Counter[str] = Counter()

    def write(self) -> None:
        self._decide()
        for line in self.lines:
            line.weigh()
            self.counts[line.outcome] += 1
            self.counts["repaired"] += line.repaired
            self.counts["warned"] += line.warned
        self._create_names()
        self._write_books()
        self._write_rows()
        self._index()

    # --- Which row becomes which book -------------------------------------------------------

    def _decide(self) -> None:
        by_isbn, first_row = self._known_isbns()
        for line, row in self.good:
            isbn = row.isbn
            target = by_isbn.get(isbn) if isbn else None
            if target is not None:
                if isbn in first_row:
                    line.notes.append(warning("isbn", "repeated_isbn", isbn, row=first_row[isbn]))
                if self.job.on_duplicate == Rule.SKIP:
                    line.outcome, line.target = Outcome.SKIPPED, target
                elif self.job.on_duplicate == Rule.UPDATE:
                    line.outcome = Outcome.UPDATED if target.fill(row) else Outcome.SKIPPED
                    line.target = target
            if line.target is None:
                line.outcome, line.target = Outcome.CREATED, self._new(row)
                self.targets.append(line.target)
                if isbn:
                    by_isbn.setdefault(isbn, line.target)
            if isbn:
                first_row.setdefault(isbn, line.number)
        self.targets += [
            target for target in by_isbn.values() if target.changed and not target.fresh
        ]
        self._warn_of_namesakes()

    def _new(self, row: ParsedRow) -> Target:
        book: Book = self._make_book(
            title=row.title,
            subtitle=row.subtitle,
            isbn=row.isbn,
            isbn_entered=row.isbn_entered,
            isbn_repaired=row.isbn_repaired,
            year=row.year,
            published_on=row.published_on,
            language=row.language,
            pages=row.pages,
            price=row.price,
            currency=row.currency,
            description=row.description,
            created_by_id=self.job.created_by_id,
            created_at=self.now,
            updated_at=self.now,
        )
        book.derive()
        return Target(
            None, book, True, False, bool(row.people), bool(row.subjects),
            row.publisher, row.people, row.subjects,
        )  # fmt: skip

    def _known_isbns(self) -> tuple[dict[str, Target], dict[str, int]]:
        """The books that have the chunk's ISBNs, and the first row of this file that had each."""
        isbns = sorted({row.isbn for _line, row in self.good if row.isbn})
        pairs = [
            pair
            for some in chunks(isbns, bulk.LOOKUP)
            for pair in bulk.look_up(Book.objects.order_by("pk"), "isbn", some, ("isbn", "pk"))
        ]
        first: dict[str, int] = {}
        for isbn, pk in pairs:
            first.setdefault(isbn, pk)
        if self.job.on_duplicate == Rule.UPDATE:
            targets = self._changeable(first)
        else:
            targets = {isbn: Target(pk) for isbn, pk in first.items()}
        return targets, self._earlier_rows(pairs)

    def _changeable(self, first: dict[str, int]) -> dict[str, Target]:
        """The books that rows may fill in, locked against other writers until the commit."""
        ids = sorted(first.values())
        books = {
            book.pk: book
            for some in chunks(ids, bulk.LOOKUP)
            for book in locked(Book.objects.filter(pk__in=some))
        }
        people = _ids_in(Contribution, ids)
        subjects = _ids_in(Book.subjects.through, ids)
        return {
            isbn: Target(pk, books[pk], has_people=pk in people, has_subjects=pk in subjects)
            for isbn, pk in first.items()
            if pk in books  # deleted between the two queries: then the row makes a new one
        }

    def _earlier_rows(self, pairs: list[tuple[str, int]]) -> dict[str, int]:
        """Which ISBNs an earlier chunk of this file brought, and in which row first."""
        if not self.job.rows_done:
            return {}
        rows: dict[str, int] = {}
        isbn_of = {pk: isbn for isbn, pk in pairs}
        for ids in chunks(list(isbn_of), bulk.LOOKUP):
            numbers = (
                ImportRow.objects.filter(job=self.job, book_id__in=ids)
                .order_by()
                .values_list("book_id")
                .annotate(Min("number"))
            )
            for pk, number in numbers:
                isbn = isbn_of[pk]
                rows[isbn] = min(number, rows.get(isbn, number))
        return rows

    def _warn_of_namesakes(self) -> None:
        """A row without ISBN that says the same as a book already there is probably that book."""
        here: dict[tuple, int] = {}
        suspects: list[tuple[Line, tuple]] = []
        for line, row in self.good:
            target = line.target
            if target is None or target.book is None or line.outcome != Outcome.CREATED:
                continue
            author = name_key(row.people[0].name) if row.people else ""
            key = (target.book.sort_title, target.book.sort_year, author)
            if not row.isbn:
                if key in here:
                    line.notes.append(warning("title", "same_as_row", row.title, row=here[key]))
                else:
                    suspects.append((line, key))
            here.setdefault(key, line.number)
        there = self._books_like({key for _line, key in suspects})
        for line, key in suspects:
            if key in there:
                title = line.parsed.title if line.parsed else ""
                line.notes.append(warning("title", "same_as_book", title, book=there[key]))

    def _books_like(self, keys: set[tuple]) -> dict[tuple, int]:
        """Books of the same title and year (one index, book_by_year) and first author."""
        titles: dict[int, list[str]] = {}
        for title, year, _author in sorted(keys):
            titles.setdefault(year, []).append(title)
        candidates: dict[int, tuple] = {}
        for years in chunks(list(titles), 50):
            same = Q()
            for year in years:
                same |= Q(sort_year=year, sort_title__in=titles[year])
            found = (
                Book.objects.filter(same).order_by().values_list("pk", "sort_title", "sort_year")
            )
            candidates |= {pk: (title, year) for pk, title, year in found}
        authors: dict[int, str] = {}
        for ids in chunks(list(candidates), bulk.LOOKUP):
            credits = (
                Contribution.objects.filter(book_id__in=ids)
                .order_by("position", "pk")
                .values_list("book_id", "author__name_key")
            )
            for pk, name_key in credits:
                authors.setdefault(pk, name_key)
        there: dict[tuple, int] = {}
        for pk, key in candidates.items():
            there.setdefault((*key, authors.get(pk, "")), pk)
        return there

    # --- Publishers, authors, subjects ------------------------------------------------------

    def _create_names(self) -> None:
        """In this order in every import, so that two of them never wait for each other."""
        publishers: dict[str, str] = {}
        people: dict[str, Credit] = {}
        subjects: dict[str, str] = {}
        for target in self.targets:
            if target.publisher:
                publishers.setdefault(name_key(target.publisher), target.publisher)
            for credit in target.people:
                people.setdefault(name_key(credit.name), credit)
            for name in target.subjects:
                subjects.setdefault(subject_key(name), name)
        create = bulk.keep_or_create
        # Namesakes that are told apart were told apart by people: a row cannot mean them.
        known = Author.objects.filter(qualifier="")
        self.publishers, self.new_publishers = create(
            publishers, Publisher.objects.all(), self._publisher
        )
        self.authors, self.new_authors = create(people, known, self._author)
        self.subjects, _made = create(
            subjects, Subject.objects.all(), lambda key, name: Subject(name=name, name_key=key)
        )
        self.counts["publishers_created"] = len(self.new_publishers)
        self.counts["authors_created"] = len(self.new_authors)

    def _publisher(self, key: str, name: str) -> Publisher:
        publisher = Publisher(name=name, created_at=self.now, updated_at=self.now)
        publisher.derive()
        return publisher

    def _author(self, key: str, credit: Credit) -> Author:
        author: Author = self._make_author(
            name=credit.name,
            sort_name=credit.sort_name,
            kind=credit.kind,
            created_by_id=self.job.created_by_id,
            created_at=self.now,
            updated_at=self.now,
        )
        author.derive()
        return author

    # --- Writing ----------------------------------------------------------------------------

    def _write_books(self) -> None:
        fresh = [target.book for target in self.targets if target.fresh and target.book]
        for target in self.targets:
            if target.book is not None and target.publisher:
                target.book.publisher_id = self.publishers[name_key(target.publisher)]
            if target.book is not None and target.changed:
                target.book.derive()
        bulk.create(fresh)
        contributions: list[tuple] = []
        subjects: list[tuple] = []
        for target in self.targets:
            assert target.book is not None  # noqa: S101 - only books that are only named have none
            target.pk = target.book.pk
            contributions += self._contributions(target.pk, target.people)
            keys = dict.fromkeys(subject_key(name) for name in target.subjects)
            subjects += [(target.pk, self.subjects[key]) for key in keys]
        filled = [t.book for t in self.targets if not t.fresh and t.book]
        kept: dict[int, Any] = {}
        recording.keep("book", [book.pk for book in filled], kept, locked=True)
        self._update(filled)
        columns = ("book_id", "author_id", "role", "position", "credited_as")
        bulk.insert(Contribution, columns, contributions)
        bulk.insert(Book.subjects.through, ("book_id", "subject_id"), subjects)
        # New books cost the history nothing: the row that each came from says all about it.
        # Who puts a rejected row right need not be who uploaded the file.
        who = current_origin().user or self.job.created_by
        with origin(Source.IMPORT, user=who, import_job_id=self.job.pk):
            recording.note("book", [book.pk for book in filled], kept)

    def _contributions(self, book: int, people: Iterable[Credit]) -> list[tuple]:
        once: dict[tuple[int, str], tuple] = {}
        for credit in people:
            key = (self.authors[name_key(credit.name)], credit.role)
            if key not in once:
                once[key] = (book, *key, len(once), credit.credited_as)
        return list(once.values())

    def _update(self, books: list[Book]) -> None:
        """One statement a book, all sent at once: bulk_update's CASE takes six times as long."""
        if not books:
            return
        fields: list[Any] = [Book._meta.get_field(name.removesuffix("_id")) for name in CHANGED]
        quote = connection.ops.quote_name
        assignments = ", ".join(f"{quote(field.column)} = %s" for field in fields)
        values = []
        for book in books:
            book.version += 1
            book.updated_at = self.now
            values.append(
                [
                    field.get_db_prep_save(getattr(book, field.attname), connection)
                    for field in fields
                ]
                + [book.pk]
            )
        table = quote(Book._meta.db_table)
        with connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {table} SET {assignments} WHERE id = %s", values)  # noqa: S608

    def _write_rows(self) -> None:
        columns = (
            "job_id", "number", "raw", "outcome", "repaired", "warned", "notes", "book_id",
        )  # fmt: skip
        rows = [
            (
                self.job.pk, line.number, line.raw, str(line.outcome), line.repaired, line.warned,
                notes_as_json(line.notes), line.target.pk if line.target else None,
            )
            for line in self.lines
        ]  # fmt: skip
        bulk.insert(ImportRow, columns, rows)

    def _index(self) -> None:
        documents = []
        for target in self.targets:
            book = target.book
            if not target.fresh or book is None:
                continue
            documents.append(
                Document(
                    book_id=book.pk,
                    title=book.title,
                    subtitle=book.subtitle,
                    people=[
                        name for c in target.people for name in (c.name, c.credited_as) if name
                    ],
                    publisher=target.publisher,
                    isbn=book.isbn,
                    language=book.language,
                    year=book.year,
                    publisher_id=book.publisher_id,
                    has_isbn=book.has_isbn,
                    isbn_repaired=book.isbn_repaired,
                    has_cover=book.has_cover,
                    author_ids=[self.authors[name_key(c.name)] for c in target.people],
                    sort_title=book.sort_title,
                )
            )
        with indexing.counted_once():
            indexing.add_publishers(self.new_publishers)
            indexing.add_authors(self.new_authors)
            indexing.add_books(documents)
            indexing.index_books(t.pk for t in self.targets if not t.fresh and t.pk)


def _ids_in(model: Any, ids: list[int]) -> set[int]:
    """Which of these books have a row in a table that points to books."""
    return {
        pk
        for some in chunks(ids, bulk.LOOKUP)
        for pk in model.objects.filter(book_id__in=some)
        .order_by()
        .values_list("book_id", flat=True)
    }
