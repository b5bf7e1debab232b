"""Columns whose words are in the database as ciphertext only.

Note [Encrypted columns]
    1. A column holds a Fernet token (AES-CBC and HMAC), made with the first of FIELD_KEYS and
       opened with any of them; the keys are outside of the database. What is blank is empty, so
       constraints and filters may ask whether something stands there, and nothing else.
    2. Every token is another one, for the same words too. So what was read keeps its token, and is
       written back as it was as long as its words are the same: triggers that let a column be
       written once, and those that write histories, see a change where there is one.
    3. The token stands with the value, never with the field, which all threads share.
    4. JSON is sealed as its text. What its `default` is stands as nothing, as blank words do. It is
       sealed anew by every save, so no table with a history has any.
    5. What is no token is an error, and so is what no key opens: words that were put there past the
       application are not shown as if they had been protected. Only a migration takes plain words
       (clinic.db.rotation).
"""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django import forms
from django.conf import settings
from django.core.exceptions import FieldError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models.lookups import Exact, Regex
from django.db.models.query_utils import DeferredAttribute

TOKEN = re.compile(r"gAAAAA[\w-]{92,}={0,2}", re.ASCII)  # of version 128

# Of the column, not of its words: `df` is how triggers ask whether it was written.
OF_COLUMNS = ("isnull", "df")


class FieldKeyMissing(Exception):
    """What stands in an encrypted column is opened by none of FIELD_KEYS."""

    def __init__(self) -> None:
        super().__init__(
            "An encrypted column holds what none of FIELD_KEYS opens: is a key missing there? "
            "(docs/operations.md, “Keys of encrypted columns”)"
        )


class Words(str):
    """What stood in an encrypted column, and the token that it stood there as."""

    token: str


def seal(words: str) -> str:
    """As a token; what is blank is empty."""
    return keys().encrypt(words.encode()).decode() if words.strip() else ""


def unseal(token: str) -> Words:
    """Raises FieldKeyMissing."""
    try:
        words = Words(keys().decrypt(token).decode() if token else "")
    except InvalidToken:
        raise FieldKeyMissing from None
    words.token = token
    return words


def keys() -> MultiFernet:
    return _keys(tuple(settings.FIELD_KEYS))


@lru_cache
def _keys(given: Sequence[str]) -> MultiFernet:
    return MultiFernet([key_of(text) for text in given])


@lru_cache
def key_of(text: str) -> Fernet:
    return Fernet(urlsafe_b64encode(sha256(b"clinic.db.encryption:" + text.encode()).digest()))


def number_of_key(token: str) -> int | None:
    """Which of FIELD_KEYS a token was made with, from 0; None if it was none of them."""
    for number, text in enumerate(settings.FIELD_KEYS):
        try:
            key_of(text).decrypt(token)
        except InvalidToken:
            continue
        return number
    return None


class OnlyEmpty(Exact):
    """`note=""`, and no other comparison: every token is another one."""

    def get_prep_lookup(self) -> Any:
        if self.rhs != self.lhs.output_field.nothing:
            raise _cannot(self.lhs.output_field, "compared")
        return ""


class OnlyWritten(Regex):
    """`reason__regex=r"\\S"`, as constraints say that something must be written."""

    def get_prep_lookup(self) -> Any:
        if self.rhs != r"\S":
            raise _cannot(self.lhs.output_field, "searched")
        return self.rhs


ASKED = {"exact": OnlyEmpty, "regex": OnlyWritten}


class KeepsToken(DeferredAttribute):
    """Note [Encrypted columns] 2."""

    def __set__(self, instance: models.Model, value: Any) -> None:
        held = instance.__dict__.get(self.field.attname)
        if not isinstance(held, Words) or held != value or isinstance(value, Words):
            instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """Note [Encrypted columns]. `max_length` is that of the words, in forms as ever."""

    descriptor_class = KeepsToken

    @property
    def nothing(self) -> Any:
        """What is empty in the database."""
        return ""

    def seal(self, words: str) -> str:
        """What stood in the column before it was encrypted."""
        return seal(words)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return unseal(value) if value else value

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Words):
            return value.token
        words = super().get_prep_value(value)
        return seal(words) if isinstance(words, str) else words

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name in ASKED:
            return ASKED[lookup_name]
        if lookup_name in OF_COLUMNS:
            return super().get_lookup(lookup_name)
        raise _cannot(self, f"searched by `{lookup_name}`")

    def get_transform(self, lookup_name: str) -> Any:
        raise _cannot(self, f"searched by `{lookup_name}`")


class EncryptedCharField(EncryptedTextField):
    """One line, no longer than its `max_length`: PostgreSQL cannot count the signs of a token."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.validators.append(MaxLengthValidator(kwargs["max_length"]))

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"widget": forms.TextInput, **kwargs})


class EncryptedJSONField(EncryptedTextField):
    """A dictionary or list, as its `default` says. PostgreSQL reads no keys of it."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    @property
    def nothing(self) -> Any:
        return self.get_default()

    def seal(self, words: str) -> str:
        return str(self.get_prep_value(json.loads(words)))

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return json.loads(unseal(value)) if value else self.nothing

    def to_python(self, value: Any) -> Any:
        return value

    def get_prep_value(self, value: Any) -> Any:
        return "" if value in ("", self.nothing) else seal(json.dumps(value, ensure_ascii=False))


def _cannot(field: Any, done: str) -> FieldError:
    return FieldError(
        f"{field.model.__name__}.{field.name} is encrypted: PostgreSQL cannot have it {done}, only "
        'asked whether it is empty (`=""`). Read it, and compare the words.'
    )
