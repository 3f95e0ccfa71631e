"""A note on a record."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models.attached import NOTE_LENGTH

# Whatever a browser cannot show; and what turns the direction of the text that follows it, with
# which a link could be made to look like another.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("Add a note"),
        max_length=NOTE_LENGTH,
        help_text=_("Plain text. Everyone who is signed in can read it; addresses become links."),
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto", "class": "form-control"}),
        error_messages={
            "required": _("Write something first."),
            "max_length": _(
                "A note has at most %(limit_value)d characters; this one has %(show_value)d."
            ),
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "id_note_%s", **kwargs})
        # The browser would cut off what is pasted without a word.
        self.fields["text"].widget.attrs.pop("maxlength", None)

    def clean_text(self) -> str:
        text: str = _UNSEEN.sub("", self.cleaned_data["text"].replace("\r\n", "\n")).strip()
        if not text:
            raise forms.ValidationError(self.fields["text"].error_messages["required"])
        return text
