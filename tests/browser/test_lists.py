"""Searching and browsing as a reader does it."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.site import Site
from tests.browser.test_main_job import open_menu


def test_typing_searches_and_keeps_the_focus(page: Page, library: Site) -> None:
    page.goto(f"{library.url}/books/")
    page.keyboard.press("/")
    box = page.get_by_label("Search books")
    expect(box).to_be_focused()
    before = page.locator("#results h1 + p").inner_text()
    page.keyboard.type("the", delay=60)
    page.wait_for_url(re.compile("q=the"))
    expect(page.locator("#results h1 + p")).not_to_have_text(before)
    expect(box).to_be_focused()
    expect(box).to_have_value("the")
    page.keyboard.type(" of")
    page.wait_for_url(re.compile("q=the(\\+|%20)of"))
    expect(box).to_have_value("the of")


def test_a_search_is_one_step_in_the_history(page: Page, library: Site) -> None:
    page.goto(f"{library.url}/books/")
    page.keyboard.press("/")
    for letter in "the":
        page.keyboard.type(letter)
        page.wait_for_timeout(500)
    page.wait_for_url(re.compile("q=the"))
    page.go_back()
    page.wait_for_url(f"{library.url}/books/")
    expect(page.get_by_label("Search books")).to_have_value("")


def test_back_gives_the_page_and_not_the_fragment(page: Page, library: Site) -> None:
    page.goto(f"{library.url}/books/")
    page.get_by_role("navigation", name=re.compile("page", re.IGNORECASE)).get_by_role(
        "link", name="2", exact=True
    ).first.click()
    page.wait_for_url(re.compile("page=2"))
    title = page.locator("#results tbody a").first
    second = title.inner_text()
    title.click()
    page.wait_for_url(re.compile(r"/books/\d+/$"))
    page.go_back()
    page.wait_for_url(re.compile("page=2"))
    expect(title).to_have_text(second)
    expect(page.get_by_role("banner")).to_have_count(1)
    page.go_back()
    page.wait_for_url(f"{library.url}/books/")
    expect(page.get_by_role("banner")).to_have_count(1)


def test_a_shared_address_shows_the_same_to_somebody_else(
    page: Page, library: Site, browser: Browser
) -> None:
    page.goto(f"{library.url}/books/")
    page.locator("#results").get_by_role("link", name=re.compile("English")).first.click()
    page.wait_for_url(re.compile("language="))
    shown = page.locator("#results tbody").inner_text()
    other = browser.new_context().new_page()
    other.goto(page.url)
    assert other.locator("#results tbody").inner_text() == shown
    other.context.close()


def test_a_filter_counts_and_can_be_taken_away(page: Page, library: Site) -> None:
    page.goto(f"{library.url}/books/")
    everything = page.locator("#results h1 + p").inner_text()
    choice = page.locator("#results").get_by_role("link", name=re.compile("English")).first
    choice.click()
    page.wait_for_url(re.compile("language="))
    expect(page.locator("#results h1 + p")).not_to_have_text(everything)
    page.get_by_role("link", name="show all").click()
    page.wait_for_url(lambda url: "language=" not in url)
    expect(page.locator("#results h1 + p")).to_have_text(everything)


def test_the_theme_is_switched_and_remembered(page: Page, library: Site) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(f"{library.url}/books/")
    paper = "() => getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    open_menu(page)
    with page.expect_response(re.compile("theme")):
        page.locator("button[name=theme][value=dark]").click()
    assert page.evaluate(paper) != light
    page.reload()
    assert page.evaluate(paper) != light
    open_menu(page)
    with page.expect_response(re.compile("theme")):
        page.locator("button[name=theme][value=system]").click()
    assert page.evaluate(paper) == light
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(paper) != light


def test_covers_or_table_is_remembered(page: Page, library: Site) -> None:
    page.goto(f"{library.url}/books/")
    page.get_by_role("link", name="Covers").click()
    expect(page.locator("#results table")).to_have_count(0)
    page.goto(f"{library.url}/books/")
    expect(page.locator("#results table")).to_have_count(0)
    expect(page.locator("#results img, #results svg").first).to_be_visible()


def test_an_expired_sign_in_leaves_the_page_as_a_whole(
    page: Page, library: Site, sign_in, guard
) -> None:
    sign_in(page, library, "cataloguer")
    page.goto(f"{library.url}/imports/new/")
    page.context.clear_cookies()
    page.get_by_role("link", name="Imports").first.click()
    page.wait_for_url(re.compile("/accounts/login/"))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_page_fits_on_a_phone(page: Page, library: Site) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/", "/books/", "/books/?view=grid", "/authors/", "/publishers/", "/books/1/"):
        page.goto(f"{library.url}{path}")
        overflow = page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"{path} is {overflow} pixels too wide"


def test_the_menu_signs_out(page: Page, library: Site, sign_in) -> None:
    sign_in(page, library, "reader")
    open_menu(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_the_keyboard_gets_no_switch_of_filters_that_are_shown(page: Page, library: Site) -> None:
    page.goto(f"{library.url}/books/")
    switch = page.get_by_label("Show the filters")
    expect(switch).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 800})
    switch.focus()
    page.keyboard.press("/")  # a checkbox takes no text
    expect(page.get_by_label("Search books")).to_be_focused()
