"""The form of a book."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

from crispy_forms.layout import Div, Layout
from django import forms
from django.forms.boundfield import BoundField
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog import isbn as isbns
from catalog import languages
from catalog.forms import currencies
from catalog.forms.credits import CreditFormSet, canonical
from catalog.forms.picking import PublisherPickField, may_add
from catalog.forms.records import ReadField, RecordForm, Row
from catalog.forms.selects import QuickSelect
from catalog.forms.uploads import PictureField
from catalog.importers import dates, values
from catalog.importers.values import DESCRIPTION_LENGTH, Problem, Read
from catalog.models import Author, Book, Contribution
from catalog.presentation import price_text, role_name, year_text
from catalog.services import books, editing
from catalog.services.books import UNCHANGED, CreditInput
from catalog.text import match_key

# What an import would take in part, or leave out with a warning.
_NO_YEAR = _("“%(value)s” is not a year. Write it as 1999, or as −350 or 350 BC before our era.")
YEAR_REFUSALS = {
    "year_unknown": _NO_YEAR,
    "date_invalid": _NO_YEAR,
    "year_unclear": _("“%(value)s” is not one year. Write the likeliest, or leave it empty."),
    "year_taken": _("“%(value)s” is not one year. Write one of them, such as %(now)s."),
    "year_future": _("The year %(now)s is too far ahead. Check it."),
    "year_two_digits": _("Write the year with four digits, such as %(now)s."),
    "date_ambiguous": _("Write the year alone: %(now)s."),
}
_NO_DAY = _("“%(value)s” is not a day. Write it as 1999-05-31.")
DAY_REFUSALS = {
    "year_invalid": _NO_DAY,
    "year_unknown": _NO_DAY,
    "year_unclear": _NO_DAY,
    "year_taken": _NO_DAY,
    "year_future": _("The year %(now)s is too far ahead. Check it."),
    "year_two_digits": _("Write the year with four digits: %(now)s-05-31."),
    "date_ambiguous": _(
        "Day and month of “%(value)s” cannot be told apart. Write the day as %(now)s-05-31."
    ),
}

_PLAIN = re.compile(r"\d+(?:\.\d{1,2})?")  # a price that is understood as it stands


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


class ParagraphsField(forms.CharField):
    """Text of several lines. Browsers send the end of each as two characters."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class CreditsWidget(forms.Widget):
    """Rows of inputs; its value is the formset that reads them."""

    is_group = True
    allow_new = True
    formset: CreditFormSet | None = None

    def value_from_datadict(self, data: Any, files: Any, name: str) -> CreditFormSet:
        if self.formset is None or self.formset.data is not data:
            self.formset = CreditFormSet(data, prefix=name, allow_new=self.allow_new)
        return self.formset

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        return ""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        if not isinstance(value, CreditFormSet):
            value = CreditFormSet(initial=value or (), prefix=name)
        asking = {name: text for name, text in self.attrs.items() if name.startswith("hx-")}
        focus = bool(attrs and attrs.get("autofocus"))
        if focus and not value.focus_first_error():
            asking["autofocus"] = True
        rendered: SafeString = value.render(asking)
        return rendered


class CreditsField(forms.Field):
    """Cleans to a list of `CreditInput`."""

    widget = CreditsWidget

    def clean(self, formset: CreditFormSet) -> list[CreditInput]:
        if formset.is_valid():
            return formset.credits()
        said = formset.non_form_errors() or [_("Look at the rows that are marked.")]
        raise forms.ValidationError(list(said), code="rows")


