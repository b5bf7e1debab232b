"""For whom a step is, what a change of the sequence does, and which channel is used."""

from datetime import datetime, time, timedelta
from typing import Any

import pgtrigger
import pytest
from django.core.exceptions import ValidationError

from aftercare import services
from aftercare.models import Anchor, CareStep, ChannelPolicy, Message, MessageStatus
from aftercare.planning import plan as planning
from aftercare.planning.plan import Replan, replan
from aftercare.signals import message_ended
from clinic.models import User
from patients.models import Channel, ContactConsent, Patient
from sessions.lifecycle import PlanStatus, Status
from sessions.models import ProductKind, TreatmentPlan, TreatmentSession
from sessions.services import Decider, move_plan
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    SENDING,
    CareStepFactory,
    ContactConsentFactory,
    MessageFactory,
    PatientFactory,
    PlanFactory,
    ProductFactory,
    ProductUseFactory,
    ProtocolFactory,
    SessionFactory,
    TemplateFactory,
    ZoneFactory,
    ZoneTreatmentFactory,
)
from tests.support.doubles import HttpGateway, SmtpServer

pytestmark = pytest.mark.django_db


def outbox(**wanted: Any) -> list[tuple[str, str, str]]:
    rows = Message.objects.filter(**wanted).order_by("step__code", "channel", "occurrence")
    return list(rows.values_list("step__code", "channel", "status"))


def agrees(patient: Patient, *channels: str, purpose: str = "CARE") -> None:
    for channel in channels:
        ContactConsentFactory(patient=patient, channel=channel, purpose=purpose)


def done(**details: Any) -> TreatmentSession:
    """A completed session, straight into the table."""
    return SessionFactory(status=Status.COMPLETED, **details)


def plan_after(session: TreatmentSession, at: datetime = NINE) -> None:
    planning.plan_messages(
        session=session,
        anchors=[Anchor.COMPLETED, Anchor.LAST_SESSION],
        at=session.completed_at or at,
    )


# --- conditions --------------------------------------------------------------------------------


@pytest.mark.parametrize(("skin_type", "planned"), [(3, 0), (4, 1), (6, 1), (None, 0)])
def test_some_steps_are_for_some_skin_types(skin_type: int | None, planned: int) -> None:
    CareStepFactory(skin_types=[4, 5, 6])

    plan_after(done(plan__patient__skin_type=skin_type))

    assert Message.objects.count() == planned


@pytest.mark.parametrize(("treated", "planned"), [("nose", 1), ("chin", 0), (None, 0)])
def test_some_steps_are_for_some_zones(treated: str | None, planned: int) -> None:
    CareStepFactory(zones=["nose", "cheeks"])
    session = done()
    if treated:
        with pgtrigger.ignore("treatment_sessions.ZoneTreatment:locked_once_signed"):
            zone = ZoneFactory(area=session.area, code=treated)
            ZoneTreatmentFactory(session=session, zone=zone)

    plan_after(session)

    assert Message.objects.count() == planned


@pytest.mark.parametrize("used", [True, False])
@pytest.mark.parametrize("wanted", [True, False, None])
def test_some_steps_are_for_numbed_skin(used: bool, wanted: bool | None) -> None:
    CareStepFactory(anaesthetic_used=wanted)
    session = done()
    if used:
        with pgtrigger.ignore("treatment_sessions.ProductUse:locked_once_signed"):
            ProductUseFactory(session=session, product=ProductFactory(kind=ProductKind.ANAESTHETIC))

    plan_after(session)

    assert Message.objects.count() == (wanted in (None, used))


def test_a_step_of_the_protocol_takes_the_place_of_the_general_one(booking: Booking) -> None:
    CareStepFactory(code="check", offset=DAY)
    CareStepFactory(code="check", offset=9 * DAY, protocol=ProtocolFactory())
    own = CareStepFactory(code="check", offset=2 * DAY, protocol=booking.plan.protocol)

    session = booking.completed()

    message = Message.objects.get()
    assert (message.step, message.due_at) == (own, NINE + 2 * DAY)
    own.is_active = False
    assert replan(own, at=NINE) == Replan(cancelled=1)
    own.save()
    replan(own, at=NINE)
    assert outbox(session=session) == [("check", "EMAIL", "CANCELLED")]


