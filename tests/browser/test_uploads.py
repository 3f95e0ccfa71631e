"""Covers and attached files as people send them: chosen, dropped, pasted; with and without
scripts, with the keyboard alone."""

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests import files
from tests.browser.hands import Hand
from tests.browser.site import Site

SignIn = Callable[[Page, Site, str], None]
NEW = "/books/new/"
PDF: Any = {"name": "Sample chapter.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 one"}


def picture(name: str = "front.jpg", content: bytes | None = None) -> Any:
    content = files.jpeg_picture((400, 600)) if content is None else content
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


@pytest.fixture(autouse=True)
def _left_pages(guard) -> None:
    """What a page still asks for when it is left (the radar, say) is cut short; htmx says so."""
    guard.expect("htmx:sendAbort")
    guard.expect("htmx:afterRequest")


@pytest.fixture
def at_work(site: Site, sign_in: SignIn) -> Callable[[Page], Site]:
    def at_work(page: Page, path: str = NEW) -> Site:
        sign_in(page, site, "cataloguer")
        page.goto(f"{site.url}{path}")
        return site

    return at_work


def stored(site: Site, pattern: str) -> list[Path]:
    return sorted((site.folder / "media").glob(pattern))


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile(r"/books/\d+/$"))


def covered(page: Page) -> None:
    """The page of a book shows the picture, and the browser could draw it."""
    cover = page.get_by_role("img", name=re.compile("^Cover of"))
    expect(cover).to_be_visible()
    assert cover.evaluate("image => image.complete && image.naturalWidth") > 0


# --- Covers -----------------------------------------------------------------------------------


def test_a_cover_is_chosen_seen_and_saved(hand: Hand, at_work: Callable) -> None:
    page = hand.page
    site = at_work(page)
    hand.fill("Title", "Dune")
    if hand.way == "keyboard":
        hand.reach(page.locator("#id_cover"))
    page.locator("#id_cover").set_input_files(picture())
    if hand.scripts:
        preview = page.get_by_role("img", name="The picture that you chose")
        expect(preview).to_be_visible()
        assert preview.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    hand.press("Save")
    page.wait_for_url(re.compile(r"/books/\d+/$"))
    covered(page)
    assert len(stored(site, "books/*/cover-*.webp")) == 4  # 80, 160, 320 and 400 wide


def test_a_form_that_is_wrong_elsewhere_keeps_the_picture(
    hand: Hand, at_work: Callable, guard
) -> None:
    guard.expect("422")
    page = hand.page
    at_work(page)
    page.locator("#id_cover").set_input_files(picture("front.jpg"))
    if hand.scripts:
        expect(page.get_by_text("front.jpg")).to_be_visible()
    hand.press("Save")  # without a title
    expect(page.get_by_text("A book needs a title.").first).to_be_visible()
    expect(page.get_by_role("img", name="The picture that you chose")).to_be_visible()
    hand.fill("Title", "Dune")
    hand.press("Save")
    page.wait_for_url(re.compile(r"/books/\d+/$"))
    covered(page)


def test_a_cover_is_removed_and_until_saved_it_is_not(hand: Hand, at_work: Callable) -> None:
    page = hand.page
    at_work(page)
    hand.fill("Title", "Dune")
    page.locator("#id_cover").set_input_files(picture())
    if hand.scripts:
        expect(page.get_by_role("img", name="The picture that you chose")).to_be_visible()
    hand.press("Save")
    page.wait_for_url(re.compile(r"/books/\d+/$"))
    detail = page.url
    page.goto(f"{detail}edit/")
    hand.check("Remove this picture")
    hand.press("Save")
    page.wait_for_url(detail)
    expect(page.get_by_role("img", name=re.compile("^Cover of"))).to_have_count(0)


def test_what_is_no_picture_is_refused_beside_the_field(
    page: Page, at_work: Callable, guard
) -> None:
    guard.expect("422")
    at_work(page)
    page.locator("#id_cover").set_input_files(picture(content=files.PAGE))
    expect(page.get_by_role("alert")).to_contain_text("This is a web page, not a picture.")
    expect(page.locator("#id_cover")).to_be_focused()
    expect(page.locator("#id_cover")).to_have_attribute("aria-invalid", "true")
    described = page.locator("#id_cover").get_attribute("aria-describedby") or ""
    assert "id_cover-wrong" in described.split()


