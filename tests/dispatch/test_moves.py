"""The life of a message: every pair of statuses, by SQL and by the method, and its history."""

import re
from itertools import product
from pathlib import Path
from typing import Any

import pghistory
import pytest
from django.db import DatabaseError, IntegrityError, transaction

from aftercare import lifecycle
from aftercare.admin.messages import BUTTONS, NEXT
from aftercare.models import IllegalMessageMove, Message, MessageStatus
from clinic.models import in_words
from tests.dispatch.test_dispatch import ready, send
from tests.factories import HOUR, NINE, MessageFactory, UserFactory
from tests.support.doubles import SmtpServer

pytestmark = pytest.mark.django_db
# Written down once more: which status (a row) may become which (the columns, in the same order).
TABLE = """
    PENDING     . x . x x x x x . x
    CLAIMED     x . x x x x x x . .
    SENDING     x . . x x x x x x x
    SENT        . . . . x . x . . .
    DELIVERED   . . . . . . . . . .
    IN_DOUBT    . . . x x . x . . .
    FAILED      . . . x . . . . . .
    CANCELLED   . . . x . . . . . .
    SUPPRESSED  . . . x . . . . . .
    EXPIRED     . . . x . . . . . .
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]
LEGAL = {
    (old, new)
    for old, *marks in ROWS
    for (new, *_), mark in zip(ROWS, marks, strict=True)
    if mark == "x"
}
PAIRS = [pair for pair in product(MessageStatus.values, repeat=2) if pair[0] != pair[1]]
DOCS = Path(__file__).parents[2] / "docs" / "messages.md"


def columns(status: str) -> dict[str, Any]:
    """What the constraints ask of a row with this status."""
    is_held = status in lifecycle.HELD_BY_A_WORKER
    return {
        "status": status,
        "reason": "why",
        "worker": "worker" if is_held else "",
        "lease_until": NINE if is_held else None,
        "sent_at": NINE if status in lifecycle.ACCEPTED else None,
        "delivered_at": NINE if status == MessageStatus.DELIVERED else None,
    }


def test_the_table_is_this_one() -> None:
    moves = lifecycle.MESSAGE_NEXT.items()

    assert list(lifecycle.MESSAGE_NEXT) == MessageStatus.values == [old for old, *_ in ROWS]
    assert {(old, new) for old, following in moves for new in following} == LEGAL


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_sql_moves_a_message_as_the_table_says(old: str, new: str) -> None:
    message = MessageFactory(**columns(old))
    rows = Message.objects.filter(pk=message.pk)

    if (old, new) in LEGAL:
        rows.update(**columns(new))
    else:
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            rows.update(**columns(new))
        assert refused.value.__cause__.diag.constraint_name == "message_move_is_legal"  # type: ignore[union-attr]
        assert f"a message that is {old} cannot become {new}" in str(refused.value)

    assert rows.get().status == (new if (old, new) in LEGAL else old)


@pytest.mark.parametrize(
    ("old", "new"), [pair for pair in PAIRS if pair[1] not in lifecycle.HELD_BY_A_WORKER]
)
def test_the_method_moves_a_message_as_the_table_says(old: str, new: str) -> None:
    message = MessageFactory(**columns(old))
    for name in ("sent_at", "delivered_at"):
        setattr(message, name, columns(new)[name])

    if (old, new) in LEGAL:
        assert message.move_to(new, reason="because") == old
    else:
        words = f"is {in_words(MessageStatus, old)} cannot become {in_words(MessageStatus, new)}"
        with pytest.raises(IllegalMessageMove, match=words):
            message.move_to(new, reason="because")

    message.refresh_from_db()
    assert message.status == (new if (old, new) in LEGAL else old)
    if (old, new) in LEGAL:
        assert (message.worker, message.lease_until, message.reason) == ("", None, "because")


@pytest.mark.parametrize("status", MessageStatus.values)
def test_a_row_may_be_written_without_a_move(status: str) -> None:
    message = MessageFactory(**columns(status))

    message.reason = "another"
    message.save()

    assert Message.objects.get(pk=message.pk).reason == "another"
    assert not message.history.exists()


def test_what_was_delivered_stays_delivered_whatever_is_reported_later() -> None:
    message = MessageFactory(**columns(MessageStatus.DELIVERED))

    assert not message.record_delivery(at=NINE + HOUR)
    assert not message.record_bounce("no such mailbox", at=NINE + HOUR)

    message.refresh_from_db()
    assert (message.status, message.delivered_at) == ("DELIVERED", NINE)


def test_what_is_routine_leaves_no_history_and_all_else_does(smtp: SmtpServer) -> None:
    rows: list[Any] = [ready(), ready(session__status="CANCELLED")]

    send()

    assert [message.history.count() for message in rows] == [0, 1]
    move = rows[1].history.get()
    assert (move.status, move.reason) == ("CANCELLED", "the session is cancelled")
    assert move.pgh_context is None


def test_history_names_who_decided() -> None:
    message, dana = MessageFactory(**columns(MessageStatus.IN_DOUBT)), UserFactory()

    with pghistory.context(user=str(dana.pk)):
        message.record_acceptance(at=NINE, provider_id="")

    move = message.history.get()
    assert (move.status, move.pgh_context.metadata["user"]) == ("SENT", str(dana.pk))
    with pytest.raises(DatabaseError, match="append_only"), transaction.atomic():
        message.history.update(reason="nobody")


def test_staff_and_their_buttons_make_legal_moves_only() -> None:
    for old, following in lifecycle.BY_STAFF.items():
        assert following <= lifecycle.MESSAGE_NEXT[old]
        assert NEXT[old] - {"AGAIN"} == following
    assert set(BUTTONS.values()) == set().union(*NEXT.values())


def test_the_documents_show_the_same_table() -> None:
    rows = re.findall(r"^\|( `[A-Z_]+`.*?)\|(.+?)\|", DOCS.read_text(), re.MULTILINE)
    shown = {
        (old, new)
        for first, second in rows
        for old in set(re.findall("[A-Z_]+", first)) & set(MessageStatus.values)
        for new in re.findall("[A-Z_]{4,}", second)
    }

    assert shown == LEGAL
