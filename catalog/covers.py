"""Drawn covers: a cloth binding picked from the title, with title and author set on it.

The drawing is SVG without styles of its own, since the Content-Security-Policy forbids them:
colours of the cloth are attributes, type and hinge are classes of colophon.css.
"""

import unicodedata
import zlib
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# Book cloth: ink on each has a contrast of at least 4.5. The same colours stand in colophon.css
# as .c0 to .c11, for the small covers of the tables.
CLOTHS = (
    "#33524a", "#7a392d", "#8a2432", "#4a4a6a", "#2f4858", "#5a4a2f",
    "#3d5a40", "#6b2d3c", "#3b3f54", "#5c3a5e", "#24505a", "#6a4326",
)  # fmt: skip
INK = "#f7f1e3"

WIDTH, HEIGHT = 200, 300
MARGIN = 26  # left of the words the hinge, right as much
ROOM = WIDTH - 2 * MARGIN
# The larger the type, the fewer lines: (size, most lines).
TITLE_SIZES = ((25, 3), (21, 4), (17, 6), (14, 8))
AUTHOR_SIZES = ((15, 2), (12, 3))
ELLIPSIS = "…"

_NARROW = frozenset("iljtfrI.,;:'’!|()[]- ")
_BROAD = frozenset("mwMW@%&—ÆŒæœ")


def cloth(title: str) -> int:
    """Which cloth a title is bound in: always the same for the same title."""
    return zlib.crc32(title.encode()) % len(CLOTHS)


@lru_cache(maxsize=4096)
def _character_width(character: str) -> float:
    """In units of the type size. An estimate on the safe side: the reader's font is unknown."""
    if character in _NARROW:
        return 0.36
    if character in _BROAD:
        return 0.96
    if _joins(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.02
    if character.isupper():
        return 0.74
    return 0.57


def _joins(character: str) -> bool:
    """Does it belong to the character before it? Accents, vowel signs, joiners, variants."""
    return unicodedata.category(character) in ("Mn", "Me", "Mc", "Cf")


def text_width(text: str) -> float:
    return sum(map(_character_width, text))


def _pieces(word: str, room: float) -> list[str]:
    """A word cut where it must be: between Chinese or Japanese characters, or when too long."""
    pieces: list[str] = []
    piece = ""
    for character in word:
        wide = unicodedata.east_asian_width(character) in "WF"
        full = text_width(piece + character) > room
        glued = _joins(character) or (piece and piece[-1] == "\u200d")
        if piece and not glued and (full or wide or _ends_wide(piece)):
            pieces.append(piece)
            piece = ""
        piece += character
    return [*pieces, piece] if piece else pieces


def _ends_wide(piece: str) -> bool:
    return unicodedata.east_asian_width(piece[-1]) in "WF"


def wrap(text: str, size: float, room: float = ROOM) -> list[str]:
    """The text in lines that fit into `room` at this type size."""
    most = room / size
    lines: list[str] = []
    line = ""
    for word in text.split():
        for number, piece in enumerate(_pieces(word, most)):
            joint = " " if line and number == 0 else ""
            if line and text_width(line + joint + piece) > most:
                lines.append(line)
                line = piece
            else:
                line += joint + piece
    return [*lines, line] if line else lines


def fit(text: str, sizes: tuple[tuple[int, int], ...]) -> tuple[int, list[str]]:
    """The largest type in which the text fits; at the smallest it ends in an ellipsis."""
    text = " ".join(text[:400].split())
    longest = max((text_width(word) for word in text.split()), default=0.0)
    for size, most in sizes:
        lines = wrap(text, size)
        broken = longest * size > ROOM and size != sizes[-1][0] and not _has_wide(text)
        if len(lines) <= most and not broken:
            return size, lines
    size, most = sizes[-1]
    lines = wrap(text, size)
    if len(lines) > most:
        last = lines[most - 1]
        while last and text_width(last + ELLIPSIS) * size > ROOM:
            last = last[:-1]
        lines = [*lines[: most - 1], last.rstrip(" ,;:-–—") + ELLIPSIS]
    return size, lines


def _has_wide(text: str) -> bool:
    return any(unicodedata.east_asian_width(character) in "WF" for character in text)


def _lines(lines: list[str], size: int, top: float) -> str:
    """Lines of text, centred, the first one's baseline at `top`."""
    leading = size * 1.2
    return "".join(
        f'<text x="103" y="{top + number * leading:.0f}" font-size="{size}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )


@lru_cache(maxsize=2048)
def draw(title: str, author: str = "") -> SafeString:
    """A cover as SVG. Hidden from screen readers: title and author stand beside it as text."""
    size, lines = fit(title, TITLE_SIZES)
    block = len(lines) * size * 1.2
    # A little above the middle, where a title stands on a real binding.
    top = max(34.0, 128 - block / 2)
    rule_above, rule_below = top - 14, top + block + 12
    author_size, author_lines = fit(author, AUTHOR_SIZES)
    author_top = max(rule_below + 30, 258 - (len(author_lines) - 1) * author_size * 1.2)
    return mark_safe(  # noqa: S308 - every text in it is escaped
        f'<svg class="binding" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{CLOTHS[cloth(title)]}"/>'
        f'<path class="hinge" d="M0 0h8v{HEIGHT}H0z"/><path class="shine" d="M8 0h2v{HEIGHT}H8z"/>'
        f'<path class="rule" d="M{MARGIN} {rule_above:.0f}H{WIDTH - MARGIN + 6}'
        f'M{MARGIN} {rule_below:.0f}H{WIDTH - MARGIN + 6}"/>'
        f"{_lines(lines, size, top + size * 0.85)}{_lines(author_lines, author_size, author_top)}"
        "</svg>"
    )