def test_without_scripts_it_is_refused_beside_the_field_too(
    plain_page: Page, at_work: Callable
) -> None:
    at_work(plain_page)
    plain_page.locator("#id_title").fill("Dune")
    plain_page.locator("#id_cover").set_input_files(picture(content=files.SVG))
    plain_page.get_by_role("button", name="Save", exact=True).click()
    expect(plain_page.get_by_text("SVG files are not taken as pictures.")).to_be_visible()
    expect(plain_page.locator("#id_title")).to_have_value("Dune")


def test_a_picture_that_is_too_large_is_not_even_sent(page: Page, at_work: Callable) -> None:
    at_work(page)
    sent: list[str] = []
    page.on(
        "request", lambda request: sent.append(request.url) if "/uploads/" in request.url else None
    )
    page.locator("#id_cover").set_input_files(picture(content=b"\xff\xd8\xff" + b"x" * (11 << 20)))
    expect(page.locator("#id_cover-wrong")).to_contain_text("larger than 10 MB")
    assert not [url for url in sent if "/uploads/" in url]


CARRY = """
([encoded, type, name]) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const carrier = new DataTransfer();
  carrier.items.add(new File([bytes], name, { type }));
  return carrier;
}
"""


def carrier(page: Page, name: str = "front.png", content: bytes | None = None):
    encoded = base64.b64encode(content or files.png_picture((400, 600))).decode()
    return page.evaluate_handle(CARRY, [encoded, "image/png", name])


def test_a_cover_is_dropped_on_its_field(page: Page, at_work: Callable) -> None:
    at_work(page)
    field = page.locator("#id_cover-picture")
    data = carrier(page)
    field.dispatch_event("dragover", {"dataTransfer": data})
    expect(field).to_have_class(re.compile("is-over"))
    field.dispatch_event("drop", {"dataTransfer": data})
    expect(page.get_by_text("front.png")).to_be_visible()
    page.locator("#id_title").fill("Dune")
    save(page)
    covered(page)


def test_a_file_dropped_beside_the_field_does_not_replace_the_page(
    page: Page, at_work: Callable
) -> None:
    at_work(page)
    stopped = page.evaluate(
        """(carrier) => !document.querySelector("h1").dispatchEvent(
            new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: carrier }))""",
        carrier(page),
    )
    assert stopped
    expect(page.locator("input[name=cover-upload]")).to_have_count(0)


PASTE = """
([carrier, selector]) => document.querySelector(selector).dispatchEvent(
  new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: carrier }))
"""


def test_a_picture_is_pasted_anywhere_in_the_form(page: Page, at_work: Callable) -> None:
    at_work(page)
    page.locator("#id_title").fill("Dune")
    page.evaluate(PASTE, [carrier(page, "image.png"), "#id_title"])
    expect(page.get_by_role("img", name="The picture that you chose")).to_be_visible()
    expect(page.locator("#id_title")).to_have_value("Dune")
    save(page)
    covered(page)


def test_cells_of_a_spreadsheet_pasted_into_a_field_stay_text(
    page: Page, at_work: Callable
) -> None:
    """They come as text and as a picture of the text."""
    at_work(page)
    data = carrier(page, "image.png")
    data.evaluate('carrier => carrier.items.add("Dune", "text/plain")')
    page.evaluate(PASTE, [data, "#id_title"])
    page.wait_for_timeout(300)
    expect(page.locator("input[name=cover-upload]")).to_have_count(0)


def test_the_button_takes_a_picture_from_the_clipboard(
    page: Page, at_work: Callable, site: Site
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.url)
    at_work(page)
    encoded = base64.b64encode(files.png_picture((400, 600))).decode()
    page.evaluate(
        """async (encoded) => {
          const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
          const blob = new Blob([bytes], { type: "image/png" });
          await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }""",
        encoded,
    )
    page.get_by_role("button", name="Paste a picture").click()
    expect(page.get_by_role("img", name="The picture that you chose")).to_be_visible()


def test_an_empty_clipboard_is_said(page: Page, at_work: Callable, site: Site) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.url)
    at_work(page)
    page.evaluate('navigator.clipboard.writeText("only words")')
    page.get_by_role("button", name="Paste a picture").click()
    expect(page.locator("#id_cover-wrong")).to_contain_text("no picture on the clipboard")


