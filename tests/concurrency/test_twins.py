"""Two at once: a request and its twin are done once, and of two editors one has seen too little."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.utils import timezone

from aftercare import services
from aftercare.models import Message, MessageStatus
from clinic.db.retries import Busy
from clinic.http.writes import SafeWrites
from clinic.models import Clinic, User
from tests.concurrency.conftest import race
from tests.conftest import client_of
from tests.factories import ClinicFactory, MessageFactory
from tests.support.answers import description
from tests.support.writes import Desk, Write, writes

ROUNDS = 200


def at_once(*sends: Any) -> list[Any]:
    """The answers to requests that are sent at the same moment."""

    def send(one: Any) -> Any:
        try:
            return one()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(sends)) as pool:
        return list(pool.map(send, sends))


def obediently(write: Write, key: str) -> Any:
    """The answer to a write, sent again if it is told to try again: where the machine stands still
    for ten seconds, a twin that waits for the other one is told so."""
    answer = write.send(Idempotency_Key=key)
    return write.send(Idempotency_Key=key) if answer.status_code == Busy.status else answer


def test_a_post_and_its_twin_are_done_once() -> None:
    failed, tried = [], 0
    for operation, method, path in writes():
        if method != "post":
            continue
        desk = Desk(ClinicFactory())  # its own: what is committed stays in the way
        write, tried = desk.write(operation, method, path), tried + 1
        key = f"{operation} once"
        answers = at_once(*[partial(obediently, write, key)] * 2)
        replayed = [answer.get("Idempotency-Replayed") for answer in answers]
        texts = {answer.content for answer in answers}
        if Counter(replayed) != {None: 1, "true": 1} or len(texts) != 1:
            failed.append(f"{path}: {replayed}, {texts}"[:300])

    assert tried > 45
    assert failed == []


def editors(clinic: Clinic, rounds: int) -> "Counter[tuple[int, ...]]":
    """Two who have both read a patient, and then both write: what they were answered."""
    desk = Desk(clinic)
    url = f"/api/v1/patients/{desk.patient.pk}/"
    description()  # made by the first answer, else by two threads at once
    both_are_there = threading.Barrier(2, timeout=60)

    def edit(part: str, user: User, field: str) -> list[int]:
        client, answers = client_of(user), []
        for number in range(rounds):
            tag = client.get(f"{url}{part}")["ETag"]
            both_are_there.wait()
            body = {field: f"Ada {number}"}
            answer = client.patch(f"{url}{part}", body, headers={"If-Match": tag})
            answers.append(answer.status_code)
            both_are_there.wait()
        return answers

    at_the_desk, in_the_room = at_once(
        lambda: edit("", desk.dana, "given_name"), lambda: edit("medical/", desk.alice, "notes")
    )
    pairs = zip(at_the_desk, in_the_room, strict=True)
    return Counter(tuple(sorted(pair)) for pair in pairs)


def test_of_two_editors_exactly_one_wins_each_round(clinic: Clinic) -> None:
    assert editors(clinic, ROUNDS) == {(200, 412): ROUNDS}


def test_control_without_the_comparison_both_write(clinic: Clinic) -> None:
    with patch.object(SafeWrites, "require_seen"):
        assert editors(clinic, 20) == {(200, 200): 20}


def test_of_many_who_send_a_message_again_one_does(manager: User) -> None:
    """Some of them from the message itself, and some from an earlier copy of it."""
    first = MessageFactory(session__plan__patient__clinic=manager.clinics.get())
    first.end(MessageStatus.CANCELLED, "by hand", at=timezone.now())
    copy = services.resend_message(message_id=first.pk, at=timezone.now(), by=manager)
    copy.end(MessageStatus.CANCELLED, "by hand", at=timezone.now())

    def again(message: Message) -> Any:
        return lambda: services.resend_message(message_id=message.pk, at=timezone.now(), by=manager)

    outcomes = race(*[again(message) for message in (first, copy) * 4])

    assert Message.objects.filter(status=MessageStatus.PENDING).count() == 1
    assert (outcomes["CopyWaiting"], outcomes.total()) == (7, 8)
