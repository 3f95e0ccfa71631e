"""Single keys, and the sheet that lists them."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site


def sheet(page: Page):
    return page.get_by_role("dialog", name="Keyboard shortcuts")


def open_sheet(page: Page):
    page.keyboard.press("?")
    expect(sheet(page)).to_be_visible()
    return sheet(page)


def test_the_sheet_shows_what_this_page_has_and_gives_the_focus_back(
    page: Page, library: Site, sign_in
) -> None:
    page.goto(f"{library.url}/books/")
    title = page.locator("#results tbody a").first
    title.focus()
    shown = open_sheet(page)
    expect(shown.get_by_text("Next row")).to_be_visible()
    expect(shown.get_by_text("Add a book")).to_be_hidden()  # a reader may not
    expect(shown.get_by_text("Save")).to_be_hidden()
    expect(shown.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(shown).to_be_hidden()
    expect(title).to_be_focused()
    sign_in(page, library, "cataloguer")
    page.goto(f"{library.url}/books/")
    expect(open_sheet(page).get_by_text("Add a book")).to_be_visible()
    page.keyboard.press("?")
    expect(sheet(page)).to_be_hidden()


def test_the_sheet_opens_from_the_footer_closes_by_its_button_and_is_fetched_once(
    page: Page, library: Site
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{library.url}/books/")
    for _time in range(2):
        page.get_by_role("contentinfo").get_by_role("link", name="Keyboard shortcuts").click()
        expect(sheet(page)).to_be_visible()
        page.get_by_role("button", name="Close").click()
        expect(sheet(page)).to_be_hidden()
    assert len([url for url in asked if url.endswith("/shortcuts/")]) == 1
    assert page.url == f"{library.url}/books/"


def test_without_javascript_the_footer_leads_to_a_page(plain_page: Page, library: Site) -> None:
    plain_page.goto(f"{library.url}/books/")
    plain_page.get_by_role("link", name="Keyboard shortcuts").click()
    expect(plain_page.get_by_role("heading", level=1, name="Keyboard shortcuts")).to_be_visible()
    expect(plain_page.locator("noscript .note")).to_contain_text("They need JavaScript")
    expect(plain_page.get_by_text("Shortcuts of a single key")).to_be_hidden()


@pytest.mark.parametrize("path", ["/books/", "/books/?view=grid", "/authors/", "/publishers/"])
def test_rows_are_walked_opened_and_left_for_the_next_page(
    page: Page, library: Site, path: str
) -> None:
    page.goto(f"{library.url}{path}")
    rows = page.locator("main .books > tbody > tr, main .tiles > li")
    page.keyboard.press("j")
    expect(rows.nth(0).get_by_role("link").first).to_be_focused()
    page.keyboard.press("j")
    second = rows.nth(1).get_by_role("link").first
    expect(second).to_be_focused()
    page.keyboard.press("k")
    expect(rows.nth(0).get_by_role("link").first).to_be_focused()
    for _row in range(rows.count()):
        page.keyboard.press("j")
    expect(page.get_by_role("link", name=re.compile("^Next"))).to_be_focused()
    page.keyboard.press("k")
    expect(rows.last.get_by_role("link").first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("page=2"))
    page.keyboard.press("j")
    address = rows.nth(0).get_by_role("link").first.get_attribute("href")
    expect(rows.nth(0).get_by_role("link").first).to_be_focused()
    page.keyboard.press("o")
    page.wait_for_url(f"{library.url}{address}")


def test_letters_that_are_typed_stay_letters(page: Page, library: Site, sign_in) -> None:
    sign_in(page, library, "cataloguer")
    page.goto(f"{library.url}/authors/")
    box = page.get_by_role("searchbox", name="Find an author")
    box.click()
    page.keyboard.type("n?/jx")
    expect(box).to_have_value("n?/jx")
    expect(sheet(page)).to_be_hidden()
    page.get_by_role("heading", level=1).click()
    for combination in ("Control+j", "Alt+j", "Shift+N", "Control+Alt+n"):
        page.keyboard.press(combination)
    assert "/authors/" in page.url
    expect(open_sheet(page).get_by_text("Add an author")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("n")  # what this list is a list of; elsewhere a book
    page.wait_for_url(re.compile("/authors/new/"))


def test_a_record_is_edited_and_its_history_shown_by_one_key(
    page: Page, library: Site, sign_in
) -> None:
    sign_in(page, library, "cataloguer")
    page.goto(f"{library.url}/books/1/")
    page.keyboard.press("h")
    page.wait_for_url(f"{library.url}/books/1/history/")
    page.go_back()
    page.keyboard.press("e")
    page.wait_for_url(re.compile("/books/1/edit/"))
    expect(page.locator("#id_title")).to_be_focused()
    page.keyboard.type("jnx?")  # a form: letters are letters
    expect(sheet(page)).to_be_hidden()


def test_in_a_list_keys_are_meant_for_the_row(page: Page, library: Site, sign_in) -> None:
    sign_in(page, library, "cataloguer")
    page.goto(f"{library.url}/books/")
    rows = page.locator("main .books > tbody > tr")
    page.keyboard.press("e")  # no row is meant yet
    page.keyboard.press("x")
    assert page.url == f"{library.url}/books/"
    expect(rows.locator("input:checked")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(rows.nth(1).get_by_role("checkbox")).to_be_checked()
    expect(rows.locator("input:checked")).to_have_count(1)
    page.keyboard.press("x")
    expect(rows.locator("input:checked")).to_have_count(0)
    address = rows.nth(1).get_by_role("link").first.get_attribute("href")
    page.keyboard.press("e")
    page.wait_for_url(re.compile(f"{address}edit/"))


def test_single_keys_can_be_switched_off_and_stay_off(page: Page, library: Site) -> None:
    page.goto(f"{library.url}/books/")
    box = page.get_by_label("Search books")
    expect(box).to_have_attribute("aria-keyshortcuts", "/")
    switch = open_sheet(page).get_by_role("switch", name="Shortcuts of a single key")
    switch.uncheck()
    page.keyboard.press("Escape")
    for _visit in range(2):
        page.keyboard.press("/")
        expect(box).not_to_be_focused()
        page.keyboard.press("?")
        page.wait_for_timeout(100)
        expect(sheet(page)).to_be_hidden()
        assert box.get_attribute("aria-keyshortcuts") is None
        page.goto(f"{library.url}/books/?page=2")
    page.get_by_role("link", name="Keyboard shortcuts").click()
    expect(switch).not_to_be_checked()
    switch.check()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(box).to_be_focused()


def test_the_page_behind_the_sheet_does_not_move(page: Page, library: Site) -> None:
    page.goto(f"{library.url}/books/")
    shown = open_sheet(page)
    page.keyboard.press("j")
    page.keyboard.press("/")
    expect(shown.get_by_role("button", name="Close")).to_be_focused()


def test_the_sheet_meets_no_barrier(page: Page, library: Site, assert_accessible) -> None:
    page.goto(f"{library.url}/books/")
    open_sheet(page)
    assert_accessible(page)
    page.get_by_role("link", name="Shortcuts of all pages").click()
    page.wait_for_url(f"{library.url}/shortcuts/")
    assert_accessible(page)
    page.set_viewport_size({"width": 360, "height": 640})
    open_sheet(page)
    assert_accessible(page)
