"""Books and who contributed to them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Length
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from catalog import isbn as isbns
from catalog.models.author import Author
from catalog.models.fields import IsbnField, KeyField, with_what_follows
from catalog.models.history import Snapshot, Snapshots
from catalog.models.indexed import IndexedQuerySet, about_to_write, deferred, written
from catalog.models.publisher import Publisher
from catalog.models.versioned import VersionedModel
from catalog.text import chunks, match_key, sort_key

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

UNKNOWN = -32768  # sort_year and decade of a book without a year: before every year
FIRST_YEAR, LAST_YEAR = -5000, 2999


def decade_of(year: int | None) -> int:
    """The group that a year is filtered by: 1990 for 1990 to 1999.

    Older books are fewer: centuries (1500 to 1800) before 1900, and 0 for all before 1500.
    """
    if year is None:
        return UNKNOWN
    if year < 1500:
        return 0
    return year // 10 * 10 if year >= 1900 else year // 100 * 100


def decade_span(decade: int) -> tuple[int, int]:
    """The first and the last year of a decade."""
    if decade < 1500:
        return FIRST_YEAR, 1499
    return decade, decade + (9 if decade >= 1900 else 99)


# What the lists are ordered and filtered by, and what it follows from.
DERIVED = ("sort_title", "year", "sort_year", "decade", "has_isbn", "has_cover")
SOURCES = frozenset({"title", "language", "year", "published_on", "isbn", "cover"})


class Subject(models.Model):
    name = models.CharField(_("name"), max_length=100)
    name_key = KeyField(max_length=100)

    class Meta:
        verbose_name = _("subject")
        verbose_name_plural = _("subjects")
        ordering = ("name_key", "pk")
        constraints = [models.UniqueConstraint(fields=("name_key",), name="subject_name_once")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_key = match_key(self.name, 100)
        super().save(*args, **with_what_follows(kwargs, ("name",), ("name_key",)))


class BookQuerySet(IndexedQuerySet["Book"]):
    kind = "book"
    indexed = SOURCES | {"subtitle", "publisher", "publisher_id", "isbn_repaired", *DERIVED}

    def visible_to(self, user: "AbstractBaseUser | AnonymousUser") -> Self:
        """Everything, or nothing for the anonymous while the catalogue is not public."""
        return self if settings.CATALOG_PUBLIC or user.is_authenticated else self.none()

    def for_list(self) -> Self:
        """Add all that a row of the list shows: three queries whatever the page holds."""
        credits = Contribution.objects.select_related("author")
        return (
            self.select_related("publisher")
            .prefetch_related(models.Prefetch("contributions", credits))
            .defer("description", "isbn_entered", "publisher__address")
        )

    def for_detail(self) -> Self:
        """Add all that the page of one book shows."""
        return (
            self.select_related("publisher", "created_by")
            .prefetch_related(
                models.Prefetch("contributions", Contribution.objects.select_related("author"))
            )
            .prefetch_related("subjects")
        )

    def search(self, text: str) -> Self:
        """The books that the search box would find, at most 1,000; use a listing for pages."""
        from catalog.search.listings import EXACT, BookListing
        from catalog.search.query import parse

        listing = BookListing(self, query=parse(text))
        return self.filter(pk__in=listing.plan.ids(0, EXACT))

    def rewritten(self, ids: list[int], fields: Iterable[str]) -> None:
        """What follows from the updated fields is derived again."""
        if SOURCES.isdisjoint(fields):
            return
        for batch in chunks(ids, 2_000):
            books = self.model._default_manager.filter(pk__in=batch)
            for book in books.only(*SOURCES, *DERIVED):
                before = [getattr(book, name) for name in DERIVED]
                book.derive()
                after = {name: getattr(book, name) for name in DERIVED}
                if list(after.values()) != before:
                    models.QuerySet(Book).filter(pk=book.pk).update(**after)


class Book(VersionedModel):
    sources = SOURCES
    derived = DERIVED

    title = models.CharField(_("title"), max_length=500)
    subtitle = models.CharField(_("subtitle"), max_length=500, blank=True)
    authors = models.ManyToManyField(Author, through="Contribution", related_name="books")
    publisher = models.ForeignKey(
        Publisher,
        models.PROTECT,
        verbose_name=_("publisher"),
        null=True,
        blank=True,
        related_name="books",
        db_index=False,  # book_by_publisher begins with it
    )
    isbn = IsbnField(_("ISBN"), max_length=13, blank=True, db_index=True)
    isbn_entered = models.CharField(_("ISBN as entered"), max_length=40, blank=True)
    isbn_repaired = models.BooleanField(
        _("ISBN repaired"),
        default=False,
        help_text=_("Leading zeros that a spreadsheet had lost were put back."),
    )
    year = models.SmallIntegerField(
        _("publication year"),
        null=True,
        blank=True,
        help_text=_("Negative before the common era."),
    )
    published_on = models.DateField(_("publication date"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=3, blank=True)  # ISO 639-2/B, as MARC
    pages = models.PositiveIntegerField(
        _("pages"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    price = models.DecimalField(
        _("price"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    currency = models.CharField(_("currency"), max_length=3, blank=True)  # ISO 4217
    description = models.TextField(_("description"), blank=True)
    cover = models.ImageField(_("cover"), upload_to="covers/", max_length=200, blank=True)
    subjects = models.ManyToManyField(
        Subject, verbose_name=_("subjects"), blank=True, related_name="books"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("created by"),
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    # What the lists are ordered and filtered by; derive() sets them.
    sort_title = KeyField(max_length=100)
    sort_year = models.SmallIntegerField(default=UNKNOWN, editable=False)
    decade = models.SmallIntegerField(default=UNKNOWN, editable=False)
    has_isbn = models.BooleanField(default=False, editable=False)
    has_cover = models.BooleanField(default=False, editable=False)

    objects = BookQuerySet.as_manager()
    history = Snapshots(
        bases=(Snapshot,),
        excluded_fields=("sort_title", "sort_year", "decade", "has_isbn", "has_cover"),
        no_db_index=("isbn", "publisher", "created_by"),
    )

    class Meta:
        verbose_name = _("book")
        verbose_name_plural = _("books")
        ordering = ("sort_title", "pk")
        # Each order, and each filter in title order, is one index.
        indexes = [
            models.Index(fields=("sort_title", "id"), name="book_by_title"),
            models.Index(fields=("-sort_year", "sort_title", "id"), name="book_by_year"),
            models.Index(fields=("publisher", "sort_title", "id"), name="book_by_publisher"),
            models.Index(fields=("language", "sort_title", "id"), name="book_by_language"),
            models.Index(fields=("decade", "sort_title", "id"), name="book_by_decade"),
            models.Index(fields=("has_isbn", "sort_title", "id"), name="book_by_has_isbn"),
            models.Index(fields=("has_cover", "sort_title", "id"), name="book_by_has_cover"),
            models.Index(fields=("isbn_repaired", "sort_title", "id"), name="book_by_repaired"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(title=""),
                name="book_has_title",
                violation_error_message=_("A book needs a title."),
            ),
            models.CheckConstraint(
                condition=models.Q(isbn="") | models.Q(models.lookups.Exact(Length("isbn"), 13)),
                name="book_isbn_is_13_digits",
                violation_error_message=_("An ISBN is kept as 13 digits."),
            ),
            models.CheckConstraint(
                condition=models.Q(year__isnull=True)
                | (models.Q(year__gte=FIRST_YEAR, year__lte=LAST_YEAR) & ~models.Q(year=0)),
                name="book_year_is_possible",
                violation_error_message=_("There is no such year."),
            ),
            models.CheckConstraint(
                condition=models.Q(pages__isnull=True) | models.Q(pages__gte=1),
                name="book_pages_at_least_1",
                violation_error_message=_("A book has at least one page."),
            ),
            models.CheckConstraint(
                condition=models.Q(price__isnull=True) | models.Q(price__gte=0),
                name="book_price_not_negative",
                violation_error_message=_("A price is not negative."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("catalog:book_detail", args=(self.pk,))

    def clean(self) -> None:
        """Turn an ISBN as typed into its 13 digits; year and day of publication must agree."""
        super().clean()
        self._read_isbn()
        day = self.published_on
        if day is not None and self.year is not None and self.year != day.year:
            raise ValidationError(
                {
                    "published_on": ValidationError(
                        _("This day is in %(day)d, but the year says %(year)d."),
                        code="other_year",
                        params={"day": day.year, "year": self.year},
                    )
                }
            )

    def _read_isbn(self) -> None:
        """What was typed is kept beside the digits."""
        try:
            parsed = isbns.parse(self.isbn)
        except isbns.IsbnError:
            return  # the field's own validation has said so, beside the field
        if parsed is None:
            self.isbn, self.isbn_entered, self.isbn_repaired = "", "", False
        elif parsed.digits13 != self.isbn or not isbns.means(self.isbn_entered, self.isbn):
            self.isbn = parsed.digits13
            self.isbn_entered = parsed.entered
            self.isbn_repaired = parsed.repaired

    def derive(self) -> None:
        """Set what follows from the other fields; bulk writers call it themselves."""
        self.sort_title = sort_key(self.title, self.language)
        if self.published_on and self.year is None:
            self.year = self.published_on.year
        self.sort_year = UNKNOWN if self.year is None else self.year
        self.decade = decade_of(self.year)
        self.has_isbn = bool(self.isbn)
        self.has_cover = bool(self.cover)


class ContributionQuerySet(IndexedQuerySet["Contribution"]):
    kind = "book"
    key = "book_id"
    indexed = frozenset({"book", "book_id", "author", "author_id", "credited_as"})

    def moved_to(self, fields: dict[str, Any]) -> list[int]:
        book = fields.get("book", fields.get("book_id"))
        return [] if book is None else [book.pk if isinstance(book, Book) else int(book)]


class Contribution(models.Model):
    """What an author did for a book: role, place in the order, name as credited."""

    class Role(models.TextChoices):
        """MARC relator codes."""

        AUTHOR = "aut", _("author")
        EDITOR = "edt", _("editor")
        TRANSLATOR = "trl", _("translator")
        ILLUSTRATOR = "ill", _("illustrator")
        INTRODUCTION = "aui", _("author of introduction")
        PREFACE = "wpr", _("writer of preface")
        AFTERWORD = "aft", _("author of afterword")
        COMPILER = "com", _("compiler")
        PHOTOGRAPHER = "pht", _("photographer")
        COVER = "cov", _("cover designer")
        NARRATOR = "nrt", _("narrator")
        CONTRIBUTOR = "ctb", _("contributor")

    book = models.ForeignKey(
        Book, models.CASCADE, related_name="contributions", db_index=False
    )  # the unique constraint begins with it
    author = models.ForeignKey(
        Author, models.PROTECT, related_name="contributions", db_index=False
    )  # contribution_by_author begins with it
    role = models.CharField(_("role"), max_length=3, choices=Role, default=Role.AUTHOR)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    credited_as = models.CharField(_("credited as"), max_length=200, blank=True)

    objects = ContributionQuerySet.as_manager()

    class Meta:
        verbose_name = _("contribution")
        verbose_name_plural = _("contributions")
        ordering = ("position", "pk")
        indexes = [models.Index(fields=("author", "book"), name="contribution_by_author")]
        constraints = [
            models.UniqueConstraint(
                fields=("book", "author", "role"),
                name="contribution_once_a_role",
                violation_error_message=_("This author has this role in the book already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.credited_as or self.author} ({self.get_role_display()})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The book that the credit is taken from is written as well."""
        with deferred():
            books = {self.book_id}
            if not self._state.adding:
                before = Contribution.objects.filter(pk=self.pk)
                books.update(before.values_list("book_id", flat=True))
            about_to_write("book", books)
            written("book", books)
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with deferred():
            about_to_write("book", [self.book_id])
            return super().delete(*args, **kwargs)
