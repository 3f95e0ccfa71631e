"""Makers of files for tests: honest workbooks, damaged ones and hostile ones, all of them real."""

import csv
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from PIL import Image

DATA = Path(__file__).parent / "data"
XLS = DATA / "books.xls"
HEADER = ["Title", "Author", "ISBN", "Year"]
BOOKS: list[list[Any]] = [
    ["Emma", "Austen, Jane", 9780141439587, 1815],
    ["Nana", "Zola, Émile", 9780140442632, 1880],
    ["Der Zauberberg", "Mann, Thomas", 9783596294336, 1924],
]
Rows = Iterable[Sequence[Any]]


def shared_file(name: str) -> Path:
    """A real file from outside the project; the test is skipped where it is absent."""
    folder = os.environ.get("COLOPHON_SHARED_DATA")
    root = Path(folder) if folder else Path(__file__).resolve().parents[2] / "shared" / "data"
    path = root / name
    if not path.exists():
        pytest.skip(f"{name} is not in {root}; COLOPHON_SHARED_DATA names the folder that has it.")
    return path


# --- Honest files -----------------------------------------------------------------------------


def write_xlsx(
    path: Path,
    rows: Rows,
    title_line: str | None = None,
    merged: bool = False,
    sheets: Mapping[str, Rows] | None = None,
    hidden: Sequence[str] = (),
    start: tuple[int, int] = (0, 0),
) -> Path:
    """A workbook as XlsxWriter writes it. `sheets` follow the first; `start` counts from 0."""
    book = xlsxwriter.Workbook(
        str(path),
        {"strings_to_urls": False, "strings_to_formulas": False, "nan_inf_to_errors": True},
    )
    dated = book.add_format({"num_format": "yyyy-mm-dd"})
    for name, content in {"Books": rows, **(sheets or {})}.items():
        sheet = book.add_worksheet(name)
        if name in hidden:
            sheet.hide()
        else:
            sheet.activate()  # the active sheet cannot be hidden, and the first one is active
        row, column = start
        if title_line is not None and name == "Books":
            if merged:
                sheet.merge_range(row, column, row, column + 3, title_line)
            else:
                sheet.write(row, column, title_line)
            row += 1
        for number, cells in enumerate(content, row):
            for place, value in enumerate(cells, column):
                if hasattr(value, "isoformat"):
                    sheet.write_datetime(number, place, value, dated)
                elif value is not None:
                    sheet.write(number, place, value)
    book.close()
    return path


def write_csv(
    path: Path,
    rows: Rows,
    encoding: str = "utf-8",
    delimiter: str = ",",
    newline: str = "\r\n",
    first_line: str = "",
) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        file.write(first_line)
        csv.writer(file, delimiter=delimiter, lineterminator=newline).writerows(rows)
    return path


_ODS_NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in [("office", "office"), ("table", "table"), ("text", "text")]
)
_CALCEXT = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'


def ods_cell(value: Any, extra: str = "") -> str:
    if value is None:
        return f"<table:table-cell{extra}/>"
    if isinstance(value, int | float):
        return f'<table:table-cell office:value-type="float" office:value="{value}"{extra}/>'
    text = str(value).replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<table:table-cell office:value-type="string"{extra}><text:p>{text}</text:p>'
        "</table:table-cell>"
    )


def write_ods(path: Path, rows: Rows = (), body: str = "", encrypted: bool = False) -> Path:
    """An .ods as LibreOffice shapes it, with its million of empty rows at the end.

    `body` is the XML of rows, in place of `rows`.
    """
    filler = '<table:table-cell table:number-columns-repeated="16000"/>'
    content = body or (
        "".join(
            f"<table:table-row>{''.join(map(ods_cell, row))}{filler}</table:table-row>"
            for row in rows
        )
        + f'<table:table-row table:number-rows-repeated="1048000">{filler}</table:table-row>'
    )
    secret = "<manifest:encryption-data/>" if encrypted else ""
    return write_zip(
        path,
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": (
                '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:'
                'opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="/" '
                'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet">'
                f"{secret}</manifest:file-entry></manifest:manifest>"
            ),
            "content.xml": (
                f'<?xml version="1.0"?><office:document-content {_ODS_NAMESPACES} {_CALCEXT}>'
                '<office:body><office:spreadsheet><table:table table:name="Books">'
                f"{content}</table:table></office:spreadsheet></office:body>"
                "</office:document-content>"
            ),
        },
    )


