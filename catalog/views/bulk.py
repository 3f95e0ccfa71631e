"""Changing or deleting the selected books together: what, a look at it, doing it, putting back."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final, cast

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import DetailView, FormView, TemplateView, View

from accounts import resuming
from accounts.models import User
from catalog import languages
from catalog.forms import currencies
from catalog.forms.bulk import BulkEditForm, SelectionForm
from catalog.forms.filters import BookFilterForm
from catalog.models import Book, BulkEdit
from catalog.presentation import Row, book_url, price_text, year_text
from catalog.search.listings import BookListing
from catalog.services import bulk_change, bulk_edit, jobs, progress
from catalog.services.bulk_change import Change, Decision, LeftAlone, Preview, Tally, Why
from catalog.views.deleting import list_url
from catalog.views.imports import NearestPageMixin
from catalog.views.resuming import ResumedFormMixin
from site_config.views import JsonMixin, PartialTemplateMixin, undoable

State, Action = BulkEdit.State, BulkEdit.Action


def may_change(user: Any, job: BulkEdit) -> bool:
    """Whose change it is, and managers. Deletions are for those who may delete."""
    if job.action == Action.DELETE and not user.has_perm("catalog.delete_book"):
        return False
    if job.created_by_id == user.pk and user.has_perm("catalog.add_bulkedit"):
        return True
    return bool(user.has_perm("catalog.delete_bulkedit"))


def is_draft(job: BulkEdit) -> bool:
    """Waits to be confirmed. What puts back another change needs no confirming."""
    return job.state == State.MAPPING and job.action != Action.UNDO


def place(job: BulkEdit) -> str:
    """The list that it was begun from, as it stood."""
    return list_url("book", job.selection.get("list", ""))


class BulkEditMixin(PermissionRequiredMixin):
    """Finds the bulk change of the address; `for_change` turns strangers to it away."""

    raise_exception = True
    permission_required: Any = ("catalog.change_bulkedit", "catalog.change_book")
    request: HttpRequest
    kwargs: dict[str, Any]
    for_change = True

    @cached_property
    def job(self) -> BulkEdit:
        job = get_object_or_404(BulkEdit.objects.select_related("created_by"), pk=self.kwargs["pk"])
        if self.for_change and not may_change(self.request.user, job):
            raise PermissionDenied
        return job


# --- Selecting --------------------------------------------------------------------------------


class BulkEditCreateView(PermissionRequiredMixin, View):
    """Takes what was ticked in the list and asks what to do with it. Changes no book."""

    permission_required = ("catalog.add_bulkedit", "catalog.change_book")
    raise_exception = True
    keeps_what_was_typed = True
    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Whoever had to sign in goes on with what they had ticked."""
        kept = resuming.take(request)
        return self.select(kept.as_post()) if kept else HttpResponseRedirect(list_url("book"))

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.select(request.POST)

    def select(self, ticked: QueryDict) -> HttpResponse:
        form = SelectionForm(ticked)
        form.is_valid()
        list_ = form.cleaned_data.get("list", "")
        if form.errors:
            messages.warning(self.request, form.problem)
            return HttpResponseRedirect(list_url("book", list_))
        data = form.cleaned_data
        user = cast(User, self.request.user)
        if data["action"] == Action.DELETE and not user.has_perm("catalog.delete_book"):
            raise PermissionDenied
        selected: dict[str, Any] = {"filtered": list_} if data["all"] else {"ids": data["ids"]}
        job = bulk_edit.draft(user, data["action"], list_=list_, **selected)
        step = "preview" if job.action == Action.DELETE else "update"
        return redirect(f"catalog:bulk_edit_{step}", pk=job.pk)


