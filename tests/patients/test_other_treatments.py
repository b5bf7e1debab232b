"""Treatments beside the needle: recorded, corrected, read by the rules and the proposal."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.exceptions import ValidationError
from django.urls import reverse
from rest_framework.test import APIClient

from clinic.errors import DomainError
from clinic.models import User
from patients import services
from patients.models import (
    QUESTIONS,
    OtherTreatment,
    OtherTreatmentKind,
    ScreeningRule,
    StaffTask,
)
from sessions.models import TreatmentSession
from sessions.safety.assessment import assess_session
from sessions.services.booking.series.proposal import propose_series
from tests.admin.pages import client_of
from tests.conftest import Booking
from tests.factories import (
    DAY,
    NINE,
    AreaFactory,
    OtherTreatmentFactory,
    ScreeningFactory,
    ScreeningRuleFactory,
    ZoneFactory,
)
from tests.support.catalogue import load_catalogue
from tests.support.forms import send

pytestmark = pytest.mark.django_db
MAY_1 = datetime(2024, 5, 1, 10, tzinfo=UTC)  # days are checked against the real clock, too
URL = "/api/v1/other-treatments/"


def peel_rule(code: str = "chemical-peel", days: int = 21) -> ScreeningRule:
    return ScreeningRuleFactory(code=code, asks_last_exposure=True, washout_days=days, scope="ZONE")


def test_it_is_recorded_listed_and_told(booking: Booking, as_alice: APIClient) -> None:
    patient, area = booking.plan.patient, booking.plan.area
    OtherTreatmentFactory()  # of another clinic

    body = {
        **{"patient": str(patient.pk), "kind": "PEEL", "area": area.code},
        **{"zones": [booking.zone.code], "treated_on": "2024-05-01"},
        **{"place": "ELSEWHERE", "place_name": "Dr. Sol", "notes": "TCA 15 %"},
    }
    made = as_alice.post(URL, body)

    assert made.status_code == 201, made.json()
    assert made.json() | body == made.json()
    listed = as_alice.get(URL, {"patient": str(patient.pk)}).json()["results"]
    assert [row["id"] for row in listed] == [made.json()["id"]]
    told = as_alice.get(f"/api/v1/patients/{patient.pk}/timeline/").json()["results"]
    entry = next(entry for entry in told if entry["kind"] == "other_treatment")
    assert (entry["title"], entry["detail"]) == (f"Chemical peel, {area} (Dr. Sol)", "TCA 15 %")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"treated_on": date(2024, 5, 2)}, "treated_on"),
        ({"status": "PERHAPS"}, "status"),
        ({"status": "PLANNED", "treated_on": date(2026, 5, 3)}, "treated_on"),
        ({"zones": ["elsewhere"]}, "zones"),
        ({"place": "ELSEWHERE"}, "place_name"),
        ({"place_name": "Dr. Sol"}, "place_name"),
        ({"kind": "NAPALM"}, "kind"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    booking: Booking, alice: User, changes: dict[str, Any], field: str
) -> None:
    """Also when it is corrected; what is right has no mistake."""
    now: dict[str, Any] = {"at": MAY_1, "by": alice}
    right: dict[str, Any] = {
        **{"patient_id": booking.plan.patient_id, "kind": "PEEL", "area": booking.plan.area},
        **{"treated_on": MAY_1.date(), "place": "HERE"},
    }
    known = services.record_other_treatment(**right, **now)
    record: Any = services.record_other_treatment
    correct: Any = services.correct_other_treatment

    for service, given in (
        (record, {**right, **changes}),
        (correct, {"treatment_id": known.pk, "changes": changes}),
    ):
        with pytest.raises((DomainError, ValidationError)) as refused:
            service(**given, **now)
        error: Any = refused.value
        named = list(error.message_dict) if isinstance(error, ValidationError) else [error.field]
        assert named == [field]
    assert OtherTreatment.objects.count() == 1


def test_a_mistake_is_corrected_and_kept_in_the_history(booking: Booking, alice: User) -> None:
    wrong = OtherTreatmentFactory(patient=booking.plan.patient, kind="LASER")

    services.correct_other_treatment(
        treatment_id=wrong.pk, changes={"kind": "IPL"}, at=NINE, by=alice
    )

    wrong.refresh_from_db()
    assert (wrong.kind, wrong.recorded_by, wrong.recorded_at) == ("IPL", alice, NINE)
    history: Any = wrong
    assert list(history.history.order_by("pgh_id").values_list("kind", flat=True)) == [
        "LASER",
        "IPL",
    ]


def test_it_is_corrected_over_http(booking: Booking, as_alice: APIClient) -> None:
    """Only by who has seen what it is now; whose treatment it was stays."""
    wrong = OtherTreatmentFactory(patient=booking.plan.patient, area=booking.plan.area)
    url = f"{URL}{wrong.pk}/"
    seen = as_alice.get(url)["ETag"]

    blind = as_alice.patch(url, {"kind": "IPL"})
    right = as_alice.patch(url, {"kind": "IPL"}, headers={"If-Match": seen})
    late = as_alice.patch(url, {"kind": "RF"}, headers={"If-Match": seen})
    moved = as_alice.patch(url, {"patient": str(wrong.patient_id)}, headers={"If-Match": "*"})

    codes = [answer.status_code for answer in (blind, right, late, moved)]
    assert codes == [428, 200, 412, 400]
    assert (right.json()["kind"], right.json()["area"]) == ("IPL", booking.plan.area.code)


def test_a_no_is_weighed_on_the_clinics_day(booking: Booking) -> None:
    """Half past eleven at night by UTC is the day of the peel in Berlin."""
    rule = peel_rule()
    type(booking.plan.clinic).objects.update(time_zone="Europe/Berlin")
    session = TreatmentSession.objects.with_record().get(pk=booking.book().pk)
    asked_at = datetime(2030, 1, 2, 23, 30, tzinfo=UTC)
    screening = ScreeningFactory(patient=session.patient, taken_at=asked_at)
    screening.answers.create(rule=rule, answer=False)
    OtherTreatmentFactory(
        patient=session.patient, area=booking.plan.area, treated_on=date(2030, 1, 3)
    )

    found = {a.finding.code: a.finding.message for a in assess_session(session, at=NINE)}

    assert "the questionnaire does not: ask" in found["screening_chemical_peel"]


def test_the_washout_shows_where_it_was_done_and_until_when(booking: Booking) -> None:
    """Of the area, with the number of the screening's question in effect."""
    peel_rule()
    session = booking.book()
    patient, on = session.patient, NINE.date() - 10 * DAY
    OtherTreatmentFactory(patient=patient, area=AreaFactory(), treated_on=on)
    OtherTreatmentFactory(patient=patient, area=booking.plan.area, kind="RF", treated_on=on)

    def found() -> dict[str, Any]:
        assessed = assess_session(session, at=NINE)
        return {a.finding.code: a.finding for a in assessed if a.finding.clear_on}

    assert found() == {}  # another area, and a kind whose question this clinic does not ask
    OtherTreatmentFactory(patient=patient, area=booking.plan.area, treated_on=on)
    assert {code: f.clear_on for code, f in found().items()} == {
        "screening_chemical_peel": date(2030, 1, 18)
    }


