"""The parent's side: real files through the real child process."""

import datetime
import gc
import json
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import psutil
import pytest

from catalog.child import child_environment
from catalog.importers import messages, workbook
from catalog.importers.workbook import Options, RawRow, UnreadableFile, inspect, rows, sample
from tests import files
from tests.files import BOOKS, HEADER, shared_file


def read(path: Path, options: Options = Options(), after: int = 0) -> list[RawRow]:  # noqa: B008
    with rows(path, options, after=after) as found:
        return list(found)


def cells(path: Path, options: Options = Options()) -> list[list[Any]]:  # noqa: B008
    return [row.cells for row in read(path, options)]


def refusal(path: Path, options: Options = Options(), max_mb: int = 50) -> UnreadableFile:  # noqa: B008
    with pytest.raises(UnreadableFile) as caught:
        inspect(path, options, max_mb=max_mb)
    return caught.value


def children() -> list[Any]:
    return list(psutil.Process().children(recursive=True))


# --- Formats ----------------------------------------------------------------------------------


def test_every_format_gives_the_same_cells(tmp_path):
    table = [HEADER, *BOOKS]
    numbers_as_text = [[str(cell) for cell in row] for row in table]

    assert cells(files.write_xlsx(tmp_path / "a.xlsx", table)) == table
    assert cells(files.write_ods(tmp_path / "a.ods", table)) == table
    assert cells(files.write_csv(tmp_path / "a.csv", table)) == numbers_as_text
    tsv = files.write_csv(tmp_path / "a.tsv", table, delimiter="\t")
    assert cells(tsv) == numbers_as_text


def test_a_real_xls_keeps_numbers_dates_booleans_and_errors():
    info = inspect(files.XLS, max_mb=1)

    assert info.kind == "xls"
    assert [(s.name, s.rows, s.columns, s.visible) for s in info.sheets] == [
        ("Bücher", 4, 6, True),
        ("Notes", 1, 3, False),
    ]
    assert [(row.number, row.cells) for row in read(files.XLS)] == [
        (1, ["Stock list"]),
        (3, ["Title", "ISBN", "Year", "Bought", "Lent", "Shelf"]),
        (
            4,
            [
                *("Émile Zola: Nana", 9780140442632, 1880, {"date": "2019-05-01"}, True),
                {"error": "#N/A"},
            ],
        ),
        (5, ["Der Zauberberg", 9783596294336, 1924, {"date": "2020-12-24"}, False, 2.5]),
    ]


@pytest.mark.parametrize("name", ["books.xlsx", "books.csv", "books.xls", "books"])
def test_the_content_decides_the_kind_and_not_the_name(tmp_path, name):
    made = {
        "xlsx": files.write_xlsx(tmp_path / "1", [HEADER]),
        "ods": files.write_ods(tmp_path / "2", [HEADER]),
        "csv": files.write_csv(tmp_path / "3", [HEADER]),
        "xls": files.write_xls(tmp_path / "4", [(0, 0, 7.0)]),
    }
    for kind, path in made.items():
        path = path.rename(tmp_path / name)
        assert inspect(path, max_mb=1).kind == kind
        assert cells(path) == ([[7]] if kind == "xls" else [HEADER])


def test_types_survive_the_way_through_json(tmp_path):
    path = files.write_xlsx(
        tmp_path / "a.xlsx",
        [
            [9780306406157.0, 12.5, True, False, None, " two ", 0],
            [datetime.date(1999, 5, 1), datetime.datetime(1999, 5, 1, 12, 30)],
            ["line\nbreak", 'quo"te', "日本語 ‍👩‍🏫", "back\\slash", "\\u0000", "\u2028 x"],
        ],
    )

    first, second, third = read(path)

    assert first.cells == [9780306406157, 12.5, True, False, None, " two ", 0]
    assert [type(cell) for cell in first.cells[:4]] == [int, float, bool, bool]
    assert second.cells[0] == {"date": "1999-05-01"}
    assert third.cells == [
        "line\nbreak",
        'quo"te',
        "日本語 ‍👩‍🏫",
        "back\\slash",
        "\\u0000",
        "\u2028 x",
    ]
    for row in (first, second, third):
        assert json.loads(row.raw) == row.cells
        assert row.raw == json.dumps(row.cells, ensure_ascii=False, separators=(",", ":"))


def test_times_and_durations_are_tagged(tmp_path):
    path = files.raw_xlsx(
        tmp_path / "a.xlsx",
        ['<row r="1"><c r="A1" t="d"><v>1999-05-01T10:20:30</v></c></row>'],
    )
    assert cells(path) == [[{"datetime": "1999-05-01T10:20:30"}]]


