import datetime
import json
import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.importers import messages, rows
from catalog.importers.fields import FIELDS
from catalog.importers.rows import ParsedRow, RowReader

TITLE, ISBN, OTHER = 0, 1, 2


def read(mapping, cells, options=None) -> ParsedRow:
    return RowReader(dict(enumerate(mapping)), options).read(cells)


def codes(row):
    return [(note["field"], note["level"], note["code"]) for note in row.notes]


def isbn_row(*cells, options=None):
    return read(["title", *["isbn"] * len(cells)], ["A title", *cells], options)


def test_a_whole_row_becomes_a_book():
    row = read(
        ["language", "title", "subtitle", "authors", "translator", "publisher", "isbn", "year",
         "pages", "price", "subjects", "description", "ignore", "row_number"],
        ["fr", "La Peste", "Roman", "Camus, Albert", "Stuart Gilbert", "Gallimard", "2070360423",
         1947.0, "279 p.", "€ 8,50", "Oran; Épidémies", "Les curieux événements…", "x", 1],
    )  # fmt: skip
    assert row == ParsedRow(
        title="La Peste",
        subtitle="Roman",
        people=row.people,
        publisher="Gallimard",
        isbn="9782070360420",
        isbn_entered="2070360423",
        year=1947,
        language="fre",
        pages=279,
        price=Decimal("8.50"),
        currency="EUR",
        description="Les curieux événements…",
        subjects=["Oran", "Épidémies"],
    )
    assert [(each.name, each.sort_name, each.role) for each in row.people] == [
        ("Albert Camus", "Camus, Albert", "aut"),
        ("Stuart Gilbert", "Gilbert, Stuart", "trl"),
    ]


def test_a_row_without_a_title_is_rejected():
    for cells in ([], [None], [""], ["  "], [{"error": "#REF!"}]):
        row = read(["title"], cells)
        assert row.rejected
        assert row.notes[-1]["code"] == "title_missing"


def test_an_error_of_the_spreadsheet_counts_as_an_empty_cell_and_is_noted():
    row = read(["title", "year", "isbn"], ["Emma", {"error": "#N/A"}, {"error": "#REF!"}])
    assert codes(row) == [("year", "warning", "cell_error"), ("isbn", "warning", "cell_error")]
    assert messages.sentence(row.notes[0]).startswith("The spreadsheet shows the error #N/A")


def test_a_repeated_header_is_no_book():
    options = {0: {"header": "Title"}, 1: {"header": "Year"}}
    reader = RowReader({0: "title", 1: "year", 2: "ignore"}, options)
    row = reader.read(["Title", " Year ", "7"])
    assert row.repeats_header
    assert codes(row) == [("", "info", "repeated_header")]
    assert not reader.read(["Title", 1999, "7"]).rejected


# --- ISBN -------------------------------------------------------------------------------------
def test_a_restored_isbn_is_marked_and_noted():
    row = isbn_row(439023483)
    assert (row.isbn, row.isbn_entered, row.isbn_repaired) == ("9780439023481", "439023483", True)
    assert row.notes == [
        {
            "field": "isbn", "level": "repair", "code": "isbn_zeros",
            "value": "439023483", "now": "9780439023481",
        }
    ]  # fmt: skip


@pytest.mark.parametrize("cell", ["9.78043902348e+12", "9.78E+12", "0000000000", 0])
def test_a_rounded_isbn_or_a_placeholder_is_left_empty_with_a_warning(cell):
    row = isbn_row(cell)
    assert (row.isbn, row.isbn_entered, row.rejected) == ("", "", False)
    assert [note["level"] for note in row.notes] == ["warning"]


@pytest.mark.parametrize("cell", ["9780306406157", 9780306406157, "0306406152", "", None])
def test_nothing_of_a_rounded_column_is_used_even_if_it_is_valid(cell):
    row = isbn_row(cell, options={1: {"rounded": True}})
    assert row.isbn == ""
    assert not row.rejected
    assert [code for _field, _level, code in codes(row)] == (["isbn_rounded"] if cell else [])


@pytest.mark.parametrize("cell", ["812971060", "9780306406158", "abc", "9790060115615"])
def test_an_isbn_that_is_none_rejects_the_row(cell):
    assert isbn_row(cell).rejected


