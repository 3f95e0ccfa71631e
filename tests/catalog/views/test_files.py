"""Uploads, pictures and attached files, as three people and a stranger meet them."""

# A file field's name may be None for the type checker; here there always is one.
# mypy: disable-error-code="arg-type, union-attr, attr-defined"

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient, Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from catalog.models import Attachment, Upload
from catalog.services import files as services
from catalog.services import pictures
from catalog.services.pictures import PictureChange
from tests import files

UPLOAD = "/uploads/?name=cover&id=id_cover&shape=cover"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "media")


def sent(content: bytes | None = None, name: str = "cover.jpg") -> SimpleUploadedFile:
    content = files.jpeg_picture((400, 600)) if content is None else content
    return SimpleUploadedFile(name, content)


@pytest.fixture
def covered(make_books, cataloguer):
    [book] = make_books(1, title="Dune")
    pictures.attach(book, "cover", PictureChange(pictures.take_in(sent(), user=cataloguer)))
    return book


@pytest.fixture
def attached(make_books, cataloguer):
    [book] = make_books(1, title="Dune")
    services.attach(book, [sent(b"%PDF-1.7 one", "Sämple.pdf")], user=cataloguer)
    return Attachment.objects.get()


# --- Uploads ----------------------------------------------------------------------------------


def test_a_picture_that_is_sent_comes_back_as_a_preview_with_its_id(cataloguer, client_of):
    response = client_of(cataloguer).post(UPLOAD, {"cover": sent()})
    upload = Upload.objects.get()
    assertContains(response, f'name="cover-upload" value="{upload.pk}"')
    assertContains(response, f'src="/uploads/{upload.pk}/"')
    assertNotContains(response, "<html")


# As no client of tests sends it: those take the folders away themselves.
MULTIPART = (
    b"--x\r\nContent-Disposition: form-data; name=cover; filename*=UTF-8''%s\r\n\r\n%s\r\n--x--\r\n"
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x" * 496 + ".jpg", "x" * 146 + ".jpg"),
        ("../../x", "x"),
        ("..\\..\\x.jpg", "x.jpg"),
        ("cover\u202egpj.exe", "covergpj.exe"),
        ("co\0ver.jpg", "cover.jpg"),
        (".htaccess", "htaccess"),
        ("  cover   .jpg. ", "cover .jpg"),
    ],
    ids=["500 characters", "folders", "Windows", "right to left", "NUL", "hidden", "spaces"],
)
def test_a_hostile_name_of_a_picture_is_made_harmless(cataloguer, client_of, name, shown):
    body = MULTIPART % (quote(name).encode(), files.jpeg_picture((400, 600)))
    response = client_of(cataloguer).post(
        UPLOAD, body, content_type="multipart/form-data; boundary=x"
    )
    assertContains(response, f'<p class="picture-name" dir="auto">{shown}</p>')
    upload = Upload.objects.get()
    assert upload.name == shown
    assert re.fullmatch(
        rf"uploads/{upload.pk.hex}/picture-\w{{16}}-400x600\.webp", upload.file.name
    )


def test_a_refusal_says_why_beside_the_field_and_keeps_what_was_sent_before(cataloguer, client_of):
    client = client_of(cataloguer)
    client.post(UPLOAD, {"cover": sent()})
    before = Upload.objects.get()
    data = {"cover": sent(files.PAGE), "cover-upload": str(before.pk)}
    response = client.post(UPLOAD, data)
    assertContains(response, "This is a web page, not a picture.", status_code=422)
    assertContains(response, 'aria-invalid="true"', status_code=422)
    assertContains(response, f'value="{before.pk}"', status_code=422)


def test_a_form_without_a_picture_is_told_so(cataloguer, client_of):
    response = client_of(cataloguer).post(UPLOAD, {})
    assertContains(response, "No picture came with the form.", status_code=422)


def test_who_may_change_no_record_may_send_no_picture(reader, client_of, client):
    assert client_of(reader).post(UPLOAD, {"cover": sent()}).status_code == 403
    assert "/accounts/login/" in client.post(UPLOAD, {"cover": sent()})["Location"]
    assert not Upload.objects.exists()


def test_a_picture_is_sent_by_post(cataloguer, client_of):
    assert client_of(cataloguer).get(UPLOAD).status_code == 405


