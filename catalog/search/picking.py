"""Authors and publishers for somebody who is typing a name: the likeliest first.

Neither accents nor the order of the words matter, words may be begun only, and when there are few
others the names come in that are spelled a little differently. The number of queries is fixed,
and none reads more than some hundred rows.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Count, Min, Q
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.importers.names import Credit, credits_of
from catalog.models.author import Author
from catalog.models.book import Book, Contribution
from catalog.models.publisher import Publisher
from catalog.search import kept, spelling
from catalog.search.backends import backend
from catalog.search.base import AUTHORS, PUBLISHERS, Group
from catalog.search.documents import text_words
from catalog.text import fold, match_key

SHOWN = 10
FEW = 5  # good matches; with fewer the misspelled ones come in
MOST = 500  # names that are put in order; of more it is these, and those with many books
SAMPLE = 300  # books that say who is common among too many
MOST_WORDS = 6
LONGEST = 260  # a name, and in brackets what tells namesakes apart
LAST = "\U0010ffff"

_QUALIFIED = re.compile(r"(?P<name>.*\S)\s*\((?P<qualifier>[^()]+)\)")
# Written together with what follows as often as not: LeGuin, McCarthy, DeLillo.
_PARTICLES = (
    "abd", "abu", "al", "de", "del", "della", "den", "der", "di", "du", "el", "fitz", "ibn", "la",
    "le", "mac", "mc", "o", "saint", "san", "st", "ten", "ter", "van", "vande", "vander", "von",
)  # fmt: skip


@dataclass(frozen=True)
class Option:
    """A record as somebody chooses it: its name, and what tells it from its namesakes."""

    pk: int
    name: str
    keys: tuple[str, ...]  # the name and the sort name, folded
    qualifier: str = ""
    filed: str = ""  # "Le Guin, Ursula K.", where it is not the name
    kind: str = ""
    place: str = ""  # of a publisher: "London, United Kingdom"
    books: int = 0
    example: str = ""  # the title of a book
    example_id: int | None = field(default=None, repr=False)
    exact: bool = False

    @property
    def label(self) -> str:
        """The name as it stands in the field: alone it finds this record again."""
        return f"{self.name} ({self.qualifier})" if self.qualifier else self.name

    @property
    def about(self) -> list[str]:
        parts = [self.kind, self.place, self._books()]
        if self.example:
            parts.append(_("“%(title)s”") % {"title": self.example})
        return [part for part in parts if part]

    def _books(self) -> str:
        if not self.books:
            return _("no books yet")
        return ngettext("%(number)s book", "%(number)s books", self.books) % {
            "number": number_format(self.books)
        }


def tidy(text: str) -> str:
    """A typed name: one line, one space between words, nothing that no database takes."""
    return " ".join(text.replace("\0", " ").encode(errors="ignore").decode().split())


def qualified(text: str) -> tuple[str, str]:
    """ "John Smith (historian)" is John Smith, distinguished by "historian"."""
    match = _QUALIFIED.fullmatch(text)
    return (match["name"], match["qualifier"].strip()) if match else (text, "")


def read_author(text: str) -> Credit:
    """The author that a new name makes: shown and filed form, person or organisation."""
    name, _qualifier = qualified(text)
    credits, _problems = credits_of(name)
    return credits[0] if credits else Credit(name, name)


def pick_authors(text: str, limit: int = SHOWN) -> list[Option]:
    """Authors that the text may mean; at most nine queries, five where nothing is misspelled."""
    return _pick(_AUTHORS, text, limit)


def pick_publishers(text: str, limit: int = SHOWN) -> list[Option]:
    """Publishers that the text may mean; at most seven queries."""
    return _pick(_PUBLISHERS, text, limit)


@dataclass(frozen=True)
class Found:
    """What a whole typed name may be: records of exactly this name, and similar ones."""

    exact: list[Option]
    similar: list[Option]


def find_authors(names: Iterable[str]) -> dict[str, Found]:
    """What these names mean; the number of queries does not grow with them."""
    return _find(_AUTHORS, names)


def find_publishers(names: Iterable[str]) -> dict[str, Found]:
    return _find(_PUBLISHERS, names)


# --- What is different for authors and publishers -----------------------------------------


def _authors(condition: Q, most: int) -> list[Option]:
    rows = Author.objects.filter(condition).order_by().values_list(
        "pk", "name", "name_key", "sort_key", "qualifier", "sort_name", "kind"
    )  # fmt: skip
    kinds = {Author.Kind.ORGANISATION.value: str(Author.Kind.ORGANISATION.label)}
    return [
        Option(
            pk=pk,
            name=name,
            keys=(key, sort_key),
            qualifier=qualifier,
            filed=sort_name if sort_name != name else "",
            kind=kinds.get(kind, ""),
        )
        for pk, name, key, sort_key, qualifier, sort_name, kind in rows[:most]
    ]


def _author_books(options: list[Option]) -> list[Option]:
    credits = Contribution.objects.filter(author__in=[option.pk for option in options])
    counted = credits.order_by().values_list("author")
    found = {
        pk: (number, first)
        for pk, number, first in counted.annotate(Count("book", distinct=True), Min("book"))
    }
    return [
        replace(option, books=found[option.pk][0], example_id=found[option.pk][1])
        if option.pk in found
        else option
        for option in options
    ]


def _author_examples(options: list[Option]) -> list[Option]:
    ids = [option.example_id for option in options if option.example_id]
    titles = dict(Book.objects.filter(pk__in=ids).values_list("pk", "title")) if ids else {}
    return [replace(option, example=titles.get(option.example_id or 0, "")) for option in options]


def _common_authors(books: list[int]) -> list[int]:
    credits = Contribution.objects.filter(book__in=books).order_by()
    return list(credits.values_list("author", flat=True).distinct())


def _author_keys(text: str) -> set[str]:
    """The forms under which exactly this author is found: as typed, and turned round."""
    name, _qualifier = qualified(text)
    return {match_key(name), match_key(read_author(text).name)}


def _publishers(condition: Q, most: int) -> list[Option]:
    rows = Publisher.objects.filter(condition).order_by()
    return [
        Option(pk=pk, name=name, keys=(key,), place=", ".join(filter(None, (city, country))))
        for pk, name, key, city, country in rows.values_list(
            "pk", "name", "name_key", "city", "country"
        )[:most]
    ]


def _publisher_books(options: list[Option]) -> list[Option]:
    counts = kept.of("publisher", (str(option.pk) for option in options))
    return [replace(option, books=counts.get(str(option.pk), 0)) for option in options]


def _common_publishers(books: list[int]) -> list[int]:
    rows = Book.objects.filter(pk__in=books, publisher__isnull=False).order_by()
    return list(rows.values_list("publisher", flat=True).distinct())


@dataclass(frozen=True)
class _Kind:
    table: str
    columns: tuple[str, ...]  # of the keys, each with an index
    load: Callable[[Q, int], list[Option]]
    count: Callable[[list[Option]], list[Option]]
    exemplify: Callable[[list[Option]], list[Option]]
    common: Callable[[list[int]], list[int]]
    keys: Callable[[str], set[str]]

    def having(self, keys: Collection[str]) -> Q:
        """Records with one of these keys."""
        condition = Q()
        for column in self.columns:
            cut = {key[:100] for key in keys} if column == "sort_key" else keys
            condition |= Q(**{f"{column}__in": cut})
        return condition


_AUTHORS = _Kind(
    AUTHORS, ("name_key", "sort_key"), _authors, _author_books, _author_examples,
    _common_authors, _author_keys,
)  # fmt: skip
_PUBLISHERS = _Kind(
    PUBLISHERS, ("name_key",), _publishers, _publisher_books, lambda options: options,
    _common_publishers, lambda text: {match_key(text)},
)  # fmt: skip


# --- While somebody types -----------------------------------------------------------------


def _pick(kind: _Kind, text: str, limit: int) -> list[Option]:
    text = tidy(text)[:LONGEST]
    key = match_key(text)
    if not key:
        return []
    words = _words(text)
    keys = kind.keys(text)
    found = {option.pk: option for option in kind.load(kind.having({key, *keys}), MOST)}
    if words:
        groups = [[f"{word}*"] for word in words]
        hits = backend().match_each(kind.table, [groups], limit=MOST)[0]
        if len(hits) >= MOST:
            hits += _likely(kind, key, words)
        missing = [pk for pk in dict.fromkeys(hits) if pk not in found]
        if missing:
            loaded = kind.load(Q(pk__in=missing), 3 * MOST)
            found |= {option.pk: option for option in loaded if _begins(option, words)}
    _name, qualifier = qualified(text) if kind is _AUTHORS else (text, "")
    options = [
        replace(option, exact=True)
        if not keys.isdisjoint(option.keys) and _is(option, qualifier)
        else option
        for option in kind.count(list(found.values()))
    ]
    options.sort(key=lambda option: _rank(option, key))
    if len(options) < FEW and words:
        options += _misspelled(kind, words, found, limit)
    return kind.exemplify(options[:limit])


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(text_words(text)))[:MOST_WORDS]


def _is(option: Option, qualifier: str) -> bool:
    return not qualifier or match_key(option.qualifier) == match_key(qualifier)


def _rank(option: Option, key: str) -> tuple[int, int, str]:
    begins = any(known.startswith(key) for known in option.keys)
    place = 0 if option.exact else 1 if begins else 2
    return place, -option.books, option.keys[-1]


def _begins(option: Option, words: Iterable[str]) -> bool:
    """Whether each typed word begins a word of the name."""
    own = _own_words(option)
    return all(any(word.startswith(typed) for word in own) for typed in words)


def _own_words(option: Option) -> set[str]:
    return {*text_words(option.name), *text_words(option.filed), *text_words(option.qualifier)}


def _likely(kind: _Kind, key: str, words: list[str]) -> list[int]:
    """Of too many matches: those whose name begins with the text, and those with many books.

    Whoever has many books is likely to be among those of any few hundred books.
    """
    begins = Q()
    for column in kind.columns:
        begins |= Q(**{f"{column}__gte": key, f"{column}__lt": key + LAST})
    ids = [option.pk for option in kind.load(begins, MOST)]
    books = backend().some_books(words[:-1], words[-1], limit=SAMPLE)
    return [*ids, *kind.common(books)]


# --- Misspelled ---------------------------------------------------------------------------


def _misspelled(kind: _Kind, words: list[str], found: Collection[int], limit: int) -> list[Option]:
    near = spelling.near(kind.table, words)
    searches: list[list[Group]] = [[[f"{word}*", *near[word]] for word in words], *_joined(words)]
    hits = backend().match_each(kind.table, searches, limit=MOST)
    new = [pk for pk in dict.fromkeys(pk for each in hits for pk in each) if pk not in found]
    if not new:
        return []
    options = kind.count(kind.load(Q(pk__in=new), MOST))
    options.sort(key=lambda option: (_errors(option, words, near), -option.books, option.keys[-1]))
    return options[:limit]


def _joined(words: list[str]) -> list[list[Group]]:
    """The same words written together, and those with a particle written apart."""
    found: list[list[Group]] = []
    for place in range(len(words)):
        before, rest = words[:place], words[place + 1 :]
        if rest:
            found.append([[f"{word}*"] for word in (*before, words[place] + rest[0], *rest[1:])])
        for particle in _PARTICLES:
            apart = words[place].removeprefix(particle)
            if len(apart) >= spelling.SHORTEST - 1 and apart != words[place]:
                found.append([[f"{word}*"] for word in (*before, particle, apart, *rest)])
    return found


def _errors(option: Option, words: Iterable[str], near: dict[str, dict[str, int]]) -> int:
    own = _own_words(option)
    return sum(
        0
        if any(word.startswith(typed) for word in own)
        else min((near[typed][word] for word in own if word in near[typed]), default=1)
        for typed in words
    )


# --- A whole name -------------------------------------------------------------------------


def _find(kind: _Kind, names: Iterable[str]) -> dict[str, Found]:
    wanted = {name: kind.keys(tidy(name)[:LONGEST]) for name in names}
    if not wanted:
        return {}
    loaded = kind.load(kind.having(set().union(*wanted.values())), MOST * len(wanted))
    found = {
        name: Found([option for option in loaded if not keys.isdisjoint(option.keys)], [])
        for name, keys in wanted.items()
    }
    if kind is _AUTHORS:
        found = {name: _with_qualifier(name, each) for name, each in found.items()}
    unknown = [name for name, each in found.items() if not each.exact]
    for name, options in _similar(kind, unknown).items():
        seen = {option.pk for option in options}
        known = [option for option in found[name].similar if option.pk not in seen]
        found[name] = Found([], [*known, *options])
    return _described(kind, found)


def _with_qualifier(name: str, found: Found) -> Found:
    """Of namesakes the one in brackets is meant; if there is none such, all are similar."""
    qualifier = qualified(name)[1]
    if not qualifier:
        return found
    exact = [option for option in found.exact if _is(option, qualifier)]
    return Found(exact, [option for option in found.exact if option not in exact])


def _similar(kind: _Kind, names: Sequence[str]) -> dict[str, list[Option]]:
    """Names that differ by a misspelling, an initial or a given name left out. Four queries."""
    typed = {name: _telling(qualified(name)[0] if kind is _AUTHORS else name) for name in names}
    typed = {name: words for name, words in typed.items() if words}
    if not typed:
        return {}
    near = spelling.near(kind.table, set().union(*typed.values()))
    searches = [[[word, *near[word]] for word in words] for words in typed.values()]
    hits = backend().match_each(kind.table, searches, limit=MOST // len(typed) + SHOWN)
    ids = {pk for each in hits for pk in each}
    options = kind.count(kind.load(Q(pk__in=ids), len(ids))) if ids else []
    by_id = {option.pk: option for option in options}
    return {
        name: sorted(
            (
                by_id[pk]
                for pk in each
                if pk in by_id and _initials_agree(by_id[pk], name, words, near)
            ),
            key=lambda option: (_errors(option, words, near), -option.books, option.keys[-1]),
        )[:SHOWN]
        for (name, words), each in zip(typed.items(), hits, strict=True)
    }


def _telling(name: str) -> list[str]:
    """The words of a name without initials: “K.” tells nobody."""
    words = _words(name)
    return [word for word in words if len(word) > 1 or not word.isascii()]


def _initials_agree(
    option: Option, name: str, words: Collection[str], near: dict[str, dict[str, int]]
) -> bool:
    """Initials must begin one of the names that are left, if any: "C. Tolkien" is not J. R. R."""
    initials = [word for word in _words(name) if word not in words]
    meant = {*words, *(other for word in words for other in near[word])}
    left = [word for word in text_words(option.name) if word not in meant]
    return (
        not initials or not left or any(word[0] == initial for initial in initials for word in left)
    )


def _described(kind: _Kind, found: dict[str, Found]) -> dict[str, Found]:
    """Where somebody has to choose, with what tells the options apart: two queries."""
    shown = {
        option.pk: option
        for each in found.values()
        if len(each.exact) != 1
        for option in (*each.exact, *each.similar[:SHOWN])
    }
    if not shown:
        return found
    described = {option.pk: option for option in kind.exemplify(kind.count(list(shown.values())))}
    return {
        name: Found(
            [described.get(option.pk, option) for option in each.exact],
            [described.get(option.pk, option) for option in each.similar[:SHOWN]],
        )
        for name, each in found.items()
    }


def same_name(option: Option, text: str) -> bool:
    """Whether the text is still this record's name, in one of its forms."""
    key = match_key(text)
    return key in option.keys or key == match_key(option.label) or fold(text) == fold(option.label)


def authors_by_id(ids: Iterable[int]) -> dict[int, Option]:
    wanted = list(ids)
    options = _authors(Q(pk__in=wanted), len(wanted)) if wanted else []
    return {option.pk: option for option in options}


def publishers_by_id(ids: Iterable[int]) -> dict[int, Option]:
    wanted = list(ids)
    options = _publishers(Q(pk__in=wanted), len(wanted)) if wanted else []
    return {option.pk: option for option in options}
