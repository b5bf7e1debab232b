"""The form to log in with, and the one that asks somebody again who they are."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from unfold.forms import AuthenticationForm
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextInputWidget,
)

from clinic.accounts.second_factor import CodeError

CODE = {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}


class LogInForm(AuthenticationForm):
    """Name, password, and the code of whoever has a second factor."""

    code = forms.CharField(
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs=CODE),
        help_text="Only if you have set up a second factor: the six digits of your app, or a "
        "recovery code.",
    )

    def clean(self) -> dict[str, Any]:
        """As Django does it, with the code. Raises TooManyTries."""
        data: dict[str, Any] = self.cleaned_data
        if data.get("username") is not None and data.get("password"):
            names = ("username", "password", "code")
            try:
                user = authenticate(self.request, **{name: data.get(name, "") for name in names})
            except CodeError as error:
                raise forms.ValidationError(error.message, code=error.code) from None
            if user is None:
                raise self.get_invalid_login_error()
            self.confirm_login_allowed(user)
            self.user_cache = user
        return data


class ProofForm(forms.Form):
    """Whoever changes how an account is opened is its owner, and not who found the page open."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        max_length=128,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label="The code that the app shows now",
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs=CODE),
    )


class OwnProofForm(ProofForm):
    """Asks for a code only whoever has a second factor."""

    def __init__(self, *args: Any, needs_code: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not needs_code:
            del self.fields["code"]


class AddressForm(OwnProofForm):
    email = forms.EmailField(
        label="New e-mail address",
        max_length=254,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "email"}),
    )
    field_order = ["email"]
