"""What hangs on a record: notes and files. It stays when the record is deleted, so that undoing
the deletion brings it back; `manage.py tidy` clears it away later."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

NOTE_LENGTH = 5_000


class Kind(models.TextChoices):
    BOOK = "book", _("book")
    AUTHOR = "author", _("author")
    PUBLISHER = "publisher", _("publisher")


class AttachedQuerySet(models.QuerySet):
    def of(self, record: models.Model) -> Self:
        """What hangs on this book, author or publisher."""
        return self.filter(kind=record._meta.model_name, record_id=record.pk)


class Attached(models.Model):
    kind = models.CharField(max_length=9, choices=Kind)
    record_id = models.PositiveBigIntegerField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AttachedQuerySet.as_manager()

    class Meta:
        abstract = True


class Note(Attached):
    """What somebody has to say about a record: plain text."""

    text = models.TextField(_("note"), max_length=NOTE_LENGTH)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ("-pk",)
        indexes = [models.Index(fields=("kind", "record_id", "-id"), name="note_by_record")]

    def __str__(self) -> str:
        return self.text[:60]


class Attachment(Attached):
    """A file of a record: a sample chapter, a press kit. Only ever served as a download."""

    file = models.FileField(max_length=200)  # its place follows from the record, not from `name`
    name = models.CharField(_("name"), max_length=150)  # as the person named it, made harmless
    size = models.PositiveBigIntegerField()  # bytes
    content_type = models.CharField(max_length=100)  # by its content

    class Meta:
        verbose_name = _("attached file")
        verbose_name_plural = _("attached files")
        ordering = ("name", "pk")
        indexes = [models.Index(fields=("kind", "record_id"), name="attachment_by_record")]

    def __str__(self) -> str:
        return self.name


class Upload(models.Model):
    """A file that was sent before the form that it belongs to was saved."""

    class Purpose(models.TextChoices):
        PICTURE = "picture", _("picture")
        FILE = "file", _("file")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=7, choices=Purpose)
    file = models.FileField(max_length=200)
    name = models.CharField(max_length=150)
    size = models.PositiveBigIntegerField()
    content_type = models.CharField(max_length=100)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")

    def __str__(self) -> str:
        return self.name
