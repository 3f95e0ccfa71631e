"""Files: uploads before their form is saved, the pictures of records, attached files."""

from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin, UserPassesTestMixin
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.handlers.asgi import ASGIRequest
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.http import (
    content_disposition_header,
    quote_etag,
    url_has_allowed_host_and_scheme,
)
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from accounts.models import User
from catalog.forms.uploads import PictureField, PictureInput
from catalog.models import Attachment, Upload
from catalog.models.versioned import VersionedModel, record_kind
from catalog.pictures import FOLDERS, PictureName, parse
from catalog.presentation import USUAL_WIDTH
from catalog.services import files, pictures
from site_config.views import YEAR, undoable, wants_partial

SHAPES = ("cover", "headshot")
LINK_SECONDS = 3600  # how long a link into the bucket is good for
PIECE = 256 * 1024  # of a download, in memory at a time
OWNERS: dict[str, Any] = {FOLDERS[kind]: model for kind, model in files.MODELS.items()}
RUNS_IN_A_BROWSER = {"text/html", "image/svg+xml"}


# --- Uploads ----------------------------------------------------------------------------------


class MaySendMixin(UserPassesTestMixin):
    """For whoever may add or change a record that has a picture."""

    request: HttpRequest
    raise_exception = True
    rights = ("add_book", "change_book", "add_author", "change_author")

    def test_func(self) -> bool:
        user = self.request.user
        return any(user.has_perm(f"catalog.{right}") for right in self.rights)


class TakesFiles(View):
    """Says itself that a body was too large: that one has lost its token against forgery, so the
    token is checked after the size, and here instead of by the middleware."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if getattr(request, "scope", {}).get("body_too_large"):
            return self.too_large()
        return self.checked(request, *args, **kwargs)

    @method_decorator(csrf_protect)
    def checked(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return super().dispatch(request, *args, **kwargs)

    def too_large(self) -> HttpResponseBase:
        raise NotImplementedError


@method_decorator(csrf_exempt, name="dispatch")
class UploadView(MaySendMixin, TakesFiles):
    """Takes a picture as soon as it is chosen; answers with the widget that shows it."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        field = self.field
        value = field.widget.value_from_datadict(request.POST, request.FILES, self.name)
        if value.file is None:
            return self.refuse(_("No picture came with the form. Choose one."), value)
        try:
            field.clean(value)
        except ValidationError as problem:
            return self.refuse(" ".join(problem.messages), value)
        return self.answer(PictureInput())

    def too_large(self) -> HttpResponse:
        return self.refuse(pictures.too_large(settings.MAX_PICTURE_MB), PictureInput())

    def refuse(self, problem: str, value: PictureInput) -> HttpResponse:
        """What was sent or ticked before is still there."""
        self.field.widget.problem = problem
        self.field.widget.asked = "asked" in self.request.GET
        self.field.widget.kept = pictures.owned(value.upload_id, cast(User, self.request.user))
        return self.answer(value, status=422)

    def answer(self, value: PictureInput, status: int = 200) -> HttpResponse:
        element = self.request.GET.get("id", "")[:80] or f"id_{self.name}"
        attrs = {"id": element, "aria-describedby": f"feedback_{self.name}"}
        return HttpResponse(self.field.widget.render(self.name, value, attrs), status=status)

    @property
    def name(self) -> str:
        return self.request.GET.get("name", "")[:60] or "picture"

    @cached_property
    def field(self) -> PictureField:
        """As it stands in the form of the record: the address says what the widget needs."""
        shape = self.request.GET.get("shape", "")
        current = self.request.GET.get("current", "")
        field = PictureField(shape=shape if shape in SHAPES else "cover")
        field.bind(self.request.user, current if parse(current) else "")
        return field


