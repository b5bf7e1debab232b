"""Working hours, time off and closures: what they refuse, and what they do to bookings."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from rest_framework.test import APIClient

from clinic.models import Weekday, WorkingHours
from sessions import services
from sessions.scheduling.availability import offers
from sessions.services.booking.checks.clash import RoomTaken
from sessions.services.booking.checks.presence import (
    Closed,
    DeviceUnfit,
    PractitionerOff,
    RoomUnfit,
)
from sessions.services.plans import NoPractitionerHere
from tests.conftest import Booking
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
        wanted=booking.plan,
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
