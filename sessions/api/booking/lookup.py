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
from patients.models import Area, Patient
from sessions.models import Protocol, ProtocolVersion, TreatmentPlan

# Of people and clinics what a booking asks for, and nothing of their health: to make a telephone
# number out of its text takes longer than to make the rest of a row.
PATIENT = ("id", "clinic_id", "given_name", "family_name", "time_zone", "archived_at")
PRACTITIONER = ("id", "username", "first_name", "last_name", "role", "is_active")
CLINIC = (
    *("id", "name", "short_name", "time_zone", "slot_minutes", "hold_minutes", "late_cancel_hours"),
    *("quiet_from", "quiet_until"),
)
VERSION = (
    *("id", "version", "effective_from", "protocol_id", "planned_sessions", "stop_after_sessions"),
    *("hard_min_days", "soft_min_days", "target_min_days", "target_max_days"),
    *("duration_minutes", "minutes_per_zone", "setup_minutes", "cleaning_minutes"),
)
ROWS: dict[str, tuple[type[models.Model], tuple[str, ...]]] = {
    "plan": (TreatmentPlan, ()),
    "clinic": (Clinic, CLINIC),
    "patient": (Patient, PATIENT),
    "area": (Area, ()),
    "protocol": (Protocol, ()),
    "version": (ProtocolVersion, VERSION),
    "practitioner": (User, PRACTITIONER),
    "room": (Room, ()),
    "device": (Device, ()),
}
WHO = ("practitioner", "room", "device")

# Only what the caller's clinics have: see `visible_to` of each model. A row for each of the plans.
NAMED = Prepared(
    "named",
    """
SELECT COLUMNS
FROM (SELECT %(clinics)s AS clinics) AS sees
CROSS JOIN unnest(%(plans)s) WITH ORDINALITY AS asked (id, place)
LEFT JOIN treatment_plan AS plan ON plan.id = asked.id AND plan.clinic_id = ANY (clinics)
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
ORDER BY asked.place
""".replace(
        "COLUMNS", ", ".join(columns(name, model, *names) for name, (model, names) in ROWS.items())
    ),
    types={
        **dict.fromkeys(("clinics", "plans"), "uuid[]"),
        **dict.fromkeys(WHO, "uuid"),
    },
)


class FurtherPlansField(serializers.ListField):
    """The ids of further plans that are treated in the sitting: `find_named` finds them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            child=IdField(),
            required=False,
            max_length=5,
            help_text="Plans of the same patient for other areas that are treated in this sitting.",
            **kwargs,
        )


def find_named(user: User, attrs: dict[str, Any]) -> dict[str, Any]:
    """The plans (with their booking facts), practitioner, room and device of these ids, as far as
    they are named; None for those that are not, and `further_plans` only if there are any.

    Raises ValidationError, naming each that does not exist for `user`.
    """
    who = {name: attrs.get(name) for name in WHO}
    plans = [attrs.get("plan"), *attrs.get("further_plans", ())]
    with connection.cursor() as cursor:
        NAMED.execute(cursor, {**who, "plans": plans, "clinics": user.clinic_ids})
        rows = [_read(list(values)) for values in cursor.fetchall()]
    first, *further = rows
    asked = {"plan": plans[0], **who}
    unknown: Any = {name: pk for name, pk in asked.items() if pk and first[name] is None}
    errors: Any = unknown_ids(unknown).detail if unknown else {}
    missing = {
        str(index): pk
        for index, (pk, row) in enumerate(zip(plans[1:], further, strict=True))
        if row["plan"] is None
    }
    if missing:
        errors["further_plans"] = unknown_ids(missing).detail
    if errors:
        raise ValidationError(errors, code="does_not_exist")
    found = {name: first[name] for name in asked}
    return {**found, "further_plans": [row["plan"] for row in further]} if further else found


def _read(values: list[Any]) -> dict[str, Any]:
    """One row of NAMED."""
    found: dict[str, Any] = {
        name: pop_row(model, values, *names) for name, (model, names) in ROWS.items()
    }
    if plan := found["plan"]:
        patient = found["patient"]
        plan.patient, plan.area, plan.protocol = patient, found["area"], found["protocol"]
        plan.protocol.in_effect_now = found["version"]
        plan.clinic = patient.clinic = found["clinic"]  # the same: plan_patient_of_same_clinic
    return found
