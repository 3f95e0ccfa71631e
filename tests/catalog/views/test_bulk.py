"""Selecting books in the list, and changing or deleting them together."""

import re
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from catalog.models import Book, BulkEdit, Publisher
from catalog.services import bulk_change, bulk_edit, jobs
from tests.accounts.test_resuming import carried, sign_in

pytestmark = pytest.mark.django_db
CREATE = "/bulk/new/"
State = BulkEdit.State


@pytest.fixture
def books(make_books):
    return make_books(5, language="fre", year=1990)


@pytest.fixture
def desk(client_of, cataloguer):
    return client_of(cataloguer)


@pytest.fixture
def office(client_of, manager):
    return client_of(manager)


def page(job, name="detail"):
    return reverse(f"catalog:bulk_edit_{name}", args=(job.pk,))


def select(client, books=(), **more):
    response = client.post(CREATE, {"id": [b.pk for b in books], "list": "", **more})
    assert response.status_code == 302, response.content
    return BulkEdit.objects.first()


def change(client, job, **values):
    return client.post(page(job, "update"), values)


def confirm(client, job, shown):
    return client.post(page(job, "preview"), {"shown": shown})


# --- The list -------------------------------------------------------------------------------


def test_readers_see_the_table_as_it_was(client, client_of, reader, books):
    for response in (client.get("/books/"), client_of(reader).get("/books/")):
        for trace in ('checkbox" name="id', "cell-edit", "lists.js", "Price", "row-edit"):
            assertNotContains(response, trace)


def test_cataloguers_get_boxes_links_and_a_price(desk, office, books):
    response = desk.get("/books/?language=fre&page=1")
    assertContains(response, 'name="id"', count=5)
    assertContains(response, 'class="cell-edit"', count=25)
    assertContains(response, f'href="/books/{books[0].pk}/edit/?list=%3Flanguage%3Dfre%26page%3D1"')
    assertContains(response, "All 5 books of the list")
    assertNotContains(response, 'value="delete"')
    assertContains(office.get("/books/"), 'value="delete"')
    assertNotContains(desk.get("/books/?view=grid"), 'name="id"')


def test_the_list_costs_cataloguers_no_query_more(client_of, reader, desk, books):
    spent = []
    for person in (client_of(reader), desk):
        person.get("/books/")
        with CaptureQueriesContext(connection) as captured:
            person.get("/books/")
        spent.append(len(captured))
    assert spent[0] == spent[1]


@pytest.mark.parametrize("kind", ["author", "publisher"])
def test_lists_of_names_lead_to_forms(client_of, reader, desk, office, books, kind):
    address = reverse(f"catalog:{kind}_list")
    plain = client_of(reader).get(address)
    assertNotContains(plain, "/edit/")
    assertNotContains(plain, f"Add {'an' if kind == 'author' else 'a'} {kind}")
    response = desk.get(address)
    assertContains(response, "/edit/?list=%3F")
    assertContains(response, f"Add {'an' if kind == 'author' else 'a'} {kind}")
    assertNotContains(response, "/delete/")
    assertContains(office.get(address), "/delete/?list=%3F")


# --- Selecting ------------------------------------------------------------------------------


def test_what_is_ticked_becomes_a_draft(desk, books, cataloguer):
    job = select(desk, books[:2], more=f"{books[2].pk},{books[3].pk}", list="language=fre&page=2")
    assert (job.state, job.action, job.created_by) == (State.MAPPING, "change", cataloguer)
    assert bulk_edit.existing(job).tolist() == [b.pk for b in books[:4]]
    response = desk.get(page(job, "update"))
    assertContains(response, "Change 4 books")
    assertContains(response, 'href="/books/?language=fre&amp;page=2"')
    assert Book.objects.filter(version__gt=2).count() == 0


def test_all_of_the_list_are_those_that_fit_its_filter(desk, books, make_books):
    make_books(2, title="English", language="eng")
    job = select(desk, all="1", list="language=fre&sort=-year")
    assertContains(desk.get(page(job, "update")), "Change 5 books")
    assertContains(desk.get(page(job, "update")), "French")
    job = select(desk, all="1", list="")
    assertContains(desk.get(page(job, "update")), "All books of the catalogue")


