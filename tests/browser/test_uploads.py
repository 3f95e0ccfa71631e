"""Covers, headshots and attached files as people send them: chosen, dropped, pasted; with and
without scripts, with the keyboard alone."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests import files
from tests.browser.hands import Hand
from tests.browser.site import Site

SignIn = Callable[[Page, Site, str], None]
NEW = "/books/new/"


@dataclass(frozen=True)
class Kind:
    """A kind of record with a picture."""

    folder: str
    name: str  # the label of the field that it cannot be without
    field: str
    alt: re.Pattern[str]
    nameless: str

    @property
    def saved(self) -> re.Pattern[str]:
        return re.compile(rf"/{self.folder}/\d+/$")


BOOK = Kind("books", "Title", "cover", re.compile("^Cover of"), "A book needs a title.")
AUTHOR = Kind("authors", "Name", "headshot", re.compile("^Portrait of"), "An author needs a name.")
of_both_kinds = pytest.mark.parametrize("kind", [BOOK, AUTHOR], ids=["cover", "headshot"])
THEIRS = """
import django; django.setup()
from django.core.files.uploadedfile import SimpleUploadedFile
from accounts.models import User
from catalog.models import Author, Book
from catalog.models.history import origin
from catalog.services import pictures
from tests import files
user = User.objects.get(username="manager")
with origin(user=user):
    book, author = Book.objects.first(), Author.objects.first()
    file = SimpleUploadedFile("theirs.jpg", files.jpeg_picture((420, 600)))
    change = pictures.PictureChange(pictures.take_in(file, user=user))
    pictures.attach(book or author, "cover" if book else "headshot", change)
