"""Availability never lies: what it offers can be booked, and what it does not offer cannot.

Random hours, time off, closures and visits around a day on which the clock may jump.
"""

from datetime import datetime
from itertools import pairwise, product
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clinic.models import User
from sessions.models import TALKS, TreatmentPlan, VisitType
from sessions.scheduling.availability import Offer, offers
from sessions.scheduling.wanted import VisitRequest, Wanted, sitting_of
from tests.factories import DAY
from tests.scheduling.worlds import World, needs, worlds

SAMPLED = 8


def offered(world: World, wanted: Wanted, who: User | None) -> list[Offer]:
    return offers(
        wanted=wanted,
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


def sample(data: Any, starts: list[datetime], most: int) -> list[datetime]:
    shuffled: list[datetime] = data.draw(st.permutations(starts))
    return shuffled[:most]


def check(
    world: World, data: Any, *, what: TreatmentPlan | VisitType, anyone: bool, most: int
) -> None:
    """What is offered for `what` can be booked, and nothing else can: as many starts of either."""
    wanted: Wanted = sitting_of(*world.treated)
    if isinstance(what, VisitType):
        wanted = VisitRequest(what, world.plan.patient)
    found = {o.starts_at: o for o in offered(world, wanted, None if anyone else world.staff[0])}
    assert set(found) <= world.grid()
    for start in sample(data, edge(world, set(found)), most):
        offer = found[start]
        with_what = offer.practitioner_id, offer.room_id, offer.device_id
        assert world.would_book(what, start, *with_what), (what, start)

    needs_room, needs_device = needs(what)
    rooms = [room.pk for room in world.rooms] if needs_room else [None]
    devices = [world.devices[0].pk] if needs_device else [None]
    staff = [person.pk for person in (world.staff if anyone else world.staff[:1])]
    for start in sample(data, edge(world, world.grid() - set(found)), most):
        if what is world.plan and is_read_later(world, start):
            continue
        for with_what in product(staff, rooms, devices):
            assert not world.would_book(what, start, *with_what), (what, start)


class AvailabilityNeverLies(TestCase):
    @settings(
        max_examples=20,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(world=st.deferred(worlds), data=st.data(), anyone=st.booleans())
    def test_offers_of_treatments_can_be_booked_and_nothing_else_can(
        self, world: World, data: Any, anyone: bool
    ) -> None:
        check(world, data, what=world.plan, anyone=anyone, most=SAMPLED)

    @settings(
        max_examples=5,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(world=st.deferred(worlds), data=st.data(), anyone=st.booleans())
    def test_so_it_is_with_visits_of_every_kind(
        self, world: World, data: Any, anyone: bool
    ) -> None:
        """As they ship: in a room and by phone or video, with a device and without."""
        assert {kind.kind for kind in world.visits} == set(TALKS)
        for visit_type in world.visits:
            check(world, data, what=visit_type, anyone=anyone, most=2)


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
