"""Doing a claimed import: rows in chunks, each chunk one transaction and applied exactly once."""

import errno
import logging
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from django.db import (
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    reset_queries,
    transaction,
)
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.importers import workbook
from catalog.importers.guard import UnreadableFile
from catalog.importers.rows import RowReader
from catalog.importers.workbook import RawRow
from catalog.models import ImportJob
from catalog.models.job import JobState
from catalog.models.state import changed
from catalog.search import indexing
from catalog.services.importing import files, lines
from catalog.services.importing.chunk import Chunk
from catalog.services.importing.live import look, look_at_waiting
from catalog.services.importing.stopping import STOP

logger = logging.getLogger(__name__)
State = ImportJob.State
CHUNK = 2_000  # flat from 500 to 5,000; this one shows progress about every 0.3 s
ATTEMPTS = 6  # of one chunk; waits 0.1 + 0.2 + 0.4 + 0.8 + 1.6 s in between
COUNTERS = (
    "created", "updated", "skipped", "rejected", "repaired", "warned",
    "authors_created", "publishers_created",
)  # fmt: skip
# Worth another try: deadlock, serialization failure, lock not to be had.
AGAIN = {"40P01", "40001", "55P03", 1213, 1205, 1020}
FULL = {"53100", 1021, 1114}


class NotOurs(Exception):
    """The row says that somebody else has the job now, or that it is to stop."""


def run(job: ImportJob, *, on_chunk: Callable[[ImportJob], None] | None = None) -> None:
    """Do what is left of a claimed job, up to its end, its cancellation or a shutdown.

    It goes on after the last row that was committed, so it may be called again after any crash.
    The job's row says how it ended; nothing is raised for what is wrong with the file.
    """
    look(job.pk)
    look_at_waiting()
    try:
        while True:
            try:
                finished = _work(job, on_chunk)
            except NotOurs:
                if not _still_ours(job):
                    return
                # The connection broke while a chunk was being committed, and it was: go on.
            else:
                break
        if finished:
            _end(job, State.DONE)
        else:
            _give_back(job)
    except UnreadableFile as error:
        _end(job, State.FAILED, str(error.message()))
    except (OSError, Error) as error:
        logger.exception("Import %d failed", job.pk)
        _end(job, State.FAILED, _reason(error))
    except Exception:
        logger.exception("Import %d failed", job.pk)
        _end(job, State.FAILED, _unexpected())


def _work(job: ImportJob, on_chunk: Callable[[ImportJob], None] | None) -> bool:
    """True at the end of the file, False when the process is to stop."""
    reader = RowReader(
        {int(index): field for index, field in job.options["mapping"].items()},
        {int(index): value for index, value in job.options["column_options"].items()},
    )
    last = job.import_rows.aggregate(last=Max("number"))["last"] or 0
    began = time.monotonic()
    with (
        files.local(job.file) as path,
        workbook.rows(path, files.options_of(job.options), after=last) as source,
    ):
        for rows in _chunks(source):
            if STOP.is_set():
                return False
            read = [lines.read(row, reader) for row in rows]
            now = time.monotonic()
            _apply(job, read, now - began)
            began = now
            reset_queries()  # with DEBUG on, Django keeps the text of every statement
            if on_chunk:
                on_chunk(job)
    # A stop that came with the last rows does not matter, a cancellation neither.
    return True


def _still_ours(job: ImportJob) -> bool:
    """Look at the row again; a job that is to be cancelled ends here."""
    token = job.claimed_by
    job.refresh_from_db()
    if job.state != State.RUNNING or job.claimed_by != token:
        return False
    if job.cancel_requested:
        _end(job, State.CANCELLED)
        return False
    return True


def _chunks(source: Iterator[RawRow]) -> Iterator[list[RawRow]]:
    while rows := list(islice(source, CHUNK)):
        yield rows


def _apply(job: ImportJob, chunk: list[lines.Line], seconds: float, *, whole: bool = True) -> None:
    """Commit the chunk; what the database refuses is narrowed down to the row that it refuses."""
    try:
        _commit(job, chunk, seconds)
    except (DataError, IntegrityError) as error:
        if whole and isinstance(error, IntegrityError):
            # MariaDB does not tell which of two imports made a name: now it is there for both.
            for line in chunk:
                line.forget()
            _apply(job, chunk, 0, whole=False)
            return
        logger.exception("Import %d: a chunk of %d rows was refused", job.pk, len(chunk))
        if len(chunk) == 1:
            if chunk[0].parsed is None:
                raise
            chunk[0].reject(lines.refused())
            _commit(job, chunk, seconds)
            return
        middle = len(chunk) // 2
        for half in (chunk[:middle], chunk[middle:]):
            for line in half:
                line.forget()
            _apply(job, half, seconds / 2, whole=False)


