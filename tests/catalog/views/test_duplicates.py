"""The panel beside a form that is being typed, and the stop before a duplicate is saved."""

import re

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from catalog.models import Author, Book
from tests.catalog.search.shelves import needs_books

pytestmark = needs_books


@pytest.fixture
def typist(client_of, cataloguer):
    return client_of(cataloguer)


@pytest.fixture
def dune(make_books):
    return make_books(
        1, title="Dune", authors=["Frank Herbert"], publisher="Chilton", year=1965,
        isbn="9780441013593",
    )[0]  # fmt: skip


def ask(client, kind="book", query="", **data):
    return client.post(reverse(f"catalog:{kind}_duplicates") + query, data)


def hidden(response, name):
    found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', response.content.decode())
    return found and found[1]


def typed(title="Dune", author="Frank Herbert", **more):
    return {
        "title": title,
        "credits-TOTAL_FORMS": "1",
        "credits-INITIAL_FORMS": "0",
        "credits-0-author": author,
        "credits-0-role": "aut",
        **more,
    }


# --- The panel -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["book", "author", "publisher"])
def test_only_who_may_write_records_is_answered(client, client_of, reader, typist, kind):
    url = reverse(f"catalog:{kind}_duplicates")
    assert "/login/" in client.post(url).headers["Location"]
    assert client_of(reader).post(url).status_code == 403
    assert typist.get(url).status_code == 405
    assert ask(typist, kind).status_code == 200


def test_the_panel_names_the_book_with_the_reason(typist, dune):
    response = ask(typist, **typed(isbn="0-441-01359-7", year="1965"))
    assertNotContains(response, "<html")
    assertContains(response, "1 possible duplicate</h2>")
    assertContains(response, f'href="{dune.get_absolute_url()}" target="_blank" rel="noopener"')
    for text in ("Frank Herbert", "Chilton", "1965", "978-0-441-01359-3", "is the ISBN-10"):
        assertContains(response, text)
    assertContains(response, 'hx-swap-oob="innerHTML:#announce">1 possible duplicate. “Dune”')
    assertNotContains(response, "Save anyway")


def test_what_is_half_typed_or_nonsense_breaks_nothing(typist, dune):
    for data in (
        {},
        typed(title="D"),
        typed(isbn="97804410", year="19", published_on="x"),
        typed(title="\0Dune", author="x" * 5_000, year="99999999999999"),
        {
            "credits-0-author": "Frank Herbert",
            "credits-0-author_id": "9" * 30,
            "title": "x" * 9_999,
        },
    ):
        assert ask(typist, **data).status_code == 200
    assert ask(typist, query="?record=x", **typed()).status_code == 200


def test_nothing_moves_while_the_result_stays(typist, dune):
    first = ask(typist, **typed())
    shown = hidden(first, "radar-shown")
    second = ask(typist, **typed(subtitle="x", **{"radar-shown": shown}))
    assert second.headers["HX-Reswap"] == "none"
    assertNotContains(second, "Dune")
    assert hidden(second, "radar-looked") not in ("", hidden(first, "radar-looked"))
    gone = ask(typist, **typed(title="Emma", **{"radar-shown": shown}))
    assertContains(gone, "No possible duplicates any more.")


def test_what_is_set_aside_stays_so(typist, dune, make_books):
    ids = str(dune.pk)
    aside = ask(typist, query="?dismiss=1", **typed(**{"radar-dismissed": ids}))
    assertContains(aside, "<summary autofocus>1 possible duplicate, set aside</summary>")
    assert hidden(aside, "radar-dismissed") == ids
    again = ask(typist, **typed(year="1965", **{"radar-dismissed": ids}))
    assertContains(again, "set aside")
    make_books(1, title="Dune", authors=["Frank Herbert"])
    more = ask(typist, **typed(**{"radar-dismissed": ids}))
    assertContains(more, "2 possible duplicates</h2>")


