"""Series over ten years of clocks that jump: the same time on the wall, at the right interval."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from clinic.models import Clinic, OpeningHours
from clinic.values.wallclock import exact_instant
from sessions import services
from sessions.models import TreatmentPlan
from tests.factories import (
    DAY,
    HOUR,
    ClinicFactory,
    DeviceFactory,
    PatientFactory,
    PlanFactory,
    ProtocolFactory,
    ProtocolVersionFactory,
    RoomFactory,
    SessionFactory,
    UserFactory,
)
from tests.house.test_wallclock import ZONES

pytestmark = pytest.mark.django_db
FIRST_YEAR, YEARS = 2020, 10  # Apia changed until 2021, Casablanca until 2026
STEADY = {"Asia/Kathmandu"}
WEEK = 7 * DAY


def plan_every(days: int, zone: str) -> TreatmentPlan:
    clinic = ClinicFactory(time_zone=zone, slot_minutes=15)
    UserFactory(clinic=clinic)
    RoomFactory(clinic=clinic)
    DeviceFactory(clinic=clinic)
    protocol = ProtocolFactory()
    ProtocolVersionFactory(
        protocol=protocol,
        version=2,
        hard_min_days=days - 2,
        soft_min_days=days - 2,
        target_min_days=days,
        target_max_days=days,
    )
    return PlanFactory(patient=PatientFactory(clinic=clinic), protocol=protocol)


def open_from_ten_to_twelve(clinic: Clinic) -> None:
    OpeningHours.objects.filter(clinic=clinic).update(opens_at=time(10), closes_at=time(12))


@pytest.mark.parametrize("name", ZONES)
def test_a_series_of_ten_years_keeps_weekday_time_and_interval(name: str) -> None:
    """Every thirteen weeks, so that nearly each session is on the other side of a change."""
    plan, zone = plan_every(13 * 7, name), ZoneInfo(name)
    plan.planned_sessions = YEARS * 4 + 2
    open_from_ten_to_twelve(plan.clinic)
    at = datetime(FIRST_YEAR, 1, 4, tzinfo=zone)

    proposed = services.propose_series(plan=plan, at=at)

    local = [p.slot.starts_at.astimezone(zone) for p in proposed]
    assert local[-1].year == FIRST_YEAR + YEARS
    assert {shown.time() for shown in local} == {time(10)}
    assert {after.date() - before.date() for before, after in pairwise(local)} == {13 * WEEK}
    assert {p.shift for p in proposed} == {""}
    offsets = {shown.utcoffset() for shown in local}
    assert (len(offsets) == 1) == (name in STEADY)  # else nothing is shown


@dataclass(frozen=True)
class Change:
    """A jump of the clock: what it shows twice, or never, begins at `wall`, on the wall."""

    wall: datetime
    by: timedelta

    @property
    def is_forward(self) -> bool:
        return self.by > timedelta(0)


def changes(zone: ZoneInfo) -> list[Change]:
    """All of the ten years, found by looking at the clock every quarter of an hour where needed."""
    found = []
    day = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    while day.year < FIRST_YEAR + YEARS:
        if offset(day, zone) != offset(day + DAY, zone):
            quarters = [day + n * HOUR / 4 for n in range(97)]
            before, after = next(
                pair
                for pair in pairwise(quarters)
                if offset(pair[0], zone) != offset(pair[1], zone)
            )
            old, new = offset(before, zone), offset(after, zone)
            found.append(Change((after + min(old, new)).replace(tzinfo=None), new - old))
        day += DAY
    return found


def offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


@pytest.mark.parametrize("name", ZONES)
def test_a_weekly_series_at_the_hour_of_a_change_lands_in_no_gap(name: str) -> None:
    """A week before each change, on the day of it and a week after, at the hour that jumps."""
    plan, zone = plan_every(7, name), ZoneInfo(name)
    jumps = changes(zone)
    assert (jumps == []) == (name in STEADY)

    for number, change in enumerate(jumps, start=1):
        usual = change.wall + HOUR / 4
        first = (usual - WEEK).replace(tzinfo=zone).astimezone(UTC)
        SessionFactory(
            plan=plan, starts_at=first, protocol_version=plan.protocol.versions.get(version=2)
        )
        plan.planned_sessions = number + 2

        proposed = services.propose_series(plan=plan, at=first)

        on_the_day, after = (p.slot.starts_at.astimezone(zone) for p in proposed)
        moved_by = change.by if change.is_forward else timedelta(0)
        assert shown(on_the_day) == usual + moved_by, change
        assert shown(after) == usual + WEEK, change
        if change.is_forward:  # the clock does show it, once
            assert exact_instant(shown(on_the_day), zone) == on_the_day
            assert proposed[0].shift == f"the clock skips {usual:%H:%M} on {usual:%-d %b %Y}"
        assert proposed[1].shift == ""


def shown(local: datetime) -> datetime:
    return local.replace(tzinfo=None, fold=0)
