import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.importers import capitals, dates, values

json_cells = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


def codes(read):
    return [problem.code for problem in read.problems]


# --- Text -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "tidied", "noted"),
    [
        ("  The \t Trial\n", "The Trial", []),
        ("The\u00a0Trial\u200b", "The Trial", []),
        ("Caf&eacute; &amp; Bar", "Café & Bar", ["entities"]),
        ("Don&#39;t", "Don't", ["entities"]),
        ("Tom &amp;amp; Jerry", "Tom & Jerry", ["entities"]),
        ("AT&T; R&D", "AT&T; R&D", []),
        ("GarcÃ\u00ada MÃ¡rquez", "García Márquez", ["mojibake"]),
        ("donâ€™t", "don’t", ["mojibake"]),
        ("SÃO PAULO", "SÃO PAULO", []),
        ("Łódź", "Łódź", []),
        ("L’Étranger", "L’Étranger", []),
        ("Cort\ufffdzar", "Cort\ufffdzar", ["lost_letters"]),
        ("a\x00b\ud800c", "abc", []),
        ("e\u0301", "é", []),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e", []),
    ],
)
def test_text_is_tidied_with_a_note_unless_only_spaces_were_wrong(text, tidied, noted):
    read = values.tidy(text)
    assert read.value == tidied
    assert codes(read) == noted


@given(st.text())
def test_tidied_text_can_be_stored_anywhere(text):
    tidied = values.tidy(text).value
    tidied.encode()
    assert "\x00" not in tidied
    assert tidied == tidied.strip()


@pytest.mark.parametrize(
    ("cell", "title", "noted"),
    [
        ("1984", "1984", []),
        (1984, "1984", ["title_number"]),
        (1984.0, "1984", ["title_number"]),
        (True, "TRUE", ["title_boolean"]),
        ({"date": "2003-02-01"}, "2003-02-01", ["title_date"]),
        ({"time": "12:30:00"}, "12:30:00", ["title_date"]),
        ({"error": "#N/A"}, "", []),
        ("x" * 600, "x" * 500, ["cut_short"]),
    ],
)
def test_a_title_cell_of_another_type_becomes_text_with_a_warning(cell, title, noted):
    read = values.title(cell)
    assert read.value == title
    assert codes(read) == noted


@pytest.mark.parametrize(
    ("shouted", "calm"),
    [
        ("THE LORD OF THE RINGS: THE RETURN OF THE KING",
         "The Lord of the Rings: The Return of the King"),
        ("HENRY V", "Henry V"),
        ("LOUIS XIV AND HIS AGE", "Louis XIV and His Age"),
        ("I, CLAUDIUS", "I, Claudius"),
        ("THE FBI STORY", "The FBI Story"),
        ("WORLD WAR II IN THE USA", "World War II in the USA"),
        ("DON'T LOOK NOW", "Don't Look Now"),
        ("L'ÉTRANGER", "L'Étranger"),
        ("MR. MERCEDES", "Mr. Mercedes"),
        ("J.R.R. TOLKIEN: A BIOGRAPHY", "J.R.R. Tolkien: A Biography"),
        ("1Q84 BOOK 1", "1Q84 Book 1"),
        ("MIDDLEMARCH", "Middlemarch"),
        ("THE HITCHHIKER’S GUIDE", "The Hitchhiker’s Guide"),
        ("THE 1ST OF MAY", "The 1st of May"),
    ],
)  # fmt: skip
def test_a_shouted_title_is_calmed_but_keeps_acronyms_and_numerals(shouted, calm):
    read = values.title(shouted)
    assert read.value == calm
    assert codes(read) == ["title_capitals"]


@pytest.mark.parametrize(
    "title", ["IT", "DUNE", "SPQR", "S.P.Q.R.", "NASA", "1Q84", "NOS4A2", "戦争"]
)
def test_a_title_that_may_be_an_acronym_is_left_alone(title):
    assert values.title(title) == values.Read(title)


