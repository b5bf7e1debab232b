"""What a message costs the database."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from aftercare import dispatch, held
from clinic.models import Clinic
from tests.doubles import SmtpServer
from tests.factories import NINE, MessageFactory
from tests.test_dispatch import ready

pytestmark = pytest.mark.django_db


def test_a_clinic_that_changes_between_two_messages_is_read_again(smtp: SmtpServer) -> None:
    message = ready()
    MessageFactory(session=message.session, step=message.step, occurrence=2)

    reader, names = held.Reader("w"), []
    for _ in range(2):
        (pk,) = dispatch.claim(worker="w", at=NINE, limit=1)
        assert dispatch.mark(pk, worker="w", at=NINE)
        with transaction.atomic():
            found = reader.locked(pk)
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
                occurrence, status, reason, due_at, expires_at, attempts, worker,
                provider_id, sent_at)
            SELECT clinic_id, patient_id, session_id, step_id, channel, n,
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
