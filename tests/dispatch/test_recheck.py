"""The re-check at the last moment: which rules are asked, and which objection counts."""

from datetime import datetime, time, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from aftercare.dispatch import recheck, sms_limit
from aftercare.models import CareStep, Message, MessageStatus
from clinic.models import Clinic
from patients.models import Patient
from sessions.models import TreatmentSession
from tests.factories import HOUR, NINE

SECOND = timedelta(seconds=1)

# What ends a message comes before what only puts it off; what takes a lock comes last.
ORDER = [
    "session_fits",
    "conditions_are_met",
    "recall_is_news",
    "still_useful",
    "patient_is_ours",
    "has_address",
    "patient_has_agreed",
    "address_has_not_refused",
    "nothing_grave_is_open",
    "no_quiet_hour",
    "within_sms_limit",
]


def test_the_rules_are_asked_in_this_order() -> None:
    assert [rule.__name__ for rule in recheck.RULES] == ORDER


def test_the_first_objection_counts_and_later_rules_are_not_asked() -> None:
    asked: list[str] = []

    def rule(name: str, *, objects: bool) -> Any:
        def ask(message: Message, at: datetime) -> recheck.Verdict | None:
            asked.append(name)
            return recheck.Verdict(MessageStatus.CANCELLED, name) if objects else None

        return ask

    rules = [
        rule("fits", objects=False),
        rule("first", objects=True),
        rule("second", objects=True),
    ]
    with patch.object(recheck, "RULES", rules):
        found = recheck.verdict(Message(), NINE)

    assert found
    assert (found.reason, asked) == ("first", ["fits", "first"])


@pytest.mark.parametrize(("at", "is_useful"), [(-SECOND, True), (0 * SECOND, False)])
def test_a_message_helps_until_it_expires(at: timedelta, is_useful: bool) -> None:
    objection = recheck.still_useful(Message(expires_at=NINE), NINE + at)

    assert (objection is None) is is_useful
    assert is_useful or (objection and objection.status == MessageStatus.EXPIRED)


@pytest.mark.parametrize(
    ("at", "due_at"),
    [  # 09:00 UTC is 10:00 in Berlin
        (NINE - SECOND, None),
        (NINE, NINE + HOUR),
        (NINE + HOUR - SECOND, NINE + HOUR),
        (NINE + HOUR, None),
    ],
)
def test_a_message_waits_for_the_first_minute_after_the_quiet_hours(
    at: datetime, due_at: datetime | None
) -> None:
    clinic = Clinic(time_zone="Europe/Berlin", quiet_from=time(10), quiet_until=time(11))
    message = Message(clinic=clinic, patient=Patient(clinic=clinic))
    message.step, message.session = CareStep(anchor="BOOKED"), TreatmentSession()

    objection = recheck.no_quiet_hour(message, at)

    assert (objection and objection.due_at) == due_at
    assert objection is None or objection.status == MessageStatus.PENDING


@pytest.mark.parametrize(
    ("turn", "status", "due_at"),
    [
        (sms_limit.GO, None, None),
        (sms_limit.WAIT, MessageStatus.PENDING, NINE + 30 * SECOND),
        (sms_limit.Answer(sms_limit.Turn.OVER, "enough"), MessageStatus.SUPPRESSED, None),
    ],
)
def test_an_sms_waits_half_a_minute_for_another_and_ends_at_the_limit(
    turn: sms_limit.Answer, status: str | None, due_at: datetime | None
) -> None:
    with patch.object(sms_limit, "check", return_value=turn):
        objection = recheck.within_sms_limit(Message(), NINE)

    assert (objection and objection.status, objection and objection.due_at) == (status, due_at)
