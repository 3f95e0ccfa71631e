"""Changing and deleting many books together, and putting that back."""

import threading
from datetime import date, timedelta
from decimal import Decimal
from unittest import mock

import pytest
from django.db import OperationalError, connection, connections
from django.utils import timezone

from catalog.forms.filters import BookFilterForm
from catalog.models import Book, BulkEdit, Publisher, Subject
from catalog.models.history import Source
from catalog.search import kept
from catalog.services import bulk_change, bulk_edit, jobs
from catalog.services.books import Picked
from catalog.services.bulk_change import Change, Why
from catalog.services.bulk_edit import pack, unpack
from tests.catalog.search.shelves import needs_books

pytestmark = pytest.mark.django_db
State = BulkEdit.State


@pytest.fixture
def small(monkeypatch):
    """Chunks of four, and all but the smallest selections are done in the background."""
    monkeypatch.setattr(bulk_edit, "CHUNK", 4)
    monkeypatch.setattr(bulk_edit, "AT_ONCE", 2)


@pytest.fixture
def begin(cataloguer):
    """`begin(books, language="eng")`: a confirmed change, done if it is done at once."""

    def begin(books, *, action="change", user=None, add=(), remove=(), publisher=None, **values):
        job = bulk_edit.draft(user or cataloguer, action, ids=[b.pk for b in books], list_="")
        if publisher is not None:
            values["publisher_id"] = publisher.pk
        change = Change(values, publisher, tuple(add), tuple(remove))
        BulkEdit.objects.filter(pk=job.pk).update(changes=change.as_json())
        job.refresh_from_db()
        return bulk_edit.start(job, ids=bulk_edit.existing(job), expected=len(books))

    return begin


def values(books, name):
    return list(Book.objects.filter(pk__in=[b.pk for b in books]).values_list(name, flat=True))


def run(job):
    """What a worker does."""
    claimed = BulkEdit.objects.claim(job.pk)
    assert claimed is not None
    bulk_edit.run(claimed)
    job.refresh_from_db()
    return job


# --- Numbers of books -----------------------------------------------------------------------


@pytest.mark.parametrize("ids", [[], [7], [1, 2, 3], [9, 3, 3, 2**62], list(range(5, 5000, 3))])
def test_numbers_of_books_are_kept_as_a_text(ids):
    assert unpack(pack(ids)).tolist() == sorted(set(ids))


def test_a_million_numbers_are_a_short_text():
    assert len(pack(range(1, 1_000_001))) < 20_000
    assert len(pack(range(1, 3_000_000, 3))) < 20_000


# --- What is changed ------------------------------------------------------------------------


def test_a_few_are_changed_at_once(make_books, begin, cataloguer):
    books = make_books(5, language="fre", year=1990)
    before = Book.objects.get(pk=books[0].pk)
    job = begin(books[:4], language="eng", year=2001)
    assert (job.state, job.total, job.done, job.changed) == (State.DONE, 4, 4, 4)
    assert values(books, "language") == ["eng"] * 4 + ["fre"]
    after = Book.objects.get(pk=books[0].pk)
    assert (after.year, after.sort_year, after.decade) == (2001, 2001, 2000)
    assert after.version == before.version + 1
    assert after.updated_at > before.updated_at
    snapshot = after.history.latest("history_id")
    assert (snapshot.source, snapshot.history_user) == (Source.LIST, cataloguer)
    assert (snapshot.bulk_edit_id, snapshot.version) == (job.pk, after.version)


@needs_books
def test_the_lists_and_their_counts_follow(make_books, begin):
    books = make_books(3, title="The Tree", language="fre", publisher=None)
    house = Publisher.objects.create(name="Ace Books")
    begin(books, language="eng", publisher=Picked(house.pk, house.name))
    found = BookFilterForm({"language": "eng", "q": "ace"}).listing(Book.objects.all())
    assert found.count() == 3
    assert kept.total("language", "eng") == 3
    assert kept.total("language", "fre") == 0
    # An English title files without its article.
    assert set(values(books, "sort_title")) == {"tree"}


