import gzip
import html
import json
import re

import pytest
from django.db import connection
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from catalog.models import Book, Contribution, Subject
from tests.catalog.search.shelves import needs_books

pytestmark = needs_books

URL = "/books/"
PARTIAL = {"HX-Request": "true", "HX-Target": "results"}


def shown(response):
    """The titles of the table, in their order."""
    cells = re.findall(
        r'<tr><td>.*?<a dir="auto" href="[^"]*">(.*?)</a>', response.content.decode()
    )
    return [html.unescape(cell) for cell in cells]


@pytest.fixture
def shelf(make_books):
    """A few books that differ in everything that can be filtered and sorted by."""
    for title, author, publisher, year, language, isbn in (
        (
            "The Left Hand of Darkness",
            "Ursula K. Le Guin",
            "Ace Books",
            1969,
            "eng",
            "9780441478125",
        ),
        ("Rayuela", "Julio Cortázar", "Sudamericana", 1963, "spa", ""),
        ("Gilgamesh", "Anonymous", "Free Press", -1750, "eng", ""),
        ("红楼梦", "曹雪芹", "人民文学出版社", 1791, "chi", ""),
    ):
        make_books(
            title=title,
            authors=[author],
            publisher=publisher,
            year=year,
            language=language,
            isbn=isbn,
        )


# --- The list works -------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["/", URL])
def test_the_list_shows_books_with_all_that_a_row_holds(client, shelf, url):
    page = client.get(url).content.decode()
    for text in (
        "The Left Hand of Darkness",
        "Ursula K. Le Guin",
        "Ace Books",
        "1969",
        "English",
        "978-0-441-47812-5",
        "1750 BCE",
        "红楼梦",
        "4 books",
    ):
        assert text in page


def test_a_list_that_is_cut_says_so_on_its_last_page(client, make_books, monkeypatch):
    monkeypatch.setattr("catalog.search.listings.EXACT", 30)
    make_books(40, title="Rayuela")
    sentence = "The list ends here although there is more"
    assertNotContains(client.get(URL, {"q": "rayuela"}), sentence)
    assertContains(client.get(URL, {"q": "rayuela", "page": 2}), sentence)
    assertNotContains(client.get(URL, {"page": 2}), sentence)


def test_titles_stand_in_filing_order(client, shelf):
    assert shown(client.get(URL)) == ["Gilgamesh", "The Left Hand of Darkness", "Rayuela", "红楼梦"]


def test_what_people_typed_is_shown_and_never_run(client, make_books):
    make_books(title="<script>alert(1)</script>", authors=["<b>Bold</b>"], publisher="<i>X</i>")
    for view in ("table", "grid"):
        page = client.get(URL, {"view": view, "q": "<script>"}).content.decode()
        assert "<script>alert" not in page
        assert "<b>Bold" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in client.get(URL).content.decode()


def test_the_fragment_has_no_page_around_it(client, shelf):
    response = client.get(URL, {"q": "rayuela"}, headers=PARTIAL)
    page = response.content.decode()
    assert "<html" not in page
    assert "<header" not in page
    assert shown(response) == ["Rayuela"]
    assert "<title>rayuela · Books · Colophon</title>" in page
    assert 'hx-swap-oob="innerHTML:#announce"' in page
    for header in ("HX-Request", "HX-Target", "HX-History-Restore-Request", "Cookie"):
        assert header in response.headers["Vary"]


def test_a_history_restore_gets_the_whole_page(client, shelf):
    headers = {**PARTIAL, "HX-History-Restore-Request": "true"}
    assert "<html" in client.get(URL, headers=headers).content.decode()


def test_page_and_fragment_show_the_same(client, shelf):
    query = {"language": "eng", "sort": "-year"}
    assert shown(client.get(URL, query)) == shown(client.get(URL, query, headers=PARTIAL))


def test_anybody_reads_a_public_catalogue(client, shelf, settings):
    settings.CATALOG_PUBLIC = True
    assert client.get(URL).status_code == 200


