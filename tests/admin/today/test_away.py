"""Somebody is away: whom it hits, where each visit could go, and that nobody is forgotten."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from aftercare.admin.away.page import write_choice
from clinic.models import Clinic, Role, TimeOff, User
from patients.models import StaffTask
from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from sessions.services.ending.cover import covers_of, propose
from tests.admin.pages import client_of
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    PatientFactory,
    PlanFactory,
    SessionFactory,
    UserFactory,
    VisitFactory,
)
from tests.support.accesses import RECORDED, Watch
from tests.support.words import visible

pytestmark = pytest.mark.django_db
ASK = reverse("away")


def monday() -> datetime:
    """In a month, at eleven: nothing else is on that day."""
    noon = (timezone.now() + 30 * DAY).replace(hour=11, minute=0, second=0, microsecond=0)
    return noon - timedelta(days=noon.weekday())


def away(booking: Booking, by: User, *, days: int = 1) -> TimeOff:
    start = monday().replace(hour=0)
    return services.note_away(
        practitioner=booking.practitioner,
        starts_at=start,
        ends_at=start + days * DAY,
        at=timezone.now(),
        by=by,
        reason="Flu",
    )


def board(time_off: TimeOff) -> str:
    return reverse("away-board", args=[time_off.pk])


def tasks_of(time_off: TimeOff) -> Any:
    return StaffTask.objects.open().filter(source__startswith=f"span:{time_off.pk}:")


def another(booking: Booking, hours: int) -> TreatmentSession:
    """A visit of somebody else with the same practitioner, two hours or more later."""
    plan = PlanFactory(
        patient=PatientFactory(clinic=booking.plan.clinic), protocol=booking.plan.protocol
    )
    return booking.book(monday() + 2 * hours * HOUR, plan=plan)


def test_the_desk_notes_it_once_and_sees_whom_it_hits(booking: Booking, dana: User) -> None:
    session = booking.book(monday())
    day = f"{monday():%-d %b %Y}"
    form = {
        "practitioner": str(booking.practitioner.pk),
        "first": day,
        "last": day,
        "part": "DAY",
        "reason": "Flu",
    }
    client = client_of(dana)

    page = client.post(ASK, form | {"_form_key": "one"}, follow=True)
    again = client.post(ASK, form | {"_form_key": "two"}, follow=True)

    time_off = TimeOff.objects.get()
    assert page.redirect_chain == again.redirect_chain == [(board(time_off), 302)]
    assert session.patient.family_name in visible(page)
    task = tasks_of(time_off).get()
    assert task.due_at == session.starts_at - 2 * DAY
    with pytest.raises(services.SlotTaken, match="does not work"):
        booking.book(monday() + HOUR, at=timezone.now())
    assert "Away…" in client.get(reverse("admin:index")).content.decode()
    assert board(time_off) in client.get(reverse("admin:index")).content.decode()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"last": "1 Jan 2020"}, "before the first day"),
        ({"first": "1 Jan 2020", "last": "1 Jan 2020"}, "This day is over"),
        ({"last": "1 Jan 2090"}, "A year at most"),
        ({"practitioner": "01890000-0000-7000-8000-000000000000"}, "valid choice"),
        ({"part": "NIGHT"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_noted_is_said_at_its_field(
    booking: Booking, dana: User, changes: dict[str, str], says: str
) -> None:
    day = f"{monday():%-d %b %Y}"
    form = {"practitioner": str(booking.practitioner.pk), "first": day, "last": day, "part": "DAY"}

    page: Any = client_of(dana).post(ASK, form | changes)

    assert page.status_code == 200
    assert says in str(page.context_data["form"].errors)
    assert not TimeOff.objects.exists()


@pytest.mark.parametrize(
    ("part", "begins", "ends"), [("DAY", 0, 24), ("MORNING", 0, 13), ("AFTERNOON", 13, 24)]
)
def test_half_a_day_is_on_the_clock_of_the_clinic(
    booking: Booking, clinic: Clinic, dana: User, part: str, begins: int, ends: int
) -> None:
    clinic.time_zone = "Asia/Tokyo"
    clinic.save()
    day = f"{monday():%-d %b %Y}"
    form = {"practitioner": str(booking.practitioner.pk), "first": day, "last": day, "part": part}

    client_of(dana).post(ASK, form)

    time_off = TimeOff.objects.get()
    start = monday().replace(hour=0) - 9 * HOUR
    assert (time_off.starts_at, time_off.ends_at) == (start + begins * HOUR, start + ends * HOUR)


def test_each_is_offered_somebody_else_that_day_and_their_own_practitioner_later(
    booking: Booking, dana: User
) -> None:
    first, second = booking.book(monday()), another(booking, 1)
    later = booking.book(monday() + 35 * DAY)
    time_off = away(booking, dana)

    covers = covers_of(time_off, by=dana)
    propose(covers, at=timezone.now())

    assert [cover.session for cover in covers] == [first, second]
    same_day, theirs, *_ = covers[0].offers
    own = booking.practitioner.pk
    assert same_day.practitioner_id != own
    assert same_day.starts_at == first.starts_at
    assert theirs.practitioner_id == own
    assert abs(theirs.starts_at - first.starts_at) == DAY
    spaced = timedelta(days=booking.plan.protocol.versions.get().hard_min_days)
    assert all(later.starts_at - offer.starts_at >= spaced for offer in covers[0].offers)
    heads = [cover.offers[0] for cover in covers]
    assert heads[0].ends_at <= heads[1].starts_at, "each could be taken beside the other"


def test_all_that_is_chosen_is_done_and_the_tasks_end(
    booking: Booking, dana: User, catalogue: None
) -> None:
    moved, off, left = booking.book(monday()), another(booking, 1), another(booking, 2)
    time_off = away(booking, dana)
    covers = covers_of(time_off, by=dana)
    propose(covers, at=timezone.now())
    form = {
        f"do-{moved.pk}": write_choice(covers[0].offers[0]),
        f"do-{off.pk}": "CANCEL",
        f"do-{left.pk}": "CALL",
        "do-nonsense": "CANCEL",
        "_form_key": "all",
        "_selected_action": [str(moved.pk), str(off.pk)],
    }
    client, watch = client_of(dana), Watch()

    page = client.post(board(time_off), form, follow=True)
    again = client.post(board(time_off), form, follow=True)

    new = TreatmentSession.objects.get(rescheduled_from=moved)
    assert new.starts_at == moved.starts_at
    assert new.practitioner != moved.practitioner
    off.refresh_from_db()
    assert off.status == Status.CANCELLED
    assert "away: Flu" in off.events.get(new_status=Status.CANCELLED).reason
    assert [task.source.split(":")[2] for task in tasks_of(time_off)] == [str(left.pk)]
    assert "2 visits are looked after" in visible(page)
    assert "nothing was done twice" in visible(again)
    assert TreatmentSession.objects.count() == 4
    anchors = {"MOVED", "CANCELLED"}
    told = {
        message.step.anchor
        for one in (new, off)
        for message in one.messages.select_related("step")
        if message.step.anchor in anchors
    }
    assert told == anchors
    written = watch.rows()[0]
    assert set(written.patient_ids) == {moved.patient_id, off.patient_id}
    settled = visible(page)
    assert f"Moved to {new.starts_at_local:%a %-d %b}" in settled
    assert left.patient.family_name in settled


def test_what_cannot_be_stays_open_and_says_why(
    booking: Booking, dana: User, clinic: Clinic
) -> None:
    session, begun = booking.book(monday()), another(booking, 1)
    time_off = away(booking, dana)
    covers = covers_of(time_off, by=dana)
    propose(covers, at=timezone.now())
    SessionFactory(
        plan__patient__clinic=clinic,
        practitioner_id=covers[0].offers[0].practitioner_id,
        starts_at=session.starts_at,
    )
    services.move_session(session_id=begun.pk, to="CANCELLED", at=timezone.now(), by=dana)

    form = {
        f"do-{session.pk}": write_choice(covers[0].offers[0]),
        f"do-{begun.pk}": "CANCEL",
        "_form_key": "x",
    }
    page = visible(client_of(dana).post(board(time_off), form, follow=True))

    assert "is already booked" in page
    assert page.count("It is still open.") == 2
    assert tasks_of(time_off).get().source.endswith(str(session.pk))
    session.refresh_from_db()
    assert session.status == Status.BOOKED


def test_a_visit_that_is_moved_elsewhere_is_no_longer_open_here(
    booking: Booking, dana: User, clinic: Clinic
) -> None:
    kim = UserFactory(clinic=clinic)
    session = booking.book(monday())
    time_off = away(booking, dana)

    services.reschedule_session(
        session_id=session.pk,
        starts_at=session.starts_at,
        practitioner=kim,
        at=timezone.now(),
        by=None,
    )

    assert not tasks_of(time_off).exists()
    assert "Every visit is looked after." in visible(client_of(dana).get(board(time_off)))


def test_the_page_takes_a_fixed_number_of_statements_for_each_visit(
    booking: Booking, dana: User
) -> None:
    client = client_of(dana)
    counts = []
    for hours in ((0,), (1,), (2, 3)):
        TimeOff.objects.all().delete()
        for hour in hours:
            another(booking, hour)
        time_off = away(booking, dana)
        client.get(board(time_off))
        with CaptureQueriesContext(connection) as caught:
            page = client.get(board(time_off))
        assert page.status_code == 200
        counts.append(len(caught))

    one, two, four = counts
    each = two - one
    assert four - two == 2 * each
    assert each <= 9
    assert one <= 22 + RECORDED


def test_who_may_not_book_does_not_see_it(
    booking: Booking, bob: User, clinic: Clinic, dana: User
) -> None:
    VisitFactory(patient__clinic=clinic, practitioner=booking.practitioner, starts_at=monday())
    time_off = away(booking, dana)
    for role in (Role.AUDITOR, Role.ADMIN):
        client = client_of(UserFactory(role=role, clinic=clinic))
        assert client.get(ASK).status_code == client.get(board(time_off)).status_code == 403
    assert client_of(bob).get(board(time_off)).status_code == 404
    assert client_of(bob).post(board(time_off), {}).status_code == 404