def formulas(path: Path) -> Path:
    """openpyxl stores no result with a formula, as many programs that are not spreadsheets."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Title", "Year"])
    sheet.append(["Emma", "=1800+15"])
    sheet.append(["Nana", "=1800+80"])
    book.save(path)
    book.close()
    return path


def formulas_with_results(path: Path) -> Path:
    """Formulas as a spreadsheet program saves them: a number, a text, errors, an empty text."""
    cells = (
        '<c r="A1" t="str"><f>"Em"&amp;"ma"</f><v>Emma</v></c>'
        '<c r="B1"><f>1800+15</f><v>1815</v></c>'
        '<c r="C1" t="e"><f>NA()</f><v>#N/A</v></c>'
        '<c r="D1" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
        '<c r="E1" t="str"><f>""</f><v></v></c><c r="F1"><v>7</v></c>'
    )
    return raw_xlsx(path, [f'<row r="1">{cells}</row>'])


# --- Workbooks by hand ------------------------------------------------------------------------

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def _relation(kind: str, target: str) -> str:
    return (
        f'<?xml version="1.0"?><Relationships xmlns="{_PACKAGE}/relationships"><Relationship '
        f'Id="rId1" Type="{_OFFICE}/{kind}" Target="{target}"/></Relationships>'
    )


def _office_parts(content_type: str = _SHEET_TYPE) -> dict[str, str]:
    return {
        "[Content_Types].xml": (
            f'<?xml version="1.0"?><Types xmlns="{_PACKAGE}/content-types"><Override '
            f'PartName="/xl/workbook.xml" ContentType="{content_type}"/></Types>'
        ),
        "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": (
            f'<?xml version="1.0"?><workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            '<sheet name="Books" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
    }


def write_zip(path: Path, parts: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def raw_xlsx(
    path: Path, rows: Iterable[str], before_root: str = "", dimension: str = "", prefix: str = ""
) -> Path:
    """A workbook whose sheet is the given XML of rows."""
    xmlns = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in _office_parts().items():
            archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(f'<?xml version="1.0"?>{before_root}'.encode())
            part.write(f'<{prefix}worksheet {xmlns}="{_MAIN}">'.encode())
            if dimension:
                part.write(f'<dimension ref="{dimension}"/>'.encode())
            part.write(f"<{prefix}sheetData>".encode())
            for row in rows:
                part.write(row.encode())
            part.write(f"</{prefix}sheetData></{prefix}worksheet>".encode())
    return path


def xml_row(number: int, *cells: tuple[str, Any]) -> str:
    """`xml_row(7, ("A", 1), ("C", "x"))`."""
    inner = "".join(
        f'<c r="{column}{number}"><v>{value}</v></c>'
        if isinstance(value, int | float)
        else f'<c r="{column}{number}" t="inlineStr"><is><t>{value}</t></is></c>'
        for column, value in cells
    )
    return f'<row r="{number}">{inner}</row>'


def million_empty_rows(path: Path) -> Path:
    """Two books; a million rows below carry a format and nothing else, as after Ctrl+A."""
    empty = (f'<row r="{n}"><c r="A{n}" s="1"/></row>' for n in range(3, 1_048_577))
    books = [xml_row(1, ("A", "Emma"), ("B", 1815)), xml_row(2, ("A", "Nana"), ("B", 1880))]
    return raw_xlsx(path, [*books, *empty], dimension="A1:B1048576")


def far_row(path: Path) -> Path:
    """Two books, and a stray cell in the very last row."""
    books = [xml_row(1, ("A", "Emma"), ("B", 1815)), xml_row(2, ("A", "Nana"), ("B", 1880))]
    return raw_xlsx(path, [*books, xml_row(1_048_576, ("B", "stray"))])


def wide(path: Path, columns: int = 2_000) -> Path:
    return write_xlsx(path, [[f"Column {n}" for n in range(columns)]])


# --- Hostile files ----------------------------------------------------------------------------


def zip_bomb(path: Path, megabytes: int = 100) -> Path:
    """A workbook of some 150 kB that unpacks to a hundred megabytes."""
    cells = (xml_row(n, ("A", "A" * 30_000)) for n in range(1, megabytes * 35))
    return raw_xlsx(path, cells)


def lying_zip(path: Path) -> Path:
    """A workbook whose listing declares a sheet of 1,000 bytes; it unpacks to megabytes."""
    raw_xlsx(path, (xml_row(n, ("A", "A" * 30_000)) for n in range(1, 200)))
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")  # the sheet is the last part
    data[entry + 24 : entry + 28] = struct.pack("<I", 1000)
    path.write_bytes(data)
    return path


def far_cells(path: Path) -> Path:
    """Two cells in opposite corners: a box of 17 thousand million cells in 1.4 kB."""
    return raw_xlsx(path, [xml_row(1, ("A", 1)), xml_row(1_048_576, ("XFD", 1))])


def large_box(path: Path) -> Path:
    """Narrow enough to be read, but the box does not fit into memory."""
    return raw_xlsx(path, [xml_row(1, ("A", 1)), xml_row(1_048_576, ("GR", 1))])


def hidden_box(path: Path) -> Path:
    """The same without cell references, which the measuring cannot see: only limits help."""
    wide_row = f"<row>{'<c><v>1</v></c>' * 16_000}</row>"
    return raw_xlsx(path, [wide_row, *["<row/>"] * 60_000, "<row><c><v>1</v></c></row>"])


def with_dtd(path: Path) -> Path:
    """Entities that grow tenfold nine times over."""
    entities = '<!ENTITY a "lollollollol">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(8)
    )
    return raw_xlsx(path, [xml_row(1, ("A", "&i;"))], before_root=f"<!DOCTYPE w [{entities}]>")


def damaged_xlsx(path: Path) -> Path:
    """The first half of an honest workbook, as a broken download leaves it."""
    write_xlsx(path, [HEADER, *BOOKS])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


def garbled_xlsx(path: Path) -> Path:
    """An intact container; the compressed sheet in it has a few wrong bytes."""
    raw_xlsx(path, [xml_row(n, ("A", f"Book {n * 7919}")) for n in range(1, 2_000)])
    data = bytearray(path.read_bytes())
    data[-4_000:-3_000] = b"\xff" * 1_000
    path.write_bytes(data)
    return path


def docx(path: Path) -> Path:
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return write_zip(path, {**_office_parts(word), "word/document.xml": "<w/>"})


def xlsb(path: Path) -> Path:
    return write_zip(path, _office_parts("application/vnd.ms-excel.sheet.binary.macroEnabled.main"))


def plain_zip(path: Path) -> Path:
    return write_zip(path, {"books.csv": "Title,Year\nEmma,1815\n"})


def png(path: Path) -> Path:
    """One transparent pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0\0\0\0\0"))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + pixels + chunk(b"IEND", b""))
    return path