def test_small_words_follow_the_language_of_the_book():
    assert values.title("DIE LEIDEN DES JUNGEN WERTHER", "ger").value == (
        "Die Leiden des Jungen Werther"
    )
    assert values.title("LIVE AND LET DIE", "eng").value == "Live and Let Die"


def test_in_a_column_of_capitals_short_titles_are_calmed_too():
    assert values.title("EMMA", shouted_column=True).value == "Emma"


@given(st.text(alphabet=st.characters(max_codepoint=0x17F, exclude_characters="İı")))
def test_calming_changes_nothing_but_case(text):
    assert capitals.title_case(text.upper()).upper() == text.upper()


def test_a_description_keeps_its_paragraphs_and_loses_its_markup():
    read = values.description("<p>One &amp; two</p><p>three<br/>four <b>bold</b></p>")
    assert read.value == "One & two\nthree\nfour bold"
    assert codes(read) == ["entities"]
    assert values.description("1 < 2 and 3 > 2").value == "1 < 2 and 3 > 2"


@pytest.mark.parametrize(
    ("cell", "name", "noted"),
    [
        ("Penguin Books,", "Penguin Books", []),
        ("[Penguin]", "Penguin", []),
        ("[s.n.]", "", []),
        ("s. n.", "", []),
        ("[S.l.] : [s.n.]", "", []),
        ("n/a", "", []),
        ("London : Penguin, 1999", "Penguin", []),
        ("Simon &amp; Schuster", "Simon & Schuster", ["entities"]),
        ("PENGUIN BOOKS", "Penguin Books", ["publisher_capitals"]),
        ("DK", "DK", []),
        (4711, "4711", []),
        ("x" * 300, "x" * 200, ["cut_short"]),
    ],
)
def test_publishers_are_cleaned_and_unknown_ones_left_empty(cell, name, noted):
    read = values.publisher(cell)
    assert read.value == name
    assert codes(read) == noted


def test_subjects_are_split_at_the_strongest_sign_and_kept_once():
    assert values.subjects("Fiction; History; fiction;").value == ("Fiction", "History")
    assert values.subjects("Sea stories, American, Whaling").value == (
        "Sea stories", "American", "Whaling",
    )  # fmt: skip
    assert values.subjects("Whales -- Fiction; Sea, the").value == ("Whales -- Fiction", "Sea, the")
    assert values.subjects("a|||||b", "|||||").value == ("a", "b")
    assert len(values.subjects(";".join(map(str, range(200)))).value) == 50


def test_an_unknown_language_is_left_empty_with_a_warning():
    assert values.language("français") == values.Read("fre")
    assert values.language("und") == values.Read("")
    assert codes(values.language("Klingonish")) == ["language_unknown"]


# --- Numbers ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cell", "pages"),
    [
        (345, 345), (345.0, 345), ("345", 345), ("345.0", 345), ("1,024", 1024),
        ("xii, 345 p.", 345), ("345 pages", 345), ("345 S.", 345), ("345 págs.", 345),
        ("345, [7] p.", 345), ("2 v. (345 p.)", 345), ("[8], 120 leaves", 120), ("ca. 300", 300),
        ("٣٤٥", 345), ("unpaged", None), ("n. pag.", None), (0, None), ("", None), ("1 v.", None),
    ],
)  # fmt: skip
def test_pages_are_read_as_catalogues_write_them(cell, pages):
    assert values.pages(cell) == values.Read(pages)


@pytest.mark.parametrize("cell", [-3, "-3", "many", 1.5, True, "300-350", 10**9, {"date": "x"}])
def test_an_impossible_number_of_pages_is_an_error(cell):
    assert values.pages(cell) == values.Read(None, (values.Problem("error", "pages_invalid"),))


