"""Whether there is something to do at home before a visit."""

from datetime import datetime

from aftercare.models import Message
from sessions.safety.loading.record import rules_in_effect


def is_needed(message: Message, *, at: datetime) -> bool:
    """The screening or the consent is missing or will have expired, or it is time to ask again.
    Without a birth date the pages do not open."""
    session, patient = message.session, message.patient
    if session.plan_id is None or patient.date_of_birth is None:
        return False
    on = session.starts_at.astimezone(message.clinic.zone).date()
    screening = patient.screenings.order_by("-taken_at", "-id").first()
    if screening is None or screening.valid_until < on:
        return True
    if not patient.treatment_consents.valid(on).exists():
        return True
    ask_again_from = session.starts_at - rules_in_effect(at)["rescreen-hours"].hours
    return screening.taken_at < ask_again_from <= at
