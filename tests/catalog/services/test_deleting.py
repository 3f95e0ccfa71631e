"""Nothing is lost by deleting: what undo brings back, and what becomes of the books of others."""

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from catalog.models import (
    Attachment,
    Author,
    Book,
    BulkEdit,
    Contribution,
    Note,
    Publisher,
    Subject,
)
from catalog.models.history import Source
from catalog.models.versioned import RecordGone
from catalog.search.backends import backend
from catalog.search.base import BOOKS
from catalog.services import changes, deleting
from catalog.services.deleting import delete_record, undelete
from catalog.services.recording import now, state
from tests.catalog.search.shelves import needs_books

pytestmark = needs_books


def everything(kind, pk):
    snapshot = now(kind, [pk])[pk]
    return state(snapshot) | {
        "created": (snapshot.created_at, getattr(snapshot, "created_by_id", None))
    }


@pytest.fixture
def dune(make_books, cataloguer):
    (book,) = make_books(
        1, title="Dune", authors=["Frank Herbert", "Brian Herbert"], publisher="Chilton",
        isbn="9780441013593", year=1965, language="eng", description="Sand.", created_by=cataloguer,
    )  # fmt: skip
    book.subjects.add(Subject.objects.create(name="Deserts"))
    Note.objects.create(kind="book", record_id=book.pk, text="Signed.")
    Attachment.objects.create(kind="book", record_id=book.pk, name="a.pdf", size=1)
    return Book.objects.get()


def test_a_deleted_book_comes_back_as_it_was(dune, manager):
    pk, before = dune.pk, everything("book", dune.pk)
    version = dune.version
    assert delete_record(dune, manager).moved == 0
    assert not Book.objects.exists()
    assert backend().match(BOOKS, ["dune"], limit=5) == []

    back = undelete("book", pk, manager)
    assert (back.record.pk, back.also, back.moved, back.left) == (pk, (), 0, 0)
    assert everything("book", pk) == before
    assert back.record.version == version + 1
    assert Note.objects.of(back.record).get().text == "Signed."
    assert Attachment.objects.of(back.record).get().name == "a.pdf"
    story = [(row.history_type, row.source, row.history_user) for row in Book.history.all()[:2]]
    assert story == [("+", Source.UNDO, manager), ("-", Source.COMMAND, manager)]


def test_what_comes_back_is_found_again(dune, manager):
    pk = dune.pk
    delete_record(dune, manager)
    undelete("book", pk, manager)
    assert backend().having(BOOKS, [pk], ["dune", "herbert", "chilton"]) == [pk]


def test_whom_a_book_needs_comes_back_with_it(dune, manager):
    pk, before = dune.pk, everything("book", dune.pk)
    delete_record(dune, manager)
    for record in (*Author.objects.all(), Publisher.objects.get()):
        delete_record(record, manager)
    back = undelete("book", pk, manager)
    assert set(back.also) == {"Chilton", "Frank Herbert", "Brian Herbert"}
    assert everything("book", pk) == before


def test_whoever_has_the_name_now_stands_in(dune, manager, make_publisher):
    pk = dune.pk
    delete_record(dune, manager)
    delete_record(Publisher.objects.get(), manager)
    again = make_publisher("CHILTON")
    back = undelete("book", pk, manager)
    assert back.record.publisher == again
    assert back.also == ()


def test_undoing_twice_is_said(dune, manager):
    pk = dune.pk
    delete_record(dune, manager)
    undelete("book", pk, manager)
    with pytest.raises(deleting.AlreadyThere):
        undelete("book", pk, manager)
    with pytest.raises(deleting.NeverThere):
        undelete("book", pk + 1, manager)


def test_the_second_to_delete_learns_that_it_is_gone(dune, manager):
    again = Book.objects.get()
    delete_record(dune, manager)
    with pytest.raises(RecordGone):
        delete_record(again, manager)


@pytest.mark.parametrize("kind", ["author", "publisher"])
def test_who_has_no_books_is_deleted_plainly(kind, manager, make_author, make_publisher):
    record = {"author": make_author, "publisher": make_publisher}[kind]("Nobody")
    pk, before = record.pk, everything(kind, record.pk)
    delete_record(record, manager)
    undelete(kind, pk, manager)
    assert everything(kind, pk) == before


def test_a_name_that_was_taken_meanwhile_is_said(manager, make_publisher, make_author):
    for kind, make in (("publisher", make_publisher), ("author", make_author)):
        record = make("Ace Books")
        pk = record.pk
        delete_record(record, manager)
        again = make("ACE books")
        with pytest.raises(deleting.NameTaken) as caught:
            undelete(kind, pk, manager)
        assert caught.value.record == again
        assert "“Ace Books” cannot be brought back" in str(caught.value)


def test_a_publisher_with_books_is_not_deleted_without_a_word_about_them(make_books, manager):
    make_books(3, publisher="Ace Books")
    ace = Publisher.objects.get()
    with pytest.raises(deleting.StillHasBooks) as caught:
        delete_record(ace, manager)
    assert caught.value.number == 3
    assert Publisher.objects.filter(pk=ace.pk).exists()
    assert not BulkEdit.objects.exists()


