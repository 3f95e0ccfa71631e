"""Putting back what records were: one record, one change of it, or thousands of records at once.

A snapshot is a state of a record (`recording.state`): its fields, credits, subjects and files.
Here a state is written to the record again, as a change like any other. Files and notes are not
written: they hang on the record by its number and are there again when the record is.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.files.storage import default_storage
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from catalog.models import Book, Contribution
from catalog.models.history import Source, origin
from catalog.models.indexed import about_to_write, deferred, locked, written
from catalog.models.versioned import VersionedModel
from catalog.services import recording
from catalog.services.books import find_subjects
from catalog.services.changes import (
    RELATED,
    differences,
    heading,
    previous,
    snapshot_kind,
    state,
    together,
)
from catalog.services.recording import CHANGED, DELETED, MODELS
from catalog.text import chunks, match_key

BATCH = 500
NOT_WRITTEN = frozenset({"files"})
PICTURES = ("cover", "headshot")


class CannotPutBack(Exception):
    """Why a state cannot be written, as a sentence for the person who asked."""


@dataclass
class Applied:
    """What came of writing states."""

    changed: list[int] = field(default_factory=list)
    created: list[int] = field(default_factory=list)  # they were gone and are there again
    same: list[int] = field(default_factory=list)  # nothing was left to do
    refused: dict[int, str] = field(default_factory=dict)  # sentences
    # Fields that somebody has changed since and that were therefore left alone.
    left: dict[int, frozenset[str]] = field(default_factory=dict)

    @property
    def written(self) -> list[int]:
        return self.changed + self.created


# --- Writing a state -------------------------------------------------------------------------


def apply_state(
    kind: str,
    pk: int,
    snapshot: Any,
    *,
    only: Collection[str] | None = None,
    bring_back: bool = False,
) -> VersionedModel:
    """Make a record what the snapshot has, or only these fields of it; returns the record.

    A record that is gone is made again with its old id, unless `only` is given. Raises
    CannotPutBack, and nothing is written: see `apply_states`.
    """
    applied = apply_states(kind, {pk: snapshot}, only=only, bring_back=bring_back)
    if applied.refused:
        raise CannotPutBack(applied.refused[pk])
    return MODELS[kind]._base_manager.get(pk=pk)


def apply_states(
    kind: str,
    snapshots: Mapping[int, Any],
    *,
    only: Collection[str] | Mapping[int, Collection[str]] | None = None,
    bring_back: bool = False,
) -> Applied:
    """The same for many records; the number of queries grows by the 500, not by the record.

    What cannot be written is refused record by record, with a sentence; the others are written.
    A publisher or author that the state names and that is gone: the one that has the same name
    now stands in; else it is brought back from its own last snapshot with `bring_back`, and
    without it the record is refused with a sentence that names who is gone. A subject is only
    its name: it is made again.
    """
    applied = Applied()
    with deferred():
        for batch in chunks(sorted(snapshots), BATCH):
            _Batch(kind, {pk: snapshots[pk] for pk in batch}, only, bring_back, applied).write()
    return applied


class _Batch:
    def __init__(
        self,
        kind: str,
        snapshots: dict[int, Any],
        only: Collection[str] | Mapping[int, Collection[str]] | None,
        bring_back: bool,
        applied: Applied,
    ) -> None:
        self.kind = kind
        self.model: Any = MODELS[kind]
        self.bring_back = bring_back
        self.names: dict[tuple[str, int], str] = {}  # of what is gone
        self.applied = applied
        self.partial = only is not None
        # Locked in this order by every writer of many; nobody changes them until the commit.
        rows = locked(self.model._base_manager.filter(pk__in=snapshots))
        self.records: dict[int, Any] = {row.pk: row for row in rows}
        self.wanted = {pk: self._wanted(pk, snapshots[pk], only) for pk in snapshots}
        self.snapshots = snapshots

    def _wanted(
        self, pk: int, snapshot: Any, only: Collection[str] | Mapping[int, Collection[str]] | None
    ) -> dict[str, Any]:
        names = only.get(pk, ()) if isinstance(only, Mapping) else only
        columns = {item.name: item.attname for item in snapshot.tracked_fields}
        chosen = None if names is None else {columns.get(name, name) for name in names}
        return {
            name: value
            for name, value in state(snapshot).items()
            if name not in NOT_WRITTEN and (chosen is None or name in chosen)
        }

    def write(self) -> None:
        self._refuse_gone()
        self._find_relatives()
        self._refuse_taken_names()
        if not self.wanted:
            return
        ids = list(self.wanted)
        now = recording.now(self.kind, [pk for pk in ids if pk in self.records])
        before = {pk: state(snapshot) for pk, snapshot in now.items()}
        todo = {
            pk: {
                name: value
                for name, value in self.wanted[pk].items()
                if pk not in before or before[pk].get(name) != value
            }
            for pk in ids
        }
        self.applied.same += [pk for pk in ids if pk in before and not todo[pk]]
        todo = {pk: names for pk, names in todo.items() if names or pk not in before}
        self._refuse_lost_pictures(todo)
        about_to_write(self.kind, todo)
        self._write_rows(todo)
        if self.kind == "book":
            _write_credits({pk: new["credits"] for pk, new in todo.items() if "credits" in new})
            _write_subjects({pk: new["subjects"] for pk, new in todo.items() if "subjects" in new})
        written(self.kind, todo)

    def _refuse(self, pk: int, sentence: str) -> None:
        self.applied.refused[pk] = sentence
        self.wanted.pop(pk, None)

    # --- What cannot be written --------------------------------------------------------------

    def _refuse_gone(self) -> None:
        if not self.partial:
            return
        for pk in [pk for pk in self.wanted if pk not in self.records]:
            name = heading(self.snapshots[pk])
            self._refuse(pk, _("“%(name)s” has been deleted.") % {"name": name})

    def _refuse_taken_names(self) -> None:
        """The unique constraints, said as sentences; every other rule held when it was noted."""
        if self.kind == "book":
            return
        fields = ("name", "qualifier") if self.kind == "author" else ("name",)
        named = {pk: new for pk, new in self.wanted.items() if not set(fields).isdisjoint(new)}

        def key(pk: int) -> tuple[str, ...]:
            values = [
                named[pk].get(name, getattr(self.records.get(pk), name, "")) for name in fields
            ]
            return (match_key(values[0]), *values[1:])

        keys = {pk: key(pk) for pk in named}
        wanted_names = {name for name, *_rest in keys.values()}
        others = self.model._base_manager.filter(name_key__in=wanted_names).exclude(pk__in=keys)
        taken = set(others.values_list("name_key", *fields[1:]))
        for pk, wanted in keys.items():
            if wanted in taken:
                self._refuse(pk, _taken(self.model))
            taken.add(wanted)

    def _refuse_lost_pictures(self, todo: dict[int, dict[str, Any]]) -> None:
        """A picture that was cleared away is not pointed to; all else is put back."""
        for pk, new in list(todo.items()):
            for name in PICTURES:
                if new.get(name) and not default_storage.exists(new[name]):
                    if pk in self.records and len(new) == 1:
                        self._refuse(pk, _("The picture of then is not kept any more."))
                        del todo[pk]
                    else:
                        new[name] = getattr(self.records.get(pk), name, "") or ""

    def _find_relatives(self) -> None:
        publishers = {new.get("publisher_id") for new in self.wanted.values()} - {None}
        authors = {
            author for new in self.wanted.values() for author, *_rest in new.get("credits", ())
        }
        found = {
            "publisher": self._standing_for("publisher", publishers),
            "author": self._standing_for("author", authors),
        }
        for pk, new in list(self.wanted.items()):
            gone = _gone(new, found)
            if gone:
                names = ", ".join(f"“{self._name(kind, item, pk)}”" for kind, item in gone)
                said = ngettext(
                    "%(names)s is deleted: bring that back first.",
                    "%(names)s are deleted: bring those back first.",
                    len(gone),
                )
                self._refuse(pk, said % {"names": names})
                continue
            if new.get("publisher_id"):
                new["publisher_id"] = found["publisher"][new["publisher_id"]]
            if new.get("credits"):
                new["credits"] = _once(
                    [found["author"][author], *rest] for author, *rest in new["credits"]
                )

    def _standing_for(self, kind: str, ids: Collection[Any]) -> dict[int, int]:
        """Who is meant by these ids today; an id that nobody stands for is missing."""
        found: dict[int, int] = {}
        model = MODELS[kind]
        for batch in chunks(sorted(ids), BATCH):
            found |= {
                pk: pk
                for pk in model._base_manager.filter(pk__in=batch).values_list("pk", flat=True)
            }
            lost = [pk for pk in batch if pk not in found]
            if not lost:
                continue
            last = {
                pk: row
                for pk, row in recording.latest(kind, lost).items()
                if row.history_type == DELETED
            }
            found |= _namesakes(kind, last)
            if self.bring_back:
                back = {pk: row for pk, row in last.items() if pk not in found}
                applied = apply_states(kind, back, bring_back=True)
                found |= {pk: pk for pk in applied.written}
        return found

    def _name(self, kind: str, pk: int, book: int) -> str:
        if kind == "author":
            name = self.snapshots[book].details.get("names", {}).get(str(pk))
            if name:
                return str(name)
        if (kind, pk) not in self.names:
            last = recording.latest(kind, [pk]).get(pk)
            nameless = f"{MODELS[kind]._meta.verbose_name} {pk}"
            self.names[kind, pk] = nameless if last is None else last.name
        return self.names[kind, pk]

    # --- Rows --------------------------------------------------------------------------------

    def _write_rows(self, todo: dict[int, dict[str, Any]]) -> None:
        rows: Any = models.QuerySet(self.model)
        names: set[str] = set()
        changed, created = [], []
        for pk, new in todo.items():
            record = self.records.get(pk)
            if record is None:
                created.append(self._again(pk, new))
                continue
            old = {name: getattr(record, name) for name in self.model.derived}
            columns = [name for name in new if name not in RELATED]
            for name in columns:
                setattr(record, name, new[name])
            record.derive()
            record.version += 1
            record.updated_at = timezone.now()
            names.update(columns)
            names.update(name for name, was in old.items() if getattr(record, name) != was)
            changed.append(record)
        if changed:
            rows.bulk_update(changed, sorted({*names, "version", "updated_at"}), batch_size=BATCH)
        if created:
            self._create(created)
        self.applied.changed += [record.pk for record in changed]
        self.applied.created += [record.pk for record in created]

    def _again(self, pk: int, new: dict[str, Any]) -> Any:
        snapshot = self.snapshots[pk]
        columns = {name: value for name, value in new.items() if name not in RELATED}
        record = self.model(pk=pk, version=snapshot.version, **columns)
        record.created_at = snapshot.created_at
        if hasattr(snapshot, "created_by_id"):
            record.created_by_id = snapshot.created_by_id
        record.derive()
        return record

    def _create(self, records: Sequence[Any]) -> None:
        people = {getattr(record, "created_by_id", None) or 0 for record in records}
        known = set(User._base_manager.filter(pk__in=people).values_list("pk", flat=True))
        for record in records:
            if getattr(record, "created_by_id", None) not in {None, *known}:
                record.created_by_id = None
        rows: Any = models.QuerySet(self.model)
        since = {record.pk: record.created_at for record in records}
        rows.bulk_create(records, batch_size=BATCH)
        for record in records:  # a record is as old as it was: auto_now_add would say "now"
            record.created_at = since[record.pk]
        rows.bulk_update(records, ["created_at"], batch_size=BATCH)


def _taken(model: type[models.Model]) -> str:
    unique = [rule for rule in model._meta.constraints if isinstance(rule, models.UniqueConstraint)]
    return str(unique[0].violation_error_message)


def _gone(new: dict[str, Any], found: dict[str, dict[int, int]]) -> list[tuple[str, int]]:
    gone = []
    if new.get("publisher_id") and new["publisher_id"] not in found["publisher"]:
        gone.append(("publisher", new["publisher_id"]))
    authors = dict.fromkeys(author for author, *_rest in new.get("credits", ()))
    return gone + [("author", pk) for pk in authors if pk not in found["author"]]


def _namesakes(kind: str, last: Mapping[int, Any]) -> dict[int, int]:
    """Whoever has the name of a deleted author or publisher today."""

    def key(row: Any) -> tuple[str, str]:
        return match_key(row.name), getattr(row, "qualifier", "")

    columns = ("name_key", "qualifier") if kind == "author" else ("name_key",)
    keys = {pk: key(row) for pk, row in last.items()}
    model: Any = MODELS[kind]
    rows = model._base_manager.filter(name_key__in={name for name, _rest in keys.values()})
    here = {(name, *(rest or [""])): pk for pk, name, *rest in rows.values_list("pk", *columns)}
    return {pk: here[wanted] for pk, wanted in keys.items() if wanted in here}


def _once(credits: Iterable[list[Any]]) -> list[list[Any]]:
    """Two that are one person today have a role once."""
    found: dict[tuple[int, str], list[Any]] = {}
    for credit in credits:
        found.setdefault((credit[0], credit[1]), credit)
    return list(found.values())


def _write_credits(wanted: Mapping[int, list[list[Any]]]) -> None:
    rows: Any = models.QuerySet(Contribution)
    rows.filter(book__in=list(wanted))._raw_delete(rows.db)  # nothing refers to them
    rows.bulk_create(
        [
            Contribution(
                book_id=book, author_id=author, role=role, credited_as=credited_as, position=place
            )
            for book, credits in wanted.items()
            for place, (author, role, credited_as) in enumerate(credits)
        ],
        batch_size=BATCH,
    )


def _write_subjects(wanted: Mapping[int, list[str]]) -> None:
    through = Book.subjects.through
    rows: Any = models.QuerySet(through)
    names = dict.fromkeys(name for subjects in wanted.values() for name in subjects)
    known = {match_key(subject.name, 100): subject.pk for subject in find_subjects(names)}
    rows.filter(book__in=list(wanted))._raw_delete(rows.db)
    rows.bulk_create(
        [
            through(book_id=book, subject_id=known[key])
            for book, subjects in wanted.items()
            for key in dict.fromkeys(match_key(name, 100) for name in subjects)
        ],
        batch_size=BATCH,
    )


# --- Putting changes back --------------------------------------------------------------------


def put_back_all(kind: str, changes: Iterable[Any], *, force: bool = False) -> Applied:
    """Undo these changes (snapshots), at most one of a record: thousands at once.

    Only the fields that a change changed are set to what they were before it. A field that has
    been changed again since is left alone and named in `left`; with `force` it is put back all
    the same. A deletion is undone by making the record again. Nothing undoes that a record was
    made: that is refused.
    """
    total = Applied()
    with deferred():
        for batch in chunks(list(changes), BATCH):
            _put_back_batch(kind, batch, force, total)
    return total


def _put_back_batch(kind: str, changes: list[Any], force: bool, total: Applied) -> None:
    before = previous(kind, changes)
    now = _now(kind, [change.id for change in changes])
    again: dict[int, Any] = {}
    back: dict[int, Any] = {}
    names: dict[int, frozenset[str]] = {}
    for change in changes:
        pk = change.id
        if change.history_type == DELETED:
            if pk in now:
                total.same.append(pk)
            else:
                again[pk] = change
            continue
        last = before.get(change.history_id)
        if change.history_type != CHANGED or last is None:
            total.refused[pk] = _("That a record was made is undone by deleting it.")
            continue
        wanted = changed_by(last, change)
        if pk in now and not force and (since := changed_since(last, change, now[pk])):
            total.left[pk] = since
            wanted -= since
        if wanted:
            back[pk], names[pk] = last, wanted
    for applied in (
        apply_states(kind, again, bring_back=True),
        apply_states(kind, back, only=names),
    ):
        total.changed += applied.changed
        total.created += applied.created
        total.same += applied.same
        total.refused |= applied.refused


def changed_by(before: Any, change: Any) -> frozenset[str]:
    """What putting this change back would write."""
    return together(differences(before, change) - NOT_WRITTEN)


def changed_since(before: Any, change: Any, now: Any) -> frozenset[str]:
    """Which of these fields somebody has changed again, unless to what they were before."""
    again = together(differences(change, now)) & together(differences(before, now))
    return changed_by(before, change) & again


def _now(kind: str, ids: Collection[int]) -> dict[int, Any]:
    """The records as they are, locked: nobody changes them between comparing and writing."""
    rows = locked(MODELS[kind]._base_manager.filter(pk__in=ids))
    list(rows.values_list("pk", flat=True))
    return recording.now(kind, ids)


# --- One change ------------------------------------------------------------------------------


class ChangedSince(Exception):
    """Fields that would be put back were changed again: somebody has to say whether they go."""

    def __init__(self, names: frozenset[str], version: int) -> None:
        super().__init__(", ".join(sorted(names)))
        self.names = names
        self.version = version


def put_back(
    change: Any, *, user: User, only: Collection[str] | None = None, seen: int | None = None
) -> bool:
    """Set the fields that a change changed, or only some, to what they were before it.

    Whether there was anything left to do. Raises CannotPutBack with a sentence; and ChangedSince
    if a field was changed again, unless `seen` is the record's version: then whoever asks has
    seen what it is now.
    """
    kind = snapshot_kind(change)
    before = previous(kind, [change]).get(change.history_id)
    if change.history_type != CHANGED or before is None:
        raise CannotPutBack(_("That a record was made is undone by deleting it."))
    names = changed_by(before, change)
    if only is not None:
        names &= together(only)
    if not names:
        raise CannotPutBack(_("Nothing of this change can be put back."))
    with origin(Source.UNDO, user=user, reason=reason_for(change)), deferred():
        now = _now(kind, [change.id]).get(change.id)
        if now is None:
            raise CannotPutBack(_("“%(name)s” has been deleted.") % {"name": heading(change)})
        since = changed_since(before, change, now) & names
        if since and seen != now.version:
            raise ChangedSince(since, now.version)
        applied = apply_states(kind, {change.id: before}, only=names)
        if applied.refused:
            raise CannotPutBack(applied.refused[change.id])
    return bool(applied.changed)


def reason_for(change: Any) -> str:
    """Noted with what puts a change back; `undone_by_reason` reads it."""
    return f"{_UNDOES}{change.history_id}"


def undone_by_reason(reason: str | None) -> int | None:
    """Which change was put back by the one with this reason."""
    number = (reason or "").removeprefix(_UNDOES)
    return int(number) if number != reason and number.isdecimal() else None


_UNDOES = "undoes "
