"""Creating and correcting records by hand: what the forms of all three kinds do alike."""

import uuid
from collections.abc import Callable
from typing import Any, ClassVar, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html_join
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.generic import CreateView, UpdateView, View
from django.views.generic.detail import SingleObjectTemplateResponseMixin
from django.views.generic.edit import ModelFormMixin, ProcessFormView

from accounts.models import User
from catalog.forms.records import AlreadySaved, RecordForm
from catalog.models import Attachment
from catalog.services import deleting
from catalog.services.books import subjects_like
from catalog.services.deadlocks import again, read_anew
from catalog.services.files import UnusableFile
from catalog.services.history import CannotPutBack
from catalog.views.deleting import DeletedRecordMixin
from catalog.views.duplicates import DuplicateCheckMixin
from catalog.views.resuming import ResumedFormMixin

# Values of the buttons `then`. Enter in a field of a plain page presses the first button: that
# one only looks the form over, so that a hand scanner never saves half a book.
ANOTHER, NEXT, LOOK = "another", "next", "look"


class RecordFormMixin(
    PermissionRequiredMixin,
    ResumedFormMixin,
    SingleObjectTemplateResponseMixin,
    ModelFormMixin,
    ProcessFormView,
):
    """A page with the form of one record, and its answers about single fields (`?field=isbn`)."""

    raise_exception = True
    request: HttpRequest
    form_class: type[RecordForm]
    filter_class: ClassVar[Callable[..., Any]]  # of the list that the record is one row of
    keeps: ClassVar[tuple[str, ...]] = ()  # fields that the next new record begins with

    @property
    def kind(self) -> str:
        return str(self.model._meta.model_name)

    # --- What the form gets ---------------------------------------------------------------------
    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": self.request.user}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            kind=self.kind,
            record_name=self.record_name,
            cancel_url=self.cancel_url,
            list_query=self.list_query,
            list_url=self.list_url,
            may_add=self.request.user.has_perm(f"catalog.add_{self.kind}"),
            create_url=reverse(f"catalog:{self.kind}_create"),
            attachments=Attachment.objects.of(self.object) if self.object else (),
            in_list=bool(self.list_query and self.object),
            **kwargs,
        )

    # --- Where one came from, and goes ----------------------------------------------------------
    @property
    def list_query(self) -> str:
        """The address of the list that the form was opened from."""
        return self.request.GET.get("list", "")

    @property
    def list_url(self) -> str:
        url = reverse(f"catalog:{self.kind}_list")
        query = QueryDict(self.list_query.lstrip("?")).urlencode()
        return f"{url}?{query}" if query else url

    @property
    def next_url(self) -> str:
        """`?next=`, if it is a path of this site."""
        url = self.request.GET.get("next", "")
        return url if url_has_allowed_host_and_scheme(url, allowed_hosts=None) else ""

    @property
    def cancel_url(self) -> str:
        if self.next_url or self.list_query or self.object is None:
            return self.next_url or self.list_url
        return str(self.object.get_absolute_url())

    @cached_property
    def following(self) -> int | None:
        """The next record of the list. Asked before saving, which may move the record in it."""
        if self.object is None or not self.list_query:
            return None
        filters = self.filter_class(QueryDict(self.list_query.lstrip("?")))
        listing = filters.listing(self.model._default_manager.visible_to(self.request.user))
        found: int | None = listing.following(self.object.pk)
        return found

    record_name = ""  # what the record is called while the form may call it otherwise
    deleted: Any = None  # the last snapshot of a record that is gone

    def bring_back(self) -> HttpResponse | None:
        return None

    # --- A request ------------------------------------------------------------------------------
    def get_record(self) -> Any:
        return None

    @again
    @read_anew
    def post(self, request: HttpRequest, *args: str, **kwargs: Any) -> HttpResponse:
        self.object = self.get_record()
        while self.object is None and self.deleted:
            if answer := self.bring_back():
                return answer
            self.object = self.get_record()
        form: Any = self.get_form()
        if "field" in request.GET:
            return self.check(form, request.GET["field"])
        try:
            form.refuse_second_click()
            return self.submitted(form)
        except AlreadySaved as saved:
            return self.saved_before(saved.pk)

    def submitted(self, form: Any) -> HttpResponse:
        looked_over = self.request.POST.get("then") == LOOK
        if form.pressed() or (looked_over and form.is_valid()):
            if not looked_over and not form.asked():
                form.leave_unjudged()
            context = self.get_context_data(form=form, looked_over=looked_over)
            return self.render_to_response(context)
        if not form.is_valid():
            return self.form_invalid(form)
        try:
            return self.form_valid(form)
        except UnusableFile as problem:  # the picture that was sent before is gone, or damaged
            form.add_error(form.picture, str(problem))
            return self.form_invalid(form)

    def check(self, form: Any, name: str) -> HttpResponse:
        """What there is to say about one field, and about those whose rules it shares."""
        if name not in form.inline_fields:
            raise Http404(_("There is no such field."))
        others = form.check(name)
        context = {"field": form[name], "others": others}
        return render(self.request, "catalog/partials/_field.html#answer", context)

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def form_valid(self, form: Any) -> HttpResponse:
        then = self.request.POST.get("then", "")
        following = self.following if then == NEXT else None
        self.object = form.save()
        self.say_saved(form)
        return HttpResponseRedirect(self.after_saving(then, following))

    def say_saved(self, form: Any) -> None:
        name = str(self.object)
        if form.new:
            said = [_("“%(name)s” is in the catalogue now.") % {"name": name}]
        elif form.changes_something:
            said = [_("“%(name)s” is saved.") % {"name": name}]
        else:
            said = [_("“%(name)s” is as it was: nothing was changed.") % {"name": name}]
        if repairs := form.repairs():
            kept = [
                _("%(field)s as %(value)s") % {"field": form[name].label, "value": value}
                for name, value in repairs.items()
            ]
            said.append(_("Kept otherwise than typed: %(fields)s.") % {"fields": "; ".join(kept)})
        messages.success(self.request, " ".join(said))

    def after_saving(self, then: str, following: int | None) -> str:
        if then == ANOTHER:
            return f"{reverse(f'catalog:{self.kind}_create')}?{urlencode(self.kept())}"
        if then == NEXT and following is not None:
            url = reverse(f"catalog:{self.kind}_update", args=(following,))
            return f"{url}?{urlencode({'list': self.list_query})}"
        if then == NEXT:
            messages.info(self.request, _("That was the last one of the list."))
            return self.list_url
        return self.next_url or str(self.object.get_absolute_url())

    def kept(self) -> dict[str, Any]:
        """What the next new record begins with."""
        values = {name: getattr(self.object, name) for name in self.keeps}
        return {
            name: getattr(value, "pk", value)
            for name, value in values.items()
            if value not in (None, "")
        }

    def saved_before(self, pk: int) -> HttpResponse:
        self.object = self.model._default_manager.filter(pk=pk).first()
        if self.object is None:
            return HttpResponseRedirect(self.list_url)
        return HttpResponseRedirect(self.after_saving(self.request.POST.get("then", ""), None))


