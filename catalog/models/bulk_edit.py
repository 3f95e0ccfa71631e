"""Changes to many books at once, from the list."""

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from catalog.models.job import Job, JobQuerySet


class BulkEdit(Job):
    """One change or deletion of the selected books; undone as one."""

    class Action(models.TextChoices):
        CHANGE = "change", _("change")
        DELETE = "delete", _("delete")
        UNDO = "undo", _("put back")

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="bulk_edits"
    )
    action = models.CharField(max_length=6, choices=Action, default=Action.CHANGE)
    # {"packed": "…"}: numbers of books (catalog.services.bulk_edit.pack), long for a long list;
    # {"filter": "q=…"}: until it is confirmed, what fits; "list": where it was begun.
    selection = models.JSONField(default=dict)
    # {"language": "eng"}: what is set; "tally": what became of each field, in how many books
    # (catalog.services.bulk_edit.Tally).
    changes = models.JSONField(default=dict)
    undoes = models.OneToOneField(
        "self", models.CASCADE, null=True, blank=True, related_name="undone_by"
    )
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)  # looked at
    changed = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)  # not changed, for a reason
    left_alone = models.JSONField(default=list)  # [[book id, title, why, detail], …], the first

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("bulk change")
        verbose_name_plural = _("bulk changes")
        ordering = ("-pk",)
        indexes = [models.Index(fields=("state", "id"), name="bulk_edit_by_state")]

    def __str__(self) -> str:
        return f"{self.get_action_display()} ({self.total})"

    def get_absolute_url(self) -> str:
        return reverse("catalog:bulk_edit_detail", args=(self.pk,))

    @property
    def same(self) -> int:
        """Books that had the values already."""
        return max(self.done - self.changed - self.left, 0)

    @property
    def is_running(self) -> bool:
        """It works or waits for its turn."""
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def is_move(self) -> bool:
        """Made by deleting a publisher or an author: it comes back with that record."""
        return "deleted" in self.selection
