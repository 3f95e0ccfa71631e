"""Creating and correcting records by hand: saving, asking about fields, two people at once."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pytest_django.asserts import assertContains

from catalog.models import Author, Book, Contribution, Publisher, Subject, Submission
from catalog.models.history import origin
from tests.files import jpeg_picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client_of, cataloguer):
    return client_of(cataloguer)


@pytest.fixture
def book(make_books, make_author):
    (book,) = make_books(
        title="The Dispossessed",
        authors=["Ursula K. Le Guin", make_author("Charles Vess")],
        year=1974,
        language="eng",
        isbn="9780061054884",
        isbn_entered="0-06-105488-7",
        pages=387,
    )
    book.subjects.add(Subject.objects.create(name="Utopias"))
    book.refresh_from_db()
    return book


@pytest.fixture
def url(book):
    return reverse("catalog:book_update", args=(book.pk,))


def inputs(response):
    """What a browser would send back if nothing was changed: `{name: value}`."""
    page = re.sub(r"<template.*?</template>", "", response.content.decode(), flags=re.S)
    page = page[page.index("data-editing") : page.index("record-actions")]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        kind = re.search(r'type="(\w+)"', tag)
        name, value = re.search(r' name="([^"]+)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and (kind is None or kind[1] not in ("radio", "checkbox", "file", "submit")):
            found[name[1]] = unescape(value[1]) if value else ""
    for name, text in re.findall(r'<textarea[^>]* ?name="(\w+)"[^>]*>(.*?)</textarea>', page, re.S):
        found[name] = unescape(text).removeprefix("\n")
    for name, options in re.findall(
        r'<select[^>]*?name="([\w-]+)"[^>]*>(.*?)</select>', page, re.S
    ):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    del found["csrfmiddlewaretoken"]
    return found


def typed(desk, url, **changes):
    return inputs(desk.get(url)) | changes


@pytest.mark.parametrize(("field", "most"), [("title", 500), ("description", 20_000)])
def test_what_is_too_long_is_said_and_not_cut(desk, url, field, most):
    assert "maxlength" not in desk.get(url).content.decode().partition("data-editing")[2]
    response = desk.post(url, typed(desk, url, **{field: "x" * (most + 1)}))
    assert response.status_code == 422
    assert f"at most {most}" in response.content.decode()
    assert "x" * (most + 1) in response.content.decode()
    assert desk.post(url, typed(desk, url, **{field: "x" * most})).status_code == 302


def test_the_lines_of_a_description_are_no_change(desk, book, url):
    Book.objects.filter(pk=book.pk).update(description="One.\n\nTwo.")
    version = Book.objects.get().version
    data = typed(desk, url, description="One.\r\n\r\nTwo.")  # as browsers send it
    desk.post(url, data)
    assert Book.objects.get().version == version
    desk.post(url, typed(desk, url, description="One.\r\nTwo."))
    assert Book.objects.get().description == "One.\nTwo."


# --- Saving ------------------------------------------------------------------------------------


def test_saving_what_is_shown_changes_nothing(desk, book, url):
    before, snapshots = Book.objects.values().get(), Book.history.count()
    data = typed(desk, url)
    assert data["isbn"] == "978-0-06-105488-4"
    assert data["subjects"] == "Utopias"
    response = desk.post(url, data, follow=True)
    assert "nothing was changed" in response.content.decode()
    assert Book.objects.values().get() == before
    assert Book.history.count() == snapshots


def test_a_change_is_saved_with_who_made_it(desk, cataloguer, book, url):
    version = book.version
    response = desk.post(url, typed(desk, url, title="The Left Hand of Darkness"))
    assert response["Location"] == book.get_absolute_url()
    book.refresh_from_db()
    assert book.title == "The Left Hand of Darkness"
    assert book.isbn_entered == "0-06-105488-7"
    assert book.version == version + 1
    last = Book.history.first()
    assert last.history_user == cataloguer
    assert last.source == "form"


def test_credits_are_changed_reordered_and_taken_out(desk, book, url):
    rows = {name: text for name, text in typed(desk, url).items() if "credits" not in name}
    authors = {author.name: author.pk for author in Author.objects.all()}
    rows |= {
        "credits-0-author": "Charles Vess",
        "credits-0-author_id": authors["Charles Vess"],
        "credits-0-role": "ill",
        "credits-1-author": "Le Guin, Ursula Kroeber",
        "credits-1-author_id": "new le guin ursula kroeber",
        "credits-1-role": "aut",
        "credits-1-credited_as": "U. K. Le Guin",
    }
    assert desk.post(url, rows).status_code == 302
    credits = book.contributions.values_list("author__name", "role", "credited_as", "position")
    assert list(credits) == [
        ("Charles Vess", "ill", "", 0),
        ("Ursula Kroeber Le Guin", "aut", "U. K. Le Guin", 1),
    ]
    assert Author.objects.get(name="Ursula Kroeber Le Guin").sort_name == "Le Guin, Ursula Kroeber"


def test_subjects_are_found_whatever_the_capitals_and_made_once(desk, book, url):
    desk.post(url, typed(desk, url, subjects="utopias; Anarchism; anarchism ;"))
    assert sorted(book.subjects.values_list("name", flat=True)) == ["Anarchism", "Utopias"]
    assert Subject.objects.count() == 2


def test_emptied_fields_are_empty(desk, book, url):
    names = ("isbn", "year", "language", "pages", "publisher", "publisher_id", "subjects")
    rows = {name: "" for name in typed(desk, url) if "credits" in name}
    desk.post(url, typed(desk, url, **dict.fromkeys(names, ""), **rows))
    book.refresh_from_db()
    assert (book.isbn, book.year, book.language, book.pages, book.publisher) == (
        "",
        None,
        "",
        None,
        None,
    )
    assert not book.contributions.exists()
    assert not book.subjects.exists()


def test_a_repaired_isbn_is_said_after_saving_too(desk, url):
    response = desk.post(url, typed(desk, url, isbn="441478123"), follow=True)
    assert "ISBN as 978-0-441-47812-5, repaired: leading zeros" in response.content.decode()


def said_after_saving(desk, url, **changes):
    page = desk.post(url, typed(desk, url, **changes), follow=True).content.decode()
    note = re.search(r'<div class="note note-success"[^>]*>\s*<p>(.*?)</p>', page, re.S)
    return unescape(note[1])


def test_what_is_kept_otherwise_than_typed_is_said_after_saving(desk, book, url):
    assert said_after_saving(desk, url, year="c1999", price="12,50 €", isbn="0-441-47812-3") == (
        "“The Dispossessed” is saved. Kept otherwise than typed: Year as 1999; Price as €12.50; "
        "ISBN as 978-0-441-47812-5, from the ISBN-10."
    )
    # Looked at again and saved: now the form has them as they are kept.
    assert said_after_saving(desk, url, pages="300") == "“The Dispossessed” is saved."


@pytest.mark.parametrize(
    "changes",
    [
        {"isbn": "9780441478125"},
        {"isbn": "978-0-441478125"},
        {"year": "1999", "published_on": "1999-05-31", "pages": "300"},
        {"year": "", "published_on": "1999-05-31"},
        {"price": "12.5", "currency": "EUR"},
    ],
)
def test_nothing_is_said_of_what_is_kept_as_it_was_typed(desk, book, url, changes):
    assert said_after_saving(desk, url, **changes) == "“The Dispossessed” is saved."


def test_repairs_of_authors_and_publishers(desk):
    new = reverse("catalog:publisher_create")
    assert said_after_saving(desk, new, name="Virago", website="virago.co.uk") == (
        "“Virago” is in the catalogue now. "
        "Kept otherwise than typed: Website as https://virago.co.uk."
    )
    new = reverse("catalog:author_create")  # an empty sort name is made, not repaired
    said = said_after_saving(desk, new, name="Doris Lessing")
    assert said == "“Doris Lessing” is in the catalogue now."


@pytest.mark.parametrize("kind", ["author", "publisher"])
def test_authors_and_publishers_are_made_and_corrected(desk, kind):
    model = {"author": Author, "publisher": Publisher}[kind]
    new = reverse(f"catalog:{kind}_create")
    response = desk.post(new, typed(desk, new, name="Doris Lessing"))
    record = model._default_manager.get()
    assert response["Location"] == record.get_absolute_url()
    edit = reverse(f"catalog:{kind}_update", args=(record.pk,))
    desk.post(edit, typed(desk, edit, name="Jane Somers"))
    record.refresh_from_db()
    assert (record.name, record.name_key) == ("Jane Somers", "jane somers")


def test_an_author_is_filed_as_an_import_files(desk):
    new = reverse("catalog:author_create")
    desk.post(new, typed(desk, new, name="Vincent van Gogh"))
    assert Author.objects.get().sort_name == "Gogh, Vincent van"


@pytest.mark.parametrize("kind", ["author", "publisher"])
def test_a_name_is_taken_once_and_the_form_says_so(desk, make_author, make_publisher, kind):
    {"author": make_author, "publisher": make_publisher}[kind]("Virago")
    new = reverse(f"catalog:{kind}_create")
    response = desk.post(new, typed(desk, new, name="VIRAGO", anyway="1"))
    assert response.status_code == 422
    assert "of this name already" in response.content.decode()


def test_save_and_add_another_keeps_publisher_language_and_year(desk, book, url):
    response = desk.post(url, typed(desk, url, then="another"))
    assert response["Location"].startswith(reverse("catalog:book_create"))
    data = inputs(desk.get(response["Location"]))
    assert (data["publisher"], data["language"], data["year"]) == ("Ace Books", "eng", "1974")
    assert data["title"] == data["isbn"] == ""


def test_save_and_next_walks_through_the_list(desk, make_books):
    first, second = make_books(2, year=1999)
    asked = "?list=sort%3D-title"
    edit = reverse("catalog:book_update", args=(second.pk,)) + asked
    assert "Save and next" in desk.get(edit).content.decode()
    response = desk.post(edit, typed(desk, edit, then="next", year="2000"))
    assert response["Location"] == reverse("catalog:book_update", args=(first.pk,)) + asked
    response = desk.post(response["Location"], typed(desk, response["Location"], then="next"))
    assert response["Location"] == reverse("catalog:book_list") + "?sort=-title"


@pytest.mark.parametrize("kind", ["author", "publisher"])
def test_save_and_next_walks_through_authors_and_publishers_too(
    desk, make_author, make_publisher, kind
):
    make = {"author": make_author, "publisher": make_publisher}[kind]
    first, second, third = make("Virago Aa"), make("Virago Bb"), make("Virago Cc")
    asked = "?list=%3F"  # the whole list
    edit, following, last = (
        reverse(f"catalog:{kind}_update", args=(record.pk,)) + asked
        for record in (first, second, third)
    )
    assert "Save and next" in desk.get(edit).content.decode()
    assert desk.post(edit, typed(desk, edit, then="next"))["Location"] == following
    # What it is called now stands elsewhere in the list: it goes on from where it stood.
    seen = f"{first.pk}-{third.pk}"
    renamed = typed(desk, following, name="Aaa Virago", then="next", anyway=seen)
    assert desk.post(following, renamed)["Location"] == last
    response = desk.post(last, typed(desk, last, then="next"))
    assert response["Location"] == reverse(f"catalog:{kind}_list")


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "//elsewhere.example/", "/\\x"])
def test_cancel_and_save_lead_to_this_site_only(desk, url, address):
    page = desk.get(url, {"next": address}).content.decode()
    assert f'href="{address}"' not in page
    response = desk.post(f"{url}?next={address}", typed(desk, url))
    assert "elsewhere" not in response["Location"]


def test_the_page_that_one_came_from_is_where_cancel_leads(desk, url):
    assert 'href="/books/?q=dune"' in desk.get(url, {"next": "/books/?q=dune"}).content.decode()
    assert 'href="/books/?q=dune"' in desk.get(url, {"list": "q=dune"}).content.decode()


def test_two_clicks_make_one_record_and_a_change_in_between_makes_two(desk):
    new = reverse("catalog:publisher_create")
    data = typed(desk, new, name="Virago")
    first, second = desk.post(new, data), desk.post(new, data)
    assert first["Location"] == second["Location"]
    assert Publisher.objects.count() == Submission.objects.count() == 1
    assert desk.post(new, data | {"name": "Persephone"}).status_code == 302
    assert Publisher.objects.count() == 2


def test_a_second_click_is_known_where_the_first_one_read_a_currency_in_the_price(desk):
    new = reverse("catalog:book_create")
    data = typed(desk, new, title="Dune", isbn="9780441478125", price="12.50 EUR")
    first, second = desk.post(new, data), desk.post(new, data)
    assert first.status_code == second.status_code == 302
    assert first["Location"] == second["Location"]
    assert Book.objects.get(title="Dune").currency == "EUR"


def test_the_same_form_again_after_its_record_was_deleted_makes_another(desk):
    new = reverse("catalog:publisher_create")
    data = typed(desk, new, name="Virago")
    desk.post(new, data)
    Publisher.objects.all().delete()
    desk.post(new, data)
    assert Publisher.objects.get().name == "Virago"


def test_a_picture_that_was_added_is_no_second_click(desk):
    new = reverse("catalog:book_create")
    data = typed(desk, new, title="Dune")
    desk.post(new, data)
    cover = SimpleUploadedFile("dune.jpg", jpeg_picture(), "image/jpeg")
    desk.post(new, data | {"cover": cover, "anyway": str(Book.objects.get().pk)})
    assert sorted(bool(book.cover) for book in Book.objects.all()) == [False, True]


def test_a_picture_alone_is_a_change_too(desk, url):
    cover = SimpleUploadedFile("dune.jpg", jpeg_picture(), "image/jpeg")
    response = desk.post(url, typed(desk, url) | {"cover": cover}, follow=True)
    assert "is saved." in response.content.decode()
    again = typed(desk, url) | {"cover-clear": "1"}
    assert "is saved." in desk.post(url, again, follow=True).content.decode()


def test_the_drawn_cover_follows_the_title(desk, url):
    page = desk.post(f"{url}?field=title", typed(desk, url, title="Rocannon")).content.decode()
    assert 'hx-swap-oob="innerHTML:#cloth-preview"' in page
    assert ">Rocannon<" in page


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("year", "199x", "“199x” is not one year."),
        ("year", "1999-2003", "Write one of them, such as 1999."),
        ("year", "5/1/99", "Write the year with four digits, such as 1999."),
        ("year", "5/1/1999", "Write the year alone: 1999."),
        ("published_on", "5/1/1999", "cannot be told apart. Write the day as 1999-05-31."),
        ("published_on", "yesterday", "“yesterday” is not a day. Write it as 1999-05-31."),
        ("published_on", "[c1999]", "is not a date of the calendar"),
    ],
)
def test_a_form_takes_nothing_in_part_and_says_what_to_write(desk, url, name, text, said):
    page = desk.post(f"{url}?field={name}", typed(desk, url, **{name: text})).content.decode()
    assert said in page
    for untrue in ("left empty", "was taken"):
        assert untrue not in page


@pytest.mark.parametrize("name", ["year", "published_on", "pages", "price"])
def test_a_value_as_long_as_a_book_is_not_read(desk, url, name):
    page = desk.post(f"{url}?field={name}", typed(desk, url, **{name: "9" * 200_000}))
    assert "too long: at most 200 signs" in page.content.decode()


def test_the_first_button_of_a_book_looks_it_over_and_saves_nothing(desk):
    new = reverse("catalog:book_create")
    page = desk.get(new).content.decode()
    buttons = re.findall(r"<button[^>]*>", page[page.index("data-editing") :])
    assert 'value="look"' in buttons[0]
    response = desk.post(new, typed(desk, new, title="Half", isbn="0061054887", then="look"))
    assert response.status_code == 200
    assert "nothing is saved yet" in response.content.decode()
    assert inputs(response)["title"] == "Half"
    assert not Book.objects.exists()


def test_buttons_of_the_rows_change_the_form_and_save_nothing(desk, book, url):
    response = desk.post(url, typed(desk, url, title="", **{"credits-down": "0"}))
    assert response.status_code == 200
    data = inputs(response)
    assert data["title"] == ""
    assert data["credits-0-author"] == "Charles Vess"
    assert "A book needs a title" not in response.content.decode()
    assert book.contributions.first().author.name == "Ursula K. Le Guin"


# --- Rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"year": "1975", "published_on": "1974-05-01"}, "published_on", "the year says 1975"),
        ({"price": "12.50", "currency": ""}, "currency", "A price needs a currency"),
        ({"price": "", "currency": "EUR"}, "price", "A currency needs a price"),
        ({"published_on": "1974"}, "published_on", "1974"),
        ({"isbn": "0061054888"}, "isbn", "check digit does not fit"),
    ],
)
def test_rules_are_said_at_their_field(desk, url, changes, field, sentence):
    response = desk.post(url, typed(desk, url, **changes))
    assert response.status_code == 422
    page = response.content.decode()
    feedback = page[page.index(f'id="feedback_{field}"') :].split("</div>")[0]
    assert sentence in feedback
    (tag,) = re.findall(rf'<(?:input|select)[^>]* id="id_{field}"[^>]*>', page)
    assert 'aria-invalid="true"' in tag
    assert "is-invalid" in tag


def test_the_year_follows_from_the_day_and_the_currency_from_the_price(desk, book, url):
    data = typed(desk, url, year="", published_on="1 May 1975", price="12,50 €")
    assert desk.post(url, data).status_code == 302
    book.refresh_from_db()
    assert (book.year, str(book.price), book.currency) == (1975, "12.50", "EUR")


def test_a_price_that_an_import_left_without_currency_stops_nobody(desk, book, url):
    Book.objects.filter(pk=book.pk).update(price="9.99")
    assert desk.post(url, typed(desk, url, title="Other")).status_code == 302


# --- One field ----------------------------------------------------------------------------------


def test_a_field_is_checked_by_the_same_form_and_nothing_is_saved(desk, url, book):
    before = Book.objects.values().get()
    response = desk.post(f"{url}?field=isbn", typed(desk, url, isbn="0-441-47812-3"))
    page = response.content.decode()
    assert "978-0-441-47812-5, from the ISBN-10" in page
    assert "<input" not in page
    assert "<html" not in page
    response = desk.post(f"{url}?field=isbn", typed(desk, url, isbn="0-441-47812-4"))
    assert "check digit does not fit" in response.content.decode()
    assert Book.objects.values().get() == before


def test_errors_between_fields_come_and_go_with_either(desk, url):
    wrong = {"year": "1975", "published_on": "1974-05-01"}
    page = desk.post(f"{url}?field=year", typed(desk, url, **wrong)).content.decode()
    assert 'hx-swap-oob="innerHTML:#feedback_published_on"' in page
    assert "the year says 1975" in page
    right = {"year": "1974", "published_on": "1974-05-01"}
    page = desk.post(f"{url}?field=year", typed(desk, url, **right)).content.decode()
    assert 'hx-swap-oob="innerHTML:#feedback_published_on"' in page
    assert "the year says" not in page


NO_CURRENCY, NO_PRICE = "A price needs a currency", "A currency needs a price"


def answer(desk, url, field, **changes):
    """What there is to say about each field, when one is left."""
    page = desk.post(f"{url}?field={field}", typed(desk, url, **changes)).content.decode()
    own, *others = re.split(r'<div hx-swap-oob="innerHTML:#feedback_([\w-]+)">', page)
    return {field: own, **dict(zip(others[::2], others[1::2], strict=True))}


def test_whoever_leaves_the_price_has_not_come_to_the_currency_yet(desk, url):
    said = answer(desk, url, "price", price="12.50", currency="")
    assert "currency" not in said
    assert "err" not in said["price"]
    said = answer(desk, url, "currency", price="12.50", currency="")
    assert NO_CURRENCY in said["currency"]
    assert "err" not in said["price"]


def test_the_price_and_its_currency_are_looked_at_together(desk, url):
    said = answer(desk, url, "currency", price="", currency="EUR")
    assert NO_PRICE in said["price"]
    assert "err" not in said["currency"]
    assert NO_PRICE in answer(desk, url, "price", price="", currency="EUR")["price"]
    for field in ("price", "currency"):  # repaired with either: what was said goes away
        said = answer(desk, url, field, price="12.50", currency="EUR")
        assert set(said) == {"price", "currency"}
        assert "err" not in said["price"] + said["currency"]


def test_the_currency_may_stand_with_the_price(desk, url):
    said = answer(desk, url, "price", price="12,50 €", currency="")
    assert "€12.50" in said["price"]
    assert "err" not in said["currency"]
    assert "err" not in answer(desk, url, "currency", price="12,50 €", currency="")["currency"]


def test_a_currency_that_is_only_passed_is_looked_at_too(desk, url):
    page = desk.get(url).content.decode()
    (currency,) = re.findall(r'<select name="currency"[^>]*>', page)
    assert 'hx-trigger="change, blur"' in currency


# --- Rows of credits ------------------------------------------------------------------------------


def test_leaving_a_row_says_what_is_wrong_with_it_and_what_is_repaired(desk, book, url):
    before = Book.objects.values().get()
    twice = {"credits-1-author": "ursula k. le guin", "credits-1-author_id": ""}
    said = answer(desk, url, "credits", **twice)
    assert "Ursula K. Le Guin stands here as author already." in said["credits-1-author"]
    assert "Look at the rows that are marked." in said["credits"]
    assert [name for name, text in said.items() if "err" in text] == ["credits", "credits-1-author"]
    said = answer(desk, url, "credits", **twice, **{"credits-1-role": "ill"})
    assert set(said) == {
        "credits", "credits-0-author", "credits-0-credited_as",
        "credits-1-author", "credits-1-credited_as",
    }  # fmt: skip
    assert "err" not in "".join(said.values())
    assert Book.objects.values().get() == before


def test_a_name_as_printed_without_an_author_is_said_at_its_row(desk, url):
    said = answer(desk, url, "credits", **{"credits-7-author": "", "credits-7-credited_as": "U."})
    assert "Say who is credited with this name." in said["credits-7-author"]
    assert "err" not in said["credits-0-author"] + said["credits-1-author"]
    long = answer(desk, url, "credits", **{"credits-0-credited_as": "x" * 201})
    assert "err" in long["credits-0-credited_as"]


def test_a_row_that_was_just_added_is_not_wrong(desk, url):
    added = {"credits-2-author": "", "credits-2-author_id": "", "credits-2-role": "aut"}
    said = answer(desk, url, "credits", **added, **{"credits-2-credited_as": ""})
    assert "credits-2-author" in said
    assert "err" not in "".join(said.values())


def test_rows_that_are_taken_out_are_not_spoken_of(desk, url):
    out = {"credits-0-DELETE": "on", "credits-1-DELETE": "on"}
    assert set(answer(desk, url, "credits", **out)) == {"credits"}
    page = desk.post(f"{url}?field=credits", typed(desk, url)).content.decode()
    for other in ("<input", "<html", "feedback_title"):
        assert other not in page


def test_the_page_asks_about_the_rows(desk, url):
    page = desk.get(url).content.decode()
    (rows,) = re.findall(r'<fieldset class="credits-form"[^>]*>', page)
    for attribute in ("?field=credits", "change", "#feedback_credits", "innerHTML"):
        assert f'="{attribute}"' in rows
    assert "autofocus" not in rows


# --- Where the cursor stands ----------------------------------------------------------------------


def focused(response):
    page = response.content.decode()
    return [
        re.search(r'(?:name|id)="([\w-]+)"', tag)[1]
        for tag in re.findall(r"<[^>]* autofocus[^>]*>", page)
    ]


def test_a_form_begins_at_its_first_field(desk, url):
    assert focused(desk.get(url)) == ["title"]


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({"title": ""}, "title"),
        ({"pages": "many", "isbn": "123"}, "isbn"),
        ({"pages": "many", "credits-1-author": "Ursula K. Le Guin"}, "credits-1-author"),
        ({"credits-0-credited_as": "x" * 201}, "credits-0-credited_as"),
        ({f"credits-{n}-author": f"Somebody No{n}" for n in range(201)}, "credits"),
        ({"publisher": "x" * 201}, "publisher"),
        ({"price": "12", "currency": ""}, "currency"),
    ],
)
def test_a_form_that_comes_back_begins_at_the_first_field_that_is_wrong(desk, url, changes, first):
    response = desk.post(url, typed(desk, url, **changes, **{"credits-1-author_id": ""}))
    assert response.status_code == 422
    assert focused(response) == [first]


def test_a_picture_that_is_none_has_the_cursor_too(desk, url):
    cover = SimpleUploadedFile("dune.jpg", b"no picture", "image/jpeg")
    response = desk.post(url, typed(desk, url) | {"cover": cover})
    assert response.status_code == 422
    assert focused(response) == ["cover"]


@pytest.mark.parametrize("kind", ["author", "publisher"])
def test_authors_and_publishers_begin_where_they_are_wrong_too(desk, kind):
    new = reverse(f"catalog:{kind}_create")
    assert focused(desk.get(new)) == ["name"]
    field = {"author": "email", "publisher": "website"}[kind]
    assert focused(desk.post(new, typed(desk, new, name="X", **{field: "no such"}))) == [field]


# --- Names of other fields ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["version", "token", "cover", "created_by", "nonsense"])
def test_other_names_are_not_fields(desk, url, name):
    assert desk.post(f"{url}?field={name}", {}).status_code == 404


def test_a_wrong_isbn_does_not_keep_other_fields_from_being_checked(desk, url):
    response = desk.post(f"{url}?field=pages", typed(desk, url, isbn="123", pages="ten"))
    assert response.status_code == 200
    assert "feedback_isbn" not in response.content.decode()


def test_a_book_whose_year_contradicts_its_day_can_be_checked_field_by_field(desk, book, url):
    Book.objects.filter(pk=book.pk).update(published_on="1975-01-01", year=1974)
    response = desk.post(f"{url}?field=title", typed(desk, url, title="Other"))
    assert response.status_code == 200


def test_an_author_hears_how_they_will_be_filed(desk):
    new = reverse("catalog:author_create")
    page = desk.post(f"{new}?field=name", typed(desk, new, name="Doris Lessing")).content
    assert "Filed as “Lessing, Doris”" in page.decode()


def test_subjects_are_offered_for_what_is_typed_last(desk, client_of, reader):
    for name in ("Utopias", "Utopian socialism", "Anarchism", "“Ut” & <more>"):
        Subject.objects.create(name=name)
    pick = reverse("catalog:subject_pick")
    page = desk.get(pick, {"subjects": "Anarchism; utop"}).content.decode()
    assert page == (
        '<option value="Anarchism; Utopian socialism"><option value="Anarchism; Utopias">'
    )
    assert "&lt;more&gt;" in desk.get(pick, {"subjects": "ut "}).content.decode()
    assert not desk.get(pick, {"subjects": "Anarchism;"}).content
    assert client_of(reader).get(pick).status_code == 403


# --- Two people ---------------------------------------------------------------------------------


def changed_by(user, book, **fields):
    with origin(user=user):
        other = Book.objects.get(pk=book.pk)
        for name, value in fields.items():
            setattr(other, name, value)
        other.save()


def test_what_only_the_other_changed_is_taken_over(desk, manager, book, url):
    data = typed(desk, url, title="Mine")
    changed_by(manager, book, pages=400)
    assert desk.post(url, data).status_code == 302
    book.refresh_from_db()
    assert (book.title, book.pages) == ("Mine", 400)


def test_the_same_change_twice_is_no_conflict(desk, manager, book, url):
    data = typed(desk, url, title="Same")
    changed_by(manager, book, title="Same")
    assert desk.post(url, data).status_code == 302
    assert Book.objects.get().version == book.version + 1


@pytest.fixture
def conflict(desk, manager, book, url):
    data = typed(desk, url, title="Mine", pages="111")
    changed_by(manager, book, title="Theirs", year=1980)
    return desk.post(url, data)


def test_what_both_changed_is_asked_with_both_values_and_nothing_is_lost(conflict, book):
    assert conflict.status_code == 422
    page = conflict.content.decode()
    fieldset = page[page.index('<fieldset class="conflict"') :].split("</fieldset>")[0]
    assert "<b>manager</b> changed this on" in fieldset
    assert "Mine</span>" in fieldset
    assert "Theirs</span>" in fieldset
    assert "checked" not in fieldset
    data = inputs(conflict)
    assert (data["title"], data["pages"], data["year"]) == ("Mine", "111", "1980")
    assert data["version"] == str(book.version + 1)
    assert "The newer value stands in the form" in page
    book.refresh_from_db()
    assert (book.title, book.pages) == ("Theirs", 387)


def test_the_same_person_in_two_windows_is_not_called_somebody_else(desk, cataloguer, book, url):
    data = typed(desk, url, title="Mine")
    changed_by(cataloguer, book, title="Theirs")
    page = desk.post(url, data).content.decode()
    assert "You saved this record in another window while it was open in this one." in page
    assert "You changed this yourself on" in page
    assert "You have changed this in another window too." in page
    assert "omebody else" not in page
    assert ">Here</span>" in page


@pytest.mark.parametrize(("choice", "title"), [("mine", "Mine"), ("theirs", "Theirs")])
def test_the_chosen_value_is_saved_with_everything_else(desk, book, url, conflict, choice, title):
    data = inputs(conflict) | {"choose-title": choice}
    assert desk.post(url, data).status_code == 302
    book.refresh_from_db()
    assert (book.title, book.pages, book.year) == (title, 111, 1980)


def test_without_a_choice_it_is_asked_again(desk, book, url, conflict):
    response = desk.post(url, inputs(conflict))
    assert response.status_code == 422
    assert 'name="choose-title"' in response.content.decode()
    assert Book.objects.get().title == "Theirs"


def test_a_third_change_while_choosing_is_seen_too(desk, manager, book, url, conflict):
    changed_by(manager, book, title="Third", language="ger")
    response = desk.post(url, inputs(conflict) | {"choose-title": "mine"})
    assert response.status_code == 422
    assert "Third" in response.content.decode()
    data = inputs(response) | {"choose-title": "mine"}
    assert desk.post(url, data).status_code == 302
    book.refresh_from_db()
    assert (book.title, book.language, book.pages) == ("Mine", "ger", 111)


def test_credits_count_as_one_field(desk, manager, book, url):
    data = typed(desk, url)
    data["credits-1-role"] = "ill"
    with origin(user=manager):
        Contribution.objects.filter(book=book, author__name="Charles Vess").delete()
    response = desk.post(url, data)
    assert response.status_code == 422
    page = response.content.decode()
    assert "Ursula K. Le Guin; Charles Vess (illustrator)" in page
    response = desk.post(url, inputs(response) | {"choose-credits": "theirs"})
    assert response.status_code == 302
    assert [item.author.name for item in book.contributions.all()] == ["Ursula K. Le Guin"]


def test_credits_that_both_changed_are_asked_about_even_where_a_row_is_wrong(
    desk, manager, book, url
):
    data = typed(desk, url)
    data["credits-1-author"] = ""
    data["credits-1-credited_as"] = "C. V."
    with origin(user=manager):
        Contribution.objects.filter(book=book, author__name="Charles Vess").delete()
    response = desk.post(url, data)
    assert response.status_code == 422
    assert 'name="choose-credits"' in response.content.decode()
    assert "C. V." in response.content.decode()


def test_credits_that_only_the_other_changed_are_left_alone(desk, manager, book, url):
    data = typed(desk, url, title="Mine")
    with origin(user=manager):
        Contribution.objects.filter(book=book, author__name="Charles Vess").delete()
    assert desk.post(url, data).status_code == 302
    assert book.contributions.count() == 1


def test_publishers_are_asked_by_their_names(desk, manager, book, url, make_publisher):
    data = typed(desk, url, publisher="Gollancz", publisher_id="")
    changed_by(manager, book, publisher=make_publisher("Harper"))
    response = desk.post(url, data)
    page = response.content.decode()
    assert response.status_code == 422
    assert "Gollancz</span>" in page
    assert "Harper</span>" in page
    desk.post(url, inputs(response) | {"choose-publisher": "mine"})
    book.refresh_from_db()
    assert book.publisher.name == "Gollancz"


def test_somebody_quicker_by_a_moment_is_asked_about_too(desk, manager, book, url, monkeypatch):
    from catalog.forms.book import BookForm

    data = typed(desk, url, title="Mine")
    save = BookForm.save

    def late(form, commit=True):
        monkeypatch.setattr(BookForm, "save", save)
        changed_by(manager, book, title="Theirs")
        return save(form)

    monkeypatch.setattr(BookForm, "save", late)
    response = desk.post(url, data)
    assert response.status_code == 422
    assert "Theirs</span>" in response.content.decode()


def test_merged_values_obey_the_rules(desk, manager, book, url):
    data = typed(desk, url, published_on="1974-05-01")
    changed_by(manager, book, year=1980)
    response = desk.post(url, data)
    assert response.status_code == 422
    assert "the year says 1980" in response.content.decode()
    assert inputs(response)["year"] == "1980"


def test_a_record_deleted_meanwhile_is_offered_again_with_what_was_typed(
    client_of, desk, manager, book, url
):
    data = typed(desk, url, title="Mine")
    pk = book.pk
    with origin(user=manager):
        book.delete()
    response = desk.post(url, data)
    page = response.content.decode()
    assert response.status_code == 422
    assert "<b>manager</b> deleted this record on" in page
    assert inputs(response)["title"] == "Mine"
    assert "Bring it back" not in page  # only managers decide about deleting
    assert desk.post(url, data | {"bring-back": "1"}).status_code == 422
    assert not Book.objects.exists()
    chief = client_of(manager)
    page = chief.post(url, data)
    assert "Bring it back with these values" in page.content.decode()
    response = chief.post(url, inputs(page) | {"bring-back": "1"})
    assert response.status_code == 302
    book = Book.objects.get()
    assert (book.pk, book.title) == (pk, "Mine")
    assert book.contributions.count() == 2


def test_a_deleted_record_can_be_saved_as_a_new_one(desk, manager, book, url):
    data = typed(desk, url, title="Mine", anyway="1")
    with origin(user=manager):
        book.delete()
    again = inputs(desk.post(url, data))
    response = desk.post(reverse("catalog:book_create"), again | {"anyway": "1"})
    assert response.status_code == 302
    assert Book.objects.get().contributions.count() == 2


# --- Who may -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["book", "author", "publisher"])
def test_strangers_sign_in_and_readers_are_refused(
    client, client_of, reader, kind, make_books, make_author, make_publisher
):
    make_books(1)
    for name, args in ((f"catalog:{kind}_create", ()), (f"catalog:{kind}_update", (1,))):
        address = reverse(name, args=args)
        assert client.get(address)["Location"].startswith(reverse("accounts:login"))
        assert client.post(address, {"name": "x"}).status_code == 403
        assert client_of(reader).get(address).status_code == 403
        assert client_of(reader).post(address, {"name": "x"}).status_code == 403
        assert client_of(reader).post(f"{address}?field=name").status_code == 403


@pytest.mark.parametrize("number", [2**63, 2**70, int("1" * 4000)])
def test_numbers_that_no_database_has_are_a_404(desk, client_of, manager, number):
    for kind in ("book", "author", "publisher"):
        assert desk.get(reverse(f"catalog:{kind}_update", args=(number,))).status_code == 404
        undelete = reverse(f"catalog:{kind}_undelete", args=(number,))
        assert client_of(manager).post(undelete).status_code == 404


@pytest.mark.parametrize("number", ["9" * 19, "1" * 5000, "-1", "\0"])
def test_a_new_book_begins_whatever_publisher_its_address_names(desk, number):
    url = reverse("catalog:book_create")
    assert desk.get(url, {"publisher": number}).status_code == 200


def test_a_record_that_never_was_is_a_404(desk):
    assert desk.get(reverse("catalog:book_update", args=(999,))).status_code == 404
    assert desk.post(reverse("catalog:book_update", args=(999,)), {}).status_code == 404


def test_a_form_is_sent_to_its_address_without_a_fragment(client_of, cataloguer):
    """A button of the credits leaves `#credits` in the address, and saving would keep it."""
    response = client_of(cataloguer).get("/books/new/?list=%3Fpage%3D2")
    assertContains(response, 'method="post" action="/books/new/?list=%3Fpage%3D2"')


# --- Rights ------------------------------------------------------------------------------------


@pytest.fixture
def corrector(client_of, django_user_model):
    """May change books, and add neither authors nor publishers."""
    user = django_user_model.objects.create_user("corrector")
    rights = ("view_book", "change_book", "add_bulkedit", "change_bulkedit", "view_bulkedit")
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return client_of(user)


def test_whoever_may_not_add_names_picks_those_that_are_there(corrector, url):
    before = Author.objects.count(), Publisher.objects.count()
    new = {"credits-0-author": "Nobody Yet", "credits-0-author_id": "", "publisher": "No House"}
    response = corrector.post(url, typed(corrector, url, **new, publisher_id="new no house"))
    page = response.content.decode()
    assert response.status_code == 422
    assert "Nobody is called that here, and you may not add authors." in page
    assert "No publisher is called that here, and you may not add publishers." in page
    assert (Author.objects.count(), Publisher.objects.count()) == before
    known = typed(corrector, url, publisher="Ace Books", publisher_id="", pages="400")
    assert corrector.post(url, known).status_code == 302


@pytest.mark.parametrize("where", ["cell", "bulk"])
def test_nor_do_they_from_the_list(corrector, book, where):
    if where == "cell":
        address = reverse("catalog:book_cell", args=(book.pk, "publisher"))
    else:
        drafted = corrector.post(reverse("catalog:bulk_edit_create"), {"id": [book.pk]})
        address = drafted["Location"]
    response = corrector.post(address, {"publisher": "No House", "version": str(book.version)})
    assert response.status_code == 422
    assert "you may not add publishers" in response.content.decode()
