"""Dates for all remaining sessions of a plan, or of several that are treated together."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from django.db.models import Max
from django.utils.translation import gettext

from clinic.models import User
from clinic.values.moments import date_in_words
from clinic.values.wallclock import instant_of
from sessions.lifecycle import PlanKind
from sessions.models import Kind, ProtocolVersion, TreatmentPlan, TreatmentSession
from sessions.safety.loading.washouts import Washouts, load_washouts
from sessions.scheduling.availability import Offer, Slot, as_slots, offers
from sessions.scheduling.shift_reasons import insured_until, why_not_at
from sessions.scheduling.spacing import recovery_end
from sessions.scheduling.wanted import sitting_of
from sessions.services.booking.checks.prepare import require_active
from sessions.services.booking.series.shifting import CHUNK, FARTHEST, NoFreeTime
from sessions.services.booking.series.wishes import Wishes
from sessions.services.booking.sitting.areas import about_further, areas_together
from sessions.services.plans import version_in_effect

ANY, DAY, NOON = Wishes(), timedelta(days=1), 12


@dataclass(frozen=True)
class Proposed:
    """One session of a proposed series, for these plans, the leading one first. `shift` says why it
    is not at the usual time. `others` are free too."""

    slot: Slot
    plans: Sequence[TreatmentPlan]
    shift: str = ""
    others: Sequence[Slot] = ()


def propose_series(
    *,
    plan: TreatmentPlan,
    at: datetime,
    practitioner: User | None = None,
    first_on: date | None = None,
    further_plans: Sequence[TreatmentPlan] = (),
    wishes: Wishes = ANY,
) -> list[Proposed]:
    """A time for every session of the plan that is still to be booked, in order.

    With `further_plans` the areas are treated together, session for session; where one has more
    left than the others, it goes on without them.

    The first is at the target interval after the plan's last session, or the first free time
    from `first_on` (local day) or now. The others follow on the same weekday and time of day;
    where that is taken, at the nearest free time in the protocol's target window, else at the
    first one after it. What `wishes` say of weekday and hour comes before the usual ones. The area
    whose window opens last decides for all of them, and nothing is proposed before a washout has
    ended. Nothing is kept: hold or book what is proposed.
    Raises NotBookable, PlanNotActive, NoFreeTime, NoVersion.
    """
    areas_together(plan, further_plans)
    require_active(plan.status)
    for index, further in enumerate(further_plans):
        with about_further(index):
            require_active(further.status)
    courses = [course_of(each, at) for each in (plan, *further_plans)]
    search = _Search(
        washouts=load_washouts([plan, *further_plans], at=at),
        practitioner=practitioner or plan.practitioner,
        at=at,
        first_on=first_on,
        wishes=wishes,
    )
    starts = [course.last for course in courses if course.last]
    usual = search.usual(starts[0]) if starts else None
    found: list[_Found] = []
    while together := [course for course in courses if course.left > 0]:
        one = search.next_of(together, usual)
        found.append(one)
        for course in together:
            course.left, course.last = course.left - 1, one.offer.starts_at
        usual = usual or search.usual(one.offer.starts_at)
    slots = {
        (slot.starts_at, slot.practitioner.pk): slot
        for slot in as_slots([offer for one in found for offer in (one.offer, *one.others)])
    }

    def slot_of(offer: Offer) -> Slot:
        return slots[offer.starts_at, offer.practitioner_id]

    return [
        Proposed(slot_of(one.offer), one.plans, one.shift, [slot_of(each) for each in one.others])
        for one in found
    ]


@dataclass(eq=False)
class _Course:
    """How far one area has come, with what is proposed by now."""

    plan: TreatmentPlan
    protocol: ProtocolVersion
    left: int
    last: datetime | None

    @property
    def recovered(self) -> datetime | None:
        """When the skin has recovered from the last session."""
        return self.last and recovery_end(self.last, self.protocol, self.plan.clinic.zone)

    def lasts_until(self, today: date) -> date:
        """The last day that its last session may be wanted on, if the next is not late already."""
        if self.left <= 0:
            return today
        next_on = max(today, self.window[1]) if self.window else today
        return next_on + (self.left - 1) * self.interval[1]

    @property
    def interval(self) -> tuple[timedelta, timedelta]:
        """The least and the most that the protocol wants between two sessions, or that a
        maintenance plan wants, within as many days as the protocol's."""
        least = self.plan.interval_days or self.protocol.target_min_days
        width = self.protocol.target_max_days - self.protocol.target_min_days
        return timedelta(days=least), timedelta(days=least + width)

    @property
    def window(self) -> tuple[date, date] | None:
        """The first and the last day on which the next session is wanted, after the last."""
        if self.last is None:
            return None
        day = self.last.astimezone(self.plan.clinic.zone).date()
        least, most = self.interval
        return day + least, day + most


