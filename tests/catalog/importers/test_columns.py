import json
import random
import tracemalloc
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.importers.columns import Survey
from catalog.importers.fields import FIELDS
from catalog.importers.messages import sentence

TITLES = [
    "The Trial", "Emma", "Middlemarch", "The Name of the Rose", "To Kill a Mockingbird",
    "Crime and Punishment", "The Sound and the Fury", "A Tale of Two Cities", "Ulysses",
    "Der Zauberberg", "La Peste", "Love in the Time of Cholera", "The Master and Margarita",
    "The Left Hand of Darkness", "Beloved", "One Hundred Years of Solitude",
    "The Old Man and the Sea", "Of Mice and Men", "Dracula", "Walden",
]  # fmt: skip
AUTHORS = [
    "Franz Kafka", "Jane Austen", "George Eliot", "Umberto Eco", "Harper Lee",
    "Fyodor Dostoyevsky", "William Faulkner", "Charles Dickens", "James Joyce", "Thomas Mann",
    "Albert Camus", "Gabriel García Márquez", "Mikhail Bulgakov", "Ursula K. Le Guin",
    "Toni Morrison", "Gabriel García Márquez", "Ernest Hemingway", "John Steinbeck",
    "Bram Stoker", "Henry David Thoreau",
]  # fmt: skip
PUBLISHERS = ["Penguin Books", "Vintage", "Suhrkamp Verlag", "Gallimard", "Oxford University Press"]
LANGUAGES = ["eng", "eng", "eng", "ger", "fre", "en-US"]


def isbn13(number: int) -> str:
    stem = f"978{number:09d}"
    total = sum(int(digit) * (1, 3)[index % 2] for index, digit in enumerate(stem))
    return f"{stem}{-total % 10}"


def books(count: int = 20):
    chance = random.Random(7)  # noqa: S311
    for index in range(count):
        yield [
            isbn13(140_000_000 + chance.randrange(10**6)),
            TITLES[index % 20],
            AUTHORS[index % 20],
            chance.randrange(1900, 2020),
            chance.choice(PUBLISHERS),
            chance.choice(LANGUAGES),
        ]


def survey(rows, headers=()):
    found = Survey()
    for row in rows:
        found.feed(row)
    return found.finish(list(headers))


def column(values, header=""):
    (guess,) = survey([[value] for value in values], [header])
    return guess


def fields(guesses):
    return [guess.field for guess in guesses]


def verdicts(guess):
    return [sentence(verdict) for verdict in guess.verdict]


ALL = ["isbn", "title", "authors", "year", "publisher", "language"]


@pytest.mark.parametrize("count", [5, 20, 500])
def test_ordinary_columns_are_recognised_without_any_heading(count):
    guesses = survey(books(count))
    assert fields(guesses) == ALL
    assert all(0.2 < guess.confidence <= 1 for guess in guesses)


@pytest.mark.parametrize("order", range(6))
def test_their_order_does_not_matter(order):
    rows = [row[order:] + row[:order] for row in books()]
    assert fields(survey(rows)) == ALL[order:] + ALL[:order]


def test_values_are_believed_where_headings_say_nothing():
    assert fields(survey(books(), ["a", "b", "c", "d", "e", "f"])) == ALL


def test_headings_are_surer_than_values_alone():
    headed = survey(books(), ["ISBN", "Titel", "Verfasser", "Jahr", "Verlag", "Sprache"])
    assert fields(headed) == ALL
    bare = survey(books())
    assert all(one.confidence > other.confidence for one, other in zip(headed, bare, strict=True))
    assert all(guess.confidence > 0.95 for guess in headed)


def test_a_heading_that_its_values_contradict_is_not_believed():
    rows = [[row[1], row[0]] for row in books()]
    assert fields(survey(rows, ["ISBN", "Title"])) != ["isbn", "title"]
    assert survey(rows, ["ISBN", "Titel"])[0].field != "isbn"


def test_inverted_names_are_seen_and_said():
    guess = column([f"{name.split()[-1]}, {name.split()[0]}" for name in AUTHORS])
    assert guess.field == "authors"
    assert guess.options["inverted"] is True
    assert "separator" not in guess.options
    assert verdicts(guess) == ["names are inverted"]


