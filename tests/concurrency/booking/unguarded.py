"""The clinic as a less careful team might have built it, for the control arms: it looks whether
the slot is free, then inserts, without locks. Served by gunicorn like the real one."""

from unittest.mock import patch

from clinic.wsgi import application
from sessions.models import TreatmentSession
from sessions.scheduling.availability import BookingFacts
from sessions.scheduling.spacing import explain_too_soon
from sessions.services.booking import book as booking
from sessions.services.booking.checks import clash

__all__ = ["application"]

REFUSALS = {
    "practitioner": clash.PractitionerTaken,
    "room": clash.RoomTaken,
    "device": clash.DeviceTaken,
    "patient": clash.PatientTaken,
}


def look_first(session: TreatmentSession, _: BookingFacts) -> None:
    at_that_time = TreatmentSession.objects.occupying().overlapping(
        session.starts_at, session.released_at
    )
    for resource, refusal in REFUSALS.items():
        if at_that_time.filter(**{resource: getattr(session, resource)}).exists():
            raise refusal("It is booked already.", field=resource)
    if TreatmentSession.objects.clashing_with(session, "skin").exists():
        raise explain_too_soon(session, at=session.starts_at)


patch.object(booking, "statement", lambda *names, **shared: None).start()
patch.object(booking, "require_presence", look_first).start()
