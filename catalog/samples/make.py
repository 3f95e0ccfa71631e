"""Makes colophon-sample.xlsx, the spreadsheet that people try an import with.

    python -m catalog.samples.make

books.tsv holds the books as they are; this module does to them what happens to lists that many
hands have kept for years. The same table always gives the same file.

The facts are from general knowledge, good to try an import on, not to cite. No ISBN is invented:
those given belong to paperbacks that can be bought, and most works have none. One is spoilt on
purpose (see ISBN_CELLS).

Needs XlsxWriter, which is among the development requirements.
"""

import csv
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TABLE = HERE / "books.tsv"
SAMPLE = HERE / "colophon-sample.xlsx"

HEADER = (
    "No.", "Title", "Author(s)", "Translated by", "Publisher", "Year", "Date of publication",
    "Language", "Pages", "ISBN", "Subjects", "Shelf",
)  # fmt: skip
Record = dict[str, Any]  # column of books.tsv → what stands in the cell

LANGUAGE_NAMES = {
    "eng": "English", "fre": "French", "ger": "Deutsch", "lat": "Latin", "spa": "español",
    "por": "Portuguese", "ita": "Italian", "rus": "русский", "chi": "Chinese", "jpn": "Japanese",
    "swe": "Swedish", "dut": "Dutch",
}  # fmt: skip

# How a year stands in the list where it is not simply a number.
YEARS: dict[str, Any] = {
    "The Iliad": "750 BC",
    "Oedipus Rex": "c. 429 BCE",
    "Aeneis": "19 BC",
    "The Canterbury Tales": "ca. 1400",
    "La Divina Commedia": "c1320",
    "Le Morte d’Arthur": "[1485]",
    "Moby-Dick; or, The Whale": "1851.0",
    "Walden": "1854.0",
    "The Wealth of Nations": "©1776",
    "Doctor Faustus": "n.d.",
    "Rip Van Winkle": "s.d.",
    "The Souls of Black Folk": "19003",
}
# The day of publication, in the shapes in which people write it. Excel knows no day before 1900.
DAYS: dict[str, Any] = {
    "Pride and Prejudice": "28 January 1813",
    "A Christmas Carol": "1843-12-19",
    "Jane Eyre": "19 October 1847",
    "The Scarlet Letter": "March 16, 1850",
    "Moby-Dick; or, The Whale": "18/10/1851",
    "Walden": "9 August 1854",
    "On the Origin of Species": "24.11.1859",
    "Dracula": "26 May 1897",
    "Peter and Wendy": date(1911, 10, 11),
    "Du côté de chez Swann": date(1913, 11, 14),
    "Ulysses": date(1922, 2, 2),
    "The Great Gatsby": date(1925, 4, 10),
    "Mrs Dalloway": date(1925, 5, 14),
    "To the Lighthouse": date(1927, 5, 5),
}
# UTF-8 that somebody once opened as Windows 1252.
MOJIBAKE = {
    "Du côté de chez Swann", "Les Misérables", "Gösta Berlings saga", "Le Père Goriot",
    "Villette", "Os Lusíadas",
}  # fmt: skip
SHOUTED = {"Bleak House", "Silas Marner", "The Moonstone", "Daniel Deronda"}
ENTITIES = {
    "Hard Times", "Great Expectations", "Alice’s Adventures in Wonderland", "Treasure Island",
    "The Invisible Man",
}  # fmt: skip
SURNAME_FIRST = {
    "Middlemarch", "Adam Bede", "Dubliners", "Nostromo", "Lord Jim", "The Time Machine",
    "Madame Bovary", "Dom Casmurro", "Kidnapped", "Waverley", "Orlando", "Germinal",
    "My Ántonia", "Leviathan", "On Liberty", "Black Beauty", "Carmilla", "Effi Briest",
}  # fmt: skip
# Written with hyphens, as on the back of the book.
HYPHENATED = {
    "Emma": "0-14-143958-0",
    "Moby-Dick; or, The Whale": "ISBN 0-14-243724-7",
    "Meditations": "978-0-14-044933-4",
}
ISBN_CELLS: dict[str, Any] = {
    "Pride and Prejudice": '="0141439513"',
    "Gulliver’s Travels": 9780141439495,  # thirteen digits, as a number
    "The Republic": 9780140449143,
    "Cranford": "9780141439884.0",
    "Leviathan": "9.78014E+12",  # ten of its digits are gone for good
    "Wuthering Heights": "0141439565",  # two digits changed places while it was typed
}


def books() -> list[Record]:
    with TABLE.open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table, delimiter="\t"))


