"""What is reported is kept, triaged at once, and put before a clinician in time."""

from datetime import UTC, datetime, time
from typing import Any

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from clinic.findings import Finding
from clinic.models import Clinic, User
from clinic.models.site import Weekday
from patients.models import StaffTask
from patients.services import finish_task
from patients.services.tasks import OutcomeMissing
from sessions import services
from sessions.models import CheckIn, TreatmentSession, TriageVersion
from sessions.safety.assessment import assess_session
from sessions.safety.loading.healing import unreviewed_reports
from sessions.services.record.healing.check_in import NoTriageRules
from sessions.services.record.healing.due import due_at
from sessions.services.record.healing.side_effects import NotBegun, OtherReport
from tests.admin.pages import client_of
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    ClinicFactory,
    ClosureFactory,
    OpeningHoursFactory,
    SessionFactory,
    TriageSignatureFactory,
    TriageVersionFactory,
)
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
URL = "/api/v1/check-ins/"


@kept
def session(booking: Booking) -> TreatmentSession:
    TriageSignatureFactory()
    return booking.completed()


def report(session: TreatmentSession, *, at: datetime = NINE + DAY, **answers: Any) -> CheckIn:
    answers = {"signs": [], **answers}
    return services.record_check_in(session_id=session.pk, at=at, by=None, **answers)


def open_tasks() -> list[str]:
    return [task.title.split(":")[0] for task in StaffTask.objects.open().order_by("id")]


def test_a_report_says_its_level_its_rules_and_by_which_version(session: TreatmentSession) -> None:
    check_in = report(session, signs=["pus"])

    assert (check_in.level, check_in.day, check_in.is_draft) == ("RED", 1, False)
    assert check_in.fired == [{"code": "T07", "name": "infection", "level": "RED"}]
    assert CheckIn.objects.get().clinic_id == session.clinic_id
    assert open_tasks() == ["RED, day 1"]


def test_words_are_read_like_ticks(session: TreatmentSession) -> None:
    assert report(session, words="Hay pus en la mejilla").level == "RED"
    assert report(session, words="No hay pus").level == "GREEN"


def test_the_day_is_counted_on_the_clinics_clock(session: TreatmentSession) -> None:
    zone = session.clinic.zone
    evening = datetime.combine(NINE.astimezone(zone).date(), time(23, 59), tzinfo=zone)

    assert report(session, at=evening).day == 0
    assert report(session, at=evening + HOUR / 60).day == 1


def test_a_better_report_finishes_no_task_and_a_second_red_one_makes_no_second(
    session: TreatmentSession,
) -> None:
    report(session, signs=["pus"])
    report(session, signs=["pus"], at=NINE + 2 * DAY)
    report(session, at=NINE + 3 * DAY)

    assert open_tasks() == ["RED, day 1"]


def test_a_page_that_only_lacks_its_answer_has_a_task_until_the_answer_comes(
    catalogue: None, booking: Booking
) -> None:
    TriageSignatureFactory(version=TriageVersion.objects.get())
    session = booking.completed()

    first = report(session, signs=None)
    assert open_tasks() == ["AMBER, day 1"]
    services.record_check_in(session_id=session.pk, at=NINE + DAY, by=None, report=first, signs=[])

    assert open_tasks() == []


def test_the_task_of_a_reply_counts_by_its_severity(session: TreatmentSession) -> None:
    report(session, signs=["pus"], source="inbound:twilio:SM1")

    assert [task.severity for task in unreviewed_reports(session)] == ["RED"]


def test_half_a_form_counts_and_the_next_page_keeps_what_was_answered(
    session: TreatmentSession,
) -> None:
    first = report(session, signs=["pus"], feeling="SAME")
    second = services.record_check_in(
        session_id=session.pk, at=NINE + DAY, by=None, report=first, pain=3
    )
    third = services.record_check_in(
        session_id=session.pk, at=NINE + DAY, by=None, report=second, itch=2
    )

    assert (third.signs, third.pain, third.itch, third.feeling) == (["pus"], 3, 2, "SAME")
    assert second.report == third.report == first
    assert CheckIn.objects.count() == 3


def test_what_was_known_before_is_compared_over_reports_and_not_over_pages(
    catalogue: None, booking: Booking
) -> None:
    session = booking.completed()
    first = report(session, pain=1)
    page = services.record_check_in(
        session_id=session.pk, at=NINE + DAY, by=None, report=first, pain=4
    )
    later = report(session, pain=None, at=NINE + DAY + HOUR)
    last = report(session, pain=6, at=NINE + DAY + 2 * HOUR)

    assert (page.level, later.level) == ("GREEN", "GREEN")
    assert [one["code"] for one in last.fired if one["level"] == "RED"] == ["T11"]


def test_unknown_is_not_no_and_a_draft_is_read_by_a_person(
    catalogue: None, booking: Booking
) -> None:
    session = booking.completed()

    calm = report(session)
    unasked = report(session, signs=None)

    assert (calm.level, calm.is_draft) == ("GREEN", True)
    assert [one["code"] for one in unasked.fired] == ["T32"]
    assert open_tasks() == ["AMBER (draft rules), day 1"]


def test_a_report_of_another_session_or_before_the_visit_or_without_rules_is_refused(
    booking: Booking,
) -> None:
    session = booking.completed()
    with pytest.raises(NoTriageRules):
        report(session)
    TriageVersionFactory()
    with pytest.raises(NotBegun):
        report(SessionFactory())
    with pytest.raises(OtherReport):
        report(booking.completed(NINE + 60 * DAY), report=report(session), at=NINE + 61 * DAY)


