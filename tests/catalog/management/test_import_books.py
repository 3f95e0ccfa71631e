"""`manage.py import_books`."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Book, ImportJob
from tests.catalog.services.shelf import as_csv, books

pytestmark = pytest.mark.django_db
SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data"


@pytest.fixture(autouse=True)
def _uploads(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "media")


@pytest.fixture
def shelf(tmp_path):
    path = tmp_path / "shelf.csv"
    path.write_bytes(as_csv(books(12)))
    return path


def result(capsys, *args) -> dict:
    call_command("import_books", *args, "--json")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    figures: dict = json.loads(lines[0])
    return figures


def test_json_is_one_object_with_every_figure(capsys, shelf):
    figures = result(capsys, shelf)
    assert {
        "rows", "created", "updated", "skipped", "rejected", "repaired", "warnings",
        "authors_created", "publishers_created", "seconds", "peak_rss_mb",
    } <= figures.keys()  # fmt: skip
    assert (figures["rows"], figures["created"], figures["rejected"]) == (12, 12, 0)
    assert (figures["authors_created"], figures["publishers_created"]) == (7, 3)


def test_without_json_a_sentence_says_what_came_of_it(capsys, shelf):
    call_command("import_books", shelf)
    assert "12 rows" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rule", "expected"), [("skip", (0, 12)), ("update", (0, 12)), ("add", (12, 0))]
)
def test_a_second_import_follows_the_rule(capsys, shelf, rule, expected):
    result(capsys, shelf)
    figures = result(capsys, shelf, "--on-duplicate", rule)
    assert (figures["created"], figures["skipped"]) == expected


@pytest.mark.parametrize("column", ["Publisher", "publisher", "C", "c", "3"])
def test_a_column_is_named_by_header_letter_or_number(shelf, column):
    call_command("import_books", shelf, "--map", f"{column}=description")
    book = Book.objects.order_by("pk")[0]
    assert (book.publisher, book.description) == (None, "Press 1")


def test_what_is_said_outweighs_what_was_guessed(shelf):
    call_command("import_books", shelf, "--map", "Author=title", "--map", "Title=subtitle")
    book = Book.objects.order_by("pk")[0]
    assert (book.title, book.subtitle) == ("Anna Author1", "The Book of Number 1")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("Regal=title", "no column “Regal”. The columns are: Title, Author"),
        ("99=title", "no column “99”"),
        ("Title=titel", "no field “titel”. The fields are: title"),
        ("Title", "COLUMN=FIELD"),
        ("Title=ignore", "which column holds the titles"),
    ],
)
def test_a_wrong_map_says_what_there_is_and_leaves_nothing_behind(shelf, settings, option, said):
    with pytest.raises(CommandError, match=said):
        call_command("import_books", shelf, "--map", option)
    assert not ImportJob.objects.exists()
    assert not [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_a_file_that_is_not_there_is_a_sentence():
    with pytest.raises(CommandError, match=r"nowhere\.csv cannot be read: No such file"):
        call_command("import_books", "nowhere.csv")


def test_a_file_that_is_no_spreadsheet_is_a_sentence(tmp_path):
    path = tmp_path / "books.xlsx"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    with pytest.raises(CommandError, match="picture"):
        call_command("import_books", path)


def test_an_unknown_sheet_says_which_there_are(shelf):
    with pytest.raises(CommandError, match="no sheet “Books”"):
        call_command("import_books", shelf, "--sheet", "Books")
    assert not ImportJob.objects.exists()


def test_an_import_that_fails_exits_with_its_sentence(shelf, monkeypatch):
    from catalog.services.importing import engine

    monkeypatch.setattr(engine, "Chunk", None)
    with pytest.raises(CommandError, match="unexpected"):
        call_command("import_books", shelf)


def test_ctrl_c_keeps_what_was_done_and_says_so(capsys, shelf, monkeypatch):
    from catalog.services.importing import engine

    monkeypatch.setattr(engine, "CHUNK", 5)
    monkeypatch.setattr(engine, "reset_queries", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(CommandError, match="Stopped after 5 rows") as caught:
        call_command("import_books", shelf)
    assert caught.value.returncode == 130
    assert Book.objects.count() == 5
    assert ImportJob.objects.get().state == "cancelled"


@pytest.mark.parametrize("name", ["goodbooks-10k.csv", "goodbooks-10k.xlsx"])
def test_every_row_of_the_shared_files_is_accounted_for(capsys, name):
    """9,277 ISBN-10 cells are valid once their zeros are back, 23 are not, 700 are empty."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path.name} is not here: it is no part of the project")
    figures = result(capsys, path)
    assert figures["rows"] == 10_000
    assert (figures["created"], figures["rejected"]) == (9_977, 23)
    assert figures["updated"] == figures["skipped"] == 0
    assert Book.objects.count() == 9_977
    assert Book.objects.filter(has_isbn=True).count() == 9_277
    job = ImportJob.objects.get()
    assert job.import_rows.count() == 10_000
    assert job.import_rows.filter(outcome="rejected", book__isnull=True).count() == 23
    again = result(capsys, path)
    assert (again["created"], again["skipped"], again["rejected"]) == (700, 9_277, 23)
    assert again["warnings"] == 700  # without an ISBN: the same title, author and year
