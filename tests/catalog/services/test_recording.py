"""Every change has a snapshot, whoever made it, and a change costs one."""

import pytest
from django.db import transaction

from catalog.models import Author, Book, Contribution, Publisher, Subject
from catalog.models.history import Source, origin
from catalog.models.indexed import deferred

pytestmark = pytest.mark.django_db


def story(record):
    rows = type(record).history.filter(id=record.pk).order_by("history_id")
    return [(row.history_type, row.version, row.source) for row in rows]


def test_a_book_saved_with_its_credits_is_one_change(make_author):
    with deferred():
        book = Book.objects.create(title="Dune")
        Contribution.objects.create(book=book, author=make_author("Frank Herbert"))
        book.subjects.add(Subject.objects.create(name="Deserts"))
    assert story(book) == [("+", 1, Source.COMMAND)]
    details = Book.history.get().details
    assert details["credits"] == [[Author.objects.get().pk, "aut", ""]]
    assert details["subjects"] == ["Deserts"]


def test_every_way_to_write_is_noted(make_author):
    book = Book.objects.create(title="Dune")
    book.year = 1965
    book.save()
    Book.objects.filter(pk=book.pk).update(language="eng")
    Contribution.objects.bulk_create([Contribution(book=book, author=make_author("Herbert"))])
    Contribution.objects.update(role="edt")
    book.subjects.add(Subject.objects.create(name="Deserts"))
    book.subjects.clear()
    Contribution.objects.get().delete()
    Book.objects.all().delete()
    assert [kind for kind, _version, _source in story(book)] == ["+", *"~~~~~~~", "-"]
    versions = [version for _kind, version, _source in story(book)]
    assert versions == [1, 2, 3, 4, 5, 6, 7, 8, 8]


def test_saving_without_a_change_is_no_change():
    publisher = Publisher.objects.create(name="Ace")
    publisher.save()
    assert story(publisher) == [("+", 1, Source.COMMAND)]


def test_what_was_never_noted_gets_its_first_snapshot_before_its_first_change(cataloguer):
    book = Book.objects.create(title="Dune", created_by=cataloguer)
    Book.history.all().delete()  # as an import leaves it
    book.title = "Dune Messiah"
    book.save()
    first, second = Book.history.order_by("history_id")
    assert (first.title, first.history_user, first.history_date) == (
        "Dune", cataloguer, book.created_at,
    )  # fmt: skip
    assert (second.title, second.history_user) == ("Dune Messiah", None)


def test_the_origin_is_noted(manager):
    with origin(Source.LIST, user=manager, reason="tidying"):
        book = Book.objects.create(title="Dune")
    row = Book.history.get()
    assert (row.source, row.history_user, row.history_change_reason) == (
        Source.LIST, manager, "tidying",
    )  # fmt: skip
    assert story(book) == [("+", 1, Source.LIST)]


def test_who_sent_the_request_is_noted(client_of, cataloguer):
    client_of(cataloguer).post("/books/new/", {"title": "Dune"})
    row = Book.history.get()
    assert (row.history_user, row.source, row.title) == (cataloguer, Source.FORM, "Dune")


def test_a_deletion_keeps_all_that_is_needed_to_undo_it(make_books):
    (book,) = make_books(1, title="Dune", authors=["Frank Herbert", "Brian Herbert"])
    book.delete()
    last = Book.history.first()
    assert (last.history_type, last.title, len(last.details["credits"])) == ("-", "Dune", 2)


def test_what_is_rolled_back_leaves_no_trace():
    with transaction.atomic():
        Book.objects.create(title="Dune")
        assert Book.history.exists()
        transaction.set_rollback(True)
    assert not Book.history.exists()