"""
PDF: Any = {"name": "Sample chapter.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 one"}


def picture(name: str = "front.jpg", content: bytes | None = None, width: int = 400) -> Any:
    content = files.jpeg_picture((width, 600)) if content is None else content
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


# --- Covers and headshots ---------------------------------------------------------------------


def choose(hand: Hand, kind: Kind, file: Any) -> None:
    field = hand.page.locator(f"#id_{kind.field}")
    if hand.way == "keyboard":
        hand.reach(field)
    field.set_input_files(file)
    if hand.scripts:
        expect(hand.page.get_by_text(file["name"])).to_be_visible()


def saved(hand: Hand, kind: Kind, width: int | None) -> str:
    """The address of the record, on whose page there is now a picture of this width, or none."""
    hand.press("Save")
    hand.page.wait_for_url(kind.saved)
    shown = hand.page.get_by_role("img", name=kind.alt)
    if width is None:
        expect(shown).to_have_count(0)
    else:
        expect(shown).to_have_attribute("width", str(width))
        assert shown.evaluate("image => image.complete && image.naturalWidth") > 0
    return hand.page.url


@of_both_kinds
def test_a_picture_is_chosen_seen_saved_replaced_and_removed(
    hand: Hand, at_work: Callable, kind: Kind
) -> None:
    page = hand.page
    site = at_work(page, f"/{kind.folder}/new/")
    hand.fill(kind.name, "Dune")
    choose(hand, kind, picture())
    if hand.scripts:
        preview = page.get_by_role("img", name="The picture that you chose")
        expect(preview).to_be_visible()
        assert preview.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    detail = saved(hand, kind, 400)
    sizes = stored(site, f"{kind.folder}/*/{kind.field}-*.webp")
    assert len(sizes) == 4  # 80, 160, 320 and 400 wide
    page.goto(f"{detail}edit/")
    expect(page.get_by_role("img", name="The present picture")).to_be_visible()
    choose(hand, kind, picture("back.jpg", width=410))
    saved(hand, kind, 410)
    page.goto(f"{detail}edit/")
    hand.check("Remove this picture")
    saved(hand, kind, None)


@of_both_kinds
def test_a_form_that_is_wrong_elsewhere_keeps_the_picture(
    hand: Hand, at_work: Callable, guard, kind: Kind
) -> None:
    guard.expect("422")
    page = hand.page
    at_work(page, f"/{kind.folder}/new/")
    choose(hand, kind, picture("front.jpg"))
    hand.press("Save")  # without a name
    expect(page.get_by_text(kind.nameless).first).to_be_visible()
    expect(page.get_by_role("img", name="The picture that you chose")).to_be_visible()
    hand.fill(kind.name, "Dune")
    saved(hand, kind, 400)


@of_both_kinds
def test_a_picture_that_two_people_chose_is_asked_about(
    hand: Hand, at_work: Callable, guard, kind: Kind, assert_accessible: Callable[[Page], None]
) -> None:
    guard.expect("422")
    page = hand.page
    site = at_work(page, f"/{kind.folder}/new/")
    hand.fill(kind.name, "Dune")
    page.goto(f"{saved(hand, kind, None)}edit/")
    choose(hand, kind, picture(width=410))
    site._python("-c", THEIRS)
    hand.press("Save")
    both = page.get_by_role("group", name="manager changed this")
    mine = both.get_by_role("radio", name="Mine the picture that you chose")
    theirs = both.get_by_role("radio", name="Theirs the picture that is there now")
    expect(mine).not_to_be_checked()
    expect(theirs).not_to_be_checked()
    for image in both.get_by_role("img").all():
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    field = page.locator(f"#id_{kind.field}")
    expect(field).to_have_accessible_description(re.compile("Somebody else has changed this too"))
    if hand.scripts:
        expect(field).to_be_focused()
        assert_accessible(page)
    hand.check(re.compile(r"^\s*Mine"))
    saved(hand, kind, 410)


def test_a_third_picture_while_choosing_becomes_mine(page: Page, at_work: Callable, guard) -> None:
    guard.expect("422")
    site = at_work(page)
    page.locator("#id_title").fill("Dune")
    save(page)
    page.goto(f"{page.url}edit/")
    page.locator("#id_cover").set_input_files(picture("second.jpg", width=410))
    expect(page.get_by_text("second.jpg")).to_be_visible()
    site._python("-c", THEIRS)
    page.get_by_role("button", name="Save", exact=True).click()
    mine = page.get_by_role("radio", name="Mine")
    before = page.locator("label", has=mine).locator("img").get_attribute("src")
    page.locator("#id_cover").set_input_files(picture("third.jpg", width=430))
    expect(page.get_by_text("third.jpg")).to_be_visible()
    expect(mine).to_be_checked()
    expect(page.locator("label", has=mine).locator("img")).not_to_have_attribute("src", before)
    save(page)
    expect(page.get_by_role("img", name=BOOK.alt)).to_have_attribute("width", "430")


def test_what_was_said_about_a_refused_picture_goes_with_the_next(
    page: Page, at_work: Callable, guard
) -> None:
    guard.expect("422")
    guard.expect("Failed to load resource")
    guard.expect("net::ERR_FAILED")
    guard.expect("htmx:sendError")
    at_work(page)
    page.route(re.compile(r"/uploads/\?"), lambda route: route.abort())
    page.locator("#id_title").fill("Dune")
    page.locator("#id_cover").set_input_files(picture(content=files.PAGE))
    expect(page.locator("#id_cover-wrong")).to_contain_text("It goes along when you save.")
    page.get_by_role("button", name="Save", exact=True).click()
    feedback = page.locator("#feedback_cover")
    expect(feedback).to_contain_text("This is a web page, not a picture.")
    page.unroute_all()
    page.wait_for_load_state()  # the page that came back: its scripts are there
    page.locator("#id_cover").set_input_files(picture())
    expect(page.get_by_role("img", name="The picture that you chose")).to_be_visible()
    expect(feedback).to_be_empty()


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
(files) => {
  const carrier = new DataTransfer();
  for (const [encoded, type, name] of files) {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    carrier.items.add(new File([bytes], name, { type }));
  }
  return carrier;
}
"""


def carrier(page: Page, name: str = "front.png", *more: Any, content: bytes | None = None):
    encoded = base64.b64encode(content or files.png_picture((400, 600))).decode()
    first = [encoded, "image/png", name]
    others = [
        [base64.b64encode(file["buffer"]).decode(), file["mimeType"], file["name"]] for file in more
    ]
    return page.evaluate_handle(CARRY, [first, *others])


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


def copy_picture(page: Page, site: Site) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.url)
    encoded = base64.b64encode(files.png_picture((400, 600))).decode()
    page.evaluate(
        """async (encoded) => {
          const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
          const blob = new Blob([bytes], { type: "image/png" });
          await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }""",
        encoded,
    )


