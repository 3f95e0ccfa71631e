"""Selecting books in a list, and saying what becomes of all of them."""

import re
from typing import Any, Final, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog import languages
from catalog.forms import currencies
from catalog.forms.book import YEAR_REFUSALS, read_price, read_year
from catalog.forms.picking import PublisherPickField
from catalog.forms.records import ReadField
from catalog.importers import values
from catalog.models import BulkEdit
from catalog.services.bulk_change import Change

MOST_IDS: Final = 100_000  # ticked one by one, page after page
LARGEST_ID: Final = 2**63 - 1
SEPARATOR: Final = re.compile(r"[\s,]+")


class SelectionForm(forms.Form):
    """What was ticked. `id` are the boxes of the page, `more` those of other pages of the list.

    `page` is one box for all of the page: with JavaScript it ticks the others.
    """

    action = forms.ChoiceField(
        choices=[("change", _("change")), ("delete", _("delete"))], required=False
    )
    all = forms.BooleanField(required=False)  # every book of the list
    list = forms.CharField(required=False, max_length=2_000)  # how the list stood
    more = forms.CharField(required=False, max_length=20 * MOST_IDS)
    page = forms.CharField(required=False, max_length=2_000)

    data: QueryDict

    def clean_list(self) -> str:
        return QueryDict(self.cleaned_data["list"].lstrip("?")).urlencode()

    def clean_action(self) -> str:
        return self.cleaned_data["action"] or BulkEdit.Action.CHANGE

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        listed = " ".join(cleaned.get(name, "") for name in ("more", "page"))
        texts = [*self.data.getlist("id"), *SEPARATOR.split(listed)]
        ids = {int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 20}
        cleaned["ids"] = sorted(pk for pk in ids if 0 < pk <= LARGEST_ID)
        if len(cleaned["ids"]) > MOST_IDS:
            raise forms.ValidationError(
                _("More than %(most)d books were ticked. Use “all” and a filter instead."),
                params={"most": MOST_IDS},
            )
        if not cleaned["ids"] and not cleaned.get("all"):
            raise forms.ValidationError(_("Nothing is selected: tick some books first."))
        return cleaned

    @property
    def problem(self) -> str:
        """What is wrong, as one sentence."""
        return " ".join(str(text) for texts in self.errors.values() for text in texts)


class BulkEditForm(forms.Form):
    """New values for all selected books. An empty field changes nothing; `empty` takes away."""

    publisher = PublisherPickField(label=_("Publisher"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    year = ReadField(read_year, refusals=YEAR_REFUSALS, label=_("Year"), required=False)
    price = ReadField(
        read_price,
        label=_("Price"),
        required=False,
        help_text=_("Without a currency it is set only in books that have a currency already."),
    )
    currency = forms.ChoiceField(label=_("Currency"), required=False)
    add_subjects = forms.CharField(
        label=_("Add subjects"),
        required=False,
        max_length=6_000,
        help_text=_("Several are separated by semicolons."),
    )
    remove_subjects = forms.CharField(
        label=_("Remove subjects"),
        required=False,
        max_length=6_000,
        help_text=_("Several are separated by semicolons."),
    )
    empty = forms.MultipleChoiceField(
        required=False,
        choices=[(name, name) for name in ("publisher", "language", "year", "price")],
    )

    EMPTIES: Final = {
        "publisher": _("No publisher"),
        "language": _("No language"),
        "year": _("No year"),
        "price": _("No price"),
    }

    def __init__(
        self, *args: Any, change: Change | None = None, user: User | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        cast(PublisherPickField, self.fields["publisher"]).as_allowed(user)
        self.credit = change.credit if change else None  # said where an author was to be deleted
        if change:
            self.initial = {**self.initial, **self._initial(change)}
        language, currency = self.fields["language"], self.fields["currency"]
        language.choices = [("", "—"), *languages.choices()]  # type: ignore[attr-defined]
        currency.choices = [("", "—"), *currencies.choices()]  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            if name == "empty":
                continue
            attrs = field.widget.attrs
            is_select = isinstance(field, forms.ChoiceField)
            attrs["class"] = "form-select" if is_select else "form-control"
            attrs.setdefault("autocomplete", "off")
            described = f"said_{name}" + (f" id_{name}_helptext" if field.help_text else "")
            attrs["aria-describedby"] = described
            if self.is_bound and name in self.errors:
                attrs["class"] += " is-invalid"
                attrs["aria-invalid"] = "true"

    @staticmethod
    def _initial(change: Change) -> dict[str, Any]:
        found: dict[str, Any] = {
            name: value for name, value in change.values.items() if value not in (None, "")
        }
        if found.pop("publisher_id", None) or change.publisher:
            found["publisher"] = change.publisher
        empties = {"publisher_id": "publisher", "language": "language", "year": "year"}
        found["empty"] = [
            empties.get(name, name)
            for name, value in change.values.items()
            if value in (None, "")
            and name != "currency"
            and not (name == "publisher_id" and change.publisher)
        ]
        found["add_subjects"] = "; ".join(change.add_subjects)
        found["remove_subjects"] = "; ".join(change.remove_subjects)
        return found

    def rows(self) -> list[dict[str, Any]]:
        """The fields with their box to empty them, for the template."""
        chosen = self["empty"].value() or []
        return [
            {
                "field": self[name],
                "empty": self.EMPTIES.get(name),
                "is_empty": name in chosen,
            }
            for name in self.fields
            if name != "empty"
        ]

    def _subjects(self, name: str) -> list[str]:
        return list(values.subjects(self.cleaned_data[name], ";").value)

    def clean_add_subjects(self) -> list[str]:
        return self._subjects("add_subjects")

    def clean_remove_subjects(self) -> list[str]:
        return self._subjects("remove_subjects")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in cleaned.get("empty", ()):
            if cleaned.get(name) not in (None, ""):
                self.add_error(
                    name, _("Either a new value, or the tick that takes it away: not both.")
                )
        if "price" in cleaned.get("empty", ()) and cleaned.get("currency"):
            self.add_error("currency", _("Without a price there is no currency."))
        price = cleaned.get("price")
        if price is not None and not cleaned.get("currency"):
            found = values.price(str(self.data.get("price", ""))).value[1]
            cleaned["currency"] = found if currencies.is_known(found) else ""
        if not self.errors and not self.change():
            raise forms.ValidationError(
                gettext("Say what is to be changed: fill in a field, or tick what to take away.")
            )
        return cleaned

    def change(self) -> Change:
        cleaned, emptied = self.cleaned_data, self.cleaned_data["empty"]
        found: dict[str, Any] = {
            name: cleaned[name]
            for name in ("language", "year", "price", "currency")
            if cleaned[name] not in (None, "")
        }
        found |= {name: None for name in ("year", "price") if name in emptied}
        if "language" in emptied:
            found["language"] = ""
        publisher = cleaned["publisher"]
        if publisher is not None or "publisher" in emptied:
            found["publisher_id"] = publisher.pk if publisher else None
        return Change(
            found,
            publisher,
            tuple(cleaned["add_subjects"]),
            tuple(cleaned["remove_subjects"]),
            self.credit,
        )