def test_a_table_that_begins_elsewhere_keeps_its_row_and_column_numbers(tmp_path):
    path = files.write_xlsx(tmp_path / "a.xlsx", [["Title"], ["Emma"]], start=(6, 2))

    assert [(row.number, row.cells) for row in read(path)] == [
        (7, [None, None, "Title"]),
        (8, [None, None, "Emma"]),
    ]
    assert inspect(path, max_mb=1).sheets[0].columns == 3


def test_blank_rows_are_left_out_but_counted(tmp_path):
    table: list[list[Any]] = [["a"], [], ["", "  "], ["b", None, " ", ""], [None, "c"]]
    for path in (
        files.write_xlsx(tmp_path / "a.xlsx", table),
        files.write_csv(tmp_path / "a.csv", table),
        files.write_ods(tmp_path / "a.ods", table),
    ):
        assert [(row.number, row.cells) for row in read(path)] == [
            (1, ["a"]),
            (4, ["b"]),
            (5, [None, "c"]),
        ]


def test_a_merged_title_gives_its_text_once(tmp_path):
    path = files.write_xlsx(tmp_path / "a.xlsx", [HEADER], title_line="Stock", merged=True)
    assert cells(path) == [["Stock"], HEADER]


def test_a_sheet_is_chosen_by_name_and_the_first_visible_one_otherwise(tmp_path):
    path = files.write_xlsx(
        tmp_path / "a.xlsx",
        [["hidden"]],
        sheets={"Second": [["second"]], "Dritte & Blätter": [["third"]]},
        hidden=["Books"],
    )
    assert [(s.name, s.visible) for s in inspect(path, max_mb=1).sheets] == [
        ("Books", False),
        ("Second", True),
        ("Dritte & Blätter", True),
    ]
    assert cells(path) == [["second"]]
    assert cells(path, Options(sheet="Dritte & Blätter")) == [["third"]]
    assert refusal(path, Options(sheet="Fourth")).code == "no_such_sheet"


def test_a_prefix_on_every_tag_changes_nothing(tmp_path):
    row = (
        '<x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c><x:c r="C1" t="e"><x:v>#N/A</x:v></x:c></x:row>'
    )
    path = files.raw_xlsx(tmp_path / "a.xlsx", [row], prefix="x:")

    assert cells(path) == [[1, None, {"error": "#N/A"}]]
    assert inspect(path, max_mb=1).sheets[0].columns == 3


# --- Where to begin, where to end -------------------------------------------------------------


def test_rows_begin_below_the_header_and_after_the_last_row_done(tmp_path):
    path = files.write_csv(tmp_path / "a.csv", [["T", "x"], *([str(n), "x"] for n in range(2, 11))])

    assert [row.number for row in read(path, Options(header_row=1))] == list(range(2, 11))
    assert [row.number for row in read(path, Options(header_row=0))] == list(range(1, 11))
    assert [row.number for row in read(path, Options(header_row=1), after=7)] == [8, 9, 10]
    assert [row.number for row in read(path, Options(header_row=5), after=2)] == [6, 7, 8, 9, 10]
    assert read(path, Options(header_row=1), after=10) == []


def test_a_sample_is_the_top_of_the_sheet_whatever_the_header_row(tmp_path):
    path = files.write_xlsx(tmp_path / "a.xlsx", ([n] for n in range(1, 5000)))

    found = sample(path, Options(header_row=3), limit=200)

    assert [row.number for row in found] == list(range(1, 201))
    assert len(sample(path, Options(), limit=10_000)) == 4999


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_reading_stops_after_a_thousand_blank_rows_and_says_so(tmp_path, kind):
    def table(blank: int) -> list[list[str]]:
        return [["above", "x"], *[[]] * blank, ["below", "y"]]

    bridged, severed = tmp_path / "a", tmp_path / "b"
    for path, blank in ((bridged, 1000), (severed, 1001)):
        if kind == "xlsx":
            files.write_xlsx(path, table(blank))
        else:
            files.write_csv(path, table(blank))

    assert [row.number for row in read(bridged)] == [1, 1002]
    assert inspect(bridged, max_mb=1).notes == []
    assert [row.number for row in read(severed)] == [1]
    info = inspect(severed, max_mb=1)
    assert info.sheets[0].rows == 1
    assert "1,000 blank rows. Row 1,003" in messages.sentence(info.notes[0])


# --- Bad input --------------------------------------------------------------------------------

