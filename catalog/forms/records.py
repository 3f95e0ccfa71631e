"""What the forms of books, authors and publishers have in common.

A record's form knows the version that it was opened on. Before it validates, what others saved
in between is taken over where this form left a field alone; what both changed is asked about.
"""

import datetime
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout
from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import IntegrityError
from django.forms.boundfield import BoundField
from django.forms.utils import ErrorDict
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.forms.uploads import PictureField
from catalog.importers.messages import sentence
from catalog.importers.values import LONGEST_NUMBER, Read
from catalog.models import Submission
from catalog.models.indexed import deferred
from catalog.models.versioned import plain, record_kind
from catalog.presentation import Row as Shown
from catalog.services import editing, pictures
from catalog.services.pictures import PictureChange

MINE, THEIRS = "mine", "theirs"  # the values of the choice between two values
PASSING: Final = {  # not what the record is made of
    "csrfmiddlewaretoken",
    "then",
    "anyway",
    "radar-looked",
    "radar-shown",
    "radar-dismissed",
}
TOO_LONG: Final = _("This is too long: at most %(most)d signs.")
CHOOSE: Final = _("Somebody else has changed this too. Choose one of the two.")
CHOOSE_OWN: Final = _("You have changed this in another window too. Choose one of the two.")


class Row(Field):  # type: ignore[misc] # crispy has no types
    """A field with its label, its help and, below it, what the server says about its value."""

    template = "catalog/partials/_field.html"


class ReadField(forms.CharField):
    """Read as an import reads a cell, so that a typed value and an imported one obey one rule.

    An import takes what it can and says so; a form refuses it instead. `refusals` are its own
    words for that, by the code of the problem.
    """

    def __init__(
        self,
        read: Callable[[str], Read[Any]],
        *,
        refusals: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.read = read
        self.refusals = refusals or {}

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if text is None or text in self.empty_values:
            return None
        if len(text) > LONGEST_NUMBER:  # before anything reads it: see catalog.importers.values
            raise forms.ValidationError(TOO_LONG, code="too_long", params={"most": LONGEST_NUMBER})
        value, problems = self.read(text)
        for problem in problems:
            if problem.level != "repair":
                note = {"code": problem.code, "value": text, "now": problem.now}
                refusal = self.refusals.get(problem.code)
                raise forms.ValidationError(
                    refusal % note if refusal else sentence(note), code=problem.code
                )
        return value

    def prepare_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, str) else str(value)

    def run_validators(self, value: Any) -> None:
        """The text's own (its length) are asked by to_python()'s rule already."""


@dataclass(frozen=True)
class Disagreement:
    """A field that this form and somebody else changed: both values, to choose from.

    Texts, or two `pictures` (None where there is none).
    """

    name: str
    label: str
    mine: str
    theirs: str
    user: str
    at: datetime.datetime | None
    own: bool = False  # the same person, in another window
    pictures: tuple[Shown | None, Shown | None] | None = None


class RecordBoundField(BoundField):
    """A field with what there is to say about its value."""

    form: "RecordForm"

    @property
    def remark(self) -> str:
        return self.form.said.get(self.name, "")

    @property
    def conflict(self) -> Disagreement | None:
        return next((each for each in self.form.conflicts if each.name == self.name), None)

    def build_widget_attrs(self, attrs: dict[str, Any], widget: Any = None) -> dict[str, Any]:
        built: dict[str, Any] = super().build_widget_attrs(attrs, widget)
        return built | {"autofocus": True} if self.name == self.form.focused else built

    @property
    def is_group(self) -> bool:
        """Several inputs: there is not one that a label could be for."""
        return bool(getattr(self.field.widget, "is_group", False))


