"""Imports: what a job is to do, how far it has come, and every row as it came."""

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from catalog.models.book import Book
from catalog.models.job import Job, JobQuerySet


class ImportJob(Job):
    """One uploaded file on its way into the catalogue. The row is the truth, not the broker."""

    class OnDuplicate(models.TextChoices):
        SKIP = "skip", _("Skip the row")
        UPDATE = "update", _("Fill in what is empty")
        ADD = "add", _("Add another record")

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="import_jobs"
    )
    file = models.FileField(upload_to="imports/")
    filename = models.CharField(max_length=255)  # as the person named it; never a path
    on_duplicate = models.CharField(max_length=6, choices=OnDuplicate, default=OnDuplicate.SKIP)
    options = models.JSONField(
        default=dict, blank=True
    )  # as services.importing.files.examine() gives them

    rows = models.PositiveIntegerField(default=0)  # in the file, below the header
    rows_done = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    repaired = models.PositiveIntegerField(default=0)  # rows in which something was repaired
    warned = models.PositiveIntegerField(default=0)  # rows that someone should look at
    authors_created = models.PositiveIntegerField(default=0)
    publishers_created = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)  # spent working, over all starts

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ("-pk",)
        indexes = [models.Index(fields=("state", "id"), name="job_by_state")]

    def __str__(self) -> str:
        return self.filename

    def get_absolute_url(self) -> str:
        return reverse("catalog:import_detail", args=(self.pk,))


class ImportRow(models.Model):
    """One line of an imported file, kept as it came, with what became of it."""

    class Outcome(models.TextChoices):
        CREATED = "created", _("created")
        UPDATED = "updated", _("updated")
        SKIPPED = "skipped", _("skipped")
        REJECTED = "rejected", _("rejected")

    job = models.ForeignKey(
        ImportJob, models.CASCADE, related_name="import_rows", db_index=False
    )  # the unique constraint begins with it
    number = models.PositiveIntegerField()  # as the spreadsheet counts: the first line is 1
    raw = models.TextField()  # a JSON list of the cells, with their types
    outcome = models.CharField(max_length=8, choices=Outcome)
    repaired = models.BooleanField(default=False)
    warned = models.BooleanField(default=False)
    # [{"field": "isbn", "level": "error"|"warning"|"repair"|"info", "code": "…", …}]
    notes = models.JSONField(default=list, blank=True)
    book = models.ForeignKey(Book, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("imported row")
        verbose_name_plural = _("imported rows")
        ordering = ("job", "number")
        constraints = [models.UniqueConstraint(fields=("job", "number"), name="row_once_a_job")]
        indexes = [models.Index(fields=("job", "outcome", "number"), name="row_by_outcome")]

    def __str__(self) -> str:
        return f"{self.job_id}:{self.number}"