def test_what_has_the_value_already_is_not_touched(make_books, begin):
    books = make_books(2, language="eng")
    before = values(books, "version")
    job = begin(books, language="eng")
    assert (job.changed, job.same, job.left) == (0, 2, 0)
    assert not Book.history.filter(bulk_edit=job).exists()
    assert values(books, "version") == before


def test_a_value_can_be_taken_away(make_books, begin):
    books = make_books(2, language="eng", year=1990, price=Decimal("5.00"), currency="EUR")
    begin(books, language="", year=None, price=None, publisher_id=None)
    fields = ("language", "year", "price", "currency", "publisher_id")
    assert set(Book.objects.values_list(*fields)) == {("", None, None, "", None)}


def test_subjects_are_added_and_removed(make_books, begin):
    books = make_books(3)
    books[0].subjects.add(Subject.objects.create(name="Trees"))
    job = begin(books, add=["Ancient gardens", "trees"], remove=["Rivers"])
    assert job.changed == 3
    names = [sorted(s.name for s in b.subjects.all()) for b in books]
    assert names == [["Ancient gardens", "Trees"]] * 3
    job = begin(books, remove=["TREES"])
    assert [s.name for s in books[1].subjects.all()] == ["Ancient gardens"]
    bulk_edit.undo(job, job.created_by)
    assert sorted(s.name for s in books[1].subjects.all()) == ["Ancient gardens", "Trees"]


def test_a_new_publisher_is_made_once(make_books, begin):
    books = make_books(3)
    begin(books, publisher=Picked(None, "New House"))
    assert Publisher.objects.filter(name="New House").count() == 1
    assert {b.publisher.name for b in Book.objects.select_related("publisher")} == {"New House"}


def test_what_cannot_be_changed_is_left_alone_and_named(make_books, begin):
    dated = make_books(1, title="Dated", published_on=date(1969, 5, 31))
    cheap = make_books(1, title="Cheap", year=1990)
    job = begin([*dated, *cheap], year=None, currency="EUR")
    dated[0].refresh_from_db()
    assert dated[0].year == 1969
    assert values(cheap, "year") == [None]
    named = [bulk_change.LeftAlone(*each) for each in job.left_alone]
    assert [(each.title, each.why) for each in named] == [
        ("Dated", Why.DAY_KNOWN),
        ("Dated", Why.NO_PRICE),
        ("Cheap", Why.NO_PRICE),
    ]
    assert named[0].detail_text == "May 31, 1969"
    assert (job.changed, job.left) == (1, 1)
    job = begin(dated, year=1999)
    assert (job.changed, job.left, job.left_alone[0][2]) == (0, 1, Why.DAY_KNOWN)
    assert begin(dated, year=1969).same == 1
    job = begin(cheap, price=Decimal(3))
    assert (job.changed, job.left, job.left_alone[0][2]) == (0, 1, Why.NO_CURRENCY)


def test_a_year_that_contradicts_the_day_of_publication_is_left_alone(make_books, begin):
    dated = make_books(2, published_on=date(1969, 5, 31))
    job = begin(dated, year=1999)
    assert (job.changed, job.left) == (0, 2)
    assert {each[2] for each in job.left_alone} == {Why.DAY_KNOWN}
    assert set(values(dated, "year")) == {1969}
    job = begin(dated, year=1969)
    assert (job.changed, job.same, job.left) == (0, 2, 0)


def test_what_is_not_kept_any_more_cannot_be_put_back(make_books, begin, cataloguer):
    job = begin(make_books(2), language="fre")
    Book.history.all().delete()
    with pytest.raises(bulk_edit.Refused):
        bulk_edit.undo(job, cataloguer)
    assert not BulkEdit.objects.filter(undoes=job).exists()


