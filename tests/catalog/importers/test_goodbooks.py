"""The two real files, compared with what the standard library alone makes of them.

The expected numbers are worked out here again, by the definitions of the check digits.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any
from unicodedata import normalize

import pytest

from catalog.importers import layout, workbook
from catalog.importers.columns import ColumnGuess, Survey
from catalog.importers.messages import sentence
from catalog.importers.rows import ParsedRow, RowReader
from tests.files import shared_file

CSV, XLSX = "goodbooks-10k.csv", "goodbooks-10k.xlsx"
both_files = pytest.mark.parametrize("name", [CSV, XLSX])


# --- What the file says, without the code under test ------------------------------------------
@cache
def originals() -> list[dict[str, str]]:
    with shared_file(CSV).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def is_isbn10(text: str) -> bool:
    digits = [10 if sign == "X" else int(sign) for sign in text]
    weighed = zip(range(10, 0, -1), digits, strict=True)
    return sum(weight * digit for weight, digit in weighed) % 11 == 0


def is_isbn13(text: str) -> bool:
    total = sum(int(digit) * (1, 3)[index % 2] for index, digit in enumerate(text))
    return len(text) == 13 and text[:3] in ("978", "979") and total % 10 == 0


def to_13(ten: str) -> str:
    stem = "978" + ten[:9]
    return next(stem + digit for digit in "0123456789" if is_isbn13(stem + digit))


def whole(text: str) -> str:
    """9.78043902348e+12 written out."""
    return str(int(Decimal(text)))


# --- What the code under test makes of it -----------------------------------------------------
@dataclass
class Read:
    found: layout.Layout
    guesses: list[ColumnGuess]
    rows: list[ParsedRow] = field(default_factory=list)

    @property
    def fields(self) -> dict[str, str]:
        return {guess.header: guess.field for guess in self.guesses}

    def guess(self, header: str) -> ColumnGuess:
        return next(guess for guess in self.guesses if guess.header == header)

    def said(self, header: str) -> list[str]:
        return [sentence(verdict) for verdict in self.guess(header).verdict]


def body(name: str, options: workbook.Options) -> Iterator[list[Any]]:
    with workbook.rows(shared_file(name), options) as source:
        for row in source:
            yield row.cells


@cache
def read(name: str) -> Read:
    path = shared_file(name)
    info = workbook.inspect(path, max_mb=50)
    samples = {
        sheet.name: workbook.sample(path, workbook.Options(sheet=sheet.name), 200)
        for sheet in info.sheets
    }
    sheet = layout.choose_sheet(info.sheets, samples)
    found = layout.find_header(samples[sheet])
    options = workbook.Options(sheet=sheet, header_row=found.header_row)
    survey = Survey()
    for cells in body(name, options):
        survey.feed(cells)
    guesses = survey.finish(found.headers)
    reader = RowReader(
        {guess.index: guess.field for guess in guesses},
        {guess.index: guess.options for guess in guesses},
    )
    return Read(found, guesses, [reader.read(cells) for cells in body(name, options)])


# --- The layout and the columns ---------------------------------------------------------------
def test_the_header_is_found_in_the_first_line_or_below_the_title_line():
    assert (read(CSV).found.header_row, read(CSV).found.skipped) == (1, 0)
    assert (read(XLSX).found.header_row, read(XLSX).found.skipped) == (2, 1)


def test_every_column_of_the_csv_is_understood():
    used = {header: field for header, field in read(CSV).fields.items() if field != "ignore"}
    assert used == {
        "isbn": "isbn",
        "authors": "authors",
        "original_publication_year": "year",
        "title": "title",
        "language_code": "language",
    }
    unused = [guess for guess in read(CSV).guesses if guess.field == "ignore"]
    assert all(guess.confidence < 0.1 for guess in unused)


def test_every_column_of_the_workbook_is_understood():
    assert read(XLSX).fields == {
        "No.": "row_number",
        "Title": "title",
        "Author(s)": "authors",
        "ISBN": "isbn",
        "ISBN-13": "ignore",
        "Year": "year",
        "Language": "language",
        "Rating": "ignore",
    }
    sure = [guess.confidence for guess in read(XLSX).guesses if guess.field != "ignore"]
    assert min(sure) > 0.95


@pytest.mark.parametrize(
    ("name", "isbn", "isbn13", "authors", "column"),
    [(CSV, "isbn", "isbn13", "authors", 6), (XLSX, "ISBN", "ISBN-13", "Author(s)", 4)],
)
def test_the_verdicts_give_the_numbers_of_the_file(name, isbn, isbn13, authors, column):
    numbers = [whole(row["isbn13"]) for row in originals() if row["isbn13"]]
    damaged = sum(len(number) == 13 and not is_isbn13(number) for number in numbers)
    ending = sum(len(number) == 13 and number[-1] == "0" for number in numbers)
    assert (len(numbers), damaged, len(numbers) - damaged) == (9415, 8451, 964)
    assert read(name).said(isbn13) == [
        f"{damaged:,} of {len(numbers):,} values are damaged, {100 * ending // len(numbers)} % end "
        f"in 0: not used; ISBN found in column {column} instead"
    ]
    short = [row["isbn"] for row in originals() if 0 < len(row["isbn"]) < 10]
    wrong = [
        row["isbn"] for row in originals() if row["isbn"] and not is_isbn10(row["isbn"].zfill(10))
    ]
    assert read(name).said(isbn) == [
        f"{len(short):,} lost a leading zero: restored where the check digit proves it",
        f"{len(wrong)} values are not an ISBN: their rows will be rejected",
    ]
    assert (len(short), len(wrong)) == (6601, 23)
    assert read(name).said(authors) == ["several in one cell, split at commas"]


# --- The rows ---------------------------------------------------------------------------------
@both_files
def test_every_row_is_read_in_its_order(name):
    rows, books = read(name).rows, originals()
    assert len(rows) == len(books) == 10_000
    plain = [
        (row.title, book["title"])
        for row, book in zip(rows, books, strict=True)
        if not any(note["field"] == "title" for note in row.notes)
    ]
    assert len(plain) > 9_990
    # One title is written with a letter and a combining dot, which become one character.
    assert all(title == normalize("NFC", " ".join(raw.split())) for title, raw in plain)


@both_files
def test_isbns_are_restored_exactly_where_the_check_digit_proves_them(name):
    outcome: Counter[str] = Counter()
    for row, book in zip(read(name).rows, originals(), strict=True):
        raw = book["isbn"]
        if not raw:
            outcome["empty"] += 1
            assert (row.isbn, row.rejected) == ("", False)
        elif is_isbn10(raw.zfill(10)):
            outcome["valid"] += 1
            assert row.isbn == to_13(raw.zfill(10))
            assert row.isbn_entered == raw
            assert row.isbn_repaired == (len(raw) < 10)
            noted = any(note["code"] == "isbn_zeros" for note in row.notes)
            assert noted == row.isbn_repaired
        else:
            outcome["wrong"] += 1
            assert row.rejected
            assert row.isbn == ""
    assert outcome == {"valid": 9277, "wrong": 23, "empty": 700}


@both_files
def test_no_rounded_isbn_is_used_even_of_those_that_pass_by_chance(name):
    chances = used = 0
    for row, book in zip(read(name).rows, originals(), strict=True):
        number = whole(book["isbn13"]) if book["isbn13"] else ""
        chances += is_isbn13(number)
        true = to_13(book["isbn"].zfill(10)) if row.isbn else ""
        used += row.isbn == number != true
    # 964 are not counted as damaged; the other 8 of them are barcodes of fewer digits.
    assert chances == 964 - 8
    assert used == 0


@both_files
def test_years_go_down_to_before_our_era(name):
    expected = [
        int(Decimal(book["original_publication_year"]))
        if book["original_publication_year"]
        else None
        for book in originals()
    ]
    assert [row.year for row in read(name).rows] == expected
    assert expected.count(None) == 21
    assert min(year for year in expected if year is not None) == -1750


@both_files
def test_authors_are_those_between_the_commas(name):
    for row, book in zip(read(name).rows, originals(), strict=True):
        people = [credit.name for credit in row.people]
        expected = [" ".join(part.split()) for part in book["authors"].split(",")]
        expected = [part for part in dict.fromkeys(expected) if part and part != "Unknown"]
        # Jr. stays with its name, and roles are taken off.
        if not any(mark in book["authors"] for mark in ("Jr.", "(", "M.D.", "Ph.D.", " and ", "/")):
            assert len(people) <= len(expected)
            assert set(people) <= set(expected), book["authors"]


@both_files
def test_languages_are_stored_as_marc_codes(name):
    expected = {"": "", "en": "eng", "en-US": "eng", "en-GB": "eng", "en-CA": "eng", "nl": "dut"}
    for row, book in zip(read(name).rows, originals(), strict=True):
        assert row.language == expected.get(book["language_code"], book["language_code"])


@both_files
def test_every_row_is_a_book_or_says_why_it_is_none(name):
    rejected = [row for row in read(name).rows if row.rejected]
    assert len(rejected) == 23
    codes = Counter(
        note["code"] for row in rejected for note in row.notes if note["level"] == "error"
    )
    assert set(codes) == {"isbn_check_digit", "isbn_length"}
    accepted = [row for row in read(name).rows if not row.rejected]
    assert len(accepted) == 9977
    assert all(row.title and row.people for row in accepted if row.title)


def test_both_files_give_the_same_books():
    assert [row.isbn for row in read(CSV).rows] == [row.isbn for row in read(XLSX).rows]
    assert [row.title for row in read(CSV).rows] == [row.title for row in read(XLSX).rows]
    assert [row.people for row in read(CSV).rows] == [row.people for row in read(XLSX).rows]
