"""Changing or deleting many books together, and putting that back as one.

A bulk change is a job (`catalog.services.jobs`): a draft until it is confirmed, then done in
chunks of one transaction each. What was selected is fixed when it is confirmed, as numbers of
books, so that a change to what the list was filtered by skips nobody. A chunk sets its own
fields and no others, on rows that are locked in the order of their numbers: what somebody else
changes in a book at the same time is kept, and where both change one field the history has both.
"""

import base64
import zlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import accumulate
from typing import Any
from uuid import uuid4

from django.db import Error, IntegrityError, models, transaction
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Author, Book, BulkEdit, Publisher
from catalog.models.history import Source, origin
from catalog.models.indexed import about_to_write, deferred, locked, written
from catalog.services import bulk_change, history, jobs
from catalog.services.books import (
    Picked,
    credit_instead,
    find_picked_publisher,
    find_subjects,
)
from catalog.services.bulk_change import (
    SUBJECT_LENGTH,
    WHOLE,
    Change,
    Decision,
    LeftAlone,
    Tally,
    Why,
    added,
    credited_in,
    decide,
    subjects_of,
    tally,
)
from catalog.services.database_errors import is_full
from catalog.text import chunks, match_key

State = BulkEdit.State
Action = BulkEdit.Action
AT_ONCE = 200  # books; more are changed in the background
CHUNK = 500
DRAFTS_KEPT = timedelta(days=7)


class Refused(Exception):
    """Nothing was begun; the text says why, for the person who asked."""


class MoreThanShown(Refused):
    """More books fit than the preview had said."""


# --- What was selected ------------------------------------------------------------------------


def pack(ids: Iterable[int]) -> str:
    """Numbers of books as a text: small where they are close together, as those of a list are."""
    numbers = array("q", sorted(set(ids)))
    steps = array("q", (b - a for a, b in zip([0, *numbers], numbers, strict=False)))
    return base64.b64encode(zlib.compress(steps.tobytes(), 6)).decode()


def unpack(text: str) -> "array[int]":
    """The numbers, in their order; eight bytes each."""
    steps = array("q")
    steps.frombytes(zlib.decompress(base64.b64decode(text)))
    return array("q", accumulate(steps))


# --- Beginning --------------------------------------------------------------------------------


def draft(
    user: User,
    action: str,
    *,
    ids: Iterable[int] | None = None,
    filtered: str = "",
    list_: str,
    change: Change | None = None,
) -> BulkEdit:
    """What somebody has selected, kept until it is confirmed; `change` if they have said it."""
    old = timezone.now() - DRAFTS_KEPT
    BulkEdit.objects.filter(state=State.MAPPING, created_at__lt=old, undoes=None).delete()
    selection = {"filter": filtered} if ids is None else {"packed": pack(ids)}
    return BulkEdit.objects.create(
        created_by=user,
        action=action,
        selection={**selection, "list": list_},
        changes=change.as_json() if change else {},
    )


def start(job: BulkEdit, *, ids: Iterable[int], expected: int | None = None) -> BulkEdit:
    """Do it: at once if they are few, else in the background. Pressed twice it is done once.

    `expected` is the number that the preview showed: if more fit by now, nobody has agreed to
    those, and MoreThanShown is raised.
    """
    selected = list(ids)
    if expected is not None and len(selected) > expected:
        raise MoreThanShown(
            _("More books fit by now: %(number)s instead of %(shown)s. Nothing was changed yet.")
            % {"number": number_format(len(selected)), "shown": number_format(expected)}
        )
    if not selected:
        raise Refused(_("None of these books is there any more."))
    fields: dict[str, Any] = {
        "selection": {**job.selection, "packed": pack(selected)},
        "total": len(set(selected)),
        "started_at": timezone.now(),
    }
    here = len(selected) <= AT_ONCE
    with transaction.atomic():
        change = Change.from_json(job.changes)
        if change.publisher and change.publisher.pk is None:
            fields["changes"] = _with_publisher(job, change.publisher)
        if here:
            fields |= {
                "state": State.RUNNING,
                "claimed_by": uuid4().hex,
                "heartbeat_at": timezone.now(),
            }
            begun = bool(BulkEdit.objects.filter(pk=job.pk, state=State.MAPPING).update(**fields))
        else:
            begun = jobs.queue(job, **fields)
    job.refresh_from_db()
    if begun and here:
        run(job)
    return job


def _with_publisher(job: BulkEdit, picked: Picked) -> dict[str, Any]:
    """Make the publisher that the change names, once for all books."""
    with origin(Source.LIST, user=job.created_by, bulk_edit_id=job.pk):
        publisher = find_picked_publisher(picked)
    assert publisher is not None  # noqa: S101 - there is a name
    return {**job.changes, "publisher": {"id": publisher.pk, "name": publisher.name}}


