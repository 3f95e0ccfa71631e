"""What every page's frame needs: icons, the theme, and which section is shown."""

import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import Any

from django import template
from django.template.base import Node, Parser, TextNode, Token
from django.template.context import RequestContext
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from site_config.views import theme_of

register = template.Library()

_NAME = re.compile(r"[a-z0-9-]+")
_DRAWING = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


@cache
def _icon_folder() -> Path:
    """The package is no installed app: its 2,051 files would all be collected and compressed."""
    spec = importlib.util.find_spec("js_lib_bootstrap_icons")
    if spec is None or spec.origin is None:
        raise LookupError("The package django-js-lib-bootstrap-icons is not installed.")
    return Path(spec.origin).parent / "static" / "bootstrap-icons"


@cache
def icon_svg(name: str) -> SafeString:
    """A Bootstrap icon as inline SVG, hidden from screen readers: words stand beside it."""
    if not _NAME.fullmatch(name):
        raise template.TemplateSyntaxError(f"“{name}” is not the name of an icon.")
    try:
        source = (_icon_folder() / f"{name}.svg").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise template.TemplateSyntaxError(f"There is no icon “{name}”.") from None
    drawing = _DRAWING.search(source)
    if drawing is None:
        raise template.TemplateSyntaxError(f"The icon “{name}” cannot be read.")
    inner = re.sub(r"\s*\n\s*", "", drawing[1])
    return mark_safe(  # noqa: S308 - from an installed package, never from a person
        f'<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">{inner}</svg>'
    )


@register.tag
def icon(parser: Parser, token: Token) -> Node:
    """`{% icon "search" %}`: put in when the template is compiled, so it costs nothing a page."""
    parts = token.split_contents()
    if len(parts) != 2 or parts[1][0] not in "\"'" or parts[1][-1] != parts[1][0]:
        raise template.TemplateSyntaxError("{% icon %} takes one name in quotes.")
    return TextNode(icon_svg(parts[1][1:-1]))


@register.simple_tag(takes_context=True)
def theme(context: RequestContext) -> str:
    """ "light", "dark", or "" when the system decides."""
    return theme_of(context["request"]) if "request" in context else ""


_path = cache(reverse)  # the addresses of sections do not change while the process lives


def _is_of_books(path: str) -> bool:
    """Pages of books whose address does not begin as that of the list does."""
    return path == "/" or path.startswith(_path("catalog:bulk_edit_list"))


@register.simple_tag(takes_context=True)
def section(context: RequestContext, name: str, label: Any) -> SafeString:
    """A link of the main navigation, marked when the page belongs to its section."""
    url = _path(name)
    here = context["request"].path if "request" in context else ""
    current = ""
    if here == url:
        current = mark_safe(' aria-current="page"')
    elif here.startswith(url) or (name == "catalog:book_list" and _is_of_books(here)):
        current = mark_safe(' aria-current="true"')
    return format_html('<li><a href="{}"{}>{}</a></li>', url, current, label)
