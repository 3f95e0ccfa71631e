"""Names picked while typing, and the credits of a book: mouse, keyboard, touch, no JavaScript."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.site import Site

RECORDS = """
import django; django.setup()
from catalog.models import Author, Book, Contribution, Publisher
people = [
    Author.objects.create(name=name, sort_name=filed, qualifier=qualifier)
    for name, filed, qualifier in (
        ("Ursula K. Le Guin", "Le Guin, Ursula K.", ""), ("Charles Vess", "Vess, Charles", ""),
        ("J. R. R. Tolkien", "Tolkien, J. R. R.", ""), ("John Smith", "", "historian"),
        ("John Smith", "", "baker"), ("نجيب محفوظ", "", ""),
    )
]
Publisher.objects.create(name="Suhrkamp", city="Berlin", country="Germany")
book = Book.objects.create(title="The Books of Earthsea")
for position, author in enumerate(people[:3]):
    Contribution.objects.create(book=book, author=author, position=position)
"""
SHOW = """
import django; django.setup()
from catalog.models import Book
book = Book.objects.order_by("pk").last()
for item in book.contributions.order_by("position"):
    print(f"{item.author.name}|{item.author.qualifier}|{item.author.sort_name}|{item.role}|{item.credited_as}")
print(book.publisher)
"""


@pytest.fixture
def books(site: Site) -> Site:
    site._python("-c", RECORDS)
    return site


@pytest.fixture
def edit(page: Page, books: Site, sign_in) -> Page:
    sign_in(page, books, "cataloguer")
    page.goto(f"{books.url}/books/1/edit/")
    return page


@pytest.fixture
def plain_edit(plain_page: Page, books: Site, sign_in) -> Page:
    sign_in(plain_page, books, "cataloguer")
    plain_page.goto(f"{books.url}/books/1/edit/")
    return plain_page


def saved(site: Site) -> list[str]:
    """The last book as the database has it: a line a credit, then the publisher."""
    return site._python("-c", SHOW).splitlines()


def people(page: Page) -> list[str]:
    """The names in the visible rows, in their order."""
    rows = page.locator("[data-credit]:visible .credit-author input[type=text]")
    return [row.input_value() for row in rows.all()]


def author(page: Page, place: int) -> Locator:
    return page.locator("[data-credit]:visible").nth(place).get_by_label("Contributor").first


def options(page: Page) -> Locator:
    return page.get_by_role("listbox").get_by_role("option")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.wait_for_url(re.compile(r"/books/\d+/(#credits)?$"))


# --- The combobox ------------------------------------------------------------------------------


def test_a_name_is_picked_with_the_mouse(edit: Page, books: Site) -> None:
    edit.get_by_role("button", name="Add a contributor").click()
    expect(author(edit, 3)).to_be_focused()
    edit.keyboard.type("smith", delay=20)
    expect(options(edit)).to_have_count(3)
    expect(edit.locator("#announce")).to_have_text("2 names.")
    expect(options(edit).first).to_contain_text("no books yet")
    options(edit).filter(has_text="baker").click()
    expect(author(edit, 3)).to_have_value("John Smith (baker)")
    expect(edit.get_by_role("listbox")).to_have_count(0)
    edit.locator("[data-credit]:visible").nth(3).get_by_label("Role").select_option("trl")
    save(edit)
    assert saved(books)[3] == "John Smith|baker||trl|"


def test_a_misspelled_name_is_picked_with_the_keyboard_alone(
    edit: Page, books: Site, assert_accessible
) -> None:
    field = author(edit, 0)
    field.focus()
    edit.keyboard.press("Control+A")
    edit.keyboard.type("tolkein")
    expect(options(edit).first).to_contain_text("Tolkien")
    expect(field).to_have_attribute("aria-expanded", "true")
    edit.keyboard.press("ArrowDown")
    first = options(edit).first
    expect(first).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", first.get_attribute("id") or "")
    assert field.get_attribute("aria-controls") == edit.get_by_role("listbox").get_attribute("id")
    assert_accessible(edit)
    edit.keyboard.press("End")
    expect(options(edit).last).to_have_attribute("aria-selected", "true")
    edit.keyboard.press("Home")
    edit.keyboard.press("ArrowUp")
    expect(options(edit).last).to_have_attribute("aria-selected", "true")
    edit.keyboard.press("ArrowDown")
    edit.keyboard.press("Enter")
    expect(field).to_have_value("J. R. R. Tolkien")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(field).to_be_focused()
    expect(edit.locator("#announce")).to_have_text("Chosen: J. R. R. Tolkien.")


def test_escape_closes_the_list_and_keeps_the_text(edit: Page) -> None:
    field = author(edit, 0)
    field.fill("smith")
    expect(options(edit).first).to_be_visible()
    edit.keyboard.press("Escape")
    expect(edit.get_by_role("listbox")).to_have_count(0)
    expect(field).to_have_value("smith")
    edit.keyboard.press("ArrowDown")
    expect(options(edit)).to_have_count(3)
    edit.keyboard.press("Tab")  # nothing was chosen: the text stays as it is
    expect(field).to_have_value("smith")


def test_enter_in_an_open_list_never_sends_the_form(edit: Page) -> None:
    author(edit, 0).fill("smith")
    expect(options(edit).first).to_be_visible()
    edit.keyboard.press("Enter")
    expect(edit.get_by_role("listbox")).to_have_count(0)
    assert edit.url.endswith("/edit/")


def test_somebody_new_is_made_when_the_book_is_saved(edit: Page, books: Site) -> None:
    edit.locator("#id_publisher").fill("Parnassus")
    options(edit).filter(has_text="Create “Parnassus”").click()
    field = author(edit, 1)
    field.fill("Ursula Leguinn")
    new = options(edit).last
    expect(new).to_contain_text("Create “Ursula Leguinn”")
    expect(new).to_contain_text("files under “Leguinn, Ursula”")
    field.press("ArrowUp")
    field.press("Enter")
    said = edit.get_by_text("New, files under “Leguinn, Ursula”.", exact=True)
    expect(said).to_be_visible()
    save(edit)
    lines = saved(books)
    assert lines[1] == "Ursula Leguinn||Leguinn, Ursula|aut|"
    assert lines[-1] == "Parnassus"


def test_a_namesake_is_made_with_what_is_in_brackets(edit: Page, books: Site) -> None:
    author(edit, 1).fill("John Smith (born 1950)")
    options(edit).last.click()
    save(edit)
    assert saved(books)[1] == "John Smith|born 1950|Smith, John|aut|"


def test_a_late_answer_does_not_replace_the_right_one(edit: Page) -> None:
    def slow(route) -> None:
        if "q=vess" in route.request.url:
            edit.wait_for_timeout(1500)
        route.continue_()

    edit.route("**/authors/pick/**", slow)
    field = author(edit, 0)
    field.fill("vess")
    edit.wait_for_timeout(400)
    field.fill("tolkien")
    expect(options(edit).first).to_contain_text("Tolkien")
    edit.wait_for_timeout(1600)
    expect(options(edit).first).to_contain_text("Tolkien")


def test_a_failure_is_said_and_nothing_is_lost(edit: Page, guard) -> None:
    guard.expect("Failed to load resource")
    edit.route("**/authors/pick/**", lambda route: route.fulfill(status=500, body="no"))
    field = author(edit, 0)
    field.fill("tolkien")
    expect(edit.get_by_text("cannot be looked up just now").first).to_be_visible()
    expect(field).to_have_value("tolkien")


def test_a_lost_session_is_said_and_nothing_is_lost(edit: Page, guard) -> None:
    guard.expect("401")
    edit.context.clear_cookies()
    author(edit, 0).fill("tolkien")
    expect(edit.get_by_text("You are signed out").first).to_be_visible()
    expect(author(edit, 0)).to_have_value("tolkien")


# --- Rows ----------------------------------------------------------------------------------------


def test_rows_are_dragged_to_another_place(edit: Page, books: Site) -> None:
    names = ["Ursula K. Le Guin", "Charles Vess", "J. R. R. Tolkien"]
    assert people(edit) == names
    grip = edit.locator("[data-credit]:visible").nth(2).locator("[data-grip]")
    target = edit.locator("[data-credit]:visible").nth(0).bounding_box()
    assert target
    grip.hover()
    edit.mouse.down()
    edit.mouse.move(target["x"] + 20, target["y"] + 40, steps=5)
    edit.mouse.move(target["x"] + 20, target["y"] + 5, steps=5)
    edit.mouse.up()
    assert people(edit) == [names[2], names[0], names[1]]
    expect(edit.locator("#announce")).to_have_text("J. R. R. Tolkien now stands at place 1 of 3.")
    save(edit)
    assert [line.split("|")[0] for line in saved(books)[:3]] == [names[2], names[0], names[1]]


def test_escape_puts_a_dragged_row_back(edit: Page) -> None:
    before = people(edit)
    row = edit.locator("[data-credit]:visible").nth(0)
    row.locator("[data-grip]").hover()
    edit.mouse.down()
    box = edit.locator("[data-credit]:visible").nth(2).bounding_box()
    assert box
    edit.mouse.move(box["x"] + 5, box["y"] + box["height"] - 2, steps=6)
    assert people(edit) != before
    edit.keyboard.press("Escape")
    edit.mouse.up()
    assert people(edit) == before


def test_a_finger_drags_as_well(books: Site, new_context, sign_in, guard) -> None:
    context = new_context(has_touch=True, viewport={"width": 390, "height": 844})
    guard.watch(context)
    page = context.new_page()
    sign_in(page, books, "cataloguer")
    page.goto(f"{books.url}/books/1/edit/")
    grip = page.locator("[data-credit]:visible").nth(0).locator("[data-grip]")
    grip.scroll_into_view_if_needed()
    start = grip.bounding_box()
    end = page.locator("[data-credit]:visible").nth(1).bounding_box()
    assert start
    assert end
    session = context.new_cdp_session(page)

    def touch(kind: str, x: float, y: float) -> None:
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    x, y = start["x"] + start["width"] / 2, start["y"] + start["height"] - 8
    touch("touchStart", x, y)
    for step in range(1, 6):
        touch("touchMove", x, y + (end["y"] + end["height"] * 0.75 - y) * step / 5)
    touch("touchEnd", 0, 0)
    assert people(page)[:2] == ["Charles Vess", "Ursula K. Le Guin"]


def test_rows_are_moved_with_the_keyboard_and_keep_the_focus(edit: Page, books: Site) -> None:
    up = edit.get_by_role("button", name="Move J. R. R. Tolkien up")
    up.focus()
    edit.keyboard.press("Enter")
    expect(up).to_be_focused()
    expect(edit.locator("#announce")).to_have_text("J. R. R. Tolkien now stands at place 2 of 3.")
    edit.keyboard.press("Enter")
    edit.keyboard.press("Enter")
    expect(up).to_be_focused()
    expect(edit.locator("#announce")).to_have_text("J. R. R. Tolkien stands first already.")
    save(edit)
    assert saved(books)[0].startswith("J. R. R. Tolkien")


def test_a_row_is_taken_out_and_put_back(edit: Page, books: Site) -> None:
    edit.get_by_role("button", name="Take Charles Vess out").click()
    assert people(edit) == ["Ursula K. Le Guin", "J. R. R. Tolkien"]
    undo = edit.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    edit.keyboard.press("Enter")
    assert people(edit) == ["Ursula K. Le Guin", "Charles Vess", "J. R. R. Tolkien"]
    expect(author(edit, 1)).to_be_focused()
    edit.get_by_role("button", name="Take Ursula K. Le Guin out").click()
    save(edit)
    assert [line.split("|")[0] for line in saved(books)[:-1]] == [
        "Charles Vess",
        "J. R. R. Tolkien",
    ]


def test_an_error_stands_at_its_row_and_is_announced(edit: Page, guard, assert_accessible) -> None:
    guard.expect("422")
    author(edit, 1).fill("Ursula K. Le Guin")
    edit.keyboard.press("Escape")
    edit.get_by_role("button", name="Save", exact=True).last.click()
    field = author(edit, 1)
    expect(field).to_have_attribute("aria-invalid", "true")
    described = (field.get_attribute("aria-describedby") or "").split()
    texts = [edit.locator(f"#{each}").text_content() or "" for each in described]
    assert any("stands here as author already" in text for text in texts)
    assert_accessible(edit)


def test_a_row_speaks_when_it_is_left(edit: Page, books: Site, assert_accessible) -> None:
    edit.get_by_label("Pages").fill("412")
    field = author(edit, 1)
    field.fill("Ursula K. Le Guin")
    expect(options(edit).first).to_be_visible()
    edit.keyboard.press("Tab")  # takes it: name and number, in two steps
    role = edit.locator("[data-credit]:visible").nth(1).get_by_label("Role")
    expect(role).to_be_focused()
    sentence = "Ursula K. Le Guin stands here as author already."
    expect(edit.locator("#feedback_credits-1-author")).to_have_text(sentence)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(re.escape(sentence)))
    expect(edit.locator("#announce")).to_have_text(f"Contributor: {sentence}")
    expect(role).to_be_focused()
    expect(edit.get_by_label("Pages")).to_have_value("412")
    assert_accessible(edit)
    role.select_option("ill")  # repaired
    expect(edit.locator("#feedback_credits-1-author")).to_be_empty()
    expect(field).not_to_have_attribute("aria-invalid", "true")
    expect(edit.locator("#feedback_credits")).to_be_empty()
    save(edit)
    assert saved(books)[1] == "Ursula K. Le Guin||Le Guin, Ursula K.|ill|"


def test_taking_the_first_of_two_out_repairs_the_second(edit: Page) -> None:
    author(edit, 2).fill("Ursula K. Le Guin")
    edit.keyboard.press("Escape")
    edit.keyboard.press("Tab")
    wrong = edit.locator("#feedback_credits-2-author")
    expect(wrong).to_contain_text("already")
    edit.get_by_role("button", name="Take Ursula K. Le Guin out").first.click()
    expect(wrong).to_be_empty()
    edit.get_by_role("button", name="Undo").click()
    expect(wrong).to_contain_text("already")


def test_a_row_that_was_just_added_is_not_wrong_before_something_is_typed(edit: Page) -> None:
    edit.get_by_role("button", name="Add a contributor").click()
    row = edit.locator("[data-credit]:visible").nth(3)
    with edit.expect_response("**/?field=credits"):
        row.get_by_label("Role").select_option("trl")
    expect(edit.locator("[data-said=error]")).to_have_count(0)
    row.get_by_label("Credited as").fill("U. K. L.")
    edit.keyboard.press("Tab")
    expect(edit.locator("#feedback_credits-3-author")).to_have_text(
        "Say who is credited with this name."
    )
    expect(author(edit, 3)).to_have_attribute("aria-invalid", "true")
    author(edit, 3).fill("Charles Vess")
    edit.keyboard.press("Tab")
    expect(edit.locator("#feedback_credits-3-author")).to_be_empty()
    expect(author(edit, 3)).not_to_have_attribute("aria-invalid", "true")


# --- Without JavaScript --------------------------------------------------------------------------


def test_credits_without_javascript(plain_edit: Page, books: Site) -> None:
    page = plain_edit
    page.get_by_role("button", name="Add a contributor").click()
    page.get_by_role("button", name="Move J. R. R. Tolkien up").click()
    page.get_by_role("button", name="Take Charles Vess out").click()
    assert people(page) == ["Ursula K. Le Guin", "J. R. R. Tolkien", ""]
    author(page, 2).fill("john smith")
    author(page, 0).fill("Ursula Le Guin")
    page.locator("#id_publisher").fill("Parnassus")
    page.get_by_label("Credited as").nth(1).fill("Tolkien, the elder")
    page.get_by_role("button", name="Save", exact=True).last.click()
    # Nothing is lost, and both questions stand beside their fields.
    assert people(page) == ["Ursula Le Guin", "J. R. R. Tolkien", "john smith"]
    questions = page.get_by_label("Which one is meant?")
    expect(questions).to_have_count(2)
    questions.nth(0).select_option(label="None of these: make “Ursula Le Guin” new")
    questions.nth(1).select_option(label="John Smith (baker) – no books yet")
    page.get_by_label("Place").nth(2).fill("0")
    save(page)
    assert saved(books) == [
        "John Smith|baker||aut|",
        "Ursula Le Guin||Le Guin, Ursula|aut|",
        "J. R. R. Tolkien||Tolkien, J. R. R.|aut|Tolkien, the elder",
        "Parnassus",
    ]


def test_plain_questions_are_accessible(plain_edit: Page, page: Page, assert_accessible) -> None:
    """axe needs scripts: it looks at the page that the plain form got."""
    author(plain_edit, 0).fill("John Smith")
    plain_edit.get_by_role("button", name="Save", exact=True).last.click()
    html = plain_edit.content()
    page.route("**/plain", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(f"{plain_edit.url.split('/books')[0]}/plain")
    assert_accessible(page)