def test_nothing_ticked_is_said_in_the_list(desk, books):
    response = desk.post(CREATE, {"list": "language=fre&page=2"})
    assertRedirects(response, "/books/?language=fre&page=2", fetch_redirect_response=False)
    assertContains(desk.get("/books/"), "Nothing is selected")
    assert not BulkEdit.objects.exists()


def test_one_box_stands_for_all_of_the_page(desk, books, make_books):
    make_books(30, title="Other", language="eng")
    response = desk.get("/books/?language=fre")
    assertContains(response, "All 5 books of this page")
    ticked = re.search(r'name="page" value="([^"]+)"', response.content.decode())[1]
    job = select(desk, books[:1], page=ticked, list="language=fre")
    assert bulk_edit.existing(job).tolist() == [b.pk for b in books]
    assertContains(desk.get("/books/?language=eng"), "All 25 books of this page")
    assertContains(desk.get("/books/?language=eng&page=2"), "All 5 books of this page")


@pytest.mark.parametrize(
    "ticked",
    [["abc", "-1", "0", "9" * 30, "٣", "1; DROP TABLE", ""], ["99999999999"]],
)
def test_numbers_of_no_books_select_nothing(desk, books, ticked):
    response = desk.post(CREATE, {"id": ticked, "list": ""})
    job = BulkEdit.objects.first()
    if job is None:
        assert response.status_code == 302
        return
    assertContains(desk.get(page(job, "update")), "Change 0 books")
    change(desk, job, language="eng")
    response = confirm(desk, job, 0)
    assertContains(response, "None of these books", status_code=409)


def test_very_many_ticks_are_refused_with_a_sentence(desk, books):
    more = ",".join(map(str, range(1, 150_000)))
    desk.post(CREATE, {"more": more, "list": ""})
    assertContains(desk.get("/books/"), "More than")
    assert not BulkEdit.objects.exists()
    assert desk.post(CREATE, {"id": list(range(5_000)), "list": ""}).status_code in (302, 400)


def test_a_filter_that_is_nonsense_is_none(desk, books):
    job = select(
        desk, all="1", list="?language=klingon&publisher=x&sort=DROP&page=-1&evil=<script>"
    )
    response = desk.get(page(job, "update"))
    assertContains(response, "Change 5 books")
    assertNotContains(response, "<script>alert")


def test_the_address_of_selecting_leads_to_the_list(desk, books):
    assertRedirects(desk.get(CREATE), "/books/", fetch_redirect_response=False)
    assert not BulkEdit.objects.exists()


@pytest.mark.parametrize("action", ["change", "delete"])
def test_somebody_signed_out_goes_on_with_what_was_ticked(client, manager, books, action):
    data = {"id": [books[0].pk, books[1].pk], "more": str(books[2].pk), "action": action}
    response = client.post(CREATE, data | {"list": "language=fre&page=2"})
    assert response.status_code == 403
    assert not BulkEdit.objects.exists()
    assert sign_in(client, manager, typed=carried(response)).headers["Location"] == CREATE
    response = client.get(CREATE)
    job = BulkEdit.objects.get()
    next_page = page(job, "preview" if action == "delete" else "update")
    assertRedirects(response, next_page, fetch_redirect_response=False)
    assert bulk_edit.existing(job).tolist() == [b.pk for b in books[:3]]
    assert (job.state, job.created_by, job.selection["list"]) == (
        State.MAPPING, manager, "language=fre&page=2",
    )  # fmt: skip
    assert Book.objects.filter(version__gt=2).count() == 0
    assertRedirects(client.get(CREATE), "/books/", fetch_redirect_response=False)  # once
    assert BulkEdit.objects.count() == 1


def test_a_button_of_somebody_signed_out_leads_back_to_where_it_was(client, desk, books):
    job = select(desk, books)
    for name in ("undo", "cancel"):
        response = client.post(page(job, name), headers={"referer": "http://testserver/books/?q=x"})
        assertRedirects(
            response, "/accounts/login/?next=/books/%3Fq%3Dx", fetch_redirect_response=False
        )
    job.refresh_from_db()
    assert job.state == State.MAPPING


def test_signing_in_as_somebody_with_fewer_rights_selects_nothing(
    client, reader, cataloguer, books
):
    response = client.post(CREATE, {"id": [books[0].pk], "action": "delete"})
    sign_in(client, cataloguer, typed=carried(response))
    assert client.get(CREATE).status_code == 403
    client.logout()
    response = client.post(CREATE, {"id": [books[0].pk]})
    sign_in(client, reader, typed=carried(response))
    assert client.get(CREATE).status_code == 403
    assert not BulkEdit.objects.exists()


