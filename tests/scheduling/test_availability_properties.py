"""Availability never lies: what it offers can be booked, and what it does not offer cannot.

Random hours, time off, closures and sessions around a day on which the clock may jump.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, product
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clinic.errors import DomainError
from clinic.models import Clinic, Device, Room, User, Weekday
from patients.models import Patient
from sessions import services
from sessions.models import TreatmentPlan
from sessions.scheduling.availability import Offer, offers
from sessions.scheduling.wanted import sitting_of
from tests.factories import (
    DAY,
    HOUR,
    ClinicFactory,
    ClosureFactory,
    DeviceFactory,
    OpeningHoursFactory,
    PatientFactory,
    PlanFactory,
    ProtocolFactory,
    ProtocolVersionFactory,
    RoomFactory,
    TimeOffFactory,
    UserFactory,
    WorkingHoursFactory,
    clinical_rules,
)

# zone → a day that is special there, or just any
DAYS = {
    "Europe/Berlin": (date(2030, 1, 7), date(2030, 3, 31), date(2030, 10, 27)),
    "America/Santiago": (date(2030, 4, 6), date(2030, 9, 8)),
    "Australia/Lord_Howe": (date(2030, 4, 7), date(2030, 10, 6)),
    "Asia/Kathmandu": (date(2030, 6, 12),),
}
SPAN = 2  # days on either side of it
SAMPLED = 8

hours = st.integers(0, 47).map(lambda half: half / 2)
lengths = st.integers(1, 16).map(lambda half: half / 2)
stretches = st.tuples(st.integers(-24 * SPAN, 24 * SPAN), lengths)


@dataclass
class World:
    """One clinic, and those and that which can be booked at it."""

    clinic: Clinic
    day: date
    plan: TreatmentPlan
    further: list[TreatmentPlan]  # other areas of the same patient, in the same sitting
    rivals: list[TreatmentPlan]
    staff: list[User]
    rooms: list[Room]
    devices: list[Device]

    @property
    def treated(self) -> list[TreatmentPlan]:
        return [self.plan, *self.further]

    @property
    def at(self) -> datetime:
        return self.noon - (SPAN + 1) * DAY

    @property
    def noon(self) -> datetime:
        return datetime.combine(self.day, time(12), tzinfo=self.clinic.zone).astimezone(UTC)

    def book(
        self,
        plan: TreatmentPlan,
        start: datetime,
        who: Any,
        room: Any,
        device: Any,
        further: Sequence[TreatmentPlan] = (),
    ) -> bool:
        try:
            with transaction.atomic():
                services.book_session(
                    plan=plan,
                    further_plans=further,
                    starts_at=start,
                    practitioner=next(p for p in self.staff if p.pk == who),
                    room=next(r for r in self.rooms if r.pk == room),
                    device=next(d for d in self.devices if d.pk == device),
                    at=self.at,
                    by=self.staff[0],
                )
        except DomainError:
            return False
        return True

    def would_book(self, start: datetime, who: Any, room: Any, device: Any) -> bool:
        with transaction.atomic():
            booked = self.book(self.plan, start, who, room, device, self.further)
            transaction.set_rollback(True)
        return booked

    def grid(self) -> set[datetime]:
        """Every start on the grid on the days that are asked about, by the clock on the wall."""
        zone, step = self.clinic.zone, self.clinic.slot_minutes
        instants = (self.noon + quarter * timedelta(minutes=5) for quarter in range(-864, 864))
        local = ((start, start.astimezone(zone)) for start in instants)
        return {
            start
            for start, shown in local
            if (shown.hour * 60 + shown.minute) % step == 0 and abs(shown.date() - self.day) <= DAY
        }


@st.composite
def weeks(draw: st.DrawFn) -> list[tuple[int, float, float]]:
    """Blocks of a week that do not overlap: one or two a day, up to midnight."""
    blocks = []
    for weekday in Weekday.values:
        limits = sorted(draw(st.sets(st.integers(0, 48), max_size=4)))
        for opens, closes in zip(limits[::2], limits[1::2], strict=False):
            blocks.append((weekday, opens / 2, closes / 2))
    return blocks


def clock(hour: float) -> time:
    return time(int(hour) % 24, int(hour * 60) % 60)


def open_for(blocks: list[tuple[int, float, float]], factory: Any, **whose: Any) -> None:
    for weekday, opens, closes in blocks:
        factory(weekday=weekday, opens_at=clock(opens), closes_at=clock(closes), **whose)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    zone = draw(st.sampled_from(sorted(DAYS)))
    always_open = draw(st.booleans())
    clinic = ClinicFactory(
        time_zone=zone,
        slot_minutes=draw(st.sampled_from([15, 20, 30, 60])),
        always_open=always_open,
    )
    clinical_rules()
    protocol = ProtocolFactory()
    ProtocolVersionFactory(
        protocol=protocol,
        version=2,
        hard_min_days=draw(st.integers(1, 3)),
        duration_minutes=draw(st.sampled_from([25, 60, 150])),
        setup_minutes=draw(st.sampled_from([0, 20, 120])),
        cleaning_minutes=draw(st.sampled_from([0, 15, 120])),
        minutes_per_zone=draw(st.sampled_from([0, 10])),
    )
    patient = PatientFactory(clinic=clinic)
    world = World(
        clinic=clinic,
        day=draw(st.sampled_from(DAYS[zone])),
        plan=PlanFactory(patient=patient, protocol=protocol, planned_zones=3),
        further=[another_area(draw, patient) for _ in range(draw(st.integers(0, 2)))],
        rivals=[PlanFactory(patient=PatientFactory(clinic=clinic)) for _ in range(2)],
        staff=[UserFactory(clinic=clinic) for _ in range(2)],
        rooms=[RoomFactory(clinic=clinic), RoomFactory(clinic=clinic)],
        devices=[DeviceFactory(clinic=clinic)],
    )
    area, all_areas = world.plan.area.code, [plan.area.code for plan in world.treated]
    world.rooms[1].areas = draw(st.sampled_from([[], ["elsewhere"], [area], all_areas]))
    world.rooms[1].save()
    User.objects.exclude(pk__in=[person.pk for person in world.staff]).update(is_active=False)
    if not always_open:
        open_for(draw(weeks()), OpeningHoursFactory, clinic=clinic)
    counts_from = world.day + draw(st.integers(-SPAN - 1, SPAN)) * DAY
    open_for(
        draw(weeks()),
        WorkingHoursFactory,
        clinic=clinic,
        practitioner=world.staff[0],
        valid_from=counts_from,
    )
    for hour, length in draw(st.lists(stretches, max_size=2)):
        ClosureFactory(clinic=clinic, **between(world, hour, length))
    for hour, length in draw(st.lists(stretches, max_size=3)):
        person = draw(st.sampled_from(world.staff))
        TimeOffFactory(practitioner=person, **between(world, hour, length))
    fill(draw, world)
    if draw(st.booleans()):  # what was booked obeys another minimum from now on
        ProtocolVersionFactory(protocol=protocol, version=3, hard_min_days=draw(st.integers(1, 4)))
    return world


def another_area(draw: st.DrawFn, patient: Patient) -> TreatmentPlan:
    """A plan for it, by a protocol with times and a minimum of its own."""
    protocol = ProtocolFactory()
    ProtocolVersionFactory(
        protocol=protocol,
        version=2,
        hard_min_days=draw(st.integers(1, 3)),
        duration_minutes=draw(st.sampled_from([15, 40])),
        setup_minutes=draw(st.sampled_from([0, 30])),
        cleaning_minutes=draw(st.sampled_from([0, 45])),
        minutes_per_zone=draw(st.sampled_from([0, 5])),
    )
    return PlanFactory(patient=patient, protocol=protocol, planned_zones=2)


def between(world: World, hour: int, length: float) -> dict[str, datetime]:
    start = world.noon + timedelta(hours=hour)
    return {"starts_at": start, "ends_at": start + timedelta(hours=length)}


def fill(draw: st.DrawFn, world: World) -> None:
    """Book what can be booked of some random sessions, the plan's own among them."""
    for half in draw(st.lists(st.integers(-24 * SPAN, 24 * SPAN), min_size=2, max_size=12)):
        world.book(
            draw(st.sampled_from([*world.treated, *world.rivals])),
            world.noon + half * HOUR / 2,
            draw(st.sampled_from(world.staff)).pk,
            draw(st.sampled_from(world.rooms)).pk,
            world.devices[0].pk,
        )


