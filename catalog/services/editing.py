"""Two people, one record: what a form (or another writer) changed, compared with what others did.

`three_way` of the models is the rule. Here it gets its three sides: the record in the version
that an edit is based on, the record as somebody wants it, and the record as it is now.
"""

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.models.versioned import VersionedModel, record_kind, three_way
from catalog.services import recording

State = dict[str, Any]
PARTS = ("credits", "subjects")  # of a book; each counts as one field
_UNKNOWN = object()  # equal to nothing: what the base was nobody knows any more


@dataclass(frozen=True)
class Change:
    """Who changed a field last, and when."""

    user: str
    at: datetime.datetime


@dataclass(frozen=True)
class Merged:
    """What comes of an edit, by the names of the state."""

    touched: set[str]  # what this edit changes
    taken: set[str]  # what it left alone and somebody else has changed
    conflicts: dict[str, tuple[Any, Any]]  # (mine, theirs)


def state_of(record: VersionedModel) -> State:
    """The record as the database has it: fields by their columns, credits, subjects."""
    snapshot = recording.now(record_kind(record), [record.pk]).get(record.pk)
    return {} if snapshot is None else _complete(recording.state(snapshot))


def state_at(record: VersionedModel, version: int) -> State | None:
    """The same for a version that was; None if nobody knows it any more."""
    kind = record_kind(record)
    # A version that changed nothing has no snapshot of its own: it was what the one before was.
    kept = recording.snapshots(kind).filter(id=record.pk, version__lte=version)
    snapshot = kept.order_by("-history_id").first()
    return None if snapshot is None else _complete(recording.state(snapshot))


def _complete(state: State) -> State:
    return {**{name: [] for name in PARTS}, **state}


def merge(
    mine: Mapping[str, Any],
    *,
    base: Mapping[str, Any] | None,
    theirs: Mapping[str, Any],
    unanswered: Collection[str] = (),
) -> Merged:
    """`three_way`; where the base is not known any more, every difference is a conflict.

    `unanswered` were asked about before: they stay conflicts until somebody chooses.
    """
    if base is None:
        base = dict.fromkeys(mine, _UNKNOWN)
    merged, conflicts = three_way(dict(base), dict(mine), dict(theirs))
    for name in unanswered:
        if name in merged and merged[name] != theirs[name]:
            conflicts[name] = (mine[name], theirs[name])
    differ = {name for name in merged if name not in conflicts}
    return Merged(
        touched={name for name in differ if merged[name] != theirs[name]},
        taken={name for name in differ if merged[name] == theirs[name] != mine[name]},
        conflicts=conflicts,
    )


def changed_by(record: VersionedModel, since: int, names: Collection[str]) -> dict[str, Change]:
    """Who last changed each of these fields after that version. One query."""
    kept = recording.snapshots(record_kind(record)).filter(id=record.pk, version__gte=since)
    found: dict[str, Change] = {}
    before: State | None = None
    for snapshot in kept.select_related("history_user").order_by("history_id"):
        now = _complete(recording.state(snapshot))
        for name in names:
            if snapshot.version > since and (before is None or before.get(name) != now.get(name)):
                user = snapshot.history_user
                found[name] = Change(user.get_username() if user else "", snapshot.history_date)
        before = now
    return found
