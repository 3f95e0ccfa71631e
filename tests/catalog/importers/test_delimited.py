import codecs
from pathlib import Path
from typing import Any

import pytest

from catalog.importers import delimited, messages
from catalog.importers.delimited import Text
from catalog.importers.guard import UnreadableFile
from catalog.importers.workbook import Options, inspect, rows
from tests import files

TABLE = [["Titel", "Verfasser", "Jahr"], ["Die Schöne", "Weiß, Ärmel", "1999"]]


def text_file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    return path


def records(path: Path, *choices: str) -> list[list[Any]]:
    return [cells for _, cells in Text(str(path), *choices).records()]


def read(path: Path, options: Options) -> list[list[Any]]:
    with rows(path, options) as found:
        return [row.cells for row in found]


# --- Encodings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("ascii", "utf-8"),
    ],
)
def test_a_mark_or_sound_utf8_settles_the_encoding(tmp_path, encoding, found):
    table = [["Title", "Year"], ["Emma", "1815"]] if encoding == "ascii" else TABLE
    path = files.write_csv(tmp_path / "a.csv", table, encoding=encoding)

    info = inspect(path, max_mb=1)

    assert (info.encoding, info.encoding_sure) == (found, True)
    assert records(path) == table


def test_utf16_big_endian_with_its_mark_is_read(tmp_path):
    content = codecs.BOM_UTF16_BE + "Schöne;Jahr\r\nNana;1880\r\n".encode("utf-16-be")
    assert records(text_file(tmp_path, content)) == [["Schöne", "Jahr"], ["Nana", "1880"]]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_proposed(tmp_path, encoding):
    path = files.write_csv(tmp_path / "a.csv", TABLE, encoding=encoding)

    info = inspect(path, max_mb=1)

    assert (info.encoding, info.encoding_sure) == (encoding, False)
    assert records(path) == TABLE


def test_what_is_not_utf8_is_proposed_as_windows_western(tmp_path):
    path = files.write_csv(tmp_path / "a.csv", TABLE, encoding="cp1252")

    info = inspect(path, max_mb=1)

    assert (info.encoding, info.encoding_sure) == ("cp1252", False)
    assert records(path) == TABLE


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("mac_roman", "Schöne Äpfel"),
        ("latin-1", "Schöne Äpfel"),
        ("iso8859-15", "5 €"),
        ("cp850", "Schöne Äpfel"),
        ("cp1250", "Łódź"),
        ("cp1251", "Война и мир"),
        ("koi8-r", "Война и мир"),
        ("cp1253", "Οδύσσεια"),
        ("cp932", "こころ"),
        ("euc_jp", "こころ"),
        ("gb18030", "红楼梦"),
        ("big5", "紅樓夢"),
        ("cp949", "춘향전"),
        ("utf-16", "Война"),
    ],
)
def test_the_person_chooses_the_encoding(tmp_path, encoding, text):
    path = files.write_csv(tmp_path / "a.csv", [["Title", "Year"], [text, "1"]], encoding=encoding)

    assert read(path, Options(encoding=encoding)) == [["Title", "Year"], [text, "1"]]
    info = inspect(path, Options(encoding=encoding), max_mb=1)
    assert (info.encoding, info.encoding_sure, info.notes) == (encoding, True, [])


def test_the_choices_offered_are_the_choices_accepted():
    assert {name for name, _ in messages.ENCODINGS} == delimited.CODECS
    assert "".join(delimiter for delimiter, _ in messages.DELIMITERS) == delimited.DELIMITERS
    for name in delimited.CODECS:
        codecs.lookup(name)


@pytest.mark.parametrize("name", ["rot13", "zip", "klingon", "utf-8-sig", "../etc"])
def test_no_other_encoding_is_accepted(tmp_path, name):
    path = files.write_csv(tmp_path / "a.csv", TABLE)
    with pytest.raises(UnreadableFile, match="unknown_encoding"):
        inspect(path, Options(encoding=name), max_mb=1)


