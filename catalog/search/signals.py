"""Every writer that goes through the models (pages, admin, shell, API) keeps the index in step."""

from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models.signals import m2m_changed, post_delete, post_migrate, post_save, pre_delete

from catalog.models import Author, Book, Contribution, Publisher
from catalog.models.author import AuthorQuerySet
from catalog.models.indexed import about_to_delete, about_to_write, index_with, written
from catalog.models.state import CatalogueState
from catalog.models.versioned import record_kind
from catalog.search import indexing
from catalog.search.base import BOOKS


def _book(instance: Book, **kwargs: Any) -> None:
    written("book", [instance.pk])


def _contribution(instance: Contribution, **kwargs: Any) -> None:
    written("book", [instance.book_id])


def _subjects(instance: Any, action: str, reverse: bool, pk_set: Any, **kwargs: Any) -> None:
    """Subjects are part of a book; they are not indexed."""
    if not reverse:
        books = [instance.pk]
    elif pk_set is not None:
        books = list(pk_set)
    elif action == "pre_clear":
        books = instance._cleared = list(instance.books.values_list("pk", flat=True))
    else:
        books = instance.__dict__.pop("_cleared", [])
    if action.startswith("pre_"):
        about_to_write("book", books)
    else:
        written("book", books, reindex=False)


def _deleting(instance: Any, **kwargs: Any) -> None:
    about_to_delete(record_kind(instance), [instance.pk])


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
    for model in (Book, Author, Publisher):
        pre_delete.connect(_deleting, sender=model, dispatch_uid=f"history_{model.__name__}")
    m2m_changed.connect(_subjects, sender=Book.subjects.through, dispatch_uid="history_subjects")
    post_migrate.connect(
        _migrated, sender=apps.get_app_config("catalog"), dispatch_uid="index_migrated"
    )
    index_with(indexing.index_records)
