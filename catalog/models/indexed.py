"""How models tell the history and the search index what is written; both register to listen.

save() and delete() are heard through Django's signals, bulk writes through the querysets here.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, ClassVar, Protocol, TypeVar

from django.db import connection, models, transaction
from django.utils import timezone

from catalog.models.state import changed, ends_transaction

KINDS = ("author", "publisher", "book")

Ids = Mapping[str, Collection[int]]  # keys of records by their kind

_indexer: Callable[[Ids], None] | None = None


class Recorder(Protocol):
    """Who keeps what records were (catalog.services.recording): before, after, and at the end."""

    def keep(
        self, kind: str, ids: Collection[int], kept: dict[int, Any], *, locked: bool = False
    ) -> None: ...
    def note(self, kind: str, ids: Collection[int], kept: dict[int, Any]) -> None: ...
    def note_deleted(self, kind: str, ids: Collection[int], kept: dict[int, Any]) -> None: ...


_recorder: Recorder | None = None


class _Pending:
    def __init__(self, *, silent: bool = False) -> None:
        self.silent = silent
        self.ids: dict[str, set[int]] = {kind: set() for kind in KINDS}
        self.to_index: dict[str, set[int]] = {kind: set() for kind in KINDS}
        # What the history has of the records that are written here, by kind and id.
        self.kept: dict[str, dict[int, Any]] = {kind: {} for kind in KINDS}
        self.deleted: dict[str, set[int]] = {kind: set() for kind in KINDS}


_pending: ContextVar[_Pending | None] = ContextVar("pending", default=None)


def index_with(indexer: Callable[[Ids], None]) -> None:
    """Who is told, once at the end of `deferred()`, of all that is to be indexed."""
    global _indexer
    _indexer = indexer


def record_with(recorder: Recorder) -> None:
    global _recorder
    _recorder = recorder


def about_to_write(kind: str, ids: Iterable[int], *, locked: bool = False) -> None:
    """These records will be written or deleted: the history keeps what they are now.

    Before the first write, inside `deferred()`: again for the same records costs nothing there.
    """
    pending = _pending.get()
    if _recorder is None:
        return
    if pending is None:  # a write of Django's own, such as `book.subjects.add()`
        with transaction.atomic():
            _recorder.keep(kind, list(ids), {})
        return
    if pending.silent:
        return
    # What was written in this block already was kept before, or is new.
    new = [pk for pk in ids if pk not in pending.kept[kind] and pk not in pending.ids[kind]]
    if new:
        _recorder.keep(kind, new, pending.kept[kind], locked=locked)


def made_here(kind: str, pk: int) -> bool:
    """Was this record made in the `deferred()` block that is open?"""
    pending = _pending.get()
    return pending is not None and pk in pending.ids[kind] and pk not in pending.kept[kind]


def about_to_delete(kind: str, ids: Iterable[int]) -> None:
    """The same for records that are deleted: the history gets its last word on them now."""
    pending = _pending.get()
    if pending is None or pending.silent or _recorder is None:
        return
    new = [pk for pk in ids if pk not in pending.deleted[kind]]
    if new:
        about_to_write(kind, new)
        _recorder.note_deleted(kind, new, pending.kept[kind])
        pending.deleted[kind].update(new)


def written(kind: str, ids: Iterable[int], *, reindex: bool = True) -> None:
    """These records were written: note and index them now, or at the end of `deferred()`."""
    pending = _pending.get()
    if pending is None:
        with deferred():
            written(kind, ids, reindex=reindex)
    elif not pending.silent:
        ids = set(ids)
        pending.ids[kind] |= ids
        if reindex:
            pending.to_index[kind] |= ids


@contextmanager
def deferred() -> Iterator[None]:
    """One transaction, at whose end all that was written inside is noted and indexed once."""
    if _pending.get() is not None:
        with nullcontext() if connection.in_atomic_block else transaction.atomic():
            yield  # `by_hand()` has none of its own
        return
    pending = _Pending()
    token = _pending.set(pending)
    last = nullcontext() if connection.in_atomic_block else ends_transaction()
    try:
        with transaction.atomic(), last:
            yield
            for kind in KINDS:
                left = sorted(pending.ids[kind] - pending.deleted[kind])
                if left and _recorder is not None:
                    _recorder.note(kind, left, pending.kept[kind])
            if any(pending.to_index.values()) and _indexer is not None:
                _indexer(pending.to_index)
            if any(pending.ids.values()):
                changed()
    finally:
        _pending.reset(token)


@contextmanager
def by_hand() -> Iterator[None]:
    """Nothing that is written inside is noted or indexed: the caller promises to do it."""
    token = _pending.set(_Pending(silent=True))
    try:
        yield
    finally:
        _pending.reset(token)


M = TypeVar("M", bound=models.Model)


def locked(rows: models.QuerySet[M]) -> models.QuerySet[M]:
    """These rows, locked against other writers until the commit: in the order of their numbers,
    so that two writers of several never wait for each other in a ring.

    Not against those who only refer to them: a book is saved while its author is being edited.
    """
    no_key = connection.features.has_select_for_no_key_update
    return rows.order_by("pk").select_for_update(no_key=no_key)


class IndexedQuerySet(models.QuerySet[M]):
    """Bulk writes are indexed as well."""

    kind: ClassVar[str]
    indexed: ClassVar[frozenset[str]]  # fields whose update the index must hear of
    unseen: ClassVar[frozenset[str]] = frozenset()  # fields whose update is nobody's change
    key: ClassVar[str] = "pk"  # the column with the id of what is indexed

    def update(self, **kwargs: Any) -> int:
        """Raises the version of every row, but for fields that are nobody's change (`unseen`)."""
        if self.unseen.issuperset(kwargs):
            rows: int = super().update(**kwargs)
            return rows
        with deferred():
            # The rows by their keys: the change may be to what they were chosen by.
            ids = list(self.order_by().values_list(self.key, flat=True))
            also = self.moved_to(kwargs)
            about_to_write(self.kind, {*ids, *also})
            if self.key == "pk":
                raised = {"version": models.F("version") + 1, "updated_at": timezone.now()}
                kwargs = {**raised, **kwargs}
            rows = super().update(**kwargs)
            self.rewritten(ids, kwargs)
            written(self.kind, [*ids, *also], reindex=not self.indexed.isdisjoint(kwargs))
        return rows

    def moved_to(self, fields: dict[str, Any]) -> list[int]:
        """Keys of what else is written, for rows that an update gives to another record."""
        return []

    def rewritten(self, ids: list[int], fields: Iterable[str]) -> None:
        """For models that derive fields from the ones that were updated."""

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        key = self.model._meta.pk.name if self.key == "pk" else self.key
        with deferred():
            objs = list(objs)
            if self.key != "pk":
                about_to_write(self.kind, {getattr(row, key) for row in objs})
            created = super().bulk_create(objs, *args, **kwargs)
            written(self.kind, [pk for row in created if (pk := getattr(row, key))])
        return created

    def delete(self) -> tuple[int, dict[str, int]]:
        with deferred():
            ids = list(self.order_by().values_list(self.key, flat=True))
            (about_to_delete if self.key == "pk" else about_to_write)(self.kind, ids)
            return super().delete()

    update.alters_data = True  # type: ignore[attr-defined]
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]
