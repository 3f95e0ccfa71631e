"""Publishers."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from catalog.models.fields import KeyField, WebsiteField
from catalog.models.history import Snapshot, Snapshots
from catalog.models.indexed import IndexedQuerySet
from catalog.models.versioned import VersionedModel
from catalog.text import chunks, match_key

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

NAME_TAKEN = _("There is a publisher of this name already.")


class PublisherQuerySet(IndexedQuerySet["Publisher"]):
    kind = "publisher"
    indexed = frozenset({"name", "country"})

    def visible_to(self, user: "AbstractBaseUser | AnonymousUser") -> Self:
        """Everything, or nothing for the anonymous while the catalogue is not public."""
        return self if settings.CATALOG_PUBLIC or user.is_authenticated else self.none()

    def for_list(self) -> Self:
        """The rows as the list shows them; its listing adds the number of books."""
        return self

    def rewritten(self, ids: list[int], fields: Iterable[str]) -> None:
        """The keys follow from the names."""
        if "name" in fields:
            for batch in chunks(ids, 2_000):
                for row in self.model._default_manager.filter(pk__in=batch):
                    row.derive()
                    models.QuerySet(Publisher).filter(pk=row.pk).update(name_key=row.name_key)


class Publisher(VersionedModel):
    sources = ("name",)
    derived = ("name_key",)

    name = models.CharField(_("name"), max_length=200)
    name_key = KeyField(max_length=200)
    address = models.CharField(_("address"), max_length=300, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    region = models.CharField(_("state or province"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=100, blank=True)
    website = WebsiteField(_("website"), blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    book_count: int  # of a row in a list: the listing sets it

    objects = PublisherQuerySet.as_manager()
    history = Snapshots(bases=(Snapshot,), excluded_fields=("name_key",))

    class Meta:
        verbose_name = _("publisher")
        verbose_name_plural = _("publishers")
        ordering = ("name_key", "pk")
        indexes = [
            models.Index(fields=("country", "name_key", "id"), name="publisher_by_country"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=("name_key",),
                name="publisher_name_once",
                violation_error_message=NAME_TAKEN,
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="publisher_has_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("catalog:publisher_detail", args=(self.pk,))

    def clean(self) -> None:
        """The constraint on the derived key, said of the name that it follows from."""
        super().clean()
        self.derive()
        same = Publisher.objects.filter(name_key=self.name_key)
        if self.name and same.exclude(pk=self.pk).exists():
            raise ValidationError({"name": ValidationError(NAME_TAKEN, code="unique")})

    def derive(self) -> None:
        """Set what follows from the other fields; bulk writers call it themselves."""
        self.name_key = match_key(self.name)