def is_id(text: str) -> bool:
    return text.isdecimal() and len(text) < 19


class RecordCreateView(DuplicateCheckMixin, RecordFormMixin, CreateView):
    """A new record. What the address names (`?publisher=3`) is filled in."""

    def get_permission_required(self) -> tuple[str]:
        return (f"catalog.add_{self.kind}",)

    def get_initial(self) -> dict[str, Any]:
        given = {
            name: int(value) if name == "publisher" and is_id(value) else value
            for name, value in self.request.GET.dict().items()
            if name in self.form_class.base_fields and name not in ("version", "credits")
        }
        return {**super().get_initial(), **given, "token": uuid.uuid4()}


class RecordUpdateView(DeletedRecordMixin, DuplicateCheckMixin, RecordFormMixin, UpdateView):
    """A record corrected by hand."""

    def get_permission_required(self) -> tuple[str]:
        return (f"catalog.change_{self.kind}",)

    def get_queryset(self) -> Any:
        return self.model._default_manager.visible_to(self.request.user)

    def get(self, request: HttpRequest, *args: str, **kwargs: Any) -> HttpResponse:
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            if self.resumed is None:
                raise
            # Deleted while somebody signed in again: what they had typed is still theirs.
            self.object = self.get_record()
            answer = self.bring_back()
            assert answer is not None  # noqa: S101 - a GET brings nothing back
            return answer

    def get_object(self, queryset: Any = None) -> Any:
        record = super().get_object(queryset)
        self.record_name = str(record)
        return record

    def get_record(self) -> Any:
        """None for a record that somebody deleted while this form was open."""
        try:
            return self.get_object()
        except Http404:
            self.deleted = deleting.last_words(self.kind, self.kwargs["pk"])
            if self.deleted is None:
                raise
            self.record_name = deleting.name_of(self.deleted)
            return None

    def bring_back(self) -> HttpResponse | None:
        """Make the deleted record again if that is wanted (then None); else show what was typed."""
        form: Any = self.get_form()
        user = cast(User, self.request.user)
        if "field" in self.request.GET:
            return self.check(form, self.request.GET["field"])
        may_bring_back = user.has_perm(f"catalog.delete_{self.kind}")
        if "bring-back" in self.request.POST and may_bring_back:
            try:
                deleting.undelete(self.kind, self.kwargs["pk"], user)
            except deleting.AlreadyThere:
                return None
            except CannotPutBack as problem:
                form.add_error(None, str(problem))
            else:
                return None
        who = self.deleted.history_user
        gone = {
            "user": who.get_username() if who else "",
            "at": self.deleted.history_date,
            "may_bring_back": may_bring_back,
        }
        return self.render_to_response(self.get_context_data(form=form, gone=gone), status=422)


class SubjectPickView(PermissionRequiredMixin, View):
    """Ways to go on with a list of subjects: the options of a `<datalist>`."""

    http_method_names = ["get", "head", "options"]
    raise_exception = True

    def has_permission(self) -> bool:
        user = self.request.user
        return user.has_perm("catalog.add_book") or user.has_perm("catalog.change_book")

    def get(self, request: HttpRequest) -> HttpResponse:
        before, semicolon, last = request.GET.get("subjects", "")[:6000].rpartition(";")
        begun = f"{before.strip()}; " if semicolon else ""
        names = subjects_like(last.strip())
        options = format_html_join("", '<option value="{}{}">', ((begun, name) for name in names))
        return HttpResponse(options)
