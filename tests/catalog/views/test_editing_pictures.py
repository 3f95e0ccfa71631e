"""Covers and headshots in the forms of their records: chosen, replaced, removed, and changed by two
people at once. What is true of the one is true of the other."""

# A file field's name may be None for the type checker; here there always is one.
# mypy: disable-error-code="arg-type, union-attr, attr-defined"

import re
from html import unescape
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from catalog.forms.records import RecordForm
from catalog.models import Author, Book, Upload
from catalog.models.history import origin
from catalog.services import pictures
from catalog.services.pictures import PictureChange
from tests import files
from tests.catalog.views.test_editing import inputs

FIRST, MINE, THEIRS = (400, 600), (410, 600), (420, 600)  # pictures, told apart by their width


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "media")


_rewritten: dict[bytes, pictures.Pictures] = {}


@pytest.fixture(autouse=True)
def _each_picture_is_decoded_once(monkeypatch):
    """The process that does it is slow to start, and always says the same."""
    rewrite = pictures._rewrite

    def once(path: str, folder: str, kind: str) -> pictures.Pictures:
        content = Path(path).read_bytes()
        if content not in _rewritten:
            _rewritten[content] = rewrite(path, folder, kind)
        return _rewritten[content]

    monkeypatch.setattr(pictures, "_rewrite", once)


def sent(size, name: str = "chosen.jpg") -> SimpleUploadedFile:
    content = files.jpeg_picture(size) if isinstance(size, tuple) else size
    return SimpleUploadedFile(name, content)


class Record:
    """A book with its cover, or an author with their headshot."""

    def __init__(self, kind: str, client, user, record) -> None:
        self.kind, self.client, self.user = kind, client, user
        self.model = {"book": Book, "author": Author}[kind]
        self.field = {"book": "cover", "author": "headshot"}[kind]
        self.title = {"book": "title", "author": "name"}[kind]
        self.pk = record.pk
        self.url = reverse(f"catalog:{kind}_update", args=(record.pk,))

    @property
    def now(self):
        return self.model._default_manager.get(pk=self.pk)

    @property
    def width(self) -> int | None:
        """Of the picture that the record has."""
        name = pictures.parse(getattr(self.now, self.field).name)
        return name.width if name else None

    def set(self, size, user=None) -> None:
        """As somebody else would, from a form of their own."""
        with origin(user=user):
            upload = size and pictures.take_in(sent(size), user=user or self.user)
            pictures.attach(self.now, self.field, PictureChange(upload))

    def opened(self):
        return inputs(self.client.get(self.url))

    def choosing(self, size):
        """What is sent for choosing this picture; None for the tick that removes it."""
        return {self.field: sent(size)} if size else {f"{self.field}-clear": "1"}

    def send(self, data, **changes):
        return self.client.post(self.url, data | changes)


@pytest.fixture(params=["book", "author"])
def record(request, client_of, cataloguer, make_books, make_author):
    one = make_books(title="Dune")[0] if request.param == "book" else make_author("Frank Herbert")
    return Record(request.param, client_of(cataloguer), cataloguer, one)


# --- One person ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "field"), [("book", "cover"), ("author", "headshot")])
def test_a_new_record_gets_the_picture_that_was_chosen(client_of, cataloguer, kind, field):
    client, url = client_of(cataloguer), reverse(f"catalog:{kind}_create")
    data = inputs(client.get(url)) | {"title": "Dune", "name": "Frank Herbert"}
    response = client.post(url, data | {field: sent(FIRST)})
    assert response.status_code == 302
    record = {"book": Book, "author": Author}[kind]._default_manager.get()
    name = getattr(record, field).name
    assert re.fullmatch(rf"{kind}s/{record.pk}/{field}-\w+-400x600.webp", name)


def test_a_picture_is_chosen_replaced_and_removed(record):
    for size, width in ((FIRST, 400), (MINE, 410), (None, None)):
        response = record.client.post(record.url, record.opened() | record.choosing(size))
        assert response.status_code == 302
        assert record.width == width
        page = record.client.get(response["Location"]).content.decode()
        assert "is saved." in page
        assert (f"-{width}x600.webp" in page) is (width is not None)
        record.client.get(response["Location"])  # what was said is said once


