"""What a message costs the database."""

from unittest.mock import patch

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from aftercare import dispatch, held
from aftercare.leases import Mark
from aftercare.models import Message, MessageAttempt
from aftercare.tries import Tried, settle
from clinic.models import Clinic
from tests.doubles import SmtpServer
from tests.factories import NINE, MessageFactory
from tests.test_dispatch import ready, send

pytestmark = pytest.mark.django_db


def more(message: Message, count: int) -> None:
    """As many messages more, which differ only in their occurrence."""
    last = Message.objects.order_by("-occurrence")[0].occurrence
    for occurrence in range(last + 1, last + 1 + count):
        MessageFactory(session=message.session, step=message.step, occurrence=occurrence)


def statements(count: int) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert send() == count
    return [query["sql"] for query in queries.captured_queries]


def test_a_message_takes_two_round_trips_and_a_commit(smtp: SmtpServer) -> None:
    """Locks, row and fresh read with the consents of patient and address; then the try, the
    message, and the mark of the next one.

    Each of the re-check's own reads adds one here: make it part of another if it can be.
    """
    message = ready()
    send()  # teaches the connection its statements
    more(message, 1)
    few = statements(1)
    more(message, 20)
    many = [sql for sql in statements(20) if "SAVEPOINT" not in sql]
    few = [sql for sql in few if "SAVEPOINT" not in sql]

    each = (len(many) - len(few)) / 19

    assert each == 2, "\n".join(many[-20:])


def test_one_statement_writes_what_settling_step_by_step_writes(smtp: SmtpServer) -> None:
    """Both ways, all columns of the message and of its try."""
    message = ready()
    more(message, 1)

    def step_by_step(message: Message, tried: Tried, *, following: Mark | None) -> bool:
        settle(message, tried)
        assert following is None
        return False

    dispatch.send_due(clock=lambda: NINE, max_messages=1)
    with patch.object(dispatch, "settle_accepted", step_by_step):
        dispatch.send_due(clock=lambda: NINE, max_messages=1)

    own = {"id", "created_at", "occurrence", "key", "provider_id", "message_id", "worker"}
    own |= {"duration_ms"}
    rows = (Message.objects, MessageAttempt.objects)
    for at_once, stepwise in (manager.values() for manager in rows):
        assert at_once | dict.fromkeys(own) == stepwise | dict.fromkeys(own)
        assert at_once["provider_id"]
    assert set(Message.objects.values_list("status", flat=True)) == {"SENT"}


def test_a_clinic_that_changes_between_two_messages_is_read_again(smtp: SmtpServer) -> None:
    message = ready()
    more(message, 1)

    reader, names = held.Reader(), []
    for _ in range(2):
        (pk,) = dispatch.claim(worker="w", at=NINE, limit=1)
        assert dispatch.mark(pk, worker="w", at=NINE)
        with transaction.atomic():
            found = reader.locked(pk, worker="w", place=None)
        assert found
        names.append(found.clinic.name)
        Clinic.objects.filter(pk=message.clinic_id).update(name="Hillside")

    assert names[0] != names[1] == "Hillside"


def test_a_claim_reads_the_partial_index() -> None:
    example = MessageFactory()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO aftercare_message (clinic_id, patient_id, session_id, step_id, channel,
                occurrence, key, status, reason, due_at, expires_at, attempts, worker,
                provider_id, sent_at)
            SELECT clinic_id, patient_id, session_id, step_id, channel, n, gen_random_uuid(),
                CASE WHEN n < 4000 THEN 'PENDING' ELSE 'SENT' END, '',
                due_at - n * interval '1 second', expires_at, 0, '', '',
                CASE WHEN n < 4000 THEN NULL ELSE due_at END
            FROM aftercare_message, generate_series(2, 30000) AS n WHERE id = %s
            """,
            [example.pk],
        )
        cursor.execute("ANALYZE aftercare_message")

    with CaptureQueriesContext(connection) as queries:
        claimed = dispatch.claim(worker="w", at=NINE, limit=50)

    assert len(claimed) == 50
    (query,) = queries.captured_queries
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + query["sql"])
        plan = "\n".join(row[0] for row in cursor)
    assert "message_pending_by_due" in plan
    assert "Seq Scan" not in plan
