"""The history of a record, putting one change back, and the latest changes of all."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from catalog.models import (
    Author,
    Book,
    BulkEdit,
    Contribution,
    ImportJob,
    ImportRow,
    Publisher,
    Subject,
)
from catalog.models.history import Source, origin
from catalog.models.indexed import deferred

pytestmark = pytest.mark.django_db


@pytest.fixture
def dune(make_books):
    make_books(1, title="Dune", publisher="Chilton", authors=["Frank Herbert"])
    Book.history.all().delete()  # as an import leaves it
    QuerySet(Book).update(version=1)
    return Book.objects.get()


@pytest.fixture
def imported(dune, manager):
    job = ImportJob.objects.create(filename="shelf.xlsx", created_by=manager, state="done")
    ImportRow.objects.create(job=job, number=7, raw="[]", outcome="created", book=dune)
    return dune


def change(record, user, **fields):
    with origin(Source.FORM, user=user):
        for name, value in fields.items():
            setattr(record, name, value)
        record.save()
    return type(record).history.order_by("history_id").last()


def history_of(record):
    return reverse(f"catalog:{record._meta.model_name}_history", args=(record.pk,))


def put_back_url(snapshot, kind="book"):
    return reverse("catalog:change_revert", args=(kind, snapshot.history_id))


def text_of(response):
    return " ".join(response.content.decode().split())


# --- The page of one record ------------------------------------------------------------------


def test_the_anonymous_are_sent_to_sign_in(client, manager, dune):
    assertRedirects(client.get(history_of(dune)), f"/accounts/login/?next={history_of(dune)}")


def test_a_record_that_is_not_there(client_of, reader):
    assert client_of(reader).get("/books/404/history/").status_code == 404


def test_a_record_that_was_never_changed_was_created(client_of, reader, cataloguer, dune):
    Book.objects.update(created_by=cataloguer)
    Book.history.all().delete()
    page = text_of(client_of(reader).get(history_of(dune)))
    assert page.count('class="sheet change') == 1
    assert "Created" in page
    assert "cataloguer" in page


def test_an_imported_record_says_from_which_row(client_of, reader, manager, imported):
    page = text_of(client_of(reader).get(history_of(imported)))
    assert "Imported" in page
    assert "row 7 of <bdi>shelf.xlsx</bdi>" in page
    assert "/imports/" not in page
    page = text_of(client_of(manager).get(history_of(imported)))
    assert f'href="/imports/{ImportJob.objects.get().pk}/"' in page


def test_the_import_is_still_the_first_entry_after_a_change(client_of, reader, imported):
    change(imported, reader, year=1965)
    page = text_of(client_of(reader).get(history_of(imported)))
    assert page.count('class="sheet change') == 2
    assert page.index("Changed") < page.index("Imported")
    assert "row 7 of" in page
    assert "not kept any more" not in page


def test_what_was_cleaned_away_is_said(client_of, reader, dune):
    change(dune, reader, year=1965)
    call_command("clean_old_history", "--auto", days=-1, verbosity=0)
    client = client_of(reader)
    assertContains(client.get(history_of(dune)), "Older changes are not kept any more.")
    change(Book.objects.get(), reader, year=1966)
    page = client.get(history_of(dune))
    assertContains(page, "Older changes are not kept any more.")
    assertContains(page, "1965")
    assert page.context["entries"][0].may_be_put_back is False  # a reader
    assert len(page.context["entries"]) == 2


def test_values_are_shown_as_people_read_them(client_of, reader, dune, make_publisher):
    change(
        dune, reader,
        year=-44, language="fre", pages=1290, price="9.5", currency="EUR",
        isbn="9780743261647", publisher=make_publisher("Ace"),
    )  # fmt: skip
    page = text_of(client_of(reader).get(history_of(dune)))
    for text in ("44 BCE", "French", "1,290", "€9.50", "978-0-7432-6164-7", "Chilton", "Ace"):
        assert text in page
    for label in ("Publication year", "Language", "Pages", "Price", "ISBN", "Publisher"):
        assert label in page
    assert "Currency" not in page


def test_a_publisher_that_is_gone_is_still_named(client_of, reader, dune, make_publisher):
    change(dune, reader, publisher=None)
    Publisher.objects.filter(name="Chilton").delete()
    assertContains(client_of(reader).get(history_of(dune)), "Chilton")


def test_credits_and_subjects_are_told_one_by_one(client_of, reader, dune, make_author):
    with deferred():
        Contribution.objects.update(role="edt", position=2)
        Contribution.objects.create(book=dune, author=make_author("Brian Herbert"), position=1)
        dune.subjects.create(name="Deserts", name_key="deserts")
    page = text_of(client_of(reader).get(history_of(dune)))
    assert "Brian Herbert, author" in page
    assert "Frank Herbert: author → editor" in page
    assert "Deserts" in page


def test_a_long_text_is_compared_word_by_word(client_of, reader, dune):
    Book.objects.update(description="The spice must flow. " * 40 + "He came.")
    change(Book.objects.get(), reader, description="The spice must flow. " * 40 + "She came.")
    page = text_of(client_of(reader).get(history_of(dune)))
    assert "[removed: </span>He" in page
    assert "[added: </span>She" in page
    assert page.count("The spice must flow.") < 50  # the rest is cut


def test_what_people_wrote_is_not_markup(client_of, reader, dune):
    change(dune, reader, title="<script>alert(1)</script>", description="<b>a</b>")
    assertNotContains(client_of(reader).get(history_of(dune)), "<script>alert")


def test_who_how_and_why(client_of, reader, manager, dune):
    with origin(Source.API, user=manager, reason="from the shop"):
        Book.objects.update(year=1965)
    page = text_of(client_of(reader).get(history_of(dune)))
    assert "<bdi>manager</bdi>" in page
    assert "through the API" in page
    assert "from the shop" in page


def test_pages_follow_one_another(client_of, reader, dune):
    for year in range(1, 46):
        change(dune, reader, year=year)
    client = client_of(reader)
    seen, url = 0, history_of(dune)
    while url:
        response = client.get(url)
        seen += len(response.context["entries"])
        following = response.context["following"]
        url = following and f"{history_of(dune)}?upto={following}"
    assert seen == 46  # with how it was before


def test_nonsense_in_the_address_is_the_newest_page(client_of, reader, dune):
    for text in ("x", "-1", "9" * 40, "٣"):
        assert client_of(reader).get(f"{history_of(dune)}?upto={text}").status_code == 200


@pytest.mark.parametrize("size", [1, 19])
def test_the_history_costs_the_same(
    client_of, cataloguer, imported, make_publisher, make_author, size, django_assert_num_queries
):
    for number in range(size):
        with deferred(), origin(Source.FORM, user=cataloguer):
            book = Book.objects.get()
            book.publisher = make_publisher(f"Ace {number}")
            book.save()
            Contribution.objects.create(book=book, author=make_author(f"H. {number}"))
    # 1. session  2. user  3. and 4. permissions  5. the book  6. its changes with their people
    # 7. rows of files  8. names of publishers
    client = client_of(cataloguer)
    with django_assert_num_queries(8):
        client.get(history_of(imported))


def test_the_history_of_a_deleted_record_is_for_managers(
    client_of, reader, cataloguer, manager, dune
):
    url = history_of(dune)
    dune.delete()
    for person in (reader, cataloguer):
        assert client_of(person).get(url).status_code == 404
    response = client_of(manager).get(url)
    assertContains(response, "This record is deleted.")
    assertContains(response, "Bring it back")
    client_of(manager).post(response.context["undelete_url"])
    page = text_of(client_of(reader).get(url))
    assert "Brought back" in page


def test_authors_and_publishers_have_one_too(client_of, reader, make_author, make_publisher):
    for record in (make_author("Frank Herbert"), make_publisher("Chilton")):
        change(record, reader, name="Another")
        page = text_of(client_of(reader).get(history_of(record)))
        assert "Changed" in page
        assert "Another" in page


# --- Putting one change back -----------------------------------------------------------------


def test_a_change_is_put_back_and_the_rest_stays(client_of, cataloguer, dune):
    snapshot = change(dune, cataloguer, year=1965, title="Dun")
    change(dune, cataloguer, language="eng")
    client = client_of(cataloguer)
    response = client.post(put_back_url(snapshot), follow=True)
    assertContains(response, "The change is put back.")
    book = Book.objects.get()
    assert (book.title, book.year, book.language) == ("Dune", None, "eng")
    last = Book.history.first()
    assert (last.source, last.history_user) == (Source.UNDO, cataloguer)
    assertContains(response, f"#change-{snapshot.history_id}")
    again = client.post(put_back_url(snapshot), follow=True)
    assertContains(again, "Nothing was left to do")


def test_what_was_changed_again_is_asked_about(client_of, cataloguer, manager, dune):
    snapshot = change(dune, cataloguer, year=1965, title="Dun")
    change(dune, manager, title="Dune Messiah")
    client = client_of(cataloguer)
    response = client.post(put_back_url(snapshot))
    assert response.status_code == 409
    page = text_of(response)
    assert "Dune Messiah" in page
    assert Book.objects.get().year == 1965  # nothing was written
    version = response.context["version"]
    client.post(put_back_url(snapshot), {"version": version, "names": ["year"]})
    book = Book.objects.get()
    assert (book.title, book.year) == ("Dune Messiah", None)


def test_what_was_changed_again_is_put_back_if_so_said(client_of, cataloguer, dune):
    snapshot = change(dune, cataloguer, title="Dun")
    change(dune, cataloguer, title="Dune Messiah")
    client = client_of(cataloguer)
    version = client.post(put_back_url(snapshot)).context["version"]
    nothing = client.post(put_back_url(snapshot), {"version": version}, follow=True)
    assertContains(nothing, "No field was chosen")
    change(Book.objects.get(), cataloguer, title="Children of Dune")  # in between
    asked = client.post(put_back_url(snapshot), {"version": version, "names": ["title"]})
    assert asked.status_code == 409
    assertContains(asked, "Children of Dune", status_code=409)
    version = asked.context["version"]
    client.post(put_back_url(snapshot), {"version": version, "names": ["title"]})
    assert Book.objects.get().title == "Dune"


def test_credits_are_put_back(client_of, cataloguer, dune, make_author):
    with origin(Source.FORM, user=cataloguer), deferred():
        Contribution.objects.all().delete()
        Contribution.objects.create(book=dune, author=make_author("Brian Herbert"))
    snapshot = Book.history.first()
    client_of(cataloguer).post(put_back_url(snapshot))
    assert str(Contribution.objects.get().author) == "Frank Herbert"


def test_a_rule_that_refuses_it_is_a_sentence(client_of, cataloguer, make_publisher):
    ace = make_publisher("Ace")
    snapshot = change(ace, cataloguer, name="Ace Books")
    make_publisher("ACE")
    response = client_of(cataloguer).post(put_back_url(snapshot, "publisher"), follow=True)
    assertContains(response, "There is a publisher of this name already")
    assert Publisher.objects.get(pk=ace.pk).name == "Ace Books"


def test_whoever_is_gone_is_named(client_of, cataloguer, dune):
    snapshot = change(dune, cataloguer, publisher=None)
    Publisher.objects.filter(name="Chilton").delete()
    response = client_of(cataloguer).post(put_back_url(snapshot), follow=True)
    assertContains(response, "“Chilton” is deleted: bring that back first.")


def test_several_who_are_gone_are_named_together(client_of, cataloguer, dune, make_author):
    dune.contributions.create(author=make_author("Brian Herbert"), role="edt")
    with origin(Source.FORM, user=cataloguer):
        dune.contributions.all().delete()
    Author.objects.all().delete()
    response = client_of(cataloguer).post(put_back_url(Book.history.first()), follow=True)
    assertContains(
        response, "“Frank Herbert”, “Brian Herbert” are deleted: bring those back first."
    )


def test_readers_may_not_and_do_not_see_the_button(client_of, reader, dune):
    snapshot = change(dune, reader, year=1965)
    assert client_of(reader).post(put_back_url(snapshot)).status_code == 403
    assertNotContains(client_of(reader).get(history_of(dune)), "put-back")


def test_put_back_is_a_post(client_of, cataloguer, dune):
    snapshot = change(dune, cataloguer, year=1965)
    client = client_of(cataloguer)
    assert client.get(put_back_url(snapshot)).status_code == 405
    assert client.post("/changes/car/1/put-back/").status_code == 404
    assert client.post("/changes/book/999999/put-back/").status_code == 404


def test_that_a_record_was_made_is_not_put_back(client_of, cataloguer, dune):
    change(dune, cataloguer, year=1965)
    first = Book.history.last()
    response = client_of(cataloguer).post(put_back_url(first), follow=True)
    assertContains(response, "undone by deleting it")


# --- The latest changes of all ---------------------------------------------------------------


def test_the_latest_changes_of_all_kinds(client_of, reader, cataloguer, dune, make_author):
    change(dune, cataloguer, year=1965)
    with origin(Source.FORM, user=cataloguer):
        make_author("Brian Herbert")
        Author.objects.filter(name="Brian Herbert").delete()
    client = client_of(reader)
    lines = client.get("/changes/").context["lines"]
    found = [(line.name, line.what, bool(line.url)) for line in lines]
    assert found[:3] == [
        ("Brian Herbert", "deleted", False),
        ("Brian Herbert", "created", False),
        ("Dune", "changed", True),
    ]
    assertContains(client.get("/"), 'href="/changes/"')


def test_changes_of_one_person(client_of, reader, cataloguer, manager, dune):
    change(dune, cataloguer, year=1965)
    change(dune, manager, year=1966)
    client = client_of(reader)
    lines = client.get("/changes/?by=CATALOGUER").context["lines"]
    assert [line.who for line in lines] == [cataloguer]
    response = client.get("/changes/?by=nobody")
    assertContains(response, "Nobody here has the user name “nobody”")


def test_an_import_and_a_bulk_change_are_one_line(client_of, manager, make_books):
    make_books(5)
    job = ImportJob.objects.create(
        filename="shelf.xlsx", created_by=manager, state="done", created=3, updated=5
    )
    edit = BulkEdit.objects.create(created_by=manager, state="done", changed=5)
    with origin(Source.IMPORT, user=manager, import_job_id=job.pk):
        Book.objects.update(year=1965)
    with origin(Source.LIST, user=manager, bulk_edit_id=edit.pk):
        Book.objects.update(language="eng")
    response = client_of(manager).get("/changes/?by=manager")
    found = [(line.what, line.number) for line in response.context["lines"]]
    assert found == [("bulk-change", 5), ("imported", 8)]
    assertContains(response, "8 books")


def test_pages_of_changes_show_each_once(client_of, reader, make_books, make_author):
    make_books(30)
    for number in range(30):
        make_author(f"Person {number}")
    moment = timezone.now() - timedelta(days=1)
    Book.history.update(history_date=moment)  # all at the same moment
    Author.history.update(history_date=moment)
    client = client_of(reader)
    seen, url = [], "/changes/"
    while url:
        response = client.get(url)
        seen += [(line.kind, line.name, line.what) for line in response.context["lines"]]
        following = response.context["following"]
        url = following and f"/changes/?before={following}"
    expected = Book.history.count() + Author.history.count() + Publisher.history.count()
    assert len(seen) == expected
    assert len({(kind, name) for kind, name, _what in seen}) == 62


@pytest.mark.parametrize("text", ["x", "1.2", "9" * 30 + ".1.1", "1.9.x", "-5.0.1"])
def test_nonsense_for_a_place_in_the_changes(client_of, reader, text):
    assert client_of(reader).get("/changes/", {"before": text}).status_code == 200


@pytest.mark.parametrize("size", [2, 45])
def test_the_changes_cost_the_same(
    client_of, cataloguer, make_books, size, django_assert_max_num_queries
):
    with origin(Source.FORM, user=cataloguer):
        make_books(size)
    # 1. session  2. user  3. and 4. permissions  5. names to choose from
    # 6. to 10. five kinds of changes  11. to 13. which records of each kind on it are still there
    client = client_of(cataloguer)
    with django_assert_max_num_queries(13):
        client.get("/changes/")


def test_htmx_gets_the_changes_alone(client_of, reader):
    client = client_of(reader, **{"hx-request": "true"})
    assertNotContains(client.get("/changes/"), "<html")


def test_the_changes_are_for_people_with_an_account(client):
    assert client.get("/changes/").status_code == 302


def test_what_came_stands_below_after_and_what_went_below_before(client_of, reader, make_books):
    (book,) = make_books(1)
    novel, classics = (Subject.objects.create(name=name) for name in ("Novel", "Classics"))
    for subjects in ([novel], [classics]):
        with deferred():
            book.subjects.set(subjects)
            book.save()
    response = client_of(reader).get(reverse("catalog:book_history", args=(book.pk,)))
    removed, added = (
        f'<ul><li class="is-{mark}"><span class="visually-hidden">{mark}: </span>'
        f"<bdi>{name}</bdi></li></ul>"
        for mark, name in (("removed", "Novel"), ("added", "Classics"))
    )
    assertContains(response, f"<td>{removed}</td><td>{added}</td>")
    assertContains(response, f"<td></td><td>{added.replace('Classics', 'Novel')}</td>")
