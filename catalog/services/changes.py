"""Reading the history: what was changed, by whom, of one record or of all."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any

from django.db import models

from accounts.models import User
from catalog.models import BulkEdit, ImportJob, ImportRow
from catalog.models.job import Job
from catalog.services import recording
from catalog.services.recording import MODELS
from catalog.text import chunks

BATCH = 500
RELATED = ("credits", "subjects")  # of a book, beside its columns
# Columns that say one thing together: they are shown as one and put back together.
GROUPS = {"isbn": ("isbn", "isbn_entered", "isbn_repaired"), "price": ("price", "currency")}
PAGE = 20  # changes of one record
RECENT = 40  # changes of all records


# --- States ----------------------------------------------------------------------------------


def state(snapshot: Any) -> dict[str, Any]:
    """What the record was; credits and subjects are always there, however empty."""
    found = recording.state(snapshot)
    for name in (*RELATED, "files") if snapshot_kind(snapshot) == "book" else ("files",):
        found.setdefault(name, [])
    return found


def snapshot_kind(snapshot: Any) -> str:
    """ "book", "author" or "publisher": what this is a snapshot of."""
    return str(snapshot.instance_type._meta.model_name)


def heading(snapshot: Any) -> str:
    """What the record was called."""
    return str(getattr(snapshot, "title", "") or getattr(snapshot, "name", ""))


def differences(before: Any, after: Any) -> frozenset[str]:
    """Which fields two snapshots of a record differ in: columns, credits, subjects, files."""
    old, new = state(before), state(after)
    return frozenset(name for name, value in new.items() if old.get(name) != value)


def together(names: Collection[str]) -> frozenset[str]:
    """These fields with those that belong to them."""
    found = set(names)
    for group in GROUPS.values():
        if not found.isdisjoint(group):
            found.update(group)
    return frozenset(found)


def previous(kind: str, changes: Collection[Any]) -> dict[int, Any]:
    """The snapshot before each of these, by `history_id`; none for the first of a record.

    Two queries for every 500.
    """
    found: dict[int, Any] = {}
    manager = recording.snapshots(kind)
    for batch in chunks(list(changes), BATCH):
        earlier = manager.filter(
            id=models.OuterRef("id"), history_id__lt=models.OuterRef("history_id")
        ).order_by("-history_id")
        pairs = (
            manager.filter(history_id__in=[change.history_id for change in batch])
            .order_by()
            .values_list("history_id", models.Subquery(earlier.values("history_id")[:1]))
        )
        before = {pk: last for pk, last in pairs if last}
        rows = {row.history_id: row for row in manager.filter(history_id__in=before.values())}
        found |= {pk: rows[last] for pk, last in before.items() if last in rows}
    return found


# --- One record ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """A snapshot with the one before it; without one it is the first that is known."""

    snapshot: Any
    before: Any | None

    @property
    def names(self) -> frozenset[str]:
        return frozenset() if self.before is None else differences(self.before, self.snapshot)


def changes_of(
    kind: str, pk: int, *, upto: int | None = None, size: int = PAGE
) -> tuple[list[Change], int | None]:
    """The changes of a record, newest first, and where the next page begins. One query."""
    rows = recording.snapshots(kind).filter(id=pk)
    if upto is not None:
        rows = rows.filter(history_id__lte=upto)
    rows = rows.select_related("history_user", "import_job", "bulk_edit")
    rows = rows.defer("import_job__options", "bulk_edit__selection", "bulk_edit__left_alone")
    found = list(rows.order_by("-history_id")[: size + 1])
    shown = found[:size]
    changes = [
        Change(row, found[place + 1] if place + 1 < len(found) else None)
        for place, row in enumerate(shown)
    ]
    return changes, found[size].history_id if len(found) > size else None


def import_rows_of(book: int) -> list[ImportRow]:
    """The rows of files that made this book or filled it in. One query."""
    brought = (ImportRow.Outcome.CREATED, ImportRow.Outcome.UPDATED)
    rows = ImportRow.objects.filter(book=book, outcome__in=brought).select_related("job")
    return list(rows.defer("raw", "notes", "job__options").order_by("pk")[:200])


# --- All records -----------------------------------------------------------------------------

STREAMS = ("book", "author", "publisher", "import", "bulk")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Mark:
    """A place in the recent changes: when, of which stream, which row. Later ones come first."""

    at: datetime
    stream: int
    pk: int

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}.{self.stream}.{self.pk}"

    @classmethod
    def read(cls, text: str) -> "Mark | None":
        """None for anything that is no mark: the page begins at the newest then."""
        try:
            at, stream, pk = map(int, text.split("."))
            return cls(_EPOCH + timedelta(microseconds=at), stream, pk)
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True)
class Recent:
    """One line of the recent changes: a snapshot, or an import or bulk change as a whole."""

    mark: Mark
    row: Any

    @property
    def stream(self) -> str:
        return STREAMS[self.mark.stream]


def recent(
    *, user: User | None = None, before: Mark | None = None, size: int = RECENT
) -> tuple[list[Recent], Mark | None]:
    """The latest changes of all records, newest first, and the mark of the last if there is more.

    A query for each of five tables, each along an index of its own: nothing is counted.
    """
    streams = [_stream(number, user, before, size + 1) for number in range(len(STREAMS))]
    lines = merge(*streams, key=lambda line: line.mark, reverse=True)
    found = list(islice(lines, size + 1))
    return found[:size], found[size - 1].mark if len(found) > size else None


def _stream(number: int, user: User | None, before: Mark | None, size: int) -> Iterator[Recent]:
    name = STREAMS[number]
    rows: Any
    if name in MODELS:
        rows, when, who, key = (
            recording.snapshots(name),
            "history_date",
            "history_user",
            "history_id",
        )
        # Not `alone=True`, which becomes a bare column: of the three only PostgreSQL finds that
        # in an index.
        rows = rows.filter(alone__in=[True]).select_related("history_user")
    else:
        when, who, key = "created_at", "created_by", "pk"
        rows = ImportJob.objects if name == "import" else BulkEdit.objects
        rows = rows.exclude(state=Job.State.MAPPING).select_related("created_by")
        rows = rows.defer("options" if name == "import" else "selection")
    if user is not None:
        rows = rows.filter(**{who: user})
    if before is not None:
        # A range of the index; what stands at the very moment is compared row by row.
        rows = rows.filter(**{f"{when}__lte": before.at})
        if number == before.stream:
            rows = rows.exclude(**{when: before.at, f"{key}__gte": before.pk})
        elif number > before.stream:
            rows = rows.exclude(**{when: before.at})
    for row in rows.order_by(f"-{when}", f"-{key}")[:size]:
        yield Recent(Mark(getattr(row, when), number, getattr(row, key)), row)
