"""The reports of a month: counted by hand, filtered, and as CSV."""

from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from aftercare.admin.reports.page import reminders
from clinic.models import Clinic, Role, User
from sessions.admin.figures.reports import month_after, months_until
from sessions.figures.pictures import bars
from sessions.figures.rows.reports import (
    Period,
    side_effects,
    stock,
    use_of_hours,
    visits_by_month,
)
from sessions.lifecycle import Status
from tests.admin.pages import client_of
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CareStepFactory,
    CartridgeLotFactory,
    MessageFactory,
    SideEffectFactory,
    TimeOffFactory,
    UserFactory,
    VisitFactory,
)
from tests.support.words import visible

pytestmark = pytest.mark.django_db
REPORTS = reverse("reports")


def period(clinic: Clinic, practitioner: User | None = None) -> Period:
    """The month of NINE and the next."""
    month = NINE.astimezone(clinic.zone).date().replace(day=1)
    after = month_after(month)
    return Period(clinic, [month, after], month_after(after), practitioner)


def visit(clinic: Clinic, at: datetime, status: str, who: User, **values: Any) -> Any:
    return VisitFactory(
        patient__clinic=clinic, starts_at=at, status=status, practitioner=who, **values
    )


def test_visits_are_counted_by_what_became_of_them(clinic: Clinic, alice: User) -> None:
    other = UserFactory(clinic=clinic)
    visit(clinic, NINE, Status.NO_SHOW, alice)
    visit(clinic, NINE + 2 * HOUR, Status.BOOKED, alice)
    visit(clinic, NINE + 4 * HOUR, Status.CANCELLED, alice, is_late_cancel=True)
    visit(clinic, NINE + DAY, Status.CANCELLED, other)
    moved = visit(clinic, NINE + 2 * DAY, Status.CANCELLED, other)
    visit(clinic, NINE + 3 * DAY, Status.BOOKED, other, rescheduled_from=moved)
    visit(clinic, NINE - 40 * DAY, Status.NO_SHOW, other)

    now, after = visits_by_month(period(clinic))
    hers, _ = visits_by_month(period(clinic, alice))

    assert (now.booked, now.done, now.missed, now.cancelled, now.cancelled_late) == (5, 0, 1, 2, 1)
    assert (after.booked, after.share_missed) == (0, None)
    assert (hers.booked, hers.cancelled, hers.share_missed) == (3, 1, 1.0)


def test_reminders_are_held_against_what_became_of_the_visits(clinic: Clinic, alice: User) -> None:
    before = CareStepFactory(anchor="STARTS", offset=-DAY)
    expected = {"both": (2, 1), "reminded": (1, 1), "confirmed": (1, 0), "neither": (3, 2)}
    start = NINE
    for group, (number, missed) in expected.items():
        for place in range(number):
            start += HOUR
            status = Status.NO_SHOW if place < missed else Status.COMPLETED
            done = {} if place < missed else {"completed_at": start, "signed_by": alice}
            session = visit(clinic, start, status, alice, **done)
            if group in ("both", "reminded"):
                MessageFactory(session=session, step=before, status="SENT", sent_at=NINE)
            if group in ("both", "confirmed"):
                session.events.create(old_status="BOOKED", new_status="CONFIRMED", at=NINE)
    booked = visit(clinic, start + HOUR, Status.BOOKED, alice)
    MessageFactory(session=booked, step=before, status="SENT", sent_at=NINE)
    unsent = visit(clinic, start + 2 * HOUR, Status.NO_SHOW, alice)
    MessageFactory(session=unsent, step=before, status="FAILED", reason="x")

    table = reminders(period(clinic))

    assert [row[1:] for row in table.rows] == [
        *(["2", "1", "50"], ["1", "1", "100"], ["1", "0", "0"], ["4", "3", "75"])
    ]
    assert table.bars
    assert [bar.value for bar in table.bars.lines] == ["50", "100", "0", "75"]
    assert table.bars.lines[1].width == 2 * table.bars.lines[0].width


@pytest.mark.parametrize(
    ("title", "values", "widths"),
    [
        ("Used, %", [("a", "50"), ("b", "")], [110.0]),
        ("Per 100", [("a", "2.0"), ("b", "4.0"), ("c", "too few")], [110.0, 220.0]),
        ("Per 100", [("a", "0.0")], [0.0]),
        ("Used, %", [("a", "150")], [220.0]),
        ("Used, %", [("a", "too few")], None),
        ("Used, %", [("a", "1")] * 25, None),
    ],
)
def test_what_is_a_number_is_drawn_on_one_scale(
    title: str, values: list[tuple[str, str]], widths: list[float] | None
) -> None:
    drawn = bars(title, values)

    assert (drawn and [bar.width for bar in drawn.lines]) == widths


