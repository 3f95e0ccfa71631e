"""What holds on every page: numbers are grouped for reading (1,234,567) and never where a machine
reads them, and no script is loaded twice."""

import re

import pytest
from django.urls import reverse

from catalog.models import Attachment, Author, Book, Contribution, Note, Publisher

pytestmark = pytest.mark.django_db

PK = 1_234_567
GROUPED = re.compile(r'(?<![\w-])(?!aria-label|title|alt)([\w-]+)="([^"]*\d,\d{3}[^"]*)"')


@pytest.fixture(autouse=True)
def _records(manager):
    publisher = Publisher.objects.create(pk=PK, name="Ace Books")
    author = Author.objects.create(pk=PK, name="Ursula K. Le Guin", created_by=manager)
    book = Book.objects.create(
        pk=PK, title="Rocannon’s World", publisher=publisher, created_by=manager, pages=1_234
    )
    Contribution.objects.create(pk=PK, book=book, author=author)
    for number in (PK, PK + 1):
        Note.objects.create(pk=number, kind="book", record_id=PK, text="Look", created_by=manager)
    Attachment.objects.create(
        pk=PK, kind="book", record_id=PK, name="a.pdf", file="books/1/a", size=12_345_678,
        content_type="application/pdf", created_by=manager,
    )  # fmt: skip
    Book.objects.filter(pk=PK).update(version=123_456, title="Rocannon's World")


def pages():
    for kind in ("book", "author", "publisher"):
        yield reverse(f"catalog:{kind}_list")
        for name in ("detail", "update", "history", "delete"):
            yield reverse(f"catalog:{kind}_{name}", args=(PK,))
    yield reverse("catalog:book_list") + "?view=grid"
    yield reverse("catalog:book_create") + f"?publisher={PK}&author={PK}"
    yield reverse("catalog:changes")
    yield reverse("catalog:author_pick") + "?q=guin"
    yield reverse("catalog:publisher_pick") + "?q=ace"
    for field in ("title", "year", "language", "publisher", "price"):
        yield reverse("catalog:book_cell", args=(PK, field))


@pytest.mark.parametrize("signed_in", [True, False])
def test_no_attribute_has_a_number_with_separators(client, client_of, manager, signed_in):
    reader = client_of(manager) if signed_in else client
    found = {}
    for page in pages():
        response = reader.get(page)
        assert response.status_code in ((200,) if signed_in else (200, 302)), page
        if wrong := GROUPED.findall(response.content.decode()):
            found[page] = wrong
    assert not found


def test_no_script_or_style_is_loaded_twice(client_of, manager):
    for page in pages():
        html = client_of(manager).get(page).content.decode()
        loaded = re.findall(r'<(?:script src|link rel="stylesheet" href)="([^"]+)"', html)
        assert len(loaded) == len(set(loaded)), page


def test_nor_a_panel_of_duplicates(client_of, manager):
    response = client_of(manager).post(
        reverse("catalog:book_duplicates"),
        {
            "title": "Rocannon’s World",
            "credits-0-author": "Ursula K. Le Guin",
            "credits-0-author_id": PK,
        },
    )
    html = response.content.decode()
    assert str(PK) in html
    assert not GROUPED.findall(html)
