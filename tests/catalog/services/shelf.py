"""Books for files to import: as many as wanted, all different, always the same."""

import csv
import io
from collections.abc import Iterable
from typing import Any

HEADERS = {
    "title": "Title",
    "subtitle": "Subtitle",
    "authors": "Author",
    "publisher": "Publisher",
    "isbn": "ISBN",
    "year": "Year",
    "language": "Language",
    "pages": "Pages",
    "description": "Description",
}
Book = dict[str, Any]


def isbn(number: int) -> str:
    """A valid ISBN-13 for each number."""
    digits = f"97800{number:07}"
    check = -sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10
    return f"{digits}{check}"


def books(count: int, **fields: Any) -> list[Book]:
    """Books that differ in everything; a callable field gets the number of the book."""
    plain: Book = {
        "title": lambda n: f"The Book of Number {n}",
        "authors": lambda n: f"Anna Author{n % 7}",
        "publisher": lambda n: f"Press {n % 3}",
        "isbn": isbn,
        "year": lambda n: 1950 + n % 50,
    }
    return [
        {name: value(n) if callable(value) else value for name, value in (plain | fields).items()}
        for n in range(1, count + 1)
    ]


def as_csv(rows: Iterable[Book]) -> bytes:
    rows = list(rows)
    fields = [field for field in HEADERS if any(field in row for row in rows)]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([HEADERS[field] for field in fields])
    writer.writerows([[row.get(field, "") for field in fields] for row in rows])
    return text.getvalue().encode()
