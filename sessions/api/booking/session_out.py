"""What the API says of a session: one by a serializer, a list of hundreds by SQL."""

from typing import Any

from django.db.models import F, Func, TextField
from django.db.models.functions import Trim
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.utils.serializer_helpers import ReturnDict

from clinic.db.rows import IsoInstant, JsonRow
from sessions.models import TreatmentSession


class SessionOut(serializers.ModelSerializer[TreatmentSession]):
    patient_name = serializers.CharField(source="patient.full_name")
    practitioner_name = serializers.CharField(source="practitioner.get_full_name")
    area_code = serializers.CharField(source="area.code", default=None, allow_null=True)

    class Meta:
        model = TreatmentSession
        fields = [
            "id",
            "clinic",
            "visit_type",
            "kind",
            "mode",
            "video_url",
            "plan",
            "sitting",
            "patient",
            "patient_name",
            "area",
            "area_code",
            "practitioner",
            "practitioner_name",
            "room",
            "device",
            "occupied_from",
            "starts_at",
            "ends_at",
            "released_at",
            "recovers_at",
            "time_zone",
            "status",
            "completed_at",
            "aborted_at",
            "abort_reason",
            "abort_note",
            "is_late_cancel",
            "rescheduled_from",
            "spacing_override_reason",
            "protocol_version",
            "side_effect",
            "task",
            "is_off_label",
            "signed_by",
            "created_at",
        ]
        read_only_fields = fields


class AreaOut(serializers.ModelSerializer[TreatmentSession]):
    session = serializers.UUIDField(source="pk")
    area_code = serializers.CharField(source="area.code", default=None, allow_null=True)

    class Meta:
        model = TreatmentSession
        fields = ["session", "plan", "area", "area_code", "protocol_version", "status"]
        read_only_fields = fields


class SessionDetailOut(SessionOut):
    areas = serializers.SerializerMethodField()

    class Meta(SessionOut.Meta):
        fields = [*SessionOut.Meta.fields, "areas"]
        read_only_fields = fields

    @extend_schema_field(AreaOut(many=True))
    def get_areas(self, session: TreatmentSession) -> Any:
        further = session.further_areas.select_related("area").order_by("pk")
        rows = [session, *further] if session.area_id else []
        return AreaOut(rows, many=True).data


class BookedOut(SessionDetailOut):
    clear_on = serializers.DateField(allow_null=True, read_only=True)

    class Meta(SessionDetailOut.Meta):
        fields = [*SessionDetailOut.Meta.fields, "clear_on"]
        read_only_fields = fields


SHOWN = ("patient", "practitioner", "area")
_OUT, _AREA_OUT = SessionOut(), AreaOut()


def session_data(session: TreatmentSession) -> "ReturnDict[str, Any]":
    """What SessionOut says, without building its fields again, which takes most of the time."""
    return ReturnDict(_OUT.to_representation(session), serializer=SessionOut(session))


def booked_data(session: TreatmentSession) -> "ReturnDict[str, Any]":
    """What BookedOut says of a session that was just booked, without reading its areas."""
    rows = [session, *session.booked_with] if session.area_id else []
    areas = [_AREA_OUT.to_representation(row) for row in rows]
    clear_on = session.clear_on and session.clear_on.isoformat()
    return ReturnDict(
        {**session_data(session), "areas": areas, "clear_on": clear_on},
        serializer=BookedOut(session),
    )


class FullName(Func):
    """Two names with a blank between them; neither is ever NULL."""

    template = "(%(expressions)s)"
    arg_joiner = " || ' ' || "
    output_field = TextField()


# The same in SQL.
SESSION_ROW = JsonRow(
    TreatmentSession,
    SessionOut.Meta.fields,
    patient_name=Trim(FullName("patient__given_name", "patient__family_name")),
    practitioner_name=Trim(FullName("practitioner__first_name", "practitioner__last_name")),
    area_code=F("area__code"),
)
# Put together once: Django takes as long for it as PostgreSQL for the rows of a small clinic's day.
LISTED: Any = TreatmentSession.objects.values_list(
    IsoInstant("starts_at"), SESSION_ROW, "patient_id"
)
