"""Forms that were saved: the second of two clicks finds its record here instead of making one."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Submission(models.Model):
    """Written in the transaction that makes the record; `manage.py tidy` clears old ones away."""

    key = models.CharField(max_length=64, primary_key=True)  # of the form and what was typed
    kind = models.CharField(max_length=9)
    record_id = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")

    def __str__(self) -> str:
        return f"{self.kind} {self.record_id}"
