"""Books for the tests of search and lists."""

import pytest
from django.db import connection

from catalog.forms.filters import BookFilterForm
from catalog.models import Author, Book, Contribution, Publisher
from catalog.pagination import CataloguePaginator

# MariaDB's full-text index shows documents only after a commit.
needs_books = pytest.mark.django_db(transaction=connection.vendor == "mysql")


def shelve(title, *authors, publisher="", **fields):
    """Save one book as a form would: the record, then who contributed to it."""
    if publisher:
        fields["publisher"] = Publisher.objects.get_or_create(name=publisher)[0]
    book = Book.objects.create(title=title, **fields)
    for position, name in enumerate(authors):
        author = Author.objects.get_or_create(name=name)[0]
        Contribution.objects.create(book=book, author=author, position=position)
    return book


def pages(per_page=25, **params):
    """The paginator of the list at this address."""
    form = BookFilterForm({name: str(value) for name, value in params.items()})
    return CataloguePaginator(form.listing(Book.objects.for_list()), per_page)


def titles(**params):
    """The titles on the first page of the list at this address."""
    return [book.title for book in pages(**params).get_page(1)]