def test_putting_back_that_was_cut_off_at_its_beginning_is_taken_up(make_books, begin, cataloguer):
    books = make_books(2, language="ger")
    job = begin(books, language="fre")
    BulkEdit.objects.create(undoes=job, created_by=cataloguer, action=BulkEdit.Action.UNDO)
    assert bulk_edit.undo(job, cataloguer).state == State.DONE
    assert set(values(books, "language")) == {"ger"}


def test_an_amount_keeps_the_currency_that_a_book_has(make_books, begin):
    books = make_books(2, price=Decimal("5.00"), currency="GBP")
    begin(books, price=Decimal("7.50"))
    assert set(Book.objects.values_list("price", "currency")) == {(Decimal("7.50"), "GBP")}


def test_the_preview_says_what_the_change_then_does(make_books, begin):
    books = make_books(3, language="fre") + make_books(2, title="English", language="eng")
    dated = make_books(1, title="Dated", language="eng", published_on=date(1969, 5, 31))
    everything = [*books, *dated]
    found = bulk_change.preview(
        Change({"language": "eng", "year": None}),
        total=len(everything),
        first=[b.pk for b in everything],
    )
    assert (found.changed, found.same, found.left) == (3, 2, 1)
    assert [d.book.title for d in found.sample] == [b.title for b in books[:3]]
    job = begin(everything, language="eng", year=None)
    assert (job.changed, job.same, job.left) == (3, 2, 1)


def test_each_field_is_counted_by_itself_over_all_chunks(make_books, begin, small, monkeypatch):
    monkeypatch.setattr(bulk_change, "NAMED", 3)
    books = make_books(9, title="Plain") + make_books(2, title="Priced", currency="EUR")
    change = Change({"price": Decimal(5)}, add_subjects=("Classics",))
    wanted = {
        "price": {bulk_change.CHANGED: 2, Why.NO_CURRENCY: 9},
        "add_subjects": {bulk_change.CHANGED: 11},
    }
    found = bulk_change.preview(change, total=11, first=[b.pk for b in books])
    assert found.tally == wanted
    with mock.patch.object(jobs, "enqueue"):
        job = run(begin(books, price=Decimal(5), add=["Classics"]))
    assert (job.changed, job.left) == (11, 0)
    assert bulk_edit.tally_of(job) == wanted
    left = [bulk_change.LeftAlone(*each) for each in job.left_alone]
    (reason,) = bulk_change.reasons(left, bulk_edit.tally_of(job))
    assert (reason.why, reason.number, len(reason.books), reason.more) == (Why.NO_CURRENCY, 9, 3, 6)


# --- Beginning ------------------------------------------------------------------------------


def test_pressing_twice_does_it_once(make_books, cataloguer, small):
    books = make_books(5)
    job = bulk_edit.draft(cataloguer, "change", ids=[b.pk for b in books], list_="")
    BulkEdit.objects.filter(pk=job.pk).update(changes={"language": "eng"})
    twin = BulkEdit.objects.get(pk=job.pk)
    job.refresh_from_db()
    sent = []
    with mock.patch.object(jobs, "enqueue", lambda *key: sent.append(key)):
        for each in (job, twin):
            bulk_edit.start(each, ids=[b.pk for b in books], expected=5)
    assert (twin.state, BulkEdit.objects.count()) == (State.QUEUED, 1)
    assert run(job).changed == 5


def test_more_than_were_shown_are_not_changed(make_books, cataloguer):
    books = make_books(3)
    job = bulk_edit.draft(cataloguer, "delete", filtered="language=eng", list_="")
    with pytest.raises(bulk_edit.MoreThanShown, match="3 instead of 2"):
        bulk_edit.start(job, ids=[b.pk for b in books], expected=2)
    assert BulkEdit.objects.get().state == State.MAPPING
    assert Book.objects.count() == 3


def test_nothing_selected_is_nothing_to_do(make_books, cataloguer):
    (book,) = make_books(1)
    job = bulk_edit.draft(cataloguer, "change", ids=[book.pk, 99999], list_="")
    book.delete()
    assert bulk_edit.existing(job).tolist() == []
    with pytest.raises(bulk_edit.Refused):
        bulk_edit.start(job, ids=[], expected=1)


