"""The reader process: opens one file that a stranger sent, and writes what is in it to stdout.

Started by `workbook` as `python -m catalog.importers.reader REQUEST`, REQUEST being JSON. It sets
its own limits of memory and time before it touches the file, so that a hostile file can only end
this process. It answers with lines of UTF-8:

    {"info": {…}}           the answer to "inspect"
    17<TAB>["Emma",1815]    a row: its number as a spreadsheet counts, its cells as JSON
    {"end": {…}}            all rows were written; without this line the reader has died
    {"error": …, "params": {…}}

Numbers without a fraction are written as integers, empty cells as null, empty cells at the end
of a row not at all. Dates, times and errors are objects: {"date": "1999-05-01"}.
"""

import contextlib
import datetime
import gc
import json
import math
import os
import resource
import sys
from collections.abc import Callable, Iterator
from json.encoder import encode_basestring
from typing import Any

from catalog.importers import guard
from catalog.importers.guard import MAX_BLANK_ROWS, MAX_COLUMNS, UnreadableFile

MAX_LINE = 8 << 20
_FLUSH = 1 << 16
_EXACT = 1e15  # a spreadsheet keeps 15 digits

Record = tuple[int, list[Any]]


def limit_resources(memory_mb: int, cpu_seconds: int) -> None:
    """From here on this process gets no more memory, time, files or children than it needs."""
    for kind, soft, hard in (
        (resource.RLIMIT_AS, memory_mb << 20, memory_mb << 20),
        (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 2),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 1 << 16, 1 << 16),  # stderr, which is a file
    ):
        # macOS knows RLIMIT_AS and refuses to set it; a lower limit may be in force already.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (soft, hard))


# --- Cells ------------------------------------------------------------------------------------


