import re

import pytest
from django.contrib import admin
from django.urls import reverse
from pytest_django.asserts import assertContains

from catalog import models
from tests.catalog.search.shelves import needs_books

pytestmark = needs_books

RECORDS = ("book", "author", "publisher", "subject", "importjob", "importrow")


@pytest.fixture
def office(client_of, manager):
    return client_of(manager)


def changelist(name):
    return reverse(f"admin:catalog_{name}_changelist")


def test_every_record_can_be_looked_after():
    for model in (
        models.Book,
        models.Author,
        models.Publisher,
        models.Subject,
        models.ImportJob,
        models.ImportRow,
    ):
        assert admin.site.is_registered(model)


@pytest.mark.parametrize("name", RECORDS)
def test_lists_open_without_counting_twice_or_by_date(office, name, make_books):
    make_books(3)
    assert office.get(changelist(name)).status_code == 200
    options = admin.site._registry[
        getattr(
            models, {"importjob": "ImportJob", "importrow": "ImportRow"}.get(name, name.title())
        )
    ]
    assert not options.show_full_result_count
    assert options.date_hierarchy is None
    assert not options.list_filter


@pytest.mark.parametrize("size", [2, 40])
def test_a_list_costs_the_same_for_many(office, make_books, size, django_assert_max_num_queries):
    make_books(size)
    office.get(changelist("book"))
    # the session, the person, two for their rights; kept counts, largest publishers, their names;
    # ids; the books with their publishers
    with django_assert_max_num_queries(9) as captured:
        office.get(changelist("book"))
    assert not any("COUNT(" in query["sql"] for query in captured)


def test_searching_uses_the_index(office, make_books, django_assert_max_num_queries):
    make_books(1, title="Café Müller", authors=["Pina Bausch"], isbn="9780441478125")
    make_books(1, title="Something else", authors=[])
    for text in ("cafe", "BAUSCH", "0-441-47812-3"):
        with django_assert_max_num_queries(30) as captured:
            page = office.get(changelist("book"), {"q": text}).content.decode()
        assert "Café Müller" in page
        assert "Something else" not in page
        assert not any("LIKE" in query["sql"] for query in captured)


@pytest.mark.parametrize(("name", "text"), [("author", "bausch"), ("publisher", "ACE")])
def test_people_and_publishers_are_found_by_their_names(office, make_books, name, text):
    make_books(1, authors=["Pina Bausch", "Someone Else"])
    page = office.get(changelist(name), {"q": text}).content.decode()
    assert ("Pina Bausch" in page) or ("Ace Books" in page)
    assert "Someone Else" not in page


def test_the_last_page_is_there(office, make_books):
    make_books(60)
    page = office.get(changelist("book"), {"p": 2}).content.decode()
    assert "Book 060" in page
    assert "Book 001" not in page


def test_authors_are_picked_from_the_index(office, make_author):
    make_author("Ursula K. Le Guin")
    make_author("Italo Calvino")
    fields = {"app_label": "catalog", "model_name": "contribution", "field_name": "author"}
    for term, found in (("guin", 1), ("", 2)):
        answer = office.get(reverse("admin:autocomplete"), {**fields, "term": term}).json()
        assert len(answer["results"]) == found


def test_a_year_has_no_thousands_separator(office, make_books):
    make_books(1, year=1969)
    page = office.get(changelist("book")).content.decode()
    assert ">1969<" in page


def test_a_book_is_added_and_remembers_by_whom(office, manager):
    response = office.post(
        reverse("admin:catalog_book_add"),
        {
            "title": "Dune",
            "isbn": "0-441-47812-3",
            "contributions-TOTAL_FORMS": 0,
            "contributions-INITIAL_FORMS": 0,
        },
    )
    assert response.status_code == 302, response.context["errors"]
    book = models.Book.objects.get()
    assert book.created_by == manager
    assert book.isbn == "9780441478125"


def test_a_website_is_meant_as_https_as_on_the_pages_of_the_catalogue(office):
    url = reverse("admin:catalog_publisher_add")
    assert office.get(url).status_code == 200
    assert office.post(url, {"name": "Ace", "website": "ace.example"}).status_code == 302
    assert models.Publisher.objects.get().website == "https://ace.example"


def test_what_somebody_saved_since_is_not_overwritten(office, make_publisher):
    record = make_publisher("Ace")
    url = reverse("admin:catalog_publisher_change", args=(record.pk,))
    [opened_on] = re.findall(r'name="opened_on" value="(\d+)"', office.get(url).content.decode())
    models.Publisher.objects.update(city="New York")
    typed = {"name": "Ace Books", "city": "", "opened_on": opened_on}
    response = office.post(url, typed)
    assertContains(response, "Somebody has changed this record since you opened it")
    now = models.Publisher.objects.get()
    assert (now.name, now.city) == ("Ace", "New York")
    assert office.post(url, typed | {"opened_on": now.version}).status_code == 302
    assert str(models.Publisher.objects.get()) == "Ace Books"


def test_imports_are_a_record_of_the_past(office):
    job = models.ImportJob.objects.create(filename="books.csv", file="imports/x.csv")
    row = models.ImportRow.objects.create(job=job, number=2, raw="[]", outcome="created")
    for name, pk in (("importjob", job.pk), ("importrow", row.pk)):
        url = reverse(f"admin:catalog_{name}_change", args=(pk,))
        assert office.get(url).status_code == 200
        assert office.post(url, {"filename": "x"}).status_code == 403
        assert office.get(reverse(f"admin:catalog_{name}_add")).status_code == 403
        assert office.get(reverse(f"admin:catalog_{name}_delete", args=(pk,))).status_code == 403
