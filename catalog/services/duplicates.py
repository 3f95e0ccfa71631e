"""Records that may be the same as one that is being typed, with the reason in words.

It warns and never forbids: sets, reprints and copies share an ISBN, and people share a name.
Every question is answered by an index and reads a bounded number of rows, at a million books as
at ten; who is alike is then decided in Python (see `catalog.likeness`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Protocol

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog import isbn as isbns
from catalog import likeness
from catalog.importers import names
from catalog.models import Author, Book, Publisher
from catalog.presentation import isbn10_text
from catalog.search import spelling
from catalog.search.backends import backend
from catalog.search.base import AUTHORS, BOOKS, PUBLISHERS, Group
from catalog.search.documents import text_words, token
from catalog.text import match_key, sort_key

Search = list[Group]  # a word of each group

SHOWN: Final = 5
READ: Final = 300  # titles or names compared at most for one question to the index
LOADED: Final = 40  # books of which the credits are read
MOST_AUTHORS: Final = 3  # of a book whose names are looked up
MOST_MARKS: Final = 4  # records and surnames by which books are looked up
MOST_WORDS: Final = 5  # of a title or a name that may be the mistyped one


@dataclass(frozen=True)
class Duplicate:
    record: Any
    reason: str
    strong: bool  # good enough to stop a first attempt to save
    score: float


class Named(Protocol):
    """Somebody as picked or typed: a record's id, if it is known, and the name."""

    @property
    def pk(self) -> int | None: ...
    @property
    def name(self) -> str: ...


# --- Books ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sketch:
    """A book as far as it is typed."""

    title: str = ""
    subtitle: str = ""
    isbn: str = ""  # 13 digits; an unfinished one is none
    entered: str = ""
    year: int | None = None
    language: str = ""
    authors: tuple[Named, ...] = ()

    @property
    def key(self) -> str:
        return sort_key(self.title, self.language)


def of_book(
    *,
    title: str = "",
    subtitle: str = "",
    isbn: str = "",
    year: int | None = None,
    language: str = "",
    authors: Iterable[Named] = (),
    exclude: int | None = None,
    limit: int = SHOWN,
) -> list[Duplicate]:
    """Books that may be this one, the best first. At most twelve queries."""
    known = tuple(islice((who for who in authors if who.pk or who.name.strip()), MOST_AUTHORS))
    book = Sketch(
        " ".join(title.split()), " ".join(subtitle.split()), _digits(isbn), isbn.strip(), year,
        language, known,
    )  # fmt: skip
    same_isbn = _by_isbn(book.isbn)
    alike = _alike_titles(book, same_isbn)
    ids = [*same_isbn, *sorted(alike, key=lambda pk: alike[pk].score, reverse=True)]
    ids = [pk for pk in dict.fromkeys(ids) if pk != exclude][:LOADED]
    if not ids:
        return []
    books = Book.objects.for_list().filter(pk__in=ids).order_by()
    found = [_judge(book, each, alike.get(each.pk), each.pk in same_isbn) for each in books]
    return sorted(
        filter(None, found), key=lambda duplicate: (-duplicate.score, duplicate.record.pk)
    )[:limit]


def _digits(text: str) -> str:
    try:
        parsed = isbns.parse(text)
    except isbns.IsbnError:
        return ""
    return parsed.digits13 if parsed else ""


def _by_isbn(digits13: str) -> list[int]:
    if not digits13:
        return []
    same = Book.objects.filter(isbn=digits13).order_by("-pk")
    return list(same.values_list("pk", flat=True)[:LOADED])


def _alike_titles(book: Sketch, also: Sequence[int]) -> dict[int, likeness.Alike]:
    """Books whose title is the same or nearly so, in two steps: the index, then a comparison."""
    if len(book.key) < 2:
        return {}
    rows = list(_same_title(book))
    known = {row[0] for row in rows}
    hits = [pk for pk in dict.fromkeys([*also, *_by_words(book)]) if pk not in known]
    if hits:
        rows += Book.objects.filter(pk__in=hits).order_by().values_list("pk", "title", "subtitle")
    alike: dict[int, likeness.Alike] = {}
    for pk, title, subtitle in rows:
        found = likeness.titles(
            book.title, title, subtitles=(book.subtitle, subtitle), language=book.language
        )
        if found:
            alike[pk] = found
    return alike


def _same_title(book: Sketch) -> Iterable[tuple[int, str, str]]:
    """The first of this title, and those of about this year: the same title is common."""
    same = Book.objects.filter(sort_title=book.key)
    columns = ("pk", "title", "subtitle")
    found = list(same.order_by("sort_title", "pk").values_list(*columns)[:LOADED])
    if book.year is not None and len(found) == LOADED:
        for year in (book.year, book.year - 1, book.year + 1):
            rows = same.filter(sort_year=year).order_by("pk")
            found += rows.values_list(*columns)[:LOADED]
    return dict.fromkeys(found)


