"""The sheet of shortcuts, and that no page has a key that the sheet does not know."""

import re

import pytest
from django.conf import settings
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from site_config.shortcuts import GROUPS, ROWS

FILES = sorted(settings.BASE_DIR.joinpath("templates").rglob("*.html"))


def test_anyone_may_read_them_even_where_the_catalogue_is_closed(client, settings, db):
    settings.CATALOG_PUBLIC = False
    response = client.get(reverse("shortcuts"))
    assertContains(response, "<h1>Keyboard shortcuts</h1>", html=True)
    assertContains(response, "<kbd>/</kbd>")
    assertNotContains(response, 'method="dialog"')


def test_htmx_gets_what_goes_into_the_dialog(htmx_client, db):
    response = htmx_client.get(reverse("shortcuts"))
    assertContains(response, 'method="dialog"')
    assertNotContains(response, "<html")
    assertNotContains(response, "<h1")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_key_of_a_page_is_in_the_sheet(path):
    listed = {shortcut.needs for _label, shortcuts in GROUPS for shortcut in shortcuts}
    keys = re.findall(r'\bdata-key="([^"]+)"', path.read_text(encoding="utf-8"))
    assert {f'[data-key="{key}"]' for key in keys} <= listed


def test_the_sheet_and_the_script_mean_the_same_rows():
    script = settings.BASE_DIR.joinpath("static", "js", "shortcuts.js").read_text(encoding="utf-8")
    assert f'const ROWS = "{ROWS}";' in script
