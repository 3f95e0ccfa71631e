"""axe on every form in every state that is not looked at elsewhere: clean, with errors, with what
only sometimes stands in it. Nothing that is shared is ever saved here."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.site import Site

RECORDS = """
import django; django.setup()
from catalog.models import Author, Book, Contribution, Publisher
from catalog.models.indexed import deferred
Author.objects.create(name="J. K. Rowling", sort_name="Rowling, J. K.")
Publisher.objects.create(name="Chilton Books")
publisher, author = Publisher.objects.create(name="Ace"), Author.objects.create(name="Ann Ace")
many, busy = Publisher.objects.create(name="Many"), Author.objects.create(name="Busy Writer")
with deferred():
    for title in ("Hindered", "Deleted", "Disputed", "Barrier 1", "Barrier 2"):
        book = Book.objects.create(title=title, year=1990, publisher=publisher)
        Contribution.objects.create(book=book, author=author)
    for number in range(1001):
        book = Book.objects.create(title=f"Number {number}", publisher=many)
        Contribution.objects.create(book=book, author=busy)
books = Book.objects.exclude(publisher=many)
for record in (*Author.objects.all(), *Publisher.objects.all(), *books):
    print(record, record.get_absolute_url(), sep="\\t")
"""

Shelf = Mapping[str, str]  # addresses of records by their names
Scene = Callable[[Page, Shelf], None]


@pytest.fixture(scope="module")
def shelf(workshop: Site) -> Shelf:
    lines = workshop._python("-c", RECORDS).splitlines()
    return {name: f"{workshop.url}{path}" for name, path in (line.split("\t") for line in lines)}


@pytest.fixture(scope="module")
def signed_in(workshop: Site, browser: Browser, sign_in) -> list[Any]:
    """The cookies of a manager: signing in once is enough for all scenes."""
    context = browser.new_context()
    sign_in(context.new_page(), workshop, "manager")
    cookies = list(context.cookies())
    context.close()
    return cookies


def form(place: str, *, said: str, press: str = "Save", **typed: str) -> Scene:
    """A page with a form: fill in, press, and read what is said. `{Name}` is a record's address."""

    def scene(page: Page, shelf: Shelf) -> None:
        open_page(page, shelf, place)
        for label, text in typed.items():
            field = page.get_by_role("main").get_by_label(re.compile(label.replace("_", "."), re.I))
            field.first.fill(text)
        if press:
            page.get_by_role("main").get_by_role("button", name=press, exact=True).first.click()
        expect(page.get_by_text(said).first).to_be_visible()

    return scene


def open_page(page: Page, shelf: Shelf, place: str) -> None:
    root = shelf["Ace"].split("/publishers/")[0]
    page.goto(place.format(**shelf) if place.startswith("{") else f"{root}/{place}")


def elsewhere(page: Page, act: Callable[[Page], None]) -> None:
    """In another tab, as if it were somebody else."""
    other = page.context.new_page()
    act(other)
    other.close()


def new_with_a_namesake(place: str, name: str) -> Scene:
    """Saved before the radar could say something: the server stops it."""

    def scene(page: Page, shelf: Shelf) -> None:
        page.route("**/duplicates/**", lambda route: route.fulfill(status=204))
        form(place, Name=name, said="Perhaps it is here already")(page, shelf)

    return scene


def bulk_form_with_errors(page: Page, shelf: Shelf) -> None:
    select_all(page, shelf, "Change…")
    page.get_by_label("Year", exact=True).fill("soon")
    page.get_by_label("Currency").select_option(value="EUR")
    page.get_by_label("No price").check()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Nothing was changed yet.")).to_be_visible()


def select_all(page: Page, shelf: Shelf, button: str) -> None:
    open_page(page, shelf, "books/?q=barrier")
    page.get_by_label(re.compile(r"All \d+ books? of the list")).check()
    page.get_by_role("button", name=button).click()


def bulk_deletion(page: Page, shelf: Shelf) -> None:
    select_all(page, shelf, "Delete…")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"Delete \d books?\?"))


def bulk_deletion_asks_again(page: Page, shelf: Shelf) -> None:
    bulk_deletion(page, shelf)

    def add_a_book(other: Page) -> None:
        form("books/new/", Title="Barrier that came in", said="is in the catalogue now")(
            other, shelf
        )

    elsewhere(page, add_a_book)
    page.get_by_role("button", name=re.compile("^Delete")).click()
    expect(page.get_by_role("main").get_by_role("alert")).to_be_visible()


def cell_with_an_error(page: Page, shelf: Shelf) -> None:
    open_page(page, shelf, "{Hindered}cells/price/")
    page.get_by_label("Price of “Hindered”").fill("cheap")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()


def cell_with_a_conflict(page: Page, shelf: Shelf) -> None:
    open_page(page, shelf, "{Disputed}cells/year/")
    change = form("{Disputed}cells/year/", Year="1970", said="is saved")
    elsewhere(page, lambda other: change(other, shelf))
    page.get_by_label("Year of “Disputed”").fill("1966")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("group", name=re.compile("changed this"))).to_be_visible()


