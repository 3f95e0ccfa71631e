"""Every change has a snapshot, whoever made it, and a change costs one."""

import threading

import pytest
from django.core.management import call_command
from django.db import transaction
from django.http import HttpResponse
from django.test import RequestFactory
from simple_history.middleware import HistoryRequestMiddleware

from catalog.models import Author, Book, BulkEdit, Contribution, Publisher, Subject
from catalog.models.history import Source, current_origin, origin
from catalog.models.indexed import deferred
from catalog.services import editing

pytestmark = pytest.mark.django_db


def story(record):
    rows = type(record).history.filter(id=record.pk).order_by("history_id")
    return [(row.history_type, row.version, row.source) for row in rows]


def test_a_book_saved_with_its_credits_is_one_change(make_author):
    with deferred():
        book = Book.objects.create(title="Dune")
        Contribution.objects.create(book=book, author=make_author("Frank Herbert"))
        book.subjects.add(Subject.objects.create(name="Deserts"))
    assert story(book) == [("+", 1, Source.COMMAND)]
    details = Book.history.get().details
    assert details["credits"] == [[Author.objects.get().pk, "aut", ""]]
    assert details["subjects"] == ["Deserts"]


def test_every_way_to_write_is_noted(make_author):
    book = Book.objects.create(title="Dune")
    book.year = 1965
    book.save()
    Book.objects.filter(pk=book.pk).update(language="eng")
    Contribution.objects.bulk_create([Contribution(book=book, author=make_author("Herbert"))])
    Contribution.objects.update(role="edt")
    book.subjects.add(Subject.objects.create(name="Deserts"))
    book.subjects.clear()
    Contribution.objects.get().delete()
    Book.objects.all().delete()
    assert [kind for kind, _version, _source in story(book)] == ["+", *"~~~~~~~", "-"]
    versions = [version for _kind, version, _source in story(book)]
    assert versions == [1, 2, 3, 4, 5, 6, 7, 8, 8]


def test_saving_without_a_change_is_no_change():
    publisher = Publisher.objects.create(name="Ace")
    publisher.save()
    assert story(publisher) == [("+", 1, Source.COMMAND)]


def test_what_was_never_noted_gets_its_first_snapshot_before_its_first_change(cataloguer):
    book = Book.objects.create(title="Dune", created_by=cataloguer)
    Book.history.all().delete()  # as an import leaves it
    book.title = "Dune Messiah"
    book.save()
    first, second = Book.history.order_by("history_id")
    assert (first.title, first.history_user, first.history_date) == (
        "Dune", cataloguer, book.created_at,
    )  # fmt: skip
    assert (second.title, second.history_user) == ("Dune Messiah", None)


def test_the_origin_is_noted(manager):
    with origin(Source.LIST, user=manager, reason="tidying"):
        book = Book.objects.create(title="Dune")
    row = Book.history.get()
    assert (row.source, row.history_user, row.history_change_reason) == (
        Source.LIST, manager, "tidying",
    )  # fmt: skip
    assert story(book) == [("+", 1, Source.LIST)]


def test_who_sent_the_request_is_noted(client_of, cataloguer):
    client_of(cataloguer).post("/books/new/", {"title": "Dune"})
    row = Book.history.get()
    assert (row.history_user, row.source, row.title) == (cataloguer, Source.FORM, "Dune")


def test_a_deletion_keeps_all_that_is_needed_to_undo_it(make_books):
    (book,) = make_books(1, title="Dune", authors=["Frank Herbert", "Brian Herbert"])
    book.delete()
    last = Book.history.first()
    assert (last.history_type, last.title, len(last.details["credits"])) == ("-", "Dune", 2)


def test_what_is_rolled_back_leaves_no_trace():
    with transaction.atomic():
        Book.objects.create(title="Dune")
        assert Book.history.exists()
        transaction.set_rollback(True)
    assert not Book.history.exists()


def test_a_record_made_again_is_noted_even_if_it_is_as_it_was(make_publisher):
    publisher = make_publisher("Ace")
    then = Publisher.history.get()
    publisher.delete()
    Publisher.objects.create(pk=then.id, name="Ace")
    kinds = [(kind, version) for kind, version, _source in story(Publisher.objects.get())]
    assert kinds == [("+", 1), ("-", 1), ("+", 2)]


@pytest.mark.parametrize("size", [2, 30])
def test_credits_of_many_books_cost_the_same(make_books, size, django_assert_max_num_queries):
    make_books(size)
    with django_assert_max_num_queries(24):
        Contribution.objects.update(role="edt")
    assert set(Book.objects.values_list("version", flat=True)) == {3}


