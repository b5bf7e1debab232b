"""The check-in by the patient: each page is kept and triaged, and says whom to call."""

from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from aftercare.models import Message
from aftercare.pages.check_in.questions import AT_ONCE, STEPS, TICKS
from patients.models import Audience, StaffTask, TaskSeverity
from patients.services import finish_task, take_task
from sessions.lifecycle import Status
from sessions.models import CheckIn, TriageVersion
from sessions.triage import Sign
from tests.factories import DAY, TriageSignatureFactory, UserFactory, this_hour
from tests.replies.pages import get, make, post, url
from tests.support.words import faults_in, visible

pytestmark = pytest.mark.django_db
CALM = {"redness": "2", "swelling": "1", "pain": "0", "itch": ""}


@pytest.fixture
def healing(triage_rules: TriageVersion) -> Message:
    """Three days after a treatment, by rules that a clinician has signed."""
    TriageSignatureFactory(version=triage_rules)
    return make(this_hour() - 3 * DAY, Status.COMPLETED)


def send(message: Message, part: str, **form: Any) -> str:
    """Where the page leads: what follows /check/."""
    answer = post(message, f"check/{part}", **form)
    assert answer.status_code == 303, unescape(answer.content.decode())
    return str(answer["Location"]).split("/check/")[1]


def levels() -> list[str]:
    return list(CheckIn.objects.order_by("reported_at", "id").values_list("level", flat=True))


def open_tasks() -> list[str]:
    return list(StaffTask.objects.open().values_list("severity", flat=True))


def test_all_is_well_on_three_pages_and_no_task_is_left(healing: Message) -> None:
    second = send(healing, "1/", feeling="SAME")
    assert open_tasks() == [TaskSeverity.AMBER]  # in case the patient stops here
    third = send(healing, second, signs="none")
    done = send(healing, third, **CALM)

    assert (second[:2], third[:2], done[:5]) == ("2/", "3/", "done/")
    text = get(healing, f"check/{done}")
    assert "This is what we expect on day 3" in text
    assert open_tasks() == []
    last = CheckIn.objects.latest("reported_at", "id")
    assert (last.feeling, last.signs, last.redness, last.itch) == ("SAME", [], 2, None)
    assert last.recorded_by is None
    assert CheckIn.objects.count() == 3


@pytest.mark.parametrize("tick", [tick.sign for tick in AT_ONCE])
def test_an_emergency_is_told_at_once_even_beside_none_of_these(
    healing: Message, tick: str
) -> None:
    done = send(healing, "2/", signs=[tick, "none"])

    text = get(healing, f"check/{done}")
    assert "Call 112 now" in text
    assert 'href="tel:112"' in text
    assert open_tasks() == [TaskSeverity.EMERGENCY]
    assert StaffTask.objects.get().audience == Audience.CLINICAL


def test_a_red_flag_on_one_page_is_not_talked_down_by_the_next(healing: Message) -> None:
    third = send(healing, "2/", signs="pus")
    fourth = send(healing, third, **CALM)
    done = send(healing, fourth, words="It is much better now", may_call="yes")

    assert fourth.startswith("4/")
    text = get(healing, f"check/{done}")
    assert "Please talk to us today" in text
    assert "+49 30 12345678" in text
    assert CheckIn.objects.latest("reported_at", "id").may_call is True

    again = send(healing, send(healing, "2/", signs="none"), **CALM)
    assert "This is what we expect" in get(healing, f"check/{again}")
    assert TaskSeverity.RED in open_tasks()


def test_every_box_is_a_sign_that_makes_somebody_look(healing: Message) -> None:
    for tick in TICKS:
        kept = send(healing, "2/", signs=tick.sign)
        report = CheckIn.objects.latest("reported_at", "id")
        assert report.level != "GREEN", (tick, kept)
    assert {tick.sign for tick in (*AT_ONCE, *TICKS)} - set(Sign.values) == {"bleeds"}


def test_not_sure_leaves_the_question_open_and_a_person_reads_it(healing: Message) -> None:
    send(healing, send(healing, "2/", signs="unsure"), **CALM)

    assert CheckIn.objects.latest("reported_at", "id").signs is None
    assert open_tasks() == [TaskSeverity.AMBER]


@pytest.mark.parametrize(
    ("part", "form"),
    [
        ("1/", {}),
        ("1/", {"feeling": "GREAT"}),
        ("2/", {}),
        ("2/", {"signs": ["pus", "none"]}),
        ("2/", {"signs": ["none", "unsure"]}),
        ("2/", {"signs": "tentacles"}),
        ("3/", {"redness": "11"}),
        ("3/", {"pain": "a lot"}),
        ("4/", {"words": "x" * 501}),
        ("4/", {"words": "a\x00b"}),
    ],
)
def test_what_cannot_be_taken_is_asked_again_and_not_lost(
    healing: Message, part: str, form: dict[str, Any]
) -> None:
    answer = post(healing, f"check/{part}", **form)

    assert answer.status_code == 400
    text = unescape(answer.content.decode())
    assert 'role="alert"' in text
    assert 'value="pus" checked' in text or "pus" not in form.get("signs", [])
    assert not CheckIn.objects.exists()


