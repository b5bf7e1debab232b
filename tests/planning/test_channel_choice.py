"""Which channel a step goes by, and what stands in for it."""

from datetime import timedelta

import pytest

from aftercare.models import Message, MessageStatus
from aftercare.planning.plan import Replan, replan
from patients.models import Channel, ContactConsent
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    SENDING,
    CareStepFactory,
    ContactConsentFactory,
    MessageFactory,
    TemplateFactory,
)
from tests.planning.steps import agrees, done, outbox, plan_after
from tests.support.doubles import HttpGateway, SmtpServer

pytestmark = pytest.mark.django_db


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
