"""What a list of sessions is narrowed by."""

from datetime import date as Day
from datetime import datetime
from typing import Any

from django import forms as django_forms
from django.db.models import Q, QuerySet
from django.utils.functional import cached_property
from django_filters import rest_framework as filters

from clinic.api.queries import DayFilter, IdFilter, require_order
from clinic.models import Clinic
from clinic.permissions import actor
from clinic.values.wallclock import day_bounds
from sessions.lifecycle import Status
from sessions.models import Kind, TreatmentSession


class SessionFilterForm(django_forms.Form):
    def clean(self) -> None:
        require_order(self, "from", "to")


class SessionFilter(filters.FilterSet):
    """Days are local days of the clinic where the session is."""

    date = DayFilter(method="on_day", label="One local day.")
    from_ = DayFilter(method="from_day", label="First local day.")
    to = DayFilter(method="to_day", label="Last local day.")
    status = filters.MultipleChoiceFilter(choices=Status.choices, distinct=False)
    kind = filters.MultipleChoiceFilter(choices=Kind.choices, distinct=False)
    visit_type = IdFilter()
    practitioner = IdFilter()
    room = IdFilter()
    patient = IdFilter()
    plan = IdFilter()
    sitting = IdFilter(label="The session that leads the sitting: its further areas.")

    class Meta:
        model = TreatmentSession
        form = SessionFilterForm
        fields: list[str] = []

    @cached_property
    def clinics(self) -> list[Clinic]:
        return actor(self.request).works_at

    @classmethod
    def get_filters(cls) -> dict[str, Any]:
        return {name.rstrip("_"): found for name, found in super().get_filters().items()}

    def on_day(self, queryset: QuerySet[Any], name: str, day: Day) -> QuerySet[Any]:
        return self.to_day(self.from_day(queryset, name, day), name, day)

    def from_day(self, queryset: QuerySet[Any], name: str, day: Day) -> QuerySet[Any]:
        return self._by_clinic(queryset, "starts_at__gte", day, bound=0)

    def to_day(self, queryset: QuerySet[Any], name: str, day: Day) -> QuerySet[Any]:
        return self._by_clinic(queryset, "starts_at__lt", day, bound=1)

    def _by_clinic(
        self, queryset: QuerySet[Any], lookup: str, day: Day, *, bound: int
    ) -> QuerySet[Any]:
        """A local day starts at another instant in each of the caller's clinics."""
        condition = Q(pk__in=[])
        for clinic in self.clinics:
            limit: datetime = day_bounds(day, clinic.zone)[bound]
            condition |= Q(clinic=clinic.pk, **{lookup: limit})
        return queryset.filter(condition)
