"""Notes on a record: reading them page by page, adding one, taking one away."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import View
from django_htmx.http import HttpResponseClientRedirect

from accounts import resuming
from accounts.models import User
from catalog.forms.notes import NoteForm
from catalog.models import Note
from catalog.services import notes
from catalog.services.recording import MODELS
from site_config.views import wants_partial


class NotesMixin(PermissionRequiredMixin, View):
    raise_exception = True

    def visible(self, kind: str, pk: int) -> Any:
        model: Any = MODELS[kind]
        return get_object_or_404(model.objects.visible_to(self.request.user), pk=pk)

    def section(self, record: Any, *, status: int = 200, **context: Any) -> HttpResponse:
        """What stands on the record's page, for htmx to put in its place."""
        context = {
            "record": record,
            "notes": notes.NotePage(record),
            "note_form": NoteForm(),
            "swapped": True,
        } | context
        return render(self.request, "catalog/partials/_notes.html", context, status=status)

    def page_of(self, record: Any) -> str:
        return f"{record.get_absolute_url()}#notes"


class NotesView(NotesMixin):
    """The notes of a record as a page of their own; a POST adds one."""

    keeps_what_was_typed = True  # signing in again leads back to the filled form
    http_method_names = ["get", "head", "post"]
    template_name = "catalog/note_list.html"
    kind = ""

    def get_permission_required(self) -> tuple[str]:
        action = "add" if self.request.method == "POST" else "view"
        return (f"catalog.{action}_note",)

    @cached_property
    def record(self) -> Any:
        return self.visible(self.kind, self.kwargs["pk"])

    @property
    def before(self) -> int | None:
        text = self.request.GET.get("before", "")
        return int(text) if text.isdecimal() and len(text) < 19 else None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.headers.get("HX-Target") == "older-notes":
            context = {"record": self.record, "notes": self.page}
            return render(request, "catalog/partials/_notes.html#older", context)
        if wants_partial(request):  # led here by what refused its form: that needs the whole page
            return HttpResponseClientRedirect(request.get_full_path())
        typed = resuming.take(request)
        return self.whole_page(NoteForm(initial=typed.as_post().dict() if typed else None))

    @property
    def page(self) -> notes.NotePage:
        return notes.NotePage(self.record, before=self.before)

    def whole_page(self, form: NoteForm, *, status: int = 200) -> HttpResponse:
        context = {
            "kind": self.kind,
            "record": self.record,
            "notes": self.page,
            "note_form": form,
            "is_first_page": self.before is None,
        }
        return render(self.request, self.template_name, context, status=status)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        assert isinstance(request.user, User)  # noqa: S101 - the permission says so
        record, form = self.record, NoteForm(request.POST)
        if not form.is_valid():
            if wants_partial(request):
                return self.section(record, note_form=form, status=422)
            return self.whole_page(form, status=422)
        notes.add_note(record, form.cleaned_data["text"], user=request.user)
        if wants_partial(request):
            return self.section(record, said=_("Your note is added."))
        messages.success(request, _("Your note is added."))
        return HttpResponseRedirect(self.page_of(record))


class NoteDeleteView(NotesMixin):
    """Asks by GET, deletes by POST: one's own note, or anybody's for whoever may delete notes."""

    permission_required = "catalog.view_note"
    http_method_names = ["get", "head", "post"]

    @cached_property
    def note(self) -> Note:
        note = get_object_or_404(Note.objects.select_related("created_by"), pk=self.kwargs["pk"])
        if note.created_by != self.request.user and not self.request.user.has_perm(
            "catalog.delete_note"
        ):
            raise PermissionDenied
        return note

    @cached_property
    def record(self) -> Any:
        return self.visible(self.note.kind, self.note.record_id)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        context = {"note": self.note, "record": self.record, "asks": True}
        if wants_partial(request):
            context["asks"] = "keep" not in request.GET
            return render(request, "catalog/partials/_notes.html#note", context)
        context["back"] = self.page_of(self.record)
        return render(request, "catalog/note_confirm_delete.html", context)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            record = self.record
        except Http404:
            # The second of two clicks: what it was to do is done.
            if wants_partial(request):
                raise
            messages.info(request, _("This note is deleted already."))
            return HttpResponseRedirect(reverse("catalog:home"))
        self.note.delete()
        if wants_partial(request):
            return self.section(record, said=_("The note is deleted."))
        messages.success(request, _("The note is deleted."))
        return HttpResponseRedirect(self.page_of(record))
