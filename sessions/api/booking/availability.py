"""The times that can be offered for a plan's next session, over HTTP."""

import builtins
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.fields import SkipField
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import ClinicViewSet, InstantField, VisibleField, unknown_ids
from clinic.api.forms import DayField, DaysQuery, Form, IdField, parse_query
from clinic.api.paging import ListPages
from clinic.models import User
from clinic.permissions import actor
from clinic.values.wallclock import day_bounds
from patients.models import Patient
from sessions import services
from sessions.api.booking.lookup import FurtherPlansField, find_named
from sessions.lifecycle import UPCOMING
from sessions.models import Kind, TreatmentPlan, TreatmentSession, VisitType
from sessions.scheduling.availability import Offer, first_free, offers
from sessions.scheduling.spacing import TooSoon, why_not_yet
from sessions.scheduling.wanted import SittingRequest, VisitRequest, wanted_by
from sessions.services.booking.sitting.areas import areas_together
from sessions.services.plans import version_in_effect

NAME_ONE = "Name the plan to be treated, or a visit type."
ONLY_TREATMENTS = "Only a treatment has several areas: leave it out for this visit type."
SAID_BY_SESSION = "The session to be moved says it: leave this out."
TO_MOVE = (
    *("plan__protocol", "plan__clinic", "plan__patient__clinic", "plan__area"),
    *("visit_type__clinic", "patient__clinic"),
)
WHO = ("practitioner", "room", "device")
MOST = 5_000  # slots in one answer: a megabyte
TOO_MANY = (
    f"There are more than {MOST:,} free times. Ask for fewer days or for one practitioner, or for "
    "pages by `page_size`, or at `availability/compact/`."
)


