"""A patient books by its link what a letter asks for, by the rules of the desk."""

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from aftercare.models import Anchor, Message, MessageStatus
from aftercare.pages.times import book as book_page
from aftercare.pages.times.free_times import CHOICES_A_DAY, OFFERED
from aftercare.services.next_visit import BOOKED_BY_PATIENT
from clinic.catalogue import read
from patients.models import StaffTask
from sessions.lifecycle import Status
from sessions.models import SessionEvent, TreatmentPlan, TreatmentSession, VisitType
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CareStepFactory,
    MessageFactory,
    PlanFactory,
    ScreeningAnswerFactory,
    ScreeningFactory,
    ScreeningRuleFactory,
    SessionFactory,
    SideEffectFactory,
    TimeOffFactory,
    UserFactory,
)
from tests.replies.pages import get, post, url
from tests.replies.test_move_page import offered

pytestmark = pytest.mark.django_db

NEXT: dict[str, Any] = {"from_next_window": True, "next_session_booked": False, "offset": -DAY}
LATE: dict[str, Any] = {
    "anchor": Anchor.LAST_SESSION,
    "asks_for": "outcome-90d",
    "offset": 90 * DAY,
}
# Of a clinic that has its work looked at, and lets patients book that.
LOOK: dict[str, Any] = {"anchor": Anchor.COMPLETED, "asks_for": "check", "offset": 20 * DAY}
OPENS = {"treatment": 28, "outcome-90d": 75, "check": 20}  # days after the last session
CALL = 'class="button" href="tel:'
CHOOSE = 'book/">Choose a time</a>'


def letter(booking: Booking, step: dict[str, Any], **changes: Any) -> Message:
    """Of a session that is over, at a clinic that offers what a new one does."""
    if step is LATE:
        booking.plan.planned_sessions = 1
        booking.plan.save()
    shared = {name: getattr(booking, name) for name in ("practitioner", "room", "device")}
    done = SessionFactory(plan=booking.plan, status=Status.COMPLETED, **shared)
    return MessageFactory(
        session=done,
        step=CareStepFactory(**step),
        status=MessageStatus.SENT,
        sent_at=NINE + HOUR,
        **changes,
    )


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_page, "timezone", SimpleNamespace(now=lambda: NINE + 20 * DAY))


@pytest.fixture(params=[NEXT, LATE, LOOK], ids=list(OPENS))
def asking(request: pytest.FixtureRequest, booking: Booking) -> Message:
    VisitType.objects.filter(code=request.param.get("asks_for", "")).update(patient_may_book=True)
    return letter(booking, request.param)


def visits(message: Message) -> Any:
    """What the patient has besides what the letter follows on."""
    rows = TreatmentSession.objects.filter(patient=message.patient_id)
    return rows.exclude(pk=message.session_id).order_by("starts_at", "area")


def first_time(message: Message) -> datetime:
    return datetime.fromisoformat(offered(get(message, "book/"))[0])


def test_six_times_that_suit_the_skin_are_offered_and_one_is_booked_once(asking: Message) -> None:
    code = asking.step.asks_for or "treatment"
    assert CHOOSE in get(asking)
    times = offered(get(asking, "book/"))
    assert len(times) == OFFERED
    assert datetime.fromisoformat(times[0]).date() == NINE.date() + OPENS[code] * DAY
    assert offered(get(asking, f"book/?from={times[-1][:10]}"))[0] >= times[-1][:10]
    assert min(offered(get(asking, "book/?from=2030-01-01"))) == times[0]

    codes = [post(asking, "book/", starts_at=time).status_code for time in (times[0], *times[:2])]

    assert codes == [303] * 3
    visit = visits(asking).get()
    assert (visit.visit_type.code, visit.status) == (code, Status.BOOKED)
    assert visit.starts_at.isoformat() == times[0]
    assert visit.practitioner_id == asking.session.practitioner_id
    event = SessionEvent.objects.get(session=visit)
    assert (event.by, event.reason) == (None, BOOKED_BY_PATIENT)
    assert "confirm/" in get(asking)  # the letter's link leads to the visit from now on
    assert post(asking, "confirm/").status_code == 303
    assert visits(asking).get().status == Status.CONFIRMED


def test_every_shipped_letter_that_asks_for_a_visit_leads_to_one_that_can_be_booked() -> None:
    """By its link, or else by what it says: a recall asks to be written to."""
    root = Path(settings.BASE_DIR)
    kinds = {row["code"]: row for row in read(root / "sessions/catalogue/visit_types.yaml")}
    asking = [
        step
        for step in read(root / "aftercare/catalogue/steps.yaml")
        if step.get("asks_for") or step.get("from_next_window")
    ]

    for step in asking:
        kind = kinds[step.get("asks_for", "treatment")]
        assert kind["patient_may_book"], step["code"]
        if kind.get("counted_from"):
            days = int(step["offset"].split()[0])
            assert kind["window_from_days"] <= days <= kind["window_until_days"], step["code"]
    assert {step["code"] for step in asking} == {"book-next", "outcome-90d", "outcome-180d"}


def test_a_clinic_that_wants_a_call_gets_one(asking: Message) -> None:
    VisitType.objects.update(patient_may_book=False)

    assert CALL in get(asking)
    assert CHOOSE not in get(asking)
    assert post(asking, "book/", starts_at=(NINE + 80 * DAY).isoformat()).status_code == 303
    assert not visits(asking)


