"""Files that people attach to records, and what all uploads have in common.

Nothing here trusts a file's name or what a browser says about it: the type is told from the
content, the place in the storage follows from the record.
"""

import datetime
import re
import unicodedata
import uuid
from collections.abc import Iterable
from typing import IO, Final

from django.conf import settings
from django.core import signing
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import models
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Attachment, Author, Book, Publisher, Upload
from catalog.models.indexed import about_to_write, deferred, written
from catalog.models.versioned import VersionedModel, record_kind
from catalog.pictures import FOLDERS
from catalog.services.database_errors import is_full

NAME_LENGTH = 150
LONGEST_ENDING = 10
UNKNOWN = "application/octet-stream"
HEAD = 4096  # bytes that tell what a file is


class UnusableFile(Exception):
    """The file cannot be taken in; its text is for the person who sent it."""


def disk_is_full() -> UnusableFile:
    return UnusableFile(
        _(
            "There is no room left for files, so nothing was kept of this one. "
            "Tell whoever runs this catalogue."
        )
    )


# --- Names ------------------------------------------------------------------------------------

_SEPARATORS = re.compile(r"[/\\]")
_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}  # control, direction, private, unassigned
_JOINERS = "\u200c\u200d"  # format characters that words of some languages need


def harmless_name(name: str) -> str:
    """A file's name as it may be shown and saved: no folders, nothing hidden, 150 characters.

    It is never used as a path here, but whoever downloads the file saves it under this name.
    """
    name = _SEPARATORS.split(name)[-1]
    name = unicodedata.normalize("NFC", name)
    name = "".join(c for c in name if c in _JOINERS or unicodedata.category(c) not in _HIDDEN)
    name = " ".join(name.split()).strip(". ")
    if not name.strip(_JOINERS):
        return "file"
    if len(name) <= NAME_LENGTH:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > LONGEST_ENDING:
        return name[:NAME_LENGTH].rstrip()
    return stem[: NAME_LENGTH - len(ending) - 1].rstrip() + dot + ending


# --- Content ----------------------------------------------------------------------------------

