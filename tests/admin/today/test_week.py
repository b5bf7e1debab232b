"""The week: who and where, what is held, off and closed, for whoever may see it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinic.models import Clinic, Role, User
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.admin.pages import client_of
from tests.admin.today.test_away import monday
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    ClosureFactory,
    HoldFactory,
    TimeOffFactory,
    UserFactory,
    VisitFactory,
)
from tests.support.accesses import RECORDED, Watch
from tests.support.words import visible

pytestmark = pytest.mark.django_db
WEEK = reverse("week")


def asked(**more: str) -> dict[str, str]:
    return {"day": f"{monday():%Y-%m-%d}"} | more


def visit(clinic: Clinic, at: datetime, **values: Any) -> TreatmentSession:
    found: TreatmentSession = VisitFactory(patient__clinic=clinic, starts_at=at, **values)
    return found


@pytest.mark.parametrize("by", ["people", "rooms"])
def test_it_shows_visits_holds_absences_and_closures(
    clinic: Clinic, booking: Booking, dana: User, by: str
) -> None:
    session = booking.book(monday())
    hold = HoldFactory(
        plan__patient__clinic=clinic,
        starts_at=monday() + DAY,
        expires_at=timezone.now() + HOUR,
    )
    cancelled = visit(clinic, monday() + HOUR, status=Status.CANCELLED)
    before = visit(clinic, monday() - 7 * DAY)
    TimeOffFactory(
        practitioner=booking.practitioner,
        starts_at=monday() + 2 * DAY,
        ends_at=monday() + 2 * DAY + 3 * HOUR,
        reason="Congress",
    )
    ClosureFactory(
        clinic=clinic,
        starts_at=monday() + 3 * DAY,
        ends_at=monday() + 3 * DAY + HOUR,
        reason="Repairs",
    )

    page = client_of(dana).get(WEEK, asked(by=by))
    words = visible(page)

    local = session.starts_at_local
    assert session.patient.listed_name in words
    assert f"{local:%H:%M}" in words
    assert "Held until" in words
    assert "Repairs" in words
    assert ("Congress" in words) == (by == "people")
    assert cancelled.patient.family_name not in words
    assert before.patient.family_name not in words
    assert (hold.practitioner.get_full_name() if by == "people" else hold.room.name) in words
    move = reverse("today-move", args=[session.pk])
    assert f"{move}?back=%2Fadmin%2Fweek%2F" in page.content.decode()


@pytest.mark.parametrize("by", ["people", "rooms"])
def test_it_takes_as_many_statements_for_thirty_visits_as_for_three(
    clinic: Clinic, dana: User, by: str
) -> None:
    client = client_of(dana)
    counts = []
    for number in (3, 27):
        for index in range(number):
            visit(clinic, monday() + index % 5 * DAY, practitioner=UserFactory(clinic=clinic))
        client.get(WEEK, asked(by=by))
        with CaptureQueriesContext(connection) as caught:
            page = client.get(WEEK, asked(by=by))
        counts.append(len(caught))

    assert counts[0] == counts[1]
    assert counts[0] <= 10 + RECORDED
    assert len(page.content) < 200_000
    asks = [one["sql"] for one in caught if 'FROM "treatment_session"' in one["sql"]]
    assert len(asks) == 1


def test_a_move_leads_back_to_the_week(booking: Booking, dana: User) -> None:
    session, client = booking.book(monday()), client_of(dana)
    back = f"{WEEK}?day={monday():%Y-%m-%d}"
    later = monday() + timedelta(days=1)
    form = {"practitioner": str(booking.practitioner.pk), "starts_at_0": f"{later:%-d %b %Y}"}

    done = client.post(
        reverse("today-move", args=[session.pk]), form | {"starts_at_1": "15:00", "back": back}
    )

    assert done["Location"] == back


def test_who_sees_no_sessions_sees_no_week_and_whom_it_shows_is_written_down(
    clinic: Clinic, booking: Booking, dana: User, bob: User
) -> None:
    session = booking.book(monday())
    for role in (Role.AUDITOR, Role.ADMIN):
        client = client_of(UserFactory(role=role, clinic=clinic))
        assert client.get(WEEK).status_code == 403
    other = client_of(bob).get(WEEK, asked(clinic=str(clinic.pk)))
    assert session.patient.family_name not in visible(other)
    watch = Watch()

    client_of(dana).get(WEEK, asked())

    assert watch.rows()[0].patient_ids == [session.patient_id]


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "9999-12-31", "'--"])
def test_what_is_no_day_is_said(dana: User, day: str) -> None:
    page = client_of(dana).get(WEEK, {"day": day, "by": day, "clinic": day})

    assert "is no day that can be shown" in visible(page)
