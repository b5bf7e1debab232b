"""Every change to a patient's record, as the history tables kept it: who, when, from, to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

from aftercare.models import RecallNotice
from clinic.models import User
from patients.models import (
    OtherTreatment,
    Patient,
    PatientConcern,
    PhotoConsent,
    StaffTask,
    TreatmentConsent,
)
from sessions.models import (
    CartridgeUse,
    IncidentReport,
    OutcomeMeasure,
    ProductUse,
    SessionFinding,
    SideEffect,
    TreatmentPlan,
    TreatmentSession,
    ZoneTreatment,
)

# tracked model → how its history rows name the patient
TRACKED: dict[type[models.Model], str] = {
    Patient: "pgh_obj",
    PatientConcern: "patient",
    OtherTreatment: "patient",
    TreatmentConsent: "patient",
    PhotoConsent: "patient",
    TreatmentPlan: "patient",
    TreatmentSession: "patient",
    ZoneTreatment: "session__patient",
    CartridgeUse: "session__patient",
    ProductUse: "session__patient",
    SessionFinding: "session__patient",
    OutcomeMeasure: "plan__patient",
    SideEffect: "session__patient",
    IncidentReport: "side_effect__session__patient",
    StaffTask: "patient",
    RecallNotice: "patient",
}
BOOKKEEPING = {"updated_at", "version"}


@dataclass(frozen=True)
class Change:
    """One change to one row. `fields` maps each changed field to its old and new value.

    `number` orders the changes of one transaction, which all have its time.
    """

    at: datetime
    number: int
    by: str
    table: str
    id: UUID
    label: str
    fields: dict[str, tuple[str, str]]


def changes(patient: Patient) -> list[Change]:
    """All changes, newest first. Takes one query a table and one for the names."""
    staff = {str(user.pk): user.username for user in User.objects.all()}
    found = [
        change
        for model, path in TRACKED.items()
        for change in _of_table(model, path, patient, staff)
    ]
    return sorted(found, key=lambda change: (change.at, change.number, change.table), reverse=True)


def _of_table(
    model: type[models.Model], path: str, patient: Patient, staff: dict[str, str]
) -> Iterator[Change]:
    events: Any = model._meta.get_field("history").related_model
    names = [f.attname for f in events._meta.concrete_fields if not f.name.startswith("pgh_")]
    rows = events._default_manager.filter(**{path: patient.pk}).select_related("pgh_context")
    before: dict[Any, Any] = {}
    for row in rows.order_by("pgh_id"):
        old = before.get(row.pgh_obj_id)
        before[row.pgh_obj_id] = row
        context = row.pgh_context.metadata if row.pgh_context else {}
        fields = {
            name: (_text(getattr(old, name)) if old else "", _text(getattr(row, name)))
            for name in names
            if name not in BOOKKEEPING
            and _text(getattr(row, name)) != (_text(getattr(old, name)) if old else "")
        }
        yield Change(
            at=row.pgh_created_at,
            number=row.pgh_id,
            by=staff.get(str(context.get("user")), "system"),
            table=model._meta.db_table,
            id=row.pgh_obj_id,
            label=row.pgh_label,
            fields=fields,
        )


def _text(value: Any) -> str:
    return "" if value is None else str(value)