def pdf(path: Path) -> Path:
    path.write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type /Catalog>>\nendobj\n%%EOF\n")
    return path


# --- OLE containers ---------------------------------------------------------------------------

_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def write_ole(path: Path, streams: Mapping[str, bytes]) -> Path:
    """An OLE compound file with one FAT sector (some 60 kB); small streams are padded."""
    sectors: list[bytes] = []
    fat: list[int] = []
    entries = [_ole_entry("Root Entry", 5, _END, 0, child=1 if streams else _FREE)]
    for number, (name, content) in enumerate(streams.items(), 1):
        content = content.ljust(4096, b"\0")
        pieces = [content[n : n + 512].ljust(512, b"\0") for n in range(0, len(content), 512)]
        first = len(sectors)
        fat += [*range(first + 1, first + len(pieces)), _END]
        sectors += pieces
        sibling = number + 1 if number < len(streams) else _FREE
        entries.append(_ole_entry(name, 2, first, len(content), sibling=sibling))
    directory = b"".join(entries).ljust(-(-len(entries) // 4) * 512, b"\0")
    start = len(sectors)
    pieces = [directory[n : n + 512] for n in range(0, len(directory), 512)]
    fat += [*range(start + 1, start + len(pieces)), _END, _FAT]
    sectors += pieces
    sectors.append(struct.pack("<128I", *fat, *[_FREE] * (128 - len(fat))))
    difat = [len(sectors) - 1, *[_FREE] * 108]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<9I", 0, 1, start, 0, 4096, _END, 0, _END, 0)
    path.write_bytes(header + struct.pack("<109I", *difat) + b"".join(sectors))
    return path


def _ole_entry(
    name: str, kind: int, start: int, size: int, child: int = _FREE, sibling: int = _FREE
) -> bytes:
    encoded = name.encode("utf-16-le") + b"\0\0"
    entry = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1)
    entry += struct.pack("<III", _FREE, sibling, child) + bytes(36)
    return entry + struct.pack("<IQ", start, size)


def biff(cells: Iterable[tuple[int, int, float]], password: bool = False) -> bytes:
    """The stream of an .xls with one sheet "Books" of numbers: (row, column, value) from 0."""

    def record(kind: int, data: bytes) -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    start = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    if password:
        start += record(0x2F, bytes(54))
    sheet = record(0x85, struct.pack("<IBBBB", 0, 0, 0, 5, 0) + b"Books")
    offset = len(start) + len(sheet) + 4
    sheet = record(0x85, struct.pack("<IBBBB", offset, 0, 0, 5, 0) + b"Books")
    body = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    for row, column, value in cells:
        body += record(0x203, struct.pack("<HHHd", row, column, 0, value))
    return start + sheet + record(0x0A, b"") + body + record(0x0A, b"")


def write_xls(path: Path, cells: Iterable[tuple[int, int, float]], password: bool = False) -> Path:
    return write_ole(path, {"Workbook": biff(cells, password)})


def encrypted_xlsx(path: Path) -> Path:
    """What Excel writes under "Encrypt with password": an OLE file with the workbook inside."""
    return write_ole(path, {"EncryptionInfo": b"\4\0\4\0", "EncryptedPackage": os.urandom(5000)})


def encrypted_xls(path: Path) -> Path:
    return write_xls(path, [(0, 0, 1.0)], password=True)


def encrypted_ods(path: Path) -> Path:
    return write_ods(path, [HEADER], encrypted=True)


def doc(path: Path) -> Path:
    return write_ole(path, {"WordDocument": b"\xec\xa5"})


# --- Pictures ---------------------------------------------------------------------------------

Size = tuple[int, int]


def _drawn(size: Size, mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right, green along the top: turned and mirrored it differs."""
    picture = Image.new("RGB", size, (200, 30, 30))
    width, height = size
    picture.paste((30, 30, 200), (width // 2, 0, width, height))
    picture.paste((30, 200, 30), (0, 0, width, max(1, height // 8)))
    return picture if mode == "RGB" else picture.convert(mode)


def _saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def jpeg_picture(size: Size = (600, 900), mode: str = "RGB", **options: Any) -> bytes:
    return _saved(_drawn(size, mode), "JPEG", **options)


def png_picture(size: Size = (600, 900), mode: str = "RGB", **options: Any) -> bytes:
    return _saved(_drawn(size, mode), "PNG", **options)


def webp_picture(size: Size = (600, 900), **options: Any) -> bytes:
    return _saved(_drawn(size), "WEBP", **options)


def other_picture(kind: str) -> bytes:
    """GIF, TIFF, BMP, AVIF: pictures that are not taken."""
    return _saved(_drawn((100, 100)), kind)


def jpeg_from_a_phone(size: Size = (600, 900), orientation: int = 6) -> bytes:
    """On its side, with the place where it was taken, a comment and an XMP packet."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 30.0), 3: "E", 4: (16.0, 22.0, 0.0)})
    return jpeg_picture(
        size, exif=exif, comment=b"SecretComment", xmp=b"<x:xmpmeta>SecretXmp</x:xmpmeta>"
    )


def animated(kind: str) -> bytes:
    """A WebP, or a PNG (APNG), of three pictures."""
    first, *more = [Image.new("RGB", (80, 120), colour) for colour in ("red", "green", "blue")]
    return _saved(first, kind, save_all=True, append_images=more, duration=100)


def png_16_bit(size: Size = (100, 100)) -> bytes:
    """Grey of 16 bits, dark on the left and light on the right."""
    width, height = size
    row = b"".join(struct.pack("<H", 65535 * x // (width - 1)) for x in range(width))
    return _saved(Image.frombytes("I;16", size, row * height), "PNG")


def see_through_png(size: Size = (100, 100)) -> bytes:
    """Red on the left; the right half cannot be seen."""
    picture = Image.new("RGBA", size, (200, 30, 30, 255))
    picture.paste((0, 0, 0, 0), (size[0] // 2, 0, *size))
    return _saved(picture, "PNG")


def picture_bomb(size: Size = (50_000, 50_000)) -> bytes:
    """A PNG of some hundred bytes that declares 2,500 million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
    return b"\x89PNG\r\n\x1a\n" + head + pixels + chunk(b"IEND", b"")


def jpeg_of_many_scans(scans: int = 20_000) -> bytes:
    """A progressive JPEG that paints its 40 million pixels again and again: hours of work."""
    data = jpeg_picture((6_000, 6_600), progressive=True, quality=5)
    start = data.rindex(b"\xff\xda")
    return data[:-2] + data[start:-2] * scans + b"\xff\xd9"


def jpeg_with_a_page() -> bytes:
    """A real JPEG that is a real HTML page as well."""
    page = b"<html><script>alert('polyglot')</script></html>"
    return jpeg_picture(comment=page) + page


SVG = (
    b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
)
PAGE = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
