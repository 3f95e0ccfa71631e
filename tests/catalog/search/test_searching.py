import pytest

from catalog.forms.filters import AuthorFilterForm, PublisherFilterForm
from catalog.models import Author, Book, Publisher
from tests.catalog.search.shelves import needs_books, pages, shelve, titles

pytestmark = needs_books


@pytest.fixture
def shelf(db):
    shelve("Les Misérables", "Victor Hugo", publisher="Éditions Gallimard", language="fre",
           year=1862, isbn="9782070409228")  # fmt: skip
    shelve("The Left Hand of Darkness", "Ursula K. Le Guin", publisher="Ace", language="eng",
           year=1969, isbn="9780441478125")  # fmt: skip
    shelve("The Dispossessed", "Ursula K. Le Guin", publisher="Ace", language="eng", year=1974,
           subtitle="An Ambiguous Utopia")  # fmt: skip
    shelve("日本語の本", "村上春樹", language="jpn", year=1987)
    shelve("Śmierć w Wenecji", "Łukasz Żak", language="pol")
    shelve("1984", "George Orwell", publisher="Secker & Warburg", year=1949, isbn="9780451524935")


@pytest.mark.parametrize(
    "text",
    ["miserables", "MISÉRABLES", "misér", "hugo", "gallimard", "editions gall", "victor miser"],
)
def test_case_and_accents_do_not_matter_and_every_field_is_searched(shelf, text):
    assert titles(q=text) == ["Les Misérables"]


@pytest.mark.parametrize(
    "text",
    ["9780441478125", "978-0-441-47812-5", "0441478123", "0-441-47812-3", "441478123",
     "978 0 441 47812 5", "darkness 9780441478125", "9780441", "0441478"],
)  # fmt: skip
def test_an_isbn_is_found_in_any_form_and_from_its_beginning(shelf, text):
    assert titles(q=text) == ["The Left Hand of Darkness"]


def test_an_isbn_among_words_must_agree_with_them(shelf):
    assert titles(q="dispossessed 9780441478125") == []


def test_all_words_must_occur_and_the_last_may_be_unfinished(shelf):
    assert titles(q="left hand") == ["The Left Hand of Darkness"]
    assert titles(q="le guin dis") == ["The Dispossessed"]
    assert titles(q="lef hand") == []
    assert titles(q="hand left dispossessed") == []


def test_subtitles_are_searched(shelf):
    assert titles(q="ambiguous") == ["The Dispossessed"]


def test_a_stop_word_and_a_word_of_one_letter_are_words(shelf):
    assert set(titles(q="the")) == {"The Left Hand of Darkness", "The Dispossessed"}
    assert set(titles(q="k guin")) == {"The Left Hand of Darkness", "The Dispossessed"}


@pytest.mark.parametrize("text", ["日本", "本", "本日", "村上"])
def test_chinese_and_japanese_are_found_by_character(shelf, text):
    assert titles(q=text) == ["日本語の本"]


@pytest.mark.parametrize("text", ["smierc", "Śmierć", "lukasz zak", "wenecji"])
def test_letters_that_unicode_does_not_decompose_are_folded_too(shelf, text):
    assert titles(q=text) == ["Śmierć w Wenecji"]


def test_a_number_is_a_word_as_well(shelf):
    assert titles(q="1984") == ["1984"]


def test_the_words_of_filters_cannot_be_searched_for(shelf):
    assert titles(q="___isbnwith") == []
    assert titles(q="___") == []


@pytest.mark.parametrize(
    "text",
    ['"', "*", "a OR b", "NEAR(a b)", "left AND", "'; --", "& | !", ":*", "-left", "(", "\\", "%_"],
)
def test_what_the_query_languages_know_has_no_meaning_here(shelf, text):
    titles(q=text)


@pytest.mark.parametrize("text", ['"', "*", "!?", "(", "\\", "%", "🐉", "978-0-441-47812-5"])
def test_no_name_has_signs_or_an_isbn(shelf, text):
    people = AuthorFilterForm({"q": text, "kind": "person"}).listing(Author.objects.all())
    houses = PublisherFilterForm({"q": text}).listing(Publisher.objects.all())
    assert (list(people[:25]), list(houses[:25])) == ([], [])


def test_search_and_filters_go_together(shelf):
    assert titles(q="le guin", decade=1960) == ["The Left Hand of Darkness"]
    assert titles(q="the", language="eng", isbn="without") == ["The Dispossessed"]
    assert titles(q="the", language="fre") == []
    ace = Publisher.objects.get(name="Ace")
    assert titles(q="dispo", publisher=ace.pk) == ["The Dispossessed"]
    guin = Author.objects.get(name="Ursula K. Le Guin")
    assert titles(q="left", author=guin.pk) == ["The Left Hand of Darkness"]
    assert titles(q="miser", author=guin.pk) == []


