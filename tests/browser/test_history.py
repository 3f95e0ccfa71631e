"""The history of a book in a real browser: reading it, and putting a change back."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Guard
from tests.browser.hands import Hand
from tests.browser.site import Site

MADE = """
from accounts.models import User
from catalog.models import Author, Book, Contribution, Publisher
from catalog.models.history import Source, origin
book = Book.objects.create(
    title="Dune", publisher=Publisher.objects.create(name="Chilton"), description="A desert. " * 60
)
Contribution.objects.create(book=book, author=Author.objects.create(name="Frank Herbert"))
for name, fields in (
    ("cataloguer", {"title": "Dun", "year": 1965}),
    ("manager", {"description": "A desert. " * 59 + "A dry desert."}),
    ("manager", {"title": "Dune Messiah"}),
):
    book = Book.objects.get()
    with origin(Source.FORM, user=User.objects.get(username=name)):
        for field, value in fields.items():
            setattr(book, field, value)
        book.save()
"""


def test_a_change_is_put_back(site: Site, hand: Hand, sign_in: Callable[..., None]) -> None:
    site.manage("shell", "-c", MADE)
    page = hand.page
    sign_in(page, site, "cataloguer")
    page.goto(f"{site.url}/books/1/")
    hand.follow("History")
    expect(page.get_by_role("heading", level=1)).to_have_text("History of “Dune Messiah”")
    hand.press(re.compile("^Put back the change of"))  # the newest: the title alone
    expect(page.get_by_text("The change is put back.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("History of “Dun”")
    expect(page.get_by_role("heading", level=2).first).to_have_text("Put back")
    hand.follow("the change that was put back")
    page.wait_for_url(re.compile(r"#change-\d+$"))


def test_what_was_changed_again_is_asked_about(
    site: Site, hand: Hand, sign_in: Callable[..., None], guard: Guard
) -> None:
    guard.expect("409")
    site.manage("shell", "-c", MADE)
    page = hand.page
    sign_in(page, site, "cataloguer")
    page.goto(f"{site.url}/books/1/history/")
    oldest = page.get_by_role("listitem").filter(has_text="1965")
    hand.go_for(oldest.get_by_role("button"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Some of it was changed again")
    assert page.get_by_role("checkbox", name="Publication year").is_checked()
    assert not page.get_by_role("checkbox", name=re.compile("^Title")).is_checked()
    hand.press("Put back what is ticked")
    expect(page.get_by_text("The change is put back.")).to_be_visible()
    page.goto(f"{site.url}/books/1/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dune Messiah")
    expect(page.get_by_text("1965")).to_have_count(0)


def test_a_deleted_book_is_brought_back_from_its_history(
    site: Site, hand: Hand, sign_in: Callable[..., None]
) -> None:
    site.manage("shell", "-c", MADE)
    site.manage("shell", "-c", "from catalog.models import Book; Book.objects.get().delete()")
    page = hand.page
    sign_in(page, site, "manager")
    page.goto(f"{site.url}/books/1/history/")
    hand.press("Bring it back")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dune Messiah")


def test_the_latest_changes_of_one_person(
    site: Site, hand: Hand, sign_in: Callable[..., None]
) -> None:
    site.manage("shell", "-c", MADE)
    page = hand.page
    sign_in(page, site, "reader")
    page.goto(f"{site.url}/changes/")
    expect(page.locator("#changes li")).to_have_count(7)  # four are by a command
    hand.fill("Changes by", "cataloguer")
    hand.press("Show")
    expect(page.locator("#changes li")).to_have_count(1)
    hand.fill("Changes by", "nobody")
    hand.press("Show")
    expect(page.get_by_text("Nobody here has the user name “nobody”")).to_be_visible()


def test_axe_finds_nothing(
    site: Site,
    page: Page,
    sign_in: Callable[..., None],
    assert_accessible: Callable[[Page], None],
    guard: Guard,
) -> None:
    guard.expect("409")
    site.manage("shell", "-c", MADE)
    sign_in(page, site, "manager")
    for path in ("/books/1/", "/books/1/history/", "/authors/1/", "/publishers/1/", "/changes/"):
        page.goto(f"{site.url}{path}")
        assert_accessible(page)
    page.goto(f"{site.url}/books/1/history/")
    page.get_by_role("listitem").filter(has_text="1965").get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Some of it was changed again")
    assert_accessible(page)
