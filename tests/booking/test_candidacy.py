"""Whom a practitioner has decided against is not booked for needling without a reason of theirs."""

from datetime import date
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from clinic.models import User
from patients.models import StaffTask
from sessions import services
from sessions.lifecycle import Status
from sessions.models import Candidacy, FreedSlot, TreatmentSession
from sessions.safety.assessment import assess_session
from sessions.services.booking.checks.rules import (
    NotACandidate,
    OpenSideEffects,
    OverrideNotAllowed,
)
from sessions.services.booking.moves import UnresolvedFindings
from tests.admin.pages import client_of
from tests.conftest import Booking
from tests.factories import (
    DAY,
    NINE,
    CandidacyFactory,
    ConcernFactory,
    PatientFactory,
    SideEffectFactory,
    WaitlistEntryFactory,
)
from tests.support.forms import send

pytestmark = pytest.mark.django_db
URL = "/api/v1/candidacies/"
ON = NINE.date()
WHY = {"reason": "Active acne", "alternatives": "Azelaic acid first"}
DECLINED = {"outcome": "DECLINED", **WHY}


def decide(booking: Booking, outcome: str, *, until: date | None = None, **said: Any) -> Candidacy:
    at = said.pop("at", NINE - 9 * DAY)
    return services.record_candidacy(
        patient=booking.plan.patient,
        outcome=outcome,
        until=until,
        at=at,
        by=booking.practitioner,
        **{**(WHY if outcome != "CANDIDATE" else {}), **said},
    )


# What was decided, oldest first, and whether needling on the day of NINE can be booked.
DECISIONS = [
    ([], True),
    ([("CANDIDATE", {})], True),
    ([("DECLINED", {})], False),
    ([("NOT_NOW", {"until": ON + DAY})], False),
    ([("NOT_NOW", {"until": ON})], True),
    ([("DECLINED", {}), ("CANDIDATE", {})], True),
    ([("CANDIDATE", {}), ("DECLINED", {})], False),
    ([("DECLINED", {"concerns": ["its"]})], False),
    ([("DECLINED", {"concerns": ["other"]})], True),
    ([("DECLINED", {"concerns": ["its"]}), ("CANDIDATE", {"concerns": ["other"]})], False),
    ([("CANDIDATE", {"concerns": ["its"]}), ("DECLINED", {})], False),
    ([("DECLINED", {}), ("CANDIDATE", {"concerns": ["its", "other"]})], True),
]


@pytest.mark.parametrize(("decisions", "may"), DECISIONS)
def test_of_what_concerns_the_plan_the_newest_decision_counts(
    booking: Booking, dana: User, decisions: list[Any], may: bool
) -> None:
    codes = {"its": booking.plan.concern.code, "other": ConcernFactory().code}
    for day, (outcome, said) in enumerate(decisions):
        concerns = [codes[name] for name in said.get("concerns", [])]
        at = NINE - (9 - day) * DAY
        decide(booking, outcome, **{**said, "concerns": concerns}, at=at)

    if not may:
        with pytest.raises(NotACandidate, match="Only a practitioner"):
            booking.book(by=dana)
        with pytest.raises(OverrideNotAllowed):
            booking.book(by=dana, side_effect_override_reason="She wants to")
    session = booking.book(side_effect_override_reason="" if may else "Seen again by telephone")

    kept = [(row.code, row.override_reason) for row in session.findings.all()]
    assert kept == ([] if may else [("not_a_candidate", "Seen again by telephone")])
    said = {entry.finding.code: entry.is_open for entry in assess_session(session, at=NINE)}
    assert said.get("not_a_candidate") == (None if may else False)


def test_a_decision_after_the_booking_stops_the_start(booking: Booking) -> None:
    session = booking.book()
    booking.ready()
    booking.move(session, Status.CHECKED_IN)
    decide(booking, "DECLINED")

    with pytest.raises(UnresolvedFindings, match="not to be needled"):
        booking.move(session, Status.IN_PROGRESS)