def test_a_record_is_no_duplicate_of_itself(typist, dune):
    assertNotContains(ask(typist, query=f"?record={dune.pk}", **typed()), "possible duplicate</h2>")


def test_credits_that_are_taken_out_do_not_count(typist, dune):
    response = ask(typist, **typed(**{"credits-0-DELETE": "on"}))
    assertContains(response, "no author given")


def test_credits_count_in_their_order_whatever_number_their_row_has(typist, dune):
    rows = typed(author="", **{
        "credits-45-author": "Frank Herbert", "credits-45-role": "aut", "credits-45-position": "1",
    })  # fmt: skip
    assertContains(ask(typist, **rows), "same title and author")


def test_authors_and_publishers_too(typist, make_books):
    make_books(2, authors=["J. K. Rowling"], publisher="Penguin Books Ltd.")
    response = ask(typist, "author", name="Rowling, J.K.")
    for text in ("J. K. Rowling", "the same name, written differently", "2 books"):
        assertContains(response, text)
    response = ask(typist, "publisher", name="Penguin")
    for text in ("Penguin Books Ltd.", "but for words like", "2 books"):
        assertContains(response, text)


def test_nobody_is_told_to_go_on_with_a_name_that_is_taken(typist, make_publisher):
    make_publisher("Penguin Books")
    assertContains(ask(typist, "publisher", name="Penguin"), "Not the same: go on")
    assertNotContains(ask(typist, "publisher", name="PENGUIN BOOKS"), "Not the same: go on")


@pytest.mark.parametrize("size", [1, 30])
def test_the_panel_costs_the_same(typist, make_books, size, django_assert_max_num_queries):
    make_books(size, title="Poems", authors=["John Smith"])
    # session, user, two of rights; eight of the radar
    with django_assert_max_num_queries(12):
        assertContains(ask(typist, **typed(title="Poems", author="John Smith")), "possible dupl")


# --- The stop --------------------------------------------------------------------------------


def test_the_first_submit_of_a_duplicate_comes_back_and_the_second_saves(typist, dune):
    data = typed(year="1966", subtitle="Kept", then="another")
    response = typist.post("/books/new/", data)
    assertContains(response, "same title and author, year ±1", status_code=422)
    assertContains(response, 'value="Kept"', status_code=422)
    assertContains(response, "Save anyway", status_code=422)
    assertContains(response, '<input type="hidden" name="then" value="another">', status_code=422)
    assert Book.objects.get() == dune
    assert typist.post("/books/new/", data).status_code == 422  # not shown is not seen

    response = typist.post("/books/new/", {**data, "anyway": str(dune.pk)})
    assert response.status_code == 302
    assert "/books/new/" in response.headers["Location"]
    assert Book.objects.count() == 2


def test_a_new_duplicate_asks_again(typist, dune, make_books):
    make_books(1, title="Dune", authors=["Frank Herbert"], year=1966)
    data = typed(year="1966", anyway=str(dune.pk))
    assert typist.post("/books/new/", data).status_code == 422


@pytest.mark.parametrize("weak", [{"year": "1984"}, {"author": ""}])
def test_weak_reasons_are_shown_once_where_there_is_no_panel(typist, dune, weak):
    assertContains(typist.post("/books/new/", typed(**weak)), "Save anyway", status_code=422)
    assert typist.post("/books/new/", typed(anyway=str(dune.pk), **weak)).status_code == 302


@pytest.mark.parametrize("weak", [{"year": "1984"}, {"author": ""}])
def test_weak_reasons_stop_nobody_who_has_the_panel(typist, dune, weak):
    earlier = hidden(ask(typist, **typed(title="D")), "radar-looked")
    data = typed(**weak, **{"radar-looked": earlier})
    assert typist.post("/books/new/", data).status_code == 302


def test_another_author_is_no_duplicate(typist, dune):
    assert typist.post("/books/new/", typed(author="Somebody Else")).status_code == 302