def test_the_hours_are_those_that_bookings_are_made_by(clinic: Clinic, alice: User) -> None:
    (full,) = [one for one in use_of_hours(period(clinic)) if one.month.month == NINE.month]
    TimeOffFactory(practitioner=alice, starts_at=NINE, ends_at=NINE + 2 * HOUR)
    visit(clinic, NINE + 4 * HOUR, Status.BOOKED, alice, ends_at=NINE + 5 * HOUR)
    visit(clinic, NINE + 6 * HOUR, Status.CANCELLED, alice, ends_at=NINE + 7 * HOUR)

    (used,) = [one for one in use_of_hours(period(clinic)) if one.month.month == NINE.month]

    assert full.hours > 100
    assert full.hours - used.hours == pytest.approx(2)
    assert used.booked == pytest.approx(1)
    assert used.share == pytest.approx(1 / used.hours)


def test_side_effects_are_said_per_hundred_and_not_of_a_handful(
    booking: Booking, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = booking.completed()
    SideEffectFactory(session=session, onset_at=NINE)
    SideEffectFactory(session=session, onset_at=NINE, kind="BRUISING")

    (harm,) = side_effects(period(clinic))
    assert (harm.treatments, harm.with_effect, harm.per_hundred) == (1, 1, None)
    assert (harm.protocol, str(harm.band)) == (str(booking.plan.protocol), "MEDIUM")

    monkeypatch.setattr("sessions.figures.rows.reports.FEWEST_OF_CELL", 1)
    assert harm.per_hundred == 100
    lots = {lot.lot: lot for lot in stock(period(clinic))}
    (used,) = [lot for lot in lots.values() if lot.used_then]
    assert used.left == used.quantity - 1


def months() -> dict[str, str]:
    """This month and the one before, as a form sends them."""
    now, before = months_until(timezone.localdate(), 2)
    return {"first": f"{before:%Y-%m}", "last": f"{now:%Y-%m}"}


def test_a_page_takes_as_many_statements_for_many_visits_as_for_one(
    clinic: Clinic, manager: User, alice: User
) -> None:
    client, counts = client_of(manager), []
    for number in (1, 20):
        for index in range(number):
            at = timezone.now() - index * timedelta(minutes=1)
            visit(clinic, at, Status.NO_SHOW, UserFactory(clinic=clinic))
        CartridgeLotFactory(clinic=clinic)
        client.get(REPORTS, months())
        with CaptureQueriesContext(connection) as caught:
            page = client.get(REPORTS, months())
        counts.append(len(caught))

    assert counts[0] == counts[1]
    assert counts[0] <= 15
    assert "Use of hours" in visible(page)


@pytest.mark.parametrize("code", ["visits", "reminders", "hours", "side-effects", "stock"])
def test_a_table_is_given_as_csv_without_formulas(
    clinic: Clinic, manager: User, booking: Booking, code: str
) -> None:
    CartridgeLotFactory(clinic=clinic, lot="=1+1", expires_on=date(2035, 1, 31))

    answer = client_of(manager).get(REPORTS, months() | {"csv": code})

    text = answer.content.decode("utf-8-sig")
    assert answer["Content-Type"].startswith("text/csv")
    assert f'filename="{code}-' in answer["Content-Disposition"]
    if code == "stock":
        assert "'=1+1" in text


def test_all_tables_are_given_as_a_workbook_with_numbers_and_without_formulas(
    clinic: Clinic, manager: User
) -> None:
    CartridgeLotFactory(clinic=clinic, lot="=1+1", quantity=40, expires_on=date(2035, 1, 31))

    answer = client_of(manager).get(REPORTS, months() | {"xlsx": ""})

    assert answer["Content-Disposition"].endswith('.xlsx"')
    book = load_workbook(BytesIO(answer.content))
    assert book.sheetnames == ["Visits", "Reminders", "Use of hours", "Side effects", "Stock"]
    rows = list(book["Stock"].iter_rows(values_only=True))
    assert rows[0][:2] == ("Device model", "Lot")
    assert rows[1][1] == "'=1+1"
    assert rows[1][3] == 40


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"first": "2026-13"}, "first"),
        ({"last": "0001-01"}, "last"),
        ({"practitioner": "nobody"}, "practitioner"),
        ({"clinic": "nobody"}, "clinic"),
        ({"first": "1", "csv": "stock"}, "first"),
    ],
)
def test_what_cannot_be_asked_is_said_at_its_field(
    manager: User, asked: dict[str, str], field: str
) -> None:
    page: Any = client_of(manager).get(REPORTS, months() | asked)

    assert page.status_code == 200
    assert field in page.context_data["form"].errors


def test_the_last_month_is_not_before_the_first_and_a_year_is_the_most(manager: User) -> None:
    newest, oldest = (f"{day:%Y-%m}" for day in months_until(timezone.localdate(), 14)[::13])
    for first, last in ((newest, oldest), (oldest, newest)):
        page: Any = client_of(manager).get(REPORTS, {"first": first, "last": last})
        assert "last" in page.context_data["form"].errors


def test_only_who_sees_figures_sees_reports_and_only_of_their_clinics(
    clinic: Clinic, bob: User
) -> None:
    for role in (Role.RECEPTIONIST, Role.AUDITOR, Role.ADMIN):
        assert client_of(UserFactory(role=role, clinic=clinic)).get(REPORTS).status_code == 403
    page: Any = client_of(bob).get(REPORTS, {"clinic": str(clinic.pk)})
    assert "clinic" in page.context_data["form"].errors
