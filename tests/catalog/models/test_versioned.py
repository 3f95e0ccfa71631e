"""Two writers of one record, through the models alone."""

import pytest

from catalog.models import Author, Book, Contribution, Publisher
from catalog.models.indexed import deferred
from catalog.models.versioned import Conflict, RecordGone, three_way

pytestmark = pytest.mark.django_db


def test_what_only_one_of_two_changed_survives(make_books):
    make_books(1, title="Dune")
    mine, theirs = Book.objects.get(), Book.objects.get()
    theirs.language = "eng"
    theirs.save()
    mine.year = 1965
    mine.save()
    book = Book.objects.get()
    assert (book.language, book.year, book.version) == ("eng", 1965, theirs.version + 1)
    assert mine.language == "eng"  # the instance in hand has it as well


def test_what_both_changed_is_a_conflict_and_nothing_is_written(make_books):
    make_books(1, title="Dune", year=1965)
    mine, theirs = Book.objects.get(), Book.objects.get()
    theirs.title = "Dune Messiah"
    theirs.save()
    mine.title, mine.year = "Children of Dune", 1976
    with pytest.raises(Conflict) as caught:
        mine.save()
    assert caught.value.fields == {"title": ("Children of Dune", "Dune Messiah")}
    assert caught.value.version == theirs.version
    book = Book.objects.get()
    assert (book.title, book.year, book.version) == ("Dune Messiah", 1965, theirs.version)


def test_the_same_change_made_twice_is_no_conflict(make_books):
    make_books(1, title="Dun")
    mine, theirs = Book.objects.get(), Book.objects.get()
    for record in (theirs, mine):
        record.title = "Dune"
        record.save()
    assert Book.objects.get().title == "Dune"


def test_update_fields_only_conflicts_in_its_fields(make_books):
    make_books(1, title="Dune", publisher="Chilton")
    mine, theirs = Book.objects.get(), Book.objects.get()
    theirs.title = "Dune Messiah"
    theirs.publisher = Publisher.objects.create(name="Putnam")
    theirs.save()
    mine.title, mine.pages = "Not saved", 412
    mine.save(update_fields=["pages"])
    book = Book.objects.get()
    assert (book.title, book.pages, str(book.publisher)) == ("Dune Messiah", 412, "Putnam")
    mine = Book.objects.get()
    Book.objects.filter(pk=mine.pk).update(publisher=None)
    mine.publisher = Publisher.objects.get(name="Chilton")
    with pytest.raises(Conflict):
        mine.save(update_fields=["publisher"])


def test_what_was_not_saved_yet_survives_somebody_elses_save(make_books):
    make_books(1, title="Dune")
    mine = Book.objects.get()
    mine.title = "Dune Messiah"
    mine.save(update_fields=["pages"])
    theirs = Book.objects.get()
    theirs.subtitle = "A novel"
    theirs.save()
    mine.save()
    book = Book.objects.get()
    assert (book.title, book.subtitle) == ("Dune Messiah", "A novel")


def test_what_was_not_saved_yet_overwrites_nobody(make_books):
    make_books(1, title="Dune")
    mine, theirs = Book.objects.get(), Book.objects.get()
    theirs.title = "Dune Messiah"
    theirs.save()
    mine.title = "Children of Dune"
    mine.save(update_fields=["pages"])
    for _attempt in range(2):
        with pytest.raises(Conflict):
            mine.save()
    mine.title = "Dune Messiah"
    mine.save()
    assert Book.objects.get().title == "Dune Messiah"


def test_two_who_write_a_record_in_the_block_that_makes_it_lose_nothing():
    with deferred():
        mine = Book.objects.create(title="Dune")
        theirs = Book.objects.get()
        theirs.language = "eng"
        theirs.save()
        mine.year = 1965
        mine.save()
    book = Book.objects.get()
    assert (book.language, book.year, book.version) == ("eng", 1965, 1)


def test_a_bulk_update_raises_the_version_and_is_merged(make_author):
    mine = make_author("Ursula Le Guin")
    Author.objects.update(email="ursula@example.org")
    mine.name = "Ursula K. Le Guin"
    mine.save()
    author = Author.objects.get()
    assert (author.name, author.email, author.version) == (
        "Ursula K. Le Guin", "ursula@example.org", 3,
    )  # fmt: skip


def test_a_record_that_was_deleted_does_not_come_back_by_halves(make_books):
    (book,) = make_books(1)
    Book.objects.all().delete()
    book.title = "Dune"
    with pytest.raises(RecordGone):
        book.save()
    assert not Book.objects.exists()


def test_credits_alone_raise_the_version(make_books, make_author):
    (book,) = make_books(1, authors=[])
    Contribution.objects.create(book=book, author=make_author("Frank Herbert"))
    assert Book.objects.get().version == book.version + 1
    Contribution.objects.all().delete()
    assert Book.objects.get().version == book.version + 2


def test_saving_twice_in_a_row_needs_no_reload(make_publisher):
    publisher = make_publisher("Ace")
    for city in ("Berlin", "Paris"):
        publisher.city = city
        publisher.save()
    publisher.refresh_from_db()
    assert (publisher.city, publisher.version) == ("Paris", 3)


def test_three_way_says_what_is_saved_and_what_is_asked():
    base = {"a": 1, "b": 1, "c": 1, "d": 1}
    mine = {"a": 2, "b": 1, "c": 2, "d": 2, "new": 5}
    theirs = {"a": 1, "b": 2, "c": 3, "d": 2}
    merged, conflicts = three_way(base, mine, theirs)
    assert merged == {"a": 2, "b": 2, "c": 2, "d": 2, "new": 5}
    assert conflicts == {"c": (2, 3)}