class BookForm(RecordForm):
    """A book with whom it names. The service finds or makes authors and publisher."""

    first = "title"
    picture = "cover"
    together = (("year", "published_on"), ("price", "currency"))

    cover = PictureField(label=_("Cover"), shape="cover")
    publisher = PublisherPickField(label=_("Publisher"), required=False)
    credits = CreditsField(label=_("Authors and contributors"), required=False)
    year = ReadField(read_year, refusals=YEAR_REFUSALS, label=_("Year"), required=False)
    published_on = ReadField(
        read_day,
        refusals=DAY_REFUSALS,
        label=_("Day of publication"),
        required=False,
        help_text=_("As 1969-05-31, if it is known."),
    )
    language = forms.ChoiceField(label=_("Language"), required=False, widget=QuickSelect)
    pages = ReadField(read_pages, label=_("Pages"), required=False)
    price = ReadField(read_price, label=_("Price"), required=False)
    currency = forms.ChoiceField(label=_("Currency"), required=False, widget=QuickSelect)
    subjects = forms.CharField(
        label=_("Subjects"),
        required=False,
        max_length=6_000,
        help_text=_("Several are separated by semicolons."),
        widget=forms.TextInput(attrs={"list": "subject-options"}),
    )
    description = ParagraphsField(
        label=_("Description"),
        required=False,
        max_length=DESCRIPTION_LENGTH,
        widget=forms.Textarea(attrs={"rows": 5}),
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
        help_texts = {"isbn": _("10 or 13 digits, with or without hyphens.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.names: dict[int, str] = {}  # of the authors in the record's credits
        super().__init__(*args, **kwargs)
        cast(PublisherPickField, self.fields["publisher"]).as_allowed(self.user)
        self.fields["credits"].widget.allow_new = may_add(Author, self.user)
        self._begin()
        self._offer("language", [("", _("unknown")), *languages.choices()], languages.name)
        self._offer("currency", [("", "—"), *currencies.choices()], currencies.name)

    def _begin(self) -> None:
        """What the inputs hold when the page is opened."""
        book = self.instance
        if not self.new:
            self.initial = {**self.initial} | {
                "publisher": book.publisher,
                "credits": CreditFormSet.initial_of(book.contributions.all()),
                "subjects": "; ".join(self.record_state["subjects"]),
                "isbn": isbns.hyphenate(book.isbn),
            }

    # --- Values as the state of a book has them -----------------------------------------------
    def columns(self) -> dict[str, str]:
        parts = {name: name for name in editing.PARTS if name in self.fields}
        return super().columns() | parts

    def state_now(self) -> dict[str, Any]:
        """The credits and subjects are those that were loaded with the book."""
        book = self.instance
        self.names = {item.author_id: item.author.name for item in book.contributions.all()}
        subjects = sorted(book.subjects.all(), key=lambda subject: subject.name_key)
        return super().state_now() | {
            "credits": [
                [item.author_id, item.role, item.credited_as] for item in book.contributions.all()
            ],
            "subjects": [subject.name for subject in subjects],
        }

    def wanted(self, name: str) -> Any:
        value = self.cleaned_data[name]
        if name == "isbn":
            parsed = isbns.parse(value)
            return parsed.digits13 if parsed else ""
        if name == "publisher":
            return None if value is None else value.pk or value.name
        if name == "credits":
            return [canonical(credit) for credit in value]
        if name == "subjects":
            known = {match_key(subject, 100): subject for subject in self.record_state["subjects"]}
            typed = {match_key(subject, 100): subject for subject in value}
            return [known.get(key, typed[key]) for key in sorted(typed)]
        return value

    def show(self, name: str, column: str, value: Any) -> None:
        if name == "credits":
            self._show_credits(value)
        elif name == "publisher":
            publisher = self.instance.publisher
            self.data["publisher"] = publisher.name if publisher else ""
            self.data["publisher_id"] = str(publisher.pk) if publisher else ""
        elif name == "subjects":
            self.data["subjects"] = "; ".join(value)
        elif name == "isbn":
            self.data["isbn"] = isbns.hyphenate(value)
        else:
            super().show(name, column, value)

    def _show_credits(self, rows: list[list[Any]]) -> None:
        for key in [key for key in self.data if key.startswith("credits-")]:
            del self.data[key]
        for number, (author, role, credited_as) in enumerate(rows):
            row = {
                "author": self.names.get(author, ""),
                "author_id": author,
                "role": role,
                "credited_as": credited_as,
                "position": number + 1,
            }
            for key, value in row.items():
                self.data[f"credits-{number}-{key}"] = str(value)
        self.fields["credits"].widget.formset = None

    def written(self, column: str, value: Any) -> str:
        if column == "publisher_id" and value == self.instance.publisher_id:
            return self.instance.publisher.name if self.instance.publisher else ""
        if column == "publisher_id":
            picked = self.cleaned_data.get("publisher")
            return picked.name if picked else ""
        if column == "credits":
            return "; ".join(self._credit_written(*row) for row in value)
        if column == "subjects":
            return "; ".join(value)
        names: dict[str, Callable[[Any], str]] = {
            "isbn": isbns.hyphenate,
            "year": year_text,
            "language": languages.name,
            "currency": currencies.name,
        }
        return names[column](value) if value and column in names else super().written(column, value)

    def _credit_written(self, author: Any, role: str, credited_as: str) -> str:
        credits = self.cleaned_data.get("credits") or ()  # none where a row is wrong
        picked = {item.author.pk: item.author.name for item in credits}
        name = (picked | self.names).get(author, author)
        about = [] if role == Contribution.Role.AUTHOR else [role_name(role)]
        about += [f"“{credited_as}”"] if credited_as else []
        return f"{name} ({', '.join(about)})" if about else str(name)

    @property
    def title_shown(self) -> str:
        """For the cover that is drawn beside the fields."""
        return str(self["title"].value() or gettext("Without a title"))

    # --- Single fields, while somebody still types ----------------------------------------------
    def prepare_widget(self, name: str, attrs: dict[str, Any]) -> None:
        super().prepare_widget(name, attrs)
        if name == "currency":  # passed without a change it may be missing
            attrs["hx-trigger"] = "change, blur"

    def check(self, name: str) -> list[BoundField]:
        others = super().check(name)
        if name == "credits":
            rows: CreditFormSet = self["credits"].value()
            return rows.inline_fields()
        if name == "price" and self.has_error("currency", "no_currency"):
            return []  # whoever leaves the price has not come to the currency yet
        return others

    # --- Rules -----------------------------------------------------------------------------------
    def pressed(self) -> bool:
        return CreditFormSet(self.data, prefix="credits").action() is not None

    def _offer(self, name: str, choices: list[Any], called: Any) -> None:
        """The usual values, and the one that the record has."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
        has = getattr(self.instance, name)
        field.choices = choices
        if has and not field.valid_value(has):
            field.choices = [*choices, (has, called(has))]

    def layout(self) -> Layout:
        return Layout(
            Div(
                Row("title"),
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

    def clean_isbn(self) -> str:
        """An ISBN that stays the same keeps what was entered when it was new."""
        typed: str = self.cleaned_data["isbn"]
        try:
            parsed = isbns.parse(typed)
        except isbns.IsbnError as error:
            raise forms.ValidationError(error.message, code=error.code) from error
        same = parsed is not None and parsed.digits13 == self.record_state.get("isbn")
        return parsed.digits13 if parsed and same else typed

    def clean_subjects(self) -> list[str]:
        return list(values.subjects(self.cleaned_data["subjects"], ";").value)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        price, currency = cleaned.get("price"), cleaned.get("currency")
        concerned = self.new or not self.touched.isdisjoint({"price", "currency"})
        if self.has_error("price") or self.has_error("currency") or not concerned:
            return cleaned  # what an import brought stays until somebody changes it
        if price is not None and not currency:
            found = values.price(self.typed("price")).value[1]
            if currencies.is_known(found):
                cleaned["currency"] = found
                self.data["currency"] = found
            elif "currency" in self.fields:
                text = _("A price needs a currency.")
                self.add_error("currency", forms.ValidationError(text, code="no_currency"))
        elif currency and price is None and "price" in self.fields:
            text = _("A currency needs a price: fill it in, or choose “—” as the currency.")
            self.add_error("price", forms.ValidationError(text, code="no_price"))
        return cleaned

    def remarks(self) -> dict[str, str]:
        said = {}
        for name, kept in (("year", year_text), ("published_on", date_format), ("pages", str)):
            typed, value = self.typed(name), self.cleaned_data.get(name)
            if typed and value is not None and str(value) != typed:
                said[name] = kept(value)
        price = self.cleaned_data.get("price")
        if price is not None and not _PLAIN.fullmatch(self.typed("price")):
            said["price"] = price_text(price, self.cleaned_data.get("currency", ""))
        if "isbn" in self.cleaned_data and (isbn := self._isbn_remark()):
            said["isbn"] = isbn
        return said

    def _isbn_remark(self) -> str:
        """Of an ISBN that is valid."""
        typed = self.typed("isbn")
        parsed = isbns.parse(typed)
        if parsed is None:
            return ""
        shown = isbns.hyphenate(parsed.digits13)
        if parsed.repaired:
            return gettext("%(isbn)s, repaired: leading zeros were missing") % {"isbn": shown}
        ten = len([sign for sign in typed if sign.isalnum()]) == 10
        if ten:
            return gettext("%(isbn)s, from the ISBN-10") % {"isbn": shown}
        return "" if shown == typed else shown

    def repairs(self) -> dict[str, str]:
        found = super().repairs()
        if re.sub(r"[\s-]", "", self.typed("isbn")) == self.instance.isbn:
            found.pop("isbn", None)  # the same digits: only the hyphens are ours
        return found

    def write(self) -> Book:
        cleaned = self.cleaned_data
        writes = set(self.columns().values()) if self.new else self.touched
        return books.save_book(
            self.instance,
            credits=cleaned["credits"] if "credits" in writes else None,
            publisher=cleaned["publisher"] if "publisher_id" in writes else UNCHANGED,
            subjects=cleaned["subjects"] if "subjects" in writes else None,
            cover=self.new_picture,
            user=self.user,
        )
