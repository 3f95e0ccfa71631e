"""The forms above the lists. Whatever stands in an address gives a list: unknown values count
as not given.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import languages
from catalog.models.author import Author
from catalog.models.book import FIRST_YEAR, LAST_YEAR, UNKNOWN, Book, decade_of
from catalog.models.publisher import Publisher
from catalog.models.state import Generation
from catalog.search import kept
from catalog.search.filters import FILTERS, NONE, Filter, decade_label
from catalog.search.listings import BookListing
from catalog.search.names import AuthorListing, PublisherListing
from catalog.search.query import Query, parse

LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Chip:
    """A filter in use, and the address without it."""

    label: str
    querystring: str


def querystring(params: Mapping[str, str]) -> str:
    """`?…` for a link, never empty: `?` alone drops all that the address had."""
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in params.items() if value})
    return f"?{query.urlencode()}"


class FilterForm(forms.Form):
    """Reads values from an address; never shows errors."""

    generation: Generation | None = None  # of the catalogue, if whoever asks has read it

    def __init__(self, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(data if data is not None else {}, **kwargs)

    @cached_property
    def values(self) -> dict[str, str]:
        """What is asked for, as it stands in the address, in the order of the fields."""
        self.is_valid()
        return {
            name: str(value)
            for name in self.fields
            if (value := self.cleaned_data.get(name)) not in (None, "")
        }

    @cached_property
    def query(self) -> Query:
        return parse(self.values.get("q", ""))

    def without(self, name: str) -> str:
        """The address without one value, at the first page."""
        return querystring({key: value for key, value in self.values.items() if key != name})

    def with_(self, name: str, value: str) -> str:
        """The address with one value more or changed, at the first page."""
        return querystring({**self.values, name: value})


class BookFilterForm(FilterForm):
    ISBN = [
        ("with", gettext_lazy("with ISBN")),
        ("without", gettext_lazy("without ISBN")),
        ("repaired", gettext_lazy("ISBN repaired")),
    ]
    COVER = [("with", gettext_lazy("with cover")), ("without", gettext_lazy("without cover"))]
    SORT = [
        ("", gettext_lazy("Best match")),
        ("title", gettext_lazy("Title A–Z")),
        ("-title", gettext_lazy("Title Z–A")),
        ("-year", gettext_lazy("Newest first")),
        ("year", gettext_lazy("Oldest first")),
        ("-added", gettext_lazy("Latest additions")),
    ]

    q = forms.CharField(label=gettext_lazy("Search"), required=False, max_length=200)
    language = forms.CharField(label=gettext_lazy("Language"), required=False, max_length=4)
    publisher = forms.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)
    author = forms.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)
    decade = forms.CharField(label=gettext_lazy("Decade"), required=False, max_length=6)
    isbn = forms.ChoiceField(label=gettext_lazy("ISBN"), choices=ISBN, required=False)
    cover = forms.ChoiceField(label=gettext_lazy("Cover"), choices=COVER, required=False)
    sort = forms.ChoiceField(label=gettext_lazy("Order"), choices=SORT, required=False)

    def clean_language(self) -> str:
        value: str = self.cleaned_data["language"].lower()
        return value if value == NONE or languages.code(value) == value else ""

    def clean_decade(self) -> str:
        value: str = self.cleaned_data["decade"]
        if value in ("", NONE):
            return value
        try:
            year = int(value)
        except ValueError:
            return ""
        known = FIRST_YEAR <= year <= LAST_YEAR and decade_of(year) == year
        return str(year) if known else ""

    @cached_property
    def filters(self) -> list[Filter]:
        return [FILTERS[name](self.values[name]) for name in FILTERS if name in self.values]

    @cached_property
    def summary(self) -> kept.Summary:
        """The kept counts, read once for the list and the choices beside it."""
        return kept.summary(self.generation)

    def listing(self, queryset: QuerySet[Book]) -> BookListing:
        return BookListing(
            queryset,
            filters=self.filters,
            query=self.query,
            sort=self.values.get("sort", ""),
            summary=self.summary,
        )

    def chips(self) -> list[Chip]:
        """The filters in use, each with the address without it. The order is none."""
        names = [name for name in self.values if name != "sort"]
        return [Chip(self.chip_label(name), self.without(name)) for name in names]

    def chip_label(self, name: str) -> str:
        value = self.values[name]
        if name == "q":
            return f"“{value}”"
        if name == "language":
            return _("No language") if value == NONE else languages.name(value)
        if name == "publisher":
            return _named(Publisher, value) or _("Unknown publisher")
        if name == "author":
            return _named(Author, value) or _("Unknown author")
        if name == "decade":
            return decade_label(str(UNKNOWN) if value == NONE else value)
        return str(dict(self.ISBN if name == "isbn" else self.COVER)[value])


def _named(model: type[Author] | type[Publisher], pk: str) -> str:
    names = model._default_manager.filter(pk=int(pk)).values_list("name", flat=True)
    return names.first() or ""


class AuthorFilterForm(FilterForm):
    SORT = [("", gettext_lazy("Name A–Z")), ("-name", gettext_lazy("Name Z–A"))]

    q = forms.CharField(label=gettext_lazy("Search"), required=False, max_length=200)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Author.Kind, required=False)
    sort = forms.ChoiceField(label=gettext_lazy("Order"), choices=SORT, required=False)

    def listing(self, queryset: QuerySet[Author]) -> AuthorListing:
        return AuthorListing(
            queryset,
            kind=self.values.get("kind", ""),
            query=self.query,
            sort=self.values.get("sort", ""),
        )

    def chips(self) -> list[Chip]:
        chips = []
        if "q" in self.values:
            chips.append(Chip(f"“{self.values['q']}”", self.without("q")))
        if "kind" in self.values:
            label = str(Author.Kind(self.values["kind"]).label)
            chips.append(Chip(label, self.without("kind")))
        return chips


class PublisherFilterForm(FilterForm):
    SORT = [
        ("", gettext_lazy("Name A–Z")),
        ("-name", gettext_lazy("Name Z–A")),
        ("-books", gettext_lazy("Most books")),
    ]

    q = forms.CharField(label=gettext_lazy("Search"), required=False, max_length=200)
    country = forms.CharField(label=gettext_lazy("Country"), required=False, max_length=100)
    sort = forms.ChoiceField(label=gettext_lazy("Order"), choices=SORT, required=False)

    def listing(self, queryset: QuerySet[Publisher]) -> PublisherListing:
        return PublisherListing(
            queryset,
            country=self.values.get("country", ""),
            query=self.query,
            sort=self.values.get("sort", ""),
        )

    def chips(self) -> list[Chip]:
        names = [name for name in ("q", "country") if name in self.values]
        labels = {"q": f"“{self.values.get('q')}”", "country": self.values.get("country", "")}
        return [Chip(labels[name], self.without(name)) for name in names]
