"""What imports and bulk changes have in common: the queue, the claim, chunks applied exactly once.

The job's row is the truth, the broker only says “look”. A job is claimed by a conditional update,
is done in chunks of one transaction each, and says with every chunk that its worker is alive.
"""

import logging
import mmap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib import import_module
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from catalog.live.publish import publish
from catalog.models import BulkEdit, ImportJob
from catalog.models.job import COMMAND, Job, JobState
from catalog.models.state import changed
from catalog.services.database_errors import may_pass

logger = logging.getLogger(__name__)
State = JobState
ATTEMPTS = 6  # of one chunk; waits 0.1 + 0.2 + 0.4 + 0.8 + 1.6 s in between


@dataclass(frozen=True)
class Kind:
    name: str  # "bulk" of the group "bulk.12", to which the open pages of job 12 belong
    model: type[Job]
    task: str  # in catalog.tasks


KINDS = (
    Kind("import", ImportJob, "run_import"),
    Kind("bulk", BulkEdit, "run_bulk_edit"),
)
Key = tuple[str, int]  # ("import", 12)


def kind_of(job: Job) -> Kind:
    return next(kind for kind in KINDS if isinstance(job, kind.model))


class StopFlag:
    """Like threading.Event, but one that processes forked later see as well.

    A server or worker that shuts down asks its jobs by it to stop at the next chunk. The worker's
    main process hears the signal; the job runs in one of its children.
    """

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)  # anonymous memory, shared with children

    def set(self) -> None:
        self._byte[0] = 1

    def clear(self) -> None:
        self._byte[0] = 0

    def is_set(self) -> bool:
        return self._byte[0] == 1


STOP = StopFlag()


class NotOurs(Exception):
    """The row says that somebody else has the job now, or that it is to stop."""


# --- Telling open pages ---------------------------------------------------------------------


def look(name: str, pk: int) -> None:
    """Open pages look at this job again: after the commit, so that they see it."""
    transaction.on_commit(partial(publish, f"{name}.{pk}", {"type": "look"}))


def look_at_waiting() -> None:
    """Their place in the queue has changed."""
    for kind in KINDS:
        for pk in kind.model.objects.claimable().values_list("pk", flat=True)[:50]:
            look(kind.name, pk)


# --- The queue ------------------------------------------------------------------------------


def enqueue(name: str, pk: int) -> None:
    """Tell the workers to look. When the broker cannot be reached the job waits all the same:
    the workers' watch finds it."""
    (kind,) = (kind for kind in KINDS if kind.name == name)
    # Tasks import services; only here it is the other way.
    task = getattr(import_module("catalog.tasks"), kind.task)
    try:
        task.apply_async((pk,), retry=False)
    except task.OperationalError:
        logger.exception("The broker cannot be reached; %s %d waits until it can", name, pk)


def queue(job: Job, *, out_of: State = State.MAPPING, **fields: Any) -> bool:
    """Let a job wait for a worker. Pressing the button twice queues it once (False)."""
    kind = kind_of(job)
    with transaction.atomic():
        queued = kind.model.objects.filter(pk=job.pk, state=out_of).update(
            **fields, state=State.QUEUED, heartbeat_at=timezone.now()
        )
        if queued:
            look(kind.name, job.pk)
            transaction.on_commit(lambda: enqueue(kind.name, job.pk))
    return bool(queued)


def cancel(job: Job) -> None:
    """Stop a job: at once while it waits, after the present chunk while it runs."""
    kind = kind_of(job)
    jobs = kind.model.objects.filter(pk=job.pk)
    waiting = jobs.filter(state__in=(State.MAPPING, State.QUEUED))
    with transaction.atomic():
        if waiting.update(state=State.CANCELLED, cancel_requested=True, finished_at=timezone.now()):
            look_at_waiting()
        else:
            jobs.filter(state=State.RUNNING).update(cancel_requested=True)
        look(kind.name, job.pk)
    job.refresh_from_db()


def requeue_abandoned(older_than: timedelta) -> list[Key]:
    """Put back the jobs whose worker has not been heard of for so long; returns which.

    Also sends word again of a job that has waited so long while nobody works: the first message
    was lost with its broker.
    """
    put_back: list[Key] = []
    for kind in KINDS:
        for pk, cancelled in _pairs(kind.model.objects.abandoned(older_than)):
            abandoned = kind.model.objects.abandoned(older_than).filter(pk=pk)
            if cancelled:
                abandoned.update(state=State.CANCELLED, claimed_by="", finished_at=timezone.now())
                look(kind.name, pk)
            elif abandoned.update(state=State.QUEUED, claimed_by=""):  # only one watch gets it
                logger.warning("%s %d had lost its worker and goes on", kind.name, pk)
                look(kind.name, pk)
                enqueue(kind.name, pk)
                put_back.append((kind.name, pk))
    if not any(kind.model.objects.filter(state=State.RUNNING).exists() for kind in KINDS):
        _remind(older_than, put_back)
    return put_back


