"""The duplicate radar: beside the form while somebody types, and in the way of a second copy."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import Hand
from tests.browser.site import Site

RECORDS = """
import django; django.setup()
from catalog.models import Author, Book, Contribution, Publisher
herbert = Author.objects.create(name="Frank Herbert", sort_name="Herbert, Frank")
chilton = Publisher.objects.create(name="Chilton Books")
for title, year, isbn in (("Dune", 1965, "9780441013593"), ("Dune", 1984, "")):
    book = Book.objects.create(title=title, year=year, isbn=isbn, publisher=chilton)
    Contribution.objects.create(book=book, author=herbert)
Author.objects.create(name="J. K. Rowling", sort_name="Rowling, J. K.")
"""
COUNT = """
import django; django.setup()
from catalog.models import Author, Book, Publisher
print(Book.objects.count(), Author.objects.count(), Publisher.objects.count())
"""


@pytest.fixture
def books(site: Site) -> Site:
    site._python("-c", RECORDS)
    return site


def count(site: Site) -> list[int]:
    return [int(number) for number in site._python("-c", COUNT).split()[-3:]]


def quietly_leave(page: Page) -> None:
    """A form that is half filled in asks before it is left."""
    page.on("dialog", lambda dialog: dialog.accept())


def test_a_second_copy_is_not_saved_by_accident(hand: Hand, books: Site, sign_in, guard) -> None:
    guard.expect("422")
    page = hand.page
    sign_in(page, books, "cataloguer")
    page.goto(f"{books.url}/books/new/")
    hand.fill("Title", "Dune")
    hand.fill("Contributor", "Frank Herbert")
    hand.fill("Year", "1966")
    if hand.scripts:
        panel = page.locator("#duplicates")
        expect(panel).to_contain_text("same title and author, year ±1")
        expect(panel).to_contain_text("2 possible duplicates")
        hand.press("Save")  # it was seen: nobody is asked twice
    else:
        hand.press("Save")
        expect(page.get_by_role("main")).to_contain_text("Nothing is saved yet")
        expect(page.get_by_role("main")).to_contain_text("same title and author, year ±1")
        assert page.locator("#id_title").input_value() == "Dune"
        assert page.locator("#id_year").input_value() == "1966"
        assert count(books)[0] == 2
        hand.press("Save anyway")
    page.wait_for_url(re.compile(r"/books/\d+/$"))
    assert count(books)[0] == 3


def test_who_saves_before_the_panel_came_is_stopped(
    page: Page, books: Site, sign_in, guard
) -> None:
    guard.expect("422")
    sign_in(page, books, "cataloguer")
    page.goto(f"{books.url}/books/new/")
    page.route("**/books/duplicates/", lambda route: route.abort())
    guard.expect("Failed to load")
    page.locator("#id_isbn").fill("0-441-01359-7")
    page.locator("#id_title").fill("Dune")
    page.keyboard.press("Control+s")
    heading = page.get_by_role("heading", name="Perhaps it is here already")
    expect(heading).to_be_focused()
    page.get_by_role("button", name="Save anyway").click()
    page.wait_for_url(re.compile(r"/books/\d+/$"))
    assert count(books)[0] == 3


def test_the_panel_says_when_something_changes_and_is_set_aside(
    page: Page, books: Site, sign_in
) -> None:
    sign_in(page, books, "cataloguer")
    quietly_leave(page)
    page.goto(f"{books.url}/books/new/")
    said = page.locator("#announce")
    page.locator("#id_title").fill("Dune")
    expect(said).to_have_text("2 possible duplicates. “Dune”: same title, no author given.")
    page.locator("#id_title").focus()  # nobody is taken away from what they type
    page.keyboard.type("!")
    page.wait_for_timeout(900)
    expect(page.locator("#id_title")).to_be_focused()

    aside = page.get_by_role("button", name="Not the same: go on")
    aside.focus()
    page.keyboard.press("Enter")
    summary = page.locator("#duplicates summary")
    expect(summary).to_have_text("2 possible duplicates, set aside")
    expect(summary).to_be_focused()
    page.locator("#id_year").fill("1984")  # one of them is left
    expect(summary).to_have_text("1 possible duplicate, set aside")
    page.locator("#id_title").fill("Emma")
    expect(page.locator("#duplicates .radar")).to_have_count(0)
    expect(said).to_have_text("No possible duplicates any more.")


def test_a_duplicate_opens_beside_the_form(page: Page, books: Site, sign_in) -> None:
    sign_in(page, books, "cataloguer")
    quietly_leave(page)
    page.goto(f"{books.url}/books/new/")
    page.locator("#id_title").fill("Dune")
    with page.context.expect_page() as opened:
        page.locator("#duplicates").get_by_role("link", name="Dune").first.click()
    assert re.search(r"/books/\d+/$", opened.value.url)
    assert page.locator("#id_title").input_value() == "Dune"


def test_on_a_phone_the_bar_says_that_there_are_some(page: Page, books: Site, sign_in) -> None:
    page.set_viewport_size({"width": 390, "height": 700})
    sign_in(page, books, "cataloguer")
    quietly_leave(page)
    page.goto(f"{books.url}/books/new/")
    page.locator("#id_title").fill("Dune")
    link = page.locator("#radar-link").get_by_role("link", name="2 possible duplicates")
    expect(link).to_be_visible()
    link.click()
    expect(page.locator("#duplicates")).to_be_in_viewport()


def test_authors_written_otherwise(hand: Hand, books: Site, sign_in, guard) -> None:
    guard.expect("422")
    page = hand.page
    sign_in(page, books, "cataloguer")
    page.goto(f"{books.url}/authors/new/")
    hand.fill("Name", "Rowling, J.K.")
    if hand.scripts:
        expect(page.locator("#duplicates")).to_contain_text("the same name, written differently")
        hand.press("Save")
    else:
        hand.press("Save")
        expect(page.get_by_role("main")).to_contain_text("the same name, written differently")
        assert count(books)[1] == 2
        hand.press("Save anyway")
    page.wait_for_url(re.compile(r"/authors/\d+/$"))
    assert count(books)[1] == 3


def test_publishers_written_otherwise(hand: Hand, books: Site, sign_in, guard) -> None:
    guard.expect("422")
    page = hand.page
    sign_in(page, books, "cataloguer")
    page.goto(f"{books.url}/publishers/new/")
    hand.fill("Name", "Chilton")
    if hand.scripts:
        expect(page.locator("#duplicates")).to_contain_text("but for words like")
    else:
        hand.press("Save")
        expect(page.get_by_role("main")).to_contain_text("but for words like")
    assert count(books)[2] == 1


def test_the_radar_meets_no_barrier(
    page: Page, plain_page: Page, books: Site, sign_in, assert_accessible, guard
) -> None:
    guard.expect("422")
    quietly_leave(page)
    sign_in(page, books, "cataloguer")
    page.goto(f"{books.url}/books/new/")
    page.locator("#id_title").fill("Dune")
    page.locator("#id_isbn").fill("0441013597")
    expect(page.locator("#duplicates")).to_contain_text("ISBN-10")
    assert_accessible(page)
    page.get_by_role("button", name="Not the same: go on").click()
    expect(page.locator("#duplicates summary")).to_be_visible()
    assert_accessible(page)
    page.route("**/books/duplicates/**", lambda route: route.fulfill(status=204))
    page.goto(f"{books.url}/books/new/")
    page.locator("#id_title").fill("Dune")
    page.locator("#id_isbn").fill("0441013597")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("button", name="Save anyway")).to_be_visible()
    assert_accessible(page)