# --- What is to be changed, and the look at it ----------------------------------------------


def test_somebody_signed_out_finds_the_bulk_form_as_it_was_filled(client, desk, cataloguer, books):
    job = select(desk, books)
    data = {"year": "2001", "add_subjects": "Trees", "empty": "language"}
    response = change(client, job, **data)
    sign_in(client, cataloguer, typed=carried(response))
    response = client.get(page(job, "update"))
    assertContains(response, 'value="2001"')
    assertContains(response, 'value="Trees"')
    assertContains(response, 'value="language" checked')
    assertContains(response, "Nothing of it is saved yet")
    job.refresh_from_db()
    assert job.changes == {}
    assertNotContains(client.get(page(job, "update")), "2001")  # once


def test_from_the_list_to_the_list_again(desk, books):
    job = select(desk, books[:3], list="language=fre")
    response = change(desk, job, language="eng", year="2001", add_subjects="Trees")
    assertRedirects(response, page(job, "preview"), fetch_redirect_response=False)
    response = desk.get(page(job, "preview"))
    assertContains(response, "Change 3 books?")
    assertContains(response, '<del dir="auto">French</del>')
    assertContains(response, '<ins dir="auto">English</ins>')
    assertContains(response, "<b>3</b> are changed")
    assert Book.objects.filter(language="fre").count() == 5
    response = confirm(desk, job, 3)
    assertRedirects(response, "/books/?language=fre", fetch_redirect_response=False)
    assert Book.objects.filter(language="eng", year=2001).count() == 3
    response = desk.get("/books/?language=fre")
    assertContains(response, "3 books changed.")
    assertContains(response, f'action="{page(job, "undo")}"')
    assertContains(response, 'name="id"', count=2)


def test_the_message_undoes_it(desk, books):
    job = select(desk, books[:3], list="language=fre")
    change(desk, job, language="eng")
    confirm(desk, job, 3)
    response = desk.post(page(job, "undo"))
    assertRedirects(response, "/books/?language=fre", fetch_redirect_response=False)
    assert Book.objects.filter(language="fre").count() == 5
    assertContains(desk.get("/books/"), "3 books put back.")
    response = desk.get(page(job))
    assertContains(response, "Put back</a> by cataloguer")
    assertNotContains(response, "Put all of it back")