def existing(job: BulkEdit) -> "array[int]":
    """Of the books that were selected one by one those that are there."""
    found = array("q")
    for ids in chunks(unpack(job.selection["packed"]).tolist(), 10_000):
        there = Book.objects.filter(pk__in=ids).order_by("pk")
        found.extend(there.values_list("pk", flat=True))
    return found


# --- Putting back -----------------------------------------------------------------------------


def can_be_undone(job: BulkEdit) -> bool:
    return (
        job.action != Action.UNDO
        and job.state in (State.DONE, State.CANCELLED, State.FAILED)
        and job.changed > 0
        and not job.is_move
    )


def undo_of(job: BulkEdit) -> BulkEdit | None:
    return BulkEdit.objects.filter(undoes=job).select_related("created_by").first()


def undo(job: BulkEdit, user: User) -> BulkEdit:
    """Put back what this change did, and only that; pressed twice it is done once.

    A field that somebody has changed again since is left alone. One that was stopped goes on.
    """
    if not can_be_undone(job):
        raise Refused(_("This cannot be put back."))
    changed = Book.history.filter(bulk_edit=job).order_by("id").values_list("id", flat=True)
    if not changed.exists():
        raise Refused(_("What these books were is not kept any more."))
    try:
        with transaction.atomic():
            back, _made = BulkEdit.objects.get_or_create(
                undoes=job, defaults={"created_by": user, "action": Action.UNDO}
            )
    except IntegrityError:  # the other of two clicks
        back = BulkEdit.objects.get(undoes=job)
    if back.state == State.MAPPING:  # new, or its process ended in the middle of this
        return start(back, ids=changed.iterator(chunk_size=10_000))
    if back.state in (State.CANCELLED, State.FAILED):
        jobs.queue(
            back, out_of=State(back.state), cancel_requested=False, error="", finished_at=None
        )
        back.refresh_from_db()
    return back


# --- Doing it ---------------------------------------------------------------------------------


def run(job: BulkEdit) -> None:
    """Do what is left of a claimed job; see `jobs.run`."""
    jobs.run(job, lambda: _work(job), reason=_reason, refusals=(Refused,))


def _work(job: BulkEdit) -> bool:
    ids = unpack(job.selection["packed"])
    while job.done < len(ids):
        if jobs.STOP.is_set():
            return False
        batch = ids[job.done : job.done + CHUNK].tolist()
        jobs.insist(job, lambda batch=batch: _commit(job, batch))  # type: ignore[misc]
    return True


def _commit(job: BulkEdit, ids: list[int]) -> None:
    source = Source.UNDO if job.action == Action.UNDO else Source.LIST
    with jobs.chunk(job, "done", len(ids)):
        with origin(source, user=job.created_by, bulk_edit_id=job.pk), deferred():
            done = DO[Action(job.action)](job, ids)
        note(job, done)


def tally_of(job: BulkEdit) -> Tally:
    return {name: Counter(found) for name, found in job.changes.get("tally", {}).items()}


def note(job: BulkEdit, done: "Done") -> None:
    """Add to the figures of the job, in the transaction that did it."""
    changed, left, named, counted = done
    room = bulk_change.NAMED - len(job.left_alone)
    figures: dict[str, Any] = {
        "changed": job.changed + changed,
        "left": job.left + left,
        "left_alone": [*job.left_alone, *(list(each) for each in named[:room])],
        "changes": {**job.changes, "tally": added(tally_of(job), counted)},
    }
    BulkEdit.objects.filter(pk=job.pk).update(**figures)
    for name, value in figures.items():
        setattr(job, name, value)


# Changed, not changed for a reason, the reasons, and what became of each field.
Done = tuple[int, int, list[LeftAlone], Tally]


def _whole(left: Iterable[LeftAlone]) -> Tally:
    counted = Counter(each.why for each in left)
    return {WHOLE: counted} if counted else {}


def _change(job: BulkEdit, ids: list[int]) -> Done:
    change = Change.from_json(job.changes)
    _check_publisher(change)
    _check_author(change)
    books = list(locked(Book._base_manager.filter(pk__in=ids)))
    subjects = subjects_of(ids) if change.touches_subjects else {}
    credited = credited_in(ids, change)
    decisions = [decide(book, change, subjects, credited) for book in books]
    todo = [decision for decision in decisions if decision.changes]
    about_to_write("book", [decision.book.pk for decision in todo], locked=True)
    columns = _write_columns(todo)
    _write_subjects(todo)
    if change.credit:
        old, new = (each.pk or 0 for each in change.credit)
        credit_instead(old, new, [decision.book.pk for decision in todo if decision.credit])
    reindex = not Book.objects.all().indexed.isdisjoint(columns)
    written("book", [decision.book.pk for decision in todo], reindex=reindex)
    there = {book.pk for book in books}
    gone = [LeftAlone(pk, "", Why.GONE) for pk in ids if pk not in there]
    untouched = sum(1 for each in decisions if each.left and not each.changes)
    left = gone + [each for decision in decisions for each in decision.left_alone]
    return len(todo), len(gone) + untouched, left, added(tally(decisions, change), _whole(gone))


