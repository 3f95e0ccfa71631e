"""What is to become of the books of a publisher or an author that is deleted."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.forms.picking import AuthorPickField, PickField, PublisherPickField
from catalog.models.versioned import VersionedModel
from catalog.services.books import Picked
from catalog.services.bulk_change import Change

MOVE, LEAVE = "move", "leave"


class DeleteForm(forms.Form):
    """A confirmation without questions: for a book, and for whoever has no books."""

    def __init__(self, *args: Any, record: VersionedModel, books: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.record = record

    @property
    def options(self) -> dict[str, Any]:
        """For `delete_record()`."""
        return {}


class MoveBooksForm(DeleteForm):
    """Where the books go; `books` is how many the page has shown."""

    choices: ClassVar[list[tuple[str, Any]]]

    books = forms.IntegerField(required=False, widget=forms.HiddenInput)
    what = forms.ChoiceField(
        label=_("What is to become of the books?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what is to become of the books.")},
    )
    replacement: PickField

    def __init__(self, *args: Any, books: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, books=books, **kwargs)
        self.initial.setdefault("books", books)
        self.initial.setdefault("what", MOVE)
        what = self.fields["what"]
        assert isinstance(what, forms.ChoiceField)  # noqa: S101 - tells the type checker
        what.choices = self.choices
        self.fields["replacement"].widget.attrs["class"] = "form-control"

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        if field == "replacement" or (field is None and "replacement" in self.errors):
            self.fields["replacement"].widget.attrs |= {
                "class": "form-control is-invalid",
                "aria-invalid": "true",
                "aria-describedby": "replacement-wrong",
            }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("what") == MOVE and "replacement" in cleaned:
            picked = cleaned["replacement"]
            if picked is None:
                self.add_error("replacement", _("Choose who gets the books."))
            elif picked.pk == self.record.pk:
                self.refuse_replacement()
        return cleaned

    def refuse_replacement(self) -> None:
        self.add_error("replacement", _("That is the one that you are deleting: choose another."))

    @property
    def options(self) -> dict[str, Any]:
        picked = self.cleaned_data["replacement"] if self.cleaned_data["what"] == MOVE else None
        field = self.fields["replacement"]
        assert isinstance(field, PickField)  # noqa: S101 - tells the type checker
        return {
            "replacement": None if picked is None else field.model(pk=picked.pk, name=picked.name),
            "leave": self.cleaned_data["what"] == LEAVE,
            "expected": self.cleaned_data["books"],
        }

    @property
    def change(self) -> Change:
        """The same for more books than are moved while somebody waits."""
        raise NotImplementedError


class MovePublisherBooksForm(MoveBooksForm):
    choices = [
        (MOVE, _("Give them to another publisher")),
        (LEAVE, _("Leave them without a publisher")),
    ]
    replacement = PublisherPickField(
        label=_("The other publisher"), required=False, allow_new=False
    )

    @property
    def change(self) -> Change:
        picked = None if self.options["leave"] else self.cleaned_data["replacement"]
        return Change({"publisher_id": picked and picked.pk}, picked)


class MoveAuthorBooksForm(MoveBooksForm):
    choices = [(MOVE, _("Credit another author in their place"))]
    replacement = AuthorPickField(label=_("The other author"), required=False, allow_new=False)

    @property
    def change(self) -> Change:
        goes = Picked(self.record.pk, str(self.record))
        return Change(credit=(goes, self.cleaned_data["replacement"]))
