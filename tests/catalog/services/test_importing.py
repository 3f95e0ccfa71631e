"""From rows to books: every outcome, every rule for duplicates, every way to stop and go on."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from unittest import mock

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, OperationalError
from django.db.utils import DataError
from django.urls import reverse
from django.utils import timezone

from catalog.importers.guard import UnreadableFile
from catalog.importers.messages import sentence
from catalog.importers.rows import Credit, ParsedRow, RowReader
from catalog.importers.workbook import RawRow
from catalog.models import Author, Book, Contribution, ImportJob, ImportRow
from catalog.models.history import Source
from catalog.models.state import CatalogueState
from catalog.services import changes, importing, jobs
from catalog.services.importing import chunk as chunk_module
from catalog.services.importing import engine, lines
from tests.catalog.search.shelves import needs_books
from tests.catalog.services.shelf import as_csv, books, isbn

pytestmark = pytest.mark.django_db
State, Outcome = ImportJob.State, ImportRow.Outcome


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(engine, "CHUNK", 4)


def accounted(job: ImportJob) -> bool:
    """Every row in exactly one outcome, in the counters and in the rows."""
    counts = [job.created, job.updated, job.skipped, job.rejected]
    kept = [job.import_rows.filter(outcome=outcome).count() for outcome in Outcome.values]
    return sum(counts) == job.rows == job.rows_done and counts == kept


def notes(job: ImportJob, number: int) -> list[dict]:
    found: list[dict] = ImportRow.objects.get(job=job, number=number).notes
    return found


# --- What becomes of a row ----------------------------------------------------------------------


def test_rows_become_books_with_their_people_and_publishers(make_job):
    job = make_job(books(10))
    importing.run(job)
    assert (job.state, job.created, job.authors_created, job.publishers_created) == (
        State.DONE, 10, 7, 3,
    )  # fmt: skip
    assert accounted(job)
    book = Book.objects.get(isbn=isbn(3))
    assert book.title == "The Book of Number 3"
    assert book.sort_title == "book of number 3"
    assert book.decade == 1950
    assert book.publisher is not None
    assert book.publisher.name == "Press 0"
    assert [c.author.name for c in book.contributions.all()] == ["Anna Author3"]
    assert book.version == 1
    assert book.updated_at - book.created_at < timedelta(seconds=1)  # MariaDB: one after the other
    assert job.claimed_by == ""
    assert job.finished_at is not None


def test_each_row_is_kept_as_it_came(make_job):
    job = make_job(books(2, title=["  Émile  "][0], isbn=""))
    importing.run(job)
    row = ImportRow.objects.get(job=job, number=2)
    assert json.loads(row.raw)[0] == "  Émile  "
    assert row.book is not None
    assert row.outcome == Outcome.CREATED


def test_a_bad_row_is_rejected_with_its_reasons_and_holds_up_nobody(make_job):
    rows = books(5)
    rows[2]["title"] = ""
    job = make_job(rows)
    importing.run(job)
    assert (job.created, job.rejected) == (4, 1)
    rejected = ImportRow.objects.get(job=job, outcome=Outcome.REJECTED)
    assert rejected.number == 4
    assert rejected.book is None
    assert [note["level"] for note in rejected.notes] == ["error"]


def test_a_repeated_header_is_skipped_with_a_note_and_needs_no_look(make_job, small_chunks):
    rows = books(5)
    rows.insert(2, {"title": "Title", "authors": "Author", "publisher": "Publisher",
                    "isbn": "ISBN", "year": "Year"})  # fmt: skip
    job = make_job(rows)
    job.options["column_options"] = {
        str(index): {"header": header}
        for index, header in enumerate(["Title", "Author", "Publisher", "ISBN", "Year"])
    }
    importing.run(job)
    assert (job.created, job.skipped, job.rejected, job.warned) == (5, 1, 0, 0)
    assert accounted(job)
    skipped = ImportRow.objects.get(job=job, outcome=Outcome.SKIPPED)
    assert (skipped.number, skipped.book) == (4, None)
    assert [note["code"] for note in skipped.notes] == ["repeated_header"]


def test_a_name_that_another_import_made_meanwhile_rejects_no_row(make_job, monkeypatch):
    job = make_job(books(1))
    once = iter([IntegrityError("Duplicate entry")])
    write = chunk_module.Chunk.write

    def fail_once(self):
        write(self)
        for error in once:
            raise error

    monkeypatch.setattr(chunk_module.Chunk, "write", fail_once)
    importing.run(job)
    assert (job.created, job.rejected) == (1, 0)
    assert accounted(job)


def test_statistics_that_another_writer_keeps_from_us_fail_no_import(make_job, monkeypatch):
    job = make_job(books(3))
    importing.run(job)
    assert job.created == 3

    def locked():
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(engine.connection, "cursor", locked)
        engine._refresh_statistics(job)


def test_a_repeated_header_stays_skipped_when_its_chunk_is_tried_again(make_job, monkeypatch):
    header = {"title": "Title", "isbn": "ISBN"}
    job = make_job([{"title": "Emma", "isbn": ""}, header])
    job.options["column_options"] = {"0": {"header": "Title"}, "1": {"header": "ISBN"}}
    once = iter([OperationalError("database is locked")])
    write = chunk_module.Chunk.write

    def fail_once(self):
        write(self)
        for error in once:
            raise error

    monkeypatch.setattr(chunk_module.Chunk, "write", fail_once)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    importing.run(job)
    assert (job.created, job.skipped, job.rejected) == (1, 1, 0)
    assert accounted(job)


@pytest.mark.parametrize("field", ["title", "subtitle", "publisher"])
def test_a_text_too_long_for_its_column_is_said(make_job, field):
    rows = books(3, subtitle="")
    rows[1][field] = "x" * 1000
    job = make_job(rows)
    importing.run(job)
    assert (job.state, job.created, job.warned) == (State.DONE, 3, 1)
    assert [(note["field"], note["level"]) for note in notes(job, 3)] == [(field, "warning")]


class Fixed(RowReader):
    """A reader of rows that always reads the same."""

    def __init__(self, **fields):
        self.fields = {"title": "A title", **fields}

    def read(self, cells):
        return ParsedRow(**self.fields)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"title": "x" * 501}, "too_long"),
        ({"isbn_entered": "x" * 41}, "too_long"),
        ({"publisher": "x" * 201}, "too_long"),
        ({"currency": "EURO"}, "too_long"),
        ({"people": [Credit("x" * 201, "")]}, "too_long"),
        ({"people": [Credit("x", sort_name="y" * 201)]}, "too_long"),
        ({"people": [Credit("x", "", credited_as="y" * 201)]}, "too_long"),
        ({"people": [Credit(f"Person {n}", "") for n in range(501)]}, "too_many"),
        ({"year": 0}, "out_of_range"),
        ({"year": 3000}, "out_of_range"),
        ({"pages": 0}, "out_of_range"),
        ({"pages": 2**31}, "out_of_range"),
        ({"price": Decimal("100000000")}, "out_of_range"),
        ({"price": Decimal("NaN")}, "out_of_range"),
    ],
)
def test_what_no_column_could_hold_never_reaches_the_database(fields, code):
    line = lines.read(RawRow(7, "[]", []), Fixed(**fields))
    assert line.parsed is None
    assert [(note["level"], note["code"]) for note in line.notes] == [("error", code)]
    assert sentence(line.notes[0])


def test_a_heading_too_long_is_left_out_and_the_book_goes_in():
    line = lines.read(RawRow(7, "[]", []), Fixed(subjects=["Short", "x" * 101]))
    assert line.parsed is not None
    assert line.parsed.subjects == ["Short"]
    assert [(note["level"], note["code"]) for note in line.notes] == [("warning", "too_long")]


def test_a_number_out_of_range_rejects_its_row_only(make_job):
    rows = books(3, pages=100)
    rows[1]["pages"] = 3_000_000_000
    job = make_job(rows)
    importing.run(job)
    assert (job.state, job.created, job.rejected) == (State.DONE, 2, 1)


def test_what_the_database_refuses_unforeseen_is_narrowed_down_to_its_row(make_job, monkeypatch):
    job = make_job(books(9))
    write = chunk_module.Chunk.write

    def refusing(self):
        write(self)
        if any(line.number == 6 and line.parsed for line in self.lines):
            raise DataError("unforeseen")

    monkeypatch.setattr(chunk_module.Chunk, "write", refusing)
    importing.run(job)
    assert (job.state, job.created, job.rejected) == (State.DONE, 8, 1)
    assert accounted(job)
    assert [note["code"] for note in notes(job, 6)] == ["not_accepted"]


def test_a_row_that_the_reader_cannot_stand_is_rejected(make_job, monkeypatch, caplog):
    read = RowReader.read

    def failing(self, cells):
        if "Number 2" in str(cells[0]):
            raise RecursionError
        return read(self, cells)

    job = make_job(books(3))
    monkeypatch.setattr(RowReader, "read", failing)
    importing.run(job)
    assert (job.created, job.rejected) == (2, 1)
    assert sentence(notes(job, 3)[-1])
    assert "could not be read" in caplog.text


def test_characters_that_no_database_stores_are_replaced_and_said():
    row = RawRow(2, '["a\\u0000b"]', ["a\x00b"])
    line = lines.read(row, RowReader({0: "title"}, {}))
    assert line.parsed is not None
    assert "\x00" not in line.parsed.title
    assert line.raw == '["a\\u0000b"]'
    assert line.notes[0]["code"] == "unstorable_characters"


def test_the_same_name_in_another_spelling_is_one_author(make_job):
    names = ["J.K. Rowling", "j. k. rowling", "J. K. ROWLING"]
    Author.objects.create(name="Joanne Example")
    rows = books(4, authors=lambda n: [*names, "Joanne Éxample"][n - 1])
    job = make_job(rows)
    importing.run(job)
    assert job.authors_created == 1
    assert Author.objects.count() == 2


def test_a_namesake_told_apart_by_a_person_is_left_alone(make_job):
    Author.objects.create(name="John Smith", qualifier="1650–1700")
    job = make_job(books(1, authors="John Smith"))
    importing.run(job)
    assert Author.objects.filter(name="John Smith", qualifier="").count() == 1


def test_a_person_named_twice_in_a_row_contributes_once(make_job):
    job = make_job(books(1, authors="Anna Author; anna author"))
    importing.run(job)
    assert job.created == 1
    assert Contribution.objects.count() == 1


# --- Duplicates ---------------------------------------------------------------------------------


@pytest.fixture
def there(make_publisher):
    """A book that is in the catalogue already, with little known about it."""
    return Book.objects.create(title="Old title", isbn=isbn(1))


def test_skip_leaves_the_book_alone_and_points_to_it(make_job, there):
    job = make_job(books(2))
    importing.run(job)
    assert (job.created, job.skipped) == (1, 1)
    assert ImportRow.objects.get(job=job, number=2).book == there
    there.refresh_from_db()
    assert (there.title, there.version, there.publisher) == ("Old title", 1, None)
    assert not Author.objects.filter(name="Anna Author1").exists()


def test_update_fills_what_is_empty_and_nothing_else(make_job, there):
    job = make_job(books(2, subtitle="New", pages=10), on_duplicate="update")
    importing.run(job)
    assert (job.created, job.updated) == (1, 1)
    there.refresh_from_db()
    assert (there.title, there.subtitle, there.pages) == ("Old title", "New", 10)
    assert (there.year, there.decade, there.sort_year, there.version) == (1951, 1950, 1951, 2)
    assert there.publisher is not None
    assert there.publisher.name == "Press 1"
    assert [author.name for author in there.authors.all()] == ["Anna Author1"]


def test_update_that_finds_nothing_to_fill_counts_as_skipped(make_job):
    rows = books(3)
    importing.run(make_job(rows))
    versions = list(Book.objects.values_list("version", "updated_at"))
    job = make_job(rows, on_duplicate="update")
    importing.run(job)
    assert (job.updated, job.skipped) == (0, 3)
    assert list(Book.objects.values_list("version", "updated_at")) == versions


def test_update_keeps_the_people_that_a_book_has(make_job, there, make_author):
    Contribution.objects.create(book=there, author=make_author("Somebody Else"))
    importing.run(make_job(books(1), on_duplicate="update"))
    assert [author.name for author in there.authors.all()] == ["Somebody Else"]
    assert not Author.objects.filter(name="Anna Author1").exists()


def test_add_makes_another_record(make_job, there):
    job = make_job(books(1), on_duplicate="add")
    importing.run(job)
    assert job.created == 1
    assert Book.objects.filter(isbn=isbn(1)).count() == 2


@pytest.mark.parametrize("size", [2, 100])
@pytest.mark.parametrize(
    ("rule", "figures", "copies"),
    [("skip", (2, 0, 2), 1), ("update", (2, 1, 1), 1), ("add", (4, 0, 0), 3)],
)
def test_a_repeat_in_the_file_follows_the_rule_and_names_the_first_row(
    make_job, monkeypatch, rule, figures, copies, size
):
    """In the same chunk and across chunks alike."""
    monkeypatch.setattr(engine, "CHUNK", size)
    rows = [*books(2), *books(1, pages=77), *books(1)]
    for row in rows:
        row.setdefault("pages", "")
    job = make_job(rows, on_duplicate=rule)
    importing.run(job)
    assert (job.created, job.updated, job.skipped) == figures
    assert job.warned == 2
    assert Book.objects.filter(isbn=isbn(1)).count() == copies
    for number in (4, 5):
        (note,) = notes(job, number)
        assert (note["level"], note["params"]["row"]) == ("warning", 2)
        assert "2" in sentence(note)
    if rule == "update":
        assert Book.objects.get(isbn=isbn(1)).pages == 77


def test_a_book_there_before_is_no_repeat_of_the_file(make_job, there):
    job = make_job(books(1))
    importing.run(job)
    assert notes(job, 2) == []


@pytest.mark.parametrize("size", [1, 100])
def test_a_row_without_isbn_like_a_book_already_there_is_created_with_a_warning(
    make_job, monkeypatch, size
):
    monkeypatch.setattr(engine, "CHUNK", size)
    same = {"title": "Emma", "authors": "Jane Austen", "year": 1815, "isbn": ""}
    other = same | {"year": 1816}
    job = make_job([same | {"isbn": isbn(1)}, same, other, same | {"authors": "J. Doe"}])
    importing.run(job)
    assert (job.created, job.warned) == (4, 1)
    (note,) = notes(job, 3)
    assert note["level"] == "warning"
    assert sentence(note)


# --- The history --------------------------------------------------------------------------------


@pytest.fixture
def filled_in(make_job, cataloguer, manager):
    """A book that the cataloguer's file made and the manager's filled in; both jobs."""

    def imported(rows, user, rule):
        job = make_job(rows, on_duplicate=rule)
        ImportJob.objects.filter(pk=job.pk).update(created_by=user)
        job.refresh_from_db()
        importing.run(job)
        return job

    first = imported(books(1), cataloguer, "skip")
    assert not Book.history.exists()  # the row of the file says all about it
    second = imported(books(1, authors="", pages=10, subtitle="New"), manager, "update")
    return Book.objects.get(), first, second


def test_what_an_import_fills_in_is_noted_with_what_was_there_before(
    filled_in, cataloguer, manager
):
    book, first, second = filled_in
    made, filled = Book.history.order_by("history_id")
    assert [
        (each.history_type, each.source, each.history_user, each.import_job, each.alone)
        for each in (made, filled)
    ] == [
        ("+", Source.IMPORT, cataloguer, first, False),
        ("~", Source.IMPORT, manager, second, False),
    ]
    assert [(each.pages, each.subtitle, each.version) for each in (made, filled)] == [
        (None, "", 1), (10, "New", 2),
    ]  # fmt: skip
    assert changes.differences(made, filled) == {"pages", "subtitle"}
    assert book.version == 2


def test_the_recent_changes_show_an_import_as_one_line(filled_in, client_of, cataloguer, manager):
    _book, first, second = filled_in
    lines = client_of(cataloguer).get("/changes/").context["lines"]
    # No line for the book: its author and publisher are no news either.
    assert [(line.what, line.who, line.number) for line in lines] == [
        ("imported", manager, 1),
        ("imported", cataloguer, 1),
    ]
    assert [f"/imports/{job.pk}/" for job in (second, first)] == [line.url for line in lines]


def test_a_rejected_row_is_noted_for_whoever_put_it_right(
    make_job, there, client_of, cataloguer, manager
):
    job = make_job(books(1, pages="many"), on_duplicate="update")
    ImportJob.objects.filter(pk=job.pk).update(created_by=cataloguer)
    job.refresh_from_db()
    importing.run(job)
    assert job.rejected == 1
    assert not Book.history.filter(history_type="~").exists()
    columns = {name: index for index, name in job.options["mapping"].items()}
    row = books(1, pages="77")[0]
    sent = {f"row-2-{index}": row[name] for name, index in columns.items()}
    url = reverse("catalog:import_row_update", args=(job.pk, 2))
    assert client_of(manager).post(url, sent).status_code == 302
    filled = Book.history.get(history_type="~")
    assert (filled.history_user, filled.source, filled.import_job, filled.pages) == (
        manager, Source.IMPORT, job, 77,
    )  # fmt: skip


# --- Accounting, index, generation --------------------------------------------------------------


@needs_books
def test_imported_books_are_found_by_search(make_job):
    importing.run(make_job(books(3)))
    assert [book.isbn for book in Book.objects.search("number 2")] == [isbn(2)]


def test_the_catalogue_has_changed_after_an_import(make_job, django_capture_on_commit_callbacks):
    before = CatalogueState.current().number
    with django_capture_on_commit_callbacks(execute=True):
        importing.run(make_job(books(1)))
    assert CatalogueState.current().number > before


def test_the_cost_in_queries_does_not_grow_with_the_rows(make_job, django_assert_max_num_queries):
    jobs = [make_job(books(5)), make_job(books(500, isbn=lambda n: isbn(n + 1000)))]
    for job in jobs:
        # Savepoints, look-ups, inserts, index and counters; nothing by row.
        with django_assert_max_num_queries(80):
            importing.run(job)


# --- Stopping and going on ----------------------------------------------------------------------


def test_cancel_stops_between_chunks_and_keeps_what_was_done(make_job, small_chunks):
    job = make_job(books(20))

    def after_the_second(job):
        if job.rows_done == 8:
            jobs.cancel(ImportJob.objects.get(pk=job.pk))

    importing.run(job, on_chunk=after_the_second)
    assert (job.state, job.rows_done, job.created) == (State.CANCELLED, 8, 8)
    assert Book.objects.count() == job.import_rows.count() == 8


@pytest.mark.parametrize("state", [State.MAPPING, State.QUEUED])
def test_a_job_that_has_not_begun_is_cancelled_at_once(make_job, state):
    job = make_job(books(1))
    ImportJob.objects.filter(pk=job.pk).update(state=state)
    jobs.cancel(job)
    assert job.state == State.CANCELLED
    assert ImportJob.objects.claim(job.pk) is None


def test_a_finished_job_cannot_be_cancelled(make_job):
    job = make_job(books(1))
    importing.run(job)
    jobs.cancel(job)
    assert (job.state, job.cancel_requested) == (State.DONE, False)


def test_shutting_down_gives_the_job_back_and_the_next_start_finishes_it(make_job, small_chunks):
    job = make_job(books(10))

    def shut_down(job):
        jobs.STOP.set()

    try:
        importing.run(job, on_chunk=shut_down)
    finally:
        jobs.STOP.clear()
    assert (job.state, job.rows_done, job.claimed_by) == (State.QUEUED, 4, "")
    again = ImportJob.objects.claim(job.pk)
    assert again is not None
    importing.run(again)
    assert (again.state, again.created) == (State.DONE, 10)
    assert accounted(again)
    assert Book.objects.count() == 10


@pytest.mark.parametrize("chunks", [0, 1, 2])
def test_a_crash_between_chunks_loses_and_repeats_nothing(make_job, small_chunks, chunks):
    class Crash(BaseException):
        pass

    def crash(job):
        if job.rows_done == chunks * 4:
            raise Crash

    job = make_job(books(11))
    if chunks:
        with pytest.raises(Crash):
            importing.run(job, on_chunk=crash)
    left = ImportJob.objects.get(pk=job.pk)
    assert (left.state, left.rows_done) == (State.RUNNING, chunks * 4)
    ImportJob.objects.filter(pk=job.pk).update(claimed_by="a worker")
    with mock.patch("catalog.services.jobs.enqueue"):
        assert jobs.take_up_again() == [("import", job.pk)]
    again = ImportJob.objects.claim(job.pk)
    assert again is not None
    importing.run(again)
    assert (again.state, again.created) == (State.DONE, 11)
    assert accounted(again)
    assert Book.objects.count() == 11
    assert sorted(again.import_rows.values_list("number", flat=True)) == list(range(2, 13))


def test_a_crash_inside_a_chunk_leaves_nothing_of_it(make_job, small_chunks, monkeypatch):
    class Crash(BaseException):
        pass

    job = make_job(books(8))
    write = chunk_module.Chunk._write_rows
    calls: list[int] = []

    def crash(self):
        write(self)
        calls.append(1)
        if len(calls) == 2:
            raise Crash

    monkeypatch.setattr(chunk_module.Chunk, "_write_rows", crash)
    with pytest.raises(Crash):
        importing.run(job)
    assert ImportJob.objects.get(pk=job.pk).rows_done == 4
    assert Book.objects.count() == ImportRow.objects.count() == 4


def test_who_lost_the_job_to_another_worker_applies_nothing_more(make_job, small_chunks):
    """Two workers believe that the job is theirs: every row is applied by one of them only."""
    first = make_job(books(12))
    second: ImportJob | None = None

    def taken_over(job):
        nonlocal second
        if second is None:
            ImportJob.objects.filter(pk=job.pk).update(
                heartbeat_at=timezone.now() - timedelta(hours=1)
            )
            with mock.patch("catalog.services.jobs.enqueue"):
                assert jobs.requeue_abandoned(timedelta(minutes=2)) == [("import", job.pk)]
            second = ImportJob.objects.claim(job.pk)
            assert second is not None
            importing.run(second)

    importing.run(first, on_chunk=taken_over)
    assert second is not None
    assert second.state == State.DONE
    assert Book.objects.count() == 12
    assert accounted(ImportJob.objects.get(pk=first.pk))


def test_who_lost_the_job_stops_although_the_other_has_not_begun(make_job, small_chunks):
    job = make_job(books(12))

    def taken_over(job):
        ImportJob.objects.filter(pk=job.pk).update(claimed_by="another worker")

    importing.run(job, on_chunk=taken_over)
    assert (job.state, job.claimed_by, job.rows_done) == (State.RUNNING, "another worker", 4)
    assert Book.objects.count() == 4


def test_a_chunk_cannot_be_applied_twice_even_with_the_same_claim(make_job, small_chunks):
    first = make_job(books(4))
    twin = ImportJob.objects.get(pk=first.pk)
    importing.run(first)
    rows = [
        lines.read(
            RawRow(row.number, row.raw, json.loads(row.raw)),
            RowReader({0: "title"}, {}),
        )
        for row in first.import_rows.all()
    ]
    ImportJob.objects.filter(pk=first.pk).update(state=State.RUNNING, claimed_by=twin.claimed_by)
    with pytest.raises(jobs.NotOurs):
        engine._commit_once(twin, rows, 0)
    assert Book.objects.count() == 4


def test_a_lock_that_passes_is_tried_again(make_job, monkeypatch):
    job = make_job(books(3))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    write = chunk_module.Chunk.write
    failures: list[int] = []

    def locked_twice(self):
        write(self)
        if len(failures) < 2:
            failures.append(1)
            raise OperationalError("database is locked")

    monkeypatch.setattr(chunk_module.Chunk, "write", locked_twice)
    importing.run(job)
    assert (job.state, job.created, job.warned) == (State.DONE, 3, 0)
    assert accounted(job)


def test_a_commit_whose_answer_was_lost_is_not_repeated(make_job, small_chunks, monkeypatch):
    """The connection breaks after the commit: nobody knows, and the row's figures decide."""
    job = make_job(books(10))
    commit = engine._commit_once
    broken: list[int] = []

    def breaking(*args):
        before = args[0].rows_done
        commit(*args)
        if not broken:
            broken.append(1)
            args[0].rows_done = before
            raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(engine, "_commit_once", breaking)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    importing.run(job)
    assert (job.state, Book.objects.count()) == (State.DONE, 10)
    assert accounted(job)


