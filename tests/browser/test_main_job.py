"""The main job, end to end: first visit, spreadsheet in, books found."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.site import ROOT, Site
from tests.files import shared_file

SAMPLE = ROOT / "catalog" / "samples" / "colophon-sample.xlsx"
PASSWORD = "cloth-and-vellum-9"


def become_first_manager(page: Page, site: Site) -> None:
    page.goto(site.url)
    page.get_by_role("main").get_by_role("link", name="first manager").first.click()
    page.get_by_label("Token").fill(site.token)
    page.get_by_label("Username").fill("mara")
    page.locator("#id_password1").fill(PASSWORD)
    page.locator("#id_password2").fill(PASSWORD)
    page.get_by_role("button", name="Become the first manager").click()
    expect(page.get_by_text("You are the first manager")).to_be_visible()


def upload(page: Page, site: Site, path: Path) -> None:
    page.goto(f"{site.url}/imports/new/")
    page.locator("input[type=file]").set_input_files(path)
    page.locator("#upload-send").click()
    page.wait_for_url(re.compile(r"/imports/\d+/mapping/"))


def start(page: Page) -> None:
    page.get_by_role("button", name=re.compile(r"Import [\d,]+ rows")).click()
    page.wait_for_url(re.compile(r"/imports/\d+/$"))


def open_menu(page: Page) -> None:
    """Theme, account, signing out."""
    page.locator("header details.menu:has(button[name=theme]) > summary").click()


def test_from_the_first_visit_to_a_book_found(page: Page, empty_site: Site) -> None:
    become_first_manager(page, empty_site)
    upload(page, empty_site, SAMPLE)

    # What it takes the columns for, and why.
    expect(page.get_by_role("heading", name="What is in the columns?")).to_be_visible()
    meanings = page.locator("select[name^=column-]").evaluate_all("all => all.map(s => s.value)")
    assert {"title", "authors", "isbn"} <= set(meanings)

    # It goes in while one watches: the page is never loaded again.
    start(page)
    page.evaluate("window.stillTheSame = true")
    progress = page.locator("#import-progress")
    expect(progress).to_have_attribute("data-state", "done", timeout=60_000)
    assert page.evaluate("window.stillTheSame")
    created = int(
        progress.locator("div", has=page.get_by_text("created", exact=True))
        .locator("dd")
        .inner_text()
        .replace(",", "")
    )
    assert created > 150

    # The numbers are the same after a reload.
    said = progress.locator("dl").inner_text()
    page.reload()
    assert progress.locator("dl").inner_text() == said

    # Search, open, and back to the same results.
    page.get_by_role("link", name="See the books").click()
    page.wait_for_url(re.compile(r"/books/$"))
    page.keyboard.press("/")
    page.keyboard.type("austen")
    first = page.locator("#results").get_by_role("link", name=re.compile("Pride|Emma|Persuasion"))
    first.first.click()
    page.wait_for_url(re.compile(r"/books/\d+/$"))
    expect(page.get_by_role("link", name="Jane Austen").first).to_be_visible()
    page.go_back()
    page.wait_for_url(re.compile("q=austen"))
    expect(page.get_by_label("Search books")).to_have_value("austen")
    expect(first.first).to_be_visible()


def test_ten_thousand_real_books_go_in_live(page: Page, site: Site, sign_in) -> None:
    real = shared_file("goodbooks-10k.xlsx")
    sign_in(page, site, "cataloguer")
    upload(page, site, real)
    expect(page.get_by_text(re.compile(r"header in row 2", re.IGNORECASE))).to_be_visible()
    start(page)
    page.evaluate("window.stillTheSame = true")
    progress = page.locator("#import-progress")
    # Figures come while it runs, not only at the end.
    expect(progress).to_have_attribute("data-state", "running", timeout=30_000)
    expect(progress.get_by_role("heading")).to_contain_text("of 10,000 rows")
    expect(progress).to_have_attribute("data-state", "done", timeout=120_000)
    expect(progress.get_by_role("heading")).to_have_text(re.compile(r"10,000 rows done"))
    assert page.evaluate("window.stillTheSame")
    page.goto(f"{site.url}/books/?q=hunger+games")
    found = page.locator("#results tbody").get_by_role("link", name=re.compile("Hunger Games"))
    expect(found.first).to_be_visible()


def test_the_same_without_javascript(plain_page: Page, empty_site: Site) -> None:
    page = plain_page
    become_first_manager(page, empty_site)
    upload(page, empty_site, SAMPLE)
    start(page)
    for _reload in range(60):
        if page.locator("#import-progress").get_attribute("data-state") == "done":
            break
        page.wait_for_timeout(500)
        page.reload()
    page.get_by_role("link", name="See the books").click()
    page.get_by_label("Search books").fill("austen")
    page.get_by_role("search").get_by_role("button", name="Search").click()
    page.wait_for_url(re.compile("q=austen"))
    page.locator("#results").get_by_role("link", name=re.compile("Emma|Pride")).first.click()
    expect(page.get_by_role("link", name="Jane Austen").first).to_be_visible()
    open_menu(page)
    page.locator("button[name=theme][value=dark]").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    open_menu(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_with_the_keyboard_alone(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/accounts/login/")
    expect(page.get_by_label("Username")).to_be_focused()  # this page is there for it
    page.keyboard.type("cataloguer")
    page.keyboard.press("Tab")
    page.keyboard.type("cataloguer-has-a-secret")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)

    page.goto(f"{site.url}/imports/new/")
    tab_to(page, page.get_by_role("button", name="Try it with our sample"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/mapping/"))
    tab_to(page, page.get_by_role("button", name=re.compile("Import .* rows")))
    page.keyboard.press("Enter")
    expect(page.locator("#import-progress")).to_have_attribute("data-state", "done", timeout=60_000)

    page.goto(f"{site.url}/books/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("emma")
    page.wait_for_url(re.compile("q=emma"))
    tab_to(page, page.locator("#results tbody").get_by_role("link", name="Emma").first)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/books/\d+/$"))


def tab_to(page: Page, wanted) -> None:
    """The Tab key alone gets there, and what it passes shows where one is."""
    for _press in range(150):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError("the Tab key does not get there")