HOSTILE = {
    "png": "picture",
    "pdf": "pdf",
    "docx": "document",
    "doc": "document",
    "xlsb": "binary_workbook",
    "plain_zip": "not_workbook_zip",
    "zip_bomb": "zip_bomb",
    "lying_zip": "zip_bomb",
    "with_dtd": "dtd",
    "far_cells": "too_wide",
    "large_box": "box_too_large",
    "hidden_box": "memory",
    "wide": "too_wide",
    "damaged_xlsx": "damaged",
    "garbled_xlsx": "damaged",
    "encrypted_xlsx": "encrypted",
    "encrypted_xls": "encrypted",
    "encrypted_ods": "encrypted",
}


@pytest.mark.parametrize(("maker", "code"), HOSTILE.items())
def test_a_bad_file_is_refused_quickly_with_a_sentence(tmp_path, maker, code):
    path = getattr(files, maker)(tmp_path / "books.xlsx")
    began = time.monotonic()

    error = refusal(path)

    assert error.code == code
    assert code in messages.FILE_MESSAGES
    assert "%(" not in error.message()
    assert error.message().endswith(".")
    assert time.monotonic() - began < 5
    assert children() == []


@pytest.mark.parametrize("maker", HOSTILE)
def test_reading_without_inspecting_harms_only_the_child(tmp_path, maker):
    path = getattr(files, maker)(tmp_path / "books.xlsx")
    with pytest.raises(UnreadableFile):
        read(path)
    assert children() == []


def test_an_empty_file_and_one_with_only_blank_rows_are_two_things(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"")
    assert refusal(tmp_path / "a.csv").code == "empty"
    (tmp_path / "b.csv").write_bytes(b"\r\n , \r\n\r\n")
    assert refusal(tmp_path / "b.csv").code == "no_rows"
    assert refusal(files.write_xlsx(tmp_path / "c.xlsx", [])).code == "no_rows"
    assert refusal(files.write_ods(tmp_path / "d.ods", [])).code == "no_rows"


def test_a_file_above_the_limit_is_refused_before_it_is_opened(tmp_path):
    path = tmp_path / "a.xlsx"
    with path.open("wb") as file:
        file.truncate(200 << 20)

    error = refusal(path, max_mb=50)

    assert "200 MB; at most 50 MB" in error.message()


def test_a_file_that_was_removed_is_gone(tmp_path):
    assert refusal(tmp_path / "a.xlsx").code == "gone"
    with pytest.raises(UnreadableFile, match="gone"):
        read(tmp_path / "a.xlsx")


def test_a_used_range_of_a_million_empty_rows_is_read_quickly(tmp_path):
    path = files.million_empty_rows(tmp_path / "a.xlsx")
    began = time.monotonic()

    info = inspect(path, max_mb=50)

    assert (info.sheets[0].rows, info.sheets[0].columns) == (2, 2)
    assert info.notes == []
    assert cells(path) == [["Emma", 1815], ["Nana", 1880]]
    assert time.monotonic() - began < 30


def test_a_stray_cell_in_the_last_row_is_told(tmp_path):
    path = files.far_row(tmp_path / "a.xlsx")
    (note,) = inspect(path, max_mb=50).notes
    assert note["params"]["row"] == 1_048_576
    assert len(read(path)) == 2


def test_one_sheet_too_wide_does_not_spoil_the_others(tmp_path):
    path = files.write_xlsx(
        tmp_path / "a.xlsx", [HEADER], sheets={"Pivot": [[str(n) for n in range(500)]]}
    )
    info = inspect(path, max_mb=1)
    assert [sheet.name for sheet in info.sheets] == ["Books"]
    assert "Pivot" in messages.sentence(info.notes[0])
    assert refusal(path, Options(sheet="Pivot")).code == "too_wide"


def test_200_columns_are_read_and_201_are_not(tmp_path):
    assert len(cells(files.wide(tmp_path / "a.xlsx", 200))[0]) == 200
    assert refusal(files.wide(tmp_path / "b.xlsx", 201)).params["columns"] == 201
    wide = files.write_csv(tmp_path / "c.csv", [["a", "b"], [str(n) for n in range(2000)]])
    assert refusal(wide).params == {"row": 2, "columns": 2000, "limit": 200}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (
            '<table:table-row table:number-rows-repeated="100000000">{x}</table:table-row>',
            "repeated_rows",
        ),
        ("<table:table-row>{wide}</table:table-row>", "too_wide"),
        (
            '<table:table-row>{x}</table:table-row><table:table-row table:number-rows-repeated="'
            '999999999"><table:table-cell/></table:table-row><table:table-row>{x}</table:table-row>',
            "box_too_large",
        ),
        ("<table:table-row>", "damaged"),
    ],
)
def test_repeated_cells_of_an_ods_are_counted_and_not_unrolled(tmp_path, body, code):
    wide = files.ods_cell("x", ' table:number-columns-repeated="1000000000"')
    path = files.write_ods(tmp_path / "a.ods", body=body.format(x=files.ods_cell("x"), wide=wide))
    assert refusal(path).code == code


