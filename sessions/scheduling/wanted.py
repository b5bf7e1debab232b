"""What a time is looked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from clinic.db.among import Among
from clinic.models import Clinic
from patients.models import Patient
from sessions.models import Kind, TreatmentPlan, TreatmentSession, VisitType


@dataclass(frozen=True)
class VisitRequest:
    """A visit that treats nothing, as far as looking for its time has to know it. A new caller is
    no patient yet."""

    visit_type: VisitType
    patient: Patient | None = None
    plan: TreatmentPlan | None = None

    @property
    def clinic(self) -> Clinic:
        return self.visit_type.clinic


@dataclass(frozen=True)
class SittingRequest:
    """Several areas of one patient in one sitting: the plans, read `with_booking_facts`."""

    plans: Sequence[TreatmentPlan]

    @property
    def clinic(self) -> Clinic:
        return self.plans[0].clinic

    @property
    def patient(self) -> Patient:
        return self.plans[0].patient


# What a time is looked for: the next session of a plan or of several, or a visit that treats
# nothing.
Wanted = TreatmentPlan | SittingRequest | VisitRequest


def sitting_of(plan: TreatmentPlan, *further: TreatmentPlan) -> TreatmentPlan | SittingRequest:
    """What is wanted for the areas of these plans together."""
    plans = (plan, *further)
    return SittingRequest(plans) if len(plans) > 1 else plan


def wanted_by(session: TreatmentSession) -> Wanted:
    """What a session was booked for, to look for another time."""
    if session.kind == Kind.TREATMENT:
        assert session.plan  # session_treatment_complete
        rows = TreatmentSession.objects.of_sitting(session.pk).occupying().exclude(pk=session.pk)
        others = TreatmentPlan.objects.with_booking_facts().filter(
            Among("sessions__pk", rows.values("pk"))
        )
        return sitting_of(session.plan, *others)
    return VisitRequest(session.visit_type, session.patient, session.plan)


def wanted_by_each(sessions: Sequence[TreatmentSession]) -> list[Wanted]:
    """The same of several, in one statement for all that are alone in their sitting."""
    leading = [session.pk for session in sessions if session.kind == Kind.TREATMENT]
    further = TreatmentSession.objects.occupying().filter(sitting__in=leading)
    led = set(further.values_list("sitting_id", flat=True))
    return [
        session.plan
        if session.plan and session.pk in leading and not (session.sitting_id or session.pk in led)
        else wanted_by(session)
        for session in sessions
    ]
