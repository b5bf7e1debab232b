"""Who changed a row stands in its history, and costs what changes nothing nothing."""

from contextlib import suppress

import pghistory
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from clinic.models import Clinic, User
from patients.services import update_patient
from tests.factories import NINE, PatientFactory

pytestmark = pytest.mark.django_db


def test_who_a_service_is_called_for_stands_in_the_history(clinic: Clinic, dana: User) -> None:
    patient = PatientFactory(clinic=clinic)

    update_patient(patient_id=patient.pk, changes={"notes": "shy"}, at=NINE, by=dana)

    made, changed = patient.history.order_by("pgh_id")
    assert made.pgh_context is None
    assert changed.pgh_context.metadata == {"user": str(dana.pk)}


def test_only_what_may_change_a_row_is_sent_who_changes_it(clinic: Clinic) -> None:
    with pghistory.context(user="1"), CaptureQueriesContext(connection) as sent:
        with suppress(LookupError), transaction.atomic():
            Clinic.objects.filter(pk=clinic.pk).update(phone="1")
            raise LookupError
        connection.check_constraints()

    told = [query["sql"] for query in sent if "set_config" in query["sql"]]
    assert [sql.partition("; ")[2][:15] for sql in told] == ['UPDATE "clinic"']
    assert len(sent) >= 5  # a savepoint, and back to it; constraints now, and later again
