"""What a file is, told by its content, and whether it may be opened at all.

Everything but `UnreadableFile` runs in the reader process: a hostile file may exhaust that
process, never ours. So this module imports neither Django nor anything slow.
"""

import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

MAX_COLUMNS = 200
MAX_BLANK_ROWS = 1_000
# calamine allocates the whole box around the filled cells of a sheet, 32 bytes a cell, and
# aborts the process when it cannot.
MAX_CELLS = 25_000_000
MAX_MEMBERS = 5_000
MAX_INFLATED = 1 << 30
MAX_RATIO = 200  # deflate reaches 1,032; a million empty formatted rows reach about 60
HARMLESS = 50 << 20  # a part this small may be compressed as well as it likes

_CHUNK = 1 << 16
_PROLOG = 1 << 16


class UnreadableFile(Exception):
    """The file cannot be read; `code` and `params` choose the sentence that says why."""

    def __init__(self, code: str, /, **params: Any) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params

    def message(self) -> str:
        """The translated sentence: what is wrong and what to do."""
        from catalog.importers import messages  # needs Django, which the reader never loads

        return messages.sentence({"code": self.code, "params": self.params})

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.code} ({details})" if details else self.code

    def __reduce__(self) -> tuple[Any, ...]:
        return _unreadable, (self.code, self.params)


def _unreadable(code: str, params: dict[str, Any]) -> UnreadableFile:
    return UnreadableFile(code, **params)


# --- Kinds ------------------------------------------------------------------------------------

_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "picture", "PNG"),
    (b"\xff\xd8\xff", "picture", "JPEG"),
    (b"GIF87a", "picture", "GIF"),
    (b"GIF89a", "picture", "GIF"),
    (b"II*\x00", "picture", "TIFF"),
    (b"MM\x00*", "picture", "TIFF"),
    (b"\x1f\x8b", "archive", "gzip"),
    (b"BZh", "archive", "bzip2"),
    (b"7z\xbc\xaf\x27\x1c", "archive", "7z"),
    (b"Rar!\x1a\x07", "archive", "RAR"),
    (b"\xfd7zXZ\x00", "archive", "xz"),
    (b"\x28\xb5\x2f\xfd", "archive", "Zstandard"),
    (b"{\\rtf", "document", "RTF"),
    (b"SQLite format 3\x00", "database", "SQLite"),
    (b"\x00\x01\x00\x00Standard Jet DB", "database", "Access"),
    (b"\x00\x01\x00\x00Standard ACE DB", "database", "Access"),
    (b"PAR1", "not_spreadsheet", ""),
    (b"\x7fELF", "not_spreadsheet", ""),
)
_MARC = re.compile(rb"\d{5}[acdnp][a-z][a-z ][a-z# ][a a]22\d{5}")
_HTML = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|table|meta)\b", re.I | re.S
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CONTENT_TYPES = (
    (b"spreadsheetml.sheet.main+xml", "xlsx"),
    (b"spreadsheetml.template.main+xml", "xlsx"),
    (b"ms-excel.sheet.macroEnabled.main+xml", "xlsx"),
    (b"ms-excel.template.macroEnabled.main+xml", "xlsx"),
)
_FOREIGN_TYPES = (
    (b"ms-excel.sheet.binary", "binary_workbook", "xlsb"),
    (b"wordprocessingml", "document", "Word"),
    (b"presentationml", "presentation", "PowerPoint"),
)
_ODF = b"application/vnd.oasis.opendocument."


def sniff(path: str) -> str:
    """ "xlsx", "xls", "ods" or "csv" by content; anything else is refused by its own name."""
    with open(path, "rb") as file:
        head = file.read(4096)
        if not head:
            raise UnreadableFile("empty")
        if head.startswith(_OLE):
            return _ole_kind(path)
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            with Archive(path) as archive:
                return archive.kind()
        refuse_foreign(head, os.fstat(file.fileno()).st_size)
    return "csv"


