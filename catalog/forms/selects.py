"""A select with very many options."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe


class QuickSelect(forms.Select):
    """As Django's own, which renders a template for each option: with two hundred languages and
    two hundred currencies that was a third of what the form of a book cost."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        chosen = set(self.format_value(value))  # as strings
        return format_html(
            '<select name="{}"{}>\n{}\n</select>',
            name,
            flatatt(self.build_attrs(self.attrs, attrs)),
            _written(self.choices, chosen),
        )


def _written(choices: Iterable[Any], chosen: set[str]) -> SafeString:
    lines = []
    for value, label in choices:
        if isinstance(label, list | tuple):
            written = '<optgroup label="{}">\n{}\n</optgroup>'
            lines.append(format_html(written, value, _written(label, chosen)))
        else:
            text = "" if value is None else str(value)
            lines.append(_option(text, str(label), text in chosen))
            chosen.discard(text)  # of two with one value it is the first
    return mark_safe("\n".join(lines))  # noqa: S308 - each line is made here


@lru_cache(maxsize=2_000)
def _option(value: str, label: str, selected: bool) -> SafeString:
    mark = mark_safe(" selected") if selected else ""
    return format_html('<option value="{}"{}>{}</option>', value, mark, label)
