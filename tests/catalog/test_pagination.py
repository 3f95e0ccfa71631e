import random
from collections.abc import Callable
from typing import Any

import pytest

from catalog.forms.filters import AuthorFilterForm, PublisherFilterForm
from catalog.models import Author, Book, Contribution, Publisher
from catalog.pagination import CataloguePaginator
from catalog.search import indexing, plans
from catalog.search.listings import Listing
from catalog.search.plans import FixedPlan
from tests.catalog.search.shelves import needs_books, pages

pytestmark = needs_books


class Numbers(Listing):
    """A listing of so many rows, without a database."""

    def __init__(self, count, kind="exact"):
        self.fixed = FixedPlan(range(1, count + 1), kind=kind)

    @property
    def plan(self):
        return self.fixed

    def load(self, ids):
        return list(ids)


@pytest.mark.parametrize(
    ("number", "window"),
    [
        (1, [1, 2, 3, None, 40]),
        (3, [1, 2, 3, 4, 5, None, 40]),
        (5, [1, 2, 3, 4, 5, 6, 7, None, 40]),
        (6, [1, None, 4, 5, 6, 7, 8, None, 40]),
        (20, [1, None, 18, 19, 20, 21, 22, None, 40]),
        (36, [1, None, 34, 35, 36, 37, 38, 39, 40]),
        (40, [1, None, 38, 39, 40]),
    ],
)
def test_the_window_shows_as_many_pages_on_either_side(number, window):
    assert CataloguePaginator(Numbers(1000), 25).page(number).window == window


def test_every_gap_of_the_window_hides_at_least_two_pages():
    for count in range(0, 500, 7):
        paginator = CataloguePaginator(Numbers(count), 10)
        for number in paginator.page_range:
            window = paginator.page(number).window
            assert number in window
            for before, gap, after in zip(window, window[1:], window[2:], strict=False):
                assert gap is not None or (after or 0) - (before or 0) > 2


@pytest.mark.parametrize(
    ("asked", "number"),
    [("", 1), (None, 1), ("x", 1), ("1.5", 1), ("0", 1), ("-3", 1), ("2", 2), (" 2 ", 2),
     ("last", 1), ("99", 4), ("9" * 4000, 4), ("²", 1), ("٣", 3)],
)  # fmt: skip
def test_whatever_is_asked_for_gives_the_nearest_page(asked, number):
    assert CataloguePaginator(Numbers(100), 25).get_page(asked).number == number


def test_an_empty_list_has_one_page():
    page = CataloguePaginator(Numbers(0), 25).get_page("7")
    assert (page.number, list(page), page.window) == (1, [], [1])


@pytest.mark.parametrize(
    ("count", "kind", "label"),
    [
        (8726, "exact", "8,726"),
        (1000, "more", "more than 1,000"),
        (1234567, "about", "about 1,230,000"),
        (1004, "about", "about 1,000"),
    ],
)
def test_the_label_says_how_exact_the_count_is(count, kind, label):
    paginator = CataloguePaginator(Numbers(count, kind), 25)
    assert paginator.count_label == label
    assert paginator.count_is_exact == (kind == "exact")


# --- Against naive slicing ------------------------------------------------------------------

SORTS = {
    "": ("sort_title", "id"),
    "title": ("sort_title", "id"),
    "-title": ("-sort_title", "-id"),
    "-year": ("-sort_year", "sort_title", "id"),
    "year": ("sort_year", "-sort_title", "-id"),
    "-added": ("-id",),
}


@pytest.fixture
def library(db):
    """600 books with many ties in every order."""
    rng = random.Random(3)  # noqa: S311 - not for secrets
    houses = [
        Publisher.objects.create(name=f"House {n}", country=rng.choice("AB")) for n in range(30)
    ]
    people = [Author.objects.create(name=f"{rng.choice('abc')} Writer {n}") for n in range(40)]
    books = []
    for _ in range(600):
        book = Book(
            title=" ".join(
                rng.choices(
                    ["the", "a", "of", "sea", "é", "日", "1984", "ocean"], k=rng.randint(1, 3)
                )
            ),
            language=rng.choice(["eng", "eng", "fre", ""]),
            year=rng.choice([None, -30, 1200, 1899, 1990, 1991, 2000]),
            isbn=rng.choice(["", "9780441478125"]),
            isbn_repaired=rng.random() < 0.1,
            publisher=rng.choice([None, *houses]),
        )
        book.derive()
        books.append(book)
    with indexing.deferred():
        Book.objects.bulk_create(books)
        Contribution.objects.bulk_create(
            Contribution(book=book, author=author, role=role)
            for book in books
            for author, role in {(rng.choice(people), rng.choice(["aut", "trl"])) for _ in range(2)}
        )
    return books


def all_ids(paginator):
    return [[row.pk for row in paginator.page(number)] for number in paginator.page_range]


def sliced(ids, size):
    ids = list(ids)
    return [ids[at : at + size] for at in range(0, len(ids), size)] or [[]]


