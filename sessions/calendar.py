"""Bookings as iCalendar (RFC 5545), for calendars that are not ours.

Such a calendar lies on a telephone, on a shared screen, at a provider: it says when and where,
never who is treated, for what, or on which part of the body.

Every session of a chain of reschedulings has the UID of the first one, and counts the moves in
SEQUENCE, so that a calendar moves its entry instead of keeping two. An entry is stamped with the
moment of its booking, so the same bookings always make the same bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from icalendar import CLASS, STATUS, Calendar, Event, vCalAddress

from clinic.models import User
from sessions.lifecycle import OCCUPIES
from sessions.models import TreatmentSession

PUBLISH = "PUBLISH"  # for information: no answer is expected, and none would be read
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
    """One booking for the patient: when, at which clinic, and whom to call."""
    clinic = session.clinic
    event = _event(session, chains([session])[session.pk])
    event.add("summary", clinic.name)
    event.add("location", clinic.name)
    event.add("description", f"{clinic.name}, {clinic.phone.as_international}")
    organizer = vCalAddress(f"mailto:{clinic.email}")
    organizer.params["CN"] = clinic.name
    event.add("organizer", organizer)
    return _file([event], [session.starts_at], method=PUBLISH)


def feed(practitioner: User, *, at: datetime) -> bytes:
    """All bookings of a practitioner from a month ago on: when, in which room, which session."""
    same_plan = TreatmentSession.objects.filter(
        plan=OuterRef("plan"), status__in=OCCUPIES, starts_at__lte=OuterRef("starts_at")
    )
    counted = same_plan.order_by().values("plan").annotate(count=Count("*")).values("count")
    sessions = list(
        TreatmentSession.objects.occupying()
        .filter(practitioner=practitioner, starts_at__gte=at - LOOKS_BACK)
        .select_related("clinic", "room")
        .annotate(number=Coalesce(Subquery(counted), 1))
        .order_by("starts_at", "pk")
    )
    chain = chains(sessions)
    events = []
    for session in sessions:
        event = _event(session, chain[session.pk])
        number = session.number  # type: ignore[attr-defined]
        event.add("summary", f"{session.room.name} · Session {number}")
        events.append(event)
    return _file(events, [session.starts_at for session in sessions], name="Sessions")


def _event(session: TreatmentSession, chain: Chain) -> Event:
    zone = session.clinic.zone
    return Event.new(
        uid=str(chain.first),
        sequence=chain.moves,
        stamp=session.created_at,
        start=session.starts_at.astimezone(zone),
        end=session.ends_at.astimezone(zone),
        status=STATUS.CONFIRMED,
        classification=CLASS.PRIVATE,
    )


def _file(
    events: list[Event],
    starts: list[datetime],
    *,
    method: str | None = None,
    name: str | None = None,
) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Clinic//Bookings//EN")
    calendar.add("version", "2.0")
    if method:
        calendar.add("method", method)
    if name:
        calendar.add("x-wr-calname", name)
    for event in events:
        calendar.add_component(event)
    if starts:  # the clock changes of the years around the events, for calendars without tzdata
        calendar.add_missing_timezones(
            first_date=min(starts).date() - timedelta(days=400),
            last_date=max(starts).date() + timedelta(days=400),
        )
    content: bytes = calendar.to_ical()
    return content
