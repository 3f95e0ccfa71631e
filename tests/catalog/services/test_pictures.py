"""Pictures: only what decodes is taken, and nothing of the file that came is stored."""

# A file field's name may be None for the type checker; here there always is one.
# mypy: disable-error-code="arg-type, union-attr, attr-defined, index, misc"

import errno
import io
import os
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from PIL import Image, ImageCms

from catalog.models import Book, Upload
from catalog.models.indexed import deferred
from catalog.models.versioned import Conflict
from catalog.pictures import parse
from catalog.services import pictures
from catalog.services.books import save_book
from catalog.services.pictures import PictureChange, UnusablePicture
from tests import files

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "media")


@pytest.fixture
def take_in(cataloguer):
    def take_in(content: bytes, name: str = "cover.jpg") -> Upload:
        return pictures.take_in(SimpleUploadedFile(name, content), user=cataloguer)

    return take_in


def opened(upload: Upload) -> Image.Image:
    with default_storage.open(upload.file.name) as file:
        picture = Image.open(io.BytesIO(file.read()))
    picture.load()
    return picture


def everything(folder: str) -> list[str]:
    return sorted(
        str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()
    )


# --- What is taken ----------------------------------------------------------------------------


def test_a_picture_is_kept_in_the_sizes_that_pages_use(take_in):
    upload = take_in(files.jpeg_picture((3000, 4500)))
    name = parse(upload.file.name)
    assert name is not None
    sizes = [(file.width, file.height) for file in name.files()]
    assert sizes == [(80, 120), (160, 240), (320, 480), (640, 960), (1200, 1800)]
    for file in name.files():
        with default_storage.open(str(file)) as stored:
            picture = Image.open(stored)
            assert (picture.format, picture.size) == ("WEBP", (file.width, file.height))


def test_a_picture_is_never_enlarged(take_in):
    name = parse(take_in(files.png_picture((100, 151))).file.name)
    assert [(file.width, file.height) for file in name.files()] == [(80, 121), (100, 151)]


def test_a_long_strip_is_bounded_in_height_too(take_in):
    assert opened(take_in(files.png_picture((400, 12_000)))).size == (80, 2400)


@pytest.mark.parametrize(
    "content",
    [
        files.jpeg_picture(),
        files.jpeg_picture(progressive=True),
        files.jpeg_picture(mode="L"),
        files.jpeg_picture(mode="CMYK"),
        files.png_picture(),
        files.png_picture(mode="P"),
        files.png_picture(mode="1"),
        files.png_picture(mode="L"),
        files.png_picture(mode="RGBA"),
        files.png_picture(mode="LA"),
        files.webp_picture(),
        files.webp_picture(lossless=True),
    ],
    ids=["jpeg", "progressive", "grey", "CMYK", "png", "palette", "bits", "L", "RGBA", "LA", "webp",
         "lossless"],
)  # fmt: skip
def test_every_kind_of_picture_becomes_a_plain_one(take_in, content):
    picture = opened(take_in(content, "whatever.txt"))
    assert (picture.mode, picture.size) == ("RGB", (600, 900))


def test_colours_survive(take_in):
    for content in (
        files.jpeg_picture(),
        files.jpeg_picture(mode="CMYK"),
        files.png_picture(mode="P"),
        files.webp_picture(),
    ):
        picture = opened(take_in(content))
        red, _green, blue = picture.getpixel((100, 800))
        assert red > 150
        assert blue < 90
        red, _green, blue = picture.getpixel((500, 800))
        assert blue > 150
        assert red < 90


def test_greys_of_16_bits_keep_their_shades(take_in):
    picture = opened(take_in(files.png_16_bit()))
    shades = [picture.getpixel((x, 50))[0] for x in (2, 50, 97)]
    assert shades[0] < 20
    assert 110 < shades[1] < 145
    assert shades[2] > 235


def test_what_is_transparent_becomes_white(take_in):
    picture = opened(take_in(files.see_through_png()))
    assert picture.mode == "RGB"
    assert min(picture.getpixel((90, 50))) > 245
    assert picture.getpixel((10, 50))[0] > 150