def test_what_no_longer_fits_at_the_last_moment_is_not_sent(
    booking: Booking, smtp: SmtpServer
) -> None:
    """The conditions are asked again when it is due, whatever changed them."""
    from aftercare.dispatch import run as dispatch

    step = CareStepFactory(skin_types=[3])
    TemplateFactory(step=step)
    agrees(booking.plan.patient, "EMAIL")
    booking.completed()
    Patient.objects.update(skin_type=2)

    dispatch.send_due(clock=lambda: NINE)

    message = Message.objects.get()
    assert (message.status, message.reason) == (
        "CANCELLED",
        "no longer fits: it is for other skin types",
    )
    assert smtp.accepted == []


# --- the course of a plan ----------------------------------------------------------------------


@pytest.fixture
def course(booking: Booking) -> Booking:
    CareStepFactory(
        code="book-next",
        offset=-DAY,
        from_next_window=True,
        useful_for=21 * DAY,
        next_session_booked=False,
    )
    CareStepFactory(code="recall", anchor=Anchor.LAST_SESSION, offset=365 * DAY, purpose="RECALL")
    CareStepFactory(code="missed", anchor=Anchor.MISSED, next_session_booked=False)
    return booking


def test_the_next_session_is_proposed_when_its_window_opens(course: Booking) -> None:
    course.completed()

    due = dict(Message.objects.values_list("step__code", "due_at"))
    assert due == {"book-next": NINE + 27 * DAY, "recall": NINE + 365 * DAY}


def test_a_booking_withdraws_what_asks_for_one_and_its_cancellation_brings_it_back(
    course: Booking,
) -> None:
    course.completed()

    later = course.book(NINE + 35 * DAY, at=NINE + DAY)
    withdrawn = outbox()
    course.move(later, Status.CANCELLED, at=NINE + 2 * DAY)

    assert withdrawn == [("book-next", "EMAIL", "CANCELLED"), ("recall", "EMAIL", "CANCELLED")]
    reasons = set(Message.objects.filter(occurrence=1).values_list("reason", flat=True))
    assert reasons == {"no longer fits: another session is booked"}
    assert outbox(occurrence=2) == [
        ("book-next", "EMAIL", "PENDING"),
        ("recall", "EMAIL", "PENDING"),
    ]


def test_what_somebody_cancelled_by_hand_does_not_come_back(course: Booking, alice: User) -> None:
    course.completed()
    by_hand = Message.objects.get(step__code="recall")
    services.cancel_message(message_id=by_hand.pk, at=NINE, by=alice)

    later = course.book(NINE + 35 * DAY, at=NINE + DAY)
    course.move(later, Status.CANCELLED, at=NINE + 2 * DAY)

    assert outbox(step__code="recall") == [("recall", "EMAIL", "CANCELLED")]


def test_after_a_later_session_only_that_one_is_the_last(course: Booking) -> None:
    first = course.completed()
    second = course.completed(NINE + 35 * DAY)

    assert outbox(session=first, status="PENDING") == []
    assert outbox(session=second) == [
        ("book-next", "EMAIL", "PENDING"),
        ("recall", "EMAIL", "PENDING"),
    ]


def test_no_next_session_is_proposed_once_the_plan_has_none_left(course: Booking) -> None:
    TreatmentPlan.objects.update(planned_sessions=1)

    course.completed()

    assert outbox() == [("recall", "EMAIL", "PENDING")]


def test_a_stopped_plan_is_followed_by_nothing(course: Booking, alice: User) -> None:
    from aftercare.planning import conditions

    course.completed()
    move_plan(
        plan_id=course.plan.pk,
        to=PlanStatus.STOPPED,
        decider=Decider(at=NINE, by=alice, reason="Moved.", rest="KEEP"),
    )

    for message in Message.objects.select_related("step", "session", "patient"):
        assert conditions.unmet_now(message), message


def test_somebody_who_did_not_come_is_asked_for_a_new_time(course: Booking) -> None:
    session = course.book()

    course.move(session, Status.NO_SHOW, at=NINE + HOUR)

    message = Message.objects.get()
    assert (message.step.code, message.status, message.due_at) == ("missed", "PENDING", NINE + HOUR)
    course.book(NINE + 7 * DAY, at=NINE + 2 * HOUR)
    assert outbox(step__code="missed") == [("missed", "EMAIL", "CANCELLED")]