def publisher_picker_in_the_list(page: Page, shelf: Shelf) -> None:
    open_page(page, shelf, "books/?q=hindered")
    page.get_by_role("link", name="Change the publisher: Hindered").click()
    page.get_by_role("combobox", name="Publisher of “Hindered”").press_sequentially("chilt")
    expect(page.get_by_role("option", name=re.compile("Chilton Books"))).to_be_visible()
    page.keyboard.press("ArrowDown")


def attaching_nothing(page: Page, shelf: Shelf) -> None:
    files_as_a_page(page, shelf)
    page.locator("form[data-attach]").evaluate("form => form.submit()")  # as without scripts
    expect(page.get_by_text("No file came with the form. Choose one.")).to_be_visible()


def files_as_a_page(page: Page, shelf: Shelf) -> None:
    number = shelf["Hindered"].rstrip("/").rpartition("/")[2]
    open_page(page, shelf, f"attachments/new/book/{number}/")
    expect(page.get_by_role("heading", level=1, name="Files of Hindered")).to_be_visible()


def attaching_an_empty_file(page: Page, shelf: Shelf) -> None:
    open_page(page, shelf, "{Hindered}")
    empty: Any = {"name": "empty.pdf", "mimeType": "application/pdf", "buffer": b""}
    page.get_by_label("Attach files").set_input_files(empty)
    expect(page.locator("#id_files-wrong")).to_contain_text("This file is empty.")


def resumed_after_signing_in(page: Page, shelf: Shelf) -> None:
    open_page(page, shelf, "books/new/")
    page.get_by_label(re.compile("^Title")).fill("Not lost")
    page.context.clear_cookies()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("Username").fill("manager")
    page.get_by_label("Password").fill("manager-has-a-secret")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("You are signed in again")).to_be_visible()


def looked_over(page: Page, shelf: Shelf) -> None:
    open_page(page, shelf, "books/new/")
    page.get_by_label(re.compile("^Title")).fill("Half")
    # What Enter presses where there are no scripts.
    look = page.locator("button[value=look]")
    look.evaluate("button => button.form.requestSubmit(button)")
    expect(page.get_by_text("Looked over")).to_be_visible()


def deleted_meanwhile(page: Page, shelf: Shelf) -> None:
    open_page(page, shelf, "{Deleted}edit/")
    delete = form("{Deleted}delete/", press="Delete the book", said="was deleted")
    elsewhere(page, lambda other: delete(other, shelf))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("while you were working on it")).to_be_visible()


SCENES: Final[dict[str, Scene]] = {
    "a new author, with errors": form(
        "authors/new/", Name="", E_mail="nobody", said="Nothing is saved yet"
    ),
    "a new author, stopped by the radar": new_with_a_namesake("authors/new/", "Rowling, J.K."),
    "an author": form("{Ann Ace}edit/", press="", said="Sort name"),
    "an author, with errors": form(
        "{Ann Ace}edit/", Name="", E_mail="nobody", said="Nothing is saved yet"
    ),
    "a new publisher, with errors": form(
        "publishers/new/", Name="", Website="no address", said="Nothing is saved yet"
    ),
    "a new publisher, stopped by the radar": new_with_a_namesake("publishers/new/", "Chilton"),
    "a publisher": form("{Ace}edit/", press="", said="Website"),
    "a publisher, with errors": form(
        "{Ace}edit/", Name="", Website="no address", said="Nothing is saved yet"
    ),
    "a book that comes back after signing in": resumed_after_signing_in,
    "a book that was looked over": looked_over,
    "a book that was deleted meanwhile": deleted_meanwhile,
    "many books, with errors": bulk_form_with_errors,
    "the deletion of many books": bulk_deletion,
    "the deletion of many books, asked again": bulk_deletion_asks_again,
    "a cell as a page": form("{Hindered}cells/publisher/", press="", said="Cancel"),
    "a cell as a page, with an error": cell_with_an_error,
    "a cell as a page, with a conflict": cell_with_a_conflict,
    "the publishers for a cell of the list": publisher_picker_in_the_list,
    "files as a page": files_as_a_page,
    "files as a page, with an error": attaching_nothing,
    "a file that cannot be taken": attaching_an_empty_file,
    "the deletion of an author, with an error": form(
        "{Ann Ace}delete/", press="Delete the author", said="Choose who gets the books."
    ),
    "the deletion of an author with too many books": form(
        "{Busy Writer}delete/", press="", said="more than can be moved"
    ),
    "the deletion of a publisher with too many books": form(
        "{Many}delete/", press="", said="more than can be moved"
    ),
    "recent changes, with an error": form(
        "changes/", Changes_by="nobody", press="Show", said="Nobody here has the user name"
    ),
}


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_a_form_in_any_state_meets_no_barrier(
    page: Page, shelf: Shelf, signed_in: list[Any], scene: Scene, guard, assert_accessible
) -> None:
    guard.expect("Failed to load resource")  # what is refused answers with 4xx
    for code in ("422", "401"):  # and htmx says so; the radar may look while nobody is signed in
        guard.expect(f"Response Status Error Code {code}")
    page.on("dialog", lambda dialog: dialog.accept())  # a form that is left half filled in
    page.context.add_cookies(signed_in)
    scene(page, shelf)
    assert_accessible(page)
