"""A patient's own blood: two identifiers, a tube with a label, this patient only, and once."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from clinic.db.constraints import constraint_of
from clinic.models import Clinic
from sessions.lifecycle import Status
from sessions.models import ProductUse, TreatmentSession, tube_code
from sessions.services.booking.moves import UnresolvedFindings
from tests.conftest import AS_IT_IS, Booking
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db
TOLD = ["BIRTH_DATE", "NAME"]


def chart(session: TreatmentSession, booking: Booking, *tubes: dict[str, Any]) -> dict[str, Any]:
    plasma = ProductFactory(kind="BLOOD", name="PRP")
    entry = {"zone": booking.zone.code, "depth_mm": "1.50", "passes": 6}
    products = [{"product": str(plasma.pk), "lot": "Kit 7", **tube} for tube in tubes]
    return {"zones": [entry], "products": products}


def test_blood_is_used_with_a_tube_of_this_patient(booking: Booking, as_alice: APIClient) -> None:
    session = booking.charted()
    url = f"/api/v1/sessions/{session.pk}"
    as_alice.put(f"{url}/chart/", chart(session, booking, {}), headers=AS_IT_IS)

    with pytest.raises(UnresolvedFindings, match="two identifiers and scan"):
        booking.move(session, Status.COMPLETED)
    code = as_alice.get(f"{url}/chart/").json()["tube_code"]
    tube = {"tube_label": f"{code}-1".lower(), "identifiers": TOLD}
    written = as_alice.put(f"{url}/chart/", chart(session, booking, tube), headers=AS_IT_IS)

    assert written.status_code == 200, written.json()
    assert written.json()["products"][0]["tube_label"] == f"{code}-1"
    assert written.json()["products"][0]["identifiers"] == TOLD
    booking.move(session, Status.COMPLETED)


def test_another_tube_is_refused_and_named(
    booking: Booking, another_booking: Booking, as_alice: APIClient
) -> None:
    session = booking.charted()
    own, strange = tube_code(session), tube_code(another_booking.book())
    label = {"tube_label": f"{own}-1", "identifiers": TOLD}
    for tubes, pointer in (
        ([{**label, "tube_label": f"{strange}-1"}], "/products/0/tube_label"),
        ([{**label, "tube_label": "PRP"}], "/products/0/tube_label"),
        ([{**label, "identifiers": ["NAME"]}], "/products/0/identifiers"),
        ([{**label, "identifiers": ["NAME", "SHOE_SIZE"]}], "/products/0/identifiers"),
        ([label, label], "/products/1/tube_label"),
    ):
        answer = as_alice.put(
            f"/api/v1/sessions/{session.pk}/chart/",
            chart(session, booking, *tubes),
            headers=AS_IT_IS,
        )
        assert answer.status_code in (400, 422), (tubes, answer.json())
        assert answer.json()["errors"][0]["pointer"].startswith(pointer), answer.json()
    assert not ProductUse.objects.exists()


def test_sql_cannot_put_one_patients_blood_into_another(
    booking: Booking, another_booking: Booking
) -> None:
    session, other = booking.charted(), another_booking.charted()
    plasma = ProductFactory(kind="BLOOD")
    blood = {"product": plasma, "lot": "Kit 7", "identifiers": TOLD}
    label = f"{tube_code(session)}-1"
    ProductUse.objects.create(session=session, tube_label=label, **blood)

    for of, constraint in ((other, "tube_of_patient"), (session, "tube_once")):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            ProductUse.objects.create(session=of, tube_label=label, **blood)
        assert str(constraint_of(refused.value)).endswith(constraint)


@pytest.mark.parametrize("asks", [True, False])
def test_sharps_are_confirmed_where_the_clinic_asks(
    booking: Booking, as_alice: APIClient, asks: bool
) -> None:
    Clinic.objects.update(asks_sharps_disposal=asks)
    session = booking.charted()
    body = chart(session, booking)
    if asks:
        with pytest.raises(UnresolvedFindings, match="sharps"):
            booking.move(session, Status.COMPLETED)
        body["sharps_disposed"] = True
        as_alice.put(f"/api/v1/sessions/{session.pk}/chart/", body, headers=AS_IT_IS)

    booking.move(session, Status.COMPLETED)

    assert TreatmentSession.objects.get(pk=session.pk).sharps_disposed is asks