@pytest.mark.parametrize(("kind", "limit"), [("PEEL", 28), ("FILLER", 14), ("TOPICAL", 7)])
def test_what_did_not_wait_after_needling_is_a_task(
    booking: Booking, kind: str, limit: int
) -> None:
    """Recorded on the last day of its pause, and not on the first day after it."""
    area, patient = booking.plan.area, booking.plan.patient
    needled_on = booking.completed(NINE).starts_at_local.date()

    for days in (limit, limit - 1):
        OtherTreatmentFactory(
            **{"patient": patient, "area": area, "kind": kind},
            treated_on=needled_on + days * DAY,
            recorded_at=NINE + 60 * DAY,
        )
    OtherTreatmentFactory(  # of another area
        **{"patient": patient, "kind": kind, "treated_on": needled_on},
        recorded_at=NINE + 60 * DAY,
    )

    (task,) = StaffTask.objects.filter(source__startswith="other-treatment:")
    assert (task.audience, task.patient) == ("CLINICAL", patient)
    assert f"{limit - 1} days after needling there: {limit} days are waited" in task.detail
    assert "version 1" in task.detail


def test_too_soon_is_said_where_it_is_saved_until_it_is_corrected(
    booking: Booking, alice: User
) -> None:
    """A task that would say something else is ended; another change leaves it alone."""
    needled_on = booking.completed(MAY_1 - 20 * DAY).starts_at_local.date()
    other = OtherTreatmentFactory(
        **{"patient": booking.plan.patient, "area": booking.plan.area},
        treated_on=needled_on + 9 * DAY,
        recorded_at=MAY_1,
    )
    client = client_of(alice)
    page = reverse("admin:patients_othertreatment_change", args=[other.pk])

    def said(**typed: Any) -> list[str]:
        sent = send(client, page, **typed)
        assert sent.status_code == 302, sent.context["errors"]
        return [str(message) for message in get_messages(sent.wsgi_request) if message.level == 30]

    (same,) = said(notes="TCA 15 %")
    (earlier,) = said(treated_on=(needled_on + 8 * DAY).isoformat())
    right = said(treated_on=(needled_on - DAY).isoformat())

    assert ("9 days after needling" in same, "8 days after needling" in earlier) == (True, True)
    assert right == []
    tasks = StaffTask.objects.filter(source=other.task_source).order_by("id")
    assert list(tasks.values_list("detail", "status", "done_by", "done_note")) == [
        (same, "DONE", alice.pk, "Corrected: another task says how soon."),
        (earlier, "DONE", alice.pk, "Corrected: not too soon."),
    ]


def test_no_session_is_proposed_before_it_has_ended(booking: Booking) -> None:
    peel_rule()
    now = NINE - DAY
    at: dict[str, Any] = {"plan": booking.plan, "at": now, "practitioner": booking.practitioner}
    other = OtherTreatmentFactory(
        patient=booking.plan.patient,
        area=ZoneFactory().area,
        treated_on=now.date() - 7 * DAY,
        recorded_at=now,
    )
    before = propose_series(**at)[0]
    OtherTreatment.objects.filter(pk=other.pk).update(area=booking.plan.area)

    after = propose_series(**at)[0]

    clear = now.date() + 14 * DAY
    assert before.slot.starts_at.date() < clear
    assert (after.slot.starts_at.astimezone(booking.plan.clinic.zone).date(), after.shift) == (
        clear,
        f"a washout ends on {clear:%-d %b %Y}",
    )


def test_every_kind_has_a_question_of_the_catalogue_with_a_washout() -> None:
    load_catalogue()
    washouts = dict(ScreeningRule.objects.values_list("code", "washout_days"))

    assert set(QUESTIONS) == set(OtherTreatmentKind)
    assert all(washouts[code] for code in QUESTIONS.values())
