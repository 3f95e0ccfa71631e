"""The form of a publisher."""

from crispy_forms.layout import Div, Layout
from django.utils.translation import gettext_lazy as _

from catalog.forms.records import RecordForm, Row
from catalog.models import Publisher


class PublisherForm(RecordForm):
    class Meta:
        model = Publisher
        fields = ("name", "address", "city", "region", "country", "website")
        error_messages = {"name": {"required": _("A publisher needs a name.")}}

    def layout(self) -> Layout:
        return Layout(
            Div(
                Row("name"),
                Row("address"),
                Row("city", wrapper_class="span-4"),
                Row("region", wrapper_class="span-4"),
                Row("country", wrapper_class="span-4"),
                Row("website"),
                css_class="fields",
            )
        )

    def remarks(self) -> dict[str, str]:
        kept = self.cleaned_data.get("website")
        return {"website": kept} if kept and kept != self.typed("website") else {}