FILTERS = [
    {},
    {"language": "eng"},
    {"language": "none"},
    {"decade": "1990"},
    {"decade": "0"},
    {"decade": "none"},
    {"isbn": "with"},
    {"isbn": "without"},
    {"isbn": "repaired"},
    {"cover": "with"},
    {"cover": "without"},
    {"language": "fre", "decade": "1990"},
    {"isbn": "with", "cover": "without", "language": "eng"},
]
COLUMNS: dict[str, Callable[[str], dict[str, Any]]] = {
    "language": lambda value: {"language": "" if value == "none" else value},
    "decade": lambda value: {"decade": -32768 if value == "none" else int(value)},
    "isbn": lambda value: (
        {"isbn_repaired": True} if value == "repaired" else {"has_isbn": value == "with"}
    ),
    "cover": lambda value: {"has_cover": value == "with"},
}


@pytest.mark.parametrize("limits", ["usual", "none", "small"])
def test_every_page_in_every_order_is_what_slicing_gives(library, monkeypatch, limits):
    """Also with the ways of very large catalogues: kept positions, walking, estimates."""
    if limits != "usual":
        monkeypatch.setattr(plans, "NEAR", -1)
        monkeypatch.setattr("catalog.search.listings.EXACT", 5)
        monkeypatch.setattr("catalog.search.listings.LISTED", 5)
        monkeypatch.setattr("catalog.search.listings.SORTABLE", 5 if limits == "none" else 1000)
    for params in FILTERS:
        where: dict[str, Any] = {}
        for name, value in params.items():
            where |= COLUMNS[name](value)
        for sort, columns in SORTS.items():
            paginator = pages(per_page=23, sort=sort, **params)
            expected = Book.objects.filter(**where).order_by(*columns).values_list("pk", flat=True)
            assert all_ids(paginator) == sliced(expected, 23), (params, sort)
            assert paginator.count == len(expected)
            assert paginator.count_is_exact


@pytest.mark.parametrize("listed", [2000, 5])
def test_an_author_lists_each_book_once(library, monkeypatch, listed):
    monkeypatch.setattr("catalog.search.listings.LISTED", listed)
    author = Author.objects.earliest("pk")
    for sort, columns in SORTS.items():
        expected = (
            Book.objects.filter(authors=author)
            .distinct()
            .order_by(*columns)
            .values_list("pk", flat=True)
        )
        assert all_ids(pages(per_page=7, author=author.pk, sort=sort)) == sliced(expected, 7)
    english = (
        Book.objects.filter(authors=author, language="eng").distinct().order_by("sort_title", "id")
    )
    assert all_ids(pages(per_page=7, author=author.pk, language="eng")) == sliced(
        english.values_list("pk", flat=True), 7
    )


def test_estimates_are_paged_through_as_far_as_they_reach(library, monkeypatch):
    for limit in ("EXACT", "LISTED", "SMALL"):
        monkeypatch.setattr(f"catalog.search.listings.{limit}", 5)
    monkeypatch.setattr("catalog.search.listings.FAR", 50)
    paginator = pages(per_page=25, language="eng", isbn="with")
    assert not paginator.count_is_exact
    assert paginator.count_label.startswith("about ")
    assert paginator.num_pages == 2
    assert paginator.is_cut
    expected = Book.objects.filter(language="eng", has_isbn=True).order_by("sort_title", "id")
    assert all_ids(paginator) == sliced(expected.values_list("pk", flat=True)[:50], 25)


def test_authors_and_publishers_are_sliced_too(library):
    def everyone(form, model):
        return all_ids(CataloguePaginator(form.listing(model.objects.all()), 7))

    def naive(rows):
        return sliced(rows.values_list("pk", flat=True), 7)

    authors, houses = Author.objects, Publisher.objects
    assert everyone(AuthorFilterForm({}), Author) == naive(authors.order_by("sort_key", "id"))
    assert everyone(AuthorFilterForm({"sort": "-name"}), Author) == naive(
        authors.order_by("-sort_key", "-id")
    )
    assert everyone(AuthorFilterForm({"kind": "organisation"}), Author) == [[]]
    assert everyone(PublisherFilterForm({}), Publisher) == naive(houses.order_by("name_key", "id"))
    assert everyone(PublisherFilterForm({"country": "A"}), Publisher) == naive(
        houses.filter(country="A").order_by("name_key", "id")
    )
    for form in (
        {"sort": "-books"},
        {"sort": "-books", "country": "A"},
        {"sort": "-books", "q": "hou"},
    ):
        listing = PublisherFilterForm(form).listing(Publisher.objects.all())
        counts = [each.book_count for each in listing[0:100]]
        assert counts == sorted(counts, reverse=True)
        assert counts == [each.books.count() for each in listing[0:100]]


def test_a_list_that_may_not_be_seen_is_empty(library):
    from catalog.forms.filters import BookFilterForm

    listing = BookFilterForm({}).listing(Book.objects.none())
    assert (listing.count(), listing[0:25]) == (0, [])
