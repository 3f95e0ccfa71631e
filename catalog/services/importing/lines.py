"""One row of the file on its way into the catalogue: read, checked against the columns' limits."""

import json
import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from catalog.importers.rows import ParsedRow, RowReader
from catalog.importers.workbook import RawRow
from catalog.models import Author, Book, Contribution, ImportRow, Publisher, Subject
from catalog.models.book import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    from catalog.services.importing.chunk import Target

logger = logging.getLogger(__name__)
Note = dict[str, Any]


def _length(model: Any, name: str) -> int:
    return int(model._meta.get_field(name).max_length)


TEXTS = {
    name: _length(Book, name)
    for name in ("title", "subtitle", "isbn_entered", "language", "currency")
} | {"publisher": _length(Publisher, "name")}
NAME = min(_length(Author, "name"), _length(Contribution, "credited_as"))
SORT_NAME = _length(Author, "sort_name")
SUBJECT = _length(Subject, "name")
FIELD_OF = {"isbn_entered": "isbn"}  # what a person calls the column
PEOPLE, PAGES, PRICE = 500, 2**31 - 1, 10**8
# JSON escapes of what no database stores as text: NUL and halves of surrogate pairs.
_ESCAPES = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_encode = json.JSONEncoder(allow_nan=False, default=str).encode
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(slots=True)
class Line:
    number: int
    raw: str
    parsed: ParsedRow | None  # None: no book
    notes: list[Note] = field(default_factory=list)
    from_reading: int = 0  # how many of the notes do not depend on the catalogue
    unless_taken: str = ImportRow.Outcome.REJECTED  # what becomes of it where no book does
    outcome: str = ImportRow.Outcome.REJECTED
    target: "Target | None" = None
    repaired: bool = False
    warned: bool = False  # someone should look at it

    def weigh(self) -> None:
        """Tell from the notes what to count; a rejected row says enough by its outcome."""
        if self.notes and self.outcome != ImportRow.Outcome.REJECTED:
            levels = {note["level"] for note in self.notes}
            self.repaired, self.warned = "repair" in levels, "warning" in levels

    def forget(self) -> None:
        """Back to what was read, for another try."""
        del self.notes[self.from_reading :]
        self.outcome, self.target = self.unless_taken, None

    def reject(self, note: Note) -> None:
        self.unless_taken = ImportRow.Outcome.REJECTED
        self.forget()
        self.notes.append(note)
        self.from_reading += 1
        self.parsed = None


def read(row: RawRow, reader: RowReader) -> Line:
    """Never raises: a row that cannot be understood is rejected, and the others go on."""
    cells: list[Any] = row.cells
    notes: list[Note] = []
    if "\\u" in row.raw and _ESCAPES.search(row.raw):
        cells, replaced = _storable(cells)
        if replaced:
            notes.append(_note("", "repair", "unstorable_characters"))
    parsed: ParsedRow | None
    try:
        parsed = reader.read(cells)
        notes += parsed.notes
        if parsed.repeats_header:  # nothing is wrong with it, and there is no book in it
            skipped = ImportRow.Outcome.SKIPPED
            return Line(row.number, row.raw, None, notes, len(notes), skipped, skipped)
        notes += _beyond_limits(parsed)
    except Exception:
        logger.exception("Row %d could not be read", row.number)
        parsed, notes = None, [*notes, _note("", "error", "not_understood")]
    if notes and any(note["level"] == "error" for note in notes):
        parsed = None
    return Line(row.number, row.raw, parsed, notes, len(notes))


def notes_as_json(notes: list[Note]) -> str:
    if not notes:
        return "[]"
    try:
        return _encode(notes)
    except ValueError:  # a cell that holds “not a number”
        return json.dumps([{**note, "value": str(note.get("value", ""))} for note in notes])


def _storable(cells: list[Any]) -> tuple[list[Any], bool]:
    """The cells with U+FFFD where a character cannot be stored, and whether there was one."""
    found = False

    def clean(cell: Any) -> Any:
        nonlocal found
        if isinstance(cell, dict):
            return {key: clean(value) for key, value in cell.items()}
        if isinstance(cell, str) and _UNSTORABLE.search(cell):
            found = True
            return _UNSTORABLE.sub("\ufffd", cell)
        return cell

    return [clean(cell) for cell in cells], found


def _beyond_limits(parsed: ParsedRow) -> list[Note]:
    """What the columns of the database could not hold: an error each, never cut off silently."""
    notes = [
        _too_long(FIELD_OF.get(name, name), value, limit)
        for name, limit in TEXTS.items()
        if len(value := getattr(parsed, name)) > limit
    ]
    if len(parsed.people) > PEOPLE:
        notes.append(_note("authors", "error", "too_many", limit=PEOPLE))
    for credit in parsed.people:
        if len(credit.name) > NAME or len(credit.credited_as) > NAME:
            notes.append(_too_long("authors", max(credit.name, credit.credited_as, key=len), NAME))
        elif len(credit.sort_name) > SORT_NAME:
            notes.append(_too_long("author_sort", credit.sort_name, SORT_NAME))
    for subject in [subject for subject in parsed.subjects if len(subject) > SUBJECT]:
        parsed.subjects.remove(subject)  # one heading is not worth the book
        notes.append(_too_long("subjects", subject, SUBJECT, level="warning"))
    year, pages, price = parsed.year, parsed.pages, parsed.price
    if year is not None and (year == 0 or not FIRST_YEAR <= year <= LAST_YEAR):
        notes.append(_note("year", "error", "out_of_range", value=str(year)))
    if pages is not None and not 1 <= pages <= PAGES:
        notes.append(_note("pages", "error", "out_of_range", value=str(pages)))
    if price is not None and not (price.is_finite() and 0 <= price < PRICE):
        notes.append(_note("price", "error", "out_of_range", value=str(price)))
    return notes


def _note(field: str, level: str, code: str, value: str = "", **params: Any) -> Note:
    note = {"field": field, "level": level, "code": code, "value": value, "now": ""}
    return {**note, "params": params} if params else note


def _too_long(field: str, value: str, limit: int, level: str = "error") -> Note:
    shown = value if len(value) <= 80 else value[:79] + "…"
    return _note(field, level, "too_long", shown, limit=limit, length=len(value))


def warning(field: str, code: str, value: str, **params: Any) -> Note:
    return _note(field, "warning", code, value, **params)


def refused() -> Note:
    """The database did not accept the row although nothing wrong was found in it."""
    return _note("", "error", "not_accepted")