def test_an_xls_with_far_cells_is_measured_before_it_is_opened(tmp_path):
    path = files.write_xls(tmp_path / "a.xls", [(0, 0, 1.0), (65_535, 60_000, 1.0)])
    assert refusal(path).code == "too_wide"


# --- Formulas and errors ----------------------------------------------------------------------


def test_a_formula_counts_with_its_stored_result(tmp_path):
    path = files.formulas_with_results(tmp_path / "a.xlsx")

    assert cells(path) == [
        ["Emma", 1815, {"error": "#N/A"}, {"error": "#DIV/0!"}, None, 7],
    ]
    assert inspect(path, max_mb=1).notes == []


def test_formulas_without_a_result_are_reported_with_a_cell(tmp_path):
    path = files.formulas(tmp_path / "a.xlsx")

    (note,) = inspect(path, max_mb=1).notes

    assert messages.sentence(note) == (
        "2 formulas in “Sheet” have no stored result and count as empty, for example B2. Open the "
        "file in a spreadsheet program and save it to store the results."
    )
    assert cells(path) == [["Title", "Year"], ["Emma"], ["Nana"]]


def test_ods_errors_and_formulas_without_result_are_found(tmp_path):
    error = (
        '<table:table-cell office:value-type="string" office:string-value="" '
        'calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
    )
    formula = '<table:table-cell table:formula="of:=1+1"/>'
    row = f"<table:table-row>{files.ods_cell('Emma')}{formula}{error}</table:table-row>"
    path = files.write_ods(tmp_path / "a.ods", body=row)

    assert cells(path) == [["Emma", None, {"error": "#DIV/0!"}]]
    (note,) = inspect(path, max_mb=1).notes
    assert note["params"] == {"sheet": "Books", "count": 1, "cell": "B1"}


def test_numbers_that_are_none_and_nul_characters_do_not_reach_the_database(tmp_path):
    path = files.raw_xlsx(
        tmp_path / "a.xlsx",
        [
            '<row r="1"><c r="A1"><v>1e999</v></c><c r="B1"><v>NaN</v></c>'
            '<c r="C1" t="inlineStr"><is><t>a_x0000_b</t></is></c></row>'
        ],
    )
    (row,) = read(path)
    assert row.cells == [{"error": "#NUM!"}, {"error": "#NUM!"}, "ab"]
    assert "u0000" not in row.raw


# --- The child --------------------------------------------------------------------------------


def test_leaving_the_block_early_ends_the_child_and_leaks_nothing(tmp_path):
    path = files.write_csv(tmp_path / "a.csv", ([str(n), "x" * 500] for n in range(20_000)))
    gc.collect()
    open_files = psutil.Process().num_fds()

    with rows(path, Options()) as found:
        assert next(found).number == 1
        assert len(children()) == 1
    assert children() == []

    with pytest.raises(ZeroDivisionError), rows(path, Options()) as found:
        raise ZeroDivisionError
    assert children() == []
    gc.collect()
    assert psutil.Process().num_fds() == open_files


def test_a_child_killed_in_the_middle_is_an_error_and_not_an_end(tmp_path):
    path = files.write_csv(tmp_path / "a.csv", ([str(n), "x" * 500] for n in range(20_000)))

    with rows(path, Options()) as found:
        next(found)
        children()[0].kill()
        with pytest.raises(UnreadableFile) as caught:
            list(found)

    assert caught.value.code == "timeout"
    assert "stopped" in caught.value.message()


def test_the_limit_of_processor_time_ends_the_child(tmp_path, monkeypatch):
    path = files.write_csv(tmp_path / "a.csv", ([str(n), "x" * 90] for n in range(300_000)))
    monkeypatch.setattr(workbook, "CPU_SECONDS", 0)
    with pytest.raises(UnreadableFile, match="timeout"):
        inspect(path, max_mb=90)


def test_the_limit_of_memory_ends_the_child(tmp_path, monkeypatch):
    far = [files.xml_row(1, ("A", 1)), files.xml_row(1_048_576, ("S", 1))]  # a box of 640 MB
    path = files.raw_xlsx(tmp_path / "a.xlsx", far)
    monkeypatch.setattr(workbook, "MEMORY_MB", 256)
    assert refusal(path).code == "memory"