class _Unreadable(str):
    """What was typed and is not valid: no value, and so like none."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True


def as_querydict(values: Mapping[str, Any]) -> QueryDict:
    """Values that no request brought: those of the API, of a shell, of a test."""
    data = QueryDict(mutable=True)
    for name, value in values.items():
        data.setlist(name, value if isinstance(value, list | tuple) else [value])
    return data


class AlreadySaved(Exception):
    """The second of two clicks; `pk` is the record that the first one made."""

    def __init__(self, pk: int) -> None:
        super().__init__(pk)
        self.pk = pk


class RecordForm(forms.ModelForm):
    """The form of a record; the class attributes say what is particular about one kind."""

    # Fields whose rules belong together: when one is left, the others are looked at again.
    together: ClassVar[tuple[tuple[str, ...], ...]] = ()
    bound_field_class = RecordBoundField
    checking = False  # single fields, while somebody still types: nobody is asked to choose
    picture: ClassVar[str] = ""  # the field with the record's picture
    first: ClassVar[str] = "name"  # what the record is called

    data: QueryDict

    version = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    token = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *args: Any, user: User | None = None, **kwargs: Any):
        if data is not None:  # a copy: others' newer values are put into it
            data = data.copy() if isinstance(data, QueryDict) else as_querydict(data)
        super().__init__(data, *args, **kwargs)
        self.sent = self.data.copy()  # as it came, for telling two clicks apart
        self.user = user
        self.new = self.instance._state.adding
        self.conflicts: list[Disagreement] = []
        self.taken: list[str] = []  # labels of fields with a newer value of somebody else
        self.touched: set[str] = set()  # columns and parts that this form changes
        self.record_state: dict[str, Any] = {} if self.new else self.state_now()
        self.initial.setdefault("version", None if self.new else self.instance.version)
        self.helper = FormHelper()
        self.helper.form_tag = False  # the template's form carries more
        self.helper.disable_csrf = True
        self.helper.render_hidden_fields = True
        self.helper.layout = self.layout()
        if self.picture:
            self.picture_field.bind(user, getattr(self.instance, self.picture))
            self.picture_field.widget.attrs["aria-describedby"] = f"feedback_{self.picture}"
        for name in self.inline_fields:
            self.prepare_widget(name, self.fields[name].widget.attrs)

    # --- What a kind says about itself ----------------------------------------------------------
    def layout(self) -> Layout:
        return Layout(*(Row(name) for name in self.inline_fields))

    @property
    def inline_fields(self) -> list[str]:
        """The fields that the server can be asked about one by one."""
        return [
            name
            for name, field in self.fields.items()
            if not field.widget.is_hidden and not isinstance(field, PictureField)
        ]

    @property
    def picture_field(self) -> PictureField:
        field = self.fields[self.picture]
        assert isinstance(field, PictureField)  # noqa: S101 - tells the type checker
        return field

    def prepare_widget(self, name: str, attrs: dict[str, Any]) -> None:
        described = f"feedback_{name}"
        if self.fields[name].help_text:
            described += f" id_{name}_helptext"
        attrs.setdefault("aria-describedby", described)
        widget = self.fields[name].widget
        css = "form-select" if isinstance(widget, forms.Select) else "form-control"
        attrs["class"] = f"{attrs.get('class', '')} {css}".strip()
        attrs |= {
            "hx-post": f"?field={name}",
            "hx-trigger": "change",
            "hx-target": f"#feedback_{name}",
            "hx-swap": "innerHTML",
            "hx-sync": "closest form:queue all",
        }
        if isinstance(widget, forms.TextInput | forms.Textarea):
            attrs.pop("maxlength", None)  # cuts what is pasted without a word; the server says it
            attrs.setdefault("dir", "auto")
            attrs.setdefault("autocomplete", "off")
        if name == self.first:
            attrs["class"] += " form-control-lg serif"

    @property
    def focused(self) -> str:
        """The field with the cursor when the page opens: the first one that is wrong, if any is."""
        names = [pointer.name for pointer in self.helper.layout.get_field_names()]
        return next((name for name in [*names, self.picture] if name in self.errors), self.first)

    def check(self, name: str) -> list[BoundField]:
        """Validate this field and those whose rules it shares, and nothing else.

        Returns the others that there is now something (or nothing any more) to say about.
        """
        names = {name, *(other for group in self.together if name in group for other in group)}
        for other in list(self.fields):
            if other not in names and other != "version":
                del self.fields[other]
        self.checking = True
        self.full_clean()
        return [self[other] for other in self.fields if other in names - {name}]

    def pressed(self) -> bool:
        """Was it a button that changes something in the form, and saves nothing?"""
        return False

    def leave_unjudged(self) -> None:
        """Show what was typed, without errors."""
        self._errors = ErrorDict()
        self.cleaned_data: dict[str, Any] = {}

    def remarks(self) -> dict[str, str]:
        """What has become of valid values that are kept otherwise than typed, by field."""
        return {}

    @cached_property
    def said(self) -> dict[str, str]:
        if not self.is_bound or self.errors is None:
            return {}
        return {name: text for name, text in self.remarks().items() if name not in self.errors}

    def typed(self, name: str) -> str:
        return str(self.data.get(self.add_prefix(name), "")).strip()

    def repairs(self) -> dict[str, str]:
        """The remarks that are worth a word after saving too: no value is as it was typed."""
        return {name: text for name, text in self.said.items() if self.typed(name)}

    # --- Two people, one record -----------------------------------------------------------------
    def columns(self) -> dict[str, str]:
        """The fields of this form, and under which name the state of a record has them."""
        model = self._meta.model
        names = {field.name for field in model._meta.concrete_fields if field.name != "version"}
        return {name: model._meta.get_field(name).attname for name in self.fields if name in names}

    def state_now(self) -> dict[str, Any]:
        """The record as it was loaded, by column; costs no query."""
        return {
            field.attname: plain(getattr(self.instance, field.attname))
            for field in self.instance._meta.concrete_fields
        }

    def wanted(self, name: str) -> Any:
        """A field's valid value as the state of a record has it."""
        return self.cleaned_data[name]

    def wanted_picture(self, opened_on: str) -> str:
        """The name that the picture is to have: the one it had, if this form leaves it alone.

        A file that was refused is no picture; what is said about it stays.
        """
        change = self.new_picture
        if change is None:
            return opened_on
        upload = change.upload
        return pictures.place_of(self.instance, self.picture, upload) if upload else ""

    def written(self, column: str, value: Any) -> str:
        """A value of a record's state, for reading."""
        return "" if value in (None, "") else str(value)

    def show(self, name: str, column: str, value: Any) -> None:
        """Put the value that somebody else saved into the input."""
        if name == self.picture:
            for part in ("upload", "clear"):
                self.data.pop(f"{name}-{part}", None)
            self.picture_field.widget.kept = None
            return
        field = self.fields[name]
        shown = field.widget.format_value(field.prepare_value(value))
        self.data[self.add_prefix(name)] = "" if shown is None else shown

    def _clean_form(self) -> None:
        if not self.new:
            self.take_newer()
        super()._clean_form()  # type: ignore[misc] # the stubs leave it out

    def take_newer(self) -> None:
        """Three sides: the record when this form was opened, this form, and the record now."""
        opened_on = self.cleaned_data.get("version") or self.instance.version
        theirs, columns = self.record_state, self.columns()
        base: dict[str, Any] | None = theirs
        if opened_on != self.instance.version:
            base = editing.state_at(self.instance, opened_on)
        mine = {
            column: _Unreadable() if name in self.errors else self.wanted(name)
            for name, column in columns.items()
            if name != self.picture
        }
        if self.picture in columns:
            mine[self.picture] = self.wanted_picture((base or theirs)[self.picture])
        for name in self.asked():
            if self.choice(name) == THEIRS and name in columns:
                mine[columns[name]] = theirs[columns[name]]
        merged = editing.merge(
            mine,
            base=base,
            theirs=theirs,
            unanswered=[columns[name] for name in self.asked() if not self.choice(name)],
        )
        self.touched = merged.touched
        self.data["version"] = str(self.instance.version)
        for name, column in columns.items():
            if column in merged.conflicts or column in merged.touched:
                continue
            if self.choice(name) == THEIRS:
                self.errors.pop(name, None)
            if column in merged.taken or self.choice(name) == THEIRS:
                self.show(name, column, theirs[column])
            if column in merged.taken:
                self.taken.append(str(self.fields[name].label))
            if name in (self._meta.fields or ()):
                self.cleaned_data[name] = theirs[column]
            elif name == self.picture:
                self.cleaned_data[name] = None
        if merged.conflicts and not self.checking:
            self._ask(merged.conflicts, opened_on)

    @property
    def in_two_windows(self) -> bool:
        """Nobody else is involved."""
        return bool(self.conflicts) and all(each.own for each in self.conflicts)

    def choice(self, name: str) -> str:
        return str(self.data.get(f"choose-{name}", ""))

    def asked(self) -> list[str]:
        """The fields whose two values the page that was sent had shown."""
        columns = self.columns()
        return [name for name in self.data.getlist("asked") if name in columns]

    def _ask(self, conflicts: Mapping[str, tuple[Any, Any]], since: int) -> None:
        who = editing.changed_by(self.instance, since, conflicts)
        for name, column in self.columns().items():
            if column not in conflicts:
                continue
            mine, theirs = conflicts[column]
            change = who.get(column)
            own = bool(change and self.user and change.user == self.user.get_username())
            typed = self.data.get(self.add_prefix(name), "")
            self.conflicts.append(
                Disagreement(
                    name=name,
                    label=str(self.fields[name].label),
                    mine=typed if isinstance(mine, _Unreadable) else self.written(column, mine),
                    theirs=self.written(column, theirs),
                    user=change.user if change else "",
                    at=change.at if change else None,
                    own=own,
                    pictures=self.picture_field.widget.sides() if name == self.picture else None,
                )
            )
            if name == self.picture:
                self.picture_field.widget.asked = True
            self.add_error(name, forms.ValidationError(CHOOSE_OWN if own else CHOOSE, "conflict"))

    def _update_errors(self, errors: forms.ValidationError) -> None:
        """The model names fields that this form may not have: a cell, one field that is checked.

        A form that is checked is told nothing about those; one that is saved, at its first field.
        """
        if hasattr(errors, "error_dict"):
            others = set(errors.error_dict) - {*self.fields, NON_FIELD_ERRORS}
            said = [item for name in sorted(others) for item in errors.error_dict.pop(name)]
            if said and not self.checking:
                self.add_error(self.visible_fields()[0].name, said)
        super()._update_errors(errors)  # type: ignore[misc] # the stubs leave it out

    def _post_clean(self) -> None:
        """Without the constraints: the fields and clean() have said the same rules beside their
        fields, and asking the database about each one would be three queries a rule. Saving
        asks it anyway.
        """
        vars(self.instance)["validate_constraints"] = lambda exclude=None: None
        try:
            super()._post_clean()  # type: ignore[misc] # the stubs leave it out
        finally:
            del vars(self.instance)["validate_constraints"]

    # --- Saving ---------------------------------------------------------------------------------
    @property
    def changes_something(self) -> bool:
        return self.new or bool(self.touched)

    @property
    def new_picture(self) -> PictureChange | None:
        change: PictureChange | None = self.cleaned_data.get(self.picture)
        return change

    def save(self, commit: bool = True) -> Any:
        """All or nothing, in one transaction; there is no half of it to keep.

        Raises AlreadySaved for a form that was sent twice, Conflict and RecordGone as models do.
        """
        if not self.changes_something:
            return self.instance
        try:
            with deferred():
                record = self.write()
                if key := self.submission_key():
                    kind = record_kind(record)
                    Submission.objects.create(key=key, kind=kind, record_id=record.pk)
                return record
        except IntegrityError:
            self.refuse_second_click()
            raise

    def write(self) -> Any:
        if self.new and hasattr(self.instance, "created_by_id"):
            self.instance.created_by = self.user
        if not self.new:
            pictures.attach(self.instance, self.picture, self.new_picture, save=False)
        self.instance.save()
        if self.new:  # the files lie in a folder of the record's number
            pictures.attach(self.instance, self.picture, self.new_picture)
        return self.instance

    def submission_key(self) -> str:
        """The same for the same form with the same values: another value is another record."""
        token = self.sent.get("token", "")
        if not self.new or not token:
            return ""
        typed = sorted((name, self.sent.getlist(name)) for name in self.sent if name not in PASSING)
        sent: dict[str, Any] = dict(self.files.items())
        files = sorted((name, file.name, file.size) for name, file in sent.items())
        return hashlib.blake2b(repr((typed, files)).encode(), digest_size=32).hexdigest()

    def refuse_second_click(self) -> None:
        """Raises AlreadySaved; before validation, which would find the first click's record."""
        key = self.submission_key()
        done = Submission.objects.filter(key=key).first() if key else None
        if done is None:
            return
        if not self._meta.model._default_manager.filter(pk=done.record_id).exists():
            done.delete()  # the record was deleted since: this makes another
            return
        raise AlreadySaved(done.record_id)
