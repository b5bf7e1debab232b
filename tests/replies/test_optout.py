"""The ledger of addresses: the last word counts, and none is overruled by a lighter one."""

from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient

from aftercare.dispatch.locked_read import LockedMessageReader
from aftercare.dispatch.recheck import Verdict, verdict
from aftercare.models import AddressConsent, AddressSource, Message, MessageStatus
from aftercare.replies import opt_out
from aftercare.replies.address import lock_name
from clinic.db.locks import lock
from clinic.models import Clinic, User
from patients.models import Channel, Purpose
from tests.factories import (
    HOUR,
    NINE,
    ContactConsentFactory,
    MessageFactory,
    PatientFactory,
)
from tests.support.accesses import RECORDED

NUMBER = "+4915123456789"
db = pytest.mark.django_db


def judged(message: Message) -> Verdict | None:
    """What the last look says to a worker that has marked the message."""
    rows = Message.objects.filter(pk=message.pk)
    held = {"worker": "worker", "lease_until": NINE + HOUR}
    rows.filter(status=MessageStatus.PENDING).update(status=MessageStatus.CLAIMED, **held)
    rows.update(status=MessageStatus.SENDING)
    with transaction.atomic():
        found = LockedMessageReader("worker").read_locked(message.pk)
    assert found is not None
    return verdict(found, NINE)


def say(granted: bool, source: str, **changes: Any) -> list[AddressConsent]:
    details: dict[str, Any] = {
        "channel": Channel.SMS,
        "address": NUMBER,
        "wording": "so",
        "at": NINE,
    }
    return opt_out.record(granted=granted, source=source, **{**details, **changes})


def refused(purpose: str = Purpose.CARE) -> bool:
    return opt_out.refusal(channel=Channel.SMS, address=NUMBER, purpose=purpose) is not None


@db
def test_silence_refuses_nothing() -> None:
    assert not refused()
    assert say(True, AddressSource.REPLY) == []  # nothing to allow again


@db
def test_a_stop_holds_for_every_purpose_until_start() -> None:
    assert len(say(False, AddressSource.REPLY)) == 2
    assert refused(Purpose.CARE)
    assert refused(Purpose.RECALL)
    assert say(False, AddressSource.REPLY) == []

    assert len(say(True, AddressSource.REPLY)) == 2
    assert not refused()


@db
@pytest.mark.parametrize("source", [s for s in AddressSource if s != AddressSource.REPLY])
@pytest.mark.parametrize("granted", [True, False])
def test_after_a_stop_only_the_phone_itself_is_heard(
    source: str, granted: bool, dana: User
) -> None:
    say(False, AddressSource.REPLY)
    by = dana if source == AddressSource.STAFF else None

    assert say(granted, source, by=by) == []
    assert refused()
    assert len(say(True, AddressSource.REPLY)) == 2


@db
@pytest.mark.parametrize("heavy", [AddressSource.HARD_BOUNCE, AddressSource.COMPLAINT])
def test_a_bounce_or_complaint_is_cleared_up_by_staff_not_by_a_link(heavy: str, dana: User) -> None:
    say(False, heavy)

    assert say(True, AddressSource.PREFERENCES) == []
    assert refused()
    assert say(True, AddressSource.STAFF, by=dana)
    assert not refused()


@db
def test_what_was_chosen_by_a_link_is_taken_back_by_a_link() -> None:
    say(False, AddressSource.UNSUBSCRIBE_LINK, purposes=[Purpose.RECALL])
    assert refused(Purpose.RECALL)
    assert not refused(Purpose.CARE)

    assert say(True, AddressSource.PREFERENCES, purposes=[Purpose.RECALL])
    assert not refused(Purpose.RECALL)


@db
def test_an_address_is_one_in_every_spelling() -> None:
    opt_out.record(
        channel=Channel.EMAIL,
        address=" Grace@Example.COM ",
        granted=False,
        source=AddressSource.COMPLAINT,
        wording="spam",
        at=NINE,
    )

    assert opt_out.refusal(channel=Channel.EMAIL, address="grace@example.com", purpose="CARE")
    assert not opt_out.refusal(channel=Channel.SMS, address="grace@example.com", purpose="CARE")


@db
@pytest.mark.parametrize(
    ("source", "why"),
    [
        (AddressSource.REPLY, "this number has opted out by a reply (2030-01-07)"),
        (AddressSource.HARD_BOUNCE, "this address does not exist, says its provider (2030-01-07)"),
        (AddressSource.COMPLAINT, "this address has reported a message as spam (2030-01-07)"),
        (AddressSource.UNSUBSCRIBE_LINK, "this address has unsubscribed (2030-01-07)"),
    ],
)
def test_a_suppression_names_its_reason(source: str, why: str) -> None:
    patient = PatientFactory(mobile=NUMBER)
    ContactConsentFactory(patient=patient, channel=Channel.SMS)
    message = MessageFactory(session__plan__patient=patient, channel=Channel.SMS)
    assert judged(message) is None

    say(False, source)

    found = judged(message)
    assert found is not None
    assert (found.status, found.reason) == (MessageStatus.SUPPRESSED, why)