def _by_words(book: Sketch) -> list[int]:
    """Books by the same people, and of those who wrote many the ones with the title's words."""
    words = sorted(dict.fromkeys(text_words(book.title)), key=len, reverse=True)
    main = sorted(dict.fromkeys(text_words(likeness.main_title(book.title))), key=len, reverse=True)
    if not book.authors:
        # Without anybody's name only a title of several words says enough, and not “the” and “of”.
        telling = sum(len(word) > 3 for word in words)
        return _matches(BOOKS, _dropping_one(words) if len(words) > 2 and telling > 1 else [])
    marks = _marks(book.authors)
    index = backend()
    found = index.match_each(BOOKS, marks, limit=READ)
    # Not all that there are: the title narrows it, even if one of its words is mistyped.
    many = [mark for mark, hits in zip(marks, found, strict=True) if len(hits) == READ]
    all_of_it: Search = [[word] for word in main[:MOST_WORDS]]
    narrower = [all_of_it, *_dropping_one(words)]
    more = _matches(BOOKS, [[*mark, *groups] for mark in many for groups in narrower])
    return [pk for hits in found for pk in hits] + more


def _matches(table: str, searches: Sequence[Search]) -> list[int]:
    found = backend().match_each(table, searches, limit=LOADED) if searches else []
    return [pk for hits in found for pk in hits]


def _dropping_one(words: Sequence[str]) -> list[Search]:
    """All words but one, whichever: that one may be mistyped."""
    number = min(len(words), MOST_WORDS)
    found = [[*words[:at], *words[at + 1 :]][:MOST_WORDS] for at in range(number)]
    return [[[word] for word in rest] for rest in found if rest]


def _marks(authors: Sequence[Named]) -> list[Search]:
    """What the index finds somebody's books by: their record, and their surname as written."""
    wanted = [who.pk for who in authors if who.pk]
    there = dict(Author.objects.filter(pk__in=wanted).values_list("pk", "name_key"))
    surnames = {who.name: surname_words(who.name) for who in authors if who.name}
    near = spelling.near(AUTHORS, {word for words in surnames.values() for word in words})
    marks: list[Search] = []
    for who in authors:
        # Text that is no longer the record's name wins over its id.
        if who.pk and (not who.name or there.get(who.pk) == match_key(who.name)):
            marks.append([[token("author", who.pk)]])
        if words := surnames.get(who.name):
            marks.append([[word, *near[word]] for word in words])
    return marks[:MOST_MARKS]


def surname_words(name: str) -> list[str]:
    """Le Guin for Ursula K. Le Guin: what the same person is credited with everywhere."""
    filed = name if "," in name else names.sort_name(name)
    found = [word for word in text_words(filed.partition(",")[0]) if len(word) > 1]
    return found or text_words(name)


def _judge(
    book: Sketch, other: Book, alike: likeness.Alike | None, same_isbn: bool
) -> Duplicate | None:
    people = _credited(book, other)
    if same_isbn:
        return _same_isbn(book, other, alike, people)
    if alike is None or people is False:
        return None
    apart = None if book.year is None or other.year is None else abs(book.year - other.year)
    if people:
        return _same_people(book, other, alike, apart)
    if apart is not None and apart > 1:
        return None
    if alike.how == "same":
        reason = (
            _("same title; that book names no author")
            if book.authors
            else _("same title, no author given")
        )
        return Duplicate(other, reason, False, 0.5 + _closeness(apart))
    if alike.how == "letter" and not book.authors:
        return Duplicate(
            other, _("nearly the same title (one letter), no author given"), False,
            0.3 + _closeness(apart),
        )  # fmt: skip
    return None


def _same_isbn(
    book: Sketch, other: Book, alike: likeness.Alike | None, people: bool | None
) -> Duplicate:
    written = other.isbn_entered
    short = isbns.means(written, book.isbn) and len("".join(filter(str.isalnum, written))) == 10
    typed_short = len("".join(filter(str.isalnum, book.entered))) == 10
    if short != typed_short:
        ten = isbn10_text(book.isbn)
        reason = (
            _("same ISBN: that book has it as ISBN-10, %(number)s")
            if short
            else _("same ISBN: %(number)s is the ISBN-10 of that book")
        ) % {"number": ten}
    else:
        same_title = alike is not None and alike.how == "same"
        reason = _("same ISBN and title") if same_title else _("same ISBN")
    return Duplicate(other, reason, True, 1.0 + (0.1 if alike else 0) + (0.05 if people else 0))


