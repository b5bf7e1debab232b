"""Every page of a patient, in every state of its link, leaves one row that names the patient."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from aftercare.models import Message
from aftercare.records.erasure import ask_for_erasure, confirm_erasure
from aftercare.texts import links
from clinic.models import User
from patients.models import Patient
from sessions.lifecycle import Status
from tests.factories import DAY, ConsentTextFactory, PatientFactory, clinical_rules, this_hour
from tests.patients.merging import merge
from tests.replies.pages import make, opened_by, parts, post, post_by, url
from tests.support.accesses import Watch

pytestmark = pytest.mark.django_db
FORM: dict[str, Any] = {"text": "hello", "signs": "pus", "do": "save"}


def valid(message: Message, *_: User) -> Message:
    return message


def used(message: Message, *_: User) -> Message:
    """All its buttons were pressed but the one that ends it, which is `withdrawn`."""
    for part in parts():
        if part != "not-me/":
            post(message, part, **FORM)
    return message


def over(*_: Any) -> Message:
    long_ago = this_hour() - 91 * DAY
    return make(long_ago, Status.COMPLETED, sent_at=long_ago, due_at=long_ago)


def withdrawn(message: Message, *_: User) -> Message:
    """By whoever has the number now."""
    assert post(message, "not-me/").status_code == 200
    return message


def archived(message: Message, *_: User) -> Message:
    Patient.objects.filter(pk=message.patient_id).update(archived_at=timezone.now())
    return message


def erased(message: Message, manager: User, alice: User) -> Message:
    patient, at = archived(message).patient_id, timezone.now()
    erasure = ask_for_erasure(patient_id=patient, reason="REQUEST", at=at, by=manager)
    confirm_erasure(erasure_id=erasure.pk, at=at, by=alice)
    return message


def merged(message: Message, _: User, alice: User) -> Message:
    """Into the record that the link opens from then on."""
    given_up = message.patient
    names = ("clinic", "given_name", "family_name", "email", "mobile", "date_of_birth")
    kept = PatientFactory(**{name: getattr(given_up, name) for name in names})
    merge(kept, given_up, alice)
    message.refresh_from_db()
    assert message.patient == kept
    return message


# What its first page answers then.
STATES: dict[Callable[..., Message], int] = {
    valid: 200,
    used: 200,
    merged: 200,
    **dict.fromkeys((over, withdrawn, archived, erased), 410),
}


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_each_leaves_one_row_in_every_state(
    message: Message, manager: User, alice: User, state: Callable[..., Message]
) -> None:
    ConsentTextFactory()
    clinical_rules()
    browser = opened_by(message)
    shown = state(message, manager, alice)
    watch, seen, wrong = Watch(), set(), []
    for part in parts():
        for is_read in (True, False):
            with transaction.atomic():
                there = url(shown, part)
                answer = browser.get(there) if is_read else post_by(browser, shown, part, **FORM)
                rows = watch.rows()
                transaction.set_rollback(True)
            seen.add((part, is_read, answer.status_code))
            if fault := fault_of(answer, rows, shown, part, is_read):
                wrong.append((part, is_read, answer.status_code, fault))

    assert ("", True, STATES[state]) in seen
    assert not wrong, wrong


def fault_of(answer: Any, rows: list[Any], shown: Message, part: str, is_read: bool) -> str:
    if answer.status_code == 405:
        return "a row, though there is no such button" if rows else ""
    if len(rows) != 1:
        return f"{len(rows)} rows"
    (row,), done = rows, answer.status_code < 400
    told = (row.door, row.place, row.status, row.object_id, row.actor_kind, row.actor_id)
    place = resolve(url(shown, part)).view_name
    whose = shown.patient_id
    if told != ("PAGE", place, answer.status_code, shown.pk, "PATIENT", whose):
        return f"the row says {told}"
    if row.patient_ids != [whose] or row.count != int(done):
        return f"the row names {len(row.patient_ids)} and counts {row.count}"
    if (row.outcome == "DONE") != done or (row.action == "WRITE") == is_read:
        return f"{row.action} {row.outcome}"
    text = b"".join(answer) if answer.streaming else answer.content
    if answer.status_code == 410 and b"Grace" in text:
        return "what has ended tells a name"
    return ""


@pytest.mark.parametrize("part", parts())
def test_what_is_no_link_leaves_none(message: Message, part: str) -> None:
    """Or anybody could fill the table."""
    watch = Watch()
    forged = f"/p/{links.token_for(message)[::-1]}/{part}"

    assert {Client().get(forged).status_code, Client().post(forged).status_code} == {404}
    assert watch.rows() == []