@pytest.mark.parametrize("sessions", [1, 4])
def test_following_a_plan_takes_a_fixed_number_of_queries(
    course: Booking, sessions: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(sessions):
        last = course.completed(NINE + number * 35 * DAY)

    with django_assert_max_num_queries(14):
        known = planning.look_up(last, [])
        planning.follow_course(session=last, at=last.completed_at or NINE, known=known)


# --- changing the sequence ---------------------------------------------------------------------


@pytest.fixture
def waiting(db: None) -> CareStep:
    """A step with a message in each of these states, each of a session of its own."""
    step = CareStepFactory(offset=3 * DAY, useful_for=2 * DAY)
    kinds: list[dict[str, Any]] = [
        {},
        {},
        {"status": MessageStatus.SENT, "sent_at": NINE},
        {"status": MessageStatus.CANCELLED, "reason": "cancelled by dana"},
        {"attempts": 2},
        {"status": MessageStatus.CLAIMED, "worker": "w", "lease_until": NINE + HOUR},
    ]
    for number, details in enumerate(kinds):
        starts_at = NINE - DAY - number * HOUR
        session = done(starts_at=starts_at)
        due = (session.completed_at or NINE) + 3 * DAY
        MessageFactory(session=session, step=step, due_at=due, expires_at=due + 2 * DAY, **details)
    return step


def states() -> list[tuple[Any, ...]]:
    names = ("id", "status", "due_at", "expires_at", "reason", "attempts", "channel")
    return list(Message.objects.order_by("id").values_list(*names))


def test_a_change_moves_what_waits_and_nothing_else(waiting: CareStep) -> None:
    before = states()
    waiting.offset = 4 * DAY

    told = replan(waiting, at=NINE, dry_run=True)
    unchanged = states()
    made = replan(waiting, at=NINE)

    assert told == made == Replan(moved=2)
    assert unchanged == before
    moved = [(old, new) for old, new in zip(before, states(), strict=True) if old != new]
    assert [(new[2] - old[2], new[3] - old[3]) for old, new in moved] == [(DAY, DAY)] * 2
    assert not replan(waiting, at=NINE)


@pytest.mark.parametrize(("sooner", "moved"), [(timedelta(seconds=1), 1), (timedelta(0), 0)])
def test_what_is_due_is_not_put_off(sooner: timedelta, moved: int) -> None:
    """A worker may take it at this moment."""
    step = CareStepFactory(offset=DAY, useful_for=2 * DAY)
    session = done()
    due = (session.completed_at or NINE) + DAY
    MessageFactory(session=session, step=step, due_at=due, expires_at=due + 2 * DAY)
    step.offset, step.useful_for = DAY + HOUR, 2 * DAY - HOUR

    assert replan(step, at=due - sooner) == Replan(moved=moved)


def test_a_step_that_is_switched_off_and_on_withdraws_and_plans_anew(waiting: CareStep) -> None:
    waiting.is_active = False
    off = replan(waiting, at=NINE)
    waiting.is_active = True
    on = replan(waiting, at=NINE)

    assert (off, on) == (Replan(cancelled=2), Replan(new=2))
    assert Message.objects.filter(occurrence=2, status="PENDING").count() == 2
    assert Message.objects.filter(reason="no longer fits: the step is switched off").count() == 2


def test_a_new_step_is_planned_for_sessions_that_it_can_still_help() -> None:
    recent, old = done(starts_at=NINE - DAY), done(starts_at=NINE - 30 * DAY)
    SessionFactory(starts_at=NINE + DAY)
    step = CareStepFactory.build(code="new", offset=3 * DAY, useful_for=2 * DAY)

    told = replan(step, at=NINE, dry_run=True)
    step.save()
    made = replan(step, at=NINE)

    assert told == made == Replan(new=1)
    assert Message.objects.get().session == recent
    assert old.messages.count() == 0


def test_a_change_of_channels_replaces_what_waits(waiting: CareStep) -> None:
    waiting.channel_policy = ChannelPolicy.BOTH
    assert replan(waiting, at=NINE) == Replan(new=5 + 1)

    waiting.channel_policy = ChannelPolicy.SMS
    assert replan(waiting, at=NINE) == Replan(cancelled=2)


def test_a_tighter_condition_withdraws(waiting: CareStep) -> None:
    Patient.objects.update(skin_type=2)
    waiting.skin_types = [1]

    assert replan(waiting, at=NINE) == Replan(cancelled=2)


@pytest.mark.parametrize("anchor", Anchor.values)
def test_planning_and_replanning_agree_for_every_anchor(booking: Booking, anchor: str) -> None:
    """Planned by the moves of a session, nothing is left for a re-plan to do."""
    offset = -2 * DAY if anchor == Anchor.STARTS else 6 * HOUR
    step = CareStepFactory(anchor=anchor, offset=offset, useful_for=20 * DAY)
    match anchor:
        case Anchor.BOOKED | Anchor.STARTS:
            booking.book()
            at = NINE - 3 * DAY
        case Anchor.MISSED:
            booking.move(booking.book(), Status.NO_SHOW)
            at = NINE
        case Anchor.CANCELLED:
            at = NINE - DAY
            booking.move(booking.book(), Status.CANCELLED, at=at)
        case _:
            booking.completed()
            at = NINE
    assert Message.objects.filter(status="PENDING").count() == 1

    assert not replan(step, at=at, dry_run=True)
    step.is_active = False
    assert replan(step, at=at) == Replan(cancelled=1)
    step.is_active = True
    assert replan(step, at=at) == Replan(new=1)


def test_a_replan_reads_in_chunks_however_many_sessions(
    django_assert_max_num_queries: Any, monkeypatch: Any
) -> None:
    step = CareStepFactory(offset=3 * DAY, useful_for=9 * DAY, skin_types=[3], zones=[])
    for number in range(12):
        done(starts_at=NINE - DAY - number * 2 * HOUR)

    with django_assert_max_num_queries(10):
        assert replan(step, at=NINE, dry_run=True) == Replan(new=12)
    monkeypatch.setattr(planning, "CHUNK", 5)
    assert replan(step, at=NINE) == Replan(new=12)


# --- channels ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "agreed", "expected"),
    [
        ("EMAIL", [], ["EMAIL"]),
        ("SMS", [], ["SMS"]),
        ("BOTH", [], ["EMAIL", "SMS"]),
        ("EMAIL_ELSE_SMS", [], ["EMAIL"]),
        ("EMAIL_ELSE_SMS", ["EMAIL", "SMS"], ["EMAIL"]),
        ("EMAIL_ELSE_SMS", ["SMS"], ["SMS"]),
        ("SMS_ELSE_EMAIL", ["EMAIL", "SMS"], ["SMS"]),
        ("SMS_ELSE_EMAIL", ["EMAIL"], ["EMAIL"]),
    ],
)
def test_the_channel_follows_policy_and_consent(
    policy: str, agreed: list[str], expected: list[str]
) -> None:
    CareStepFactory(channel_policy=policy)
    session = done()
    agrees(session.patient, *agreed)

    plan_after(session)

    assert [channel for _, channel, _ in outbox()] == expected