def test_drafts_that_nobody_confirmed_go_after_a_while(make_books, cataloguer):
    old = bulk_edit.draft(cataloguer, "change", ids=[1], list_="")
    BulkEdit.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=30))
    new = bulk_edit.draft(cataloguer, "change", ids=[1], list_="")
    assert list(BulkEdit.objects.all()) == [new]


# --- In the background ----------------------------------------------------------------------


@pytest.fixture
def queued(make_books, begin, small):
    """Eleven books, three chunks."""
    books = make_books(11, language="fre")
    with mock.patch.object(jobs, "enqueue"):
        job = begin(books, language="eng")
    assert (job.state, job.done) == (State.QUEUED, 0)
    return job


def test_many_are_changed_in_the_background(queued):
    assert run(queued).state == State.DONE
    assert (queued.done, queued.changed) == (11, 11)
    assert set(Book.objects.values_list("language", flat=True)) == {"eng"}


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_killed_worker_is_followed_by_another_and_nothing_is_done_twice(
    queued, monkeypatch, after
):
    class Killed(BaseException):
        pass

    change, calls = bulk_edit._change, []

    def killed(job, ids):
        done = change(job, ids)
        calls.append(ids)
        if len(calls) > after:
            raise Killed  # inside the chunk: nothing of it is committed
        return done

    monkeypatch.setitem(bulk_edit.DO, "change", killed)
    with pytest.raises(Killed):
        bulk_edit.run(BulkEdit.objects.claim(queued.pk))
    queued.refresh_from_db()
    assert (queued.state, queued.done) == (State.RUNNING, after * 4)
    assert Book.objects.filter(language="eng").count() == after * 4
    BulkEdit.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    monkeypatch.setitem(bulk_edit.DO, "change", change)
    with mock.patch.object(jobs, "enqueue"):
        assert jobs.requeue_abandoned(timedelta(minutes=2)) == [("bulk", queued.pk)]
    run(queued)
    assert (queued.state, queued.done, queued.changed) == (State.DONE, 11, 11)
    assert bulk_edit.tally_of(queued) == {"language": {bulk_change.CHANGED: 11}}
    # Every book was changed by exactly one chunk.
    assert Book.history.filter(bulk_edit=queued).count() == 11


def test_a_start_takes_up_what_was_left_of_every_kind(queued):
    sent = []
    BulkEdit.objects.claim(queued.pk)
    with mock.patch.object(jobs, "enqueue", lambda *key: sent.append(key)):
        assert jobs.take_up_again() == [("bulk", queued.pk)] == sent


def test_two_workers_that_both_have_it_do_it_once(queued, monkeypatch):
    change, other = bulk_edit._change, []

    def taken_over(job, ids):
        done = change(job, ids)
        if not other:
            other.append(job)
            BulkEdit.objects.filter(pk=job.pk).update(claimed_by="another")
        return done

    monkeypatch.setitem(bulk_edit.DO, "change", taken_over)
    first = BulkEdit.objects.claim(queued.pk)
    bulk_edit.run(first)
    assert (first.state, first.claimed_by, first.done) == (State.RUNNING, "another", 4)


def test_it_can_be_stopped_between_two_chunks(queued, monkeypatch):
    change = bulk_edit._change

    def stopping(job, ids):
        jobs.cancel(BulkEdit.objects.get(pk=job.pk))
        return change(job, ids)

    monkeypatch.setitem(bulk_edit.DO, "change", stopping)
    run(queued)
    assert (queued.state, queued.done, queued.changed) == (State.CANCELLED, 4, 4)
    assert bulk_edit.can_be_undone(queued)


def test_a_server_that_shuts_down_gives_it_back(queued):
    jobs.STOP.set()
    try:
        bulk_edit.run(BulkEdit.objects.claim(queued.pk))
    finally:
        jobs.STOP.clear()
    queued.refresh_from_db()
    assert queued.state == State.QUEUED