def _check_publisher(change: Change) -> None:
    picked = change.publisher
    if picked and picked.pk and not Publisher.objects.filter(pk=picked.pk).exists():
        raise Refused(
            _("The publisher “%(name)s” has been deleted meanwhile.") % {"name": picked.name}
        )


def _check_author(change: Change) -> None:
    if change.credit and not Author.objects.filter(pk=change.credit[1].pk or 0).exists():
        raise Refused(
            _("The author “%(name)s” has been deleted meanwhile.") % {"name": change.credit[1].name}
        )


def _write_columns(decisions: Iterable[Decision]) -> set[str]:
    """One UPDATE for all books that get the same values; filing titles are their own."""
    alike: dict[tuple[tuple[str, Any], ...], list[int]] = defaultdict(list)
    filed: list[Book] = []
    columns: set[str] = set()
    for decision in decisions:
        book = decision.book
        before = {name: getattr(book, name) for name in Book.derived}
        for name, value in decision.values.items():
            setattr(book, name, value)
        book.derive()
        follows = {
            name: getattr(book, name) for name in before if getattr(book, name) != before[name]
        }
        if follows.pop("sort_title", None) is not None:
            filed.append(book)
        values = {**decision.values, **follows}
        columns.update(values)
        alike[tuple(sorted(values.items()))].append(book.pk)
    rows: models.QuerySet[Book] = models.QuerySet(Book)
    for key, ids in alike.items():
        rows.filter(pk__in=ids).update(
            **dict(key), version=models.F("version") + 1, updated_at=timezone.now()
        )
    if filed:
        rows.bulk_update(filed, ["sort_title"], batch_size=CHUNK)
        columns.add("sort_title")
    return columns


def _write_subjects(decisions: Sequence[Decision]) -> None:
    links: Any = Book.subjects.through._default_manager
    removed: dict[int, list[int]] = defaultdict(list)
    for decision in decisions:
        for subject in decision.remove:
            removed[subject].append(decision.book.pk)
    for subject, books in removed.items():
        links.filter(subject=subject, book__in=books).delete()
    names = {match_key(name, SUBJECT_LENGTH): name for each in decisions for name in each.add}
    if not names:
        return
    known = {subject.name_key: subject.pk for subject in find_subjects(names.values())}
    links.bulk_create(
        [
            links.model(book_id=each.book.pk, subject_id=known[match_key(name, SUBJECT_LENGTH)])
            for each in decisions
            for name in each.add
        ],
        ignore_conflicts=True,
    )


def _delete(job: BulkEdit, ids: list[int]) -> Done:
    rows = Book.objects.filter(pk__in=ids)
    there = set(rows.order_by("pk").select_for_update().values_list("pk", flat=True))
    rows.filter(pk__in=there).delete()
    gone = [LeftAlone(pk, "", Why.GONE) for pk in ids if pk not in there]
    return len(there), len(gone), gone, _whole(gone)


def _put_back(job: BulkEdit, ids: list[int]) -> Done:
    return put_back(list(Book.history.filter(bulk_edit=job.undoes_id, id__in=ids)))


def put_back(changes: Sequence[Any]) -> Done:
    """Undo these changes of books (snapshots), and only them."""
    applied = history.put_back_all("book", changes)
    written_again = set(applied.written)
    titles = {change.id: change.title for change in changes}
    left = [
        LeftAlone(pk, titles[pk], Why.SINCE, ",".join(sorted(names)))
        for pk, names in applied.left.items()
    ]
    left += [
        LeftAlone(pk, titles[pk], Why.REFUSED, sentence) for pk, sentence in applied.refused.items()
    ]
    number = len({each.pk for each in left} - written_again)
    return len(written_again), number, left, _whole(left)


DO = {Action.CHANGE: _change, Action.DELETE: _delete, Action.UNDO: _put_back}


def _reason(error: Exception) -> str:
    if isinstance(error, Refused):
        return str(error)
    if is_full(error):
        return _("The disk is full. What is counted here is done; make room and do the rest again.")
    if isinstance(error, Error):
        return _("The database could not take the change. What is counted here is done.")
    return _(
        "Something unexpected happened; the server’s log says what. What is counted here is done."
    )
