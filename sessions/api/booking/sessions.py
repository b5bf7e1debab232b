"""Sessions and their verbs, and charts, over HTTP. Every write is a verb."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import (
    ClinicViewSet,
    ReasonIn,
    VisibleField,
    WallClockField,
    on_clock_of,
)
from clinic.api.forms import Form, IdField, TextField, parse_body
from clinic.api.paging import NewestFirst, page_of, pages_by
from clinic.db.retries import as_step
from clinic.db.rows import as_written
from clinic.models import Device, Room, User
from clinic.permissions import actor
from clinic.values.wallclock import this_minute
from sessions import services
from sessions.api.booking.availability import OfferedEnd
from sessions.api.booking.lookup import FurtherPlansField, find_named
from sessions.api.booking.session_filter import SessionFilter
from sessions.api.booking.session_out import (
    LISTED,
    SESSION_ROW,
    SHOWN,
    BookedOut,
    SessionDetailOut,
    SessionOut,
    booked_data,
    session_data,
)
from sessions.api.booking.visits import OR_NOW, VisitIn, book_visit, names_a_visit, other_times
from sessions.api.figures.healing_curve import HealingCurveActions
from sessions.api.record.cream import CreamActions
from sessions.api.record.deviations import DeviationActions
from sessions.api.record.outcome_visit import OutcomeVisitActions
from sessions.api.record.signer import SIGNED_WITH, SignerActions
from sessions.lifecycle import AbortReason, Status
from sessions.models import Kind, SessionEvent, TreatmentSession
from sessions.scheduling.wanted import sitting_of, wanted_by

KNOWS = "The patient was told in person: nothing is sent to announce it."
START = "With a UTC offset, or without one as local time of the clinic."


class BookingIn(Form):
    kind = serializers.ChoiceField(
        choices=Kind.choices,
        required=False,
        help_text="A body that names another kind, or a `visit_type`, books such a visit.",
    )
    plan = IdField()
    starts_at = WallClockField(required=False, help_text=OR_NOW)
    ends_at = OfferedEnd()
    practitioner = IdField()
    room = IdField()
    device = IdField()
    spacing_override_reason = TextField(
        required=False,
        max_length=500,
        help_text="Only from a practitioner: why this session may come sooner than the rule.",
    )
    side_effect_override_reason = TextField(
        required=False,
        max_length=500,
        help_text="Only from a practitioner: why to book before a side effect is resolved, "
        "although the last screening rules the patient out, or a practitioner has decided "
        "against it.",
    )
    hold = IdField(
        required=False,
        source="hold_id",
        help_text="A hold that ends with this booking. Those on this very time end anyway; one "
        "that has lapsed does no harm if the time is still free.",
    )

    further_plans = FurtherPlansField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        found = find_named(actor(self.context["request"]), attrs)
        attrs.pop("kind", None)
        if "starts_at" in attrs:
            attrs["starts_at"] = on_clock_of(found["plan"], attrs["starts_at"])
        return {**attrs, **found}


BOOKING = PolymorphicProxySerializer(
    component_name="SessionIn",
    serializers=[BookingIn, VisitIn],
    resource_type_field_name=None,
)


class RescheduleIn(Form):
    starts_at = WallClockField(help_text=START)
    ends_at = OfferedEnd()
    practitioner = VisibleField(queryset=User.objects.filter(is_active=True), required=False)
    room = VisibleField(queryset=Room.objects.all(), required=False)
    device = VisibleField(queryset=Device.objects.all(), required=False)
    shift_later = serializers.BooleanField(
        default=False,
        help_text="Also move the later sessions of its plans that would come too soon.",
    )
    patient_knows = serializers.BooleanField(default=False, help_text=KNOWS)
    reason = TextField(required=False, max_length=500)


class CancelIn(ReasonIn):
    patient_knows = serializers.BooleanField(default=False, help_text=KNOWS)


class AbortIn(Form):
    abort_reason = serializers.ChoiceField(choices=AbortReason.choices)
    abort_note = TextField(
        required=False,
        allow_blank=True,
        max_length=500,
        default="",
        help_text="In words; needed for `OTHER`.",
    )


class CompleteIn(ReasonIn):
    note = TextField(
        required=False,
        allow_blank=True,
        max_length=5_000,
        default="",
        help_text="Added to the record; of a check, what it found.",
    )
    goes_on = serializers.BooleanField(
        default=False,
        help_text="The side effect that a check looked at is not over: it only gets the note.",
    )


class SessionEventOut(serializers.ModelSerializer[SessionEvent]):
    class Meta:
        model = SessionEvent
        fields = ["old_status", "new_status", "at", "by", "reason", "undo_until"]
        read_only_fields = fields


class ByStart(NewestFirst):
    ordering = ("starts_at", "id")
    max_page_size = 1000  # the day of a large clinic

    def _get_position_from_instance(self, instance: Any, ordering: Any) -> str:
        return str(instance[0])


class SkipIn(Form):
    reason = TextField(max_length=500, help_text="Why this area is not treated.")


MOVES = ("skip", "confirm", "check_in", "start", "complete", "abort", "cancel", "no_show", "undo")


class SessionViewSet(
    CreamActions,
    DeviationActions,
    HealingCurveActions,
    OutcomeVisitActions,
    SignerActions,
    RetrieveModelMixin,
    ClinicViewSet,
):
    model = TreatmentSession
    resource = "treatment_sessions.treatmentsession"
    alone = frozenset({"create"})
    makes = frozenset({"reschedule"})
    check_later = frozenset({*MOVES, "reschedule"})
    permissions = {
        "skip": "treatment_sessions.change_treatmentsession",
        "confirm": "treatment_sessions.change_treatmentsession",
        "check_in": "treatment_sessions.change_treatmentsession",
        "start": "treatment_sessions.treat",
        "complete": "treatment_sessions.treat",
        "abort": "treatment_sessions.treat",
        "cancel": "treatment_sessions.change_treatmentsession",
        "no_show": "treatment_sessions.change_treatmentsession",
        "undo": "treatment_sessions.change_treatmentsession",
        "reschedule": "treatment_sessions.change_treatmentsession",
        "events": "treatment_sessions.view_sessionevent",
        "chart": "treatment_sessions.view_zonetreatment",
        "write_chart": "treatment_sessions.change_zonetreatment",
        "cartridges": "treatment_sessions.change_zonetreatment",
        "cream_on": "treatment_sessions.change_zonetreatment",
        "cream_off": "treatment_sessions.change_zonetreatment",
        "findings": "treatment_sessions.view_zonetreatment",
        "overrides": "treatment_sessions.override",
        "healing_curve": "treatment_sessions.view_checkin",
        "outcome_items": "treatment_sessions.view_outcomemeasure",
        "deviations": "treatment_sessions.view_deviation",
        "record_deviation": "treatment_sessions.add_deviation",
        "addenda": "treatment_sessions.view_zonetreatment",
        "add_addendum": "treatment_sessions.treat",
    }
    serializer_class = SessionOut
    filterset_class = SessionFilter
    pagination_class = ByStart

    def get_queryset(self) -> QuerySet[Any]:
        rows = LISTED if self.action == "list" else TreatmentSession.objects.select_related(*SHOWN)
        visible: QuerySet[Any] = rows.visible_to(self.request.user)
        return visible

    @extend_schema(responses=SessionOut(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or ()
        self.touch(*(patient for _, _, patient in page), names=SessionOut.Meta.fields)
        return self.get_paginated_response(
            as_written(SESSION_ROW.opened(row) for _, row, _ in page)
        )

    @extend_schema(responses=SessionDetailOut)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One session, with the areas of the sitting that it leads."""
        return Response(SessionDetailOut(self.get_object()).data)

    @extend_schema(request=BOOKING, responses={201: BookedOut}, parameters=[SIGNED_WITH])
    def create(self, request: Request) -> Response:
        """Book a treatment of a plan, or a visit of another kind.

        With `further_plans` it is one sitting for several areas: a session for each, which the
        further ones name as `sitting`; the answer lists them as `areas`. A washout refuses nothing:
        `clear_on` says when the last one has ended, if one lasts on that day.

        409 codes: `practitioner_taken room_taken device_taken patient_taken too_soon
        closed held practitioner_off room_unfit device_unfit out_of_use open_side_effect
        screening_blocks not_a_candidate may_not_treat plan_not_active`;
        `too_soon` adds `earliest_at, earliest_on`. What is taken, held or closed adds
        `alternatives`: up to three bookable times near the wanted one."""
        if names_a_visit(request.data):
            return book_visit(self, request)
        data = parse_body(BookingIn, request)
        details = dict(data)
        plan, now = details["plan"], timezone.now()
        details.setdefault("starts_at", this_minute(now))
        try:
            return self.made_by(
                services.book_session, booked_data, **details, at=now, by=actor(request)
            )
        except services.SlotTaken as refusal:
            refusal.later = lambda: other_times(
                wanted=sitting_of(plan, *details.get("further_plans", ())),
                starts_at=details["starts_at"],
                practitioner=details["practitioner"],
                at=now,
            )
            raise

    def _move(self, request: Request, to: Status, form: type[Form] = ReasonIn) -> Response:
        session_id = self.get_object().pk
        data = parse_body(form, request)
        session = services.move_session(
            session_id=session_id,
            to=to,
            at=timezone.now(),
            by=actor(request),
            **data,
            undoable=True,
            seen=self.require_seen,
        )
        return Response(session_data(session))

    @extend_schema(request=ReasonIn)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: Any) -> Response:
        return self._move(request, Status.CONFIRMED)

    @extend_schema(request=ReasonIn)
    @action(detail=True, methods=["post"], url_path="check-in")
    def check_in(self, request: Request, pk: Any) -> Response:
        return self._move(request, Status.CHECKED_IN)

    @extend_schema(request=ReasonIn)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: Any) -> Response:
        return self._move(request, Status.IN_PROGRESS)

    @extend_schema(request=CompleteIn, parameters=[SIGNED_WITH])
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: Any) -> Response:
        """Sign the record. A check closes the side effect or the task that it was opened from with
        its note."""
        return self._move(request, Status.COMPLETED, CompleteIn)

    @extend_schema(request=AbortIn, parameters=[SIGNED_WITH])
    @action(detail=True, methods=["post"])
    def abort(self, request: Request, pk: Any) -> Response:
        session_id = self.get_object().pk
        data = parse_body(AbortIn, request)
        session = services.abort_session(
            session_id=session_id,
            why=data["abort_reason"],
            note=data["abort_note"],
            at=timezone.now(),
            by=actor(request),
            seen=self.require_seen,
        )
        return Response(session_data(session))

    @extend_schema(request=CancelIn)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: Any) -> Response:
        return self._move(request, Status.CANCELLED, CancelIn)

    @extend_schema(request=SkipIn)
    @action(detail=True, methods=["post"])
    def skip(self, request: Request, pk: Any) -> Response:
        """Leave this area of a sitting out. The other areas stay booked; if this one led, the next
        one leads."""
        session = services.skip_area(
            session_id=self.get_object().pk,
            **parse_body(SkipIn, request),
            at=timezone.now(),
            by=actor(request),
            seen=self.require_seen,
        )
        return Response(session_data(session))

    @extend_schema(request=ReasonIn)
    @action(detail=True, methods=["post"], url_path="no-show")
    def no_show(self, request: Request, pk: Any) -> Response:
        return self._move(request, Status.NO_SHOW)

    @extend_schema(request=RescheduleIn, responses={201: BookedOut})
    @action(detail=True, methods=["post"])
    def reschedule(self, request: Request, pk: Any) -> Response:
        """Cancel this session and book the new time, both or neither. Answers the new one, or
        refuses as booking does.

        409 `later_sessions_too_soon` lists the later sessions of its plans that would come too soon
        (`later_sessions`), with the times that `shift_later` would move them to."""
        old: TreatmentSession = self.get_object()
        details, now = {**parse_body(RescheduleIn, request)}, timezone.now()
        details["starts_at"] = on_clock_of(old, details["starts_at"])
        try:
            session = as_step(services.reschedule_session)(
                session_id=old.pk,
                **details,
                at=now,
                by=actor(request),
                undoable=True,
                seen=self.require_seen,
            )
        except services.SlotTaken as refusal:
            refusal.later = lambda: other_times(
                wanted=wanted_by(old),
                starts_at=details["starts_at"],
                practitioner=details.get("practitioner", old.practitioner),
                at=now,
                without=old,
            )
            raise
        return Response(booked_data(session), status=201)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: Any) -> Response:
        """Take back a cancellation, a no-show or a move, by either of its sessions: `undo_until` of
        its event says until when. Nobody is told of it before. The answer is the session that
        stands again; what was booked in its place is off.

        409 codes of its place: those of booking, if somebody has taken it meanwhile."""
        session = services.undo_end(
            session_id=self.get_object().pk,
            at=timezone.now(),
            by=actor(request),
            seen=self.require_seen,
        )
        return Response(session_data(session))

    @extend_schema(responses=SessionEventOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=pages_by("id"))
    def events(self, request: Request, pk: Any) -> Response:
        """The history of the session, oldest first."""
        return page_of(self, self.get_object().events.all(), SessionEventOut)