def test_what_a_practitioner_accepted_moves_along_until_it_is_decided_anew(
    booking: Booking, dana: User
) -> None:
    decide(booking, "NOT_NOW", until=ON + 90 * DAY)
    session = booking.book(side_effect_override_reason="Her wedding")

    def moved(old: TreatmentSession, days: int) -> TreatmentSession:
        at = NINE - 3 * DAY
        return services.reschedule_session(
            session_id=old.pk, starts_at=NINE + days * DAY, at=at, by=dana
        )

    later = moved(session, 1)
    assert later.findings.get().override_reason == "Her wedding"
    assert later.findings.get().overridden_by == booking.practitioner
    decide(booking, "NOT_NOW", until=ON + 90 * DAY, at=NINE - 4 * DAY)
    with pytest.raises(NotACandidate):
        moved(later, 2)
    assert moved(later, 90).findings.count() == 0


def test_what_is_booked_already_becomes_a_task_that_a_candidate_ends(
    booking: Booking, dana: User
) -> None:
    booking.book()
    booking.book(NINE + 60 * DAY)

    decide(booking, "NOT_NOW", until=ON + 30 * DAY)

    task = StaffTask.objects.visible_to(dana).get()
    assert "cancel or reschedule" in task.title
    assert "7 Jan 2030 at 10:00" in task.detail
    assert "Mar 2030" not in task.detail
    assert "acne" not in task.detail
    decide(booking, "CANDIDATE", at=NINE - 8 * DAY)
    assert not StaffTask.objects.open().exists()


def test_the_api_keeps_what_came_of_a_consultation(
    as_alice: APIClient, as_dana: APIClient, as_bob: APIClient, booking: Booking
) -> None:
    patient, concern = booking.plan.patient, booking.plan.concern.code
    body = {
        "patient": str(patient.pk),
        "session": str(booking.book().pk),
        "concerns": [concern],
        "expectations": "Softer scars",
        "other_treatments": "A peel in 2028",
    }

    candidate = as_alice.post(URL, {**body, "outcome": "CANDIDATE"})
    refused = as_dana.post(URL, {**body, "outcome": "CANDIDATE"})

    assert (candidate.status_code, refused.status_code) == (201, 403)
    assert candidate.json()["concerns"] == [concern]
    kept = Candidacy.objects.get()
    assert (kept.expectations, kept.decided_by.username) == ("Softer scars", "alice")
    listed = as_alice.get(f"{URL}?patient={patient.pk}&outcome=CANDIDATE").json()["results"]
    assert [row["id"] for row in listed] == [str(kept.pk)]
    assert as_bob.get(f"{URL}{kept.pk}/").status_code == 404
    told = as_alice.get(f"/api/v1/patients/{patient.pk}/timeline/").json()["results"]
    assert "Candidate" in [entry["title"] for entry in told]


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"outcome": "MAYBE"}, 400, "/outcome"),
        ({"outcome": "NOT_NOW", "reason": "Pregnant"}, 400, "/until"),
        ({"outcome": "NOT_NOW", "until": "2020-01-01", "reason": "Pregnant"}, 400, "/until"),
        ({"outcome": "NOT_NOW", "until": "2090-01-01", "reason": " "}, 400, "/reason"),
        ({"outcome": "CANDIDATE", "until": "2090-01-01"}, 400, "/until"),
        ({**DECLINED, "reason": ""}, 400, "/reason"),
        ({**DECLINED, "alternatives": ""}, 400, "/alternatives"),
        ({**DECLINED, "concerns": ["unicorns"]}, 422, "/concerns"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    as_alice: APIClient, booking: Booking, change: dict[str, Any], status: int, pointer: str
) -> None:
    answer = as_alice.post(URL, {"patient": str(booking.plan.patient_id), **change})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer)
    assert not Candidacy.objects.exists()


