"""Two states of a record side by side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import LCSseq

from catalog import comparison
from catalog.comparison import Piece, compare_credits, compare_lists, compare_texts

PEOPLE = {"1": "Ann", "2": "Bob", "3": "Cid"}


def said(before, after):
    return [tuple(piece) for piece in compare_credits(before, after, PEOPLE)]


def test_who_came_and_who_went():
    assert said([[1, "aut", ""]], [[2, "edt", "B."]]) == [
        ("removed", "Ann, author"),
        ("added", "Bob, editor, credited as “B.”"),
    ]


def test_another_role_and_another_printed_name_of_the_same_person():
    assert said([[1, "aut", ""]], [[1, "edt", "A."]]) == [
        ("changed", "Ann: author → editor; credited as: – → A.")
    ]


def test_as_few_as_can_be_were_moved():
    before = [[1, "aut", ""], [2, "aut", ""], [3, "aut", ""]]
    after = [[3, "aut", ""], [1, "aut", ""], [2, "aut", ""]]
    assert said(before, after) == [("changed", "Cid: moved from place 3 to 1")]


def test_nobody_was_moved_by_somebody_who_left():
    before = [[1, "aut", ""], [2, "aut", ""]]
    assert said(before, [[2, "aut", ""]]) == [("removed", "Ann, author")]


def test_one_person_in_two_roles():
    before = [[1, "aut", ""], [1, "ill", ""]]
    assert said(before, [[1, "aut", ""], [1, "edt", ""]]) == [
        ("changed", "Ann: illustrator → editor")
    ]


def test_somebody_whose_name_nobody_knows():
    assert said([], [[9, "aut", ""]]) == [("added", "author 9, author")]


def test_lists():
    assert compare_lists(["a", "b"], ["b", "c"]) == [Piece("removed", "a"), Piece("added", "c")]


def test_a_text_is_compared_by_words():
    assert compare_texts("one two three", "one 2 three") == [
        Piece("same", "one "), Piece("removed", "two "), Piece("added", "2 "),
        Piece("same", "three"),
    ]  # fmt: skip


def test_chinese_is_compared_by_characters():
    pieces = compare_texts("三体问题", "三体難题")
    assert Piece("removed", "问") in pieces
    assert Piece("added", "難") in pieces


@given(st.text(alphabet="ab .\n", max_size=60), st.text(alphabet="ab .\n", max_size=60))
def test_nothing_is_lost_in_comparing(before, after):
    pieces = compare_texts(before, after)
    assert "".join(piece.text for piece in pieces if piece.mark != "added") == before
    assert "".join(piece.text for piece in pieces if piece.mark != "removed") == after


@pytest.mark.parametrize("unit", ["word{} ", "A sentence {}. ", "x{}"])
def test_very_long_texts_are_compared_by_fewer_pieces(unit, monkeypatch):
    pairs = []
    opcodes = LCSseq.opcodes

    def counted(old, new):
        pairs.append(len(old) * len(new))
        return opcodes(old, new)

    monkeypatch.setattr(comparison.LCSseq, "opcodes", counted)
    before = "".join(unit.format(number) for number in range(8_000))
    after = "".join(unit.format(number * 7 % 8_000) for number in range(8_000))
    assert compare_texts(before, after)
    assert sum(pairs) <= comparison.MOST_PAIRS
