"""Importing a spreadsheet: the file, its columns, the running job, its rows and correcting them."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.core.handlers.asgi import ASGIRequest
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.generic import DetailView, FormView, ListView
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import User
from catalog.exporters import rejected
from catalog.forms.importing import MappingForm, ReadingForm, RowForm, UploadForm
from catalog.importers.cells import cell_text, column_letter
from catalog.importers.fields import FIELDS
from catalog.importers.guard import UnreadableFile
from catalog.importers.messages import sentence
from catalog.models import ImportJob, ImportRow
from catalog.pagination import CataloguePage
from catalog.services import importing, progress, rows
from site_config.views import JsonMixin, PartialTemplateMixin, wants_partial

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "colophon-sample.xlsx"
State, Outcome = ImportJob.State, ImportRow.Outcome


def may_change(user: Any, job: ImportJob) -> bool:
    """Whose import it is, and managers: they decide what becomes of it."""
    if job.created_by_id == user.pk and user.has_perm("catalog.add_importjob"):
        return True
    return bool(user.has_perm("catalog.delete_importjob"))


class JobMixin:
    """Finds the job of the address; `for_change` makes strangers to it turn back with 403."""

    request: HttpRequest
    kwargs: dict[str, Any]
    for_change = False

    @cached_property
    def job(self) -> ImportJob:
        job = get_object_or_404(
            ImportJob.objects.select_related("created_by"), pk=self.kwargs["pk"]
        )
        if self.for_change and not may_change(self.request.user, job):
            raise PermissionDenied
        return job


class ImportPaginator(Paginator):
    """Paged like every list of the catalogue; counts nothing where the number is known."""

    def __init__(
        self, object_list: Any, per_page: int, *, counted: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(object_list, per_page, **kwargs)
        self.counted = counted

    @cached_property
    def count(self) -> int:
        return super().count if self.counted is None else self.counted

    def _get_page(self, object_list: Any, number: int, paginator: Any) -> CataloguePage:
        return CataloguePage(object_list, number, paginator)


class NearestPageMixin(ListView):
    """A page that is not there shows the nearest one, as the other lists do."""

    def counted(self) -> int | None:
        """How many there are, if that is known without asking."""
        return None

    def paginate_queryset(self, queryset: Any, page_size: int) -> Any:
        paginator = ImportPaginator(queryset, page_size, counted=self.counted())
        page = paginator.get_page(self.request.GET.get("page"))
        return paginator, page, page.object_list, page.has_other_pages()


def job_json(job: ImportJob) -> dict[str, Any]:
    """What programs are told about a job; the page shows the same."""
    counters = ("rows", "rows_done", "created", "updated", "skipped", "rejected", "repaired")
    more = ("warned", "authors_created", "publishers_created")
    return {
        "id": job.pk,
        "url": job.get_absolute_url(),
        "filename": job.filename,
        "state": job.state,
        "created_by": str(job.created_by) if job.created_by else None,
        "created_at": job.created_at,
        "finished_at": job.finished_at,
        "error": job.error,
        **{name: getattr(job, name) for name in (*counters, *more)},
    }


class ImportListView(PermissionRequiredMixin, JsonMixin, PartialTemplateMixin, NearestPageMixin):
    """Everyone's imports, the newest first."""

    permission_required = "catalog.view_importjob"
    template_name = "catalog/import_list.html"
    partial_name = "results"
    context_object_name = "jobs"
    paginate_by = 25

    def get_queryset(self) -> QuerySet[ImportJob]:
        # Without the options: those of a wide file are long, and the list does not show them.
        return ImportJob.objects.select_related("created_by").defer("options").order_by("-pk")

    def as_json(self, context: dict[str, Any]) -> dict[str, Any]:
        page = context["page_obj"]
        return {
            "count": page.paginator.count,
            "page": page.number,
            "pages": page.paginator.num_pages,
            "results": [job_json(job) for job in page.object_list],
        }


# --- A new import ---------------------------------------------------------------------------