def test_a_lock_that_passes_is_tried_again(queued, monkeypatch):
    change, failures = bulk_edit._change, []
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    def locked_once(job, ids):
        done = change(job, ids)
        if not failures:
            failures.append(1)
            raise OperationalError("database is locked")
        return done

    monkeypatch.setitem(bulk_edit.DO, "change", locked_once)
    assert run(queued).changed == 11
    assert Book.history.filter(bulk_edit=queued).count() == 11


def test_a_publisher_deleted_meanwhile_ends_it_with_a_sentence(make_books, begin, small):
    books = make_books(5)
    house = Publisher.objects.create(name="Gone Ltd")
    with mock.patch.object(jobs, "enqueue"):
        job = begin(books, publisher=Picked(house.pk, house.name))
    house.delete()
    assert run(job).state == State.FAILED
    assert "Gone Ltd" in job.error
    assert job.changed == 0


def test_changing_what_the_list_is_filtered_by_skips_nobody(make_books, cataloguer, small):
    make_books(10, language="fre")
    job = bulk_edit.draft(cataloguer, "change", filtered="language=fre", list_="language=fre")
    BulkEdit.objects.filter(pk=job.pk).update(changes={"language": "eng"})
    job.refresh_from_db()
    listing = BookFilterForm({"language": "fre"}).listing(Book.objects.all())
    assert listing.number() == 10
    with mock.patch.object(jobs, "enqueue"):
        bulk_edit.start(job, ids=listing.every(), expected=10)
    assert run(job).changed == 10
    assert not Book.objects.filter(language="fre").exists()


def test_a_book_deleted_before_its_turn_is_left_alone(queued):
    Book.objects.order_by("pk").last().delete()
    run(queued)
    assert (queued.state, queued.changed, queued.left) == (State.DONE, 10, 1)
    assert queued.left_alone[0][2] == Why.GONE


# --- Putting back ---------------------------------------------------------------------------


def test_a_change_is_put_back_as_one(make_books, begin, cataloguer):
    books = make_books(2, language="fre", year=1990) + make_books(1, title="Last", language="ger")
    job = begin(books, language="eng", year=2000)
    back = bulk_edit.undo(job, cataloguer)
    assert (back.state, back.changed, back.action) == (State.DONE, 3, "undo")
    assert values(books, "language") == ["fre", "fre", "ger"]
    assert values(books, "year") == [1990, 1990, None]
    snapshot = books[0].history.latest("history_id")
    assert (snapshot.source, snapshot.bulk_edit_id) == (Source.UNDO, back.pk)
    assert kept.total("language", "fre") == 2
    assert bulk_edit.undo(job, cataloguer) == back
    assert not bulk_edit.can_be_undone(back)


def test_what_somebody_changed_since_is_left_alone_and_named(make_books, begin, cataloguer):
    books = make_books(3, language="fre", year=1990)
    job = begin(books, language="eng", year=2000)
    mine = Book.objects.get(pk=books[0].pk)
    mine.language, mine.title = "ita", "Another title"
    mine.save()
    back = bulk_edit.undo(job, cataloguer)
    mine.refresh_from_db()
    assert (mine.language, mine.title, mine.year) == ("ita", "Another title", 1990)
    (named,) = [bulk_change.LeftAlone(*each) for each in back.left_alone]
    assert (named.pk, named.why) == (mine.pk, Why.SINCE)
    assert named.detail_text == "language"
    assert (back.changed, back.left) == (3, 0)


@needs_books
def test_a_deletion_is_put_back_with_all_that_went(make_books, begin, manager):
    books = make_books(3, title="Gone", isbn="9780306406157", description="Long")
    books[1].subjects.add(Subject.objects.create(name="Trees"))
    job = begin(books, action="delete", user=manager)
    assert (job.changed, Book.objects.count()) == (3, 0)
    assert Publisher.objects.exists()
    back = bulk_edit.undo(job, manager)
    assert (back.state, back.changed) == (State.DONE, 3)
    again = Book.objects.get(pk=books[1].pk)
    assert (again.title, again.isbn, again.description) == ("Gone", "9780306406157", "Long")
    assert [c.author.name for c in again.contributions.all()] == ["Ursula K. Le Guin"]
    assert [s.name for s in again.subjects.all()] == ["Trees"]
    found = BookFilterForm({"q": "gone"}).listing(Book.objects.all())
    assert found.count() == 3


