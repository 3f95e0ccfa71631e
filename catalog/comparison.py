"""Two states of a record side by side, as people read them."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, NamedTuple

from django.db.models import Model
from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from rapidfuzz.distance import LCSseq

from catalog import isbn, languages
from catalog.models import Author
from catalog.presentation import Row, picture, price_text, role_name, year_text
from catalog.services.changes import GROUPS, together

# The order in which a form asks for them.
ORDER = (
    "salutation", "name", "sort_name", "qualifier", "kind", "email", "headshot",
    "title", "subtitle", "credits", "publisher_id", "year", "published_on", "isbn", "language",
    "pages", "price", "subjects", "description", "cover",
    "address", "city", "region", "country", "website", "files",
)  # fmt: skip
LONG = frozenset({"description"})
PICTURES = frozenset({"cover", "headshot"})
# Pairs of words of two texts: some 30 ms and 3 MB at most (rapidfuzz works on 64 of them at
# once, whatever the words are). Beyond that, texts are compared by sentences.
MOST_PAIRS = 25_000_000
CONTEXT = 60  # characters kept on either side of what was changed in a long text

Mark = Literal["same", "added", "removed", "changed", "gap"]


class Piece(NamedTuple):
    """A stretch of a long text, or one thing that was added to a list or taken from it."""

    mark: Mark
    text: str


@dataclass(frozen=True)
class Difference:
    """One field: before and after as short texts, as pieces, or as pictures."""

    name: str
    label: str
    before: str = ""
    after: str = ""
    pieces: Sequence[Piece] = ()
    in_lines: bool = False  # the pieces stand one below the other
    pictures: tuple[Row | None, Row | None] | None = None
    code: bool = field(default=False)  # digits: the same in every script

    @property
    def gone(self) -> list[Piece]:
        return [piece for piece in self.pieces if piece.mark == "removed"]

    @property
    def come(self) -> list[Piece]:
        """What is there now: added, or changed."""
        return [piece for piece in self.pieces if piece.mark != "removed"]


def compare(
    model: type[Model],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    names: Collection[str],
    *,
    people: Mapping[str, str],
    publishers: Mapping[int, str],
) -> list[Difference]:
    """What is different in these fields. `people` are names of authors by their numbers."""
    shown = set(together(names))
    for lead, group in GROUPS.items():
        if not shown.isdisjoint(group):
            shown = (shown - set(group)) | {lead}
    found = []
    for name in sorted(shown, key=_place):
        label = label_of(model, name)
        if name == "credits":
            pieces = compare_credits(before.get(name, []), after.get(name, []), people)
            found.append(Difference(name, label, pieces=pieces, in_lines=True))
        elif name in ("subjects", "files"):
            pieces = compare_lists(before.get(name, []), after.get(name, []))
            found.append(Difference(name, label, pieces=pieces, in_lines=True))
        elif name in PICTURES:
            pictures = (picture(before.get(name) or ""), picture(after.get(name) or ""))
            found.append(Difference(name, label, pictures=pictures))
        elif name in LONG and before.get(name) and after.get(name):
            pieces = compare_texts(before[name], after[name])
            found.append(Difference(name, label, pieces=pieces))
        else:
            text = partial(text_of, model, name, publishers=publishers)
            is_code = name in ("isbn", "year", "website", "email")
            found.append(Difference(name, label, text(before), text(after), code=is_code))
    return found


def _place(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def label_of(model: type[Model], name: str) -> str:
    if name == "credits":
        return _("Credits")
    if name == "files":
        return _("Attached files")
    return capfirst(str(model._meta.get_field(name.removesuffix("_id")).verbose_name))  # type: ignore[union-attr]


def text_of(
    model: type[Model], name: str, state: Mapping[str, Any], *, publishers: Mapping[int, str]
) -> str:
    """A field's value as a page shows it."""
    value = state.get(name)
    if value in (None, ""):
        return _isbn_text(state) if name == "isbn" else ""
    match name:
        case "publisher_id":
            return publishers.get(value) or _("publisher %(number)s") % {"number": value}
        case "isbn":
            return _isbn_text(state)
        case "language":
            return languages.name(value)
        case "year":
            return year_text(value)
        case "published_on":
            return date_format(value, "DATE_FORMAT")
        case "pages":
            return number_format(value)
        case "price":
            return price_text(value, state.get("currency", ""))
        case "kind":
            return str(dict(Author.Kind.choices).get(value, value))
    return str(value)


def _isbn_text(state: Mapping[str, Any]) -> str:
    digits, entered = state.get("isbn") or "", state.get("isbn_entered") or ""
    text = isbn.hyphenate(digits) if digits else ""
    if entered and "".join(filter(str.isalnum, entered)) != digits:
        return _("%(isbn)s (entered as %(entered)s)") % {"isbn": text, "entered": entered}
    return text


# --- Credits and lists -----------------------------------------------------------------------


def compare_lists(before: Sequence[str], after: Sequence[str]) -> list[Piece]:
    removed = [Piece("removed", text) for text in before if text not in after]
    return removed + [Piece("added", text) for text in after if text not in before]


class _Credit(NamedTuple):
    author: int
    role: str
    credited_as: str


