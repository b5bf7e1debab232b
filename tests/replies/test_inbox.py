"""The inbox of replies: who sees what, and what ticks it off."""

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from aftercare.models import InboundMessage
from aftercare.replies.receive import receive_from_page
from clinic.models import Clinic, User
from patients.models import Audience, Patient, StaffTask, TaskKind, TaskSeverity, TaskStatus
from patients.services import finish_task
from sessions.lifecycle import Status
from tests.admin.pages import client_of as admin_of
from tests.conftest import client_of
from tests.factories import (
    DAY,
    NINE,
    ContactConsentFactory,
    InboundFactory,
    MessageFactory,
    PatientFactory,
    SessionFactory,
    StaffAnswerFactory,
    StaffTaskFactory,
)
from tests.replies.sms import NUMBER, text
from tests.support.accesses import RECORDED
from tests.support.forms import send
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("ago", "audience"),
    [(90 * DAY - SECOND, Audience.CLINICAL), (90 * DAY, Audience.FRONT_DESK)],
)
def test_while_the_skin_heals_clinicians_read_it(
    grace: Patient, ago: timedelta, audience: str
) -> None:
    done = NINE - ago
    SessionFactory(plan__patient=grace, starts_at=done, status=Status.COMPLETED, completed_at=done)

    kept = text("Can you call me?")

    assert kept.audience == StaffTask.objects.get().audience == audience


@pytest.mark.parametrize(
    ("ago", "audience"),
    [(90 * DAY - SECOND, Audience.CLINICAL), (90 * DAY, Audience.FRONT_DESK)],
)
def test_what_is_written_on_a_page_while_the_skin_heals_is_for_clinicians(
    grace: Patient, ago: timedelta, audience: str
) -> None:
    done = {"starts_at": NINE - ago, "completed_at": NINE - ago, "status": Status.COMPLETED}
    message = MessageFactory(session=SessionFactory(plan__patient=grace, **done))

    kept = receive_from_page(
        message,
        text="Can you call me?",
        kind=TaskKind.REPLY,
        provider="page",
        provider_id="1",
        at=NINE,
    )

    assert kept.audience == StaffTask.objects.get().audience == audience


def test_a_number_of_two_clinics_belongs_to_neither(grace: Patient, other_clinic: Clinic) -> None:
    PatientFactory(clinic=other_clinic, mobile=NUMBER)

    kept = text("Hello?")

    assert (kept.clinic, kept.patient, kept.task) == (None, None, None)
    assert kept.handled_at is None


# the inbox


def test_the_inbox_shows_all_who_may_have_written(
    grace: Patient, as_dana: APIClient, as_bob: APIClient
) -> None:
    child = PatientFactory(clinic=grace.clinic, mobile=NUMBER)
    foreign = PatientFactory(mobile=NUMBER, archived_at=NINE)
    text("Can you call me?")

    (shown,) = as_dana.get("/api/v1/inbox/").json()["results"]

    assert shown["patient"] is None
    assert {c["id"] for c in shown["candidates"]} == {str(grace.pk), str(child.pk)}
    assert str(foreign.pk) not in str(shown)
    assert as_bob.get("/api/v1/inbox/").json()["results"] == []


def test_what_belongs_to_no_clinic_is_seen_at_every_desk(
    clinic: Clinic, other_clinic: Clinic, as_dana: APIClient
) -> None:
    text("Is this the bakery?")

    (shown,) = as_dana.get("/api/v1/inbox/?handled=false").json()["results"]

    assert (shown["clinic"], shown["candidates"]) == (None, [])


def test_handled_once_ticks_the_task_off(grace: Patient, as_dana: APIClient, dana: User) -> None:
    kept = text("Can you call me?")
    path = f"/api/v1/inbox/{kept.pk}/"
    assert as_dana.get(path).json()["is_handled"] is False

    done = as_dana.post(f"{path}handled/")
    again = as_dana.post(f"{path}handled/")

    assert (done.status_code, done.json()["is_handled"]) == (200, True)
    assert done.json()["handled_by"] == str(dana.pk)
    assert (again.status_code, again.json()["code"]) == (409, "handled")
    task = StaffTask.objects.get()
    assert (task.status, task.done_by) == (TaskStatus.DONE, dana)


def test_a_task_that_is_done_has_handled_its_message(
    grace: Patient, as_dana: APIClient, dana: User
) -> None:
    kept = text("Can you call me?")
    assert kept.task is not None
    finish_task(task_id=kept.task.pk, at=NINE, by=dana)

    assert as_dana.get(f"/api/v1/inbox/{kept.pk}/").json()["is_handled"] is True
    assert as_dana.get("/api/v1/inbox/?handled=false").json()["results"] == []
    assert as_dana.post(f"/api/v1/inbox/{kept.pk}/handled/").status_code == 409


