"""What a cataloguer does in a day, each with the mouse, without JavaScript and with the keyboard
alone; what has a file of its own here is not repeated."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import KEYBOARD, WAYS, Hand
from tests.browser.site import Site

# Every way has records of its own, told apart by the name of a tree: one shelf serves them all.
TREES: Final = dict(zip(WAYS, ("Ash", "Birch", "Cedar"), strict=True))
RECORDS = """
import django; django.setup()
from catalog.models import Author, Book, Contribution, Publisher
Publisher.objects.create(name="Chilton House")
for tree, town in (("Ash", "Ferrara"), ("Birch", "Lucca"), ("Cedar", "Modena")):
    for number in (1, 2, 3):
        Book.objects.create(title=f"Row {number} of {tree}", language="eng")
    for title in (f"Cells of {tree}", f"Loss of {tree}", f"Dispute of {tree}"):
        Book.objects.create(title=title, year=1990, language="eng")
    Publisher.objects.create(name=f"{town} Books")
    for model in (Author, Publisher):
        for name in (f"Simon {tree}son", f"Victor {tree}ov"):
            model.objects.create(name=name)
    Author.objects.create(name=f"Maria {tree}mann")
    house = Publisher.objects.create(name=f"House of {tree}")
    author = Author.objects.create(name=f"Maria {tree}wood")
    for number in (1, 2):
        book = Book.objects.create(title=f"Left {number} by {tree}", publisher=house)
        Contribution.objects.create(book=book, author=author)
