"""One row of a file to one book: cleaned, with a note for everything that was not plain.

Reading never raises and keeps little: values that come again (names, publishers, languages,
years) are remembered, up to a limit.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeVar

from catalog import isbn as isbns
from catalog.importers import dates, names, values
from catalog.importers.fields import IGNORE
from catalog.importers.names import Credit
from catalog.importers.values import Problem, Read, error_of, text_of
from catalog.text import match_key, words

__all__ = ["Credit", "Note", "ParsedRow", "RowReader"]

Note = dict[str, Any]  # field, level, code, value (as it came), now (what it has become)
T = TypeVar("T")

_REMEMBERED: Final = 20_000  # values a column
_LONGEST_REMEMBERED: Final = 200
_LONGEST_SHOWN: Final = 200
_PLAIN: Final = frozenset((str, int, float))
_ROLES: Final = {"editor": "edt", "translator": "trl", "illustrator": "ill"}
# Empty with a warning: the book is right all the same, and nothing is guessed.
_ONLY_WARNED: Final = frozenset(("isbn_rounded", "isbn_placeholder"))


@dataclass(slots=True)
class ParsedRow:
    title: str = ""
    subtitle: str = ""
    people: list[Credit] = field(default_factory=list)
    publisher: str = ""
    isbn: str = ""
    isbn_entered: str = ""
    isbn_repaired: bool = False
    year: int | None = None
    published_on: datetime.date | None = None
    language: str = ""
    pages: int | None = None
    price: Decimal | None = None
    currency: str = ""
    description: str = ""
    subjects: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def rejected(self) -> bool:
        return any(note["level"] == "error" for note in self.notes)

    @property
    def repeats_header(self) -> bool:
        return any(note["code"] == "repeated_header" for note in self.notes)

    def note(self, field: str, level: str, code: str, value: str = "", now: str = "") -> None:
        self.notes.append(
            {
                "field": field,
                "level": level,
                "code": code,
                "value": value[:_LONGEST_SHOWN],
                "now": now[:_LONGEST_SHOWN],
            }
        )


class _Number(NamedTuple):
    """What one cell says about the ISBN."""

    isbn: isbns.Isbn | None
    level: str = ""  # of what is wrong with it
    code: str = ""


Step = Callable[[ParsedRow, Any, Sequence[Any]], None]


def _remember(function: Callable[[Any], T]) -> Callable[[Any], T]:
    """Keep the results for texts and numbers; all are forgotten when there are too many."""
    memory: dict[str | float, T] = {}

    def remembered(cell: Any) -> T:
        kind = cell.__class__  # True is not looked up: it would find 1
        if kind not in _PLAIN or (kind is str and len(cell) > _LONGEST_REMEMBERED):
            return function(cell)
        found = memory.get(cell)
        if found is None:
            if len(memory) >= _REMEMBERED:
                memory.clear()
            found = memory[cell] = function(cell)
        return found

    return remembered


class RowReader:
    """`mapping`: column index to field; `options`: what the survey found out about a column."""

    def __init__(
        self,
        mapping: Mapping[int, str],
        options: Mapping[int, Mapping[str, Any]] | None = None,
    ) -> None:
        self._options = {int(index): dict(given) for index, given in (options or {}).items()}
        self._columns = {int(index): field for index, field in mapping.items()}
        # The language comes first: the small words of a shouted title depend on it.
        order = sorted(self._columns, key=lambda at: (self._columns[at] != "language", at))
        self._steps: list[tuple[int, str, Step]] = []
        self._isbns: list[tuple[int, Callable[[Any], _Number]]] = []
        self._sorts: list[tuple[int, Callable[[Any], list[str]]]] = []
        for index in order:
            self._plan(index, self._columns[index], self._options.get(index, {}))
        self._headers = [
            (index, " ".join(str(self._options.get(index, {}).get("header", "")).split()))
            for index in order
            if self._columns[index] not in (IGNORE, "row_number")
        ]
        self._headers = [(index, header) for index, header in self._headers if header]

    def _plan(self, index: int, field: str, options: Mapping[str, Any]) -> None:
        if field == "isbn":
            self._isbns.append((index, _isbn_reader(options)))
        elif field == "author_sort":
            self._sorts.append((index, _remember(lambda cell: _sort_names(cell, options))))
        elif step := _step(field, options):
            self._steps.append((index, field, step))

    def read(self, cells: Sequence[Any]) -> ParsedRow:
        """The book in a row. There is none where a note is an error, nor in a repeated header."""
        row = ParsedRow()
        width = len(cells)
        for index, name, step in self._steps:
            if index < width and (cell := cells[index]) is not None and cell != "":
                if cell.__class__ is dict and (error := error_of(cell)):
                    row.note(name, "warning", "cell_error", error)
                else:
                    step(row, cell, cells)
        if self._isbns:
            self._read_isbn(row, cells)
        if self._sorts:
            self._read_sort_names(row, cells)
        if len(row.people) > 1:
            row.people = _once(row.people)
        if self._headers and self._repeats_header(cells):
            row.notes.clear()
            row.note("", "info", "repeated_header", row.title)
        elif not row.title:
            row.note("title", "error", "title_missing")
        return row

    def _repeats_header(self, cells: Sequence[Any]) -> bool:
        for index, header in self._headers:
            cell = cells[index] if index < len(cells) else None
            if cell.__class__ is not str or " ".join(cell.split()) != header:
                return False
        return True

    def _read_isbn(self, row: ParsedRow, cells: Sequence[Any]) -> None:
        """The ISBN of one or two columns: the one that is valid and least repaired."""
        found: list[tuple[Any, _Number]] = []
        for index, read in self._isbns:
            cell = cells[index] if index < len(cells) else None
            if cell is None or cell == "":
                continue
            if error := error_of(cell):
                row.note("isbn", "warning", "cell_error", error)
                continue
            number = read(cell)
            if number.isbn is not None or number.code:
                found.append((cell, number))
        if not found:
            return
        valid = [(cell, number) for cell, number in found if number.isbn is not None]
        if len(valid) > 1:
            valid.sort(key=lambda pair: _rank(pair[1]))
        chosen = valid[0][1].isbn if valid else None
        if chosen is not None:
            row.isbn = chosen.digits13
            row.isbn_entered = chosen.entered
            row.isbn_repaired = chosen.repaired
            if chosen.repaired:
                row.note("isbn", "repair", "isbn_zeros", chosen.entered, chosen.digits13)
            if any(number.isbn and number.isbn.digits13 != chosen.digits13 for _, number in valid):
                both = " / ".join(number.isbn.entered for _cell, number in valid if number.isbn)
                row.note("isbn", "warning", "isbn_disagree", both, chosen.digits13)
        for cell, number in found:
            self._note_isbn(row, cell, number, chosen)

    @staticmethod
    def _note_isbn(row: ParsedRow, cell: Any, number: _Number, chosen: isbns.Isbn | None) -> None:
        if not number.code:
            return
        if number.isbn is not None:  # several in the cell
            row.note("isbn", number.level, number.code, text_of(cell), number.isbn.digits13)
        elif chosen is None:
            row.note("isbn", number.level, number.code, text_of(cell))
        elif number.level == "error":
            row.note("isbn", "warning", "isbn_other_wrong", text_of(cell), chosen.digits13)

    def _read_sort_names(self, row: ParsedRow, cells: Sequence[Any]) -> None:
        """Sort names of a column of their own, for the authors whose words they have."""
        for index, read in self._sorts:
            cell = cells[index] if index < len(cells) else None
            if cell is None or cell == "" or error_of(cell):
                continue
            sort_names = read(cell)
            if not any(credit.role == names.AUTHOR for credit in row.people):
                for text in sort_names:
                    row.people += names.credits_of(text)[0]
                continue
            by_words = {tuple(sorted(words(text))): text for text in sort_names}
            row.people = [
                credit._replace(
                    sort_name=by_words.get(tuple(sorted(words(credit.name))), credit.sort_name)
                )
                for credit in row.people
            ]


def _rank(number: _Number) -> tuple[bool, bool]:
    """An ISBN that was complete comes before a repaired one, thirteen digits before ten."""
    isbn = number.isbn
    return isbn is None or isbn.repaired, isbn is None or sum(map(str.isdigit, isbn.entered)) < 13


def _once(people: Iterable[Credit]) -> list[Credit]:
    """Nobody twice in one role, however the name is written."""
    kept: dict[tuple[str, str], Credit] = {}
    for credit in people:
        kept.setdefault((match_key(credit.name), credit.role), credit)
    return list(kept.values())


def _report(row: ParsedRow, field: str, cell: Any, problems: Iterable[Problem]) -> None:
    for problem in problems:
        row.note(field, problem.level, problem.code, text_of(cell), problem.now)


# --- ISBN ------------------------------------------------------------------------------------
def _isbn_reader(options: Mapping[str, Any]) -> Callable[[Any], _Number]:
    rounded = bool(options.get("rounded"))
    other_numbers = bool(options.get("other_numbers"))

    def read(cell: Any) -> _Number:
        if rounded:  # even where the check digit happens to fit
            return _Number(None, "warning", "isbn_rounded")
        try:
            return _Number(isbns.parse(cell))
        except isbns.IsbnError as error:
            code = error.code
        several = isbns.find(cell) if cell.__class__ is str and len(cell) > 13 else []
        if several:
            thirteen = [isbn for isbn in several if sum(map(str.isdigit, isbn.entered)) == 13]
            first = (thirteen or several)[0]
            if len(several) == 1:
                return _Number(first)  # as ten and as thirteen digits, or with words around it
            return _Number(first, "warning", "isbn_several")
        if other_numbers and code != "isbn_check_digit":
            return _Number(None)
        return _Number(None, "warning" if code in _ONLY_WARNED else "error", code)

    return read


# --- The other fields ------------------------------------------------------------------------
def _step(field: str, options: Mapping[str, Any]) -> Step | None:
    """What to do with a cell of this field; nothing for columns that are not used."""
    if field in ("authors", *_ROLES):
        return _people_step(field, options)
    makers: dict[str, Callable[[Mapping[str, Any]], Step]] = {
        "title": _title_step,
        "subtitle": lambda options: _text_step("subtitle", values.line),
        "publisher": lambda options: _text_step(
            "publisher",
            _remember(lambda cell: values.publisher(cell, bool(options.get("publication")))),
        ),
        "language": lambda options: _text_step("language", _remember(values.language)),
        "description": lambda options: _text_step("description", values.description),
        "pages": lambda options: _text_step("pages", _remember(values.pages)),
        "year": lambda options: _published_step("year", options),
        "published_on": lambda options: _published_step("published_on", options),
        "price": _price_step,
        "currency": _currency_step,
        "subjects": _subjects_step,
    }
    return makers[field](options) if field in makers else None


def _text_step(field: str, read: Callable[[Any], Read[Any]]) -> Step:
    def step(row: ParsedRow, cell: Any, cells: Sequence[Any]) -> None:
        value, problems = read(cell)
        setattr(row, field, value)
        if problems:
            _report(row, field, cell, problems)

    return step


def _title_step(options: Mapping[str, Any]) -> Step:
    shouted = bool(options.get("shouted"))

    def step(row: ParsedRow, cell: Any, cells: Sequence[Any]) -> None:
        row.title, problems = values.title(cell, row.language, shouted)
        if problems:
            _report(row, "title", cell, problems)

    return step


def _people_step(field: str, options: Mapping[str, Any]) -> Step:
    role = _ROLES.get(field, names.AUTHOR)
    roles_at = options.get("roles_column")

    def parse(cell: Any) -> Read[list[Credit]]:
        # Lines are names of their own; tidying would make them one.
        text, problems = values.tidy(text_of(cell).replace("\n", " ; "))
        people, more = names.read(text, role, options)
        return Read(people, problems + more)

    read = _remember(parse)

    def step(row: ParsedRow, cell: Any, cells: Sequence[Any]) -> None:
        people, problems = read(cell)
        if isinstance(roles_at, int) and roles_at < len(cells):
            people = _with_roles(people, text_of(cells[roles_at]))
        row.people += people
        if problems:
            _report(row, field, cell, problems)

    return step


def _with_roles(people: list[Credit], roles: str) -> list[Credit]:
    """LibraryThing keeps roles in a column beside the names, in their order."""
    given = [names.role_of(role) for role in roles.split("|")]
    given += [""] * (len(people) - len(given))
    return [
        credit._replace(role=role or credit.role)
        for credit, role in zip(people, given, strict=False)
    ]


def _sort_names(cell: Any, options: Mapping[str, Any]) -> list[str]:
    text = values.tidy(text_of(cell).replace("\n", " ; ")).value
    separator = options.get("separator")
    return names.split(text, None if separator == "," else separator, inverted=True)


def _published_step(field: str, options: Mapping[str, Any]) -> Step:
    serial = field == "published_on"
    read = _remember(lambda cell: dates.published(cell, options, serial=serial))

    def step(row: ParsedRow, cell: Any, cells: Sequence[Any]) -> None:
        (year, day), problems = read(cell)
        if year is not None and row.year not in (None, year):
            kept = row.year if field == "published_on" else year
            row.note(field, "warning", "years_differ", text_of(cell), str(kept))
            row.year = kept
            if row.published_on is None or row.published_on.year != kept:
                row.published_on = None
        else:
            row.year = row.year if year is None else year
            row.published_on = day or row.published_on
        if problems:
            _report(row, field, cell, problems)

    return step


def _price_step(options: Mapping[str, Any]) -> Step:
    default = str(options.get("currency", ""))

    def step(row: ParsedRow, cell: Any, cells: Sequence[Any]) -> None:
        (row.price, currency), problems = values.price(cell)
        if row.price is not None:
            row.currency = currency or row.currency or default
        if problems:
            _report(row, "price", cell, problems)

    return step


def _currency_step(options: Mapping[str, Any]) -> Step:
    read = _remember(values.currency)

    def step(row: ParsedRow, cell: Any, cells: Sequence[Any]) -> None:
        currency, problems = read(cell)
        row.currency = row.currency or currency
        if problems:
            _report(row, "currency", cell, problems)

    return step


def _subjects_step(options: Mapping[str, Any]) -> Step:
    separator = options.get("subject_separator")
    read = _remember(lambda cell: values.subjects(cell, separator))

    def step(row: ParsedRow, cell: Any, cells: Sequence[Any]) -> None:
        found, problems = read(cell)
        row.subjects += [subject for subject in found if subject not in row.subjects]
        if problems:
            _report(row, "subjects", cell, problems)

    return step
