"""What the index holds of a record: its words, the values it is filtered by, what is counted.

No database here. One document is one row of the index: the record's id, its words (each once),
and `kept`: the values under which it was counted, read back when the record changes or goes.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from catalog.models.book import UNKNOWN, decade_of
from catalog.text import words

LONGEST_WORD = 60
LONGEST_COUNTED = 40  # Tally.value
BLOCK = 4096  # ids counted together, so that a place among the newest is found without a scan

Deltas = Counter[tuple[str, str]]  # (facet, value) -> change of the count


def text_words(text: str) -> list[str]:
    """The words of a text as the index holds them, cut to a length that every index takes."""
    found = words(text)
    if len(text) > LONGEST_WORD:
        return [word[:LONGEST_WORD] for word in found]
    return found


# Names come again and again; titles hardly ever do.
name_words = lru_cache(maxsize=20_000)(text_words)


def token(facet: str, value: object) -> str:
    """The word that stands for a facet's value in the index.

    No word of a text begins with an underscore. Three of them, so that these words share one
    entry in the index of the first letters.
    """
    return f"___{facet}{value}".replace("-", "x")


@dataclass(slots=True)
class Document:
    """A book as the index sees it."""

    book_id: int
    title: str
    subtitle: str = ""
    people: list[str] = field(default_factory=list)
    publisher: str = ""
    isbn: str = ""
    language: str = ""
    year: int | None = None
    publisher_id: int | None = None
    has_isbn: bool = False
    isbn_repaired: bool = False
    has_cover: bool = False
    author_ids: list[int] = field(default_factory=list)
    sort_title: str = ""

    def words(self) -> str:
        found = text_words(self.title)
        if self.subtitle:
            found += text_words(self.subtitle)
        for person in self.people:
            found += name_words(person)
        if self.publisher:
            found += name_words(self.publisher)
            found.append(f"___publisher{self.publisher_id}")
        found.append(f"___language{self.language or 'none'}")
        found.append(token("decade", decade_of(self.year)))
        found.append("___isbnwith" if self.has_isbn else "___isbnwithout")
        if self.isbn_repaired:
            found.append("___isbnrepaired")
        found.append("___coverwith" if self.has_cover else "___coverwithout")
        found += [f"___author{pk}" for pk in self.author_ids]
        return " ".join(dict.fromkeys(found))

    def kept(self) -> str:
        return (
            f"{self.language}|{self.publisher_id or ''}|{'' if self.year is None else self.year}|"
            f"{'+' if self.has_isbn else '-'}{'r' if self.isbn_repaired else ''}|"
            f"{'+' if self.has_cover else '-'}|{self.sort_title[:3]}"
        )


def book_counts(pk: int, kept: str) -> Iterator[tuple[str, str]]:
    """Under which facets and values a book counts."""
    language, publisher, year, isbn, cover, title = kept.split("|", 5)
    letter = title[:1]
    yield "total", ""
    yield "publisher", publisher
    yield "year", year or str(UNKNOWN)
    yield "letter", letter
    # With a slash: by first letter as well, so that a far page of a large filter is found.
    for facet, value in (
        ("language", language),
        ("decade", str(decade_of(int(year) if year else None))),
        ("isbn", "with" if isbn[0] == "+" else "without"),
        ("cover", "with" if cover == "+" else "without"),
    ):
        yield facet, value
        yield f"{facet}/", f"{value}/{letter}"
    if isbn[1:]:
        yield "isbn", "repaired"
        yield "isbn/", f"repaired/{letter}"
    yield "title", f"{title}|"  # the bar keeps a final space apart where databases drop it
    yield "block", str(pk // BLOCK)


@dataclass(slots=True)
class NameDocument:
    """An author or a publisher as the index sees it."""

    pk: int
    text: str
    facet: str  # "kind" of an author, "country" of a publisher
    value: str

    def words(self) -> str:
        found = text_words(self.text)
        found.append(name_token(self.facet, self.value))
        return " ".join(dict.fromkeys(found))

    def kept(self) -> str:
        return f"{counted_as(self.value)}|{self.text}"


def name_token(facet: str, value: str) -> str:
    """Countries are free text: their letters are written as numbers to be one word."""
    return token(facet, value.encode().hex()[:LONGEST_WORD])


def counted_as(value: str) -> str:
    """The value of a kept count: countries are free text, and a bar ends it in what is kept."""
    return value[:LONGEST_COUNTED].replace("|", "/")


def name_counts(facet: str, kept: str) -> tuple[str, str]:
    return facet, kept.partition("|")[0]