def _same_people(
    book: Sketch, other: Book, alike: likeness.Alike, apart: int | None
) -> Duplicate | None:
    if alike.how == "letter":
        if apart is not None and apart > 1:
            return None
        reason = _("nearly the same title (one letter) and the same author")
        return Duplicate(other, reason, False, 0.7 + _closeness(apart))
    if alike.how == "subtitle":
        reason = _("same title but for the subtitle, and the same author")
        return Duplicate(other, reason, False, 0.6 + _closeness(apart))
    if apart is None:
        return Duplicate(other, _("same title and author"), False, 0.8)
    if apart > 1:
        reason = ngettext(
            "same title and author, %(number)s year apart",
            "same title and author, %(number)s years apart",
            apart,
        ) % {"number": apart}
        return Duplicate(other, reason, False, 0.55)
    reason = _("same title, author and year") if not apart else _("same title and author, year ±1")
    if book.isbn and other.isbn:
        reason = _("%(reason)s, another ISBN") % {"reason": reason}
    return Duplicate(other, reason, True, 0.9 + _closeness(apart))


def _closeness(apart: int | None) -> float:
    """A little more for the same year than for the next."""
    return 0.0 if apart is None else 0.05 - 0.02 * min(apart, 2)


def _credited(book: Sketch, other: Book) -> bool | None:
    """Does the other book credit one of these people? None when either credits nobody."""
    credits = list(other.contributions.all())
    if not credits or not book.authors:
        return None
    for who in book.authors:
        for credit in credits:
            shown = {credit.author.name, credit.credited_as} - {""}
            if who.name and any(likeness.people(who.name, name) for name in shown):
                return True
            if not who.name and who.pk == credit.author_id:
                return True
    return False


# --- Authors and publishers -----------------------------------------------------------------

STRONG: Final = 0.75

_AUTHOR_REASONS: Final = {
    "same": gettext_lazy("the same name"),
    "written": gettext_lazy("the same name, written differently"),
    "initials": gettext_lazy("the same name with initials"),
    "letter": gettext_lazy("nearly the same name (one letter)"),
    "middle": gettext_lazy("the same name but for a middle name"),
}
_PUBLISHER_REASONS: Final = {
    "same": gettext_lazy("the same name"),
    "written": gettext_lazy("the same name, written differently"),
    "trade": gettext_lazy("the same name but for words like “Books” or “Verlag”"),
    "letter": gettext_lazy("nearly the same name (one letter)"),
}


def of_author(
    *, name: str, sort_name: str = "", exclude: int | None = None, limit: int = SHOWN
) -> list[Duplicate]:
    """Authors who may be this one, the best first: three queries."""
    spellings = [each for each in (name, sort_name) if each.strip()]
    if not spellings:
        return []
    words = [word for word in likeness.person_words(spellings[0]) if word]
    hits = _names_like(AUTHORS, words, surname_words(spellings[0]))
    found = []
    for author in Author.objects.filter(pk__in=[pk for pk in hits if pk != exclude]):
        theirs = {author.name, author.sort_name} - {""}
        alike = _best(likeness.people(mine, each) for mine in spellings for each in theirs)
        if alike == likeness.SAME and match_key(name) != author.name_key:
            alike = likeness.WRITTEN  # it is the filed form that is the same
        if alike:
            found.append(_named(author, alike, _AUTHOR_REASONS))
    return _ranked(found, limit)


def of_publisher(*, name: str, exclude: int | None = None, limit: int = SHOWN) -> list[Duplicate]:
    """Publishers that may be this one, the best first: three queries."""
    if not name.strip():
        return []
    words = likeness.publisher_words(name)
    hits = _names_like(PUBLISHERS, words, words[:1])
    found = []
    for publisher in Publisher.objects.filter(pk__in=[pk for pk in hits if pk != exclude]):
        if alike := likeness.publishers(name, publisher.name):
            found.append(_named(publisher, alike, _PUBLISHER_REASONS))
    return _ranked(found, limit)


def _best(found: Iterable[likeness.Alike | None]) -> likeness.Alike | None:
    return max(filter(None, found), key=lambda alike: alike.score, default=None)


def _named(record: Any, alike: likeness.Alike, reasons: dict[str, Any]) -> Duplicate:
    return Duplicate(record, str(reasons[alike.how]), alike.score >= STRONG, alike.score)


def _ranked(found: list[Duplicate], limit: int) -> list[Duplicate]:
    return sorted(found, key=lambda each: (-each.score, len(each.record.name), each.record.pk))[
        :limit
    ]


def _names_like(table: str, words: Sequence[str], surname: Sequence[str]) -> list[int]:
    """Names with all the words of this one, misspelled or not, or the surname and an initial."""
    whole = list(dict.fromkeys(word for word in words if len(word) > 1))[:MOST_WORDS]
    near = spelling.near(table, {*whole, *surname})
    searches: list[Search] = []
    if whole:
        searches.append([[word, *near[word]] for word in whole])
        searches.append([["".join(words)]])  # HarperCollins
    others = [word for word in words if word not in surname]
    if surname and others:  # Joanne K. Rowling: Rowling and something with J
        searches.append([*([word, *near[word]] for word in surname), [f"{others[0][0]}*"]])
    hits = backend().match_each(table, searches, limit=READ) if searches else []
    return list(dict.fromkeys(pk for each in hits for pk in each))
