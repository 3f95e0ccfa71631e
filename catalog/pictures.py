"""How the pictures of records are named: everything a page needs to know is in the name.

`books/12/cover-0123456789abcdef-1200x1800.webp` is the largest of several files. Its size and the
smaller ones beside it follow from its name, so that a list of covers asks neither the storage nor
the database. A name is never written twice with different content: it holds a digest of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# A cell of the table, a tile and the page of a book, each for common and for dense screens.
WIDTHS: Final = (80, 160, 320, 640, 1200)
MOST_WIDTH, MOST_HEIGHT = 1200, 2400
DIGEST = 16  # hexadecimal digits

FOLDERS: Final = {"book": "books", "author": "authors", "publisher": "publishers"}
FIELDS: Final = {"books": "cover", "authors": "headshot"}

_NAME = re.compile(
    r"(?P<folder>(?:books|authors)/[1-9][0-9]{0,18}|uploads/[0-9a-f]{32})/"
    r"(?P<field>cover|headshot|picture)-(?P<digest>[0-9a-f]{16})"
    r"-(?P<width>[1-9][0-9]{0,3})x(?P<height>[1-9][0-9]{0,3})\.webp",
    re.ASCII,
)


@dataclass(frozen=True)
class PictureName:
    """One file of a picture."""

    folder: str  # "books/12", or "uploads/<uuid>" until the form is saved
    field: str
    digest: str
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.folder}/{self.field}-{self.digest}-{self.width}x{self.height}.webp"

    @property
    def record(self) -> tuple[str, int] | None:
        """("books", 12); None for one that no record has yet."""
        place, _slash, pk = self.folder.partition("/")
        return (place, int(pk)) if FIELDS.get(place) == self.field else None

    def resized(self, width: int) -> "PictureName":
        return PictureName(
            self.folder, self.field, self.digest, width, height_at(width, self.width, self.height)
        )

    def files(self) -> Iterator["PictureName"]:
        """The sizes that are kept, the largest (this one) last."""
        for width in widths(self.width):
            yield self if width == self.width else self.resized(width)


def height_at(width: int, full_width: int, full_height: int) -> int:
    return max(1, (full_height * width + full_width // 2) // full_width)


def widths(largest: int) -> list[int]:
    """The widths in which a picture is kept; it is never enlarged."""
    return [*(width for width in WIDTHS if width < largest), largest]


@lru_cache(maxsize=4096)
def parse(name: str) -> PictureName | None:
    """None for anything that we have not named ourselves: then there is no such picture."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    return PictureName(
        folder=found["folder"],
        field=found["field"],
        digest=found["digest"],
        width=int(found["width"]),
        height=int(found["height"]),
    )