def test_what_is_one_of_many_is_marked(make_books, manager):
    make_books(1)
    assert Book.history.first().alone
    edit = BulkEdit.objects.create(created_by=manager)
    with origin(Source.LIST, user=manager, bulk_edit_id=edit.pk):
        Book.objects.update(language="eng")
    assert not Book.history.first().alone


def test_the_person_behind_a_request_is_no_one_elses_in_another_thread(cataloguer, manager):
    """As under a server with threads: each request says who it is, and for itself."""
    found = {}

    def ask(user):
        request = RequestFactory().post("/api/v1/books/")
        request.user = user

        def answer(request):
            meet.wait(5)  # both are inside now
            found[user.username] = current_origin()
            return HttpResponse()

        HistoryRequestMiddleware(answer)(request)

    meet = threading.Barrier(2)
    threads = [threading.Thread(target=ask, args=(user,)) for user in (cataloguer, manager)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: said.user.username for name, said in found.items()} == {
        "cataloguer": "cataloguer", "manager": "manager",
    }  # fmt: skip
    assert {said.source for said in found.values()} == {Source.API}
    assert current_origin().user is None


def test_a_rename_is_the_publishers_change_and_not_that_of_its_books(make_books):
    make_books(20, publisher="Ace")
    noted = Book.history.count()
    publisher = Publisher.objects.get()
    publisher.name = "Ace Books"
    publisher.save()
    Author.objects.update(name="U. K. Le Guin")
    assert Book.history.count() == noted
    assert [row.name for row in Publisher.history.order_by("history_id")] == ["Ace", "Ace Books"]
    assert Author.history.first().name == "U. K. Le Guin"


def test_the_administration_is_noted_with_its_inlines(make_books, manager, client_of, make_author):
    (book,) = make_books(1, title="Dune", authors=["Frank Herbert"])
    page = client_of(manager).get(f"/admin/catalog/book/{book.pk}/change/")
    forms = [page.context["adminform"].form]
    for formset in page.context["inline_admin_formsets"]:
        forms += [formset.formset.management_form, *formset.formset.forms]
    data = {}
    for form in forms:
        for field in form:
            value = field.value()
            data[field.html_name] = "" if value is None else value
    data["year"] = "1965"
    name = next(key for key in data if key.endswith("-0-role"))
    data[name] = "edt"
    data.pop("cover", None)
    answer = client_of(manager).post(f"/admin/catalog/book/{book.pk}/change/", data)
    assert answer.status_code == 302, answer.context["errors"]
    last = Book.history.first()
    assert (last.year, last.source, last.history_user) == (1965, Source.ADMIN, manager)
    assert [role for _author, role, _as in last.details["credits"]] == ["edt"]
    assert Book.history.count() == 3  # made, credited, and this: one change


def test_a_subject_that_is_deleted_is_a_change_of_its_books(make_books):
    (book,) = make_books(1)
    desert, sand = (Subject.objects.create(name=name) for name in ("Deserts", "Sand"))
    book.subjects.add(desert, sand)
    desert.delete()
    assert Book.history.first().details["subjects"] == ["Sand"]
    Subject.objects.all().delete()
    assert "subjects" not in Book.history.first().details


def test_cleaning_the_history_away_breaks_no_form_that_is_open(make_books):
    """Its version is known again from the next change on; an older one is not, and that is said."""
    (book,) = make_books(1, authors=[])
    for year in (1965, 1966):
        book.year = year
        book.save()
    call_command("clean_old_history", "--auto", days=-1, verbosity=0)
    assert not Book.history.exists()
    opened = book.version
    Book.objects.update(language="eng")
    assert editing.state_at(book, opened)["year"] == 1966
    assert editing.state_at(book, opened - 1) is None
    assert Book.objects.get().version == opened + 1


def test_a_version_without_a_change_is_the_one_before(make_books):
    (book,) = make_books(1, title="Dune", authors=[])
    book.save()
    opened = book.version
    Book.objects.update(title="Dune Messiah")
    assert editing.state_at(book, opened)["title"] == "Dune"


def test_subjects_alone_are_noted_with_what_was_before(make_books):
    (book,) = make_books(1)
    Book.history.all().delete()  # as an import leaves it
    book.subjects.add(Subject.objects.create(name="Deserts"))
    first, second = Book.history.order_by("history_id")
    assert (first.history_type, "subjects" in first.details) == ("+", False)
    assert (second.history_type, second.details["subjects"]) == ("~", ["Deserts"])
