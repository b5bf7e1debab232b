"""Treatments beside the needle: recorded or planned, and corrected."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.models import User
from clinic.permissions import require_sight
from patients.models import Area, OtherTreatment, OtherTreatmentStatus
from patients.models.other_treatment import NOT_YET
from patients.services.consents import UnknownCode
from patients.services.records import lock_open_record

FARTHEST_PLAN = timedelta(days=731)


class NotYetTreated(DomainError):
    code = "not_yet_treated"
    title = gettext_noop("That day has not come yet")


@retried_transaction
def record_other_treatment(
    *,
    patient_id: UUID,
    kind: str,
    area: Area,
    treated_on: date,
    place: str,
    at: datetime,
    by: User,
    status: str = OtherTreatmentStatus.DONE,
    zones: Sequence[str] = (),
    place_name: str = "",
    notes: str = "",
) -> OtherTreatment:
    """Record what was done to the skin of an area, here or elsewhere, or is planned: its washout
    then counts before needling, and the pause of what is planned after it. Raises PatientArchived,
    UnknownCode, NotYetTreated, or ValidationError."""
    require_sight(by, patient_id)
    treatment = OtherTreatment(
        patient=lock_open_record(patient_id),
        kind=kind,
        status=status,
        area=area,
        zones=list(zones),
        treated_on=treated_on,
        place=place,
        place_name=place_name,
        notes=notes,
        recorded_at=at,
        recorded_by=by,
    )
    _require_right(treatment, at, sets_day=True)
    treatment.save(force_insert=True)
    return treatment


@retried_transaction
def correct_other_treatment(
    *, treatment_id: UUID, changes: Mapping[str, Any], at: datetime, by: User
) -> OtherTreatment:
    """Mend what was recorded wrongly, or say what became of a plan; the history keeps what it was.
    Raises PatientArchived, UnknownCode, NotYetTreated, or ValidationError."""
    of_patient = OtherTreatment.objects.values_list("patient_id", flat=True).get(pk=treatment_id)
    lock_open_record(of_patient)
    require_sight(by, of_patient)
    treatment = (
        OtherTreatment.objects.select_for_update(of=("self",))
        .select_related("patient__clinic", "area")
        .get(pk=treatment_id)
    )
    if not changes:
        return treatment
    for name, value in changes.items():
        setattr(treatment, name, value)
    treatment.recorded_at, treatment.recorded_by = at, by
    _require_right(treatment, at, sets_day="treated_on" in changes)
    treatment.save()
    return treatment


def _require_right(treatment: OtherTreatment, at: datetime, *, sets_day: bool) -> None:
    treatment.zones = sorted(set(treatment.zones))
    treatment.full_clean()
    codes = set(treatment.area.zones.values_list("code", flat=True))
    if unknown := sorted(set(treatment.zones) - codes):
        raise UnknownCode(
            gettext("Not on the area “{area}”: {unknown}.").format(
                area=treatment.area, unknown=", ".join(unknown)
            ),
            field="zones",
        )
    today = at.astimezone(treatment.patient.clinic.zone).date()
    if treatment.status == OtherTreatmentStatus.DONE and treatment.treated_on > today:
        raise NotYetTreated(str(NOT_YET), field="treated_on")
    if sets_day and treatment.treated_on > today + FARTHEST_PLAN:
        raise NotYetTreated(gettext("Plans reach two years ahead."), field="treated_on")
