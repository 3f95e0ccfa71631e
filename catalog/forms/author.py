"""The form of an author."""

from typing import Any

from crispy_forms.layout import Div, Layout
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.forms.records import RecordForm, Row
from catalog.forms.uploads import PictureField
from catalog.importers.names import credits_of
from catalog.models import Author


class AuthorForm(RecordForm):
    picture = "headshot"
    together = (("name", "sort_name", "kind", "qualifier"),)

    headshot = PictureField(label=_("Headshot"), shape="headshot")

    class Meta:
        model = Author
        fields = ("salutation", "name", "sort_name", "qualifier", "kind", "email")
        error_messages = {"name": {"required": _("An author needs a name.")}}
        help_texts = {
            "name": _("As it is shown: “Ursula K. Le Guin”."),
            "sort_name": _("As it is filed: “Le Guin, Ursula K.” Empty: made from the name."),
        }

    def layout(self) -> Layout:
        return Layout(
            Div(
                Row("salutation", wrapper_class="span-3"),
                Row("name", wrapper_class="span-9"),
                Row("sort_name", wrapper_class="span-8"),
                Row("kind", wrapper_class="span-4"),
                Row("qualifier", wrapper_class="span-6"),
                Row("email", wrapper_class="span-6"),
                css_class="fields",
            )
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("name") and "sort_name" in cleaned and not cleaned["sort_name"]:
            cleaned["sort_name"] = self.filed_as(cleaned["name"], cleaned.get("kind", ""))
        return cleaned

    def filed_as(self, name: str, kind: str) -> str:
        """As an import would file this name."""
        if kind == Author.Kind.ORGANISATION:
            return name
        found, _problems = credits_of(name)
        return found[0].sort_name if found else name

    def remarks(self) -> dict[str, str]:
        made = self.cleaned_data.get("sort_name")
        if made and not self.typed("sort_name"):
            return {"sort_name": gettext("Filed as “%(name)s”.") % {"name": made}}
        return {}