class PlanQuery(Form):
    plan = IdField()
    further_plans = FurtherPlansField()
    practitioner = IdField(required=False, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        found = find_named(actor(self.context["request"]), attrs)
        who = found["practitioner"]
        wanted = areas_together(found["plan"], found.get("further_plans", ()))
        return {**attrs, "wanted": wanted, "practitioner_id": who and who.pk}


class WantedQuery(PlanQuery):
    plan = IdField(required=False, help_text="For its next session; or what the visit is about.")
    visit_type = VisibleField(
        queryset=VisitType.objects.select_related("clinic"),
        required=False,
        help_text="For a visit that treats nothing.",
    )
    patient = VisibleField(
        queryset=Patient.objects.all(),
        required=False,
        help_text="With `visit_type`: who comes. Left out: somebody who is no patient yet.",
    )
    instead_of = VisibleField(
        queryset=TreatmentSession.objects.filter(status__in=UPCOMING),
        required=False,
        help_text="A session that is to be moved, in place of all that says what is wanted. What "
        "it takes up itself counts as free.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "instead_of" in attrs:
            return self._to_move(attrs)
        kind = attrs.get("visit_type")
        if kind is None or kind.kind == Kind.TREATMENT:
            if "plan" not in attrs:
                raise ValidationError({"plan": [NAME_ONE]}, code="required")
            return super().validate(attrs)
        if "further_plans" in attrs:
            raise ValidationError({"further_plans": [ONLY_TREATMENTS]})
        found = self._named(attrs)
        wanted = VisitRequest(kind, attrs.get("patient"), found.get("plan"))
        return {**attrs, "wanted": wanted, "practitioner_id": attrs["practitioner"]}

    def _to_move(self, attrs: dict[str, Any]) -> dict[str, Any]:
        named = {"plan", "further_plans", "visit_type", "patient"} & attrs.keys()
        if named:
            raise ValidationError({name: [SAID_BY_SESSION] for name in sorted(named)})
        self._named(attrs)
        rows = TreatmentSession.objects.select_related(*TO_MOVE)
        session = rows.get(pk=attrs["instead_of"].leading_id)
        who = attrs["practitioner"]
        return {**attrs, "wanted": wanted_by(session), "moving": session, "practitioner_id": who}

    def _named(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What the caller may see of what these ids name."""
        user = actor(self.context["request"])
        rows: dict[str, Any] = {"practitioner": User.objects, "plan": TreatmentPlan.objects}
        asked = {name: attrs[name] for name in rows if attrs.get(name)}
        found = {
            name: rows[name].visible_to(user).filter(pk=pk).first() for name, pk in asked.items()
        }
        if unknown := {name: pk for name, pk in asked.items() if not found[name]}:
            raise unknown_ids(unknown)
        return found


class AvailabilityQuery(DaysQuery, WantedQuery):
    longest = timedelta(days=31)
    to = DayField(help_text="Last local day; at most 31 days after the first.")


class AvailabilityPageQuery(AvailabilityQuery):
    cursor = serializers.CharField(
        required=False, help_text="Which page: see `next` and `previous` of an answer."
    )
    page_size = serializers.CharField(required=False, help_text="How many starts a page has.")


class FirstQuery(PlanQuery):
    after = DayField(help_text="The first local day that would do.")


class SlotOut(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    practitioner = serializers.UUIDField(source="practitioner_id")
    room = serializers.UUIDField(source="room_id", allow_null=True)
    device = serializers.UUIDField(source="device_id", allow_null=True)


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


class SlotPages(ListPages):
    """Pages by start and practitioner, which no two offers share."""

    page_size = 500
    max_page_size = 5_000
    descending = False

    def position_of(self, row: Offer) -> str:
        return f"{row.starts_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S} {row.practitioner_id}"


class CompactPages(SlotPages):
    page_size = 5_000


class StartsOut(serializers.Serializer[Any]):
    practitioner = serializers.UUIDField()
    room = serializers.UUIDField(allow_null=True)
    device = serializers.UUIDField(allow_null=True)
    minutes = serializers.IntegerField(help_text="How long each lasts, in minutes.")
    starts = serializers.ListField(
        child=serializers.DateTimeField(), help_text="When each begins (UTC)."
    )


class CompactOut(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text="The address of the next page.")
    previous = serializers.URLField(allow_null=True, help_text="Of the page before.")
    results = StartsOut(many=True)


class SlotPageOut(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text="The address of the next page.")
    previous = serializers.URLField(allow_null=True, help_text="Of the page before.")
    results = SlotOut(many=True)


SLOTS = PolymorphicProxySerializer(
    component_name="Slots",
    serializers=[SlotOut(many=True), SlotPageOut],
    resource_type_field_name=None,
    many=False,
)


def compact_groups(slots: Iterable[Offer]) -> list[dict[str, Any]]:
    """What CompactOut says, in the order of the first starts."""
    groups: dict[tuple[Any, ...], list[datetime]] = {}
    for slot in slots:
        minutes = (slot.ends_at - slot.starts_at) // timedelta(minutes=1)
        key = (slot.practitioner_id, slot.room_id, slot.device_id, minutes)
        groups.setdefault(key, []).append(slot.starts_at)
    names = (*WHO, "minutes", "starts")
    return [dict(zip(names, (*key, starts), strict=True)) for key, starts in groups.items()]


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


def _why_not_yet(
    wanted: TreatmentPlan | SittingRequest, *, after: datetime, at: datetime
) -> TooSoon | None:
    """Of several areas, for the skin that recovers last."""
    plans = wanted.plans if isinstance(wanted, SittingRequest) else [wanted]
    refusals = []
    for plan in plans:
        protocol = version_in_effect(plan.protocol, at)
        if refusal := why_not_yet(plan, protocol=protocol, after=after, at=at):
            refusals.append(refusal)
    return max(refusals, key=lambda refusal: refusal.earliest_at, default=None)


class AvailabilityViewSet(ClinicViewSet):
    """The times that can be booked for a plan's next session, or for a visit of another kind, with
    who and what is free then."""

    permissions = dict.fromkeys(
        ("list", "first", "compact"), "treatment_sessions.view_treatmentsession"
    )
    serializer_class = SlotOut
    pagination_class = None

    def get_queryset(self) -> QuerySet[Any]:
        return TreatmentPlan.objects.none()

    def known_query_params(self) -> set[str]:
        query = FirstQuery() if self.action == "first" else AvailabilityPageQuery()
        return set(query.get_fields())

    def repeatable_query_params(self) -> set[str]:
        return {"further_plans"}

    @extend_schema(parameters=[AvailabilityPageQuery], responses=SLOTS)
    def list(self, request: Request) -> Response:
        """Every bookable start of each practitioner, with the first room and device that are free
        then: as an array of at most 5,000, or in pages if `page_size` is given. 409 `not_licensed`:
        the kind of visit asks for a licence that nobody at the clinic holds."""
        if SlotPages.query_params & set(request.query_params):
            return self._page(request, SlotPages(), lambda rows: [plain(slot) for slot in rows])
        slots = self._offers(request, AvailabilityQuery)
        if len(slots) > MOST:
            raise ValidationError({"to": [TOO_MANY]}, code="too_many")
        return Response([plain(slot) for slot in slots])

    @extend_schema(parameters=[AvailabilityPageQuery], responses=CompactOut, filters=False)
    @action(detail=False, methods=["get"], pagination_class=CompactPages)
    def compact(self, request: Request) -> Response:
        """The same starts in a tenth of the bytes: ids once for all starts that share practitioner,
        room and device. Pages hold whole starts; a group may go on in the next page."""
        return self._page(request, CompactPages(), compact_groups)

    def _page(self, request: Request, pages: SlotPages, shown: Any) -> Response:
        slots = sorted(self._offers(request, AvailabilityPageQuery), key=pages.position_of)
        page = pages.paginate_queryset(slots, request)
        return pages.get_paginated_response(shown(page))

    def _offers(self, request: Request, query: type[PlanQuery]) -> builtins.list[Offer]:
        data = parse_query(query, request)
        asked = data
        found = offers(
            wanted=asked["wanted"],
            first=asked["from"],
            last=asked["to"],
            practitioner_id=asked["practitioner_id"],
            at=timezone.now(),
            moving=asked.get("moving"),
        )
        if not found:
            services.require_somebody(asked["wanted"], on=asked["to"])
        return found

    @extend_schema(parameters=[FirstQuery], responses=FirstOut)
    @action(detail=False, methods=["get"])
    def first(self, request: Request) -> Response:
        """The first free time on or after a day, and from when on the skin allows one."""
        data = parse_query(FirstQuery, request)
        wanted, now = data["wanted"], timezone.now()
        zone = wanted.clinic.zone
        after = max(now, day_bounds(data["after"], zone)[0])
        reason = _why_not_yet(wanted, after=after, at=now)
        earliest = reason.earliest_at if reason else after
        earliest_on = earliest.astimezone(zone).date()
        found = {
            "earliest_at": earliest,
            "earliest_on": earliest_on,
            "reason": reason,
            "slot": first_free(
                wanted=wanted,
                after=earliest,
                practitioner_id=data["practitioner_id"],
                at=now,
            ),
        }
        if found["slot"] is None:
            services.require_somebody(wanted, on=earliest_on)
        return Response(FirstOut(found).data)
