"""The rows of an import: as they came, what became of them, and putting rejected ones right."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.handlers.asgi import ASGIRequest
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.generic import FormView

from catalog.exporters import rejected
from catalog.forms.importing import RowForm
from catalog.importers.cells import cell_text, column_letter
from catalog.importers.fields import FIELDS
from catalog.importers.messages import sentence
from catalog.models import ImportJob, ImportRow
from catalog.services import rows
from catalog.views.imports import JobMixin, NearestPageMixin
from site_config.views import PartialTemplateMixin, wants_partial

Outcome = ImportRow.Outcome

ACCEPTED = (Outcome.CREATED, Outcome.UPDATED, Outcome.SKIPPED)


@dataclass(frozen=True)
class Tab:
    """A kind of rows that the page can show; the job's counter of the same name counts them."""

    name: str
    label: Any
    filters: dict[str, Any]
    counter: str

    def count(self, job: ImportJob) -> int:
        return int(getattr(job, self.counter))


TABS = (
    Tab("rejected", gettext_lazy("Rejected"), {"outcome": Outcome.REJECTED}, "rejected"),
    Tab("warned", gettext_lazy("To look at"), {"warned": True}, "warned"),
    Tab(
        "repaired",
        gettext_lazy("Repaired"),
        # A rejected row was not repaired, whatever its notes propose.
        {"repaired": True, "outcome__in": ACCEPTED},
        "repaired",
    ),
    Tab("created", gettext_lazy("Created"), {"outcome": Outcome.CREATED}, "created"),
    Tab("updated", gettext_lazy("Updated"), {"outcome": Outcome.UPDATED}, "updated"),
    Tab("skipped", gettext_lazy("Skipped"), {"outcome": Outcome.SKIPPED}, "skipped"),
    Tab("all", gettext_lazy("All"), {}, "rows_done"),
)


def tabs(job: ImportJob) -> list[dict[str, Any]]:
    return [{"name": tab.name, "label": tab.label, "count": tab.count(job)} for tab in TABS]


class ImportRowsView(PermissionRequiredMixin, PartialTemplateMixin, JobMixin, NearestPageMixin):
    """The rows of a job as they came, and what became of them."""

    permission_required = "catalog.view_importjob"
    template_name = "catalog/import_rows.html"
    context_object_name = "rows"
    paginate_by = 25

    @cached_property
    def tab(self) -> Tab:
        """Which rows; an unknown word means the first kind that there is."""
        wanted = self.request.GET.get("outcome", "")
        for tab in TABS:
            if tab.name == wanted:
                return tab
        return next((tab for tab in TABS if tab.count(self.job)), TABS[-1])

    @cached_property
    def reasons(self) -> list[rows.Reason]:
        return rows.reasons(self.job) if self.tab.name == "rejected" else []

    @cached_property
    def reason(self) -> rows.Reason | None:
        wanted = self.request.GET.get("reason", "")
        return next((reason for reason in self.reasons if reason.key == wanted), None)

    def get_queryset(self) -> QuerySet[ImportRow]:
        found = self.job.import_rows.filter(**self.tab.filters)
        found = found.select_related("book").order_by("number")
        return found.filter(pk__in=self.reason.rows) if self.reason else found

    def counted(self) -> int:
        return self.reason.count if self.reason else self.tab.count(self.job)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        user = self.request.user
        context.update(
            job=self.job,
            shown=self.tab.name,
            tabs=tabs(self.job),
            reasons=self.reasons,
            reason=self.reason,
            limit=rows.LOOKED_AT,
            can_retry=rows.can_retry(self.job),
            shown_rows=[ShownRow(row, self.job, user) for row in context["rows"]],
        )
        return context


def done_sentence(row: ImportRow) -> str:
    """What became of a row that has just been put right."""
    if row.outcome == Outcome.CREATED:
        return _("Row %(number)d is in the catalogue now.") % {"number": row.number}
    if row.outcome == Outcome.UPDATED:
        return _("Row %(number)d has filled in what its book lacked.") % {"number": row.number}
    return _(
        "Row %(number)d is accepted. Its book is in the catalogue already, so it was left as it is."
    ) % {"number": row.number}


