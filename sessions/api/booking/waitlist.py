"""Holds and the waitlist over HTTP."""

from typing import Any

from django.db.models import Model, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import ClinicViewSet, InstantField, ReasonIn, VisibleField
from clinic.api.forms import DayField, Form, IdField, TextField, parse_body, require_no_body
from clinic.api.queries import IdFilter
from clinic.models import Device, Room, User, Weekday
from clinic.permissions import actor
from patients.models import Patient
from sessions import services
from sessions.api.booking.availability import OfferedEnd
from sessions.api.booking.lookup import FurtherPlansField, find_named
from sessions.api.booking.session_out import SessionOut, session_data
from sessions.api.booking.visits import names_a_visit
from sessions.lifecycle import WaitlistStatus
from sessions.models import Hold, TreatmentPlan, TreatmentSession, VisitType, WaitlistEntry

NEEDED = "Where the visit needs one."


class TreatmentHoldIn(Form):
    plan = IdField()
    further_plans = FurtherPlansField()
    starts_at = InstantField()
    ends_at = OfferedEnd()
    practitioner = IdField()
    room = IdField()
    device = IdField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {**attrs, **find_named(actor(self.context["request"]), attrs)}


class VisitHoldIn(Form):
    visit_type = VisibleField(
        queryset=VisitType.objects.select_related("clinic"),
        help_text="Of a visit that treats nothing: see `visit-types/`.",
    )
    patient = VisibleField(queryset=Patient.objects.select_related("clinic"))
    plan = VisibleField(
        queryset=TreatmentPlan.objects.all(),
        required=False,
        allow_null=True,
        help_text="What the visit is about, if it is.",
    )
    starts_at = InstantField()
    ends_at = OfferedEnd()
    practitioner = VisibleField(
        queryset=User.objects.filter(is_active=True), help_text="In a role that may do it."
    )
    room = VisibleField(
        queryset=Room.objects.all(), required=False, allow_null=True, help_text=NEEDED
    )
    device = VisibleField(
        queryset=Device.objects.select_related("model"),
        required=False,
        allow_null=True,
        help_text=NEEDED,
    )


HOLD = PolymorphicProxySerializer(
    component_name="HoldIn",
    serializers=[TreatmentHoldIn, VisitHoldIn],
    resource_type_field_name=None,
)


class HoldOut(serializers.ModelSerializer[Hold]):
    class Meta:
        model = Hold
        fields = [
            *("id", "clinic", "visit_type", "patient", "plan", "practitioner", "room", "device"),
            *("starts_at", "ends_at", "released_at", "expires_at"),
        ]
        read_only_fields = fields


class HoldViewSet(ClinicViewSet):
    """Times that the caller keeps while talking to a patient. To hold one again renews it."""

    model = Hold
    resource = "treatment_sessions.hold"
    permissions = {"destroy": "treatment_sessions.delete_hold"}
    serializer_class = HoldOut

    def get_queryset(self) -> QuerySet[Any]:
        user = self.request.user
        own: QuerySet[Any] = super().get_queryset().filter(held_by=user.pk)
        return own

    @extend_schema(request=HOLD, responses={201: HoldOut})
    def create(self, request: Request) -> Response:
        """Hold a time for a plan, and long enough for its `further_plans`; or for another
        `visit_type` of a `patient`. 409 codes: `held` and those of a booking."""
        at, by = timezone.now(), actor(request)
        if names_a_visit(request.data):
            hold = services.hold_visit(**parse_body(VisitHoldIn, request), at=at, by=by)
        else:
            details = {**parse_body(TreatmentHoldIn, request)}
            plan_id = details.pop("plan").pk
            hold = services.place_hold(plan_id=plan_id, **details, at=at, by=by)
        return Response(HoldOut(hold).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: Any) -> Response:
        """Give the time back."""
        require_no_body(request)
        services.release_hold(hold_id=self.get_object().pk, at=timezone.now(), by=actor(request))
        return Response(status=204)


