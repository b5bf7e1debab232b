"""The limit on SMS when many workers have many SMS for one patient at once."""

from collections import Counter
from functools import partial
from itertools import repeat
from typing import Any
from unittest.mock import patch

import pytest

from aftercare.dispatch import run as dispatch
from aftercare.dispatch import sms_limit
from aftercare.models import Message, MessageStatus
from patients.models import Channel
from sessions.lifecycle import Status
from tests.concurrency.conftest import race
from tests.factories import (
    NINE,
    CareStepFactory,
    ContactConsentFactory,
    MessageFactory,
    SessionFactory,
    TemplateFactory,
)
from tests.support.doubles import HttpGateway

WORKERS = 6


def outbox() -> None:
    """Six different SMS to one patient, all due now."""
    session = SessionFactory(status=Status.COMPLETED)
    ContactConsentFactory(patient=session.patient, channel=Channel.SMS)
    for _ in range(WORKERS):
        step = CareStepFactory()
        TemplateFactory(step=step, channel=Channel.SMS)
        MessageFactory(session=session, step=step, channel=Channel.SMS)


def work() -> str:
    """One message at a time, until none is due: those that were put off are due by then."""
    for turn in range(20):
        now = NINE + turn * sms_limit.RETRY_AFTER
        dispatch.send_due(clock=partial(next, repeat(now)), max_messages=1)
    return "done"


def statuses() -> "Counter[str]":
    return Counter(Message.objects.values_list("status", flat=True))


@pytest.mark.parametrize("attempt", range(3))
def test_many_workers_send_one_patient_one_sms_a_day(gateway: HttpGateway, attempt: int) -> None:
    outbox()

    assert race(*[work] * WORKERS) == {"done": WORKERS}

    assert len(gateway.json()) == 1
    assert statuses() == {MessageStatus.SENT: 1, MessageStatus.SUPPRESSED: WORKERS - 1}


def test_control_without_the_lock_they_send_more(gateway: HttpGateway) -> None:
    """This shows that the race above is real. If it is not, the test above proves nothing."""

    def no_lock(*_: Any) -> bool:
        return True

    most = 0
    with (
        patch.object(sms_limit, "try_lock", no_lock),
        patch.object(sms_limit, "_unclear", no_others),
    ):
        for _ in range(5):
            sent = len(gateway.json())
            outbox()
            race(*[work] * WORKERS)
            most = max(most, len(gateway.json()) - sent)

    assert most > 1


def no_others(*_: Any) -> bool:
    return False
