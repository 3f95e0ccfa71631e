"""Entering and correcting records in a real browser: with the mouse, without JavaScript, and with
the keyboard alone."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import MOUSE, Hand
from tests.browser.site import Site

CHANGE = """
import django; django.setup()
from accounts.models import User
from catalog.models import Book
from catalog.models.history import origin
with origin(user=User.objects.get(username="manager")):
    book = Book.objects.get()
    book.title, book.pages = "Theirs", 400
    book.save()
"""
SIGN_OUT = """
import django; django.setup()
from django.contrib.sessions.models import Session
Session.objects.all().delete()
"""


@pytest.fixture
def shelf(site: Site, sign_in, hand: Hand) -> Site:
    sign_in(hand.page, site, "cataloguer")
    return site


def new_book(hand: Hand, shelf: Site, title: str = "Dune") -> None:
    hand.page.goto(f"{shelf.url}/books/new/")
    hand.fill("Title", title)
    hand.fill("Year", "1965")


def saved(hand: Hand, title: str) -> None:
    expect(hand.page.get_by_role("heading", level=1, name=title)).to_be_visible()
    expect(hand.page).to_have_url(re.compile(r"/books/\d+/$"))


def test_a_book_is_entered_and_corrected(hand: Hand, shelf: Site) -> None:
    new_book(hand, shelf)
    hand.fill("ISBN", "0-441-47812-3")
    hand.fill("Price", "12,50 €")
    hand.fill("Subjects", "Deserts; Ecology")
    hand.press("Save")
    saved(hand, "Dune")
    main = hand.page.get_by_role("main")
    expect(main).to_contain_text("978-0-441-47812-5")
    expect(main).to_contain_text("12.50")
    expect(main).to_contain_text("Ecology")
    hand.page.goto(f"{hand.page.url}edit/")
    hand.fill("Title", "Dune Messiah")
    hand.press("Save")
    saved(hand, "Dune Messiah")


def test_wrong_values_are_said_at_their_fields_and_the_first_has_the_focus(
    hand: Hand, shelf: Site, guard, assert_accessible
) -> None:
    guard.expect("422")
    new_book(hand, shelf)
    hand.fill("Year", "19969")
    hand.fill("Pages", "many")
    hand.press("Save")
    expect(hand.page.get_by_text("Nothing is saved yet.")).to_be_visible()
    year = hand.field("Year")
    expect(year).to_have_value("19969")
    expect(year).to_have_attribute("aria-invalid", "true")
    expect(year).to_have_accessible_description(re.compile("is not a year"))
    expect(year).to_be_focused()
    if hand.scripts:  # axe is one
        assert_accessible(hand.page)


def test_two_people_choose_between_their_values(
    hand: Hand, shelf: Site, guard, assert_accessible
) -> None:
    guard.expect("422")
    new_book(hand, shelf)
    hand.press("Save")
    saved(hand, "Dune")
    hand.page.goto(f"{hand.page.url}edit/")
    hand.fill("Title", "Mine")
    shelf._python("-c", CHANGE)
    hand.press("Save")
    expect(hand.page.get_by_text("manager changed this on")).to_be_visible()
    expect(hand.field("Title")).to_have_value("Mine")
    expect(hand.field("Pages")).to_have_value("400")
    if hand.scripts:  # axe is one
        assert_accessible(hand.page)
    hand.check(re.compile(r"^\s*Mine"))
    hand.press("Save")
    saved(hand, "Mine")


def test_an_expired_session_brings_one_back_to_the_filled_form(
    hand: Hand, shelf: Site, guard, assert_accessible
) -> None:
    # Saving leads to the page to sign in; the radar, if it looks in between, is only refused.
    for refusal in ("403", "401"):
        guard.expect(refusal)
    new_book(hand, shelf, "Not lost")
    shelf._python("-c", SIGN_OUT)
    hand.press("Save")
    expect(hand.page.get_by_text("You have been signed out meanwhile.")).to_be_visible()
    if hand.scripts:  # axe is one
        assert_accessible(hand.page)
    hand.fill("Username", "cataloguer")
    hand.fill("Password", "cataloguer-has-a-secret")
    hand.press("Sign in")
    expect(hand.page.get_by_text("Nothing of it is saved yet")).to_be_visible()
    expect(hand.field("Title")).to_have_value("Not lost")
    hand.press("Save")
    saved(hand, "Not lost")


def test_save_and_add_another_keeps_what_the_next_book_shares(hand: Hand, shelf: Site) -> None:
    new_book(hand, shelf)
    hand.press("Save and add another")
    expect(hand.page.get_by_text("is in the catalogue now")).to_be_visible()
    expect(hand.field("Title")).to_have_value("")
    expect(hand.field("Year")).to_have_value("1965")


def test_authors_and_publishers_are_entered_too(hand: Hand, shelf: Site, assert_accessible) -> None:
    for kind, name in (("authors", "Doris Lessing"), ("publishers", "Virago")):
        hand.page.goto(f"{shelf.url}/{kind}/new/")
        hand.fill("Name", name)
        if hand.scripts:
            assert_accessible(hand.page)
        hand.press("Save")
        expect(hand.page.get_by_role("heading", level=1, name=name)).to_be_visible()


def field(page: Page, label: str) -> Locator:
    return Hand(page, MOUSE).field(label)


# --- Only with JavaScript ----------------------------------------------------------------------


@pytest.fixture
def form(page: Page, site: Site, sign_in) -> Page:
    sign_in(page, site, "cataloguer")
    page.goto(f"{site.url}/books/new/")
    return page


def test_leaving_a_field_says_what_becomes_of_it_and_moves_nothing(form: Page, guard) -> None:
    isbn = field(form, "ISBN")
    isbn.press_sequentially("0441478123")
    form.keyboard.press("Tab")
    form.keyboard.type("19969")
    said = form.locator("#feedback_isbn")
    expect(said).to_have_text("978-0-441-47812-5, from the ISBN-10")
    expect(field(form, "Year")).to_be_focused()
    expect(field(form, "Year")).to_have_value("19969")
    expect(isbn).to_have_value("0441478123")
    expect(form.locator("#announce")).to_have_text("ISBN: 978-0-441-47812-5, from the ISBN-10")
    form.keyboard.press("Tab")
    expect(field(form, "Year")).to_have_attribute("aria-invalid", "true")
    expect(field(form, "Day of publication")).to_be_focused()
    expect(form.locator("#announce")).to_have_text(re.compile("^Year: .*is not a year"))
    field(form, "Year").fill("1975")
    field(form, "Day of publication").fill("1974-05-01")
    form.keyboard.press("Tab")
    day = field(form, "Day of publication")
    expect(day).to_have_attribute("aria-invalid", "true")
    expect(field(form, "Year")).not_to_have_attribute("aria-invalid", "true")
    field(form, "Year").fill("1974")
    form.keyboard.press("Tab")
    expect(day).not_to_have_attribute("aria-invalid", "true")


def test_the_currency_is_not_missed_before_one_has_passed_it(form: Page) -> None:
    with form.expect_response("**/?field=price"):
        field(form, "Price").fill("12.50")
        form.keyboard.press("Tab")
    currency, said = field(form, "Currency"), form.locator("#feedback_currency")
    expect(currency).to_be_focused()
    expect(said).to_be_empty()
    form.keyboard.press("Tab")
    expect(said).to_have_text("A price needs a currency.")
    expect(form.locator("#announce")).to_have_text("Currency: A price needs a currency.")
    expect(field(form, "Subjects")).to_be_focused()
    field(form, "Price").fill("13")
    with form.expect_response("**/?field=price"):
        form.keyboard.press("Tab")
    expect(said).to_have_text("A price needs a currency.")  # said once it stays
    currency.select_option("EUR")
    expect(said).to_be_empty()


def test_a_scanner_moves_on_and_other_fields_save_with_enter(form: Page) -> None:
    field(form, "ISBN").focus()
    form.keyboard.type("9780441478125")
    form.keyboard.press("Enter")
    expect(field(form, "Year")).to_be_focused()
    expect(form).to_have_url(re.compile("/books/new/"))
    field(form, "Title").fill("Scanned")
    form.keyboard.press("Enter")
    expect(form).to_have_url(re.compile(r"/books/\d+/$"))


@pytest.mark.parametrize("keys", ["Control+s", "Control+Enter"])
def test_a_key_saves(form: Page, keys) -> None:
    field(form, "Title").fill("Saved by a key")
    field(form, "Description").fill("Two\nlines")
    form.keyboard.press(keys)
    expect(form).to_have_url(re.compile(r"/books/\d+/$"))


def test_a_double_click_saves_once(form: Page, site: Site) -> None:
    field(form, "Title").fill("Only one")
    form.get_by_role("button", name="Save", exact=True).dblclick()
    expect(form).to_have_url(re.compile(r"/books/\d+/$"))
    form.goto(f"{site.url}/books/?q=only")
    expect(form.locator("#results")).to_contain_text("Only one")
    assert form.locator("main .books tbody tr").count() == 1


def test_unsaved_work_is_not_left_without_a_question(form: Page, site: Site) -> None:
    asked = []

    def stay(dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    form.on("dialog", stay)
    form.get_by_role("link", name="Cancel").click()  # nothing is typed: nobody asks
    form.wait_for_url("**/books/")
    form.goto(f"{site.url}/books/new/")
    field(form, "Title").fill("Half")
    expect(form.get_by_text("Not saved yet")).to_be_visible()
    form.get_by_role("link", name="Cancel").click()
    expect(field(form, "Title")).to_have_value("Half")
    assert asked == ["beforeunload"]
    form.get_by_role("button", name="Save", exact=True).click()
    expect(form).to_have_url(re.compile(r"/books/\d+/$"))
    assert asked == ["beforeunload"]


def test_a_check_after_the_session_has_ended_leaves_the_page_alone(
    form: Page, site: Site, guard
) -> None:
    guard.expect("401")
    field(form, "Title").fill("Still here")
    site._python("-c", SIGN_OUT)
    field(form, "Year").fill("1975")
    form.keyboard.press("Tab")
    expect(form.locator("#feedback_year")).to_contain_text("You have been signed out")
    expect(field(form, "Title")).to_have_value("Still here")


def test_enter_in_a_plain_form_looks_it_over_and_saves_no_half_book(
    plain_page: Page, site: Site, sign_in
) -> None:
    sign_in(plain_page, site, "cataloguer")
    plain_page.goto(f"{site.url}/books/new/")
    field(plain_page, "Title").fill("Half")
    field(plain_page, "ISBN").fill("0441478123")
    plain_page.keyboard.press("Enter")
    expect(plain_page.get_by_text("nothing is saved yet")).to_be_visible()
    expect(field(plain_page, "Title")).to_have_value("Half")
    expect(plain_page.get_by_text("978-0-441-47812-5, from the ISBN-10")).to_be_visible()