def test_what_is_booked_is_shown_and_what_was_cancelled_can_be_booked_anew(
    asking: Message,
) -> None:
    post(asking, "book/", starts_at=first_time(asking).isoformat())
    assert post(asking, "cancel/").status_code == 303
    assert CHOOSE in get(asking)

    assert post(asking, "book/", starts_at=first_time(asking).isoformat()).status_code == 303

    assert [visit.status for visit in visits(asking)].count(Status.BOOKED) == 1


@pytest.mark.parametrize(
    ("starts_at", "code"),
    [
        ("", 400),
        ("2030-99-99T00:00:00+00:00", 400),
        ((NINE + 27 * DAY).isoformat(), 409),  # the skin is not ready
        ((NINE + 40 * DAY + HOUR / 7).isoformat(), 409),  # between two starts of the grid
    ],
)
def test_what_is_no_free_time_books_nothing(booking: Booking, starts_at: str, code: int) -> None:
    asking = letter(booking, NEXT)
    assert post(asking, "book/", starts_at=starts_at).status_code == code
    assert post(asking, "book/", form="x", starts_at=starts_at).status_code == 403
    assert not visits(asking)


def test_a_time_that_was_just_taken_leads_to_others(booking: Booking) -> None:
    asking = letter(booking, NEXT)
    start = first_time(asking)
    other = PlanFactory(patient__clinic=booking.plan.clinic, protocol=booking.plan.protocol)
    booking.book(start, plan=other)

    answer = post(asking, "book/", starts_at=start.isoformat())

    assert answer.status_code == 409
    assert b"no longer free" in answer.content
    assert start.isoformat() not in offered(answer.content.decode())
    assert not visits(asking)


def test_another_practitioner_is_offered_where_their_own_is_away(booking: Booking) -> None:
    asking = letter(booking, NEXT)
    UserFactory(clinic=booking.plan.clinic)
    TimeOffFactory(practitioner=booking.practitioner, starts_at=NINE, ends_at=NINE + 90 * DAY)

    assert post(asking, "book/", starts_at=first_time(asking).isoformat()).status_code == 303
    assert visits(asking).get().practitioner != booking.practitioner


def test_what_a_person_has_to_look_at_first_is_a_call(booking: Booking) -> None:
    asking = letter(booking, NEXT)
    start = first_time(asking)
    SideEffectFactory(session=asking.session, grade=3)

    answer = post(asking, "book/", starts_at=start.isoformat())

    assert answer.status_code == 409
    assert b"We need to speak with you" in answer.content
    assert not visits(asking)


def test_three_choices_a_day_are_enough(booking: Booking) -> None:
    asking = letter(booking, NEXT)
    codes = []
    for _ in range(CHOICES_A_DAY + 1):
        codes.append(post(asking, "book/", starts_at=first_time(asking).isoformat()).status_code)
        if codes[-1] == 303:
            post(asking, "cancel/")

    assert codes == [303] * CHOICES_A_DAY + [429]


def test_areas_of_one_sitting_are_booked_together_when_the_slower_one_is_ready(
    booking: Booking,
) -> None:
    asking = letter(booking, NEXT)
    neck: TreatmentPlan = PlanFactory(patient=booking.plan.patient)
    done = asking.session
    shared = ("practitioner", "room", "device", "occupied_from", "ends_at", "released_at")
    further = {name: getattr(done, name) for name in shared}
    SessionFactory(plan=neck, sitting=done, status=Status.COMPLETED, **further)

    post(asking, "book/", starts_at=first_time(asking).isoformat())

    lead, area = sorted(
        visits(asking).filter(status=Status.BOOKED), key=lambda row: row.sitting_id is not None
    )
    assert (lead.plan, area.plan, area.sitting_id) == (booking.plan, neck, lead.pk)
    assert "confirm/" in get(asking)


def test_a_window_that_has_closed_and_a_course_that_is_over_are_a_call(
    booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = letter(booking, LATE)
    over = MessageFactory(session=late.session, step=CareStepFactory(**NEXT))
    assert Client().get(url(over, "book/")).status_code == 303  # the plan has no sessions left
    for days, code in ((120, 200), (121, 303)):
        clock = SimpleNamespace(now=lambda days=days: NINE + days * DAY)
        monkeypatch.setattr(book_page, "timezone", clock)
        assert Client().get(url(late, "book/")).status_code == code


def test_a_washout_is_waited_for(booking: Booking) -> None:
    asking = letter(booking, NEXT)
    ends = NINE.date() + 50 * DAY
    ScreeningAnswerFactory(
        screening=ScreeningFactory(patient=asking.patient, taken_at=NINE + 19 * DAY),
        rule=ScreeningRuleFactory(
            asks_last_exposure=True, washout_days=40, severity="WARN", scope="GLOBAL"
        ),
        answer=True,
        last_exposure_on=ends - 40 * DAY,
    )

    assert first_time(asking).date() == ends


def test_who_finds_no_time_writes_to_the_desk(asking: Message) -> None:
    refused = post(asking, "change/", text="")
    assert refused.status_code == 400
    assert 'name="starts_at"' in refused.content.decode()

    answer = post(asking, "change/", text="Only on Friday afternoons")

    assert "We will contact you about a time." in get(asking, answer["Location"].split("/", 3)[3])
    assert StaffTask.objects.get().title == f"Wants to book: {asking.patient}"
