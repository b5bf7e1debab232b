"""Deciding whether a person is a candidate."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_noop

from clinic.db.locks import lock
from clinic.db.retries import retried_transaction
from clinic.models import User
from clinic.permissions import require_sight
from clinic.values.moments import date_in_words
from patients.models import Concern, Patient, TaskKind
from patients.services import finish_source, raise_task
from patients.services.consents import UnknownCode
from patients.services.records import lock_open_record
from sessions.lifecycle import UPCOMING
from sessions.models import Candidacy, Kind, TreatmentSession, of_treatment
from sessions.safety.assessment import candidacy_findings
from sessions.services.record.photos import OtherPatient


@retried_transaction
def record_candidacy(
    *,
    patient: Patient,
    outcome: str,
    at: datetime,
    by: User,
    session: TreatmentSession | None = None,
    concerns: Sequence[str] = (),
    until: date | None = None,
    reason: str = "",
    alternatives: str = "",
    expectations: str = "",
    other_treatments: str = "",
) -> Candidacy:
    """Write down what came of a consultation. Sessions that are booked and must not be needled
    then become a task of the desk, which ends with a decision that allows them.

    Raises PatientArchived, OtherPatient, UnknownCode, or ValidationError by field.
    """
    lock(f"patient:{patient.pk}")  # whoever books meanwhile is seen below, or sees this
    patient = lock_open_record(patient.pk)
    require_sight(by, patient.pk)
    if session and session.patient_id != patient.pk:
        raise OtherPatient(gettext("Name a session of this patient."), field="session")
    known = set(Concern.objects.values_list("code", flat=True))
    if unknown := sorted(set(concerns) - known):
        raise UnknownCode(
            gettext("Unknown: {codes}.").format(codes=", ".join(unknown)), field="concerns"
        )
    decided = Candidacy(
        patient=patient,
        session=session,
        outcome=outcome,
        concerns=sorted(set(concerns)),
        until=until,
        reason=reason,
        alternatives=alternatives,
        expectations=expectations,
        other_treatments=other_treatments,
        decided_at=at,
        decided_by=by,
    )
    decided.full_clean()
    today = at.astimezone(patient.clinic.zone).date()
    if until and until <= today:
        raise ValidationError(
            {
                "until": gettext("Give a day after today, {day} say.").format(
                    day=today + timedelta(days=1)
                )
            }
        )
    decided.save(force_insert=True)
    _tell_the_desk(patient, at=at, by=by)
    return decided


def _tell_the_desk(patient: Patient, *, at: datetime, by: User) -> None:
    """One task a patient: it says what the newest decisions leave in the way."""
    source = f"candidacy:{patient.pk}"
    finish_source(source=source, at=at, by=by)
    ahead = TreatmentSession.objects.with_record().filter(
        patient=patient, kind=Kind.TREATMENT, status__in=UPCOMING, starts_at__gt=at
    )
    in_the_way = [
        gettext("{concern}, {day} at {time}. {finding}").format(
            concern=of_treatment(session.plan).concern,
            day=date_in_words(session.starts_at_local, "j M Y"),
            time=f"{session.starts_at_local:%H:%M}",
            finding=finding.message,
        )
        for session in ahead.order_by("starts_at")
        for finding in candidacy_findings(session)
    ]
    if in_the_way:
        raise_task(
            clinic=patient.clinic,
            patient=patient,
            kind=TaskKind.OTHER,
            title=gettext_noop("Booked, but not to be treated then: cancel or reschedule"),
            detail="\n".join(in_the_way),
            source=source,
            at=at,
        )