def test_without_an_address_the_other_channel_is_used() -> None:
    CareStepFactory(channel_policy="EMAIL_ELSE_SMS")
    session = done(plan__patient__email="")
    agrees(session.patient, "EMAIL", "SMS")

    plan_after(session)

    assert [channel for _, channel, _ in outbox()] == ["SMS"]


def test_consent_counts_by_purpose() -> None:
    CareStepFactory(channel_policy="EMAIL_ELSE_SMS", purpose="RECALL")
    session = done()
    agrees(session.patient, "EMAIL")
    agrees(session.patient, "SMS", purpose="RECALL")

    plan_after(session)

    assert [channel for _, channel, _ in outbox()] == ["SMS"]


def test_what_can_no_longer_go_by_one_channel_goes_by_the_other_when_it_is_due(
    smtp: SmtpServer, gateway: HttpGateway
) -> None:
    """Consent to e-mail is withdrawn unheard after planning: the SMS takes its place, once."""
    from aftercare.dispatch import run as dispatch

    step = CareStepFactory(channel_policy="EMAIL_ELSE_SMS")
    for channel in Channel.values:
        TemplateFactory(step=step, channel=channel)
    session = done()
    agrees(session.patient, "EMAIL", "SMS")
    plan_after(session)
    word = ContactConsentFactory.build(patient=session.patient, channel="EMAIL", granted=False)
    ContactConsent.objects.bulk_create([word])  # past the receiver, which would plan again

    for _ in range(3):
        dispatch.send_due(clock=lambda: NINE + HOUR)

    assert outbox() == [
        (step.code, "EMAIL", "SUPPRESSED"),
        (step.code, "SMS", "SENT"),
    ]
    assert (len(smtp.accepted), len(gateway.json())) == (0, 1)


