"""Doing a claimed import: rows in chunks, each chunk one transaction and applied exactly once."""

import logging
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from django.db import (
    DataError,
    Error,
    IntegrityError,
    OperationalError,
    connection,
    reset_queries,
)
from django.db.models import Max
from django.utils.translation import gettext as _

from catalog.importers import workbook
from catalog.importers.guard import UnreadableFile
from catalog.importers.rows import RowReader
from catalog.importers.workbook import RawRow
from catalog.models import ImportJob
from catalog.search import indexing
from catalog.services import jobs
from catalog.services.database_errors import is_full
from catalog.services.importing import files, lines
from catalog.services.importing.chunk import Chunk
from catalog.services.jobs import STOP

logger = logging.getLogger(__name__)
State = ImportJob.State
CHUNK = 2_000  # flat from 500 to 5,000; this one shows progress about every 0.3 s
COUNTERS = (
    "created", "updated", "skipped", "rejected", "repaired", "warned",
    "authors_created", "publishers_created",
)  # fmt: skip


def run(job: ImportJob, *, on_chunk: Callable[[ImportJob], None] | None = None) -> None:
    """Do what is left of a claimed job, up to its end, its cancellation or a shutdown.

    It goes on after the last row that was committed, so it may be called again after any crash.
    The job's row says how it ended; nothing is raised for what is wrong with the file.
    """
    jobs.run(
        job,
        lambda: _work(job, on_chunk),
        reason=_reason,
        refusals=(UnreadableFile,),
        at_end=lambda: {"rows": job.rows_done},  # until now it was an estimate for long files
        ended=lambda: _refresh_statistics(job),
    )


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
    def forget() -> None:
        for line in chunk:
            line.forget()

    jobs.insist(job, lambda: _commit_once(job, chunk, seconds), forget)


def _commit_once(job: ImportJob, chunk: list[lines.Line], seconds: float) -> None:
    began = time.monotonic()
    with jobs.chunk(job, "rows_done", len(chunk)):
        work = Chunk(job, chunk)
        with indexing.by_hand():
            work.write()
        figures: dict[str, Any] = {
            name: getattr(job, name) + work.counts[name] for name in COUNTERS
        }
        figures["rows"] = max(job.rows, job.rows_done + len(chunk))
        figures["seconds"] = job.seconds + seconds + time.monotonic() - began
        ImportJob.objects.filter(pk=job.pk).update(**figures)
    for name, value in figures.items():
        setattr(job, name, value)


def stop(job: ImportJob) -> None:
    """End a job that runs in this process and was interrupted between or in chunks."""
    job.refresh_from_db()
    jobs.end(job, State.CANCELLED)
    _refresh_statistics(job)


def _refresh_statistics(job: ImportJob) -> None:
    """The planner's figures date from before the import, perhaps from an empty table.

    The next import does it when this one cannot: SQLite does not wait for another writer here.
    """
    if not job.created:
        return
    statements = {
        "sqlite": ["PRAGMA analysis_limit = 400", "PRAGMA optimize"],
        "postgresql": ["ANALYZE catalog_book, catalog_contribution, catalog_author"],
    }
    try:
        with connection.cursor() as cursor:
            for statement in statements.get(connection.vendor, []):
                cursor.execute(statement)
    except OperationalError as error:
        logger.info("The statistics of the tables are not refreshed: %s", error)


def _reason(error: BaseException) -> str:
    if isinstance(error, UnreadableFile):
        return str(error.message())
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
