"""Opening what is clinical of one patient without treating them: decision 0070."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import Conflict, DomainError, NotAllowed
from clinic.models import User
from clinic.permissions import may_see
from clinic.values.moments import date_in_words
from patients.models import Audience, BreakGlass, TaskKind
from patients.models.break_glass import LASTS
from patients.services.records import lock_patient, require_open
from patients.services.tasks import raise_task

LEAST_SAID = 10


class ReasonTooShort(DomainError):
    code = "reason_too_short"
    title = gettext_noop("Say why")


class RecordIsOpen(Conflict):
    code = "record_is_open"
    title = gettext_noop("This record is open to you already")


class BreakGlassEnded(Conflict):
    code = "break_glass_ended"
    title = gettext_noop("This has ended already")


class NotYourBreakGlass(NotAllowed):
    code = "not_your_break_glass"
    title = gettext_noop("Somebody else has opened it")


@retried_transaction
def open_record(*, patient_id: UUID, reason: str, at: datetime, by: User) -> BreakGlass:
    """Give `by` what is clinical of this patient for an hour, and tell those who treat.

    Raises ReasonTooShort, RecordIsOpen, or PatientArchived of a record that was merged.
    """
    reason = " ".join(reason.split())
    if len(reason) < LEAST_SAID:
        raise ReasonTooShort(
            gettext("Say in {number} characters at the least why you need it.").format(
                number=LEAST_SAID
            ),
            field="reason",
        )
    patient = lock_patient(patient_id)
    if patient.merged_into_id:
        require_open(patient)
    if found := patient.break_glasses.filter(by=by).open(at).first():
        raise RecordIsOpen(
            gettext("It is open to you until {clock}.").format(clock=_clock(found.until, patient))
        )
    if by.keeps_to_teams and may_see(by, "patients.view_medical", patient.pk):
        raise RecordIsOpen(
            gettext("You treat this patient, or answer for the clinic: you see it anyway.")
        )
    glass = BreakGlass.objects.create(
        patient=patient, by=by, reason=reason, opened_at=at, until=at + LASTS
    )
    raise_task(
        clinic=patient.clinic,
        patient=patient,
        kind=TaskKind.BREAK_GLASS,
        audience=Audience.CLINICAL,
        title=gettext("{by} has opened the record of {patient}").format(by=by, patient=patient),
        detail=gettext("Until {clock}. The reason given: {reason}").format(
            clock=_clock(glass.until, patient), reason=reason
        ),
        source=f"break-glass:{glass.pk}",
        at=at,
    )
    by.forget_seen()
    return glass


@retried_transaction
def end_break_glass(*, break_glass_id: UUID, at: datetime, by: User) -> BreakGlass:
    """Close it before its hour is over. Raises NotYourBreakGlass, BreakGlassEnded."""
    locked = BreakGlass.objects.select_for_update(of=("self",))
    glass = locked.select_related("patient__clinic").get(pk=break_glass_id)
    if glass.by_id != by.pk:
        raise NotYourBreakGlass(gettext("Only who has opened it closes it early."))
    if glass.ends_at <= at:
        raise BreakGlassEnded(
            gettext("It ended at {clock}.").format(clock=_clock(glass.ends_at, glass.patient))
        )
    glass.ended_at = at
    glass.save(update_fields=["ended_at"])
    by.forget_seen()
    return glass


def _clock(moment: datetime, patient: object) -> str:
    local = moment.astimezone(patient.clinic.zone)  # type: ignore[attr-defined]
    return date_in_words(local, "j M Y, H:i")
