"""Selecting books and changing or deleting them together: mouse, keyboard, no JavaScript."""

import re

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.hands import KEYBOARD, Hand
from tests.browser.site import Site

BOOKS = """
import django; django.setup()
from catalog.models import Book
from catalog.models.indexed import deferred
with deferred():
    for number in range(1, {most}):
        Book.objects.create(title=f"Book {{number:03}}", language="fre")
"""


@pytest.fixture
def shelf(site: Site) -> Site:
    site._python("-c", BOOKS.format(most=61))
    return site


@pytest.fixture
def table(page: Page, shelf: Site, sign_in) -> Page:
    sign_in(page, shelf, "manager")
    page.goto(f"{shelf.url}/books/")
    return page


def box(page: Page, number: int):
    return page.get_by_role("checkbox", name=f"Select Book {number:03}", exact=True)


def tick(hand: Hand, number: int) -> None:
    if hand.way == KEYBOARD:
        hand.reach(box(hand.page, number))
        hand.page.keyboard.press("Space")
    else:
        box(hand.page, number).check()


def count(page: Page):
    return page.locator("#bulk [data-count]")


def test_a_few_are_changed_looked_at_and_put_back(
    hand: Hand, shelf: Site, sign_in, assert_accessible
) -> None:
    page = hand.page
    sign_in(page, shelf, "cataloguer")
    page.goto(f"{shelf.url}/books/?language=fre")
    for number in (2, 4):
        tick(hand, number)
    hand.press("Change…")
    expect(page.get_by_role("heading", level=1)).to_have_text("Change 2 books")
    if hand.scripts:
        assert_accessible(page)
    hand.choose("Language", "English")
    hand.fill("Add subjects", "Trees")
    hand.press("Preview")
    expect(page.get_by_role("heading", level=1)).to_have_text("Change 2 books?")
    expect(page.locator(".bulk-figures")).to_contain_text("2 are changed")
    expect(page.get_by_role("table")).to_contain_text("French")
    if hand.scripts:
        assert_accessible(page)
    hand.press("Change 2 books")
    expect(page).to_have_url(re.compile(r"/books/\?language=fre$"))
    expect(page.locator("#toasts")).to_contain_text("2 books changed.")
    expect(page.locator("#results")).to_contain_text("58 of 60")
    expect(page.locator("#f-language")).to_contain_text("English 2")
    hand.press("Undo")
    expect(page.locator("#toasts")).to_contain_text("2 books put back.")
    expect(page.locator("#results")).to_contain_text("60 of 60")
    expect(page).to_have_url(re.compile(r"/books/\?language=fre$"))


def test_whoever_was_signed_out_goes_on_with_what_was_ticked_and_typed(
    hand: Hand, shelf: Site, sign_in, guard
) -> None:
    guard.expect("403")
    page = hand.page
    sign_in(page, shelf, "cataloguer")
    page.goto(f"{shelf.url}/books/?language=fre")
    for number in (2, 4):
        tick(hand, number)
    shelf.sign_everybody_out()
    hand.press("Change…")
    hand.sign_in("cataloguer")
    expect(page.get_by_role("heading", level=1)).to_have_text("Change 2 books")
    hand.fill("Add subjects", "Trees")
    shelf.sign_everybody_out()
    hand.press("Preview")
    hand.sign_in("cataloguer")
    expect(page.get_by_text("Nothing of it is saved yet.")).to_be_visible()
    expect(hand.field("Add subjects")).to_have_value("Trees")
    hand.press("Preview")
    expect(page.get_by_role("heading", level=1)).to_have_text("Change 2 books?")
    page.get_by_role("link", name="Cancel").click()
    expect(box(page, 2)).not_to_be_checked()


def test_ticks_stay_for_whoever_does_not_sign_in_but_goes_back(
    table: Page, shelf: Site, guard
) -> None:
    guard.expect("403")
    box(table, 1).check()
    table.get_by_role("link", name=re.compile("Next")).click()
    table.wait_for_url(re.compile("page=2"))
    box(table, 30).check()
    shelf.sign_everybody_out()
    table.get_by_role("button", name="Change…").click()
    expect(table.get_by_role("heading", level=1)).to_have_text("Sign in")
    kept = table.evaluate("JSON.parse(sessionStorage.getItem('books-selected')).ids.length")
    assert kept == 2


def test_the_form_of_a_bulk_change_saves_with_keys_and_is_not_left_by_mistake(table: Page) -> None:
    box(table, 1).check()
    table.get_by_role("button", name="Change…").click()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    table.on("dialog", stay)
    table.get_by_label("Add subjects").press_sequentially("Trees")
    table.get_by_role("link", name="Authors", exact=True).click(no_wait_after=True)
    table.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    table.get_by_role("link", name="Keyboard shortcuts").click()
    sheet = table.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_contain_text("To the preview")
    expect(sheet.get_by_text("Save", exact=True)).to_be_hidden()
    table.keyboard.press("Escape")
    table.keyboard.press("Control+s")
    expect(table.get_by_role("heading", level=1)).to_have_text("Change 1 book?")
    assert asked == ["beforeunload"]


