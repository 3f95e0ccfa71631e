"""Adding books by hand: authors and publishers are found by their names, or made once."""

from collections.abc import Iterable

from django.db import transaction

from accounts.models import User
from catalog.importers.names import Credit, credits_of
from catalog.models import Author, Book, Contribution, Publisher
from catalog.search import indexing
from catalog.text import match_key


def add_book(
    book: Book, *, authors: Iterable[str] = (), publisher: str = "", user: User | None = None
) -> Book:
    """Save a validated book with whom it names, and index all of it once. All or nothing.

    Names are read as an import reads them: "Last, First" is turned, "(translator)" is a role.
    """
    with indexing.deferred(), transaction.atomic():
        book.created_by = user
        book.publisher = find_publisher(publisher) if publisher else None
        book.save()
        credited: set[tuple[int, str]] = set()
        for credit in (credit for text in authors for credit in credits_of(text)[0]):
            author = find_author(credit, user=user)
            if (author.pk, credit.role) in credited:
                continue  # written twice is credited once
            Contribution.objects.create(
                book=book,
                author=author,
                role=credit.role,
                position=len(credited),
                credited_as="" if credit.credited_as == author.name else credit.credited_as,
            )
            credited.add((author.pk, credit.role))
    return book


def find_publisher(name: str) -> Publisher:
    """The publisher of this name, whatever the case, accents and punctuation; made if new."""
    found, _made = Publisher.objects.get_or_create(
        name_key=match_key(name), defaults={"name": name}
    )
    return found


def find_author(credit: Credit, *, user: User | None = None) -> Author:
    """The author of this name; of several namesakes the one without a qualifier, or the first."""
    key = match_key(credit.name)
    found = Author.objects.filter(name_key=key).order_by("qualifier", "pk").first()
    if found is None:
        found, _made = Author.objects.get_or_create(
            name_key=key,
            qualifier="",
            defaults={
                "name": credit.name,
                "sort_name": credit.sort_name,
                "kind": credit.kind,
                "created_by": user,
            },
        )
    return found
