"""A lot that was used very often: a worker tells its patients, whatever happens to it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from aftercare.models import CallReason, Message, RecallNotice, RecallTelling
from aftercare.planning.reconcile import INSERT
from aftercare.services import telling
from clinic.models import CartridgeLot, Clinic, User
from patients.models import Channel, StaffTask
from sessions.services import use_cartridge
from tests.conftest import Booking, client_of
from tests.factories import DAY, HOUR, NINE, ContactConsentFactory
from tests.recalls.world import RECALLED, notice_of, recall, step_of_recalls, stored_lot, used_on

pytestmark = pytest.mark.django_db
EMAIL = Channel.EMAIL


@pytest.fixture
def lot(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> CartridgeLot:
    """Used on five patients who can be told, on one of them twice, and on two who cannot."""
    monkeypatch.setattr(telling, "STRETCH", 2)
    step_of_recalls()
    lot = stored_lot(clinic)
    told = [used_on(lot, EMAIL) for _ in range(5)]
    used_on(lot, patient=told[0], at=NINE + 9 * DAY)
    for _ in range(2):
        used_on(lot)
    return lot


def work_off() -> None:
    while telling.go_on_with_tellings(at=RECALLED + HOUR):
        pass


def everybody_is_told_once(lot: CartridgeLot) -> None:
    assert RecallNotice.objects.filter(lot=lot).count() == 7
    told = Message.objects.filter(recall_notice__lot=lot)
    assert told.count() == told.values("patient").distinct().count() == 5
    called = RecallNotice.objects.filter(lot=lot, call_reason=CallReason.UNREACHABLE)
    assert called.count() == StaffTask.objects.filter(kind="LOT_RECALL").count() == 2
    row = RecallTelling.objects.get()
    assert (row.total, row.looked_at, row.ended_at is not None) == (8, 8, True)


def test_the_request_tells_nobody_and_a_worker_tells_each_once(
    lot: CartridgeLot, manager: User
) -> None:
    recall(lot, manager)
    assert not RecallNotice.objects.exists()

    work_off()

    everybody_is_told_once(lot)
    assert set(RecallNotice.objects.values_list("issued_at", flat=True)) == {RECALLED + HOUR}


def test_who_is_stopped_is_followed_by_another_who_goes_on(
    lot: CartridgeLot, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    recall(lot, manager)
    written, stretches = INSERT.all, []

    def dies_in_the_third(messages: Any) -> None:
        written(messages)
        stretches.append(len(messages))
        if len(stretches) == 3:
            raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(INSERT, "all", dies_in_the_third)
        with pytest.raises(RuntimeError):
            work_off()
    assert RecallTelling.objects.get().looked_at == 4

    work_off()

    everybody_is_told_once(lot)


def test_to_say_it_again_begins_anew_and_tells_nobody_twice(
    lot: CartridgeLot, manager: User
) -> None:
    recall(lot, manager)
    work_off()
    unreached = RecallNotice.objects.filter(call_reason=CallReason.UNREACHABLE).first()
    assert unreached is not None
    ContactConsentFactory(patient=unreached.patient, channel=EMAIL)

    telling.tell_patients(lot_id=lot.pk, at=RECALLED + DAY, by=manager)
    assert RecallTelling.objects.get().looked_at == 0
    work_off()

    assert Message.objects.filter(patient=unreached.patient).count() == 1
    assert Message.objects.count() == 6


def test_what_is_scanned_meanwhile_is_told_by_its_own_scan(
    lot: CartridgeLot, manager: User, booking: Booking
) -> None:
    session = booking.in_progress()
    ContactConsentFactory(patient=session.patient, channel=EMAIL)
    recall(lot, manager)

    use_cartridge(
        session_id=session.pk,
        code=f"(01){lot.gtin}(17){lot.expires_on:%y%m%d}(10){lot.lot}(21)A7",
        reason="Opened before the recall came in",
        action_taken="Stopped",
        at=RECALLED + HOUR,
        by=booking.practitioner,
    )

    assert notice_of(session.patient).lot == lot
    assert RecallTelling.objects.get().looked_at == 0


def test_page_and_api_say_how_many_are_still_to_be_looked_at(
    lot: CartridgeLot, manager: User
) -> None:
    progress = f"/api/v1/lots/{lot.pk}/recall-progress/"
    browser = Client()
    browser.force_login(manager)
    page = reverse("admin:clinic_cartridgelot_change", args=[lot.pk])
    waiting = "cartridges are still to be looked at"

    recall(lot, manager)
    counts = client_of(manager).get(progress).json()
    assert (counts["affected"], counts["cartridges_left"]) == (0, 8)
    assert f"8 {waiting}" in browser.get(page).content.decode()

    work_off()
    counts = client_of(manager).get(progress).json()
    assert (counts["affected"], counts["cartridges_left"]) == (7, 0)
    assert waiting not in browser.get(page).content.decode()
    again = client_of(manager).post(f"/api/v1/lots/{lot.pk}/tell-patients/").json()
    assert (again["affected"], again["cartridges_left"]) == (7, 8)
