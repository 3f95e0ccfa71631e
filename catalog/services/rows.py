"""The rows of a finished import: why they were rejected, and putting one right."""

import dataclasses
import json
from typing import Any

from django.db import DataError, IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from catalog.importers.cells import cell_text
from catalog.importers.fields import FIELDS
from catalog.importers.messages import sentence
from catalog.importers.rows import RowReader
from catalog.importers.workbook import RawRow
from catalog.models import ImportJob, ImportRow
from catalog.models.state import changed
from catalog.search import indexing
from catalog.services.importing import lines
from catalog.services.importing.chunk import Chunk
from catalog.services.importing.engine import COUNTERS

State, Outcome = ImportJob.State, ImportRow.Outcome
ENDED = (State.DONE, State.CANCELLED, State.FAILED)
LOOKED_AT = 20_000  # rejected rows that are read to group them by reason


class StillRejected(Exception):
    """What was typed cannot be accepted either; `notes` says why."""

    def __init__(self, notes: list[dict[str, Any]]) -> None:
        super().__init__()
        self.notes = notes


class NotNow(Exception):
    """A sentence: the row is not waiting for a correction."""


@dataclasses.dataclass
class Reason:
    """Rejected rows that have the same thing wrong with them."""

    field: str
    code: str
    example: str  # the sentence of the first of them
    rows: list[int] = dataclasses.field(default_factory=list)  # primary keys

    @property
    def label(self) -> Any:
        return FIELDS[self.field].label if self.field in FIELDS else ""

    @property
    def key(self) -> str:
        return f"{self.field}:{self.code}"

    @property
    def count(self) -> int:
        return len(self.rows)


def reasons(job: ImportJob) -> list[Reason]:
    """Why rows were rejected, the most frequent reason first; one query.

    Notes are JSON, which the three databases search in three ways, so they are read here; of
    very many rejected rows only the first LOOKED_AT.
    """
    found: dict[str, Reason] = {}
    rejected = job.import_rows.filter(outcome=Outcome.REJECTED).order_by("number")
    for pk, notes in rejected.values_list("pk", "notes")[:LOOKED_AT]:
        for note in notes:
            if note["level"] != "error":
                continue
            reason = Reason(note.get("field", ""), note["code"], "")
            reason = found.setdefault(reason.key, reason)
            reason.example = reason.example or sentence(note)
            if not reason.rows or reason.rows[-1] != pk:
                reason.rows.append(pk)
    return sorted(found.values(), key=lambda reason: -reason.count)


def can_retry(job: ImportJob) -> bool:
    """Not while the job runs: it alone keeps its counters then."""
    return job.state in ENDED


def retry_row(row: ImportRow, values: dict[int, str]) -> ImportRow:
    """Take a rejected row with these texts in its columns, by the rules of the import itself.

    The row stays as it came; its notes say what was changed by hand. Raises StillRejected and
    changes nothing when the texts cannot be accepted, NotNow when there is nothing to put right.
    """
    try:
        return _retry(row, values)
    except (DataError, IntegrityError):
        raise StillRejected([lines.refused()]) from None


def _retry(row: ImportRow, values: dict[int, str]) -> ImportRow:
    with transaction.atomic():
        # 1. The job's row first, as the import locks it: two corrections cannot both count.
        job = ImportJob.objects.select_for_update().get(pk=row.job_id)
        if not can_retry(job):
            raise NotNow(_("The import is still running. Correct its rows when it has finished."))
        # 2. The same reader as in the import judges the cells.
        line, corrections = _read(job, row, values)
        if line.parsed is None:
            raise StillRejected(line.notes)
        line.notes += corrections
        # 3. The chunk writes the row anew; whoever comes second finds that it is gone.
        if not ImportRow.objects.filter(pk=row.pk, outcome=Outcome.REJECTED).delete()[0]:
            raise NotNow(_("Somebody has put this row right already. Reload the page to see it."))
        work = Chunk(job, [line])
        with indexing.by_hand():
            work.write()
        counts = {name: F(name) + work.counts[name] for name in COUNTERS if work.counts[name]}
        ImportJob.objects.filter(pk=job.pk).update(**{**counts, "rejected": F("rejected") - 1})
        changed()
    return ImportRow.objects.select_related("book", "job").get(job=job, number=row.number)


def _read(
    job: ImportJob, row: ImportRow, values: dict[int, str]
) -> tuple[lines.Line, list[dict[str, Any]]]:
    cells: list[Any] = json.loads(row.raw)
    mapping = {int(index): name for index, name in job.options["mapping"].items()}
    corrections = []
    for index, text in sorted(values.items()):
        cells += [None] * (index + 1 - len(cells))
        before = cell_text(cells[index])
        # An untouched cell keeps its type: a date does not become text.
        if index in mapping and text != before:
            cells[index] = text
            corrections.append(_correction(mapping[index], before, text))
    reader = RowReader(
        mapping,
        {int(index): value for index, value in job.options["column_options"].items()},
    )
    return lines.read(RawRow(row.number, row.raw, cells), reader), corrections


def _correction(name: str, before: str, now: str) -> dict[str, Any]:
    return {
        "field": name,
        "level": "repair",
        "code": "corrected" if before else "filled_in",
        "value": _short(before),
        "now": _short(now),
    }


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
