"""What the pages cost on the database in use, next to a bare ListView of the same 25 rows.

    manage.py bench pages [--repetitions 30] [--json] [--only text]

Each repetition measures every page once, in turn, so that what else the machine does falls on all
of them alike. The floor is the plainest page that shows the rows: a ListView with select_related
and prefetch_related, the whole middleware, a signed-in reader, a table in a Django template. CPU
is the time that this process worked; with SQLite that is all there is, with PostgreSQL the server
works besides.
"""

import argparse
import json
import statistics
import sys
import time
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.http import HttpResponse
from django.template import engines
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import include, path, reverse
from django.views.generic import ListView

from catalog.models import Author, Book, Contribution, Publisher, Tally

TABLE = """<!doctype html><title>Books</title><p>{{ request.user }}</p><table>
{% for book in object_list %}<tr>
<td><a href="{% url 'catalog:book_detail' book.pk %}">{{ book.title }}</a>
<td>{% for credit in book.contributions.all %}{{ credit.author.name }}; {% endfor %}
<td>{{ book.publisher.name }}<td>{{ book.year|default:"" }}<td>{{ book.language }}
<td>{{ book.isbn }}</tr>
{% endfor %}</table>"""
TEMPLATE = engines["django"].from_string(TABLE)


class BareView(ListView):
    """The floor: nothing but the rows."""

    model = Book

    def get_queryset(self) -> Any:
        books = Book.objects.select_related("publisher")
        return books.prefetch_related("contributions__author").order_by("sort_title", "pk")[:25]

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        return HttpResponse(TEMPLATE.render(context, self.request))


@dataclass
class Page:
    name: str
    url: str
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    queries: int = 0
    size: int = 0

    @property
    def median(self) -> float:
        return statistics.median(self.wall)

    @property
    def p95(self) -> float:
        return sorted(self.wall)[int(len(self.wall) * 0.95)]


