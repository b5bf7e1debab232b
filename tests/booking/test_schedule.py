"""Working hours, time off and closures: what they refuse, and what they do to bookings."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.models import Closure, Device, Room, TimeOff, User, Weekday, WorkingHours
from sessions import services
from sessions.lifecycle import Status
from sessions.scheduling.availability import offers
from sessions.services.booking.clash import RoomTaken
from sessions.services.booking.presence import Closed, DeviceUnfit, PractitionerOff, RoomUnfit
from sessions.services.ending.closures import BookingsInTheWay, bookings_in
from sessions.services.plans import NoPractitionerHere
from tests.conftest import Booking, client_of
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    ClinicFactory,
    ClosureFactory,
    ProtocolVersionFactory,
    TimeOffFactory,
    UserFactory,
    WorkingHoursFactory,
)

pytestmark = pytest.mark.django_db
TODAY = NINE.date()


def works(booking: Booking, opens: int, closes: int, **changes: Any) -> WorkingHours:
    """Hours of the booking's practitioner on Mondays, on the clock of the clinic."""
    return WorkingHoursFactory(
        clinic=booking.plan.clinic,
        practitioner=booking.practitioner,
        opens_at=time(opens),
        closes_at=time(closes),
        **changes,
    )


# what a booking asks


def test_without_working_hours_a_practitioner_works_whenever_the_clinic_is_open(
    booking: Booking,
) -> None:
    WorkingHoursFactory(practitioner=booking.practitioner)  # at another clinic

    assert booking.book()


@pytest.mark.parametrize(
    ("local_hour", "is_there"), [(7, False), (8, True), (11, True), (12, False), (13, True)]
)
def test_a_session_lies_inside_one_block_of_working_hours(
    booking: Booking, local_hour: int, is_there: bool
) -> None:
    works(booking, 8, 12)
    works(booking, 13, 18)
    start = NINE.replace(hour=local_hour - 1)  # Berlin, in winter

    if is_there:
        assert booking.book(start)
    else:
        with pytest.raises(PractitionerOff, match="does not work during the whole session"):
            booking.book(start)


def test_working_hours_count_from_their_first_day_until_their_last(booking: Booking) -> None:
    works(booking, 8, 18, valid_from=TODAY, valid_until=TODAY + 7 * DAY)

    with pytest.raises(PractitionerOff):
        booking.book(NINE + 7 * DAY)
    assert booking.book()


@pytest.mark.parametrize(
    ("start", "is_there"),
    [
        (NINE - 7 * DAY, True),
        (NINE.replace(hour=3), False),  # 04:00 on the first day, before the hours
        (NINE.replace(hour=22) - DAY, True),  # 23:00 to 24:00 on the day before
        (NINE.replace(hour=22, minute=30) - DAY, False),  # 23:30 to 00:30
        (NINE, True),
        (NINE + DAY, False),  # a Tuesday
        (NINE + 7 * DAY, True),
        (NINE + 14 * DAY, False),  # the hours have ended
    ],
)
def test_until_the_first_hours_count_the_clinics_hold(
    booking: Booking, start: Any, is_there: bool
) -> None:
    works(booking, 8, 18, valid_from=TODAY, valid_until=TODAY + 14 * DAY)
    shown = offers(
        plan=booking.plan,
        first=start.date(),
        last=start.date() + DAY,
        practitioner_id=booking.practitioner.pk,
        at=start - 3 * DAY,
    )

    assert (start in {offer.starts_at for offer in shown}) is (is_there and start.minute == 0)
    if is_there:
        assert booking.book(start)
    else:
        with pytest.raises(PractitionerOff):
            booking.book(start)


def test_hours_that_begin_later_at_one_clinic_say_nothing_of_another(booking: Booking) -> None:
    elsewhere = ClinicFactory()
    WorkingHoursFactory(practitioner=booking.practitioner, clinic=elsewhere, valid_from=TODAY)
    works(booking, 8, 18, valid_from=TODAY + 30 * DAY)

    assert booking.book()


