"""Our own sample spreadsheet: what is in it, and what the real import makes of it."""

import re

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
