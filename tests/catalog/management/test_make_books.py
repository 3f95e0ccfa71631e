import pytest
from django.core.management import CommandError, call_command

from catalog.management.commands._made_up import Maker, made_up_isbn, zipf
from catalog.models import Author, Book, Contribution, Publisher
from catalog.search import rebuilding
from catalog.text import match_key
from tests.catalog.search.shelves import needs_books


def everything():
    books = Book.objects.order_by("pk").values_list(
        "title", "subtitle", "language", "year", "isbn", "publisher__name", "pages", "price"
    )
    credits = Contribution.objects.order_by("book", "position", "role")
    return list(books), list(credits.values_list("author__name", "role"))


@needs_books
def test_the_same_seed_makes_the_same_books_and_they_are_indexed():
    call_command("make_books", 300)
    first = everything()
    assert Book.objects.count() == 300
    assert list(rebuilding.differences()) == []
    for book in Book.objects.all():
        before = (book.sort_title, book.sort_year, book.decade, book.has_isbn)
        book.derive()
        book.full_clean()
        assert (book.sort_title, book.sort_year, book.decade, book.has_isbn) == before
    Book.objects.all().delete()
    Author.objects.all().delete()
    Publisher.objects.all().delete()
    call_command("make_books", 300)
    assert everything() == first


@needs_books
def test_books_can_be_added_to_others_and_share_their_names():
    call_command("make_books", 100)
    call_command("make_books", 100, start=100)
    assert Book.objects.count() == 200
    assert Book.objects.exclude(isbn="").count() == len(
        set(Book.objects.exclude(isbn="").values_list("isbn", flat=True))
    )
    assert list(rebuilding.differences()) == []


@needs_books
def test_a_negative_number_is_refused():
    with pytest.raises(CommandError, match="must not be negative"):
        call_command("make_books", "--", "-1")


def test_another_seed_makes_other_books():
    assert next(Maker(1, 100).books(0, 1)).title != next(Maker(2, 100).books(0, 1)).title


def test_any_book_is_made_alike_without_those_before_it():
    maker = Maker(1, 5000)
    assert list(maker.books(1500, 1503)) == list(maker.books(0, 2000))[1500:1503]


def test_no_two_numbers_have_one_name_or_one_isbn():
    maker = Maker(1, 100_000)
    authors = [match_key(maker.author(number)[0]) for number in range(40_000)]
    assert len(set(authors)) == len(authors)
    publishers = [match_key(maker.publisher(number)[0]) for number in range(30_000)]
    assert len(set(publishers)) == len(publishers)
    isbns = {made_up_isbn(number) for number in range(50_000)}
    assert len(isbns) == 50_000


def test_ranks_are_as_frequent_as_zipf_says():
    ranks = [zipf(number / 10_000, 1_000, 10) for number in range(10_000)]
    assert (min(ranks), max(ranks)) == (0, 999)
    assert ranks.count(0) > 10 * ranks.count(200) > 0
