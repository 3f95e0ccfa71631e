"""Saving a book as a whole: its fields, credits, publisher, subjects and cover, all or nothing.

Authors, publishers and subjects that are written by name are found by it, or made once. The
number of queries does not grow with the credits.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from django.db import IntegrityError, transaction

from accounts.models import User
from catalog.importers.names import Credit, credits_of, role_of
from catalog.models import Author, Book, Contribution, Publisher, Subject
from catalog.models.indexed import deferred
from catalog.models.versioned import Conflict
from catalog.search import picking
from catalog.services import editing, pictures
from catalog.services.pictures import PictureChange
from catalog.text import match_key

ATTEMPTS = 3  # of making an author whom somebody else makes at the same moment
UNCHANGED: Final = "unchanged"
Unchanged = Literal["unchanged"]


@dataclass(frozen=True)
class Picked:
    """An author or publisher that somebody chose; without `pk` it is found by name, or made."""

    pk: int | None
    name: str


@dataclass(frozen=True)
class CreditInput:
    """One line of a book's credits; their order is the order of the list."""

    author: Picked
    role: str = Contribution.Role.AUTHOR
    credited_as: str = ""


def save_book(
    book: Book,
    *,
    credits: Sequence[CreditInput] | None = None,
    publisher: Picked | Unchanged | None = UNCHANGED,
    subjects: Sequence[str] | None = None,
    cover: PictureChange | None = None,
    user: User | None = None,
) -> Book:
    """Save a validated book. None leaves credits, subjects and cover as they are.

    Raises Conflict and RecordGone, as save() does: also for credits and subjects that somebody
    changed after the book was loaded.
    """
    with deferred():
        loaded, new = book.version, book._state.adding
        if new:
            book.created_by = user
        if publisher != UNCHANGED:
            book.publisher = find_picked_publisher(publisher)
        if not new:
            pictures.attach(book, "cover", cover, save=False)
        book.save()  # locks the row: from here on nobody else changes this book
        if not new and book.version > loaded + 1:
            _refuse_overwriting(book, loaded, credits=credits, subjects=subjects)
        if credits is not None:
            write_credits(book, credits, user=user, new=new)
        if subjects is not None:
            found = find_subjects(subjects)
            # A new book has none that would have to be looked up.
            book.subjects.add(*found) if new else book.subjects.set(found)
        if new:
            pictures.attach(book, "cover", cover)
    return book


def _refuse_overwriting(book: Book, loaded: int, **parts: Sequence[Any] | None) -> None:
    """Somebody saved between loading and saving: had they changed the parts that we write?"""
    wanted = [name for name, part in parts.items() if part is not None]
    if not wanted:
        return
    before, now = editing.state_at(book, loaded), editing.state_of(book)
    changed = {
        name: (parts[name], now.get(name))
        for name in wanted
        if before is None or before.get(name) != now.get(name)
    }
    if changed:
        raise Conflict(changed, book.version - 1)


# --- Credits ---------------------------------------------------------------------------------
def write_credits(
    book: Book, credits: Sequence[CreditInput], *, user: User | None = None, new: bool = False
) -> None:
    """Make these the credits of a book whose row is locked or new. Written twice is once."""
    wanted: dict[tuple[int, str], str] = {}
    for author, role, credited_as in _with_authors(credits, user):
        if credited_as == author.name:
            credited_as = ""
        wanted.setdefault((author.pk, role), credited_as)
    had = (
        {}
        if new
        else {
            (item.author_id, item.role): item
            for item in Contribution.objects.filter(book=book).order_by("position", "pk")
        }
    )
    changed, added = [], []
    for position, ((author_id, role), credited_as) in enumerate(wanted.items()):
        item = had.pop((author_id, role), None)
        if item is None:
            added.append(
                Contribution(
                    book=book,
                    author_id=author_id,
                    role=role,
                    position=position,
                    credited_as=credited_as,
                )
            )
        elif (item.position, item.credited_as) != (position, credited_as):
            item.position, item.credited_as = position, credited_as
            changed.append(item)
    if had:
        Contribution.objects.filter(pk__in=[item.pk for item in had.values()]).delete()
    if changed:
        Contribution.objects.bulk_update(changed, ["position", "credited_as"])
    if added:
        Contribution.objects.bulk_create(added)


def _with_authors(
    credits: Sequence[CreditInput], user: User | None
) -> Iterable[tuple[Author, str, str]]:
    """Each credit with its author: at most three queries for all of them."""
    known = Author.objects.in_bulk({item.author.pk for item in credits if item.author.pk})
    named = {
        item: _read(item.author.name, item.role) for item in credits if item.author.pk not in known
    }
    found = find_authors([person for people in named.values() for person in people], user=user)
    for item in credits:
        if item.author.pk in known:
            yield known[item.author.pk], item.role, item.credited_as
        else:
            for person in named[item]:
                yield found[person.key], person.credit.role, item.credited_as


