"""Notes on records."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from catalog.models import Book, Note
from catalog.services.notes import add_note
from catalog.templatetags.remarks import remark

pytestmark = pytest.mark.django_db


@pytest.fixture
def dune(make_books):
    return make_books(1, title="Dune")[0]


def notes_of(record):
    return reverse(f"catalog:{record._meta.model_name}_notes", args=(record.pk,))


def delete_url(note):
    return reverse("catalog:note_delete", args=(note.pk,))


# --- Adding ----------------------------------------------------------------------------------


def test_anyone_who_is_signed_in_may_add_one(client_of, reader, dune, make_author, make_publisher):
    client = client_of(reader)
    for record in (dune, make_author(), make_publisher()):
        response = client.post(notes_of(record), {"text": "Read it twice."}, follow=True)
        assertRedirects(response, f"{record.get_absolute_url()}#notes")
        assertContains(response, "Your note is added.")
        assertContains(response, "Read it twice.")
        assertContains(response, "<bdi>reader</bdi>")
        assert Note.objects.of(record).get().created_by == reader


def test_the_newest_note_comes_first(client_of, reader, dune):
    for text in ("first note", "second note"):
        add_note(dune, text, user=reader)
    page = client_of(reader).get(dune.get_absolute_url()).content.decode()
    assert page.index("second note") < page.index("first note")


def test_two_clicks_make_one_note(client_of, reader, dune):
    client = client_of(reader)
    for _click in range(2):
        client.post(notes_of(dune), {"text": "Once"})
    assert Note.objects.count() == 1
    Note.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    client.post(notes_of(dune), {"text": "Once"})  # meant, this time
    assert Note.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_make_one_note(reader, dune):
    def click():
        meet.wait(5)
        try:
            add_note(dune, "Once", user=reader)
        finally:
            connection.close()

    meet = threading.Barrier(2)
    threads = [threading.Thread(target=click) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Note.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("  \n ", "Write something first."),
        ("\u202e\u200f"[:1], "Write something first."),
        ("x" * 5001, "A note has at most 5000 characters; this one has 5001."),
    ],
)
def test_what_is_refused_gets_a_sentence_and_keeps_its_text(
    client_of, reader, dune, text, sentence
):
    response = client_of(reader).post(notes_of(dune), {"text": text})
    assert response.status_code == 422
    assertContains(response, sentence, status_code=422)
    assertContains(response, 'aria-invalid="true"', status_code=422)
    if len(text) > 10:
        assertContains(response, text, status_code=422)
    assert not Note.objects.exists()


def test_htmx_gets_the_section_and_hears_of_it(client_of, reader, dune):
    client = client_of(reader, **{"hx-request": "true"})
    response = client.post(notes_of(dune), {"text": "In place"})
    assertNotContains(response, "<html")
    assertContains(response, '<section class="remarks" id="notes"')
    assertContains(response, 'hx-swap-oob="innerHTML:#announce">Your note is added.')
    assertContains(client.post(notes_of(dune), {"text": ""}), "Write something", status_code=422)


def test_the_anonymous_neither_see_nor_add_any(client, manager, dune):
    add_note(dune, "Between us", user=manager)
    page = client.get(dune.get_absolute_url())
    assertNotContains(page, "Between us")
    assertNotContains(page, "Notes")
    assert client.get(notes_of(dune)).status_code == 302


def test_an_expired_session_keeps_the_text(client, reader, manager, dune):
    response = client.post(notes_of(dune), {"text": "Typed for long"})
    packed = response.context["typed_packed"]
    credentials = {"username": "reader", "password": "reader-has-a-secret"}
    url = reverse("accounts:login")
    response = client.post(url, {**credentials, "typed": packed}, follow=True)
    assertContains(response, "Typed for long")
    assert response.request["PATH_INFO"] == notes_of(dune)
    assert not Note.objects.exists()


def test_a_record_that_is_gone_takes_no_note(client_of, reader, dune):
    url = notes_of(dune)
    dune.delete()
    assert client_of(reader).post(url, {"text": "Too late"}).status_code == 404


# --- Reading ---------------------------------------------------------------------------------


def test_many_notes_come_page_by_page(client_of, reader, dune):
    Note.objects.bulk_create(
        Note(kind="book", record_id=dune.pk, text=f"Note {number:02}.", created_by=reader)
        for number in range(45)
    )
    client = client_of(reader)
    assertContains(client.get(dune.get_absolute_url()), "Note 25.")
    assertNotContains(client.get(dune.get_absolute_url()), "Note 24.")
    seen, url = [], notes_of(dune)
    while url:
        page = client.get(url).context["notes"]
        seen += [note.text for note in page.notes]
        url = page.following and f"{notes_of(dune)}?before={page.following}"
    assert seen == [f"Note {number:02}." for number in reversed(range(45))]
    following = Note.objects.order_by("-pk")[19].pk
    older = client.get(
        f"{notes_of(dune)}?before={following}",
        headers={"hx-request": "true", "hx-target": "older-notes"},
    )
    assertContains(older, '<li class="sheet remark"', count=20)
    assertContains(older, 'id="older-notes"')
    assertNotContains(older, "<textarea")


@pytest.mark.parametrize("size", [1, 30])
def test_a_page_with_notes_costs_the_same(client_of, reader, dune, size, django_assert_num_queries):
    for number in range(size):
        person = User.objects.create(username=f"person{number}")
        Note.objects.create(kind="book", record_id=dune.pk, text="x", created_by=person)
    client = client_of(reader)
    # 1. session  2. user  3. and 4. permissions, then as for the anonymous
    # 5. the book  6. credits  7. subjects  8. other books  9. attached files, and
    # 10. notes with their people
    with django_assert_num_queries(10):
        client.get(dune.get_absolute_url())


def test_links_are_made_and_nothing_else():
    html = remark("See https://example.org/a?b=1&c=2 and <b>www.example.com</b>.\nHere\n\nThere")
    assert '<a href="https://example.org/a?b=1&amp;c=2" rel="nofollow noopener' in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert html.count('<p dir="auto">') == 2
    assert "<br>Here" in html
    for text in ("javascript:alert(1)", "<script>alert(1)</script>", "\"onmouseover='x'"):
        html = remark(text)
        assert "<a " not in html
        assert "<script" not in html


def test_what_turns_the_direction_of_others_is_left_out(client_of, reader, dune):
    client_of(reader).post(notes_of(dune), {"text": "a\u202eb\u2066c\x07d שלום"})
    assert Note.objects.get().text == "abcd שלום"


# --- Deleting --------------------------------------------------------------------------------


def test_ones_own_note_is_deleted_after_a_question(client_of, reader, dune):
    note = add_note(dune, "Mine", user=reader)
    client = client_of(reader)
    assertContains(client.get(dune.get_absolute_url()), delete_url(note))
    assertContains(client.get(delete_url(note)), "Delete this note?")
    assert Note.objects.exists()
    response = client.post(delete_url(note), follow=True)
    assertContains(response, "The note is deleted.")
    assert not Note.objects.exists()


def test_htmx_is_asked_in_place(client_of, reader, dune):
    note = add_note(dune, "Mine", user=reader)
    client = client_of(reader, **{"hx-request": "true"})
    assertContains(client.get(delete_url(note)), "Keep it")
    assertNotContains(client.get(f"{delete_url(note)}?keep=1"), "Keep it")
    assertContains(client.post(delete_url(note)), "The note is deleted.")


def test_the_note_of_another_is_for_managers(client_of, reader, cataloguer, manager, dune):
    note = add_note(dune, "Mine", user=reader)
    client = client_of(cataloguer)
    assertNotContains(client.get(dune.get_absolute_url()), delete_url(note))
    assert client.get(delete_url(note)).status_code == 403
    assert client.post(delete_url(note)).status_code == 403
    client_of(manager).post(delete_url(note))
    assert not Note.objects.exists()


def test_notes_of_people_who_have_left_stay(client_of, manager, reader, dune):
    add_note(dune, "Farewell", user=reader)
    reader.delete()
    page = client_of(manager).get(dune.get_absolute_url())
    assertContains(page, "Farewell")
    assertContains(page, "somebody who has left")


def test_notes_come_back_with_their_record(client_of, manager, dune):
    add_note(dune, "Still here", user=manager)
    pk = dune.pk
    Book.objects.all().delete()
    client_of(manager).post(reverse("catalog:book_undelete", args=(pk,)))
    assertContains(client_of(manager).get(notes_of(Book.objects.get())), "Still here")


def test_a_publishers_page_is_not_from_yesterday(client_of, reader, make_publisher):
    """It answers “not modified”: a note that comes or goes is a modification."""
    publisher = make_publisher()
    client = client_of(reader)
    client.get(publisher.get_absolute_url())  # gets a cookie, on which the page depends
    tag = client.get(publisher.get_absolute_url()).headers["ETag"]

    def status():
        return client.get(publisher.get_absolute_url(), headers={"if-none-match": tag}).status_code

    assert status() == 304
    note = add_note(publisher, "New", user=reader)
    assert status() == 200
    note.delete()
    assert status() == 304