def test_working_hours_to_midnight_and_from_midnight_are_one(booking: Booking) -> None:
    works(booking, 20, 0)
    works(booking, 0, 2, weekday=Weekday.TUESDAY)

    assert booking.book(NINE.replace(hour=22, minute=30))  # 23:30 to 00:30


def test_nobody_is_treated_in_time_off(booking: Booking, another_booking: Booking) -> None:
    TimeOffFactory(practitioner=booking.practitioner)
    another_booking.room = booking.room

    with pytest.raises(PractitionerOff):
        booking.book(NINE + HOUR / 2)

    assert booking.book(NINE + HOUR, practitioner=another_booking.practitioner)
    assert another_booking.book(NINE - HOUR)


def test_nobody_is_treated_in_a_closed_clinic(booking: Booking) -> None:
    closure = ClosureFactory(clinic=booking.plan.clinic)

    with pytest.raises(Closed):
        booking.book(NINE - HOUR / 2)

    closure.delete()
    assert booking.book(NINE - HOUR / 2)


def test_room_and_device_must_serve_the_area(booking: Booking) -> None:
    for resource, error in ((booking.room, RoomUnfit), (booking.device, DeviceUnfit)):
        resource.areas = ["scalp"]
        resource.save()
        with pytest.raises(error, match="it serves: scalp"):
            booking.book()
        resource.areas = [booking.plan.area.code, "scalp"]
        resource.save()

    assert booking.book()


def test_room_and_device_are_taken_while_they_are_set_up(
    booking: Booking, another_booking: Booking
) -> None:
    version(another_booking, setup_minutes=30)
    for resource in ("room", "device"):
        setattr(another_booking, resource, getattr(booking, resource))
    first = booking.book()  # clean again at 10:15

    with pytest.raises(RoomTaken):
        another_booking.book(first.released_at)
    second = another_booking.book(first.released_at + HOUR / 2)

    assert second.occupied_from == first.released_at


def version(booking: Booking, **numbers: Any) -> None:
    ProtocolVersionFactory(protocol=booking.plan.protocol, version=2, **numbers)


def test_further_zones_take_longer(booking: Booking) -> None:
    version(booking, minutes_per_zone=10)
    booking.plan.planned_zones = 4
    booking.plan.save()

    assert booking.book().ends_at == NINE + timedelta(minutes=90)


# adding them


@pytest.fixture
def add(booking: Booking) -> Any:
    """Add a closure or time off over the hours around the booking's session."""

    def add(kind: str, **changes: Any) -> Closure | TimeOff:
        details = {"starts_at": NINE - HOUR, "ends_at": NINE + HOUR / 2, "at": NINE - DAY}
        if kind == "closure":
            return services.add_closure(clinic=booking.plan.clinic, **{**details, **changes})
        return services.add_time_off(practitioner=booking.practitioner, **{**details, **changes})

    return add


KINDS = pytest.mark.parametrize("kind", ["closure", "time off"])


@KINDS
def test_bookings_in_the_way_are_listed(booking: Booking, add: Any, kind: str) -> None:
    session = booking.book()

    with pytest.raises(BookingsInTheWay, match="1 booked: 07 Jan 2030 at 10:00") as refused:
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


def test_working_hours_are_of_somebody_who_treats_there(booking: Booking) -> None:
    details: dict[str, Any] = {
        "clinic": booking.plan.clinic,
        "weekday": Weekday.MONDAY,
        "opens_at": time(8),
        "closes_at": time(12),
        "valid_from": TODAY,
        "decider": services.Decider(at=NINE, by=booking.practitioner),
    }
    hours = services.add_working_hours(practitioner=booking.practitioner, **details)

    assert str(hours) == "Monday 08:00–12:00"
    with pytest.raises(NoPractitionerHere):
        services.add_working_hours(practitioner=UserFactory(), **details)
    with pytest.raises(ValidationError, match="overlap others"):
        services.add_working_hours(practitioner=booking.practitioner, **details)