def test_a_closed_catalogue_asks_people_to_sign_in(client, client_of, reader, shelf, settings):
    settings.CATALOG_PUBLIC = False
    for url in ("/", URL, "/books/1/"):
        assert client.get(url).headers["Location"].startswith(reverse("accounts:login"))
    assert len(shown(client_of(reader).get(URL))) == 4


def test_only_reading_is_possible(client):
    assert client.post(URL).status_code == 405


# --- The address says what is shown ---------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({"sort": "-title"}, ["红楼梦", "Rayuela", "The Left Hand of Darkness", "Gilgamesh"]),
        ({"sort": "-year"}, ["The Left Hand of Darkness", "Rayuela", "红楼梦", "Gilgamesh"]),
        ({"sort": "year"}, ["Gilgamesh", "红楼梦", "Rayuela", "The Left Hand of Darkness"]),
        ({"language": "spa"}, ["Rayuela"]),
        ({"language": "eng", "isbn": "with"}, ["The Left Hand of Darkness"]),
        ({"decade": "1960"}, ["The Left Hand of Darkness", "Rayuela"]),
        ({"q": "CORTAZAR"}, ["Rayuela"]),
        ({"q": "0-441-47812-3"}, ["The Left Hand of Darkness"]),
        ({"q": "sudameri"}, ["Rayuela"]),
    ],
)
def test_sorting_filtering_and_searching(client, shelf, query, titles):
    assert shown(client.get(URL, query)) == titles


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "password"},
        {"language": "klingon"},
        {"decade": "soon"},
        {"publisher": "x"},
        {"author": "-1"},
        {"isbn": "maybe"},
        {"view": "film"},
        {"nonsense": "1"},
        {"q": "\x00"},
        {"publisher": "99999999999999999999999"},
    ],
)
def test_unknown_values_are_ignored(client, shelf, query):
    assert len(shown(client.get(URL, query))) == 4


def test_each_active_filter_can_be_taken_away(client, shelf):
    page = client.get(URL, {"language": "eng", "q": "hand"}).content.decode()
    assert 'href="?language=eng"' in page  # without the words
    assert 'href="?q=hand"' in page  # without the language
    assert "Clear all" in page


def test_a_new_search_keeps_the_filters(client, shelf):
    page = client.get(URL, {"language": "eng", "q": "hand", "page": "1"}).content.decode()
    assert '<input type="hidden" form="search" name="language" value="eng">' in page
    assert 'form="search" name="page"' not in page
    assert 'form="search" name="q"' not in page


def test_filters_show_counts_and_are_links(client, shelf):
    page = client.get(URL, {"language": "eng"}).content.decode()
    assert re.search(r'<a href="\?" aria-current="true">English <b>2</b></a>', page)
    assert re.search(r'<a href="\?language=spa">Spanish <b>1</b></a>', page)
    assert "The numbers are those of the whole catalogue." in page


def test_the_sidebar_follows_a_change(client, make_books, transactional_db):
    make_books(language="eng")
    assert "English <b>1</b>" in client.get(URL).content.decode()
    make_books(language="eng", title="Another")
    assert "English <b>2</b>" in client.get(URL).content.decode()


def test_headings_say_how_the_table_is_sorted(client, shelf):
    assert 'aria-sort="ascending"><a id="sort-title" href="?sort=-title"' in client.get(
        URL
    ).content.decode().replace(' class="num"', "")
    page = client.get(URL, {"sort": "-year"}).content.decode()
    assert 'aria-sort="descending"><a id="sort-year" href="?sort=year"' in page
    assert page.count("aria-sort") == 1


def test_while_typing_the_history_gets_one_entry(client, shelf):
    typing = {**PARTIAL, "HX-Trigger": "search", "HX-Current-URL": "http://testserver/books/?q=ra"}
    response = client.get(URL, {"q": "ray"}, headers=typing)
    assert response.headers["HX-Replace-Url"] == "/books/?q=ray"
    first = {**typing, "HX-Current-URL": "http://testserver/books/"}
    assert "HX-Replace-Url" not in client.get(URL, {"q": "r"}, headers=first).headers


