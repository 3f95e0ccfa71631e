"""Changing books where they stand in the list: mouse, keyboard alone, no JavaScript."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import KEYBOARD, Hand
from tests.browser.site import Site

BOOKS = """
import django; django.setup()
from catalog.models import Book, Publisher
for number in range(1, 31):
    Book.objects.create(title=f"Book {number:02}", year=1990, language="eng")
Publisher.objects.create(name="Chilton Books")
"""
OTHERS_CHANGE = """
import django; django.setup()
from catalog.models import Book
Book.objects.filter(title="Book 01").update(year=1970)
"""


@pytest.fixture
def shelf(site: Site) -> Site:
    site._python("-c", BOOKS)
    return site


@pytest.fixture
def table(page: Page, shelf: Site, sign_in) -> Page:
    sign_in(page, shelf, "cataloguer")
    page.goto(f"{shelf.url}/books/")
    return page


def cell(page: Page, title: str, column: int) -> Locator:
    return page.locator(".worked tbody tr", has_text=title).locator("td").nth(column)


TITLE, PUBLISHER, YEAR, LANGUAGE, PRICE = 1, 2, 3, 4, 6


def test_a_year_is_corrected_in_the_list(hand: Hand, shelf: Site, sign_in) -> None:
    sign_in(hand.page, shelf, "cataloguer")
    hand.page.goto(f"{shelf.url}/books/?language=eng&page=1")
    hand.follow("Change the year: Book 02")
    hand.fill(re.compile("Year of"), "1965")
    if hand.way == KEYBOARD:
        hand.page.keyboard.press("Enter")
    else:
        hand.press("Save")
    expect(cell(hand.page, "Book 02", YEAR)).to_contain_text("1965")
    expect(hand.page).to_have_url(re.compile(r"/books/\?language=eng&page=1"))
    if hand.scripts:
        link = hand.page.get_by_role("link", name="Change the year: Book 02")
        expect(link).to_be_focused()
        expect(hand.page.locator("#announce")).to_have_text("“Book 02” is saved.")
    expect(hand.page.locator("#f-decade")).to_contain_text("1960s 1")


def test_what_is_wrong_is_said_in_place(
    hand: Hand, shelf: Site, sign_in, guard, assert_accessible
) -> None:
    guard.expect("422")
    sign_in(hand.page, shelf, "cataloguer")
    hand.page.goto(f"{shelf.url}/books/")
    hand.follow("Change the year: Book 02")
    hand.fill(re.compile("Year of"), "soon")
    if hand.way == KEYBOARD:
        hand.page.keyboard.press("Enter")
    else:
        hand.press("Save")
    expect(hand.page.get_by_role("alert")).to_contain_text("“soon” is not a year")
    field = hand.field(re.compile("Year of"))
    expect(field).to_have_value("soon")
    expect(field).to_have_attribute("aria-invalid", "true")
    if hand.scripts:
        expect(field).to_be_focused()
        assert_accessible(hand.page)
    hand.fill(re.compile("Year of"), "1966")
    if hand.way == KEYBOARD:
        hand.page.keyboard.press("Enter")
    else:
        hand.press("Save")
    expect(cell(hand.page, "Book 02", YEAR)).to_contain_text("1966")


def test_whoever_was_signed_out_finds_the_cell_as_typed_and_then_the_list(
    hand: Hand, shelf: Site, sign_in, guard
) -> None:
    guard.expect("403")
    page = hand.page
    sign_in(page, shelf, "cataloguer")
    page.goto(f"{shelf.url}/books/?language=eng&page=1")
    hand.follow("Change the year: Book 02")
    hand.fill(re.compile("Year of"), "1965")
    shelf.sign_everybody_out()
    if hand.way == KEYBOARD:
        page.keyboard.press("Enter")
    else:
        hand.press("Save")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    hand.sign_in("cataloguer")
    expect(page).to_have_url(re.compile(r"/cells/year/$"))
    expect(page.get_by_text("Nothing of it is saved yet.")).to_be_visible()
    expect(hand.field(re.compile("Year of"))).to_have_value("1965")
    hand.press("Save")
    expect(page).to_have_url(re.compile(r"/books/\?language=eng&page=1#book-2$"))
    expect(cell(page, "Book 02", YEAR)).to_contain_text("1965")


def test_a_double_click_opens_and_escape_leaves_it_as_it_was(table: Page) -> None:
    year = cell(table, "Book 03", YEAR)
    year.dblclick()
    field = table.get_by_label("Year of “Book 03”")
    expect(field).to_be_focused()
    field.fill("1234")
    table.keyboard.press("Escape")
    expect(field).to_have_count(0)
    expect(year).to_contain_text("1990")
    expect(table.get_by_role("link", name="Change the year: Book 03")).to_be_focused()


def test_tab_saves_and_goes_on_from_cell_to_cell(table: Page) -> None:
    cell(table, "Book 01", YEAR).dblclick()
    table.get_by_label("Year of “Book 01”").fill("1951")
    table.keyboard.press("Tab")
    expect(table.get_by_label("Language of “Book 01”")).to_be_focused()
    expect(cell(table, "Book 01", YEAR)).to_contain_text("1951")
    table.get_by_label("Language of “Book 01”").select_option(label="French")
    table.keyboard.press("Tab")
    price = table.get_by_label("Price of “Book 01”")
    expect(price).to_be_focused()
    expect(cell(table, "Book 01", LANGUAGE)).to_contain_text("French")
    price.fill("12")
    table.keyboard.press("Tab")  # on to the currency, in the same cell
    table.get_by_label("Currency of “Book 01”").select_option(value="EUR")
    table.keyboard.press("Tab")
    title = table.get_by_label("Title of “Book 02”")
    expect(title).to_be_focused()
    expect(cell(table, "Book 01", PRICE)).to_contain_text("€12.00")
    table.keyboard.press("Shift+Tab")  # nothing was typed: back, and nothing saved
    expect(table.get_by_label("Price of “Book 01”")).to_be_focused()


def test_clicking_elsewhere_keeps_what_was_typed(table: Page) -> None:
    cell(table, "Book 04", YEAR).dblclick()
    table.get_by_label("Year of “Book 04”").fill("1944")
    table.get_by_role("heading", level=1).click()
    expect(cell(table, "Book 04", YEAR)).to_contain_text("1944")
    expect(table.locator("form[data-cell]")).to_have_count(0)


@pytest.mark.parametrize("pressed_for", [0, 120])
@pytest.mark.parametrize("row", ["Book 01", "Book 02"])
def test_opening_another_cell_keeps_what_was_typed(table: Page, row: str, pressed_for: int) -> None:
    cell(table, "Book 01", YEAR).dblclick()
    field = table.get_by_label("Year of “Book 01”")
    expect(field).to_be_focused()
    field.fill("1951")
    link = table.get_by_role("link", name=f"Change the title: {row}")
    cell(table, row, TITLE).hover()
    link.click(delay=pressed_for)
    expect(cell(table, "Book 01", YEAR)).to_contain_text("1951")
    table.reload()
    expect(cell(table, "Book 01", YEAR)).to_contain_text("1951")


def test_a_tap_on_another_cell_saves_this_one_and_opens_that(table: Page) -> None:
    table.get_by_role("link", name="Change the year: Book 01").press("Enter")
    table.get_by_label("Year of “Book 01”").fill("1951")
    other = table.get_by_role("link", name="Change the year: Book 02")
    other.evaluate("link => link.click()")  # as a tap does: no focus is lost before it
    expect(table.get_by_label("Year of “Book 02”")).to_be_focused()
    expect(cell(table, "Book 01", YEAR)).to_contain_text("1951")


def test_a_new_title_is_in_all_that_names_the_row(table: Page) -> None:
    cell(table, "Book 05", TITLE).get_by_role("link", name="Change the title").click()
    table.get_by_label("Title of “Book 05”").fill("A new name")
    table.keyboard.press("Enter")
    expect(table.get_by_role("link", name="Change the year: A new name")).to_be_visible()
    expect(table.get_by_role("checkbox", name="Select A new name")).to_be_visible()


def test_a_publisher_is_picked_by_typing(table: Page) -> None:
    cell(table, "Book 06", PUBLISHER).get_by_role("link").click()
    field = table.get_by_role("combobox", name="Publisher of “Book 06”")
    field.press_sequentially("chilt")
    expect(table.get_by_role("option", name=re.compile("Chilton Books"))).to_be_visible()
    table.keyboard.press("Escape")  # closes the suggestions, not the cell
    expect(field).to_be_focused()
    field.press_sequentially("o")
    option = table.get_by_role("option", name=re.compile("Chilton Books"))
    expect(option).to_be_visible()
    option.click()
    expect(field).to_have_value("Chilton Books")
    table.keyboard.press("Enter")
    expect(cell(table, "Book 06", PUBLISHER)).to_contain_text("Chilton Books")


TYPE_AT_ONCE = """() => document.addEventListener("htmx:afterSwap", () => setTimeout(() => {
    const field = document.querySelector("form[data-cell] input[type=text]");
    field.value = "chilt";
    field.dispatchEvent(new Event("input", { bubbles: true }));
}), { once: true })"""


def test_whoever_types_the_moment_a_cell_opens_is_heard(table: Page) -> None:
    table.evaluate(TYPE_AT_ONCE)
    table.get_by_role("link", name="Change the publisher: Book 06").press("Enter")
    expect(table.get_by_role("option", name=re.compile("Chilton Books"))).to_be_visible()


def test_both_values_are_offered_where_somebody_else_was_quicker(
    table: Page, shelf: Site, guard
) -> None:
    guard.expect("422")
    cell(table, "Book 01", YEAR).dblclick()
    field = table.get_by_label("Year of “Book 01”")
    expect(field).to_be_focused()
    shelf._python("-c", OTHERS_CHANGE)
    field.fill("1966")
    table.keyboard.press("Enter")
    choice = table.get_by_role("group", name=re.compile("changed this"))
    expect(choice).to_contain_text("1966")
    expect(choice).to_contain_text("1970")
    table.get_by_role("radio", name=re.compile("Theirs")).check()
    table.get_by_role("button", name="Save").click()
    expect(cell(table, "Book 01", YEAR)).to_contain_text("1970")


def test_the_table_and_an_open_cell_meet_no_barrier(table: Page, assert_accessible) -> None:
    assert_accessible(table)
    cell(table, "Book 02", PRICE).dblclick()
    expect(table.get_by_label("Price of “Book 02”")).to_be_focused()
    assert_accessible(table)


def test_on_a_phone_cells_open_with_a_tap(table: Page, assert_accessible) -> None:
    table.set_viewport_size({"width": 390, "height": 800})
    link = table.get_by_role("link", name="Change the year: Book 02")
    expect(link).to_be_visible()
    link.click()
    table.get_by_label("Year of “Book 02”").fill("2020")
    table.get_by_role("button", name="Save").click()
    expect(cell(table, "Book 02", YEAR)).to_contain_text("2020")
    width = table.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    assert_accessible(table)


def test_an_open_cell_moves_no_column(table: Page) -> None:
    table.set_viewport_size({"width": 1280, "height": 900})
    widths = (
        "[...document.querySelectorAll('.worked th')].map((th) => th.getBoundingClientRect().width)"
    )
    before = table.evaluate(widths)
    for column, field in (
        (TITLE, "Title"),
        (PUBLISHER, "Publisher"),
        (YEAR, "Year"),
        (PRICE, "Price"),
    ):
        row = cell(table, "Book 02", column)
        row.hover()
        row.locator(".cell-edit").click()
        expect(table.get_by_label(f"{field} of “Book 02”")).to_be_focused()
        assert table.evaluate(widths) == before
        sheet, form = table.locator(".sheet").first, table.locator("form[data-cell]")
        ends = [each.bounding_box()["x"] + each.bounding_box()["width"] for each in (sheet, form)]
        assert ends[1] <= ends[0]
        table.keyboard.press("Escape")
        expect(form).to_have_count(0)


def test_the_field_in_error_has_the_focus(table: Page, guard) -> None:
    guard.expect("422")
    cell(table, "Book 02", PRICE).dblclick()
    table.get_by_label("Price of “Book 02”").fill("5")
    table.keyboard.press("Enter")
    expect(table.get_by_role("alert")).to_contain_text("A price needs a currency.")
    expect(table.get_by_label("Currency of “Book 02”")).to_be_focused()


def test_on_a_phone_an_empty_cell_is_filled(table: Page) -> None:
    table.set_viewport_size({"width": 390, "height": 800})
    link = table.get_by_role("link", name="Change the price: Book 02")
    expect(link).to_have_text("Price")
    assert link.bounding_box()["width"] > 40  # the word is seen
    link.click()
    table.get_by_label("Price of “Book 02”").fill("5 EUR")
    table.get_by_role("button", name="Save").click()
    expect(cell(table, "Book 02", PRICE)).to_contain_text("€5.00")


def test_readers_have_nothing_to_change(page: Page, shelf: Site, sign_in) -> None:
    sign_in(page, shelf, "reader")
    page.goto(f"{shelf.url}/books/")
    expect(page.get_by_role("link", name=re.compile("Change the"))).to_have_count(0)
    expect(page.locator("tbody input")).to_have_count(0)