def test_whoever_has_seen_the_panel_is_not_asked_again(typist, dune, django_assert_max_num_queries):
    data = typed(year="1965", isbn="9780441013593")
    looked = hidden(ask(typist, **data), "radar-looked")
    response = typist.post("/books/new/", {**data, "radar-looked": looked})
    assert response.status_code == 302
    other = {**data, "isbn": "", "title": "Dune ", "year": "1966", "radar-looked": looked}
    assert typist.post("/books/new/", other).status_code == 422


def test_correcting_a_book_is_stopped_only_by_what_was_changed(typist, dune, make_books):
    (copy,) = make_books(1, title="Dune", authors=["Frank Herbert"], year=1965)
    url = reverse("catalog:book_update", args=(copy.pk,))
    author = Author.objects.get()
    form = typed(
        version=str(copy.version), year="1965", publisher="Ace Books",
        **{"credits-0-author_id": str(author.pk)},
    )  # fmt: skip
    assert typist.post(url, {**form, "pages": "412"}).status_code == 302
    copy.refresh_from_db()
    changed = {**form, "version": str(copy.version), "pages": "412", "isbn": "9780441013593"}
    response = typist.post(url, changed)
    assertContains(response, "same ISBN and title", status_code=422)
    assert typist.post(url, {**changed, "anyway": str(dune.pk)}).status_code == 302


@pytest.mark.parametrize(
    ("kind", "there", "name"),
    [
        ("author", "J. K. Rowling", "Rowling, J.K."),
        ("publisher", "Penguin", "Penguin Books Ltd."),
    ],
)
def test_authors_and_publishers_are_stopped_too(
    typist, make_author, make_publisher, kind, there, name
):
    record = {"author": make_author, "publisher": make_publisher}[kind](there)
    url = reverse(f"catalog:{kind}_create")
    data = {"name": name, "kind": "person"} if kind == "author" else {"name": name}
    assertContains(typist.post(url, data), "Save anyway", status_code=422)
    assert typist.post(url, {**data, "anyway": str(record.pk)}).status_code == 302
    assert type(record)._default_manager.count() == 2


@pytest.mark.parametrize(
    ("kind", "there", "name", "other"),
    [
        ("author", "J. K. Rowling", "Rowling, J.K.", {"email": "jo@example.org"}),
        ("publisher", "Penguin", "Penguin Books Ltd.", {"city": "London"}),
    ],
)
def test_correcting_authors_and_publishers_is_stopped_only_by_what_they_are_called(
    typist, make_author, make_publisher, kind, there, name, other
):
    make = {"author": make_author, "publisher": make_publisher}[kind]
    known, record = make(there), make("Somebody Else")
    url = reverse(f"catalog:{kind}_update", args=(record.pk,))
    data = {"name": name, "version": str(record.version)}
    if kind == "author":
        data |= {"kind": "person", "sort_name": record.sort_name}
    response = typist.post(url, data)
    assertContains(response, "Save anyway", status_code=422)
    assertContains(response, known.name, status_code=422)
    record.refresh_from_db()
    assert record.name == "Somebody Else"
    assert typist.post(url, {**data, "anyway": str(known.pk)}).status_code == 302
    record.refresh_from_db()
    assert type(record)._default_manager.count() == 2
    # From now on it may be corrected without being asked about its name again.
    again = {**data, "name": record.name, "version": str(record.version), **other}
    if kind == "author":
        again["sort_name"] = record.sort_name
    assert typist.post(url, again).status_code == 302


def test_a_form_with_errors_shows_weak_duplicates_too(typist, dune):
    response = typist.post("/books/new/", typed(year="1984", pages="x"))
    assertContains(response, "19 years apart", status_code=422)
    assertNotContains(response, "Save anyway", status_code=422)
    assertContains(response, '<a href="#duplicates">1 possible duplicate</a>', status_code=422)


def test_a_fresh_form_asks_nothing(typist, dune):
    response = typist.get("/books/new/")
    assertContains(response, 'id="duplicates"')
    assertNotContains(response, "possible duplicate")
