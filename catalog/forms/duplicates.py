"""What the duplicate radar reads of a record's form: as much as is typed, valid or not.

The page tells back what it has shown: `radar-looked` for which values, `radar-shown` what stands
in the panel, `radar-dismissed` and `anyway` the records that somebody has set aside, or has seen
and saves all the same. These are warnings to oneself, so nothing has to be signed.
"""

import hashlib
import re
from operator import itemgetter
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict

from catalog.forms.book import read_day, read_year
from catalog.forms.credits import CreditFormSet
from catalog.models import Contribution
from catalog.services import duplicates
from catalog.services.books import Picked
from catalog.services.duplicates import Duplicate
from catalog.text import match_key

TEXT = 600
MOST_CREDITS = 30
MOST_SET_ASIDE = 60

_IDS = re.compile(r"\d{1,18}")


def _text() -> Any:
    return forms.CharField(required=False)


class DuplicateForm(forms.Form):
    """Never invalid: a text that is too long is cut."""

    names: ClassVar[tuple[str, ...]]

    def __init__(self, data: QueryDict, *, exclude: int | None = None) -> None:
        super().__init__({name: data.get(name, "")[:TEXT].replace("\0", "") for name in data})
        self.sent = data
        self.exclude = exclude
        self.full_clean()

    def values(self) -> dict[str, Any]:
        """For the service."""
        return {name: self.cleaned_data.get(name, "") for name in self.names}

    def find(self) -> list[Duplicate]:
        raise NotImplementedError

    def is_taken(self, found: list[Duplicate]) -> bool:
        """Whether one of these bears a name that only one may bear: then nobody can go on."""
        return False

    @property
    def looked(self) -> str:
        """The same for the same values: then there is nothing new to look for."""
        typed = repr((self.exclude, sorted(self.values().items())))
        return hashlib.blake2b(typed.encode(), digest_size=12).hexdigest()

    @property
    def looked_before(self) -> bool:
        return self.sent.get("radar-looked", "") == self.looked

    @property
    def panel_answered(self) -> bool:
        """Whether the panel has shown anything yet: without scripts it never does."""
        return bool(self.sent.get("radar-looked"))

    @property
    def shown_before(self) -> str:
        return self.sent.get("radar-shown", "")

    @property
    def dismissed(self) -> set[int]:
        return self._ids("radar-dismissed")

    @property
    def accepted(self) -> set[int]:
        """Records that somebody has seen and saves this one beside."""
        return self._ids("anyway")

    def _ids(self, name: str) -> set[int]:
        texts = " ".join(self.sent.getlist(name))
        return {int(each) for each in _IDS.findall(texts)[:MOST_SET_ASIDE]}


class BookDuplicateForm(DuplicateForm):
    names = ("title", "subtitle", "isbn", "language")

    title, subtitle, isbn, language = _text(), _text(), _text(), _text()
    year, published_on = _text(), _text()

    def values(self) -> dict[str, Any]:
        return {**super().values(), "year": self.published_in(), "authors": self.authors()}

    def find(self) -> list[Duplicate]:
        return duplicates.of_book(**self.values(), exclude=self.exclude)

    def published_in(self) -> int | None:
        year: int | None = read_year(self.cleaned_data["year"]).value
        day = read_day(self.cleaned_data["published_on"]).value if year is None else None
        return day.year if day else year

    def authors(self) -> list[Picked]:
        """Everybody who is credited, authors first."""
        found = []
        for row in CreditFormSet(self.sent).forms[:MOST_CREDITS]:
            name = " ".join(row.typed.text[:TEXT].split())
            if name:
                chosen = row.typed.id.partition(" ")[0]
                pk = int(chosen) if _IDS.fullmatch(chosen) else None
                role = row["role"].value() or Contribution.Role.AUTHOR
                found.append((role != Contribution.Role.AUTHOR, Picked(pk, name)))
        return [picked for _other, picked in sorted(found, key=itemgetter(0))]


class AuthorDuplicateForm(DuplicateForm):
    names = ("name", "sort_name")

    name, sort_name = _text(), _text()

    def find(self) -> list[Duplicate]:
        return duplicates.of_author(**self.values(), exclude=self.exclude)


class PublisherDuplicateForm(DuplicateForm):
    names = ("name",)

    name = _text()

    def find(self) -> list[Duplicate]:
        return duplicates.of_publisher(**self.values(), exclude=self.exclude)

    def is_taken(self, found: list[Duplicate]) -> bool:
        key = match_key(self.cleaned_data["name"])
        return any(each.record.name_key == key for each in found)


FORMS: dict[str, type[DuplicateForm]] = {
    "book": BookDuplicateForm,
    "author": AuthorDuplicateForm,
    "publisher": PublisherDuplicateForm,
}
