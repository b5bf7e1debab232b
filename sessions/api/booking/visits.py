"""What books a visit that treats nothing, over HTTP: a body that names its kind."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import VisibleField, WallClockField, on_clock_of
from clinic.api.forms import Form, IdField, parse_body
from clinic.http.writes import SafeWrites
from clinic.models import Device, Room, User
from clinic.permissions import actor
from clinic.values.wallclock import this_minute
from patients.models import Patient, StaffTask
from sessions import services
from sessions.api.booking.availability import OfferedEnd, plain
from sessions.api.booking.session_out import booked_data
from sessions.models import Kind, SideEffect, TreatmentPlan, VisitType
from sessions.scheduling.wanted import VisitRequest

OR_NOW = "With a UTC offset, or without one as local time of the clinic. Left out: it begins now."


class VisitIn(Form):
    kind = serializers.ChoiceField(
        choices=Kind.choices,
        required=False,
        help_text="Instead of `visit_type`, where the clinic offers one of that kind in person.",
    )
    visit_type = VisibleField(
        queryset=VisitType.objects.select_related("clinic"),
        required=False,
        help_text="See `visit-types/`. Without it or another kind, a treatment is booked.",
    )
    patient = VisibleField(queryset=Patient.objects.select_related("clinic"))
    starts_at = WallClockField(required=False, help_text=OR_NOW)
    ends_at = OfferedEnd()
    practitioner = VisibleField(
        queryset=User.objects.filter(is_active=True), help_text="In a role that may do it."
    )
    room = VisibleField(
        queryset=Room.objects.all(),
        required=False,
        allow_null=True,
        help_text="Where the visit needs one.",
    )
    device = VisibleField(
        queryset=Device.objects.select_related("model"),
        required=False,
        allow_null=True,
        help_text="Where the visit needs one.",
    )
    plan = VisibleField(
        queryset=TreatmentPlan.objects.select_related("clinic"),
        required=False,
        allow_null=True,
        help_text="What the visit is about, if it is.",
    )
    side_effect = VisibleField(
        queryset=SideEffect.objects.select_related("session"),
        required=False,
        allow_null=True,
        help_text="What a check looks at. Completing it closes it.",
    )
    task = VisibleField(
        queryset=StaffTask.objects.all(),
        required=False,
        allow_null=True,
        help_text="What a check settles. Completing it finishes it.",
    )
    hold = IdField(
        required=False,
        source="hold_id",
        help_text="A hold for such a visit of the patient that ends with this booking. Those on "
        "this very time end anyway.",
    )
    video_url = serializers.URLField(
        required=False,
        max_length=300,
        help_text="Of a visit by video, where its kind has no link of its own.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        kind = attrs.pop("kind", None)
        if "visit_type" not in attrs:
            attrs["visit_type"] = _only_one(attrs["patient"], kind)
        elif kind and kind != attrs["visit_type"].kind:
            raise ValidationError({"kind": ["The visit type is of another kind: leave it out."]})
        if "starts_at" in attrs:
            attrs["starts_at"] = on_clock_of(attrs["patient"], attrs["starts_at"])
        return attrs


def _only_one(patient: Patient, kind: str | None) -> VisitType:
    """The clinic's only kind of visit of this kind that takes place in person."""
    offered = VisitType.objects.filter(
        clinic=patient.clinic_id, kind=kind, mode="IN_PERSON", is_active=True
    )
    found = list(offered.select_related("clinic")[:2])
    if len(found) != 1:
        raise ValidationError({"visit_type": ["Name one of `visit-types/`."]}, code="required")
    return found[0]


def names_a_visit(data: Any) -> bool:
    """Whether a body of `sessions/` is about something else than a treatment."""
    if not isinstance(data, Mapping):
        return False
    return "visit_type" in data or data.get("kind", Kind.TREATMENT) != Kind.TREATMENT


def book_visit(view: SafeWrites, request: Request) -> Response:
    """Raises what the service does; with times near it where that one is not free."""
    details, now = {**parse_body(VisitIn, request)}, timezone.now()
    details.setdefault("starts_at", this_minute(now))
    try:
        return view.made_by(services.book_visit, booked_data, **details, at=now, by=actor(request))
    except services.SlotTaken as refusal:
        visit = VisitRequest(details["visit_type"], details["patient"], details.get("plan"))
        refusal.later = lambda: other_times(
            wanted=visit,
            starts_at=details["starts_at"],
            practitioner=details["practitioner"],
            at=now,
        )
        raise


def other_times(**wanted: Any) -> dict[str, Any]:
    """What a refusal adds where a time is not free."""
    return {"alternatives": [plain(slot) for slot in services.alternatives(**wanted)]}
