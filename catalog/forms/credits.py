"""The credits of a book in its form: rows of author, role and name as printed, in their order.

A row is whatever has fields `credits-N-…` in the data, wherever the numbers come from: the script
makes rows without asking, and plain forms are sent with the rows that they were given. Rows stand
in the order of `credits-N-position`, then of N. Everything is looked up for all rows at once.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.forms.utils import ErrorDict, ErrorList, flatatt
from django.template.loader import render_to_string
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.forms.picking import AuthorPickField, Picked, PickWidget, Typed
from catalog.forms.selects import QuickSelect
from catalog.models import Contribution
from catalog.services.books import CreditInput
from catalog.text import match_key

MOST: Final = 200
SHOWN: Final = 250  # rows that are looked at at all; nobody typed more
INLINE: Final = ("author", "credited_as")
ADD, UP, DOWN, REMOVE = "add", "up", "down", "remove"


class CreditForm(forms.Form):
    """One row. An empty one is nothing."""

    author = AuthorPickField(label=gettext_lazy("Contributor"), required=False)
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=Contribution.Role.choices,
        initial=Contribution.Role.AUTHOR,
        required=False,
        widget=QuickSelect,
    )
    credited_as = forms.CharField(
        label=gettext_lazy("Credited as"),
        max_length=200,
        required=False,
        widget=forms.TextInput(
            attrs={
                "dir": "auto",
                "autocomplete": "off",
                "placeholder": gettext_lazy("if printed otherwise"),
            }
        ),
    )
    position = forms.IntegerField(
        label=gettext_lazy("Place"), required=False, min_value=0, max_value=32_000
    )

    def __init__(self, *args: Any, number: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.number = number  # N of the names of its inputs
        self.place = 0  # in the order of the rows, from 1
        for name, css in (
            ("author", "form-control"),
            ("role", "form-select"),
            ("credited_as", "form-control"),
            ("position", "form-control"),
        ):
            self.fields[name].widget.attrs["class"] = css
            self.fields[name].widget.attrs["aria-describedby"] = f"feedback_{self.add_prefix(name)}"
        self.fields["credited_as"].widget.attrs.pop("maxlength", None)  # the server says it
        cast(PickWidget, self.fields["author"].widget).in_rows = True

    @property
    def buttons(self) -> str:
        """What the names of its buttons begin with: `credits` of `credits-3`."""
        return str(self.prefix).rpartition("-")[0]

    @property
    def prefix_number(self) -> str:
        return str(self.prefix).rpartition("-")[2]

    @property
    def typed(self) -> Typed:
        return cast(Typed, self["author"].value() or Typed())

    @property
    def said(self) -> str:
        """Whom the row is about, for the names of its buttons."""
        return self.typed.text

    @property
    def is_empty(self) -> bool:
        """Nothing was typed: a chosen role alone is no credit."""
        printed = self["credited_as"].value() or ""
        return not self.typed.text.strip() and not printed.strip()

    def clean_role(self) -> str:
        return self.cleaned_data["role"] or Contribution.Role.AUTHOR

    def clean_credited_as(self) -> str:
        return " ".join(self.cleaned_data["credited_as"].split())

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = self.cleaned_data
        if (
            cleaned.get("credited_as")
            and not cleaned.get("author")
            and not self.has_error("author")
        ):
            self.add_error(
                "author", ValidationError(_("Say who is credited with this name."), code="nobody")
            )
        return cleaned

    def _post_clean(self) -> None:
        for name in self.errors:
            if name in self.fields:
                attrs = self.fields[name].widget.attrs
                attrs["class"] = f"{attrs['class']} is-invalid"

    @property
    def credit(self) -> CreditInput | None:
        author = self.cleaned_data.get("author")
        if author is None:
            return None
        return CreditInput(author, self.cleaned_data["role"], self.cleaned_data["credited_as"])


@dataclass(frozen=True)
class Action:
    """A button that changes the rows and saves nothing."""

    name: str
    number: int = -1  # of the row
    said: str = ""  # what was done, to be announced


class CreditFormSet:
    """`data` None: the rows of `initial`, each {"author": Picked, "role", "credited_as"}."""

    template_name = "catalog/partials/_credits.html"

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        files: Any = None,
        *,
        initial: Iterable[Mapping[str, Any]] = (),
        prefix: str = "credits",
        allow_new: bool = True,
    ) -> None:
        self.allow_new = allow_new
        self.data = data
        self.initial = [dict(row) for row in initial]
        self.prefix = prefix
        self.is_bound = data is not None
        self.done: Action | None = None

    @staticmethod
    def initial_of(contributions: Iterable[Contribution]) -> list[dict[str, Any]]:
        """The rows of a book's credits, loaded with their authors."""
        return [
            {"author": item.author, "role": item.role, "credited_as": item.credited_as}
            for item in contributions
        ]

    # --- The rows -----------------------------------------------------------------------------
    @cached_property
    def forms(self) -> list[CreditForm]:
        """The rows in their order; one empty row where there would be none."""
        rows = self._sent() if self.data is not None else self._given(self.initial)
        return self._numbered(rows)

    def _numbered(self, rows: list[CreditForm]) -> list[CreditForm]:
        for place, row in enumerate(rows, 1):
            row.place = place
        return rows

    def _given(self, rows: Sequence[Mapping[str, Any]]) -> list[CreditForm]:
        return [self._unbound(number, row) for number, row in enumerate(rows or [{}])]

    def _unbound(self, number: int | str, row: Mapping[str, Any]) -> CreditForm:
        place = number + 1 if isinstance(number, int) else None
        return CreditForm(
            initial={**row, "position": place},
            prefix=f"{self.prefix}-{number}",
            number=number if isinstance(number, int) else 0,
        )

    def _sent(self) -> list[CreditForm]:
        assert self.data is not None  # noqa: S101 - tells the type checker
        pattern = re.compile(rf"{re.escape(self.prefix)}-(\d{{1,6}})-(?:author|credited_as)")
        numbers = {int(match[1]) for name in self.data if (match := pattern.fullmatch(name))}
        rows = [
            CreditForm(self.data, prefix=f"{self.prefix}-{number}", number=number)
            for number in sorted(numbers)[:SHOWN]
            if not self.data.get(f"{self.prefix}-{number}-DELETE")
        ]
        rows.sort(key=_position)
        return rows or self._given([])

    @property
    def empty_form(self) -> CreditForm:
        """The row that the script copies; it puts a number in place of `__prefix__`."""
        return self._unbound("__prefix__", {})

    # --- What was typed -----------------------------------------------------------------------
    @cached_property
    def errors(self) -> list[dict[str, ErrorList]]:
        """The rows' errors; the first time everything is validated."""
        if not self.is_bound or self.action() is not None:
            return []
        filled = [row for row in self.forms if row.is_bound and not row.is_empty]
        if len(filled) > MOST:  # refused as a whole: no row is looked up
            for row in filled:
                vars(row)["_errors"] = ErrorDict()
            return [{} for _row in self.forms]
        outcomes = AuthorPickField.resolve(list({row.typed for row in filled}))
        for row in self.forms:
            author = cast(AuthorPickField, row.fields["author"])
            author.resolved = outcomes
            author.allow_new = author.widget.allow_new = self.allow_new
        seen: set[tuple[Any, str]] = set()
        for row in filled:
            self._refuse_second(row, seen)
        return [dict(row.errors) if row.is_bound and not row.is_empty else {} for row in self.forms]

    def _refuse_second(self, row: CreditForm, seen: set[tuple[Any, str]]) -> None:
        if not row.is_valid() or row.credit is None:
            return
        key = (_same(row.credit.author), row.credit.role)
        if key in seen:
            text = _("%(name)s stands here as %(role)s already.") % {
                "name": row.credit.author.name,
                "role": Contribution.Role(row.credit.role).label,
            }
            row.add_error("author", ValidationError(text, code="twice"))
            row.fields["author"].widget.attrs["class"] = "form-control is-invalid"
        seen.add(key)

    def non_form_errors(self) -> ErrorList:
        if self.is_bound and self.action() is None and len(self._filled()) > MOST:
            text = _("A book has at most %(most)d credits here; these are %(number)d.")
            return ErrorList([text % {"most": MOST, "number": len(self._filled())}])
        return ErrorList()

    def _filled(self) -> list[CreditForm]:
        return [row for row in self.forms if not row.is_empty]

    def is_valid(self) -> bool:
        return (
            self.is_bound
            and self.action() is None
            and not any(self.errors)
            and not self.non_form_errors()
        )

    def credits(self) -> list[CreditInput]:
        """The credits of valid rows, in their order."""
        if not self.is_valid():
            raise ValueError("The rows are not valid: they have no credits.")
        return [credit for row in self._filled() if (credit := row.credit) is not None]

    # --- Buttons ------------------------------------------------------------------------------
    def action(self) -> Action | None:
        """The button that was pressed, if it was one of the rows': they are changed already.

        The page is to be shown again as it is, nothing is to be validated or saved.
        """
        return self._action

    @cached_property
    def _action(self) -> Action | None:
        if self.data is None:
            return None
        for name in (ADD, UP, DOWN, REMOVE):
            value = self.data.get(f"{self.prefix}-{name}")
            if value is not None:
                number = int(value) if str(value).isdecimal() and len(str(value)) < 7 else -1
                return self._act(name, number)
        return None

    def _act(self, name: str, number: int) -> Action:
        rows = self.forms
        at = next((at for at, row in enumerate(rows) if row.number == number), None)
        values = [
            {
                "author": row.typed,
                "role": row["role"].value(),
                "credited_as": row["credited_as"].value(),
            }
            for row in rows
        ]
        said = ""
        who = rows[at].said or _("The empty row") if at is not None else ""
        focus = -1
        if name == ADD:
            values.append({})
            focus, said = len(values) - 1, _("A row was added.")
        elif at is not None and name == REMOVE:
            del values[at]
            focus = min(at, len(values) - 1)
            said = _("%(name)s was taken out.") % {"name": who}
        elif at is not None:
            to = at + (1 if name == DOWN else -1)
            to = max(0, min(to, len(values) - 1))
            values.insert(to, values.pop(at))
            focus = to
            said = _("%(name)s now stands at place %(place)d of %(all)d.") % {
                "name": who, "place": to + 1, "all": len(values),
            }  # fmt: skip
        self.forms = self._numbered(self._given(values))
        return Action(name, focus, said)

    def focus_first_error(self) -> bool:
        """Whether there is a row with one."""
        for row, errors in zip(self.forms, self.errors, strict=False):
            for name in row.fields:
                if name in errors:
                    row.fields[name].widget.attrs["autofocus"] = True
                    return True
        return False

    def inline_fields(self) -> list[BoundField]:
        """What can be typed wrong where a script numbers the rows: with what is wrong about it."""
        _errors = self.errors
        return [row[name] for row in self.forms if row.is_bound for name in INLINE]

    def __str__(self) -> SafeString:
        return self.render()

    def render(self, attrs: Mapping[str, Any] | None = None) -> SafeString:
        """`attrs` of the whole: with which the page asks about the rows while somebody types."""
        _errors = self.errors  # what the rows show of themselves depends on it
        context = {"formset": self, "attrs": flatatt(dict(attrs or {}))}
        return render_to_string(self.template_name, context)

    @property
    def most(self) -> int:
        return MOST

    @property
    def full(self) -> bool:
        return len(self.forms) >= MOST


def canonical(credit: CreditInput) -> list[Any]:
    """For comparing: [author's key, or the name of a new one, role, name as printed]."""
    author = credit.author
    return [author.pk if author.pk is not None else author.name, credit.role, credit.credited_as]


def _same(author: Picked) -> Any:
    return author.pk if author.pk is not None else match_key(author.name)


def _position(row: CreditForm) -> tuple[int, int]:
    text = str(row["position"].value() or "").strip()
    return (int(text) if text.isdecimal() and len(text) < 7 else 1_000_000, row.number)