# --- Table or covers ------------------------------------------------------------------------


def test_covers_are_remembered(client, shelf):
    assert "<svg class=" in client.get(URL, {"view": "grid"}).content.decode()
    page = client.get(URL).content.decode()
    assert 'class="binding"' in page
    client.get(URL, {"view": "table"})
    assert 'class="binding"' not in client.get(URL).content.decode()


def test_a_forged_choice_is_ignored(client, shelf):
    client.cookies["view"] = "grid"
    assert 'class="binding"' not in client.get(URL).content.decode()


def test_the_choice_is_kept_even_if_the_page_was_not_sent_again(client, shelf):
    client.get(URL, {"view": "grid"})
    tag = client.get(URL, {"view": "grid"}).headers["ETag"]
    response = client.get(URL, {"view": "grid"}, headers={"If-None-Match": tag})
    assert response.status_code == 304
    assert "view" in response.cookies


# --- Pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "number"),
    [("1", 1), ("3", 3), ("99", 3), ("0", 1), ("-4", 1), ("two", 1), ("", 1), ("1e3", 1)],
)
def test_any_page_number_leads_somewhere_sensible(client, make_books, typed, number):
    make_books(60)
    response = client.get(URL, {"page": typed})
    assert response.status_code == 200
    assert response.context["page_obj"].number == number


def test_pages_are_plain_links_that_keep_the_filters(client, make_books):
    make_books(60, language="eng")
    page = client.get(URL, {"language": "eng", "page": "2"}).content.decode()
    assert 'rel="prev" href="?language=eng&amp;page=1"' in page
    assert 'rel="next" href="?language=eng&amp;page=3"' in page
    assert '<a href="?language=eng&amp;page=2" aria-current="page">2</a>' in page
    assert "Rows 26–50" in page


# --- Nothing there --------------------------------------------------------------------------


def test_an_empty_catalogue_offers_what_to_do_first(client, client_of, reader, cataloguer):
    page = client_of(cataloguer).get("/").content.decode()
    for url in ("catalog:import_create", "catalog:import_sample", "catalog:book_create"):
        assert reverse(url) in page
    assert reverse("catalog:import_create") not in client_of(reader).get("/").content.decode()
    assert "sign in to import one" in client.get("/").content.decode()


def test_a_search_without_hits_says_what_to_do(client, shelf):
    page = client.get(URL, {"q": "zzzz"}).content.decode()
    assert "Nothing found" in page
    assert "Check the spelling" in page
    both = client.get(URL, {"q": "zzzz", "language": "eng"}).content.decode()
    assert "Take one away" in both


# --- Cost -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [2, 20])
def test_the_cost_of_a_page_is_fixed(
    client, client_of, reader, make_books, size, django_assert_num_queries
):
    make_books(size, authors=["A B", "C D"], language="eng")
    client.get(URL)
    # 1. the catalogue's state  2. the ids of the page  3. the books with their publishers
    # 4. their contributions with the authors; counts and sidebar are remembered
    with django_assert_num_queries(4):
        assert len(shown(client.get(URL))) == size
    browser = client_of(reader)
    # 1.-4. as above  5. the session  6. the person  7. their rights  8. their groups' rights
    with django_assert_num_queries(8):
        browser.get(URL)


@pytest.mark.parametrize("size", [2, 20])
def test_the_first_page_after_a_change_reads_the_counts_again(
    client, make_books, size, django_assert_num_queries
):
    make_books(size, language="eng")
    # 1. the state  2. kept counts  3. the largest publishers  4. their names  5. ids  6. books
    # 7. contributions
    with django_assert_num_queries(7):
        assert len(shown(client.get(URL))) == size


