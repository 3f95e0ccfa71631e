"""The record after this one, in every list: for saving one and going on to the next."""

import pytest
from django.core.management import call_command

from catalog.forms.filters import AuthorFilterForm, BookFilterForm, PublisherFilterForm
from catalog.models import Author, Book, Contribution, Publisher
from catalog.search import kept, listings, plans
from tests.catalog.search.shelves import needs_books, shelve

LISTS = [
    {},
    {"sort": "-title"},
    {"sort": "-year"},
    {"sort": "year"},
    {"sort": "-added"},
    {"language": "eng"},
    {"language": "eng", "sort": "-title"},
    {"language": "fre", "sort": "year"},
    {"language": "eng", "isbn": "with"},
    {"language": "eng", "decade": "1990", "sort": "-year"},
    {"author": "busiest"},
    {"author": "busiest", "sort": "-added"},
    {"q": "th"},
    {"q": "th", "sort": "title"},
]
FORMS = {Author: AuthorFilterForm, Publisher: PublisherFilterForm, Book: BookFilterForm}


def listing(model=Book, **params):
    return FORMS[model](params).listing(model.objects.all())


def walked(found):
    """The list as one goes through it by `following`, from its first record."""
    ids = found.plan.ids(0, 1)
    while ids and (pk := found.following(ids[-1])) is not None:
        ids.append(pk)
    return ids


@pytest.fixture
def shelves(db):
    call_command("make_books", 400)
    kept._remembered = None
    # Many of one title: the order goes on by id.
    shelve("The Waste Land", year=1995, language="eng", isbn="9780571097128")
    for _copy in range(3):
        shelve("The Waste Land", year=1995, language="eng")


@needs_books
@pytest.mark.parametrize("params", LISTS, ids=str)
def test_going_on_one_by_one_goes_through_the_whole_list(shelves, params):
    params = dict(params)
    if params.get("author"):
        params["author"] = str(Contribution.objects.earliest("pk").author_id)
    found = listing(**params)
    whole = found.plan.ids(0, found.plan.reach)
    assert len(whole) > 2
    assert walked(found) == whole


@needs_books
@pytest.mark.parametrize("sort", ["title", "-title", "-year", "year"])
def test_lists_too_long_to_be_known_are_walked_all_the_same(shelves, monkeypatch, sort):
    """What a million books make of several filters and of a search that is put in order."""
    params = {"language": "eng", "isbn": "with", "sort": sort}
    wanted = walked(listing(**params))
    search = walked(listing(q="th", sort=sort))
    for name in ("EXACT", "LISTED", "SORTABLE", "SMALL"):
        monkeypatch.setattr(listings, name, 5)
    found = listing(**params)
    assert isinstance(found.plan, plans.WalkPlan)
    assert walked(found) == wanted
    for tried in ((3, 6), (250, 1_000)):
        monkeypatch.setattr(plans, "TRIED", tried)
        found = listing(q="th", sort=sort)
        assert isinstance(found.plan, plans.TriedPlan)
        assert walked(found) == search


@needs_books
@pytest.mark.parametrize("model", [Author, Publisher])
@pytest.mark.parametrize("sort", ["", "-name", "-books"])
def test_lists_of_names_are_gone_through_as_well(shelves, model, sort):
    found = listing(model, sort=sort)
    assert walked(found) == found.plan.ids(0, found.plan.count)
    assert len(walked(listing(model, q="a"))) == listing(model, q="a").count()


def test_the_last_record_has_none_after_it(make_books):
    first, last = make_books(2)
    assert listing().following(first.pk) == last.pk
    assert listing().following(last.pk) is None
    assert listing(sort="-title").following(first.pk) is None


def test_a_record_that_was_renamed_goes_on_from_its_new_place(make_books):
    first, second, third, fourth = make_books(4)
    first.title = "Book 003 and more"
    first.save()
    assert listing().following(first.pk) == fourth.pk
    assert listing().following(second.pk) == third.pk


def test_a_record_that_fell_out_of_the_filter_goes_on_from_where_it_stood(make_books):
    first, second, _third = make_books(3, language="eng")
    first.language = "fre"
    first.save()
    for sort in ("title", "-title", "-year", "-added"):
        found = listing(language="eng", sort=sort)
        assert found.following(first.pk) == (second.pk if sort in ("title", "-year") else None)


def test_a_record_that_is_gone_or_was_never_there_has_none_after_it(make_books):
    make_books(2)
    assert listing().following(12345) is None
    assert listing(sort="-year", language="eng").following(12345) is None
    assert listing(Publisher, sort="-books").following(12345) is None
    assert listing(q="book").following(12345) is None


def test_whoever_may_see_nothing_finds_nothing(make_books):
    first, _second = make_books(2)
    assert BookFilterForm({}).listing(Book.objects.none()).following(first.pk) is None


def test_the_next_one_costs_a_few_queries_in_a_list_of_any_length(
    make_books, django_assert_max_num_queries
):
    books = make_books(30)
    found = listing()
    _known = found.plan
    # 1. the record's own place  2. the same title  3. the titles behind it
    with django_assert_max_num_queries(3):
        assert found.following(books[0].pk) == books[1].pk
    found = listing(sort="-year")
    _known = found.plan
    with django_assert_max_num_queries(4):  # … and the years behind it
        assert found.following(books[-1].pk) is None
