"""The field of a picture: what came with a form, before it, or not at all."""

from typing import Any

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict

from catalog.forms.uploads import PictureField
from catalog.models import Upload
from catalog.services.pictures import PictureChange
from tests import files


class PictureForm(forms.Form):
    title = forms.CharField()
    cover = PictureField(label="Cover")


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "media")


def form(user, data: dict | None = None, content: bytes | None = None) -> PictureForm:
    sent: Any = {} if content is None else {"cover": [SimpleUploadedFile("a.jpg", content)]}
    form = PictureForm(data or {}, MultiValueDict(sent))
    form.fields["cover"].bind(user, "books/1/cover-0123456789abcdef-100x150.webp")
    return form


@pytest.fixture
def upload(cataloguer) -> Upload:
    form(cataloguer, {"title": "x"}, files.jpeg_picture()).is_valid()
    return Upload.objects.get()


def test_nothing_sent_means_nothing_changes(cataloguer):
    given = form(cataloguer, {"title": "Dune"})
    assert given.is_valid()
    assert given.cleaned_data["cover"] is None
    assert "cover" not in given.changed_data


def test_a_tick_takes_the_picture_away(cataloguer):
    given = form(cataloguer, {"title": "Dune", "cover-clear": "1"})
    assert given.is_valid()
    assert given.cleaned_data["cover"] == PictureChange(None)


def test_a_file_becomes_an_upload_and_comes_back_when_the_form_is_wrong_elsewhere(cataloguer):
    given = form(cataloguer, {}, files.jpeg_picture())
    assert not given.is_valid()
    upload = Upload.objects.get()
    assert f'name="cover-upload" value="{upload.pk}"' in str(given["cover"])


def test_an_earlier_upload_is_taken_by_its_id(cataloguer, upload):
    given = form(cataloguer, {"title": "Dune", "cover-upload": str(upload.pk)})
    assert given.is_valid()
    assert given.cleaned_data["cover"] == PictureChange(upload)


def test_a_file_wins_over_an_earlier_upload_and_over_the_tick(cataloguer, upload):
    data = {"title": "Dune", "cover-upload": str(upload.pk), "cover-clear": "1"}
    given = form(cataloguer, data, files.png_picture())
    assert given.is_valid()
    change = given.cleaned_data["cover"]
    assert change.upload not in (None, upload)


def test_an_upload_that_is_not_to_be_used_leaves_the_present_picture(cataloguer, upload):
    data = {"title": "Dune", "cover-upload": str(upload.pk), "cover-clear": "1"}
    given = form(cataloguer, data)
    assert given.is_valid()
    assert given.cleaned_data["cover"] is None


@pytest.mark.parametrize("key", ["somebody else", "0" * 32, "../../x", "\0"])
def test_what_is_not_ones_own_is_refused(cataloguer, manager, upload, key):
    key = str(upload.pk) if key == "somebody else" else key
    given = form(manager, {"title": "Dune", "cover-upload": key})
    assert not given.is_valid()
    assert "no longer kept" in given.errors["cover"][0]
    assert 'name="cover-upload"' not in str(given["cover"])


def test_a_refused_file_is_said_beside_the_field(cataloguer):
    given = form(cataloguer, {"title": "Dune"}, files.PAGE)
    assert not given.is_valid()
    assert "web page" in given.errors["cover"][0]
    assert "is-invalid" in str(given["cover"])


def test_names_are_shown_as_text(cataloguer):
    name = "<img src=x onerror=alert(1)>.jpg"
    sent: Any = MultiValueDict({"cover": [SimpleUploadedFile(name, files.jpeg_picture())]})
    given = PictureForm({}, sent)
    given.fields["cover"].bind(cataloguer)
    given.is_valid()
    assert "onerror=alert(1)&gt;" in str(given["cover"])
    assert "<img src=x" not in str(given["cover"])
