"""CSV and its kin: encoding, delimiter and quotes found, records streamed in constant memory.

The number of a record is its place in the file, blank lines included, as a spreadsheet program
numbers its rows: a quoted cell of three lines is one row, not three, and Excel's `sep=;` line is
none. Runs in the reader process only.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Generator, Iterator
from io import TextIOWrapper
from itertools import chain, islice

from catalog.importers.guard import UnreadableFile

# What a person may choose. Checked, because Python's own list also holds "zip" and "rot13".
CODECS = frozenset(
    {
        *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"),
        *("cp1252", "latin-1", "iso8859-15", "mac_roman", "cp850", "cp437"),
        *("cp1250", "iso8859-2", "cp1251", "koi8-r", "cp1253", "cp1254", "cp1257"),
        *("cp1255", "cp1256", "cp874", "cp932", "euc_jp", "gb18030", "big5", "cp949"),
    }
)
DELIMITERS = ",;\t|"
MAX_FIELD = 1 << 18  # characters; a spreadsheet cell holds 32,767

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARK = "\uffff"  # a code point that no text may hold: it marks a byte that had to be guessed
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_SEP = re.compile(r'^"?sep=(.)"?\r?\n?$', re.I)
# A last record of ours: when it does not come out alone, a quotation mark was left open. No
# record of the file can be like it, because `Text.lines` refuses NUL.
_SENTINEL = ["\x00end"]


def _repair(error: UnicodeError) -> tuple[str, int]:
    """Decode what is broken in UTF-8 as Windows-1252 (most often it is), and mark it."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if error.encoding.replace("_", "-") != "utf-8":
        return "\ufffd" + _MARK, error.end
    broken = error.object[error.start : error.end]
    return "".join(_CP1252[byte] for byte in broken) + _MARK, error.end


# Windows-1252 with its five unassigned bytes as in Latin-1, so that every byte has a letter.
_CP1252 = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))
codecs.register_error("colophon.repair", _repair)