def test_colours_of_a_wide_profile_are_those_of_srgb(take_in):
    """The profile is one that swaps nothing but is there: it is applied and not kept."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = opened(take_in(files.jpeg_picture(icc_profile=profile)))
    assert "icc_profile" not in picture.info
    assert picture.getpixel((100, 800))[0] > 150


def test_a_profile_that_cannot_be_read_is_no_reason_to_refuse(take_in):
    assert opened(take_in(files.jpeg_picture(icc_profile=b"nonsense" * 50))).mode == "RGB"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright(take_in, orientation):
    """Compared with what Pillow itself makes of the orientation."""
    from PIL import ImageOps

    content = files.jpeg_from_a_phone((200, 300), orientation)
    with Image.open(io.BytesIO(content)) as source:
        wanted = ImageOps.exif_transpose(source).convert("RGB")
    picture = opened(take_in(content))
    assert picture.size == wanted.size
    width, height = wanted.size
    for x in (20, width - 20):
        for y in (8, height - 8):
            pairs = zip(picture.getpixel((x, y)), wanted.getpixel((x, y)), strict=True)
            assert all(abs(one - other) < 40 for one, other in pairs), (x, y)


def test_nothing_of_the_files_metadata_is_stored(take_in, settings):
    take_in(files.jpeg_from_a_phone())
    stored = [
        Path(settings.MEDIA_ROOT, name).read_bytes() for name in everything(settings.MEDIA_ROOT)
    ]
    assert len(stored) == 5
    for content in stored:
        assert b"Secret" not in content
        assert b"EXIF" not in content
        assert b"XMP " not in content


def test_of_a_jpeg_that_is_a_page_too_only_the_picture_is_left(take_in, settings):
    take_in(files.jpeg_with_a_page())
    for name in everything(settings.MEDIA_ROOT):
        content = Path(settings.MEDIA_ROOT, name).read_bytes()
        assert b"script" not in content
        assert b"html" not in content


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_of_an_animation_the_first_picture_is_taken(take_in, kind):
    picture = opened(take_in(files.animated(kind)))
    assert getattr(picture, "n_frames", 1) == 1
    assert picture.getpixel((40, 60))[0] > 200


def test_the_content_decides_not_the_name(take_in):
    upload = take_in(files.png_picture(), "statement.pdf")
    assert upload.content_type == "image/webp"
    assert upload.name == "statement.pdf"  # only ever shown


# --- What is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (files.SVG, "SVG files are not taken"),
        (files.PAGE, "is a web page"),
        (b"just some text", "is not a picture"),
        (b"\0" * 5000, "is not a picture"),
        (files.other_picture("GIF"), "GIF files are not taken"),
        (files.other_picture("TIFF"), "TIFF files are not taken"),
        (files.other_picture("BMP"), "BMP files are not taken"),
        (files.other_picture("AVIF"), "AVIF files are not taken"),
        (b"%PDF-1.7 " + b"x" * 100, "PDF files are not taken"),
        (files.picture_bomb(), "40 million pixels"),
        (files.png_picture((31, 500)), "too small"),
        (files.png_picture((1, 1)), "too small"),
        (files.jpeg_picture()[:2000], "is damaged"),
        (files.png_picture()[:500], "is damaged"),
        (files.webp_picture()[:300], "is damaged"),
        (b"\xff\xd8\xff\xe0" + os.urandom(3000), "is damaged"),
        (b"\x89PNG\r\n\x1a\n" + os.urandom(3000), "is damaged"),
        (b"RIFF\0\1\0\0WEBP" + os.urandom(3000), "is damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_picture_is_refused_and_nothing_is_kept(take_in, settings, content, said):
    with pytest.raises(UnusablePicture, match=said):
        take_in(content, "cover.jpg")
    assert not Upload.objects.exists()
    assert everything(settings.MEDIA_ROOT) == []


def test_a_picture_over_the_limit_of_bytes_is_refused_before_it_is_opened(
    take_in, settings, monkeypatch
):
    settings.MAX_PICTURE_MB = 1
    monkeypatch.setattr(pictures, "_ask", lambda request: pytest.fail("opened"))
    with pytest.raises(UnusablePicture, match="larger than 1 MB"):
        take_in(files.jpeg_picture() + b"\0" * (1 << 20))


def test_a_picture_that_would_take_hours_is_given_up(take_in, monkeypatch):
    monkeypatch.setattr("catalog.services.pictures.SECONDS", 0.3)
    with pytest.raises(UnusablePicture, match="takes too long"):
        take_in(files.jpeg_of_many_scans(80))


def test_a_picture_that_is_painted_thousands_of_times_is_not_begun(take_in):
    with pytest.raises(UnusablePicture, match="is damaged"):
        take_in(files.jpeg_of_many_scans(3_000))


def test_when_many_pictures_arrive_at_once_some_are_asked_to_wait(take_in, monkeypatch):
    monkeypatch.setattr(pictures, "WAIT_SECONDS", 0.01)
    for _turn in range(pictures.PROCESSES):
        assert pictures._turns.acquire(blocking=False)
    try:
        with pytest.raises(UnusablePicture, match="Try again"):
            take_in(files.jpeg_picture())
    finally:
        for _turn in range(pictures.PROCESSES):
            pictures._turns.release()
    take_in(files.jpeg_picture())


@pytest.mark.parametrize("after", [0, 2])
def test_a_full_disk_is_said_and_leaves_no_half_of_a_picture(take_in, settings, monkeypatch, after):
    written: list[str] = []

    def save(name, content, max_length=None):
        if len(written) == after:
            Path(settings.MEDIA_ROOT, name).parent.mkdir(parents=True, exist_ok=True)
            Path(settings.MEDIA_ROOT, name).write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(name)
        return real(name, content, max_length)

    real = default_storage.save
    monkeypatch.setattr(default_storage, "save", save)
    with pytest.raises(pictures.UnusableFile, match="no room left"):
        take_in(files.jpeg_picture())
    assert not Upload.objects.exists()
    assert everything(settings.MEDIA_ROOT) == []


# --- Giving it to a record --------------------------------------------------------------------


def test_a_record_gets_its_own_copy_in_its_own_folder(take_in, make_books):
    [book] = make_books(1)
    upload = take_in(files.jpeg_picture())
    pictures.attach(book, "cover", PictureChange(upload))
    book.refresh_from_db()
    assert book.cover.name.startswith(f"books/{book.pk}/cover-")
    assert book.cover.name.endswith("-600x900.webp")
    assert book.has_cover
    for file in parse(book.cover.name).files():
        assert default_storage.exists(str(file))
    assert default_storage.exists(upload.file.name)  # for another tab, or a second click


def test_it_is_one_change_with_the_rest_of_the_record(take_in, make_books):
    [book] = make_books(1)
    upload = take_in(files.jpeg_picture())
    before = Book.history.filter(id=book.pk).count()
    with deferred():
        book.title = "Dune"
        book.save()
        pictures.attach(book, "cover", PictureChange(upload))
    snapshots = Book.history.filter(id=book.pk).order_by("-history_id")
    assert snapshots.count() == before + 1
    assert (snapshots[0].title, snapshots[0].cover) == ("Dune", book.cover.name)


def test_a_new_record_with_a_picture_is_at_its_first_version(take_in, cataloguer):
    book = save_book(Book(title="Dune"), cover=PictureChange(take_in(files.jpeg_picture())))
    book.refresh_from_db()
    assert book.cover
    assert book.version == 1
    assert [(each.version, each.history_type) for each in book.history.all()] == [(1, "+")]


def test_the_filter_by_cover_follows(take_in, make_books, client):
    [book] = make_books(1)
    pictures.attach(book, "cover", PictureChange(take_in(files.jpeg_picture())))
    assert b"Book 001" in client.get("/books/?cover=with").content
    pictures.attach(book, "cover", PictureChange(None))
    assert b"Book 001" not in client.get("/books/?cover=with").content


def test_a_second_click_with_the_same_upload_changes_nothing(take_in, make_books):
    [book] = make_books(1)
    upload = take_in(files.jpeg_picture())
    pictures.attach(book, "cover", PictureChange(upload))
    version, name = book.version, book.cover.name
    again = Book.objects.get(pk=book.pk)
    pictures.attach(again, "cover", PictureChange(upload))
    again.refresh_from_db()
    assert (again.version, again.cover.name) == (version, name)


def test_a_copy_that_was_cut_short_is_written_anew(take_in, make_books):
    [book] = make_books(1)
    upload = take_in(files.jpeg_picture())
    pictures.attach(book, "cover", PictureChange(upload))
    path = Path(default_storage.path(book.cover.name))
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    Book.objects.filter(pk=book.pk).update(cover="")
    book.refresh_from_db()
    pictures.attach(book, "cover", PictureChange(upload))
    assert path.read_bytes() == whole


@pytest.mark.parametrize("removes", [True, False])
@pytest.mark.parametrize(
    "give",
    [
        lambda book, change: pictures.attach(book, "cover", change),
        lambda book, change: save_book(book, cover=change),
    ],
    ids=["attach", "save_book"],
)
def test_a_picture_that_somebody_else_gave_meanwhile_is_not_overwritten(
    take_in, make_books, give, removes
):
    [book] = make_books(1)
    mine = None if removes else take_in(files.png_picture((100, 151)))
    give(book, PictureChange(take_in(files.jpeg_picture((90, 90)))))
    stale = Book.objects.get(pk=book.pk)
    give(book, PictureChange(take_in(files.jpeg_picture())))
    with pytest.raises(Conflict) as conflict:
        give(stale, PictureChange(mine))
    assert set(conflict.value.fields) == {"cover"}
    assert Book.objects.get(pk=book.pk).cover.name == book.cover.name


def test_none_changes_nothing(make_books):
    [book] = make_books(1)
    version = Book.objects.get(pk=book.pk).version
    pictures.attach(book, "cover", None)
    book.refresh_from_db()
    assert (book.cover.name, book.version) == ("", version)


def test_a_failed_save_leaves_the_record_as_it_was(take_in, make_books):
    [book] = make_books(1)
    upload = take_in(files.jpeg_picture())
    with pytest.raises(ZeroDivisionError), transaction.atomic():  # noqa: PT012 - what happens then
        pictures.attach(book, "cover", PictureChange(upload))
        raise ZeroDivisionError
    assert Book.objects.get(pk=book.pk).cover.name == ""
    assert default_storage.exists(upload.file.name)


def test_an_upload_whose_file_is_gone_is_said(take_in, make_books):
    [book] = make_books(1)
    upload = take_in(files.jpeg_picture())
    default_storage.delete(upload.file.name)
    with pytest.raises(UnusablePicture, match="no longer kept"):
        pictures.attach(book, "cover", PictureChange(upload))


def test_only_who_sent_a_picture_may_use_it(take_in, cataloguer, manager):
    upload = take_in(files.jpeg_picture())
    assert pictures.owned(str(upload.pk), cataloguer) == upload
    assert pictures.owned(str(upload.pk), manager) is None
    assert pictures.owned("../../etc/passwd", cataloguer) is None
    assert pictures.owned(str(upload.pk), None) is None