def test_a_forged_form_sends_nothing(cataloguer):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cataloguer)
    assert client.post(UPLOAD, {"cover": sent()}).status_code == 403
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    "query",
    [
        'name="><script>&id="><script>&current="><script>&shape="><script>',
        "name=cover&current=../../imports/a.xlsx",
        "",
    ],
)
def test_what_the_address_says_is_never_markup(cataloguer, client_of, query):
    response = client_of(cataloguer).post(f"/uploads/?{query}", {})
    assert b"<script" not in response.content
    assert b"imports" not in response.content


def test_the_preview_is_for_whoever_sent_it(cataloguer, manager, client_of, client):
    client_of(cataloguer).post(UPLOAD, {"cover": sent()})
    url = f"/uploads/{Upload.objects.get().pk}/"
    mine = client_of(cataloguer).get(url)
    assert (mine.status_code, mine["Content-Type"]) == (200, "image/webp")
    assert "private" in mine["Cache-Control"]
    assert client_of(manager).get(url).status_code == 404
    assert client.get(url).status_code == 302


class CutOffClient(AsyncClient):
    """As behind the ASGI guard, which throws away a body that is too large."""

    def _base_scope(self, **request):
        scope = super()._base_scope(**request)  # type: ignore[misc]  # the stubs leave it out
        return {**scope, "body_too_large": True}


def test_a_body_that_was_cut_off_gets_a_sentence_not_a_forgery_error(cataloguer, make_books):
    [book] = make_books(1)
    client = CutOffClient(enforce_csrf_checks=True)
    client.force_login(cataloguer)
    response = async_to_sync(client.post)(UPLOAD)
    assertContains(response, "larger than 10 MB", status_code=422)
    response = async_to_sync(client.post)(f"/attachments/new/book/{book.pk}/")
    assertContains(response, "more than 100 MB at once", status_code=422)


# --- Pictures ---------------------------------------------------------------------------------


def test_anyone_sees_the_cover_of_a_public_catalogue_and_keeps_it_for_a_year(covered, client):
    response = client.get(f"/media/{covered.cover.name}")
    assert response.status_code == 200
    assert response["Content-Type"] == "image/webp"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert int(response["Content-Length"]) == len(response.content)


def test_every_size_that_a_page_names_is_there(covered, client):
    page = client.get(covered.get_absolute_url()).content.decode()
    names = re.findall(r"/media/books/[^ \",]+", page)
    assert len(set(names)) >= 4
    assert {client.get(name).status_code for name in names} == {200}


def test_a_catalogue_that_is_not_public_shows_its_covers_to_people_only(
    covered, client, reader, client_of, settings
):
    settings.CATALOG_PUBLIC = False
    url = f"/media/{covered.cover.name}"
    assert client.get(url).status_code == 302
    response = client_of(reader).get(url)
    assert response.status_code == 200
    assert "private" in response["Cache-Control"]


def test_the_cover_of_a_deleted_book_is_not_shown(covered, client):
    url = f"/media/{covered.cover.name}"
    covered.delete()
    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "imports/list.xlsx",
        "../colophon.sqlite3",
        "books/1/../../imports/list.xlsx",
        "books/{pk}/files/{hex}",
        "books/{pk}/cover-0123456789abcdef-100x150.webp",
        "books/{pk}/headshot-0123456789abcdef-100x150.webp",
        "books/{pk}/cover-0123456789abcdef-100x150.webp/",
        "books/{pk}/cover-0123456789abcdef-100x150.html",
        "uploads/{hex}/picture-0123456789abcdef-100x150.webp",
        "books/0/cover-0123456789abcdef-100x150.webp",
        "books/99999999999999999999/cover-0123456789abcdef-100x150.webp",
        "covers/old.jpg",
        "",
    ],
)
def test_nothing_else_of_the_storage_can_be_reached(covered, client, settings, path):
    secret = Path(settings.MEDIA_ROOT, "imports", "list.xlsx")
    secret.parent.mkdir(parents=True)
    secret.write_bytes(b"secret")
    response = client.get(f"/media/{path.format(pk=covered.pk, hex='0' * 32)}")
    assert response.status_code == 404


def test_a_picture_costs_one_query(covered, client, django_assert_num_queries):
    with django_assert_num_queries(1):  # whether its record may be seen
        client.get(f"/media/{covered.cover.name}")


def test_a_bucket_sends_its_pictures_itself(covered, client, settings, monkeypatch):
    settings.S3_BUCKET = "covers"
    asked = []

    def url(name, parameters=None, expire=None):
        asked.append((name, parameters, expire))
        return f"https://covers.s3.example.org/{name}?signature"

    monkeypatch.setattr(default_storage, "url", url)
    response = client.get(f"/media/{covered.cover.name}")
    assert response["Location"] == f"https://covers.s3.example.org/{covered.cover.name}?signature"
    assert response["Cache-Control"] == "private, max-age=1800"
    assert asked == [(covered.cover.name, None, 3600)]


