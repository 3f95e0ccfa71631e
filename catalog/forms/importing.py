"""The forms of an import: the file, how it is read, what its columns mean, one row put right."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.importers.cells import cell_text, column_letter, display_name
from catalog.importers.fields import FIELDS
from catalog.importers.messages import DELIMITERS, ENCODINGS, sentence
from catalog.models import ImportJob, ImportRow


class UploadForm(forms.Form):
    """The file itself is judged by its content, in create_job."""

    file = forms.FileField(
        label=gettext_lazy("Spreadsheet"),
        max_length=None,
        error_messages={
            "required": gettext_lazy("No file came with the form. Choose one, then send it again."),
            "empty": gettext_lazy(
                "This file is empty: nothing was saved in it. Save it again and choose it anew."
            ),
        },
        widget=forms.FileInput(
            attrs={
                "accept": ".xlsx,.xlsm,.xls,.ods,.csv,.tsv,.txt",
                "class": "form-control",
                "aria-describedby": "upload-help",
            }
        ),
    )

    def clean_file(self) -> UploadedFile:
        upload: UploadedFile = self.cleaned_data["file"]
        self.cleaned_data["filename"] = display_name(upload.name or "") or _("unnamed")
        return upload


Choices = Sequence[tuple[str, Any]]
BY_ITSELF = ("", gettext_lazy("found by itself"))


class ReadingForm(forms.Form):
    """How the file is read: which sheet, which line is the header, which encoding."""

    sheet = forms.ChoiceField(label=gettext_lazy("Sheet"), required=False)
    header_row = forms.IntegerField(
        label=gettext_lazy("Header in row"),
        min_value=0,
        max_value=1_048_576,
        required=False,
        help_text=gettext_lazy("0 if there is none; leave it empty to have it found."),
        error_messages={"invalid": gettext_lazy("Give the number of the row, such as 1.")},
    )
    encoding = forms.ChoiceField(
        label=gettext_lazy("Encoding"), choices=[BY_ITSELF, *ENCODINGS], required=False
    )
    # Not stripped: a tab is one of the answers.
    delimiter = forms.ChoiceField(
        label=gettext_lazy("Between the columns"), choices=[BY_ITSELF, *DELIMITERS], required=False
    )

    def __init__(self, *args: Any, job: ImportJob, **kwargs: Any) -> None:
        options = job.options
        sheets = [sheet["name"] for sheet in options.get("sheets", ())]
        kwargs.setdefault("initial", {name: options.get(name) for name in self.base_fields})
        super().__init__(*args, **kwargs)
        if len(sheets) > 1:
            self._choose_from("sheet", [(name, name) for name in sheets])
        else:
            del self.fields["sheet"]
        if options.get("kind") != "csv":
            del self.fields["encoding"], self.fields["delimiter"]
        else:
            self._choose_from("encoding", [BY_ITSELF, *ENCODINGS], options.get("encoding"))
            self._choose_from("delimiter", [BY_ITSELF, *DELIMITERS], options.get("delimiter"))
        for field in self.fields.values():
            select = isinstance(field, forms.ChoiceField)
            field.widget.attrs["class"] = "form-select" if select else "form-control"

    def _choose_from(self, name: str, choices: Choices, found: str | None = None) -> None:
        """What was found in the file stays a choice, even if we do not offer it ourselves."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - narrows for the type checker
        listed = not found or found in {value for value, _label in choices}
        field.choices = choices if listed or not found else [*choices, (found, found)]

    def options(self) -> dict[str, Any]:
        """The answers, complete, as `remap` takes them."""
        data = self.cleaned_data
        return {
            "sheet": data.get("sheet") or "",
            "header_row": data.get("header_row"),
            "encoding": data.get("encoding") or "",
            "delimiter": data.get("delimiter") or "",
        }


@dataclass(frozen=True)
class Column:
    """A column of the file beside its select; what the mapping page shows as a line."""

    letter: str
    header: str
    bound: forms.BoundField
    percent: int
    samples: list[str]
    notes: list[str]


def _meanings() -> list[tuple[str, Any]]:
    """The choices of a column's meaning; “not used” stands first, where it is looked for."""
    rest = [(key, field.label) for key, field in FIELDS.items() if key != "ignore"]
    return [("ignore", gettext_lazy("not used")), *rest]


