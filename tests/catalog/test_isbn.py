import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from stdnum import isbn as standard

from catalog import isbn


def check_digit_10(stem: str) -> str:
    """By the definition: the sum of the digits times 10, 9, …, 1 is a multiple of 11."""
    for sign in "0123456789X":
        digits = [*map(int, stem), 10 if sign == "X" else int(sign)]
        weighed = zip(range(10, 0, -1), digits, strict=True)
        if sum(weight * digit for weight, digit in weighed) % 11 == 0:
            return sign
    raise AssertionError(stem)


def check_digit_13(stem: str) -> str:
    total = sum(int(digit) * (1, 3)[index % 2] for index, digit in enumerate(stem))
    return str(-total % 10)


def parsed(cell) -> isbn.Isbn:
    found = isbn.parse(cell)
    assert found is not None
    return found


tens = st.text("0123456789", min_size=9, max_size=9).map(lambda stem: stem + check_digit_10(stem))
thirteens = st.builds(
    lambda prefix, stem: (prefix + stem) + check_digit_13(prefix + stem),
    st.sampled_from(("978", "979")),
    st.text("0123456789", min_size=9, max_size=9),
)


@pytest.mark.parametrize(
    ("cell", "digits13", "repaired"),
    [
        ("0306406152", "9780306406157", False),
        ("9780306406157", "9780306406157", False),
        ("080442957X", "9780804429573", False),
        ("0-8044-2957-x", "9780804429573", False),
        ("978-0-306-40615-7", "9780306406157", False),
        ("978–0–306–40615–7", "9780306406157", False),
        ("978\u00a00306\u2009406157", "9780306406157", False),
        ("\uff19\uff17\uff18\uff10306406157", "9780306406157", False),  # full-width digits
        ("٩٧٨٠٣٠٦٤٠٦١٥٧", "9780306406157", False),
        ("08044 2957 \u0425", "9780804429573", False),  # a Cyrillic letter that looks like X
        (9780306406157, "9780306406157", False),
        (9780306406157.0, "9780306406157", False),
        ("9780306406157.0", "9780306406157", False),
        ('="9780306406157"', "9780306406157", False),
        ("'0306406152", "9780306406157", False),
        ("[2070291340]", "9782070291342", False),
        ("ISBN 978-0-306-40615-7", "9780306406157", False),
        ("ISBN-13: 9780306406157", "9780306406157", False),
        ("isbn10:0306406152", "9780306406157", False),
        ("urn:isbn:9780306406157", "9780306406157", False),
        ("0306406152 (pbk.) : $5.00", "9780306406157", False),
        ("(9780306406157)", "9780306406157", False),
        ("9,780,306,406,157", "9780306406157", False),
        ("9.780.306.406.157", "9780306406157", False),
        ("979-10-347-3799-4", "9791034737994", False),
        ("306406152", "9780306406157", True),
        (306406152, "9780306406157", True),
        (306406152.0, "9780306406157", True),
        ("SBN 306-40615-2", "9780306406157", True),
        ("80442957X", "9780804429573", True),
        ("2275", "9780000002273", True),  # six zeros lost
    ],
)
def test_an_isbn_is_read_from_everything_that_wraps_it(cell, digits13, repaired):
    found = isbn.parse(cell)
    assert found is not None
    assert (found.digits13, found.repaired) == (digits13, repaired)


@pytest.mark.parametrize("cell", [None, "", "   ", '=""', "-", "n/a", "ISBN", "none", "?"])
def test_an_empty_cell_is_no_isbn_and_no_error(cell):
    assert isbn.parse(cell) is None


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("9780306406158", "isbn_check_digit"),
        ("0306406153", "isbn_check_digit"),
        ("306406153", "isbn_check_digit"),
        ("978030640615", "isbn_length"),
        ("97803064061570", "isbn_length"),
        ("12345", "isbn_length"),
        ("030X406152", "isbn_letters"),
        ("978030640615X", "isbn_letters"),
        ("B00FALQ1ZC", "isbn_letters"),
        ("O3O6406152", "isbn_letters"),  # the letter O is not taken for a zero
        ("4006381333931", "isbn_prefix"),
        ("9790060115615", "isbn_music"),
        ("979-0-060-11561-5", "isbn_music"),
        ("0000000000", "isbn_placeholder"),
        ("9780000000002", "isbn_placeholder"),
        (0, "isbn_placeholder"),
        ("9.78E+12", "isbn_rounded"),
        ("9,78E+12", "isbn_rounded"),
        ("9.78030640616E+12", "isbn_rounded"),
        ("9.78030640616e+12", "isbn_rounded"),
        (True, "isbn_letters"),
        (1.5, "isbn_letters"),
        (float("nan"), "isbn_length"),
        (float("inf"), "isbn_length"),
        pytest.param(10**5000, "isbn_length", id="enormous"),
        (-9780306406157, "isbn_letters"),
        ({"date": "1999-05-01"}, "isbn_letters"),
        ("𐩀𐩁𐩂𐩃𐩀𐩁𐩂𐩃𐩀𐩁", "isbn_letters"),  # digits by Unicode, but not decimal ones
    ],
)
def test_what_is_no_isbn_says_why(cell, code):
    with pytest.raises(isbn.IsbnError) as caught:
        isbn.parse(cell)
    assert caught.value.code == code
    assert str(caught.value) == str(isbn.SENTENCES[code])


