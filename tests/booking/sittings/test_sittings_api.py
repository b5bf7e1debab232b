"""Several areas in one sitting over HTTP."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken
from rest_framework.test import APIClient

from clinic.models import User
from tests.conftest import Booking
from tests.factories import DAY, NINE, PatientFactory, PlanFactory

pytestmark = pytest.mark.django_db
SESSIONS = "/api/v1/sessions/"


def test_the_desk_books_two_areas_and_leaves_one_out(as_dana: APIClient, booking: Booking) -> None:
    neck = PlanFactory(patient=booking.plan.patient)

    face = as_dana.post(SESSIONS, booking.body(further_plans=[str(neck.pk)])).json()

    [further] = as_dana.get(SESSIONS, {"sitting": face["id"]}).json()["results"]
    assert (further["plan"], further["sitting"]) == (str(neck.pk), face["id"])
    areas = as_dana.get(f"{SESSIONS}{face['id']}/").json()["areas"]
    assert areas == face["areas"]
    assert [(area["session"], area["plan"], area["status"]) for area in areas] == [
        (face["id"], face["plan"], "BOOKED"),
        (further["id"], str(neck.pk), "BOOKED"),
    ]
    skipped = as_dana.post(f"{SESSIONS}{face['id']}/skip/", {"reason": "A cold sore"})
    assert skipped.json()["status"] == "CANCELLED"
    again = as_dana.get(f"{SESSIONS}{further['id']}/").json()
    assert (again["status"], again["sitting"]) == ("BOOKED", None)


def test_what_is_wrong_with_a_further_plan_names_it(as_dana: APIClient, booking: Booking) -> None:
    stranger = PlanFactory(patient__clinic=booking.plan.clinic)

    answer = as_dana.post(SESSIONS, booking.body(further_plans=[str(stranger.pk)]))

    assert answer.status_code == 422
    assert answer.json()["code"] == "not_bookable"
    assert "further_plans/0" in answer.content.decode()


@pytest.mark.parametrize("wrong", ["face", ["face"], [{}], [None], {"a": 1}, ["x"] * 6])
def test_odd_further_plans_are_refused(as_dana: APIClient, booking: Booking, wrong: object) -> None:
    answer = as_dana.post(SESSIONS, booking.body(further_plans=wrong))

    assert answer.status_code == 400
    assert "further_plans" in answer.content.decode()


def test_a_further_area_takes_two_queries_more(
    dana: User, booking: Booking, client: Client, catalogue: None
) -> None:
    """The session, and the course of its plan."""
    _, token = AuthToken.objects.create(dana)
    counts = []
    for day, areas in enumerate((2, 1, 2)):  # the first teaches the connection its statements
        patient = PatientFactory(clinic=booking.plan.clinic)
        face, *further = (str(PlanFactory(patient=patient).pk) for _ in range(areas))
        starts_at = (NINE + day * DAY).isoformat()
        body = {**booking.body(), "plan": face, "further_plans": further, "starts_at": starts_at}
        with CaptureQueriesContext(connection) as queries:
            answer = client.post(
                SESSIONS,
                body,
                content_type="application/json",
                headers={"Authorization": f"Token {token}"},
            )
        assert answer.status_code == 201, answer.content
        counts.append(len([query for query in queries if "SAVEPOINT" not in query["sql"]]))

    assert counts[2] == counts[1] + 2


@pytest.mark.parametrize("move", [False, True])
def test_the_tag_of_a_sitting_that_was_just_booked_is_the_one_that_is_read(
    as_dana: APIClient, booking: Booking, move: bool
) -> None:
    """Its other areas belong to it: whoever books it may change it with the tag of the answer."""
    neck = PlanFactory(patient=booking.plan.patient)
    answer = as_dana.post(SESSIONS, booking.body(further_plans=[str(neck.pk)]))
    if move:
        later = {"starts_at": (NINE + DAY).isoformat()}
        answer = as_dana.post(f"{SESSIONS}{answer.json()['id']}/reschedule/", later)

    read = as_dana.get(f"{SESSIONS}{answer.json()['id']}/")

    assert len(read.json()["areas"]) == 2
    versions = [one.headers["ETag"].partition("-")[0] for one in (answer, read)]
    assert versions[0] == versions[1]
