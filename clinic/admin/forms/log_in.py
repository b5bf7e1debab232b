"""The form to log in with, and the one that asks somebody again who they are."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextInputWidget,
)

from clinic.accounts.second_factor import CodeError, has_codes, has_passkeys
from clinic.models import User

CODE = {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}


class Passkey(forms.CharField):
    """What a script of the page writes into it, once a passkey has answered."""

    def __init__(self) -> None:
        super().__init__(required=False, max_length=20_000, widget=forms.HiddenInput())


class LogInForm(AuthenticationForm):
    """Name, password, and the code of whoever has a second factor; or a passkey alone."""

    passkey = Passkey()

    code = forms.CharField(
        label=_("Code"),
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs=CODE),
        help_text=_(
            "Only if you have set up a second factor: the six digits of your app, or a "
            "recovery code."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _ask_for_nothing_more(self, "username", "password")

    def clean(self) -> dict[str, Any]:
        """As Django does it, with the code. Raises TooManyTries."""
        data: dict[str, Any] = self.cleaned_data
        typed = {name: data.get(name, "") for name in ("username", "password", "code")}
        if data.get("passkey"):
            typed = {"passkey": data["passkey"]}
        if data.get("passkey") or (typed["username"] and typed["password"]):
            try:
                user = authenticate(self.request, **typed)
            except CodeError as error:
                raise forms.ValidationError(error.message, code=error.code) from None
            if user is None:
                raise self.get_invalid_login_error()
            self.confirm_login_allowed(user)
            self.user_cache = user
        return data


class ProofForm(forms.Form):
    """Whoever changes how an account is opened is its owner, and not who found the page open."""

    passkey = Passkey()
    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=128,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label=_("The code that the app shows now"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs=CODE),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_passkeys = has_passkeys(user)
        _ask_for_nothing_more(self, "password", "code")


class OwnProofForm(ProofForm):
    """Asks for a code only whoever has an app for them, and for no password where that would not be
    enough."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        if not has_codes(user):
            del self.fields["code"]
            if self.has_passkeys:
                del self.fields["password"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if "password" not in self.fields and not data.get("passkey"):
            raise forms.ValidationError(gettext("Use your passkey."))
        return data


class AddressForm(OwnProofForm):
    email = forms.EmailField(
        label=_("New e-mail address"),
        max_length=254,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "email"}),
    )
    field_order = ["email"]


class PasskeyForm(forms.Form):
    """A new one, and what its owner calls it."""

    passkey = Passkey()
    name = forms.CharField(
        label=_("Its name"),
        max_length=60,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=_("By which you know it again: “my telephone”, “the blue key”."),
    )


class PinForm(forms.Form):
    pin = forms.CharField(
        label=_("New PIN"),
        max_length=12,
        widget=UnfoldAdminPasswordWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text=_("Six digits or more, without a pattern; no day of your life."),
    )


class SwitchForm(forms.Form):
    """Who takes over a tablet, and their PIN; or a passkey."""

    passkey = Passkey()
    person = forms.UUIDField(required=False)
    pin = forms.CharField(
        label=_("PIN"),
        required=False,
        max_length=12,
        widget=UnfoldAdminPasswordWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )


def _ask_for_nothing_more(form: Any, *names: str) -> None:
    """Of whoever shows a passkey."""
    if form.data.get("passkey"):
        for name in names:
            if name in form.fields:
                form.fields[name].required = False
