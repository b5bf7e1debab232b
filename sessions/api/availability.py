"""The times that can be offered for a plan's next session, over HTTP."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.fields import SkipField
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api import ClinicViewSet, InstantField
from clinic.forms import DayField, Form, IdField
from clinic.permissions import actor
from clinic.wallclock import day_bounds
from sessions.api.named import find_named
from sessions.availability import Offer, first_free, offers
from sessions.models import TreatmentPlan
from sessions.services.plans import version_in_effect
from sessions.spacing import why_not_yet

LONGEST = timedelta(days=31)


class PlanQuery(Form):
    plan = IdField()
    practitioner = IdField(required=False, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        found = find_named(actor(self.context["request"]), attrs)
        return {**attrs, "plan": found["plan"], "practitioner": found["practitioner"]}


class AvailabilityQuery(PlanQuery):
    # "from" is a word of Python's, so it gets its name below
    first = DayField(help_text="First local day.")
    to = DayField(help_text="Last local day; at most 31 days after the first.")

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["from"] = fields.pop("first")
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not timedelta(0) <= attrs["to"] - attrs["from"] <= LONGEST:
            raise ValidationError(
                {"to": [f"Must be from the first day to {LONGEST.days} days after it."]}
            )
        return super().validate(attrs)


class FirstQuery(PlanQuery):
    after = DayField(help_text="The first local day that would do.")


class SlotOut(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    practitioner = serializers.UUIDField(source="practitioner_id")
    room = serializers.UUIDField(source="room_id")
    device = serializers.UUIDField(source="device_id")


class OfferedEnd(InstantField):
    """Lets an offered time be sent back whole, as a booking."""

    def __init__(self, **kwargs: Any) -> None:
        words = "As an offered time has it. Not read: the end follows from the protocol."
        super().__init__(required=False, help_text=words, **kwargs)

    def to_internal_value(self, value: Any) -> Any:
        super().to_internal_value(value)
        raise SkipField


def plain(offer: Offer) -> dict[str, Any]:
    """What SlotOut says, for a month of slots: the renderer knows instants and ids."""
    return {
        "starts_at": offer.starts_at,
        "ends_at": offer.ends_at,
        "practitioner": offer.practitioner_id,
        "room": offer.room_id,
        "device": offer.device_id,
    }


class WhyNotYet(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField(source="message")


class FirstOut(serializers.Serializer[Any]):
    """`reason` says why it cannot be sooner than `earliest_at`; null if nothing stands against it.
    `slot` is the first free time from then on; null if there is none within a year."""

    earliest_at = serializers.DateTimeField()
    earliest_on = serializers.DateField()
    reason = WhyNotYet(allow_null=True)
    slot = SlotOut(allow_null=True)


class AvailabilityViewSet(ClinicViewSet):
    """The times that can be booked for a plan's next session, with who and what is free then."""

    permissions = dict.fromkeys(("list", "first"), "treatment_sessions.view_treatmentsession")
    serializer_class = SlotOut
    pagination_class = None

    def get_queryset(self) -> QuerySet[Any]:
        return TreatmentPlan.objects.none()

    def known_query_params(self) -> set[str]:
        query = FirstQuery() if self.action == "first" else AvailabilityQuery()
        return set(query.get_fields())

    @extend_schema(parameters=[AvailabilityQuery], responses=SlotOut(many=True))
    def list(self, request: Request) -> Response:
        form = AvailabilityQuery(data=request.query_params, context={"request": request})
        form.is_valid(raise_exception=True)
        query = form.validated_data
        slots = offers(
            plan=query["plan"],
            first=query["from"],
            last=query["to"],
            practitioner_id=query["practitioner"] and query["practitioner"].pk,
            at=timezone.now(),
        )
        return Response([plain(slot) for slot in slots])

    @extend_schema(parameters=[FirstQuery], responses=FirstOut)
    @action(detail=False, methods=["get"])
    def first(self, request: Request) -> Response:
        """The first free time on or after a day, and from when on the skin allows one."""
        form = FirstQuery(data=request.query_params, context={"request": request})
        form.is_valid(raise_exception=True)
        plan, now = form.validated_data["plan"], timezone.now()
        after = max(now, day_bounds(form.validated_data["after"], plan.clinic.zone)[0])
        protocol = version_in_effect(plan.protocol, now)
        reason = why_not_yet(plan, protocol=protocol, after=after, at=now)
        earliest = reason.earliest_at if reason else after
        found = {
            "earliest_at": earliest,
            "earliest_on": earliest.astimezone(plan.clinic.zone).date(),
            "reason": reason,
            "slot": first_free(
                plan=plan,
                after=earliest,
                practitioner=form.validated_data["practitioner"],
                at=now,
            ),
        }
        return Response(FirstOut(found).data)
