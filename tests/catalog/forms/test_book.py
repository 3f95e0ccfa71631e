import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from catalog.forms.book import BookForm
from catalog.forms.bulk import BulkEditForm
from catalog.models import Author, Book, Publisher
from catalog.models.book import FIRST_YEAR, LAST_YEAR

pytestmark = pytest.mark.django_db

TYPED = {
    "title": "The Left Hand of Darkness",
    "credits-0-author": "Ursula K. Le Guin",
    "credits-1-author": "Vess, Charles",
    "credits-1-role": "ill",
    "publisher": "Ace Books",
    "isbn": "0-441-47812-3",
    "year": "1969",
    "language": "eng",
    "pages": "304",
}


@pytest.fixture
def url():
    return reverse("catalog:book_create")


def errors(**changes):
    return BookForm({**TYPED, **changes}).errors


def test_a_cataloguer_adds_a_book_with_everyone_it_names(client_of, cataloguer, url):
    response = client_of(cataloguer).post(url, TYPED)
    book = Book.objects.get()
    assert response.status_code == 302
    assert response.headers["Location"] == book.get_absolute_url()
    assert book.isbn == "9780441478125"
    assert book.isbn_entered == "0-441-47812-3"
    assert book.created_by == cataloguer
    assert book.publisher == Publisher.objects.get(name="Ace Books")
    credits = [(item.author.name, item.role) for item in book.contributions.all()]
    assert credits == [("Ursula K. Le Guin", "aut"), ("Charles Vess", "ill")]
    assert Author.objects.get(name="Charles Vess").sort_name == "Vess, Charles"


def test_the_new_book_is_found_at_once(client_of, cataloguer, url):
    browser = client_of(cataloguer)
    browser.post(url, TYPED)
    assert b"Left Hand" in browser.get(reverse("catalog:book_list"), {"q": "vess dark"}).content


def test_the_page_says_that_it_was_added(client_of, cataloguer, url):
    page = client_of(cataloguer).post(url, TYPED, follow=True).content.decode()
    assert "“The Left Hand of Darkness” is in the catalogue now." in page


def test_known_authors_and_publishers_are_not_made_again(
    client_of, cataloguer, url, make_author, make_publisher
):
    known, house = make_author("Ursula K. Le Guin"), make_publisher("Ace Books")
    client_of(cataloguer).post(
        url,
        {
            **TYPED,
            "credits-0-author": "URSULA K. LE GUIN",
            "credits-1-author": "ursula k le guin",
            "publisher": "ace books",
        },
    )
    book = Book.objects.get()
    assert list(book.authors.all()) == [known, known]  # author and illustrator
    assert book.publisher == house
    assert Author.objects.count() == Publisher.objects.count() == 1


def test_a_book_needs_nothing_but_a_title(client_of, cataloguer, url):
    client_of(cataloguer).post(url, {"title": "Alone"})
    book = Book.objects.get()
    assert book.publisher is None
    assert not book.contributions.exists()


def test_wrong_values_are_explained_and_nothing_is_saved(client_of, cataloguer, url):
    response = client_of(cataloguer).post(url, {**TYPED, "title": "", "isbn": "0441478124"})
    assert response.status_code == 422
    assert Book.objects.count() == Author.objects.count() == Publisher.objects.count() == 0
    page = response.content.decode()
    assert "its check digit does not fit" in page
    assert 'value="Ace Books"' in page  # what was typed is still there


@pytest.mark.parametrize(
    "changes",
    [
        {"isbn": "X123"},
        {"year": "19969"},
        {"year": "0"},
        {"pages": "0"},
        {"pages": "many"},
        {"language": "xx"},
        {"title": "x" * 501},
        {"publisher": "x" * 201},
    ],
)
def test_each_field_refuses_what_it_cannot_hold(changes):
    found = errors(**changes)
    assert list(found) == list(changes)


def test_years_before_the_common_era_are_years():
    assert not errors(year="-1750")


@pytest.mark.parametrize("form", [BookForm, BulkEditForm])
@pytest.mark.parametrize("year", [FIRST_YEAR - 1, 0, LAST_YEAR + 1])
def test_a_year_that_no_book_may_have_is_not_read(form, year):
    with pytest.raises(ValidationError):
        Book(title="x", year=year).validate_constraints()
    assert "year" in form({"year": str(year)}).errors
    assert "year" not in form({"year": str(FIRST_YEAR)}).errors


def test_a_failure_half_way_leaves_nothing_behind(client_of, cataloguer, url, monkeypatch):
    from catalog.models import Contribution

    def broken(self, *args, **kwargs):
        raise RuntimeError("no power")

    monkeypatch.setattr(type(Contribution.objects.all()), "bulk_create", broken)
    with pytest.raises(RuntimeError):
        client_of(cataloguer).post(url, TYPED)
    assert Book.objects.count() == Author.objects.count() == Publisher.objects.count() == 0


def test_strangers_sign_in_and_readers_are_refused(client, client_of, reader, url):
    assert client.get(url).headers["Location"].startswith(reverse("accounts:login"))
    assert client_of(reader).get(url).status_code == 403
    assert client_of(reader).post(url, TYPED).status_code == 403
    assert not Book.objects.exists()