class DraftMixin(BulkEditMixin):
    """A change that is not confirmed yet; a confirmed one leads to its own page."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.has_permission() and not is_draft(self.job):
            return redirect(self.job)
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def listing(self) -> BookListing | None:
        """The list, where all that fits it was selected."""
        if "filter" not in self.job.selection:
            return None
        filters = BookFilterForm(QueryDict(self.job.selection["filter"]))
        return filters.listing(Book.objects.visible_to(self.request.user))

    @cached_property
    def total(self) -> int:
        """How many books are selected, counted now."""
        return len(self.ids) if self.listing is None else self.listing.number()

    @cached_property
    def ids(self) -> Any:
        return bulk_edit.existing(self.job)

    def every(self) -> Iterable[int]:
        return self.ids if self.listing is None else self.listing.every()

    def first(self) -> list[int]:
        """The first books in the order of the list."""
        if self.listing is None:
            ids = self.ids[: bulk_change.LOOKED_AT].tolist()
            rows = Book.objects.filter(pk__in=ids).order_by("sort_title", "pk")
            return list(rows.values_list("pk", flat=True))
        return self.listing.plan.ids(0, min(bulk_change.LOOKED_AT, self.listing.plan.reach))

    @property
    def chips(self) -> list[str]:
        """What the list is narrowed to."""
        filters = BookFilterForm(QueryDict(self.job.selection.get("filter", "")))
        return [chip.label for chip in filters.chips()]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(  # type: ignore[misc]
            job=self.job,
            total=self.total,
            chips=self.chips,
            is_all=self.listing is not None,
            place=place(self.job),
            **kwargs,
        )
        return context


class BulkEditUpdateView(DraftMixin, ResumedFormMixin, FormView):
    """What is to be changed in all of them."""

    template_name = "catalog/bulk_edit_form.html"
    form_class = BulkEditForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.has_permission() and self.job.action != Action.CHANGE:
            return redirect("catalog:bulk_edit_preview", pk=self.job.pk)
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        change = Change.from_json(self.job.changes)
        return {**super().get_form_kwargs(), "change": change, "user": self.request.user}

    def form_valid(self, form: BulkEditForm) -> HttpResponse:
        drafts = BulkEdit.objects.filter(pk=self.job.pk, state=State.MAPPING)
        drafts.update(changes=form.change().as_json())
        return redirect("catalog:bulk_edit_preview", pk=self.job.pk)

    def form_invalid(self, form: BulkEditForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


class BulkEditPreviewView(DraftMixin, TemplateView):
    """What will become of how many books, and the button that does it."""

    template_name = "catalog/bulk_edit_preview.html"
    problem = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.has_permission() and self.job.action == Action.CHANGE and not self.job.changes:
            return redirect("catalog:bulk_edit_update", pk=self.job.pk)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(problem=self.problem, **kwargs)
        change = Change.from_json(self.job.changes)
        if self.job.action == Action.DELETE:
            first = self.first()[: bulk_change.SAMPLE]
            books = Book.objects.in_bulk(first)
            sample = [(book_url(pk), books[pk].title) for pk in first if pk in books]
            return context | {
                "sample": sample,
                "more": max(self.total - len(sample), 0),
                "at_once": self.total <= bulk_edit.AT_ONCE,
            }
        preview = bulk_change.preview(change, total=self.total, first=self.first())
        return context | {
            "preview": preview,
            "by_field": by_field(preview.tally),
            "reasons": bulk_change.reasons(preview.left_alone, preview.tally),
            "rows": sample_rows(preview, change),
            "sentences": sentences(self.job),
            "at_once": self.total <= bulk_edit.AT_ONCE,
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        shown = request.POST.get("shown", "")
        try:
            job = bulk_edit.start(
                self.job,
                ids=self.every(),
                expected=int(shown) if shown.isdecimal() and len(shown) < 19 else 0,
            )
        except bulk_edit.Refused as refused:
            self.problem = str(refused)
            return self.render_to_response(self.get_context_data(), status=409)
        if job.state == State.DONE:
            say_done(request, job)
            return HttpResponseRedirect(place(job))
        return redirect(job)


def say_done(request: HttpRequest, job: BulkEdit) -> None:
    """What came of a change that was done at once, with the button that puts it back."""
    changed = {"count": number_format(job.changed)}
    if job.action == Action.DELETE:
        text = ngettext("%(count)s book deleted.", "%(count)s books deleted.", job.changed)
    else:
        text = ngettext("%(count)s book changed.", "%(count)s books changed.", job.changed)
    said = [text % changed]
    if job.same:
        text = ngettext("%(count)s was so already.", "%(count)s were so already.", job.same)
        said.append(text % {"count": number_format(job.same)})
    if job.left:
        text = ngettext("%(count)s was left alone.", "%(count)s were left alone.", job.left)
        said.append(text % {"count": number_format(job.left)})
    said += [f"{label}: {text}." for label, text in by_field(bulk_edit.tally_of(job))]
    if job.changed:
        undoable(request, " ".join(said), reverse("catalog:bulk_edit_undo", args=(job.pk,)))
    else:
        messages.info(request, " ".join(said))


# --- What a change says -----------------------------------------------------------------------


def value_text(name: str, value: Any) -> str:
    if value in (None, ""):
        return ""
    if name == "language":
        return languages.name(value)
    if name == "year":
        return year_text(value)
    return currencies.name(value) if name == "currency" else str(value)


LABELS: Final = {
    "publisher": gettext_lazy("Publisher"),
    "language": gettext_lazy("Language"),
    "year": gettext_lazy("Year"),
    "price": gettext_lazy("Price"),
    "currency": gettext_lazy("Currency"),
    "credit": gettext_lazy("Contributors"),
    "add_subjects": gettext_lazy("Subjects added"),
    "remove_subjects": gettext_lazy("Subjects removed"),
}


def sentences(job: BulkEdit) -> list[tuple[str, str]]:
    """Each field with its new value; "" for one that is taken away."""
    if job.is_move:
        return []
    change = Change.from_json(job.changes)
    return [(str(LABELS[name]), new_text(change, name)) for name in change.fields]


def new_text(change: Change, name: str) -> str:
    match name:
        case "publisher":
            return change.publisher.name if change.publisher else ""
        case "price":
            return price_text(change.values["price"], change.values.get("currency", ""))
        case "credit" if change.credit:
            old, new = change.credit
            return _("“%(new)s” in place of “%(old)s”") % {"new": new.name, "old": old.name}
        case "add_subjects":
            return "; ".join(change.add_subjects)
        case "remove_subjects":
            return "; ".join(change.remove_subjects)
    return value_text(name, change.values[name])


def by_field(tally: Tally) -> list[tuple[str, str]]:
    """What becomes of each field, in how many books; nothing where the whole says it."""
    found = [(name, counted) for name, counted in tally.items() if name != bulk_change.WHOLE]
    if len({frozenset(counted.items()) for _name, counted in found}) < 2 and not any(
        why in counted for _name, counted in found for why in WHY
    ):
        return []
    return [(str(LABELS[name]), outcome_text(counted)) for name, counted in found]


def outcome_text(counted: Counter[str]) -> str:
    said = [_("%(n)s changed") % {"n": number_format(counted[bulk_change.CHANGED])}]
    if same := counted[bulk_change.SAME]:
        said.append(_("%(n)s so already") % {"n": number_format(same)})
    for why, text in WHY.items():
        if counted[why]:
            said.append(str(text) % {"n": number_format(counted[why])})
    return " · ".join(said)


WHY: Final = {
    Why.DAY_KNOWN: gettext_lazy("%(n)s left alone: the day of publication is known"),
    Why.NO_PRICE: gettext_lazy("%(n)s left alone: no price"),
    Why.NO_CURRENCY: gettext_lazy("%(n)s left alone: no currency"),
}


def sample_rows(preview: Preview, change: Change) -> list[Row]:
    return [
        {
            "title": decision.book.title,
            "url": book_url(decision.book.pk),
            "fields": list(_fields(decision, preview, change)),
        }
        for decision in preview.sample
    ]


def _fields(decision: Decision, preview: Preview, change: Change) -> Iterable[Row]:
    book, values = decision.book, decision.values
    if "publisher_id" in values:
        before = book.publisher.name if book.publisher else ""
        after = change.publisher.name if change.publisher else ""
        yield {"label": _("Publisher"), "before": before, "after": after}
    for name, label in (("language", _("Language")), ("year", _("Year"))):
        if name in values:
            before, after = value_text(name, getattr(book, name)), value_text(name, values[name])
            yield {"label": label, "before": before, "after": after}
    if "price" in values or "currency" in values:
        yield {
            "label": _("Price"),
            "before": price_text(book.price, book.currency),
            "after": price_text(
                values.get("price", book.price), values.get("currency", book.currency)
            ),
        }
    if decision.credit and change.credit:
        old, new = (each.name for each in change.credit)
        yield {"label": _("Contributors"), "before": old, "after": new}
    if decision.add or decision.remove:
        has = preview.subjects.get(book.pk, {})
        names = [name for _key, name in has.values()]
        left = [name for key, name in has.values() if key not in decision.remove]
        after = "; ".join(sorted([*left, *decision.add]))
        yield {"label": _("Subjects"), "before": "; ".join(sorted(names)), "after": after}


# --- The job ----------------------------------------------------------------------------------


class BulkEditListView(PermissionRequiredMixin, PartialTemplateMixin, NearestPageMixin):
    """Bulk changes, the newest first: one's own, or everybody's."""

    permission_required = "catalog.view_bulkedit"
    raise_exception = True
    template_name = "catalog/bulk_edit_list.html"
    context_object_name = "edits"
    paginate_by = 25

    @property
    def only_mine(self) -> bool:
        return "mine" in self.request.GET

    def get_queryset(self) -> QuerySet[BulkEdit]:
        edits = BulkEdit.objects.exclude(state=State.MAPPING)
        edits = edits.select_related("created_by", "undone_by").defer(
            "left_alone", "undone_by__selection", "undone_by__left_alone", "selection"
        )
        if self.only_mine:
            edits = edits.filter(created_by=cast(User, self.request.user))
        return edits.order_by("-pk")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(only_mine=self.only_mine, **kwargs)


class BulkEditDetailView(PermissionRequiredMixin, JsonMixin, DetailView):
    """How far a bulk change has come, what it did, and what it left alone."""

    permission_required = "catalog.view_bulkedit"
    raise_exception = True
    template_name = "catalog/bulk_edit_detail.html"
    context_object_name = "job"
    queryset = BulkEdit.objects.select_related("created_by", "undoes", "undoes__created_by")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        if is_draft(self.object) and may_change(request.user, self.object):
            return redirect("catalog:bulk_edit_preview", pk=self.object.pk)
        return self.render_to_response(self.get_context_data(object=self.object))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        job: BulkEdit = self.object
        allowed = may_change(self.request.user, job)
        back = bulk_edit.undo_of(job)
        tally = bulk_edit.tally_of(job)
        return super().get_context_data(
            progress=progress.of_bulk(job),
            may_change=allowed,
            undone_by=back,
            may_undo=allowed and bulk_edit.can_be_undone(job) and back is None,
            may_go_on=allowed
            and back is not None
            and back.state in (State.MAPPING, State.CANCELLED, State.FAILED),
            sentences=sentences(job),
            by_field=by_field(tally),
            reasons=bulk_change.reasons((LeftAlone(*each) for each in job.left_alone), tally),
            place=place(job),
            moved=job.selection.get("deleted", ""),
            **kwargs,
        )

    def as_json(self, context: dict[str, Any]) -> Row:
        job: BulkEdit = self.object
        names = ("state", "action", "total", "done", "changed", "same", "left", "error")
        return {
            "id": job.pk,
            "url": job.get_absolute_url(),
            "created_by": str(job.created_by) if job.created_by else None,
            "created_at": job.created_at,
            "finished_at": job.finished_at,
            **{name: getattr(job, name) for name in names},
        }


class BulkEditCancelView(BulkEditMixin, View):
    """Stops it at the end of the chunk at hand; throws a draft away."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        was_draft = self.job.state == State.MAPPING
        jobs.cancel(self.job)
        return HttpResponseRedirect(place(self.job)) if was_draft else redirect(self.job)


class BulkEditUndoView(BulkEditMixin, View):
    """Puts back what a bulk change did, as one."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            back = bulk_edit.undo(self.job, cast(User, request.user))
        except bulk_edit.Refused as refused:
            messages.warning(request, str(refused))
            return redirect(self.job)
        if back.state != State.DONE:
            return redirect(back)
        text = ngettext("%(count)s book put back.", "%(count)s books put back.", back.changed)
        said = [text % {"count": number_format(back.changed)}]
        if back.left_alone:
            said.append(_("Some were left alone: its page says why."))
            messages.warning(request, " ".join(said))
            return redirect(back)
        messages.success(request, " ".join(said))
        return HttpResponseRedirect(place(self.job))
