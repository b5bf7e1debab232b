"""Reports to an authority: who is told, by when, what is filled in, and what came of it; and open
side effects that are due for a look."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.models import Clinic, User
from patients.models import StaffTask
from sessions import services
from sessions.models import IncidentReport, ReportingRule, SideEffect
from sessions.services.record.healing.reporting import deadline, rule_for
from tests.admin.pages import client_of
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    IncidentReportFactory,
    ReportingRuleFactory,
    SideEffectExpectationFactory,
    SideEffectFactory,
    this_hour,
)
from tests.factories.clinic import clinical_rules
from tests.support.pdf import inflated, skip_without_pango

URL = "/api/v1/incident-reports/"
pytestmark = pytest.mark.django_db


def began() -> datetime:
    return this_hour() - 9 * DAY


def severe(booking: Booking, grade: int = 3, **details: Any) -> SideEffect:
    known = {"kind": "INFECTION", "is_expected": False, "onset_at": began() + DAY}
    return services.log_side_effect(
        session=booking.completed(began()),
        grade=grade,
        **{**known, **details},
        at=began() + 2 * DAY,
        by=booking.practitioner,
    )


@pytest.mark.parametrize(
    ("place", "facility", "grade", "code"),
    [
        *(("US", True, 3, "us-facility-injury"), ("US", True, 5, "us-facility-death")),
        *(("US", False, 5, "us-office"), ("US", True, 2, None)),
        *(("EU", False, 3, "eu-national"), ("UK", False, 4, "uk-yellow-card")),
        *(("AU", False, 5, None), ("OTHER", True, 5, None)),
    ],
)
def test_the_rule_that_ships_for_a_place(
    catalogue: None, clinic: Clinic, place: str, facility: bool, grade: int, code: str | None
) -> None:
    clinic.jurisdiction, clinic.is_user_facility = place, facility

    found = rule_for(clinic, grade, this_hour())

    assert (found and found.code) == code


@pytest.mark.parametrize(
    ("known", "days", "of_work_days", "ends"),
    [  # 2026-01-02 is a Friday; the clinic is in Berlin
        (datetime(2026, 1, 2, 10, tzinfo=UTC), 10, True, datetime(2026, 1, 16, 23, tzinfo=UTC)),
        (datetime(2026, 1, 2, 10, tzinfo=UTC), 1, True, datetime(2026, 1, 5, 23, tzinfo=UTC)),
        (datetime(2026, 1, 2, 10, tzinfo=UTC), 1, False, datetime(2026, 1, 3, 23, tzinfo=UTC)),
        (datetime(2026, 1, 2, 10, tzinfo=UTC), 0, False, datetime(2026, 1, 2, 10, tzinfo=UTC)),
    ],
)
def test_the_deadline_is_the_end_of_its_last_day(
    clinic: Clinic, known: datetime, days: int, of_work_days: bool, ends: datetime
) -> None:
    clinic.time_zone = "Europe/Berlin"
    rule = ReportingRule(deadline_days=days, of_work_days=of_work_days)

    assert deadline(rule, clinic, known) == ends


def test_a_severe_side_effect_starts_the_clock_once(
    as_alice: APIClient, alice: User, booking: Booking
) -> None:
    Clinic.objects.update(jurisdiction="US")
    rule = ReportingRuleFactory()
    effect = severe(booking, grade=2)
    assert IncidentReport.objects.count() == 0

    now = this_hour()
    for grade in (3, 4, 3):
        services.note_side_effect(
            side_effect_id=effect.pk,
            grade=grade,
            is_expected=False,
            note="",
            at=now,
            by=alice,
        )

    report, task = IncidentReport.objects.get(), StaffTask.objects.get(kind="INCIDENT")
    assert (report.rule, report.known_at) == (rule, now)
    assert task.due_at == report.due_at == deadline(rule, effect.session.clinic, now)
    assert task.audience == "CLINICAL"
    shown = as_alice.get(f"{URL}?side_effect={effect.pk}&settled=false").json()["results"]
    assert [row["report_to"] for row in shown] == ["Authority"]


def test_where_it_is_no_duty_a_report_is_there_without_a_deadline(
    alice: User, booking: Booking
) -> None:
    Clinic.objects.update(jurisdiction="UK", consent_cooling_off_days=0)
    ReportingRuleFactory(
        jurisdiction="UK", is_duty=False, deadline_days=None, report_to="Yellow Card"
    )
    told = severe(booking)
    page = reverse("admin:treatment_sessions_sideeffect_change", args=[told.pk])

    assert IncidentReport.objects.get().due_at is None
    assert not StaffTask.objects.exists()
    assert "No duty, and no deadline" in client_of(alice).get(page).content.decode()

    IncidentReport.objects.all().delete()
    assert "No rule on file for: United Kingdom" in client_of(alice).get(page).content.decode()


def test_it_is_filled_in_from_the_record_and_names_nobody(
    as_alice: APIClient, alice: User, booking: Booking
) -> None:
    effect = severe(booking, note="Pus on the cheek", zone=booking.zone)
    report = IncidentReportFactory(side_effect=effect, known_at=began())
    patient, use = booking.plan.patient, effect.session.cartridge_uses.get()

    told = as_alice.get(f"{URL}{report.pk}/filled-in/").json()
    printed = client_of(alice).get(
        reverse("admin:treatment_sessions_incidentreport_print_report", args=[report.pk])
    )

    assert told["event"]["where"] == booking.zone.name
    assert told["device"]["serial"] == booking.device.serial
    assert [one["lot"] for one in told["cartridges"]] == [use.lot.lot]
    assert told["treatment"]["zones"][0]["depth_mm"] == "1.50"
    assert told["patient"]["reference"] == str(patient.pk)
    assert patient.family_name not in f"{told}"
    page = printed.content.decode()
    assert "Pus on the cheek" in page
    assert use.lot.lot in page
    assert patient.family_name not in page


def test_it_is_a_file_to_send_as_pdf_and_as_json(
    as_alice: APIClient, alice: User, booking: Booking
) -> None:
    skip_without_pango()
    effect = severe(booking, note="Pus on the cheek", zone=booking.zone)
    report = IncidentReportFactory(side_effect=effect, known_at=began())
    page = "admin:treatment_sessions_incidentreport_"

    pdf, json = (
        client_of(alice).get(reverse(f"{page}{name}", args=[report.pk])) for name in ("pdf", "json")
    )

    said = inflated(pdf.content)
    assert b"/StructTreeRoot" in pdf.content + said
    assert pdf["Content-Type"] == "application/pdf"
    assert all("no-store" in answer["Cache-Control"] for answer in (pdf, json))
    assert json.json() == as_alice.get(f"{URL}{report.pk}/filled-in/").json()
    assert json["Content-Disposition"].startswith("attachment")


def test_it_is_settled_once_with_day_and_number_or_a_reason(
    as_alice: APIClient, booking: Booking
) -> None:
    Clinic.objects.update(jurisdiction="US")
    ReportingRuleFactory()
    severe(booking)
    report = IncidentReport.objects.get()
    today = timezone.localdate()
    sent = {"outcome": "SENT", "sent_on": f"{today}", "number": "FDA-4711"}
    url = f"{URL}{report.pk}/settle/"

    wrong = [
        as_alice.post(url, {**sent, **change})
        for change in (
            {"sent_on": None},
            {"number": " "},
            {"sent_on": f"{today + 2 * DAY}"},
            {"sent_on": f"{(began() - 2 * DAY).date()}"},
            {"outcome": "NOT_NEEDED"},
        )
    ]
    right, again = as_alice.post(url, sent), as_alice.post(url, sent)

    assert [(a.status_code, a.json()["errors"][0]["pointer"]) for a in wrong] == [
        *((422, "/sent_on"), (422, "/number"), (422, "/sent_on"), (422, "/sent_on")),
        (422, "/reason"),
    ]
    assert right.status_code == 200
    assert (again.status_code, again.json()["code"]) == (409, "report_settled")
    task = StaffTask.objects.get(kind="INCIDENT")
    assert (task.status, "FDA-4711" in task.done_note) == ("DONE", True)


@pytest.mark.parametrize(
    ("is_red_flag", "hours", "open_for", "severity"),
    [
        *((False, 72, 72 * HOUR, None), (False, 72, 73 * HOUR, "AMBER")),
        *((True, None, 7 * DAY, None), (True, None, 7 * DAY + HOUR, "RED")),
    ],
)
def test_what_is_open_too_long_becomes_a_task(
    booking: Booking,
    is_red_flag: bool,
    hours: int | None,
    open_for: timedelta,
    severity: str | None,
) -> None:
    clinical_rules()
    SideEffectExpectationFactory(
        kind="OEDEMA", is_red_flag=is_red_flag, expected_until_hours=hours, review_after_hours=hours
    )
    SideEffectFactory(
        session=booking.completed(began()),
        kind="OEDEMA",
        onset_at=this_hour() - open_for,
        is_expected=False,
    )

    raised = services.raise_overdue_side_effects(at=this_hour())

    assert raised == (0 if severity is None else 1)
    assert [task.severity for task in StaffTask.objects.all()] == ([severity] if severity else [])


def test_a_look_ends_the_task_and_puts_off_the_next_one(alice: User, booking: Booking) -> None:
    clinical_rules()
    SideEffectExpectationFactory(kind="OEDEMA", review_after_hours=72)
    effect = SideEffectFactory(
        session=booking.completed(began()), kind="OEDEMA", onset_at=began(), is_expected=False
    )

    def raised(at: datetime) -> int:
        return services.raise_overdue_side_effects(at=at)

    assert [raised(began() + 4 * DAY), raised(began() + 5 * DAY)] == [1, 0]
    services.note_side_effect(
        side_effect_id=effect.pk,
        grade=1,
        is_expected=False,
        note="Less",
        at=began() + 5 * DAY,
        by=alice,
    )
    task = StaffTask.objects.get()
    assert (task.status, task.done_note) == ("DONE", "Noted: grade 1. Less")
    assert [raised(began() + 12 * DAY), raised(began() + 12 * DAY + HOUR)] == [0, 1]
    services.resolve_side_effect(
        side_effect_id=effect.pk, resolution="Gone", at=began() + 13 * DAY, by=alice
    )
    assert StaffTask.objects.filter(status="OPEN").count() == 0
    assert raised(began() + 40 * DAY) == 0
