"""What was written down about accesses, and what an answer says of patients."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from clinic.audit import record
from clinic.audit.record import COLUMNS
from clinic.db.prepared import Prepared
from clinic.models import AccessRecord, User
from clinic.models.access import least_id
from patients.models import Patient

RECORDED = 1  # statement of each request to patients' data: that which writes it down


class Watch:
    """Sees the rows that are written from now on: the table is never emptied, not between tests."""

    def __init__(self) -> None:
        newest = AccessRecord.objects.order_by("-pk").values_list("pk", flat=True).first()
        self._last = newest or UUID(int=0)

    def rows(self) -> list[AccessRecord]:
        """Those that came in since it was last asked."""
        found = list(AccessRecord.objects.filter(pk__gt=self._last).order_by("pk"))
        self._last = found[-1].pk if found else self._last
        return found


def stop_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on PostgreSQL refuses the statement that writes a row."""
    monkeypatch.setattr(record, "KNOWN", Prepared("no_access", "SELECT nothing", {"row": "json"}))
    monkeypatch.setattr(record, "UNREAD", "SELECT nothing {patients}")


def named_in(answer: Any, patients: Iterable[Patient]) -> set[UUID]:
    """The patients of whom an answer holds the id or a name."""
    text = answer.content.decode("utf-8", "replace")
    return {
        one.pk
        for one in patients
        if any(word and str(word) in text for word in (one.pk, one.family_name))
    }


def fault_of(
    answer: Any,
    rows: list[AccessRecord],
    patients: Iterable[Patient],
    user: Any,
    *,
    must: bool = False,
) -> str:
    """What is wrong with the rows of one request; there `must` be one if it was for a patient."""
    shown = named_in(answer, patients)
    if len(rows) > 1:
        return f"{len(rows)} rows"
    if not rows:
        return f"no row for {len(shown)} patients" if shown or must else ""
    (row,) = rows
    if not shown <= set(row.patient_ids):
        return f"the row names {len(row.patient_ids)} patients, not {len(shown)}"
    if (row.actor_id, row.role, row.status) != (user.pk, user.role, answer.status_code):
        return "the row names somebody else, or another answer"
    if (row.outcome == "DONE") != (answer.status_code < 300):
        return f"{row.outcome} for {answer.status_code}"
    return ""


def access_to(
    *patients: Patient, by: User, at: datetime | None = None, **values: Any
) -> AccessRecord:
    """A row, by SQL, because the product writes none of another time."""
    row = {
        **dict.fromkeys(COLUMNS, ""),
        **{"actor_kind": "STAFF", "actor_id": by.pk, "role": by.role, "on_behalf_of": None},
        **{"clinic_ids": by.clinic_ids, "address": "192.0.2.7", "door": "ADMIN"},
        **{"place": "admin:patients_patient_change", "purpose": "TREATMENT", "action": "READ"},
        **{"outcome": "DONE", "status": 200, "object_model": "patients.Patient"},
        **{"object_id": patients[0].pk if patients else None, "count": 1, "fields": ["given_name"]},
        "patient_ids": [one.pk for one in patients],
        **values,
    }
    casts = {"clinic_ids": "::uuid[]", "patient_ids": "::uuid[]", "address": "::inet"}
    with connection.cursor() as cursor:
        if at is not None:  # nobody sets the time of a row, unless whoever owns the table lets him
            cursor.execute("GRANT INSERT ON clinic_access_record TO CURRENT_USER")
            cursor.execute("SELECT uuidv7()")
            (new,) = cursor.fetchone()
            row["id"] = UUID(int=least_id(at).int | new.int & ((1 << 80) - 1))
        marks = ", ".join(f"%s{casts.get(name, '')}" for name in row)
        cursor.execute(
            f"INSERT INTO clinic_access_record ({', '.join(row)}) VALUES ({marks})"  # noqa: S608
            " RETURNING id",
            list(row.values()),
        )
        (made,) = cursor.fetchone()
    return AccessRecord.objects.get(pk=made)