def refuse_foreign(head: bytes, size: int) -> None:
    """Refuse a well-known kind of file that is neither a workbook nor plain text."""
    for signature, code, what in _SIGNATURES:
        if head.startswith(signature):
            raise UnreadableFile(code, what=what)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        raise UnreadableFile("picture", what="WebP")
    if head[4:8] == b"ftyp":
        heic = head[8:12] in {b"heic", b"heix", b"mif1", b"avif"}
        raise UnreadableFile("picture" if heic else "not_spreadsheet", what="HEIC" if heic else "")
    if head[:2] == b"BM" and head[2:6] == struct.pack("<I", size):
        raise UnreadableFile("picture", what="BMP")
    if _MARC.match(head):
        raise UnreadableFile("library_format", what="MARC 21")
    text = head.removeprefix(b"\xef\xbb\xbf")
    if text.lstrip().startswith(b"%PDF-"):
        raise UnreadableFile("pdf")
    if text.lstrip().startswith(b"<?xml"):
        if b"schemas-microsoft-com:office:spreadsheet" in head:
            raise UnreadableFile("xml_workbook")
        raise UnreadableFile("xml")
    if _HTML.match(text):
        raise UnreadableFile("web_page")


# --- ZIP containers: .xlsx and .ods -----------------------------------------------------------


class Archive:
    """A ZIP file whose listing has been checked; its parts are inflated and counted by us."""

    def __init__(self, path: str) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, struct.error, UnicodeDecodeError, OverflowError) as error:
            raise UnreadableFile("damaged") from error
        self.members = {member.filename: member for member in self._zip.infolist()}
        try:
            self._check_listing()
        except UnreadableFile:
            self._zip.close()
            raise

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *error: object) -> None:
        self._zip.close()

    def _check_listing(self) -> None:
        members = self._zip.infolist()
        if not members:
            raise UnreadableFile("empty")
        if any(member.flag_bits & 1 for member in members):
            raise UnreadableFile("encrypted")
        if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_INFLATED:
            raise UnreadableFile("zip_bomb")
        for member in members:
            if member.file_size > HARMLESS and (
                member.file_size > MAX_RATIO * max(member.compress_size, 1)
            ):
                raise UnreadableFile("zip_bomb")

    def kind(self) -> str:
        """Which workbook this is; no part may declare a DTD."""
        kind = self._open_document() or self._office_open_xml()
        if not kind:
            if any(name.endswith(".iwa") for name in self.members):
                raise UnreadableFile("numbers")
            raise UnreadableFile("not_workbook_zip")
        for name in self.members:
            if name.lower().endswith((".xml", ".rels")):
                refuse_dtd(self.head(name))
        return kind

    def _open_document(self) -> str:
        if "mimetype" not in self.members:
            return ""
        mimetype = self.read("mimetype", 256).strip()
        if mimetype == b"application/epub+zip":
            raise UnreadableFile("document", what="EPUB")
        if not mimetype.startswith(_ODF):
            return ""
        manifest = "META-INF/manifest.xml"
        if manifest in self.members and b"encryption-data" in self.read(manifest, 1 << 20):
            raise UnreadableFile("encrypted")
        if not mimetype.startswith(_ODF + b"spreadsheet"):
            raise UnreadableFile("document", what="OpenDocument")
        return "ods"

    def _office_open_xml(self) -> str:
        if "[Content_Types].xml" not in self.members:
            return ""
        types = self.read("[Content_Types].xml", 1 << 20)
        for marker, kind in _CONTENT_TYPES:
            if marker in types:
                return kind
        for marker, code, what in _FOREIGN_TYPES:
            if marker in types:
                raise UnreadableFile(code, what=what)
        return ""

    def read(self, name: str, limit: int) -> bytes:
        """The start of a part, at most `limit` bytes."""
        parts: list[bytes] = []
        size = 0
        for part in self.inflate(name):
            parts.append(part)
            size += len(part)
            if size >= limit:
                break
        return b"".join(parts)[:limit]

    def head(self, name: str) -> bytes:
        return self.read(name, _PROLOG)

    def inflate(self, name: str) -> Iterator[bytes]:
        """The part in pieces, counted: a listing that lies about sizes is a bomb.

        `ZipFile.open` would stop at the declared size and never see the lie.
        """
        member = self.members[name]
        file = self._zip.fp
        if file is None or member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise UnreadableFile("damaged")
        produced = 0
        try:
            for piece in _inflate(file, member):
                produced += len(piece)
                if produced > member.file_size:
                    raise UnreadableFile("zip_bomb")
                yield piece
        except (zlib.error, struct.error, OSError) as error:
            raise UnreadableFile("damaged") from error
        if produced != member.file_size:
            raise UnreadableFile("damaged")


