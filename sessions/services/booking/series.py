"""All remaining sessions of a plan: proposing their dates, and booking them all or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.models import User
from clinic.values.wallclock import instant_of
from sessions.models import Kind, ProtocolVersion, TreatmentPlan, TreatmentSession
from sessions.scheduling.availability import Chosen, Slot, free_slots
from sessions.scheduling.shift_reasons import why_not_at
from sessions.scheduling.spacing import recovery_end
from sessions.services.booking.book import book_session, lock_for_bookings, lock_names
from sessions.services.booking.prepare import require_active
from sessions.services.booking.shifting import CHUNK, FARTHEST, NoFreeTime
from sessions.services.plans import version_in_effect


@dataclass(frozen=True)
class Proposed:
    """One session of a proposed series. `shift` says why it is not at the usual time."""

    slot: Slot
    shift: str = ""


def propose_series(
    *,
    plan: TreatmentPlan,
    at: datetime,
    practitioner: User | None = None,
    first_on: date | None = None,
) -> list[Proposed]:
    """A time for every session of the plan that is still to be booked, in order.

    The first is at the target interval after the plan's last session, or the first free time
    from `first_on` (local day) or now. The others follow on the same weekday and time of day;
    where that is taken, at the nearest free time in the protocol's target window, else at the
    first one after it. Nothing is kept: hold or book what is proposed.
    Raises PlanNotActive, NoFreeTime, NoVersion.
    """
    require_active(plan.status)
    search = _Search(
        plan=plan,
        protocol=version_in_effect(plan.protocol, at),
        practitioner=practitioner or plan.practitioner,
        at=at,
    )
    sessions = TreatmentSession.objects.occupying().filter(plan=plan, kind=Kind.TREATMENT)
    starts = list(sessions.order_by("starts_at").values_list("starts_at", flat=True))
    proposed: list[Proposed] = []
    before = starts[-1] if starts else None
    usual = search.local(before) if before else None
    for _ in range(plan.planned_sessions - len(starts)):
        if before is None or usual is None:
            today = search.local(at).date()
            found = Proposed(search.first_from(max(first_on or today, today)))
            usual = search.local(found.slot.starts_at)
        else:
            found = search.next_after(before, usual, not_before=first_on)
        proposed.append(found)
        before = found.slot.starts_at
    return proposed


@dataclass(frozen=True)
class _Search:
    """The free times for one plan, by one version of its protocol."""

    plan: TreatmentPlan
    protocol: ProtocolVersion
    practitioner: User | None
    at: datetime

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.plan.clinic.zone)

    def slots(self, first: date, last: date) -> list[Slot]:
        return free_slots(
            wanted=self.plan,
            first=first,
            last=last,
            practitioner=self.practitioner,
            at=self.at,
        )

    def first_from(self, first: date, *, recovered: datetime | None = None) -> Slot:
        """The first free time from a local day on, when the skin has recovered."""
        day, last = first, first + FARTHEST
        while day <= last:
            until = min(day + CHUNK, last)
            for slot in self.slots(day, until):
                if recovered is None or slot.starts_at >= recovered:
                    return slot
            day = until + timedelta(days=1)
        raise NoFreeTime(
            f"There is no free time within {FARTHEST.days} days from {first:%d %b %Y}."
        )

    def next_after(self, before: datetime, usual: datetime, *, not_before: date | None) -> Proposed:
        """The session that follows on one at `before`; `usual` has the usual weekday and time."""
        protocol = self.protocol
        recovered = recovery_end(before, protocol, self.plan.clinic.zone)
        day = self.local(before).date()
        first = day + timedelta(days=protocol.target_min_days)
        last = day + timedelta(days=protocol.target_max_days)
        possible = max(self.local(self.at).date(), not_before or first)
        if possible > first:  # then a whole week, so that the usual weekday is in it
            first, last = possible, max(last, possible + timedelta(days=6))
        free = [slot for slot in self.slots(first, last) if slot.starts_at >= recovered]
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        wanted = [self._at(day, usual.time()) for day in days if day.weekday() == usual.weekday()]
        for start in wanted:
            if slot := next((slot for slot in free if slot.starts_at == start), None):
                is_usual = start == wanted[0]
                shift = (
                    self._skipped(start, usual) if is_usual else self._why_not(wanted[0], recovered)
                )
                return Proposed(slot, shift)
        aim = wanted[0] if wanted else self._at(first, usual.time())
        if not wanted:
            shift = f"there is no {usual:%A} in the protocol's target interval"
        else:
            shift = self._why_not(aim, recovered)
        if free:
            return Proposed(min(free, key=lambda slot: abs(slot.starts_at - aim)), shift)
        slot = self.first_from(max(first, last + timedelta(days=1)), recovered=recovered)
        return Proposed(slot, f"{shift}; nothing is free until {last:%d %b %Y}")

    def _at(self, day: date, usual: time) -> datetime:
        return instant_of(day, usual, self.plan.clinic.zone)

    def _skipped(self, start: datetime, usual: datetime) -> str:
        """What to say when `start` is only the clock's reading of a time that it never shows."""
        local = self.local(start)
        if local.time() == usual.time():
            return ""
        return f"the clock skips {usual:%H:%M} on {local:%d %b %Y}"

    def _why_not(self, start: datetime, recovered: datetime) -> str:
        if start < recovered:
            return f"the skin recovers until {self.local(recovered):%d %b %Y at %H:%M}"
        return why_not_at(
            start,
            plan=self.plan,
            protocol=self.protocol,
            practitioner=self.practitioner,
            at=self.at,
        )


@retried_transaction
def book_series(
    *, plan_id: UUID, slots: Sequence[Chosen], at: datetime, by: User
) -> list[TreatmentSession]:
    """Book these sessions of a plan, all or none.

    All locks of all slots are taken before the first booking (Note [Lock order]): two series in
    one transaction each would otherwise wait for each other. Raises what `book_session` raises,
    with the session's index: `field` is `sessions/1/room`, `index` is 1.
    """
    plan = TreatmentPlan.objects.with_booking_facts().get(pk=plan_id)
    lock_for_bookings(
        *{
            name
            for slot in slots
            for name in lock_names(
                practitioner=slot["practitioner"],
                room=slot["room"],
                device=slot["device"],
                patient_id=plan.patient_id,
            )
        },
        clinic_id=plan.clinic_id,
    )
    booked = []
    for index, slot in enumerate(slots):
        try:
            booked.append(book_session(plan=plan, **slot, at=at, by=by))
        except DomainError as error:
            if error.field in slot:  # what is wrong with the plan is no fault of this session
                error.field = f"sessions/{index}/{error.field}"
                error.extra["index"] = index
            raise
    return booked
