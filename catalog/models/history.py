"""What records were: one snapshot for every change, kept by django-simple-history's models.

The library brings the tables and the person behind a request. When a snapshot is taken is decided
here: once for a change as a whole, credits and subjects with it, for whatever wrote it (see
`catalog.models.indexed` and `catalog.services.recording`).
An imported book costs none until somebody changes it: its first snapshot is written then.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

if TYPE_CHECKING:
    from accounts.models import User


class Source(models.TextChoices):
    """What wrote a change."""

    FORM = "form", _("form")
    LIST = "list", _("list")
    IMPORT = "import", _("import")
    API = "api", _("API")
    ADMIN = "admin", _("administration")
    COMMAND = "command", _("command or shell")
    UNDO = "undo", _("put back")


@dataclass(frozen=True)
class Origin:
    """Who changes records, and how. Without a user: whoever sent the request."""

    source: Source | None = None
    user: "User | None" = None
    import_job_id: int | None = None
    bulk_edit_id: int | None = None
    reason: str = ""


_origin: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039 - frozen


@contextmanager
def origin(
    source: Source | None = None,
    *,
    user: "User | None" = None,
    import_job_id: int | None = None,
    bulk_edit_id: int | None = None,
    reason: str = "",
) -> Iterator[None]:
    """Everything that is changed inside is noted with this."""
    token = _origin.set(Origin(source, user, import_job_id, bulk_edit_id, reason))
    try:
        yield
    finally:
        _origin.reset(token)


def current_origin() -> Origin:
    """What was said with `origin()`; the rest by the request that is being answered, if any."""
    said = _origin.get()
    request = getattr(HistoricalRecords.context, "request", None)
    user = said.user
    if user is None and request is not None and request.user.is_authenticated:
        user = request.user
    source = said.source or (Source.COMMAND if request is None else _source_of(request.path))
    return Origin(source, user, said.import_job_id, said.bulk_edit_id, said.reason)


def _source_of(path: str) -> Source:
    if path.startswith("/admin/"):
        return Source.ADMIN
    return Source.API if path.startswith("/api/") else Source.FORM


class Snapshot(models.Model):
    """What a snapshot holds beside the record's own fields."""

    source = models.CharField(max_length=8, choices=Source, default=Source.COMMAND)
    # {"credits": [[author id, role, credited as], …], "subjects": […], "files": […], "names": …}
    details = models.JSONField(default=dict)
    import_job = models.ForeignKey(
        "catalog.ImportJob", models.SET_NULL, null=True, related_name="+"
    )
    bulk_edit = models.ForeignKey("catalog.BulkEdit", models.SET_NULL, null=True, related_name="+")
    # Not one of the many of an import or a bulk change, which the recent changes show as one.
    alone = models.BooleanField(default=True)

    class Meta:
        abstract = True


class Snapshots(HistoricalRecords):  # type: ignore[misc] # the library has no types
    """The library's manager and models, without its own moment of taking snapshots."""

    def __init__(self, **options: Any) -> None:
        super().__init__(history_id_field=models.BigAutoField(), **options)

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        """With the indexes of the recent changes, of all and of one person."""
        kind = model._meta.model_name
        indexes = [
            models.Index(fields=("alone", "history_date"), name=f"{kind}_changes"),
            models.Index(
                fields=("history_user", "alone", "history_date"), name=f"{kind}_changes_by"
            ),
        ]
        return {**super().get_meta_options(model), "indexes": indexes}

    def post_save(self, instance: models.Model, created: bool, **kwargs: Any) -> None:
        """The end of `deferred()` does it."""

    def post_delete(self, instance: models.Model, **kwargs: Any) -> None:
        """`about_to_delete()` did it."""

    def pre_delete(self, instance: models.Model, **kwargs: Any) -> None:
        """The same."""
