"""What is in the way of a booking, in the words of the desk."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.postgres.aggregates import BoolOr
from django.db import transaction
from django.utils.translation import gettext, gettext_noop

from clinic.db.rows import Insert
from clinic.errors import Conflict
from clinic.values.moments import date_in_words
from sessions.models import TreatmentSession
from sessions.models.occupation import clash_conditions
from sessions.scheduling.availability import SlotTaken
from sessions.scheduling.spacing import explain_too_soon
from sessions.services.booking.sitting.areas import about_further

SESSION = Insert(TreatmentSession)


class PractitionerTaken(SlotTaken):
    code = "practitioner_taken"
    title = gettext_noop("The practitioner is already booked")


class RoomTaken(SlotTaken):
    code = "room_taken"
    title = gettext_noop("The room is already booked")


class DeviceTaken(SlotTaken):
    code = "device_taken"
    title = gettext_noop("The device is already booked")


class PatientTaken(Conflict):
    code = "patient_taken"
    title = gettext_noop("The patient already has a session")


def require_free(
    session: TreatmentSession, *, at: datetime, further: Sequence[TreatmentSession] = ()
) -> None:
    """Ask the constraints whether `session` could be booked, with `further` areas of its sitting,
    and book nothing.

    The row is written and taken back, so that the answer cannot differ from a real booking's.
    Raises TooSoon, PractitionerTaken, RoomTaken, DeviceTaken, PatientTaken.
    """
    with transaction.atomic():
        insert(session, at=at)
        for index, area in enumerate(further):
            area.sitting, area.visit_type_id = session, session.visit_type_id
            with about_further(index):
                insert(area, at=at)
        transaction.set_rollback(True)


def insert(session: TreatmentSession, *, at: datetime) -> None:
    """Write a new session, unless a constraint refuses it.

    Raises TooSoon, PractitionerTaken, RoomTaken, DeviceTaken, PatientTaken.
    """
    if SESSION.one(session):
        return
    if refusal := explain_clash(session, at=at):
        raise refusal
    session.save(force_insert=True)  # what refused it has gone, or now says its name


def explain_clash(session: TreatmentSession, *, at: datetime) -> Conflict | None:
    """The words for what is in the way of `session`; never whose booking it is.

    If the skin has not recovered, or the patient is here already, that is the answer, because no
    other room or practitioner would help.
    """
    rows = TreatmentSession.objects.clashing_with(session)
    taken = rows.aggregate(
        **{name: BoolOr(condition) for name, condition in clash_conditions(session).items()}
    )
    when = gettext("{day} at {time}").format(
        day=date_in_words(session.starts_at_local, "j M Y"), time=f"{session.starts_at_local:%H:%M}"
    )
    if taken.get("skin"):
        return explain_too_soon(session, at=at)
    if taken.get("patient"):
        return _patient_taken(session)
    if taken.get("practitioner"):
        return PractitionerTaken(
            gettext("{practitioner} is already booked on {when}.").format(
                practitioner=session.practitioner, when=when
            ),
            field="practitioner",
        )
    if taken.get("room"):
        return RoomTaken(
            gettext("{room} is already booked on {when}.").format(room=session.room, when=when),
            field="room",
        )
    if taken.get("device"):
        return DeviceTaken(
            gettext("{device} is already booked on {when}.").format(
                device=session.device, when=when
            ),
            field="device",
        )
    return None


def _patient_taken(session: TreatmentSession) -> PatientTaken:
    """Of their own appointments the patient may hear."""
    start = session.starts_at_local
    known = {"day": date_in_words(start, "j M Y"), "time": f"{start:%H:%M}"}
    message = gettext("The patient already has a session on {day} at {time}.").format(**known)
    own = TreatmentSession.objects.clashing_with(session, "patient").order_by("starts_at").first()
    if own is not None:
        begins, ends = (
            moment.astimezone(session.clinic.zone) for moment in (own.starts_at, own.ends_at)
        )
        message = gettext(
            "The patient already has a session on {day} at {time}: {name}, from {begins} to "
            "{ends}. Choose a time before or after it, or move that one first."
        ).format(**known, name=own.visit_type, begins=f"{begins:%H:%M}", ends=f"{ends:%H:%M}")
    return PatientTaken(message, field="starts_at")