def _remind(older_than: timedelta, but_for: list[Key]) -> None:
    since = timezone.now() - older_than
    for kind in KINDS:
        late = kind.model.objects.claimable().filter(heartbeat_at__lt=since)
        for pk, _cancelled in _pairs(late):
            if (kind.name, pk) not in but_for:
                enqueue(kind.name, pk)


def take_up_again() -> list[Key]:
    """At the start of the only worker: all that a crash or a restart left, in its old order.

    Except what runs in somebody's terminal at this moment.
    """
    left = []
    for kind in KINDS:
        jobs = kind.model.objects.unfinished()
        jobs = jobs.exclude(state=State.RUNNING, claimed_by__startswith=COMMAND)
        left += [
            (since or created, kind, pk)
            for pk, since, created in jobs.values_list("pk", "heartbeat_at", "created_at")
        ]
    left.sort(key=lambda item: (item[0], item[2]))
    for _since, kind, pk in left:
        kind.model.objects.filter(pk=pk, state=State.RUNNING).update(
            state=State.QUEUED, claimed_by=""
        )
        enqueue(kind.name, pk)
    return [(kind.name, pk) for _since, kind, pk in left]


def _pairs(jobs: Any) -> list[tuple[int, bool]]:
    return list(jobs.values_list("pk", "cancel_requested"))


# --- Doing a claimed job --------------------------------------------------------------------


def run(
    job: Job,
    work: Callable[[], bool],
    *,
    reason: Callable[[Exception], str],
    refusals: tuple[type[Exception], ...] = (),
    at_end: Callable[[], Mapping[str, Any]] = dict,
    ended: Callable[[], None] = lambda: None,
) -> None:
    """Do what is left of a claimed job, up to its end, its cancellation or a shutdown.

    `work` goes on after the last chunk that was committed, so this may be called again after any
    crash; it returns False when the process is to stop. The job's row says how it ended: an
    exception becomes the sentence that `reason` has for it, and all but `refusals` are logged.
    """
    look(kind_of(job).name, job.pk)
    look_at_waiting()
    try:
        while True:
            try:
                finished = work()
            except NotOurs:
                if not _still_ours(job):
                    ended()
                    return
                # The connection broke while a chunk was being committed, and it was: go on.
            else:
                break
        if finished:
            end(job, State.DONE, **at_end())
        else:
            _give_back(job)
    except refusals as error:
        end(job, State.FAILED, error=reason(error))
    except Exception as error:
        logger.exception("%s %d failed", kind_of(job).name, job.pk)
        end(job, State.FAILED, error=reason(error))
    ended()


@contextmanager
def chunk(job: Job, counter: str, number: int) -> Iterator[None]:
    """One transaction. It begins with a conditional update of the job's row.

    So whoever comes second waits for the row and then finds that the chunk is done: two workers
    that both believe the job is theirs cannot apply it twice.
    """
    kind, before = kind_of(job), getattr(job, counter)
    mine = kind.model.objects.filter(
        pk=job.pk,
        state=State.RUNNING,
        claimed_by=job.claimed_by,
        cancel_requested=False,
        **{counter: before},
    )
    with transaction.atomic():
        if not mine.update(**{counter: before + number}, heartbeat_at=timezone.now()):
            raise NotOurs
        yield
        changed()
        look(kind.name, job.pk)
    setattr(job, counter, before + number)


def insist(job: Job, commit: Callable[[], None], forget: Callable[[], None] = lambda: None) -> None:
    """Commit a chunk, again where another try may succeed; `forget` is called in between."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            commit()
        except (OperationalError, InterfaceError) as error:
            if attempt == ATTEMPTS or not may_pass(error):
                raise
            logger.warning("%s %d: trying a chunk again: %s", kind_of(job).name, job.pk, error)
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
            forget()
            time.sleep(0.05 * 2**attempt)
        else:
            return


def end(job: Job, state: State, *, error: str = "", **figures: Any) -> None:
    """Close the job, unless somebody else has it by now."""
    kind, now = kind_of(job), timezone.now()
    figures |= {"state": state, "error": error, "finished_at": now}
    if _mine(job).update(**figures, claimed_by="", heartbeat_at=now):
        look(kind.name, job.pk)
        look_at_waiting()
    job.refresh_from_db()


def _give_back(job: Job) -> None:
    if _mine(job).update(state=State.QUEUED, claimed_by=""):
        look(kind_of(job).name, job.pk)
    job.refresh_from_db()


def _mine(job: Job) -> Any:
    jobs = kind_of(job).model.objects
    return jobs.filter(pk=job.pk, state=State.RUNNING, claimed_by=job.claimed_by)


def _still_ours(job: Job) -> bool:
    """Look at the row again; a job that is to be cancelled ends here."""
    token = job.claimed_by
    job.refresh_from_db()
    if job.state != State.RUNNING or job.claimed_by != token:
        return False
    if job.cancel_requested:
        end(job, State.CANCELLED)
        return False
    return True
