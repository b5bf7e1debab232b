"""Random clinics around a day on which the clock may jump: hours, time off, closures, visits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from hypothesis import strategies as st

from clinic.errors import DomainError
from clinic.models import Clinic, Credential, Device, Room, User, Weekday
from patients.models import Patient
from sessions import services
from sessions.models import TALKS, Mode, TreatmentPlan, VisitType
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
    visits: list[VisitType]  # of each kind that treats nothing, as they ship
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
        what: TreatmentPlan | VisitType,
        start: datetime,
        who: Any,
        room: Any,
        device: Any,
        further: Sequence[TreatmentPlan] = (),
    ) -> bool:
        """For a visit that treats nothing it is the patient of the plan who comes."""
        slot: dict[str, Any] = {
            "starts_at": start,
            "practitioner": next(p for p in self.staff if p.pk == who),
            "room": next((r for r in self.rooms if r.pk == room), None),
            "device": next((d for d in self.devices if d.pk == device), None),
        }
        try:
            with transaction.atomic():
                if isinstance(what, TreatmentPlan):
                    services.book_session(
                        plan=what, further_plans=further, **slot, at=self.at, by=self.staff[0]
                    )
                else:
                    services.book_visit(
                        visit_type=what,
                        patient=self.plan.patient,
                        video_url="https://meet.example/1" if what.mode == Mode.VIDEO else "",
                        **slot,
                        at=self.at,
                        by=self.staff[0],
                    )
        except DomainError:
            return False
        return True

    def would_book(
        self, what: TreatmentPlan | VisitType, start: datetime, who: Any, room: Any, device: Any
    ) -> bool:
        further = self.further if what is self.plan else ()
        with transaction.atomic():
            booked = self.book(what, start, who, room, device, further)
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
        visits=list(VisitType.objects.filter(clinic=clinic, kind__in=TALKS).order_by("code")),
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
    draw(st.sampled_from(world.visits)).rooms.add(world.rooms[1])
    ask_for_licence(draw, world)
    fill(draw, world)
    if draw(st.booleans()):  # what was booked obeys another minimum from now on
        ProtocolVersionFactory(protocol=protocol, version=3, hard_min_days=draw(st.integers(1, 4)))
    return world


def ask_for_licence(draw: st.DrawFn, world: World) -> None:
    """Of one kind of visit, or of treatments; one of the staff holds it for some days."""
    kinds = list(VisitType.objects.filter(clinic=world.clinic).order_by("code"))
    asks = draw(st.sampled_from(kinds))
    asks.credentials = ["PRESCRIBER"]
    asks.save()
    world.visits = [asks if asks.pk == kind.pk else kind for kind in world.visits]
    begins, ends = sorted(draw(st.tuples(*[st.integers(-SPAN, SPAN)] * 2)))
    Credential.objects.create(
        user=draw(st.sampled_from(world.staff)),
        kind=draw(st.sampled_from(["PRESCRIBER", "PHYSICIAN", "NURSE"])),
        number="1",
        issuer="The state",
        valid_from=world.day + begins * DAY,
        expires_on=draw(st.sampled_from([None, world.day + ends * DAY])),
    )


def needs(what: TreatmentPlan | VisitType) -> tuple[bool, bool]:
    """A room, and a device."""
    if isinstance(what, TreatmentPlan):
        return True, True
    return what.needs_room, what.needs_device


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
        bookable: list[TreatmentPlan | VisitType] = [*world.treated, *world.rivals, *world.visits]
        what = draw(st.sampled_from(bookable))
        needs_room, needs_device = needs(what)
        world.book(
            what,
            world.noon + half * HOUR / 2,
            draw(st.sampled_from(world.staff)).pk,
            draw(st.sampled_from(world.rooms)).pk if needs_room else None,
            world.devices[0].pk if needs_device else None,
        )
