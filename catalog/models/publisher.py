"""Publishers."""

from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from catalog.models.fields import KeyField
from catalog.text import match_key


class PublisherQuerySet(models.QuerySet["Publisher"]):
    pass


class Publisher(models.Model):
    name = models.CharField(_("name"), max_length=200)
    name_key = KeyField(max_length=200)
    address = models.CharField(_("address"), max_length=300, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    region = models.CharField(_("state or province"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=100, blank=True)
    website = models.URLField(_("website"), blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PublisherQuerySet.as_manager()

    class Meta:
        verbose_name = _("publisher")
        verbose_name_plural = _("publishers")
        ordering = ("name_key", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=("name_key",),
                name="publisher_name_once",
                violation_error_message=_("There is a publisher of this name already."),
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="publisher_has_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.derive()
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("catalog:publisher_detail", args=(self.pk,))

    def derive(self) -> None:
        """Set what follows from the other fields; bulk writers call it themselves."""
        self.name_key = match_key(self.name)