def _commit(job: ImportJob, chunk: list[lines.Line], seconds: float) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _commit_once(job, chunk, seconds)
        except (OperationalError, InterfaceError) as error:
            if attempt == ATTEMPTS or not _may_pass(error):
                raise
            logger.warning("Import %d: trying a chunk again: %s", job.pk, error)
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
            for line in chunk:
                line.forget()
            time.sleep(0.05 * 2**attempt)
        else:
            return


def _commit_once(job: ImportJob, chunk: list[lines.Line], seconds: float) -> None:
    """One transaction. It begins with a conditional update of the job's row.

    So whoever comes second waits for the row and then finds that the rows are done: two workers
    that both believe the job is theirs cannot apply a chunk twice.
    """
    began = time.monotonic()
    mine = ImportJob.objects.filter(
        pk=job.pk,
        state=State.RUNNING,
        claimed_by=job.claimed_by,
        rows_done=job.rows_done,
        cancel_requested=False,
    )
    done = job.rows_done + len(chunk)
    with transaction.atomic():
        if not mine.update(rows_done=done, heartbeat_at=timezone.now()):
            raise NotOurs
        work = Chunk(job, chunk)
        with indexing.by_hand():
            work.write()
        figures: dict[str, Any] = {
            name: getattr(job, name) + work.counts[name] for name in COUNTERS
        }
        figures["rows"] = max(job.rows, done)
        figures["seconds"] = job.seconds + seconds + time.monotonic() - began
        ImportJob.objects.filter(pk=job.pk).update(**figures)
        changed()
        look(job.pk)
    job.rows_done = done
    for name, value in figures.items():
        setattr(job, name, value)


def _end(job: ImportJob, state: JobState, error: str = "") -> None:
    """Close the job, unless somebody else has it by now."""
    now = timezone.now()
    figures: dict[str, Any] = {"state": state, "error": error, "finished_at": now}
    if state == State.DONE:
        figures["rows"] = job.rows_done  # until now it was an estimate for long files
    mine = ImportJob.objects.filter(pk=job.pk, state=State.RUNNING, claimed_by=job.claimed_by)
    if mine.update(**figures, claimed_by="", heartbeat_at=now):
        look(job.pk)
        look_at_waiting()
    if job.created:
        _refresh_statistics()
    job.refresh_from_db()


def stop(job: ImportJob) -> None:
    """End a job that runs in this process and was interrupted between or in chunks."""
    job.refresh_from_db()
    _end(job, State.CANCELLED)


def _give_back(job: ImportJob) -> None:
    mine = ImportJob.objects.filter(pk=job.pk, state=State.RUNNING, claimed_by=job.claimed_by)
    if mine.update(state=State.QUEUED, claimed_by=""):
        look(job.pk)
    job.refresh_from_db()


def _refresh_statistics() -> None:
    """The planner's figures date from before the import, perhaps from an empty table."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA analysis_limit = 400")
            cursor.execute("PRAGMA optimize")
        elif connection.vendor == "postgresql":
            cursor.execute("ANALYZE catalog_book, catalog_contribution, catalog_author")


def _code(error: BaseException) -> Any:
    cause = error.__cause__
    return getattr(cause, "sqlstate", None) or next(iter(getattr(cause, "args", ())), None)


def _may_pass(error: Error) -> bool:
    """Whether the same statement may succeed a moment later."""
    if _code(error) in AGAIN or "locked" in str(error):
        return True
    return isinstance(error, (OperationalError, InterfaceError)) and not is_full(error)


def is_full(error: BaseException) -> bool:
    return (
        (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT))
        or _code(error) in FULL
        or "disk is full" in str(error)
    )


def _reason(error: BaseException) -> str:
    if is_full(error):
        return _(
            "The disk is full. The rows counted here are in the catalogue; make room and import "
            "the file again with “skip” to bring in the rest. Leave out the rows without an ISBN "
            "that are in already: they would come in twice."
        )
    if isinstance(error, FileNotFoundError):
        return _("The uploaded file is gone. Upload it again.")
    if isinstance(error, Error):
        return _(
            "The database could not take the rows. The rows counted here are in the catalogue; "
            "import the file again with “skip” to bring in the rest. Leave out the rows without "
            "an ISBN that are in already: they would come in twice."
        )
    if isinstance(error, OSError):
        return _("The uploaded file cannot be read. Upload it again.")
    return _unexpected()


def _unexpected() -> str:
    return _(
        "Something unexpected happened; the server’s log says what. The rows counted here are in "
        "the catalogue; import the file again with “skip” to bring in the rest. Leave out the "
        "rows without an ISBN that are in already: they would come in twice."
    )
