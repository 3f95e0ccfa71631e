"""The uploaded file: where it lies, what is in it, what its columns seem to mean."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import islice
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.db.models.fields.files import FieldFile

from catalog.importers import layout, workbook
from catalog.importers.cells import preview
from catalog.importers.columns import Survey
from catalog.importers.fields import IGNORE
from catalog.importers.guard import UnreadableFile
from catalog.importers.workbook import Options

SURVEYED = 20_000  # rows from which the meaning of the columns is told
SAMPLED = 200  # rows in which the header is looked for
SHEETS = 12  # the largest ones, among which the list of books is looked for


def suffix_of(filename: str) -> str:
    """The ending of a name that a person gave, if it is a harmless one."""
    suffix = PurePath(filename).suffix.lower()
    return suffix if suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) < 6 else ""


@contextmanager
def local(file: "File[bytes]") -> Iterator[str]:
    """The path of a file on this machine: its own, or that of a copy while the block runs."""
    try:
        path = getattr(file, "temporary_file_path", lambda: None)() or file.path  # type: ignore[attr-defined]
    except (AttributeError, NotImplementedError):  # held in memory, or in a remote storage
        path = None
    if path:
        yield path
        return
    with tempfile.NamedTemporaryFile(suffix=suffix_of(file.name or "")) as copy:
        try:
            file.open("rb")  # or back to its start: an upload can be opened only once
            for piece in file.chunks():
                copy.write(piece)
        except FileNotFoundError as error:
            raise UnreadableFile("gone") from error
        if isinstance(file, FieldFile):
            file.close()
        copy.flush()
        yield copy.name


def options_of(options: dict[str, Any]) -> Options:
    """How the file is to be read, as it was settled when the job was made."""
    return Options(
        sheet=options["sheet"],
        header_row=options["header_row"],
        encoding=options["encoding"],
        delimiter=options["delimiter"],
    )


def examine(
    path: str,
    *,
    sheet: str = "",
    header_row: int | None = None,
    encoding: str = "",
    delimiter: str = "",
) -> dict[str, Any]:
    """The options of a job: what was chosen, and for the rest what the file itself shows.

    Raises UnreadableFile. Reads the file three times: all of it for its sheets and its dangers,
    the first rows for the header, SURVEYED rows for the meaning of the columns.
    """
    info = workbook.inspect(
        path, Options(encoding=encoding, delimiter=delimiter), max_mb=settings.MAX_IMPORT_MB
    )
    reading = Options(encoding=info.encoding, delimiter=info.delimiter)
    candidates = [each for each in info.sheets if each.name == sheet]
    if not candidates:
        candidates = sorted(info.sheets, key=lambda each: -each.rows)[:SHEETS]
    samples = {
        each.name: workbook.sample(path, replace(reading, sheet=each.name), SAMPLED)
        for each in candidates
    }
    sheet = layout.choose_sheet(candidates, samples)
    found = layout.find_header(samples[sheet], header_row)
    reading = replace(reading, sheet=sheet, header_row=found.header_row)
    survey = Survey()
    with workbook.rows(path, reading) as source:
        surveyed = 0
        for row in islice(source, SURVEYED):
            survey.feed(row.cells)
            surveyed += 1
    if not surveyed:
        raise UnreadableFile("no_rows")
    filled = next(each.rows for each in info.sheets if each.name == sheet)
    above = found.skipped + bool(found.header_row)
    guesses = survey.finish(found.headers)
    return {
        "kind": info.kind,
        "sheets": [asdict(each) for each in info.sheets],
        "sheet": sheet,
        "header_row": found.header_row,
        "skipped": found.skipped,
        "encoding": info.encoding,
        "encoding_sure": info.encoding_sure,
        "delimiter": info.delimiter,
        "notes": info.notes,
        "preview": preview(samples[sheet], found.header_row),
        # Exact below SURVEYED, else the sheet's filled rows but those above the data.
        "rows": surveyed if surveyed < SURVEYED else max(surveyed, filled - above),
        "columns": [asdict(guess) for guess in guesses],
        "mapping": {str(guess.index): guess.field for guess in guesses if guess.field != IGNORE},
        "column_options": {str(guess.index): guess.options for guess in guesses},
    }
