import pytest

from catalog.forms import credits
from catalog.forms.credits import CreditFormSet, canonical
from catalog.forms.picking import Picked
from catalog.models import Author
from catalog.services.books import CreditInput
from tests.catalog.search.shelves import needs_books

pytestmark = needs_books


def data(*rows, **more):
    """Rows as a page sends them: name, role, credited as, and fields by name."""
    sent = dict(more)
    for number, row in enumerate(rows):
        name, role, credited_as = (*row, "", "")[:3] if isinstance(row, tuple) else (row, "aut", "")
        sent |= {
            f"credits-{number}-author": name,
            f"credits-{number}-author_id": "",
            f"credits-{number}-role": role or "aut",
            f"credits-{number}-credited_as": credited_as,
            f"credits-{number}-position": str(number + 1),
        }
    return sent


def read(*rows, **more):
    formset = CreditFormSet(data(*rows, **more))
    assert formset.is_valid(), formset.errors
    return [(item.author.name, item.role, item.credited_as) for item in formset.credits()]


def wrong(*rows, **more):
    """The codes of the errors at each row, by field."""
    formset = CreditFormSet(data(*rows, **more))
    assert not formset.is_valid()
    return [
        {name: [error.code for error in errors.as_data()] for name, errors in row.items()}
        for row in formset.errors
    ]


@pytest.fixture
def ursula(db):
    return Author.objects.create(name="Ursula K. Le Guin")


def test_rows_are_credits_in_their_order(ursula):
    formset = CreditFormSet(data("ursula k. le guin", ("Charles Vess", "ill", "C. Vess")))
    assert formset.is_valid()
    assert formset.credits() == [
        CreditInput(Picked(ursula.pk, "Ursula K. Le Guin"), "aut", ""),
        CreditInput(Picked(None, "Charles Vess"), "ill", "C. Vess"),
    ]
    assert [canonical(credit) for credit in formset.credits()] == [
        [ursula.pk, "aut", ""],
        ["Charles Vess", "ill", "C. Vess"],
    ]


def test_empty_rows_are_nothing(db):
    assert read("", ("  ", "trl"), "Charles Vess", "") == [("Charles Vess", "aut", "")]
    assert read() == []
    assert CreditFormSet({}).credits() == []


def test_the_position_decides_the_order(db):
    sent = {"credits-0-position": "3", "credits-2-position": "1"}
    assert [name for name, *_rest in read("A", "B", "C", **{})] == ["A", "B", "C"]
    formset = CreditFormSet(data("A", "B", "C") | sent)
    assert [item.author.name for item in formset.credits()] == ["C", "B", "A"]


def test_rows_may_have_any_numbers_and_deleted_ones_are_left_out(db):
    sent = {"credits-7-author": "Seven", "credits-40-author": "Forty", "credits-40-position": "1"}
    assert [name for name, *_rest in read("One", "Two", **sent, **{"credits-1-DELETE": "on"})] == [
        "One", "Forty", "Seven"
    ]  # fmt: skip


def test_a_name_as_printed_needs_an_author(db):
    assert wrong(("", "aut", "J. R. R.")) == [{"author": ["nobody"]}]


def test_nobody_has_a_role_twice(ursula):
    assert wrong("Ursula K. Le Guin", ("Le Guin, Ursula K.", "ill"), "URSULA K LE GUIN") == [
        {}, {}, {"author": ["twice"]}
    ]  # fmt: skip
    assert wrong("Charles Vess", "charles vess") == [{}, {"author": ["twice"]}]
    assert len(read("Charles Vess", ("Charles Vess", "ill"))) == 2


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        (("x" * 201,), "author", "too_long"),
        (("A", "aut", "x" * 201), "credited_as", "max_length"),
        (("A", "xyz"), "role", "invalid_choice"),
        (("Ursula Le Guin",), "author", "similar"),
    ],
)
def test_an_error_stands_at_its_row_and_what_was_typed_stays(ursula, row, field, code):
    assert wrong("B", row) == [{}, {field: [code]}]
    html = CreditFormSet(data("B", row)).render()
    feedback = html.split(f'id="feedback_credits-1-{field}">')[1].split("</div>")[0]
    assert 'data-said="error"' in feedback
    assert f'aria-describedby="feedback_credits-1-{field}"' in html
    assert f'value="{row[0]}"' in html


