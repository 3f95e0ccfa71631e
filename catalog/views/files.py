"""Files: uploads before their form is saved, the pictures of records, attached files."""

from typing import Any, cast

from django.conf import settings
from django.contrib.auth.mixins import UserPassesTestMixin
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views import View

from accounts.models import User
from catalog.forms.uploads import PictureField
from catalog.models import Author, Book, Upload
from catalog.pictures import PictureName, parse
from catalog.services import pictures
from site_config.views import YEAR

SHAPES = ("cover", "headshot")
LINK_SECONDS = 3600  # how long a link into the bucket is good for
OWNERS: dict[str, Any] = {"books": Book, "authors": Author}


# --- Uploads ----------------------------------------------------------------------------------


class MaySendMixin(UserPassesTestMixin):
    """For whoever may add or change a record that has a picture."""

    request: HttpRequest
    raise_exception = True
    rights = ("add_book", "change_book", "add_author", "change_author")

    def test_func(self) -> bool:
        user = self.request.user
        return any(user.has_perm(f"catalog.{right}") for right in self.rights)


class UploadView(MaySendMixin, View):
    """Takes a picture as soon as it is chosen; answers with the widget that shows it."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET
        name = asked.get("name", "")[:60] or "picture"
        shape = asked.get("shape", "")
        field = PictureField(shape=shape if shape in SHAPES else "cover")
        current = asked.get("current", "")
        field.bind(request.user, current if parse(current) else "")
        widget = field.widget
        value = widget.value_from_datadict(request.POST, request.FILES, name)
        if getattr(request, "scope", {}).get("body_too_large"):
            widget.problem = pictures.too_large(settings.MAX_PICTURE_MB)
        elif value.file is None:
            widget.problem = _("No picture came with the form. Choose one.")
        else:
            try:
                field.clean(value)
            except ValidationError as problem:
                widget.problem = " ".join(problem.messages)
        if widget.problem:  # what was sent before is still there
            widget.kept = pictures.owned(value.upload_id, cast(User, request.user))
        html = widget.render(name, value, {"id": asked.get("id", "")[:80] or f"id_{name}"})
        return HttpResponse(html, status=422 if widget.problem else 200)


class UploadPictureView(View):
    """The preview of a picture that its form has not saved yet; for whoever sent it."""

    def get(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        mine = Upload.objects.filter(created_by=cast(User, request.user).pk)
        upload = get_object_or_404(mine, pk=pk, purpose=Upload.Purpose.PICTURE)
        largest = parse(upload.file.name or "")
        if largest is None:
            raise Http404
        files = list(largest.files())
        return send_picture(next((file for file in files if file.width >= 320), largest))


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


def send_picture(name: PictureName, *, public: bool = False) -> HttpResponseBase:
    if settings.S3_BUCKET:
        response: HttpResponse = HttpResponseRedirect(
            default_storage.url(str(name), expire=LINK_SECONDS)  # type: ignore[call-arg]
        )
        response.headers["Cache-Control"] = f"private, max-age={LINK_SECONDS // 2}"
        return response
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
