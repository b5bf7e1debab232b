"""What somebody would type into a form of the admin, derived from its fields."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.utils import timezone
from phonenumber_field.formfields import PhoneNumberField

from clinic.admin.forms.durations import AFTER, DurationField
from clinic.admin.forms.fields import MomentField, NumberField
from tests.support.forms import Fields

# What the form of a value says nothing about.
BY_NAME = {
    "time_zone": "Europe/Berlin",
}


def valid(form: Any, page: Fields) -> Fields:
    """A value for every field of an add form that is still empty."""
    typed: Fields = {}
    for name, field in form.fields.items():
        if page.get(name) or page.get(f"{name}_0"):
            continue
        value = _value(name, field)
        if isinstance(value, tuple):
            typed |= {f"{name}_{number}": part for number, part in enumerate(value)}
        elif value not in (None, ""):
            typed[name] = value
    return typed


def _value(name: str, field: Any) -> Any:
    if name in BY_NAME:
        return BY_NAME[name]
    kind = type(field)
    soon = timezone.localtime() + timedelta(days=30)
    soon += timedelta(days=-soon.weekday() % 7)  # a Monday, on which people work
    if issubclass(kind, forms.ModelMultipleChoiceField):
        return [str(row.pk) for row in field.queryset[:2]]
    if issubclass(kind, forms.ModelChoiceField):
        row = field.queryset.first()
        return str(row.pk) if row else ""
    if issubclass(kind, forms.MultipleChoiceField | forms.TypedMultipleChoiceField):
        return [str(value) for value, _ in field.choices if value != ""]
    if issubclass(kind, forms.ChoiceField):
        return next((str(value) for value, _ in field.choices if value not in ("", None)), "")
    if issubclass(kind, SimpleArrayField):
        return ""
    if issubclass(kind, DurationField):
        return "1", "days", AFTER
    if issubclass(kind, forms.SplitDateTimeField | MomentField):
        return f"{soon:%Y-%m-%d}", "10:00"
    if issubclass(kind, forms.DateTimeField):
        return f"{soon:%Y-%m-%d} 10:00"
    if issubclass(kind, forms.DateField):
        return f"{timezone.localdate():%Y-%m-%d}"
    if issubclass(kind, forms.TimeField):
        return "10:00"
    if issubclass(kind, forms.BooleanField):
        return "on" if field.required else ""
    if issubclass(kind, forms.IntegerField | forms.DecimalField):
        return str(max(field.min_value or 1, 1))
    if issubclass(kind, PhoneNumberField | NumberField):
        return "+4915112345678"
    if issubclass(kind, forms.EmailField):
        return "grace@clinic.example"
    if issubclass(kind, forms.CharField):
        return "typed-words"[: field.max_length]
    return ""
