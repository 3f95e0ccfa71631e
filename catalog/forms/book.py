"""The form of a book."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Field, Layout, Row, Submit
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog import languages
from catalog.models import Book
from catalog.models.book import FIRST_YEAR, LAST_YEAR
from catalog.services import books

NAME_LENGTH = 200


class BookForm(forms.ModelForm):
    """A new book. Authors and publisher are written by name; the service finds or makes them."""

    authors = forms.CharField(
        label=_("Authors"),
        required=False,
        max_length=2000,
        help_text=_("Several are separated by a semicolon: “Ursula K. Le Guin; Charles Vess”."),
    )
    publisher = forms.CharField(label=_("Publisher"), required=False, max_length=NAME_LENGTH)
    language = forms.ChoiceField(label=_("Language"), required=False)

    class Meta:
        model = Book
        fields = ("title", "subtitle", "isbn", "year", "language", "pages", "description")
        help_texts = {"isbn": _("10 or 13 digits, with or without hyphens.")}
        error_messages = {"title": {"required": _("A book needs a title.")}}
        widgets = {"description": forms.Textarea(attrs={"rows": 5})}

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        language = self.fields["language"]
        assert isinstance(language, forms.ChoiceField)  # noqa: S101 - tells the type checker
        language.choices = [("", _("unknown")), *languages.choices()]
        for name in ("title", "subtitle", "authors", "publisher", "description"):
            self.fields[name].widget.attrs["dir"] = "auto"
        self.fields["title"].widget.attrs["autofocus"] = True
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": True}  # our own sentences, beside the fields
        self.helper.layout = Layout(
            Field("title", css_class="form-control-lg serif"),
            "subtitle",
            "authors",
            Row(
                Column("publisher", css_class="col-md-7"),
                Column("year", css_class="col-md-5"),
            ),
            Row(
                Column("isbn", css_class="col-md-7"),
                Column("pages", css_class="col-md-5"),
            ),
            "language",
            "description",
            Submit("save", _("Add the book")),
        )

    def clean_year(self) -> int | None:
        """The model's constraint, said beside the field."""
        year: int | None = self.cleaned_data["year"]
        if year is not None and (year == 0 or not FIRST_YEAR <= year <= LAST_YEAR):
            raise forms.ValidationError(
                _(
                    "There is no such year here: from %(first)d (negative, before the common era) "
                    "to %(last)d, without 0."
                ),
                params={"first": FIRST_YEAR, "last": LAST_YEAR},
            )
        return year

    def clean_authors(self) -> list[str]:
        names = [
            name
            for part in self.cleaned_data["authors"].split(";")
            if (name := " ".join(part.split()))
        ]
        for name in names:
            if len(name) > NAME_LENGTH:
                raise forms.ValidationError(
                    _("A name has at most %(most)d characters: put a semicolon between authors."),
                    params={"most": NAME_LENGTH},
                )
        return names

    def clean_publisher(self) -> str:
        return " ".join(self.cleaned_data["publisher"].split())

    def save(self, commit: bool = True) -> Book:
        """The service writes everything in one transaction; there is no half of it to keep."""
        return books.add_book(
            self.instance,
            authors=self.cleaned_data["authors"],
            publisher=self.cleaned_data["publisher"],
            user=self.user,
        )