def test_covers_stand_in_the_lists_and_cost_no_query(covered, client, django_assert_num_queries):
    table, tiles = client.get("/books/?view=table"), client.get("/books/?view=grid")
    name = covered.cover.name.replace("400x600", "80x120")
    assertContains(table, f'src="/media/{name}"')
    assertContains(tiles, "320x480.webp 320w")


def test_portraits_stand_on_the_page_of_their_author(make_author, cataloguer, client):
    author = make_author()
    upload = pictures.take_in(sent(), user=cataloguer)
    pictures.attach(author, "headshot", PictureChange(upload))
    response = client.get(author.get_absolute_url())
    assertContains(response, f'alt="Portrait of {author.name}"')
    assertContains(response, f"/media/{author.headshot.name}")


# --- Attached files ---------------------------------------------------------------------------


def new_url(record, kind: str = "book") -> str:
    return reverse("catalog:attachment_create", args=(kind, record.pk))


def test_several_files_are_attached_at_once(make_books, cataloguer, client_of):
    [book] = make_books(1)
    data = {"files": [sent(b"%PDF 1", "a.pdf"), sent(b"ID3", "b.mp3")]}
    response = client_of(cataloguer).post(new_url(book), data)
    assertRedirects(response, f"/books/{book.pk}/#attached", fetch_redirect_response=False)
    assert [item.name for item in Attachment.objects.of(book)] == ["a.pdf", "b.mp3"]


@pytest.mark.parametrize("kind", ["author", "publisher"])
def test_authors_and_publishers_have_files_too(
    make_author, make_publisher, cataloguer, client_of, kind
):
    record = make_author() if kind == "author" else make_publisher()
    client_of(cataloguer).post(new_url(record, kind), {"files": sent(b"%PDF", "kit.pdf")})
    assert Attachment.objects.of(record).get().file.name.startswith(f"{kind}s/{record.pk}/files/")


def test_htmx_gets_the_list_as_it_is_now(make_books, cataloguer, client_of):
    [book] = make_books(1)
    client = client_of(cataloguer, **{"hx-request": "true"})
    response = client.post(new_url(book), {"files": sent(b"%PDF", "a.pdf")})
    assertContains(response, 'id="attached"')
    assertContains(response, "1 file is attached.")
    assertNotContains(response, "<html")


def test_without_scripts_a_refusal_is_a_page_with_the_form(make_books, cataloguer, client_of):
    [book] = make_books(1)
    response = client_of(cataloguer).post(new_url(book), {"files": sent(b"", "a.pdf")})
    assertContains(response, "a.pdf: This file is empty.", status_code=422)
    assertContains(response, "<html", status_code=422)


def test_a_link_leads_to_the_form_alone(make_books, cataloguer, client_of):
    [book] = make_books(1, title="Dune")
    assertContains(client_of(cataloguer).get(new_url(book)), "Files of <bdi>Dune</bdi>")


def test_readers_attach_and_remove_nothing(attached, reader, client_of, client):
    url = reverse("catalog:attachment_create", args=("book", attached.record_id))
    remove = reverse("catalog:attachment_delete", args=(attached.pk,))
    for address in (url, remove):
        assert client_of(reader).post(address, {"files": sent()}).status_code == 403
        assert client.post(address).status_code == 302
    assert Attachment.objects.count() == 1


@pytest.mark.parametrize("kind", ["user", "importjob", "x"])
def test_only_records_have_files(cataloguer, client_of, kind):
    assert client_of(cataloguer).get(f"/attachments/new/{kind}/1/").status_code == 404


def test_back_leads_to_a_page_of_this_site_only(make_books, cataloguer, client_of):
    [book] = make_books(1)
    for given, wanted in (
        (f"/books/{book.pk}/edit/", f"/books/{book.pk}/edit/"),
        ("https://evil.example.org/", f"/books/{book.pk}/#attached"),
        ("//evil.example.org/", f"/books/{book.pk}/#attached"),
    ):
        data = {"files": sent(b"%PDF", "a.pdf"), "next": given}
        assert client_of(cataloguer).post(new_url(book), data)["Location"] == wanted


