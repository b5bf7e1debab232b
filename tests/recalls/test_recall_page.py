"""The page behind the link of a recall: what may be told there, and the one button."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from aftercare.models import Message, RecallNotice, RecallState
from sessions.lifecycle import Status
from tests.factories import DAY, RecallNoticeFactory, UserFactory, this_hour
from tests.replies.pages import get, make, opened_by, post, url

pytestmark = pytest.mark.django_db
PART = "recall/"


def told(**changes: Any) -> Message:
    """A patient who was told an hour ago."""
    message = make(this_hour() - 40 * DAY, Status.COMPLETED, step__anchor="LOT_RECALLED", **changes)
    at = timezone.now()
    notice = RecallNoticeFactory(session=message.session, issued_at=at, told_at=at)
    Message.objects.filter(pk=message.pk).update(recall_notice=notice)
    message.refresh_from_db()
    return message


def notice_of(message: Message) -> RecallNotice:
    notice = RecallNotice.objects.get(messages=message)
    assert notice.session == message.session
    return notice


def press(message: Message, notice: RecallNotice | None = None) -> Any:
    return post(message, PART, notice=str((notice or notice_of(message)).pk))


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

    answers = [press(message) for _ in range(2)]

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


def test_who_was_told_of_none_has_no_such_page() -> None:
    message = make(this_hour() - DAY, Status.COMPLETED)

    answer = Client().get(url(message, PART))

    assert (answer.status_code, answer["Location"]) == (303, url(message))


def test_what_is_not_read_yet_stands_behind_every_link_of_its_patient() -> None:
    """An SMS of a recall may be lost, or look like a fraud; the text of the day is opened."""
    message = make(this_hour() - 3 * DAY, Status.COMPLETED)
    notice = RecallNoticeFactory(session=message.session, issued_at=timezone.now())
    somebody_elses = RecallNoticeFactory()
    banner = f'<p class="warning"><a href="{url(message, PART)}">'
    assert banner in get(message)
    assert banner in get(message, "today/")
    assert "I have read this" in get(message, PART)

    for pressed in (somebody_elses, notice):
        press(message, pressed)

    somebody_elses.refresh_from_db()
    notice.refresh_from_db()
    assert (somebody_elses.read_at, notice.state) == (None, RecallState.READ)
    assert banner not in get(message)
    assert "You told us that you have read this" in get(message, PART)


def test_of_two_recalls_the_links_own_is_read_first_and_then_the_other() -> None:
    message = told()
    before = timezone.now() - DAY
    other = RecallNoticeFactory(session=message.session, issued_at=before, told_at=before)

    assert str(notice_of(message).pk) in get(message, PART)
    press(message)
    assert str(other.pk) in get(message, PART)
    press(message, other)

    assert "I have read this" not in get(message, PART)
    assert other.lot != notice_of(message).lot


def test_who_was_called_is_not_asked_to_read_it() -> None:
    message = make(this_hour() - 3 * DAY, Status.COMPLETED)
    RecallNoticeFactory(
        session=message.session,
        issued_at=this_hour() - DAY,
        call_asked_at=this_hour(),
        call_reason="SILENT",
        called_at=this_hour(),
        called_by=UserFactory(),
        outcome="knows",
    )

    assert PART not in get(message)
