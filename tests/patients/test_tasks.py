"""The tasks of the staff: one for each cause, for those whom it concerns."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from clinic.models import Clinic, Role, User
from patients import services
from patients.models import Audience, StaffTask, TaskKind, TaskSeverity, TaskStatus
from patients.models.task import TASK_NEXT
from tests.admin.pages import client_of as admin_of
from tests.conftest import client_of
from tests.factories import HOUR, NINE, PatientFactory, StaffTaskFactory, UserFactory
from tests.support.accesses import RECORDED
from tests.support.forms import send
from tests.support.lives import moves

pytestmark = pytest.mark.django_db


def raise_one(clinic: Clinic, **changes: Any) -> StaffTask:
    details: dict[str, Any] = {
        "kind": TaskKind.OTHER,
        "title": "Call them",
        "source": "test:1",
        "at": NINE,
    }
    return services.raise_task(clinic=clinic, **{**details, **changes})


def test_one_cause_raises_one_task_while_it_is_open(clinic: Clinic, dana: User) -> None:
    first = raise_one(clinic)
    assert raise_one(clinic, title="Again") == first

    services.finish_task(task_id=first.pk, at=NINE, by=dana)

    assert raise_one(clinic) != first
    assert raise_one(clinic, source="test:2") != first
    assert StaffTask.objects.count() == 3


def test_a_text_of_any_length_raises_a_task(clinic: Clinic) -> None:
    task = raise_one(clinic, title="x" * 500, detail="y" * 9_000, source="z" * 300)

    assert (len(task.title), len(task.detail)) == (160, 4_000)


# Written down once more: which status may follow on which.
MOVES = moves("""
    OPEN  DONE
    DONE