def test_a_full_disk_fails_the_job_with_a_sentence(make_job, small_chunks, monkeypatch, caplog):
    job = make_job(books(8))
    write = chunk_module.Chunk.write

    def full(self):
        if self.job.rows_done:
            raise OperationalError("database or disk is full")
        write(self)

    monkeypatch.setattr(chunk_module.Chunk, "write", full)
    importing.run(job)
    assert (job.state, job.rows_done) == (State.FAILED, 4)
    assert "disk is full" in job.error
    assert Book.objects.count() == 4


def test_a_file_removed_while_queued_fails_the_job_with_a_sentence(make_job):
    job = make_job(books(3))
    job.file.storage.delete(job.file.name)
    importing.run(job)
    assert job.state == State.FAILED
    assert "Upload it again" in job.error
    assert not Book.objects.exists()


def test_a_file_replaced_by_rubbish_fails_the_job_with_a_sentence(make_job):
    job = make_job(books(3))
    with open(job.file.path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    importing.run(job)
    assert job.state == State.FAILED
    assert job.error
    assert not Book.objects.exists()


def test_a_fault_of_ours_fails_the_job_and_is_logged(make_job, monkeypatch, caplog):
    job = make_job(books(3))
    monkeypatch.setattr(chunk_module.Chunk, "write", mock.Mock(side_effect=KeyError("x")))
    importing.run(job)
    assert job.state == State.FAILED
    assert "log" in job.error
    assert "KeyError" in caplog.text


# --- The queue ----------------------------------------------------------------------------------


def test_a_claimed_job_cannot_be_claimed_again(make_job):
    job = make_job(books(1))
    assert ImportJob.objects.claim(job.pk) is None


def test_pressing_start_twice_starts_once(
    make_job, monkeypatch, django_capture_on_commit_callbacks
):
    sent: list[jobs.Key] = []
    monkeypatch.setattr(jobs, "enqueue", lambda kind, pk: sent.append((kind, pk)))
    with django_capture_on_commit_callbacks(execute=True):
        job = make_job(books(1), queue=True)
        importing.start(job, mapping={0: "title"}, on_duplicate="add")
    assert sent == [("import", job.pk)]
    assert (job.state, job.on_duplicate) == (State.QUEUED, "skip")


def test_a_job_says_how_many_come_before_it(make_job):
    running = make_job(books(1))
    waiting = [make_job(books(1), queue=True) for _ in range(2)]
    assert running.waiting_before() == 0
    assert [job.waiting_before() for job in waiting] == [1, 2]


def test_only_jobs_without_a_sign_of_life_are_put_back(make_job, monkeypatch):
    sent: list[jobs.Key] = []
    monkeypatch.setattr(jobs, "enqueue", lambda kind, pk: sent.append((kind, pk)))
    alive, dead, leaving = (make_job(books(1)) for _ in range(3))
    old = timezone.now() - timedelta(minutes=3)
    ImportJob.objects.filter(pk__in=(dead.pk, leaving.pk)).update(heartbeat_at=old)
    ImportJob.objects.filter(pk=leaving.pk).update(cancel_requested=True)
    assert jobs.requeue_abandoned(timedelta(minutes=2)) == [("import", dead.pk)]
    states = [ImportJob.objects.get(pk=job.pk).state for job in (alive, dead, leaving)]
    assert states == [State.RUNNING, State.QUEUED, State.CANCELLED]
    assert sent == [("import", dead.pk)]


def test_word_of_a_waiting_job_is_sent_again_when_nobody_works(make_job, monkeypatch):
    job = make_job(books(1), queue=True)
    sent: list[jobs.Key] = []
    monkeypatch.setattr(jobs, "enqueue", lambda kind, pk: sent.append((kind, pk)))
    jobs.requeue_abandoned(timedelta(minutes=2))
    assert sent == []
    ImportJob.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=3))
    jobs.requeue_abandoned(timedelta(minutes=2))
    assert sent == [("import", job.pk)]


