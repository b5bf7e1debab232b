"""A kind of visit may be for holders of some licences only: all doors ask the same."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from clinic.models import Credential, Role, User
from patients.models import Patient
from sessions import services
from sessions.lifecycle import Status
from sessions.models import Kind, TreatmentSession, VisitType
from sessions.services.booking.checks.presence import NotLicensed
from tests.conftest import Booking
from tests.factories import (
    DAY,
    NINE,
    PatientFactory,
    RoomFactory,
    UserFactory,
    visit_type_of,
)
from tests.support.forms import opened

pytestmark = pytest.mark.django_db


def licence(user: User, kind: str = "PHYSICIAN", **days: date) -> Credential:
    row: Credential = Credential.objects.create(
        user=user, kind=kind, number="1", issuer="The state", **days
    )
    return row


def asking(booking: Booking, code: str, *kinds: str) -> VisitType:
    kind = visit_type_of(booking.practitioner.clinics.get(), code)
    kind.credentials = list(kinds)
    kind.save()
    return kind


def book_check(kind: VisitType, who: User, **changes: Any) -> TreatmentSession:
    patient: Patient = PatientFactory(clinic=kind.clinic)
    slot = {"starts_at": NINE, "room": RoomFactory(clinic=kind.clinic), **changes}
    return services.book_visit(
        visit_type=kind, patient=patient, practitioner=who, at=NINE - DAY, by=who, **slot
    )


@pytest.mark.parametrize(
    ("held", "days", "may"),
    [
        ("NURSE", {}, True),
        ("NURSE", {"expires_on": NINE.date()}, True),
        ("NURSE", {"expires_on": NINE.date() - DAY}, False),
        ("NURSE", {"valid_from": NINE.date()}, True),
        ("NURSE", {"valid_from": NINE.date() + DAY}, False),
        ("PRESCRIBER", {}, True),
        ("PHYSICIAN", {}, True),  # prescribes as well
        ("AESTHETICIAN", {}, False),
    ],
)
def test_only_who_holds_one_on_that_day_is_booked(
    booking: Booking, held: str, days: dict[str, date], may: bool
) -> None:
    kind = asking(booking, "check", "NURSE", "PRESCRIBER")
    licence(booking.practitioner, held, **days)

    if may:
        assert book_check(kind, booking.practitioner).kind == Kind.CHECK
    else:
        with pytest.raises(
            NotLicensed, match=r"for: nurse or nurse or other prescriber\. .*Nobody"
        ):
            book_check(kind, booking.practitioner)


def test_a_treatment_may_ask_for_one_too(booking: Booking) -> None:
    asking(booking, "treatment", "PHYSICIAN")

    with pytest.raises(NotLicensed):
        booking.book()
    with pytest.raises(NotLicensed):
        services.place_hold(
            plan_id=booking.plan.pk,
            starts_at=NINE,
            practitioner=booking.practitioner,
            room=booking.room,
            device=booking.device,
            at=NINE - DAY,
            by=booking.practitioner,
        )
    licence(booking.practitioner)

    assert booking.book().status == Status.BOOKED


def test_a_move_asks_again_and_so_does_the_start(booking: Booking) -> None:
    kind = asking(booking, "check", "PHYSICIAN")
    nurse = UserFactory(clinic=kind.clinic)
    held = licence(booking.practitioner, expires_on=NINE.date() + DAY)
    session = book_check(kind, booking.practitioner)

    for changes in ({"practitioner": nurse}, {"starts_at": NINE + 2 * DAY}):
        slot: dict[str, Any] = {"starts_at": NINE, **changes}
        with pytest.raises(NotLicensed):
            services.reschedule_session(session_id=session.pk, **slot, at=NINE - DAY, by=nurse)
    booking.move(session, Status.CHECKED_IN)
    held.expires_on = NINE.date() - DAY
    held.save()
    with pytest.raises(NotLicensed):
        booking.move(session, Status.IN_PROGRESS)
    licence(booking.practitioner)

    assert booking.move(session, Status.IN_PROGRESS).status == Status.IN_PROGRESS


def test_the_api_offers_who_may_and_says_when_nobody_does(
    booking: Booking, as_dana: APIClient
) -> None:
    kind = asking(booking, "check", "PHYSICIAN")
    other = UserFactory(clinic=kind.clinic)
    days = f"visit_type={kind.pk}&from=2030-01-07&to=2030-01-07"

    nobody = as_dana.get(f"/api/v1/availability/?{days}")
    assert (nobody.status_code, nobody.json()["code"]) == (409, "not_licensed")
    assert "Nobody at this clinic" in nobody.json()["detail"]
    licence(other)
    offered = as_dana.get(f"/api/v1/availability/?{days}").json()
    body = {
        "visit_type": str(kind.pk),
        "patient": str(PatientFactory(clinic=kind.clinic).pk),
        "starts_at": offered[0]["starts_at"],
        "practitioner": str(booking.practitioner.pk),
        "room": offered[0]["room"],
    }
    refused = as_dana.post("/api/v1/sessions/", body, format="json")

    assert {slot["practitioner"] for slot in offered} == {str(other.pk)}
    assert (refused.status_code, refused.json()["code"]) == (409, "not_licensed")
    assert "Nobody" not in refused.json()["detail"]
    assert refused.json()["alternatives"][0]["practitioner"] == str(other.pk)
    shown = as_dana.get(f"/api/v1/visit-types/{kind.pk}/").json()
    assert shown["credentials"] == ["PHYSICIAN"]


def test_the_first_free_time_of_a_plan_says_so_too(booking: Booking, as_dana: APIClient) -> None:
    asking(booking, "treatment", "PHYSICIAN")

    answer = as_dana.get(f"/api/v1/availability/first/?plan={booking.plan.pk}&after=2030-01-07")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_licensed")


def test_what_ships_asks_nobody(booking: Booking) -> None:
    assert not VisitType.objects.exclude(credentials=[]).exists()


def test_the_admin_warns_of_a_kind_that_nobody_may_do(booking: Booking) -> None:
    kind = visit_type_of(booking.practitioner.clinics.get(), "check")
    admin = Client()
    admin.force_login(UserFactory(clinic=kind.clinic, role=Role.MANAGER))
    page = f"/admin/treatment_sessions/visittype/{kind.pk}/change/"

    saved = admin.post(page, {**opened(admin, page), "credentials": "NURSE"}, follow=True)

    kind.refresh_from_db()
    assert kind.credentials == ["NURSE"]
    assert "none of them is nurse" in saved.content.decode()
