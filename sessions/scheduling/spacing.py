"""Spacing: how long the skin of an area recovers before the next session on it.

The database refuses two sessions that are too close (`session_area_recovered`). This module says
how long recovery takes, explains a refusal, and settles the neighbours when a practitioner has
approved a sooner session: the earlier session then recovers until the sooner one starts, so that
the constraint keeps guarding both sides of it.

When a protocol gets a longer hard minimum, it binds the sessions that were booked before as well:
`slots_sql.SKIN` looks at them so, and a trigger lengthens the recovery of the session before a new
one (`sessions.models.triggers`).
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext, gettext_noop

from clinic.errors import Conflict
from clinic.values.moments import date_in_words
from clinic.values.wallclock import add_wallclock, iso_utc
from sessions.models import (
    Protocol,
    ProtocolVersion,
    TreatmentPlan,
    TreatmentSession,
    of_treatment,
)
from sessions.scheduling.slots_sql import RECOVERIES


class TooSoon(Conflict):
    code = "too_soon"
    title = gettext_noop("The skin has not recovered")
    earliest_at: datetime


def recovery_end(starts_at: datetime, protocol: ProtocolVersion, zone: Any) -> datetime:
    """When a session at `starts_at` has recovered: the hard minimum of days later, same time."""
    return add_wallclock(starts_at, timedelta(days=protocol.hard_min_days), zone)


class Recovery(NamedTuple):
    """A session on some skin, and from when on it allows the next one, by how many days."""

    session_id: UUID
    starts_at: datetime
    recovers_at: datetime
    days: int
    protocol_id: UUID

    def clashes_with(self, starts_at: datetime, recovers_at: datetime) -> bool:
        return self.starts_at < recovers_at and self.recovers_at > starts_at


def recoveries(session: TreatmentSession, *, at: datetime) -> list[Recovery]:
    """The other sessions on the skin of `session`, as the protocols bind them at `at`."""
    with connection.cursor() as cursor:
        RECOVERIES.execute(
            cursor,
            {
                "patient": session.patient_id,
                "area": session.area_id,
                "zone": session.clinic.time_zone,
                "at": at,
                "moving": None if session._state.adding else session.leading_id,
            },
        )
        return [Recovery(*row) for row in cursor.fetchall()]


def earliest_start(session: TreatmentSession, others: list[Recovery]) -> datetime:
    """The first instant at or after `session.starts_at` that clashes with no recovery."""
    needed = of_treatment(session.recovers_at) - session.starts_at
    earliest = session.starts_at
    for other in others:
        if other.clashes_with(earliest, earliest + needed):
            earliest = other.recovers_at
    return earliest


def explain_too_soon(session: TreatmentSession, *, at: datetime) -> TooSoon:
    """What the desk needs to know: which session, which rule, and the earliest date."""
    zone = session.clinic.zone
    others = recoveries(session, at=at)
    recovers_at, version = of_treatment(session.recovers_at), of_treatment(session.protocol_version)
    close = (o for o in others if o.clashes_with(session.starts_at, recovers_at))
    other = next(close, None)
    earliest = earliest_start(session, others)
    protocol, days = version.protocol, version.hard_min_days
    if other and other.starts_at <= session.starts_at:
        days = other.days  # the skin recovers from what was done before
        if other.protocol_id != protocol.pk:
            protocol = Protocol.objects.get(pk=other.protocol_id)
    sentences = [
        gettext(
            "Sessions on the area “{area}” must be {days} days apart "
            "(hard minimum of “{protocol}”)."
        ).format(area=session.area, days=days, protocol=protocol)
    ]
    if other:
        start = other.starts_at.astimezone(zone)
        sentences.append(
            gettext("There is one on {day} at {time}.").format(
                day=date_in_words(start, "j M Y"), time=f"{start:%H:%M}"
            )
        )
    soonest = earliest.astimezone(zone)
    sentences.append(
        gettext("The earliest possible time is {day} at {time}.").format(
            day=date_in_words(soonest, "j M Y"), time=f"{soonest:%H:%M}"
        )
    )
    refusal = TooSoon(
        " ".join(sentences),
        field="starts_at",
        earliest_at=iso_utc(earliest),
        earliest_on=earliest.astimezone(zone).date().isoformat(),
        hard_min_days=days,
        conflicting_session=str(other.session_id) if other else None,
    )
    refusal.earliest_at = earliest
    return refusal


def why_not_yet(
    plan: TreatmentPlan, *, protocol: ProtocolVersion, after: datetime, at: datetime
) -> TooSoon | None:
    """Why the plan's next session cannot be at `after`, with the earliest time; None if it can."""
    wanted = TreatmentSession(
        clinic=plan.clinic,
        patient=plan.patient,
        area=plan.area,
        protocol_version=protocol,
        starts_at=after,
        recovers_at=recovery_end(after, protocol, plan.clinic.zone),
    )
    protocol.protocol = plan.protocol  # loaded already, and named in the explanation
    refusal = explain_too_soon(wanted, at=at)
    return refusal if refusal.earliest_at > after else None


def approve_sooner(session: TreatmentSession) -> None:
    """Make room for `session` (not yet saved), which a practitioner wants sooner than the rule.

    The recovery of an earlier neighbour ends where `session` starts; the one of `session` ends
    where a later neighbour starts. The caller holds the patient's lock and saves `session`.
    """
    for other in TreatmentSession.objects.clashing_with(session, "skin").locked():
        if other.starts_at <= session.starts_at:
            other.recovers_at = max(session.starts_at, other.ends_at)
            other.save(update_fields=["recovers_at"])
        else:
            recovered = min(of_treatment(session.recovers_at), other.starts_at)
            session.recovers_at = max(recovered, session.ends_at)


def restore_recovery_before(freed: TreatmentSession) -> None:
    """Give an earlier session its recovery back, now that `freed` no longer follows on it."""
    if not freed.area_id:
        return
    before = (
        TreatmentSession.objects.on_skin_of(freed)
        .filter(recovers_at=freed.starts_at)
        .select_related("protocol_version", "clinic")
        .locked()
        .first()
    )
    if before is None:
        return
    version = of_treatment(before.protocol_version)
    recovered = recovery_end(before.starts_at, version, before.clinic.zone)
    following = (
        TreatmentSession.objects.on_skin_of(freed)
        .filter(starts_at__gt=before.starts_at)
        .order_by("starts_at")
        .first()
    )
    before.recovers_at = min(recovered, following.starts_at) if following else recovered
    before.save(update_fields=["recovers_at"])
