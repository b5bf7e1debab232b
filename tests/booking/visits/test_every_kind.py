"""What goes for a treatment's booking goes for a visit of every other kind, too."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from aftercare.records.timeline import timeline
from clinic.models import Clinic, User
from sessions import ical, services
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from sessions.receivers import _shipped
from tests.conftest import client_of
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    ClosureFactory,
    DeviceFactory,
    PatientFactory,
    RoomFactory,
    UserFactory,
    VisitFactory,
    visit_type_of,
)
from tests.scheduling.calendar import events

pytestmark = pytest.mark.django_db
TALKS = [row["code"] for row in _shipped() if row["kind"] != "TREATMENT"]
SECOND = timedelta(seconds=1)


@pytest.fixture(params=TALKS)
def visit(request: pytest.FixtureRequest, clinic: Clinic) -> TreatmentSession:
    found: TreatmentSession = VisitFactory(code=request.param, patient__clinic=clinic)
    return found


def move(visit: TreatmentSession, to: str, at: datetime) -> TreatmentSession:
    return services.move_session(session_id=visit.pk, to=to, at=at, by=visit.practitioner)


def test_it_is_in_the_way_of_a_closure_and_can_move_out_of_it(visit: TreatmentSession) -> None:
    closure = ClosureFactory(clinic=visit.clinic, starts_at=NINE, ends_at=NINE + HOUR)

    found = services.bookings_in(closure, at=NINE - DAY)
    [proposal] = services.propose_moves(closure, at=NINE - DAY, sessions=found)

    offer = proposal.offer
    assert proposal.session == visit
    assert offer
    assert offer.starts_at >= closure.ends_at
    assert (offer.room_id is None) is (visit.room_id is None)


def test_where_it_could_move_to_names_no_device_if_it_needs_none(
    visit: TreatmentSession, manager: User
) -> None:
    UserFactory(clinic=visit.clinic)

    shown = client_of(manager).get(f"/api/v1/practitioners/{visit.practitioner_id}/ahead/")

    [behind] = shown.json()["bookings"]
    for name in ("room", "device"):
        kept = getattr(visit, f"{name}_id")
        assert behind["offer"][name] == (str(kept) if kept else None)


def test_the_calendar_says_when_and_where_and_not_with_whom(visit: TreatmentSession) -> None:
    [entry] = events(ical.feed(visit.practitioner, at=NINE))

    where = visit.room.name if visit.room else visit.get_mode_display()
    assert (entry.start, entry.end) == (visit.starts_at, visit.ends_at)
    assert entry["SUMMARY"] == f"{where} · {visit.get_kind_display()}"
    assert visit.patient.family_name not in str(entry)


def test_its_story_and_its_history_have_each_move(visit: TreatmentSession) -> None:
    move(visit, Status.CONFIRMED, NINE - DAY)
    move(visit, Status.NO_SHOW, NINE + HOUR)

    told = [entry for entry in timeline(visit.patient) if entry.id == visit.pk]
    moves = visit.events.order_by("id").values_list("new_status", flat=True)
    history = visit.history.all()  # type: ignore[attr-defined]
    assert told
    assert list(moves) == [Status.CONFIRMED, Status.NO_SHOW]
    assert set(history.values_list("status", flat=True)) >= {Status.BOOKED, Status.NO_SHOW}


@pytest.mark.parametrize(("later", "is_late"), [(0 * SECOND, False), (SECOND, True)])
def test_it_is_cancelled_late_by_the_hours_of_the_clinic(
    visit: TreatmentSession, later: timedelta, is_late: bool
) -> None:
    hours = visit.clinic.late_cancel_hours

    cancelled = move(visit, Status.CANCELLED, NINE - hours * HOUR + later)

    assert cancelled.is_late_cancel is is_late


@pytest.mark.parametrize("code", TALKS)
def test_sent_twice_it_is_booked_once(as_dana: APIClient, clinic: Clinic, code: str) -> None:
    kind = visit_type_of(clinic, code)
    body: dict[str, Any] = {
        "visit_type": str(kind.pk),
        "patient": str(PatientFactory(clinic=clinic).pk),
        "starts_at": NINE.isoformat(),
        "practitioner": str(UserFactory(clinic=clinic).pk),
    }
    if kind.needs_room:
        body["room"] = str(RoomFactory(clinic=clinic).pk)
    if kind.needs_device:
        body["device"] = str(DeviceFactory(clinic=clinic).pk)
    if kind.mode == "VIDEO":
        body["video_url"] = "https://meet.example/1"

    first, again = (
        as_dana.post("/api/v1/sessions/", body, headers={"Idempotency-Key": "one visit"})
        for _ in range(2)
    )

    assert (first.status_code, again.status_code) == (201, 201)
    assert again["Idempotency-Replayed"] == "true"
    assert TreatmentSession.objects.get().visit_type == kind