def pages() -> list[Page]:
    """The addresses to measure, with words, names and numbers that this catalogue has."""
    books = reverse("catalog:book_list")
    authors = reverse("catalog:author_list")
    publishers = reverse("catalog:publisher_list")
    total = Book.objects.count()
    last = max(1, -(-total // 25))
    most = Tally.objects.filter(facet="publisher").exclude(value="").order_by("-count")
    house = most[0].value
    middle = Book.objects.exclude(isbn="").order_by("pk")[total // 3]
    credit = Contribution.objects.order_by("pk")[Contribution.objects.count() // 2]
    author = credit.author
    busiest = Contribution.objects.order_by("pk").values_list("author", flat=True)[:2000]
    prolific = statistics.mode(busiest)
    found = [
        ("floor", "/bare/"),
        ("first page", books),
        ("page 1,000", f"{books}?page={min(1000, last)}"),
        ("middle page", f"{books}?page={last // 2 or 1}"),
        ("last page", f"{books}?page={last}"),
        ("first page, newest year first", f"{books}?sort=-year"),
        ("middle page, newest year first", f"{books}?sort=-year&page={last // 2 or 1}"),
        ("middle page, latest additions", f"{books}?sort=-added&page={last // 2 or 1}"),
        ("filter language", f"{books}?language=fre"),
        ("filter language, middle page", f"{books}?language=eng&page={int(last * 0.29) or 1}"),
        ("filter decade", f"{books}?decade=1990"),
        ("filter publisher", f"{books}?publisher={house}"),
        ("filter author", f"{books}?author={prolific}"),
        ("filter without ISBN", f"{books}?isbn=without"),
        ("filter with ISBN, middle page", f"{books}?isbn=with&page={int(last * 0.45) or 1}"),
        ("filter ISBN repaired", f"{books}?isbn=repaired"),
        ("filter without cover", f"{books}?cover=without"),
        ("filter language and decade", f"{books}?language=fre&decade=1990"),
        ("filter three", f"{books}?language=eng&decade=2000&isbn=without"),
        ("filter language, newest first", f"{books}?language=ita&sort=-year"),
        ("search very common word", f"{books}?q=the"),
        ("search common word", f"{books}?q=life"),
        ("search rare word", f"{books}?q={middle.title.split()[-1]}"),
        ("search nothing found", f"{books}?q=xyzzyq"),
        ("search accents", f"{books}?q=CAFÉ"),
        ("search prefix of 1 letter", f"{books}?q=t"),
        ("search prefix of 2 letters", f"{books}?q=hi"),
        ("search prefix of 3 letters", f"{books}?q=his"),
        ("search prefix of 4 letters", f"{books}?q=hist"),
        ("search prefix in a publisher's name", f"{books}?q=publi"),
        ("search author", f"{books}?q={author.name}"),
        ("search author's surname", f"{books}?q={author.name.split()[-1]}"),
        ("search ISBN", f"{books}?q={middle.isbn}"),
        ("search beginning of an ISBN", f"{books}?q={middle.isbn[:6]}"),
        ("search two words, common", f"{books}?q=the+life"),
        ("search two words, rare", f"{books}?q=caf%C3%A9+g%C3%B6del"),
        ("search two words, never together", f"{books}?q=press+books"),
        ("search in a language", f"{books}?q=life&language=eng"),
        ("search common, page 40", f"{books}?q=the&page=40"),
        ("search common, newest first", f"{books}?q=life&sort=-year"),
        ("search very common, by title", f"{books}?q=the&sort=title"),
        ("book", middle.get_absolute_url()),
        ("authors", authors),
        ("authors, last page", f"{authors}?page={-(-Author.objects.count() // 25)}"),
        ("authors, search", f"{authors}?q=jos"),
        ("author", author.get_absolute_url()),
        ("publishers", publishers),
        ("publishers, most books", f"{publishers}?sort=-books"),
        ("publishers, search", f"{publishers}?q=press"),
        ("publisher", Publisher.objects.get(pk=house).get_absolute_url()),
    ]  # fmt: skip
    return [Page(name, url) for name, url in found]


def fetch(client: Client, page: Page) -> bytes:
    response: Any = client.get(page.url)
    if response.status_code != 200:
        raise SystemExit(f"{page.name}: {page.url} answers {response.status_code}")
    content: bytes = response.content
    return content


def measure(client: Client, measured: list[Page], repetitions: int) -> None:
    for page in measured:
        fetch(client, page)  # caches that a running server has filled
        with CaptureQueriesContext(connection) as captured:
            page.size = len(fetch(client, page))
        page.queries = len(captured)
    for number in range(repetitions):
        for page in measured:
            cpu, wall = time.process_time(), time.perf_counter()
            fetch(client, page)
            page.wall.append((time.perf_counter() - wall) * 1000)
            page.cpu.append((time.process_time() - cpu) * 1000)
        sys.stderr.write(f"\r{number + 1} of {repetitions}")
    sys.stderr.write("\n")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="manage.py bench pages")
    parser.add_argument("--repetitions", type=int, default=30)
    parser.add_argument("--only", default="", help="measure only pages whose name has this text")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    if not Book.objects.exists():
        raise SystemExit("The catalogue is empty: `manage.py make_books 1000000` fills it.")
    user, _made = get_user_model().objects.get_or_create(username="bench-reader")
    always = ("floor", "first page")
    measured = [page for page in pages() if options.only in page.name or page.name in always]
    with override_settings(ROOT_URLCONF=addresses(), ALLOWED_HOSTS=["testserver"], DEBUG=False):
        client = Client()
        client.force_login(user)
        measure(client, measured, options.repetitions)
    report(measured, as_json=options.json)


def addresses() -> str:
    """The project's addresses and the floor's, which exists only here."""
    module: Any = ModuleType("bench_pages_urls")
    module.urlpatterns = [
        path("bare/", BareView.as_view()),
        path("", include(settings.ROOT_URLCONF)),
    ]
    sys.modules[module.__name__] = module
    return "bench_pages_urls"


def ratio(page: Page, other: Page) -> float:
    """Within each repetition, where both met the same machine."""
    pairs = zip(page.wall, other.wall, strict=True)
    return round(statistics.median(mine / its for mine, its in pairs), 2)


def report(measured: list[Page], *, as_json: bool) -> None:
    floor, first = measured[0], measured[1]
    rows = [
        {
            "page": page.name,
            "ms": round(page.median, 2),
            "p95": round(page.p95, 2),
            "best": round(min(page.wall), 2),  # what a machine with nothing else to do takes
            "cpu": round(statistics.median(page.cpu), 2),
            "x floor": ratio(page, floor),
            "x first": ratio(page, first),
            "queries": page.queries,
            "KB": round(page.size / 1024, 1),
        }
        for page in measured
    ]
    books = Book.objects.count()
    if as_json:
        result = {"vendor": connection.vendor, "books": books, "pages": rows}
        sys.stdout.write(json.dumps(result, indent=1) + "\n")
        return
    sys.stdout.write(f"{connection.vendor}, {books:,} books, {len(floor.wall)} repetitions\n")
    sys.stdout.write(f"{'':38}" + "".join(f"{name:>9}" for name in list(rows[0])[1:]) + "\n")
    for row in rows:
        name, *numbers = row.values()
        sys.stdout.write(f"{name:38}" + "".join(f"{number:9}" for number in numbers) + "\n")
