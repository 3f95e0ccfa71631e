"""The colours of the theme, as the style sheet has them."""

import re
from pathlib import Path

import pytest
from django.conf import settings

CSS = Path(settings.BASE_DIR / "static/css/colophon.css").read_text(encoding="utf-8")
TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", CSS)
}
TEXT = [  # words on a ground: WCAG AA asks for 4.5
    *((word, ground) for word in ("ink", "mute", "accent") for ground in ("paper", "sheet")),
    *((word, ground) for word in ("ok", "warn", "bad") for ground in ("paper", "sheet")),
    ("ink", "accent-soft"),
    ("accent", "accent-soft"),
    ("accent-strong", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("ok", "ok-soft"),
    ("warn", "warn-soft"),
    ("bad", "bad-soft"),
    ("sheet", "bad"),
]
EDGES = [("edge", "paper"), ("edge", "sheet"), ("accent", "paper")]  # controls: 3


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("word", "ground"), TEXT)
def test_words_can_be_read(word, ground, theme):
    assert contrast(TOKENS[word][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_controls_can_be_seen(edge, ground, theme):
    assert contrast(TOKENS[edge][theme], TOKENS[ground][theme]) >= 3


def test_browsers_without_light_dark_get_the_same_colours():
    old = CSS[CSS.index("@supports not") :]
    spelled = {"#fff": "#ffffff"}
    for theme, rules in enumerate(re.findall(r"\{\s+(--paper.*?)\}", old, re.DOTALL)[:2]):
        for name, colour in re.findall(r"--([\w-]+): (#\w+);", rules):
            assert spelled.get(colour, colour) == TOKENS[name][theme]


def test_nothing_comes_from_another_host():
    for path in Path(settings.BASE_DIR / "static").rglob("*.*"):
        if path.suffix in {".css", ".js"}:
            text = path.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
            assert "://" not in text, path
            assert "@import" not in text, path
            assert "eval(" not in text, path


def test_no_template_has_an_inline_style_or_script():
    for path in Path(settings.BASE_DIR / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|<style|\son\w+=|hx-on|javascript:|hx-vals=.js:", text), path
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), path
        assert not re.search(r'hx-trigger="[^"]*\[', text), path
