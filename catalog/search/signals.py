"""Every writer that goes through the models (pages, admin, shell, API) keeps the index in step."""

from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models.signals import post_delete, post_migrate, post_save

from catalog.models import Author, Book, Contribution, Publisher
from catalog.models.author import AuthorQuerySet
from catalog.models.indexed import listen, written
from catalog.models.state import CatalogueState
from catalog.search import indexing
from catalog.search.base import BOOKS


def _book(instance: Book, **kwargs: Any) -> None:
    written("book", [instance.pk])


def _contribution(instance: Contribution, **kwargs: Any) -> None:
    written("book", [instance.book_id])


def _author(instance: Author, update_fields: Any = None, **kwargs: Any) -> None:
    if update_fields is None or not AuthorQuerySet.unseen.issuperset(update_fields):
        written("author", [instance.pk])


def _publisher(instance: Publisher, **kwargs: Any) -> None:
    written("publisher", [instance.pk])


def _migrated(**kwargs: Any) -> None:
    """`flush` empties the tables that Django knows: the index follows."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    if BOOKS in tables and not CatalogueState.objects.exists():
        indexing.clear()


def connect() -> None:
    for signal in (post_save, post_delete):
        signal.connect(_book, sender=Book, dispatch_uid="index_book")
        signal.connect(_contribution, sender=Contribution, dispatch_uid="index_contribution")
        signal.connect(_author, sender=Author, dispatch_uid="index_author")
        signal.connect(_publisher, sender=Publisher, dispatch_uid="index_publisher")
    post_migrate.connect(
        _migrated, sender=apps.get_app_config("catalog"), dispatch_uid="index_migrated"
    )
    listen("author", indexing.index_authors)
    listen("publisher", indexing.index_publishers)
    listen("book", indexing.index_books)
