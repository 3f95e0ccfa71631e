"""Covers and headshots: taken in as an `Upload`, then given to a record.

Every picture is decoded and written anew by a process of its own (`picture_reader`), so nothing
that a stranger sent is ever stored or served as it came.
"""

import hashlib
import json
import logging
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.child import child_environment
from catalog.models import Upload
from catalog.models.indexed import deferred
from catalog.models.versioned import VersionedModel
from catalog.pictures import DIGEST, PictureName, parse
from catalog.services.database_errors import is_full
from catalog.services.files import (
    UnusableFile,
    discard,
    disk_is_full,
    folder_of,
    harmless_name,
    head_of,
    sniff,
    write,
)

logger = logging.getLogger(__name__)

MOST_PIXELS = 40_000_000
KINDS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
ACCEPT = ",".join(KINDS)  # for <input accept>: phones then hand over HEIC as JPEG
PROCESSES = 2  # pictures decoded at a time by one web process; each may take 1 GB
WAIT_SECONDS = 20
SECONDS = 30

_turns = threading.BoundedSemaphore(PROCESSES)


class UnusablePicture(UnusableFile):
    """The picture cannot be taken in; its text is for the person who sent it."""


@dataclass(frozen=True)
class PictureChange:
    """What a form says about a picture: this one instead, or none at all."""

    upload: Upload | None


# --- Taking in --------------------------------------------------------------------------------


def take_in(file: "File[bytes]", *, user: User, name: str = "") -> Upload:
    """Keep a picture until its form is saved. Raises UnusablePicture, and then keeps nothing."""
    most = settings.MAX_PICTURE_MB
    if not file.size:
        raise UnusablePicture(_("This file is empty. Choose another one."))
    if file.size > most << 20:
        raise UnusablePicture(too_large(most))
    kind = kind_of(head_of(file))
    with _rewritten(file, kind) as pictures:
        upload = Upload(
            purpose=Upload.Purpose.PICTURE,
            name=harmless_name(name or file.name or ""),
            size=len(pictures[-1][1]),
            content_type="image/webp",
            created_by=user,
        )
        names = _names(upload, pictures)
        upload.file.name = names[-1]
        try:
            for place, (_size, content) in zip(names, pictures, strict=True):
                write(place, ContentFile(content))
            upload.save()
        except BaseException as error:
            discard(names)
            if is_full(error):
                raise disk_is_full() from error
            raise
    return upload


