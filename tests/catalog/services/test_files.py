"""Attached files: harmless names, types told from content, nothing half kept."""

# A file field's name may be None for the type checker; here there always is one.
# mypy: disable-error-code="arg-type, union-attr, attr-defined"

import errno
import io
import zipfile
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog.models import Attachment, Book, Upload
from catalog.services import files
from tests import files as made


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "media")


def sent(name: str = "chapter.pdf", content: bytes = b"%PDF-1.7 one") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def stored(settings) -> list[str]:
    root = Path(settings.MEDIA_ROOT)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


# --- Names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "harmless"),
    [
        ("Sample chapter.pdf", "Sample chapter.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\Users\\mara\\Press kit.zip", "Press kit.zip"),
        ("/", "file"),
        ("", "file"),
        ("..", "file"),
        (" . ", "file"),
        (".htaccess", "htaccess"),
        ("evil\u202efdp.exe", "evilfdp.exe"),  # shown as evilexe.pdf
        ("a\u2066b\u2069c\u200f.pdf", "abc.pdf"),
        ("a\x00b\r\nSet-Cookie: x.pdf", "abSet-Cookie: x.pdf"),
        ("zwei   Leer\tzeichen.pdf", "zwei Leerzeichen.pdf"),
        ("ספר.pdf", "ספר.pdf"),
        ("क्\u200dष.pdf", "क्\u200dष.pdf"),  # a joiner that some scripts need
        ("e\u0301.pdf", "é.pdf"),
        ("a" * 500 + ".pdf", "a" * 146 + ".pdf"),
        ("a" * 500, "a" * 150),
        ("a." + "b" * 500, "a." + "b" * 148),
    ],
)
def test_a_name_is_made_harmless(name, harmless):
    assert files.harmless_name(name) == harmless


# --- Content ----------------------------------------------------------------------------------


