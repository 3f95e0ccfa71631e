import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.importers.layout import choose_sheet, find_header
from catalog.importers.workbook import RawRow, SheetInfo

BOOKS = [
    ["The Trial", "Franz Kafka", 1925, "9780805209990"],
    ["Emma", "Jane Austen", 1815, "9780143107712"],
    ["Middlemarch", "George Eliot", 1871, ""],
]


def rows(*lines, first=1):
    return [
        RawRow(number, json.dumps(line), list(line)) for number, line in enumerate(lines, first)
    ]


def test_the_first_row_is_the_header():
    found = find_header(rows(["Title", "Author", "Year", "ISBN"], *BOOKS))
    assert (found.header_row, found.skipped) == (1, 0)
    assert found.headers == ["Title", "Author", "Year", "ISBN"]


def test_title_lines_above_the_header_are_skipped():
    lines = rows(
        ["Town Library: stock list, exported 2026-10-31", None, None, None],
        ["Main Street 1", "", "", ""],
        ["Title", "Author", "Year", "ISBN"],
        *BOOKS,
    )
    found = find_header(lines)
    assert (found.header_row, found.skipped) == (3, 2)


def test_blank_rows_that_were_left_out_do_not_shift_the_number():
    lines = rows(["Stock list", None, None, None]) + rows(["Titel", "Autor", "Jahr", ""], first=5)
    found = find_header(lines + rows(*BOOKS, first=6))
    assert (found.header_row, found.skipped) == (5, 1)


def test_a_file_without_a_header_has_none():
    found = find_header(rows(*BOOKS))
    assert (found.header_row, found.headers, found.skipped) == (0, ["", "", "", ""], 0)


def test_texts_alone_without_a_header_have_none():
    lines = rows(["The Trial", "Franz Kafka"], ["Emma", "Jane Austen"], ["Ulysses", "James Joyce"])
    assert find_header(lines).header_row == 0


def test_titles_that_sound_like_headings_are_no_header():
    lines = rows(
        ["The Book Thief", "Markus Zusak", "Penguin Press"],
        ["The Name of the Rose", "Umberto Eco", "Vintage"],
        ["Author! Author!", "David Lodge", "Penguin Press"],
    )
    assert find_header(lines).header_row == 0


def test_one_word_that_is_also_a_heading_makes_no_header():
    lines = rows(
        ["Walden", "Henry David Thoreau", "Vintage"],
        ["Index", "Ann Bee", "Vintage"],
        ["Emma", "Jane Austen", "Vintage"],
    )
    assert find_header(lines).header_row == 0


def test_a_header_in_an_unknown_language_is_seen_above_numbers():
    lines = rows(["Izenburua", "Egilea", "Urtea", "Kodea"], *BOOKS)
    assert find_header(lines).header_row == 1


def test_a_single_column_of_titles_may_have_a_header():
    assert find_header(rows(["Title"], ["Emma"], ["Ulysses"])).header_row == 1
    assert find_header(rows(["Emma"], ["Ulysses"], ["Dune"])).header_row == 0


def test_a_header_in_two_lines_takes_the_line_that_says_most():
    lines = rows(["Work", None, "Edition", None], ["Title", "Author", "Year", "ISBN"], *BOOKS)
    assert find_header(lines).header_row == 2


def test_an_export_is_seen_under_a_title_line():
    lines = rows(
        ["My books", "", "", "", "", "", ""],
        ["Book Id", "Title", "Author", "Author l-f", "ISBN", "ISBN13", "Exclusive Shelf"],
        ["1", "Emma", "Jane Austen", "Austen, Jane", '=""', '=""', "read"],
    )
    assert find_header(lines).header_row == 2


def test_a_person_may_say_where_the_header_is():
    lines = rows(["Title", "Author", "Year", "ISBN"], *BOOKS)
    assert find_header(lines, 0).header_row == 0
    assert find_header(lines, 2).headers == ["The Trial", "Franz Kafka", "1925", "9780805209990"]
    assert find_header(lines, 99).headers == ["", "", "", ""]


def test_nothing_at_all_has_no_header():
    assert find_header([]).header_row == 0


cells = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)


@given(st.lists(st.lists(cells, max_size=5), max_size=8))
def test_any_rows_give_a_layout_as_wide_as_they_are(lines):
    found = find_header(rows(*lines))
    assert len(found.headers) == max((len(line) for line in lines), default=0)
    assert 0 <= found.header_row <= len(lines)


@pytest.mark.parametrize("order", [1, -1])
def test_the_sheet_with_the_books_is_chosen(order):
    samples = {
        "Notes": rows(["Read me"], ["Called by Ann"]),
        "Books": rows(["Title", "Author", "Year", "ISBN"], *BOOKS),
        "Old": rows(["Title", "Author", "Year", "ISBN", "Publisher"], *BOOKS),
    }
    infos = [
        SheetInfo("Notes", 900, 1, True),
        SheetInfo("Books", 4, 4, True),
        SheetInfo("Old", 4, 5, False),
    ]
    assert choose_sheet(infos[::order], samples) == "Books"
    assert choose_sheet([], {}) == ""
