"""Notes in a real browser, with JavaScript, without, and with the keyboard alone."""

from collections.abc import Callable

from playwright.sync_api import Dialog, Page, expect

from tests.browser.conftest import Guard
from tests.browser.hands import Hand
from tests.browser.site import Site

BOOK = "from catalog.models import Book; Book.objects.create(title='Dune')"
MANY = """
from accounts.models import User
from catalog.models import Note
reader = User.objects.get(username="reader")
Note.objects.bulk_create(
    Note(kind="book", record_id=1, text=f"Note {number:02}.", created_by=reader)
    for number in range(25)
)
"""


def open_book(site: Site, page: Page, sign_in: Callable[..., None], name: str = "reader") -> None:
    site.manage("shell", "-c", BOOK)
    sign_in(page, site, name)
    page.goto(f"{site.url}/books/1/")


def test_a_note_is_added_and_deleted(site: Site, hand: Hand, sign_in: Callable[..., None]) -> None:
    page = hand.page
    open_book(site, page, sign_in)
    hand.fill("Add a note", "Signed copy, see https://example.org/dune")
    hand.press("Add the note")
    link = page.get_by_role("link", name="https://example.org/dune")
    expect(link).to_have_attribute("rel", "nofollow noopener noreferrer ugc")
    expect(hand.field("Add a note")).to_have_value("")
    if hand.scripts:
        expect(page.locator("#announce")).to_have_text("Your note is added.")
        assert page.url == f"{site.url}/books/1/"  # in place
    hand.follow("Delete")
    expect(page.get_by_text("Delete this note?")).to_be_visible()
    hand.follow("Keep it")
    expect(link).to_be_visible()
    hand.follow("Delete")
    hand.press("Delete")
    expect(page.get_by_text("No notes yet.")).to_be_visible()


def test_what_is_refused_is_said_and_kept(
    site: Site, hand: Hand, sign_in: Callable[..., None], guard: Guard
) -> None:
    guard.expect("422")
    page = hand.page
    open_book(site, page, sign_in)
    hand.press("Add the note")
    expect(page.get_by_text("Write something first.")).to_be_visible()
    if hand.scripts:
        expect(hand.field("Add a note")).to_be_focused()
    hand.field("Add a note").fill("x" * 5001)
    hand.press("Add the note")
    expect(page.get_by_text("A note has at most 5000 characters")).to_be_visible()
    expect(hand.field("Add a note")).to_have_value("x" * 5001)


def test_older_notes_follow(site: Site, hand: Hand, sign_in: Callable[..., None]) -> None:
    page = hand.page
    open_book(site, page, sign_in)
    site.manage("shell", "-c", MANY)
    page.reload()
    expect(page.locator(".remark")).to_have_count(20)
    hand.follow("Older notes")
    expect(page.locator(".remark")).to_have_count(25 if hand.scripts else 5)
    expect(page.get_by_text("Note 00.")).to_be_visible()


def test_whoever_was_signed_out_signs_in_and_finds_the_note_as_typed(
    site: Site, hand: Hand, sign_in: Callable[..., None], guard: Guard
) -> None:
    guard.expect("403")
    page = hand.page
    open_book(site, page, sign_in)
    hand.fill("Add a note", "Typed for a long time")
    site.sign_everybody_out()
    hand.press("Add the note")
    page.wait_for_url("**/notes/")
    hand.sign_in("reader")
    expect(hand.field("Add a note")).to_have_value("Typed for a long time")
    # Here too, where the page itself is one that keeps what was typed.
    site.sign_everybody_out()
    hand.press("Add the note")
    hand.sign_in("reader")
    expect(hand.field("Add a note")).to_have_value("Typed for a long time")
    hand.press("Add the note")
    expect(page.locator(".remark-text")).to_have_text("Typed for a long time")


def test_a_note_being_typed_is_not_left_by_mistake(
    site: Site, page: Page, sign_in: Callable[..., None]
) -> None:
    open_book(site, page, sign_in)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    note = page.get_by_label("Add a note")
    note.press_sequentially("Half a th")
    page.get_by_role("link", name="Authors", exact=True).click(no_wait_after=True)
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    expect(note).to_have_value("Half a th")
    note.fill("")  # nothing to lose any more
    page.get_by_role("link", name="Authors", exact=True).click()
    page.wait_for_url("**/authors/")
    page.goto(f"{site.url}/books/1/")
    note.press_sequentially("Whole")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator(".remark-text")).to_have_text("Whole")
    page.get_by_role("link", name="Authors", exact=True).click()
    page.wait_for_url("**/authors/")
    assert asked == ["beforeunload"]


def test_two_quick_clicks_make_one_note(
    site: Site, page: Page, sign_in: Callable[..., None]
) -> None:
    open_book(site, page, sign_in)
    page.get_by_label("Add a note").fill("Once")
    page.get_by_role("button", name="Add the note").dblclick()
    expect(page.locator("#announce")).to_have_text("Your note is added.")
    page.wait_for_timeout(500)
    page.reload()
    expect(page.locator(".remark")).to_have_count(1)


def test_axe_finds_nothing(
    site: Site,
    page: Page,
    sign_in: Callable[..., None],
    assert_accessible: Callable[[Page], None],
    guard: Guard,
) -> None:
    guard.expect("422")
    open_book(site, page, sign_in, "manager")
    page.get_by_label("Add a note").fill("See https://example.org/.")
    page.get_by_role("button", name="Add the note").click()
    page.get_by_role("link", name="Delete the note of").click()
    expect(page.get_by_text("Delete this note?")).to_be_visible()
    page.get_by_role("button", name="Add the note").click()
    expect(page.get_by_text("Write something first.")).to_be_visible()
    assert_accessible(page)
    page.goto(f"{site.url}/books/1/notes/")
    assert_accessible(page)
    page.goto(f"{site.url}/notes/1/delete/")
    assert_accessible(page)