def _names(upload: Upload, pictures: "Pictures") -> list[str]:
    """Where the sizes of an upload lie, the largest last."""
    digest = hashlib.blake2b(pictures[-1][1], digest_size=DIGEST // 2).hexdigest()
    folder = f"uploads/{upload.pk.hex}"
    return [
        str(PictureName(folder, "picture", digest, width, height))
        for (width, height), _content in pictures
    ]


def too_large(max_mb: int) -> str:
    """Also said in the browser, before the file is sent."""
    return _(
        "This picture is larger than %(max_mb)d MB, the most that is accepted. Save it smaller, "
        "or as JPEG."
    ) % {"max_mb": max_mb}


_FORMATS: Final = {
    "image/gif": "GIF",
    "image/tiff": "TIFF",
    "image/bmp": "BMP",
    "image/avif": "AVIF",
    "image/heic": "HEIC",
    "image/svg+xml": "SVG",
    "image/vnd.adobe.photoshop": "Photoshop",
    "application/pdf": "PDF",
}


def kind_of(head: bytes) -> str:
    """The format in which Pillow is to open it, told from the content alone."""
    content_type = sniff(head)
    if content_type in KINDS:
        return KINDS[content_type]
    if content_type in _FORMATS:
        raise UnusablePicture(
            _("%(format)s files are not taken as pictures. Save it as JPEG, PNG or WebP.")
            % {"format": _FORMATS[content_type]}
        )
    if content_type == "text/html":
        raise UnusablePicture(
            _("This is a web page, not a picture. Open it and save the picture itself.")
        )
    raise UnusablePicture(
        _("This file is not a picture, whatever its name says. Choose a JPEG, PNG or WebP.")
    )


def _sentence(code: str) -> str:
    if code == "too_many_pixels":
        return _(
            "This picture has more than %(most)d million pixels, the most that is accepted. "
            "Save it smaller."
        ) % {"most": MOST_PIXELS // 1_000_000}
    if code == "too_small":
        return _("This picture is too small to be seen: it needs at least 32 pixels each way.")
    if code == "too_much":
        return _("This picture takes too long to open. Save it anew, as JPEG, and try again.")
    return _("This picture is damaged: it ends too early or is not what it says. Try another.")


Pictures = list[tuple[tuple[int, int], bytes]]


@contextmanager
def _rewritten(file: "File[bytes]", kind: str) -> Iterator[Pictures]:
    """The picture in all its sizes, the largest last."""
    try:
        with tempfile.TemporaryDirectory(prefix="picture-") as folder:
            yield _rewrite(_local(file, folder), folder, kind)
    except OSError as error:
        if is_full(error):
            raise disk_is_full() from error
        raise


def _local(file: "File[bytes]", folder: str) -> str:
    path: str = getattr(file, "temporary_file_path", lambda: "")()
    if path:
        return path
    with Path(folder, "source").open("wb") as copy:
        copy.writelines(file.chunks())
    return copy.name


def _rewrite(path: str, folder: str, kind: str) -> Pictures:
    request = {"path": path, "folder": folder, "kind": kind, "most_pixels": MOST_PIXELS}
    if not _turns.acquire(timeout=WAIT_SECONDS):
        raise UnusablePicture(_("Many pictures are arriving just now. Try again in a minute."))
    try:
        answer = _ask(request)
    finally:
        _turns.release()
    if answer.get("error") == "not_written":
        raise OSError(answer.get("errno"), "while writing a picture")
    if "sizes" not in answer:
        raise UnusablePicture(_sentence(str(answer.get("error"))))
    return [
        ((width, height), Path(folder, f"{width:d}x{height:d}.webp").read_bytes())
        for width, height in answer["sizes"]
    ]


def _ask(request: dict[str, Any]) -> dict[str, Any]:
    """Start the process and hear its answer, however it ends."""
    try:
        # No preexec_fn: it is not safe in a process with threads. The child limits itself.
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [
                *(sys.executable, "-S", "-P", "-m", "catalog.services.picture_reader"),
                json.dumps(request),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=child_environment("PIL"),
            cwd="/",
            start_new_session=True,  # Ctrl-C is for us
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        logger.warning("A picture was given up after %d seconds", SECONDS)
        return {"error": "too_much"}
    if done.stderr:
        logger.info("A picture was refused: %s", done.stderr[-500:].decode(errors="replace"))
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:  # ended by one of its limits, or by the picture
        logger.warning("The picture process ended with %d", done.returncode)
        return {"error": "too_much"}
    return answer


# --- Giving to a record -----------------------------------------------------------------------


def owned(upload_id: str, user: User | None) -> Upload | None:
    """The picture that this person sent earlier; nobody gets at another's."""
    try:
        key = uuid.UUID(upload_id)
    except ValueError:
        return None
    if user is None:
        return None
    mine = Upload.objects.filter(pk=key, created_by=user.pk, purpose=Upload.Purpose.PICTURE)
    return mine.first()


def attach(
    record: VersionedModel, field_name: str, change: PictureChange | None, *, save: bool = True
) -> None:
    """Give the record the picture, or take its picture away; None changes nothing.

    The record has a key already: the files lie in its folder. Call it in the `deferred()` block
    that saves the record, before `save()` with `save=False` or after it. Saving raises
    Conflict, as for every field, if somebody gave it another picture after it was loaded. The
    files are written at once; if the transaction fails `tidy` removes them. What was there before
    is kept for FILES_KEPT_DAYS, so that the change can be undone.
    """
    if change is None:
        return
    name = "" if change.upload is None else _place(record, field_name, change.upload)
    if getattr(record, field_name).name == name:
        return
    setattr(record, field_name, name)
    if save:
        with deferred():
            record.save(update_fields=[field_name])


def place_of(record: VersionedModel, field_name: str, upload: Upload) -> str:
    """What this picture is called when the record has it: the same content, the same name."""
    name = upload.file.name or ""
    source = parse(name)
    return str(replace(source, folder=folder_of(record), field=field_name)) if source else name


def _place(record: VersionedModel, field_name: str, upload: Upload) -> str:
    """Copy an upload's files into the record's folder; it stays for a second form that has it."""
    source, target = parse(upload.file.name or ""), parse(place_of(record, field_name, upload))
    if source is None or target is None:
        raise UnusablePicture(_sentence("damaged"))
    try:
        for old, new in zip(source.files(), target.files(), strict=True):
            _copy(str(old), str(new))
    except FileNotFoundError as error:
        raise UnusablePicture(gone()) from error
    return str(target)


def gone() -> str:
    return _("The picture that was sent earlier is no longer kept. Choose it again.")


def _copy(old: str, new: str) -> None:
    with default_storage.open(old, "rb") as file:
        if default_storage.exists(new):
            # The same picture: its name says so. Only a write that was cut short differs.
            if default_storage.size(new) == file.size:
                return
            default_storage.delete(new)
        write(new, file)
