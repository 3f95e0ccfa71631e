"""How records are written on a page and in JSON.

A row is a plain dict of finished texts: templates look them up fastest, and no template tag has
to run for each of the 25 rows.
"""

from collections.abc import Iterable
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal
from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language, gettext, pgettext

from catalog import isbn, languages
from catalog.covers import cloth
from catalog.models import Author, Book, Contribution, Publisher
from catalog.pictures import parse

Row = dict[str, Any]
AUTHOR = Contribution.Role.AUTHOR
USUAL_WIDTH = 320  # a tile on a dense screen


@cache
def _prefix(name: str) -> str:
    """`/books/` of `/books/0/`: the addresses of 25 rows without 25 times reverse()."""
    return reverse(name, args=(0,)).removesuffix("0/")


def book_url(pk: int) -> str:
    return f"{_prefix('catalog:book_detail')}{pk}/"


def author_url(pk: int) -> str:
    return f"{_prefix('catalog:author_detail')}{pk}/"


def publisher_url(pk: int) -> str:
    return f"{_prefix('catalog:publisher_detail')}{pk}/"


@lru_cache(maxsize=2048)
def picture(name: str) -> Row | None:
    """What an <img> needs to know of a cover or headshot, told from its name alone.

    `src` suits a tile and whatever knows no `srcset`; `large` is the largest there is.
    """
    largest = parse(name)
    if largest is None:
        return None
    files = list(largest.files())
    usual = next((file for file in files if file.width >= USUAL_WIDTH), largest)
    return {
        "src": f"{settings.MEDIA_URL}{usual}",
        "srcset": ", ".join(f"{settings.MEDIA_URL}{file} {file.width}w" for file in files),
        "small": f"{settings.MEDIA_URL}{files[0]}",
        "large": f"{settings.MEDIA_URL}{largest}",
        "width": largest.width,
        "height": largest.height,
    }


def year_text(year: int | None) -> str:
    if year is None:
        return ""
    if year < 0:
        return pgettext("year before the common era", "%(year)d BCE") % {"year": -year}
    return str(year)  # never with a thousands separator


def price_text(price: Decimal | None, currency: str) -> str:
    if price is None:
        return ""
    try:
        locale = Locale.parse(get_language() or "en", sep="-")
    except (ValueError, UnknownLocaleError):
        locale = Locale.parse("en")
    if currency:
        return str(format_currency(price, currency, locale=locale))
    return str(format_decimal(price, format="#,##0.00", locale=locale))


def isbn10_text(digits13: str) -> str:
    """0-306-40615-2: the parts of the ISBN-13 without 978 and with the other check digit."""
    ten = isbn.to_isbn10(digits13)
    if not ten:
        return ""
    parts = isbn.hyphenate(digits13).split("-")[1:-1]
    return "-".join([*parts, ten[-1]]) if parts else ten


@cache
def _roles(language: str | None) -> dict[str, str]:
    """The names of the roles, translated once a language."""
    return {role.value: str(role.label) for role in Contribution.Role}


def role_name(role: str) -> str:
    return _roles(get_language()).get(role, role)


def credit(contribution: Contribution) -> str:
    """ "William Weaver, translator"; authors without their role."""
    name = contribution.credited_as or contribution.author.name
    if contribution.role == AUTHOR:
        return name
    return f"{name}, {role_name(contribution.role)}"


def byline(contributions: Iterable[Contribution], most: int = 4) -> str:
    credits = [credit(contribution) for contribution in contributions]
    if len(credits) > most:
        more = gettext("and %(number)d more") % {"number": len(credits) - most + 1}
        credits = [*credits[: most - 1], more]
    return " · ".join(credits)


def book_row(book: Book, *, in_grid: bool = False) -> Row:
    """What a list shows of a book that was loaded with `for_list()`."""
    contributions = list(book.contributions.all())
    row: Row = {
        "url": book_url(book.pk),
        "title": book.title,
        "subtitle": book.subtitle,
        "by": byline(contributions),
        "year": year_text(book.year),
        "cover": picture(book.cover.name or ""),
    }
    if in_grid:
        names = (item.credited_as or item.author.name for item in contributions[:2])
        return row | {"names": ", ".join(names)}
    return row | {
        "cloth": cloth(book.title),
        "language": languages.name(book.language),
        "isbn": isbn.hyphenate(book.isbn) if book.isbn else "",
        "publisher": book.publisher.name if book.publisher else "",
        "publisher_url": publisher_url(book.publisher.pk) if book.publisher else "",
    }


def work_row(book: Book) -> Row:
    """The same for people who may change it: with its price, and its number for the box."""
    return book_row(book) | {"id": book.pk, "price": price_text(book.price, book.currency)}


def contribution_json(contribution: Contribution) -> Row:
    return {
        "id": contribution.author_id,
        "url": author_url(contribution.author_id),
        "name": contribution.credited_as or contribution.author.name,
        "role": contribution.role,
    }


def publisher_json(publisher: Publisher) -> Row:
    return {"id": publisher.pk, "url": publisher_url(publisher.pk), "name": publisher.name}


def author_json(author: Author) -> Row:
    return {
        "id": author.pk,
        "url": author_url(author.pk),
        "name": author.name,
        "sort_name": author.sort_name,
        "kind": author.kind,
    }


def book_json(book: Book) -> Row:
    return {
        "id": book.pk,
        "url": book_url(book.pk),
        "title": book.title,
        "subtitle": book.subtitle,
        "contributors": [contribution_json(item) for item in book.contributions.all()],
        "publisher": publisher_json(book.publisher) if book.publisher else None,
        "isbn": book.isbn,
        "year": book.year,
        "language": book.language,
    }


def book_detail(book: Book) -> Row:
    """The texts of a book's own page, beside its plain fields."""
    return {
        "year": year_text(book.year),
        "isbn": isbn.hyphenate(book.isbn) if book.isbn else "",
        "isbn10": isbn10_text(book.isbn),
        "language": languages.name(book.language),
        "price": price_text(book.price, book.currency),
        "publisher_url": publisher_url(book.publisher.pk) if book.publisher else "",
        "cover": picture(book.cover.name or ""),
        "names": ", ".join(
            item.credited_as or item.author.name for item in list(book.contributions.all())[:2]
        ),
    }


def book_detail_json(book: Book) -> Row:
    return book_json(book) | {
        "isbn_10": isbn.to_isbn10(book.isbn),
        "isbn_as_entered": book.isbn_entered,
        "isbn_repaired": book.isbn_repaired,
        "published_on": book.published_on,
        "pages": book.pages,
        "price": book.price,
        "currency": book.currency,
        "description": book.description,
        "subjects": [subject.name for subject in book.subjects.all()],
        "created_at": book.created_at,
        "updated_at": book.updated_at,
        "version": book.version,
    }