def test_every_change_is_kept_with_its_row(booking: Booking) -> None:
    hours = works(booking, 8, 12)
    hours.valid_until = TODAY
    hours.save()
    hours.delete()

    kept = apps.get_model("clinic", "WorkingHoursHistory")._default_manager.order_by("pgh_id")
    assert [row.pgh_label for row in kept] == ["insert", "update", "delete"]


# over HTTP


def soon() -> datetime:
    """A whole hour in a week: the API asks the real clock."""
    return timezone.now().replace(minute=0, second=0, microsecond=0) + 7 * DAY


def test_a_manager_closes_the_clinic(booking: Booking, manager: User, as_dana: APIClient) -> None:
    session = booking.book(soon())
    client = client_of(manager)
    body = {
        "clinic": str(booking.plan.clinic_id),
        "starts_at": session.starts_at.isoformat(),
        "ends_at": session.ends_at.isoformat(),
        "reason": "water pipe",
    }

    refused = client.post("/api/v1/closures/", body, format="json")
    done = client.post("/api/v1/closures/", {**body, "accept": True}, format="json")
    listed = as_dana.get("/api/v1/closures/").json()["results"]
    moves = as_dana.get(f"/api/v1/closures/{done.json()['id']}/bookings/").json()["results"]
    booked = as_dana.post("/api/v1/sessions/", booking.body(session.starts_at), format="json")

    assert (refused.status_code, refused.json()["code"]) == (409, "bookings_in_the_way")
    assert [hit["id"] for hit in refused.json()["bookings"]] == [str(session.pk)]
    assert "Hopper" not in refused.content.decode()
    assert done.status_code == 201
    assert listed == [done.json()]
    assert moves[0]["session"] == str(session.pk)
    assert moves[0]["offer"]["starts_at"] >= done.json()["ends_at"]
    assert (booked.status_code, booked.json()["code"]) == (409, "closed")


def test_a_practitioner_takes_time_off_and_comes_back(
    booking: Booking, as_alice: APIClient, as_bob: APIClient
) -> None:
    body = {
        "practitioner": str(booking.practitioner.pk),
        "starts_at": soon().isoformat(),
        "ends_at": (soon() + DAY).isoformat(),
    }

    done = as_alice.post("/api/v1/time-off/", body, format="json")
    off = as_alice.post("/api/v1/sessions/", booking.body(soon()), format="json")
    foreign = as_bob.post("/api/v1/time-off/", body, format="json")
    not_his = as_bob.delete(f"/api/v1/time-off/{done.json()['id']}/")
    back = as_alice.delete(f"/api/v1/time-off/{done.json()['id']}/")
    on = as_alice.post("/api/v1/sessions/", booking.body(soon()), format="json")

    assert (off.status_code, off.json()["code"]) == (409, "practitioner_off")
    assert (foreign.status_code, not_his.status_code) == (400, 404)
    assert (done.status_code, back.status_code, on.status_code) == (201, 204, 201)


def test_working_hours_over_http(booking: Booking, as_alice: APIClient) -> None:
    body = {
        "practitioner": str(booking.practitioner.pk),
        "clinic": str(booking.plan.clinic_id),
        "weekday": 0,
        "opens_at": "08:00",
        "closes_at": "12:00",
        "valid_from": "2030-01-01",
    }

    done = as_alice.post("/api/v1/working-hours/", body, format="json")
    twice = as_alice.post("/api/v1/working-hours/", {**body, "opens_at": "11:00"}, format="json")
    backwards = as_alice.post(
        "/api/v1/working-hours/", {**body, "closes_at": "07:00"}, format="json"
    )
    listed = as_alice.get(f"/api/v1/working-hours/?practitioner={booking.practitioner.pk}")

    assert [answer.status_code for answer in (done, twice, backwards)] == [201, 400, 400]
    assert "overlap" in twice.json()["detail"]
    assert listed.json()["results"] == [done.json()]


