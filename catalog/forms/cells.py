"""One cell of the table of books as a form: the book's own form without its other fields."""

from typing import Any, Final

from django.utils.translation import gettext as _

from catalog.forms.book import BookForm

# What can be changed in the table, cell by cell, in the order of the columns.
CELLS: Final[dict[str, tuple[str, ...]]] = {
    "title": ("title",),
    "publisher": ("publisher",),
    "year": ("year",),
    "language": ("language",),
    "price": ("price", "currency"),
}


class BookCellForm(BookForm):
    """The same rules, the same way to deal with what somebody else has saved meanwhile."""

    def __init__(self, *args: Any, cell: str, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="cell_%s", **kwargs)
        self.cell = cell
        for name in list(self.fields):
            if name not in (*CELLS[cell], "version"):
                del self.fields[name]
        for field in self.visible_fields():
            attrs = field.field.widget.attrs
            # The table's page is no place to ask about single fields.
            for name in [name for name in attrs if name.startswith("hx-")]:
                del attrs[name]
            attrs["aria-label"] = _("%(field)s of “%(title)s”") % {
                "field": field.label,
                "title": self.instance.title,
            }
            attrs["aria-describedby"] = "cell-said"
            kind = "form-select" if hasattr(field.field, "choices") else "form-control"
            attrs["class"] = f"{kind} {kind}-sm"

    @property
    def focused(self) -> str:
        return ""  # the table's script moves the cursor

    def mark_errors(self) -> None:
        for field in self.visible_fields():
            if field.errors:
                field.field.widget.attrs["class"] += " is-invalid"
                field.field.widget.attrs["aria-invalid"] = "true"
