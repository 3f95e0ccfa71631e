"""What a column of an imported file can mean."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Field:
    key: str
    label: Promise
    multiple: bool = False  # may several columns mean it?


IGNORE: Final = "ignore"

FIELDS: Final[dict[str, Field]] = {
    field.key: field
    for field in (
        Field("title", _("Title")),
        Field("subtitle", _("Subtitle")),
        Field("authors", _("Authors"), multiple=True),
        Field("author_sort", _("Authors, surname first")),
        Field("editor", _("Editor"), multiple=True),
        Field("translator", _("Translator"), multiple=True),
        Field("illustrator", _("Illustrator"), multiple=True),
        Field("publisher", _("Publisher")),
        Field("isbn", _("ISBN"), multiple=True),  # an ISBN-10 and an ISBN-13
        Field("year", _("Publication year")),
        Field("published_on", _("Publication date")),
        Field("language", _("Language")),
        Field("pages", _("Pages")),
        Field("price", _("Price")),
        Field("currency", _("Currency")),
        Field("description", _("Description")),
        Field("subjects", _("Subjects"), multiple=True),
        Field("row_number", _("Row number")),
        Field(IGNORE, _("not used"), multiple=True),
    )
}