def test_hours_that_would_leave_a_session_out_ask_first(
    booking: Booking, as_alice: APIClient
) -> None:
    session = booking.book()  # a Monday at 10:00 in Berlin
    body = {
        "practitioner": str(booking.practitioner.pk),
        "clinic": str(booking.plan.clinic_id),
        "weekday": 0,
        "opens_at": "11:00",
        "closes_at": "17:00",
    }
    before = {**body, "valid_from": "2030-01-01"}

    asked = as_alice.post("/api/v1/working-hours/", before, format="json")
    after = as_alice.post(
        "/api/v1/working-hours/", {**body, "valid_from": "2030-01-08"}, format="json"
    )
    url = f"/api/v1/working-hours/{after.json()['id']}/"
    assert as_alice.delete(url).status_code == 204
    moved = as_alice.post("/api/v1/working-hours/", {**before, "rest": "MOVE"}, format="json")

    assert (asked.status_code, asked.json()["code"]) == (409, "still_ahead")
    assert [entry["id"] for entry in asked.json()["bookings"]] == [str(session.pk)]
    assert (after.status_code, moved.status_code) == (201, 201)
    new = session.rescheduled_to
    assert new.starts_at >= NINE + HOUR or new.practitioner != booking.practitioner


def test_hours_that_a_session_needs_are_not_taken_back_silently(
    booking: Booking, as_alice: APIClient
) -> None:
    needed = works(booking, 8, 18)
    works(booking, 8, 18, weekday=Weekday.TUESDAY)
    session = booking.book()
    url = f"/api/v1/working-hours/{needed.pk}/"

    refused = as_alice.delete(url)
    kept = as_alice.post(f"{url}retire/", {"rest": "KEEP"}, format="json")

    assert (refused.status_code, refused.json()["code"]) == (409, "still_ahead")
    assert kept.status_code == 200
    assert not WorkingHours.objects.filter(pk=needed.pk).exists()
    assert session.patient.tasks.count() == 1


@pytest.mark.parametrize("path", ["sessions/", "reschedule/"])
@pytest.mark.parametrize(
    ("local", "code", "named"),
    [
        ("2030-03-31T02:30", "skipped_time", ["2030-03-31T01:45", "2030-03-31T03:00"]),
        ("2030-10-27T02:30", "doubled_time", ["T02:30+02:00", "T02:30+01:00"]),
    ],
)
def test_a_local_time_that_is_none_or_two_is_refused(
    booking: Booking, as_dana: APIClient, path: str, local: str, code: str, named: list[str]
) -> None:
    url, body = "/api/v1/sessions/", {**booking.body(), "starts_at": local}
    if path == "reschedule/":
        url, body = f"{url}{booking.book().pk}/reschedule/", {"starts_at": local}

    answer = as_dana.post(url, body, format="json")

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/starts_at", code)
    assert all(name in error["detail"] for name in named)


def test_a_local_time_is_read_on_the_clock_of_the_clinic(
    booking: Booking, as_dana: APIClient
) -> None:
    body = {**booking.body(), "starts_at": "2030-01-07T10:00"}

    answer = as_dana.post("/api/v1/sessions/", body, format="json")

    assert (answer.status_code, answer.json()["starts_at"]) == (201, "2030-01-07T09:00:00Z")


def test_rooms_and_devices_say_what_they_serve(as_dana: APIClient, booking: Booking) -> None:
    Room.objects.update(areas=["scalp"])
    Device.objects.update(areas=["face"])

    assert as_dana.get("/api/v1/rooms/").json()["results"][0]["areas"] == ["scalp"]
    assert as_dana.get("/api/v1/devices/").json()["results"][0]["areas"] == ["face"]


# in the admin


def test_a_closure_in_the_admin_obeys_the_service(booking: Booking, manager: User) -> None:
    session = booking.book(soon())
    client = Client()
    client.force_login(manager, backend="clinic.permissions.RoleBackend")
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
