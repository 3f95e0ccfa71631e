"""An import from its upload to the queue. The row is the truth; the broker only says “look”."""

import errno
import logging
import uuid
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.importers.fields import FIELDS
from catalog.importers.guard import UnreadableFile
from catalog.models import ImportJob
from catalog.models.job import COMMAND
from catalog.services.importing import files
from catalog.services.importing.engine import is_full
from catalog.services.importing.live import look, look_at_waiting

logger = logging.getLogger(__name__)
State = ImportJob.State


class MappingError(Exception):
    """The columns as they were chosen cannot be imported; its text says why."""


def create_job(*, file: "File[bytes]", filename: str, user: User | None = None) -> ImportJob:
    """Take in an uploaded file that can be read, with a guess at what its columns mean.

    The file is judged where it lies and only then kept, so a refused one leaves nothing behind.
    """
    limit = settings.MAX_IMPORT_MB
    if file.size > limit << 20:
        raise UnreadableFile("too_large", size_mb=-(-file.size >> 20), max_mb=limit)
    try:
        with files.local(file) as path:
            options = files.examine(path)
        job = ImportJob(created_by=user, filename=filename, options=options, rows=options["rows"])
        # Named by us: what a person called the file is only ever shown.
        job.file.save(f"{uuid.uuid4().hex}{files.suffix_of(filename)}", file, save=False)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UnreadableFile("no_space") from error
        raise
    try:
        job.save()
    except BaseException as error:
        job.file.delete(save=False)
        if is_full(error):
            raise UnreadableFile("no_space") from error
        raise
    return job


def discard(job: ImportJob) -> None:
    """Leave nothing behind of a job that never began."""
    job.file.delete(save=False)
    job.delete()


def remap(
    job: ImportJob, *, sheet: str, header_row: int | None, encoding: str, delimiter: str
) -> None:
    """Read the file again as a person says; nothing changes when it cannot be read so."""
    with files.local(job.file) as path:
        options = files.examine(
            path, sheet=sheet, header_row=header_row, encoding=encoding, delimiter=delimiter
        )
    waiting = ImportJob.objects.filter(pk=job.pk, state=State.MAPPING)
    waiting.update(options=options, rows=options["rows"])
    job.refresh_from_db()


def start(job: ImportJob, *, mapping: dict[int, str], on_duplicate: str) -> None:
    """Queue the job. Pressing the button twice starts it once."""
    job.options = {**job.options, "mapping": checked(mapping)}
    job.on_duplicate = ImportJob.OnDuplicate(on_duplicate)
    with transaction.atomic():
        queued = ImportJob.objects.filter(pk=job.pk, state=State.MAPPING).update(
            options=job.options,
            on_duplicate=job.on_duplicate,
            state=State.QUEUED,
            heartbeat_at=timezone.now(),
        )
        if queued:
            look(job.pk)
            transaction.on_commit(partial(enqueue, job.pk))
    job.refresh_from_db()


def start_here(job: ImportJob, *, mapping: dict[int, str], on_duplicate: str) -> ImportJob:
    """Claim a new job for this process, past the queue: the command in somebody's terminal."""
    job.options = {**job.options, "mapping": checked(mapping)}
    job.on_duplicate = ImportJob.OnDuplicate(on_duplicate)
    job.state = State.QUEUED
    with transaction.atomic():
        job.save(update_fields=["options", "on_duplicate", "state"])
        claimed = ImportJob.objects.claim(job.pk, prefix=COMMAND)
    assert claimed is not None  # noqa: S101 - nobody has seen it waiting before the commit
    return claimed


def checked(mapping: dict[int, str]) -> dict[str, str]:
    """The mapping as it is kept: used columns only, by index; a title column is a must."""
    used = {str(index): field for index, field in sorted(mapping.items()) if field != "ignore"}
    once: set[str] = set()
    for field in used.values():
        if field in once and not FIELDS[field].multiple:
            raise MappingError(
                _("Two columns are both “%(field)s”: choose one of them.")
                % {"field": FIELDS[field].label}
            )
        once.add(field)
    if "title" not in once:
        raise MappingError(_("Say which column holds the titles: a book needs one."))
    return used


def cancel(job: ImportJob) -> None:
    """Stop a job: at once while it waits, after the present chunk while it runs."""
    waiting = ImportJob.objects.filter(pk=job.pk, state__in=(State.MAPPING, State.QUEUED))
    with transaction.atomic():
        if waiting.update(state=State.CANCELLED, cancel_requested=True, finished_at=timezone.now()):
            look_at_waiting()
        else:
            running = ImportJob.objects.filter(pk=job.pk, state=State.RUNNING)
            running.update(cancel_requested=True)
        look(job.pk)
    job.refresh_from_db()


def enqueue(pk: int) -> None:
    """Tell the workers to look. When the broker cannot be reached the job waits all the same:
    the workers' watch finds it."""
    from catalog.tasks import run_import  # tasks import services; only here it is the other way

    try:
        run_import.apply_async((pk,), retry=False)
    except run_import.OperationalError:
        logger.exception("The broker cannot be reached; import %d waits until it can", pk)


def requeue_abandoned(older_than: timedelta) -> list[int]:
    """Put back the jobs whose worker has not been heard of for so long; returns which.

    Also sends word again of a job that has waited so long while nobody works: the first message
    was lost with its broker.
    """
    put_back: list[int] = []
    for pk, cancelled in _pairs(ImportJob.objects.abandoned(older_than)):
        abandoned = ImportJob.objects.abandoned(older_than).filter(pk=pk)
        if cancelled:
            abandoned.update(state=State.CANCELLED, claimed_by="", finished_at=timezone.now())
            look(pk)
        elif abandoned.update(state=State.QUEUED, claimed_by=""):  # only one watch gets it
            logger.warning("Import %d had lost its worker and goes on", pk)
            look(pk)
            enqueue(pk)
            put_back.append(pk)
    if not ImportJob.objects.filter(state=State.RUNNING).exists():
        late = ImportJob.objects.claimable().filter(heartbeat_at__lt=timezone.now() - older_than)
        for pk, _cancelled in _pairs(late):
            if pk not in put_back:
                enqueue(pk)
    return put_back


def take_up_again() -> list[int]:
    """At the start of the only worker: all that a crash or a restart left, in its old order.

    Except what runs in somebody's terminal at this moment.
    """
    left = ImportJob.objects.unfinished().exclude(
        state=State.RUNNING, claimed_by__startswith=COMMAND
    )
    pks = [pk for pk, _cancelled in _pairs(left)]
    for pk in pks:
        ImportJob.objects.filter(pk=pk, state=State.RUNNING).update(
            state=State.QUEUED, claimed_by=""
        )
        enqueue(pk)
    return pks


def _pairs(jobs: Any) -> list[tuple[int, bool]]:
    return list(jobs.values_list("pk", "cancel_requested"))
