"""Takes the snapshots of the history, whoever writes: see `catalog.models.history`.

Registered with `catalog.models.indexed`, which calls it around every write of a record.
"""

from collections.abc import Collection, Iterable
from typing import Any

from django.db import models
from django.db.models import Max
from django.utils import timezone

from catalog.models import Attachment, Author, Book, Contribution, ImportRow, Publisher
from catalog.models.history import Origin, Source, current_origin
from catalog.models.indexed import record_with
from catalog.models.versioned import BOOKKEEPING, VersionedModel
from catalog.text import chunks

MODELS: dict[str, type[VersionedModel]] = {"book": Book, "author": Author, "publisher": Publisher}
BATCH = 500
ADDED, CHANGED, DELETED = "+", "~", "-"


def snapshots(kind: str) -> Any:
    """The library's manager of this kind's snapshots."""
    return MODELS[kind].history  # type: ignore[attr-defined]


def now(kind: str, ids: Collection[int]) -> dict[int, Any]:
    """The records as they are, each as a snapshot that is not saved: two queries, a book's four."""
    model = snapshots(kind).model
    names = [field.attname for field in model.tracked_fields]
    rows = MODELS[kind]._base_manager.filter(pk__in=ids).order_by("pk").values(*names)
    found = {row["id"]: model(**row, details={}) for row in rows}
    if not found:
        return found
    for pk, name in (
        Attachment.objects.filter(kind=kind, record_id__in=ids)
        .order_by("pk")
        .values_list("record_id", "name")
    ):
        if pk in found:
            found[pk].details.setdefault("files", []).append(name)
    if kind == "book":
        _add_credits(found)
    return found


def _add_credits(found: dict[int, Any]) -> None:
    credits = Contribution.objects.filter(book__in=list(found)).order_by("position", "pk")
    for pk, author, role, credited_as, name in credits.values_list(
        "book_id", "author_id", "role", "credited_as", "author__name"
    ):
        details = found[pk].details
        details.setdefault("credits", []).append([author, role, credited_as])
        details.setdefault("names", {})[str(author)] = name
    links = Book.subjects.through._default_manager.filter(book__in=list(found))
    for pk, subject in links.order_by("subject__name_key").values_list("book_id", "subject__name"):
        found[pk].details.setdefault("subjects", []).append(subject)


def state(snapshot: Any) -> dict[str, Any]:
    """What counts as a change of a record: its fields, credits, subjects and files."""
    fields = {
        field.attname: getattr(snapshot, field.attname)
        for field in snapshot.tracked_fields
        if field.attname not in BOOKKEEPING and field.attname != "created_by_id"
    }
    details = {name: value for name, value in snapshot.details.items() if name != "names" and value}
    return fields | details


def latest(kind: str, ids: Collection[int]) -> dict[int, Any]:
    """The last snapshot of each of these records, for those that have any. One query."""
    manager = snapshots(kind)
    if len(ids) == 1:
        last = manager.filter(id__in=ids).order_by("-history_id").first()
        return {last.id: last} if last else {}
    newest = manager.filter(id__in=ids).order_by().values("id").annotate(n=Max("history_id"))
    return {row.id: row for row in manager.filter(history_id__in=newest.values("n"))}


def keep(kind: str, ids: Collection[int], kept: dict[int, Any]) -> None:
    """Before a write: records without a history get a snapshot of what they are."""
    for batch in chunks(list(ids), BATCH):
        known = latest(kind, batch)
        missing = [pk for pk in batch if pk not in known]
        first = now(kind, missing) if missing else {}
        jobs = _import_jobs(first) if kind == "book" and first else {}
        for pk, snapshot in first.items():
            job = jobs.get(pk)
            snapshot.history_type = ADDED
            snapshot.history_date = snapshot.created_at
            snapshot.history_user_id = getattr(snapshot, "created_by_id", None)
            snapshot.import_job_id = job
            snapshot.source = Source.IMPORT if job else Source.COMMAND
        kept |= dict.fromkeys(batch) | known | first
        _write(kind, first.values())


def note(kind: str, ids: Collection[int], kept: dict[int, Any]) -> None:
    """After a write: a snapshot of what is different, and a version that no record had before."""
    origin = current_origin()
    for batch in chunks(list(ids), BATCH):
        before = {pk: kept[pk] for pk in batch if pk in kept}
        if strangers := [pk for pk in batch if pk not in kept]:
            before |= latest(kind, strangers)
        changed: list[Any] = []
        raised: dict[int, int] = {}
        for pk, snapshot in now(kind, batch).items():
            last = before.get(pk)
            is_new = last is None or last.history_type == DELETED  # made, or made again
            if not is_new and state(last) == state(snapshot):
                continue
            snapshot.history_type = ADDED if is_new else CHANGED
            if last is not None and snapshot.version <= last.version:
                snapshot.version = raised[pk] = last.version + 1
            changed.append(_signed(snapshot, origin))
            kept[pk] = snapshot
        _write(kind, changed)
        _raise_versions(kind, raised)


def note_deleted(kind: str, ids: Collection[int], kept: dict[int, Any]) -> None:
    """Before a deletion: the record's last snapshot, all that is needed to bring it back."""
    origin = current_origin()
    for batch in chunks(list(ids), BATCH):
        last = [_signed(snapshot, origin) for snapshot in now(kind, batch).values()]
        for snapshot in last:
            snapshot.history_type = DELETED
            kept[snapshot.id] = snapshot
        _write(kind, last)


def connect() -> None:
    from catalog.services import recording

    record_with(recording)


def _signed(snapshot: Any, origin: Origin) -> Any:
    snapshot.history_date = timezone.now()
    snapshot.history_user_id = origin.user.pk if origin.user else None
    snapshot.history_change_reason = origin.reason[:100] or None
    snapshot.source = origin.source
    snapshot.import_job_id = origin.import_job_id
    snapshot.bulk_edit_id = origin.bulk_edit_id
    return snapshot


def _write(kind: str, rows: Iterable[Any]) -> None:
    if rows := list(rows):
        snapshots(kind).model.objects.bulk_create(rows, batch_size=BATCH)


def _raise_versions(kind: str, rows: dict[int, int]) -> None:
    """A change of credits or subjects alone has not touched the record's own row."""
    for pk, version in rows.items():
        models.QuerySet(MODELS[kind]).filter(pk=pk).update(version=version)


def _import_jobs(ids: Collection[int]) -> dict[int, int]:
    """Which import made each of these books."""
    rows = ImportRow.objects.filter(book_id__in=list(ids), outcome=ImportRow.Outcome.CREATED)
    return dict(rows.order_by().values_list("book_id", "job_id"))
