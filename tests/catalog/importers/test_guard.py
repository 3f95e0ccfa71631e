import pickle
import struct
from io import BytesIO
from pathlib import Path

import pytest
from django.utils import translation

from catalog.importers import guard, measure, messages
from catalog.importers.guard import Archive, Compound, UnreadableFile, sniff
from tests import files


def refusal(path: Path) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        sniff(str(path))
    return caught.value


@pytest.mark.parametrize(
    ("content", "code", "what"),
    [
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "picture", "JPEG"),
        (b"GIF89a\1\0\1\0", "picture", "GIF"),
        (b"II*\0\x08\0\0\0", "picture", "TIFF"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "picture", "WebP"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "picture", "HEIC"),
        (b"BM\x0a\0\0\0\0\0\0\0", "picture", "BMP"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "not_spreadsheet", ""),
        (b"\x1f\x8b\x08\0", "archive", "gzip"),
        (b"7z\xbc\xaf\x27\x1c", "archive", "7z"),
        (b"Rar!\x1a\x07\x01\0", "archive", "RAR"),
        (b"{\\rtf1\\ansi", "document", "RTF"),
        (b"SQLite format 3\0", "database", "SQLite"),
        (b"\0\1\0\0Standard ACE DB\0", "database", "Access"),
        (b"00714cam a2200205 a 4500001", "library_format", "MARC 21"),
    ],
)
def test_other_kinds_of_file_are_called_by_their_name(tmp_path, content, code, what):
    path = tmp_path / "books.xlsx"
    path.write_bytes(content)
    error = refusal(path)
    assert (error.code, error.params["what"]) == (code, what)
    assert what in error.message()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"%PDF-1.4", "pdf"),
        (b"\n <!DOCTYPE html><html>", "web_page"),
        (b"\xef\xbb\xbf<html xmlns:x='urn:schemas-microsoft-com:office:excel'>", "web_page"),
        (b"<!-- saved --><TABLE border=1>", "web_page"),
        (b'<?xml version="1.0"?><ONIXMessage/>', "xml"),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "xml_workbook",
        ),
        (b"", "empty"),
        (b"PK\5\6" + bytes(18), "empty"),
        (b"PK\3\4 and nothing more", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and nothing more", "damaged"),
    ],
)
def test_files_that_hold_no_table_are_told_apart(tmp_path, content, code):
    path = tmp_path / "books.xlsx"
    path.write_bytes(content)
    assert refusal(path).code == code


@pytest.mark.parametrize("text", ["BMW,Year\n", "Title;Year\n", "{}\n", "<b>,x\n", "12345,a\n"])
def test_text_that_only_resembles_another_kind_is_text(tmp_path, text):
    path = tmp_path / "books.csv"
    path.write_text(text)
    assert sniff(str(path)) == "csv"


def test_zip_containers_of_other_programs_are_told_apart(tmp_path):
    epub = files.write_zip(tmp_path / "a", {"mimetype": "application/epub+zip"})
    assert refusal(epub).params == {"what": "EPUB"}
    odt = files.write_zip(tmp_path / "b", {"mimetype": "application/vnd.oasis.opendocument.text"})
    assert refusal(odt).params == {"what": "OpenDocument"}
    assert refusal(files.write_zip(tmp_path / "c", {"Index/Document.iwa": "x"})).code == "numbers"


def test_a_zip_with_a_password_is_encrypted(tmp_path):
    path = files.write_xlsx(tmp_path / "a.xlsx", [["x"]])
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 8] |= 1
    path.write_bytes(data)
    assert refusal(path).code == "encrypted"


def test_too_many_parts_are_a_bomb(tmp_path):
    path = files.write_zip(tmp_path / "a.zip", {f"{n}.xml": "" for n in range(5_001)})
    assert refusal(path).code == "zip_bomb"


def test_declared_sizes_are_added_up(tmp_path, monkeypatch):
    path = files.write_xlsx(tmp_path / "a.xlsx", [["x"]])
    assert sniff(str(path)) == "xlsx"
    monkeypatch.setattr(guard, "MAX_INFLATED", 1_000)
    assert refusal(path).code == "zip_bomb"


