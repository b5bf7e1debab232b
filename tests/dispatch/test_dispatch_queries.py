"""What a worker reads of its messages: what is new, once, and by the index."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from aftercare.dispatch import run as dispatch
from aftercare.dispatch.locked_read import LockedMessageReader
from clinic.models import Clinic
from patients.models import Patient
from sessions.models import TreatmentPlan, of_treatment
from tests.dispatch.test_dispatch import ready
from tests.factories import NINE, MessageFactory
from tests.support.doubles import SmtpServer

pytestmark = pytest.mark.django_db


def test_a_clinic_that_changes_between_two_messages_is_read_again(smtp: SmtpServer) -> None:
    message = ready()
    MessageFactory(session=message.session, step=message.step, occurrence=2)

    reader, names = LockedMessageReader("w"), []
    for _ in range(2):
        (pk,) = dispatch.claim(worker="w", at=NINE, limit=1)
        assert dispatch.mark(pk, worker="w", at=NINE)
        with transaction.atomic():
            found = reader.read_locked(pk)
        assert found
        names.append(found.clinic.name)
        Clinic.objects.filter(pk=message.clinic_id).update(name="Hillside")

    assert names[0] != names[1] == "Hillside"


def test_what_a_session_leads_to_is_read_again_for_its_next_message(smtp: SmtpServer) -> None:
    message = ready()
    MessageFactory(session=message.session, step=message.step, occurrence=2)
    ids = dispatch.claim(worker="w", at=NINE, limit=2)
    reader, statuses = LockedMessageReader("w"), []
    reader.prefetch(ids)

    for pk in ids:
        assert dispatch.mark(pk, worker="w", at=NINE)
        with transaction.atomic():
            found = reader.read_locked(pk)
        assert found
        statuses.append(of_treatment(found.session.plan).status)
        TreatmentPlan.objects.filter(pk=found.session.plan_id).update(status="ON_HOLD")

    assert statuses == ["ACTIVE", "ON_HOLD"]


def test_a_patient_who_changes_after_the_claim_is_read_again(smtp: SmtpServer) -> None:
    message = ready()
    ids = dispatch.claim(worker="w", at=NINE, limit=1)
    reader = LockedMessageReader("w")
    reader.prefetch(ids)
    assert dispatch.mark(message.pk, worker="w", at=NINE)
    for given_name, email in (("Ada", message.patient.email), ("Ada", "ada@patients.example")):
        Patient.objects.filter(pk=message.patient_id).update(given_name=given_name, email=email)

        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            found = reader.read_locked(message.pk)

        assert found
        assert (found.patient.given_name, found.address) == (given_name, email)
    assert "advisory_locks" in queries.captured_queries[-1]["sql"]  # those of the new address


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