@pytest.mark.parametrize(
    ("cell", "amount", "currency"),
    [
        ("€ 12,50", "12.50", "EUR"), ("12.50 EUR", "12.50", "EUR"), ("$12", "12.00", "USD"),
        ("12,50 €", "12.50", "EUR"), ("EUR12.50", "12.50", "EUR"), ("£5.99", "5.99", "GBP"),
        ("CHF 12.50", "12.50", "CHF"), ("20 zł", "20.00", "PLN"), ("DM 19,80", "19.80", "DEM"),
        ("1.234,56 €", "1234.56", "EUR"), ("1,234.56", "1234.56", ""), ("12,-", "12.00", ""),
        ("12'500.00", "12500.00", ""), ("kr. 99", "99.00", ""), (12.5, "12.50", ""),
        (12, "12.00", ""), ("free", "0.00", ""),
    ],
)  # fmt: skip
def test_prices_are_read_with_their_currency(cell, amount, currency):
    assert values.price(cell) == values.Read((Decimal(amount), currency))


@pytest.mark.parametrize("cell", ["-3", -3, "dear", "1e5", 10**9, True, "12/50"])
def test_an_impossible_price_is_an_error(cell):
    assert codes(values.price(cell)) == ["price_invalid"]


# --- Years and dates --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cell", "year"),
    [
        (2008, 2008), (2008.0, 2008), ("2008", 2008), ("2008.0", 2008), ("٢٠٠٨", 2008),
        (-1750, -1750), (-1750.0, -1750), ("-1750", -1750), ("-1750.0", -1750), ("−350", -350),
        ("1750 BC", -1750), ("350 B.C.", -350), ("350 BCE", -350), ("ca. 350 BC", -350),
        ("1750 v. Chr.", -1750), ("44 v.Chr.", -44), ("1750 av. J.-C.", -1750),
        ("44 a. C.", -44), ("44 p.n.e.", -44), ("44 f.Kr.", -44), ("AD 79", 79), ("79 n. Chr.", 79),
        ("c1999", 1999), ("©1999", 1999), ("cop. 1999", 1999), ("[1999]", 1999),
        ("[c1999]", 1999), ("1999?", 1999), ("ca. 1850", 1850), ("impr. 1999", 1999),
        ("MCMXCIX", 1999), ("May 1999", 1999), ("05/1999", 1999), ("1999-05", 1999),
    ],
)  # fmt: skip
def test_years_are_read_as_catalogues_write_them(cell, year):
    assert dates.published(cell) == values.Read(dates.Published(year))


@pytest.mark.parametrize(
    "cell",
    ["n.d.", "[n.d.]", "s.d.", "s. a.", "o.J.", "o. J.", "undated", "?", "-", "unknown", "", "nan",
     "0101-01-01T00:00:00+00:00"],
)  # fmt: skip
def test_a_year_that_is_not_known_is_nothing_to_complain_about(cell):
    assert dates.published(cell) == values.Read(dates.UNKNOWN)


@pytest.mark.parametrize(
    "cell", ["199-?", "19--", "199-", "199?", "1990s", "18th century", "20. Jahrhundert"]
)
def test_a_year_known_roughly_is_left_empty_with_a_warning(cell):
    read = dates.published(cell)
    assert read.value == dates.UNKNOWN
    assert codes(read) == ["year_unclear"]


@pytest.mark.parametrize("cell", ["abc", 20088, 36281, "36281", 1e300, 1999.5, True, "3500"])
def test_what_is_no_year_is_an_error(cell):
    assert codes(dates.published(cell)) == ["year_invalid"]


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ({"date": "1999-05-31"}, (1999, 5, 31)),
        ({"datetime": "1999-05-31T10:00:00"}, (1999, 5, 31)),
        ("1999-05-31", (1999, 5, 31)), ("1999/05/31", (1999, 5, 31)),
        ("1999-05-31T00:00:00+00:00", (1999, 5, 31)), ("31.5.1999", (1999, 5, 31)),
        ("1.5.1999", (1999, 5, 1)), ("31/5/1999", (1999, 5, 31)), ("5/31/1999", (1999, 5, 31)),
        ("31 May 1999", (1999, 5, 31)), ("May 31, 1999", (1999, 5, 31)),
        ("31st May 1999", (1999, 5, 31)), ("31 mai 1999", (1999, 5, 31)),
        ("1er mai 1999", (1999, 5, 1)), ("31. Mai 1999", (1999, 5, 31)),
        ("31 maja 1999", (1999, 5, 31)), ("19990531", (1999, 5, 31)),
    ],
)  # fmt: skip
def test_a_full_date_gives_the_day_and_its_year(cell, day):
    assert dates.published(cell) == values.Read(dates.Published(day[0], datetime.date(*day)))