class Text:
    """A text file with its encoding and delimiter settled: by the person, or found."""

    def __init__(self, path: str, encoding: str = "", delimiter: str = "") -> None:
        self.path = path
        self.encoding_sure = True
        self.repaired: list[int] = []  # the records in which bytes had to be guessed; first 1,000
        self.repaired_count = 0
        self._marked = False  # the record being read holds a guessed byte
        if encoding and encoding not in CODECS:
            raise UnreadableFile("unknown_encoding", encoding=encoding)
        if delimiter and not _usable(delimiter):
            raise UnreadableFile("unknown_delimiter", delimiter=delimiter)
        self.bom = self._find_bom()
        self.encoding = encoding or self._find_encoding()
        self._codec = "utf-8-sig" if self.encoding == "utf-8" else self.encoding
        separator = self._separator_line()
        self._skip_first_line = bool(separator)
        self.delimiter = delimiter or separator or self._find_delimiter()

    def _find_bom(self) -> str:
        with open(self.path, "rb") as file:
            head = file.read(4)
        return next((name for bom, name in _BOMS if head.startswith(bom)), "")

    def _find_encoding(self) -> str:
        """BOM, else strict UTF-8, else a proposal that the person may correct."""
        if self.bom:
            return self.bom
        with open(self.path, "rb") as file:
            head = file.read(1 << 16)
        if b"\x00" in head:
            self.encoding_sure = False
            return _utf16_without_bom(head)
        if len(_CONTROL.findall(head)) > len(head) // 20:
            raise UnreadableFile("not_spreadsheet", what="")
        if self._is_utf8():
            return "utf-8"
        self.encoding_sure = False
        return self._best_legacy()

    def _is_utf8(self) -> bool:
        decoder = codecs.getincrementaldecoder("utf-8")()
        with open(self.path, "rb") as file:
            try:
                while chunk := file.read(1 << 20):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                return False
        return True

    def _best_legacy(self) -> str:
        """UTF-8 when most lines with accents are sound (a few bytes are broken), else Windows."""
        sound = broken = 0
        with open(self.path, "rb") as file:
            for line in file:
                if not line.isascii():
                    try:
                        line.decode()
                        sound += 1
                    except UnicodeDecodeError:
                        broken += 1
        return "utf-8" if sound > broken else "cp1252"

    def lines(self) -> Generator[str, None, None]:
        """The lines as the csv module wants them; refuses NUL."""
        with (
            open(self.path, "rb") as file,
            TextIOWrapper(file, self._codec, errors="colophon.repair", newline="") as text,
        ):
            try:
                for number, line in enumerate(text, 1):
                    if "\x00" in line:
                        raise UnreadableFile("nul_byte", line=number)
                    if _MARK in line:
                        self._marked = True
                    yield line
            except UnicodeError as error:  # UTF-16 and UTF-32 cut short in the middle
                raise UnreadableFile("wrong_encoding", encoding=self.encoding) from error

    def _separator_line(self) -> str:
        """The delimiter that a first line `sep=;` declares."""
        first = next(self.lines(), "")
        match = _SEP.match(first)
        return match[1] if match and _usable(match[1]) else ""

    def _find_delimiter(self) -> str:
        """The one that gives the most steady number of columns, then the most columns."""
        head = list(islice((line.replace(_MARK, "") for line in self.lines()), 400))
        return max(DELIMITERS, key=lambda delimiter: _steadiness(head, delimiter))

    def records(self) -> Iterator[tuple[int, list[str | None]]]:
        """(number, cells), blank records too; empty cells are None."""
        csv.field_size_limit(MAX_FIELD)
        self._marked = False  # finding the delimiter read lines too
        lines = self.lines()
        if self._skip_first_line:
            next(lines, None)
        reader = csv.reader(chain(lines, _SENTINEL), delimiter=self.delimiter)
        number = 0
        try:
            for number, cells in enumerate(reader, 1):
                if cells == _SENTINEL:
                    return
                if cells and _SENTINEL[0] in cells[-1]:
                    raise UnreadableFile("quotes", row=number)
                if self._marked:
                    cells = self._without_marks(number, cells)
                yield number, [cell or None for cell in cells]
        except csv.Error as error:
            code = "damaged_text"
            if "field limit" in str(error):
                code = "row_too_long" if self._long_without_quotes(reader.line_num) else "quotes"
            raise UnreadableFile(code, row=number + 1) from error
        finally:
            lines.close()

    def _long_without_quotes(self, line_num: int) -> bool:
        """Whether a cell is so long by itself, and not because a quotation mark is open."""
        line = next(islice(self.lines(), line_num - 1 + self._skip_first_line, None), "")
        return len(line) > MAX_FIELD and '"' not in line

    def _without_marks(self, number: int, cells: list[str]) -> list[str]:
        self._marked = False
        self.repaired_count += 1
        if len(self.repaired) < 1000:
            self.repaired.append(number)
        return [cell.replace(_MARK, "") for cell in cells]


def _usable(delimiter: str) -> bool:
    """One character that neither words nor quoting need."""
    return len(delimiter) == 1 and not delimiter.isalnum() and delimiter not in "\"' \r\n\x00"


def _utf16_without_bom(head: bytes) -> str:
    """UTF-16 shows as NUL in every second byte of plain letters; any other NUL is refused."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = max(1, len(head) // 2)
    if odd > 0.3 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.3 * half and odd < 0.05 * half:
        return "utf-16-be"
    if len(_CONTROL.findall(head)) + head.count(0) > len(head) // 10:
        raise UnreadableFile("not_spreadsheet", what="")
    raise UnreadableFile("nul_byte", line=head[: head.index(0)].count(b"\n") + 1)


def _steadiness(lines: list[str], delimiter: str) -> tuple[bool, float]:
    """How evenly a delimiter cuts: (nearly all records alike, evenness times columns)."""
    widths: Counter[int] = Counter()
    try:
        for cells in csv.reader(lines, delimiter=delimiter):
            if any(cells):
                widths[len(cells)] += 1
    except csv.Error:
        return False, 0.0
    several = {width: count for width, count in widths.items() if width > 1}
    if not several:
        return False, 0.0
    width = max(several, key=lambda width: (several[width], width))
    share = several[width] / widths.total()
    return share >= 0.8, share * width