def test_a_part_is_inflated_whole_and_counted(tmp_path):
    content = bytes(range(256)) * 20_000
    path = files.write_zip(tmp_path / "a.zip", {"a": content, "b": b""})
    with Archive(str(path)) as archive:
        assert b"".join(archive.inflate("a")) == content
        assert archive.read("a", 10) == content[:10]
        assert list(archive.inflate("b")) == []


@pytest.mark.parametrize(
    ("prolog", "refused"),
    [
        (b"<!DOCTYPE x [", True),
        (b"<!doctype x>", True),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- <a> -->\n<!DOCTYPE x>', True),
        (b'<?xml version="1.0"?><x>&lt;!DOCTYPE</x>', False),
        (b"<x><![CDATA[<!DOCTYPE html>]]></x>", False),
        (b"", False),
    ],
)
def test_a_document_type_is_found_wherever_it_may_stand(prolog, refused):
    if refused:
        with pytest.raises(UnreadableFile, match="dtd"):
            guard.refuse_dtd(prolog)
    else:
        guard.refuse_dtd(prolog)


def test_streams_of_a_compound_file_are_read(tmp_path):
    content = bytes(range(256)) * 40
    path = files.write_ole(tmp_path / "a.xls", {"Workbook": content, "Extra": b"small"})
    with path.open("rb") as file:
        compound = Compound(file)
    assert compound.read("Workbook") == content
    assert "Extra" in compound.streams


def test_a_compound_file_whose_chain_is_a_circle_is_damaged(tmp_path):
    path = files.write_ole(tmp_path / "a.xls", {"Workbook": bytes(5000)})
    data = bytearray(path.read_bytes())
    data[-512:] = struct.pack("<128I", *[0] * 128)  # every sector is followed by the first
    with pytest.raises(UnreadableFile, match="damaged"):
        Compound(BytesIO(data))


def test_rows_of_a_sheet_may_come_in_blocks_of_any_size(monkeypatch):
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" t="e"><v>#N/A</v></c><c r="AB{n}"><v>{n}</v></c></row>'
        for n in range(1, 9_000)
    )
    xml = f'<worksheet xmlns="x"><sheetData>{rows}</sheetData></worksheet>'.encode()
    for size in (1_000, 65_536, len(xml)):
        parts = [xml[n : n + size] for n in range(0, len(xml), size)]
        sheet = measure._measure_xlsx(parts, full=True)
        assert (sheet.rows, sheet.columns, len(sheet.errors)) == (8_999, 28, 8_999)
        assert sheet.errors[7] == [(0, "#N/A")]


def test_cells_that_only_carry_a_format_are_not_counted():
    xml = (
        b'<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c><c r="XFD1" s="3"/></row>'
        b'<row r="9"><c r="B9" s="1"></c></row></sheetData></worksheet>'
    )
    sheet = measure._measure_xlsx([xml], full=True)
    assert (sheet.rows, sheet.columns) == (1, 1)


def test_a_row_that_never_ends_is_refused(monkeypatch):
    monkeypatch.setattr(measure, "MAX_ROW_XML", 1 << 19)
    with pytest.raises(UnreadableFile, match="row_too_long"):
        measure._measure_xlsx([b"<worksheet>", *[b"<c>" * 100_000] * 5], full=False)


@pytest.mark.parametrize(("column", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ")])
def test_columns_are_named_as_spreadsheets_name_them(column, letters):
    assert measure.column_letters(column) == letters


def test_every_sentence_says_what_is_wrong_with_all_its_values():
    class Anything(dict):
        def __missing__(self, key: str) -> int:
            return 2

    for code, message in messages.FILE_MESSAGES.items():
        said = str(message % Anything(count=2))
        assert said.endswith("."), code
        assert "%" not in said, code


def test_an_unknown_code_still_gives_a_sentence():
    assert "newer" in UnreadableFile("newer").message()


def test_the_refusal_travels_and_speaks_the_language_of_the_page():
    error = pickle.loads(pickle.dumps(UnreadableFile("too_large", size_mb=9, max_mb=5)))  # noqa: S301
    assert (error.code, error.params) == ("too_large", {"size_mb": 9, "max_mb": 5})
    with translation.override("en"):
        assert error.message().startswith("This file has 9 MB")
