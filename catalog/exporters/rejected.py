"""The rejected rows of an import as CSV: the cells as they came, and why they were refused."""

import csv
import json
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

from django.utils.translation import gettext as _

from catalog.importers.cells import cell_text, column_letter
from catalog.importers.messages import sentence
from catalog.models import ImportJob, ImportRow

BATCH = 500
# A spreadsheet would run these as formulas. A plain number is none: “-750” stays a year; nor is a
# lone sign, with which people say that there is nothing.
# Some take the wide signs of East Asian keyboards for the narrow ones.
_FORMULA = re.compile(r"[=+\-@\t\r\n|%＝＋－＠]")  # noqa: RUF001
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


def harmless(text: str) -> str:
    """Text that a spreadsheet shows and does not run; the import takes the apostrophe off again."""
    if _FORMULA.match(text) and len(text) > 1 and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def lines(job: ImportJob) -> Iterator[str]:
    """The file in pieces of some hundred lines; memory does not grow with their number."""
    columns = job.options.get("columns", [])
    width = max((column["index"] for column in columns), default=-1) + 1
    headers = {column["index"]: column["header"] for column in columns}
    out = _Lines()
    # Excel takes a file for Unicode only when it begins with this mark.
    out.buffer.write("\ufeff")
    named = [headers.get(index) or column_letter(index) for index in range(width)]
    out.write([_("Row"), *named, _("Why it was rejected")])
    rows = job.import_rows.filter(outcome=ImportRow.Outcome.REJECTED).order_by("number")
    fetched = rows.values_list("number", "raw", "notes").iterator(chunk_size=BATCH)
    for count, (number, raw, notes) in enumerate(fetched, 1):
        cells: list[Any] = json.loads(raw)
        texts = [cell_text(cell) for cell in cells[:width]] + [""] * (width - len(cells))
        errors = [sentence(note) for note in notes if note["level"] == "error"]
        out.write([str(number), *texts, " ".join(errors)])
        if count % BATCH == 0:
            yield out.take()
    yield out.take()


class _Lines:
    def __init__(self) -> None:
        self.buffer = StringIO()
        self.writer = csv.writer(self.buffer)

    def write(self, texts: list[str]) -> None:
        self.writer.writerow([harmless(text) for text in texts])

    def take(self) -> str:
        text = self.buffer.getvalue()
        self.buffer.seek(0)
        self.buffer.truncate()
        return text
