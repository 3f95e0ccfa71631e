"""Putting back what records were."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from catalog.models import Author, Book, Contribution, Publisher, Subject
from catalog.models.indexed import deferred
from catalog.services import history
from catalog.services.history import CannotPutBack, apply_state, apply_states, put_back_all

pytestmark = pytest.mark.django_db


def last_of(record):
    return type(record).history.filter(id=record.pk).order_by("-history_id").first()


def words(book):
    credits = book.contributions.order_by("position", "pk")
    return [(item.author.name, item.role, item.credited_as, item.position) for item in credits]


@pytest.fixture
def dune(make_books):
    (book,) = make_books(1, title="Dune", year=1965, publisher="Chilton", authors=["Frank Herbert"])
    book.subjects.add(Subject.objects.create(name="Deserts"))
    return Book.objects.get()


def test_a_record_becomes_what_the_snapshot_has(dune, make_author):
    then = last_of(dune)
    with deferred():
        dune.title, dune.year, dune.publisher = "The Dune", None, None
        dune.save()
        dune.contributions.all().delete()
        Contribution.objects.create(book=dune, author=make_author("Brian Herbert"), role="edt")
        dune.subjects.clear()
    Subject.objects.all().delete()
    book = apply_state("book", dune.pk, then)
    assert (book.title, book.year, str(book.publisher)) == ("Dune", 1965, "Chilton")
    assert book.sort_title == "dune"
    assert words(book) == [("Frank Herbert", "aut", "", 0)]
    assert [subject.name for subject in book.subjects.all()] == ["Deserts"]
    assert book.version == dune.version + 1


def test_only_some_fields_of_it(dune):
    then = last_of(dune)
    Book.objects.update(title="The Dune", year=1984, publisher=None)
    book = apply_state("book", dune.pk, then, only={"year", "publisher"})
    assert (book.title, book.year, str(book.publisher)) == ("The Dune", 1965, "Chilton")


def test_a_record_that_is_gone_is_made_again_with_its_id(dune, cataloguer):
    long_ago = timezone.now() - timedelta(days=700)
    Book.objects.update(created_by=cataloguer, created_at=long_ago)
    dune.delete()
    then = Book.history.first()
    book = apply_state("book", then.id, then)
    assert (book.pk, book.title, book.created_by, book.created_at) == (
        then.id, "Dune", cataloguer, long_ago,
    )  # fmt: skip
    assert words(book) == [("Frank Herbert", "aut", "", 0)]
    assert book.version > then.version
    made = Book.history.first()
    assert (made.history_type, made.version) == ("+", book.version)


@pytest.mark.django_db(transaction=True)  # MariaDB finds what was committed
def test_what_is_put_back_is_found_again(make_books):
    (book,) = make_books(1, title="Dune")
    book.delete()
    then = Book.history.first()
    assert not Book.objects.search("dune")
    assert apply_state("book", then.id, then) == Book.objects.search("dune").get()


def test_whoever_made_it_may_be_gone_too(dune, cataloguer):
    Book.objects.update(created_by=cataloguer)
    dune.delete()
    User.objects.all().delete()
    then = Book.history.first()
    assert apply_state("book", then.id, then).created_by is None


def test_a_field_of_a_record_that_is_gone_is_refused(dune):
    then = last_of(dune)
    dune.delete()
    with pytest.raises(CannotPutBack, match="“Dune” has been deleted"):
        apply_state("book", then.id, then, only=["year"])


def test_who_is_gone_is_named_or_brought_back(dune):
    dune.delete()
    Author.objects.all().delete()
    Publisher.objects.all().delete()
    then = Book.history.first()
    with pytest.raises(CannotPutBack, match="“Chilton”, “Frank Herbert”"):
        apply_state("book", then.id, then)
    assert not Book.objects.exists()
    book = apply_state("book", then.id, then, bring_back=True)
    assert str(book.publisher) == "Chilton"
    assert words(book) == [("Frank Herbert", "aut", "", 0)]


def test_who_has_the_same_name_today_stands_in(dune, make_author, make_publisher):
    dune.delete()
    Author.objects.all().delete()
    Publisher.objects.all().delete()
    herbert, chilton = make_author("Frank Herbert"), make_publisher("CHILTON")
    then = Book.history.first()
    book = apply_state("book", then.id, then)
    assert book.publisher == chilton
    assert book.contributions.get().author == herbert


def test_a_name_that_was_taken_meanwhile_is_a_sentence(make_publisher):
    ace = make_publisher("Ace")
    then = last_of(ace)
    ace.name = "Ace Books"
    ace.save()
    make_publisher("ACE")
    with pytest.raises(CannotPutBack, match="There is a publisher of this name already"):
        apply_state("publisher", ace.pk, then)


@pytest.mark.parametrize("size", [2, 30])
def test_the_cost_grows_by_the_500_and_not_by_the_record(
    make_books, size, django_assert_max_num_queries
):
    for number in range(size):
        make_books(1, title=f"Dune {number}", publisher=f"Ace {number}", authors=[f"H. {number}"])
    then = {row.id: row for row in Book.history.order_by("history_id")}
    with deferred():
        Book.objects.update(year=1, publisher=None)
        Contribution.objects.all().delete()
    with django_assert_max_num_queries(27):
        applied = apply_states("book", then)
    assert len(applied.changed) == size
    assert Book.objects.filter(publisher=None).count() == 0
    assert Contribution.objects.count() == size


def test_changes_are_undone_and_what_came_later_stays(make_books):
    one, two, three = make_books(3, title="Dune", year=1965)
    Book.objects.update(year=1984, language="eng")
    changes = list(Book.history.filter(year=1984))
    Book.objects.filter(pk=two.pk).update(year=2000)
    Book.objects.filter(pk=three.pk).update(title="Messiah")
    applied = put_back_all("book", changes)
    found = Book.objects.order_by("pk").values_list("title", "year", "language")
    assert [tuple(row) for row in found] == [
        (one.title, 1965, ""), (two.title, 2000, ""), ("Messiah", 1965, ""),
    ]  # fmt: skip
    assert applied.left == {two.pk: {"year"}}
    assert applied.changed == [one.pk, two.pk, three.pk]
    put_back_all("book", changes, force=True)
    assert set(Book.objects.values_list("year", flat=True)) == {1965}


def test_deletions_are_undone(make_books):
    make_books(3)
    ids = set(Book.objects.values_list("pk", flat=True))
    Book.objects.all().delete()
    applied = put_back_all("book", Book.history.filter(history_type="-"))
    assert set(applied.created) == ids == set(Book.objects.values_list("pk", flat=True))


def test_that_a_record_was_made_is_not_undone_here(dune):
    applied = put_back_all("book", Book.history.filter(history_type="+"))
    assert set(applied.refused) == {dune.pk}
    assert Book.objects.exists()


def test_differences_name_fields_credits_and_subjects(dune):
    then = last_of(dune)
    with deferred():
        Book.objects.update(year=None)
        dune.subjects.clear()
    assert history.differences(then, last_of(dune)) == {"year", "subjects"}