def offered(world: World, who: User | None) -> list[Offer]:
    return offers(
        wanted=sitting_of(*world.treated),
        first=world.day - DAY,
        last=world.day + DAY,
        practitioner_id=who.pk if who else None,
        at=world.at,
    )


def edge(world: World, starts: set[datetime]) -> list[datetime]:
    """Those with a neighbour of the other kind: a mistake shows where offers begin and end."""
    grid = sorted(world.grid())
    pairs = [pair for pair in pairwise(grid) if (pair[0] in starts) != (pair[1] in starts)]
    return sorted(start for start in {start for pair in pairs for start in pair} if start in starts)


def sample(data: Any, starts: list[datetime]) -> list[datetime]:
    shuffled: list[datetime] = data.draw(st.permutations(starts))
    return shuffled[:SAMPLED]


class AvailabilityNeverLies(TestCase):
    @settings(
        deadline=None,
        max_examples=20,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(world=st.deferred(worlds), data=st.data(), anyone=st.booleans())
    def test_offers_can_be_booked_and_nothing_else_can(
        self, world: World, data: Any, anyone: bool
    ) -> None:
        who = None if anyone else world.staff[0]
        found = {offer.starts_at: offer for offer in offered(world, who)}
        assert set(found) <= world.grid()

        for start in sample(data, edge(world, set(found))):
            offer = found[start]
            assert world.would_book(start, offer.practitioner_id, offer.room_id, offer.device_id), (
                start.astimezone(world.clinic.zone)
            )

        staff = world.staff if anyone else world.staff[:1]
        for start in sample(data, edge(world, world.grid() - set(found))):
            if is_read_later(world, start):
                continue
            for person, room, device in product(staff, world.rooms, world.devices):
                assert not world.would_book(start, person.pk, room.pk, device.pk), start.astimezone(
                    world.clinic.zone
                )


def is_read_later(world: World, start: datetime) -> bool:
    """Whether the skin recovers in an hour that the clock shows twice: of that, PostgreSQL
    takes the second reading and offers nothing before, where a booking may take the first."""
    zone: ZoneInfo = world.clinic.zone
    for plan in world.treated:
        days = plan.protocol.versions.latest("version").hard_min_days
        then = start.astimezone(zone).replace(tzinfo=None) + days * DAY
        first, second = (then.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
        if first != second:
            return True
    return False
