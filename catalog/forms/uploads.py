"""Form fields for files: a picture that is sent at once, or with its form."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Upload
from catalog.presentation import Row, picture
from catalog.services import pictures
from catalog.services.files import UnusableFile
from catalog.services.pictures import PictureChange


@dataclass(frozen=True)
class PictureInput:
    """What came with a form: a file, the id of one that was sent before it, a tick."""

    file: UploadedFile | None = None
    upload_id: str = ""
    clear: bool = False


class PictureWidget(forms.Widget):
    """A file input with a preview; static/js/files.js adds dropping, pasting and progress.

    `<name>` is the file, `<name>-upload` the id of an upload, `<name>-clear` the tick that
    takes the picture away.
    """

    needs_multipart_form = True
    template_name = "catalog/partials/_picture_field.html"

    def __init__(self, attrs: dict[str, Any] | None = None, *, shape: str = "cover") -> None:
        super().__init__(attrs)
        self.shape = shape  # "cover" or "headshot": how the preview is cut
        self.kept: Upload | None = None  # what came with this form, or before it
        self.current = ""  # the name of the record's own picture
        self.problem = ""
        self.asked = False  # two pictures stand below, to choose from: they are the preview

    def value_from_datadict(self, data: Any, files: Any, name: str) -> PictureInput:
        return PictureInput(
            file=files.get(name),
            upload_id=str(data.get(f"{name}-upload") or ""),
            clear=bool(data.get(f"{name}-clear")),
        )

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def use_required_attribute(self, initial: Any) -> bool:
        return False

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        attrs = self.build_attrs(self.attrs, attrs)
        field_id = attrs.get("id") or f"id_{name}"
        chosen = value if isinstance(value, PictureInput) else PictureInput()
        current = self.current or (getattr(value, "name", "") or "")
        wrong = bool(self.problem) or attrs.get("aria-invalid") == "true"
        said = [attrs.get("aria-describedby"), f"{field_id}-hint"]
        if self.problem:
            said.append(f"{field_id}-wrong")
        query = urlencode({"name": name, "id": field_id, "shape": self.shape, "current": current})
        query += "&asked=1" if self.asked else ""
        context = {
            "name": name,
            "id": field_id,
            "shape": self.shape,
            "kept": self.kept,
            "preview": self.preview(self.kept) if self.kept else picture(current),
            "clear": chosen.clear,
            "asked": self.asked,
            "problem": self.problem,
            "wrong": wrong,
            "autofocus": bool(attrs.get("autofocus")),
            "described_by": " ".join(filter(None, said)),
            "accept": pictures.ACCEPT,
            "upload_url": f"{reverse('catalog:upload')}?{query}",
            "max_mb": settings.MAX_PICTURE_MB,
            "max_bytes": settings.MAX_PICTURE_MB << 20,
            "too_large": pictures.too_large(settings.MAX_PICTURE_MB),
        }
        return render_to_string(self.template_name, context)

    def sides(self) -> tuple[Row | None, Row | None]:
        """What came with this form, and what the record has: to choose from."""
        return self.preview(self.kept) if self.kept else None, picture(self.current)

    @staticmethod
    def preview(upload: Upload) -> Row:
        url = reverse("catalog:upload_picture", args=(upload.pk,))
        return {"src": url, "srcset": "", "width": None, "height": None}


class PictureField(forms.Field):
    """Cleans to a `PictureChange`, or to None when the picture stays as it is.

    The form says whose uploads count and which picture is there already:
    `form.fields["cover"].bind(user, book.cover)`. Not for `Meta.fields`: what it cleans to goes
    to `pictures.attach()`.
    """

    widget: Any = PictureWidget
    default_error_messages = {
        "gone": _("The picture that was sent earlier is no longer kept. Choose it again."),
    }

    def __init__(self, *, shape: str = "cover", **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("widget", PictureWidget(shape=shape))
        super().__init__(**kwargs)
        self.user: User | None = None

    def bind(self, user: Any, current: Any = None) -> None:
        """For this person, and for a record whose picture (a FieldFile or its name) is this."""
        self.user = user
        self.widget.current = getattr(current, "name", current) or ""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data and (data.file or data.upload_id or data.clear))

    def clean(self, value: PictureInput) -> PictureChange | None:
        """A file wins over an earlier one. A picture that came with a form which is wrong
        elsewhere is kept as an upload, so that nobody has to choose it again."""
        if value.file is not None:
            self.widget.kept = upload = self._take_in(value.file)
            return PictureChange(upload)
        if value.upload_id:
            found = pictures.owned(value.upload_id, self.user)
            if value.clear:
                return None  # a picture that was sent, but is not to be used
            if found is None:
                raise ValidationError(self.error_messages["gone"], code="gone")
            self.widget.kept = found
            return PictureChange(found)
        return PictureChange(None) if value.clear else None

    def _take_in(self, file: UploadedFile) -> Upload:
        if self.user is None:
            raise ValidationError(self.error_messages["gone"], code="gone")
        try:
            return pictures.take_in(file, user=self.user)
        except UnusableFile as problem:
            raise ValidationError(str(problem), code="unusable") from problem