@pytest.mark.parametrize(
    ("joined", "separator", "said"),
    [
        (", ", ",", "several in one cell, split at commas"),
        ("; ", ";", "several in one cell, split at semicolons"),
        (" | ", "|", "several in one cell, split at bars"),
        (" & ", "&", "several in one cell, split at “&” and “and”"),
        ("\n", "\n", "several in one cell, one on each line"),
    ],
)
def test_the_sign_between_authors_is_found_for_the_column(joined, separator, said):
    cells = [*AUTHORS, *(f"{one}{joined}{other}" for one, other in zip(AUTHORS, AUTHORS[3:]))]  # noqa: B905
    guess = column(cells, "Authors")
    assert guess.options["separator"] == separator
    assert verdicts(guess) == [said]


def test_inverted_names_between_semicolons_are_both():
    turned = [f"{name.split()[-1]}, {name.split()[0]}" for name in AUTHORS]
    guess = column([f"{one}; {turned[0]}" for one in turned], "Author")
    assert guess.options["separator"] == ";"
    assert guess.options["inverted"] is True


# --- ISBN -------------------------------------------------------------------------------------
def rounded(number: int) -> int:
    """As a spreadsheet keeps twelve digits of an ISBN."""
    return int(isbn13(number)[:12] + "0")


def test_a_rounded_column_is_not_used_and_says_how_much_of_it_is_damaged():
    numbers = [140_000_007 + 13 * index for index in range(50)]
    failing = sum(isbn13(number)[-1] != "0" for number in numbers)
    rows = [[rounded(number), isbn13(number), "A title"] for number in numbers]
    rounded_guess, isbn_guess, _title = survey(rows, ["ISBN-13", "ISBN", "Title"])
    assert (rounded_guess.field, isbn_guess.field) == ("ignore", "isbn")
    assert rounded_guess.options["rounded"] is True
    assert rounded_guess.confidence < 0.1
    assert verdicts(rounded_guess) == [
        f"{failing} of 50 values are damaged, 100 % end in 0: not used; "
        "ISBN found in column 2 instead"
    ]


@pytest.mark.parametrize("form", ["{:.11e}", "{:.11E}", "{:.5E}", "{:.2E}"])
def test_rounded_text_is_not_used_either(form):
    values = [form.format(float(isbn13(140_000_007 + 13 * index))) for index in range(30)]
    guess = column(values, "ISBN")
    assert guess.field == "ignore"
    assert guess.options["rounded"] is True
    (said,) = verdicts(guess)
    assert said.endswith("end in 0: not used")


def test_two_or_three_rounded_numbers_are_enough_to_see_it():
    assert column([9780439023480, 9780439554930, 9780316015840], "ISBN").options["rounded"]


def test_a_few_rounded_values_do_not_spoil_a_good_column():
    values = [isbn13(140_000_007 + 13 * index) for index in range(30)] + ["9.78E+12"]
    guess = column(values, "ISBN")
    assert guess.field == "isbn"
    assert "rounded" not in guess.options
    assert "1 value is rounded: it will be left empty" in verdicts(guess)


def test_a_wrong_isbn_among_good_ones_is_counted():
    values = [isbn13(140_000_007 + 13 * index) for index in range(30)] + ["9780306406158"]
    assert verdicts(column(values, "ISBN")) == ["1 value is not an ISBN: its row will be rejected"]


@pytest.mark.parametrize("values", [["0141439565"], ["0141439565", "9780306406158", "014143956"]])
def test_wrong_isbns_under_their_heading_are_not_dropped_in_silence(values):
    guess = column(values, "ISBN")
    assert guess.field == "isbn"
    assert "not an ISBN" in verdicts(guess)[-1]


def test_ids_are_no_isbns_although_one_in_eleven_passes():
    chance = random.Random(3)  # noqa: S311
    for digits in (7, 8, 9, 10):
        values = [chance.randrange(10 ** (digits - 1), 10**digits) for _each in range(500)]
        assert column(values).field == "ignore"