def test_a_few_broken_bytes_in_utf8_are_guessed_and_their_rows_told(tmp_path):
    sound = "".join(f"Müller {n},19{n:02}\n" for n in range(50)).encode()
    path = text_file(tmp_path, b"Title,Year\n" + sound + b"Caf\xe9 \x81,1999\n" + sound)

    info = inspect(path, max_mb=1)

    assert (info.encoding, info.encoding_sure) == ("utf-8", False)
    found = records(path)
    assert found[51] == ["Café \x81", "1999"]
    assert found[50] == ["Müller 49", "1949"]
    (note,) = info.notes
    assert note["params"] == {"count": 1, "rows": "52", "encoding": "utf-8"}
    assert "52" in messages.sentence(note)


def test_a_wrong_choice_of_encoding_is_noted_and_not_silent(tmp_path):
    path = files.write_csv(tmp_path / "a.csv", TABLE, encoding="cp1252")

    info = inspect(path, Options(encoding="euc_jp"), max_mb=1)

    assert info.notes[0]["code"] == "broken_bytes"


def test_utf16_cut_off_in_the_middle_of_a_letter_is_noted(tmp_path):
    path = text_file(tmp_path, codecs.BOM_UTF16_LE + "a;b\nc;d".encode("utf-16-le") + b"x")
    assert records(path) == [["a", "b"], ["c", "d\ufffd"]]
    assert inspect(path, max_mb=1).notes[0]["params"]["rows"] == "2"


def test_utf16_chosen_for_a_text_without_its_mark_is_refused(tmp_path):
    path = files.write_csv(tmp_path / "a.csv", TABLE, encoding="utf-16-le")
    with pytest.raises(UnreadableFile) as caught:
        inspect(path, Options(encoding="utf-16"), max_mb=1)
    assert "not written in the encoding utf-16" in caught.value.message()


# --- NUL and binary ---------------------------------------------------------------------------


def test_a_nul_byte_is_refused_with_its_line(tmp_path):
    early = text_file(tmp_path, b"Title,Year\nEmma,1815\nNa\x00na,1880\n")
    with pytest.raises(UnreadableFile) as caught:
        inspect(early, max_mb=1)
    assert (caught.value.code, caught.value.params) == ("nul_byte", {"line": 3})

    late = text_file(tmp_path, b"Title,Year\n" + b"Emma,1815\n" * 20_000 + b"\x00,1\n")
    with pytest.raises(UnreadableFile) as caught:
        inspect(late, max_mb=1)
    assert (caught.value.code, caught.value.params) == ("nul_byte", {"line": 20_002})
    assert "Line 20,002 contains a NUL" in caught.value.message()


def test_bytes_that_are_no_text_at_all_are_no_spreadsheet(tmp_path):
    for content in (bytes(range(256)) * 40, bytes([1, 2, 3, 4, 65]) * 100):
        with pytest.raises(UnreadableFile, match="not_spreadsheet"):
            inspect(text_file(tmp_path, content), max_mb=1)


# --- Delimiters -------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", list(delimited.DELIMITERS))
def test_the_delimiter_is_found(tmp_path, delimiter):
    path = files.write_csv(tmp_path / "a.csv", TABLE * 5, delimiter=delimiter)
    assert inspect(path, max_mb=1).delimiter == delimiter
    assert records(path) == TABLE * 5


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("Title;Author;Year\nEmma;Austen, Jane;1815\nNana;Zola, Émile;1880\n", ";"),
        ('Title,Authors,Year\nEmma,"A; B",1815\nNana,"C; D; E",1880\n', ","),
        ("Our books, all of them\n\nTitle\tAuthor\tYear\nEmma\tAusten, J.\t1815\nA\tB\t2\n", "\t"),
        ("Title|Notes\nEmma|a, b, c; d\nNana|x; y, z\n", "|"),
        ("Title,Year\nEmma,1815\nNana\nIvanhoe\n", ","),
        ("Title\nEmma\nNana\n", ","),
        ('"A; long; title"\n"B"\n', ","),
    ],
)
def test_the_steadiest_delimiter_wins(tmp_path, content, delimiter):
    assert Text(str(text_file(tmp_path, content.encode()))).delimiter == delimiter