def _inflate(file: Any, member: zipfile.ZipInfo) -> Iterator[bytes]:
    file.seek(member.header_offset)
    header = file.read(30)
    if header[:4] != b"PK\x03\x04":
        raise UnreadableFile("damaged")
    position = file.tell() + sum(struct.unpack("<HH", header[26:30]))
    left = member.compress_size
    stored = member.compress_type == zipfile.ZIP_STORED
    decoder = zlib.decompressobj(-15)
    while left and not decoder.eof:
        file.seek(position)  # another part may have been read since the last piece
        piece = file.read(min(_CHUNK, left))
        if not piece:
            raise UnreadableFile("damaged")
        position += len(piece)
        left -= len(piece)
        if stored:
            yield piece
            continue
        while piece and not decoder.eof:
            out = decoder.decompress(piece, 1 << 20)
            piece = decoder.unconsumed_tail
            if out:
                yield out
    if not stored:
        rest = decoder.flush()
        if rest:
            yield rest


_BEFORE_ROOT = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.S)


def refuse_dtd(head: bytes) -> None:
    """Entities of a DTD can grow without bound; no spreadsheet program writes one."""
    match = _BEFORE_ROOT.match(head)
    if match and head[match.end() : match.end() + 9].upper() == b"<!DOCTYPE":
        raise UnreadableFile("dtd")


# --- OLE containers: .xls, and every encrypted .xlsx ------------------------------------------


class Compound:
    """The streams of an OLE compound file, as far as telling kinds and reading .xls needs."""

    def __init__(self, file: BinaryIO) -> None:
        self._data = file.read()
        try:
            self._read_header()
            self.streams = self._read_directory()
        except (struct.error, IndexError) as error:
            raise UnreadableFile("damaged") from error

    def _read_header(self) -> None:
        (shift,) = struct.unpack_from("<H", self._data, 30)
        if shift not in {9, 12}:
            raise UnreadableFile("damaged")
        self._size = 1 << shift
        count, self._directory = struct.unpack_from("<II", self._data, 44)
        (self._cutoff,) = struct.unpack_from("<I", self._data, 56)
        difat, difat_count = struct.unpack_from("<II", self._data, 68)
        sectors = [s for s in struct.unpack_from("<109I", self._data, 76) if s < 0xFFFFFFFA]
        for _ in range(min(difat_count, len(self._data) // self._size)):
            if difat >= 0xFFFFFFFA:
                break
            *more, difat = struct.unpack(f"<{self._size // 4}I", self._sector(difat))
            sectors += [s for s in more if s < 0xFFFFFFFA]
        table = b"".join(self._sector(sector) for sector in sectors[:count])
        self._next = struct.unpack(f"<{len(table) // 4}I", table)

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        sector = self._data[start : start + self._size]
        return sector.ljust(self._size, b"\x00")

    def _chain(self, sector: int) -> bytes:
        parts: list[bytes] = []
        while sector < 0xFFFFFFFA:
            if len(parts) > len(self._next):  # a chain that bites its own tail
                raise UnreadableFile("damaged")
            parts.append(self._sector(sector))
            sector = self._next[sector]
        return b"".join(parts)

    def _read_directory(self) -> dict[str, tuple[int, int]]:
        directory = self._chain(self._directory)
        streams: dict[str, tuple[int, int]] = {}
        for offset in range(0, len(directory) - 127, 128):
            (length,) = struct.unpack_from("<H", directory, offset + 64)
            name = directory[offset : offset + max(0, min(length, 64) - 2)]
            start, size = struct.unpack_from("<II", directory, offset + 116)
            if name:
                streams[name.decode("utf-16-le", "replace")] = (start, size)
        return streams

    def read(self, name: str) -> bytes:
        """A stream; empty for one below the cutoff, which no spreadsheet program writes."""
        start, size = self.streams[name]
        if size < self._cutoff:
            return b""
        try:
            return self._chain(start)[:size]
        except IndexError as error:
            raise UnreadableFile("damaged") from error


def _ole_kind(path: str) -> str:
    with open(path, "rb") as file:
        streams = Compound(file).streams
    if "EncryptedPackage" in streams or "EncryptionInfo" in streams:
        raise UnreadableFile("encrypted")
    if "Workbook" in streams or "Book" in streams:
        return "xls"
    if "WordDocument" in streams:
        raise UnreadableFile("document", what="Word")
    if "PowerPoint Document" in streams:
        raise UnreadableFile("presentation", what="PowerPoint")
    raise UnreadableFile("not_spreadsheet", what="")