def test_the_very_title_comes_first_then_titles_that_begin_so(db):
    for title in ("A History of Dune", "Duneland", "Dune Messiah", "Dune", "Children"):
        shelve(title, "Dune Author" if title == "Children" else "Frank Herbert")
    assert titles(q="dune") == ["Dune", "Dune Messiah", "Duneland", "A History of Dune", "Children"]


def test_an_order_that_was_chosen_wins_over_the_rank(db):
    shelve("Dune", year=1965)
    shelve("Dune Messiah", year=1969)
    shelve("Old Dune")
    assert titles(q="dune", sort="-year") == ["Dune Messiah", "Dune", "Old Dune"]
    assert titles(q="dune", sort="-title") == ["Old Dune", "Dune Messiah", "Dune"]


def test_up_to_a_thousand_hits_are_counted_and_more_are_not(db):
    Book.objects.bulk_create(derived(title=f"Saga {number:04}") for number in range(1000))
    assert pages(q="saga").count_label == "1,000"
    assert pages(q="saga").count_is_exact
    shelve("The Last of the Saga")
    more = pages(q="saga")
    assert more.count_label == "more than 1,000"
    assert not more.count_is_exact
    assert more.num_pages == 40
    assert titles(q="saga")[:2] == ["Saga 0000", "Saga 0001"]
    found = [book.pk for number in range(1, 41) for book in more.get_page(number)]
    assert len(found) == len(set(found)) == 1000


def test_a_chosen_order_of_more_than_a_thousand_hits_is_right(db):
    Book.objects.bulk_create(
        derived(title=f"Saga {number:04}", year=1 + number) for number in range(1100)
    )
    assert titles(q="saga", sort="-year")[:2] == ["Saga 1099", "Saga 1098"]
    assert titles(q="saga", sort="year")[:2] == ["Saga 0000", "Saga 0001"]
    assert titles(q="saga", sort="-title")[:1] == ["Saga 1099"]


@pytest.mark.parametrize("tried", [(250, 1_000, 4_000), (10,), (100, 300)])
def test_a_chosen_order_of_very_many_hits_is_the_same_however_it_is_found(db, monkeypatch, tried):
    monkeypatch.setattr("catalog.search.plans.TRIED", tried)
    monkeypatch.setattr("catalog.search.listings.EXACT", 200)
    Book.objects.bulk_create(
        derived(title=f"{'Saga' if n % 3 else 'Song'} {n % 7} {n:03}", year=1 + n % 11)
        for n in range(400)
    )
    hits = Book.objects.filter(title__startswith="Saga")
    for sort, columns in {
        "title": ("sort_title", "id"),
        "-title": ("-sort_title", "-id"),
        "-year": ("-sort_year", "sort_title", "id"),
        "-added": ("-id",),
    }.items():
        paginator = pages(q="sag", sort=sort)
        found = [book.pk for number in paginator.page_range for book in paginator.page(number)]
        assert found == list(hits.order_by(*columns).values_list("pk", flat=True)[:200])


def test_titles_that_begin_with_the_text_come_first_among_very_many(db):
    Book.objects.bulk_create(derived(title=f"Volume {n} of the Saga") for n in range(1001))
    shelve("Saga")
    Book.objects.bulk_create(derived(title=f"Tome {n} of the Saga") for n in range(10))
    assert titles(q="saga")[0] == "Saga"
    assert titles(q="the saga")[0] != "Saga"  # it has no “the”


def test_authors_are_found_by_name_and_counted(shelf):
    listing = AuthorFilterForm({"q": "guin ur"}).listing(Author.objects.all())
    assert [(author.name, author.book_count) for author in listing[0:25]] == [
        ("Ursula K. Le Guin", 2)
    ]
    assert (
        AuthorFilterForm({"q": "guin", "kind": "organisation"})
        .listing(Author.objects.all())
        .count()
        == 0
    )


def test_publishers_are_found_by_name_and_counted(shelf):
    listing = PublisherFilterForm({"q": "edit"}).listing(Publisher.objects.all())
    assert [(each.name, each.book_count) for each in listing[0:25]] == [("Éditions Gallimard", 1)]


def test_a_queryset_can_be_searched_too(shelf):
    assert Book.objects.search("miserables").get().title == "Les Misérables"


def derived(**fields):
    book = Book(**fields)
    book.derive()
    return book