class MappingForm(forms.Form):
    """What each column means, and what happens to books that are here already."""

    on_duplicate = forms.ChoiceField(
        label=gettext_lazy("A book with this ISBN is already here"),
        choices=ImportJob.OnDuplicate.choices,
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def __init__(self, *args: Any, job: ImportJob, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.job = job
        self.guesses: list[dict[str, Any]] = list(job.options.get("columns", ()))
        self.fields["on_duplicate"].initial = job.on_duplicate
        for guess in self.guesses:
            name = self.name_of(guess)
            self.fields[name] = forms.ChoiceField(
                label=format_lazy(
                    gettext_lazy("Meaning of column {letter}"), letter=column_letter(guess["index"])
                ),
                choices=_meanings(),
                initial=guess["field"],
                widget=forms.Select(
                    attrs={"class": "form-select form-select-sm", "aria-describedby": f"{name}-is"}
                ),
            )

    @staticmethod
    def name_of(guess: Mapping[str, Any]) -> str:
        return f"column-{guess['index']}"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        taken: dict[str, int] = {}
        for guess in self.guesses:
            name = self.name_of(guess)
            field = data.get(name)
            if not field or field == "ignore":
                continue
            if field in taken and not FIELDS[field].multiple:
                self.add_error(
                    name,
                    _(
                        "Column %(letter)s is “%(field)s” already. Give one of the two another "
                        "meaning."
                    )
                    % {"letter": column_letter(taken[field]), "field": FIELDS[field].label},
                )
            taken.setdefault(field, guess["index"])
        if "title" not in taken:
            self.add_error(
                None, _("No column is the title yet. Choose the one that holds the titles.")
            )
        return data

    def mapping(self) -> dict[int, str]:
        """Column index → field, as `start` takes it."""
        return {guess["index"]: self.cleaned_data[self.name_of(guess)] for guess in self.guesses}

    def columns(self) -> Iterator[Column]:
        for guess in self.guesses:
            bound = self[self.name_of(guess)]
            if bound.errors:
                bound.field.widget.attrs["class"] += " is-invalid"
                bound.field.widget.attrs["aria-invalid"] = "true"
                bound.field.widget.attrs["aria-describedby"] += f" {bound.html_name}-wrong"
            yield Column(
                letter=column_letter(guess["index"]),
                header=guess["header"],
                bound=bound,
                percent=round(guess["confidence"] * 100),
                samples=guess["samples"],
                notes=[sentence(verdict) for verdict in guess.get("verdict", ())],
            )


@dataclass(frozen=True)
class RowField:
    """One field of a row being put right, with what there is to say about it."""

    bound: forms.BoundField
    letter: str
    problems: list[str]
    remarks: list[str]
    wide: bool
    first: bool  # shown at once; the others on request


ALWAYS_SHOWN = {"title", "authors", "isbn"}  # they tell which book it is


class RowForm(forms.Form):
    """The mapped cells of one row. What they must be is the reader's business, not this form's:
    it takes any text, and shows the notes that the reader made."""

    def __init__(self, *args: Any, row: ImportRow, **kwargs: Any) -> None:
        kwargs.setdefault("prefix", f"row-{row.number}")
        super().__init__(*args, **kwargs)
        self.row = row
        self.notes: list[dict[str, Any]] = list(row.notes)
        cells = json.loads(row.raw)
        self.mapping = {
            int(index): field
            for index, field in row.job.options.get("mapping", {}).items()
            if field not in {"ignore", "row_number"}
        }
        for index, field in sorted(self.mapping.items()):
            text = cell_text(cells[index]) if index < len(cells) else ""
            self.fields[str(index)] = forms.CharField(
                label=str(FIELDS[field].label),
                required=False,
                strip=False,
                max_length=50_000,
                initial=text,
                widget=(
                    forms.Textarea(attrs={"class": "form-control form-control-sm", "rows": 3})
                    if field == "description" or len(text) > 120
                    else forms.TextInput(
                        attrs={"class": "form-control form-control-sm", "autocomplete": "off"}
                    )
                ),
            )

    def values(self) -> dict[int, str]:
        """Column index → the text it should have held."""
        return {int(name): text for name, text in self.cleaned_data.items()}

    def row_fields(self) -> list[RowField]:
        """The fields with their sentences; those of a field stand at its first column."""
        rest = list(self.notes)
        fields = []
        focused = not self.is_bound
        for index, field in sorted(self.mapping.items()):
            mine = [note for note in rest if note.get("field") == field]
            rest = [note for note in rest if note.get("field") != field]
            problems = [sentence(note) for note in mine if note["level"] == "error"]
            remarks = [sentence(note) for note in mine if note["level"] != "error"]
            bound = self[str(index)]
            problems.extend(str(error) for error in bound.errors)
            attrs = bound.field.widget.attrs
            if problems:
                attrs["class"] += " is-invalid"
                attrs["aria-invalid"] = "true"
                if not focused:
                    attrs["autofocus"] = focused = True
            if problems or remarks:
                attrs["aria-describedby"] = f"{bound.id_for_label}-notes"
            fields.append(
                RowField(
                    bound,
                    column_letter(index),
                    problems,
                    remarks,
                    wide=field in {"title", "description"},
                    first=bool(problems) or field in ALWAYS_SHOWN,
                )
            )
        return fields

    def has_more(self) -> bool:
        wrong = {note.get("field") for note in self.notes if note["level"] == "error"}
        return any(field not in ALWAYS_SHOWN | wrong for field in self.mapping.values())

    def other_notes(self) -> list[str]:
        """What there is to say about fields that have no column."""
        fields = set(self.mapping.values())
        return [sentence(note) for note in self.notes if note.get("field") not in fields]