def _tag(value: Any) -> dict[str, str]:
    """What JSON has no type for."""
    if isinstance(value, datetime.datetime):
        rounded = value + datetime.timedelta(milliseconds=500)  # Excel keeps fractions of days
        return {"datetime": rounded.isoformat(timespec="seconds")}
    if isinstance(value, datetime.date):
        return {"date": value.isoformat()}
    if isinstance(value, datetime.time):
        return {"time": value.isoformat(timespec="seconds")}
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return {"time": f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"}
    raise TypeError(f"a cell of type {type(value).__name__}")


def _encoder() -> Callable[[list[Any]], str]:
    """JSON of one row. The C encoder is made once here; `json.dumps` makes one for every call."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        plain = json.JSONEncoder(
            default=_tag, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        )
        return plain.encode
    # markers, default, encoder, indent, key and item separator, sort_keys, skipkeys, allow_nan
    encode = make(None, _tag, encode_basestring, None, ":", ",", False, False, False)
    return lambda cells: "".join(encode(cells, 0))


def _storable(value: Any) -> Any:
    """A cell without what no database stores: NUL characters, infinity, not-a-number."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, float) and not math.isfinite(value):
        return {"error": "#NUM!"}
    return value


class RowWriter:
    """Writes records as lines and keeps the rules that hold for every kind of file."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._encode = _encoder()

    def run(self, records: Iterator[Record], after: int, limit: int) -> None:
        """Rows with a number above `after`, at most `limit` (0: all), blank ones left out."""
        lines: list[str] = []
        waiting = written = blank = 0
        for number, cells in records:
            trim(cells)
            if not cells:
                blank += 1
                if blank > MAX_BLANK_ROWS:
                    break
                continue
            blank = 0
            if len(cells) > MAX_COLUMNS:
                raise UnreadableFile(
                    "row_too_wide", row=number, columns=len(cells), limit=MAX_COLUMNS
                )
            if number <= after:
                continue
            line = f"{number}\t{self._line(number, cells)}\n"
            lines.append(line)
            waiting += len(line)
            written += 1
            if waiting > _FLUSH or written == limit:
                self._write("".join(lines).encode())
                lines.clear()
                waiting = 0
            if written == limit:
                break
        self._write("".join(lines).encode())

    def _line(self, number: int, cells: list[Any]) -> str:
        try:
            line = self._encode(cells)
        except ValueError:
            line = ""
        if not line or "\\u0000" in line:
            line = self._encode([_storable(cell) for cell in cells])
        if len(line) > MAX_LINE:
            raise UnreadableFile("row_too_long", row=number)
        return line


def trim(cells: list[Any]) -> None:
    """Drop empty cells at the end; only spaces count as empty there."""
    while cells:
        last = cells[-1]
        if last is None or (last.__class__ is str and not last.strip()):
            cells.pop()
        else:
            return


# --- Workbooks --------------------------------------------------------------------------------


class Workbook:
    """A workbook opened with calamine, after its sheets were measured if that was asked for."""

    def __init__(self, path: str, kind: str) -> None:
        from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

        self.path = path
        self.kind = kind
        # `from_path` would believe the file's extension.
        self._file = open(path, "rb")  # noqa: SIM115 - read from until the process ends
        self._book = CalamineWorkbook.from_filelike(self._file)
        self.sheets = {
            sheet.name: sheet.visible == SheetVisibleEnum.Visible
            for sheet in self._book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet
        }
        if not self.sheets:
            raise UnreadableFile("no_sheets")

    def choose(self, name: str) -> str:
        """The sheet asked for, else the first visible one."""
        if name and name not in self.sheets:
            raise UnreadableFile("no_such_sheet", sheet=name)
        visible = [sheet for sheet, shown in self.sheets.items() if shown]
        return name or (visible or list(self.sheets))[0]

    def open(self, name: str) -> Any:
        return self._book.get_sheet_by_name(name)

    def records(self, name: str) -> Iterator[Record]:
        from catalog.importers import measure

        errors = measure.errors(self.path, self.kind, name)
        sheet = self.open(name)
        # calamine pads rows above the used range, but not the columns left of it.
        margin = [None] * (sheet.start[1] if sheet.start else 0)
        for number, row in enumerate(sheet.iter_rows(), 1):
            cells = [
                (value or None)
                if value.__class__ is str
                else int(value)
                if value.__class__ is float and -_EXACT < value < _EXACT and value.is_integer()
                else value
                for value in row
            ]
            if margin:
                cells = margin + cells
            if number in errors:
                _put_errors(cells, errors[number])
            yield number, cells


def _put_errors(cells: list[Any], errors: list[tuple[int, str]]) -> None:
    for column, text in errors:
        if column < len(cells):
            cells[column] = {"error": text}


def inspect_workbook(path: str, kind: str, sheet: str) -> dict[str, Any]:
    """Each sheet measured before calamine may open it; unreadable ones are left out and noted."""
    from catalog.importers import measure

    measured = measure.measure(path, kind)
    if kind != "xlsx":  # of the other kinds calamine loads every sheet at once
        for facts in measured.values():
            facts.refuse()
    book = Workbook(path, kind)
    book.choose(sheet)
    notes: list[dict[str, Any]] = []
    sheets: list[dict[str, Any]] = []
    problems: list[UnreadableFile] = []
    for name, visible in book.sheets.items():
        facts = measured.get(name) or measure.Sheet()
        try:
            facts.refuse()
        except UnreadableFile as problem:
            if name == sheet:
                raise
            problems.append(problem)
            notes.append({"code": "sheet_left_out", "params": {"sheet": name}})
            continue
        sheets.append(_describe(book, name, visible, facts, notes))
    if not sheets:
        raise problems[0]
    if not any(described["rows"] for described in sheets):
        raise problems[0] if problems else UnreadableFile("no_rows")
    return {"kind": kind, "sheets": sheets, "notes": notes}


def _describe(
    book: Workbook, name: str, visible: bool, facts: Any, notes: list[dict[str, Any]]
) -> dict[str, Any]:
    opened = book.open(name)
    filled, beyond = count_rows(
        (number, len(row) - row.count("")) for number, row in enumerate(opened.iter_rows(), 1)
    )
    columns = opened.end[1] + 1 if opened.end else 0  # total_width is one less
    if beyond:
        notes.append(_gap(beyond, name))
    if facts.formulas:
        params = {"sheet": name, "count": facts.formulas, "cell": facts.formula_example}
        notes.append({"code": "formulas_without_result", "params": params})
    return {"name": name, "rows": filled, "columns": columns, "visible": visible}


def count_rows(rows: Iterator[tuple[int, int]]) -> tuple[int, int]:
    """From (number, filled cells): how many rows will be read, and the first row that will not.

    Reading ends after MAX_BLANK_ROWS blank rows; what stands below such a gap must be told.
    """
    filled = blank = 0
    for number, cells in rows:
        if cells:
            if blank > MAX_BLANK_ROWS:
                return filled, number
            filled += 1
            blank = 0
        else:
            blank += 1
    return filled, 0


def _gap(row: int, sheet: str) -> dict[str, Any]:
    return {"code": "gap", "params": {"row": row, "sheet": sheet, "blank": MAX_BLANK_ROWS}}


# --- Text -------------------------------------------------------------------------------------


def inspect_text(path: str, encoding: str, delimiter: str) -> dict[str, Any]:
    """Reads the whole file once, so that trouble in its last line is known before it is used."""
    from catalog.importers.delimited import Text

    text = Text(path, encoding, delimiter)
    columns = 0

    def measured() -> Iterator[tuple[int, int]]:
        nonlocal columns
        for number, cells in text.records():
            trim(cells)
            if len(cells) > MAX_COLUMNS:
                raise UnreadableFile(
                    "row_too_wide", row=number, columns=len(cells), limit=MAX_COLUMNS
                )
            columns = max(columns, len(cells))
            yield number, len(cells)

    rows, beyond = count_rows(measured())
    if not rows:
        raise UnreadableFile("no_rows")
    notes = [_gap(beyond, "")] if beyond else []
    if text.repaired_count:
        first = ", ".join(map(str, text.repaired[:10]))
        params = {"count": text.repaired_count, "rows": first, "encoding": text.encoding}
        notes.append({"code": "broken_bytes", "params": params})
    return {
        "kind": "csv",
        "sheets": [{"name": "", "rows": rows, "columns": columns, "visible": True}],
        "encoding": text.encoding,
        "encoding_sure": text.encoding_sure,
        "delimiter": text.delimiter,
        "notes": notes,
    }


# --- The process ------------------------------------------------------------------------------


def answer(request: dict[str, Any], write: Callable[[bytes], object]) -> None:
    """Do what was asked; raises UnreadableFile."""
    path, sheet = request["path"], request["sheet"]
    encoding, delimiter = request["encoding"], request["delimiter"]
    kind = guard.sniff(path)
    if request["command"] == "inspect":
        text = kind == "csv"
        info = (
            inspect_text(path, encoding, delimiter) if text else inspect_workbook(path, kind, sheet)
        )
        write(_control({"info": info}))
        return
    records: Iterator[Record]
    if kind == "csv":
        from catalog.importers.delimited import Text

        records = Text(path, encoding, delimiter).records()
    else:
        book = Workbook(path, kind)
        records = book.records(book.choose(sheet))
    RowWriter(write).run(records, request["after"], request["limit"])
    write(_control({"end": {}}))


def _control(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode() + b"\n"


def explain(error: BaseException) -> UnreadableFile:
    """The one reason for a person behind any failure of reading."""
    if isinstance(error, UnreadableFile):
        return error
    if isinstance(error, FileNotFoundError):
        return UnreadableFile("gone")
    if isinstance(error, MemoryError):
        return UnreadableFile("memory")
    if isinstance(error, PermissionError):
        return UnreadableFile("not_allowed")
    if type(error).__name__ == "PasswordError":
        return UnreadableFile("encrypted")
    return UnreadableFile("damaged")


def main(argument: str) -> int:
    request = json.loads(argument)
    limit_resources(request["memory_mb"], request["cpu_seconds"])
    gc.disable()  # rows make no cycles
    write = sys.stdout.buffer.write
    try:
        answer(request, write)
    except BrokenPipeError:
        raise
    except BaseException as error:  # a panic inside calamine is no Exception
        reason = explain(error)
        cause = error.__cause__ if reason is error else error
        if cause:  # for the log of whoever runs this; the person gets the sentence
            sys.stderr.write(f"{type(cause).__name__}: {cause}\n")
        write(_control({"error": reason.code, "params": reason.params}))
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except BrokenPipeError:
        pass  # the parent has seen enough
    finally:
        # Without the interpreter's tidying up: a large sheet takes long to free.
        os._exit(0)