def test_all_of_a_list_are_deleted_together(hand: Hand, shelf: Site, sign_in) -> None:
    page = hand.page
    sign_in(page, shelf, "manager")
    page.goto(f"{shelf.url}/books/?q=book+01")
    hand.check(re.compile(r"All \d+ books of the list"))
    hand.press("Delete…")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile(r"Delete \d+ books\?"))
    number = re.findall(r"\d+", heading.inner_text())[0]
    expect(page.get_by_role("main")).to_contain_text("“book 01”")
    hand.press(f"Delete {number} books")
    expect(page.locator("#toasts")).to_contain_text(f"{number} books deleted.")
    page.goto(f"{shelf.url}/bulk/")
    hand.follow(re.compile("Deletion"))
    hand.press("Put all of it back")
    expect(page.locator("#toasts")).to_contain_text(f"{number} books put back.")


def test_all_of_a_page_are_selected_by_one_box(hand: Hand, shelf: Site, sign_in) -> None:
    page = hand.page
    sign_in(page, shelf, "cataloguer")
    page.goto(f"{shelf.url}/books/?page=3")
    hand.check(re.compile("All 10 books of this page"))
    if hand.scripts:
        expect(count(page)).to_have_text("10 selected")
        expect(box(page, 60)).to_be_checked()
    hand.press("Change…")
    expect(page.get_by_role("heading", level=1)).to_have_text("Change 10 books")
    hand.choose("Language", "English")
    hand.press("Preview")
    expect(page.get_by_role("table")).to_contain_text("Book 051")
    expect(page.get_by_role("table")).to_contain_text("Book 060")


def test_nothing_ticked_is_said(hand: Hand, shelf: Site, sign_in) -> None:
    sign_in(hand.page, shelf, "cataloguer")
    hand.page.goto(f"{shelf.url}/books/?language=fre&page=2")
    hand.press("Change…")
    expect(hand.page.locator("#toasts")).to_contain_text("Nothing is selected")
    expect(hand.page).to_have_url(re.compile("language=fre&page=2"))


def test_ranges_pages_and_what_is_kept(table: Page) -> None:
    box(table, 2).click()
    box(table, 6).click(modifiers=["Shift"])
    expect(count(table)).to_have_text("5 selected")
    box(table, 4).click()
    expect(count(table)).to_have_text("4 selected")
    table.get_by_role("link", name=re.compile("Next")).click()
    table.wait_for_url(re.compile("page=2"))
    expect(count(table)).to_have_text("4 selected, 4 of them on other pages")
    table.get_by_label("All 25 books of this page").check()
    expect(count(table)).to_have_text("29 selected, 4 of them on other pages")
    table.get_by_role("link", name=re.compile("Previous")).click()
    expect(box(table, 2)).to_be_checked()
    expect(box(table, 4)).not_to_be_checked()
    # Another filter is another list.
    table.locator("#f-language").get_by_role("link").first.click()
    table.wait_for_url(re.compile("language=fre"))
    expect(count(table)).to_have_text("")
    expect(box(table, 2)).not_to_be_checked()


def test_what_was_ticked_on_other_pages_comes_along(table: Page) -> None:
    box(table, 1).check()
    table.get_by_role("link", name=re.compile("Next")).click()
    table.wait_for_url(re.compile("page=2"))
    box(table, 30).check()
    table.get_by_role("button", name="Change…").click()
    expect(table.get_by_role("heading", level=1)).to_have_text("Change 2 books")
    table.get_by_label("Year", exact=True).fill("1999")
    table.get_by_role("button", name="Preview").click()
    expect(table.get_by_role("table")).to_contain_text("Book 001")
    expect(table.get_by_role("table")).to_contain_text("Book 030")
    table.get_by_role("button", name="Change 2 books").click()
    expect(table).to_have_url(re.compile(r"page=2$"))
    expect(count(table)).to_have_text("")
    expect(box(table, 30)).not_to_be_checked()


def test_all_of_the_list_is_said_and_takes_the_boxes_place(table: Page) -> None:
    table.get_by_label("All 60 books of the list").check()
    expect(count(table)).to_have_text("All 60 selected")
    expect(box(table, 1)).to_be_disabled()
    table.get_by_label("All 60 books of the list").uncheck()
    expect(box(table, 1)).to_be_enabled()
    expect(count(table)).to_have_text("")


def test_the_keyboard_selects_rows(table: Page) -> None:
    table.keyboard.press("j")
    table.keyboard.press("x")
    table.keyboard.press("j")
    table.keyboard.press("j")
    table.keyboard.press("x")
    expect(count(table)).to_have_text("2 selected")
    expect(box(table, 1)).to_be_checked()
    expect(box(table, 3)).to_be_checked()


def test_many_are_changed_in_the_background_and_watched(
    page: Page, site: Site, sign_in, assert_accessible
) -> None:
    site._python("-c", BOOKS.format(most=801))
    sign_in(page, site, "cataloguer")
    page.goto(f"{site.url}/books/")
    page.get_by_label("All 800 books of the list").check()
    page.get_by_role("button", name="Change…").click()
    page.get_by_label("Language", exact=True).select_option(label="English")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("main")).to_contain_text("It is done in the background")
    page.get_by_role("button", name="Change 800 books").click()
    page.wait_for_url(re.compile(r"/bulk/\d+/$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("800 books changed")
    # Without a reload: the button that puts it back comes by itself.
    back = page.get_by_role("button", name="Put all of it back")
    expect(back).to_be_visible()
    assert_accessible(page)
    back.click()
    put_back = page.get_by_role("heading", level=1)
    expect(put_back).to_have_text("800 books put back", timeout=30_000)


def test_the_list_of_bulk_changes_meets_no_barrier(table: Page, shelf: Site, assert_accessible):
    table.goto(f"{shelf.url}/bulk/")
    assert_accessible(table)
