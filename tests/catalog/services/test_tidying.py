"""Tidying removes what nothing refers to, and nothing that an undo would need."""

# A file field's name may be None for the type checker; here there always is one.
# mypy: disable-error-code="arg-type, union-attr, attr-defined"

import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone

from catalog import tasks
from catalog.models import Attachment, Author, Book, Note, Submission, Upload
from catalog.pictures import parse
from catalog.services import files, pictures, tidying
from catalog.services.pictures import PictureChange
from tests import files as made

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "media")


@pytest.fixture
def cover(cataloguer):
    """`cover(book, 100)`: another cover each time, by its width."""

    def give(record, width: int, field: str = "cover") -> str:
        content = made.jpeg_picture((width, 150))
        upload = pictures.take_in(SimpleUploadedFile("a.jpg", content), user=cataloguer)
        record.refresh_from_db()
        pictures.attach(record, field, PictureChange(upload))
        return str(getattr(record, field).name)

    return give


def later(days: float) -> tidying.Tidied:
    return tidying.tidy(timezone.now() + timedelta(days=days))


def there(name: str) -> bool:
    found = [default_storage.exists(str(file)) for file in parse(name).files()]
    assert len(set(found)) == 1
    return found[0]


def stored(settings) -> list[str]:
    root = Path(settings.MEDIA_ROOT)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_a_replaced_cover_is_kept_for_the_period_and_then_goes(make_books, cover):
    [book] = make_books(1)
    old = cover(book, 100)
    new = cover(book, 120)
    later(29)
    assert there(old)
    later(31)
    assert not there(old)
    assert there(new)


def test_the_period_counts_from_the_replacement_not_from_the_upload(make_books, cover):
    [book] = make_books(1)
    old = cover(book, 100)
    long_ago = timezone.now() - timedelta(days=200)
    Book.history.filter(id=book.pk).update(history_date=long_ago)
    path = default_storage.path(old)
    os.utime(path, (long_ago.timestamp(), long_ago.timestamp()))
    cover(book, 120)  # today
    later(1.5)
    assert there(old)


def test_every_cover_of_the_period_is_kept(make_books, cover):
    [book] = make_books(1)
    names = [cover(book, width) for width in (100, 120, 140)]
    later(20)
    assert all(map(there, names))
    later(40)
    assert [there(name) for name in names] == [False, False, True]


def test_a_deleted_book_keeps_its_cover_and_files_until_nobody_can_undo_it(
    make_books, cover, cataloguer, settings
):
    [book] = make_books(1)
    name = cover(book, 100)
    files.attach(book, [SimpleUploadedFile("a.pdf", b"%PDF")], user=cataloguer)
    Note.objects.create(kind="book", record_id=book.pk, text="Good", created_by=cataloguer)
    book.delete()
    later(29)
    assert there(name)
    assert Attachment.objects.count() == Note.objects.count() == 1
    done = later(31)
    assert (done.attachments, done.notes) == (1, 1)
    assert stored(settings) in ([], ["books", "uploads"])


def test_notes_and_files_of_records_that_are_here_stay(make_books, cataloguer):
    [book] = make_books(1)
    files.attach(book, [SimpleUploadedFile("a.pdf", b"%PDF")], user=cataloguer)
    Note.objects.create(kind="book", record_id=book.pk, text="Good", created_by=cataloguer)
    later(500)
    assert Attachment.objects.count() == Note.objects.count() == 1
    assert default_storage.exists(Attachment.objects.get().file.name)


def test_portraits_are_looked_after_as_covers_are(make_author, cover):
    author = make_author()
    old, new = (cover(author, width, "headshot") for width in (100, 120))
    later(31)
    assert (there(old), there(new)) == (False, True)
    assert Author.objects.get().headshot.name == new


def test_uploads_whose_form_was_never_saved_go_after_a_day(make_books, cover, settings):
    [book] = make_books(1)
    name = cover(book, 100)
    later(0.9)
    assert Upload.objects.count() == 1
    done = later(1.1)
    assert done.uploads == 1
    assert not Upload.objects.exists()
    assert there(name)
    assert not any("uploads/" in path and path.endswith(".webp") for path in stored(settings))


def test_what_told_two_clicks_apart_goes_after_a_day(db):
    Submission.objects.create(key="k", kind="book", record_id=1)
    later(0.9)
    assert Submission.objects.exists()
    later(1.1)
    assert not Submission.objects.exists()


