"""What the pages of records need: covers, and links that htmx follows inside a list."""

from django import template
from django.template.context import RequestContext
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from catalog.covers import draw
from catalog.presentation import author_url

register = template.Library()

_BOOST = mark_safe(
    'hx-boost="true" hx-target="#results" hx-swap="innerHTML show:window:top"'
    ' hx-push-url="true" hx-inherit="*"'
)


@register.simple_tag
def boost() -> SafeString:
    """For an element around plain links to other states of a list: htmx follows them, fetches
    the results alone and puts their address into the bar. One place names the target."""
    return _BOOST


@register.simple_tag
def drawn_cover(title: str, names: str = "") -> SafeString:
    return draw(title, names)


@register.simple_tag(takes_context=True)
def hidden_state(context: RequestContext) -> SafeString:
    """The list's state as hidden fields of the search form, which stands outside the results:
    a new search keeps the filters, with htmx and without JavaScript."""
    state = context["request"].GET.items()
    return format_html_join(
        "",
        '<input type="hidden" form="search" name="{}" value="{}">',
        ((name, value) for name, value in state if value and name not in ("q", "page")),
    )


register.filter("author_url", author_url)
