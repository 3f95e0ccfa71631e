"""Work that runs in the background. The row is the truth, the broker only says “look”."""

import uuid
from datetime import timedelta
from typing import Any, Self, TypeVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

COMMAND = "cli-"  # how the claim of a job that runs in somebody's terminal begins
J = TypeVar("J", bound="Job")


class JobState(models.TextChoices):
    MAPPING = "mapping", _("waiting for you")
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("finished")
    CANCELLED = "cancelled", _("stopped")
    FAILED = "failed", _("failed")


class JobQuerySet(models.QuerySet[J]):
    def claimable(self) -> Self:
        """Waiting for a worker."""
        return self.filter(state=JobState.QUEUED)

    def unfinished(self) -> Self:
        """Waiting or running, in the order in which they were queued."""
        states = (JobState.QUEUED, JobState.RUNNING)
        return self.filter(state__in=states).order_by("heartbeat_at", "pk")

    def abandoned(self, older_than: timedelta) -> Self:
        """Running by its row, but whoever claimed it has not been heard of for this long."""
        return self.filter(state=JobState.RUNNING, heartbeat_at__lt=timezone.now() - older_than)

    def claim(self, pk: int, prefix: str = "") -> J | None:
        """Take a waiting job for oneself; None when somebody was quicker or it was stopped."""
        now = timezone.now()
        taken = (
            self.claimable()
            .filter(pk=pk)
            .update(
                state=JobState.RUNNING,
                claimed_by=prefix + uuid.uuid4().hex,
                heartbeat_at=now,
                started_at=models.functions.Coalesce("started_at", models.Value(now)),
            )
        )
        return self.get(pk=pk) if taken else None


class Job(models.Model):
    """What a worker claims, does in chunks, and gives back when it is stopped."""

    State = JobState

    state = models.CharField(max_length=10, choices=JobState, default=JobState.MAPPING)
    error = models.TextField(blank=True)
    cancel_requested = models.BooleanField(default=False)
    claimed_by = models.CharField(max_length=36, blank=True)
    # While it waits: since when. While it runs: when its worker was last heard of.
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: Any

    class Meta:
        abstract = True

    def waiting_before(self) -> int:
        """How many jobs of whatever kind have their turn before this one; 0 unless it waits.

        One query for each kind.
        """
        if self.state != JobState.QUEUED:
            return 0
        running = models.Q(state=JobState.RUNNING)
        since = self.heartbeat_at or self.created_at
        earlier = models.Q(heartbeat_at__lt=since) | models.Q(heartbeat_at=since, pk__lt=self.pk)
        before = running | (models.Q(state=JobState.QUEUED) & earlier)
        return sum(kind.objects.filter(before).count() for kind in Job.__subclasses__())
