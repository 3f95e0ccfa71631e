"""What is asked about changes: whose are shown, and which of their fields are put back."""

from collections.abc import Collection

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User

SUGGESTED = 50  # names that are offered while typing


class Names(forms.MultipleChoiceField):
    """Names of fields; whoever puts back knows which there are."""

    def valid_value(self, value: str) -> bool:
        return True


class PutBackForm(forms.Form):
    """Fields to put back although they were changed again, and the version that was seen."""

    version = forms.IntegerField(required=False, min_value=0)
    names = Names(required=False)

    def answer(self) -> tuple[Collection[str] | None, int | None]:
        """Which fields (None: all of the change), and which version whoever asks has seen."""
        if not self.is_valid() or self.cleaned_data["version"] is None:
            return None, None
        return self.cleaned_data["names"], self.cleaned_data["version"]


class ChangesForm(forms.Form):
    """Whose changes."""

    by = forms.CharField(
        label=_("Changes by"),
        required=False,
        max_length=150,
        widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off", "dir": "auto"}),
    )
    person: User | None = None

    def clean_by(self) -> str:
        name: str = self.cleaned_data["by"].strip()
        if name:
            self.person = User.objects.filter(username__iexact=name).first()
            if self.person is None:
                raise forms.ValidationError(
                    _("Nobody here has the user name “%(name)s”."), params={"name": name}
                )
        return name

    @property
    def people(self) -> list[str]:
        """Names to choose from."""
        names = User.objects.filter(is_active=True).order_by("username")
        return list(names.values_list("username", flat=True)[:SUGGESTED])
