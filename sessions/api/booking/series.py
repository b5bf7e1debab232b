"""Series over HTTP: what a plan's remaining sessions could be, and booking them all or none."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from clinic.api.base import InstantField, VisibleField
from clinic.api.forms import DayField, Form, parse_body, parse_query
from clinic.models import Device, Room, User
from clinic.permissions import actor
from sessions import services
from sessions.api.booking.availability import OfferedEnd
from sessions.api.booking.session_out import SessionOut, session_data
from sessions.models import TreatmentPlan


class ProposalQuery(Form):
    practitioner = VisibleField(queryset=User.objects.practitioners(), required=False, default=None)
    # "from" is a word of Python's, so it gets its name below
    first = DayField(required=False, default=None, help_text="Not before this day.")

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["from"] = fields.pop("first")
        return fields


class ProposedOut(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField(source="slot.starts_at")
    ends_at = serializers.DateTimeField(source="slot.ends_at")
    practitioner = serializers.UUIDField(source="slot.practitioner.pk")
    room = serializers.UUIDField(source="slot.room.pk", allow_null=True)
    device = serializers.UUIDField(source="slot.device.pk", allow_null=True)
    visit_type = serializers.UUIDField(
        allow_null=True, default=None, help_text="Of an outcome visit; null: a treatment."
    )
    shift = serializers.CharField(
        help_text="Why this session is not at the usual weekday and time; empty if it is."
    )


def proposed_visit(found: services.FollowUp) -> dict[str, Any]:
    """What ProposedOut says of an outcome visit."""
    slot = found.slot
    return {
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "practitioner": slot.practitioner_id,
        "room": slot.room_id,
        "device": slot.device_id,
        "visit_type": found.visit_type.pk,
        "shift": found.shift,
    }


class ChosenIn(Form):
    starts_at = InstantField()
    ends_at = OfferedEnd()
    practitioner = VisibleField(queryset=User.objects.practitioners())
    room = VisibleField(queryset=Room.objects.all())
    device = VisibleField(queryset=Device.objects.all())


class SeriesIn(Form):
    sessions = serializers.ListField(child=ChosenIn(), min_length=1, max_length=52)


class SeriesActions(GenericViewSet[Any]):
    """The part of a plan's endpoints that books its sessions."""

    @extend_schema(parameters=[ProposalQuery], responses=ProposedOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def proposal(self, request: Request, pk: Any) -> Response:
        """A time for each session of the plan that is still to be booked; once the last one is
        done, for each outcome visit in its window, with its `visit_type`. Keeps nothing.

        409 codes: `plan_not_active`, and `no_free_time` within half a year."""
        plan_id = self.get_object().pk
        data = parse_query(ProposalQuery, request)
        plan, now = TreatmentPlan.objects.with_booking_facts().get(pk=plan_id), timezone.now()
        who = data["practitioner"]
        if visits := services.propose_follow_up(plan=plan, practitioner=who, at=now):
            return Response([proposed_visit(found) for found in visits])
        proposed = services.propose_series(
            plan=plan, practitioner=who, first_on=data["from"], at=now
        )
        return Response(ProposedOut(proposed, many=True).data)

    @extend_schema(request=SeriesIn, responses={201: SessionOut(many=True)}, filters=False)
    @action(detail=True, methods=["post"], url_path="book-series", pagination_class=None)
    def book_series(self, request: Request, pk: Any) -> Response:
        """Book all of these sessions or none. A refusal has the code of a single booking's, and
        `errors` points at the session: `/sessions/1/room`."""
        plan_id = self.get_object().pk
        data = parse_body(SeriesIn, request)
        booked = services.book_series(
            plan_id=plan_id,
            slots=data["sessions"],
            at=timezone.now(),
            by=actor(request),
        )
        return Response([session_data(session) for session in booked], status=201)
