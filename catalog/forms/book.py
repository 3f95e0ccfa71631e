"""The form of a book."""

from decimal import Decimal
from typing import Any

from crispy_forms.layout import Div, Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from catalog import languages
from catalog.forms import currencies
from catalog.forms.records import ReadField, RecordForm, Row
from catalog.importers import dates, values
from catalog.importers.values import Problem, Read
from catalog.models import Book
from catalog.services import books
from catalog.services.books import CreditInput, Picked

NAME_LENGTH = 200


def read_year(text: str) -> Read[int | None]:
    """1999 of "c1999" and of "1999-05-31"; "1999-2003" is not one year."""
    found, problems = dates.published(text)
    return Read(found.year, problems)


def read_day(text: str) -> Read[Any]:
    found, problems = dates.published(text)
    if found.year is not None and found.day is None and not problems:
        problems = (Problem("error", "date_invalid"),)
    return Read(found.day, problems)


def read_pages(text: str) -> Read[int | None]:
    if text.strip("0 ") == "":
        return Read(None, (Problem("error", "pages_invalid"),))
    return values.pages(text)


def read_price(text: str) -> Read[Decimal | None]:
    """The amount; the form asks `values.price` once more for a currency beside it."""
    (amount, _currency), problems = values.price(text)
    return Read(amount, tuple(item for item in problems if item.code != "currency_unknown"))


class BookForm(RecordForm):
    """A book with whom it names. The service finds or makes authors and publisher."""

    first = "title"
    together = (("year", "published_on"), ("price", "currency"))

    publisher = forms.CharField(label=_("Publisher"), required=False, max_length=NAME_LENGTH)
    credits = forms.CharField(
        label=_("Authors and contributors"), required=False, max_length=20_000
    )
    year = ReadField(
        read_year, label=_("Year"), required=False, help_text=_("Negative before the common era.")
    )
    published_on = ReadField(
        read_day, label=_("Day of publication"), required=False, help_text=_("1969-05-31")
    )
    language = forms.ChoiceField(label=_("Language"), required=False)
    pages = ReadField(read_pages, label=_("Pages"), required=False)
    price = ReadField(read_price, label=_("Price"), required=False)
    currency = forms.ChoiceField(label=_("Currency"), required=False)
    subjects = forms.CharField(
        label=_("Subjects"),
        required=False,
        max_length=6_000,
        help_text=_("Several are separated by semicolons."),
    )

    class Meta:
        model = Book
        fields = (
            "title",
            "subtitle",
            "isbn",
            "year",
            "published_on",
            "language",
            "pages",
            "price",
            "currency",
            "description",
        )
        error_messages = {"title": {"required": _("A book needs a title.")}}
        widgets = {"description": forms.Textarea(attrs={"rows": 5})}
        help_texts = {"isbn": _("10 or 13 digits, with or without hyphens.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("language", [("", _("unknown")), *languages.choices()], languages.name)
        self._offer("currency", [("", "—"), *currencies.choices()], currencies.name)

    def _offer(self, name: str, choices: list[Any], called: Any) -> None:
        """The usual values, and the one that the record has."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
        has = getattr(self.instance, name)
        if has and has not in dict(choices):
            choices = [*choices, (has, called(has))]
        field.choices = choices

    def layout(self) -> Layout:
        return Layout(
            Div(
                Row("title", css_class="form-control-lg serif"),
                Row("subtitle"),
                Row("credits"),
                Row("isbn", wrapper_class="span-5"),
                Row("year", wrapper_class="span-3"),
                Row("published_on", wrapper_class="span-4"),
                Row("publisher", wrapper_class="span-8"),
                Row("language", wrapper_class="span-4"),
                Row("pages", wrapper_class="span-3"),
                Row("price", wrapper_class="span-4"),
                Row("currency", wrapper_class="span-5"),
                Row("subjects"),
                Row("description"),
                css_class="fields",
            )
        )

    def clean_credits(self) -> list[CreditInput]:
        names = " ".join(self.cleaned_data["credits"].split()).split(";")
        return [CreditInput(Picked(None, name.strip())) for name in names if name.strip()]

    def clean_publisher(self) -> Picked | None:
        name = " ".join(self.cleaned_data["publisher"].split())
        return Picked(None, name) if name else None

    def clean_subjects(self) -> list[str]:
        return list(values.subjects(self.cleaned_data["subjects"], ";").value)

    def write(self) -> Book:
        return books.save_book(
            self.instance,
            credits=self.cleaned_data["credits"],
            publisher=self.cleaned_data["publisher"],
            subjects=self.cleaned_data["subjects"],
            user=self.user,
        )
