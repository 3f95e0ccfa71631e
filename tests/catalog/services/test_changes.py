"""Reading the history."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Book
from catalog.services import changes
from catalog.services.changes import Mark

pytestmark = pytest.mark.django_db


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the words of SQLite's plans")
@pytest.mark.parametrize("person", [False, True])
def test_the_latest_changes_are_read_from_an_index_and_not_sorted(make_books, manager, person):
    make_books(3)
    user = manager if person else None
    mark = changes.recent(size=1)[1]
    for before in (None, mark):
        with CaptureQueriesContext(connection) as captured:
            changes.recent(user=user, before=before)
        asked = [query["sql"] for query in captured if "historical" in query["sql"]]
        assert len(asked) == 3
        for sql in asked:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                plan = " ".join(row[3] for row in cursor.fetchall())
            assert "_changes_by" in plan if person else "_changes " in plan
            assert "TEMP B-TREE" not in plan


def test_a_mark_is_read_as_it_was_written(make_books):
    make_books(3)
    mark = changes.recent(size=1)[1]
    assert Mark.read(str(mark)) == mark


def test_fields_that_say_one_thing_stay_together():
    assert changes.together({"price"}) == {"price", "currency"}
    assert changes.together({"isbn_entered", "title"}) == {
        "title", "isbn", "isbn_entered", "isbn_repaired",
    }  # fmt: skip


def test_the_snapshot_before_each_of_many(make_books):
    make_books(3, authors=[])
    Book.objects.update(year=1965)
    Book.objects.update(year=1966)
    rows = list(Book.history.filter(year=1966))
    found = changes.previous("book", rows)
    assert [found[row.history_id].year for row in rows] == [1965] * 3
    first = Book.history.filter(history_type="+")
    assert changes.previous("book", list(first)) == {}
