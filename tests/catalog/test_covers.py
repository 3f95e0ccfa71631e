import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings

from catalog import covers
from tests.site_config.test_theme import contrast

ROOM = covers.ROOM


def texts(svg):
    return re.findall(r"<text[^>]*>(.*?)</text>", svg)


def test_title_and_author_stand_on_the_cover():
    svg = covers.draw("Invisible Cities", "Italo Calvino")
    assert " ".join(texts(svg)) == "Invisible Cities Italo Calvino"
    assert 'aria-hidden="true"' in svg


def test_a_cover_is_well_formed_and_has_no_style_of_its_own():
    svg = covers.draw("<script>alert('1')</script> & \"so on\"", "O'Brien <b>")
    ElementTree.fromstring(svg)  # noqa: S314 - our own drawing
    assert "style" not in svg
    assert "<script" not in svg
    assert "onload" not in svg


def test_the_cloth_belongs_to_the_title():
    assert covers.cloth("Rayuela") == covers.cloth("Rayuela")
    assert len({covers.cloth(f"Title {number}") for number in range(200)}) == len(covers.CLOTHS)


@pytest.mark.parametrize("colour", covers.CLOTHS)
def test_words_can_be_read_on_every_cloth(colour):
    assert contrast(covers.INK, colour) >= 4.5


def test_tables_show_the_same_cloths():
    css = Path(settings.BASE_DIR / "static/css/colophon.css").read_text(encoding="utf-8")
    assert dict(re.findall(r"\.c(\d+) \{ background: (#\w{6}); \}", css)) == {
        str(number): colour for number, colour in enumerate(covers.CLOTHS)
    }


@pytest.mark.parametrize(
    "title",
    [
        "It",
        "The Left Hand of Darkness",
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
        "吾輩は猫である、そして長い長い題名がどこまでもつづいていく",
        "ألف ليلة وليلة",
        "The Life and Strange Surprizing Adventures of Robinson Crusoe " * 8,
        "W" * 500,
        "a\u0301" * 300,
    ],
)
def test_every_title_fits(title):
    size, lines = covers.fit(title, covers.TITLE_SIZES)
    assert lines
    assert len(lines) <= dict(covers.TITLE_SIZES)[size]
    for line in lines:
        assert covers.text_width(line) * size <= ROOM + 0.001


def test_short_titles_are_set_larger_than_long_ones():
    assert covers.fit("Rayuela", covers.TITLE_SIZES)[0] == covers.TITLE_SIZES[0][0]
    assert covers.fit("A title of many words " * 5, covers.TITLE_SIZES)[0] < 20


def test_what_cannot_be_shown_ends_in_an_ellipsis():
    _size, lines = covers.fit("Adventures of all sorts of people, " * 30, covers.TITLE_SIZES)
    assert lines[-1].endswith("…")
    assert not lines[-1].endswith(",…")


def test_a_long_word_is_set_smaller_before_it_is_cut():
    size, lines = covers.fit("Wiedergutmachung", covers.TITLE_SIZES)
    assert lines == ["Wiedergutmachung"]
    assert size < covers.TITLE_SIZES[0][0]


def test_chinese_breaks_between_any_two_characters():
    lines = covers.wrap("红楼梦" * 6, 25)
    assert len(lines) > 1
    assert "".join(lines) == "红楼梦" * 6


def test_accents_are_not_parted_from_their_letters():
    for line in covers.wrap("e\u0301" * 60, 25):
        assert line[0] == "e"
        assert line[-1] == "\u0301"


def test_an_empty_title_is_no_mistake():
    assert texts(covers.draw("", "")) == []