def test_of_several_isbns_in_a_cell_the_first_of_thirteen_digits_is_taken():
    row = isbn_row("0804429570; 0-306-40615-2, 978-0-8044-2957-3")
    assert row.isbn == "9780804429573"
    assert codes(row) == [("isbn", "warning", "isbn_several")]
    assert row.notes[0]["now"] == "9780804429573"


@pytest.mark.parametrize(
    "cell", ["0306406152 9780306406157", "0306406152, 9780306406157 (pbk.)", "ISBN 0306406152 hb"]
)
def test_one_book_in_both_lengths_is_nothing_to_note(cell):
    row = isbn_row(cell)
    assert (row.isbn, row.notes) == ("9780306406157", [])


def test_two_columns_that_agree_give_one_isbn():
    row = isbn_row("0306406152", "9780306406157")
    assert (row.isbn, row.isbn_entered, row.notes) == ("9780306406157", "9780306406157", [])


def test_two_columns_that_disagree_are_warned_about():
    row = isbn_row("080442957X", "9780306406157")
    assert row.isbn == "9780306406157"
    assert codes(row) == [("isbn", "warning", "isbn_disagree")]
    assert isbn_row("9780306406157", "080442957X").isbn == "9780306406157"


def test_a_complete_isbn_is_preferred_to_a_repaired_one():
    row = isbn_row("80442957X", "0306406152")
    assert (row.isbn, row.isbn_repaired) == ("9780306406157", False)
    assert codes(row) == [("isbn", "warning", "isbn_disagree")]


def test_a_valid_isbn_saves_a_row_whose_other_column_is_wrong():
    row = isbn_row("0306406153", "9780306406157")
    assert (row.isbn, row.rejected) == ("9780306406157", False)
    assert codes(row) == [("isbn", "warning", "isbn_other_wrong")]


@pytest.mark.parametrize("order", [1, -1])
def test_a_column_that_is_damaged_loses_against_a_sound_one(order):
    cells = ["439023483", 9780439023480][::order]
    damaged = 1 + [9780439023480, "439023483"][::-order].index(9780439023480)
    row = isbn_row(*cells, options={damaged: {"rounded": True}})
    assert row.isbn == "9780439023481"
    assert codes(row) == [("isbn", "repair", "isbn_zeros")]


# --- People -----------------------------------------------------------------------------------
def test_authors_of_several_columns_keep_their_order_and_come_once():
    row = read(
        ["title", "authors", "authors", "editor"],
        ["T", "Ann One; Bob Two", "ann one; Cy Three", "Ann One"],
    )
    assert [(each.name, each.role) for each in row.people] == [
        ("Ann One", "aut"), ("Bob Two", "aut"), ("Cy Three", "aut"), ("Ann One", "edt"),
    ]  # fmt: skip


def test_a_column_of_sort_names_is_taken_for_the_authors_with_these_words():
    row = read(
        ["title", "authors", "author_sort"],
        ["T", "Gabriel García Márquez; Plato", "García Márquez, Gabriel; Plato"],
    )
    assert [each.sort_name for each in row.people] == ["García Márquez, Gabriel", "Plato"]
    other = read(["title", "authors", "author_sort"], ["T", "Ann One", "Two, Bob"])
    assert [each.sort_name for each in other.people] == ["One, Ann"]


def test_sort_names_alone_name_the_authors():
    row = read(["title", "author_sort"], ["T", "García Márquez, Gabriel"])
    assert [(each.name, each.sort_name) for each in row.people] == [
        ("Gabriel García Márquez", "García Márquez, Gabriel")
    ]


def test_lines_of_a_cell_are_names_of_their_own():
    row = read(["title", "authors"], ["T", "Ann One\nTwo, Bob\r\nCy &amp; Co Ltd"])
    assert [each.name for each in row.people] == ["Ann One", "Bob Two", "Cy & Co Ltd"]
    assert [note["code"] for note in row.notes] == ["entities"]


# --- Years ------------------------------------------------------------------------------------
def test_a_full_date_sets_the_day_and_the_year():
    row = read(["title", "published_on"], ["T", 36281])
    assert (row.year, row.published_on) == (1999, datetime.date(1999, 5, 1))
    assert codes(row) == [("published_on", "repair", "date_serial")]