def test_the_button_takes_a_picture_from_the_clipboard(
    page: Page, at_work: Callable, site: Site
) -> None:
    at_work(page)
    copy_picture(page, site)
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


@pytest.fixture
def dune(page: Page, at_work: Callable) -> str:
    """The address of a new book, on whose page somebody with a mouse is."""
    at_work(page)
    page.locator("#id_title").fill("Dune")
    save(page)
    return page.url


def attached(page: Page) -> Locator:
    return page.locator("#attached").get_by_role("listitem").get_by_role("link")


def test_files_are_dropped_where_they_are_attached(page: Page, dune: str) -> None:
    area = page.locator("[data-attach]")
    data = carrier(page, "Front.png", PDF)
    area.dispatch_event("dragover", {"dataTransfer": data})
    expect(area).to_have_class(re.compile("is-over"))
    area.dispatch_event("drop", {"dataTransfer": data})
    expect(attached(page)).to_have_text(["Front.png", "Sample chapter.pdf"])


def test_files_are_pasted_anywhere_on_a_page_that_has_no_picture_field(
    page: Page, dune: str
) -> None:
    page.evaluate(PASTE, [carrier(page, "Front.png", PDF), "h1"])
    expect(attached(page)).to_have_text(["Front.png", "Sample chapter.pdf"])
    page.evaluate(PASTE, [carrier(page, "Front.png"), "input[type=search]"])
    page.wait_for_timeout(300)
    expect(attached(page)).to_have_count(2)


def test_in_a_form_what_is_pasted_goes_where_one_is(page: Page, dune: str) -> None:
    page.goto(f"{dune}edit/")
    page.evaluate(PASTE, [carrier(page, "Front.png", PDF), "#id_files"])
    expect(attached(page)).to_have_text(["Front.png", "Sample chapter.pdf"])
    expect(page.locator("input[name=cover-upload]")).to_have_count(0)
    page.evaluate(PASTE, [carrier(page, "Cover.png", PDF), "#id_title"])
    expect(page.get_by_text("Cover.png")).to_be_visible()
    expect(page.locator("input[name=cover-upload]")).to_have_count(1)
    expect(attached(page)).to_have_count(2)


def test_the_keys_of_pasting_attach_what_was_copied(page: Page, dune: str, site: Site) -> None:
    page.goto(f"{dune}edit/")
    copy_picture(page, site)
    page.locator("#id_files").focus()
    page.keyboard.press("Control+V")
    expect(attached(page)).to_have_text(["image.png"])
    expect(page.locator("#id_files")).to_be_focused()


def test_the_progress_of_files_moves_and_sending_them_can_be_stopped(page: Page, dune: str) -> None:
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)
    page.get_by_label("Attach files").set_input_files({**PDF, "buffer": b"%PDF" + b"x" * 4_000_000})
    bar = page.get_by_role("progressbar", name="Sending the files")
    expect(bar).to_be_visible()
    expect(bar).not_to_have_attribute("value", "0")
    early = bar.evaluate("bar => bar.value")
    expect(bar).not_to_have_attribute("value", str(early))
    assert 0 < early < bar.evaluate("bar => bar.value") < 100
    page.get_by_role("button", name="Stop").click()
    expect(bar).to_be_hidden()
    field = page.get_by_label("Attach files")
    expect(field).to_have_value("")
    expect(field).to_be_focused()
    page.reload()
    expect(attached(page)).to_have_count(0)


def test_a_file_that_cannot_be_taken_is_named_and_the_others_are_kept(
    page: Page, at_work: Callable
) -> None:
    at_work(page)
    page.locator("#id_title").fill("Dune")
    save(page)
    page.get_by_label("Attach files").set_input_files(
        [PDF, {**PDF, "name": "empty", "buffer": b""}]
    )
    expect(page.locator("#id_files-wrong")).to_contain_text("empty: This file is empty.")
    expect(page.get_by_role("link", name="Sample chapter.pdf")).to_be_visible()
    expect(page.get_by_label("Attach files")).to_be_focused()
    # The next ones do not hear of it any more.
    page.get_by_label("Attach files").set_input_files({**PDF, "name": "Press kit.pdf"})
    expect(page.get_by_role("link", name="Press kit.pdf")).to_be_visible()
    expect(page.locator("#id_files-wrong")).to_be_hidden()


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