"""
OTHERS_CHANGE = """
import django; django.setup()
from catalog.models import Book
Book.objects.filter(title="Dispute of {tree}").update(year=1970)
"""
OTHERS_DELETE = """
import django; django.setup()
from catalog.models import Book
Book.objects.get(title="Loss of {tree}").delete()
"""
TOWNS: Final = {"Ash": "Ferrara", "Birch": "Lucca", "Cedar": "Modena"}
PDF: Any = {"name": "Press kit.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 one"}


@pytest.fixture(scope="module")
def shelf(workshop: Site) -> Site:
    workshop._python("-c", RECORDS)
    return workshop


@pytest.fixture
def tree(hand: Hand, shelf: Site, sign_in, guard) -> str:
    """A manager is signed in; the records of this way have this word in their names."""
    for refusal in ("Failed to load resource", "Response Status Error Code 422"):
        guard.expect(refusal)
    for cut_short in ("htmx:sendAbort", "htmx:afterRequest"):  # what a page asks as it is left
        guard.expect(cut_short)
    sign_in(hand.page, shelf, "manager")
    return TREES[hand.way]


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


# --- Books ------------------------------------------------------------------------------------


def test_a_list_is_worked_through_with_save_and_next(hand: Hand, shelf: Site, tree: str) -> None:
    page = hand.page
    page.goto(f"{shelf.url}/books/?q=row+{tree}&sort=title")
    hand.follow(f"Edit Row 1 of {tree}")
    for number in (1, 2):
        expect(heading(page)).to_have_text(f"Row {number} of {tree}")
        hand.fill("Pages", f"{number}00")
        hand.press("Save and next")
    expect(heading(page)).to_have_text(f"Row 3 of {tree}")
    hand.press("Save and next")
    expect(page).to_have_url(re.compile(rf"/books/\?q=row(\+|%20){tree}&sort=title"))
    hand.follow(f"Row 2 of {tree}")
    expect(page.get_by_role("main")).to_contain_text("200")


def test_people_are_credited_as_the_book_prints_them(hand: Hand, shelf: Site, tree: str) -> None:
    page = hand.page
    page.goto(f"{shelf.url}/books/new/")
    hand.fill("Title", f"Credits of {tree}")
    hand.pick("Contributor", f"{tree}mann", f"Maria {tree}mann")
    hand.choose("Role", "editor")
    hand.fill("Credited as", f"M. {tree}")
    hand.press("Save")
    expect(heading(page)).to_have_text(f"Credits of {tree}")
    credit = page.get_by_role("main").get_by_role("listitem").filter(has_text=f"M. {tree}")
    expect(credit).to_contain_text("editor")
    expect(credit).to_contain_text(f"credited so; see Maria {tree}mann")


def test_what_was_deleted_meanwhile_is_saved_as_new(hand: Hand, shelf: Site, tree: str) -> None:
    page = hand.page
    page.goto(f"{shelf.url}/books/?q=loss+{tree}")
    hand.follow(f"Edit Loss of {tree}")
    hand.fill("Year", "1991")
    old = page.url.split("edit/")[0]
    shelf._python("-c", OTHERS_DELETE.format(tree=tree))
    hand.press("Save")
    expect(page.get_by_text("while you were working on it")).to_be_visible()
    expect(hand.field("Year")).to_have_value("1991")
    hand.press("Save as a new record")
    expect(heading(page)).to_have_text(f"Loss of {tree}")
    expect(page.get_by_role("main")).to_contain_text("1991")
    assert page.url != old


# --- Cells of the list ------------------------------------------------------------------------


def open_cell(hand: Hand, field: str, tree: str) -> None:
    hand.follow(f"Change the {field}: Cells of {tree}")


def save_cell(hand: Hand) -> None:
    if hand.way == KEYBOARD:
        hand.page.keyboard.press("Enter")
    else:
        hand.press("Save")


def the_cell_is_closed(page: Page) -> None:
    expect(page.locator("form[data-cell]")).to_have_count(0)


def test_every_kind_of_cell_is_changed_in_the_list(hand: Hand, shelf: Site, tree: str) -> None:
    page, of = hand.page, f"of “Cells of {tree}”"
    page.goto(f"{shelf.url}/books/?q=cells+{tree}")
    row = page.get_by_role("row").filter(has_text=tree)

    open_cell(hand, "publisher", tree)
    hand.pick(f"Publisher {of}", "chilt", "Chilton House")
    save_cell(hand)
    the_cell_is_closed(page)
    expect(row).to_contain_text("Chilton House")

    open_cell(hand, "language", tree)
    hand.choose(f"Language {of}", "French")
    save_cell(hand)
    the_cell_is_closed(page)
    expect(row).to_contain_text("French")

    open_cell(hand, "price", tree)
    hand.fill(f"Price {of}", "12")
    hand.choose(f"Currency {of}", "EUR · Euro")
    save_cell(hand)
    the_cell_is_closed(page)
    expect(row).to_contain_text("€12.00")

    open_cell(hand, "title", tree)
    hand.fill(f"Title {of}", f"New cells of {tree}")
    save_cell(hand)
    the_cell_is_closed(page)
    expect(row.get_by_role("link", name=f"New cells of {tree}", exact=True)).to_be_visible()


def test_whose_value_stays_in_a_cell_is_chosen(hand: Hand, shelf: Site, tree: str) -> None:
    page, year = hand.page, f"Year of “Dispute of {tree}”"
    page.goto(f"{shelf.url}/books/?q=dispute+{tree}")
    hand.follow(f"Change the year: Dispute of {tree}")
    expect(hand.field(year)).to_be_visible()
    shelf._python("-c", OTHERS_CHANGE.format(tree=tree))
    hand.fill(year, "1966")
    save_cell(hand)
    choice = page.get_by_role("group", name=re.compile("changed this"))
    expect(choice).to_contain_text("1966")
    expect(choice).to_contain_text("1970")
    hand.check(re.compile("Theirs"))
    save_cell(hand)
    the_cell_is_closed(page)
    row = page.get_by_role("row").filter(has_text=tree)
    expect(row).to_contain_text("1970")


# --- Authors and publishers -------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["author", "publisher"])
def test_a_record_is_corrected_and_has_files_notes_and_a_history(
    hand: Hand, shelf: Site, tree: str, kind: str
) -> None:
    page, name = hand.page, f"Simon {tree}son"
    page.goto(f"{shelf.url}/{kind}s/?q={name}")
    hand.follow(f"Edit: {name}")
    hand.fill("Name", f"Simone {tree}son")
    hand.press("Save")
    expect(heading(page)).to_have_text(f"Simone {tree}son")

    hand.fill("Add a note", "Perhaps two people")
    hand.press("Add the note")
    expect(page.locator(".remark-text")).to_have_text("Perhaps two people")

    chooser = page.get_by_label("Attach files")
    if hand.way == KEYBOARD:
        hand.reach(chooser)
    chooser.set_input_files([PDF])
    if not hand.scripts:
        hand.press(re.compile("^Attach$"))
    expect(page.get_by_role("link", name=PDF["name"])).to_be_visible()
    with page.expect_download() as download:
        hand.follow(PDF["name"])
    assert Path(download.value.path()).read_bytes() == PDF["buffer"]
    hand.press(f"Remove {PDF['name']}")
    expect(page.get_by_role("link", name=PDF["name"])).to_have_count(0)
    hand.press("Undo")
    expect(page.get_by_role("link", name=PDF["name"])).to_be_visible()

    hand.follow("History")
    hand.press(re.compile("^Put back the change of"))
    expect(heading(page)).to_have_text(f"History of “{name}”")


@pytest.mark.parametrize("kind", ["author", "publisher"])
def test_who_has_no_books_is_deleted_from_the_list_and_brought_back(
    hand: Hand, shelf: Site, tree: str, kind: str
) -> None:
    page, name = hand.page, f"Victor {tree}ov"
    page.goto(f"{shelf.url}/{kind}s/?q={tree}ov")
    hand.follow(f"Delete: {name}")
    hand.press(f"Delete the {kind}")
    expect(page).to_have_url(re.compile(rf"/{kind}s/\?q={tree}ov"))
    expect(page.locator("#toasts")).to_contain_text(f"“{name}” was deleted.")
    hand.press("Undo")
    expect(heading(page)).to_have_text(name)


def test_the_books_of_an_author_are_credited_to_another_and_back(
    hand: Hand, shelf: Site, tree: str
) -> None:
    page, name = hand.page, f"Maria {tree}wood"
    page.goto(f"{shelf.url}/authors/?q={tree}wood")
    hand.follow(f"Delete: {name}")
    expect(page.get_by_role("main")).to_contain_text("2 books credit this author")
    hand.press("Delete the author")
    expect(page.get_by_role("main")).to_contain_text("Choose who gets the books.")
    hand.pick("The other author", f"{tree}mann", f"Maria {tree}mann")
    hand.press("Delete the author")
    expect(page.locator("#toasts")).to_contain_text("its 2 books were changed")
    hand.press("Undo")
    expect(page.locator("#toasts")).to_contain_text("2 books are its own again.")
    expect(page.get_by_role("link", name=f"Left 2 by {tree}")).to_be_visible()


def test_books_are_left_without_a_publisher_and_given_back(
    hand: Hand, shelf: Site, tree: str
) -> None:
    page, name = hand.page, f"House of {tree}"
    page.goto(f"{shelf.url}/publishers/?q={name}")
    hand.follow(f"Delete: {name}")
    hand.follow("See them as a list")
    expect(page.get_by_role("link", name=f"Left 1 by {tree}", exact=True)).to_be_visible()
    page.go_back()
    hand.check("Leave them without a publisher")
    hand.press("Delete the publisher")
    expect(page.locator("#toasts")).to_contain_text("its 2 books were changed")
    hand.press("Undo")
    expect(page.locator("#toasts")).to_contain_text("2 books are its own again.")
    expect(page.get_by_role("link", name=f"Left 2 by {tree}")).to_be_visible()


def test_a_namesake_is_opened_set_aside_and_saved_nevertheless(
    hand: Hand, shelf: Site, tree: str
) -> None:
    page, town = hand.page, TOWNS[tree]
    page.goto(f"{shelf.url}/publishers/new/")
    hand.fill("Name", town)
    if not hand.scripts:
        hand.press("Save")
    reason = page.locator("#duplicates").get_by_text("but for words like")
    expect(reason).to_be_visible()
    with page.context.expect_page() as opened:
        hand.follow(re.compile(f"{town} Books"))
    expect(heading(opened.value)).to_have_text(f"{town} Books")
    opened.value.close()
    expect(hand.field("Name")).to_have_value(town)
    if hand.scripts:
        hand.press("Not the same: go on")
        expect(page.locator("#duplicates summary")).to_have_text("1 possible duplicate, set aside")
        hand.press("Save")
    else:
        hand.press("Save anyway")
    expect(page).to_have_url(re.compile(r"/publishers/\d+/$"))
    expect(heading(page)).to_have_text(town)
