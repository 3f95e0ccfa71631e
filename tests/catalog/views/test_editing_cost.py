"""What showing and saving a book's form costs: the same with three credits and with ten."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import Book
from tests.catalog.views.test_editing import inputs

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client_of, cataloguer):
    client = client_of(cataloguer)
    client.get(reverse("catalog:book_create"))  # whatever is read once a process
    return client


def rows(people):
    return {
        f"credits-{number}-{name}": value
        for number, author in enumerate(people)
        for name, value in (("author", author.name), ("author_id", author.pk), ("role", "aut"))
    }


def cost(action):
    with CaptureQueriesContext(connection) as queries:
        response = action()
    assert response.status_code in (200, 302), response.content.decode()
    return len([query for query in queries if "SAVEPOINT" not in query["sql"]])


def costs(desk, people, house, title):
    """How many queries each step takes."""
    new = reverse("catalog:book_create")
    data = (
        inputs(desk.get(new)) | rows(people) | {"title": title, "subjects": f"{title} 1; {title} 2"}
    )
    data |= {"publisher": house.name, "publisher_id": house.pk}
    created = cost(lambda: desk.post(new, data))
    book = Book.objects.get(title=title)
    edit = reverse("catalog:book_update", args=(book.pk,))
    shown = cost(lambda: desk.get(edit))
    data = inputs(desk.get(edit))
    checked = cost(lambda: desk.post(f"{edit}?field=isbn", data | {"isbn": "0441478123"}))
    named = {name: text for name, text in data.items() if not name.endswith("author_id")}
    known, found = (
        cost(lambda sent=sent: desk.post(f"{edit}?field=credits", sent)) for sent in (data, named)
    )
    Book.history.all().delete()  # an imported book has none until it is changed
    first = cost(lambda: desk.post(edit, data | {"description": "Long."}))
    data = inputs(desk.get(edit)) | rows(reversed(people))
    later = cost(lambda: desk.post(edit, data | {"pages": "412"}))
    return {
        "created": created, "shown": shown, "checked": checked, "rows": known, "named": found,
        "first": first, "later": later,
    }  # fmt: skip


def test_the_queries_do_not_grow_with_the_credits(desk, make_author, make_publisher):
    people = [make_author(f"Author No{at}") for at in range(13)]
    house = make_publisher()
    few = costs(desk, people[:3], house, "Dune")
    many = costs(desk, people[3:], house, "Solaris")
    assert few == many
    if connection.vendor == "sqlite":
        # Four are the session, the person and their rights; nine or so the search index and the
        # history; the first change of an imported book also writes down what it was before.
        # Rows cost one query for all their authors, chosen or typed by their exact names.
        assert few == {
            "created": 31, "shown": 8, "checked": 7, "rows": 8, "named": 8,
            "first": 28, "later": 26,
        }  # fmt: skip
