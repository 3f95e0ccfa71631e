"""An import from its upload to the queue. The row is the truth; the broker only says “look”."""

import uuid

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.importers.fields import FIELDS
from catalog.importers.guard import UnreadableFile
from catalog.models import ImportJob
from catalog.models.job import COMMAND
from catalog.services import jobs
from catalog.services.database_errors import is_full
from catalog.services.importing import files

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
        if is_full(error):
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
    jobs.queue(job, options=job.options, on_duplicate=job.on_duplicate)
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