@pytest.mark.parametrize("order", [1, -1])
def test_a_year_that_differs_from_the_date_is_warned_about(order):
    row = read(["title", *["year", "published_on"][::order]], ["T", *[1925, "1998-05-01"][::order]])
    assert (row.year, row.published_on) == (1925, None)
    assert [code for _field, _level, code in codes(row)] == ["years_differ"]


def test_a_year_that_agrees_with_the_date_is_not():
    row = read(["title", "year", "published_on"], ["T", 1998, "1998-05-01"])
    assert (row.year, row.published_on, row.notes) == (1998, datetime.date(1998, 5, 1), [])


def test_an_impossible_value_rejects_the_row_with_a_reason_for_each_field():
    row = read(["title", "year", "pages", "price"], ["T", "soon", "many", "dear"])
    assert codes(row) == [
        ("year", "error", "year_invalid"),
        ("pages", "error", "pages_invalid"),
        ("price", "error", "price_invalid"),
    ]


def test_a_price_takes_the_currency_beside_it_or_in_the_heading():
    assert read(["title", "price", "currency"], ["T", 12.5, "eur"]).currency == "EUR"
    assert read(["title", "currency", "price"], ["T", "EUR", "12 CHF"]).currency == "CHF"
    assert read(["title", "price"], ["T", 12.5], {1: {"currency": "GBP"}}).currency == "GBP"
    assert read(["title", "price"], ["T", ""], {1: {"currency": "GBP"}}).currency == ""


# --- Whatever comes ---------------------------------------------------------------------------
cells = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["date", "datetime", "time", "error", "x"]), inner)
    ),
    max_leaves=4,
)
some_options = st.fixed_dictionaries(
    {},
    optional={
        "separator": st.sampled_from(["", ",", ";", "|", "&"]),
        "inverted": st.booleans(),
        "day_first": st.booleans(),
        "serial": st.booleans(),
        "rounded": st.booleans(),
        "shouted": st.booleans(),
        "publication": st.booleans(),
        "other_numbers": st.booleans(),
        "roles_column": st.integers(0, 3),
        "header": st.text(max_size=5),
    },
)


@given(
    st.lists(st.tuples(st.sampled_from(sorted(FIELDS)), cells, some_options), max_size=8),
)
def test_no_row_makes_the_reader_raise(columns):
    reader = RowReader(
        {index: field for index, (field, _cell, _given) in enumerate(columns)},
        {index: given for index, (_field, _cell, given) in enumerate(columns)},
    )
    for _again in range(2):  # the second time from memory
        row = reader.read([cell for _field, cell, _given in columns])
        assert row.rejected or row.title
        assert len(row.title) <= 500
        assert len(row.isbn) in (0, 13)
        assert len(row.isbn_entered) <= 40
        for note in row.notes:
            assert note["code"] in messages.NOTE_MESSAGES
            assert messages.sentence(note)
        json.dumps(row.notes, allow_nan=False)


@given(cells)
def test_a_cell_is_read_the_same_when_it_comes_again_as_another_type(cell):
    reader = RowReader({0: "title", 1: "year"}, {})
    first = [reader.read(["T", one]) for one in (1, True, 1.0, cell)]
    second = [reader.read(["T", one]) for one in (cell, 1.0, True, 1)]
    assert first == second[::-1]


def test_memory_does_not_grow_with_the_rows(monkeypatch):
    monkeypatch.setattr(rows, "_REMEMBERED", 200)
    reader = RowReader(dict(enumerate(["title", "authors", "publisher", "isbn", "year"])), {})

    def feed(start, count):
        for index in range(start, start + count):
            reader.read([f"Title {index}", f"Ann Author{index}", f"House {index}", "", 1900])
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    small = feed(0, 1000)
    large = feed(1000, 10_000)
    tracemalloc.stop()
    assert large < 2 * small


def test_every_code_that_is_noted_has_a_sentence_that_says_what_to_do():
    for code, text in messages.NOTE_MESSAGES.items():
        said = messages.sentence({"code": code, "value": "<value>", "now": "<now>"})
        assert said
        assert "%(" not in said, text
