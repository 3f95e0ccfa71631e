"""The pages that ask, the deletion, its undoing, and the old address."""

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from catalog.models import Attachment, Author, Book, BulkEdit, Contribution, Note, Publisher
from catalog.services import deleting
from tests.accounts.test_resuming import carried, sign_in
from tests.catalog.search.shelves import needs_books

pytestmark = needs_books


@pytest.fixture
def boss(client_of, manager):
    return client_of(manager)


@pytest.fixture
def dune(make_books):
    return make_books(1, title="Dune & Co", authors=["Frank Herbert"], publisher="Chilton")[0]


def said(response):
    return [(str(message), message.extra_tags) for message in get_messages(response.wsgi_request)]


@pytest.mark.parametrize("kind", ["book", "author", "publisher"])
def test_only_managers_delete(client, client_of, reader, cataloguer, dune, kind):
    pk = {"book": dune.pk, "author": dune.authors.get().pk, "publisher": dune.publisher_id}[kind]
    for name in ("delete", "undelete"):
        url = reverse(f"catalog:{kind}_{name}", args=(pk,))
        assert 'name="password"' in client.post(url, follow=True).content.decode()
        for person in (reader, cataloguer):
            assert client_of(person).post(url).status_code == 403
            assert client_of(person).get(url).status_code == 403
    assert Book.objects.get() == dune


@pytest.mark.parametrize("kind", ["book", "author", "publisher"])
def test_asking_changes_nothing(boss, dune, kind, django_assert_max_num_queries):
    pk = {"book": dune.pk, "author": dune.authors.get().pk, "publisher": dune.publisher_id}[kind]
    url = reverse(f"catalog:{kind}_delete", args=(pk,))
    # session, user, rights; the record with what is shown of it; notes, files
    with django_assert_max_num_queries(13):
        response = boss.get(url)
    assert response.status_code == 200
    assertContains(response, '<form method="post"')
    assert Book.objects.get() == dune
    assert boss.get(reverse(f"catalog:{kind}_undelete", args=(pk,))).status_code == 405


def test_the_page_says_what_goes_with_a_book(boss, dune):
    Note.objects.create(kind="book", record_id=dune.pk, text="Signed.")
    Attachment.objects.create(kind="book", record_id=dune.pk, name="a.pdf", size=1)
    Attachment.objects.create(kind="book", record_id=dune.pk, name="b.pdf", size=1)
    response = boss.get(reverse("catalog:book_delete", args=(dune.pk,)))
    for text in ("Dune &amp; Co", "Frank Herbert", "1 credit;", "1 note", "2 attached files"):
        assertContains(response, text)


def test_a_book_is_deleted_and_undone_from_the_message(boss, dune):
    url = reverse("catalog:book_delete", args=(dune.pk,))
    response = boss.post(f"{url}?list=q%3Ddune%26year%3D1965")
    assertRedirects(response, "/books/?q=dune&year=1965", fetch_redirect_response=False)
    back = reverse("catalog:book_undelete", args=(dune.pk,))
    assert said(response) == [("“Dune & Co” was deleted.", back)]
    assert not Book.objects.exists()
    page = boss.get("/books/")
    assertContains(page, f'<form method="post" action="{back}">')

    response = boss.post(back)
    assertRedirects(response, dune.get_absolute_url(), fetch_redirect_response=False)
    assert said(response)[-1] == ("“Dune & Co” is back.", "")
    assert Book.objects.get() == dune


def test_a_list_of_another_site_is_not_gone_to(boss, dune):
    url = reverse("catalog:book_delete", args=(dune.pk,))
    response = boss.post(f"{url}?list=https://example.org/")
    assert response.headers["Location"].startswith("/books/?")


def test_the_second_click_says_the_same(boss, dune):
    url = reverse("catalog:book_delete", args=(dune.pk,))
    boss.post(url)
    response = boss.post(url)
    assert response.status_code == 302
    assert said(response)[-1][0] == "“Dune & Co” is deleted already."
    assert boss.post(reverse("catalog:book_delete", args=(dune.pk + 1,))).status_code == 404