""")


def test_a_task_that_is_done_stays_done(clinic: Clinic, dana: User) -> None:
    assert {old: set(new) for old, new in TASK_NEXT.items()} == MOVES
    assert list(MOVES) == TaskStatus.values
    task = raise_one(clinic)
    done = services.finish_task(task_id=task.pk, at=NINE, by=dana, note="called her")

    with pytest.raises(services.TaskDone):
        services.finish_task(task_id=task.pk, at=NINE + HOUR, by=None)
    with pytest.raises(services.TaskDone):
        services.note_task(task_id=task.pk, note="called again", at=NINE, by=dana)
    services.finish_source(source=task.source, at=NINE + HOUR, by=None, note="settled")

    task.refresh_from_db()
    assert (task.status, task.done_at, task.done_by) == (TaskStatus.DONE, NINE, dana)
    assert task.done_note == done.done_note == "called her"


def test_a_note_leaves_a_task_open(clinic: Clinic, dana: User) -> None:
    task = services.note_task(task_id=raise_one(clinic).pk, note="no answer", at=NINE, by=dana)

    task.refresh_from_db()
    assert (task.status, task.done_at, task.done_note) == (TaskStatus.OPEN, None, "no answer")


def test_a_settled_cause_ticks_its_task_off(clinic: Clinic, dana: User) -> None:
    task, other = raise_one(clinic), raise_one(clinic, source="test:2")

    services.finish_source(source="test:1", at=NINE, by=dana, note="settled")
    services.finish_source(source="test:none", at=NINE, by=dana)

    task.refresh_from_db()
    other.refresh_from_db()
    assert (task.status, task.done_by, task.done_note) == (TaskStatus.DONE, dana, "settled")
    assert other.status == TaskStatus.OPEN


@pytest.mark.parametrize(
    ("noted", "note", "stands"),
    [
        ("called twice", "it is healed", "called twice\nit is healed"),
        ("called twice", "", "called twice"),
        ("c" * 499, "it is healed", "c" * 499 + "\n"),
        ("", "n" * 501, "n" * 500),
    ],
)
def test_what_was_noted_before_its_cause_was_settled_stays(
    clinic: Clinic, dana: User, noted: str, note: str, stands: str
) -> None:
    task = raise_one(clinic)
    services.note_task(task_id=task.pk, note=noted, at=NINE, by=dana)

    services.finish_source(source=task.source, at=NINE, by=dana, note=note)

    task.refresh_from_db()
    assert task.done_note == stands


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.RECEPTIONIST, {Audience.FRONT_DESK}),
        (Role.PRACTITIONER, {Audience.CLINICAL}),
        (Role.MANAGER, {Audience.FRONT_DESK, Audience.MANAGER}),
    ],
)
def test_each_role_sees_what_is_meant_for_it(clinic: Clinic, role: Role, seen: set[str]) -> None:
    tasks = {audience: StaffTaskFactory(clinic=clinic, audience=audience) for audience in Audience}
    client = client_of(UserFactory(role=role, clinic=clinic))

    listed = client.get("/api/v1/tasks/").json()["results"]

    assert {task["audience"] for task in listed} == seen
    for audience, task in tasks.items():
        expected = 200 if audience in seen else 404
        assert client.get(f"/api/v1/tasks/{task.pk}/").status_code == expected
        assert client.post(f"/api/v1/tasks/{task.pk}/done/").status_code == expected


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR])
def test_who_has_nothing_to_do_with_patients_sees_no_tasks(clinic: Clinic, role: Role) -> None:
    assert client_of(UserFactory(role=role, clinic=clinic)).get("/api/v1/tasks/").status_code == 403


def test_a_task_is_ticked_off_once(clinic: Clinic, as_dana: APIClient, dana: User) -> None:
    task = StaffTaskFactory(clinic=clinic)

    done = as_dana.post(f"/api/v1/tasks/{task.pk}/done/", {"note": "called her"})
    again = as_dana.post(f"/api/v1/tasks/{task.pk}/done/")
    too_long = as_dana.post(f"/api/v1/tasks/{task.pk}/done/", {"note": "x" * 501})

    assert (done.status_code, done.json()["status"]) == (200, "DONE")
    assert (done.json()["done_by"], done.json()["done_note"]) == (str(dana.pk), "called her")
    assert (again.status_code, again.json()["code"]) == (409, "task_done")
    assert too_long.json()["errors"][0]["pointer"] == "/note"


def test_tasks_are_found_by_status_kind_and_patient(clinic: Clinic, as_dana: APIClient) -> None:
    patient = PatientFactory(clinic=clinic)
    wanted = StaffTaskFactory(clinic=clinic, patient=patient, kind=TaskKind.CHANGE_WANTED)
    StaffTaskFactory(clinic=clinic)
    StaffTaskFactory(clinic=clinic, status=TaskStatus.DONE, done_at=NINE)

    def found(query: str) -> list[str]:
        return [t["id"] for t in as_dana.get(f"/api/v1/tasks/?{query}").json()["results"]]

    assert found(f"patient={patient.pk}") == found("kind=CHANGE_WANTED") == [str(wanted.pk)]
    assert len(found("status=OPEN")) == 2
    assert as_dana.get("/api/v1/tasks/?status=LATER").status_code == 400


def test_the_list_takes_a_fixed_number_of_queries(
    clinic: Clinic, as_dana: APIClient, django_assert_num_queries: Any
) -> None:
    for _ in range(7):
        StaffTaskFactory(clinic=clinic, patient=PatientFactory(clinic=clinic))

    with django_assert_num_queries(1 + RECORDED):
        assert len(as_dana.get("/api/v1/tasks/").json()["results"]) == 7


def test_the_admin_ticks_a_task_off_with_a_note(clinic: Clinic, client: Any, dana: User) -> None:
    first = StaffTaskFactory(clinic=clinic, due_at=NINE)
    StaffTaskFactory(clinic=clinic, due_at=NINE - HOUR, title="Older")
    StaffTaskFactory(clinic=clinic, status=TaskStatus.DONE, done_at=NINE, title="Gone")
    client.force_login(dana)
    page = f"/admin/patients/stafftask/{first.pk}/change/"

    listed = client.get("/admin/patients/stafftask/").content.decode()
    assert listed.index("Older") < listed.index("Call them back") < listed.index("Gone")
    assert "Done" in client.get(page).content.decode()
    assert send(client, page, "patients_stafftask_done", done_note="no answer").status_code == 302

    first.refresh_from_db()
    assert (first.status, first.done_by, first.done_note) == (TaskStatus.DONE, dana, "no answer")
    closed = client.get(page)
    assert closed.status_code == 200
    assert 'name="done_note"' not in closed.content.decode()


# how grave it is


def test_a_red_task_is_ticked_off_with_what_came_of_it(clinic: Clinic, as_dana: APIClient) -> None:
    task = StaffTaskFactory(clinic=clinic, severity=TaskSeverity.RED)

    refused = as_dana.post(f"/api/v1/tasks/{task.pk}/done/", {"note": " "})
    done = as_dana.post(f"/api/v1/tasks/{task.pk}/done/", {"note": "seen, antibiotics"})

    assert (refused.status_code, refused.json()["code"]) == (422, "outcome_missing")
    assert refused.json()["errors"][0]["pointer"] == "/note"
    assert done.status_code == 200


def test_open_tasks_come_first_and_the_gravest_on_top(
    clinic: Clinic, as_dana: APIClient, dana: User
) -> None:
    graves = [*TaskSeverity][::-1]
    tasks = {grave: StaffTaskFactory(clinic=clinic, severity=grave) for grave in graves}
    older = StaffTaskFactory(clinic=clinic, severity=TaskSeverity.RED)
    gone = StaffTaskFactory(
        clinic=clinic, severity="EMERGENCY", status="DONE", done_at=NINE, done_note="seen"
    )
    expected = [tasks[grave] for grave in TaskSeverity]
    expected = [*expected[:2], older, *expected[2:], gone]

    listed = as_dana.get("/api/v1/tasks/?page_size=3").json()
    rest = as_dana.get(listed["next"]).json()["results"]

    shown = [row["id"] for row in (*listed["results"], *rest)]
    assert shown == [str(task.pk) for task in expected]
    page = admin_of(dana).get("/admin/patients/stafftask/").content.decode()
    places = [page.index(f"/stafftask/{task.pk}/") for task in expected]
    assert places == sorted(places)
    red = as_dana.get("/api/v1/tasks/?severity=RED&severity=AMBER").json()["results"]
    assert {row["severity"] for row in red} == {"RED", "AMBER"}


def test_one_person_takes_a_task_and_another_only_knowingly(
    clinic: Clinic, as_dana: APIClient, dana: User
) -> None:
    task = StaffTaskFactory(clinic=clinic)
    other = UserFactory(role=Role.RECEPTIONIST, clinic=clinic, first_name="Eve")
    path = f"/api/v1/tasks/{task.pk}/take/"

    taken, again = as_dana.post(path), as_dana.post(path)
    refused = client_of(other).post(path)
    over = client_of(other).post(path, {"take_over": True})

    assert taken.json()["taken_by"] == again.json()["taken_by"] == str(dana.pk)
    assert taken.json()["taken_at"] == again.json()["taken_at"]
    assert (refused.status_code, refused.json()["code"]) == (409, "task_taken")
    assert over.json()["taken_by"] == str(other.pk)
    services.finish_task(task_id=task.pk, at=NINE, by=dana, note="done")
    assert as_dana.post(path, {"take_over": True}).json()["code"] == "task_done"


def test_the_admin_takes_a_task_and_says_who_has_it(clinic: Clinic, dana: User) -> None:
    task = StaffTaskFactory(clinic=clinic, severity=TaskSeverity.RED)
    page, client = f"/admin/patients/stafftask/{task.pk}/change/", admin_of(dana)

    send(client, page, "patients_stafftask_take")
    refused = send(client, page, "patients_stafftask_done", done_note="")

    task.refresh_from_db()
    assert (task.taken_by, task.status) == (dana, TaskStatus.OPEN)
    assert "Say what was found and done" in refused.content.decode()