def test_a_picture_stays_when_the_form_is_wrong_elsewhere(record):
    record.set(FIRST)
    data = record.opened()
    response = record.send(data | record.choosing(MINE), **{record.title: ""})
    assert response.status_code == 422
    upload = Upload.objects.latest("created_at")
    assert inputs(response)[f"{record.field}-upload"] == str(upload.pk)
    assert f'src="/uploads/{upload.pk}/"' in response.content.decode()
    assert record.width == 400
    assert record.send(inputs(response) | {record.title: "Named"}).status_code == 302
    assert record.width == 410


def test_the_picture_that_is_there_is_shown_and_stays(record):
    record.set(FIRST)
    page = record.client.get(record.url).content.decode()
    assert "The present picture" in page
    assert "-400x600.webp" in page
    assert record.send(record.opened(), **{record.title: "Named"}).status_code == 302
    assert record.width == 400


def test_what_is_wrong_with_a_picture_is_said_to_everybody(record):
    response = record.send(record.opened() | record.choosing(files.PAGE))
    assert response.status_code == 422
    page = response.content.decode()
    (tag,) = re.findall(rf'<input[^>]* id="id_{record.field}"[^>]*>', page)
    assert 'aria-invalid="true"' in tag
    assert f"feedback_{record.field}" in re.search(r'aria-describedby="([^"]*)"', tag)[1].split()
    feedback = page[page.index(f'id="feedback_{record.field}"') :].split("</div>")[0]
    assert "This is a web page, not a picture." in feedback


# --- Two people ---------------------------------------------------------------------------------

CASES = [
    pytest.param(MINE, THEIRS, id="replace and replace"),
    pytest.param(None, THEIRS, id="remove and replace"),
    pytest.param(MINE, None, id="replace and remove"),
]


def both(record, mine, theirs, manager):
    """The answer to a form that changes the picture after somebody else did."""
    record.set(FIRST)
    data = record.opened()
    record.set(theirs, manager)
    return record.send(data | record.choosing(mine))


@pytest.mark.parametrize(("mine", "theirs"), CASES)
def test_what_both_changed_is_asked_with_both_pictures(record, manager, mine, theirs):
    response = both(record, mine, theirs, manager)
    assert response.status_code == 422
    page = response.content.decode()
    assert "One field was changed by both of you" in page
    [fieldset] = re.findall(r'<fieldset class="conflict.*?</fieldset>', page, re.S)
    assert "<b>manager</b> changed this on" in fieldset
    assert "checked" not in fieldset
    labels = re.findall(r"<label.*?</label>", fieldset, re.S)
    for label, size, alt in zip(
        labels, (mine, theirs), ("that you chose", "that is there now"), strict=True
    ):
        assert ("<img" in label) is (size is not None)
        assert (f"the picture {alt}" if size else "no picture") in label
    assert ("/uploads/" in labels[0]) is (mine is not None)
    assert ("-320x" in labels[1]) is (theirs is not None)
    assert record.width == (theirs and theirs[0])


@pytest.mark.parametrize("choice", ["mine", "theirs"])
@pytest.mark.parametrize(("mine", "theirs"), CASES)
def test_the_chosen_picture_is_saved_with_everything_else(record, manager, mine, theirs, choice):
    response = both(record, mine, theirs, manager)
    data = inputs(response) | {f"choose-{record.field}": choice, record.title: "Named"}
    assert record.send(data).status_code == 302
    assert str(record.now) == "Named"
    chosen = mine if choice == "mine" else theirs
    assert record.width == (chosen and chosen[0])


def test_without_a_choice_it_is_asked_again(record, manager):
    response = both(record, MINE, THEIRS, manager)
    again = record.send(inputs(response))
    assert again.status_code == 422
    assert f'name="choose-{record.field}"' in again.content.decode()
    assert inputs(again)[f"{record.field}-upload"]
    assert record.width == THEIRS[0]