class Person(NamedTuple):
    """Somebody who is written by name; the qualifier tells namesakes apart."""

    credit: Credit
    qualifier: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return match_key(self.credit.name), self.qualifier


def _read(text: str, role: str) -> list[Person]:
    """As an import reads it: "Last, First" is turned, "(translator)" is a role.

    Other words in brackets are the qualifier: "John Smith (historian)".
    """
    name, qualifier = picking.qualified(text)
    if qualifier and not role_of(qualifier):
        return [Person(picking.read_author(name)._replace(role=role), qualifier)]
    return [Person(credit) for credit in credits_of(text, role)[0] or [Credit(text, text, role)]]


def find_authors(
    people: Iterable[Person], *, user: User | None = None
) -> dict[tuple[str, str], Author]:
    """The authors of these names by their keys; made if new. One query, and one to make them.

    Without a qualifier it is the namesake that has none, or the first. Of two people who make
    the same one at the same moment the second waits, and takes the first one's.
    """
    wanted = {person.key: person for person in reversed(list(people))}
    for attempt in range(ATTEMPTS):
        there = _authors_there(wanted)
        missing = {key: person for key, person in wanted.items() if key not in there}
        try:
            return there | _make_authors(missing, user)
        except IntegrityError:  # made meanwhile: then it is there now
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError  # the last attempt has returned or raised


def _authors_there(wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], Author]:
    there: dict[tuple[str, str], Author] = {}
    if not wanted:
        return there
    authors = Author.objects.filter(name_key__in={name for name, _qualifier in wanted})
    for author in authors.order_by("qualifier", "pk"):
        there[author.name_key, author.qualifier] = author
        there.setdefault((author.name_key, ""), author)
    return there


def _make_authors(
    missing: Mapping[tuple[str, str], Person], user: User | None
) -> dict[tuple[str, str], Author]:
    """In the order of their keys: two people with the same names wait for each other, not in a
    ring."""
    made = {
        key: Author(
            name=person.credit.name,
            sort_name=person.credit.sort_name,
            kind=person.credit.kind,
            qualifier=person.qualifier,
            created_by=user,
        )
        for key, person in sorted(missing.items())
    }
    for author in made.values():
        author.derive()
    if made:
        with transaction.atomic():
            Author.objects.bulk_create(made.values())
    return made


# --- Publisher and subjects ------------------------------------------------------------------
def credit_instead(old: int, new: int, books: Collection[int]) -> None:
    """Give the credits of one author in these books to another; inside `deferred()`."""
    # Who has the same role in the book already is not credited twice.
    credits = Contribution.objects.filter(book__in=books)
    has = set(credits.filter(author=new).order_by().values_list("book_id", "role"))
    own = credits.filter(author=old).order_by()
    rows = own.values_list("pk", "book_id", "role")
    doubled = [pk for pk, book, role in rows if (book, role) in has]
    if doubled:
        credits.filter(pk__in=doubled).delete()
    own.update(author=new)


def find_picked_publisher(picked: Picked | None) -> Publisher | None:
    if picked is None:
        return None
    chosen = Publisher.objects.filter(pk=picked.pk).first() if picked.pk else None
    return chosen or find_publisher(picked.name)


def find_publisher(name: str) -> Publisher:
    """The publisher of this name, whatever the case, accents and punctuation; made if new."""
    found, _made = Publisher.objects.get_or_create(
        name_key=match_key(name), defaults={"name": name}
    )
    return found


def find_subjects(names: Iterable[str]) -> list[Subject]:
    """The subjects of these names, made if new: two queries, three to make some."""
    wanted = {match_key(name, 100): name for name in reversed(list(names))}
    found = {subject.name_key: subject for subject in Subject.objects.filter(name_key__in=wanted)}
    missing = [Subject(name=name, name_key=key) for key, name in wanted.items() if key not in found]
    if missing:
        Subject.objects.bulk_create(missing, ignore_conflicts=True)  # made meanwhile: the same
        for subject in Subject.objects.filter(name_key__in=[item.name_key for item in missing]):
            found[subject.name_key] = subject
    return list(found.values())


def subjects_like(text: str, most: int = 10) -> list[str]:
    """Names of subjects that begin like this; a range of the index, however many there are."""
    key = match_key(text, 100)
    if not key:
        return []
    names = Subject.objects.filter(name_key__gte=key, name_key__lt=f"{key}\U0010ffff")
    return list(names.order_by("name_key").values_list("name", flat=True)[:most])
