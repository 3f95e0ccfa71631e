import re

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from tests.catalog.search.shelves import needs_books

pytestmark = needs_books

URL = "/publishers/"


def names(response):
    found = r'<a class="title" dir="auto" href="/publishers/\d+/">(.*?)</a>'
    return re.findall(found, response.content.decode())


@pytest.fixture
def houses(make_publisher, make_books):
    make_publisher("Suhrkamp", city="Berlin", country="Germany")
    make_publisher("Ace Books", city="New York", country="USA")
    make_books(3, publisher="Suhrkamp")
    make_books(1, publisher="Ace Books")


def test_publishers_are_listed_with_their_books(client, houses):
    response = client.get(URL)
    assert names(response) == ["Ace Books", "Suhrkamp"]
    assert b"Berlin, Germany" in response.content
    assert re.search(rb'<td class="num">3<', response.content)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"sort": "-books"}, ["Suhrkamp", "Ace Books"]),
        ({"q": "SUHR"}, ["Suhrkamp"]),
        ({"country": "USA"}, ["Ace Books"]),
        ({"sort": "x"}, ["Ace Books", "Suhrkamp"]),
    ],
)
def test_publishers_are_searched_filtered_and_sorted(client, houses, query, found):
    assert names(client.get(URL, query)) == found


def test_the_order_is_named_and_can_be_turned(client, houses):
    page = client.get(URL).content.decode()
    assert "Name A–Z ▾" in page
    assert 'aria-sort="ascending"><a id="sort-name" href="?sort=-name"' in page
    turned = client.get(URL, {"sort": "-name"}).content.decode()
    assert "Name Z–A ▾" in turned
    assert 'aria-sort="descending"><a id="sort-name" href="?"' in turned


def test_the_fragment_has_no_page_around_it(client, houses):
    headers = {"HX-Request": "true", "HX-Target": "results"}
    assert b"<html" not in client.get(URL, headers=headers).content


@pytest.mark.parametrize("size", [2, 20])
def test_the_list_costs_the_same_for_many(client, make_publisher, size, django_assert_num_queries):
    for number in range(size):
        make_publisher(f"House {number}")
    # 1. the state  2. the kept count  3. ids  4. the publishers  5. their kept counts
    with django_assert_num_queries(5):
        assert len(names(client.get(URL))) == size


# --- One publisher --------------------------------------------------------------------------


def test_a_publisher_pages_through_its_books(client, make_books, make_publisher):
    house = make_publisher(
        "Ace Books", city="New York", country="USA", website="https://ace.example/"
    )
    make_books(30, publisher=house)
    make_books(3, publisher="Another", title="Not by them")
    page = client.get(house.get_absolute_url()).content.decode()
    assert "30 books" in page
    assert 'href="https://ace.example/"' in page
    assert "Book 001" in page
    assert "Book 030" not in page
    assert "Not by them" not in page
    last = client.get(house.get_absolute_url(), {"page": "2"}).content.decode()
    assert "Book 030" in last


def test_links_of_the_page_stay_on_the_page(client, make_books):
    house = make_books(30)[0].publisher
    page = client.get(house.get_absolute_url()).content.decode()
    assert 'href="?sort=-title"' in page
    assert 'href="?page=2"' in page


def test_its_books_can_be_sorted_and_shown_as_covers(client, make_books):
    house = make_books(1, title="Old", year=1900)[0].publisher
    make_books(1, title="New", year=2000)
    page = client.get(house.get_absolute_url(), {"sort": "-year", "view": "grid"}).content.decode()
    assert page.index(">New<") < page.index(">Old<")
    assert 'class="binding"' in page


def test_its_page_follows_other_filters_only_on_the_list(client, make_books):
    house = make_books(2, language="eng")[0].publisher
    page = client.get(house.get_absolute_url(), {"language": "fre", "publisher": "7"})
    assert b"2 books" in page.content


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_publisher_that_is_not_there(client, method):
    assert getattr(client, method)("/publishers/404/").status_code == 404


@pytest.mark.parametrize("size", [2, 20])
def test_a_publisher_costs_the_same_with_many_books(
    client, make_books, size, django_assert_num_queries
):
    url = make_books(size)[0].publisher.get_absolute_url()
    # 1. the publisher  2. the state  3.-5. kept counts, largest publishers, their names  6. the
    # count of this one  7. ids  8. books  9. contributions
    # and 10. attached files
    with django_assert_num_queries(10):
        client.get(url)


def test_a_publisher_without_books(client, make_publisher):
    page = client.get(make_publisher("Quiet").get_absolute_url()).content
    assert b"No book of this publisher is in the catalogue." in page


def test_a_page_that_did_not_change_is_not_sent_again(client, make_books):
    url = make_books(2)[0].publisher.get_absolute_url()
    client.get(url)
    tag = client.get(url).headers["ETag"]
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304


def test_a_publisher_as_json(client, make_books):
    url = make_books(2)[0].publisher.get_absolute_url()
    data = client.get(url, headers={"Accept": "application/json"}).json()
    assert data["name"] == "Ace Books"
    assert data["books"]["count"] == 2
    assert len(data["books"]["results"]) == 2


def test_a_closed_catalogue_asks_people_to_sign_in(client, reader, make_books, settings):
    settings.CATALOG_PUBLIC = False
    url = make_books(1)[0].publisher.get_absolute_url()
    assert client.get(url).headers["Location"].startswith(reverse("accounts:login"))


def test_an_empty_catalogue_offers_nothing_to_search_in(client):
    response = client.get("/publishers/")
    assertContains(response, "Your catalogue is empty")
    for trace in ('id="name-search"', 'class="chip"', "0 publishers"):
        assertNotContains(response, trace)
    assertContains(client.get("/publishers/?q=zzz"), 'id="name-search"')
