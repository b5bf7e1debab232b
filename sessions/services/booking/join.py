"""Who joins the waitlist, and for what."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import TypedDict

from django.utils.translation import gettext, gettext_noop

from clinic.db.constraints import refusal_of
from clinic.db.locks import lock
from clinic.db.retries import retried_transaction
from clinic.errors import Conflict
from clinic.models import Clinic, User
from patients.models import Patient
from patients.services.records import require_open
from sessions.models import Kind, Mode, TreatmentPlan, VisitType, WaitlistEntry
from sessions.services.booking.checks.prepare import NotBookable, require_active
from sessions.services.booking.checks.presence import NotTheirVisit
from sessions.services.booking.sitting.areas import about_further, areas_together
from sessions.services.booking.visits import WrongForVisit, require_about, require_offered
from sessions.services.plans import require_practitioner

WAITS_ALREADY = gettext_noop("This plan is on the waitlist already: withdraw that entry first.")
WAITS_FOR_SUCH = gettext_noop(
    "The patient waits for such a visit already: withdraw that entry first."
)


class AlreadyWaiting(Conflict):
    code = "already_waiting"
    title = gettext_noop("This is on the waitlist already")


@retried_transaction
def join_waitlist(
    *,
    plan: TreatmentPlan | None = None,
    visit_type: VisitType | None = None,
    patient: Patient | None = None,
    from_on: date,
    until_on: date,
    practitioner: User | None = None,
    weekdays: Sequence[int] = (),
    earliest: time | None = None,
    latest: time | None = None,
    note: str = "",
    further_plans: Sequence[TreatmentPlan] = (),
    at: datetime,
    by: User,
) -> WaitlistEntry:
    """Put a plan on the waitlist, with `further_plans` for one sitting; or a `patient` for a visit
    of another `visit_type`, which may be about a plan.

    Raises PatientArchived, PlanNotActive, NotBookable, OutOfUse, WrongForVisit, NoPractitionerHere,
    NotTheirVisit, AlreadyWaiting.
    """
    if visit_type is None or visit_type.kind == Kind.TREATMENT:
        wish = _for_treatment(plan, further_plans, visit_type, patient)
    else:
        wish = _for_visit(visit_type, patient, plan, further_plans)
    if practitioner:
        _require_theirs(practitioner, wish)
    entry = WaitlistEntry(
        **wish,
        practitioner=practitioner,
        from_on=from_on,
        until_on=until_on,
        weekdays=sorted(set(weekdays)),
        earliest=earliest,
        latest=latest,
        note=note,
        created_by=by,
    )
    lock(f"patient:{entry.patient_id}")  # no constraint knows the further plans of another entry
    once, waits = (
        "waitlist_once_per_visit_type",
        AlreadyWaiting(gettext(WAITS_FOR_SUCH), field="visit_type"),
    )
    if plan and entry.kind == Kind.TREATMENT:
        _require_not_waiting(plan, further_plans)
        once, waits = "waitlist_once_per_plan", AlreadyWaiting(gettext(WAITS_ALREADY), field="plan")
    with refusal_of(once, waits):
        entry.save(force_insert=True)
    entry.further_plans.set(further_plans)
    entry.events.create(old_status="", new_status=entry.status, at=at, by=by)
    return entry


class Wish(TypedDict):
    """Whose visit is waited for, and of which kind."""

    clinic: Clinic
    visit_type: VisitType
    kind: str
    patient: Patient
    plan: TreatmentPlan | None


def _for_treatment(
    plan: TreatmentPlan | None,
    further: Sequence[TreatmentPlan],
    visit_type: VisitType | None,
    patient: Patient | None,
) -> Wish:
    """Raises PatientArchived, PlanNotActive, NotBookable, WrongForVisit."""
    if plan is None:
        raise WrongForVisit(
            gettext("Say what is wanted: the plan, or the kind of visit."), field="plan"
        )
    if patient and patient.pk != plan.patient_id:
        raise NotBookable(gettext("The plan is another patient's."), field="plan")
    if visit_type and visit_type.clinic_id != plan.clinic_id:
        raise NotBookable(
            gettext("“{visit_type}” is not offered at this clinic.").format(visit_type=visit_type),
            field="visit_type",
        )
    require_open(plan.patient, field="plan")
    require_active(plan.status)
    areas_together(plan, further)
    for index, other in enumerate(further):
        with about_further(index):
            require_active(other.status)
    kind = visit_type or VisitType.objects.get(clinic=plan.clinic_id, kind=Kind.TREATMENT)
    return Wish(
        clinic=plan.clinic, visit_type=kind, kind=kind.kind, patient=plan.patient, plan=plan
    )


def _for_visit(
    visit_type: VisitType,
    patient: Patient | None,
    plan: TreatmentPlan | None,
    further: Sequence[TreatmentPlan],
) -> Wish:
    """Raises PatientArchived, NotBookable, OutOfUse, WrongForVisit."""
    if patient is None:
        raise WrongForVisit(gettext("Say who waits for such a visit."), field="patient")
    if further:
        raise WrongForVisit(gettext("Only a treatment is of several areas."), field="further_plans")
    require_open(patient, field="patient")
    require_offered(visit_type, patient)
    require_about(visit_type, patient, plan)
    if visit_type.mode == Mode.VIDEO and not visit_type.video_url:
        raise WrongForVisit(
            gettext(
                "“{visit_type}” has no link of its own: give it one before anybody waits for it."
            ).format(visit_type=visit_type),
            field="visit_type",
        )
    return Wish(
        clinic=patient.clinic,
        visit_type=visit_type,
        kind=visit_type.kind,
        patient=patient,
        plan=plan,
    )


def _require_theirs(practitioner: User, wish: Wish) -> None:
    """Raises NoPractitionerHere, NotTheirVisit."""
    kind, clinic = wish["visit_type"], wish["clinic"]
    if kind.kind == Kind.TREATMENT:
        require_practitioner(practitioner, clinic_id=clinic.pk)
    elif practitioner.role not in kind.roles or clinic not in practitioner.works_at:
        raise NotTheirVisit(
            gettext("{practitioner} does no such visits here.").format(practitioner=practitioner),
            field="practitioner",
        )


def _require_not_waiting(plan: TreatmentPlan, further: Sequence[TreatmentPlan]) -> None:
    """Raises AlreadyWaiting."""
    waits = WaitlistEntry.objects.open_for
    if waits([plan]).exists():
        raise AlreadyWaiting(gettext(WAITS_ALREADY), field="plan")
    for index, other in enumerate(further):
        with about_further(index):
            if waits([other]).exists():
                raise AlreadyWaiting(gettext(WAITS_ALREADY), field="plan")
