"""Deleting and bringing back: three ways, and what the old address says."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import Hand
from tests.browser.site import Site

RECORDS = """
import django; django.setup()
from catalog.models import Author, Book, Contribution, Publisher
wrong, ace = (Publisher.objects.create(name=name) for name in ("Ace Boks", "Ace Books"))
tolkien = Author.objects.create(name="J. R. R. Tolkien")
for number in range(1, 13):
    book = Book.objects.create(title=f"Book {number:02} <i>", publisher=wrong)
    Contribution.objects.create(book=book, author=tolkien)
"""
SHOW = """
import django; django.setup()
from catalog.models import Book, Publisher
for name in ("Ace Boks", "Ace Books"):
    print(name, Book.objects.filter(publisher__name=name).count())
print("books", Book.objects.count())
"""


@pytest.fixture
def books(site: Site) -> Site:
    site._python("-c", RECORDS)
    return site


def shown(site: Site) -> dict[str, int]:
    lines = site._python("-c", SHOW).strip().splitlines()[-3:]
    return {name: int(number) for name, number in (line.rsplit(" ", 1) for line in lines)}


def test_a_book_is_deleted_and_brought_back(hand: Hand, books: Site, sign_in) -> None:
    page = hand.page
    sign_in(page, books, "manager")
    page.goto(f"{books.url}/books/1/delete/?list=q%3Dbook")
    expect(page.get_by_role("main")).to_contain_text("1 credit; the author stays")
    hand.press("Delete the book")
    page.wait_for_url("**/books/?q=book")
    expect(page.locator("#toasts")).to_contain_text("“Book 01 <i>” was deleted.")
    assert shown(books)["books"] == 11
    hand.press("Undo")
    page.wait_for_url("**/books/1/")
    expect(page.locator("#toasts")).to_contain_text("“Book 01 <i>” is back.")
    assert shown(books)["books"] == 12


def test_undo_waits_until_it_is_dismissed(page: Page, books: Site, sign_in) -> None:
    sign_in(page, books, "manager")
    page.goto(f"{books.url}/books/1/delete/")
    page.get_by_role("button", name="Delete the book").click()
    page.wait_for_timeout(9_500)  # other messages have gone by then
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.locator("#toasts").get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_the_old_address_brings_it_back_later(hand: Hand, books: Site, sign_in, guard) -> None:
    guard.expect("404")
    page = hand.page
    sign_in(page, books, "manager")
    page.goto(f"{books.url}/books/1/delete/")
    hand.press("Delete the book")
    page.wait_for_url("**/books/")
    page.goto(f"{books.url}/books/1/")
    expect(page.get_by_role("heading", level=1)).to_have_text("“Book 01 <i>” was deleted")
    expect(page.get_by_role("main")).to_contain_text("By manager on")
    hand.press("Bring it back")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Book 01 <i>")


def test_the_books_of_a_publisher_go_to_another_and_back(
    hand: Hand, books: Site, sign_in, guard
) -> None:
    guard.expect("422")
    page = hand.page
    sign_in(page, books, "manager")
    page.goto(f"{books.url}/publishers/1/delete/")
    expect(page.get_by_role("main")).to_contain_text("12 books name this publisher")
    expect(page.get_by_role("main")).to_contain_text("and 2 more")
    hand.press("Delete the publisher")
    expect(page.get_by_role("main")).to_contain_text("Choose who gets the books.")
    hand.fill("The other publisher", "Ace Books")
    page.keyboard.press("Escape")  # the list of names, where there is one
    hand.press("Delete the publisher")
    page.wait_for_url("**/publishers/")
    expect(page.locator("#toasts")).to_contain_text("its 12 books were changed")
    assert shown(books) == {"Ace Boks": 0, "Ace Books": 12, "books": 12}
    hand.press("Undo")
    expect(page.locator("#toasts")).to_contain_text("12 books are its own again.")
    assert shown(books) == {"Ace Boks": 12, "Ace Books": 0, "books": 12}


def test_two_clicks_are_one(page: Page, books: Site, sign_in) -> None:
    sign_in(page, books, "manager")
    page.goto(f"{books.url}/books/1/delete/")
    page.get_by_role("button", name="Delete the book").dblclick(no_wait_after=True)
    expect(page.locator("#toasts")).to_contain_text(re.compile("was deleted|is deleted already"))
    expect(page.get_by_role("button", name="Undo").first).to_be_visible()


def test_nobody_meets_a_barrier(page: Page, books: Site, sign_in, assert_accessible, guard) -> None:
    for expected in ("404", "422"):
        guard.expect(expected)
    sign_in(page, books, "manager")
    for path in ("books/1", "authors/1", "publishers/1"):
        page.goto(f"{books.url}/{path}/delete/")
        assert_accessible(page)
    page.get_by_role("button", name="Delete the publisher").click()
    page.get_by_text("Choose who gets the books.").wait_for()
    expect(page.locator("#id_replacement")).to_be_focused()
    assert_accessible(page)
    page.goto(f"{books.url}/books/1/delete/")
    page.get_by_role("button", name="Delete the book").click()
    page.get_by_role("button", name="Undo").wait_for()
    assert_accessible(page)
    page.goto(f"{books.url}/books/1/")
    assert_accessible(page)
