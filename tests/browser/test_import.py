"""An import seen from open pages: leaving it, stopping it, pulling the plug, two at once."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.browser.test_main_job import start, upload


@pytest.fixture(scope="session")
def many_rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough rows for several chunks: so that there is a middle to interrupt."""
    path = tmp_path_factory.mktemp("files") / "many.csv"
    lines = ["Title,Author,Publisher,Year"]
    lines += [
        f"The Book of Row {n},Person {n % 900} Example,House {n % 50},{1900 + n % 120}"
        for n in range(1, 30_001)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def done_so_far(page: Page) -> int:
    found = re.search(r"([\d,]+) of 30,000", page.locator("#import-progress").inner_text())
    return int(found[1].replace(",", "")) if found else 0


def wait_for_the_middle(page: Page) -> None:
    page.wait_for_function(
        """() => {
            const found = document.querySelector("#import-progress").innerText
                .match(/([\\d,]+) of 30,000/);
            return found && parseInt(found[1].replace(",", "")) > 0;
        }""",
        timeout=30_000,
    )


def expect_a_lost_connection(guard) -> None:
    """The server is gone for a moment, and the browser and the WebSocket extension say so."""
    for complaint in ("WebSocket", "ERR_CONNECTION_REFUSED", "[object Event]"):
        guard.expect(complaint)


def test_it_goes_on_while_nobody_looks(page: Page, site: Site, sign_in, many_rows) -> None:
    sign_in(page, site, "cataloguer")
    upload(page, site, many_rows)
    start(page)
    wait_for_the_middle(page)
    context, address = page.context, page.url
    page.close()
    page = context.new_page()
    page.goto(f"{site.url}/imports/")
    page.get_by_role("main").get_by_role("link", name="many.csv").click()
    assert page.url == address
    expect(page.locator("#import-progress")).to_have_attribute("data-state", "done", timeout=90_000)
    page.goto(f"{site.url}/books/")
    expect(page.locator("#results")).to_contain_text("30,000 books")


def test_stopping_it_says_what_was_done(page: Page, site: Site, sign_in, many_rows) -> None:
    sign_in(page, site, "cataloguer")
    upload(page, site, many_rows)
    start(page)
    wait_for_the_middle(page)
    page.get_by_role("button", name="Stop after this chunk").click()
    progress = page.locator("#import-progress")
    expect(progress).to_have_attribute("data-state", "cancelled", timeout=30_000)
    found = re.search(r"Stopped after ([\d,]+) of 30,000 rows", progress.inner_text())
    assert found
    assert 0 < int(found[1].replace(",", "")) < 30_000
    page.goto(f"{site.url}/books/")
    expect(page.locator("#results")).to_contain_text(f"{found[1]} books")


def test_pulling_the_plug_loses_nothing_and_applies_no_row_twice(
    page: Page, site: Site, sign_in, many_rows, guard
) -> None:
    expect_a_lost_connection(guard)
    sign_in(page, site, "cataloguer")
    upload(page, site, many_rows)
    start(page)
    wait_for_the_middle(page)
    site.kill()
    site.start()
    page.reload()
    expect(page.locator("#import-progress")).to_have_attribute("data-state", "done", timeout=90_000)
    expect(page.locator("#import-progress").get_by_role("heading")).to_have_text("30,000 rows done")
    page.goto(f"{site.url}/books/")
    expect(page.locator("#results")).to_contain_text("30,000 books")


def test_an_open_page_says_that_it_is_cut_off_and_comes_back_by_itself(
    page: Page, site: Site, sign_in, many_rows, guard, assert_accessible
) -> None:
    expect_a_lost_connection(guard)
    sign_in(page, site, "cataloguer")
    upload(page, site, many_rows)
    start(page)
    wait_for_the_middle(page)
    page.evaluate("window.stillTheSame = true")
    site.stop()
    told = page.get_by_role("alert").filter(has_text="The connection to the server is lost")
    expect(told).to_be_visible()
    assert_accessible(page)
    site.start()
    expect(page.locator("#import-progress")).to_have_attribute(
        "data-state", "done", timeout=120_000
    )
    expect(told).to_be_hidden()
    assert page.evaluate("window.stillTheSame")


def test_a_picture_with_a_wrong_name_gets_a_sentence_beside_the_field(
    page: Page, site: Site, sign_in, tmp_path: Path, guard
) -> None:
    guard.expect("422")
    path = tmp_path / "books.xlsx"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    sign_in(page, site, "cataloguer")
    page.goto(f"{site.url}/imports/new/")
    page.locator("input[type=file]").set_input_files(path)
    page.locator("#upload-send").click()
    expect(page.locator("#upload-wrong")).to_contain_text("picture")
    assert page.url.endswith("/imports/new/")
    page.goto(f"{site.url}/imports/")
    expect(page.get_by_text("Nothing has been imported yet")).to_be_visible()


def test_a_rejected_row_is_put_right_in_place(page: Page, site: Site, sign_in, tmp_path) -> None:
    path = tmp_path / "few.csv"
    path.write_text(
        "Title,Author,ISBN\n"
        "To Kill a Mockingbird,Harper Lee,9780061120084\n"
        "Nineteen Eighty-Four,George Orwell,9780451524935\n"
        "The Great Gatsby,F. Scott Fitzgerald,9780743273565\n"
        "Dune,Frank Herbert,9780441013590\n"  # the last digit is 3
    )
    sign_in(page, site, "cataloguer")
    upload(page, site, path)
    start(page)
    expect(page.locator("#import-progress")).to_have_attribute("data-state", "done", timeout=60_000)
    page.get_by_role("link", name=re.compile("Put 1 rejected row right")).click()
    row = page.locator("#results")
    expect(row).to_contain_text("9780441013590")
    row.get_by_label("ISBN").fill("9780441013593")
    row.get_by_role("button").first.click()
    page.goto(f"{site.url}/books/?q=dune")
    expect(page.locator("#results").get_by_role("link", name="Dune").first).to_be_visible()