def test_undoing_twice_leads_to_the_record(boss, dune):
    boss.post(reverse("catalog:book_delete", args=(dune.pk,)))
    back = reverse("catalog:book_undelete", args=(dune.pk,))
    boss.post(back)
    response = boss.post(back)
    assertRedirects(response, dune.get_absolute_url(), fetch_redirect_response=False)
    assert "somebody has brought it back" in said(response)[-1][0]
    assert boss.post(reverse("catalog:book_undelete", args=(99,))).status_code == 404


def test_a_name_that_is_taken_leads_to_who_has_it(boss, make_publisher):
    publisher = make_publisher("Ace Books")
    boss.post(reverse("catalog:publisher_delete", args=(publisher.pk,)))
    again = make_publisher("Ace Books")
    response = boss.post(reverse("catalog:publisher_undelete", args=(publisher.pk,)))
    assertRedirects(response, again.get_absolute_url(), fetch_redirect_response=False)
    assert "another record has that name now" in said(response)[-1][0]


@pytest.mark.parametrize("kind", ["book", "author", "publisher"])
def test_the_old_address_says_who_deleted_it(
    client, client_of, reader, cataloguer, manager, boss, dune, kind
):
    record = {"book": dune, "author": dune.authors.get(), "publisher": dune.publisher}[kind]
    url = record.get_absolute_url()
    name, pk = str(record), record.pk
    dune.delete()
    if kind != "book":
        deleting.delete_record(record, manager)
    back = reverse(f"catalog:{kind}_undelete", args=(pk,))
    for person in (boss, client_of(cataloguer)):
        page = person.get(url)
        assert page.status_code == 404
        assertContains(page, name.replace("&", "&amp;"), status_code=404)
        assertContains(page, "was deleted", status_code=404)
    assertContains(boss.get(url), back, status_code=404)
    assertNotContains(client_of(cataloguer).get(url), back, status_code=404)
    if kind != "book":
        assertContains(boss.get(url), "By manager on", status_code=404)
    for person in (client, client_of(reader)):
        assertContains(person.get(url), "There is no such page", status_code=404)
    assert boss.get(url, headers={"accept": "application/json"}).status_code == 404


def test_the_old_address_of_the_form_says_so_too(client_of, cataloguer, dune):
    url = reverse("catalog:book_update", args=(dune.pk,))
    dune.delete()
    assertContains(client_of(cataloguer).get(url), "was deleted", status_code=404)


# --- Books left behind -----------------------------------------------------------------------


def test_the_page_says_which_books_a_publisher_has(boss, make_books):
    make_books(12, publisher="Ace Books")
    ace = Publisher.objects.get()
    response = boss.get(reverse("catalog:publisher_delete", args=(ace.pk,)))
    assertContains(response, "12 books name this publisher")
    assertContains(response, 'dir="auto" href="/books/', count=10)
    assertContains(response, "and 2 more")
    assertContains(response, f'href="/books/?publisher={ace.pk}"')
    assertContains(response, "Leave them without a publisher")


def test_books_go_to_another_publisher_and_undo_brings_them_back(boss, make_books, make_publisher):
    make_books(3, publisher="Ace Boks")
    wrong, ace = Publisher.objects.get(), make_publisher("Ace Books")
    url = reverse("catalog:publisher_delete", args=(wrong.pk,))
    data = {"what": "move", "replacement": "Ace Books", "replacement_id": str(ace.pk), "books": "3"}
    response = boss.post(url, data)
    assert said(response)[-1][0] == "“Ace Boks” was deleted, and its 3 books were changed."
    assert Book.objects.filter(publisher=ace).count() == 3
    response = boss.post(reverse("catalog:publisher_undelete", args=(wrong.pk,)))
    assert said(response)[-1][0] == "“Ace Boks” is back. 3 books are its own again."
    assert Book.objects.filter(publisher=wrong).count() == 3