@pytest.mark.parametrize("size", [2, 20])
@pytest.mark.parametrize("query", [{"language": "eng"}, {"view": "grid"}, {"sort": "-year"}])
def test_a_filtered_page_costs_the_same(client, make_books, size, query, django_assert_num_queries):
    make_books(size, language="eng")
    with django_assert_num_queries(7):  # as above
        client.get(URL, query)


@pytest.mark.parametrize("size", [2, 20])
def test_a_search_costs_the_same_for_many_hits(client, make_books, size, django_assert_num_queries):
    make_books(size, title="Dune", authors=["Frank Herbert"])
    # 1.-4. state and counts  5. ids by the index  6. the titles, to rank them  7. the books
    # 8. contributions; SQLite looks for longer words that begin so in its vocabulary, PostgreSQL
    # tries a sample first, which says by what plan the rest is found
    more = {"sqlite": 1, "postgresql": 2}.get(connection.vendor, 0)
    with django_assert_num_queries(8 + more):
        assert len(shown(client.get(URL, {"q": "dune"}))) == size


def test_a_page_of_the_table_is_small(client_of, reader, cataloguer, make_books):
    make_books(30, language="eng", year=1999, isbn="9780441478125")
    assert len(client_of(reader).get(URL).content) < 15 * 1024
    # With a box, six links and a price in each row; little is left of that on the way. A row
    # names its book 19 times: a digit more in the numbers of the books is half a kilobyte.
    page = client_of(cataloguer).get(URL).content
    assert len(page) < 36 * 1024
    assert len(gzip.compress(page)) < 6 * 1024


# --- JSON -----------------------------------------------------------------------------------


def test_the_list_as_json(client, shelf):
    response = client.get(URL, {"language": "spa"}, headers={"Accept": "application/json"})
    assert response.headers["Content-Type"] == "application/json"
    data = response.json()
    assert data["count"] == data["page"] == data["pages"] == 1
    assert data["count_is_exact"] is True
    assert data["next"] is data["previous"] is None
    (book,) = data["results"]
    assert book["title"] == "Rayuela"
    assert book["year"] == 1963
    assert book["contributors"][0]["name"] == "Julio Cortázar"
    assert book["publisher"]["name"] == "Sudamericana"
    assert client.get(book["url"]).status_code == 200


def test_json_pages_lead_on(client, make_books):
    make_books(60)
    data = client.get(URL, {"page": 2}, headers={"Accept": "application/json"}).json()
    assert data["next"] == "http://testserver/books/?page=3"
    assert data["previous"] == "http://testserver/books/?page=1"


# --- One book -------------------------------------------------------------------------------


@pytest.fixture
def book(make_books, make_author, cataloguer):
    (book,) = make_books(
        title="Gilgamesh",
        subtitle="A New English Version",
        authors=["Anonymous"],
        publisher="Free Press",
        year=-1750,
        language="eng",
        isbn="9780743261647",
        isbn_entered="74326164X",
        isbn_repaired=True,
        pages=1290,
        price="12.50",
        currency="EUR",
        description="The oldest story.\n\nTwo friends.",
        created_by=cataloguer,
    )
    translator = make_author("Stephen Mitchell")
    Contribution.objects.create(
        book=book, author=translator, role="trl", position=1, credited_as="S. Mitchell"
    )
    book.subjects.add(Subject.objects.create(name="Epic poetry"))
    return book


def test_a_book_shows_everything(client, book):
    page = client.get(book.get_absolute_url()).content.decode()
    for text in (
        "Gilgamesh",
        "A New English Version",
        "Anonymous",
        "S. Mitchell",
        "translator",
        "Free Press",
        "1750 BCE",
        "978-0-7432-6164-7",
        "0-7432-6164-X",
        "“74326164X” had lost its leading zeros",
        "English",
        "1,290",
        "€12.50",
        "<p>The oldest story.</p>",
        "Epic poetry",
        "Added on ",
    ):
        assert text in page
    for link in (book.publisher, *book.authors.all()):
        assert f'href="{link.get_absolute_url()}"' in page


