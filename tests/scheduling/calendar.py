"""What is read from calendar files."""

from typing import Any

from icalendar import Calendar

from sessions.models import TreatmentSession, of_treatment


def events(content: bytes) -> list[Any]:
    return list(Calendar.from_ical(content).walk("VEVENT"))


def private_words(session: TreatmentSession) -> list[str]:
    """What must not be read over a shoulder."""
    plan = of_treatment(session.plan)
    return [
        session.patient.given_name,
        session.patient.family_name,
        session.patient.email,
        of_treatment(session.area).name,
        plan.protocol.name,
        plan.concern.name,
        str(session.patient_id),
        str(plan.pk),
        "needling",
        "treatment",
    ]
