"""What editing costs on the database in use: the time on the server, next to bare floors.

    manage.py bench editing [--repetitions 40] [--json] [--only text]

Real requests through the whole middleware, as a signed-in cataloguer; each repetition does every
step once, in turn, so that what else the machine does falls on all of them alike. The floors: a
bare `CreateView` of the same model that writes the book and its three credits with neither index
nor history, and the first page of the list. Everything is committed. What is written here is a
book of the benchmark's own; it is taken away again at the end, with its history.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from types import ModuleType
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.template import engines
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import include, path, reverse
from django.views.generic import CreateView

from accounts import roles
from accounts.models import User
from catalog.forms.duplicates import BookDuplicateForm
from catalog.models import Author, Book, Contribution, Note, Publisher, Subject, Submission, Tally
from catalog.models.indexed import by_hand
from tests.sent import sent_by

NAME = "bench-cataloguer"
TITLE, SUBJECT = "Measured Title Number", "Measuring"
FIELDS = (
    "title", "subtitle", "isbn", "year", "language", "pages", "price", "currency", "description",
)  # fmt: skip
TEMPLATE = engines["django"].from_string(
    "<!doctype html><title>Book</title><form method=post>{% csrf_token %}{{ form }}</form>"
)
SAVE, FIELD, RADAR = 50, 100, 150  # ms, what issue and manual promise at the median


class BareCreateView(CreateView):
    """The floor of saving: the row of a book and its credits."""

    model = Book
    fields = FIELDS

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic(), by_hand():
            book = form.save()
            credits = [
                Contribution(book=book, author_id=int(author), position=place)
                for place, author in enumerate(self.request.POST.getlist("author"))
            ]
            Contribution._base_manager.bulk_create(credits)
        return HttpResponse(status=302, headers={"Location": "/"})

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        return HttpResponse(TEMPLATE.render(context, self.request))


@dataclass
class Step:
    name: str
    act: Callable[[], Any]
    floor: str = "list, first page"
    most: int | None = None
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    queries: int = 0

    def once(self) -> None:
        response = self.act()
        if response.status_code not in (200, 204, 302):
            text = response.content.decode()[:3000]
            raise SystemExit(f"{self.name}: answers {response.status_code}\n{text}")

    @property
    def median(self) -> float:
        return statistics.median(self.wall)

    @property
    def p95(self) -> float:
        return sorted(self.wall)[int(len(self.wall) * 0.95)]


class Desk:
    """A cataloguer at work: names that this catalogue has, and a book to work on."""

    def __init__(self) -> None:
        user, _made = User.objects.get_or_create(username=NAME)
        roles.assign(user, roles.Role.MANAGER)
        self.client = Client(SERVER_NAME="testserver")
        self.client.force_login(user)
        self.numbers = count(time.time_ns() // 1_000_000)
        total = Book.objects.count()
        credit = Contribution.objects.order_by("pk")[Contribution.objects.count() // 2]
        some = Contribution.objects.order_by("pk").values_list("author", flat=True)[:2000]
        self.rare = credit.author
        self.common = Author.objects.get(pk=statistics.mode(some))
        third = Contribution.objects.order_by("-pk").exclude(author__in=[self.rare, self.common])
        self.people = [self.rare, self.common, third[0].author]
        most = Tally.objects.filter(facet="publisher").exclude(value="").order_by("-count")
        self.house = Publisher.objects.get(pk=most[0].value)
        self.known = Book.objects.exclude(isbn="").order_by("pk")[total // 3]
        self.plain = self.plainest_title()
        self.new = self.form(reverse("catalog:book_create"))
        self.create()
        self.book = Book.objects.get(title__startswith=TITLE)
        self.edit_url = reverse("catalog:book_update", args=(self.book.pk,))
        self.cell_url = reverse("catalog:book_cell", args=(self.book.pk, "year"))

    def plainest_title(self) -> str:
        """Words that very many titles have."""
        for text in ("The life", "The world", "The"):
            if Book.objects.search(text).exists():
                return text
        return self.known.title

    def form(self, url: str) -> dict[str, str]:
        return sent_by(self.client.get(url).content)

    def credits(self) -> dict[str, str]:
        data: dict[str, str] = {}
        for number, author in enumerate(self.people):
            row = f"credits-{number}-"
            data |= {
                f"{row}author": author.name,
                f"{row}author_id": str(author.pk),
                f"{row}role": "aut",
                f"{row}credited_as": "",
                f"{row}position": str(number + 1),
            }
        return data

    def filled(self, form: dict[str, str]) -> dict[str, str]:
        number = next(self.numbers)
        return form | self.credits() | {
            "title": f"{TITLE} {number}",
            "publisher": self.house.name,
            "publisher_id": str(self.house.pk),
            "year": "1965",
            "language": "eng",
            "pages": str(number % 900 + 1),
            "subjects": SUBJECT,
            "then": "",
        }  # fmt: skip

    # --- Saving ---------------------------------------------------------------------------

    def bare_create(self) -> Any:
        data = {"title": f"{TITLE} {next(self.numbers)}", "year": "1965", "language": "eng"}
        return self.client.post("/bare/", data | {"author": [str(a.pk) for a in self.people]})

    def create(self) -> Any:
        """With the values that the radar has looked at, as JavaScript sends them."""
        data = QueryDict(mutable=True)
        data.update(self.filled(self.new) | {"token": ""})  # each is another book
        data["radar-looked"] = BookDuplicateForm(data).looked
        return self.client.post(reverse("catalog:book_create"), data.dict())

    def create_plain(self) -> Any:
        """Without JavaScript: saving looks for duplicates itself."""
        return self.client.post(
            reverse("catalog:book_create"), self.filled(self.new) | {"token": ""}
        )

    def edit(self) -> Any:
        """Another number of pages, the credits in another order."""
        self.people.append(self.people.pop(0))
        version = Book.objects.values_list("version", flat=True).get(pk=self.book.pk)
        data = self.filled(self.opened) | {"title": self.book.title, "version": str(version)}
        return self.client.post(self.edit_url, data)

    def cell(self) -> Any:
        """The year, in the table: the answer is the row and the filters beside it."""
        version = Book.objects.values_list("version", flat=True).get(pk=self.book.pk)
        data = {"year": str(1800 + next(self.numbers) % 200), "version": str(version), "list": ""}
        htmx = {"hx-request": "true", "hx-current-url": "http://testserver/books/"}
        return self.client.post(self.cell_url, data, headers=htmx)

    @property
    def opened(self) -> dict[str, str]:
        if not hasattr(self, "_opened"):
            self._opened = self.form(self.edit_url)
        return self._opened

    # --- While typing -----------------------------------------------------------------------

    def ask(self, name: str, value: str) -> Callable[[], Any]:
        url = f"{reverse('catalog:book_create')}?field={name}"
        return lambda: self.client.post(
            url, self.filled(self.new) | {name: value}, headers={"hx-request": "true"}
        )

    def get(self, url: str, **params: str) -> Callable[[], Any]:
        return lambda: self.client.get(url, params)

    def pick(self, kind: str, text: str) -> Callable[[], Any]:
        return self.get(reverse(f"catalog:{kind}_pick"), q=text)

    def radar(self, **values: str) -> Callable[[], Any]:
        url = reverse("catalog:book_duplicates")
        return lambda: self.client.post(url, self.new | values, headers={"hx-request": "true"})

    def note(self) -> Any:
        url = reverse("catalog:book_notes", args=(self.book.pk,))
        return self.client.post(url, {"text": "Compared with the copy in hand."})

    def steps(self) -> Iterator[Step]:
        book, known = self.book.pk, self.known
        surname = self.rare.name.split()[-1]
        first_author = known.contributions.select_related("author").first()
        assert first_author is not None
        title, by = known.title, first_author.author.name
        yield Step("list, first page", self.get(reverse("catalog:book_list")))
        yield Step("bare create", self.bare_create)
        yield Step("form, new", self.get(reverse("catalog:book_create")))
        yield Step("form, edit", self.get(self.edit_url))
        yield Step("save, new, three authors", self.create, "bare create", SAVE)
        yield Step("save, new, looks for duplicates", self.create_plain, "bare create", RADAR)
        yield Step("save, edit, three authors", self.edit, "bare create", SAVE)
        yield Step("field: title", self.ask("title", title), most=FIELD)
        yield Step("field: ISBN", self.ask("isbn", known.isbn), most=FIELD)
        yield Step("field: year", self.ask("year", "c1999"), most=FIELD)
        yield Step("field: three contributors", self.ask("credits", ""), most=FIELD)
        yield Step("author: rare", self.pick("author", self.rare.name), most=FIELD)
        yield Step("author: common", self.pick("author", self.common.name.split()[0]), most=FIELD)
        yield Step("author: one letter", self.pick("author", "m"), most=FIELD)
        yield Step("author: three letters", self.pick("author", surname[:3]), most=FIELD)
        yield Step("author: misspelled", self.pick("author", misspelled(surname)), most=FIELD)
        yield Step("author: nobody", self.pick("author", "Xyzzyq Qwrtzp"), most=FIELD)
        yield Step("publisher: common", self.pick("publisher", self.house.name), most=FIELD)
        yield Step("publisher: one letter", self.pick("publisher", "p"), most=FIELD)
        yield Step(
            "publisher: misspelled", self.pick("publisher", misspelled(self.house.name)), most=FIELD
        )
        yield Step("radar: rare title", self.radar(title=title), most=RADAR)
        yield Step(
            "radar: title and author",
            self.radar(**{"title": title, "credits-0-author": by, "year": str(known.year or "")}),
            most=RADAR,
        )
        yield Step("radar: very common title", self.radar(title=self.plain), most=RADAR)
        yield Step("radar: ISBN", self.radar(title=title, isbn=known.isbn), most=RADAR)
        yield Step("radar: nothing like it", self.radar(title="Xyzzyq qwrtzp"), most=RADAR)
        yield Step("cell, open", self.get(self.cell_url))
        yield Step("cell, save", self.cell, "bare create", SAVE)
        yield Step("history", self.get(reverse("catalog:book_history", args=(book,))))
        yield Step("note", self.note)
        yield Step("book", self.get(self.book.get_absolute_url()))


def misspelled(name: str) -> str:
    """Two letters in the middle swapped: "Tolkein"."""
    half = len(name) // 2
    return name[:half] + name[half + 1] + name[half] + name[half + 2 :]


@contextmanager
def nothing_left() -> Iterator[None]:
    """Whatever the benchmark has written goes away again, also when it fails."""
    subject = Subject.objects.filter(name=SUBJECT)
    was_there = subject.exists()
    try:
        yield
    finally:
        made = Book.objects.filter(title__startswith=TITLE)
        bare = list(made.filter(subjects=None).values_list("pk", flat=True))
        for model, key in ((Contribution, "book__in"), (Book, "pk__in")):  # were never indexed
            QuerySet(model).filter(**{key: bare})._raw_delete(using="default")
        ids = list(made.values_list("pk", flat=True))
        made.delete()
        Book.history.filter(id__in=ids).delete()
        Note.objects.filter(kind="book", record_id__in=ids).delete()
        Submission.objects.filter(kind="book", record_id__in=ids).delete()
        if not was_there:
            subject.delete()
        User.objects.filter(username=NAME).delete()


def measure(steps: list[Step], repetitions: int) -> None:
    for step in steps:
        step.once()  # caches that a running server has filled
        with CaptureQueriesContext(connection) as captured:
            step.once()
        step.queries = len(captured)
    for number in range(repetitions):
        for step in steps:
            cpu, wall = time.process_time(), time.perf_counter()
            step.once()
            step.wall.append((time.perf_counter() - wall) * 1000)
            step.cpu.append((time.process_time() - cpu) * 1000)
        sys.stderr.write(f"\r{number + 1} of {repetitions}")
    sys.stderr.write("\n")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="manage.py bench editing")
    parser.add_argument("--repetitions", type=int, default=40)
    parser.add_argument("--only", default="", help="measure only steps whose name has this text")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    if not Book.objects.exists():
        raise SystemExit("The catalogue is empty: `manage.py make_books 1000000` fills it.")
    test = {"ROOT_URLCONF": addresses(), "ALLOWED_HOSTS": ["testserver"], "DEBUG": False}
    with override_settings(**test), nothing_left():
        steps = list(Desk().steps())
        always = {"list, first page", "bare create"}
        steps = [step for step in steps if options.only in step.name or step.name in always]
        before = memory()
        measure(steps, options.repetitions)
        report(steps, before, as_json=options.json)


def memory() -> int:
    """The most that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def addresses() -> str:
    """The project's addresses and the floor's, which exists only here."""
    module: Any = ModuleType("bench_editing_urls")
    module.urlpatterns = [
        path("bare/", BareCreateView.as_view()),
        path("", include(settings.ROOT_URLCONF)),
    ]
    sys.modules[module.__name__] = module
    return "bench_editing_urls"


