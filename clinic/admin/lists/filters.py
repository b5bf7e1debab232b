"""Filters of the admin's lists."""

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext

from clinic.admin.forms.fields import DateField, DateInput
from clinic.models import Clinic
from clinic.values.wallclock import day_bounds


class DaysForm(forms.Form):
    """From one day to another, both included."""

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for end, hint in (
            ("from", gettext("From 3 Apr 1990")),
            ("to", gettext("To 4 Apr 1990")),
        ):
            widget = DateInput({"placeholder": hint})
            self.fields[f"{name}_{end}"] = DateField(label="", required=False, widget=widget)


class DaysFilter(admin.FieldListFilter):
    """What lies between two days, each on the clock of the row's clinic."""

    template = "unfold/filters/filters_date_range.html"

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(field, request, params, *args, **kwargs)
        self.request = request
        given: dict[str, Any] = self.used_parameters
        typed = {name: texts[-1] for name, texts in given.items()}
        self.form = DaysForm(self.field_path, data=typed)

    def expected_parameters(self) -> list[Any]:
        return [f"{self.field_path}_from", f"{self.field_path}_to"]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not self.form.is_valid():
            for name, errors in self.form.errors.items():
                end = name.removeprefix(f"{self.field_path}_")
                which = gettext("from") if end == "from" else gettext("to")
                messages.error(request, f"{self.title}, {which}: {' '.join(map(str, errors))}")
            return queryset.none()
        first, last = (self.form.cleaned_data[name] for name in self.expected_parameters())
        if not (first or last):
            return queryset
        clinics: dict[Any, list[Any]] = {}
        for clinic in Clinic.objects.visible_to(request.user):
            clinics.setdefault(clinic.zone, []).append(clinic.pk)
        wanted = []
        for zone, ids in clinics.items():
            there = Q(**{f"{queryset.clinic_path}__in": ids})
            if first:
                there &= Q(**{f"{self.field_path}__gte": day_bounds(first, zone)[0]})
            if last:
                there &= Q(**{f"{self.field_path}__lt": day_bounds(last, zone)[1]})
            wanted.append(there)
        return queryset.filter(reduce(or_, wanted)) if wanted else queryset.none()

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {"request": self.request, "parameter_name": self.field_path, "form": self.form}