def test_ten_and_thirteen_digits_may_both_be_used():
    rows = [["0306406152", "9780306406157", "A title"], ["080442957X", "9780804429573", "B title"]]
    assert fields(survey(rows, ["ISBN-10", "ISBN-13", "Title"])) == ["isbn", "isbn", "title"]


# --- Years and dates --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "day_first", "said"),
    [
        (["5/1/1999", "25/1/1999"], True, "day comes first"),
        (["5/1/1999", "1/25/1999"], False, "month comes first"),
        (["5/1/1999", "2/1/1999"], None,
         "not clear whether day or month comes first: only the year is taken"),
    ],
)  # fmt: skip
def test_the_order_of_day_and_month_is_decided_by_the_column(values, day_first, said):
    guess = column(values, "Publication date")
    assert guess.field == "published_on"
    assert guess.options.get("day_first") is day_first
    assert verdicts(guess) == [said]


def test_values_that_are_no_year_are_counted():
    years = [*range(1980, 2000), "soon", "never", 20088]
    assert verdicts(column(years, "Year")) == ["3 values are not a year"]
    assert verdicts(column([*range(1980, 2000), "n.d.", "c1999", -350], "Year")) == []


def test_days_of_a_spreadsheet_are_dates():
    guess = column(range(36000, 36050), "Date published")
    assert guess.field == "published_on"
    assert guess.options["serial"] is True
    assert verdicts(guess) == ["a spreadsheet’s numbers for days: turned back into dates"]


def test_numbers_in_a_row_are_row_numbers_and_not_years():
    assert column(range(1, 200)).field == "row_number"
    assert column(range(1900, 2000)).field != "year"


def test_unknown_languages_are_counted():
    guess = column(["eng", "fre", "Simlish", "ger"], "Language")
    assert guess.field == "language"
    assert verdicts(guess) == ["1 value is no known language"]


# --- The whole --------------------------------------------------------------------------------
def test_the_better_of_two_titles_is_used():
    rows = [[row[1], row[1]] for row in books()]
    assert fields(survey(rows, ["original_title", "title"])) == ["ignore", "title"]
    assert fields(survey(rows, ["title", "original_title"])) == ["title", "ignore"]


def test_a_field_is_given_to_one_column_unless_several_may_have_it():
    guesses = survey(
        [["A title", "Ann One", "Bob Two", 1999, 2000]],
        ["Title", "Author", "Author 2", "Year", "Published"],
    )
    once = [guess.field for guess in guesses if not FIELDS[guess.field].multiple]
    assert len(once) == len(set(once))


def test_an_empty_column_and_ragged_rows_are_taken_as_they_are():
    guesses = survey([["Emma"], ["Ulysses", ""], ["Dune", None, "x"]], ["Title", "Publisher"])
    assert len(guesses) == 3
    assert guesses[1].field == "publisher"
    assert guesses[1].confidence <= 0.5
    assert verdicts(guesses[1]) == ["empty"]


def test_a_currency_in_the_heading_is_kept_for_the_prices():
    assert column([12.5, 9.9], "Preis (EUR)").options["currency"] == "EUR"
    assert column([12.5, 9.9], "Price in £").options["currency"] == "GBP"
    assert "currency" not in column(["eng"], "Sprache").options


def test_a_guess_can_be_stored_as_json():
    for guess in survey(books(), ["ISBN"]):
        assert json.loads(json.dumps(asdict(guess))) == asdict(guess)
        assert len(guess.samples) <= 3


def test_memory_does_not_grow_with_the_rows():
    found = Survey()

    def feed(start):
        for index in range(start, start + 4000):
            found.feed([f"Title number {index}", f"Author {index}", index * 7919])

    feed(0)
    tracemalloc.start()
    feed(4000)
    grown, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 20_000


cells = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)


@given(st.lists(st.lists(cells, max_size=4), max_size=6), st.lists(st.text(), max_size=4))
def test_any_cells_are_surveyed(rows, headers):
    for guess in survey(rows, headers):
        assert guess.field in FIELDS
        assert 0 <= guess.confidence <= 1
        verdicts(guess)