def test_credits_go_to_another_author(boss, make_books, make_author):
    make_books(2, authors=["Rowling, J.K."])
    wrong, right = Author.objects.get(), make_author("J. K. Rowling")
    url = reverse("catalog:author_delete", args=(wrong.pk,))
    page = boss.get(url)
    assertContains(page, "2 books credit this author")
    assertNotContains(page, 'value="leave"')
    boss.post(url, {"what": "move", "replacement": "J. K. Rowling", "books": "2"})
    assert set(Book.objects.values_list("authors", flat=True)) == {right.pk}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Choose what is to become of the books."),
        ({"what": "move"}, "Choose who gets the books."),
        ({"what": "move", "replacement": "Ace Books"}, "choose another."),
        ({"what": "move", "replacement": "Zzyzx"}, "Zzyzx"),
        ({"what": "leave", "books": "1"}, "Meanwhile a book was added"),
    ],
)
def test_what_is_missing_is_said(boss, make_books, data, sentence):
    make_books(2, publisher="Ace Books")
    url = reverse("catalog:publisher_delete", args=(Publisher.objects.get().pk,))
    response = boss.post(url, {"books": "2", **data})
    assertContains(response, sentence, status_code=422)
    assert Book.objects.filter(publisher__name="Ace Books").count() == 2
    if "Meanwhile" in sentence:
        assertContains(response, 'name="books" value="2"', status_code=422)


def test_a_book_that_came_to_a_publisher_without_any(boss, make_publisher, make_books, monkeypatch):
    ace = make_publisher("Ace Books")
    url = reverse("catalog:publisher_delete", args=(ace.pk,))
    usual = deleting.delete_record

    def too_late(*args, **kwargs):
        make_books(1, publisher=ace)
        return usual(*args, **kwargs)

    monkeypatch.setattr(deleting, "delete_record", too_late)
    response = boss.post(url)
    assertContains(response, "Meanwhile a book was added", status_code=422)
    assertContains(response, "1 book names this publisher", status_code=422)
    assert Publisher.objects.get() == ace


def test_somebody_signed_out_finds_what_they_had_chosen(client, manager, make_books, make_author):
    make_books(2, authors=["Rowling, J.K."])
    wrong, right = Author.objects.get(), make_author("J. K. Rowling")
    url = reverse("catalog:author_delete", args=(wrong.pk,)) + "?list=q%3Drow"
    data = {"what": "move", "replacement": right.name, "replacement_id": right.pk, "books": "2"}
    response = client.post(url, data)
    assert response.status_code == 403
    assert sign_in(client, manager, typed=carried(response)).headers["Location"] == url
    page = client.get(url)
    assertContains(page, "Nothing is deleted yet")
    assertContains(page, f'value="{right.name}"')
    assertContains(page, f'name="replacement_id" value="{right.pk}"')
    assert Author.objects.filter(pk=wrong.pk).exists()
    assertNotContains(client.get(url), right.name)  # once


@pytest.fixture
def few(monkeypatch):
    """More than two books are too many to be moved while somebody waits."""
    monkeypatch.setattr(deleting, "AT_ONCE", 2)


def confirm(boss, response):
    """The preview of a bulk change, and its button."""
    job = BulkEdit.objects.get()
    address = reverse("catalog:bulk_edit_preview", args=(job.pk,))
    assertRedirects(response, address, fetch_redirect_response=False)
    page = boss.get(address)
    boss.post(address, {"shown": "12"})
    job.refresh_from_db()
    return page, job


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [("author", "12 books credit this author:"), ("publisher", "12 books name this publisher:")],
)
def test_the_page_says_how_many_are_too_many_and_what_can_be_done(
    boss, few, make_books, kind, sentence
):
    make_books(12, authors=["Rowling, J.K."], publisher="Ace Boks")
    record = {"author": Author, "publisher": Publisher}[kind].objects.get()
    page = boss.get(reverse(f"catalog:{kind}_delete", args=(record.pk,)))
    assertContains(page, sentence)
    assertContains(page, "and 2 more: see all of them as a list")
    assertContains(page, "more than can be moved while you wait (at most 2)")
    assertContains(page, f"Delete the {kind} when that is done.")
    assertContains(page, 'type="submit">Move the books first…')
    assertNotContains(page, 'type="submit">Delete')


