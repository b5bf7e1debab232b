"""A practitioner is running late: who waits and how long, told once, or called."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from aftercare.models import Anchor, Message, MessageStatus
from aftercare.services import offer_by_link, tell_late
from aftercare.services.delays import who_waits
from aftercare.texts.render import render, template_for
from clinic.models import Clinic, Role, User
from patients.models import StaffTask
from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.admin.pages import client_of
from tests.admin.today.test_away import away, board, monday, tasks_of
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    ContactConsentFactory,
    PatientFactory,
    UserFactory,
    VisitFactory,
)
from tests.support.words import visible

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
LATE = reverse("late")


def reachable(clinic: Clinic, **values: Any) -> Any:
    patient = PatientFactory(clinic=clinic, **values)
    for channel in ("EMAIL", "SMS"):
        ContactConsentFactory(patient=patient, channel=channel, recorded_at=NINE - 90 * DAY)
    return patient


def day_of(clinic: Clinic, alice: User, at: Any = NINE) -> list[TreatmentSession]:
    """Visits of an hour: two in a row, one after a gap of half an hour, one late in the day."""
    found: list[TreatmentSession] = [
        VisitFactory(
            patient=reachable(clinic),
            practitioner=alice,
            starts_at=at + start,
            ends_at=at + start + HOUR,
        )
        for start in (HOUR, 2 * HOUR, 3.5 * HOUR, 7 * HOUR)
    ]
    return found


def told(session: TreatmentSession) -> list[tuple[str, str]]:
    rows = Message.objects.filter(session=session, step__anchor=Anchor.LATE)
    return sorted(rows.values_list("channel", "status"))


def test_a_gap_is_made_use_of_and_only_who_waits_is_told(
    clinic: Clinic, alice: User, catalogue: None
) -> None:
    first, second, third, last = day_of(clinic, alice)
    asked: Any = {"practitioner": alice, "clinic": clinic, "at": NINE, "minutes": 40}

    assert [one.minutes for one in who_waits(**asked)] == [40, 40, 10]
    tell_late(**asked, by=alice)

    for session in (first, second, third):
        assert told(session) == [("EMAIL", "PENDING"), ("SMS", "PENDING")]
    assert told(last) == []
    text = Message.objects.select_related("session", "patient__clinic", "clinic", "step")
    sms = text.get(session=third, channel="SMS", step__anchor=Anchor.LATE)
    zone = clinic.zone
    begins = (third.starts_at + 10 * MINUTE).astimezone(zone)
    words = render(sms, template_for(sms)).text
    assert f"begins at about {begins:%H:%M}" in words
    assert f"Your visit at {third.starts_at.astimezone(zone):%H:%M}" in words


def test_what_was_said_is_not_said_again_and_what_changes_is(
    clinic: Clinic, alice: User, catalogue: None
) -> None:
    first, *_, last = day_of(clinic, alice)
    asked: Any = {"practitioner": alice, "clinic": clinic, "by": alice}

    assert len(tell_late(**asked, minutes=40, at=NINE)) == 3
    assert tell_late(**asked, minutes=40, at=NINE + MINUTE) == []
    assert len(told(first)) == 2
    assert len(tell_late(**asked, minutes=60, at=NINE + MINUTE)) == 3

    statuses = [status for _, status in told(first)]
    assert sorted(statuses) == ["CANCELLED", "CANCELLED", "PENDING", "PENDING"]
    first.refresh_from_db()
    assert first.delayed_minutes == 60
    assert told(last) == []


def test_who_cannot_be_reached_is_a_task_and_who_is_here_is_told_there(
    clinic: Clinic, alice: User, catalogue: None
) -> None:
    here, silent, *_ = day_of(clinic, alice)
    TreatmentSession.objects.filter(pk=here.pk).update(status=Status.CHECKED_IN)
    for channel in ("EMAIL", "SMS"):
        ContactConsentFactory(
            patient=silent.patient, channel=channel, granted=False, recorded_at=NINE - DAY
        )

    tell_late(practitioner=alice, clinic=clinic, minutes=40, at=NINE, by=alice)
    tell_late(practitioner=alice, clinic=clinic, minutes=50, at=NINE, by=alice)

    assert told(here) == told(silent) == []
    task = StaffTask.objects.open().get(source=f"late:{silent.pk}")
    assert task.title.startswith("Tell by phone:")
    assert StaffTask.objects.filter(source=f"late:{silent.pk}").count() == 2

    services.move_session(session_id=silent.pk, to="CANCELLED", at=NINE, by=alice)
    assert not StaffTask.objects.open().filter(source=f"late:{silent.pk}").exists()


def test_it_is_a_message_like_any_other_and_stops_with_the_visit(
    booking: Booking, catalogue: None
) -> None:
    session = booking.book(NINE)
    for channel in ("EMAIL", "SMS"):
        ContactConsentFactory(patient=session.patient, channel=channel, recorded_at=NINE - 90 * DAY)
    tell_late(
        practitioner=booking.practitioner,
        clinic=session.clinic,
        minutes=30,
        at=NINE - HOUR,
        by=booking.practitioner,
    )

    booking.move(session, Status.CANCELLED, at=NINE - HOUR / 2)

    assert {status for _, status in told(session)} == {MessageStatus.CANCELLED}


def test_the_page_shows_them_first_and_a_press_tells_them_once(
    clinic: Clinic, alice: User, dana: User, catalogue: None
) -> None:
    at = timezone.now()
    behind = (at.hour - 9 + 11) % 24 - 11  # hours, where it is nine in the morning
    clinic.time_zone = f"Etc/GMT{behind:+d}"
    clinic.save()
    first, *_ = day_of(clinic, alice, at)
    lonely = VisitFactory(patient=reachable(clinic), starts_at=at + 9 * HOUR)
    asked = {"practitioner": str(alice.pk), "minutes": "40"}
    client = client_of(dana)

    client.get(LATE, asked)
    with CaptureQueriesContext(connection) as caught:
        page = client.get(LATE, asked)
    sent = {**asked, "_form_key": "once", "_selected_action": str(first.pk)}
    done = client.post(LATE, sent, follow=True)
    again = client.post(LATE, sent, follow=True)

    assert first.patient.family_name in visible(page)
    assert lonely.patient.family_name not in visible(page)
    assert "Tell them now" in visible(page)
    assert len(caught) <= 13
    assert "3 of them had to be told" in visible(done)
    assert "Tell them now" not in visible(done)
    assert "nothing was done twice" in visible(again)
    assert len(told(first)) == 2
    begins = (first.starts_at + 40 * MINUTE).astimezone(clinic.zone)
    day = f"{begins:%Y-%m-%d}"
    board_page = client.get(reverse("admin:index"), {"day": day})
    assert f"Begins at about {begins:%H:%M}" in visible(board_page)


@pytest.mark.parametrize("minutes", ["0", "41", "-5", "ten", "99999999999999999999"])
def test_what_is_no_number_of_minutes_is_said(dana: User, alice: User, minutes: str) -> None:
    page: Any = client_of(dana).post(LATE, {"practitioner": str(alice.pk), "minutes": minutes})

    assert page.status_code == 200
    assert "minutes" in page.context_data["form"].errors


def test_who_may_not_book_does_not_see_it(clinic: Clinic, alice: User) -> None:
    for role in (Role.AUDITOR, Role.ADMIN):
        assert client_of(UserFactory(role=role, clinic=clinic)).get(LATE).status_code == 403


def test_a_link_offers_another_time_once_and_the_task_waits_for_it(
    booking: Booking, dana: User, catalogue: None
) -> None:
    session = booking.book(monday())
    for channel in ("EMAIL", "SMS"):
        ContactConsentFactory(patient=session.patient, channel=channel, recorded_at=NINE - 90 * DAY)
    time_off = away(booking, dana)
    form = {f"do-{session.pk}": "LINK"}
    client = client_of(dana)

    page = client.post(board(time_off), form | {"_form_key": "a"}, follow=True)
    again = client.post(board(time_off), form | {"_form_key": "b"}, follow=True)

    message = Message.objects.get(step__anchor=Anchor.AWAY)
    assert message.channel == "EMAIL"
    assert "/move/" in render(message, template_for(message)).text
    assert "A link to choose another time goes to 1." in visible(page)
    assert "The link was sent already." in visible(again)
    assert tasks_of(time_off).get().due_at <= timezone.now() + 4 * HOUR

    services.reschedule_session(
        session_id=session.pk, starts_at=monday() + DAY, at=timezone.now(), by=None
    )
    message.refresh_from_db()
    assert message.status == MessageStatus.CANCELLED
    assert not tasks_of(time_off).exists()


def test_whom_no_link_reaches_is_called(booking: Booking, dana: User, catalogue: None) -> None:
    session = booking.book(monday())
    away(booking, dana)

    refused = offer_by_link(session_ids=[session.pk], at=timezone.now(), by=dana)

    assert refused == {session.pk: "No message reaches this patient: call."}
    assert not Message.objects.filter(step__anchor=Anchor.AWAY).exists()
