"""Ending what has bookings ahead, over HTTP: `ahead` shows them, `retire` and `archive` decide."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import InstantField, VisibleField
from clinic.api.forms import Form, IdField, TextField, parse_body, require_no_body
from clinic.api.resources import DeviceViewSet, PractitionerViewSet, RoomViewSet
from clinic.errors import NotAllowed
from clinic.models import Device, Room, User
from clinic.permissions import MAY_ASSIGN, actor
from patients.api import ConcernViewSet, PatientViewSet
from patients.api.patients import PatientOut
from sessions import services
from sessions.api.booking.availability import SlotOut
from sessions.api.record.consultation import ConsultationActions
from sessions.services.ending.decisions import SLOT, Choice, Decider
from sessions.services.ending.retire import preview


class NotYourStaff(NotAllowed):
    code = "not_your_staff"
    title = "Somebody else ends this person's work"


class DecisionIn(Form):
    session = IdField()
    do = serializers.ChoiceField(choices=Choice.choices)
    starts_at = InstantField(
        required=False, help_text="To move it there; without it, to the nearest free time."
    )
    practitioner = VisibleField(queryset=User.objects.practitioners(), required=False)
    room = VisibleField(queryset=Room.objects.all(), required=False)
    device = VisibleField(queryset=Device.objects.all(), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in SLOT if name in attrs]
        if given and attrs["do"] != Choice.MOVE:
            raise serializers.ValidationError({given[0]: ["Only for a session that is moved."]})
        if given and "starts_at" not in attrs:
            raise serializers.ValidationError({"starts_at": ["Say when, too."]})
        return attrs


class RetireIn(Form):
    reason = TextField(required=False, allow_blank=True, max_length=500, default="")
    decisions = DecisionIn(many=True, required=False, default=list)
    rest = serializers.ChoiceField(
        choices=Choice.choices,
        required=False,
        help_text="For all sessions that are not named, and for what else is ahead.",
    )


class AheadBookingOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    starts_at = serializers.DateTimeField()
    offer = SlotOut(allow_null=True, help_text="The nearest time that it could move to.")

    def to_representation(self, instance: Any) -> Any:
        return instance


class AheadOut(serializers.Serializer[Any]):
    """What would be left behind: decide with `decisions`, or with `rest` for all."""

    bookings = AheadBookingOut(many=True)
    holds = serializers.IntegerField()
    waitlist = serializers.ListField(child=serializers.UUIDField())
    messages = serializers.IntegerField(help_text="That would never be sent.")


NOTHING = {"bookings": [], "holds": 0, "waitlist": [], "messages": 0}


DECIDING = frozenset({"reason", "decisions", "rest"})


def decider_of(request: Request, data: dict[str, Any] | None = None) -> Decider:
    """The decisions in the body of a request; `data` is what a larger form has made of it."""
    if data is None:
        data = parse_body(RetireIn, request)
    decisions = {entry.pop("session"): entry for entry in data["decisions"]}
    return Decider(
        at=timezone.now(),
        by=actor(request),
        reason=data["reason"],
        decisions=decisions,
        rest=data.get("rest", ""),
    )


class RetireActions:
    """For what is put out of use."""

    def retire_row(self, row: Any, decider: Decider) -> Any:
        return services.retire(row=row, decider=decider)

    @extend_schema(responses=AheadOut, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def ahead(self, request: Request, pk: Any) -> Response:
        """What lies ahead of it: sessions with the nearest time that each could move to, held
        times, waitlist entries and messages. Changes nothing."""
        row = self.get_object()  # type: ignore[attr-defined]
        found = preview(
            lambda decider: self.retire_row(row, decider), at=timezone.now(), by=actor(request)
        )
        return Response(AheadOut(found.extra if found else NOTHING).data)

    @extend_schema(request=RetireIn)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: Any) -> Response:
        """Put it out of use. 409 `still_ahead` lists the `bookings`, `holds`, `waitlist` and
        `messages` ahead: send it again with `decisions`, or with `rest` for all."""
        row = self.get_object()  # type: ignore[attr-defined]
        self.retire_row(row, decider_of(request))
        row = self.get_queryset().filter(pk=row.pk).first() or row  # type: ignore[attr-defined]
        return Response(self.get_serializer(row).data)  # type: ignore[attr-defined]


def permissions_for(permission: str) -> dict[str, str]:
    return dict.fromkeys(("ahead", "retire"), permission)


class RetirableRoomViewSet(RetireActions, RoomViewSet):
    permissions = permissions_for("clinic.change_room")


class RetirableDeviceViewSet(RetireActions, DeviceViewSet):
    permissions = permissions_for("clinic.change_device")


class RetirableConcernViewSet(RetireActions, ConcernViewSet):
    permissions = permissions_for("patients.change_concern")


class RetirablePractitionerViewSet(RetireActions, RetrieveModelMixin, PractitionerViewSet):
    model = User
    permissions = {
        **PractitionerViewSet.permissions,
        "retrieve": "treatment_sessions.view_treatmentsession",
        **permissions_for("clinic.change_user"),
    }

    def retire_row(self, row: User, decider: Decider) -> Any:
        """Raises NotYourStaff, as the admin refuses it."""
        elsewhere = row.clinics.exclude(pk__in=decider.by.clinic_ids)
        if row.role not in MAY_ASSIGN.get(decider.by.role, set()) or elsewhere.exists():  # type: ignore[call-overload]
            raise NotYourStaff("Ask whoever manages this person's clinics and role.")
        return super().retire_row(row, decider)


class ArchivablePatientViewSet(ConsultationActions, PatientViewSet):
    """Patients, whose records are archived with what lies ahead of them."""

    permissions = {
        **PatientViewSet.permissions,
        **dict.fromkeys(("ahead", "archive", "restore"), "patients.change_patient"),
        "consultation": "patients.view_medical",
    }

    @extend_schema(responses=AheadOut, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def ahead(self, request: Request, pk: Any) -> Response:
        """What would be left behind if the record were archived. Changes nothing."""
        patient = self.get_object()
        if patient.archived_at:
            return Response(AheadOut(NOTHING).data)
        found = preview(
            lambda decider: services.archive_patient(patient_id=patient.pk, decider=decider),
            at=timezone.now(),
            by=actor(request),
        )
        return Response(AheadOut(found.extra if found else NOTHING).data)

    @extend_schema(request=RetireIn, responses=PatientOut)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: Any) -> Response:
        """Take the record out of use; nothing is deleted. 409 `still_ahead` lists the `bookings`,
        `holds`, `waitlist` and `messages` ahead: send it again with `decisions`, or with `rest` for
        all. Messages that wait are withdrawn, and planned again when it is restored."""
        patient = services.archive_patient(
            patient_id=self.get_object().pk, decider=decider_of(request)
        )
        return Response(PatientOut(patient).data)

    @extend_schema(request=None, responses=PatientOut)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: Any) -> Response:
        """Take an archived record back into use."""
        require_no_body(request)
        patient = services.restore_patient(
            patient_id=self.get_object().pk, at=timezone.now(), by=actor(request)
        )
        return Response(PatientOut(patient).data)