def test_an_author_of_very_many_books_is_deleted_after_they_are_moved(
    boss, few, make_books, make_author
):
    books = make_books(12, authors=["Rowling, J.K."])
    wrong, right = Author.objects.get(), make_author("J. K. Rowling")
    Contribution.objects.create(book=books[0], author=right)  # has both already
    url = reverse("catalog:author_delete", args=(wrong.pk,))
    data = {"what": "move", "replacement": "J. K. Rowling", "replacement_id": right.pk}
    page, job = confirm(boss, boss.post(url, data | {"books": "3"}))
    assertContains(page, "Change 12 books?")
    assertContains(page, "“J. K. Rowling” in place of “Rowling, J.K.”")
    assertContains(page, '<del dir="auto">Rowling, J.K.</del>')
    assertContains(page, '<ins dir="auto">J. K. Rowling</ins>')
    assert (job.state, job.changed) == (BulkEdit.State.DONE, 12)
    assert Contribution.objects.filter(author=right).count() == 12
    assertContains(boss.get(job.get_absolute_url()), "“J. K. Rowling” in place of")
    assertContains(boss.get(f"/books/?author={right.pk}"), 'name="id"', count=12)
    boss.post(url)
    assert not Author.objects.filter(pk=wrong.pk).exists()
    # Both are undone, one after the other.
    boss.post(reverse("catalog:author_undelete", args=(wrong.pk,)))
    boss.post(reverse("catalog:bulk_edit_undo", args=(job.pk,)))
    assert Contribution.objects.filter(author=wrong).count() == 12
    assert [credit.book for credit in Contribution.objects.filter(author=right)] == [books[0]]


@pytest.mark.parametrize(("what", "left"), [("move", 0), ("leave", 12)])
def test_a_publisher_of_very_many_books_too(boss, few, make_books, make_publisher, what, left):
    make_books(12, publisher="Ace Boks")
    wrong, ace = Publisher.objects.get(), make_publisher("Ace Books")
    url = reverse("catalog:publisher_delete", args=(wrong.pk,))
    data = {"what": what, "replacement": "Ace Books", "replacement_id": ace.pk, "books": "3"}
    _page, job = confirm(boss, boss.post(url, data))
    assert job.changed == 12
    assert Book.objects.filter(publisher=None).count() == left
    assert Book.objects.filter(publisher=ace).count() == 12 - left
    boss.post(url)
    assert not Publisher.objects.filter(pk=wrong.pk).exists()


def test_whoever_was_to_get_very_many_books_is_gone(boss, few, make_books, make_author):
    make_books(3, authors=["Rowling, J.K."])
    wrong, right = Author.objects.get(), make_author("J. K. Rowling")
    url = reverse("catalog:author_delete", args=(wrong.pk,))
    data = {"what": "move", "replacement": "J. K. Rowling", "replacement_id": right.pk}
    response = boss.post(url, data | {"books": "3"})
    right.delete()
    _page, job = confirm(boss, response)
    assert (job.state, job.changed) == (BulkEdit.State.FAILED, 0)
    assert job.error == "The author “J. K. Rowling” has been deleted meanwhile."
    assert Contribution.objects.filter(author=wrong).count() == 3


def test_something_else_may_be_changed_with_the_move(boss, few, make_books, make_author):
    make_books(3, authors=["Rowling, J.K."])
    right = make_author("J. K. Rowling")
    url = reverse("catalog:author_delete", args=(Author.objects.exclude(pk=right.pk).get().pk,))
    boss.post(url, {"what": "move", "replacement": "J. K. Rowling", "books": "3"})
    job = BulkEdit.objects.get()
    boss.post(reverse("catalog:bulk_edit_update", args=(job.pk,)), {"year": "2001"})
    boss.post(reverse("catalog:bulk_edit_preview", args=(job.pk,)), {"shown": "3"})
    assert Book.objects.filter(contributions__author=right, year=2001).count() == 3