def lines() -> Iterator[list[Any] | None]:
    """The lines of the list below its header; None is a blank one."""
    records = books()
    by_title = {record["title"]: record for record in records}
    for index, record in enumerate(records):
        yield _line(index, dict(record))
        if index == 60:
            yield None
        if record["title"] == "Die Verwandlung":  # somebody forgot the title
            nameless = {"authors": "Franz Kafka", "publisher": "Kurt Wolff", "year": "1926"}
            yield _line(index, {**dict.fromkeys(record, ""), **nameless, "language": "ger"})
    # Entered a second time at the end of the list, by someone who did not look first.
    yield _line(len(records), {**by_title["Emma"], "isbn": "978-0-14-143958-7"}, tidy=True)
    yield _line(len(records) + 1, dict(by_title["The Woman in White"]), tidy=True)
    yield _line(len(records) + 2, dict(by_title["Cranford"]), tidy=True)
    yield _line(len(records) + 3, dict(by_title["Three Men in a Boat"]), tidy=True)


def _line(index: int, record: Record, tidy: bool = False) -> list[Any]:
    title = record["title"]
    cells = {**record, "authors": _authors(record["authors"], title, index)}
    cells["year"] = YEARS.get(title) or (int(record["year"]) if record["year"] else None)
    cells["pages"] = _pages(record["pages"], index)
    cells["language"] = _language(record["language"], index)
    cells["subjects"] = record["subjects"].replace(";", "; ")
    cells["isbn"] = record["isbn"] if tidy else _isbn(record["isbn"], title)
    if not tidy:
        for titles, damage in DAMAGES:
            if title in titles:
                for name in ("title", "authors", "publisher"):
                    cells[name] = damage(cells[name])
    shelf = f"{'ABCDEF'[index % 6]}{index // 6 % 9 + 1}"
    return [
        index + 1, cells["title"], cells["authors"], record["translator"], cells["publisher"],
        cells["year"], DAYS.get(title), cells["language"], cells["pages"], cells["isbn"],
        cells["subjects"], shelf,
    ]  # fmt: skip


def _authors(names: str, title: str, index: int) -> str:
    each = names.split(";")
    if title in SURNAME_FIRST and len(each) == 1:
        first, _space, last = names.rpartition(" ")
        return f"{last}, {first}"
    if len(each) == 2 and index % 2:
        return " & ".join(each)
    return "; ".join(each)


def _pages(pages: str, index: int) -> Any:
    if not pages:
        return None
    return (int(pages), f"{pages} p.", f"{pages}.0")[index % 7 % 3]


def _language(code: str, index: int) -> str:
    if code == "eng":
        return ("English", "eng", "en", "English", "en-GB")[index % 5]
    return LANGUAGE_NAMES.get(code, code) if index % 2 else code


def _isbn(isbn: str, title: str) -> Any:
    if title in ISBN_CELLS:
        return ISBN_CELLS[title]
    if title in HYPHENATED:
        return HYPHENATED[title]
    if isbn.isdigit():
        return int(isbn)  # and its leading zero is lost
    return isbn.lstrip("0")


def _garble(text: str) -> str:
    return text.encode().decode("cp1252")


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("’", "&#39;")


DAMAGES: tuple[tuple[set[str], Callable[[str], str]], ...] = (
    (MOJIBAKE, _garble),
    (ENTITIES, _escape),
    (SHOUTED, str.upper),
)

NOTES = (
    "About this list",
    "A sample for trying an import. All works are out of copyright where their authors have been "
    "dead for 70 years; the facts are from general knowledge, to try things on, not to cite.",
    "Begun in a notebook, typed by three people, opened and saved in several programs.",
    "To do: look up the missing ISBNs; find out who has the second Kafka.",
)


def write(path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": "Colophon sample", "created": datetime(2024, 1, 1)})
    bold = book.add_format({"bold": True})
    banner = book.add_format({"bold": True, "align": "center", "font_size": 14})
    day = book.add_format({"num_format": "d mmmm yyyy"})
    sheet = book.add_worksheet("Books")
    sheet.merge_range(0, 0, 0, len(HEADER) - 1, "St Anne’s Reading Room: the old books", banner)
    sheet.write_row(2, 0, HEADER, bold)
    for column, width in ((1, 44), (2, 34), (3, 22), (4, 28), (6, 20), (9, 18), (10, 22)):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(3, 0)
    for row, line in enumerate(lines(), 3):
        for column, value in enumerate(line or ()):
            if isinstance(value, date):
                sheet.write_datetime(row, column, datetime(*value.timetuple()[:3]), day)
            elif isinstance(value, int):
                sheet.write_number(row, column, value)
            elif value:
                sheet.write_string(row, column, value)
    notes = book.add_worksheet("Notes")
    notes.write_column(0, 0, NOTES)
    book.close()


if __name__ == "__main__":
    write(SAMPLE)