def test_a_start_of_the_only_worker_takes_up_everything_in_its_old_order(make_job, monkeypatch):
    sent: list[jobs.Key] = []
    monkeypatch.setattr(jobs, "enqueue", lambda kind, pk: sent.append((kind, pk)))
    here = make_job(books(1))
    killed = make_job(books(1))
    waiting = make_job(books(1), queue=True)
    ImportJob.objects.filter(pk=killed.pk).update(claimed_by="x" * 32)
    assert jobs.take_up_again() == [("import", killed.pk), ("import", waiting.pk)]
    assert sent == [("import", killed.pk), ("import", waiting.pk)]
    assert ImportJob.objects.get(pk=here.pk).state == State.RUNNING


def test_a_broker_that_cannot_be_reached_does_not_lose_the_job(
    make_job, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    from catalog.tasks import run_import

    down = mock.Mock(side_effect=run_import.OperationalError("refused"))
    monkeypatch.setattr(run_import, "apply_async", down)
    with django_capture_on_commit_callbacks(execute=True):
        job = make_job(books(1), queue=True)
    assert job.state == State.QUEUED
    assert "cannot be reached" in caplog.text


# --- Taking a file in ---------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n" + b"\0" * 100])
def test_a_refused_file_leaves_nothing_behind(settings, content):
    with pytest.raises(UnreadableFile) as caught:
        importing.create_job(file=ContentFile(content, "books.xlsx"), filename="books.xlsx")
    assert caught.value.message()
    assert not ImportJob.objects.exists()
    assert not any(path.is_file() for path in Path(settings.MEDIA_ROOT).rglob("*"))


def test_a_file_over_the_limit_is_refused_before_it_is_read(settings):
    settings.MAX_IMPORT_MB = 1
    large = ContentFile(b"title\n" + b"x" * 1024 * 1024, "large.csv")
    with pytest.raises(UnreadableFile) as caught:
        importing.create_job(file=large, filename="large.csv")
    assert caught.value.code == "too_large"
    assert "1 MB" in str(caught.value.message())


def test_an_upload_that_a_full_database_refuses_leaves_nothing_behind(monkeypatch, settings):
    def full(*args, **kwargs):
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(ImportJob, "save", full)
    with pytest.raises(UnreadableFile) as caught:
        importing.create_job(file=ContentFile(as_csv(books(3)), "b.csv"), filename="b.csv")
    assert caught.value.code == "no_space"
    assert not [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_the_name_that_a_person_gave_is_shown_and_never_used_as_a_path(settings):
    name = "../../etc/büc her.CSV"
    job = importing.create_job(file=ContentFile(as_csv(books(3)), name), filename=name)
    assert job.filename == name
    assert job.file.name is not None
    assert job.file.name.startswith("imports/")
    assert job.file.name.endswith(".csv")
    assert "her" not in job.file.name


def test_a_new_job_knows_its_columns_and_waits_for_a_person(settings):
    job = importing.create_job(file=ContentFile(as_csv(books(30)), "b.csv"), filename="b.csv")
    assert (job.state, job.rows) == (State.MAPPING, 30)
    assert job.options["header_row"] == 1
    assert job.options["mapping"]["0"] == "title"
    assert [column["header"] for column in job.options["columns"]][:2] == ["Title", "Author"]


def test_reading_again_with_another_header_row_counts_anew(settings):
    job = importing.create_job(file=ContentFile(as_csv(books(30)), "b.csv"), filename="b.csv")
    importing.remap(job, sheet="", header_row=0, encoding="", delimiter="")
    assert (job.options["header_row"], job.rows) == (0, 31)


@pytest.mark.parametrize("mapping", [{0: "ignore"}, {0: "title", 1: "title"}, {}])
def test_a_mapping_without_exactly_one_title_is_refused(make_job, mapping):
    job = importing.create_job(file=ContentFile(as_csv(books(3)), "b.csv"), filename="b.csv")
    with pytest.raises(importing.MappingError):
        importing.start(job, mapping=mapping, on_duplicate="skip")
    job.refresh_from_db()
    assert job.state == State.MAPPING
