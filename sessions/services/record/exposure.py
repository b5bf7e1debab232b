"""Blood exposures: told at once, followed by the clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import Conflict, DomainError
from clinic.models import Clinic, ClinicalRule, User
from clinic.values.moments import date_in_words
from patients.models import Audience, Patient, TaskKind
from patients.services.tasks import finish_source, raise_task
from sessions.models import (
    BloodExposure,
    ExposureKind,
    ExposureStep,
    ExposureStepKind,
    TreatmentSession,
)


class OfAnotherClinic(DomainError):
    code = "of_another_clinic"
    title = gettext_noop("That belongs to another clinic")


class ImplausibleTime(DomainError):
    code = "implausible_time"
    title = gettext_noop("It cannot have been then")


class StepTaken(Conflict):
    code = "step_taken"
    title = gettext_noop("This step was taken already")


# By which number of the clinical rules each step is due, and what that number counts.
DUE: dict[str, tuple[str, timedelta] | None] = {
    ExposureStepKind.WASH: None,
    ExposureStepKind.ASSESS: ("exposure-best-hours", timedelta(hours=1)),
    ExposureStepKind.PEP: ("exposure-best-hours", timedelta(hours=1)),
    ExposureStepKind.TRACE: ("exposure-pep-hours", timedelta(hours=1)),
    ExposureStepKind.TEST_FIRST: ("exposure-pep-hours", timedelta(hours=1)),
    ExposureStepKind.TEST_WEEK_6: ("exposure-second-test-weeks", timedelta(weeks=1)),
    ExposureStepKind.TEST_WEEK_12: ("exposure-third-test-weeks", timedelta(weeks=1)),
    ExposureStepKind.TEST_LAST: ("exposure-last-test-weeks", timedelta(weeks=1)),
}
LATEST = {ExposureStepKind.PEP: ("exposure-pep-hours", timedelta(hours=1))}  # no use after it


Rules = Sequence[tuple[str, datetime, Any]]


@dataclass(frozen=True)
class DueStep:
    """A step of one exposure, with its clock; `taken` once it was."""

    step: str
    says: str
    due_at: datetime | None  # None where the clinic has no number for it
    latest_at: datetime | None
    taken: ExposureStep | None


def read_rules() -> Rules:
    """Every version of the numbers that the steps are counted by, the newest last."""
    rows = ClinicalRule.objects.filter(code__startswith="exposure-")
    return list(
        rows.order_by("effective_from", "version").values_list("code", "effective_from", "value")
    )


def due_steps(exposure: BloodExposure, rules: Rules | None = None) -> list[DueStep]:
    """All steps in the order of the clock, by the rules when it was told; whoever asks for several
    exposures has read the `rules`."""
    known = read_rules() if rules is None else rules
    numbers = {code: value for code, since, value in known if since <= exposure.at}
    taken = {row.step: row for row in exposure.steps.all()}

    def after(count: tuple[str, timedelta] | None) -> datetime | None:
        if count is None:
            return exposure.happened_at
        code, unit = count
        return exposure.happened_at + float(numbers[code]) * unit if code in numbers else None

    return [
        DueStep(
            step=step.value,
            says=str(step.label),
            due_at=after(DUE[step]),
            latest_at=after(LATEST[step]) if step in LATEST else None,
            taken=taken.get(step),
        )
        for step in ExposureStepKind
    ]


def _in_words(one: DueStep, clinic: Clinic) -> str:
    said = one.says
    if one.due_at:
        due = date_in_words(one.due_at.astimezone(clinic.zone), "j M Y, H:i")
        said = gettext("{step}: by {due}").format(step=said, due=due)
    if one.latest_at is None:
        return said
    latest = date_in_words(one.latest_at.astimezone(clinic.zone), "j M, H:i")
    return gettext("{step}, and not after {latest}").format(step=said, latest=latest)


@retried_transaction
def report_exposure(
    *,
    clinic: Clinic,
    kind: str,
    what: str,
    happened_at: datetime,
    at: datetime,
    by: User,
    staff: User | None = None,
    patient: Patient | None = None,
    source_patient: Patient | None = None,
    session: TreatmentSession | None = None,
) -> BloodExposure:
    """Record that somebody was exposed to blood; the clinicians get a task at once, with the clock.

    An archived record takes it too: what happened must be told. Raises OfAnotherClinic,
    ImplausibleTime.
    """
    for field, row in (("patient", patient), ("source_patient", source_patient)):
        if row and row.clinic_id != clinic.pk:
            raise OfAnotherClinic(gettext("Name a patient of this clinic."), field=field)
    if session and session.clinic_id != clinic.pk:
        raise OfAnotherClinic(gettext("Name a session of this clinic."), field="session")
    if staff and not staff.clinics.filter(pk=clinic.pk).exists():
        raise OfAnotherClinic(gettext("Name a member of this clinic's staff."), field="staff")
    if happened_at > at:
        raise ImplausibleTime(
            gettext("That lies in the future: say when it happened."), field="happened_at"
        )
    exposure = BloodExposure(
        clinic=clinic,
        kind=ExposureKind(kind),
        what=what,
        happened_at=happened_at,
        staff=staff,
        patient=patient,
        source_patient=source_patient,
        session=session,
        at=at,
        by=by,
    )
    exposure.full_clean(exclude=["clinic", "session"])
    exposure.save(force_insert=True)
    steps = "\n".join(_in_words(one, clinic) for one in due_steps(exposure))
    raise_task(
        clinic=clinic,
        kind=TaskKind.EXPOSURE,
        title=gettext("URGENT: {kind}").format(kind=exposure.get_kind_display().lower()),
        detail=f"{what}\n{steps}",
        source=f"exposure:{exposure.pk}",
        at=at,
        patient=patient,
        audience=Audience.CLINICAL,
    )
    return exposure


@retried_transaction
def take_exposure_step(
    *, exposure_id: UUID, step: str, done_at: datetime, at: datetime, by: User, note: str = ""
) -> ExposureStep:
    """Tick one step, with its time; the last one finishes the task.

    Raises StepTaken, ImplausibleTime.
    """
    exposure = BloodExposure.objects.select_for_update(of=("self",)).get(pk=exposure_id)
    if done_at > at:
        raise ImplausibleTime(
            gettext("That lies in the future: say when it was done."), field="done_at"
        )
    if done_at < exposure.happened_at:
        raise ImplausibleTime(gettext("That is before it happened."), field="done_at")
    if exposure.steps.filter(step=step).exists():
        raise StepTaken(
            gettext("“{step}” is ticked already.").format(step=ExposureStepKind(step).label),
            field="step",
        )
    taken = ExposureStep(exposure=exposure, step=step, done_at=done_at, note=note, at=at, by=by)
    taken.full_clean(exclude=["exposure"])
    taken.save(force_insert=True)
    if exposure.steps.count() == len(ExposureStepKind):
        finish_source(
            source=f"exposure:{exposure.pk}", at=at, by=by, note=gettext("All steps are taken.")
        )
    return taken
