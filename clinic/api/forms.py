"""What the API takes: bodies that must fit exactly, and ids in their one spelling."""

import re
from collections.abc import Mapping
from datetime import date as Day
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError as InvisibleText
from django.core.validators import EmailValidator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty
from rest_framework.request import Request

from clinic.values.email_addresses import validate_address
from clinic.values.typed_text import clean_text

LINE = 500  # characters
CANONICAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
YEARS = range(2000, 2101)
BAD_YEAR = f"The year must be {YEARS[0]} to {YEARS[-1]}."
BAD_ID = "Must be an id such as 01890000-0000-7000-8000-000000000000."


# The base of every body and query: what it does not know is refused, not passed over. A misspelt
# `mobil` would else be a patient whom no reminder reaches, and nobody would hear of it. (A comment,
# because a docstring would describe every form in the schema.)
class Form(serializers.Serializer[Any]):
    def to_internal_value(self, data: Any) -> Any:
        errors = self._strangers(data) if isinstance(data, Mapping) else {}
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            detail: Any = error.detail
            raise ValidationError({**detail, **errors}) from error
        if errors:
            raise ValidationError(errors)
        return values

    def _strangers(self, data: Any) -> dict[str, Any]:
        """The errors of what is not known here, and of what a form gives twice."""
        known = [name for name, field in self.fields.items() if not field.read_only]
        errors: dict[str, Any] = {}
        for name in data:
            if name not in known:
                names = ", ".join(sorted(known)) or "none"
                error = f"Unknown field. Known here: {names}."
                errors[name] = ValidationError(error, code="unknown_field").detail
        for name in known if hasattr(data, "getlist") else ():
            if len(data.getlist(name)) > 1 and not isinstance(
                self.fields[name], serializers.ListField
            ):
                errors[name] = ValidationError("Give it once.", code="given_twice").detail
        return errors


@extend_schema_field(OpenApiTypes.STR)  # the format “email” means ASCII
class AddressField(serializers.EmailField):
    """An e-mail address, also with other letters before the @."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        others = [one for one in self.validators if not isinstance(one, EmailValidator)]
        self.validators = [*others, validate_address]


class TextField(serializers.CharField):
    """What a person writes: composed, without signs that nobody sees (`values.typed_text`). Of one
    line, unless it may be longer than one line of the models (LINE)."""

    def run_validation(self, data: Any = empty) -> Any:
        if isinstance(data, str):
            try:
                data = clean_text(data.strip(" \t\r\n"), lines=(self.max_length or 0) > LINE)
            except InvisibleText as error:
                raise ValidationError(error.messages, code=error.code) from error
        return super().run_validation(data)


class Nothing(Form):
    """The body of a verb that says everything by its address."""


def require_no_body(request: Request) -> None:
    """Raises ValidationError for a body where none is read."""
    Nothing(data=request.data).is_valid(raise_exception=True)


class DayField(serializers.DateField):
    """A day of clinic life."""

    default_error_messages = {"range": BAD_YEAR}

    def to_internal_value(self, value: Any) -> Day:
        day = super().to_internal_value(value)
        if day.year not in YEARS:
            self.fail("range")
        return day


class FirstAsFrom:
    """For a form whose field `first` is sent as "from", which is a word of Python's."""

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()  # type: ignore[misc]
        fields["from"] = fields.pop("first")
        return fields


class DaysQuery(FirstAsFrom, Form):
    """From one local day to another, both included."""

    longest: timedelta
    first = DayField(help_text="First local day.")
    to = DayField(help_text="Last local day.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not timedelta(0) <= attrs["to"] - attrs["from"] <= self.longest:
            raise ValidationError(
                {"to": [f"Must be from the first day to {self.longest.days} days after it."]}
            )
        validated: dict[str, Any] = super().validate(attrs)
        return validated


class IdField(serializers.UUIDField):
    """An id as the API writes it. DRF would also take integers, braces and `urn:uuid:`."""

    default_error_messages = {"invalid": BAD_ID}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or not CANONICAL.fullmatch(data):
            self.fail("invalid")
        return super().to_internal_value(data)


class RowField(serializers.PrimaryKeyRelatedField[Any]):
    """The id of a row, found in the field's queryset."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("pk_field", IdField())
        super().__init__(**kwargs)


class CodeField(serializers.SlugRelatedField[Any]):
    """The code of a row of a catalogue."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(slug_field="code", **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or "\0" in data:
            self.fail("invalid")
        return super().to_internal_value(data)


def parse_body(form: type[serializers.Serializer[Any]], request: Request, **options: Any) -> Any:
    """What a body says, as the form reads it. Raises ValidationError, by field."""
    return _parsed(form, request.data, request, **options)


def parse_query(form: type[serializers.Serializer[Any]], request: Request) -> Any:
    """What stands behind the `?` of an address, as the form reads it."""
    return _parsed(form, request.query_params, request)


def _parsed(form: Any, data: Any, request: Request, **options: Any) -> Any:
    read = form(data=data, context={"request": request}, **options)
    read.is_valid(raise_exception=True)
    return read.validated_data
