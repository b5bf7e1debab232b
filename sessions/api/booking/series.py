"""Series over HTTP: what a plan's remaining sessions could be, and booking them all or none."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from clinic.api.base import InstantField, VisibleField
from clinic.api.forms import DayField, FirstAsFrom, Form, IdField, parse_body, parse_query
from clinic.models import Device, Room, User
from clinic.permissions import actor
from sessions import services
from sessions.api.booking.availability import OfferedEnd
from sessions.api.booking.lookup import FurtherPlansField, find_named
from sessions.api.booking.session_out import SessionOut, session_data
from sessions.models import TreatmentPlan, VisitType


class ProposalQuery(FirstAsFrom, Form):
    practitioner = VisibleField(queryset=User.objects.practitioners(), required=False, default=None)
    first = DayField(required=False, default=None, help_text="Not before this day.")
    further_plans = FurtherPlansField()


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
        help_text="Why this session is not at the usual weekday and time, or later than the plan "
        "alone would need; empty if it is neither."
    )
    plans = serializers.SerializerMethodField(
        help_text="The plans that are treated then, or that an outcome visit is about; the first "
        "one leads."
    )

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_plans(self, proposed: services.Proposed) -> list[UUID]:
        return [plan.pk for plan in proposed.plans]


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
        "plans": [found.plan.pk],
        "shift": found.shift,
    }


CHOSEN = ("starts_at", "practitioner", "room", "device")


class ChosenIn(Form):
    starts_at = InstantField()
    ends_at = OfferedEnd()
    practitioner = VisibleField(queryset=User.objects.practitioners())
    room = VisibleField(
        queryset=Room.objects.all(),
        required=False,
        allow_null=True,
        help_text="Left out where an outcome visit needs none.",
    )
    device = VisibleField(
        queryset=Device.objects.select_related("model"),
        required=False,
        allow_null=True,
        help_text="Of a treatment.",
    )
    visit_type = VisibleField(
        queryset=VisitType.objects.select_related("clinic"),
        required=False,
        allow_null=True,
        help_text="Of an outcome visit, as the proposal has it; left out or null: a treatment.",
    )
    plans = serializers.ListField(
        child=IdField(),
        required=False,
        min_length=1,
        max_length=6,
        help_text="Of the plans of this series, those that are treated then, as the proposal has "
        "them: the first one leads. Left out: all.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A treatment as `services.Chosen`, a visit as `services.ChosenVisit`."""
        chosen = {name: attrs.get(name) for name in CHOSEN}
        if attrs.get("visit_type"):
            chosen["visit_type"] = attrs["visit_type"]
        elif missing := [name for name in ("room", "device") if not chosen[name]]:
            needed = "A treatment needs one, or name a `visit_type`."
            raise serializers.ValidationError({name: [needed] for name in missing}, code="required")
        return {"slot": chosen, "treated": attrs.get("plans", ())}


class SeriesIn(Form):
    further_plans = FurtherPlansField()
    sessions = serializers.ListField(child=ChosenIn(), min_length=1, max_length=52)


class SeriesActions(GenericViewSet[Any]):
    """The part of a plan's endpoints that books its sessions."""

    def _series(
        self, request: Request, plan: TreatmentPlan, data: dict[str, Any]
    ) -> tuple[TreatmentPlan, Any]:
        """The plan, and the further ones that are treated with it."""
        asked = {"plan": plan.pk, "further_plans": data.get("further_plans", ())}
        found = find_named(actor(request), asked)
        return found["plan"], found.get("further_plans", ())

    @extend_schema(parameters=[ProposalQuery], responses=ProposedOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def proposal(self, request: Request, pk: Any) -> Response:
        """A time for each session of the plan that is still to be booked; once the last one is
        done, for each outcome visit in its window, with its `visit_type`. Keeps nothing.

        With `further_plans` the areas are treated together, session for session: each proposed time
        says in `plans` which of them, for some may need more sessions than others.

        409 codes: `plan_not_active`, and `no_free_time` within half a year."""
        data = parse_query(ProposalQuery, request)
        (plan, further), now = self._series(request, self.get_object(), data), timezone.now()
        who = data["practitioner"]
        sessions, visits = services.propose_course(
            plan=plan, further_plans=further, practitioner=who, first_on=data["from"], at=now
        )
        treatments = ProposedOut(sessions, many=True).data
        return Response([*treatments, *(proposed_visit(found) for found in visits)])

    @extend_schema(request=SeriesIn, responses={201: SessionOut(many=True)}, filters=False)
    @action(detail=True, methods=["post"], url_path="book-series", pagination_class=None)
    def book_series(self, request: Request, pk: Any) -> Response:
        """Book all of these sessions and outcome visits or none. A refusal has the code of a single
        booking's; `errors` points at each session that cannot be booked: `/sessions/1/room`.

        With `further_plans` each is a sitting for several areas: the answer lists the sessions that
        lead."""
        leading = self.get_object()
        data = parse_body(SeriesIn, request)
        plan, further = self._series(request, leading, data)
        booked = services.book_series(
            plan_id=plan.pk,
            further_plans=further,
            treated=[session["treated"] for session in data["sessions"]],
            slots=[session["slot"] for session in data["sessions"]],
            at=timezone.now(),
            by=actor(request),
        )
        return Response([session_data(session) for session in booked], status=201)