@pytest.fixture
def open_clinic() -> Clinic:
    """Open on Monday to Wednesday and Friday, 9 to 12 and 14 to 18."""
    clinic = ClinicFactory(time_zone="Europe/Berlin")
    clinic.opening_hours.all().delete()
    for weekday in (Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.FRIDAY):
        for opens, closes in ((9, 12), (14, 18)):
            OpeningHoursFactory(
                clinic=clinic, weekday=weekday, opens_at=time(opens), closes_at=time(closes)
            )
    return clinic


def berlin(day: int, hour: int, minute: int = 0) -> datetime:
    """January 2030, where Berlin is an hour ahead of UTC; the 7th is a Monday."""
    return datetime(2030, 1, day, hour - 1, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("level", "at", "due"),
    [
        ("EMERGENCY", berlin(12, 23), berlin(12, 23)),
        ("RED", berlin(7, 9), berlin(7, 11)),
        ("RED", berlin(7, 10), berlin(7, 12)),
        ("RED", berlin(7, 11), berlin(7, 15)),
        ("RED", berlin(7, 6), berlin(7, 11)),
        ("RED", berlin(7, 16), berlin(7, 18)),
        ("RED", berlin(7, 16, 1), berlin(8, 1) - HOUR),
        ("RED", berlin(12, 9), berlin(13, 1) - HOUR),
        ("AMBER", berlin(7, 9), berlin(8, 18)),
        ("AMBER", berlin(11, 9), berlin(14, 18)),
        ("AMBER", berlin(12, 9), berlin(14, 18)),
        ("AMBER", berlin(9, 9), berlin(11, 18)),
    ],
)
def test_a_level_is_due_by_the_opening_hours(
    open_clinic: Clinic, level: str, at: datetime, due: datetime
) -> None:
    assert due_at(level, clinic=open_clinic, at=at) == due


def test_a_closed_day_is_no_working_day_and_without_hours_it_is_tomorrow(
    open_clinic: Clinic,
) -> None:
    ClosureFactory(clinic=open_clinic, starts_at=berlin(8, 9), ends_at=berlin(8, 18))

    assert due_at("AMBER", clinic=open_clinic, at=berlin(7, 9)) == berlin(9, 18)
    open_clinic.opening_hours.all().delete()
    assert due_at("AMBER", clinic=open_clinic, at=berlin(7, 9)) == berlin(9, 1) - HOUR


def test_staff_record_and_read_reports_over_http(
    session: TreatmentSession, as_alice: APIClient, as_bob: APIClient
) -> None:
    body = {"session": str(session.pk), "signs": ["pus"], "pain": 4, "words": "since noon"}

    made = as_alice.post(URL, body)

    assert made.status_code == 201, made.json()
    assert (made.json()["level"], made.json()["fired"][0]["code"]) == ("RED", "T07")
    listed = as_alice.get(URL, {"session": str(session.pk), "level": ["RED"]}).json()["results"]
    assert [row["id"] for row in listed] == [made.json()["id"]]
    assert as_alice.get(URL, {"level": "GREEN"}).json()["results"] == []
    assert as_bob.post(URL, body).status_code == 400
    for wrong in ({"pain": 11}, {"signs": ["unicorns"]}, {"feeling": "SO_SO"}):
        refused = as_alice.post(URL, {**body, **wrong})
        assert refused.status_code == 400
        assert next(iter(wrong)) in refused.json()["errors"][0]["pointer"]


def test_in_the_admin_nothing_ticked_is_not_asked_unless_it_is_said(
    session: TreatmentSession, alice: User
) -> None:
    page = reverse("admin:treatment_sessions_checkin_add")
    browser = client_of(alice)

    browser.post(page, {"session": str(session.pk), "words": "called"})
    browser.post(page, {"session": str(session.pk), "none_of_these": "on"})
    both = {"session": str(session.pk), "none_of_these": "on", "signs": ["pus"]}
    refused = browser.post(page, both).content.decode()

    assert [row.signs for row in CheckIn.objects.order_by("id")] == [None, []]
    assert "excludes the others" in refused


def test_the_next_session_waits_until_a_red_report_has_its_outcome(
    session: TreatmentSession, booking: Booking
) -> None:
    report(session, signs=["pus"])
    later = booking.book(NINE + 60 * DAY)
    task = StaffTask.objects.get()
    waiting = [one for one in found(later) if one.code == "unreviewed_report"]

    with pytest.raises(OutcomeMissing):
        finish_task(task_id=task.pk, at=NINE + DAY, by=booking.practitioner, note=" ")
    finish_task(task_id=task.pk, at=NINE + DAY, by=booking.practitioner, note="Drained, culture.")

    assert [(one.severity, one.overridable_by) for one in waiting] == [("BLOCK", ())]
    assert "unreviewed_report" not in [one.code for one in found(later)]


def test_what_is_amber_needs_a_practitioners_reason(catalogue: None, booking: Booking) -> None:
    report(booking.completed(), words="a question")

    (waiting,) = [
        one for one in found(booking.book(NINE + 60 * DAY)) if one.code == "unreviewed_report"
    ]

    assert (waiting.severity, waiting.overridable_by) == ("WARN", ("PRACTITIONER",))


def found(session: TreatmentSession) -> list[Finding]:
    return [entry.finding for entry in assess_session(session, at=session.starts_at)]
