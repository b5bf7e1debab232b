"""A patient cancels a visit, follows one that was moved, and puts it into a calendar."""

import pytest
from django.test import Client

from aftercare.models import Message
from patients.models import Audience, StaffTask
from sessions.lifecycle import Status
from sessions.models import SessionEvent
from tests.factories import DAY, HOUR, SessionFactory, this_hour
from tests.replies.pages import get, make, post, status, url

pytestmark = pytest.mark.django_db


def test_looking_asks_whether_the_patient_is_sure_and_cancels_nothing(message: Message) -> None:
    text = get(message, "cancel/")

    assert "Are you sure?" in text
    assert "until 24 hours before" in text
    assert status(message) == Status.BOOKED


def test_what_counts_as_late_is_said_before() -> None:
    assert "late cancellation" in get(make(this_hour() + 4 * HOUR, Status.BOOKED), "cancel/")


def test_a_visit_is_cancelled_once_however_often_it_is_pressed(message: Message) -> None:
    for _ in range(2):
        assert post(message, "cancel/", text="I am ill").status_code == 303

    assert status(message) == Status.CANCELLED
    event = SessionEvent.objects.get(session=message.session_id, new_status=Status.CANCELLED)
    assert event.by_id is None
    task = StaffTask.objects.get()
    assert task.audience == Audience.FRONT_DESK
    assert "I am ill" in task.detail
    assert "was cancelled" in get(message)


@pytest.mark.parametrize(
    ("form", "code"), [({"form": "x"}, 403), ({"text": "x" * 501}, 400), ({"text": "a\x00"}, 400)]
)
def test_what_cannot_be_taken_cancels_nothing(
    message: Message, form: dict[str, str], code: int
) -> None:
    assert post(message, "cancel/", **form).status_code == code
    assert status(message) == Status.BOOKED


@pytest.mark.parametrize("ended", [Status.CANCELLED, Status.NO_SHOW, Status.COMPLETED])
def test_what_has_ended_is_not_cancelled(ended: str) -> None:
    message = make(this_hour() - DAY, ended)

    assert post(message, "cancel/").status_code == 303
    assert status(message) == ended
    assert not StaffTask.objects.exists()
    assert Client().get(url(message, "visit.ics")).status_code == 410


def test_the_old_link_of_a_moved_visit_leads_to_the_new_one() -> None:
    message = make(this_hour() + DAY, Status.CANCELLED)
    old = message.session
    new = SessionFactory(plan=old.plan, starts_at=this_hour() + 30 * DAY, rescheduled_from=old)

    text = get(message)
    assert "This is the new time of your appointment" in text
    assert f"{(this_hour() + 30 * DAY).astimezone(message.clinic.zone):%H:%M}" in text

    assert post(message, "confirm/").status_code == 303
    new.refresh_from_db()
    assert (new.status, status(message)) == (Status.CONFIRMED, Status.CANCELLED)


def test_the_page_says_where_with_whom_and_how_to_keep_it(message: Message) -> None:
    message.clinic.address = "Quay 1, Berlin"
    message.clinic.save()

    text = get(message, "visit/")
    assert "openstreetmap.org/search?query=Quay+1%2C+Berlin" in text
    assert message.session.practitioner.get_full_name() in text
    file = Client().get(url(message, "visit.ics"))
    assert file["Content-Type"].startswith("text/calendar")
    assert b"BEGIN:VEVENT" in file.content
    assert b"Secretname" not in file.content


def test_whoever_did_not_come_reads_how_to_book() -> None:
    text = get(make(this_hour() - DAY, Status.NO_SHOW))

    assert "You did not come" in text
    assert 'class="button" href="tel:+493012345678"' in text
