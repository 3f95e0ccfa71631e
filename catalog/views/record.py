"""What the pages of books, authors and publishers have in common, beside what they show."""

from typing import Any

from django.db.models import Count, Max
from django.http import HttpRequest
from django.views.generic.base import ContextMixin

from catalog.forms.notes import NoteForm
from catalog.models import Attachment, Note
from catalog.models.versioned import record_kind
from catalog.services.notes import NotePage


class RecordPageMixin(ContextMixin):
    """Actions, attached files and notes. They are read when the template asks for them: JSON and
    fragments cost nothing, and for the anonymous there are neither actions nor notes."""

    request: HttpRequest

    def get_record(self) -> Any:
        raise NotImplementedError

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        record = self.get_record()
        return super().get_context_data(
            record=record,
            record_kind=record_kind(record),
            attachments=Attachment.objects.of(record),
            notes=NotePage(record),
            note_form=NoteForm(),
            **kwargs,
        )

    def state_of_notes(self) -> tuple[Any, ...]:
        """Changes with every note that comes or goes; for pages that answer “not modified”."""
        if not self.request.user.is_authenticated:
            return ()
        about = Note.objects.of(self.get_record()).order_by()
        return tuple(about.aggregate(Count("pk"), Max("pk")).values())
