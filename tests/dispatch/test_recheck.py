"""The re-check at the last moment: which rules are asked, and which objection counts."""

from datetime import datetime
from typing import Any
from unittest.mock import patch

from aftercare.dispatch import recheck
from aftercare.models import Message, MessageStatus
from tests.factories import NINE

# What ends a message comes before what only puts it off; what takes a lock comes last.
ORDER = [
    "session_fits",
    "conditions_are_met",
    "still_useful",
    "patient_is_ours",
    "has_address",
    "patient_has_agreed",
    "address_has_not_refused",
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