def test_a_rounded_isbn_is_refused_even_if_its_check_digit_fits_by_chance():
    by_chance = next(
        number
        for number in range(9780306400000, 9780306500000, 10)
        if check_digit_13(str(number)[:12]) == "0"
    )
    assert isbn.parse(by_chance)  # as a plain number nothing is wrong with it
    with pytest.raises(isbn.IsbnError, match="rounded"):
        isbn.parse(f"{by_chance / 10**12:.11f}E+12")


@given(tens)
@example("0000000019")
def test_an_isbn_10_is_restored_however_many_zeros_it_has_lost(ten):
    assume(ten.strip("0"))
    found = isbn.parse(ten.lstrip("0"))
    assert found is not None
    assert found.digits13 == standard.to_isbn13(ten)
    assert found.repaired == ten.startswith("0")
    if ten.isdecimal():
        assert parsed(int(ten)).digits13 == found.digits13


@given(tens | thirteens, st.integers(0, 12), st.sampled_from("0123456789X"))
def test_a_wrong_digit_is_never_put_right(number, place, sign):
    assume(place < len(number) and number[place] != sign)
    wrong = number[:place] + sign + number[place + 1 :]
    try:
        found = isbn.parse(wrong)
    except isbn.IsbnError:
        return
    # A number of ten or thirteen signs with one of them changed never passes.
    assert found is None, wrong


@given(tens, st.integers(0, 8))
def test_swapped_neighbours_are_never_accepted_as_ten_digits(ten, place):
    assume(ten[place] != ten[place + 1])
    signs = list(ten)
    signs[place], signs[place + 1] = signs[place + 1], signs[place]
    with pytest.raises(isbn.IsbnError):
        isbn.parse("".join(signs))


@given(st.text("0123456789X", min_size=1, max_size=9))
def test_fewer_than_ten_digits_are_only_accepted_with_the_mark_of_a_repair(short):
    try:
        found = isbn.parse(short)
    except isbn.IsbnError:
        return
    assert found is not None
    assert found.repaired
    assert standard.is_valid(short.zfill(10))


signs = st.sampled_from((10, 13)).flatmap(
    lambda length: st.text("0123456789X", min_size=length, max_size=length)
)


@given(tens | thirteens | signs, st.integers(1, 9))
def test_what_is_accepted_is_what_stdnum_calls_valid(bare, place):
    text = f"{bare[:place]}-{bare[place:]}"
    refused = ("9790", "0000000000", "978000000000")  # music and placeholders
    if standard.is_valid(bare) and not bare.startswith(refused):
        assert parsed(text).digits13 == standard.validate(bare, convert=True)
    else:
        with pytest.raises(isbn.IsbnError):
            isbn.parse(text)


cells = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)


@given(cells)
def test_parse_raises_nothing_but_isbn_errors(cell):
    try:
        found = isbn.parse(cell)
    except isbn.IsbnError:
        return
    assert found is None or (len(found.digits13) == 13 and len(found.entered) <= 40)


def test_the_entered_text_is_kept_within_its_column():
    assert parsed("ISBN 978-0-306-40615-7").entered == "ISBN 978-0-306-40615-7"
    assert len(parsed("9780306406157 (paperback, second edition)").entered) == 40


@pytest.mark.parametrize(
    ("typed", "forms"),
    [
        ("0306406152", ["9780306406157"]),
        ("978-0-306-40615-7", ["9780306406157"]),
        ("306406152", ["9780306406157"]),
        ("0 8044 2957 x", ["9780804429573"]),
        ("1984", []),
        ("dune", []),
        ("", []),
        ("9780306406158", []),
    ],
)
def test_the_search_box_knows_an_isbn_in_any_form(typed, forms):
    assert isbn.search_forms(typed) == forms


def test_every_isbn_of_a_longer_text_is_found_once():
    found = isbn.find("0306406152, 978-0-306-40615-7; 0-8044-2957-X and 1234567890")
    assert [each.digits13 for each in found] == ["9780306406157", "9780804429573"]


def test_hyphens_are_set_only_where_the_ranges_are_known():
    assert isbn.hyphenate("9780306406157") == "978-0-306-40615-7"
    assert isbn.hyphenate("9789999999991") == "9789999999991"


def test_only_978_has_a_form_of_ten_digits():
    assert isbn.to_isbn10("9780804429573") == "080442957X"
    assert isbn.to_isbn10("9791034737994") == ""
    assert isbn.to_isbn10("") == ""