class UploadPictureView(View):
    """The preview of a picture that its form has not saved yet; for whoever sent it."""

    def get(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        mine = Upload.objects.filter(created_by=cast(User, request.user).pk)
        upload = get_object_or_404(mine, pk=pk, purpose=Upload.Purpose.PICTURE)
        largest = parse(upload.file.name or "")
        if largest is None:
            raise Http404
        wide = (file for file in largest.files() if file.width >= USUAL_WIDTH)
        return send_picture(next(wide, largest))


# --- Pictures ---------------------------------------------------------------------------------


class MediaView(View):
    """The pictures of records, and nothing else that is in the storage.

    A picture is shown to whoever may see its record. Its name changes with its content, so
    browsers keep it for a year.
    """

    catalogue_page = True
    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, path: str) -> HttpResponseBase:
        name = parse(path)
        if name is None or name.record is None:
            raise Http404
        folder, pk = name.record
        if not OWNERS[folder].objects.visible_to(request.user).filter(pk=pk).exists():
            raise Http404
        return send_picture(name, public=settings.CATALOG_PUBLIC)


def to_the_bucket(name: str, parameters: dict[str, str] | None = None) -> HttpResponse:
    """A signed link: the bucket sends the file itself."""
    url = default_storage.url(name, parameters=parameters, expire=LINK_SECONDS)  # type: ignore[call-arg]
    response = HttpResponseRedirect(url)
    response.headers["Cache-Control"] = f"private, max-age={LINK_SECONDS // 2}"
    return response


def send_picture(name: PictureName, *, public: bool = False) -> HttpResponseBase:
    if settings.S3_BUCKET:
        return to_the_bucket(str(name))
    try:
        with default_storage.open(str(name), "rb") as file:
            content = file.read()  # some hundred kB: read at once, sent with its length
    except FileNotFoundError as error:
        raise Http404 from error
    response = HttpResponse(content, content_type="image/webp")
    scope = "public" if public else "private"
    response.headers["Cache-Control"] = f"{scope}, max-age={YEAR}, immutable"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


# --- Attached files ---------------------------------------------------------------------------


class AttachedMixin:
    """The record whose files these are, if this person may see it."""

    request: HttpRequest
    kwargs: dict[str, Any]

    def visible(self, kind: str, pk: int) -> VersionedModel:
        model = files.MODELS.get(kind)
        if model is None:
            raise Http404
        manager: Any = model._default_manager
        record: VersionedModel = get_object_or_404(manager.visible_to(self.request.user), pk=pk)
        return record

    @cached_property
    def attachment(self) -> Attachment:
        return get_object_or_404(Attachment, pk=self.kwargs["pk"])

    @property
    def back(self) -> str:
        """The page that the list of files stands on: the record's own, or that of its form."""
        url = self.request.POST.get("next") or self.request.GET.get("next", "")
        return url if url_has_allowed_host_and_scheme(url, allowed_hosts=None) else ""

    def answer(self, record: VersionedModel, problems: Sequence[str] = (), **more: Any) -> Any:
        """The list as it is now, to htmx; otherwise the page that it stands on."""
        status = 422 if problems else 200
        context = {
            "record": record,
            "attachments": Attachment.objects.of(record),
            "problems": problems,
            "next": self.back,
            "changed": wants_partial(self.request),
            **more,
        }
        if wants_partial(self.request):
            template = "catalog/partials/_attachments.html"
            return render(self.request, template, context, status=status)
        if problems:
            return render(self.request, "catalog/attachment_form.html", context, status=status)
        page = reverse(f"catalog:{record_kind(record)}_detail", args=(record.pk,))
        return HttpResponseRedirect(self.back or f"{page}#attached")


