"""Notes on records: page by page, and never twice for two clicks."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.functional import cached_property

from accounts.models import User
from catalog.models import Note
from catalog.models.versioned import record_kind

SHOWN = 20
AGAIN = timedelta(minutes=1)  # the same words of the same person within this are a second click


class NotePage:
    """Some notes of a record, newest first; read when a template asks for them."""

    def __init__(self, record: Model, *, before: int | None = None) -> None:
        self.record = record
        self.before = before

    @cached_property
    def _found(self) -> list[Note]:
        notes = Note.objects.of(self.record).select_related("created_by")
        if self.before is not None:
            notes = notes.filter(pk__lt=self.before)
        return list(notes.order_by("-pk")[: SHOWN + 1])

    @property
    def notes(self) -> list[Note]:
        return self._found[:SHOWN]

    @property
    def following(self) -> int | None:
        """Before which note the next page begins, if there is one."""
        return self._found[SHOWN - 1].pk if len(self._found) > SHOWN else None


def add_note(record: Model, text: str, *, user: User) -> Note:
    """The note; for a second click the one that the first has made."""
    with transaction.atomic():
        # One note at a time of each person: the second of two clicks sees what the first wrote.
        User.objects.select_for_update().get(pk=user.pk)
        last = Note.objects.of(record).filter(created_by=user).order_by("-pk").first()
        if last and last.text == text and timezone.now() - last.created_at < AGAIN:
            return last
        return Note.objects.create(
            kind=record_kind(record), record_id=record.pk, text=text, created_by=user
        )
