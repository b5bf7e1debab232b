"""Who is told of a recall, by what, and who is called in the end."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aftercare.dispatch import run as dispatch
from aftercare.models import CallReason, CareStep, Message, RecallNotice, RecallState
from aftercare.services import NotRecalled, acknowledge_recall, tell_patients
from aftercare.services.messages import cancel_message, resend_message
from aftercare.services.recall import READ_WITHIN, call_the_silent
from clinic.models import CartridgeLot, Clinic, User
from patients.models import Audience, StaffTask, TaskKind
from patients.services import finish_task
from patients.services.tasks import OutcomeMissing
from sessions.services import archive_patient, use_cartridge
from sessions.services.ending.decisions import Decider
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    AddressConsentFactory,
    CartridgeUseFactory,
    ContactConsentFactory,
    StaffTaskFactory,
)
from tests.recalls.world import (
    BOTH,
    RECALLED,
    notice_of,
    recall,
    step_of_recalls,
    stored_lot,
    used_on,
)
from tests.support.doubles import HttpGateway, SmtpServer
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
EMAIL, SMS = BOTH
SECOND = timedelta(seconds=1)


@kept
def lot(clinic: Clinic) -> CartridgeLot:
    step_of_recalls()
    return stored_lot(clinic)


def send(at: Any = RECALLED) -> int:
    return dispatch.send_due(clock=lambda: at)


def outbox(**which: Any) -> list[tuple[str, str]]:
    rows = Message.objects.filter(recall_notice__isnull=False, **which)
    return list(rows.order_by("pk").values_list("channel", "status"))


def calls() -> Any:
    return StaffTask.objects.filter(kind=TaskKind.LOT_RECALL).order_by("pk")


def test_who_was_treated_before_the_recall_and_scanned_after_it_is_told_too(
    lot: CartridgeLot, manager: User, booking: Booking
) -> None:
    used_before = used_on(lot, EMAIL)
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

    assert notice_of(session.patient).issued_at == RECALLED + HOUR
    assert outbox(patient=session.patient) == [("EMAIL", "PENDING")]
    assert outbox(patient=used_before) == [("EMAIL", "PENDING")], "told once"


def test_each_patient_of_a_recalled_lot_has_one_notice_and_its_messages(
    lot: CartridgeLot, manager: User, smtp: SmtpServer, gateway: HttpGateway
) -> None:
    by_both, by_mail = used_on(lot, *BOTH), used_on(lot, EMAIL)
    used_on(lot, at=NINE + 9 * DAY, patient=by_mail)
    used_on(stored_lot(lot.clinic), EMAIL)  # of another lot

    recall(lot, manager)
    lot.refresh_from_db()
    lot.save(update_fields=["quantity"])  # as a count in the admin does

    assert RecallNotice.objects.count() == 2
    assert notice_of(by_mail).session.starts_at == NINE + 9 * DAY
    assert outbox(patient=by_both) == [("EMAIL", "PENDING"), ("SMS", "PENDING")]
    assert outbox(patient=by_mail) == [("EMAIL", "PENDING")]
    assert not calls().exists()
    assert send() == 3
    told = notice_of(by_both)
    assert (told.state, told.told_at) == (RecallState.TOLD, RECALLED)


def test_who_can_be_reached_by_no_channel_is_called_at_once(
    lot: CartridgeLot, manager: User
) -> None:
    silent, archived = used_on(lot), used_on(lot, EMAIL)
    archived.archived_at = RECALLED
    archived.save()

    recall(lot, manager)

    assert outbox() == []
    tasks = list(calls())
    assert {task.patient for task in tasks} == {silent, archived}
    for task in tasks:
        assert (task.audience, task.severity) == (Audience.CLINICAL, "AMBER")
        assert task.due_at > RECALLED
        assert "needles bent" in task.detail
        assert lot.lot in task.detail
    assert notice_of(silent).state == RecallState.UNREACHABLE


def test_without_the_step_everybody_is_called(lot: CartridgeLot, manager: User) -> None:
    used_on(lot, EMAIL)
    CareStep.objects.update(is_active=False)

    recall(lot, manager)

    assert calls().count() == 1


def test_it_is_held_by_quiet_hours_but_not_by_the_sms_limit_or_a_grave_report(
    lot: CartridgeLot, manager: User, gateway: HttpGateway
) -> None:
    Clinic.objects.filter(pk=lot.clinic.pk).update(quiet_from=time(21), quiet_until=time(8))
    patient = used_on(lot, SMS)
    StaffTaskFactory(clinic=lot.clinic, patient=patient, severity="RED")
    night = RECALLED.replace(hour=23)
    recall(lot, manager, at=night)
    second = stored_lot(lot.clinic)
    used_on(second, at=NINE + 9 * DAY, patient=patient)
    recall(second, manager, at=night)

    send(night)
    assert outbox() == [("SMS", "PENDING")] * 2
    send(night + 12 * HOUR)
    assert outbox() == [("SMS", "SENT")] * 2


def test_a_refusal_of_the_address_counts_and_means_a_call(
    lot: CartridgeLot, manager: User, smtp: SmtpServer
) -> None:
    patient = used_on(lot, EMAIL)
    recall(lot, manager)
    AddressConsentFactory(channel=EMAIL, address=patient.email.lower(), recorded_at=RECALLED)

    send()

    assert outbox() == [("EMAIL", "SUPPRESSED")]
    assert notice_of(patient).state == RecallState.UNREACHABLE
    assert calls().get().patient == patient
    assert StaffTask.objects.count() == 1, "one call, no task of the failed message beside it"


def test_one_channel_that_fails_is_no_call_while_the_other_may_arrive(
    lot: CartridgeLot, manager: User, gateway: HttpGateway
) -> None:
    patient = used_on(lot, *BOTH)
    recall(lot, manager)
    patient.email = ""
    patient.save()

    send()

    assert not calls().exists()
    assert notice_of(patient).state == RecallState.TOLD


def test_who_has_read_it_is_not_told_by_the_other_channel(
    lot: CartridgeLot, manager: User, smtp: SmtpServer, gateway: HttpGateway
) -> None:
    patient = used_on(lot, *BOTH)
    recall(lot, manager)

    acknowledge_recall(notice_id=notice_of(patient).pk, at=RECALLED)
    send()

    assert {status for _, status in outbox()} == {"CANCELLED"}
    assert notice_of(patient).state == RecallState.READ
    assert not calls().exists()


@pytest.mark.parametrize(("late", "is_called"), [(-SECOND, False), (timedelta(), True)])
def test_who_does_not_read_it_in_time_is_called_once(
    lot: CartridgeLot, manager: User, smtp: SmtpServer, late: timedelta, is_called: bool
) -> None:
    patient, reader = used_on(lot, EMAIL), used_on(lot, EMAIL)
    recall(lot, manager)
    told = RECALLED + 5 * HOUR
    send(told)
    acknowledge_recall(notice_id=notice_of(reader).pk, at=told + HOUR)

    assert call_the_silent(at=told + 2 * DAY + late) == is_called
    assert call_the_silent(at=told + 2 * DAY + late) == 0

    assert [task.patient for task in calls()] == [patient] * is_called
    if is_called:
        assert notice_of(patient).call_reason == CallReason.SILENT


def test_ticks_that_were_missed_are_made_up_for_and_what_was_never_sent_is_a_call(
    lot: CartridgeLot, manager: User
) -> None:
    patient = used_on(lot, EMAIL)
    recall(lot, manager)  # and no worker runs

    assert call_the_silent(at=RECALLED + 30 * DAY) == 1

    assert notice_of(patient).call_reason == CallReason.UNREACHABLE


def test_reading_it_closes_the_call(lot: CartridgeLot, manager: User, smtp: SmtpServer) -> None:
    patient = used_on(lot, EMAIL)
    recall(lot, manager)
    send()
    call_the_silent(at=RECALLED + READ_WITHIN)
    read_at = RECALLED + 3 * DAY

    acknowledge_recall(notice_id=notice_of(patient).pk, at=read_at)
    acknowledge_recall(notice_id=notice_of(patient).pk, at=read_at + DAY)

    task = calls().get()
    assert (task.status, task.done_by, task.done_at) == ("DONE", None, read_at)
    notice = notice_of(patient)
    assert (notice.state, notice.read_at, notice.called_at) == (RecallState.READ, read_at, None)
    assert call_the_silent(at=RECALLED + 9 * DAY) == 0


def test_a_call_is_kept_with_its_outcome(lot: CartridgeLot, manager: User, alice: User) -> None:
    patient = used_on(lot)
    recall(lot, manager)
    task, at = calls().get(), RECALLED + HOUR

    with pytest.raises(OutcomeMissing):
        finish_task(task_id=task.pk, note=" ", at=at, by=alice)
    finish_task(task_id=task.pk, note="She is well.", at=at, by=alice)

    notice = notice_of(patient)
    assert notice.state == RecallState.CALLED
    assert (notice.called_at, notice.called_by, notice.outcome) == (at, alice, "She is well.")
    acknowledge_recall(notice_id=notice.pk, at=at + HOUR)
    assert notice_of(patient).state == RecallState.READ


def test_it_can_be_said_again_to_whom_it_has_not_reached(
    lot: CartridgeLot, manager: User, smtp: SmtpServer
) -> None:
    told, unreached = used_on(lot, EMAIL), used_on(lot)
    with pytest.raises(NotRecalled):
        tell_patients(lot_id=lot.pk, at=RECALLED, by=manager)
    recall(lot, manager)
    send()
    later = RECALLED + DAY
    assert tell_patients(lot_id=lot.pk, at=later, by=manager) == 0
    ContactConsentFactory(patient=unreached, channel=EMAIL)

    assert tell_patients(lot_id=lot.pk, at=later, by=manager) == 1
    assert tell_patients(lot_id=lot.pk, at=later, by=manager) == 0

    assert outbox(patient=told) == [("EMAIL", "SENT")]
    assert outbox(patient=unreached) == [("EMAIL", "PENDING")]
    assert calls().count() == 1, "somebody was asked to call, and does"


def test_two_lots_of_one_session_are_two_notices(lot: CartridgeLot, manager: User) -> None:
    patient, second = used_on(lot, EMAIL), stored_lot(lot.clinic)
    CartridgeUseFactory(session=patient.sessions.get(), lot=second)

    recall(lot, manager)
    recall(second, manager)

    assert sorted(Message.objects.values_list("occurrence", flat=True)) == [1, 2]
    assert RecallNotice.objects.filter(patient=patient).count() == 2


def test_a_message_that_is_sent_again_tells_of_the_same_recall(
    lot: CartridgeLot, manager: User, dana: User
) -> None:
    patient = used_on(lot, EMAIL)
    recall(lot, manager)
    message = Message.objects.get(patient=patient)

    cancel_message(message_id=message.pk, at=RECALLED, by=dana)
    again = resend_message(message_id=message.pk, at=RECALLED, by=dana)

    assert again.recall_notice == message.recall_notice
    assert calls().count() == 1


def test_an_archived_record_is_called(lot: CartridgeLot, manager: User, smtp: SmtpServer) -> None:
    patient = used_on(lot, EMAIL)
    recall(lot, manager)
    archive_patient(
        patient_id=patient.pk, decider=Decider(at=RECALLED, by=manager, rest="KEEP", reason="left")
    )

    send()

    assert notice_of(patient).state == RecallState.UNREACHABLE
    assert calls().get().patient == patient


def test_many_who_cannot_be_reached_take_no_more_statements_than_one(
    clinic: Clinic, manager: User
) -> None:
    step_of_recalls()
    taken: list[int] = []
    for number in (1, 4):
        lot = stored_lot(clinic)
        for _ in range(number):
            used_on(lot)
        with CaptureQueriesContext(connection) as queries:
            recall(lot, manager)
        assert RecallNotice.objects.filter(lot=lot, call_asked_at__isnull=False).count() == number
        taken.append(len(queries))

    assert StaffTask.objects.count() == 5
    assert taken[0] == taken[1]