def test_the_person_corrects_the_delimiter(tmp_path):
    path = text_file(tmp_path, b"a,b;c\nd,e;f\n")
    assert records(path, "", ",") == [["a", "b;c"], ["d", "e;f"]]
    assert read(path, Options(delimiter=";")) == [["a,b", "c"], ["d,e", "f"]]


@pytest.mark.parametrize("delimiter", ["ab", "a", "7", '"', "'", " ", "\n", "\x00"])
def test_what_cannot_separate_columns_is_refused(tmp_path, delimiter):
    path = files.write_csv(tmp_path / "a.csv", TABLE)
    with pytest.raises(UnreadableFile, match="unknown_delimiter"):
        inspect(path, Options(delimiter=delimiter), max_mb=1)


def test_a_rare_delimiter_may_be_chosen_or_declared(tmp_path):
    assert records(text_file(tmp_path, b"a~b\nc~d\n"), "", "~") == [["a", "b"], ["c", "d"]]
    assert records(text_file(tmp_path, b"sep=^\na^b\n")) == [["a", "b"]]
    assert records(text_file(tmp_path, b"sep=x\naxb\n")) == [["sep=x"], ["axb"]]


@pytest.mark.parametrize("first", ["sep=;\r\n", '"sep=;"\r\n', "SEP=;\n", "\ufeffsep=;\r\n"])
def test_the_sep_line_of_excel_is_heeded_and_is_no_row(tmp_path, first):
    path = text_file(tmp_path, (first + "a,1;b\r\nc,2;d\r\n").encode())
    text = Text(str(path))
    assert text.delimiter == ";"
    assert list(text.records()) == [(1, ["a,1", "b"]), (2, ["c,2", "d"])]


# --- Quotes and records -----------------------------------------------------------------------


def test_a_quoted_cell_of_several_lines_is_one_row(tmp_path):
    path = text_file(tmp_path, b'Title,Note\nEmma,"one\ntwo, three\nand ""four"""\n\nNana,x\n')
    with rows(path, Options()) as found:
        assert [(row.number, row.cells) for row in found] == [
            (1, ["Title", "Note"]),
            (2, ["Emma", 'one\ntwo, three\nand "four"']),
            (4, ["Nana", "x"]),
        ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(tmp_path, newline):
    path = files.write_csv(tmp_path / "a.csv", TABLE, newline=newline)
    assert records(path) == TABLE


def test_a_last_line_without_an_end_is_read(tmp_path):
    assert records(text_file(tmp_path, b'a,b\nc,"d"')) == [["a", "b"], ["c", "d"]]


@pytest.mark.parametrize("ending", [b"", b"\n"])
def test_a_quotation_mark_left_open_is_refused_with_its_row(tmp_path, ending):
    path = text_file(tmp_path, b'Title,Year\nEmma,1815\n"Nana,1880\nIvanhoe,1819' + ending)
    with pytest.raises(UnreadableFile) as caught:
        inspect(path, max_mb=1)
    assert (caught.value.code, caught.value.params) == ("quotes", {"row": 3})


def test_a_mark_left_open_above_a_long_file_is_refused_too(tmp_path):
    path = text_file(tmp_path, b'Title,Year\n"Nana,1880\n' + b"Ivanhoe,1819\n" * 50_000)
    with pytest.raises(UnreadableFile) as caught:
        inspect(path, max_mb=1)
    assert (caught.value.code, caught.value.params) == ("quotes", {"row": 2})


def test_a_cell_too_long_by_itself_is_not_said_to_have_a_quotation_mark(tmp_path):
    path = text_file(tmp_path, b"sep=,\nTitle,Year\nEmma,1815\n" + b"x" * 300_000 + b",1816\n")
    with pytest.raises(UnreadableFile) as caught:
        inspect(path, max_mb=1)
    assert (caught.value.code, caught.value.params) == ("row_too_long", {"row": 3})


def test_sloppy_quotes_are_kept_as_they_are(tmp_path):
    path = text_file(tmp_path, b'5" disc,"a"b,c\n,"",x\n')
    assert records(path) == [['5" disc', "ab", "c"], [None, None, "x"]]