def test_a_link_only_chooses_beforehand_and_later_weeks_ask_for_the_signs_alone(
    healing: Message,
) -> None:
    assert 'value="WORSE" checked' in get(healing, "check/1/?a=worse")
    assert Client().get(url(healing, "check/?a=worse"))["Location"].endswith("/check/1/?a=worse")

    later = make(this_hour() - 28 * DAY, Status.COMPLETED)
    assert Client().get(url(later, "check/"))["Location"].endswith("/check/2/")
    assert "New dark patches" in get(later, "check/2/")
    assert send(later, "2/", signs="none").startswith("done/")


def test_the_page_says_when_the_team_has_seen_it(healing: Message) -> None:
    done = send(healing, "2/", signs="fever")
    report = done.partition("?")[2]
    assert "Seen by the team" not in get(healing, f"check/done/?{report}")

    task = StaffTask.objects.get()
    take_task(task_id=task.pk, at=timezone.now(), by=UserFactory(clinic=healing.clinic))

    local = timezone.now().astimezone(healing.clinic.zone)
    assert f"Seen by the team {local:%H}" in get(healing, f"check/done/?{report}")


def test_drafts_are_read_by_a_person_and_without_rules_the_patient_is_told_to_call() -> None:
    message = make(this_hour() - 3 * DAY, Status.COMPLETED)
    done = send(message, "2/", signs="none")
    assert "Please talk to us today" in get(message, f"check/{done}")
    assert "Call 112 now" in get(message, f"check/{send(message, '2/', signs='breathing')}")
    assert sorted(open_tasks()) == [TaskSeverity.EMERGENCY, TaskSeverity.RED]


def test_another_ones_report_is_neither_shown_nor_gone_on_with(healing: Message) -> None:
    other = make(this_hour() - 2 * DAY, Status.COMPLETED)
    theirs = send(other, "2/", signs="pus").partition("?")[2]

    assert Client().get(url(healing, f"check/done/?{theirs}")).status_code == 303
    send(healing, f"3/?{theirs}", **CALM)
    assert CheckIn.objects.get(session=healing.session_id).signs is None


@pytest.mark.parametrize("days", [-2, 91])
def test_where_no_skin_heals_the_page_says_whom_to_call(days: int) -> None:
    message = make(this_hour() - days * DAY, Status.BOOKED if days < 0 else Status.COMPLETED)
    for part in ("check/", *(f"check/{number}/" for number in STEPS)):
        answer = Client().get(url(message, part))
        assert answer.status_code == 410
        assert "tel:112" in answer.content.decode()


def test_looking_changes_nothing_and_every_page_is_words_in_every_language(
    healing: Message,
) -> None:
    done = send(healing, "2/", signs="fever")
    before, tasks = levels(), open_tasks()
    lines: dict[str, set[str]] = {}
    for language, _ in settings.LANGUAGES:
        healing.patient.language = language
        healing.patient.save()
        for part in ("", "1/", "2/", "3/", "4/", done, "5/", "done/"):
            for method in ("get", "head"):
                answer = getattr(Client(), method)(url(healing, f"check/{part}"), follow=True)
                assert answer.status_code in (200, 404)
            assert not faults_in(visible(Client().get(url(healing, f"check/{part}"), follow=True)))
        shown = visible(Client().get(url(healing, "check/2/"))).splitlines()
        lines[language] = set(shown) - {healing.clinic.name}
    assert (levels(), open_tasks()) == (before, tasks)
    assert not {line for line in lines["en"] & lines["es"] if line.strip(" 0123456789+")}


def test_who_is_not_sure_reads_by_when_a_clinician_looks_and_not_what_was_seen_before(
    healing: Message,
) -> None:
    words = send(healing, send(healing, "2/", signs="unsure"), **CALM)
    calm = send(healing, words, words="")

    assert "A clinician will look at this by" in get(healing, f"check/{calm}")

    fever = send(healing, "2/", signs="fever").partition("?")[2]
    task = StaffTask.objects.get(severity=TaskSeverity.RED)
    finish_task(task_id=task.pk, note="Called", at=timezone.now(), by=UserFactory())
    assert "Seen by the team" in get(healing, f"check/done/?{fever}")
    again = send(healing, "2/", signs="fever").partition("?")[2]
    assert "Seen by the team" not in get(healing, f"check/done/?{again}")
