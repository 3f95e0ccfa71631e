"""Messages at the corner of the page: who gets rid of them, and where the focus goes."""

from playwright.sync_api import Page, expect

from tests.browser.site import Site

ADD = """(html) => {
    const note = document.createElement("div");
    note.className = "note";
    note.dataset.toast = "";
    note.innerHTML = html;
    document.getElementById("toasts").append(note);
}"""
DISMISS = '<button type="button" data-dismiss aria-label="Dismiss">×</button>'


def test_a_message_that_came_later_goes_away_unless_somebody_is_at_it(
    page: Page, library: Site
) -> None:
    page.clock.install()
    page.goto(f"{library.url}/books/")
    page.evaluate(ADD, f"<p>Read</p>{DISMISS}")
    page.evaluate(ADD, f"<p>Unread</p>{DISMISS}")
    page.evaluate(ADD, f"<p>Undo?</p><form><button>Undo</button></form>{DISMISS}")
    page.get_by_text("Read", exact=True).locator("..").get_by_role("button").focus()
    page.clock.fast_forward("01:00")
    expect(page.get_by_text("Unread")).to_have_count(0)
    expect(page.get_by_text("Read", exact=True)).to_be_visible()
    expect(page.get_by_text("Undo?")).to_be_visible()  # what can be undone waits
    page.keyboard.press("Enter")
    expect(page.get_by_text("Read", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="Undo")).to_be_focused()  # not lost
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#toasts .note")).to_have_count(0)
    expect(page.get_by_role("main")).to_be_focused()
