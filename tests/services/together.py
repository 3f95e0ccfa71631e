"""Several people at once: what test_editing_concurrency has an installation do in its own process.

Every scenario takes and returns what JSON can hold. Each person is a thread with a connection of
their own; all start at the same moment.
"""

import contextlib
import json
import random
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models import Count
from django.test import Client, override_settings
from django.urls import reverse

from accounts import roles
from accounts.models import User
from catalog.models import Author, Book, BulkEdit, Publisher, Subject
from catalog.models.indexed import deferred
from catalog.models.versioned import Conflict, RecordGone
from catalog.search import rebuilding
from catalog.services import bulk_edit
from catalog.services.books import CreditInput, Picked, save_book
from catalog.services.bulk_change import Change
from tests.sent import sent_by


def play(scenes: list[tuple[str, list[Any]]], results: str) -> None:
    """Play the scenarios one after the other; note what each returned and whether the index and
    the counts are right after it."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    played = {}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        for name, arguments in scenes:
            result = globals()[name](*arguments)
            played[name] = result, list(rebuilding.differences())
            call_command("flush", interactive=False, verbosity=0)
    Path(results).write_text(json.dumps(played), encoding="utf-8")


def at_once(*people: Callable[[], Any]) -> list[Any]:
    """What each of them got, or the name of what was raised."""
    start = threading.Barrier(len(people))
    results: list[Any] = [None] * len(people)

    def act(place: int, person: Callable[[], Any]) -> None:
        try:
            start.wait()
            results[place] = person()
        except (Conflict, RecordGone) as expected:
            results[place] = type(expected).__name__
        except Exception:
            results[place] = traceback.format_exc()
        finally:
            connection.close()

    threads = [
        threading.Thread(target=act, args=(place, person)) for place, person in enumerate(people)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# --- Through the model layer ----------------------------------------------------------------


def different_fields() -> Any:
    pk = Book.objects.create(title="Dune", year=1965).pk
    mine, theirs = Book.objects.get(pk=pk), Book.objects.get(pk=pk)
    mine.title, theirs.pages = "Dune Messiah", 256
    raised = at_once(mine.save, theirs.save)
    after = Book.objects.get(pk=pk)
    versions = list(Book.history.filter(id=pk).order_by("history_id").values_list("version"))
    return raised, after.title, after.pages, after.version, [version for (version,) in versions]


def same_field() -> Any:
    pk = Book.objects.create(title="Dune").pk
    both = [Book.objects.get(pk=pk), Book.objects.get(pk=pk)]
    both[0].title, both[1].title = "Dune Messiah", "Children of Dune"
    raised = at_once(*(book.save for book in both))
    return sorted(map(str, raised)), Book.objects.get(pk=pk).title, Book.objects.get(pk=pk).version


def many_at_once_against_single_edits() -> Any:
    """A bulk change of one field of fifty books, while each gets another value of another one."""
    books = Book.objects.bulk_create([Book(title=f"Book {number}") for number in range(50)])
    loaded = [Book.objects.get(pk=book.pk) for book in books]

    def one_by_one() -> None:
        for book in loaded:
            book.pages = 100
            book.save()

    def together() -> None:
        Book.objects.filter(pk__in=[book.pk for book in books]).update(language="fre")

    raised = at_once(one_by_one, together)
    kept = Book.objects.filter(pages=100, language="fre", version=3).count()
    return raised, kept, Book.objects.filter(pk__in=[b.pk for b in books]).count()


def a_bulk_change_against_single_edits() -> Any:
    """The same through the job that the list starts, in chunks of seven."""
    books = Book.objects.bulk_create([Book(title=f"Book {number}") for number in range(50)])
    loaded = [Book.objects.get(pk=book.pk) for book in books]
    job = bulk_edit.draft(member("mara"), "change", ids=[book.pk for book in books], list_="")
    BulkEdit.objects.filter(pk=job.pk).update(changes=Change({"language": "fre"}).as_json())
    job.refresh_from_db()

    def one_by_one() -> None:
        for book in loaded:
            book.pages = 100
            book.save()

    def together() -> str:
        bulk_edit.start(job, ids=bulk_edit.existing(job), expected=len(books))
        job.refresh_from_db()
        return f"{job.state} {job.changed}"

    with patch.object(bulk_edit, "CHUNK", 7):
        raised = at_once(one_by_one, together)
    kept = Book.objects.filter(pages=100, language="fre", version=3)
    histories = Book.history.filter(id__in=[book.pk for book in books]).values("id")
    complete = histories.annotate(n=Count("id")).filter(n=3).count()  # both changes, and before
    return raised, kept.count(), complete


def a_bulk_change_after_an_edit_of_the_same_field() -> Any:
    return the_same_field_in_bulk(first="edit")


def an_edit_after_a_bulk_change_of_the_same_field() -> Any:
    return the_same_field_in_bulk(first="bulk")


def a_bulk_change_and_edits_of_the_same_field_at_once() -> Any:
    with patch.object(bulk_edit, "CHUNK", 3):
        return the_same_field_in_bulk(first="")


def the_same_field_in_bulk(*, first: str) -> Any:
    """The list makes twenty English books German, somebody makes each of them French.

    Who comes `first` has written and not committed when the other begins, who has to wait. Of
    the edits that are asked every second one is made all the same. Of each book: what the edit
    came to, its languages by the history, and what it is after the bulk change was put back.
    """
    books = Book.objects.bulk_create(
        [Book(title=f"Book {number}", language="eng") for number in range(20)]
    )
    loaded = [Book.objects.get(pk=book.pk) for book in books]
    job = bulk_edit.draft(member("mara"), "change", ids=[book.pk for book in books], list_="")
    BulkEdit.objects.filter(pk=job.pk).update(changes=Change({"language": "ger"}).as_json())
    job.refresh_from_db()
    written, change = threading.Event(), bulk_edit.DO[bulk_edit.Action.CHANGE]
    came: dict[int, str] = {}

    def let_the_other_begin() -> None:
        written.set()
        time.sleep(0.5 if first else 0)

    def edit() -> None:
        if first == "bulk":
            written.wait()
        with deferred() if first == "edit" else contextlib.nullcontext():
            for number, book in enumerate(loaded):
                came[book.pk] = make_french(book, insist=number % 2 == 0)
            let_the_other_begin()

    def change_and_wait(job: BulkEdit, ids: list[int]) -> Any:
        done = change(job, ids)
        let_the_other_begin()
        return done

    def together() -> str:
        if first == "edit":
            written.wait()
        bulk_edit.start(job, ids=bulk_edit.existing(job), expected=len(books))
        job.refresh_from_db()
        return f"{job.state} {job.changed}"

    with patch.dict(bulk_edit.DO, {bulk_edit.Action.CHANGE: change_and_wait}):
        raised = at_once(edit, together)
    languages: dict[int, list[str]] = {book.pk: [] for book in books}
    for pk, language in Book.history.order_by("history_id").values_list("id", "language"):
        languages[pk].append(language)
    back = bulk_edit.undo(job, User.objects.get(username="mara"))
    after = dict(Book.objects.values_list("pk", "language"))
    left = sorted(pk for pk, *_why in back.left_alone)
    insisted = sorted(pk for pk, outcome in came.items() if outcome == "insisted")
    return raised, [(came[pk], languages[pk], after[pk]) for pk in came], left == insisted


def make_french(book: Book, *, insist: bool) -> str:
    book.language = "fre"
    try:
        book.save()
        return "saved"
    except Conflict:
        if not insist:
            return "asked"
    again = Book.objects.get(pk=book.pk)
    again.language = "fre"
    again.save()
    return "insisted"


def the_same_new_names() -> Any:
    """Two people add a book each; both name the same people, who are new, in opposite order."""
    names = [f"Person Number{number:02}" for number in range(20)]

    def add(title: str, order: list[str]) -> Callable[[], int]:
        credits = [CreditInput(Picked(None, name)) for name in order]

        def save() -> int:
            house = Picked(None, "New House")
            return save_book(
                Book(title=title), credits=credits, publisher=house, subjects=["Sand", "Spice"]
            ).pk

        return save

    raised = at_once(add("Dune", names), add("Dune Messiah", names[::-1]))
    return (
        [isinstance(result, int) or result for result in raised],
        Author.objects.count(),
        Publisher.objects.count(),
        Subject.objects.count(),
        list(Book.objects.annotate(n=Count("contributions")).values_list("n", flat=True)),
    )


def erase(book: Book) -> bool:
    return bool(book.delete())


def deleting_what_is_edited() -> Any:
    outcomes: Counter[str] = Counter()
    for number in range(10):
        pk = Book.objects.create(title=f"Book {number}").pk
        edited, deleted = Book.objects.get(pk=pk), Book.objects.get(pk=pk)
        edited.title = f"Better {number}"
        raised = at_once(edited.save, partial(erase, deleted))
        history = Book.history.filter(id=pk).order_by("history_id")
        kinds = "".join(history.values_list("history_type", flat=True))
        gone = not Book.objects.filter(pk=pk).exists()
        # First saved and then deleted, or deleted before it could be saved; never half of it.
        outcomes[f"{gone} {raised[0] or 'saved'} {raised[1]} {kinds[-1]}"] += 1
    return sorted(outcomes)


def a_busy_day(saves: int, people: int = 8) -> Any:
    """Everybody works on the same ten books, authors and publishers."""
    authors = [Author.objects.create(name=f"Person Number{number:02}") for number in range(10)]
    houses = [Publisher.objects.create(name=f"House {number}") for number in range(10)]
    books = [Book.objects.create(title=f"Book {number}").pk for number in range(10)]

    def work(seed: int) -> Callable[[], dict[str, int]]:
        chance = random.Random(seed)  # noqa: S311 - no secret

        def save() -> None:
            kind = chance.random()
            if kind < 0.1:
                author = Author.objects.get(pk=chance.choice(authors).pk)
                author.name = f"Person Number{authors.index(author):02} {chance.randrange(10**6)}"
                author.save()
                return
            if kind < 0.2:
                house = Publisher.objects.get(pk=chance.choice(houses).pk)
                house.country = chance.choice(["France", "Chile", "Japan"])
                house.save()
                return
            if kind < 0.25:
                some = chance.sample(books, 4)
                Book.objects.filter(pk__in=some).update(language=chance.choice(["fre", "ger"]))
                return
            book = Book.objects.get(pk=chance.choice(books))
            book.pages = chance.randrange(1, 900)
            book.language = chance.choice(["eng", "fre", "spa"])
            people = [Picked(author.pk, author.name) for author in chance.sample(authors, 3)]
            people.append(Picked(None, f"New Name{chance.randrange(30)}"))
            house = chance.choice(houses)
            save_book(
                book,
                credits=[CreditInput(person) for person in people],
                publisher=Picked(house.pk, house.name),
                subjects=chance.sample(["Sand", "Spice", "Sea", "Salt"], 2),
            )

        def day() -> dict[str, int]:
            came: Counter[str] = Counter()
            for _save in range(saves):
                try:
                    save()
                    came["saved"] += 1
                except (Conflict, RecordGone) as asked:
                    came[type(asked).__name__] += 1
                except Exception as error:
                    came[f"{type(error).__name__}: {str(error)[:300]}"] += 1
            return came

        return day

    total: Counter[str] = Counter()
    for result in at_once(*(work(seed) for seed in range(people))):
        total.update(result if isinstance(result, dict) else {result: 1})
    return total


# --- Through the forms ----------------------------------------------------------------------


def member(name: str) -> User:
    user = User.objects.create_user(username=name, password=f"{name}-has-a-secret")
    roles.assign(user, roles.Role.MANAGER)
    return user


def person(name: str) -> Client:
    user = member(name)
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


def filled(client: Client, url: str, **fields: str) -> dict[str, str]:
    response = client.get(url)
    assert response.status_code == 200, response.status_code
    return sent_by(response.content, **fields)


def send(client: Client, url: str, data: dict[str, str]) -> Callable[[], tuple[int, str]]:
    def post() -> tuple[int, str]:
        response = client.post(url, data)
        return response.status_code, response.content.decode()

    return post


def forms_different_fields(mine: dict[str, str], theirs: dict[str, str]) -> Any:
    return two_forms(mine, theirs)


def forms_same_field(mine: dict[str, str], theirs: dict[str, str]) -> Any:
    return two_forms(mine, theirs)


def two_forms(mine: dict[str, str], theirs: dict[str, str]) -> Any:
    """Two people open the form of a book and send it at the same moment."""
    pk = Book.objects.create(title="Dune", year=1965).pk
    url = reverse("catalog:book_update", args=(pk,))
    ada, ben = person("ada"), person("ben")
    opened = [(ada, filled(ada, url, **mine)), (ben, filled(ben, url, **theirs))]
    answers = at_once(*(send(client, url, data) for client, data in opened))
    book = Book.objects.get(pk=pk)
    return answers, book.title, book.pages, book.version


def double_click() -> Any:
    """The same form sent twice at once: a new record, and a change of one."""
    ada = person("ada")
    new = reverse("catalog:book_create")
    data = filled(ada, new, title="Dune")
    answers = at_once(send(ada, new, data), send(ada, new, data))
    pk = Book.objects.first().pk
    edit = reverse("catalog:book_update", args=(pk,))
    data = filled(ada, edit, pages="256")
    answers += at_once(send(ada, edit, data), send(ada, edit, data))
    book = Book.objects.get()
    kinds = Book.history.order_by("history_id").values_list("history_type", flat=True)
    return [status for status, _html in answers], book.pages, "".join(kinds)


def form_of_what_is_deleted() -> Any:
    ada, ben = person("ada"), person("ben")
    outcomes: set[int] = set()
    for number in range(5):
        pk = Book.objects.create(title=f"Book {number}").pk
        url = reverse("catalog:book_update", args=(pk,))
        data = filled(ada, url, title=f"Better {number}")
        delete = reverse("catalog:book_delete", args=(pk,))
        saved, deleted = at_once(send(ada, url, data), send(ben, delete, {}))
        assert isinstance(saved, tuple), saved
        assert isinstance(deleted, tuple), deleted
        outcomes |= {saved[0], deleted[0]}
        assert not Book.objects.filter(pk=pk).exists()
    return sorted(outcomes)
