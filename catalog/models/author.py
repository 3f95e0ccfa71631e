"""Authors: whoever is credited in a book, in whatever role."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from catalog.models.fields import KeyField
from catalog.models.history import Snapshot, Snapshots
from catalog.models.indexed import IndexedQuerySet
from catalog.models.versioned import VersionedModel
from catalog.text import chunks, match_key

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

NAME_TAKEN = _("There is an author of this name already: fill in “distinguished by”.")


class AuthorQuerySet(IndexedQuerySet["Author"]):
    kind = "author"
    indexed = frozenset({"name", "sort_name", "kind"})
    unseen = frozenset({"last_accessed"})

    def visible_to(self, user: "AbstractBaseUser | AnonymousUser") -> Self:
        """Everything, or nothing for the anonymous while the catalogue is not public."""
        return self if settings.CATALOG_PUBLIC or user.is_authenticated else self.none()

    def for_list(self) -> Self:
        """The rows as the list shows them; its listing adds the number of books."""
        return self

    def rewritten(self, ids: list[int], fields: Iterable[str]) -> None:
        """The keys follow from the names."""
        if not {"name", "sort_name"}.isdisjoint(fields):
            for batch in chunks(ids, 2_000):
                for row in self.model._default_manager.filter(pk__in=batch):
                    row.derive()
                    models.QuerySet(Author).filter(pk=row.pk).update(
                        name_key=row.name_key, sort_key=row.sort_key
                    )


class Author(VersionedModel):
    sources = ("name", "sort_name")
    derived = ("name_key", "sort_key")

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        ORGANISATION = "organisation", _("organisation")

    salutation = models.CharField(_("salutation"), max_length=20, blank=True)
    name = models.CharField(_("name"), max_length=200)
    sort_name = models.CharField(
        _("sort name"), max_length=200, blank=True, help_text=_("“Le Guin, Ursula K.”")
    )
    qualifier = models.CharField(
        _("distinguished by"),
        max_length=50,
        blank=True,
        help_text=_("Tells namesakes apart: years of life or a profession."),
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.PERSON)
    email = models.EmailField(_("e-mail"), blank=True)
    headshot = models.ImageField(_("headshot"), upload_to="authors/", max_length=200, blank=True)
    last_accessed = models.DateTimeField(_("last accessed"), null=True, blank=True, editable=False)
    name_key = KeyField(max_length=200)
    sort_key = KeyField(max_length=100)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("created by"),
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    book_count: int  # of a row in a list: the listing sets it

    objects = AuthorQuerySet.as_manager()
    history = Snapshots(
        bases=(Snapshot,),
        excluded_fields=("name_key", "sort_key", "last_accessed"),
        no_db_index=("created_by",),
    )

    class Meta:
        verbose_name = _("author")
        verbose_name_plural = _("authors")
        ordering = ("sort_key", "pk")
        indexes = [
            models.Index(fields=("sort_key", "id"), name="author_by_name"),
            models.Index(fields=("kind", "sort_key", "id"), name="author_by_kind"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=("name_key", "qualifier"),
                name="author_name_once",
                violation_error_message=NAME_TAKEN,
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="author_has_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("catalog:author_detail", args=(self.pk,))

    def clean(self) -> None:
        """The constraint on the derived key, said of the name that it follows from."""
        super().clean()
        self.derive()
        same = Author.objects.filter(name_key=self.name_key, qualifier=self.qualifier)
        if self.name and same.exclude(pk=self.pk).exists():
            raise ValidationError({"name": ValidationError(NAME_TAKEN, code="unique")})

    def derive(self) -> None:
        """Set what follows from the other fields; bulk writers call it themselves."""
        self.name_key = match_key(self.name)
        self.sort_key = match_key(self.sort_name or self.name, 100)
