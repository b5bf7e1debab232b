"""From one message to the next in one round trip: outcome, commit, locks and fresh read."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.test.utils import CaptureQueriesContext

from aftercare.dispatch import locked_read, recheck
from aftercare.dispatch import run as dispatch
from aftercare.models import Message, MessageAttempt
from patients.models import Patient
from tests.dispatch.test_dispatch import MINUTE, ready, seen, send
from tests.factories import NINE, MessageFactory
from tests.support.doubles import HttpGateway, SmtpServer


def more(message: Message, count: int) -> None:
    """As many messages more, which differ only in their occurrence."""
    last = Message.objects.order_by("-occurrence")[0].occurrence
    for occurrence in range(last + 1, last + 1 + count):
        MessageFactory(session=message.session, step=message.step, occurrence=occurrence)


def statements(count: int) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert send() == count
    return [query["sql"] for query in queries.captured_queries]


def test_a_message_takes_one_round_trip(smtp: SmtpServer) -> None:
    """The try, the message and the mark of the next one; the commit; locks, row and fresh read of
    the next one with the consents of patient and address.

    Each of the re-check's own reads adds one here: make it part of another if it can be.
    """
    message = ready()
    more(message, 1)
    send()  # teaches the connection its statements
    more(message, 2)
    few = statements(2)
    more(message, 8)
    many = statements(8)

    each = (len(many) - len(few)) / 6

    assert each == 1, "\n".join(many)


def test_one_statement_writes_what_is_recorded_step_by_step(smtp: SmtpServer) -> None:
    """Both ways, all columns of the message and of its try."""
    message = ready()
    more(message, 1)

    send()  # the first in one statement, because there is another one; the last step by step

    own = {"id", "created_at", "occurrence", "provider_id", "message_id", "duration_ms"}
    rows = (Message.objects, MessageAttempt.objects)
    for at_once, stepwise in (manager.order_by("created_at").values() for manager in rows):
        assert at_once | dict.fromkeys(own) == stepwise | dict.fromkeys(own)
        assert at_once["provider_id"]
    assert set(Message.objects.values_list("status", flat=True)) == {"SENT"}


def test_what_went_well_stays_when_the_next_one_fails(smtp: SmtpServer) -> None:
    """They share a block of `atomic`, but not a transaction."""
    message = ready()
    more(message, 2)
    first, second, third = Message.objects.order_by("id")

    def rule(message: Message, at: Any) -> None:
        if message.pk == second.pk:
            raise KeyError("a fault of ours")

    with (
        patch.object(recheck, "RULES", [rule, *recheck.RULES]),
        patch.object(dispatch.logger, "exception"),
    ):
        send()

    assert seen(first) == seen(third) == ("SENT", "")
    assert seen(second) == ("PENDING", "error: key error")
    assert [m.tries.count() for m in (first, second, third)] == [1, 1, 1]


def test_a_message_whose_address_is_busy_waits_and_the_others_go_out(smtp: SmtpServer) -> None:
    """Nobody knows whether the commit before it succeeded: what was accepted is looked up."""
    message = ready()
    more(message, 2)
    first, second, third = Message.objects.order_by("id")
    statements = locked_read.LockedMessageReader.statements

    def busy(reader: locked_read.LockedMessageReader, message_id: Any) -> list[Any]:
        found = statements(reader, message_id)
        if message_id == second.pk:
            found[:0] = [("DO $$ BEGIN RAISE lock_not_available; END $$", [])]
        return found

    with (
        patch.object(locked_read.LockedMessageReader, "statements", busy),
        patch.object(dispatch.logger, "warning"),
    ):
        send()

    assert seen(first) == seen(third) == ("SENT", "")
    assert seen(second)[0] == "PENDING"
    assert (second.attempts, second.tries.count()) == (0, 0)
    assert [m.attempts for m in (first, third)] == [1, 1]
    assert len(smtp.accepted) == 2


def test_every_message_of_a_batch_reaches_its_own_patient(
    smtp: SmtpServer, gateway: HttpGateway
) -> None:
    """The second is withheld, then an SMS goes out."""
    first, withheld, sms, last = (
        ready(due_at=NINE + timedelta(seconds=number), channel=channel)
        for number, channel in enumerate(("EMAIL", "EMAIL", "SMS", "EMAIL"))
    )
    Patient.objects.filter(pk=withheld.patient_id).update(archived_at=NINE)

    send(at=NINE + MINUTE)

    assert seen(withheld) == ("SUPPRESSED", "the patient's record is archived")
    assert seen(first) == seen(sms) == seen(last) == ("SENT", "")
    assert smtp.recipients == [first.patient.email, last.patient.email]


def test_a_patient_without_an_address_does_not_spoil_the_message_before(smtp: SmtpServer) -> None:
    first, without, last = (ready(due_at=NINE + timedelta(seconds=n)) for n in range(3))
    Patient.objects.filter(pk=without.patient_id).update(email="")

    send(at=NINE + MINUTE)

    assert seen(first) == seen(last) == ("SENT", "")
    assert seen(without) == ("SUPPRESSED", "the patient has no address for this channel")
    assert len(smtp.accepted) == 2


def test_an_address_that_is_none_does_not_spoil_the_message_before(smtp: SmtpServer) -> None:
    first, odd, last = (ready(due_at=NINE + timedelta(seconds=n)) for n in range(3))
    Patient.objects.filter(pk=odd.patient_id).update(email="two\nlines@patients.example")

    send(at=NINE + MINUTE)

    assert seen(first) == seen(last) == ("SENT", "")
    assert seen(odd)[0] == "FAILED"
    assert "cannot be an e-mail" in odd.reason


def test_what_was_accepted_before_a_fault_of_ours_is_written_down_in_the_same_run(
    smtp: SmtpServer,
) -> None:
    first, second = (ready(due_at=NINE + timedelta(seconds=number)) for number in range(2))

    with (
        patch.object(dispatch, "accept_and_mark", side_effect=KeyError("a fault of ours")),
        patch.object(dispatch.logger, "exception"),
    ):
        send(at=NINE + MINUTE)

    assert seen(first) == seen(second) == ("SENT", "")  # the second one is claimed again
    assert [message.attempts for message in (first, second)] == [1, 1]
    assert [message.tries.count() for message in (first, second)] == [1, 1]
    assert smtp.recipients == [first.patient.email, second.patient.email]