def test_a_third_picture_while_choosing_is_seen_too(record, manager):
    response = both(record, MINE, THEIRS, manager)
    record.set((430, 600), manager)
    again = record.send(inputs(response) | {f"choose-{record.field}": "mine"})
    assert again.status_code == 422
    assert record.width == 430


def test_a_file_that_is_refused_while_choosing_does_not_change_what_mine_is(record, manager):
    page = both(record, None, THEIRS, manager).content.decode()
    url = unescape(re.search(r'hx-post="(/uploads/[^"]*)"', page)[1])
    data = record.choosing(files.PAGE) | {f"{record.field}-clear": "1"}
    refused = record.client.post(url, data)
    assertContains(refused, f'name="{record.field}-clear" value="1"', status_code=422)
    assertNotContains(refused, "<img", status_code=422)
    sent = record.client.post(url, record.choosing(MINE) | {f"{record.field}-clear": "1"})
    assertContains(sent, "<img")
    assertNotContains(sent, "checked")


@pytest.mark.parametrize("size", [MINE, None])
def test_the_same_change_twice_is_no_conflict(record, manager, size):
    response = both(record, size, size, manager)
    assert response.status_code == 302
    assert record.width == (size and size[0])


@pytest.mark.parametrize("theirs", [THEIRS, None])
def test_a_picture_that_only_the_other_changed_stays(record, manager, theirs):
    record.set(FIRST)
    data = record.opened()
    record.set(theirs, manager)
    assert record.send(data, **{record.title: "Named"}).status_code == 302
    assert str(record.now) == "Named"
    assert record.width == (theirs and theirs[0])


def test_the_chosen_picture_is_shown_while_something_else_is_wrong(record, manager):
    response = both(record, MINE, THEIRS, manager)
    changes = {f"choose-{record.field}": "theirs", record.title: ""}
    again = record.send(inputs(response) | changes)
    assert again.status_code == 422
    assert f"{record.field}-upload" not in inputs(again)
    page = again.content.decode()
    assert "-420x600.webp" in page
    assert "data-conflict" not in page.split("record-aside")[1]


def test_where_nobody_knows_any_more_what_there_was_only_a_change_is_asked_about(record, manager):
    record.set(FIRST)
    data = record.opened()
    record.set(THEIRS, manager)
    record.model.history.all().delete()
    response = record.send(data | record.choosing(MINE))
    assert f'name="choose-{record.field}"' in response.content.decode()
    assert record.send(data).status_code == 302
    assert record.width == THEIRS[0]


def test_a_first_picture_of_two_people_is_asked_about(record, manager):
    data = record.opened()
    record.set(THEIRS, manager)
    assert record.send(data | record.choosing(MINE)).status_code == 422


def test_another_change_in_between_does_not_matter_to_the_picture(record, manager):
    record.set(FIRST)
    data = record.opened()
    with origin(user=manager):
        other = record.now
        setattr(other, record.title, "Theirs")
        other.save()
    assert record.send(data | record.choosing(MINE)).status_code == 302
    assert (str(record.now), record.width) == ("Theirs", 410)


def test_a_refused_picture_is_said_and_shows_what_the_other_has_saved(record, manager):
    record.set(FIRST)
    data = record.opened()
    record.set(THEIRS, manager)
    response = record.send(data | record.choosing(files.PAGE))
    assert response.status_code == 422
    page = response.content.decode()
    assert "This is a web page, not a picture." in page
    assert "The newer value stands in the form" in page
    assert "-420x600.webp" in page
    assert "<fieldset" not in page.split("record-aside")[1]
    assert record.send(inputs(response) | record.choosing(MINE)).status_code == 302
    assert record.width == 410


def test_one_who_was_quicker_by_a_moment_is_asked_about_too(record, manager, monkeypatch):
    """Between reading the record and writing it."""
    record.set(FIRST)
    data = record.opened()
    save = RecordForm.save

    def late(form):
        monkeypatch.setattr(RecordForm, "save", save)
        record.set(THEIRS, manager)
        return save(form)

    monkeypatch.setattr(RecordForm, "save", late)
    response = record.send(data | record.choosing(None))
    assert response.status_code == 422
    assert f'name="choose-{record.field}"' in response.content.decode()
    assert record.width == THEIRS[0]
