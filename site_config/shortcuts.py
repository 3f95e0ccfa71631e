"""The keys that pages listen to, in the words that people read.

A page declares a key on the element that it stands for, `data-key="e"`; static/js/shortcuts.js
presses it. The sheet shows of this list what the page at hand has.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from site_config.views import PartialTemplateMixin

# A row of a list: what static/js/shortcuts.js takes for one.
ROWS = "main .books > tbody > tr, main .tiles > li, main [data-rows] > *"


@dataclass(frozen=True)
class Shortcut:
    label: str | Promise
    keys: tuple[tuple[str | Promise, ...], ...]  # either of these; each is pressed together
    needs: str  # a selector: the shortcut exists where something matches it


def _key(key: str, label: str | Promise) -> Shortcut:
    return Shortcut(label, ((key,),), f'[data-key="{key}"]')


CTRL = "Ctrl"  # ⌘ on a Mac, where the browser knows it
SAVING = ((CTRL, "S"), (CTRL, _("Enter")))
GROUPS: tuple[tuple[str | Promise, tuple[Shortcut, ...]], ...] = (
    (
        _("Everywhere"),
        (
            _key("/", _("Search")),
            _key("n", _("Add a record")),
            _key("?", _("Show these shortcuts")),
            Shortcut(_("Close a menu, a list of suggestions or this sheet"), ((_("Esc"),),), "*"),
        ),
    ),
    (
        _("In a list"),
        (
            Shortcut(_("Next row"), (("j",),), ROWS),
            Shortcut(_("Row before"), (("k",),), ROWS),
            Shortcut(_("Open the row"), ((_("Enter"),), ("o",)), ROWS),
            Shortcut(_("Select the row"), (("x",),), f":is({ROWS}) input[type=checkbox]"),
        ),
    ),
    (
        _("A record"),
        (_key("e", _("Edit")), _key("h", _("History"))),
    ),
    (
        _("A form"),
        (
            Shortcut(_("Save"), SAVING, "form[data-editing]:not(.bulk-form)"),
            Shortcut(_("To the preview"), SAVING, "form.bulk-form"),
        ),
    ),
)


@method_decorator(login_not_required, name="dispatch")
class ShortcutsView(PartialTemplateMixin, TemplateView):
    """A page of its own without JavaScript; with it the partial, in a dialog."""

    template_name = "shortcuts.html"
    partial_name = "shortcuts"
    extra_context: dict[str, Any] = {"groups": GROUPS}
