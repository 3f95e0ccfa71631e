import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from catalog.models import Contribution
from catalog.tasks import record_author_access
from catalog.views import author as views
from tests.catalog.search.shelves import needs_books

pytestmark = needs_books

URL = "/authors/"


@pytest.fixture(autouse=True)
def nobody_looked_yet():
    cache.clear()


def names(response):
    return re.findall(
        r'<a class="title" dir="auto" href="/authors/\d+/">(.*?)</a>', response.content.decode()
    )


@pytest.fixture
def people(make_author):
    make_author("Ursula K. Le Guin", sort_name="Le Guin, Ursula K.")
    make_author("Julio Cortázar", sort_name="Cortázar, Julio")
    make_author("United Nations", kind="organisation")


def test_authors_are_listed_by_their_sort_names(client, people):
    assert names(client.get(URL)) == ["Julio Cortázar", "Ursula K. Le Guin", "United Nations"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "cortazar"}, ["Julio Cortázar"]),
        ({"kind": "organisation"}, ["United Nations"]),
        ({"sort": "-name"}, ["United Nations", "Ursula K. Le Guin", "Julio Cortázar"]),
        ({"kind": "robot", "sort": "x"}, ["Julio Cortázar", "Ursula K. Le Guin", "United Nations"]),
    ],
)
def test_authors_are_searched_filtered_and_sorted(client, people, query, found):
    assert names(client.get(URL, query)) == found


def test_the_order_is_named_and_can_be_turned(client, people):
    page = client.get(URL).content.decode()
    assert "Name A–Z ▾" in page
    assert 'aria-sort="ascending"><a id="sort-name" href="?sort=-name"' in page
    turned = client.get(URL, {"sort": "-name"}).content.decode()
    assert "Name Z–A ▾" in turned
    assert 'aria-sort="descending"><a id="sort-name" href="?"' in turned


def test_the_fragment_has_no_page_around_it(client, people):
    page = client.get(URL, headers={"HX-Request": "true", "HX-Target": "results"}).content.decode()
    assert "<html" not in page
    assert "<title>Authors · Colophon</title>" in page


def test_nobody_found(client, people):
    assert b"Nothing found" in client.get(URL, {"q": "zzz"}).content


@pytest.mark.parametrize("size", [2, 20])
def test_the_list_costs_the_same_for_many(client, make_author, size, django_assert_num_queries):
    for number in range(size):
        make_author(f"Person {number}")
    # 1. the state  2. the kept count  3. ids  4. the authors  5. how many books each has
    with django_assert_num_queries(5):
        assert len(names(client.get(URL))) == size


def test_the_list_as_json(client, people):
    data = client.get(URL, {"q": "guin"}, headers={"Accept": "application/json"}).json()
    assert data["results"][0]["sort_name"] == "Le Guin, Ursula K."
    assert data["results"][0]["books"] == 0


# --- One author -----------------------------------------------------------------------------


@pytest.fixture
def le_guin(make_author, make_books):
    author = make_author("Ursula K. Le Guin")
    make_books(2, authors=[author], year=1969)
    (edited,) = make_books(title="An Anthology", authors=["Someone Else"])
    Contribution.objects.create(
        book=edited, author=author, role="edt", position=1, credited_as="U. K. Le Guin"
    )
    return author


def test_an_author_shows_the_books_of_each_role(client, le_guin):
    page = client.get(le_guin.get_absolute_url()).content.decode()
    assert page.index("Author of") < page.index("Book 001") < page.index("As editor")
    assert page.index("As editor") < page.index("An Anthology")
    assert "U. K. Le Guin" in page
    assert f"/books/?author={le_guin.pk}" in page


def test_an_author_of_nothing(client, make_author):
    page = client.get(make_author("Nobody").get_absolute_url()).content.decode()
    assert "No book in the catalogue credits this author." in page


def test_a_hundred_books_of_a_role_are_enough_for_one_page(
    client, make_author, make_books, monkeypatch
):
    monkeypatch.setattr(views, "SHOWN", 3)
    author = make_author("Prolific")
    make_books(5, authors=[author])
    page = client.get(author.get_absolute_url()).content.decode()
    assert len(re.findall(r'href="/books/\d+/"', page)) == 3
    assert "The first 3 are shown: see all 5 in the list" in page


def test_an_author_who_is_not_there(client):
    assert client.get("/authors/404/").status_code == 404


@pytest.mark.parametrize("size", [2, 20])
def test_an_author_costs_the_same_with_many_books(
    client, make_author, make_books, size, django_assert_num_queries
):
    author = make_author("Busy", last_accessed=timezone.now())
    make_books(size, authors=[author])
    # 1. the author  2. how many books a role has  3. the first of each role, with publishers
    # and 4. attached files
    with django_assert_num_queries(4):
        client.get(author.get_absolute_url())


def test_an_author_as_json(client, le_guin):
    response = client.get(le_guin.get_absolute_url(), headers={"Accept": "application/json"})
    data = response.json()
    assert data["name"] == "Ursula K. Le Guin"
    assert [(role["role"], role["count"]) for role in data["roles"]] == [("aut", 2), ("edt", 1)]
    assert data["roles"][1]["books"][0]["title"] == "An Anthology"


def test_a_closed_catalogue_asks_people_to_sign_in(client, reader, le_guin, settings):
    settings.CATALOG_PUBLIC = False
    for url in (URL, le_guin.get_absolute_url()):
        assert client.get(url).headers["Location"].startswith(reverse("accounts:login"))


# --- Last accessed --------------------------------------------------------------------------


def test_looking_at_an_author_is_noted(client, le_guin):
    before = le_guin.updated_at
    client.get(le_guin.get_absolute_url())
    le_guin.refresh_from_db()
    assert timezone.now() - le_guin.last_accessed < timedelta(minutes=1)
    assert le_guin.updated_at == before


def test_looking_again_within_ten_minutes_writes_nothing(client, le_guin, monkeypatch):
    sent = []
    monkeypatch.setattr(record_author_access, "apply_async", lambda *args, **kw: sent.append(args))
    client.get(le_guin.get_absolute_url())
    client.get(le_guin.get_absolute_url())
    assert len(sent) == 1  # the row says nothing yet, and still it is asked for only once


@pytest.mark.parametrize(("minutes", "noted"), [(9, 0), (11, 1)])
def test_ten_minutes_later_it_is_noted_again(client, le_guin, monkeypatch, minutes, noted):
    sent = []
    monkeypatch.setattr(record_author_access, "apply_async", lambda *args, **kw: sent.append(args))
    le_guin.last_accessed = timezone.now() - timedelta(minutes=minutes)
    le_guin.save(update_fields=["last_accessed"])
    client.get(le_guin.get_absolute_url())
    assert len(sent) == noted


def test_a_broker_that_is_down_does_not_matter(client, le_guin, monkeypatch):
    def refused(*args, **kwargs):
        raise ConnectionRefusedError

    monkeypatch.setattr(record_author_access, "apply_async", refused)
    assert client.get(le_guin.get_absolute_url()).status_code == 200


def test_an_empty_catalogue_offers_nothing_to_search_in(client):
    response = client.get("/authors/")
    assertContains(response, "Your catalogue is empty")
    for trace in ('id="name-search"', 'class="chip"', "0 authors"):
        assertNotContains(response, trace)
    assertContains(client.get("/authors/?q=zzz"), 'id="name-search"')


def test_the_kinds_are_written_alike(client, make_books):
    make_books(1)
    response = client.get("/authors/")
    for kind in ("All", "Person", "Organisation"):
        assertContains(response, f">{kind}</a>")
