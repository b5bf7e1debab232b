"""What a booking or a search names by id, found in one query instead of four."""

from typing import Any

from django.db import connection, models
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from clinic.api.base import unknown_ids
from clinic.api.forms import IdField
from clinic.db.prepared import Prepared
from clinic.db.rows import columns, pop_row
from clinic.models import Clinic, Device, Room, User
from clinic.permissions import actor
from patients.models import Area, Patient
from sessions.models import Protocol, ProtocolVersion, TreatmentPlan

ROWS: dict[str, type[models.Model]] = {
    "plan": TreatmentPlan,
    "clinic": Clinic,
    "patient": Patient,
    "area": Area,
    "protocol": Protocol,
    "version": ProtocolVersion,
    "practitioner": User,
    "room": Room,
    "device": Device,
}

# Only what the caller's clinics have: see `visible_to` of each model.
NAMED = Prepared(
    "named",
    """
SELECT COLUMNS
FROM (SELECT %(clinics)s AS clinics) AS sees
LEFT JOIN treatment_plan AS plan ON plan.id = %(plan)s AND plan.clinic_id = ANY (clinics)
LEFT JOIN clinic ON clinic.id = plan.clinic_id
LEFT JOIN patient ON patient.id = plan.patient_id
LEFT JOIN patient_area AS area ON area.id = plan.area_id
LEFT JOIN treatment_protocol AS protocol ON protocol.id = plan.protocol_id
LEFT JOIN LATERAL (  -- as ProtocolVersion.objects.in_effect(now) has it
    SELECT * FROM treatment_protocol_version
    WHERE protocol_id = protocol.id AND effective_from <= statement_timestamp()
    ORDER BY effective_from DESC, version DESC LIMIT 1
) AS version ON true
LEFT JOIN clinic_user AS practitioner
  ON practitioner.id = %(practitioner)s
 AND practitioner.role = 'PRACTITIONER' AND practitioner.is_active
 AND EXISTS (SELECT FROM clinic_user_clinic AS works
             WHERE works.user_id = practitioner.id AND works.clinic_id = ANY (clinics))
LEFT JOIN clinic_room AS room ON room.id = %(room)s AND room.clinic_id = ANY (clinics)
LEFT JOIN clinic_device AS device ON device.id = %(device)s AND device.clinic_id = ANY (clinics)
""".replace("COLUMNS", ", ".join(columns(name, model) for name, model in ROWS.items())),
    types={
        "clinics": "uuid[]",
        **dict.fromkeys(("plan", "practitioner", "room", "device"), "uuid"),
    },
)


class FurtherPlansField(serializers.ListField):
    """The further areas of a sitting, beside the `plan` of the first one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            child=IdField(),
            required=False,
            max_length=5,
            help_text="Plans of the same patient for other areas that are treated in this sitting.",
            **kwargs,
        )

    def to_internal_value(self, data: Any) -> list[TreatmentPlan]:
        user, found = actor(self.context["request"]), []
        for index, pk in enumerate(super().to_internal_value(data)):
            try:
                found.append(find_named(user, {"plan": pk})["plan"])
            except ValidationError as error:
                details: Any = error.detail
                at_index: Any = {index: details["plan"]}
                raise ValidationError(at_index) from error
        return found


def find_named(user: User, attrs: dict[str, Any]) -> dict[str, Any]:
    """The plan (with its booking facts), practitioner, room and device of these ids, as far as
    they are named; None for those that are not.

    Raises ValidationError, naming each that does not exist for `user`.
    """
    asked = {name: attrs.get(name) for name in NAMED.types if name != "clinics"}
    with connection.cursor() as cursor:
        NAMED.execute(cursor, {**asked, "clinics": user.clinic_ids})
        values = list(cursor.fetchone())
    found: dict[str, Any] = {name: pop_row(model, values) for name, model in ROWS.items()}
    if unknown := {name: pk for name, pk in asked.items() if pk and found[name] is None}:
        raise unknown_ids(unknown)
    plan, patient = found["plan"], found["patient"]
    plan.patient, plan.area, plan.protocol = patient, found["area"], found["protocol"]
    plan.protocol.in_effect_now = found["version"]
    plan.clinic = patient.clinic = found["clinic"]  # the same: plan_patient_of_same_clinic
    return {name: found[name] for name in asked}