def test_a_child_that_says_nothing_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "SILENCE_SECONDS", 0)
    with pytest.raises(UnreadableFile, match="timeout"):
        inspect(files.write_csv(tmp_path / "a.csv", [HEADER]), max_mb=1)


def test_the_child_gets_nothing_of_our_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "must-not-travel")
    impostor = tmp_path / "python"
    impostor.write_text(f"#!/bin/sh\nexec /usr/bin/env > {tmp_path / 'environment'}\n")
    impostor.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(impostor))

    with pytest.raises(UnreadableFile):
        read(tmp_path / "a.csv")

    names = {line.partition("=")[0] for line in (tmp_path / "environment").read_text().split()}
    assert "PYTHONPATH" in names
    # The shell that stands in for Python adds PWD, SHLVL and _ of its own.
    assert names <= {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUTF8", "PWD", "SHLVL", "_"}


def test_the_child_loads_no_django_and_nothing_slow(tmp_path):
    program = "import sys, catalog.importers.reader; print(sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-S", "-P", "-c", program],
        env=child_environment("python_calamine"),
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    ).stdout
    assert "'catalog.importers.guard'" in loaded
    for heavy in ("django", "'dataclasses'", "'python_calamine'", "site_config"):
        assert heavy not in loaded


@pytest.mark.parametrize(
    "written",
    [
        b"1\t[1,2\n",
        b"x\t[1]\n",
        b"1\t[1],[2]\n",
        b'1\t{"a":1}\n',
        b"1\t\xff\n",
        b"1\t" + b"[" * 100_000 + b"\n",
        b"no tab\n",
        b'{"strange": 1}\n',
        b"[1]\n",
        b"1\t[1]",
        b"",
        b'{"error": "damaged", "params": {}}\n',
    ],
)
def test_a_child_that_writes_nonsense_is_not_believed(tmp_path, monkeypatch, written):
    impostor = tmp_path / "python"
    (tmp_path / "said").write_bytes(written)
    impostor.write_text(f"#!/bin/sh\ncat {tmp_path / 'said'}\n")
    impostor.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(impostor))

    with pytest.raises(UnreadableFile) as caught:
        read(tmp_path / "a.csv")
    assert caught.value.code == "damaged"
    with pytest.raises(UnreadableFile) as caught:
        inspect(impostor, max_mb=1)
    assert caught.value.code == "damaged"


def test_a_line_without_end_from_the_child_is_cut_off(tmp_path, monkeypatch):
    impostor = tmp_path / "python"
    impostor.write_text("#!/bin/sh\nexec cat /dev/zero\n")
    impostor.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(impostor))
    monkeypatch.setattr(workbook, "MAX_LINE", 1 << 20)
    with pytest.raises(UnreadableFile, match="damaged"):
        read(tmp_path / "a.csv")


def test_memory_of_the_parent_does_not_grow_with_the_rows(tmp_path):
    def peak(count: int) -> int:
        table = (
            ["The Title of a Book", str(n), "An Author; Another", "1999"] for n in range(count)
        )
        path = files.write_csv(tmp_path / f"{count}.csv", table)
        tracemalloc.start()
        with rows(path, Options()) as found:
            assert sum(1 for _ in found) == count
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(1000)
    assert peak(100_000) < peak(10_000) + 500_000


def test_two_files_are_read_at_the_same_time(tmp_path):
    one = files.write_csv(tmp_path / "1.csv", ([f"a{n}", "x"] for n in range(5000)))
    two = files.write_csv(tmp_path / "2.csv", ([f"b{n}", "x"] for n in range(5000)))
    with rows(one, Options()) as first, rows(two, Options()) as second:
        for mine, yours in zip(first, second, strict=True):
            assert mine.cells[0][1:] == yours.cells[0][1:]


# --- Real files -------------------------------------------------------------------------------


def test_goodbooks_as_a_workbook_is_read_whole():
    path = shared_file("goodbooks-10k.xlsx")
    (sheet,) = inspect(path, max_mb=50).sheets
    assert sheet.rows == 10_002
    numbers = [row.number for row in read(path, Options(header_row=2))]
    assert numbers == list(range(3, 10_003))


def test_goodbooks_as_text_is_read_whole():
    path = shared_file("goodbooks-10k.csv")
    info = inspect(path, max_mb=50)
    assert (info.encoding, info.encoding_sure, info.delimiter) == ("utf-8", True, ",")
    assert (info.sheets[0].rows, info.sheets[0].columns) == (10_001, 23)
    found = read(path, Options(header_row=1))
    assert len(found) == 10_000
    assert sum(not row.cells[5] for row in found) == 700  # without an ISBN
