"""Measuring sheets before calamine opens them, and finding what calamine does not tell.

calamine reserves the whole box around the filled cells, so the box is measured first. It gives
an empty cell for an error (#N/A) and for a formula without a stored result: those are found
here. Runs in the reader process only.
"""

import re
import struct
from collections.abc import Iterable, Iterator
from posixpath import dirname, join, normpath
from xml.parsers import expat

from catalog.importers.guard import MAX_CELLS, MAX_COLUMNS, Archive, Compound, UnreadableFile

MAX_ROW_XML = 16 << 20
MAX_REPEATED_ROWS = 10_000  # of one filled row in an .ods


class Sheet:
    """What is known of a sheet without loading it."""  # no dataclass: its import is slow

    __slots__ = ("columns", "errors", "formula_example", "formulas", "repeated", "rows")

    def __init__(self) -> None:
        self.rows = 0  # the last filled row, counted from 1
        self.columns = 0
        self.errors: dict[int, list[tuple[int, str]]] = {}  # row from 1: [(column from 0, text)]
        self.formulas = 0  # without a stored result
        self.formula_example = ""
        self.repeated = 0  # the longest run of one filled row

    def refuse(self) -> None:
        """Raise if calamine must not open this sheet."""
        if self.repeated > MAX_REPEATED_ROWS:
            raise UnreadableFile("repeated_rows", rows=self.repeated)
        if self.columns > MAX_COLUMNS:
            raise UnreadableFile("too_wide", columns=self.columns, limit=MAX_COLUMNS)
        if self.rows * self.columns > MAX_CELLS:
            raise UnreadableFile("box_too_large", rows=self.rows, columns=self.columns)

    def add_error(self, row: int, column: int, text: str) -> None:
        self.errors.setdefault(row, []).append((column, text))

    def add_formula(self, cell: str, count: int = 1) -> None:
        self.formulas += count
        self.formula_example = self.formula_example or cell


def measure(path: str, kind: str) -> dict[str, Sheet]:
    """Every sheet of a workbook by name."""
    if kind == "xls":
        return _measure_xls(path)
    with Archive(path) as archive:
        if kind == "ods":
            return _measure_ods(archive)
        return {
            name: _measure_xlsx(archive.inflate(member), full=True)
            for name, member in xlsx_members(archive).items()
        }


def errors(path: str, kind: str, sheet: str) -> dict[int, list[tuple[int, str]]]:
    """The error cells of one sheet; cheap when there are none."""
    if kind == "xls":
        found = _measure_xls(path).get(sheet)
        return found.errors if found else {}
    with Archive(path) as archive:
        if kind == "xlsx":
            member = xlsx_members(archive).get(sheet)
            return _measure_xlsx(archive.inflate(member), full=False).errors if member else {}
        if not _contains(archive.inflate("content.xml"), b'value-type="error"'):
            return {}
        found = _measure_ods(archive).get(sheet)
        return found.errors if found else {}


def column_letters(column: int) -> str:
    """ "A" for 0, "AB" for 27."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _contains(parts: Iterable[bytes], needle: bytes) -> bool:
    tail = b""
    for part in parts:
        if needle in tail + part:
            return True
        tail = part[-len(needle) :]
    return False


# --- .xlsx ------------------------------------------------------------------------------------


def _elements(xml: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    """Every start tag, local names only."""
    found: list[tuple[str, dict[str, str]]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        local = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        found.append((name.rpartition(":")[2], local))

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise UnreadableFile("damaged") from error
    return iter(found)


def xlsx_members(archive: Archive) -> dict[str, str]:
    """The part of each worksheet by the sheet's name."""
    workbook = "xl/workbook.xml"
    if "_rels/.rels" in archive.members:
        for name, relation in _elements(archive.read("_rels/.rels", 1 << 20)):
            if name == "Relationship" and relation.get("Type", "").endswith("/officeDocument"):
                workbook = relation.get("Target", "").lstrip("/")
    folder = dirname(workbook)
    relations = f"{folder}/_rels/{workbook.rpartition('/')[2]}.rels".lstrip("/")
    if workbook not in archive.members or relations not in archive.members:
        raise UnreadableFile("damaged")
    targets = {
        relation.get("Id", ""): relation.get("Target", "")
        for name, relation in _elements(archive.read(relations, 4 << 20))
        if name == "Relationship" and relation.get("Type", "").endswith("/worksheet")
    }
    members: dict[str, str] = {}
    for name, sheet in _elements(archive.read(workbook, 16 << 20)):
        target = targets.get(sheet.get("id", ""), "") if name == "sheet" else ""
        if target:
            member = target[1:] if target.startswith("/") else normpath(join(folder, target))
            if member in archive.members:
                members[sheet.get("name", "")] = member
    return members


