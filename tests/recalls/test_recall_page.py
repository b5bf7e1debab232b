"""The page behind the link of a recall: what may be told there, and the one button."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from aftercare.models import Message, RecallNotice, RecallState
from sessions.lifecycle import Status
from tests.factories import DAY, RecallNoticeFactory
from tests.replies.pages import TODAY, get, make, opened_by, post, url

pytestmark = pytest.mark.django_db
PART = "recall/"


def told(**changes: Any) -> Message:
    """A patient who was told an hour ago."""
    message = make(TODAY - 40 * DAY, Status.COMPLETED, step__anchor="LOT_RECALLED", **changes)
    at = timezone.now()
    notice = RecallNoticeFactory(session=message.session, issued_at=at, told_at=at)
    Message.objects.filter(pk=message.pk).update(recall_notice=notice)
    message.refresh_from_db()
    return message


def notice_of(message: Message) -> RecallNotice:
    notice = RecallNotice.objects.get(messages=message)
    assert notice.session == message.session
    return notice


def test_to_look_at_it_is_not_to_have_read_it() -> None:
    message = told()

    page = get(message, PART)
    Client().head(url(message, PART))

    assert "I have read this" in page
    assert "was recalled" in page
    assert message.clinic.phone.as_international in page
    assert notice_of(message).state == RecallState.TOLD


def test_the_button_says_so_and_the_page_says_it_afterwards() -> None:
    message = told()

    answers = [post(message, PART) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert notice_of(message).state == RecallState.READ
    page = get(message, PART)
    assert "You told us that you have read this" in page
    assert "<button>" not in page
    assert PART in get(message)


def test_a_button_that_is_not_ours_does_nothing() -> None:
    message = told()

    answer = Client().post(url(message, PART), {"form": "x"})

    assert answer.status_code == 403
    assert notice_of(message).read_at is None


def test_which_product_and_lot_it_was_is_behind_the_birth_date() -> None:
    message = told()
    lot = notice_of(message).lot
    hidden = {lot.lot, lot.device_model.name}

    page = get(message, PART)
    own = opened_by(message).get(url(message, PART)).content.decode()

    assert not [words for words in hidden if words in page]
    assert "birth-date/?next=recall/" in page
    assert all(words in own for words in hidden)
    assert lot.recall_reason not in page + own, "the words of staff are not for patients"


def test_other_messages_have_no_such_page() -> None:
    message = make(TODAY - DAY, Status.COMPLETED)

    answer = Client().get(url(message, PART))

    assert (answer.status_code, answer["Location"]) == (303, url(message))