def ratio(step: Step, floor: Step) -> float:
    """Within each repetition, where both met the same machine."""
    pairs = zip(step.wall, floor.wall, strict=True)
    return round(statistics.median(mine / its for mine, its in pairs), 2)


def report(steps: list[Step], before: int, *, as_json: bool) -> None:
    by_name = {step.name: step for step in steps}
    rows = [
        {
            "step": step.name,
            "ms": round(step.median, 1),
            "p95": round(step.p95, 1),
            "best": round(min(step.wall), 1),  # what a machine with nothing else to do takes
            "cpu": round(statistics.median(step.cpu), 1),
            "x floor": ratio(step, by_name[step.floor]),
            "queries": step.queries,
            "most": step.most or "",
            "kept": "" if step.most is None else "yes" if step.median < step.most else "NO",
        }
        for step in steps
    ]
    books = Book.objects.count()
    held = {"MB before": before, "MB after": memory()}
    if as_json:
        result = {"vendor": connection.vendor, "books": books, "steps": rows, **held}
        sys.stdout.write(json.dumps(result, indent=1) + "\n")
        return
    sys.stdout.write(f"{connection.vendor}, {books:,} books, {len(steps[0].wall)} repetitions\n")
    sys.stdout.write(f"{'':34}" + "".join(f"{name:>9}" for name in list(rows[0])[1:]) + "\n")
    for row in rows:
        name, *numbers = row.values()
        sys.stdout.write(f"{name:34}" + "".join(f"{number:>9}" for number in numbers) + "\n")
    sys.stdout.write(f"memory: {held['MB before']} MB before, {held['MB after']} MB at most\n")
