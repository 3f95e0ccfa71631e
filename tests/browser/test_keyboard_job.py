"""One whole job with nothing but keys: no field is focused, filled or clicked by the test."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import KEYBOARD, Hand
from tests.browser.site import Site

RECORDS = """
import django; django.setup()
from catalog.models import Author
Author.objects.create(name="Ursula K. Le Guin", sort_name="Le Guin, Ursula K.")
"""


def take_the_last(page: Page, text: str) -> None:
    """Type into the field at hand, and go up to the end of the list: “Create …”."""
    page.keyboard.type(text)
    create = page.get_by_role("option", name=re.compile(f"Create “{text}”"))
    expect(create).to_be_visible()
    page.keyboard.press("ArrowUp")
    expect(create).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(create).to_have_count(0)


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def test_a_book_goes_from_an_empty_form_to_its_deletion_and_back_by_keys_alone(
    page: Page, workshop: Site, guard
) -> None:
    for cut_short in ("htmx:sendAbort", "htmx:afterRequest"):  # what a page asks as it is left
        guard.expect(cut_short)
    workshop._python("-c", RECORDS)
    hand, keys = Hand(page, KEYBOARD), page.keyboard
    page.goto(f"{workshop.url}/accounts/login/")
    keys.type("manager")  # this page is there for it
    hand.fill("Password", "manager-has-a-secret")
    keys.press("Enter")
    page.wait_for_url("**/books/")

    # A new book, its people and its publisher, without leaving the form.
    keys.press("n")
    page.wait_for_url("**/books/new/")
    expect(hand.field("Title")).to_be_focused()
    keys.type("A Keyboard Odyssey")
    hand.pick("Contributor", "le gu", "Ursula K. Le Guin")
    hand.press("Add a contributor")
    expect(page.get_by_label("Contributor", exact=True).nth(1)).to_be_focused()
    take_the_last(page, "Vera Newcomer")
    keys.press("Tab")
    keys.type("illustrator")
    keys.press("Tab")
    keys.type("V. N.")
    hand.press("Move Vera Newcomer up")
    expect(page.locator("#announce")).to_have_text("Vera Newcomer now stands at place 1 of 2.")
    hand.press("Take Ursula K. Le Guin out")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    keys.press("Enter")
    hand.reach(hand.field("Publisher"))
    take_the_last(page, "Parnassus")
    hand.reach(hand.field("ISBN"))
    keys.type("9780441478125")
    keys.press("Enter")  # as a hand scanner does
    expect(hand.field("Year")).to_be_focused()
    keys.type("1975")
    hand.choose("Language", "French")
    hand.fill("Price", "12.50")
    hand.choose("Currency", "EUR · Euro")
    keys.press("Control+s")
    expect(heading(page)).to_have_text("A Keyboard Odyssey")
    main = page.get_by_role("main")
    expect(main.locator(".credits li")).to_contain_text(["V. N.", "Ursula K. Le Guin"])
    expect(main.locator(".credits li").first).to_contain_text("illustrator")
    for text in ("Parnassus", "978-0-441-47812-5", "1975", "French", "€12.50"):
        expect(main).to_contain_text(text)

    # Corrected from the list, and put back from its history.
    hand.follow("Books", within="nav")
    page.wait_for_url("**/books/")
    keys.press("/")
    keys.type("odyssey")
    page.wait_for_url(re.compile("q=odyssey"))
    hand.reach(page.get_by_role("link", name="A Keyboard Odyssey", exact=True))
    keys.press("e")
    page.wait_for_url(re.compile(r"/books/\d+/edit/"))
    expect(hand.field("Title")).to_be_focused()
    keys.press("End")
    keys.type(", corrected")
    keys.press("Control+s")
    page.wait_for_url(re.compile(r"/books/\d+/$"))  # loaded: its keys are there
    expect(heading(page)).to_have_text("A Keyboard Odyssey, corrected")
    keys.press("h")
    page.wait_for_url(re.compile(r"/books/\d+/history/"))
    hand.press(re.compile("^Put back the change of"))
    expect(heading(page)).to_have_text("History of “A Keyboard Odyssey”")

    # A note; gone, and back again.
    hand.follow("A Keyboard Odyssey")
    hand.fill("Add a note", "Typed without a mouse")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.locator(".remark-text")).to_have_text("Typed without a mouse")
    hand.follow("Delete")
    page.wait_for_url(re.compile(r"/books/\d+/delete/"))
    hand.press("Delete the book")
    expect(page.locator("#toasts")).to_contain_text("“A Keyboard Odyssey” was deleted.")
    hand.press("Undo")
    expect(heading(page)).to_have_text("A Keyboard Odyssey")
    expect(page.locator(".remark-text")).to_have_text("Typed without a mouse")
