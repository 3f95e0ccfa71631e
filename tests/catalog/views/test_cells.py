"""A cell of the table of books, changed where it stands."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from catalog.forms.cells import BookCellForm
from catalog.models import Book, Publisher
from catalog.models.history import Source
from catalog.services import deleting
from tests.accounts.test_resuming import carried, sign_in
from tests.catalog.search.shelves import needs_books

pytestmark = pytest.mark.django_db
HTMX = {"hx-request": "true", "hx-current-url": "http://testserver/books/?language=eng"}


def url(book, field):
    return reverse("catalog:book_cell", args=(book.pk, field))


@pytest.fixture
def book(make_books):
    (book,) = make_books(1, title="Dune", year=1965, language="eng", price="9.50", currency="EUR")
    book.refresh_from_db()
    return book


@pytest.fixture
def desk(client_of, cataloguer):
    return client_of(cataloguer)


def typed(book, **values):
    return {"version": book.version, **values}


@pytest.mark.parametrize(
    ("field", "values", "shown"),
    [
        ("title", {"title": "Dune Messiah"}, "Dune Messiah"),
        ("year", {"year": "1969"}, "1969"),
        ("year", {"year": ""}, ""),
        ("language", {"language": "fre"}, "French"),
        ("publisher", {"publisher": "Chilton"}, "Chilton"),
        ("publisher", {"publisher": ""}, ""),
        ("price", {"price": "12", "currency": "GBP"}, "£12.00"),
        ("price", {"price": "", "currency": ""}, ""),
    ],
)
def test_a_cell_is_saved_and_answers_with_its_row(desk, book, field, values, shown):
    response = desk.post(url(book, field), typed(book, **values), headers=HTMX)
    assert response.status_code == 200
    assert response.headers["HX-Retarget"] == f"#book-{book.pk}"
    assertContains(response, f'<tr id="book-{book.pk}"', count=1)
    assertContains(response, shown)
    assertNotContains(response, "<html")
    # The choices beside the list count anew, and go on from the list at hand.
    assertContains(response, '<aside id="filters" hx-swap-oob="true"')
    assertContains(response, "?list=%3Flanguage%3Deng")
    snapshot = Book.history.filter(id=book.pk).latest("history_id")
    assert (snapshot.version, snapshot.source) == (book.version + 1, Source.LIST)
    assert snapshot.alone  # its own line among the recent changes
    assertContains(desk.get(f"/books/{book.pk}/history/"), "in the list")


def test_the_form_has_the_value_its_name_and_the_version(desk, book):
    response = desk.get(url(book, "year"), headers=HTMX)
    assertContains(response, 'value="1965"')
    assertContains(response, 'aria-label="Year of “Dune”"')
    assertContains(response, f'name="version" value="{book.version}"')
    assertNotContains(response, "<html")
    assertNotContains(response, 'name="title"')
    assertNotContains(response, "?field=")


def test_without_htmx_the_form_is_a_page_that_leads_back_to_the_row(desk, book):
    page = "http://testserver/books/?language=eng&page=2"
    response = desk.get(url(book, "title"), headers={"referer": page})
    assertContains(response, "<html")
    assertContains(response, 'name="list" value="language=eng&amp;page=2"')
    response = desk.post(
        url(book, "title"), typed(book, title="Arrakis", list="language=eng&page=2")
    )
    assertRedirects(
        response, f"/books/?language=eng&page=2#book-{book.pk}", fetch_redirect_response=False
    )
    book.refresh_from_db()
    assert book.title == "Arrakis"


@pytest.mark.parametrize(
    ("field", "values", "said"),
    [
        ("title", {"title": " "}, "A book needs a title."),
        ("year", {"year": "soon"}, "soon"),
        ("year", {"year": "0"}, "is not a year"),
        ("price", {"price": "12", "currency": ""}, "A price needs a currency."),
        ("language", {"language": "xx"}, "xx"),
    ],
)
def test_what_is_wrong_is_said_in_the_cell_and_nothing_is_saved(desk, book, field, values, said):
    response = desk.post(url(book, field), typed(book, **values), headers=HTMX)
    assertContains(response, said, status_code=422)
    assertContains(response, 'aria-invalid="true"', status_code=422)
    assertContains(response, 'role="alert"', status_code=422)
    assert "HX-Retarget" not in response.headers
    assert Book.objects.get().version == book.version


def test_both_values_are_shown_where_somebody_else_was_quicker(desk, book):
    Book.objects.filter(pk=book.pk).update(year=1970)
    response = desk.post(url(book, "year"), typed(book, year="1966"), headers=HTMX)
    assertContains(response, 'name="choose-year"', count=2, status_code=422)
    for value in ("1966", "1970"):
        assertContains(response, value, status_code=422)
    book.refresh_from_db()
    assert book.year == 1970
    mine = typed(book, year="1966", asked="year") | {"choose-year": "mine"}
    assert desk.post(url(book, "year"), mine, headers=HTMX).status_code == 200
    book.refresh_from_db()
    assert book.year == 1966


def test_a_book_that_is_deleted_in_this_moment_is_not_there(desk, book, monkeypatch):
    save = BookCellForm.save

    def delete_first(form):
        Book.objects.all().delete()
        return save(form)

    monkeypatch.setattr(BookCellForm, "save", delete_first)
    response = desk.post(url(book, "year"), typed(book, year="1966"), headers=HTMX)
    assert response.status_code == 404
    assert not Book.objects.exists()


def test_another_field_that_somebody_changed_meanwhile_stays(desk, book):
    Book.objects.filter(pk=book.pk).update(title="Dune (1965)")
    response = desk.post(url(book, "year"), typed(book, year="1966"), headers=HTMX)
    assertContains(response, "Dune (1965)")
    book.refresh_from_db()
    assert (book.title, book.year) == ("Dune (1965)", 1966)


def test_saving_what_is_there_changes_nothing(desk, book):
    response = desk.post(url(book, "year"), typed(book, year="1965"), headers=HTMX)
    assertContains(response, f'id="book-{book.pk}"')
    assertNotContains(response, "hx-swap-oob")
    assert Book.objects.get().version == book.version


@needs_books
def test_a_publisher_that_is_not_clear_is_asked_about(desk, book):
    Publisher.objects.create(name="Chilton Books")
    response = desk.post(url(book, "publisher"), typed(book, publisher="Chiltan"), headers=HTMX)
    assertContains(response, "Chilton Books", status_code=422)


def test_who_may_not_change_books_may_not_change_cells(client, client_of, reader, book):
    assert client_of(reader).get(url(book, "year")).status_code == 403
    assert client_of(reader).post(url(book, "year"), typed(book, year="1")).status_code == 403
    assert client.get(url(book, "year")).status_code == 302
    assert Book.objects.get().version == book.version


@pytest.mark.parametrize("field", ["isbn", "created_by", "version", "nonsense"])
def test_other_fields_are_no_cells(desk, book, field):
    assert desk.get(url(book, field)).status_code == 404
    assert desk.post(url(book, field), {field: "1"}).status_code == 404


def test_a_book_that_is_gone_is_a_404(desk, book, manager):
    address = url(book, "year")
    deleting.delete_record(book, manager)
    assert desk.post(address, typed(book, year="1"), headers=HTMX).status_code == 404


def test_a_cell_costs_a_fixed_number_of_queries(desk, book, make_books, make_author):
    def cost(action):
        with CaptureQueriesContext(connection) as queries:
            assert action().status_code == 200
        return len([query for query in queries if "SAVEPOINT" not in query["sql"]])

    def costs(book):
        return [
            cost(lambda: desk.get(url(book, "publisher"), headers=HTMX)),
            cost(lambda: desk.post(url(book, "year"), typed(book, year="1999"), headers=HTMX)),
        ]

    costs(book)  # whatever is read once a process
    people = [make_author(f"Author No{number}") for number in range(5)]
    few, many = make_books(1, authors=people[:1]), make_books(1, authors=people)
    found = costs(few[0])
    assert found == costs(many[0])
    if connection.vendor == "sqlite":
        # Four are the session, the person and their rights; saving counts anew what stands beside.
        assert found == [7, 27]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_somebody_signed_out_comes_back_to_what_was_typed(client, cataloguer, book, headers):
    address = url(book, "title")
    data = typed(book, title="Kept", list="language=eng&page=2")
    response = client.post(address, data, headers=headers)
    assert response.status_code == 403
    assert response.headers["X-Sign-In"] == "form"  # app.js sends it anew, without htmx
    response = sign_in(client, cataloguer, typed=carried(response))
    assert response.headers["Location"] == address
    page = client.get(address)
    assertContains(page, 'value="Kept"')
    assertContains(page, 'name="list" value="language=eng&amp;page=2"')
    assertContains(page, "Nothing of it is saved yet")
    assert Book.objects.get().title == "Dune"
    response = client.post(address, data)
    assert response.headers["Location"] == f"/books/?language=eng&page=2#book-{book.pk}"
    assert Book.objects.get().title == "Kept"


def test_a_year_that_contradicts_the_day_is_refused_at_the_cell(desk, book):
    Book.objects.filter(pk=book.pk).update(published_on="1965-08-01")
    book.refresh_from_db()
    response = desk.post(url(book, "year"), typed(book, year="1966"), headers=HTMX)
    assertContains(response, "This day is in 1965, but the year says 1966.", status_code=422)
    assert Book.objects.get().year == 1965


def test_as_a_page_a_cell_says_what_it_is(desk, book):
    response = desk.get(url(book, "year"))
    assertContains(response, "<h1>Change the year</h1>")
    assertContains(response, '<label class="form-label" for="cell_year">Year</label>', html=True)
    assertContains(response, f'<a href="{book.get_absolute_url()}" dir="auto">Dune</a>')
    assertContains(response, "<title>Change the year · Dune")
    in_table = desk.get(url(book, "year"), headers=HTMX)
    assertNotContains(in_table, "<label")


def test_an_empty_cell_says_what_could_stand_there(desk, book):
    assertNotContains(desk.get("/books/"), ">Price</a></td>")
    full = len(desk.get("/books/").content)
    Book.objects.update(price=None, currency="", year=None, language="", publisher=None)
    response = desk.get("/books/")
    for label in ("Publisher", "Year", "Language", "Price"):
        assertContains(response, f">{label}</a></td>", count=1)
    assert len(response.content) < full


def test_a_cell_that_is_a_page_of_its_own_is_sent_as_a_plain_form(desk, book):
    assertContains(desk.get(url(book, "year"), headers=HTMX), 'hx-target="closest td"')
    assertNotContains(desk.get(url(book, "year")), "closest td")  # there is none
