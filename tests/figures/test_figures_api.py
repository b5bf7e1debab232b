"""Figures over HTTP: who may ask, for whose, and what is refused."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from clinic.models import Clinic, Role, User
from tests.conftest import Booking, client_of
from tests.factories import (
    NINE,
    CheckInFactory,
    ConcernFactory,
    OutcomeScaleFactory,
    UserFactory,
    VisitFactory,
)
from tests.figures.world import Practice

pytestmark = pytest.mark.django_db
URL = "/api/v1/figures"
DAYS: dict[str, Any] = {"from": NINE.date(), "to": NINE.replace(month=12).date()}


def test_a_desk_asks_for_no_figures(booking: Booking, clinic: Clinic) -> None:
    session = booking.book()
    OutcomeScaleFactory(code="gais")
    urls = [f"{URL}/outcomes/?scale=gais", f"{URL}/side-effects/", f"{URL}/signals/"]
    urls += [f"/api/v1/sessions/{session.pk}/healing-curve/"]

    answers = {
        role: [
            client_of(UserFactory(role=role, clinic=clinic)).get(url).status_code for url in urls
        ]
        for role in Role.values
    }

    may = {role for role, told in answers.items() if told == [200] * 4}
    assert may == {Role.PRACTITIONER}
    assert answers.pop(Role.MANAGER) == [200, 200, 200, 403]  # one patient's needs break-glass
    assert all(told == [403] * 4 for role, told in answers.items() if role not in may)


def test_a_healing_curve_says_whom_it_compares(booking: Booking, as_alice: APIClient) -> None:
    session = booking.completed()
    CheckInFactory(session=session, day=2, redness=6)

    told = as_alice.get(f"/api/v1/sessions/{session.pk}/healing-curve/").json()

    assert (told["depth_band"], told["skin_group"]) == ("MEDIUM", "LIGHTER")
    redness = told["curves"][0]
    assert [(one["first_day"], one["own"]) for one in redness["points"] if one["own"]] == [(2, 6)]
    none = {"of": "TOO_FEW", "n": 0, "p10": None, "median": None, "p90": None}
    assert all(one["cohort"] == none for one in redness["points"])


def test_a_visit_that_treats_nothing_does_not_heal(clinic: Clinic, as_alice: APIClient) -> None:
    visit = VisitFactory(patient__clinic=clinic)

    answer = as_alice.get(f"/api/v1/sessions/{visit.pk}/healing-curve/")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_a_treatment")


def test_another_clinics_session_has_no_curve(booking: Booking, as_bob: APIClient) -> None:
    url = f"/api/v1/sessions/{booking.book().pk}/healing-curve/"

    assert as_bob.get(url).status_code == 404


def test_figures_are_of_the_callers_clinic(
    clinic: Clinic, other_clinic: Clinic, alice: User, as_alice: APIClient, as_bob: APIClient
) -> None:
    practice = Practice(clinic)
    sessions = practice.treat(practice.plans(10), lot=practice.lot())
    practice.harm(sessions[:2])
    query: dict[str, Any] = {**DAYS, "by": "SKIN_GROUP", "course": "UNEXPECTED"}

    own = as_alice.get(f"{URL}/side-effects/", query).json()
    foreign = as_bob.get(f"{URL}/side-effects/", query).json()
    signals = as_alice.get(f"{URL}/signals/", DAYS).json()

    assert (own["clinic"], own["first_on"], own["is_expected"]) == (
        str(clinic.pk),
        "2030-01-07",
        False,
    )
    (row,) = own["groups"]
    assert (row["group"], row["n"], row["events"]) == ("LIGHTER", 10, 2)
    assert (row["share"]["low"], row["share"]["high"]) == pytest.approx((0.0567, 0.5098), abs=1e-4)
    assert foreign["groups"] == []
    assert (signals["sessions"], signals["events"], signals["unwatched"]) == (10, 2, 1)
    alice.clinics.add(other_clinic)
    both = client_of(User.objects.get(pk=alice.pk))
    assert both.get(f"{URL}/signals/").json()["errors"][0]["pointer"] == "/clinic"
    named = both.get(f"{URL}/signals/", {**DAYS, "clinic": other_clinic.pk}).json()
    assert (named["clinic"], named["sessions"]) == (str(other_clinic.pk), 0)


def test_outcomes_say_scale_window_and_filter(as_alice: APIClient) -> None:
    OutcomeScaleFactory(code="scar", rater_roles=["PATIENT", "CLINICIAN"])

    told = as_alice.get(f"{URL}/outcomes/", {"scale": "scar", "milestone": "DAY_180"}).json()

    assert (told["rater_role"], told["n"], told["waiting"], told["cells"]) == ("PATIENT", 0, 0, [])
    assert (told["window_from_days"], told["window_until_days"]) == (150, 210)
    assert (told["responder_from"], told["responder_source"], told["area"]) == (None, "", None)


@pytest.mark.parametrize(
    ("path", "query", "pointer"),
    [
        ("outcomes", {}, "/scale"),
        ("outcomes", {"scale": "unheard-of"}, "/scale"),
        ("outcomes", {"scale": "scar", "milestone": "BASELINE"}, "/milestone"),
        ("outcomes", {"scale": "scar", "rater_role": "BLINDED"}, "/rater_role"),
        ("outcomes", {"scale": "scar", "concern": "wrinkles"}, "/concern"),
        ("outcomes", {"scale": "scar", "by": "LOT"}, "/by"),
        ("side-effects", {"by": "MOON"}, "/by"),
        ("side-effects", {"min_grade": 6}, "/min_grade"),
        ("side-effects", {"area": "tail"}, "/area"),
        ("signals", {"from": "2030-02-01", "to": "2030-01-31"}, "/to"),
        ("signals", {"from": "1830-02-01"}, "/from"),
        ("signals", {"skin_group": "GREEN"}, "/skin_group"),
    ],
)
def test_what_no_figure_has_is_refused_by_name(
    as_alice: APIClient, path: str, query: dict[str, Any], pointer: str
) -> None:
    OutcomeScaleFactory(code="scar", concerns=["acne-scars"])
    ConcernFactory(code="wrinkles")

    answer = as_alice.get(f"{URL}/{path}/", query)

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
