"""How names, cells and columns of a spreadsheet are shown to people. No Django here."""

import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from catalog.importers.workbook import RawRow

PREVIEWED = 15  # lines
PREVIEWED_TEXT = 60  # characters of a cell
FILENAME_LENGTH = 255
_FOLDERS = re.compile(r"[/\\]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # no database takes these as text
_HIDDEN = {"Cc", "Cf", "Cs"}  # control characters, text direction and other invisible marks


def display_name(name: str) -> str:
    """A file's name as a page may show it; "" if nothing of it is left. Never used as a path.

    Without folders, and without the characters that turn the text around ("gpj.xslx"). The end
    of a long name stays, since it says what kind of file it is.
    """
    name = _FOLDERS.split(name)[-1]
    name = " ".join("".join(c for c in name if unicodedata.category(c) not in _HIDDEN).split())
    if len(name) <= FILENAME_LENGTH:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:
        return name[:FILENAME_LENGTH]
    return stem[: FILENAME_LENGTH - len(ending) - 1] + dot + ending


def column_letter(index: int) -> str:
    """The name that a spreadsheet gives its columns: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def cell_text(cell: Any) -> str:
    """A cell as a person would type it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, dict):  # {"date": "1999-05-01"}, {"error": "#N/A"}
        return str(next(iter(cell.values()), ""))
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


def preview(rows: Iterable["RawRow"], header_row: int) -> list[dict[str, Any]]:
    """The first lines of a sheet: what stands above the header, the header, and some below it."""
    shown: list[dict[str, Any]] = []
    below = 0
    for row in rows:
        below += row.number > header_row
        if below > 5 or len(shown) == PREVIEWED:
            break
        texts = [_UNSTORABLE.sub("\ufffd", cell_text(cell)) for cell in row.cells]
        short = [text if len(text) <= PREVIEWED_TEXT else text[:59] + "…" for text in texts]
        shown.append({"number": row.number, "texts": short})
    return shown
