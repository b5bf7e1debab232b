"""Choices that read well: grouped by what they belong to, ticked instead of typed, and named."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import groupby
from typing import Any

from django import forms
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db.models import DurationField
from django.forms.models import ModelChoiceIterator
from django.utils.dateparse import parse_duration
from django.utils.translation import gettext
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from clinic.admin.forms.durations import SIGNED, duration_words

# Which of them may be chosen depends on another choice: they stand under what they belong to.
GROUPED_BY = {"patients.zone": "area", "patients.concernsubtype": "concern"}
# Lists of codes, by the name of the field: what the codes are of. By label, because some belong to
# apps above.
CODES_OF = {
    "areas": "patients.area",
    "concerns": "patients.concern",
    "device_models": "clinic.devicemodel",
    "zones": "patients.zone",
}


class _Groups(ModelChoiceIterator):  # type: ignore[type-arg]
    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        group = self.field.group  # type: ignore[attr-defined]
        rows = self.queryset.select_related(group).order_by(f"{group}__name", "name")
        for parent, members in groupby(rows, key=lambda row: getattr(row, group)):
            yield str(parent), [self.choice(row) for row in members]


class GroupedField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice among rows that belong to other rows."""

    iterator = _Groups
    group = ""


def grouped_field(model: Any) -> type[GroupedField] | None:
    """The field to choose a row of the model with; None if it has no groups."""
    group = GROUPED_BY.get(model._meta.label_lower)
    return type("GroupedField", (GroupedField,), {"group": group}) if group else None


def checkboxes_field(field: Any) -> forms.Field | None:
    """The field to choose several codes or values with; None for what is no list of such."""
    if not isinstance(field, ArrayField):
        return None
    choices: Any = field.base_field.choices
    if not choices and field.name not in CODES_OF:
        return None
    return _Ticked(
        choices=choices or (lambda: list(names_of(field.name).items())),
        coerce=field.base_field.to_python,
        required=not field.blank,
        label=field.verbose_name.capitalize(),
        help_text=field.help_text,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        error_messages={"invalid_choice": gettext("Unknown: %(value)s.")},
    )


class _Ticked(forms.TypedMultipleChoiceField):
    """Boxes to tick. Who sends a form without them may also list the values with commas."""

    def to_python(self, value: Any) -> list[str]:
        parts = [part.strip() for text in super().to_python(value) for part in text.split(",")]
        return [part for part in parts if part]


def readonly_formatters(model: Any) -> dict[str, Callable[[str], str]]:
    """By field: what makes words of a read-only list of codes or length of time."""
    found: dict[str, Callable[[str], str]] = {}
    for field in model._meta.concrete_fields:
        if isinstance(field, DurationField):
            found[field.name] = partial(_duration, signed=field.name in SIGNED)
        elif isinstance(field, ArrayField) and field.base_field.choices:
            labels = {str(value): label for value, label in field.base_field.flatchoices}
            found[field.name] = partial(_named, names=partial(dict, labels))
        elif isinstance(field, ArrayField) and field.name in CODES_OF:
            found[field.name] = partial(_named, names=cache(partial(names_of, field.name)))
    return found


def _named(text: str, names: Callable[[], dict[str, str]]) -> str:
    known = names()
    return ", ".join(str(known.get(code, code)) for code in text.split(", "))


def _duration(text: str, *, signed: bool) -> str:
    value = parse_duration(text)
    return text if value is None else duration_words(value, signed=signed)


def names_of(name: str) -> dict[str, str]:
    """What the codes in the field of this name are called."""
    rows = apps.get_model(CODES_OF[name])._default_manager.order_by("name")
    return dict(rows.values_list("code", "name"))
