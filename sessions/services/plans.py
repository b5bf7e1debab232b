"""Deciding on a treatment."""

from uuid import UUID

from django.db import transaction

from clinic.errors import DomainError
from clinic.models import Role, User
from patients.models import Concern, Patient
from patients.services import PatientArchived
from sessions.models import Area, Protocol, TreatmentPlan


class ProtocolDoesNotFit(DomainError):
    code = "protocol_does_not_fit"
    title = "The protocol is for something else"


class NoPractitionerHere(DomainError):
    code = "no_practitioner_here"
    title = "This person does not treat at this clinic"


def require_practitioner(person: User, *, clinic_id: UUID) -> None:
    """Raises NoPractitionerHere unless `person` treats at the clinic."""
    treats = person.role == Role.PRACTITIONER and person.is_active
    if not treats or not person.clinics.filter(pk=clinic_id).exists():
        raise NoPractitionerHere(
            f"{person} is no practitioner of this clinic.", field="practitioner"
        )


@transaction.atomic
def create_plan(
    *,
    patient: Patient,
    concern: Concern,
    area: Area,
    protocol: Protocol,
    practitioner: User | None,
    by: User,
) -> TreatmentPlan:
    """Plan a series of sessions. Raises PatientArchived, ProtocolDoesNotFit, NoPractitionerHere."""
    if patient.archived_at:
        raise PatientArchived("This record is archived: restore it first.", field="patient")
    if (protocol.concern_id, protocol.area_id) != (concern.pk, area.pk):
        raise ProtocolDoesNotFit(
            f"The protocol “{protocol}” treats {protocol.concern} on {protocol.area}.",
            field="protocol",
        )
    if practitioner:
        require_practitioner(practitioner, clinic_id=patient.clinic_id)
    return TreatmentPlan.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        concern=concern,
        area=area,
        protocol=protocol,
        practitioner=practitioner,
        planned_sessions=protocol.planned_sessions,
        created_by=by,
    )
