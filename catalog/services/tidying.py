"""Clears away the files that nothing refers to any more.

Kept are: what a record shows now, what it showed at any time in the last FILES_KEPT_DAYS (so that
a change or a deletion can be undone), attached files, and uploads whose form may still be open.
Nothing younger than a day is touched.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Exists, OuterRef
from django.utils import timezone

from catalog.models import Attachment, Note, Submission, Upload
from catalog.pictures import FIELDS, FOLDERS, parse
from catalog.services import files, recording

logger = logging.getLogger(__name__)

YOUNG = timedelta(days=1)
BATCH = 500


@dataclass
class Tidied:
    """What was cleared away."""

    files: int = 0
    uploads: int = 0
    attachments: int = 0
    notes: int = 0


@dataclass(frozen=True)
class Times:
    young: datetime  # what is younger may belong to a form that is being saved
    cutoff: datetime  # what was replaced or removed after it can be put back


@dataclass(frozen=True)
class Folder:
    """A folder of the storage with its files by their full names."""

    name: str
    files: list[str] = field(default_factory=list)


def tidy(now: datetime | None = None) -> Tidied:
    """Safe at any time and any number of times; takes no lock and blocks nobody."""
    now = now or timezone.now()
    times = Times(now - YOUNG, now - timedelta(days=settings.FILES_KEPT_DAYS))
    done = Tidied()
    Submission.objects.filter(created_at__lt=times.young).delete()
    _uploads(times, done)
    for kind, place in FOLDERS.items():
        _forgotten(kind, times.cutoff, done)
        waiting, folders = _waiting(place), _folders(place)
        while batch := list(islice(folders, BATCH)):
            done.files += _records(place, batch, waiting, times)
    logger.info(
        "Tidied: %d files, %d uploads, %d attached files and %d notes of deleted records",
        *(done.files, done.uploads, done.attachments, done.notes),
    )
    return done


# --- What is in the storage -------------------------------------------------------------------


def _folders(place: str) -> Iterator[Folder]:
    """The folders below one, each with all of its files."""
    if hasattr(default_storage, "bucket"):
        # A thousand names an answer; listdir() would ask once for every record.
        keys = (item.key for item in default_storage.bucket.objects.filter(Prefix=f"{place}/"))
        for name, names in groupby(keys, lambda key: "/".join(key.split("/", 2)[:2])):
            yield Folder(name, list(names))
        return
    for name in _listed(place)[0]:
        path = f"{place}/{name}"
        yield Folder(path, list(_inside(path)))


def _inside(path: str) -> Iterator[str]:
    folders, names = _listed(path)
    yield from (f"{path}/{name}" for name in names)
    for folder in folders:
        yield from _inside(f"{path}/{folder}")


def _listed(path: str) -> tuple[list[str], list[str]]:
    try:
        return default_storage.listdir(path)
    except FileNotFoundError:
        return [], []


def _discard(names: Iterable[str], before: datetime) -> int:
    """Remove those of these files that are older."""
    number = 0
    for name in names:
        try:
            if default_storage.get_modified_time(name) < before:
                default_storage.delete(name)
                number += 1
        except OSError:  # somebody else was quicker, or it cannot be removed: next time, perhaps
            continue
    return number


def _sweep(folder: Folder) -> None:
    """Folders that are empty go too; a bucket has none."""
    if hasattr(default_storage, "bucket"):
        return
    for path in (f"{folder.name}/files", folder.name):
        try:
            default_storage.delete(path)
        except OSError:
            continue  # not empty, or not there


# --- Uploads ----------------------------------------------------------------------------------


def _uploads(times: Times, done: Tidied) -> None:
    """Pictures whose form was never saved (or was), files that were removed long ago."""
    old = Upload.objects.filter(purpose=Upload.Purpose.PICTURE, created_at__lt=times.young)
    removed = Upload.objects.filter(purpose=Upload.Purpose.FILE, created_at__lt=times.cutoff)
    for upload in [*old.iterator(), *removed.iterator()]:
        # First: a row without its file would offer what is not there. Whoever put the file back
        # meanwhile has taken the row, and the file is theirs.
        if not Upload.objects.filter(pk=upload.pk).delete()[0]:
            continue
        name = parse(upload.file.name or "")
        files.discard(map(str, name.files()) if name else [upload.file.name or ""])
        done.uploads += 1
    known = {pk.hex for pk in Upload.objects.values_list("pk", flat=True)}
    for folder in _folders("uploads"):
        if folder.name.rpartition("/")[2] not in known:
            done.files += _discard(folder.files, times.young)
            _sweep(folder)


def _waiting(place: str) -> set[str]:
    """Removed files that can still be put back."""
    rows = Upload.objects.filter(purpose=Upload.Purpose.FILE, file__startswith=f"{place}/")
    return set(rows.values_list("file", flat=True))


# --- Records ----------------------------------------------------------------------------------


def _records(place: str, folders: list[Folder], waiting: set[str], times: Times) -> int:
    """The folders of some records: four queries at most, none for each of them."""
    kind = next(kind for kind in FOLDERS if FOLDERS[kind] == place)
    attached = Attachment.objects.filter(kind=kind, record_id__in=_ids(folders))
    used = waiting | set(attached.values_list("file", flat=True))
    if place in FIELDS:
        used |= _shown(kind, FIELDS[place], _ids(folders))
    suspects = [Folder(folder.name, sorted({*folder.files} - used)) for folder in folders]
    suspects = [folder for folder in suspects if folder.files]
    before: set[str] = set()
    if place in FIELDS and suspects:
        before = _shown_before(kind, FIELDS[place], _ids(suspects), times.cutoff)
    number = 0
    for folder in suspects:
        number += _discard([name for name in folder.files if name not in before], times.young)
        _sweep(folder)
    return number


def _ids(folders: Iterable[Folder]) -> list[int]:
    names = (folder.name.rpartition("/")[2] for folder in folders)
    return [int(name) for name in names if name.isdecimal() and len(name) < 19]


def _shown(kind: str, field_name: str, ids: list[int]) -> set[str]:
    records = recording.MODELS[kind]._base_manager.filter(pk__in=ids).exclude(**{field_name: ""})
    return _all_sizes(records.values_list(field_name, flat=True))


def _shown_before(kind: str, field_name: str, ids: list[int], cutoff: datetime) -> set[str]:
    """What these records showed at any time since the cutoff: what they showed then, and all
    that came after."""
    rows = recording.snapshots(kind).filter(id__in=ids).order_by("id", "history_id")
    names: set[str] = set()
    columns = ("id", "history_date", "history_type", field_name)
    for _pk, snapshots in groupby(rows.values_list(*columns), lambda row: row[0]):
        at_cutoff = ""
        for _id, date, change, name in snapshots:
            if date >= cutoff:
                names.add(name)
            else:
                at_cutoff = "" if change == recording.DELETED else name
        names.add(at_cutoff)
    return _all_sizes(names)


def _all_sizes(names: Iterable[str]) -> set[str]:
    found = (parse(name) for name in names if name)
    return {str(file) for name in found if name for file in name.files()}


def _forgotten(kind: str, cutoff: datetime, done: Tidied) -> None:
    """Notes and files of records that were deleted so long ago that nobody undoes it."""
    here = recording.MODELS[kind]._base_manager.filter(pk=OuterRef("record_id"))
    for model in (Attachment, Note):
        rows: Any = model._default_manager.filter(~Exists(here), kind=kind).order_by()
        ids = set(rows.values_list("record_id", flat=True))
        kept = recording.snapshots(kind).filter(id__in=ids, history_date__gte=cutoff)
        gone = ids - set(kept.values_list("id", flat=True))
        number, _by_model = model._default_manager.filter(kind=kind, record_id__in=gone).delete()
        if model is Note:
            done.notes += number
        else:
            done.attachments += number  # the files themselves are met below, without a row
