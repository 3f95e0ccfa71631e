"""Deleting a record, moving the books that it leaves behind, and bringing it back.

What is needed to undo a deletion is the record's last snapshot. Books that were moved to another
publisher or author are changes of a `BulkEdit`, to which that snapshot leads: so one undo brings
the record back and its books to it.
"""

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Author, Book, BulkEdit, Contribution, Publisher
from catalog.models.history import Source, origin
from catalog.models.indexed import deferred, locked
from catalog.models.versioned import RecordGone, VersionedModel, record_kind
from catalog.services import bulk_edit, history, recording
from catalog.services.books import credit_instead
from catalog.services.history import CannotPutBack
from catalog.text import chunks, match_key

AT_ONCE = 1_000  # books that are moved while somebody waits: some four seconds
BATCH = 500
LARGEST_ID = 2**63 - 1  # an address may have any number; databases refuse to look for more


class StillHasBooks(Exception):
    """The record has books (`number`) that nobody said what to do with; nothing was deleted."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class TooManyBooks(StillHasBooks):
    """More than are moved while somebody waits."""


class ReplacementGone(Exception):
    """Whoever was to get the books is deleted, or is the record itself; nothing was deleted."""


class AlreadyThere(Exception):
    """The record is in the catalogue: somebody else has brought it back."""


class NeverThere(Exception):
    """No deleted record has this number."""


class NameTaken(CannotPutBack):
    """Another record has the name now (`record`)."""

    def __init__(self, sentence: str, record: VersionedModel) -> None:
        super().__init__(sentence)
        self.record = record


@dataclass(frozen=True)
class Deletion:
    moved: int = 0  # books that have another publisher or author now, or none


@dataclass(frozen=True)
class Return:
    """What came of bringing a record back."""

    record: Any
    also: tuple[str, ...] = ()  # names of whom it needed and who had been deleted as well
    moved: int = 0  # books that are its own again
    left: int = 0  # books that somebody has changed since: they stay as they are


# --- Deleting --------------------------------------------------------------------------------


def delete_record(
    record: VersionedModel,
    user: User | None,
    *,
    replacement: Author | Publisher | None = None,
    leave: bool = False,
    expected: int | None = None,
) -> Deletion:
    """Delete a record: all or nothing, in one transaction; not inside `deferred()`.

    Its books go to `replacement`, or with `leave` have no publisher. With neither, or when there
    are more than the `expected` number that somebody was shown, StillHasBooks is raised. Raises
    RecordGone when somebody was quicker. Notes and files stay where they are: see `attached`.
    """
    reason = _("“%(name)s” was deleted") % {"name": str(record)[:70]}
    with transaction.atomic():
        books = _lock(record, replacement)
        moving = replacement is not None or leave
        if books and (not moving or (expected is not None and len(books) > expected)):
            raise StillHasBooks(len(books))
        if len(books) > AT_ONCE:
            raise TooManyBooks(len(books))
        edit = _noted(record, replacement, len(books), user) if books else None
        with origin(user=user, bulk_edit_id=edit.pk if edit else None, reason=reason), deferred():
            for batch in chunks(books, BATCH):
                _move(record, replacement, batch)
            try:
                record.delete()
            except models.ProtectedError as error:  # a book that came in this moment
                raise StillHasBooks(len(error.protected_objects)) from error
    return Deletion(len(books))


def books_of(record: VersionedModel, most: int) -> list[int]:
    """The numbers of so many books of a publisher or an author; one query."""
    if isinstance(record, Publisher):
        rows = Book.objects.filter(publisher=record.pk).order_by("sort_title", "pk")
        return list(rows.values_list("pk", flat=True)[:most])
    if isinstance(record, Author):
        credits = Contribution.objects.filter(author=record.pk).order_by("book_id")
        return list(credits.values_list("book_id", flat=True).distinct()[:most])
    return []


def _lock(record: VersionedModel, replacement: Author | Publisher | None) -> list[int]:
    """Nobody changes the record and its books until the commit; returns the books.

    Books first, as whoever saves a book does: so two writers never wait for each other.
    """
    books = books_of(record, AT_ONCE + 1)
    if books:
        list(locked(Book._base_manager.filter(pk__in=books)).values_list("pk", flat=True))
    wanted = {record.pk} | ({replacement.pk} if replacement is not None else set())
    people = type(record)._base_manager.filter(pk__in=wanted)
    there = set(locked(people).values_list("pk", flat=True))
    # Nor does anybody begin to refer to what goes: so this is the stronger lock.
    list(people.filter(pk=record.pk).select_for_update().values_list("pk", flat=True))
    if record.pk not in there:
        raise RecordGone(f"{record._meta.verbose_name} {record.pk}")
    if replacement is not None and (len(wanted) == 1 or there != wanted):
        raise ReplacementGone
    return books


def _noted(
    record: VersionedModel, replacement: Author | Publisher | None, number: int, user: User | None
) -> BulkEdit:
    """The move as a bulk change that is done: its snapshots are what undo goes by."""
    kind, now = record_kind(record), timezone.now()
    return BulkEdit.objects.create(
        created_by=user,
        action=BulkEdit.Action.CHANGE,
        selection={"filter": f"{kind}={record.pk}", "deleted": str(record)},
        changes={kind: None if replacement is None else replacement.pk},
        state=BulkEdit.State.DONE,
        total=number,
        done=number,
        changed=number,
        started_at=now,
        finished_at=now,
    )


def _move(record: VersionedModel, to: Author | Publisher | None, books: list[int]) -> None:
    if isinstance(record, Publisher):
        Book.objects.filter(pk__in=books, publisher=record.pk).update(publisher=to)
        return
    assert isinstance(to, Author)  # noqa: S101 - a credit is somebody's
    credit_instead(record.pk, to.pk, books)


# --- Bringing back ---------------------------------------------------------------------------


def last_words(kind: str, pk: int) -> Any:
    """The snapshot of a deletion, if this record is deleted; two queries."""
    last = recording.latest(kind, [pk]).get(pk) if pk <= LARGEST_ID else None
    if last is None or last.history_type != recording.DELETED:
        return None
    return None if recording.MODELS[kind]._base_manager.filter(pk=pk).exists() else last


def name_of(snapshot: Any) -> str:
    """What the record was called."""
    return str(getattr(snapshot, "title", "") or getattr(snapshot, "name", ""))


def undelete(kind: str, pk: int, user: User | None) -> Return:
    """Make a deleted record again: its number, fields, credits, subjects, notes, files, history.

    Books that were moved when it was deleted are its own again, unless somebody has given them
    to others since. Whom a book needs and who has been deleted as well comes back with it.
    Raises AlreadyThere, NeverThere, and CannotPutBack with a sentence.
    """
    model: Any = recording.MODELS[kind]
    last = last_words(kind, pk)
    if last is None:
        raise AlreadyThere if model._base_manager.filter(pk=pk).exists() else NeverThere
    needed = _needed(last) if kind == "book" else {}
    reason = _("“%(name)s” was brought back") % {"name": name_of(last)[:70]}
    move = last.bulk_edit if kind != "book" else None  # a book may be one of many deleted together
    changes = list(Book.history.filter(bulk_edit=move)) if move else []
    moved = left = 0
    try:
        with transaction.atomic():
            edit = _return_noted(move, len(changes), user) if move and changes else None
            bulk_edit_id = edit.pk if edit else None
            with (
                origin(Source.UNDO, user=user, bulk_edit_id=bulk_edit_id, reason=reason),
                deferred(),
            ):
                try:
                    history.apply_state(kind, pk, last, bring_back=True)
                except CannotPutBack as error:
                    raise _explained(kind, last, error) from error
                if edit:
                    moved, left, *_rest = done = bulk_edit.put_back(changes)
                    bulk_edit.note(edit, done)
    except IntegrityError:
        if model._base_manager.filter(pk=pk).exists():  # somebody was quicker by a moment
            raise AlreadyThere from None
        raise
    record = model._base_manager.get(pk=pk)  # its version was raised at the end
    return Return(record, _returned(needed), moved, left)


def _return_noted(move: BulkEdit, number: int, user: User | None) -> BulkEdit:
    """The return of the books as one change, as their move was."""
    now = timezone.now()
    return BulkEdit.objects.create(
        created_by=user,
        action=BulkEdit.Action.UNDO,
        undoes=move,
        state=BulkEdit.State.DONE,
        total=number,
        done=number,
        started_at=now,
        finished_at=now,
    )


def _needed(last: Any) -> dict[str, set[int]]:
    """Publisher and authors of a deleted book who are gone themselves."""
    wanted = {
        "publisher": {last.publisher_id} - {None},
        "author": {author for author, *_rest in last.details.get("credits", ())},
    }
    return {kind: ids - _there(kind, ids) for kind, ids in wanted.items() if ids}


def _there(kind: str, ids: set[int]) -> set[int]:
    rows = recording.MODELS[kind]._base_manager.filter(pk__in=ids)
    return set(rows.values_list("pk", flat=True))


def _returned(needed: dict[str, set[int]]) -> tuple[str, ...]:
    return tuple(
        str(record)
        for kind, ids in needed.items()
        if ids
        for record in recording.MODELS[kind]._base_manager.filter(pk__in=ids).order_by("pk")
    )


def _explained(kind: str, last: Any, error: CannotPutBack) -> CannotPutBack:
    """Who has the name now, where that is the reason."""
    if kind == "book":
        return error
    model: Any = recording.MODELS[kind]
    named = model._base_manager.filter(name_key=match_key(last.name))
    if kind == "author":
        named = named.filter(qualifier=last.qualifier)
    namesake = named.first()
    if namesake is None:
        return error
    sentence = _(
        "“%(name)s” cannot be brought back: another record has that name now. Rename that one "
        "first, or go on with it."
    ) % {"name": last.name}
    return NameTaken(sentence, namesake)