# `~` stands for the namespace prefix that the tags of a sheet may carry.
# A cell with content: neither `<c …/>` nor `<c …></c>`, which only carry a format.
_CELL = rb"""<~c\b[^>]*?\br=["']([A-Z]{1,3})(\d{1,7})["'][^>/]*>(?!</)"""
_ERROR = rb"""
    <~c\b(?=[^>]*?\bt=["']e["'])[^>]*?\br=["']([A-Z]{1,3})(\d{1,7})["'][^>]*>
    (?:(?!</~c>).)*?<~v>([^<]*)<
"""
# A formula and nothing else; but `t="str"` with an empty value is a stored empty text.
_UNSTORED = rb"""
    <~c\b(?![^>]*?\bt=["']str["'])[^>]*?\br=["']([A-Z]{1,3}\d{1,7})["'][^>]*>\s*
    <~f\b(?:[^>]*/>|[^>]*>[^<]*</~f>)\s*(?:<~v\s*/>|<~v></~v>)?\s*</~c>
"""


class _Patterns:
    """The expressions for one sheet, with its prefix put in."""

    def __init__(self, prefix: bytes) -> None:
        def ready(pattern: bytes) -> re.Pattern[bytes]:
            return re.compile(pattern.replace(b"~", re.escape(prefix)), re.S | re.X)

        self.row = b"<" + prefix + b"row"
        self.formula = b"<" + prefix + b"f"
        self.cell = ready(_CELL)
        self.error = ready(_ERROR)
        self.unstored = ready(_UNSTORED)


_ROOT = re.compile(rb"<(?:([A-Za-z_][\w.-]*:))?worksheet\b")


def _measure_xlsx(parts: Iterable[bytes], *, full: bool) -> Sheet:
    """Read a worksheet's XML in blocks of whole rows. Without `full`, only its error cells."""
    sheet = Sheet()
    patterns: _Patterns | None = None
    waiting = b""
    for part in parts:
        waiting += part
        if len(waiting) < 1 << 18:
            continue
        patterns = patterns or _patterns_of(waiting)
        cut = waiting.rfind(patterns.row)
        if cut > 0:
            _measure_block(sheet, patterns, waiting[:cut], full)
            waiting = waiting[cut:]
        elif len(waiting) > MAX_ROW_XML:
            raise UnreadableFile("row_too_long", row=sheet.rows + 1)
    _measure_block(sheet, patterns or _patterns_of(waiting), waiting, full)
    return sheet


def _patterns_of(start: bytes) -> _Patterns:
    match = _ROOT.search(start)
    return _Patterns((match and match[1]) or b"")


def _measure_block(sheet: Sheet, patterns: _Patterns, block: bytes, full: bool) -> None:
    if b't="e"' in block or b"t='e'" in block:
        for letters, row, text in patterns.error.findall(block):
            column = _column_number(letters) - 1
            sheet.add_error(int(row), column, text.decode("utf-8", "replace"))
    if not full:
        return
    cells = patterns.cell.findall(block)
    if cells:
        columns = {letters for letters, _ in cells}
        sheet.columns = max(sheet.columns, *map(_column_number, columns))
        sheet.rows = max(sheet.rows, max(int(row) for _, row in cells))
    if patterns.formula in block:
        for cell in patterns.unstored.findall(block):
            sheet.add_formula(cell.decode())


# --- .ods -------------------------------------------------------------------------------------


