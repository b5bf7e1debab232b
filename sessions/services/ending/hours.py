"""When practitioners work: added, and taken back, with what that leaves behind."""

from datetime import date, time
from uuid import UUID

from clinic.db.locks import lock
from clinic.db.retries import retried_transaction
from clinic.models import Clinic, User, WorkingHours
from sessions.scheduling.ahead import look_ahead
from sessions.services.ending.decisions import Decider
from sessions.services.ending.settle import carry_out_decisions
from sessions.services.plans import require_practitioner


@retried_transaction
def add_working_hours(
    *,
    practitioner: User,
    clinic: Clinic,
    weekday: int,
    opens_at: time,
    closes_at: time,
    valid_from: date,
    valid_until: date | None = None,
    decider: Decider,
) -> WorkingHours:
    """One more block of a practitioner's week at a clinic.

    From the day on which the first one counts, the practitioner works only in such blocks, no
    longer whenever the clinic is open. Bookings that this leaves outside are decided as when
    something ends: Note [What a change leaves behind].

    Raises NoPractitionerHere, StillAhead and what `settle` raises, or ValidationError by field.
    """
    require_practitioner(practitioner, clinic_id=clinic.pk)
    lock(f"practitioner:{practitioner.pk}")
    hours = WorkingHours(
        practitioner=practitioner,
        clinic=clinic,
        weekday=weekday,
        opens_at=opens_at,
        closes_at=closes_at,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    hours.full_clean()
    before = look_ahead(hours, at=decider.at)
    hours.save()
    carry_out_decisions(hours, before, decider=decider)
    return hours


@retried_transaction
def remove_working_hours(*, hours_id: UUID, decider: Decider) -> None:
    """Take a block back. Raises StillAhead, and what `settle` raises."""
    hours = WorkingHours.objects.select_related("clinic", "practitioner").get(pk=hours_id)
    lock(f"practitioner:{hours.practitioner_id}")
    before = look_ahead(hours, at=decider.at)
    WorkingHours.objects.filter(pk=hours.pk).delete()
    carry_out_decisions(hours, before, decider=decider)
