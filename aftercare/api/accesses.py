"""The record of accesses over HTTP."""

from datetime import date as Day
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms as django_forms
from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin

from clinic.api.base import ClinicViewSet
from clinic.api.queries import DayFilter, IdFilter, require_order
from clinic.models import AccessRecord, Action, Door, Outcome
from clinic.models.access import least_id
from clinic.permissions import actor
from clinic.values.wallclock import day_bounds
from patients.models import Patient

MOST_NAMED = 20


class AccessList(serializers.ListSerializer[Any]):
    """Whose patients they are is asked once for a page."""

    def to_representation(self, data: Any) -> Any:
        rows = list(data)
        context: Any = self.context
        context["own"] = own_patients(rows, context["request"].user, most=MOST_NAMED)
        return super().to_representation(rows)


class AccessOut(serializers.ModelSerializer[AccessRecord]):
    at = serializers.DateTimeField()
    actor = serializers.UUIDField(source="actor_id")
    patients = serializers.SerializerMethodField()
    patient_count = serializers.SerializerMethodField()

    class Meta:
        model = AccessRecord
        list_serializer_class = AccessList
        fields = [
            *("id", "at", "actor_kind", "actor", "role", "on_behalf_of", "session", "address"),
            *("request_id", "door", "place", "purpose", "action", "outcome", "status", "code"),
            *("object_model", "object_id", "patients", "patient_count", "count", "fields"),
        ]
        read_only_fields = fields

    def get_patients(self, row: AccessRecord) -> list[str]:
        """By id: those of the caller's clinics. In lists of no more than the first 20."""
        if "own" not in self.context:
            own = own_patients([row], self.context["request"].user, most=len(row.patient_ids))
            return [str(one) for one in row.patient_ids if one in own]
        own = self.context["own"]
        return [str(one) for one in row.patient_ids[:MOST_NAMED] if one in own]

    def get_patient_count(self, row: AccessRecord) -> int:
        return len(row.patient_ids)


def own_patients(rows: list[AccessRecord], user: Any, *, most: int) -> set[Any]:
    ids = {one for row in rows for one in row.patient_ids[:most]}
    return set(Patient.objects.visible_to(user).filter(pk__in=ids).values_list("pk", flat=True))


class AccessFilterForm(django_forms.Form):
    def clean(self) -> None:
        require_order(self, "from", "to")


class AccessFilter(filters.FilterSet):
    """Days are local days of the caller's clinics, both included."""

    patient = IdFilter(method="of_patient", label="Of whom data left or changed.")
    actor = IdFilter(field_name="actor_id", label="The user or the patient who did it.")
    action = filters.MultipleChoiceFilter(
        choices=Action.choices, distinct=False, label="What was done."
    )
    outcome = filters.MultipleChoiceFilter(
        choices=Outcome.choices, distinct=False, label="What came of it."
    )
    door = filters.MultipleChoiceFilter(choices=Door.choices, distinct=False, label="By which way.")
    from_ = DayFilter(method="from_day", label="First local day.")
    to = DayFilter(method="to_day", label="Last local day.")

    class Meta:
        model = AccessRecord
        form = AccessFilterForm
        fields: list[str] = []

    @classmethod
    def get_filters(cls) -> dict[str, Any]:
        return {name.rstrip("_"): found for name, found in super().get_filters().items()}

    def of_patient(self, rows: Any, name: str, value: Any) -> Any:
        """Of a patient of the caller's clinics, and of the records merged into theirs."""
        same = Q(pk=value) | Q(merged_into=value)
        own = Patient.objects.visible_to(actor(self.request)).filter(same)
        return rows.of_patients(list(own.values_list("pk", flat=True)))

    def from_day(self, rows: QuerySet[Any], name: str, day: Day) -> QuerySet[Any]:
        return rows.filter(pk__gte=least_id(min(self._bounds(day, 0))))

    def to_day(self, rows: QuerySet[Any], name: str, day: Day) -> QuerySet[Any]:
        return rows.filter(pk__lt=least_id(max(self._bounds(day, 1))))

    def _bounds(self, day: Day, end: int) -> list[datetime]:
        """A local day starts at another instant in each of the caller's clinics."""
        zones = [clinic.zone for clinic in actor(self.request).works_at] or [ZoneInfo("UTC")]
        return [day_bounds(day, zone)[end] for zone in zones]


class AccessViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    """Nobody changes these rows. A practitioner reads what they did themselves."""

    model: Any = AccessRecord
    resource = "clinic.accessrecord"
    serializer_class = AccessOut
    filterset_class = AccessFilter