def test_a_session_of_somebody_else_and_an_archived_record_are_refused(
    as_alice: APIClient, booking: Booking, another_booking: Booking
) -> None:
    body = {"patient": str(booking.plan.patient_id), "outcome": "CANDIDATE"}
    archived = PatientFactory(clinic=booking.plan.clinic, archived_at=NINE)

    others = as_alice.post(URL, {**body, "session": str(another_booking.book().pk)})
    closed = as_alice.post(URL, {**body, "patient": str(archived.pk)})

    assert (others.status_code, others.json()["code"]) == (422, "other_patient")
    assert (closed.status_code, closed.json()["code"]) == (409, "patient_archived")


def test_a_refused_booking_says_so_over_http(as_dana: APIClient, booking: Booking) -> None:
    decide(booking, "DECLINED")

    answer = as_dana.post("/api/v1/sessions/", booking.body())

    assert (answer.status_code, answer.json()["code"]) == (409, "not_a_candidate")
    assert [found["code"] for found in answer.json()["findings"]] == ["not_a_candidate"]
    assert "acne" not in answer.content.decode()


def offered_from_the_waitlist(booking: Booking, by: User) -> bool:
    WaitlistEntryFactory(plan=booking.plan)
    FreedSlot.objects.create(clinic=booking.plan.clinic, **slot_of(booking))
    return services.offer_freed_slots(at=NINE - 3 * DAY) == 1


def slot_of(booking: Booking) -> dict[str, Any]:
    return {
        "starts_at": NINE,
        "practitioner": booking.practitioner,
        "room": booking.room,
        "device": booking.device,
    }


def held(booking: Booking, by: User) -> bool:
    at = NINE - 3 * DAY
    return bool(services.place_hold(plan_id=booking.plan.pk, **slot_of(booking), at=at, by=by))


def booked_as_series(booking: Booking, by: User) -> bool:
    slots: list[Any] = [slot_of(booking)]
    at = NINE - 3 * DAY
    return bool(services.book_series(plan_id=booking.plan.pk, slots=slots, at=at, by=by))


@pytest.mark.parametrize("objection", ["decision", "side effect"])
@pytest.mark.parametrize("door", [offered_from_the_waitlist, held, booked_as_series])
def test_no_door_of_the_desk_leads_around_it(
    booking: Booking, dana: User, door: Any, objection: str
) -> None:
    """The patient's own door: test_book_page; the API's: below; a booking's: above."""
    assert tried(door, booking, dana, undone=True)
    if objection == "decision":
        decide(booking, "DECLINED")
    else:
        grave(booking)

    assert not tried(door, booking, dana)


def tried(door: Any, booking: Booking, by: User, *, undone: bool = False) -> bool:
    try:
        with transaction.atomic():
            done: bool = door(booking, by)
            transaction.set_rollback(undone)
    except (NotACandidate, OpenSideEffects):
        return False
    return done


def grave(booking: Booking) -> None:
    """Something that stops the next session at any grade."""
    before = booking.book(NINE - 90 * DAY)
    SideEffectFactory(session=before, kind="INFECTION", grade=2, onset_at=before.starts_at)


def test_in_the_admin_a_plan_follows_from_a_candidate(booking: Booking, alice: User) -> None:
    patient, concern = booking.plan.patient, booking.plan.concern
    client = client_of(alice)
    page = "/admin/treatment_sessions/candidacy/"
    typed: dict[str, Any] = {
        "patient": str(patient.pk),
        "outcome": "CANDIDATE",
        "concerns": [concern.code],
    }

    send(client, f"{page}add/", **typed)
    decided = Candidacy.objects.get()
    plan = client.get(f"{page}{decided.pk}/plan/")

    asked = client.get(plan["Location"], follow=True).context["course"]
    assert "Plan the treatment" in client.get(f"{page}{decided.pk}/change/").content.decode()
    assert (asked.patient, asked.cleaned_data["concern"]) == (patient, concern)
    declined = CandidacyFactory(patient=patient, **DECLINED)
    shown = client.get(f"{page}{declined.pk}/change/").content.decode()
    assert "Plan the treatment" not in shown
