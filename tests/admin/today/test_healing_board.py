"""The healing board: who must be looked after by when, who has it, and what is pressed on it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from aftercare.admin.healing.rows import read_board, time_left
from clinic.models import Clinic, Role, User
from patients.models import StaffTask
from patients.services import take_task
from sessions import services
from sessions.models import SideEffect
from sessions.services.record.healing.side_effects import overdue_source
from tests.admin.pages import client_of
from tests.factories import (
    DAY,
    HOUR,
    CheckInFactory,
    PatientFactory,
    SideEffectExpectationFactory,
    SideEffectFactory,
    StaffTaskFactory,
    UserFactory,
    clinical_rules,
)
from tests.support.accesses import RECORDED, Watch
from tests.support.words import visible

pytestmark = pytest.mark.django_db
BOARD = reverse("healing-board")
MINUTE = timedelta(minutes=1)


def report(clinic: Clinic, **values: Any) -> StaffTask:
    """A task of the clinicians about what somebody has reported."""
    patient = values.pop("patient", None) or PatientFactory(clinic=clinic)
    given = {"severity": "RED", "due_at": timezone.now() + HOUR, "detail": "T12 pus"} | values
    title = f"{given['severity']}, day 3: {patient}"
    task: StaffTask = StaffTaskFactory(
        clinic=clinic, patient=patient, kind="HEALING", audience="CLINICAL", title=title, **given
    )
    return task


def effect(clinic: Clinic, **values: Any) -> SideEffect:
    """An open side effect, since two days, looked at when it began."""
    given = {"onset_at": timezone.now() - 2 * DAY, "kind": "ITCH"} | values
    made: SideEffect = SideEffectFactory(session__plan__patient__clinic=clinic, **given)
    return made


def press(user: User, line: str, do: str, **typed: str) -> Any:
    form = {"line": line, "do": do, "_form_key": f"{line}{do}{typed}", **typed}
    return client_of(user).post(BOARD, form, follow=True)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (45 * MINUTE, "45 min left"),
        (-45 * MINUTE, "45 min over"),
        (timedelta(), "0 min left"),
        (HOUR, "1 h left"),
        (3 * HOUR + 10 * MINUTE, "3 h 10 min left"),
        (-DAY - 5 * MINUTE, "24 h over"),
        (2 * DAY, "2 days left"),
    ],
)
def test_the_time_that_is_left_time_left(left: timedelta, words: str) -> None:
    assert time_left(left) == words


def test_overdue_comes_first_the_gravest_on_top_then_as_it_is_due(
    clinic: Clinic, other_clinic: Clinic, alice: User
) -> None:
    clinical_rules()
    SideEffectExpectationFactory(kind="ITCH", expected_until_hours=72)
    at = timezone.now()
    old = report(clinic, severity="AMBER", due_at=at - 3 * DAY)
    grave = report(clinic, severity="EMERGENCY", due_at=at - MINUTE)
    later = report(clinic, severity="AMBER", due_at=at + 2 * DAY)
    soon = report(clinic, due_at=at + HOUR)
    itch = effect(clinic)  # usually over in a day from now
    report(other_clinic)
    effect(other_clinic)
    StaffTaskFactory(clinic=clinic, patient=PatientFactory(clinic=clinic))  # of the desk

    board = read_board(alice, at=at)

    assert [
        (title, [line.task or line.effect for line in lines]) for title, _, lines in board.groups
    ] == [
        ("Overdue", [grave, old]),
        ("Within a day", [soon]),
        ("Later", [itch, later]),
    ]
    assert board.groups[2][2][0].due_at == itch.onset_at + 3 * DAY
    assert board.left_out == 0


def test_a_side_effect_with_a_task_stands_there_once(clinic: Clinic, alice: User) -> None:
    itch = effect(clinic)
    task = report(
        clinic, patient=itch.session.patient, severity="AMBER", source=overdue_source(itch)
    )

    (line,) = read_board(alice, at=timezone.now()).lines

    assert (line.task, line.effect) == (task, itch)
    assert line.what.startswith("Itch, grade 1, since")


def test_one_press_takes_it_and_nobody_takes_it_away_unseen(clinic: Clinic, alice: User) -> None:
    kim, task = UserFactory(clinic=clinic, first_name="Kim", last_name="Ro"), report(clinic)

    page = visible(press(alice, f"task-{task.pk}", "take"))
    assert "You have it" in page
    again = visible(press(kim, f"task-{task.pk}", "take"))

    assert f"{alice} is on it" in again
    task.refresh_from_db()
    assert task.taken_by == alice
    press(kim, f"task-{task.pk}", "take-over")
    task.refresh_from_db()
    assert task.taken_by == kim


def test_notes_stand_below_each_other_until_it_is_closed(clinic: Clinic, alice: User) -> None:
    task = report(clinic)
    key = f"task-{task.pk}"

    press(alice, key, "not-reached")
    press(alice, key, "note", note="Wrote to her.")
    page = visible(press(alice, key, "close", note="Seen: it is healing."))

    task.refresh_from_db()
    called, wrote, seen = task.done_note.split("\n")
    assert called.endswith(f"called by {alice}, not reached.")
    assert (wrote, seen) == ("Wrote to her.", "Seen: it is healing.")
    assert (task.status, task.done_by) == ("DONE", alice)
    assert "every side effect is closed" in page


def test_a_side_effect_is_noted_with_its_grade_and_closed(clinic: Clinic, alice: User) -> None:
    itch = effect(clinic)
    key, look = f"effect-{itch.pk}", {"grade": "2", "is_expected": "no"}

    press(alice, key, "note", note="Cream, twice a day", **look)

    itch.refresh_from_db()
    assert (itch.grade, itch.is_expected, itch.note) == (2, False, "Cream, twice a day")
    note = itch.course.get()
    page = press(alice, key, "close", note="Gone", seen=str(note.pk))
    itch.refresh_from_db()
    assert itch.resolution == "Gone", visible(page)


def test_what_is_refused_stays_on_the_page_with_all_that_was_typed(
    clinic: Clinic, alice: User
) -> None:
    task, itch = report(clinic, done_note="x" * 490), effect(clinic)

    empty = press(alice, f"task-{task.pk}", "close", note=" ")
    assert "Say what you saw and what was done." in visible(empty)
    full = press(alice, f"task-{task.pk}", "close", note="Looked at on video")
    assert "room for 9 characters" in visible(full)
    assert "Looked at on video</textarea>" in full.content.decode()
    grade = press(
        alice, f"effect-{itch.pk}", "note", note="Severe now", grade="3", is_expected="yes"
    )

    assert "cannot be expected" in visible(grade)
    html = grade.content.decode()
    assert "Severe now</textarea>" in html
    assert "<option selected>3</option>" in html
    assert "<details" in html
    assert " open>" in html
    assert task.status == "OPEN"
    assert not itch.course.exists()


def test_what_somebody_else_has_noted_meanwhile_is_read_first(clinic: Clinic, alice: User) -> None:
    itch, kim = effect(clinic), UserFactory(clinic=clinic, first_name="Kim", last_name="Ro")
    services.note_side_effect(
        side_effect_id=itch.pk,
        grade=2,
        is_expected=False,
        note="Worse",
        at=timezone.now(),
        by=kim,
    )

    page = press(
        alice, f"effect-{itch.pk}", "note", note="As it was", grade="1", is_expected="yes", seen=""
    )

    assert "Kim Ro has noted grade 2 meanwhile" in visible(page)
    assert "Worse" in visible(page)
    itch.refresh_from_db()
    assert itch.grade == 2


@pytest.mark.parametrize(
    ("line", "do"),
    [
        ("task-01890000-0000-7000-8000-000000000000", "take"),
        ("effect-no-id", "note"),
        ("", ""),
        ("own", "burn"),
        ("own", ""),
    ],
)
def test_what_is_not_there_or_no_button_changes_nothing(
    clinic: Clinic, alice: User, line: str, do: str
) -> None:
    task = report(clinic)
    page = press(alice, f"task-{task.pk}" if line == "own" else line, do, note="x")
    assert page.status_code == 200
    assert "Nothing was done." in visible(page)


def test_nothing_of_another_clinic_or_of_the_desk_is_taken_here(
    clinic: Clinic, alice: User, bob: User
) -> None:
    task, itch = report(clinic), effect(clinic)
    of_desk = StaffTaskFactory(clinic=clinic, patient=task.patient)
    for user, key in (
        (bob, f"task-{task.pk}"),
        (bob, f"effect-{itch.pk}"),
        (alice, f"task-{of_desk.pk}"),
    ):
        assert "Nothing was done." in visible(press(user, key, "close", note="x"))
    assert StaffTask.objects.open().count() == 2
    assert SideEffect.objects.unresolved().count() == 1


def test_the_desk_reads_that_a_clinician_is_wanted_and_not_why(
    clinic: Clinic, other_clinic: Clinic, alice: User, dana: User
) -> None:
    task, itch = report(clinic), effect(clinic)
    report(other_clinic)
    take_task(task_id=task.pk, at=timezone.now(), by=alice)
    watch, client = Watch(), client_of(dana)

    page = client.get(BOARD)

    assert str(task.patient) in visible(page)
    assert f"{alice} has it" in visible(page)
    text = page.content.decode()
    assert not [word for word in ("pus", "RED", "day 3", "Close it", "Take it") if word in text]
    assert itch.session.patient.family_name not in text
    (seen,) = watch.rows()
    assert seen.patient_ids == [task.patient_id]
    assert client.post(BOARD, {"line": f"task-{task.pk}", "do": "take"}).status_code == 403


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR])
def test_who_looks_after_nobody_does_not_open_it(clinic: Clinic, role: str) -> None:
    assert client_of(UserFactory(role=role, clinic=clinic)).get(BOARD).status_code == 403


def test_a_manager_sees_that_a_clinician_must_act(clinic: Clinic) -> None:
    itch, manager = effect(clinic), UserFactory(role=Role.MANAGER, clinic=clinic)
    task = report(
        clinic, patient=itch.session.patient, severity="AMBER", source=overdue_source(itch)
    )

    shown = client_of(manager).get(BOARD).content.decode()
    assert "For a clinician" in shown
    assert 'name="grade"' not in shown
    press(manager, f"task-{task.pk}", "close", note="Dr Ro has looked")

    task.refresh_from_db()
    assert task.status == "OPEN"


def test_it_takes_as_many_statements_for_many_as_for_one(clinic: Clinic, alice: User) -> None:
    client, counts = client_of(alice), []
    for number in (1, 4):
        for _ in range(number):
            itch, late = effect(clinic), effect(clinic)
            CheckInFactory(session=itch.session, may_call=False)
            report(clinic, patient=late.session.patient, source=overdue_source(late))
            report(clinic, patient=itch.session.patient)
        client.get(BOARD)
        with CaptureQueriesContext(connection) as caught:
            page = client.get(BOARD)
        assert "Asked not to be called" in visible(page)
        counts.append(len(caught))

    assert counts[0] == counts[1] <= 16 + RECORDED