def test_a_position_that_is_none_is_said(db):
    assert wrong("A", **{"credits-1-author": "B", "credits-1-position": "x"})[1] == {
        "position": ["invalid"]
    }


def test_two_hundred_and_no_more(db):
    names = [f"Somebody Number{number:03}" for number in range(credits.MOST + 1)]
    assert len(read(*names[:-1])) == credits.MOST
    formset = CreditFormSet(data(*names))
    assert not formset.is_valid()
    assert "200" in str(formset.non_form_errors())
    assert len(formset.forms) == credits.MOST + 1  # nothing is lost


@pytest.mark.parametrize("number", [1, 50])
def test_known_authors_cost_one_query(django_assert_num_queries, number):
    people = [Author.objects.create(name=f"Somebody Number{count}") for count in range(number)]
    sent = data(*(author.name for author in people))
    for count, author in enumerate(people):
        sent[f"credits-{count}-author_id"] = str(author.pk)
    with django_assert_num_queries(1):
        assert len(CreditFormSet(sent).credits()) == number


@pytest.mark.parametrize("number", [2, 50])
def test_typed_names_cost_the_same_however_many(django_assert_num_queries, number):
    Author.objects.create(name="Somebody Number")
    sent = data(*(f"Somebody Numbr{count:02}" for count in range(number)))
    # 1. exact  2. close words  3. the index
    with django_assert_num_queries(3):
        assert len(CreditFormSet(sent).credits()) == number


# --- Comparing ------------------------------------------------------------------------------------


# --- Buttons of plain forms -----------------------------------------------------------------------


def pressed(button, number, *rows):
    formset = CreditFormSet(data(*rows, **{f"credits-{button}": str(number)}))
    action = formset.action()
    return [row.said for row in formset.forms], action.said if action else None, formset


@pytest.mark.parametrize(
    ("button", "number", "order", "said"),
    [
        ("up", 1, ["B", "A", "C"], "B now stands at place 1 of 3."),
        ("up", 0, ["A", "B", "C"], "A now stands at place 1 of 3."),
        ("down", 0, ["B", "A", "C"], "A now stands at place 2 of 3."),
        ("down", 2, ["A", "B", "C"], "C now stands at place 3 of 3."),
        ("remove", 1, ["A", "C"], "B was taken out."),
        ("add", 1, ["A", "B", "C", ""], "A row was added."),
        ("up", 99, ["A", "B", "C"], ""),
        ("up", "x", ["A", "B", "C"], ""),
    ],
)
def test_a_button_changes_the_rows_and_saves_nothing(db, button, number, order, said):
    names, done, formset = pressed(button, number, "A", "B", "C")
    assert (names, done) == (order, said)
    assert not formset.is_valid()
    assert formset.errors == []
    assert [row["position"].value() for row in formset.forms] == list(range(1, len(order) + 1))


def test_a_button_keeps_whatever_was_typed_and_complains_about_nothing(db):
    row = ("x" * 300, "ill", "y" * 300)
    _names, _said, formset = pressed("add", 1, row)
    html = formset.render()
    assert f'value="{"x" * 300}"' in html
    assert f'value="{"y" * 300}"' in html
    assert '<option value="ill" selected>' in html
    assert 'data-said="error"' not in html


def test_taking_out_the_last_row_leaves_an_empty_one(db):
    names, _said, _formset = pressed("remove", 0, "A")
    assert names == [""]


def test_hostile_names_of_inputs_are_ignored(db):
    sent = {"credits-x-author": "X", "credits--1-author": "X", "credits-9999999-author": "X"}
    assert read("A", **sent) == [("A", "aut", "")]
    many = {f"credits-{number}-author": "A" for number in range(5_000)}
    assert len(CreditFormSet(many).forms) == credits.SHOWN


def test_far_too_many_rows_are_refused_without_looking_anybody_up(django_assert_num_queries):
    names = [f"Somebody Number{number:03}" for number in range(credits.SHOWN)]
    formset = CreditFormSet(data(*names))
    with django_assert_num_queries(0):
        assert not formset.is_valid()
        assert names[-1] in str(formset)
    assert formset.non_form_errors()
