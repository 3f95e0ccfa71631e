"""The people of the tests, their browsers, and factories for records."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import settings

from accounts import roles
from accounts.models import User
from catalog.models import Author, Book, Contribution, Publisher

# How long an example takes says more about the machine than about the code.
settings.register_profile("colophon", deadline=None)
settings.load_profile("colophon")


def _person(name: str, role: roles.Role) -> User:
    user = User.objects.create_user(username=name, password=f"{name}-has-a-secret")
    roles.assign(user, role)
    return user


@pytest.fixture
def reader(db) -> User:
    return _person("reader", roles.Role.READER)


@pytest.fixture
def cataloguer(db) -> User:
    return _person("cataloguer", roles.Role.CATALOGUER)


@pytest.fixture
def manager(db) -> User:
    return _person("manager", roles.Role.MANAGER)


@pytest.fixture
def client_of() -> Callable[..., Client]:
    """`client_of(user)`: a browser in which this person is signed in; headers may follow."""

    def make(user: User, **headers: str) -> Client:
        client = Client(headers=headers or None)
        client.force_login(user)
        return client

    return make


@pytest.fixture
def htmx_client() -> Client:
    """An anonymous browser whose every request comes from htmx."""
    return Client(headers={"hx-request": "true"})


@pytest.fixture
def make_author(db) -> Callable[..., Author]:
    def make(name: str = "Ursula K. Le Guin", **fields: Any) -> Author:
        return Author.objects.get_or_create(name=name, defaults=fields)[0]

    return make


@pytest.fixture
def make_publisher(db) -> Callable[..., Publisher]:
    def make(name: str = "Ace Books", **fields: Any) -> Publisher:
        return Publisher.objects.get_or_create(name=name, defaults=fields)[0]

    return make


@pytest.fixture
def make_books(make_author, make_publisher) -> Callable[..., list[Book]]:
    """`make_books(3, title="Dune", authors=["Frank Herbert"], publisher="Ace Books", year=1965)`.

    Titles are numbered unless given; names become records once. Without `authors` and
    `publisher` each book has one of each, shared by all.
    """

    def make(
        count: int = 1,
        *,
        authors: list[str | Author] | None = None,
        publisher: str | Publisher | None = "Ace Books",
        **fields: Any,
    ) -> list[Book]:
        people = [
            make_author(who) if isinstance(who, str) else who
            for who in (["Ursula K. Le Guin"] if authors is None else authors)
        ]
        house = make_publisher(publisher) if isinstance(publisher, str) else publisher
        books = []
        for number in range(1, count + 1):
            title = fields.get("title", f"Book {number:03}")
            book = Book.objects.create(**{**fields, "title": title, "publisher": house})
            for position, who in enumerate(people):
                Contribution.objects.create(book=book, author=who, position=position)
            books.append(book)
        return books

    return make
