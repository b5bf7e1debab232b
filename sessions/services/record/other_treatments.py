"""What other treatments and needling of the same skin are too near to each other, as tasks."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext

from clinic.db.retries import retried_step, retried_transaction
from clinic.findings import Finding
from clinic.models import User
from clinic.values.moments import date_in_words
from patients.models import Audience, OtherTreatment, OtherTreatmentStatus, StaffTask, TaskKind
from patients.models.other_treatment import NEAR
from patients.services import finish_source, raise_task
from sessions.models import Kind, TreatmentSession
from sessions.safety.loading.other_treatments import needled_before, with_questions
from sessions.safety.loading.record import rules_in_effect
from sessions.safety.patient.other_treatments import (
    check_after_needling,
    check_planned,
    check_washout,
    pause_after_needling,
)
from sessions.scheduling.courses import STILL_TO_COME

FARTHEST = timedelta(days=366)  # no washout or pause is longer
SHOWN = ("patient__clinic", "area")


@retried_step
def tell_of_too_near(other: OtherTreatment, *, at: datetime, by: User | None) -> None:
    """A task for the clinicians, a line for each session that is too near. What is corrected, or
    moved, ends the task that says otherwise."""
    source = other.task_source
    lines = (f"{f.message} ({f.rule}; {f.source})" for f in _too_near(other, at))
    detail = "\n".join(dict.fromkeys(lines))
    if detail not in StaffTask.objects.open().filter(source=source).values_list(
        "detail", flat=True
    ):
        note = (
            gettext("Corrected: another task says how soon.")
            if detail
            else gettext("Corrected: not too soon.")
        )
        finish_source(source=source, at=at, by=by, note=note)
    if detail:
        raise_task(
            clinic=other.patient.clinic,
            patient=other.patient,
            kind=TaskKind.OTHER,
            audience=Audience.CLINICAL,
            title=gettext("{kind} too near to needling").format(kind=other.get_kind_display()),
            detail=detail,
            source=source,
            at=at,
        )


def _too_near(other: OtherTreatment, at: datetime) -> Iterable[Finding]:
    """Needling done before it, and sessions that are booked before or after it."""
    if other.status == OtherTreatmentStatus.CALLED_OFF:
        return
    name, on = other.get_kind_display(), other.treated_on
    pause = pause_after_needling(other.kind, rules_in_effect(at))
    check = check_planned if other.is_planned else check_after_needling
    zone = other.patient.clinic.zone
    booked = TreatmentSession.objects.filter(
        patient=other.patient_id,
        area=other.area_id,
        kind=Kind.TREATMENT,
        status__in=STILL_TO_COME,
    )
    starts = booked.order_by("starts_at").values_list("starts_at", flat=True)
    days = [start.astimezone(zone).date() for start in starts]
    if needled_on := needled_before(other):
        yield from check(name, on, needled_on, pause)
    for day in days:
        if other.is_planned and day < on:
            yield from check_planned(name, on, day, pause)
        for known in with_questions([other], at) if day >= on else ():
            yield from check_washout(f"“{other}”", known.answer, day)


@retried_transaction
def tell_of_other_treatments(*, session: TreatmentSession, at: datetime, by: User | None) -> None:
    """Of those of its skin, when a session is booked or leaves its time."""
    day = session.starts_at_local.date()
    known = OtherTreatment.objects.exclude(status=OtherTreatmentStatus.CALLED_OFF).filter(
        patient=session.patient_id,
        area=session.area_id,
        treated_on__range=(day - FARTHEST, day + FARTHEST),
    )
    for other in known.select_related(*SHOWN).order_by("id"):
        tell_of_too_near(other, at=at, by=by)


@retried_transaction
def ask_after_planned_treatments(*, at: datetime, by: User | None = None) -> int:
    """A task for each planned treatment whose day has passed, once, which asks what became of it:
    only a person says so; how many were raised. What was told to be too near is read again, for the
    session may have been cancelled."""
    told_near = StaffTask.objects.open().filter(source__startswith=NEAR)
    near = [source.removeprefix(NEAR) for source in told_near.values_list("source", flat=True)]
    for other in OtherTreatment.objects.filter(pk__in=near).select_related(*SHOWN).order_by("id"):
        tell_of_too_near(other, at=at, by=by)
    passed = OtherTreatment.objects.filter(
        Q(treated_on__lt=at.date() + timedelta(days=2)), status=OtherTreatmentStatus.PLANNED
    )
    rows = [
        row
        for row in passed.select_related(*SHOWN).order_by("id")
        if row.treated_on < at.astimezone(row.patient.clinic.zone).date()
        and row.patient.archived_at is None
    ]
    sources = [row.question_source for row in rows]
    told = set(StaffTask.objects.filter(source__in=sources).values_list("source", flat=True))
    untold = [row for row in rows if row.question_source not in told]
    for row in untold:
        raise_task(
            clinic=row.patient.clinic,
            patient=row.patient,
            kind=TaskKind.OTHER,
            audience=Audience.CLINICAL,
            title=gettext("Was it done? {kind} planned for {day}").format(
                kind=row.get_kind_display(), day=date_in_words(row.treated_on, "j M Y")
            ),
            detail=gettext(
                "{area}, {where}. Ask the patient, and say under “Other treatments” whether it "
                "is done, on which day, or called off. Until then its washout counts."
            ).format(area=row.area, where=row.where),
            source=row.question_source,
            at=at,
        )
    return len(untold)


@retried_step
def end_question(other: OtherTreatment, *, at: datetime, by: User | None) -> None:
    """Somebody has said what became of it, or when it will be."""
    today = at.astimezone(other.patient.clinic.zone).date()
    if not other.is_planned or other.treated_on >= today:
        finish_source(source=other.question_source, at=at, by=by, note=str(other))
