"""What is booked already when a clinic closes or somebody takes time off."""

from datetime import datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.models import Closure, TimeOff, User
from patients.models import StaffTask
from sessions import services
from sessions.lifecycle import Status
from sessions.services.ending.closures import BookingsInTheWay, bookings_in
from tests.booking.hours.times import soon
from tests.conftest import Booking, make_booking
from tests.factories import DAY, HOUR, NINE

pytestmark = pytest.mark.django_db


@pytest.fixture
def add(booking: Booking) -> Any:
    """Add a closure or time off over the hours around the booking's session."""

    def add(kind: str, **changes: Any) -> Closure | TimeOff:
        span = {"starts_at": NINE - HOUR, "ends_at": NINE + HOUR / 2}
        details = {**span, "at": NINE - DAY, "by": booking.practitioner}
        if kind == "closure":
            return services.add_closure(clinic=booking.plan.clinic, **{**details, **changes})
        return services.add_time_off(practitioner=booking.practitioner, **{**details, **changes})

    return add


KINDS = pytest.mark.parametrize("kind", ["closure", "time off"])


@KINDS
def test_bookings_in_the_way_are_listed(booking: Booking, add: Any, kind: str) -> None:
    session = booking.book()

    with pytest.raises(BookingsInTheWay, match="1 booked: 7 Jan 2030 at 10:00") as refused:
        add(kind)

    listed = [{"id": str(session.pk), "starts_at": "2030-01-07T09:00:00Z"}]
    assert refused.value.extra == {"bookings": listed}
    assert not Closure.objects.exists()
    assert not TimeOff.objects.exists()


@KINDS
def test_bookings_stay_if_that_is_accepted(booking: Booking, add: Any, kind: str) -> None:
    session = booking.book()

    span = add(kind, accept=True)

    session.refresh_from_db()
    assert session.status == Status.BOOKED
    assert list(bookings_in(span, at=NINE - DAY)) == [session]
    assert session.patient.tasks.get().title == f"Look after: {session}"


@KINDS
def test_many_bookings_take_no_more_statements_than_one(
    booking: Booking, add: Any, kind: str
) -> None:
    taken: list[int] = []
    for hours in ([0], [2, 3, 4]):
        day = NINE + len(taken) * 7 * DAY
        for hour in hours:
            make_booking(booking.plan.clinic, booking.practitioner).book(day + hour * HOUR)
        with CaptureQueriesContext(connection) as queries:
            add(kind, accept=True, starts_at=day - HOUR, ends_at=day + 6 * HOUR)
        taken.append(len(queries))

    assert StaffTask.objects.count() == 4
    assert taken[0] == taken[1]


@KINDS
def test_what_is_over_or_elsewhere_is_not_in_the_way(
    booking: Booking, another_booking: Booking, add: Any, kind: str
) -> None:
    booking.move(booking.book(), Status.CANCELLED)
    booking.book(NINE + HOUR / 2)  # starts as the span ends
    if kind == "time off":
        another_booking.book()

    assert add(kind).pk


@KINDS
def test_an_end_before_the_beginning_is_named(add: Any, kind: str) -> None:
    with pytest.raises(ValidationError, match="The end must be after the beginning"):
        add(kind, ends_at=NINE - HOUR)


def test_each_booking_in_the_way_is_offered_the_first_free_time_after_it(
    booking: Booking, another_booking: Booking, add: Any
) -> None:
    """The session itself is in nobody's way, neither on its skin nor in its room."""
    session = booking.book()
    closure = add("closure", accept=True)

    (proposal,) = services.propose_moves(closure, at=NINE - DAY, sessions=[session])

    assert proposal.session == session
    assert proposal.offer is not None
    assert proposal.offer.starts_at == closure.ends_at
    assert proposal.offer.practitioner_id == booking.practitioner.pk
    assert services.reschedule_session(
        session_id=session.pk,
        starts_at=proposal.offer.starts_at,
        at=NINE - DAY,
        by=session.practitioner,
    )


@pytest.mark.usefixtures("another_booking")
def test_during_time_off_somebody_else_is_offered(booking: Booking, add: Any) -> None:
    session = booking.book()
    time_off = add("time off", accept=True, ends_at=NINE + 30 * DAY)

    (proposal,) = services.propose_moves(time_off, at=NINE - DAY, sessions=[session])

    assert proposal.offer is not None
    assert proposal.offer.practitioner_id != booking.practitioner.pk
    assert proposal.offer.starts_at == NINE


def test_a_closure_in_the_admin_obeys_the_service(booking: Booking, manager: User) -> None:
    session = booking.book(soon())
    client = Client()
    client.force_login(manager)
    form = {
        "clinic": str(booking.plan.clinic_id),
        **moment("starts_at", session.starts_at, booking),
        **moment("ends_at", session.ends_at, booking),
    }
    add = reverse("admin:clinic_closure_add")

    refused = client.post(add, form)
    done = client.post(add, {**form, "accept": "on"})

    assert "1 booked" in refused.content.decode()
    assert done.status_code == 302
    assert Closure.objects.get().starts_at == session.starts_at


def moment(name: str, at: datetime, booking: Booking) -> dict[str, str]:
    """As it is typed in: on the clock of the clinic."""
    local = at.astimezone(booking.plan.clinic.zone)
    return {f"{name}_0": f"{local:%Y-%m-%d}", f"{name}_1": f"{local:%H:%M}"}
