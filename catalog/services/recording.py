"""Takes the snapshots of the history, whoever writes: see `catalog.models.history`.

Registered with `catalog.models.indexed`, which calls it around every write of a record.
"""

from collections.abc import Collection, Iterable
from hashlib import blake2b
from typing import Any, NamedTuple

from django.db import connection, models
from django.db.models import Max
from django.db.models.signals import pre_delete
from django.utils import timezone

from catalog.models import Attachment, Author, Book, Contribution, ImportRow, Publisher, Subject
from catalog.models.history import Origin, Source, current_origin
from catalog.models.indexed import locked as locked_rows
from catalog.models.indexed import record_with
from catalog.models.versioned import BOOKKEEPING, VersionedModel
from catalog.text import chunks

MODELS: dict[str, type[VersionedModel]] = {"book": Book, "author": Author, "publisher": Publisher}
BATCH = 500
ADDED, CHANGED, DELETED = "+", "~", "-"


class Kept(NamedTuple):
    """What has to be known of a record's last snapshot while it is written: little, for there
    may be a million of them."""

    version: int
    deleted: bool
    digest: bytes


def kept_of(snapshot: Any) -> Kept:
    text = repr(sorted(state(snapshot).items()))
    digest = blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
    return Kept(snapshot.version, snapshot.history_type == DELETED, digest)


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


def keep(kind: str, ids: Collection[int], kept: dict[int, Any], *, locked: bool = False) -> None:
    """Before a write: records without a history get a snapshot of what they are.

    The records are locked until the commit, unless the caller has done it: of two writers at
    the same time only one writes the first snapshot, and each change has a version of its own.
    """
    for batch in chunks(sorted(ids), BATCH):
        if not locked:
            _lock(kind, batch)
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
            snapshot.alone = job is None
        kept |= dict.fromkeys(batch)
        kept |= {pk: kept_of(snapshot) for pk, snapshot in (known | first).items()}
        _write(kind, first.values())


def note(kind: str, ids: Collection[int], kept: dict[int, Any]) -> None:
    """After a write: a snapshot of what is different, and a version that no record had before."""
    origin = current_origin()
    for batch in chunks(sorted(ids), BATCH):
        before: dict[int, Kept | None] = {pk: kept[pk] for pk in batch if pk in kept}
        if strangers := [pk for pk in batch if pk not in kept]:
            before |= {pk: kept_of(last) for pk, last in latest(kind, strangers).items()}
        changed: list[Any] = []
        raised: dict[int, int] = {}
        for pk, snapshot in now(kind, batch).items():
            last = before.get(pk)
            is_new = last is None or last.deleted  # made, or made again
            if last is not None and not is_new and last.digest == kept_of(snapshot).digest:
                continue
            snapshot.history_type = ADDED if is_new else CHANGED
            if last is not None and snapshot.version <= last.version:
                snapshot.version = raised[pk] = last.version + 1
            changed.append(_signed(snapshot, origin))
            kept[pk] = kept_of(snapshot)
        _write(kind, changed)
        _raise_versions(kind, raised)


def note_deleted(kind: str, ids: Collection[int], kept: dict[int, Any]) -> None:
    """Before a deletion: the record's last snapshot, all that is needed to bring it back."""
    origin = current_origin()
    for batch in chunks(sorted(ids), BATCH):
        last = [_signed(snapshot, origin) for snapshot in now(kind, batch).values()]
        for snapshot in last:
            snapshot.history_type = DELETED
            # Only books are deleted many at once; of another record that takes leave of its
            # books, these are the many.
            snapshot.alone |= kind != "book"
            kept[snapshot.id] = kept_of(snapshot)
        _write(kind, last)


def connect() -> None:
    from catalog.services import recording

    record_with(recording)
    pre_delete.connect(_subject_goes, sender=Subject, dispatch_uid="history_subject")


def _subject_goes(instance: Subject, **kwargs: Any) -> None:
    """The database takes it out of its books without a word to anybody."""
    instance.books.clear()


def _signed(snapshot: Any, origin: Origin) -> Any:
    snapshot.history_date = timezone.now()
    snapshot.history_user_id = origin.user.pk if origin.user else None
    snapshot.history_change_reason = origin.reason[:100] or None
    snapshot.source = origin.source
    snapshot.import_job_id = origin.import_job_id
    snapshot.bulk_edit_id = origin.bulk_edit_id
    snapshot.alone = origin.import_job_id is None and origin.bulk_edit_id is None
    return snapshot


def _lock(kind: str, ids: Collection[int]) -> None:
    if not connection.features.has_select_for_update:
        return  # SQLite's transactions are alone from their first statement
    list(locked_rows(MODELS[kind]._base_manager.filter(pk__in=ids)).values_list("pk", flat=True))


def _write(kind: str, rows: Iterable[Any]) -> None:
    if rows := list(rows):
        snapshots(kind).model.objects.bulk_create(rows, batch_size=BATCH)


def _raise_versions(kind: str, rows: dict[int, int]) -> None:
    """A change of credits or subjects alone has not touched the record's own row."""
    by_version: dict[int, list[int]] = {}
    for pk, version in rows.items():
        by_version.setdefault(version, []).append(pk)
    for version, ids in by_version.items():
        models.QuerySet(MODELS[kind]).filter(pk__in=ids).update(
            version=version, updated_at=timezone.now()
        )


def _import_jobs(ids: Collection[int]) -> dict[int, int]:
    """Which import made each of these books."""
    rows = ImportRow.objects.filter(book_id__in=list(ids), outcome=ImportRow.Outcome.CREATED)
    return dict(rows.order_by().values_list("book_id", "job_id"))