def test_progress_is_shown_and_sending_can_be_stopped(page: Page, at_work: Callable) -> None:
    at_work(page)
    held: list[Route] = []
    page.route(re.compile(r"/uploads/\?"), lambda route: held.append(route))
    page.locator("#id_cover").set_input_files(picture())
    bar = page.get_by_role("progressbar", name="Sending the picture")
    expect(bar).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(bar).to_be_hidden()
    expect(page.locator("#id_cover")).to_have_value("")
    expect(page.locator("#id_cover")).to_be_focused()
    assert len(held) == 1


def test_a_picture_that_cannot_be_sent_by_itself_goes_with_the_form(
    page: Page, at_work: Callable, guard
) -> None:
    guard.expect("Failed to load resource")
    guard.expect("net::ERR_FAILED")
    guard.expect("htmx:sendError")
    at_work(page)
    page.route(re.compile(r"/uploads/\?"), lambda route: route.abort())
    page.locator("#id_title").fill("Dune")
    page.locator("#id_cover").set_input_files(picture())
    expect(page.locator("#id_cover-wrong")).to_contain_text("It goes along when you save.")
    save(page)
    covered(page)


# --- Attached files ---------------------------------------------------------------------------


@pytest.fixture
def book(hand: Hand, at_work: Callable) -> str:
    """The address of a new book, on whose page the hand is."""
    at_work(hand.page)
    hand.fill("Title", "Dune")
    hand.press("Save")
    hand.page.wait_for_url(re.compile(r"/books/\d+/$"))
    return hand.page.url


def test_files_are_attached_downloaded_removed_and_brought_back(hand: Hand, book: str) -> None:
    page = hand.page
    field = page.get_by_label("Attach files")
    if hand.way == "keyboard":
        hand.reach(field)
    field.set_input_files([PDF, {**PDF, "name": "Press kit.pdf"}])
    if not hand.scripts:
        hand.press(re.compile("^Attach$"))
    link = page.get_by_role("link", name="Sample chapter.pdf")
    expect(link).to_be_visible()
    expect(page.get_by_role("link", name="Press kit.pdf")).to_be_visible()
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "Sample chapter.pdf"
    assert Path(download.value.path()).read_bytes() == b"%PDF-1.7 one"
    hand.press("Remove Sample chapter.pdf")
    expect(link).to_have_count(0)
    hand.press("Undo")
    expect(link).to_be_visible()


def test_a_file_that_cannot_be_taken_is_named(page: Page, at_work: Callable, guard) -> None:
    guard.expect("422")
    at_work(page)
    page.locator("#id_title").fill("Dune")
    save(page)
    page.get_by_label("Attach files").set_input_files(
        [PDF, {**PDF, "name": "empty", "buffer": b""}]
    )
    expect(page.locator("#id_files-wrong")).to_contain_text("empty: This file is empty.")


def test_attaching_below_a_form_loses_nothing_of_what_is_typed(
    page: Page, at_work: Callable
) -> None:
    at_work(page)
    page.locator("#id_title").fill("Dune")
    save(page)
    page.goto(f"{page.url}edit/")
    page.get_by_label("Subtitle").fill("The first one")
    page.get_by_label("Attach files").set_input_files(PDF)
    expect(page.get_by_role("link", name="Sample chapter.pdf")).to_be_visible()
    expect(page.get_by_label("Subtitle")).to_have_value("The first one")
    save(page)
    expect(page.get_by_text("The first one")).to_be_visible()


# --- For all ----------------------------------------------------------------------------------


def test_nothing_hinders_anyone(
    page: Page, at_work: Callable, guard, assert_accessible: Callable[[Page], None]
) -> None:
    guard.expect("422")
    at_work(page)
    page.locator("#id_cover").set_input_files(picture())
    expect(page.get_by_role("img", name="The picture that you chose")).to_be_visible()
    assert_accessible(page)
    page.locator("#id_cover").set_input_files(picture(content=files.PAGE))
    expect(page.locator("#id_cover-wrong")).to_be_visible()
    assert_accessible(page)
    page.locator("#id_title").fill("Dune")
    save(page)
    page.get_by_label("Attach files").set_input_files(PDF)
    expect(page.get_by_role("link", name="Sample chapter.pdf")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Remove Sample chapter.pdf").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert_accessible(page)