def test_a_change_that_somebody_who_is_gone_has_put_back(desk, office, books):
    job = select(desk, books[:3])
    change(desk, job, language="eng")
    confirm(desk, job, 3)
    desk.post(page(job, "undo"))
    BulkEdit.objects.update(created_by=None)
    assertContains(office.get(page(job)), "Put back</a> on ")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "Say what is to be changed"),
        ({"year": "soon"}, "soon"),
        ({"year": "4000"}, "is not a year"),
        ({"language": "eng", "empty": "language"}, "not both"),
        ({"empty": "price", "currency": "EUR"}, "Without a price"),
        ({"language": "klingon"}, "klingon"),
        ({"empty": "title"}, "title"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(desk, books, values, said):
    job = select(desk, books)
    response = change(desk, job, **values)
    assertContains(response, said, status_code=422)
    job.refresh_from_db()
    assert job.changes == {}
    # There is nothing to look at before something is to be changed.
    assertRedirects(
        desk.get(page(job, "preview")), page(job, "update"), fetch_redirect_response=False
    )


def test_the_form_can_be_gone_back_to(desk, books):
    job = select(desk, books)
    house = Publisher.objects.create(name="Chilton")
    change(desk, job, publisher="Chilton", publisher_id=house.pk, price="3.50", currency="EUR",
           empty=["language"], remove_subjects="Trees; Rivers")  # fmt: skip
    response = desk.get(page(job, "update"))
    assertContains(response, 'value="Chilton"')
    assertContains(response, 'value="3.50"')
    assertContains(response, 'value="Trees; Rivers"')
    assertContains(response, 'name="empty" value="language" checked')
    assertNotContains(response, 'value="publisher" checked')


def test_a_new_publisher_is_asked_about_and_made_when_it_is_done(desk, books):
    job = select(desk, books)
    assert change(desk, job, publisher="Zzyzx Press").status_code == 302
    assertContains(desk.get(page(job, "preview")), "Zzyzx Press")
    assert not Publisher.objects.filter(name="Zzyzx Press").exists()
    confirm(desk, job, 5)
    assert Book.objects.filter(publisher__name="Zzyzx Press").count() == 5


def test_more_than_were_shown_are_shown_again(desk, books, make_books):
    job = select(desk, all="1", list="language=fre")
    change(desk, job, language="eng")
    make_books(2, title="Late", language="fre")
    response = confirm(desk, job, 5)
    assertContains(response, "More books fit by now", status_code=409)
    assertContains(response, 'name="shown" value="7"', status_code=409)
    assert Book.objects.filter(language="eng").count() == 0
    confirm(desk, job, 7)
    assert Book.objects.filter(language="eng").count() == 7


@pytest.mark.parametrize("shown", ["", "x", "-5", "²"])
def test_a_confirmation_without_the_number_changes_nothing(desk, books, shown):
    job = select(desk, books)
    change(desk, job, language="eng")
    assert confirm(desk, job, shown).status_code == 409
    assert Book.objects.filter(language="eng").count() == 0


def test_two_clicks_make_one_change(desk, books):
    job = select(desk, books)
    change(desk, job, language="eng")
    confirm(desk, job, 5)
    response = confirm(desk, job, 5)
    assertRedirects(response, page(job), fetch_redirect_response=False)
    assert BulkEdit.objects.count() == 1
    assert Book.history.filter(bulk_edit=job).count() == 5


def test_a_draft_can_be_thrown_away(desk, books):
    job = select(desk, books, list="language=fre")
    response = desk.post(page(job, "cancel"))
    assertRedirects(response, "/books/?language=fre", fetch_redirect_response=False)
    job.refresh_from_db()
    assert job.state == State.CANCELLED


# --- Deleting -------------------------------------------------------------------------------


def test_managers_delete_together_and_undo_it(office, books):
    job = select(office, books[:3], action="delete")
    response = office.get(page(job, "preview"))
    assertContains(response, "Delete 3 books?")
    assertContains(response, books[0].title)
    assert Book.objects.count() == 5
    confirm(office, job, 3)
    assert Book.objects.count() == 2
    assertContains(office.get("/books/"), "3 books deleted.")
    office.post(page(job, "undo"))
    assert Book.objects.count() == 5


def test_cataloguers_delete_nothing(desk, office, books, manager):
    assert desk.post(CREATE, {"id": [books[0].pk], "action": "delete"}).status_code == 403
    job = select(office, books, action="delete")
    for name in ("update", "preview"):
        assert desk.get(page(job, name)).status_code == 403
    assert confirm(desk, job, 5).status_code == 403
    confirm(office, job, 5)
    assert desk.post(page(job, "undo")).status_code == 403
    assert Book.objects.count() == 0


# --- Whose it is ----------------------------------------------------------------------------


def test_readers_and_strangers_do_nothing(client, client_of, reader, desk, books):
    job = select(desk, books)
    for name in ("detail", "update", "preview"):
        assert client_of(reader).get(page(job, name)).status_code == 403
        assert client.get(page(job, name)).status_code == 302
    for name in ("undo", "cancel"):
        assert client_of(reader).post(page(job, name)).status_code == 403
        assert desk.get(page(job, name)).status_code == 405
    assert client_of(reader).post(CREATE, {"id": [1]}).status_code == 403
    assert client_of(reader).get("/bulk/").status_code == 403


def test_another_cataloguer_sees_it_and_changes_nothing_in_it(
    client_of, django_user_model, desk, office, books
):
    from accounts import roles

    other = django_user_model.objects.create_user("other")
    roles.assign(other, roles.Role.CATALOGUER)
    job = select(desk, books)
    change(desk, job, language="eng")
    assert client_of(other).get(page(job, "preview")).status_code == 403
    confirm(desk, job, 5)
    response = client_of(other).get(page(job))
    assertContains(response, "5 books changed")
    assertNotContains(response, "Put all of it back")
    assert client_of(other).post(page(job, "undo")).status_code == 403
    assert office.post(page(job, "undo")).status_code == 302
    assert Book.objects.filter(language="fre").count() == 5


# --- In the background ----------------------------------------------------------------------


@pytest.fixture
def queued(desk, books, monkeypatch):
    monkeypatch.setattr(bulk_edit, "AT_ONCE", 2)
    job = select(desk, books)
    change(desk, job, language="eng")
    with mock.patch.object(jobs, "enqueue"):
        response = confirm(desk, job, 5)
    assertRedirects(response, page(job), fetch_redirect_response=False)
    job.refresh_from_db()
    return job


def test_many_are_changed_in_the_background_and_watched(desk, queued):
    response = desk.get(page(queued))
    assertContains(response, f'ws-connect="/ws/bulk/{queued.pk}/"')
    assertContains(response, "It is next.")
    assertContains(response, "Stop after this chunk")
    bulk_edit.run(BulkEdit.objects.claim(queued.pk))
    response = desk.get(page(queued))
    assertContains(response, "5 books changed")
    assertContains(response, "Put all of it back")
    assertNotContains(response, "ws-connect")


def test_one_that_waits_can_be_stopped(desk, queued):
    desk.post(page(queued, "cancel"))
    assertContains(desk.get(page(queued)), "Stopped after 0 of 5 books")
    assert BulkEdit.objects.claim(queued.pk) is None


def test_one_book_is_one_book(desk, queued):
    BulkEdit.objects.update(state=BulkEdit.State.CANCELLED, done=1, total=1)
    response = desk.get(page(queued))
    assertContains(response, "Stopped after 1 of 1 book<")
    assertContains(response, 'data-announce="Stopped after 1 book."')


def test_the_list_of_bulk_changes(desk, office, queued, django_assert_max_num_queries):
    select(office, Book.objects.all()[:1])  # not confirmed: nobody's business
    assertContains(office.get("/bulk/"), '<th scope="row">', count=1)
    assertNotContains(office.get("/bulk/?mine"), page(queued))
    assertContains(desk.get("/bulk/?mine"), page(queued))
    with django_assert_max_num_queries(7):
        desk.get("/bulk/")


def test_programs_are_told_as_well(desk, queued):
    told = desk.get(page(queued), headers={"accept": "application/json"}).json()
    assert (told["state"], told["total"], told["done"]) == ("queued", 5, 0)


def test_what_was_left_alone_is_named_on_its_page(desk, books):
    job = select(desk, books)
    change(desk, job, currency="EUR")
    confirm(desk, job, 5)
    response = desk.get(page(job))
    assertContains(response, "5 books have no price that a currency could belong to.", count=1)
    assertContains(response, books[0].title)


def test_a_field_that_was_left_alone_is_counted_by_itself(desk, books, monkeypatch):
    monkeypatch.setattr(bulk_change, "NAMED", 3)
    job = select(desk, books)
    assertContains(desk.get(page(job, "update")), "Without a currency it is set only in books")
    change(desk, job, price="5", add_subjects="Classics")
    said = "<dt>Price</dt><dd>0 changed · 5 left alone: no currency</dd>"
    response = desk.get(page(job, "preview"))
    assertContains(response, said)
    assertContains(response, "<dt>Subjects added</dt><dd>5 changed</dd>")
    assert response.text.index(said) < response.text.index("<table")
    confirm(desk, job, 5)
    assertContains(desk.get("/books/"), "5 books changed. Price: 0 changed · 5 left alone")
    response = desk.get(page(job))
    assertContains(response, said)
    assertContains(response, "5 books have no currency, and a price needs one.", count=1)
    assertContains(response, "and 2 more")


def test_fields_that_fare_alike_are_not_counted_one_by_one(desk, books):
    job = select(desk, books)
    change(desk, job, language="eng", year="2001")
    assertNotContains(desk.get(page(job, "preview")), "bulk-by-field")


def test_books_moved_by_a_deletion_are_put_back_with_that_record(desk, cataloguer):
    job = BulkEdit.objects.create(
        created_by=cataloguer, state=State.DONE, total=3, done=3, changed=3,
        selection={"filter": "publisher=3", "deleted": "Old House"}, changes={"publisher": 7},
    )  # fmt: skip
    response = desk.get(page(job))
    assertContains(response, "“Old House” was deleted")
    assertNotContains(response, "Put all of it back")
    assert desk.post(page(job, "undo")).status_code == 302


@pytest.mark.parametrize("name", ["", "detail", "update"])
def test_pages_of_bulk_changes_belong_to_the_books(desk, books, queued, name):
    address = page(queued if name == "detail" else select(desk, books), name) if name else "/bulk/"
    response = desk.get(address)
    assertContains(response, '<a href="/books/" aria-current="true">Books</a>')
