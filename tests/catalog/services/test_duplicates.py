"""What is shown as a probable duplicate, why, and what it costs."""

from typing import NamedTuple

import pytest

from catalog.importers.names import sort_name
from catalog.models import Author, Book, Publisher
from catalog.services.duplicates import of_author, of_book, of_publisher
from tests.catalog.search.shelves import needs_books

pytestmark = needs_books


class Who(NamedTuple):
    pk: int | None
    name: str


def reasons(found):
    return [(str(each.record), each.reason, each.strong) for each in found]


@pytest.fixture
def dune(make_books):
    (book,) = make_books(
        1, title="Dune", authors=["Frank Herbert"], year=1965, isbn="9780441013593",
        isbn_entered="978-0-441-01359-3",
    )  # fmt: skip
    return book


def test_the_same_isbn_in_another_form(dune):
    assert reasons(of_book(isbn="978-0441013593")) == [("Dune", "same ISBN", True)]
    assert reasons(of_book(title="dune", isbn="9780441013593")) == [
        ("Dune", "same ISBN and title", True)
    ]
    assert reasons(of_book(isbn="0441013597")) == [
        ("Dune", "same ISBN: 0-441-01359-7 is the ISBN-10 of that book", True)
    ]
    Book.objects.update(isbn_entered="0-441-01359-7")
    assert reasons(of_book(isbn="9780441013593")) == [
        ("Dune", "same ISBN: that book has it as ISBN-10, 0-441-01359-7", True)
    ]
    assert of_book(isbn="97804410135") == []  # still being typed


@pytest.mark.parametrize(
    ("typed", "reason", "strong"),
    [
        ({"year": 1965}, "same title, author and year", True),
        ({"year": 1966}, "same title and author, year ±1", True),
        ({"year": None}, "same title and author", False),
        ({"year": 1984}, "same title and author, 19 years apart", False),
        ({"year": 1965, "isbn": "9780306406157"},
         "same title, author and year, another ISBN", True),
        ({"year": 1965, "title": "Dunne"}, "nearly the same title (one letter) and the same author",
         False),
        ({"year": 1965, "title": "Dune: a novel"},
         "same title but for the subtitle, and the same author", False),
        ({"year": 1965, "authors": []}, "same title, no author given", False),
    ],
)  # fmt: skip
def test_the_same_title_and_author(dune, typed, reason, strong):
    author = Author.objects.get(name="Frank Herbert")
    for who in (Who(author.pk, author.name), Who(None, "Herbert, Frank"), Who(None, "F. Herbert")):
        found = of_book(**{"title": "Dune", "authors": [who], **typed})
        assert reasons(found) == [("Dune", reason, strong)]


def test_what_only_shares_a_title_is_no_duplicate(dune):
    assert of_book(title="Dune", authors=[Who(None, "Brian Aldiss")]) == []
    assert of_book(title="Dune", year=1990) == []
    assert of_book(title="Children of Dune", authors=[Who(None, "Frank Herbert")]) == []


def test_a_name_that_no_longer_fits_its_id_wins_over_it(dune):
    author = Author.objects.get(name="Frank Herbert")
    assert of_book(title="Dune", authors=[Who(author.pk, "Brian Aldiss")]) == []


def test_a_book_is_no_duplicate_of_itself(dune):
    assert of_book(title="Dune", isbn=dune.isbn, exclude=dune.pk) == []


def test_the_best_comes_first_and_five_are_shown(dune, make_books):
    make_books(7, title="Dune", authors=["Frank Herbert"])
    found = of_book(title="Dune", isbn=dune.isbn, year=1965, authors=[Who(None, "Frank Herbert")])
    assert found[0].record == dune
    assert len(found) == 5


def test_volumes_of_a_set_are_not_alike(make_books):
    make_books(1, title="Foundation, volume 1", authors=["Isaac Asimov"], year=1951)
    assert (
        of_book(title="Foundation, volume 2", year=1951, authors=[Who(None, "Isaac Asimov")]) == []
    )


@pytest.mark.parametrize("size", [3, 60])
def test_the_cost_does_not_grow_with_the_books(make_books, size, django_assert_max_num_queries):
    make_books(size, title="Poems", authors=["John Smith"])
    author = Author.objects.get()
    # 1. the ISBN  2. the title  3. the picked authors  4. how surnames may be spelled  5. what
    # the word index has of them  6. titles that only it found  7. the books  8. their credits
    with django_assert_max_num_queries(8):
        found = of_book(
            title="Poems",
            isbn="9780441013593",
            authors=[Who(author.pk, author.name)],
        )
    assert len(found) == min(size, 5)


@pytest.mark.parametrize(
    ("there", "typed", "reason", "strong"),
    [
        ("J. K. Rowling", "J.K. Rowling", "the same name", True),
        ("J. K. Rowling", "Rowling, J.K.", "the same name, written differently", True),
        ("J. K. Rowling", "Joanne K. Rowling", "the same name with initials", True),
        ("Joanne K. Rowling", "J. K. Rowling", "the same name with initials", True),
        ("J. R. R. Tolkien", "Tolkien, J R R", "the same name, written differently", True),
        ("Joanne Rowling", "Joanne Rowlling", "nearly the same name (one letter)", True),
        ("Joanne Rowling", "Joanne Rovling", "nearly the same name (one letter)", True),
        ("Joanne Rowling", "Johanne Rowling", "nearly the same name (one letter)", True),
        ("Plutarch", "Plutarche", "nearly the same name (one letter)", True),
        ("Ursula K. Le Guin", "Ursula Le Guin", "the same name but for a middle name", False),
        ("Stanisław Lem", "Lem, Stanislaw", "the same name, written differently", True),
    ],
)
def test_authors(make_author, there, typed, reason, strong):
    author = make_author(there, sort_name=sort_name(there))
    make_author("John Smith")
    make_author("Joan Rowland")
    assert reasons(of_author(name=typed)) == [(there, reason, strong)]
    assert of_author(name=typed, exclude=author.pk) == []


@pytest.mark.parametrize(
    ("there", "typed", "reason", "strong"),
    [
        ("Penguin", "penguin", "the same name", True),
        ("Penguin", "Penguin Ltd.", "the same name, written differently", True),
        ("Penguin", "Penguin Books Ltd.",
         "the same name but for words like “Books” or “Verlag”", True),
        ("Penguin", "The Penguin Press",
         "the same name but for words like “Books” or “Verlag”", False),
        ("Éditions Gallimard", "Galimard", "nearly the same name (one letter)", False),
        ("Suhrkamp", "Suhrkmap", "nearly the same name (one letter)", True),
    ],
)  # fmt: skip
def test_publishers(make_publisher, there, typed, reason, strong):
    publisher = make_publisher(there)
    make_publisher("Random Books")
    assert reasons(of_publisher(name=typed)) == [(there, reason, strong)]
    assert of_publisher(name=typed, exclude=publisher.pk) == []


def test_nothing_typed_finds_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert of_book() == of_author(name=" ") == of_publisher(name="") == []
    assert of_author(name="…") == of_publisher(name="?") == []
    assert not Publisher.objects.exists()
