"""E-mail addresses with letters of any script before the @, too (RFC 6531): `grâce@example.org`."""

import re
from typing import Any

from django import forms
from django.core.validators import EmailValidator
from django.db import models
from django.utils.deconstruct import deconstructible

# What Django takes, and letters that are not ASCII; no signs that nobody sees.
ATOM = r"""[^\x00-\x20\x7f-\xa0"(),.:;<>@\[\\\]\s\u200b-\u200f\u2028-\u202e\ufeff]+"""


@deconstructible
class AddressValidator(EmailValidator):
    user_regex = re.compile(rf"{EmailValidator.user_regex.pattern}|^{ATOM}(\.{ATOM})*\Z", re.I)


validate_address = AddressValidator()


def is_of_ascii(address: str) -> bool:
    """Whether any mail server can take it: a domain of other letters has an ASCII form."""
    return address.rpartition("@")[0].isascii()


class AddressFormField(forms.EmailField):
    default_validators = [validate_address]


class AddressField(models.EmailField):  # type: ignore[type-arg]
    """A model's. For the migrations an ordinary one: it differs in Python only."""

    default_validators = [validate_address]

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": AddressFormField, **kwargs})

    def deconstruct(self) -> Any:
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.EmailField", arguments, options