class ShownRow:
    """A row for the page: its cells under their headers, its sentences, its form."""

    just_done = ""

    def __init__(
        self, row: ImportRow, job: ImportJob, user: Any, form: RowForm | None = None
    ) -> None:
        row.job = job  # the rows of a page share it: no query for each
        self.row = row
        self.job = job
        self.form = form or (RowForm(row=row) if self.may_correct(user) else None)

    def may_correct(self, user: Any) -> bool:
        return (
            self.row.outcome == Outcome.REJECTED
            and rows.can_retry(self.job)
            and user.has_perm("catalog.add_importjob")
        )

    def lost_its_book(self) -> bool:
        """Whether the book that the row led to has been deleted; a repeated header had none."""
        if self.row.book_id or self.row.outcome == Outcome.REJECTED:
            return False
        return all(note["code"] != "repeated_header" for note in self.row.notes)

    def why_skipped(self) -> str:
        """Why the book was left as it is, unless a note says so already."""
        if self.just_done or self.row.outcome != Outcome.SKIPPED or not self.row.book_id:
            return ""
        if any(note["code"] == "repeated_isbn" for note in self.row.notes):
            return ""
        if self.job.on_duplicate == ImportJob.OnDuplicate.UPDATE:
            return _("The catalogue has a book with this ISBN already; the row adds nothing to it.")
        return _("The catalogue has a book with this ISBN already; it was left as it is.")

    def cells(self) -> list[tuple[str, str]]:
        """(header, text) of the cells that hold something."""
        headers = {column["index"]: column["header"] for column in self.job.options["columns"]}
        return [
            (headers.get(index) or column_letter(index), text)
            for index, cell in enumerate(json.loads(self.row.raw))
            if (text := cell_text(cell))
        ]

    def notes(self) -> list[dict[str, str]]:
        return [
            {
                "level": note["level"],
                "field": str(FIELDS[note["field"]].label) if note["field"] in FIELDS else "",
                "sentence": sentence(note),
            }
            for note in self.row.notes
        ]


class ImportRowUpdateView(PermissionRequiredMixin, JobMixin, FormView):
    """Puts one rejected row right: the same reader judges what was typed."""

    permission_required = "catalog.add_importjob"
    template_name = "catalog/import_row.html"
    form_class = RowForm

    @cached_property
    def row(self) -> ImportRow:
        row = get_object_or_404(
            self.job.import_rows.select_related("book"), number=self.kwargs["number"]
        )
        row.job = self.job
        return row

    def get_form_kwargs(self) -> dict[str, Any]:
        kwargs = super().get_form_kwargs()
        kwargs.pop("prefix", None)  # the form makes its own: many rows share a page
        return {**kwargs, "row": self.row}

    def get_template_names(self) -> list[str]:
        part = "#row" if wants_partial(self.request) else ""
        return [f"{self.template_name}{part}"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.row.outcome != Outcome.REJECTED:
            return redirect("catalog:import_rows", pk=self.job.pk)
        return super().get(request, *args, **kwargs)

    def form_valid(self, form: RowForm) -> HttpResponse:
        try:
            self.row = rows.retry_row(self.row, form.values())
        except rows.StillRejected as problem:
            form.notes = problem.notes
            return self.form_invalid(form)
        except rows.NotNow as problem:
            form.add_error(None, str(problem))
            return self.form_invalid(form)
        self.job.refresh_from_db()
        self.row.job = self.job
        return self.done()

    def form_invalid(self, form: RowForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def done(self) -> HttpResponse:
        if wants_partial(self.request):
            return self.render_to_response(self.get_context_data(form=None))
        messages.success(self.request, done_sentence(self.row))
        return redirect(f"{reverse('catalog:import_rows', args=(self.job.pk,))}?outcome=rejected")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs["form"] if "form" in kwargs else self.get_form()
        shown = ShownRow(self.row, self.job, self.request.user, form)
        context = super().get_context_data(**{**kwargs, "form": form})
        context.update(
            job=self.job,
            shown_row=shown,
            is_partial=wants_partial(self.request),
        )
        if self.row.outcome != Outcome.REJECTED:  # just now
            shown.just_done = done_sentence(self.row)
            context.update(
                is_correction=True,
                tabs=tabs(self.job),
                reasons=rows.reasons(self.job),
                limit=rows.LOOKED_AT,
            )
        return context


# --- Taking the rejected rows home ----------------------------------------------------------


class ImportRejectedView(PermissionRequiredMixin, JobMixin, View):
    """The rejected rows as CSV, with their reasons, to be put right in a spreadsheet."""

    permission_required = "catalog.view_importjob"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        lines = rejected.lines(self.job)
        body = _asynchronous(lines) if isinstance(request, ASGIRequest) else lines
        response = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
        name = f"rejected-{self.job.pk}.csv"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        response.headers["Cache-Control"] = "private, no-store"
        return response


async def _asynchronous(lines: Iterator[str]) -> AsyncIterator[str]:
    """Under ASGI Django would collect a plain iterator before it sends the first piece."""
    following = sync_to_async(partial(next, lines, None))
    while (piece := await following()) is not None:
        yield piece
