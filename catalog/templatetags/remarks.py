"""For the pages of records: who did what, what may be done, and what people wrote as plain text."""

import re

from django import template
from django.db.models import Model
from django.template import Context
from django.urls import reverse
from django.utils.html import Urlizer, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from catalog.models.versioned import record_kind

register = template.Library()

PARAGRAPHS = re.compile(r"\n\s*\n")


class _Links(Urlizer):
    url_template = '<a href="{href}" rel="nofollow noopener noreferrer ugc">{url}</a>'


_links = _Links()


@register.filter
def remark(text: str) -> SafeString:
    """Each paragraph in its own direction, so that none turns the words around it."""
    return format_html_join(
        "",
        '<p dir="auto">{}</p>',
        ((_with_links(paragraph.strip()),) for paragraph in PARAGRAPHS.split(text)),
    )


def _with_links(text: str) -> SafeString:
    linked = _links(text, autoescape=True)
    return mark_safe(linked.replace("\n", "<br>"))  # noqa: S308 - escaped by the line above


@register.filter
def notes_url(record: Model) -> str:
    return record_url("notes", record)


@register.simple_tag
def record_url(action: str, record: Model) -> str:
    """`/books/5/edit/` for "update" and the book 5."""
    return reverse(f"catalog:{record_kind(record)}_{action}", args=(record.pk,))


@register.simple_tag(takes_context=True)
def rights(context: Context, kind: str) -> dict[str, bool]:
    """What the reader of the page may do with records of this kind: change, delete."""
    user = context["user"]
    return {action: user.has_perm(f"catalog.{action}_{kind}") for action in ("change", "delete")}


@register.simple_tag
def person(user: object | None, missing: str = "") -> SafeString:
    """A person's name in a direction of its own; `missing` for nobody."""
    if user is None:
        return format_html("{}", missing)
    name = user.get_full_name() or user.get_username()  # type: ignore[attr-defined]
    return format_html("<bdi>{}</bdi>", name)