def zipped(*names: str, mimetype: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"%PDF-1.7 x", "application/pdf"),
        (made.jpeg_picture((64, 64)), "image/jpeg"),
        (made.png_picture((64, 64)), "image/png"),
        (made.webp_picture((64, 64)), "image/webp"),
        (made.other_picture("GIF"), "image/gif"),
        (made.other_picture("AVIF"), "image/avif"),
        (b"ID3\x04 some song", "audio/mpeg"),
        (zipped("a.txt"), "application/zip"),
        (zipped("x", mimetype="text/css"), "application/zip"),  # no book and no document says so
        (zipped("x", mimetype="application/epub+zip"), "application/epub+zip"),
        (
            zipped("[Content_Types].xml", "word/document.xml"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (made.SVG, "image/svg+xml"),
        (made.PAGE, "text/html"),
        (b"\xef\xbb\xbf  <HTML>", "text/html"),
        ("Ein Text über Bücher".encode(), "text/plain"),
        (b"\x00\x01\x02 nothing known", "application/octet-stream"),
        (b"caf\xe9 and then some more text", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_the_type_is_told_from_the_content(content, content_type):
    assert files.sniff(content[: files.HEAD]) == content_type


# --- Attaching --------------------------------------------------------------------------------


def test_files_lie_in_the_folder_of_their_record_under_a_name_of_ours(
    make_books, cataloguer, settings
):
    [book] = make_books(1)
    problems = files.attach(book, [sent("../../Sample.pdf"), sent("b.zip")], user=cataloguer)
    assert problems == []
    one, two = Attachment.objects.of(book).order_by("pk")
    assert (one.name, two.name) == ("Sample.pdf", "b.zip")
    assert one.content_type == two.content_type == "application/pdf"
    assert (one.size, one.created_by) == (12, cataloguer)
    for name in stored(settings):
        folder, _slash, last = name.rpartition("/")
        assert folder == f"books/{book.pk}/files"
        assert len(last) == 32


def test_several_files_are_one_change_of_the_record(make_books, cataloguer):
    [book] = make_books(1)
    version = Book.objects.get(pk=book.pk).version
    files.attach(book, [sent("a.pdf"), sent("b.pdf")], user=cataloguer)
    snapshot = Book.history.filter(id=book.pk).order_by("-history_id")[0]
    assert snapshot.details["files"] == ["a.pdf", "b.pdf"]
    assert snapshot.version == Book.objects.get(pk=book.pk).version == version + 1


def test_files_that_arrive_at_once_keep_the_limit_too(make_books, cataloguer, monkeypatch):
    monkeypatch.setattr(files, "MOST_FILES", 2)
    [book] = make_books(1)
    real = files._kept

    def meanwhile(record, file, *args, **kwargs):  # somebody else attaches while this is written
        kept = real(record, file, *args, **kwargs)
        monkeypatch.setattr(files, "_kept", real)
        files.attach(book, [sent("theirs")], user=cataloguer)
        return kept

    monkeypatch.setattr(files, "_kept", meanwhile)
    problems = files.attach(book, [sent("mine"), sent("mine too")], user=cataloguer)
    assert [problem.split(":")[0] for problem in problems] == ["mine too"]
    assert {item.name for item in Attachment.objects.of(book)} == {"theirs", "mine"}


def test_those_that_cannot_be_taken_are_named_and_the_others_kept(
    make_books, cataloguer, settings, monkeypatch
):
    settings.MAX_FILE_MB = 1
    monkeypatch.setattr(files, "MOST_FILES", 2)
    [book] = make_books(1)
    problems = files.attach(
        book,
        [sent("empty", b""), sent("big", b"x" * ((1 << 20) + 1)), sent("1"), sent("2"), sent("3")],
        user=cataloguer,
    )
    assert [problem.split(":")[0] for problem in problems] == ["empty", "big", "3"]
    assert "larger than 1 MB" in problems[1]
    assert "2 files here already" in problems[2]
    assert [item.name for item in Attachment.objects.of(book)] == ["1", "2"]
    assert len(stored(settings)) == 2


def test_a_full_disk_is_said_and_leaves_nothing(make_books, cataloguer, settings, monkeypatch):
    [book] = make_books(1)

    def save(name, content, max_length=None):
        path = Path(settings.MEDIA_ROOT, name)
        path.parent.mkdir(parents=True)
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(default_storage, "save", save)
    [problem] = files.attach(book, [sent()], user=cataloguer)
    assert "no room left" in problem
    assert stored(settings) == []
    assert not Attachment.objects.exists()


def test_a_database_that_fails_leaves_no_file(make_books, cataloguer, settings, monkeypatch):
    [book] = make_books(1)

    def fail(rows):
        raise ValueError

    monkeypatch.setattr(Attachment.objects, "bulk_create", fail)
    with pytest.raises(ValueError):  # noqa: PT011 - any error would do
        files.attach(book, [sent()], user=cataloguer)
    assert stored(settings) == []


# --- Removing, and bringing back --------------------------------------------------------------


def test_of_two_who_remove_a_file_one_does(make_books, cataloguer, manager):
    files.attach(make_books(1)[0], [sent()], user=cataloguer)
    first, second = Attachment.objects.get(), Attachment.objects.get()
    files.remove(first, user=manager)
    with pytest.raises(Attachment.DoesNotExist):
        files.remove(second, user=cataloguer)
    assert Upload.objects.count() == 1


def test_a_removed_file_comes_back_as_it_was(make_books, cataloguer, manager):
    [book] = make_books(1)
    files.attach(book, [sent()], user=cataloguer)
    before = Attachment.objects.get()
    token = files.remove(before, user=manager)
    assert not Attachment.objects.exists()
    assert default_storage.exists(before.file.name)
    last = Book.history.filter(id=book.pk).order_by("-history_id")[0]
    assert "files" not in last.details
    back = files.put_back(token)
    assert back is not None
    for name in ("kind", "record_id", "name", "size", "content_type", "created_by", "created_at"):
        assert getattr(back, name) == getattr(before, name), name
    assert back.file.name == before.file.name
    assert not Upload.objects.exists()


def test_it_comes_back_once(make_books, cataloguer):
    [book] = make_books(1)
    files.attach(book, [sent()], user=cataloguer)
    token = files.remove(Attachment.objects.get(), user=cataloguer)
    assert files.put_back(token) is not None
    assert files.put_back(token) is None
    assert Attachment.objects.count() == 1


def test_it_does_not_come_back_to_a_record_that_is_gone(make_books, cataloguer):
    [book] = make_books(1)
    files.attach(book, [sent()], user=cataloguer)
    token = files.remove(Attachment.objects.get(), user=cataloguer)
    book.delete()
    assert files.put_back(token) is None


def test_nobody_can_make_up_what_comes_back(make_books, cataloguer):
    assert files.put_back("nonsense") is None
    assert files.put_back("") is None