def test_putting_back_goes_on_where_it_was_stopped(queued, monkeypatch, cataloguer):
    run(queued)
    with mock.patch.object(jobs, "enqueue"):
        back = bulk_edit.undo(queued, cataloguer)
    put_back = bulk_edit._put_back

    def stopping(job, ids):
        jobs.cancel(BulkEdit.objects.get(pk=job.pk))
        return put_back(job, ids)

    monkeypatch.setitem(bulk_edit.DO, "undo", stopping)
    run(back)
    assert (back.state, back.changed) == (State.CANCELLED, 4)
    monkeypatch.setitem(bulk_edit.DO, "undo", put_back)
    with mock.patch.object(jobs, "enqueue"):
        assert bulk_edit.undo(queued, cataloguer) == back
    back.refresh_from_db()
    assert run(back).changed == 11
    assert set(Book.objects.values_list("language", flat=True)) == {"fre"}


def test_only_what_was_done_can_be_put_back(make_books, cataloguer):
    job = bulk_edit.draft(cataloguer, "change", ids=[1], list_="")
    with pytest.raises(bulk_edit.Refused):
        bulk_edit.undo(job, cataloguer)


# --- With others ----------------------------------------------------------------------------

needs_threads = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="one writer at a time: there is nothing to wait for"
)


@needs_threads
@pytest.mark.django_db(transaction=True)
def test_a_single_edit_at_the_same_time_loses_nothing(make_books, begin, small):
    books = make_books(24, language="fre", year=1990)
    with mock.patch.object(jobs, "enqueue"):
        job = begin(books, language="eng")
    barrier, errors = threading.Barrier(4), []

    def threaded(work):
        def inside():
            try:
                barrier.wait(10)
                work()
            except Exception as error:
                errors.append(error)
            finally:
                connections.close_all()

        thread = threading.Thread(target=inside)
        thread.start()
        return thread

    def retitle(mine):
        for book in mine:
            own = Book.objects.get(pk=book.pk)
            own.title = f"Edited {book.pk}"
            own.save()

    threads = [threaded(lambda: bulk_edit.run(BulkEdit.objects.claim(job.pk)))]
    threads += [threaded(lambda mine=books[start::3]: retitle(mine)) for start in range(3)]
    for thread in threads:
        thread.join(60)
    assert errors == []
    job.refresh_from_db()
    assert (job.state, job.changed) == (State.DONE, 24)
    for book in Book.objects.all():
        assert (book.language, book.title) == ("eng", f"Edited {book.pk}")
        assert book.history.latest("history_id").version == book.version


@needs_threads
@pytest.mark.django_db(transaction=True)
def test_two_bulk_changes_of_the_same_books_both_come_through(make_books, begin, small):
    books = make_books(24, language="fre", year=1990)
    with mock.patch.object(jobs, "enqueue"):
        both = [begin(books, language="eng"), begin(books[::-1], year=2000)]
    errors = []

    def work(job):
        try:
            bulk_edit.run(BulkEdit.objects.claim(job.pk))
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(job,)) for job in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert set(Book.objects.values_list("language", "year")) == {("eng", 2000)}
    assert {BulkEdit.objects.get(pk=job.pk).changed for job in both} == {24}


def test_a_chunk_costs_the_same_number_of_queries_for_few_and_many(
    make_books, begin, monkeypatch, django_assert_max_num_queries
):
    few = make_books(2, language="fre")
    many = make_books(20, language="fre", title="Same")
    for books in (few, many):
        with django_assert_max_num_queries(45):
            begin(books, language="eng", year=1999)
