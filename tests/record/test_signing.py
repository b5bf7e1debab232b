"""What is signed stays as it is."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from rest_framework.test import APIClient

from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentSession, ZoneTreatment
from sessions.services.record.chart import NoSuchFinding, NotSigned
from tests.admin.pages import client_of
from tests.conftest import Booking
from tests.factories import NINE, ProductFactory, ProductUseFactory, ZoneFactory

pytestmark = pytest.mark.django_db


def test_an_override_of_what_is_no_longer_found_is_not_signed(booking: Booking, alice: Any) -> None:
    session = booking.in_progress()
    booking.chart(session, passes=9)
    services.override_finding(
        session_id=session.pk,
        code="passes_above_limit",
        subject=booking.zone.code,
        reason="Old scar",
        at=NINE,
        by=alice,
    )
    booking.chart(session, passes=6)

    booking.move(session, Status.COMPLETED)

    assert [row.code for row in session.findings.all()] == ["no_clearance_on_file"]


def test_overrides_are_signed_along_with_the_rest(booking: Booking, alice: Any) -> None:
    session = booking.in_progress()
    booking.chart(session, passes=9)
    services.override_finding(
        session_id=session.pk,
        code="passes_above_limit",
        subject=booking.zone.code,
        reason="Old scar",
        at=NINE,
        by=alice,
    )

    booking.move(session, Status.COMPLETED)

    stored = session.findings.get(code="passes_above_limit")
    assert (stored.overridden_by, stored.override_reason) == (alice, "Old scar")
    assert session.findings.count() == 2
    assert TreatmentSession.objects.get(pk=session.pk).is_off_label is None
    with pytest.raises(NoSuchFinding, match="signed"):
        services.override_finding(
            session_id=session.pk,
            code="no_clearance_on_file",
            subject="",
            reason="x",
            at=NINE,
            by=alice,
        )


def signed(booking: Booking) -> TreatmentSession:
    session = booking.charted()
    ProductUseFactory(session=session, product=ProductFactory())
    return booking.move(session, Status.COMPLETED)


CHILDREN = {
    "treatment_zone_treatment": "depth_mm = 0.5",
    "treatment_cartridge_use": "serial = 'x'",
    "treatment_product_use": "lot = 'x'",
    "treatment_session_finding": "message = 'x'",
}


@pytest.mark.parametrize("table", CHILDREN)
@pytest.mark.parametrize("verb", ["UPDATE {table} SET {change}", "DELETE FROM {table}"])
def test_sql_cannot_change_what_was_signed(booking: Booking, table: str, verb: str) -> None:
    signed(booking)

    with (
        pytest.raises(DatabaseError) as refused,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(verb.format(table=table, change=CHILDREN[table]))

    assert refused.value.__cause__.diag.constraint_name == "locked_once_signed"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "change",
    [
        "notes = 'never happened'",
        "pain_score = 0",
        "status = 'IN_PROGRESS', completed_at = NULL, signed_by_id = NULL",
        "starts_at = starts_at + interval '1 minute'",
        "is_off_label = false",
        "protocol_version_id = NULL",
    ],
)
def test_sql_cannot_change_the_signed_session_itself(booking: Booking, change: str) -> None:
    session = signed(booking)

    with (
        pytest.raises(DatabaseError, match=r"Cannot update"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE treatment_session SET {change}")  # noqa: S608
    with (
        pytest.raises(DatabaseError, match="Cannot delete"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM treatment_session")

    assert TreatmentSession.objects.get().pk == session.pk


def test_the_orm_cannot_change_what_was_signed(booking: Booking) -> None:
    session = signed(booking)
    treatment = session.zone_treatments.get()
    treatment.depth_mm = Decimal("0.50")
    attempts: list[Callable[[], Any]] = [
        treatment.save,
        treatment.delete,
        lambda: ZoneTreatment.objects.update(passes=1),
        lambda: ZoneTreatment.objects.all().delete(),
        lambda: ZoneTreatment.objects.bulk_update([treatment], ["depth_mm"]),
        lambda: ZoneTreatment.objects.create(
            session=session, zone=ZoneFactory(area=session.area), depth_mm=1, passes=1
        ),
        lambda: TreatmentSession.objects.update(notes="x"),
        lambda: TreatmentSession.objects.filter(pk=session.pk)._raw_delete("default"),
    ]

    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()

    assert str(session.zone_treatments.get().depth_mm) == "1.50"


def test_an_open_record_can_still_be_changed(booking: Booking) -> None:
    """The control arm: it is the signature that locks, nothing else."""
    session = booking.charted()

    assert ZoneTreatment.objects.filter(session=session).update(passes=3) == 1
    assert TreatmentSession.objects.filter(pk=session.pk).update(notes="x") == 1


def test_a_signed_record_takes_addenda_and_shows_them(
    booking: Booking, as_alice: APIClient
) -> None:
    session = booking.charted()
    url = f"/api/v1/sessions/{session.pk}/addenda/"
    early = as_alice.post(url, {"text": "Too early"})
    booking.move(session, Status.COMPLETED)

    added = as_alice.post(url, {"text": "The patient rang: all is well."})

    assert (early.status_code, early.json()["code"]) == (409, NotSigned.code)
    assert added.status_code == 201
    assert [a["text"] for a in as_alice.get(url).json()["results"]] == [
        "The patient rang: all is well."
    ]
    story = as_alice.get(f"/api/v1/patients/{session.patient_id}/timeline/").json()["results"]
    assert "The patient rang: all is well." in {entry["detail"] for entry in story}
    with pytest.raises(DatabaseError, match="append_only"), transaction.atomic():
        session.addenda.update(text="All was terrible")


def test_what_a_patient_disputes_stands_beside_the_signed_record_wherever_it_is_shown(
    booking: Booking, as_alice: APIClient, alice: Any
) -> None:
    session, words = booking.completed(), "It was the left cheek alone."
    url = f"/api/v1/sessions/{session.pk}/addenda/"
    as_alice.post(url, {"text": "She called: calm."})
    added = as_alice.post(url, {"text": words, "is_patients_wish": True})

    assert (added.status_code, added.json()["is_patients_wish"]) == (201, True)
    listed = as_alice.get(url).json()["results"]
    assert [one["is_patients_wish"] for one in listed] == [False, True]
    story = as_alice.get(f"/api/v1/patients/{session.patient_id}/timeline/").json()["results"]
    told = {entry["title"]: entry["detail"] for entry in story}
    assert told[f"Addendum by {alice}"] == "She called: calm."
    assert told[f"Correction note by {alice}"] == words
    for name in ("chart", "change"):
        place = reverse(f"admin:treatment_sessions_treatmentsession_{name}", args=[session.pk])
        page = client_of(alice).get(place).content.decode()
        assert (words in page, "correction note" in page.lower()) == (True, True), name
    with pytest.raises(DatabaseError, match="append_only"), transaction.atomic():
        session.addenda.update(is_patients_wish=False)