def compare_credits(
    before: Sequence[Sequence[Any]], after: Sequence[Sequence[Any]], people: Mapping[str, str]
) -> list[Piece]:
    """Who came, who went, whose role or printed name is another, and who was moved."""
    old, new = [_Credit(*row) for row in before], [_Credit(*row) for row in after]
    pairs = _pairs(old, new)
    there = {place for _left, place in pairs}
    left = {place for place, _there in pairs}
    moved = _moved(pairs)

    def name(credit: _Credit) -> str:
        return people.get(str(credit.author)) or _("author %(number)s") % {"number": credit.author}

    def whole(credit: _Credit) -> str:
        text = f"{name(credit)}, {role_name(credit.role)}"
        if credit.credited_as:
            text = _("%(credit)s, credited as “%(name)s”") % {
                "credit": text,
                "name": credit.credited_as,
            }
        return text

    lines = [Piece("removed", whole(row)) for place, row in enumerate(old) if place not in left]
    lines += [Piece("added", whole(row)) for place, row in enumerate(new) if place not in there]
    for was, now in pairs:
        first, second = old[was], new[now]
        said = []
        if first.role != second.role:
            roles = {"before": role_name(first.role), "after": role_name(second.role)}
            said.append(_("%(before)s → %(after)s") % roles)
        if first.credited_as != second.credited_as:
            names = {"before": first.credited_as or "–", "after": second.credited_as or "–"}
            said.append(_("credited as: %(before)s → %(after)s") % names)
        if (was, now) in moved:
            places = {"before": was + 1, "after": now + 1}
            said.append(_("moved from place %(before)d to %(after)d") % places)
        if said:
            lines.append(Piece("changed", f"{name(second)}: {'; '.join(said)}"))
    return lines


def _pairs(old: Sequence[_Credit], new: Sequence[_Credit]) -> list[tuple[int, int]]:
    """Which credit became which: first the same person in the same role, then the same person."""
    free = dict.fromkeys(range(len(new)))
    pairs = []
    rest = []
    for place, row in enumerate(old):
        same = next((at for at in free if new[at][:2] == row[:2]), None)
        if same is None:
            rest.append(place)
        else:
            pairs.append((place, same))
            del free[same]
    for place in rest:
        same = next((at for at in free if new[at].author == old[place].author), None)
        if same is not None:
            pairs.append((place, same))
            del free[same]
    return sorted(pairs, key=lambda pair: pair[1])


def _moved(pairs: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """As few as can be: those outside the longest run that kept its order."""
    runs: list[list[tuple[int, int]]] = [[]]
    for pair in pairs:  # in the new order
        before = [run for run in runs if not run or run[-1][0] < pair[0]]
        longest: list[tuple[int, int]] = max(before, key=len)
        runs.append([*longest, pair])
    kept: list[tuple[int, int]] = max(runs, key=len)
    return set(pairs) - set(kept)


# --- Long texts ------------------------------------------------------------------------------

_WORDS = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+\s*|\s+"
)
_SENTENCES = re.compile(r"[^.!?。\n]*[.!?。\n]*\s*", re.DOTALL)


def compare_texts(before: str, after: str) -> list[Piece]:
    """Word by word; sentence by sentence where that would take long, then as a whole."""
    for units in (_WORDS, _SENTENCES):
        old, new = units.findall(before), units.findall(after)
        start = _common(old, new)
        end = _common(old[start:][::-1], new[start:][::-1])
        left, right = old[start : len(old) - end], new[start : len(new) - end]
        if len(left) * len(right) <= MOST_PAIRS:
            break
    else:
        return [Piece("removed", before), Piece("added", after)]
    pieces: list[Piece] = [Piece("same", "".join(old[:start]))]
    at_old = at_new = 0
    for block in LCSseq.opcodes(left, right).as_matching_blocks():
        pieces += [
            Piece("removed", "".join(left[at_old : block.a])),
            Piece("added", "".join(right[at_new : block.b])),
            Piece("same", "".join(left[block.a : block.a + block.size])),
        ]
        at_old, at_new = block.a + block.size, block.b + block.size
    pieces.append(Piece("same", "".join(old[len(old) - end :])))
    return _shortened([piece for piece in pieces if piece.text])


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count


def _shortened(pieces: list[Piece]) -> list[Piece]:
    """Long stretches in which nothing was changed are cut to what stands beside a change."""
    found: list[Piece] = []
    last = len(pieces) - 1
    for place, piece in enumerate(pieces):
        if piece.mark != "same" or len(piece.text) <= 3 * CONTEXT:
            found.append(piece)
            continue
        head = _until(piece.text[:CONTEXT]) if place else ""
        tail = _since(piece.text[-CONTEXT:]) if place < last else ""
        found += [Piece("same", head)] if head else []
        found.append(Piece("gap", "…"))
        found += [Piece("same", tail)] if tail else []
    return found


def _until(text: str) -> str:
    """Without the word that was cut in two at the end."""
    cut = text.rfind(" ")
    return text[:cut] if cut > 0 else text


def _since(text: str) -> str:
    cut = text.find(" ")
    return text[cut + 1 :] if 0 <= cut < len(text) - 1 else text