@method_decorator(csrf_exempt, name="dispatch")
class AttachmentCreateView(AttachedMixin, PermissionRequiredMixin, TakesFiles):
    """Takes files for a record. Those that cannot be taken are named; the others are kept."""

    permission_required = "catalog.add_attachment"
    raise_exception = True
    http_method_names = ["get", "post"]

    @cached_property
    def record(self) -> VersionedModel:
        return self.visible(self.kwargs["kind"], self.kwargs["record_id"])

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        context = {
            "record": self.record,
            "attachments": Attachment.objects.of(self.record),
            "next": self.back,
        }
        return render(request, "catalog/attachment_form.html", context)

    def post(self, request: HttpRequest, **kwargs: Any) -> Any:
        sent = request.FILES.getlist("files")
        if not sent:
            return self.answer(self.record, [_("No file came with the form. Choose one.")])
        problems = files.attach(self.record, sent, user=cast(User, request.user))
        if not problems and not wants_partial(request):
            messages.success(request, said_of(len(sent)))
        return self.answer(self.record, problems, said=said_of(len(sent) - len(problems)))

    def too_large(self) -> Any:
        most = 4 * settings.MAX_FILE_MB
        problem = _("That is more than %(most)d MB at once. Send fewer files at a time.")
        return self.answer(self.record, [problem % {"most": most}])


def said_of(number: int) -> str:
    if not number:
        return ""
    said = ngettext("%(number)d file is attached.", "%(number)d files are attached.", number)
    return said % {"number": number}


class AttachmentDeleteView(AttachedMixin, PermissionRequiredMixin, View):
    """Takes a file away; the message has a button that brings it back."""

    permission_required = "catalog.delete_attachment"
    raise_exception = True
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> Any:
        attachment = self.attachment
        record = self.visible(attachment.kind, attachment.record_id)
        try:
            token = files.remove(attachment, user=cast(User, request.user))
        except Attachment.DoesNotExist as error:
            raise Http404 from error
        url = reverse("catalog:attachment_restore", args=(token,))
        text = _("“%(name)s” is removed.") % {"name": attachment.name}
        if not wants_partial(request):
            undoable(request, text, url)
        return self.answer(record, undo={"text": text, "url": url})


class AttachmentRestoreView(AttachedMixin, PermissionRequiredMixin, View):
    permission_required = "catalog.add_attachment"
    raise_exception = True
    http_method_names = ["post"]

    def post(self, request: HttpRequest, token: str) -> Any:
        attachment = files.put_back(token)
        if attachment is None:
            raise Http404(_("This file is back already, or it is no longer kept."))
        record = self.visible(attachment.kind, attachment.record_id)
        text = _("“%(name)s” is back.") % {"name": attachment.name}
        if not wants_partial(request):
            messages.success(request, text)
        return self.answer(record, said=text)


class AttachmentDownloadView(AttachedMixin, View):
    """An attached file, for whoever may see its record; whatever is in it, never as a page."""

    catalogue_page = True
    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        attachment = self.attachment
        self.visible(attachment.kind, attachment.record_id)
        disposition = content_disposition_header(True, attachment.name) or "attachment"
        content_type = attachment.content_type
        if content_type in RUNS_IN_A_BROWSER:
            content_type = files.UNKNOWN
        name = attachment.file.name or ""
        if settings.S3_BUCKET:
            parameters = {
                "ResponseContentDisposition": disposition,
                "ResponseContentType": content_type,
            }
            return to_the_bucket(name, parameters)
        etag = quote_etag(name.rpartition("/")[2])
        response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
        if response is None:
            response = self.sent(request, name, content_type)
            response.headers["Content-Length"] = str(attachment.size)
            response.headers["Content-Disposition"] = disposition
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response

    def sent(self, request: HttpRequest, name: str, content_type: str) -> HttpResponseBase:
        if request.method == "HEAD":
            return HttpResponse(content_type=content_type)
        try:
            file = default_storage.open(name, "rb")
        except FileNotFoundError as error:
            raise Http404 from error
        pieces = iter(partial(file.read, PIECE), b"")
        body = _asynchronous(pieces) if isinstance(request, ASGIRequest) else pieces
        response = StreamingHttpResponse(body, content_type=content_type)
        response._resource_closers.append(file.close)  # type: ignore[attr-defined]
        return response


async def _asynchronous(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Under ASGI Django would read all of a plain iterator before it sends the first piece."""
    following = sync_to_async(partial(next, pieces, None))
    while (piece := await following()) is not None:
        yield piece