def test_the_books_of_a_publisher_go_to_another_and_come_back(make_books, make_publisher, manager):
    make_books(3, publisher="Ace Boks")
    ace, wrong = make_publisher("Ace Books"), Publisher.objects.get(name="Ace Boks")
    pk = wrong.pk
    assert delete_record(wrong, manager, replacement=ace).moved == 3
    assert Book.objects.filter(publisher=ace).count() == 3
    row = Book.history.first()
    assert (row.history_user, row.bulk_edit.changed) == (manager, 3)
    assert row.history_change_reason == "“Ace Boks” was deleted"
    assert backend().match(BOOKS, ["boks"], limit=5) == []
    gone, move, *_before = changes.recent()[0]
    assert (gone.stream, gone.row.history_type, move.stream) == ("publisher", "-", "bulk")

    first = Book.objects.order_by("pk")[0]
    first.publisher = None  # somebody decides otherwise meanwhile
    first.save()
    back = undelete("publisher", pk, manager)
    assert (back.moved, back.left) == (2, 1)
    assert Book.objects.filter(publisher=pk).count() == 2
    assert not Book.objects.filter(publisher=ace).exists()
    # The return is one change with a reason, as the move was.
    returned = [*Book.history.filter(source=Source.UNDO), Publisher.history.first()]
    assert {row.alone for row in returned} == {False}
    assert {row.history_change_reason for row in returned} == {"“Ace Boks” was brought back"}
    (edit,) = {row.bulk_edit for row in returned}
    assert (edit.action, edit.undoes.is_move, edit.state) == ("undo", True, "done")
    assert (edit.total, edit.done, edit.changed, edit.left) == (3, 3, 2, 1)
    # The newest first: the return, what somebody decided otherwise, the deletion.
    streams = [line.stream for line in changes.recent(size=4)[0]]
    assert streams == ["bulk", "book", "publisher", "bulk"]


def test_a_record_without_books_comes_back_with_a_reason(make_publisher, manager):
    ace = make_publisher("Ace Books")
    pk = ace.pk
    delete_record(ace, manager)
    undelete("publisher", pk, manager)
    row = Publisher.history.first()
    assert (row.history_change_reason, row.alone) == ("“Ace Books” was brought back", True)
    assert not BulkEdit.objects.exists()


def test_books_can_be_left_without_a_publisher(make_books, manager):
    make_books(2, publisher="Ace Books")
    ace = Publisher.objects.get()
    pk = ace.pk
    delete_record(ace, manager, leave=True)
    assert Book.objects.filter(publisher=None).count() == 2
    assert undelete("publisher", pk, manager).moved == 2
    assert Book.objects.filter(publisher=pk).count() == 2


def test_credits_go_to_another_author_once_a_role_and_come_back(make_books, make_author, manager):
    make_books(1, title="Alone", authors=["Rowling, J.K."])
    make_books(1, title="Both", authors=["J. K. Rowling", "Rowling, J.K."])
    right, wrong = make_author("J. K. Rowling"), make_author("Rowling, J.K.")
    Contribution.objects.filter(author=wrong, book__title="Alone").update(
        role="ill", credited_as="Jo"
    )
    before = {book.pk: everything("book", book.pk) for book in Book.objects.all()}
    pk = wrong.pk
    assert delete_record(wrong, manager, replacement=right).moved == 2
    credits = Contribution.objects.order_by("book__title").values_list(
        "book__title", "author", "role", "credited_as"
    )
    assert list(credits) == [("Alone", right.pk, "ill", "Jo"), ("Both", right.pk, "aut", "")]
    assert undelete("author", pk, manager).moved == 2
    assert {book.pk: everything("book", book.pk) for book in Book.objects.all()} == before


def test_a_book_that_came_meanwhile_is_noticed(make_books, make_publisher, manager):
    make_books(2, publisher="Ace Books")
    ace, tor = make_publisher("Ace Books"), make_publisher("Tor")
    make_books(1, publisher="Ace Books")
    with pytest.raises(deleting.StillHasBooks) as caught:
        delete_record(ace, manager, replacement=tor, expected=2)
    assert caught.value.number == 3
    assert Book.objects.filter(publisher=ace).count() == 3


def test_a_replacement_must_be_there_and_another(make_books, make_publisher, manager):
    make_books(1, publisher="Ace Books")
    ace, tor = make_publisher("Ace Books"), make_publisher("Tor")
    for replacement in (ace, Publisher(pk=tor.pk + 1, name="Gone")):
        with pytest.raises(deleting.ReplacementGone):
            delete_record(ace, manager, replacement=replacement)
    assert Book.objects.get().publisher == ace


def test_very_many_books_are_not_moved_while_somebody_waits(
    monkeypatch, make_books, make_publisher, manager
):
    monkeypatch.setattr(deleting, "AT_ONCE", 2)
    make_books(3, publisher="Ace Books")
    with pytest.raises(deleting.TooManyBooks):
        delete_record(make_publisher("Ace Books"), manager, replacement=make_publisher("Tor"))


def test_the_cost_of_moving_does_not_grow_with_the_books(make_books, make_publisher, manager):
    def cost(size):
        wrong, ace = make_publisher(f"Ace {size} Boks"), make_publisher(f"Ace {size} Books")
        make_books(size, publisher=wrong)
        with CaptureQueriesContext(connection) as counted:
            delete_record(wrong, manager, replacement=ace)
        return len(counted)

    cost(1)  # whatever is read once a process
    assert cost(2) == cost(20) <= 60


def test_all_is_one_transaction(monkeypatch, make_books, make_publisher, manager):
    make_books(2, publisher="Ace Books")
    ace, tor = make_publisher("Ace Books"), make_publisher("Tor")

    def refuse(self, *args, **kwargs):
        raise models.ProtectedError("A book came in this moment.", set(Book.objects.all()[:1]))

    monkeypatch.setattr(Publisher, "delete", refuse)
    with pytest.raises(deleting.StillHasBooks):
        delete_record(ace, manager, replacement=tor)
    assert Book.objects.filter(publisher=ace).count() == 2
    assert not BulkEdit.objects.exists()
