"""Our own sample spreadsheet: what is in it, and what the real import makes of it."""

import re
from datetime import date

import pytest
from django.core.files import File

from catalog.importers import workbook
from catalog.importers.workbook import Options
from catalog.models import Author, Book, ImportJob
from catalog.samples.make import SAMPLE, books, lines, write
from catalog.services import importing


def cells(path) -> list[tuple]:
    """Everything in the workbook: two files of other versions of zlib differ in their bytes."""
    info = workbook.inspect(str(path), max_mb=1)
    return [
        (sheet.name, row.number, row.raw)
        for sheet in info.sheets
        for row in workbook.sample(str(path), Options(sheet=sheet.name, header_row=0), limit=500)
    ]


def test_the_sample_is_small_and_is_what_its_table_makes(tmp_path):
    assert SAMPLE.stat().st_size < 60_000
    write(tmp_path / "again.xlsx")
    assert cells(tmp_path / "again.xlsx") == cells(SAMPLE)


def test_making_it_twice_gives_the_same_bytes(tmp_path):
    write(tmp_path / "one.xlsx")
    write(tmp_path / "two.xlsx")
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_the_table_lists_each_work_once_with_valid_isbns_only():
    records = books()
    titles = [record["title"] for record in records]
    assert len(set(titles)) == len(titles)
    isbns = [record["isbn"] for record in records if record["isbn"]]
    assert len(set(isbns)) == len(isbns)
    for isbn in isbns:
        assert re.fullmatch(r"\d{9}[\dX]", isbn)
        weighted = ((10 - at) * (10 if c == "X" else int(c)) for at, c in enumerate(isbn))
        assert sum(weighted) % 11 == 0, isbn


@pytest.fixture
def job(db, settings, tmp_path) -> ImportJob:
    settings.MEDIA_ROOT = str(tmp_path)
    with SAMPLE.open("rb") as sample:
        return importing.create_job(file=File(sample, SAMPLE.name), filename=SAMPLE.name)


def test_the_real_import_takes_it_as_it_was_made(job):
    """The numbers follow from the table and from what make.py does to it."""
    works = len(books())
    nameless, repeated, repeated_with_isbn = 1, 4, 3
    given = [line for line in lines() if line]
    assert len(given) == works + nameless + repeated

    guessed = {column["header"]: column["field"] for column in job.options["columns"]}
    assert guessed == {
        "No.": "row_number",
        "Title": "title",
        "Author(s)": "authors",
        "Translated by": "translator",
        "Publisher": "publisher",
        "Year": "year",
        "Date of publication": "published_on",
        "Language": "language",
        "Pages": "pages",
        "ISBN": "isbn",
        "Subjects": "subjects",
        "Shelf": "ignore",
    }
    assert (job.options["sheet"], job.options["header_row"]) == ("Books", 3)

    mapping = {column["index"]: column["field"] for column in job.options["columns"]}
    importing.run(importing.start_here(job, mapping=mapping, on_duplicate="skip"))
    job.refresh_from_db()
    # No title; two digits of an ISBN that changed places; the year 19003.
    assert job.rejected == nameless + 2
    assert job.skipped == repeated_with_isbn
    assert job.created == works + nameless + repeated - job.rejected - job.skipped
    assert job.rows_done == len(given)
    # The skipped ones, the book that may be here twice, the ISBN that a spreadsheet has rounded.
    assert job.warned == repeated_with_isbn + 1 + 1
    lost = [line[9] for line in given if re.fullmatch(r"\d{8,9}[\dX]?", str(line[9] or ""))]
    short = [isbn for isbn in lost if len(str(isbn)) < 10]
    assert Book.objects.filter(isbn_repaired=True).count() == len(short) > 30


def test_the_import_mends_what_was_broken_on_purpose(job):
    mapping = {column["index"]: column["field"] for column in job.options["columns"]}
    importing.run(importing.start_here(job, mapping=mapping, on_duplicate="skip"))
    by_title = {book.title: book for book in Book.objects.select_related("publisher")}
    assert "Du côté de chez Swann" in by_title  # mojibake
    assert "Bleak House" in by_title  # shouting capitals
    assert str(by_title["Hard Times"].publisher) == "Bradbury & Evans"  # entities
    assert by_title["The Iliad"].year == -750
    assert by_title["Oedipus Rex"].year == -429
    assert by_title["Walden"].year == 1854  # a float, as text
    assert by_title["Doctor Faustus"].year is None
    assert by_title["Around the World in Eighty Days"].isbn == "9780140449068"  # …6X
    assert by_title["Moby-Dick; or, The Whale"].published_on == date(1851, 10, 18)
    assert by_title["Ulysses"].published_on == date(1922, 2, 2)
    assert by_title["Kinder- und Hausmärchen"].authors.count() == 2
    assert Author.objects.filter(name="Joaquim Maria Machado de Assis").count() == 1  # inverted
    assert Author.objects.filter(name__contains=",").count() == 0
    assert not Author.objects.filter(name__contains="Ã").exists()
