"""The rules of the child, without a process."""

import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest

from catalog.importers import reader
from catalog.importers.guard import UnreadableFile
from catalog.importers.reader import RowWriter, count_rows, trim


def written(records: list[tuple[int, list[Any]]], after: int = 0, limit: int = 0) -> list[str]:
    out: list[bytes] = []
    RowWriter(out.append).run(iter(records), after, limit)
    return b"".join(out).decode().splitlines()


def test_a_row_is_its_number_and_compact_json():
    assert written([(1, ["é", 1, 1.5, True, None, 'x"y', None, "  "])]) == [
        '1\t["é",1,1.5,true,null,"x\\"y"]'
    ]


@pytest.mark.parametrize(
    ("value", "tagged"),
    [
        (datetime.date(1999, 5, 1), {"date": "1999-05-01"}),
        (datetime.datetime(1999, 5, 1, 23, 59, 59, 900_000), {"datetime": "1999-05-02T00:00:00"}),
        (datetime.time(10, 20), {"time": "10:20:00"}),
        (datetime.timedelta(hours=36, seconds=5), {"time": "36:00:05"}),
        (float("inf"), {"error": "#NUM!"}),
        (float("nan"), {"error": "#NUM!"}),
        ("a\x00b", "ab"),
    ],
)
def test_values_that_json_does_not_know_are_tagged(value, tagged):
    (line,) = written([(1, [value])])
    assert json.loads(line.partition("\t")[2]) == [tagged]


def test_the_slow_encoder_writes_the_same(monkeypatch):
    row = ["é\n", 1, 2.5, None, True, datetime.date(1999, 5, 1), {"error": "#N/A"}]
    fast = written([(1, list(row))])
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    assert written([(1, list(row))]) == fast


def test_only_rows_after_the_given_one_are_written_up_to_the_limit():
    records = [(n, [n]) for n in range(1, 10)]
    assert written(records, after=3, limit=2) == ["4\t[4]", "5\t[5]"]


def test_the_source_is_not_read_further_than_the_limit():
    def source() -> Iterator[tuple[int, list[Any]]]:
        yield 1, ["a"]
        raise AssertionError("read on")

    out: list[bytes] = []
    RowWriter(out.append).run(source(), 0, 1)
    assert out[0] == b'1\t["a"]\n'


def test_a_row_too_wide_or_too_long_is_refused_with_its_number(monkeypatch):
    with pytest.raises(UnreadableFile) as caught:
        written([(7, list(range(201)))])
    assert caught.value.params == {"row": 7, "columns": 201, "limit": 200}
    monkeypatch.setattr(reader, "MAX_LINE", 100)
    with pytest.raises(UnreadableFile, match=r"row_too_long.*8"):
        written([(8, ["x" * 200])])


def test_empty_cells_are_dropped_only_at_the_end():
    cells = [None, "", "a", " ", None, "\t\n"]
    trim(cells)
    assert cells == [None, "", "a"]
    zero: list[Any] = [0, False, None]
    trim(zero)
    assert zero == [0, False]


def test_rows_are_counted_up_to_the_gap():
    assert count_rows(iter([(1, 2), (2, 0), (3, 1)])) == (2, 0)
    gap = [(1, 1), *((n, 0) for n in range(2, 1003)), (1003, 1), (1004, 1)]
    assert count_rows(iter(gap)) == (1, 1003)


class PasswordError(Exception):
    """Named as calamine names it."""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnreadableFile("dtd"), "dtd"),
        (FileNotFoundError(), "gone"),
        (PermissionError(), "not_allowed"),
        (MemoryError(), "memory"),
        (PasswordError(), "encrypted"),
        (KeyError("x"), "damaged"),
        (BaseException("a panic"), "damaged"),
    ],
)
def test_every_failure_has_a_reason_for_a_person(error, code):
    assert reader.explain(error).code == code
