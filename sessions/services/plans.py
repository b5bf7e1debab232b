"""Deciding on a treatment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.models import Role, User
from clinic.permissions import require_sight
from patients.models import Area, Concern, Patient, PatientConcern
from patients.services.records import require_open
from sessions.lifecycle import PlanKind, PlanStatus
from sessions.models import OutcomeMeasure, Protocol, ProtocolVersion, TreatmentPlan


class ProtocolDoesNotFit(DomainError):
    code = "protocol_does_not_fit"
    title = gettext_noop("The protocol is for something else")


class ForeignConcern(DomainError):
    code = "foreign_concern"
    title = gettext_noop("The concern is another patient's")


class OtherConcern(DomainError):
    code = "other_concern"
    title = gettext_noop("The plan treats something else")


class ForeignOutcome(DomainError):
    code = "foreign_outcome"
    title = gettext_noop("The outcome is another patient's")


class NoVersion(DomainError):
    code = "no_version"
    title = gettext_noop("The protocol has no version in effect")


class NoPractitionerHere(DomainError):
    code = "no_practitioner_here"
    title = gettext_noop("This person does not treat at this clinic")


def require_practitioner(person: User, *, clinic_id: UUID) -> None:
    """Raises NoPractitionerHere unless `person` treats at the clinic."""
    treats = person.role == Role.PRACTITIONER and person.is_active
    if not treats or not person.clinics.filter(pk=clinic_id).exists():
        raise no_practitioner(person)


def no_practitioner(person: User) -> NoPractitionerHere:
    return NoPractitionerHere(
        gettext("{person} is no practitioner of this clinic.").format(person=person),
        field="practitioner",
    )


def _require_protocol_fits(protocol: Protocol, *, concern: Concern, area: Area) -> None:
    if (protocol.concern_id, protocol.area_id) != (concern.pk, area.pk):
        raise ProtocolDoesNotFit(
            gettext("The protocol “{protocol}” treats {concern} on {area}.").format(
                protocol=protocol, concern=protocol.concern, area=protocol.area
            ),
            field="protocol",
        )


@retried_transaction
def create_plan(
    *,
    patient: Patient,
    concern: Concern,
    area: Area,
    protocol: Protocol,
    practitioner: User | None,
    at: datetime,
    by: User,
    patient_concerns: Sequence[PatientConcern] = (),
    planned_zones: int = 1,
    goals: str = "",
    kind: str = PlanKind.COURSE,
    interval_months: int | None = None,
    reason: str = "",
    after_outcome: OutcomeMeasure | None = None,
    home_care: Sequence[str] = (),
    as_draft: bool = False,
) -> TreatmentPlan:
    """Plan a series of sessions by the version of the protocol that is in effect; active at once
    unless it is a draft. Maintenance comes at its own interval, for its reason, and may follow
    from a measured outcome.

    Raises PatientArchived, ProtocolDoesNotFit, NoPractitionerHere, ForeignConcern, OtherConcern,
    ForeignOutcome, NoVersion, or ValidationError by field.
    """
    require_open(patient, field="patient")
    require_sight(by, patient.pk)
    _require_protocol_fits(protocol, concern=concern, area=area)
    if practitioner:
        require_practitioner(practitioner, clinic_id=patient.clinic_id)
    _require_concerns_fit(patient_concerns, patient=patient, concern=concern, area=area)
    if after_outcome and after_outcome.plan.patient_id != patient.pk:
        raise ForeignOutcome(
            gettext("That was measured of another patient."), field="after_outcome"
        )
    version = version_in_effect(protocol, at)
    plan = TreatmentPlan(
        clinic_id=patient.clinic_id,
        patient=patient,
        concern=concern,
        area=area,
        protocol=protocol,
        protocol_version=version,
        practitioner=practitioner,
        planned_sessions=_sessions_in_two_years(interval_months) or version.planned_sessions,
        planned_zones=planned_zones,
        goals=goals,
        kind=kind,
        interval_months=interval_months,
        reason=reason,
        after_outcome=after_outcome,
        home_care=sorted(set(home_care)),
        created_by=by,
    )
    plan.clean()
    plan.save(force_insert=True)
    plan.patient_concerns.set(patient_concerns)
    plan.events.create(old_status="", new_status=plan.status, at=at, by=by)
    if not as_draft:
        plan.move_to(PlanStatus.ACTIVE, at=at, by=by)
    return plan


@retried_transaction
def change_plan(
    *, plan_id: UUID, changes: Mapping[str, Any], at: datetime, by: User
) -> TreatmentPlan:
    """Change who treats, how many zones, what the patient hopes for or agreed to do at home, or
    how often and why it is kept up; what is booked already stays as it is.
    Raises PatientArchived, NoPractitionerHere, or ValidationError by field."""
    rows = TreatmentPlan.objects.select_for_update(of=("self",)).select_related("patient")
    plan = rows.get(pk=plan_id)
    require_open(plan.patient)
    require_sight(by, plan.patient_id)
    if practitioner := changes.get("practitioner"):
        require_practitioner(practitioner, clinic_id=plan.clinic_id)
    for name, value in changes.items():
        setattr(plan, name, sorted(set(value)) if name == "home_care" else value)
    plan.full_clean()
    plan.save(update_fields=list(changes))
    return plan


def _require_concerns_fit(
    known: Sequence[PatientConcern], *, patient: Patient, concern: Concern, area: Area
) -> None:
    if any(one.patient_id != patient.pk for one in known):
        raise ForeignConcern(
            gettext("A concern belongs to another patient."), field="patient_concerns"
        )
    for one in known:
        if one.concern_id != concern.pk or (one.zone and one.zone.why_not_on(area)):
            raise OtherConcern(
                gettext("The plan treats {concern} on {area}, not: {one}.").format(
                    concern=concern, area=area, one=one
                ),
                field="patient_concerns",
            )


def plan_to_be(
    *, patient: Patient, protocol: Protocol, practitioner: User | None, at: datetime, zones: int = 1
) -> TreatmentPlan:
    """A course as `create_plan` would make it now, kept nowhere: to look for its times with. Asked
    for again it has the same id. Raises NoVersion."""
    version = version_in_effect(protocol, at)
    return TreatmentPlan(
        pk=uuid5(protocol.pk, str(patient.pk)),
        clinic=patient.clinic,
        patient=patient,
        concern=protocol.concern,
        area=protocol.area,
        protocol=protocol,
        protocol_version=version,
        practitioner=practitioner,
        planned_sessions=version.planned_sessions,
        planned_zones=zones,
        status=PlanStatus.ACTIVE,
    )


def _sessions_in_two_years(interval_months: int | None) -> int | None:
    """How many a maintenance plan has, before somebody looks whether it is still wanted."""
    return max(1, 24 // interval_months) if interval_months else None


def version_in_effect(protocol: Protocol, at: datetime) -> ProtocolVersion:
    """The version of a protocol that counts now. Raises NoVersion."""
    if protocol.in_effect_now:
        return protocol.in_effect_now
    version = ProtocolVersion.objects.in_effect(at).filter(protocol=protocol).first()
    if version is None:
        raise NoVersion(
            gettext("“{protocol}” has no version in effect.").format(protocol=protocol),
            field="protocol",
        )
    return version