class WaitlistIn(Form):
    plan = VisibleField(
        queryset=TreatmentPlan.objects.all(),
        required=False,
        allow_null=True,
        default=None,
        help_text="What is to be treated; of a visit of another kind what it is about, if it is.",
    )
    further_plans = FurtherPlansField()
    visit_type = VisibleField(
        queryset=VisitType.objects.select_related("clinic"),
        required=False,
        allow_null=True,
        default=None,
        help_text="Without it, a treatment of the plan is waited for.",
    )
    patient = VisibleField(
        queryset=Patient.objects.select_related("clinic"),
        required=False,
        allow_null=True,
        default=None,
        help_text="Who waits, with a `visit_type`; else whose plan it is.",
    )
    practitioner = VisibleField(
        queryset=User.objects.filter(is_active=True), required=False, allow_null=True, default=None
    )
    from_on = DayField()
    until_on = DayField()
    weekdays = serializers.ListField(
        child=serializers.ChoiceField(choices=Weekday.choices),
        required=False,
        default=list,
        max_length=7,
        help_text="0 is Monday; none means any day.",
    )
    earliest = serializers.TimeField(required=False, allow_null=True, default=None)
    latest = serializers.TimeField(required=False, allow_null=True, default=None)
    note = TextField(required=False, allow_blank=True, max_length=500, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["until_on"] < attrs["from_on"]:
            raise serializers.ValidationError({"until_on": ["Must not be before the first day."]})
        if attrs["earliest"] and attrs["latest"] and attrs["latest"] < attrs["earliest"]:
            raise serializers.ValidationError({"latest": ["Must not be before the earliest."]})
        if (further := attrs.get("further_plans")) and attrs["plan"]:
            asked = {"plan": attrs["plan"].pk, "further_plans": further}
            found = find_named(actor(self.context["request"]), asked)
            attrs |= {name: found[name] for name in asked}
        return attrs


class WaitlistOut(serializers.ModelSerializer[WaitlistEntry]):
    class Meta:
        model = WaitlistEntry
        fields = [
            *("id", "clinic", "visit_type", "patient", "plan", "further_plans", "practitioner"),
            *("from_on", "until_on", "weekdays"),
            *("earliest", "latest", "note", "status", "offered_starts_at"),
            *("offered_practitioner", "offered_room", "offered_device", "offer_expires_at"),
            *("session", "created_at", "created_by"),
        ]
        read_only_fields = fields


class WaitlistFilter(filters.FilterSet):
    status = filters.MultipleChoiceFilter(choices=WaitlistStatus.choices, distinct=False)
    plan = IdFilter()
    patient = IdFilter()
    visit_type = IdFilter()

    class Meta:
        model = WaitlistEntry
        fields: list[str] = []


class WaitlistViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    """Who waits for a time that is taken now. A freed one is offered to the first it fits."""

    model = WaitlistEntry
    resource = "treatment_sessions.waitlistentry"
    permissions = {
        "accept": "treatment_sessions.add_treatmentsession",
        "decline": "treatment_sessions.change_waitlistentry",
        "withdraw": "treatment_sessions.change_waitlistentry",
    }
    serializer_class = WaitlistOut
    filterset_class = WaitlistFilter
    check_later = frozenset({"accept"})

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().prefetch_related("further_plans")

    def answers_with(self) -> tuple[type[Model], ...]:
        return (WaitlistEntry, TreatmentSession)

    @extend_schema(request=WaitlistIn, responses={201: WaitlistOut})
    def create(self, request: Request) -> Response:
        data = parse_body(WaitlistIn, request)
        entry = services.join_waitlist(**data, at=timezone.now(), by=actor(request))
        return Response(WaitlistOut(entry).data, status=201)

    @extend_schema(request=None, responses={201: SessionOut})
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: Any) -> Response:
        """Book what is offered. 409 codes: `offer_lapsed`, `illegal_waitlist_move` without an
        offer, and those of a booking."""
        require_no_body(request)
        session = services.accept_offer(
            entry_id=self.get_object().pk,
            at=timezone.now(),
            by=actor(request),
            seen=self.require_seen,
        )
        return Response(session_data(session), status=201)

    @extend_schema(request=ReasonIn)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: Any) -> Response:
        """Pass the offer on to the next, and go on waiting."""
        return self._end(request, services.decline_offer)

    @extend_schema(request=ReasonIn)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: Any) -> Response:
        """Take the entry off the list."""
        return self._end(request, services.withdraw_from_waitlist)

    def _end(self, request: Request, service: Any) -> Response:
        entry_id = self.get_object().pk
        data = parse_body(ReasonIn, request)
        entry = service(
            entry_id=entry_id,
            reason=data["reason"],
            at=timezone.now(),
            by=actor(request),
        )
        return Response(WaitlistOut(entry).data)