def test_a_spreadsheets_number_for_a_day_is_a_date_in_a_date_column_only():
    read = dates.published(36281, serial=True)
    assert read.value.day == datetime.date(1999, 5, 1)
    assert codes(read) == ["date_serial"]
    assert dates.published("36281", {"serial": True}).value.day == datetime.date(1999, 5, 1)


def test_the_order_of_day_and_month_is_the_columns():
    assert dates.published("5/1/1999", {"day_first": True}).value.day == datetime.date(1999, 1, 5)
    assert dates.published("5/1/1999", {"day_first": False}).value.day == datetime.date(1999, 5, 1)
    unclear = dates.published("5/1/1999")
    assert unclear.value == dates.Published(1999)
    assert codes(unclear) == ["date_ambiguous"]
    assert dates.published("5/5/1999").value.day == datetime.date(1999, 5, 5)


@pytest.mark.parametrize("cell", ["31.02.1999", "1999-13-01", "32/1/1999", {"error": "#REF!"}, {}])
def test_a_day_that_the_calendar_does_not_have_is_an_error(cell):
    assert codes(dates.published(cell)) == ["date_invalid"]


def test_of_several_years_the_first_is_taken_with_a_warning():
    read = dates.published("1998-1999")
    assert read.value.year == 1998
    assert codes(read) == ["year_taken"]


def test_zero_is_no_year_and_the_far_future_is_doubted():
    assert codes(dates.published(0)) == ["year_unknown"]
    assert codes(dates.published(2950)) == ["year_future"]


@given(json_cells)
def test_no_cell_makes_a_value_raise_or_leave_its_range(cell):
    read = dates.published(cell)
    year = read.value.year
    assert year is None or (-5000 <= year <= 2999 and year)
    if read.value.day is not None:
        assert read.value.day.year == year
    pages = values.pages(cell).value
    assert pages is None or 1 <= pages <= values.MOST_PAGES
    amount, currency = values.price(cell).value
    assert amount is None or 0 <= amount < values.MOST_MONEY
    assert len(currency) in (0, 3)
    assert len(values.language(cell).value) in (0, 3)
    assert len(values.title(cell).value) <= 500
    assert len(values.publisher(cell).value) <= 200
    assert all(0 < len(subject) <= 100 for subject in values.subjects(cell).value)
    values.description(cell)


@given(st.text(alphabet="0123456789 -/.?[]cBCnd", max_size=14))
def test_no_text_that_resembles_a_year_makes_it_raise(text):
    dates.published(text)
    values.pages(text)
    values.price(text)


# --- Hostile values --------------------------------------------------------------------------


def test_no_more_marks_are_put_in_order_than_unicode_allows():
    kept = values.tidy("a" + "\u0301\u0323" * 10_000 + "b").value
    assert len(kept) < 40
    assert kept.endswith("b")
    assert values.tidy("Le\u0301vi-Strauss " + "-" * 60).value == "Lévi-Strauss " + "-" * 60


@pytest.mark.parametrize("read", [values.pages, values.price])
@pytest.mark.parametrize("cell", ["9" * 20_000, "1." * 10_000, "p. " + "9," * 10_000])
def test_a_number_as_long_as_a_book_is_none(read, cell):
    assert read(cell).problems[0].level == "error"
