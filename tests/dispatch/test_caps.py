"""At most one SMS a day and three a week: on the patient's calendar, warning signs apart."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from aftercare.dispatch import run as dispatch
from aftercare.dispatch import sms_limit
from aftercare.dispatch.sms_limit import GO, Turn
from aftercare.models import CareStep, Message, MessageStatus
from patients.models import Channel
from sessions.models import TreatmentSession
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CareStepFactory,
    ContactConsentFactory,
    MessageFactory,
    SessionFactory,
    TemplateFactory,
)
from tests.support.doubles import HttpGateway, SmtpServer
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


@kept
def session(db: None) -> TreatmentSession:
    return SessionFactory(status="COMPLETED")


def sms(session: TreatmentSession, step: CareStep | None = None, **details: Any) -> Message:
    step = step or CareStepFactory()
    return MessageFactory(session=session, step=step, channel=Channel.SMS, **details)


def had(session: TreatmentSession, at: datetime, **details: Any) -> Message:
    return sms(session, **{"status": MessageStatus.SENT, "sent_at": at, **details})


def turn(session: TreatmentSession, at: datetime = NINE, **details: Any) -> Turn:
    return sms_limit.check(sms(session, **details), at=at).turn


def test_the_first_sms_goes(session: TreatmentSession) -> None:
    assert turn(session) is Turn.GO


def test_the_second_of_a_day_does_not(session: TreatmentSession) -> None:
    had(session, NINE - HOUR)

    assert turn(session) is Turn.OVER
    assert turn(session, NINE + DAY) is Turn.GO


def test_a_day_is_the_patients_own(session: TreatmentSession) -> None:
    """23:30 in Berlin is half past five in the afternoon in New York."""
    evening = datetime(2030, 1, 6, 22, 30, tzinfo=UTC)
    had(session, evening)

    assert turn(session, evening + HOUR) is Turn.GO
    session.patient.time_zone = "America/New_York"
    session.patient.save()
    assert turn(session, evening + HOUR) is Turn.OVER


MIDNIGHT = datetime(2030, 1, 6, 23, tzinfo=UTC)  # when the patient's day begins, in Berlin
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([MIDNIGHT - MOMENT], Turn.GO),
        ([MIDNIGHT], Turn.OVER),
        ([MIDNIGHT - DAY, MIDNIGHT - 2 * DAY], Turn.GO),
        ([MIDNIGHT - days * DAY for days in (1, 2, 6)], Turn.OVER),
        ([MIDNIGHT - 2 * DAY, MIDNIGHT - DAY, MIDNIGHT - 6 * DAY - MOMENT], Turn.GO),
    ],
)
def test_day_and_week_begin_with_their_first_moment(
    session: TreatmentSession, times: list[datetime], expected: Turn
) -> None:
    for time in times:
        had(session, time)

    assert turn(session) is expected


def test_the_fourth_in_seven_days_does_not(session: TreatmentSession) -> None:
    for days in (6, 4, 2):
        had(session, NINE - days * DAY)

    assert turn(session) is Turn.OVER
    assert turn(session, NINE + DAY) is Turn.GO


@pytest.mark.parametrize(
    ("details", "counts"),
    [
        ({"status": "DELIVERED", "sent_at": NINE, "delivered_at": NINE}, True),
        ({"status": "IN_DOUBT", "reason": "lost", "ended_at": NINE}, True),
        ({"status": "FAILED", "reason": "refused"}, False),
        ({"status": "SUPPRESSED", "reason": "no consent"}, False),
        ({"status": "PENDING"}, False),
        ({"channel": Channel.EMAIL, "status": "SENT", "sent_at": NINE}, False),
    ],
)
def test_what_may_have_arrived_counts(
    session: TreatmentSession, details: Any, counts: bool
) -> None:
    MessageFactory(session=session, step=CareStepFactory(), **{"channel": Channel.SMS, **details})

    assert turn(session) is (Turn.OVER if counts else Turn.GO)


def test_warning_signs_are_apart(session: TreatmentSession) -> None:
    had(session, NINE - HOUR)
    safety = CareStepFactory(is_safety=True)

    assert turn(session, step=safety) is Turn.GO
    Message.objects.filter(status="SENT").delete()
    had(session, NINE - HOUR, step=safety, occurrence=2)
    assert turn(session) is Turn.GO


def test_another_patient_and_an_email_are_not_counted(session: TreatmentSession) -> None:
    had(SessionFactory(status="COMPLETED"), NINE)

    assert turn(session) is Turn.GO
    assert sms_limit.check(MessageFactory(session=session), at=NINE) == GO


def test_while_nobody_knows_about_another_one_it_waits(session: TreatmentSession) -> None:
    """A worker died between the mark and the record: the other SMS may have arrived."""
    sms(session, status=MessageStatus.SENDING, worker="dead", lease_until=NINE - HOUR)

    assert turn(session) is Turn.WAIT


def test_in_a_hurried_demo_days_are_short_here_too(
    session: TreatmentSession, settings: Any
) -> None:
    settings.DAY_SECONDS = 5
    had(session, NINE - timedelta(seconds=6))

    assert turn(session) is Turn.GO
    had(session, NINE - timedelta(seconds=4))
    assert turn(session) is Turn.OVER


@pytest.mark.parametrize(
    ("policy", "status"), [("SMS_ELSE_EMAIL", "SENT"), ("SMS", None), ("BOTH", None)]
)
def test_over_the_limit_an_email_stands_in_if_the_step_says_so(
    session: TreatmentSession,
    smtp: SmtpServer,
    gateway: HttpGateway,
    policy: str,
    status: str | None,
) -> None:
    had(session, NINE - HOUR)
    step = CareStepFactory(channel_policy=policy)
    for channel in Channel.values:
        TemplateFactory(step=step, channel=channel)
        ContactConsentFactory(patient=session.patient, channel=channel)
    message = sms(session, step)

    for _ in range(2):
        dispatch.send_due(clock=lambda: NINE)

    message.refresh_from_db()
    assert (message.status, message.reason) == ("SUPPRESSED", "the patient had an SMS today")
    assert gateway.json() == []
    mail = Message.objects.filter(step=step, channel=Channel.EMAIL).first()
    assert (mail.status if mail else None) == status
    assert len(smtp.accepted) == (1 if status else 0)


class LimitTest(TestCase):
    @settings(max_examples=30)
    @given(hours=st.lists(st.integers(0, 24 * 21), min_size=1, max_size=30, unique=True))
    def test_no_calendar_day_has_two_and_no_seven_days_have_four(self, hours: list[int]) -> None:
        """SMS fall due at any hours of three weeks; each that may go, goes."""
        session = SessionFactory(status="COMPLETED")
        step, sent = CareStepFactory(), []
        for number, hour in enumerate(sorted(hours), start=1):
            at = NINE + hour * HOUR
            message = sms(session, step, occurrence=number, due_at=at)
            if sms_limit.check(message, at=at).turn is Turn.GO:
                Message.objects.filter(pk=message.pk).update(status=MessageStatus.SENT, sent_at=at)
                sent.append(at.astimezone(session.patient.zone).date())
            else:
                message.delete()

        assert len(set(sent)) == len(sent)
        for day in sent:
            assert sum(day <= other < day + 7 * DAY for other in sent) <= 3
        assert sent
