"""Signing in, and becoming the first manager."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.contrib.auth.forms import AuthenticationForm, UserCreationForm
from django.utils.translation import gettext_lazy as _

from accounts import setup
from accounts.models import User


class SignInForm(AuthenticationForm):
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _(
            "This name and password do not belong together. Check both: capitals count."
        ),
        "inactive": _("This account has been switched off. Ask a manager to switch it on."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False  # the template's form also carries `next`
        self.helper.add_input(Submit("", _("Sign in")))


class FirstManagerForm(UserCreationForm):
    token = forms.CharField(
        label=_("Token"),
        help_text=_("It stands in the console of the server, in the line “no manager yet”."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username", "email")

    field_order = ("token", "username", "email", "password1", "password2")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].help_text = _("You sign in with it: letters, digits and @ . + - _")
        self.fields["email"].help_text = _("May stay empty.")
        if not self.initial.get("token"):  # what is missing first; Django starts at the name
            self.fields["username"].widget.attrs.pop("autofocus", None)
            self.fields["token"].widget.attrs["autofocus"] = True
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.add_input(Submit("", _("Become the first manager")))

    def clean_token(self) -> str:
        token: str = self.cleaned_data["token"]
        if not setup.token_matches(token):
            raise forms.ValidationError(
                _(
                    "This is not the token that the console printed. Copy it from the server’s "
                    "console; restart the server to have it printed again."
                ),
                code="wrong_token",
            )
        return token
