"""The choices beside the list of books, with their kept counts."""

from dataclasses import dataclass, field
from typing import Protocol

from django.utils.translation import gettext as _

from catalog import languages
from catalog.models.book import UNKNOWN
from catalog.models.publisher import Publisher
from catalog.search import kept
from catalog.search.filters import NONE, decade_label

MOST_LANGUAGES = 12
IN_SIGHT = 10  # choices of a facet; the others unfold


class Narrowing(Protocol):
    """What the list is narrowed to: the form above it."""

    @property
    def values(self) -> dict[str, str]: ...
    @property
    def summary(self) -> kept.Summary: ...
    def without(self, name: str) -> str: ...
    def with_(self, name: str, value: str) -> str: ...


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    count: int
    selected: bool
    querystring: str  # selects it, or lets go of it where it is selected


@dataclass(frozen=True)
class Facet:
    name: str
    label: str
    param: str
    choices: list[Choice] = field(default_factory=list)

    @property
    def in_sight(self) -> list[Choice]:
        return self.choices[:IN_SIGHT]

    @property
    def folded(self) -> list[Choice]:
        return self.choices[IN_SIGHT:]

    @property
    def is_open(self) -> bool:
        """Whether a choice that would be folded away is selected."""
        return any(choice.selected for choice in self.folded)


def facets(active: Narrowing) -> list[Facet]:
    """The choices for this form. The counts are of the whole catalogue; one query while
    nothing changes."""
    counts = active.summary.counts
    return [
        _facet(active, "language", _("Language"), _languages(counts["language"])),
        _facet(active, "decade", _("Published"), _decades(counts["decade"])),
        _facet(active, "publisher", _("Publisher"), _publishers(active)),
        _attention(active, counts),
    ]


Value = tuple[str, str, int]  # value, label, count


def _facet(active: Narrowing, param: str, label: str, values: list[Value]) -> Facet:
    choices = [_choice(active, param, *value) for value in values]
    return Facet(param, label, param, choices)


def _choice(active: Narrowing, param: str, value: str, label: str, count: int) -> Choice:
    selected = active.values.get(param) == value
    link = active.without(param) if selected else active.with_(param, value)
    return Choice(value, label, count, selected, link)


def _languages(counts: dict[str, int]) -> list[Value]:
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_LANGUAGES]
    return [
        (code or NONE, languages.name(code) if code else _("No language"), count)
        for code, count in most
    ]


def _decades(counts: dict[str, int]) -> list[Value]:
    latest = sorted(((int(decade), count) for decade, count in counts.items()), reverse=True)
    return [
        (NONE if decade == UNKNOWN else str(decade), decade_label(str(decade)), count)
        for decade, count in latest
    ]


def _publishers(active: Narrowing) -> list[Value]:
    """Those with the most books, and the selected one wherever it stands."""
    shown = list(active.summary.publishers)
    selected = active.values.get("publisher")
    if selected and selected not in {pk for pk, _name, _count in shown}:
        for name in Publisher.objects.filter(pk=selected).values_list("name", flat=True):
            shown.append((selected, name, kept.total("publisher", selected)))
    return shown


def _attention(active: Narrowing, counts: dict[str, dict[str, int]]) -> Facet:
    """What a cataloguer may want to look at."""
    return Facet(
        "attention",
        _("To look at"),
        "",
        [
            _choice(active, param, value, label, counts[param][value])
            for param, value, label in (
                ("isbn", "without", _("No ISBN")),
                ("isbn", "repaired", _("ISBN repaired")),
                ("cover", "without", _("No cover")),
            )
            if counts[param].get(value)
        ],
    )