@db
def test_a_stop_counts_for_all_who_share_the_number_and_for_sms_only() -> None:
    say(False, AddressSource.REPLY)
    for _ in range(2):
        patient = PatientFactory(mobile=NUMBER)
        for channel in Channel:
            ContactConsentFactory(patient=patient, channel=channel)
        by_sms = MessageFactory(session__plan__patient=patient, channel=Channel.SMS)
        by_email = MessageFactory(session=by_sms.session, channel=Channel.EMAIL)

        assert judged(by_sms) is not None
        assert judged(by_email) is None


@db
def test_start_does_not_stand_in_for_the_patients_own_consent() -> None:
    say(False, AddressSource.REPLY)
    say(True, AddressSource.REPLY)
    patient = PatientFactory(mobile=NUMBER)
    message = MessageFactory(session__plan__patient=patient, channel=Channel.SMS)

    found = judged(message)

    assert found is not None
    assert found.reason == "the patient has not agreed to this channel"


@pytest.mark.django_db(transaction=True)
def test_an_opt_out_waits_for_the_call_in_flight_and_nothing_follows() -> None:
    calling, may_end, order = Event(), Event(), []

    def call() -> None:
        with transaction.atomic():
            lock(shared=(lock_name(Channel.SMS, NUMBER),))
            assert not refused()
            calling.set()
            may_end.wait(10)
            order.append("call ended")
        connection.close()

    def stop() -> None:
        say(False, AddressSource.REPLY)
        order.append("answered")
        connection.close()

    threads = [Thread(target=call), Thread(target=stop)]
    threads[0].start()
    assert calling.wait(10)
    threads[1].start()
    threads[1].join(0.3)
    assert threads[1].is_alive()  # it waits
    may_end.set()
    for thread in threads:
        thread.join(10)

    assert order == ["call ended", "answered"]
    assert refused()


@db
def test_the_desk_uses_an_address_again_that_had_bounced(
    clinic: Clinic, as_dana: APIClient, dana: User
) -> None:
    patient = PatientFactory(clinic=clinic, email="Grace@Patients.example")
    email = {"channel": Channel.EMAIL, "address": patient.email, "at": NINE, "wording": "550"}
    opt_out.record(granted=False, source=AddressSource.HARD_BOUNCE, **email)
    body = {
        "patient": str(patient.pk),
        "channel": "EMAIL",
        "purpose": "CARE",
        "granted": True,
        "wording": "She has emptied her mailbox.",
    }

    answer = as_dana.post("/api/v1/address-consents/", body)

    assert answer.status_code == 201
    assert answer.json()[0]["recorded_by"] == str(dana.pk)
    assert not opt_out.refusal(channel=Channel.EMAIL, address=patient.email, purpose="CARE")
    listed = as_dana.get("/api/v1/address-consents/?address=grace@patients.example").json()
    assert [row["granted"] for row in listed["results"]] == [True, False, False]
    assert as_dana.post("/api/v1/address-consents/", body).json() == []  # nothing new


@db
def test_the_desk_cannot_undo_a_stop(clinic: Clinic, as_dana: APIClient) -> None:
    patient = PatientFactory(clinic=clinic, mobile=NUMBER)
    say(False, AddressSource.REPLY)
    body = {"patient": str(patient.pk), "channel": "SMS", "purpose": "CARE", "wording": "She asked"}

    answer = as_dana.post("/api/v1/address-consents/", {**body, "granted": True})

    assert (answer.status_code, answer.json()["code"]) == (409, "stopped_by_reply")
    assert refused()


@db
def test_the_ledger_shows_only_addresses_of_the_callers_patients(
    clinic: Clinic, as_dana: APIClient, as_bob: APIClient, django_assert_num_queries: Any
) -> None:
    PatientFactory(clinic=clinic, mobile=NUMBER)
    say(False, AddressSource.REPLY)
    foreign = PatientFactory()

    with django_assert_num_queries(1 + RECORDED):
        assert len(as_dana.get("/api/v1/address-consents/").json()["results"]) == 2
    assert as_bob.get("/api/v1/address-consents/").json()["results"] == []
    body = {"patient": str(foreign.pk), "channel": "SMS", "purpose": "CARE", "granted": False}
    answer = as_dana.post("/api/v1/address-consents/", {**body, "wording": "x"})
    assert answer.json()["errors"][0]["pointer"] == "/patient"