@pytest.mark.parametrize(
    ("policy", "agreed", "expires"),
    [
        ("BOTH", True, DAY),
        ("EMAIL", True, DAY),
        ("EMAIL_ELSE_SMS", False, DAY),
        ("EMAIL_ELSE_SMS", True, -HOUR),
        ("EMAIL_ELSE_SMS", True, 0 * HOUR),
    ],
)
def test_nothing_stands_in_where_it_may_not(policy: str, agreed: bool, expires: timedelta) -> None:
    step = CareStepFactory(channel_policy=policy)
    session = done()
    if agreed:  # before the message: a word that comes later plans again what waits
        agrees(session.patient, "SMS")
    message = MessageFactory(session=session, step=step, expires_at=NINE + expires, **SENDING)

    message.end(MessageStatus.SUPPRESSED, "no address", at=NINE)

    assert Message.objects.count() == 1


def test_the_two_channels_do_not_send_each_other_back_and_forth() -> None:
    step = CareStepFactory(channel_policy="EMAIL_ELSE_SMS")
    message = MessageFactory(step=step)
    agrees(message.patient, "EMAIL", "SMS")

    message.end(MessageStatus.FAILED, "550 no such user", at=NINE)
    Message.objects.get(channel="SMS").end(MessageStatus.FAILED, "unreachable", at=NINE)

    assert outbox() == [(step.code, "EMAIL", "FAILED"), (step.code, "SMS", "FAILED")]
    assert not replan(step, at=NINE)


def test_what_waits_on_the_second_channel_is_left_there_by_a_replan() -> None:
    step = CareStepFactory(channel_policy="EMAIL_ELSE_SMS", offset=DAY, useful_for=9 * DAY)
    session = done()
    agrees(session.patient, "SMS")
    due = (session.completed_at or NINE) + DAY
    first = MessageFactory(
        session=session, step=step, due_at=due, expires_at=due + 9 * DAY, **SENDING
    )
    first.end(MessageStatus.SUPPRESSED, "no consent", at=NINE)
    step.offset = 2 * DAY

    assert replan(step, at=NINE) == Replan(moved=1)
    assert outbox(status="PENDING") == [(step.code, "SMS", "PENDING")]


# --- too late ----------------------------------------------------------------------------------


def test_what_only_the_quiet_hours_make_too_late_is_expired_and_announced(
    booking: Booking,
) -> None:
    """Booked at ten in the evening for half past seven: nobody can be reminded any more."""
    clinic = booking.plan.clinic
    clinic.quiet_from, clinic.quiet_until = time(21), time(8)
    clinic.save()
    booking.plan.refresh_from_db()
    CareStepFactory(anchor=Anchor.STARTS, offset=-2 * HOUR, useful_for=HOUR)
    ended = []
    listen = lambda message, status, **_: ended.append((message.pk, status))  # noqa: E731
    message_ended.connect(listen, weak=False)
    try:
        session = booking.book(NINE - 2.5 * HOUR, at=NINE - 12 * HOUR)
    finally:
        message_ended.disconnect(listen)

    message = Message.objects.get()
    assert (message.session, message.status, message.reason) == (
        session,
        "EXPIRED",
        planning.MISSED,
    )
    assert ended == [(message.pk, "EXPIRED")]


# --- what a step may be ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"skin_types": [7]}, "skin_types"),
        ({"zones": ["elbow"]}, "zones"),
        ({"code": "Not a slug"}, "code"),
        ({"offset": None}, "offset"),
        ({"useful_for": timedelta(0)}, "__all__"),
        ({"offset": -HOUR}, "__all__"),
        ({"anchor": "STARTS", "from_next_window": True, "offset": -HOUR}, "__all__"),
    ],
)
def test_a_step_that_makes_no_sense_is_refused(details: Any, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        CareStepFactory.build(**details).full_clean()

    assert field in refused.value.message_dict


def test_two_patients_are_planned_for_apart() -> None:
    CareStepFactory(channel_policy="EMAIL_ELSE_SMS")
    first, second = done(), done(plan=PlanFactory(patient=PatientFactory()))
    agrees(first.patient, "SMS")
    agrees(second.patient, "EMAIL")

    for session in (first, second):
        plan_after(session)

    assert {m.patient_id: m.channel for m in Message.objects.all()} == {
        first.patient_id: "SMS",
        second.patient_id: "EMAIL",
    }
