"""Where the table begins: its sheet, its header row, and whether it has a header at all."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final

from catalog.importers import headers as headings
from catalog.importers import known
from catalog.importers.values import text_of

if TYPE_CHECKING:
    from catalog.importers.workbook import RawRow, SheetInfo

# Titles, addresses and remarks above a table are seldom longer.
_SEARCHED: Final = 30
_LONGEST_HEADING: Final = 60
_NUMBER: Final = re.compile(r"[=\"']*[\d.,\s/-]*\d[\d.,\s/Xx-]*[\"']?")


@dataclass(frozen=True)
class Layout:
    header_row: int  # the row's number in the file; 0 if the first row is a book already
    headers: list[str]  # one for each column; empty texts without a header
    skipped: int  # filled rows above the header


def _texts(row: "RawRow") -> list[str]:
    return [" ".join(text_of(cell).split()) for cell in row.cells]


def _filled(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if text]


def _could_be_heading(row: "RawRow") -> bool:
    filled = [cell for cell in row.cells if cell is not None and cell != ""]
    return bool(filled) and all(
        isinstance(cell, str) and len(cell) <= _LONGEST_HEADING and not _NUMBER.fullmatch(cell)
        for cell in filled
    )


def recognised(texts: Sequence[str]) -> float:
    """How many headings of a book list a row holds: each field once, other columns a little."""
    found: dict[str, float] = {}
    others = 0
    for text in texts:
        meaning = headings.meaning(text) if text else headings.Meaning()
        if meaning.strength >= 0.9 and meaning.field != "ignore":
            found[meaning.field] = 1.0
        elif meaning.field:
            others += 1
    return sum(found.values()) + (min(others, 5) * 0.2 if found else 0)


def _stands_out(header: Sequence[str], body: Sequence[Sequence[Any]]) -> bool:
    """Does a row of unknown words differ from the rows below as a header does?

    Proof is a column of numbers under a word. Without numbers, headings are short, do not come
    again below, and are much shorter than what stands under them.
    """
    longer = 0
    columns = 0
    for index, heading in enumerate(header):
        below = [text for row in body if index < len(row) and (text := row[index])]
        if not heading or not below:
            continue
        if heading in below:
            return False
        numbers = sum(1 for text in below if _NUMBER.fullmatch(text))
        if numbers >= 0.7 * len(below):
            return True
        columns += 1
        longer += fmean(map(len, below)) > 1.8 * len(heading)
    return columns > 0 and longer == columns and all(len(text.split()) <= 2 for text in header)


def _header_index(rows: Sequence["RawRow"]) -> int | None:
    candidates = rows[:_SEARCHED]
    texts = [_texts(row) for row in candidates]
    best, best_score = None, 0.0
    for index, row in enumerate(candidates):
        if known.find(texts[index]) is not None:
            return index
        score = recognised(texts[index]) if _could_be_heading(row) else 0.0
        if score > best_score:
            best, best_score = index, score
    width = Counter(len(_filled(row)) for row in texts).most_common(1)[0][0] if texts else 0
    if best is not None and (best_score >= 2 or (best_score >= 1 and width <= 2)):
        return best
    # Perhaps a language that is not known: the first row about as wide as the table.
    first = next(
        (at for at, row in enumerate(texts) if len(_filled(row)) >= max(1, 0.6 * width)), None
    )
    if first is None or not _could_be_heading(candidates[first]):
        return None
    body = [_texts(row) for row in rows[first + 1 : first + 50]]
    if body and (_stands_out(texts[first], body) or (first == best and best_score >= 1)):
        return first
    return None


def find_header(rows: Sequence["RawRow"], header_row: int | None = None) -> Layout:
    """The header among the first rows of a sheet. `header_row`: a person has said where it is."""
    if header_row is None:
        at = _header_index(rows)
    else:
        at = next((at for at, row in enumerate(rows) if row.number == header_row), None)
    width = max((len(row.cells) for row in rows), default=0)
    if at is None:
        return Layout(header_row or 0, [""] * width, 0)
    texts = _texts(rows[at])
    return Layout(rows[at].number, texts + [""] * (width - len(texts)), at)


def choose_sheet(infos: Sequence["SheetInfo"], samples: Mapping[str, Sequence["RawRow"]]) -> str:
    """The sheet that most looks like a book list: by its headings, then by its size."""

    def rank(info: "SheetInfo") -> tuple[bool, bool, float, int]:
        rows = samples.get(info.name, ())
        score = max((recognised(_texts(row)) for row in rows[:_SEARCHED]), default=0.0)
        return bool(rows), info.visible, score, info.rows

    return max(infos, key=rank).name if infos else ""
