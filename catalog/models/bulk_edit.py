"""Changes to many books at once, from the list."""

from django.conf import settings
from django.db import models
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
    selection = models.JSONField(default=dict)  # {"ids": […]} or {"filter": "q=…", "without": […]}
    changes = models.JSONField(default=dict)  # {"language": "eng"}: what is set
    undoes = models.OneToOneField(
        "self", models.CASCADE, null=True, blank=True, related_name="undone_by"
    )
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)  # looked at
    changed = models.PositiveIntegerField(default=0)
    left_alone = models.JSONField(default=list)  # [[book id, why], …], at most a few hundred

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("bulk change")
        verbose_name_plural = _("bulk changes")
        ordering = ("-pk",)
        indexes = [models.Index(fields=("state", "id"), name="bulk_edit_by_state")]

    def __str__(self) -> str:
        return f"{self.get_action_display()} ({self.total})"
