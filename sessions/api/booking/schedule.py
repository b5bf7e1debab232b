"""Working hours, time off and closures over HTTP. They are added and taken back, never edited."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import ClinicViewSet, InstantField, VisibleField
from clinic.api.forms import DayField, Form, TextField, parse_body, require_no_body
from clinic.api.paging import NewestFirst
from clinic.api.queries import IdFilter
from clinic.models import Clinic, Closure, TimeOff, User, Weekday, WorkingHours
from clinic.permissions import actor
from sessions import services
from sessions.api.booking.availability import SlotOut
from sessions.api.retire import DECIDING, RetireActions, RetireIn, decider_of, permissions_for

ACCEPT = "Add it although bookings are in the way; they stay until somebody moves them."


def help_of(field: str) -> str:
    return str(WorkingHours._meta.get_field(field).help_text)  # type: ignore[union-attr]


class WorkingHoursIn(RetireIn):
    practitioner = VisibleField(queryset=User.objects.practitioners())
    clinic = VisibleField(queryset=Clinic.objects.all())
    weekday = serializers.ChoiceField(choices=Weekday.choices, help_text="0 is Monday.")
    opens_at = serializers.TimeField()
    closes_at = serializers.TimeField(help_text="00:00 is midnight at the end of the day.")
    valid_from = DayField(help_text=help_of("valid_from"))
    valid_until = DayField(required=False, allow_null=True, help_text=help_of("valid_until"))


class WorkingHoursOut(serializers.ModelSerializer[WorkingHours]):
    class Meta:
        model = WorkingHours
        fields = [
            *("id", "practitioner", "clinic", "weekday", "opens_at", "closes_at"),
            *("valid_from", "valid_until", "created_at"),
        ]
        read_only_fields = fields


class TimeOffIn(Form):
    practitioner = VisibleField(queryset=User.objects.practitioners())
    starts_at = InstantField()
    ends_at = InstantField()
    reason = TextField(required=False, allow_blank=True, max_length=200, default="")
    accept = serializers.BooleanField(default=False, help_text=ACCEPT)


class TimeOffOut(serializers.ModelSerializer[TimeOff]):
    class Meta:
        model = TimeOff
        fields = ["id", "practitioner", "starts_at", "ends_at", "reason", "created_at"]
        read_only_fields = fields


class ClosureIn(Form):
    clinic = VisibleField(queryset=Clinic.objects.all())
    starts_at = InstantField()
    ends_at = InstantField()
    reason = TextField(required=False, allow_blank=True, max_length=200, default="")
    accept = serializers.BooleanField(default=False, help_text=ACCEPT)


class ClosureOut(serializers.ModelSerializer[Closure]):
    class Meta:
        model = Closure
        fields = ["id", "clinic", "starts_at", "ends_at", "reason", "created_at"]
        read_only_fields = fields


class ProposalOut(serializers.Serializer[Any]):
    """A booking in the way, and the first free time after it (null: none within a year)."""

    session = serializers.UUIDField(source="session.pk")
    starts_at = serializers.DateTimeField(source="session.starts_at")
    offer = SlotOut(allow_null=True)


class ByPractitioner(filters.FilterSet):
    practitioner = IdFilter()


class TakenBackViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    """Rows that may go again: that only frees time, so no booking is in the way."""

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: Any) -> Response:
        require_no_body(request)
        self.get_object().delete()
        return Response(status=204)


class WorkingHoursViewSet(RetireActions, TakenBackViewSet):
    model = WorkingHours
    resource = "clinic.workinghours"
    permissions = permissions_for("clinic.delete_workinghours")
    serializer_class = WorkingHoursOut
    filterset_class = ByPractitioner

    def retire_row(self, row: WorkingHours, decider: services.Decider) -> None:
        services.remove_working_hours(hours_id=row.pk, decider=decider)

    @extend_schema(request=WorkingHoursIn, responses={201: WorkingHoursOut})
    def create(self, request: Request) -> Response:
        """409 `still_ahead` lists the `bookings` that would be outside of the practitioner's
        hours: send it again with `decisions`, or with `rest` for all."""
        data = parse_body(WorkingHoursIn, request)
        hours = services.add_working_hours(
            **{name: value for name, value in data.items() if name not in DECIDING},
            decider=decider_of(request, data),
        )
        return Response(WorkingHoursOut(hours).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: Any) -> Response:
        """Take them back, if that leaves no booking behind (409 `still_ahead`): `retire` does so
        with decisions."""
        require_no_body(request)
        self.retire_row(self.get_object(), services.Decider(at=timezone.now(), by=actor(request)))
        return Response(status=204)


class ProposalPages(NewestFirst):
    """Short ones: each booking is a search for another time."""

    ordering = ("starts_at", "id")
    page_size = 20
    max_page_size = 50


class SpanViewSet(TakenBackViewSet):
    """What time off and closures share: the bookings in them."""

    @extend_schema(responses=ProposalOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=ProposalPages)
    def bookings(self, request: Request, pk: Any) -> Response:
        """The bookings that lie in it, each with the first free time after it."""
        span, now = self.get_object(), timezone.now()
        bookings = services.bookings_in(span, at=now).filter(clinic__in=actor(request).clinic_ids)
        page = self.paginate_queryset(
            bookings.select_related("practitioner", "plan__clinic", "plan__patient", "plan__area")
        )
        proposals = services.propose_moves(span, at=now, sessions=page or ())
        return self.get_paginated_response(ProposalOut(proposals, many=True).data)


class TimeOffViewSet(SpanViewSet):
    model = TimeOff
    resource = "clinic.timeoff"
    permissions = {"bookings": "treatment_sessions.view_treatmentsession"}
    serializer_class = TimeOffOut
    filterset_class = ByPractitioner

    @extend_schema(request=TimeOffIn, responses={201: TimeOffOut})
    def create(self, request: Request) -> Response:
        """409 `bookings_in_the_way` lists the `bookings` that are in it."""
        data = parse_body(TimeOffIn, request)
        time_off = services.add_time_off(**data, at=timezone.now(), by=actor(request))
        return Response(TimeOffOut(time_off).data, status=201)


class ClosureViewSet(SpanViewSet):
    model = Closure
    resource = "clinic.closure"
    permissions = {"bookings": "treatment_sessions.view_treatmentsession"}
    serializer_class = ClosureOut

    @extend_schema(request=ClosureIn, responses={201: ClosureOut})
    def create(self, request: Request) -> Response:
        """409 `bookings_in_the_way` lists the `bookings` that are in it."""
        data = parse_body(ClosureIn, request)
        closure = services.add_closure(**data, at=timezone.now(), by=actor(request))
        return Response(ClosureOut(closure).data, status=201)

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("clinic")