class _OdsMeter:
    """Walks content.xml, counting repeated rows and cells without unrolling them."""

    def __init__(self) -> None:
        self.sheets: dict[str, Sheet] = {}
        self._sheet = Sheet()
        self._row = self._column = 0
        self._row_repeat = 1
        self._filled = False
        self._error: list[str] | None = None
        self._row_errors: list[tuple[int, str]] = []
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def run(self, parts: Iterable[bytes]) -> dict[str, Sheet]:
        try:
            for part in parts:
                self._parser.Parse(part, False)
            self._parser.Parse(b"", True)
        except (expat.ExpatError, ValueError) as error:
            raise UnreadableFile("damaged") from error
        return self.sheets

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name in {"table-cell", "covered-table-cell"}:
            self._cell(attributes)
        elif name == "table-row":
            self._row_repeat = _repeat(attributes, "table:number-rows-repeated")
            self._column = 0
            self._filled = False
            self._row_errors = []
        elif name == "table":
            self._sheet = self.sheets[attributes.get("table:name", "")] = Sheet()
            self._row = 0

    def _cell(self, attributes: dict[str, str]) -> None:
        repeat = _repeat(attributes, "table:number-columns-repeated")
        if "office:value-type" in attributes:
            self._filled = True
            self._sheet.columns = max(self._sheet.columns, self._column + repeat)
            if attributes.get("calcext:value-type") == "error":
                self._error = []
                self._parser.CharacterDataHandler = self._error.append
        elif "table:formula" in attributes:
            cell = f"{column_letters(self._column)}{self._row + 1}"
            self._sheet.add_formula(cell, min(repeat, MAX_REPEATED_ROWS))
        self._column += repeat

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name == "table-cell" and self._error is not None:
            self._parser.CharacterDataHandler = None
            self._row_errors.append((self._column - 1, "".join(self._error).strip() or "#ERR"))
            self._error = None
        elif name == "table-row":
            if self._filled:
                self._sheet.rows = self._row + self._row_repeat
                self._sheet.repeated = max(self._sheet.repeated, self._row_repeat)
            for column, text in self._row_errors:
                for row in range(min(self._row_repeat, MAX_REPEATED_ROWS)):
                    self._sheet.add_error(self._row + row + 1, column, text)
            self._row += self._row_repeat


def _repeat(attributes: dict[str, str], name: str) -> int:
    return max(1, int(attributes.get(name, "1")))


def _measure_ods(archive: Archive) -> dict[str, Sheet]:
    if "content.xml" not in archive.members:
        raise UnreadableFile("damaged")
    return _OdsMeter().run(archive.inflate("content.xml"))


# --- .xls (BIFF) ------------------------------------------------------------------------------

_FILEPASS, _BOUNDSHEET, _BOF, _EOF = 0x2F, 0x85, 0x809, 0x0A
_FORMULA, _BOOLERR, _MULRK, _MULBLANK = 0x06, 0x205, 0xBD, 0xBE
_CELLS = {0x203, 0x27E, 0x204, 0xFD, 0xD6, _FORMULA, _BOOLERR, _MULRK}
_ERROR_TEXT = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!",
    0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
}  # fmt: skip


def _measure_xls(path: str) -> dict[str, Sheet]:
    with open(path, "rb") as file:
        compound = Compound(file)
    stream = compound.read("Workbook" if "Workbook" in compound.streams else "Book")
    try:
        places = _xls_sheets(stream)
        return {name: _measure_biff(stream, offset) for name, offset in places.items()}
    except (struct.error, IndexError) as error:
        raise UnreadableFile("damaged") from error


def _records(stream: bytes, offset: int) -> Iterator[tuple[int, int, int]]:
    """(type, start of the data, length) up to the end of this part of the stream."""
    depth = 0
    end = len(stream)
    while offset + 4 <= end:
        kind, length = struct.unpack_from("<HH", stream, offset)
        yield kind, offset + 4, length
        depth += (kind == _BOF) - (kind == _EOF)  # a chart is a part within the part
        if depth <= 0:
            return
        offset += 4 + length


def _xls_sheets(stream: bytes) -> dict[str, int]:
    sheets: dict[str, int] = {}
    for kind, start, length in _records(stream, 0):
        if kind == _FILEPASS:
            raise UnreadableFile("encrypted")
        if kind == _BOUNDSHEET and stream[start + 5] == 0:  # a worksheet, not a chart
            (offset,) = struct.unpack_from("<I", stream, start)
            sheets[_xls_name(stream[start + 6 : start + length])] = offset
    return sheets


def _xls_name(data: bytes) -> str:
    """BIFF8: length, flag of two-byte characters, characters."""
    wide = len(data) > 1 and data[1] & 1
    return data[2:].decode("utf-16-le" if wide else "latin-1", "replace")[: data[0]]


def _measure_biff(stream: bytes, offset: int) -> Sheet:
    sheet = Sheet()
    unpack = struct.Struct("<HH").unpack_from
    for kind, start, length in _records(stream, offset):
        if kind not in _CELLS:
            continue
        row, column = unpack(stream, start)
        last = struct.unpack_from("<H", stream, start + length - 2)[0] if kind == _MULRK else column
        sheet.rows = max(sheet.rows, row + 1)
        sheet.columns = max(sheet.columns, last + 1)
        code = _xls_error(kind, stream[start : start + length])
        if code is not None:
            sheet.add_error(row + 1, column, _ERROR_TEXT.get(code, "#ERR"))
    return sheet


def _xls_error(kind: int, data: bytes) -> int | None:
    if kind == _BOOLERR and data[7]:
        return data[6]
    if kind == _FORMULA and data[12:14] == b"\xff\xff" and data[6] == 2:
        return data[8]
    return None