def download(client, **headers: str):
    """The one attached file; its response with all of it read."""
    url = reverse("catalog:attachment", args=(Attachment.objects.get().pk,))
    response = client.get(url, headers=headers)
    if response.status_code == 200:
        response.read = b"".join(response.streaming_content)
    return response


def test_a_file_is_only_ever_a_download(attached, client):
    response = download(client)
    assert response.read == b"%PDF-1.7 one"
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''S%C3%A4mple.pdf"
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Length"] == "12"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cache-Control"].startswith("private")


@pytest.mark.parametrize("content", [files.SVG, files.PAGE])
def test_what_could_run_in_a_browser_is_sent_as_bytes(make_books, cataloguer, client, content):
    [book] = make_books(1)
    services.attach(book, [sent(content, "harmless.jpg")], user=cataloguer)
    response = download(client)
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")


def test_a_name_cannot_add_a_header(make_books, cataloguer, client):
    [book] = make_books(1)
    name = 'a"\r\nSet-Cookie: x=1; .pdf'
    services.attach(book, [sent(b"%PDF", name)], user=cataloguer)
    response = download(client)
    assert "x" not in response.cookies
    assert response["Content-Disposition"] == 'attachment; filename="a\\"Set-Cookie: x=1; .pdf"'


def test_a_file_that_has_not_changed_is_not_sent_again(attached, client):
    etag = download(client)["ETag"]
    assert download(client, **{"if-none-match": etag}).status_code == 304


def test_head_says_the_same_and_sends_nothing(attached, client):
    response = client.head(reverse("catalog:attachment", args=(attached.pk,)))
    assert (response.content, response["Content-Length"]) == (b"", "12")


def test_files_of_a_catalogue_that_is_not_public_are_for_people(
    attached, client, reader, client_of, settings
):
    settings.CATALOG_PUBLIC = False
    url = reverse("catalog:attachment", args=(attached.pk,))
    assert client.get(url).status_code == 302
    assert download(client_of(reader)).status_code == 200


def test_the_files_of_a_deleted_record_are_not_shown(attached, client):
    from catalog.models import Book

    Book.objects.get().delete()
    assert client.get(reverse("catalog:attachment", args=(attached.pk,))).status_code == 404


def test_a_bucket_sends_a_file_as_a_download_too(attached, client, settings, monkeypatch):
    settings.S3_BUCKET = "covers"
    asked = {}

    def url(name, parameters=None, expire=None):
        asked.update(parameters)
        return "https://covers.s3.example.org/x"

    monkeypatch.setattr(default_storage, "url", url)
    client.get(reverse("catalog:attachment", args=(attached.pk,)))
    assert asked["ResponseContentDisposition"].startswith("attachment; filename*=")
    assert asked["ResponseContentType"] == "application/pdf"


def test_under_asgi_a_file_arrives_whole_in_pieces(make_books, cataloguer):
    [book] = make_books(1)
    content = bytes(range(256)) * 4096  # a MB
    services.attach(book, [sent(content, "a.bin")], user=cataloguer)
    pk = Attachment.objects.get().pk

    async def get():
        response = await AsyncClient().get(f"/attachments/{pk}/")
        return [piece async for piece in response.streaming_content]

    pieces = async_to_sync(get)()
    assert len(pieces) == 4
    assert b"".join(pieces) == content


def test_removing_can_be_undone_from_the_message(attached, cataloguer, client_of):
    client = client_of(cataloguer)
    url = reverse("catalog:attachment_delete", args=(attached.pk,))
    page = client.post(url, follow=True)
    assert not Attachment.objects.exists()
    assertContains(page, "“Sämple.pdf” is removed.")
    undo = re.search(r'action="(/attachments/restore/[^"]+)"', page.content.decode())
    assert undo
    page = client.post(undo[1], follow=True)
    assertContains(page, "“Sämple.pdf” is back.")
    assert Attachment.objects.get().name == "Sämple.pdf"
    assert client.post(undo[1]).status_code == 404


def test_htmx_gets_the_message_with_the_list(attached, cataloguer, client_of):
    client = client_of(cataloguer, **{"hx-request": "true"})
    response = client.post(reverse("catalog:attachment_delete", args=(attached.pk,)))
    assertContains(response, 'hx-swap-oob="beforeend:#toasts"')
    assertContains(response, "/attachments/restore/")


def test_get_removes_nothing(attached, cataloguer, client_of):
    url = reverse("catalog:attachment_delete", args=(attached.pk,))
    assert client_of(cataloguer).get(url).status_code == 405
    assert Attachment.objects.count() == 1
