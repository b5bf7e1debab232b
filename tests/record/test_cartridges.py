"""One sterile cartridge, one session: by the service and by the database itself."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.models import CartridgeLot, Clinic
from patients.models import StaffTask
from sessions.models import CartridgeUse, Deviation
from tests.conftest import Booking
from tests.factories import (
    DAY,
    GTIN,
    NINE,
    CartridgeLotFactory,
    CartridgeUseFactory,
    DeviceModelFactory,
    SessionFactory,
)
from tests.support.accesses import RECORDED

pytestmark = pytest.mark.django_db


def scan(client: APIClient, session: Any, code: str, **told: str) -> Any:
    return client.post(f"/api/v1/sessions/{session.pk}/cartridges/", {"code": code, **told})


def code_of(lot: CartridgeLot, serial: str = "1") -> str:
    return f"(01){lot.gtin}(17){lot.expires_on:%y%m%d}(10){lot.lot}(21){serial}"


def test_a_scanned_cartridge_is_recorded(as_alice: APIClient, booking: Booking) -> None:
    session = booking.in_progress()
    lot = CartridgeLotFactory(clinic=booking.plan.clinic)

    answer = scan(as_alice, session, code_of(lot, "A7"))

    assert answer.status_code == 201
    assert (answer.json()["lot_number"], answer.json()["serial"]) == (lot.lot, "A7")


def test_a_cartridge_serves_one_session(
    as_alice: APIClient, booking: Booking, another_booking: Booking
) -> None:
    first, second = booking.in_progress(), another_booking.in_progress(NINE + DAY)
    lot = CartridgeLotFactory(clinic=booking.plan.clinic)
    assert scan(as_alice, first, code_of(lot)).status_code == 201

    again = scan(as_alice, second, code_of(lot))
    twice = scan(as_alice, first, code_of(lot))
    fresh = scan(as_alice, second, code_of(lot, "2"))

    for refused in (again, twice):
        assert (refused.status_code, refused.json()["code"]) == (409, "cartridge_used")
        assert "throw it away" in refused.json()["detail"]
    assert fresh.status_code == 201


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"expires_on": NINE.date() - 30 * DAY * 200}, "cartridge_expired"),
        ({"recalled_at": NINE, "recall_reason": "not sterile"}, "cartridge_recalled"),
    ],
)
def test_an_expired_or_recalled_cartridge_is_refused(
    as_alice: APIClient, booking: Booking, change: dict[str, Any], code: str
) -> None:
    session = booking.in_progress()
    lot = CartridgeLotFactory(clinic=booking.plan.clinic, **change)

    answer = scan(as_alice, session, code_of(lot))

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert answer.json()["errors"][0]["pointer"] == "/code"
    assert not CartridgeUse.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"expires_on": NINE.date() - 30 * DAY * 200},
        {"recalled_at": NINE, "recall_reason": "not sterile"},
    ],
)
def test_one_that_was_on_the_skin_before_anybody_knew_is_recorded_as_a_deviation(
    as_alice: APIClient, booking: Booking, change: dict[str, Any]
) -> None:
    session = booking.in_progress()
    lot = CartridgeLotFactory(clinic=booking.plan.clinic, **change)
    told = {"reason": "Opened at ten, learned at noon", "action_taken": "Stopped, patient told"}

    half = scan(as_alice, session, code_of(lot), reason=told["reason"])
    whole = scan(as_alice, session, code_of(lot), **told)
    again = scan(as_alice, session, code_of(lot), **told)

    assert (half.status_code, half.json()["errors"][0]["pointer"]) == (400, "/action_taken")
    assert whole.status_code == 201
    deviation = Deviation.objects.get(pk=whole.json()["deviation"])
    assert (deviation.kind, deviation.reason) == ("TRACEABILITY", told["reason"])
    assert StaffTask.objects.filter(source=f"deviation:{deviation.pk}", audience="MANAGER").exists()
    assert again.json()["code"] == "cartridge_used"
    assert CartridgeUse.objects.get().deviation == deviation


def test_nothing_is_told_of_a_cartridge_that_is_fit(as_alice: APIClient, booking: Booking) -> None:
    lot = CartridgeLotFactory(clinic=booking.plan.clinic)

    told = {"reason": "why", "action_taken": "what"}
    answer = scan(as_alice, booking.in_progress(), code_of(lot), **told)

    assert (answer.status_code, answer.json()["code"]) == (409, "cartridge_is_fit")
    assert not Deviation.objects.exists()


@pytest.mark.parametrize(("days", "status"), [(0, 201), (-1, 409)])
def test_a_cartridge_is_used_until_its_last_day(
    as_alice: APIClient, booking: Booking, days: int, status: int
) -> None:
    session = booking.in_progress()
    today = timezone.now().astimezone(session.clinic.zone).date()
    lot = CartridgeLotFactory(clinic=booking.plan.clinic, expires_on=today + days * DAY)

    assert scan(as_alice, session, code_of(lot)).status_code == status


def test_an_unknown_cartridge_is_refused(as_alice: APIClient, booking: Booking) -> None:
    session = booking.in_progress()
    elsewhere = CartridgeLotFactory()  # another clinic's store
    known = CartridgeLotFactory(clinic=booking.plan.clinic)
    other_date = code_of(known).replace("(17)35", "(17)34")

    for code in (code_of(elsewhere), f"(01){GTIN}(17)350131(10)NEVER(21)1", other_date):
        answer = scan(as_alice, session, code)
        assert (answer.status_code, answer.json()["code"]) == (409, "cartridge_unknown")


def test_a_cartridge_of_another_device_is_refused(as_alice: APIClient, booking: Booking) -> None:
    other = DeviceModelFactory(code="other", name="Other Pen")
    lot = CartridgeLotFactory(clinic=booking.plan.clinic, device_model=other)

    answer = scan(as_alice, booking.in_progress(), code_of(lot))

    assert answer.json()["code"] == "cartridge_of_other_device"


@pytest.mark.parametrize("code", ["", "hello", "(01)123", f"(01){GTIN}(10)L(21)1", "\x00"])
def test_rubbish_from_the_scanner_is_named(
    as_alice: APIClient, booking: Booking, code: str
) -> None:
    answer = scan(as_alice, booking.in_progress(), code)

    assert answer.status_code in (400, 422)
    assert answer.json()["errors"][0]["pointer"] == "/code"


def test_the_database_refuses_the_same_without_any_service() -> None:
    session = SessionFactory()
    lot = CartridgeLotFactory(clinic=session.clinic)
    used = CartridgeUseFactory(session=session, lot=lot)
    rows = {
        "cartridge_used_once": (lot, used.serial, NINE.date()),
        "cartridge_not_expired": (lot, "2", lot.expires_on + DAY),
        "cartridge_lot_of_same_clinic": (CartridgeLotFactory(), "3", NINE.date()),
    }
    for constraint, (of_lot, serial, used_on) in rows.items():
        with (
            pytest.raises(DatabaseError) as refused,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "INSERT INTO treatment_cartridge_use (session_id, clinic_id, lot_id, serial,"
                " used_on) VALUES (%s, %s, %s, %s, %s)",
                [session.pk, session.clinic_id, of_lot.pk, serial, used_on],
            )
        assert refused.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]


def test_a_delivery_is_taken_in_by_scanning_one_cartridge(
    as_dana: APIClient, clinic: Clinic
) -> None:
    DeviceModelFactory()
    body = {
        "device_model": "skinpen",
        "code": f"(01){GTIN}(17)351200(10)NEW(21)1",
        "quantity": 25,
    }

    stored = as_dana.post("/api/v1/lots/", body)
    again = as_dana.post("/api/v1/lots/", body)

    assert stored.status_code == 201
    assert stored.json()["expires_on"] == "2035-12-31"  # day 00 is the end of the month
    assert (again.status_code, again.json()["code"]) == (409, "lot_known")
    assert as_dana.post("/api/v1/lots/", {**body, "code": "x"}).status_code == 422


def test_from_a_lot_to_its_patients_in_one_query(
    as_alice: APIClient, booking: Booking, django_assert_num_queries: Any
) -> None:
    lot = CartridgeLotFactory(clinic=booking.plan.clinic)
    for number in range(3):
        session = SessionFactory(
            plan__patient__clinic=booking.plan.clinic, starts_at=NINE + number * DAY
        )
        CartridgeUseFactory(session=session, lot=lot)

    with django_assert_num_queries(2 + RECORDED):  # the lot itself, then everybody it has touched
        touched = as_alice.get(f"/api/v1/lots/{lot.pk}/patients/").json()["results"]

    assert len({row["patient"] for row in touched}) == 3
    assert {"patient_name", "mobile", "email", "starts_at", "serial"} <= set(touched[0])


def test_a_recall_stops_a_lot_at_once(manager: Any, as_alice: APIClient, booking: Booking) -> None:
    from tests.conftest import client_of

    session = booking.in_progress()
    lot = CartridgeLotFactory(clinic=booking.plan.clinic)
    url = f"/api/v1/lots/{lot.pk}/recall/"

    assert as_alice.post(url, {"reason": "x"}).status_code == 403
    assert client_of(manager).post(url, {"reason": "needles bent"}).status_code == 200
    assert client_of(manager).post(url, {"reason": "again"}).json()["code"] == "already_recalled"

    assert "needles bent" in scan(as_alice, session, code_of(lot)).json()["detail"]


def test_what_stands_on_the_box_never_changes() -> None:
    lot = CartridgeLotFactory()

    for change in ({"lot": "X"}, {"gtin": "0" * 14}, {"expires_on": NINE.date()}):
        with pytest.raises(DatabaseError, match="as_on_the_box"), transaction.atomic():
            CartridgeLot.objects.filter(pk=lot.pk).update(**change)