_SIGNATURES: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"%PDF-", "application/pdf"),
    (b"%!PS", "application/postscript"),
    (b"{\\rtf", "application/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
)
_INSIDE_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_BRANDS = {
    b"avif": "image/avif", b"avis": "image/avif", b"heic": "image/heic", b"heix": "image/heic",
    b"mif1": "image/heic", b"msf1": "image/heic", b"M4A ": "audio/mp4", b"M4B ": "audio/mp4",
}  # fmt: skip
_OFFICE = {
    b"word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    b"xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    b"ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_MARKUP = re.compile(rb"<(?:!doctype html|html|head|body|script|svg|\?xml)", re.IGNORECASE)


def sniff(head: bytes) -> str:
    """The type that the first bytes tell; `UNKNOWN` rather than a guess."""
    for signature, content_type in _SIGNATURES:
        if head.startswith(signature):
            return content_type
    if head[:4] == b"RIFF":
        return _INSIDE_RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head[:4] == b"PK\x03\x04":
        return _inside_zip(head)
    return _text(head)


def _inside_zip(head: bytes) -> str:
    declared = re.match(
        rb".{26}\x08\x00..mimetype(application/[a-z0-9.+-]{1,80}?)PK", head, re.DOTALL
    )
    if declared:  # EPUB and OpenDocument say it in a first entry that is not compressed
        return declared[1].decode("ascii")
    for folder, content_type in _OFFICE.items():
        if b"[Content_Types].xml" in head and folder in head:
            return content_type
    return "application/zip"


def _text(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if markup := _MARKUP.match(start):
        is_svg = b"<svg" in head.lower() and markup[0].lower() in (b"<svg", b"<?xml", b"<!doctype")
        return "image/svg+xml" if is_svg else "text/html"
    if not start or b"\0" in head:
        return UNKNOWN
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:  # else a character that the end has cut in two
            return UNKNOWN
    return "text/plain"


def head_of(file: "File[bytes]") -> bytes:
    file.seek(0)
    head: bytes = file.read(HEAD)
    file.seek(0)
    return head


# --- Storage ----------------------------------------------------------------------------------


def folder_of(record: models.Model) -> str:
    """ "books/12": each record's files lie in a folder of their own."""
    return f"{FOLDERS[record_kind(record)]}/{record.pk}"


def write(name: str, content: "File[bytes] | IO[bytes]") -> None:
    """Under exactly this name; a failed write leaves nothing behind."""
    saved = ""
    try:
        saved = default_storage.save(name, content)
    except BaseException as error:
        discard([name])
        if is_full(error):
            raise disk_is_full() from error
        raise
    if saved != name:  # somebody wrote the same at the same moment
        discard([saved])


def discard(names: Iterable[str]) -> None:
    """Remove files that nothing refers to; what cannot be removed `tidy` meets again."""
    for name in names:
        try:
            default_storage.delete(name)
        except OSError:
            continue


# --- Attached files ---------------------------------------------------------------------------

MOST_FILES = 50  # of one record
MODELS: Final[dict[str, type[VersionedModel]]] = {
    "book": Book,
    "author": Author,
    "publisher": Publisher,
}
_PLACE = re.compile(r"(books|authors|publishers)/([1-9][0-9]{0,18})/files/[0-9a-f]{32}", re.ASCII)


def too_large(max_mb: int) -> str:
    """Also said in the browser, before the file is sent."""
    return _("This file is larger than %(max_mb)d MB, the most that is accepted.") % {
        "max_mb": max_mb
    }


def too_many() -> str:
    return _("There are %(most)d files here already, the most that one record may have.") % {
        "most": MOST_FILES
    }


def attach(
    record: VersionedModel, files: Iterable["File[bytes]"], *, user: User | None
) -> list[str]:
    """Keep these files with the record, as one change of it.

    Returns a sentence for each file that could not be taken; the others do not wait for it.
    """
    kind, problems = record_kind(record), []
    kept: list[Attachment] = []
    room = MOST_FILES - Attachment.objects.of(record).count()
    try:
        for file in files:
            name = harmless_name(file.name or "")
            try:
                kept.append(_kept(record, file, name, user=user, room=room - len(kept)))
            except UnusableFile as problem:
                problems.append(f"{name}: {problem}")
        if kept:  # the files lie there already: the database is not kept waiting for them
            with deferred():
                about_to_write(kind, [record.pk])
                room = max(0, MOST_FILES - Attachment.objects.of(record).count())
                for item in kept[room:]:  # others added some since
                    problems.append(f"{item.name}: {too_many()}")
                    discard([item.file.name or ""])
                del kept[room:]
                Attachment.objects.bulk_create(kept)
                written(kind, [record.pk], reindex=False)
    except BaseException as error:
        discard(item.file.name or "" for item in kept)
        if is_full(error):
            return [str(disk_is_full())]
        raise
    return problems


def _kept(
    record: VersionedModel, file: "File[bytes]", name: str, *, user: User | None, room: int
) -> Attachment:
    if room <= 0:
        raise UnusableFile(too_many())
    if not file.size:
        raise UnusableFile(_("This file is empty. Choose another one."))
    if file.size > settings.MAX_FILE_MB << 20:
        raise UnusableFile(too_large(settings.MAX_FILE_MB))
    content_type = sniff(head_of(file))
    place = f"{folder_of(record)}/files/{uuid.uuid4().hex}"
    write(place, file)
    return Attachment(
        kind=record_kind(record),
        record_id=record.pk,
        created_by=user,
        file=place,
        name=name,
        size=file.size,
        content_type=content_type,
    )


def remove(attachment: Attachment, *, user: User) -> str:
    """Take a file away from its record; returns what `put_back` needs to undo it.

    The file itself waits as an upload, which `tidy` clears away after FILES_KEPT_DAYS. Raises
    Attachment.DoesNotExist for the slower of two people.
    """
    with deferred():
        about_to_write(attachment.kind, [attachment.record_id])
        waiting = Upload.objects.create(
            purpose=Upload.Purpose.FILE,
            file=attachment.file.name,
            name=attachment.name,
            size=attachment.size,
            content_type=attachment.content_type,
            created_by=user,
        )
        added = (attachment.created_by_id, attachment.created_at.isoformat())
        if not Attachment.objects.filter(pk=attachment.pk).delete()[0]:
            raise Attachment.DoesNotExist  # two undos would make two files of one
        written(attachment.kind, [attachment.record_id], reindex=False)
    return signing.dumps([waiting.pk.hex, *added], salt=_SALT, compress=True)


_SALT = "attached file"


def put_back(token: str) -> Attachment | None:
    """Undo `remove`; None when it is undone already, too old, or its record is gone."""
    try:
        key, created_by, created_at = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError):
        return None
    with deferred():
        waiting = Upload.objects.filter(pk=key, purpose=Upload.Purpose.FILE).first()
        place = waiting and _PLACE.fullmatch(waiting.file.name or "")
        if waiting is None or not place:
            return None
        kind, pk = next(kind for kind in FOLDERS if FOLDERS[kind] == place[1]), int(place[2])
        if not MODELS[kind]._default_manager.filter(pk=pk).exists():
            return None
        if not Upload.objects.filter(pk=key).delete()[0]:
            return None  # a second click was quicker
        about_to_write(kind, [pk])
        back = Attachment.objects.create(
            kind=kind,
            record_id=pk,
            created_by=User.objects.filter(pk=created_by).first(),
            file=waiting.file.name,
            name=waiting.name,
            size=waiting.size,
            content_type=waiting.content_type,
        )
        back.created_at = datetime.datetime.fromisoformat(created_at)
        back.save(update_fields=["created_at"])
        written(kind, [pk], reindex=False)
    return back
