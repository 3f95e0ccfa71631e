"""The choices beside the list of books."""

import pytest

from catalog.forms.filters import BookFilterForm
from catalog.search.tallies import IN_SIGHT, Facet, facets

pytestmark = pytest.mark.django_db


def published(data: dict[str, str]) -> Facet:
    return next(facet for facet in facets(BookFilterForm(data)) if facet.name == "decade")


@pytest.fixture
def many_decades(make_books):
    for year in range(1900, 2020, 10):
        make_books(1, year=year)


def test_choices_beyond_the_first_are_folded_away(many_decades):
    facet = published({})
    assert [choice.value for choice in facet.in_sight] == [
        str(year) for year in range(2010, 1910, -10)
    ]
    assert len(facet.in_sight) == IN_SIGHT
    assert [choice.value for choice in facet.folded] == ["1910", "1900"]
    assert not facet.is_open


def test_a_selected_choice_is_never_hidden(many_decades, client):
    assert published({"decade": "1900"}).is_open
    page = client.get("/books/", {"decade": "1900"}).content.decode()
    assert "<details open><summary>More</summary>" in page
    assert "<details><summary>More</summary>" in client.get("/books/").content.decode()
