"""How models tell the search index what was written; the index registers itself to listen.

save() and delete() are heard through Django's signals, bulk writes through the querysets here.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, TypeVar

from django.db import models, transaction

from catalog.models.state import changed

KINDS = ("author", "publisher", "book")  # names first: a new name has its books indexed anew

_listeners: dict[str, Callable[[Iterable[int]], None]] = {}


class _Pending:
    def __init__(self, *, silent: bool = False) -> None:
        self.silent = silent
        self.ids: dict[str, set[int]] = {kind: set() for kind in KINDS}


_pending: ContextVar[_Pending | None] = ContextVar("pending", default=None)


def listen(kind: str, listener: Callable[[Iterable[int]], None]) -> None:
    _listeners[kind] = listener


def written(kind: str, ids: Iterable[int]) -> None:
    """These records were written: index them now, or at the end of `deferred()`."""
    pending = _pending.get()
    if pending is None:
        with transaction.atomic():
            _listeners[kind](ids)
    elif not pending.silent:
        pending.ids[kind].update(ids)


@contextmanager
def deferred() -> Iterator[None]:
    """One transaction, at whose end all that was written inside is indexed once."""
    if _pending.get() is not None:
        yield
        return
    pending = _Pending()
    token = _pending.set(pending)
    try:
        with transaction.atomic():
            yield
            for kind in KINDS:
                if pending.ids[kind]:
                    _listeners[kind](pending.ids[kind])
    finally:
        _pending.reset(token)


@contextmanager
def by_hand() -> Iterator[None]:
    """Nothing that is written inside is indexed: the caller promises to do it."""
    token = _pending.set(_Pending(silent=True))
    try:
        yield
    finally:
        _pending.reset(token)


M = TypeVar("M", bound=models.Model)


class IndexedQuerySet(models.QuerySet[M]):
    """Bulk writes are indexed as well."""

    kind: ClassVar[str]
    indexed: ClassVar[frozenset[str]]  # fields whose update the index must hear of
    unseen: ClassVar[frozenset[str]] = frozenset()  # fields that no list shows
    key: ClassVar[str] = "pk"  # the column with the id of what is indexed

    def update(self, **kwargs: Any) -> int:
        if self.indexed.isdisjoint(kwargs):
            rows = super().update(**kwargs)
            if not self.unseen.issuperset(kwargs):
                changed()
            return rows
        with transaction.atomic():
            # The rows by their keys: the change may be to what they were chosen by.
            ids = list(self.order_by().values_list(self.key, flat=True))
            rows = super().update(**kwargs)
            self.rewritten(ids, kwargs)
            written(self.kind, [*ids, *self.moved_to(kwargs)])
        return rows

    def moved_to(self, fields: dict[str, Any]) -> list[int]:
        """Keys of what else is indexed, for rows that an update gives to another record."""
        return []

    def rewritten(self, ids: list[int], fields: Iterable[str]) -> None:
        """For models that derive fields from the ones that were updated."""

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        with transaction.atomic():
            created = super().bulk_create(objs, *args, **kwargs)
            key = self.model._meta.pk.name if self.key == "pk" else self.key
            written(self.kind, [pk for row in created if (pk := getattr(row, key))])
        return created

    def delete(self) -> tuple[int, dict[str, int]]:
        with deferred():
            return super().delete()

    update.alters_data = True  # type: ignore[attr-defined]
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]
