"""Importing a spreadsheet: the file, its columns, and the running job."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.generic import DetailView, FormView, ListView
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import User
from catalog.forms.importing import MappingForm, ReadingForm, UploadForm
from catalog.importers.guard import UnreadableFile
from catalog.importers.messages import sentence
from catalog.models import ImportJob
from catalog.pagination import CataloguePage
from catalog.services import importing, jobs, progress
from site_config.views import JsonMixin, PartialTemplateMixin, wants_partial

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "colophon-sample.xlsx"
State = ImportJob.State


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
        jobs.cancel(self.job)
        return redirect(self.job)