def course_of(plan: TreatmentPlan, at: datetime) -> _Course:
    """Maintenance begins its interval after the last session on that skin, whatever its plan."""
    of_skin = TreatmentSession.objects.occupying().filter(
        patient=plan.patient_id, area=plan.area_id, kind=Kind.TREATMENT
    )
    starts = list(
        of_skin.filter(plan=plan).order_by("starts_at").values_list("starts_at", flat=True)
    )
    last = starts[-1] if starts else None
    if last is None and plan.kind == PlanKind.MAINTENANCE:
        last = of_skin.aggregate(last=Max("starts_at"))["last"]
    return _Course(
        plan=plan,
        protocol=version_in_effect(plan.protocol, at),
        left=plan.planned_sessions - len(starts),
        last=last,
    )


@dataclass(frozen=True)
class _Days:
    """The local days on which a session should be. `shift` says what has put them off."""

    first: date
    last: date
    shift: str = ""


@dataclass(frozen=True)
class _Found:
    """What is proposed, as far as the search has to know it: people and things are ids."""

    offer: Offer
    plans: Sequence[TreatmentPlan]
    shift: str = ""
    others: Sequence[Offer] = ()


@dataclass(frozen=True)
class _Search:
    """The free times for areas that are treated together, by their protocols."""

    washouts: Washouts
    practitioner: User | None
    at: datetime
    first_on: date | None
    wishes: Wishes = field(default=ANY)

    def usual(self, moment: datetime) -> datetime | None:
        """The weekday and time that the next sessions are to have, unless others are wished."""
        local = self.local(moment)
        return local if self.wishes.fit(local) else None

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.washouts.patient.clinic.zone)

    def next_of(self, together: Sequence[_Course], usual: datetime | None) -> _Found:
        """The next session of these areas; `usual` has the usual weekday and time. Looked for anew
        where the day that was found is too near to another treatment."""
        found = self._found(together, usual)
        day = self.local(found.offer.starts_at).date()
        clear = self.washouts.end_after(day, found.plans)
        if clear is None:
            return found
        later = replace(self, first_on=clear).next_of(together, usual)
        shift = _joined(
            gettext("a washout ends on {day}").format(day=date_in_words(clear, "j M Y")),
            later.shift,
        )
        return replace(later, shift=shift)

    def _found(self, together: Sequence[_Course], usual: datetime | None) -> _Found:
        plans = [course.plan for course in together]
        days = self._days(together, usual)
        recovered = max((c.recovered for c in together if c.recovered), default=self.at)
        if usual is None:
            return self._first(days, plans, recovered)
        free = self._offers(plans, days.first, days.last, recovered=recovered)
        length = (days.last - days.first).days + 1
        dates = [days.first + timedelta(days=n) for n in range(length)]
        wanted = [self._at(day, usual.time()) for day in dates if day.weekday() == usual.weekday()]
        for start in wanted:
            if offer := next((each for each in free if each.starts_at == start), None):
                is_usual = start == wanted[0]
                why = (
                    self._skipped(start, usual) if is_usual else self._why_not(wanted[0], together)
                )
                shift = _joined(days.shift, why)
                return _Found(offer, plans, shift, self._others(free, offer))
        aim = wanted[0] if wanted else self._at(days.first, usual.time())
        if not wanted:
            why = gettext("there is no {day} in the protocol's target interval").format(
                day=date_in_words(usual, "l")
            )
        else:
            why = self._why_not(aim, together)
        shift = _joined(days.shift, why)
        if free:
            wished = [each for each in free if self.wishes.fit(self.local(each.starts_at))]
            nearest = min(wished or free, key=lambda each: abs(each.starts_at - aim))
            return _Found(nearest, plans, shift, self._others(free, nearest))
        later = self._first_from(days.last + timedelta(days=1), plans, recovered=recovered)
        return _Found(
            later,
            plans,
            gettext("{shift}; nothing is free until {day}").format(
                shift=shift, day=date_in_words(days.last, "j M Y")
            ),
        )

    def _first(self, days: _Days, plans: Sequence[TreatmentPlan], recovered: datetime) -> _Found:
        """The first free time; as wished if there is one in the weeks that are looked through."""
        if not (self.wishes.of_time or self.wishes.others):
            free = self._first_from(days.first, plans, recovered=recovered)
            return _Found(free, plans, days.shift)
        last = max(days.last, days.first + CHUNK)
        near = self._offers(plans, days.first, last, recovered=recovered)
        wished = [each for each in near if self.wishes.fit(self.local(each.starts_at))]
        if wished:
            return _Found(wished[0], plans, days.shift, self._others(near, wished[0]))
        why = (
            gettext("no {wishes} is free until {day}").format(
                wishes=self.wishes, day=date_in_words(last, "j M Y")
            )
            if self.wishes.of_time
            else ""
        )
        first = near[0] if near else self._first_from(last + DAY, plans, recovered=recovered)
        return _Found(first, plans, _joined(days.shift, why), self._others(near, first))

    def _others(self, free: Sequence[Offer], chosen: Offer) -> list[Offer]:
        """The nearest ones, one for each half of a day, in order."""
        halves: dict[tuple[date, bool], Offer] = {}
        for each in sorted(free, key=lambda each: abs(each.starts_at - chosen.starts_at)):
            local = self.local(each.starts_at)
            if each.starts_at != chosen.starts_at and len(halves) < self.wishes.others:
                halves.setdefault((local.date(), local.hour < NOON), each)
        return sorted(halves.values(), key=lambda each: each.starts_at)

    def _days(self, together: Sequence[_Course], usual: datetime | None) -> _Days:
        """The window that opens last; from the wanted day or from now on, and after washouts, a
        whole week, so that the usual weekday is in it."""
        today = self.local(self.at).date()
        windows = {course: course.window for course in together if course.window}
        first = max((opens for opens, _ in windows.values()), default=today)
        last = max((closes for _, closes in windows.values()), default=today)
        shift = _slower(windows, usual) if usual else ""
        possible = max(today, self.first_on or first)
        clear = self.washouts.end_after(max(first, possible), [each.plan for each in together])
        if clear:
            shift = gettext("a washout ends on {day}").format(day=date_in_words(clear, "j M Y"))
            possible = clear
        if possible > first or not windows:
            first, last = possible, max(last, possible + timedelta(days=6))
        return _Days(first, last, shift)

    def _offers(
        self,
        plans: Sequence[TreatmentPlan],
        first: date,
        last: date,
        *,
        recovered: datetime | None = None,
        limit: int | None = None,
    ) -> list[Offer]:
        return offers(
            wanted=sitting_of(*plans),
            first=first,
            last=last,
            practitioner_id=self.practitioner.pk if self.practitioner else None,
            at=self.at,
            not_before=recovered,
            room_id=self.wishes.room.pk if self.wishes.room else None,
            limit=limit,
        )

    def _first_from(
        self, first: date, plans: Sequence[TreatmentPlan], *, recovered: datetime | None = None
    ) -> Offer:
        """The first free time from a local day on, when the skin has recovered."""
        day, last = first, first + FARTHEST
        while day <= last:
            until = min(day + CHUNK, last)
            if free := self._offers(plans, day, until, recovered=recovered, limit=1):
                return free[0]
            day = until + timedelta(days=1)
        insured = insured_until(self.practitioner)
        looked = {"days": FARTHEST.days, "day": date_in_words(first, "j M Y")}
        if insured and insured < last:
            raise NoFreeTime(
                gettext(
                    "There is no free time within {days} days from {day}: the insurance of "
                    "{practitioner} ends on {end}."
                ).format(
                    **looked, practitioner=self.practitioner, end=date_in_words(insured, "j M Y")
                )
            )
        raise NoFreeTime(
            gettext("There is no free time within {days} days from {day}.").format(**looked)
        )

    def _at(self, day: date, usual: time) -> datetime:
        return instant_of(day, usual, self.washouts.patient.clinic.zone)

    def _skipped(self, start: datetime, usual: datetime) -> str:
        """What to say when `start` is only the clock's reading of a time that it never shows."""
        local = self.local(start)
        if local.time() == usual.time():
            return ""
        return gettext("the clock skips {time} on {day}").format(
            time=f"{usual:%H:%M}", day=date_in_words(local, "j M Y")
        )

    def _why_not(self, start: datetime, together: Sequence[_Course]) -> str:
        for course in together:
            if course.recovered and start < course.recovered:
                words = (
                    gettext("the skin of the area “{area}” recovers until {day} at {time}")
                    if together[1:]
                    else gettext("the skin recovers until {day} at {time}")
                )
                local = self.local(course.recovered)
                return words.format(
                    area=course.plan.area, day=date_in_words(local, "j M Y"), time=f"{local:%H:%M}"
                )
        return why_not_at(
            start,
            plans=[(course.plan, course.protocol) for course in together],
            practitioner=self.practitioner,
            at=self.at,
            room=self.wishes.room,
        )


def _joined(*reasons: str) -> str:
    return "; ".join(reason for reason in reasons if reason)


def _slower(windows: dict[_Course, tuple[date, date]], usual: datetime) -> str:
    """What to say where the first area could come sooner on the usual weekday without another."""
    first, slowest = next(iter(windows)), max(windows, key=lambda course: windows[course][0])

    def wanted(course: _Course) -> date:
        day = windows[course][0]
        return day + timedelta(days=(usual.weekday() - day.weekday()) % 7)

    if wanted(first) == wanted(slowest):
        return ""
    begins = windows[slowest][0]
    return gettext("the target interval of the area “{area}” begins on {day}").format(
        area=slowest.plan.area, day=date_in_words(begins, "j M Y")
    )
