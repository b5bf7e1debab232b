"""A question in a patient's words: by when it is read, who reads it, and what red words do."""

import pytest
from django.test import Client

from aftercare.models import InboundMessage, Message
from patients.models import Audience, StaffTask, TaskKind, TaskSeverity
from sessions.lifecycle import Status
from sessions.models import TriageVersion
from tests.factories import DAY, this_hour
from tests.replies.pages import get, make, post, url

pytestmark = pytest.mark.django_db


def tasks() -> list[tuple[str, str, str]]:
    rows = StaffTask.objects.order_by("audience", "kind")
    return list(rows.values_list("audience", "kind", "severity"))


def test_the_page_promises_when_a_person_reads_it_and_says_so_again_afterwards(
    message: Message,
) -> None:
    assert "A person reads this by" in get(message, "write/")

    answer = post(message, "write/", text="May I park there?")

    assert answer["Location"].endswith("/write/?done=written")
    shown = Client().get(answer["Location"]).content.decode()
    assert "Your message has arrived" in shown
    assert "A person reads this by" in shown
    assert "May I park there?" not in shown  # the link alone does not show what was written
    assert tasks() == [(Audience.FRONT_DESK, TaskKind.REPLY, TaskSeverity.ROUTINE)]


@pytest.mark.parametrize(
    ("text", "level", "heading"),
    [
        ("There is pus on my skin", TaskSeverity.RED, "Please talk to us today"),
        ("I cannot breathe", TaskSeverity.EMERGENCY, "Call 112 now"),
    ],
)
def test_red_words_are_a_grave_task_and_above_the_thanks_stands_whom_to_call(
    triage_rules: TriageVersion, text: str, level: str, heading: str
) -> None:
    message = make(this_hour() - 3 * DAY, Status.COMPLETED)

    answer = post(message, "write/", text=text)

    shown = Client().get(answer["Location"]).content.decode().split("<main>")[1]
    assert shown.index(heading) < shown.index("Your message has arrived")
    assert (Audience.CLINICAL, level) in {(who, grave) for who, _, grave in tasks()}
    assert InboundMessage.objects.get().audience == Audience.CLINICAL


def test_words_about_the_visit_are_the_desks_task_as_by_sms(message: Message) -> None:
    post(message, "write/", text="Please cancel my appointment")

    assert tasks() == [(Audience.FRONT_DESK, TaskKind.CHANGE_WANTED, TaskSeverity.ROUTINE)]


def test_while_skin_heals_the_desk_learns_what_it_is_about_and_not_the_words() -> None:
    message = make(this_hour() - 3 * DAY, Status.COMPLETED)

    post(message, "write/", text="It itches. Please cancel my appointment")

    desk = StaffTask.objects.get(audience=Audience.FRONT_DESK)
    assert desk.kind == TaskKind.CHANGE_WANTED
    assert "itches" not in desk.detail
    assert "itches" in StaffTask.objects.get(audience=Audience.CLINICAL).detail


def test_a_wish_that_cannot_be_taken_stays_on_the_page_of_the_times(message: Message) -> None:
    answer = post(message, "change/", text="Mondays " + "x" * 2_000)

    assert answer.status_code == 400
    assert "Mondays" in answer.content.decode()
    assert Client().get(url(message, "change/")).status_code == 405
