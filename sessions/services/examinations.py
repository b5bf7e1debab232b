"""Warning of examinations by a prescriber that end while the treatment goes on."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext

from clinic.db.retries import retried_transaction
from clinic.models import ClinicalRule, Proof, User
from clinic.values.moments import date_in_words
from patients.models import Audience, StaffTask, TaskKind
from patients.services.tasks import raise_task
from sessions.lifecycle import PlanStatus
from sessions.models import Candidacy, Kind, TreatmentPlan, TreatmentSession
from sessions.safety.credentials import YEAR
from sessions.scheduling.courses import STILL_TO_COME
from sessions.services.booking.series.proposal import course_of

DAY = timedelta(days=1)


@retried_transaction
def warn_of_examinations(*, at: datetime, by: User | None = None) -> int:
    """A task for the clinicians for each patient whose examination ends soon, once, where the
    clinic's law asks for one and a session or a plan goes on after it; how many were raised."""
    rule = ClinicalRule.objects.in_effect(at).filter(code="credential-warning-days").first()
    if rule is None:
        return 0
    ending = {
        f"examination:{examined.pk}": (examined, until)
        for examined, until in _ending(at, timedelta(days=int(rule.value)))
    }
    for source in StaffTask.objects.filter(source__in=ending).values_list("source", flat=True):
        ending.pop(source, None)  # told before
    going_on = _going_on({row.patient_id: until for row, until in ending.values()}, at)
    raised = 0
    for source, (examined, until) in ending.items():
        if examined.patient_id not in going_on:
            continue
        raise_task(
            clinic=examined.patient.clinic,
            patient=examined.patient,
            kind=TaskKind.OTHER,
            audience=Audience.CLINICAL,
            title=gettext("The examination by a prescriber ends on {day}").format(
                day=date_in_words(until, "j M Y")
            ),
            detail=gettext(
                "{decided_by} decided on {day}, and the treatment goes on. From the day after, "
                "nobody can book or start it. Let a physician or prescriber examine the patient, "
                "and record it as a candidacy."
            ).format(decided_by=examined.decided_by, day=date_in_words(until - YEAR, "j M Y")),
            source=source,
            at=at,
        )
        raised += 1
    return raised


def _ending(at: datetime, soon: timedelta) -> list[tuple[Candidacy, date]]:
    """The last examinations that end soon, with their last day, in days of the clinic."""
    rows = (
        Candidacy.objects.newest_examinations()
        .filter(
            patient__clinic__asks_for__contains=[Proof.EXAMINATION],
            patient__archived_at=None,
            decided_at__range=(at - YEAR - DAY, at - YEAR + soon + DAY),
        )
        .select_related("patient__clinic", "decided_by")
        .order_by("decided_at", "pk")
    )
    found = []
    for row in rows:
        zone = row.patient.clinic.zone
        until = row.decided_at.astimezone(zone).date() + YEAR
        if timedelta() <= until - at.astimezone(zone).date() <= soon:
            found.append((row, until))
    return found


def _going_on(ends: Mapping[UUID, date], at: datetime) -> set[UUID]:
    """Of patients with their last day, those who are booked for later, or who have an active plan
    that may last longer."""
    booked = TreatmentSession.objects.filter(
        patient__in=ends, kind=Kind.TREATMENT, status__in=STILL_TO_COME
    )
    going_on = {
        session.patient_id
        for session in booked.select_related("clinic")
        if session.starts_at.astimezone(session.clinic.zone).date() > ends[session.patient_id]
    }
    plans = TreatmentPlan.objects.with_booking_facts().filter(
        patient__in=ends.keys() - going_on, status=PlanStatus.ACTIVE
    )
    return going_on | {
        plan.patient_id
        for plan in plans
        if course_of(plan, at).lasts_until(at.astimezone(plan.clinic.zone).date())
        > ends[plan.patient_id]
    }
