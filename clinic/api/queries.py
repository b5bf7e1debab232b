"""What stands behind the `?` of the API's addresses: known, once, and not empty, or refused.

A filter that is passed over would answer with everybody's rows, and look like an answer.
"""

from datetime import date as Day
from typing import Any

from django import forms
from django.core.exceptions import ValidationError as FormError
from django_filters import rest_framework as filters
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from clinic.api.forms import BAD_ID, BAD_YEAR, CANONICAL, YEARS
from clinic.http.audited import Audited


class StrictQuery(Audited):
    """A view that refuses query parameters which it would not read: every view of the API."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        known = self.known_query_params()
        several = self.repeatable_query_params()
        errors = {}
        for name, values in request.query_params.lists():
            if name not in known:
                names = ", ".join(sorted(known)) or "none"
                errors[name] = _error("unknown_parameter", f"Unknown. Known here: {names}.")
            elif not all(value.strip() for value in values):
                errors[name] = _error("empty", "Give a value, or leave the parameter out.")
            elif len(values) > 1 and name not in several:
                errors[name] = _error("given_twice", "Give it once.")
        if errors:
            raise ValidationError(errors)

    def known_query_params(self) -> set[str]:
        return set()

    def repeatable_query_params(self) -> set[str]:
        return set()


def _error(code: str, words: str) -> Any:
    return ValidationError(words, code=code).detail


class IdFormField(forms.UUIDField):
    def to_python(self, value: Any) -> Any:
        if value and not CANONICAL.fullmatch(value):
            raise FormError(BAD_ID, code="invalid")
        return super().to_python(value)


class IdFilter(filters.UUIDFilter):
    field_class = IdFormField


class YesNoFormField(forms.CharField):
    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        if text not in ("true", "false"):
            raise FormError("Must be true or false.", code="invalid")
        return text == "true"


class YesNoFilter(filters.BooleanFilter):
    field_class = YesNoFormField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, widget=forms.TextInput, **kwargs)


class DayFormField(forms.Field):
    def to_python(self, value: Any) -> Day | None:
        if not value:
            return None
        try:
            day = Day.fromisoformat(value)
        except ValueError:
            raise FormError("Must be a day such as 2030-12-31.", code="invalid") from None
        if day.year not in YEARS:
            raise FormError(BAD_YEAR, code="range")
        return day


class DayFilter(filters.DateFilter):
    field_class = DayFormField


def require_order(form: Any, first: str, last: str) -> None:
    """For the `clean` of a filter's form: a range that ends before it begins finds nothing, which
    would look like an answer."""
    start, end = form.cleaned_data.get(first), form.cleaned_data.get(last)
    if start and end and end < start:
        form.add_error(last, FormError(f"Must not be before “{first}”.", code="reversed"))
