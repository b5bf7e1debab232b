"""The patient presses “I have read this” while the beat asks for a call: no call stays open."""

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from django.db.models import QuerySet

from aftercare.models import Message, RecallNotice, RecallTelling
from aftercare.models.recall import RecallNoticeQuerySet
from aftercare.planning import gradual
from aftercare.services import acknowledge_recall, recall, tell_patients, telling
from clinic.models import CartridgeLot, Clinic, User
from patients.models import StaffTask
from tests.concurrency.conftest import race, waiting_for_each_other
from tests.factories import NINE, RecallNoticeFactory, SessionFactory
from tests.recalls.world import BOTH, RECALLED, step_of_recalls, stored_lot, used_on
from tests.recalls.world import recall as recalled

LATE = NINE + recall.READ_WITHIN


@pytest.fixture
def notice(clinic: Clinic) -> RecallNotice:
    session = SessionFactory(plan__patient__clinic=clinic)
    row: RecallNotice = RecallNoticeFactory(session=session, told_at=NINE)
    return row


@pytest.fixture
def press(notice: RecallNotice, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Presses once the beat has seen that nothing was read, and before it writes."""
    ask, seen, pressed = recall.ask_for_call, Event(), Event()

    def ask_slowly(*args: Any, **kwargs: Any) -> None:
        seen.set()
        pressed.wait(timeout=0.5)  # behind a lock nobody can press meanwhile
        ask(*args, **kwargs)

    def run() -> RecallNotice:
        assert seen.wait(timeout=30)
        try:
            return acknowledge_recall(notice_id=notice.pk, at=LATE)
        finally:
            pressed.set()

    monkeypatch.setattr(recall, "ask_for_call", ask_slowly)
    return run


def test_a_press_beside_the_beat_leaves_no_call_open(press: Any) -> None:
    race(press, lambda: recall.call_the_silent(at=LATE))

    assert RecallNotice.objects.get().state == "READ"
    assert not StaffTask.objects.open().exists()


def test_without_the_lock_a_patient_who_has_read_it_would_be_called(
    press: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control arm."""
    monkeypatch.setattr(RecallNoticeQuerySet, "locked", lambda rows: rows.order_by("pk"))

    race(press, lambda: recall.call_the_silent(at=LATE))

    assert RecallNotice.objects.get().read_at == LATE
    assert StaffTask.objects.open().count() == 1


def test_many_beats_ask_once(notice: RecallNotice) -> None:
    race(*[lambda: recall.call_the_silent(at=LATE)] * 4)

    assert StaffTask.objects.open().count() == 1


def test_a_recall_that_is_said_by_many_at_once_tells_each_patient_once(
    clinic: Clinic, manager: User
) -> None:
    step_of_recalls()
    lot, second = stored_lot(clinic), stored_lot(clinic)
    patient = used_on(lot, *BOTH)
    used_on(second, patient=patient, at=RECALLED)
    for one in (lot, second):
        recalled(one, manager)
    before = sorted(patient.messages.values_list("pk", flat=True))

    race(*[lambda: tell_patients(lot_id=lot.pk, at=RECALLED, by=manager)] * 4)

    assert sorted(patient.messages.values_list("pk", flat=True)) == before
    assert len(before) == 4


@pytest.fixture
def often_used(clinic: Clinic, manager: User, monkeypatch: pytest.MonkeyPatch) -> CartridgeLot:
    """Recalled, and a worker is to look at twelve uses, two at a time."""
    monkeypatch.setattr(telling, "STRETCH", 2)
    step_of_recalls()
    lot = stored_lot(clinic)
    for _ in range(12):
        used_on(lot, BOTH[0])
    recalled(lot, manager)
    return lot


def work(rounds: int = 20) -> str:
    for _ in range(rounds):
        telling.go_on_with_tellings(at=RECALLED)
    return "worked"


def test_two_workers_tell_each_patient_of_many_once(often_used: CartridgeLot) -> None:
    assert race(work, work) == {"worked": 2}

    told = Message.objects.filter(recall_notice__lot=often_used)
    assert told.count() == told.values("patient").distinct().count() == 12
    assert RecallTelling.objects.get().looked_at == 12


def test_control_without_the_locks_two_workers_tell_the_same_patients(
    often_used: CartridgeLot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This shows that the set-up above can fail: a constraint is what still stops the second."""
    monkeypatch.setattr(telling, "lock", lambda name: None)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_: rows)
    monkeypatch.setattr(gradual, "STRETCHES", 1)
    monkeypatch.setattr(telling, "_missing", waiting_for_each_other()(telling._missing))

    outcomes = race(lambda: work(1), lambda: work(1))

    assert outcomes == {"worked": 1, "IntegrityError": 1}
