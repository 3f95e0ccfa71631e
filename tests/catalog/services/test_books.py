"""Saving a book as a whole: credits and subjects are fields that two people may change as well."""

import pytest

from catalog.models import Book, Subject
from catalog.models.versioned import Conflict
from catalog.services import editing
from catalog.services.books import CreditInput, Picked, save_book

pytestmark = pytest.mark.django_db

HERS = {"credits": [CreditInput(Picked(None, "Brian Herbert"))], "subjects": ["Deserts"]}
MINE = {"credits": [CreditInput(Picked(None, "Kevin Anderson"))], "subjects": ["Spice"]}
PARTS = pytest.mark.parametrize(
    ("part", "other"), [("credits", "subjects"), ("subjects", "credits")]
)


@pytest.fixture
def dune(make_books):
    (book,) = make_books(title="Dune", authors=["Frank Herbert"])
    book.subjects.add(Subject.objects.create(name="Sand"))
    return book.pk


def people(book):
    return [item.author.name for item in book.contributions.order_by("position")]


def subjects(book):
    return list(book.subjects.order_by("name_key").values_list("name", flat=True))


SHOWN = {"credits": people, "subjects": subjects}


@PARTS
def test_what_somebody_else_changed_meanwhile_is_not_overwritten(dune, part, other):
    mine, hers = Book.objects.get(pk=dune), Book.objects.get(pk=dune)
    save_book(hers, **{part: HERS[part]})
    before, snapshots = editing.state_of(hers), Book.history.count()
    mine.title = "Dune Messiah"
    with pytest.raises(Conflict) as asked:
        save_book(mine, **{part: MINE[part], other: MINE[other]})
    book = Book.objects.get(pk=dune)
    assert set(asked.value.fields) == {part}  # the other one could have been saved
    assert asked.value.fields[part] == (MINE[part], before[part])
    assert asked.value.version == book.version == hers.version
    assert editing.state_of(book) == before
    assert Book.history.count() == snapshots


@PARTS
def test_of_credits_and_subjects_each_is_kept_if_two_people_change_one_each(dune, part, other):
    mine, hers = Book.objects.get(pk=dune), Book.objects.get(pk=dune)
    save_book(hers, **{other: HERS[other]})
    save_book(mine, **{part: MINE[part]})
    expected = {"credits": ["Kevin Anderson"], "subjects": ["Spice"]}
    expected[other] = {"credits": ["Brian Herbert"], "subjects": ["Deserts"]}[other]
    book = Book.objects.get(pk=dune)
    assert {name: shown(book) for name, shown in SHOWN.items()} == expected


@PARTS
def test_a_field_that_somebody_else_changed_stops_nobody_from_changing_a_part(dune, part, other):
    mine, hers = Book.objects.get(pk=dune), Book.objects.get(pk=dune)
    hers.pages = 412
    hers.save()
    save_book(mine, **{part: MINE[part], other: MINE[other]})
    book = Book.objects.get(pk=dune)
    assert (book.pages, people(book), subjects(book)) == (412, ["Kevin Anderson"], ["Spice"])


@PARTS
def test_after_a_conflict_the_book_as_it_is_now_can_be_saved(dune, part, other):
    mine, hers = Book.objects.get(pk=dune), Book.objects.get(pk=dune)
    save_book(hers, **{part: HERS[part]})
    with pytest.raises(Conflict):
        save_book(mine, **{part: MINE[part]})
    again = Book.objects.get(pk=dune)
    save_book(again, **{part: MINE[part]})
    assert SHOWN[part](again) == {"credits": ["Kevin Anderson"], "subjects": ["Spice"]}[part]