def test_files_of_a_save_that_failed_go_after_a_day(make_books, cover):
    [book] = make_books(1)
    name = cover(book, 100)
    orphan = f"books/{book.pk}/cover-{'0' * 16}-100x150.webp"
    lost = f"uploads/{'0' * 32}/picture-{'0' * 16}-100x150.webp"
    for place in (orphan, lost):
        default_storage.save(place, io.BytesIO(b"x"))
    later(0.5)
    assert default_storage.exists(orphan)
    assert default_storage.exists(lost)
    later(1.5)
    assert not default_storage.exists(orphan)
    assert not default_storage.exists(lost)
    assert there(name)


def test_a_removed_file_can_be_put_back_within_the_period(make_books, cataloguer):
    [book] = make_books(1)
    files.attach(book, [SimpleUploadedFile("a.pdf", b"%PDF")], user=cataloguer)
    place = Attachment.objects.get().file.name
    token = files.remove(Attachment.objects.get(), user=cataloguer)
    later(29)
    assert default_storage.exists(place)
    later(31)
    assert not default_storage.exists(place)
    assert files.put_back(token) is None


def test_a_file_that_is_put_back_in_this_moment_stays(make_books, cataloguer, monkeypatch):
    [book] = make_books(1)
    for name in ("a.txt", "b.txt"):
        files.attach(book, [SimpleUploadedFile(name, b"x")], user=cataloguer)
    tokens = [files.remove(each, user=cataloguer) for each in Attachment.objects.all()]
    discard = files.discard

    def put_the_other_back(names) -> None:  # while the first is being discarded
        discard(names)
        monkeypatch.setattr(files, "discard", discard)
        assert any(files.put_back(token) for token in tokens)

    monkeypatch.setattr(files, "discard", put_the_other_back)
    later(31)
    assert default_storage.exists(Attachment.objects.get().file.name)


def test_nothing_outside_the_folders_of_records_is_touched(make_books, settings):
    for place in ("imports/a.xlsx", "covers/old.jpg", "readme.txt"):
        default_storage.save(place, io.BytesIO(b"x"))
    later(500)
    assert {"imports/a.xlsx", "covers/old.jpg", "readme.txt"} <= set(stored(settings))


def test_tidying_twice_is_tidying_once(make_books, cover):
    [book] = make_books(1)
    cover(book, 100)
    cover(book, 120)
    assert later(31).files == 2  # 80 and 100 wide
    assert later(31) == tidying.Tidied()


def test_the_number_of_queries_does_not_grow_with_the_records(
    make_books, cover, django_assert_num_queries
):
    for book in make_books(3):
        cover(book, 100)
        cover(book, 120)
    later(1.1)  # the uploads
    # 1 for submissions. 3 for uploads: old pictures, removed files, those known. For each kind 3:
    # files and notes of records that are gone, and what waits to be put back. 3 for the batch of
    # books: their attached files, what they show, what they showed.
    with django_assert_num_queries(16):
        assert later(31).files == 6


class Bucket:
    """As much of an S3 bucket as tidying needs: a flat listing by prefix."""

    def __init__(self, names):
        self.names, self.objects, self.asked = sorted(names), self, []

    def filter(self, Prefix):
        self.asked.append(Prefix)
        return [type("Item", (), {"key": n})() for n in self.names if n.startswith(Prefix)]


def test_a_bucket_is_listed_by_kind_not_by_record(make_books, cover, settings, monkeypatch):
    books = make_books(2)
    for book in books:
        cover(book, 100)
        cover(book, 120)
    names = [path for path in stored(settings) if path.endswith(".webp")]
    bucket = Bucket(names)
    monkeypatch.setattr(default_storage, "bucket", bucket, raising=False)
    done = later(31)
    assert bucket.asked == ["uploads/", "books/", "authors/", "publishers/"]
    assert done.files == 4


# --- When it is done --------------------------------------------------------------------------


def test_the_command_says_what_it_removed(capsys):
    call_command("tidy")
    assert "Removed 0 files, 0 uploads" in capsys.readouterr().out


def test_one_process_a_day_tidies(monkeypatch):
    done = []
    monkeypatch.setattr(tidying, "tidy", lambda: done.append(1))
    from django.core.cache import cache

    cache.delete("tidied")
    tasks.tidy_up()
    tasks.tidy_up()
    assert done == [1]
    cache.delete("tidied")


def test_a_failure_ends_neither_the_watch_nor_the_process(monkeypatch, caplog):
    from django.core.cache import cache

    def fail():
        raise OSError("the bucket is gone")

    cache.delete("tidied")
    monkeypatch.setattr(tidying, "tidy", fail)
    tasks.tidy_up()
    assert "Could not tidy up" in caplog.text
    cache.delete("tidied")
