"""axe on every page there is, in light and in dark."""

import re

import pytest
from playwright.sync_api import Page

from tests.browser.site import Site
from tests.browser.test_main_job import SAMPLE, open_menu, start, upload

READER_PAGES = [
    "/",
    "/books/",
    "/books/?view=grid",
    "/books/?q=the",
    "/books/?q=zzzzqqqq",
    "/books/?page=2",
    "/books/1/",
    "/authors/",
    "/authors/1/",
    "/publishers/",
    "/publishers/1/",
    "/accounts/login/",
]


@pytest.mark.parametrize("path", READER_PAGES)
def test_a_reader_meets_no_barrier(page: Page, library: Site, assert_accessible, path) -> None:
    response = page.goto(f"{library.url}{path}")
    assert response is not None
    assert response.status == 200
    assert_accessible(page)


def test_a_missing_page_is_accessible_too(
    page: Page, library: Site, assert_accessible, guard
) -> None:
    guard.expect("404")
    page.goto(f"{library.url}/books/99999999/")
    assert_accessible(page)


def test_a_refusal_is_accessible_too(
    page: Page, library: Site, assert_accessible, sign_in, guard
) -> None:
    guard.expect("403")
    sign_in(page, library, "reader")
    page.goto(f"{library.url}/imports/new/")
    assert_accessible(page)


def test_menus_are_accessible_when_open(
    page: Page, library: Site, assert_accessible, sign_in
) -> None:
    sign_in(page, library, "manager")
    page.goto(f"{library.url}/books/")
    open_menu(page)
    assert_accessible(page)


def test_an_empty_installation_meets_no_barrier(
    page: Page, empty_site: Site, assert_accessible, guard
) -> None:
    for path in ("/", "/books/", "/accounts/login/", "/accounts/welcome/"):
        page.goto(f"{empty_site.url}{path}")
        assert_accessible(page)
    guard.expect("422")
    page.get_by_label("Token").fill("wrong")
    page.get_by_label("Username").fill("mara")
    page.locator("#id_password1").fill("12345678")
    page.locator("#id_password2").fill("123456789")
    page.get_by_role("button", name="Become the first manager").click()
    page.get_by_text("not the token that the console printed").wait_for()
    assert_accessible(page)


def test_importing_meets_no_barrier(page: Page, site: Site, assert_accessible, sign_in) -> None:
    sign_in(page, site, "cataloguer")
    for path in ("/", "/books/", "/books/new/", "/imports/", "/imports/new/"):
        page.goto(f"{site.url}{path}")
        assert_accessible(page)
    upload(page, site, SAMPLE)
    assert_accessible(page)
    page.locator("summary").filter(has_text="Change").click()
    assert_accessible(page)
    start(page)
    page.locator("#import-progress[data-state=done]").wait_for(timeout=60_000)
    assert_accessible(page)
    address = page.url
    for outcome in ("", "?outcome=rejected", "?outcome=warned", "?outcome=repaired"):
        page.goto(f"{address}rows/{outcome}")
        assert_accessible(page)
    page.goto(f"{site.url}/imports/")
    assert_accessible(page)
    assert re.search(r"/imports/$", page.url)