class SizeLimit(FileUploadHandler):
    """Ends an upload at MAX_IMPORT_MB; Django then reads the rest away, so that the browser gets
    the answer and not a broken connection. Under ASGI the guard there comes first."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > settings.MAX_IMPORT_MB * 1024 * 1024:
            cast(HttpRequest, self.request).META["colophon.too_large"] = True
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def too_large(max_mb: int) -> str:
    """Also said in the browser, before the file is sent."""
    return _(
        "This file is larger than %(max_mb)d MB, the most that is accepted. Remove pictures and "
        "unused sheets, save it as CSV, or split it into several files."
    ) % {"max_mb": max_mb}


@method_decorator(csrf_exempt, name="dispatch")  # checked in post(), once the size is known
class ImportCreateView(PermissionRequiredMixin, FormView):
    """Takes a spreadsheet; what it holds is asked on the next page."""

    permission_required = "catalog.add_importjob"
    template_name = "catalog/import_form.html"
    form_class = UploadForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        limit = settings.MAX_IMPORT_MB
        return super().get_context_data(
            max_mb=limit, max_bytes=limit * 1024 * 1024, too_large=too_large(limit), **kwargs
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # 1. A body that the ASGI guard cut off has no token left: only say so, change nothing.
        if getattr(request, "scope", {}).get("body_too_large"):
            return self.too_large()
        # 2. Before anything reads the form, as the token's check does.
        request.upload_handlers.insert(0, SizeLimit(request))
        return self.checked_post(request, *args, **kwargs)

    @method_decorator(csrf_protect)
    def checked_post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.FILES  # noqa: B018 - reads the body
        if request.META.get("colophon.too_large"):
            return self.too_large()
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: UploadForm) -> HttpResponse:
        data = form.cleaned_data
        user = cast(User, self.request.user)
        try:
            job = importing.create_job(file=data["file"], filename=data["filename"], user=user)
        except UnreadableFile as problem:
            form.add_error("file", problem.message())
            return self.form_invalid(form)
        return self.go(reverse("catalog:import_update", args=(job.pk,)))

    def too_large(self) -> HttpResponse:
        form = UploadForm({}, MultiValueDict())
        form.errors.clear()  # that there is no file is not what is wrong
        form.add_error("file", too_large(settings.MAX_IMPORT_MB))
        return self.form_invalid(form)

    def form_invalid(self, form: UploadForm) -> HttpResponse:
        form.fields["file"].widget.attrs["class"] = "form-control is-invalid"
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_template_names(self) -> list[str]:
        part = "#form" if wants_partial(self.request) else ""
        return [f"{self.template_name}{part}"]

    def go(self, url: str) -> HttpResponse:
        """On to the next page: htmx would put the redirect's answer into the form."""
        if wants_partial(self.request):
            return HttpResponseClientRedirect(url)
        return HttpResponseRedirect(url)


class ImportSampleView(PermissionRequiredMixin, View):
    """Begins an import of the spreadsheet that comes with Colophon."""

    permission_required = "catalog.add_importjob"

    def post(self, request: HttpRequest) -> HttpResponse:
        with SAMPLE.open("rb") as sample:
            job = importing.create_job(
                file=File(sample, name=SAMPLE.name),
                filename=SAMPLE.name,
                user=cast(User, request.user),
            )
        return redirect("catalog:import_update", pk=job.pk)


# --- The columns ----------------------------------------------------------------------------


class ImportUpdateView(PermissionRequiredMixin, JobMixin, FormView):
    """What the columns mean. Two forms: how the file is read, and what is in it."""

    permission_required = "catalog.add_importjob"
    template_name = "catalog/import_mapping.html"
    form_class = MappingForm
    for_change = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.has_permission() and self.job.state != State.MAPPING:
            return redirect(self.job)  # begun already: perhaps by a second click
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "job": self.job}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "reread" not in request.POST:
            return super().post(request, *args, **kwargs)
        reading = ReadingForm(request.POST, job=self.job)
        if reading.is_valid():
            try:
                importing.remap(self.job, **reading.options())
            except UnreadableFile as problem:
                reading.add_error(None, problem.message())
            else:
                return redirect("catalog:import_update", pk=self.job.pk)
        context = self.get_context_data(form=MappingForm(job=self.job), reading=reading)
        return self.render_to_response(context, status=422)

    def form_valid(self, form: MappingForm) -> HttpResponse:
        on_duplicate = form.cleaned_data["on_duplicate"]
        try:
            importing.start(self.job, mapping=form.mapping(), on_duplicate=on_duplicate)
        except importing.MappingError as problem:
            form.add_error(None, str(problem))
            return self.form_invalid(form)
        return redirect(self.job)

    def form_invalid(self, form: MappingForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.setdefault("reading", ReadingForm(job=self.job))
        context = super().get_context_data(**kwargs)
        options = self.job.options
        context.update(
            job=self.job,
            options=options,
            columns=list(context["form"].columns()),
            preview=list(preview(options)),
            unsure=options.get("kind") == "csv" and not options.get("encoding_sure", True),
            notes=[sentence(note) for note in options.get("notes", ())],
        )
        return context


@dataclass(frozen=True)
class PreviewRow:
    number: int
    texts: list[str]
    is_header: bool
    is_above: bool


def preview(options: dict[str, Any]) -> Iterator[PreviewRow]:
    """The first rows as the job keeps them, those above the header too."""
    header = options.get("header_row") or 0
    kept = options.get("preview", ())
    width = max((len(row["texts"]) for row in kept), default=0)
    for row in kept:
        texts = row["texts"] + [""] * (width - len(row["texts"]))
        yield PreviewRow(row["number"], texts, row["number"] == header, row["number"] < header)


# --- The job --------------------------------------------------------------------------------


class ImportDetailView(PermissionRequiredMixin, JsonMixin, DetailView):
    """How far a job has come. The same template's `progress` is pushed to open pages."""

    permission_required = "catalog.view_importjob"
    template_name = "catalog/import_detail.html"
    context_object_name = "job"
    queryset = ImportJob.objects.select_related("created_by")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        job: ImportJob = self.object
        return super().get_context_data(
            progress=progress.of(job), may_change=may_change(self.request.user, job), **kwargs
        )

    def as_json(self, context: dict[str, Any]) -> dict[str, Any]:
        figures: progress.Progress = context["progress"]
        more = {"percent": figures.percent, "rows_per_second": figures.rate}
        return job_json(self.object) | more


class ImportCancelView(PermissionRequiredMixin, JobMixin, View):
    """Stops a job at the end of the chunk that it is working on."""

    permission_required = "catalog.add_importjob"
    for_change = True
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        importing.cancel(self.job)
        return redirect(self.job)


# --- The rows -------------------------------------------------------------------------------

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
