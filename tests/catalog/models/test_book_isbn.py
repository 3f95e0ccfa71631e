"""What every writer of a book's ISBN gets from the model: forms, the admin, the API."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.forms import modelform_factory

from catalog.models import Book

pytestmark = pytest.mark.django_db  # constraints are checked by the database


def cleaned(**fields):
    book = Book(title="A book", **fields)
    book.full_clean(exclude=["sort_title"])
    return book


def test_a_typed_isbn_becomes_thirteen_digits_and_the_text_is_kept():
    book = cleaned(isbn="ISBN 0-306-40615-2")
    assert (book.isbn, book.isbn_entered) == ("9780306406157", "ISBN 0-306-40615-2")
    assert not book.isbn_repaired


def test_a_typed_isbn_without_its_zero_is_marked_as_repaired():
    book = cleaned(isbn="306406152")
    assert (book.isbn, book.isbn_repaired) == ("9780306406157", True)


def test_cleaning_again_changes_nothing():
    book = cleaned(isbn="306406152")
    book.full_clean(exclude=["sort_title"])
    assert (book.isbn_entered, book.isbn_repaired) == ("306406152", True)


def test_another_isbn_replaces_what_was_entered_for_the_first():
    book = cleaned(isbn="306406152")
    book.isbn = "9780804429573"
    book.full_clean(exclude=["sort_title"])
    assert (book.isbn_entered, book.isbn_repaired) == ("9780804429573", False)


def test_emptying_the_isbn_empties_all_of_it():
    book = cleaned(isbn="306406152")
    book.isbn = ""
    book.full_clean(exclude=["sort_title"])
    assert (book.isbn, book.isbn_entered, book.isbn_repaired) == ("", "", False)


@pytest.mark.parametrize("typed", ["0306406153", "9790060115615", "abc", "0" * 10])
def test_a_wrong_isbn_is_refused_beside_its_field(typed):
    with pytest.raises(ValidationError) as caught:
        cleaned(isbn=typed)
    assert list(caught.value.message_dict) == ["isbn"]


def test_a_form_takes_more_than_the_thirteen_characters_that_are_kept():
    form = modelform_factory(Book, fields=("title", "isbn"))(
        {"title": "A book", "isbn": "ISBN 978-0-306-40615-7"}
    )
    assert form.is_valid(), form.errors
    assert form.instance.isbn == "9780306406157"
    assert 'maxlength="40"' in str(form["isbn"])


def test_a_form_without_the_isbn_leaves_it_alone():
    book = Book(title="A book", isbn="1234567890123")  # as a raw writer may have left it
    form = modelform_factory(Book, fields=("title",))({"title": "Another"}, instance=book)
    assert form.is_valid(), form.errors
    assert book.isbn == "1234567890123"


def test_the_isbn_field_needs_no_migration_of_its_own():
    assert Book._meta.get_field("isbn").deconstruct()[1] == "django.db.models.CharField"
    call_command("makemigrations", "catalog", check=True, dry_run=True, verbosity=0)