def test_the_inbox_takes_a_fixed_number_of_queries(
    clinic: Clinic, as_dana: APIClient, django_assert_num_queries: Any
) -> None:
    for number in range(6):
        PatientFactory(clinic=clinic, mobile=f"+4915111111{number:03}")
        kept = text("Hello", sender=f"+4915111111{number:03}")
        StaffAnswerFactory(inbound=kept)

    with django_assert_num_queries(
        4 + RECORDED
    ):  # messages, their answers, what tells these, candidates
        assert len(as_dana.get("/api/v1/inbox/").json()["results"]) == 6


def test_the_admin_shows_what_waits_and_ticks_it_off(grace: Patient, dana: User) -> None:
    first = text("Older question")
    text("HELP")
    text("Newer question")
    client = admin_of(dana)
    page = f"/admin/aftercare/inboundmessage/{first.pk}/change/"

    def listed(**asked: str) -> list[str]:
        found = client.get("/admin/aftercare/inboundmessage/", asked).context["cl"].result_list
        return [row.body for row in found]

    assert listed() == ["Newer question", "Older question"]
    assert listed(handled="yes") == ["HELP"]
    assert listed(handled="all") == ["Newer question", "HELP", "Older question"]
    assert listed(q="help") == ["HELP"]  # who searches looks for what was handled as well
    opened = client.get(page).content.decode()
    assert f"/admin/patients/patient/{grace.pk}/change/" in opened
    send(client, page, "aftercare_inboundmessage_handled")

    first.refresh_from_db()
    assert first.handled_by == dana
    assert "aftercare_inboundmessage_handled" not in client.get(page).content.decode()


def test_an_inbox_in_which_nothing_waits_says_so_and_offers_the_rest(dana: User) -> None:
    text("HELP")
    client = admin_of(dana)
    shown = client.get("/admin/aftercare/inboundmessage/").content.decode()
    assert "Nothing waits" in shown
    assert shown.count('href="?handled=all"') > 1


def test_a_list_that_shows_all_there_is_offers_no_more(grace: Patient, dana: User) -> None:
    client = admin_of(dana)
    assert "Show all" not in client.get("/admin/patients/patient/").content.decode()
    assert "Show all" in client.get("/admin/patients/patient/?q=nobody").content.decode()


def test_a_reply_for_clinicians_is_no_business_of_the_desk(clinic: Clinic, dana: User) -> None:
    hidden = InboundFactory(clinic=clinic, audience=Audience.CLINICAL)

    assert client_of(dana).get(f"/api/v1/inbox/{hidden.pk}/").status_code == 404
    answer = admin_of(dana).get(f"/admin/aftercare/inboundmessage/{hidden.pk}/change/")
    assert answer.status_code == 302  # to the list: there is no such row


@kept
def grave(clinic: Clinic) -> InboundMessage:
    """A reply that triage found to be red."""
    task = StaffTaskFactory(clinic=clinic, severity=TaskSeverity.RED, audience=Audience.CLINICAL)
    inbound: InboundMessage = InboundFactory(clinic=clinic, task=task, audience=Audience.CLINICAL)
    return inbound


def test_what_is_grave_is_handled_with_what_came_of_it(grave: InboundMessage, alice: User) -> None:
    client, path = client_of(alice), f"/api/v1/inbox/{grave.pk}/handled/"

    refused, done = client.post(path), client.post(path, {"note": "called, comes at noon"})

    assert (refused.status_code, refused.json()["code"]) == (422, "outcome_missing")
    assert refused.json()["errors"][0]["pointer"] == "/note"
    assert done.status_code == 200
    assert StaffTask.objects.get().done_note == "called, comes at noon"


def test_the_desk_answers_in_the_admin(catalogue: None, grace: Patient, dana: User) -> None:
    ContactConsentFactory(patient=grace, channel="SMS")
    SessionFactory(plan__patient=grace)
    kept = text("Can I come later?")
    client, page = admin_of(dana), f"/admin/aftercare/inboundmessage/{kept.pk}/change/"

    refused = send(client, page, "aftercare_inboundmessage_answer", answer_text="Cool the nose.")
    again = send(client, page, "aftercare_inboundmessage_answer", answer_channel="EMAIL")
    assert "must not name" in refused.content.decode()
    assert "Write something first" in again.content.decode()
    button = "aftercare_inboundmessage_answer_and_handled"
    send(client, page, button, answer_text="Yes, at ten.", note="moved")

    shown = client.get(page).content.decode()
    assert "Yes, at ten." in shown
    assert "SMS: Pending" in shown
    assert button not in shown
    assert "aftercare_inboundmessage_answer" in shown
    kept.refresh_from_db()
    assert (kept.handled_by, kept.handled_note) == (dana, "moved")
