"""Which later sessions have to move when one does, and where to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext, gettext_noop

from clinic.errors import Conflict
from clinic.values.moments import date_in_words
from clinic.values.wallclock import instant_of, iso_utc
from sessions.lifecycle import OCCUPIES, UPCOMING, Status
from sessions.models import (
    Kind,
    TreatmentPlan,
    TreatmentSession,
    TreatmentSessionQuerySet,
    of_treatment,
)
from sessions.scheduling.availability import Slot, free_slots
from sessions.scheduling.spacing import recovery_end
from sessions.scheduling.wanted import SittingRequest, sitting_of
from sessions.services.booking.sitting.areas import open_plans
from sessions.services.plans import version_in_effect

# How far a later session may be pushed before somebody has to look at the plan.
FARTHEST = timedelta(days=182)
CHUNK = timedelta(days=28)


class LaterSessionsTooSoon(Conflict):
    code = "later_sessions_too_soon"
    title = gettext_noop("Later sessions of the plan would come too soon")


class NoFreeTime(Conflict):
    code = "no_free_time"
    title = gettext_noop("There is no free time")


@dataclass(frozen=True)
class Shift:
    """A later session, which leads its sitting, and the first free slot at its time of day when the
    skin of all its areas has recovered."""

    session: TreatmentSession
    slot: Slot


def too_soon_after(
    old: TreatmentSession, plans: Sequence[TreatmentPlan], starts_at: datetime, *, at: datetime
) -> bool:
    """Whether a later session of one of these plans is too close to the new time of `old`."""
    return any(
        _upcoming_after(old, [plan])
        .filter(starts_at__lt=_recovered(plan, starts_at, at), recovers_at__gt=starts_at)
        .exists()
        for plan in plans
    )


def shifted_later(old: TreatmentSession, starts_at: datetime, *, at: datetime) -> list[Shift]:
    """Which later sessions of its plans have to move when `old` starts at `starts_at`, and where
    to.

    The search runs on a calendar without the plans' sessions from `old` on, which is put back
    before anybody sees it. What treats none of the same areas again stays in it while a session is
    looked for: the patient cannot be at both. The caller holds all locks. Raises NoFreeTime.
    """
    plans = open_plans(old)
    rows = TreatmentSession.objects.all()
    leading = {row.leading_id for row in _upcoming_after(old, plans)}
    later = list(rows.filter(pk__in=leading).select_related("practitioner").order_by("starts_at"))
    areas = {lead.pk: list(rows.of_sitting(lead.pk).occupying()) for lead in later}
    wanted = {lead.pk: open_plans(lead) for lead in later}
    # of each plan: when it is treated last, and from when on the skin allows the next time
    treated = {plan.pk: (starts_at, _recovered(plan, starts_at, at)) for plan in plans}
    shifts: list[Shift] = []
    with transaction.atomic():
        leading.add(old.leading_id)
        rows.filter(Q(pk__in=leading) | Q(sitting__in=leading)).update(status=Status.CANCELLED)
        for place, lead in enumerate(later, start=1):
            again = [row for row in areas[lead.pk] if row.plan_id in treated]
            if any(_clashes(row, *treated[row.plan_id]) for row in again):
                after = max(
                    *(treated[row.plan_id][1] for row in again),
                    *(shift.slot.ends_at for shift in shifts),
                    starts_at,
                )
                mine = {row.plan_id for row in areas[lead.pk]}
                others = [
                    row.pk
                    for other in later[place:]
                    if mine.isdisjoint(row.plan_id for row in areas[other.pk])
                    for row in areas[other.pk]
                ]
                with _in_calendar(others):
                    slot = _first_at_same_time(
                        sitting_of(*wanted[lead.pk]), lead, after=after, at=at
                    )
                shifts.append(Shift(lead, slot))
                for plan in wanted[lead.pk]:
                    treated[plan.pk] = slot.starts_at, _recovered(plan, slot.starts_at, at)
                continue
            for row in again:
                if row.starts_at >= treated[row.plan_id][1]:  # what follows it stays as it did
                    treated[row.plan_id] = row.starts_at, of_treatment(row.recovers_at)
        transaction.set_rollback(True)
    return shifts


@contextmanager
def _in_calendar(ids: list[UUID]) -> Iterator[None]:
    """These sessions are booked meanwhile."""
    rows = TreatmentSession.objects.filter(pk__in=ids)
    if ids:
        rows.update(status=Status.BOOKED)
    yield
    if ids:
        rows.update(status=Status.CANCELLED)


def _clashes(row: TreatmentSession, treated_at: datetime, recovered: datetime) -> bool:
    return row.starts_at < recovered and of_treatment(row.recovers_at) > treated_at


def _recovered(plan: TreatmentPlan, starts_at: datetime, at: datetime) -> datetime:
    """When the skin of the plan has recovered from a session at `starts_at`."""
    return recovery_end(starts_at, version_in_effect(plan.protocol, at), plan.clinic.zone)


def _upcoming_after(
    old: TreatmentSession, plans: Sequence[TreatmentPlan]
) -> TreatmentSessionQuerySet:
    return TreatmentSession.objects.filter(
        plan__in=plans,
        kind=Kind.TREATMENT,
        status__in=UPCOMING,
        starts_at__gt=old.starts_at,
    )


def locks_to_shift(old: TreatmentSession, plans: Sequence[TreatmentPlan]) -> set[str]:
    """Whatever the shifted sessions may need. Found out before the search, to lock all at once."""
    clinic = old.clinic
    staff = TreatmentSession.objects.filter(plan__in=plans, status__in=OCCUPIES)
    return {
        *(f"practitioner:{pk}" for pk in staff.values_list("practitioner", flat=True)),
        *(f"room:{pk}" for pk in clinic.rooms.values_list("pk", flat=True)),
        *(f"device:{pk}" for pk in clinic.devices.values_list("pk", flat=True)),
    }


def _first_at_same_time(
    wanted: TreatmentPlan | SittingRequest,
    session: TreatmentSession,
    *,
    after: datetime,
    at: datetime,
) -> Slot:
    """The first free slot from `after` on at the time of day of `session`, same practitioner."""
    zone = session.clinic.zone
    usual = session.starts_at.astimezone(zone).time()
    first = after.astimezone(zone).date()
    last = first + FARTHEST
    while first <= last:
        until = min(first + CHUNK, last)
        for slot in free_slots(
            wanted=wanted,
            first=first,
            last=until,
            practitioner=session.practitioner,
            at=at,
        ):
            if slot.starts_at >= after and _is_at(slot.starts_at, usual, zone):
                return slot
        first = until + timedelta(days=1)
    raise NoFreeTime(
        gettext("{practitioner} has no free time at {time} within {days} days after {day}.").format(
            practitioner=session.practitioner,
            time=f"{usual:%H:%M}",
            days=FARTHEST.days,
            day=date_in_words(after.astimezone(zone), "j M Y"),
        ),
        field="starts_at",
    )


def _is_at(start: datetime, usual: Any, zone: Any) -> bool:
    day: date = start.astimezone(zone).date()
    return start == instant_of(day, usual, zone)


def explain_shifts(shifts: list[Shift]) -> LaterSessionsTooSoon:
    return LaterSessionsTooSoon(
        gettext(
            "Then {number} later session(s) would come too soon; they can be moved with it, "
            "to the times proposed here."
        ).format(number=len(shifts)),
        field="starts_at",
        later_sessions=[
            {
                "session": str(shift.session.pk),
                "starts_at": iso_utc(shift.session.starts_at),
                "proposed_at": iso_utc(shift.slot.starts_at),
            }
            for shift in shifts
        ],
    )
