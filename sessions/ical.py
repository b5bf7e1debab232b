"""Bookings as iCalendar (RFC 5545), for calendars that are not ours.

Such a calendar lies on a telephone, on a shared screen, at a provider: it says when and where,
never who is treated, for what, or on which part of the body.

Every session of a chain of reschedulings has the UID of the first one, and counts the moves in
SEQUENCE, so that a calendar moves its entry instead of keeping two. An entry is stamped with the
moment of its booking, so the same bookings always make the same bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.formats import date_format
from django.utils.translation import gettext
from icalendar import CLASS, STATUS, Calendar, Event, vCalAddress

from clinic.models import User
from clinic.values.discretion import discreet_address, discreet_name
from clinic.values.languages import override_language
from clinic.values.zones import whose_clock
from sessions.lifecycle import OCCUPIES
from sessions.models import Kind, Mode, TreatmentSession

# What a file to a patient does (RFC 5546): put an entry into their calendar, or change the one of
# the same UID; and take it out again.
REQUEST, CANCEL = "REQUEST", "CANCEL"
LOOKS_BACK = timedelta(days=30)


@dataclass(frozen=True)
class Chain:
    """The first session of a chain of reschedulings, and how often it has moved since."""

    first: UUID
    moves: int


def chains(sessions: Iterable[TreatmentSession]) -> dict[UUID, Chain]:
    """The chain that each session ends, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE chain (session_id, first_id, moves) AS (
                SELECT id, id, 0 FROM unnest(%s::uuid[]) AS id
                UNION ALL
                SELECT chain.session_id, older.rescheduled_from_id, chain.moves + 1
                FROM chain JOIN treatment_session older ON older.id = chain.first_id
                WHERE older.rescheduled_from_id IS NOT NULL
            )
            SELECT DISTINCT ON (session_id) session_id, first_id, moves
            FROM chain ORDER BY session_id, moves DESC
            """,
            [[session.pk for session in sessions]],
        )
        return {row[0]: Chain(first=row[1], moves=row[2]) for row in cursor.fetchall()}


def appointment(session: TreatmentSession) -> bytes:
    """One booking for the patient: when, at which clinic, and whom to call.

    Nothing is to be answered: the patient has said yes already. See `withdrawal`.
    """
    return _to_patient(session)


def withdrawal(session: TreatmentSession, *, at: datetime) -> bytes:
    """That a booking was cancelled at `at`: takes the entry out of the patient's calendar again."""
    return _to_patient(session, cancelled_at=at)


def _to_patient(session: TreatmentSession, *, cancelled_at: datetime | None = None) -> bytes:
    clinic, patient = session.clinic, session.patient
    name = discreet_name(clinic.name, clinic.short_name, clinic.phone.as_international)
    chain = chains([session])[session.pk]
    event = _event(session, chain, cancelled_at=cancelled_at)
    event.add("summary", name)
    _add_place(event, session, discreet_address(clinic.address, name))
    when = ""
    with override_language(patient.language):
        if whose := whose_clock(clinic.zone, patient.zone):
            when = f"{date_format(session.starts_at_local, 'DATETIME_FORMAT')}{whose}\n"
    event.add("description", f"{when}{name}, {clinic.phone.as_international}")
    organizer = vCalAddress(f"mailto:{clinic.email}")
    organizer.params["CN"] = name
    event.add("organizer", organizer)
    attendee = vCalAddress(f"mailto:{patient.email}")  # without a name
    attendee.params.update({"PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})
    event.add("attendee", attendee, encode=False)
    return _file([event], method=CANCEL if cancelled_at else REQUEST)


def feed(practitioner: User, *, at: datetime) -> bytes:
    """All bookings of a practitioner from a month ago on: when, in which room or by which link,
    which session of a plan or which kind of visit; a sitting once, whatever it treats."""
    with override_language(practitioner.language):
        return _feed(practitioner, at=at)


def _feed(practitioner: User, *, at: datetime) -> bytes:
    same_plan = TreatmentSession.objects.filter(
        plan=OuterRef("plan"),
        kind=Kind.TREATMENT,
        status__in=OCCUPIES,
        starts_at__lte=OuterRef("starts_at"),
    )
    counted = same_plan.order_by().values("plan").annotate(count=Count("*")).values("count")
    sessions = list(
        TreatmentSession.objects.occupying()
        .filter(practitioner=practitioner, starts_at__gte=at - LOOKS_BACK, sitting=None)
        .select_related("clinic", "room")
        .annotate(number=Coalesce(Subquery(counted), 1))
        .order_by("starts_at", "pk")
    )
    chain = chains(sessions)
    events = []
    for session in sessions:
        event = _event(session, chain[session.pk])
        where = (
            discreet_name(session.room.name, gettext("Room"))
            if session.room
            else session.get_mode_display()
        )
        number = session.number  # type: ignore[attr-defined]
        is_treatment = session.kind == Kind.TREATMENT
        what = (
            gettext("Session {number}").format(number=number)
            if is_treatment
            else session.get_kind_display()
        )
        event.add("summary", f"{where} · {what}")
        clinic = session.clinic
        place = discreet_address(clinic.address, clinic.name, clinic.short_name)
        _add_place(event, session, place)
        events.append(event)
    return _file(events, name=gettext("Sessions"))


def _add_place(event: Event, session: TreatmentSession, place: str) -> None:
    """The clinic's address, or the link of a video call; nobody goes anywhere for a phone call."""
    if session.mode != Mode.PHONE:
        event.add("location", session.video_url or place)


def _event(
    session: TreatmentSession, chain: Chain, *, cancelled_at: datetime | None = None
) -> Event:
    """In UTC: a local time would be two instants in the hour that a clock shows twice, and would
    need the reader's calendar to know the same changes of the clock as we do."""
    return Event.new(
        uid=str(chain.first),
        sequence=chain.moves + bool(cancelled_at),
        stamp=cancelled_at or session.created_at,
        start=session.starts_at.astimezone(UTC),
        end=session.ends_at.astimezone(UTC),
        status=STATUS.CANCELLED if cancelled_at else STATUS.CONFIRMED,
        classification=CLASS.PRIVATE,
    )


def _file(events: list[Event], *, method: str = "", name: str = "") -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Clinic//Bookings//EN")
    calendar.add("version", "2.0")
    if method:
        calendar.add("method", method)
    if name:
        calendar.add("x-wr-calname", name)
    for event in events:
        calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


def method_of(content: bytes) -> str:
    """What a file to a patient does, for the e-mail that brings it."""
    return CANCEL if b"\r\nMETHOD:CANCEL\r\n" in content else REQUEST