def test_who_added_a_book_is_told_to_people_with_an_account(client, client_of, reader, book):
    assert b"Added by" not in client.get(book.get_absolute_url()).content
    page = client_of(reader).get(book.get_absolute_url()).content.decode()
    assert "Added by <bdi>cataloguer</bdi> on " in page


@pytest.mark.parametrize("kind", ["book", "author", "publisher"])
def test_the_actions_of_a_record_are_those_that_a_person_may_do(
    kind, client, client_of, reader, cataloguer, manager, make_books
):
    (book,) = make_books(1)
    record = {"book": book, "author": book.authors.get(), "publisher": book.publisher}[kind]
    url = record.get_absolute_url()
    actions = {action: f'href="{url}{action}/"' for action in ("edit", "history", "delete")}

    def offered(browser):
        page = browser.get(url).content.decode()
        return [action for action, link in actions.items() if link in page]

    assert offered(client) == []
    assert offered(client_of(reader)) == ["history"]
    assert offered(client_of(cataloguer)) == ["edit", "history"]
    assert offered(client_of(manager)) == ["edit", "history", "delete"]
    page = client_of(cataloguer).get(url).content.decode()
    assert (f"/books/new/?{kind}={record.pk}" in page) == (kind != "book")


def test_a_book_is_added_from_the_page_of_its_author_and_its_publisher(
    client_of, cataloguer, make_author, make_publisher
):
    author, publisher = make_author("Frank Herbert"), make_publisher("Chilton")
    client = client_of(cataloguer)
    url = f"/books/new/?author={author.pk}&publisher={publisher.pk}"
    page = client.get(url)
    assertContains(page, 'value="Frank Herbert"')
    assertContains(page, 'value="Chilton"')
    sent = {
        "title": "Dune", "publisher": "Chilton", "publisher_id": publisher.pk,
        "credits-0-author": "Frank Herbert", "credits-0-author_id": author.pk,
        "credits-0-role": "aut", "credits-0-position": 1, "credits-TOTAL_FORMS": 1,
    }  # fmt: skip
    assert client.post(url, sent).status_code == 302
    book = Book.objects.get()
    assert (book.publisher, book.authors.get()) == (publisher, author)
    assert client.get("/books/new/?author=x&publisher=9999999").status_code == 200


def test_a_book_of_which_little_is_known(client, make_books):
    (book,) = make_books(title="Alone", authors=[], publisher=None)
    page = client.get(book.get_absolute_url()).content.decode()
    assert "Alone" in page
    assert "More by" not in page
    assert "None" not in page


def test_other_books_by_the_author_are_offered(client, make_books):
    first, *others = make_books(9, authors=["Ursula K. Le Guin"])
    page = client.get(first.get_absolute_url()).content.decode()
    assert sum(f'href="{other.get_absolute_url()}"' in page for other in others) == 6
    assert "Everything by" in page


def test_a_book_that_is_not_there(client):
    response = client.get("/books/404/")
    assert response.status_code == 404
    assert b"There is no such page" in response.content


@pytest.mark.parametrize("size", [1, 8])
def test_a_book_costs_the_same_with_many_people(
    client, make_books, size, django_assert_num_queries
):
    names = [f"Person {number}" for number in range(size)]
    book, *_others = make_books(5, authors=names)
    # 1. the book, its publisher, who added it  2. contributions with authors  3. subjects
    # 4. other books with publishers  5. their contributions with authors  6. attached files
    with django_assert_num_queries(6):
        client.get(book.get_absolute_url())


def test_a_book_as_json(client, book):
    response = client.get(book.get_absolute_url(), headers={"Accept": "application/json"})
    data = json.loads(response.content)
    assert data["isbn"] == "9780743261647"
    assert data["isbn_10"] == "074326164X"
    assert data["year"] == -1750
    assert data["price"] == "12.50"
    assert [item["role"] for item in data["contributors"]] == ["aut", "trl"]
    assert data["subjects"] == ["Epic poetry"]
    assert Book.objects.get(pk=data["id"]) == book
