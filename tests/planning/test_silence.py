"""Whoever has not said how the skin is gets an SMS at noon, and may be called on the third day."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from aftercare.models import Anchor, ChannelPolicy, Message, MessageStatus
from aftercare.planning.silence import ask_again, call_the_silent
from clinic.findings import Severity
from patients.models import Audience, Channel, StaffTask
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CareStepFactory,
    CheckInFactory,
    ContactConsentFactory,
    InboundFactory,
    MessageFactory,
    ProductUseFactory,
    SessionFactory,
    SessionFindingFactory,
    ZoneTreatmentFactory,
    clinical_rules,
)

pytestmark = pytest.mark.django_db
NOON = NINE.replace(hour=11)  # 12:00 in Berlin
TREATED = NINE - 3 * DAY


def mailed(sent_at: datetime = NINE, **changes: Any) -> Message:
    """The e-mail of the third day, to a patient who takes SMS too."""
    step = CareStepFactory(
        anchor=Anchor.COMPLETED,
        offset=3 * DAY,
        channel_policy=ChannelPolicy.EMAIL_ELSE_SMS,
        useful_for=2 * DAY,
    )
    values = {
        "session__starts_at": TREATED,
        "session__completed_at": TREATED + HOUR,
        "status": MessageStatus.SENT,
        "sent_at": sent_at,
        "due_at": sent_at,
        "expires_at": sent_at + 2 * DAY,
        "step": step,
    }
    message: Message = MessageFactory(**{**values, **changes})
    ContactConsentFactory(patient=message.patient, channel=Channel.SMS)
    return message


def texted() -> list[datetime]:
    return list(Message.objects.filter(channel=Channel.SMS).values_list("due_at", flat=True))


@pytest.mark.parametrize(
    ("sent_at", "at", "asked"),
    [
        (NINE, NOON - timedelta(minutes=1), 0),
        (NINE, NOON, 1),
        (NINE, NOON + 6 * HOUR, 0),  # too late to be made up for
        (NINE + timedelta(minutes=1), NOON, 0),  # no time to answer
        (NINE + timedelta(minutes=1), NOON + DAY, 1),
        (NOON - DAY, NOON - timedelta(minutes=1), 0),
        (NOON - DAY, NOON, 1),
    ],
)
def test_the_sms_goes_out_at_noon_once(sent_at: datetime, at: datetime, asked: int) -> None:
    mailed(sent_at)

    assert ask_again(at=at) == asked
    assert ask_again(at=at) == 0
    assert texted() == [at] * asked


def test_noon_is_the_patients() -> None:
    mail = mailed(NOON)
    mail.patient.time_zone = "America/New_York"
    mail.patient.save()

    assert ask_again(at=NOON + 6 * HOUR - timedelta(minutes=1)) == 0
    assert ask_again(at=NOON + 6 * HOUR) == 1


def test_who_has_answered_by_the_page_or_in_words_is_not_asked_again() -> None:
    mail, other, earlier = mailed(), mailed(), mailed()
    CheckInFactory(session=mail.session, reported_at=NINE)
    InboundFactory(
        patient=other.patient, clinic=other.clinic, received_at=NINE + HOUR, provider_id="1"
    )
    CheckInFactory(session=earlier.session, reported_at=NINE - HOUR)

    assert ask_again(at=NOON) == 1
    assert Message.objects.get(channel=Channel.SMS).patient == earlier.patient


@pytest.mark.parametrize(
    "changes",
    [
        {"status": MessageStatus.FAILED, "reason": "it came back"},
        {"channel": Channel.SMS},
        {"step__anchor": Anchor.STARTS, "step__offset": -2 * DAY},
        {"session__starts_at": NINE - 28 * DAY},
    ],
)
def test_only_an_answer_to_a_mail_of_the_first_week_is_waited_for(changes: dict[str, Any]) -> None:
    if any(name.startswith("step__") for name in changes):
        changes = {"step": CareStepFactory(anchor=Anchor.STARTS, offset=-2 * DAY)}
    mailed(**changes)

    assert ask_again(at=NOON) == 0


# the call

EVENING = NINE.replace(hour=17)  # 18:00 in Berlin


def treated(*rows: tuple[Any, dict[str, Any]], **changes: Any) -> TreatmentSession:
    """Three days ago, with these rows of its record, and then signed."""
    session: TreatmentSession = SessionFactory(
        **{"status": Status.IN_PROGRESS, "starts_at": TREATED, **changes}
    )
    for factory, values in rows:
        factory(session=session, **values)
    session.status, session.completed_at = Status.COMPLETED, session.ends_at
    session.signed_by = session.practitioner
    session.save()
    return session


def calls() -> list[str]:
    tasks = StaffTask.objects.filter(source__startswith="silent:", audience=Audience.CLINICAL)
    return list(tasks.values_list("detail", flat=True))


def numbed(area_cm2: int) -> tuple[Any, dict[str, Any]]:
    return ProductUseFactory, {"product__kind": "ANAESTHETIC", "area_cm2": area_cm2}


RISKS: list[tuple[str, list[tuple[Any, dict[str, Any]]], dict[str, Any]]] = [
    ("Warning in the session", [(SessionFindingFactory, {"severity": Severity.WARN})], {}),
    ("Deep work", [(ZoneTreatmentFactory, {"depth_mm": "2.00"})], {}),
    ("Large numbed area", [numbed(401)], {}),
    ("Skin type IV to VI", [], {"plan__patient__skin_type": 4}),
]


@pytest.mark.parametrize(("reason", "rows", "changes"), RISKS)
def test_each_risk_is_a_call_on_the_third_evening_once(
    reason: str, rows: list[tuple[Any, dict[str, Any]]], changes: dict[str, Any]
) -> None:
    clinical_rules()
    treated(*rows, **changes)

    assert call_the_silent(at=EVENING - timedelta(minutes=1)) == 0
    assert call_the_silent(at=EVENING) == 1
    assert reason in calls()[0]
    assert call_the_silent(at=EVENING + HOUR) == 0
    assert call_the_silent(at=EVENING + DAY) == 0


def test_nobody_is_called_without_a_risk_nor_who_has_said_something() -> None:
    clinical_rules()
    treated((ZoneTreatmentFactory, {"depth_mm": "1.99"}), numbed(400))
    CheckInFactory(session=treated(plan__patient__skin_type=5), reported_at=NINE)
    SessionFactory(starts_at=TREATED, status=Status.NO_SHOW, plan__patient__skin_type=5)

    assert call_the_silent(at=EVENING) == 0
    assert calls() == []
