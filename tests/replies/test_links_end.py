"""When a link opens nothing: forged, over, archived, at another address, of another kind."""

import random
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from aftercare.models import AddressConsent, Message
from aftercare.pages import base
from aftercare.texts import links
from patients.models import Channel, Patient
from sessions.lifecycle import Status
from tests.factories import DAY, CalendarFeedFactory, PatientFactory, this_hour
from tests.replies.pages import make, parts, post, status, url
from tests.replies.test_patient_pages import everything

UNSUBSCRIBE = "unsubscribe/"
NOT_ME = "not-me/"  # of use as long as somebody else gets what we send
FORMER = "preferences/"  # leads to settings/, which says it
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def opened(message: Message, part: str) -> list[HttpResponse]:
    """Looked at, and sent as if from the form that was open before."""
    return [Client().get(url(message, part)), post(message, part, text="hello", signs="pus")]


def assert_has_ended(message: Message) -> None:
    before = everything()
    for part in parts():
        if part in (UNSUBSCRIBE, NOT_ME, FORMER):
            continue
        for answer in opened(message, part):
            assert answer.status_code in (405, 410), part
            text = answer.content.decode()
            assert "Grace" not in text
            if answer.status_code == 410:
                assert "This link has ended" in text
                assert "tel:+493012345678" in text
    assert everything() == before


@pytest.mark.django_db
def test_ten_thousand_changed_tokens_open_nothing(message: Message) -> None:
    """Each is refused; every hundredth is also tried at a page, one address after the other."""
    dice, token, addresses = random.Random(7), links.token_for(message), parts()  # noqa: S311
    before = everything()

    for number in range(10_000):
        letters = list(token)
        for place in dice.sample(range(len(token)), dice.randint(1, 6)):
            letters[place] = dice.choice(ALPHABET.replace(letters[place], ""))
        changed = "".join(letters)
        assert links.message_for(changed) is None
        if number % 100 == 0:
            address = f"/p/{changed}/{addresses[number // 100 % len(addresses)]}"
            for answer in (Client().get(address), Client().post(address, {"text": "hello"})):
                assert answer.status_code == 404
    assert everything() == before


@pytest.mark.django_db
def test_after_ninety_days_a_link_only_says_whom_to_call() -> None:
    long_ago = this_hour() - 91 * DAY
    assert_has_ended(make(long_ago, Status.COMPLETED, sent_at=long_ago, due_at=long_ago))


@pytest.mark.django_db
def test_the_link_of_an_archived_record_has_ended(message: Message) -> None:
    message.patient.archived_at = timezone.now()
    message.patient.save()

    assert_has_ended(message)


@pytest.mark.django_db(transaction=True)  # the history of the record has the moment of each commit
@pytest.mark.parametrize(
    ("channel", "change", "fixed"),
    [
        (Channel.SMS, {"mobile": "+4915129999999"}, {"mobile": "+49 1512 0000001"}),
        (Channel.EMAIL, {"email": "new@example.org"}, {"email": "OLD@example.org"}),
    ],
)
def test_where_the_patient_is_no_longer_the_link_opens_nothing(
    channel: Channel, change: dict[str, Any], fixed: dict[str, Any]
) -> None:
    old = {"mobile": "+4915120000001", "email": "old@example.org"}
    grace = PatientFactory(given_name="Grace", **old)
    message = make(
        this_hour() - DAY, Status.COMPLETED, channel=channel, session__plan__patient=grace
    )
    Message.objects.filter(pk=message.pk).update(sent_at=timezone.now())
    patient = Patient.objects.filter(pk=message.patient_id)

    patient.update(**fixed)  # another spelling of the same
    assert Client().get(url(message)).status_code == 200
    patient.update(**change)

    assert_has_ended(message)
    assert Client().post(url(message, UNSUBSCRIBE)).status_code == 200
    word = AddressConsent.objects.get()
    assert word.address == old["mobile" if channel == Channel.SMS else "email"]


@pytest.mark.django_db
def test_what_was_made_for_another_purpose_opens_nothing(message: Message) -> None:
    feed = CalendarFeedFactory()
    others = [
        message.key.hex,
        base.form_key(message),
        signing.dumps(str(message.pk)),
        str(getattr(feed, "secret", feed.pk)),
    ]
    for token in others:
        assert Client().get(f"/p/{token}/").status_code == 404
    for key in (links.token_for(message), signing.TimestampSigner().sign(message.key.hex)):
        assert post(message, "confirm/", form=key).status_code == 403
    assert status(message) == Status.BOOKED


@pytest.mark.django_db
@pytest.mark.parametrize("ended", [Status.CANCELLED, Status.NO_SHOW])
def test_the_link_of_a_visit_that_has_ended_neither_confirms_nor_moves_nor_cancels(
    ended: str,
) -> None:
    message = make(this_hour() + timedelta(days=1), ended)
    before = everything()

    answers = [
        post(message, part, starts_at=(this_hour() + 2 * DAY).isoformat())
        for part in ("confirm/", "move/", "cancel/")
    ]

    assert [answer.status_code for answer in answers] == [409, 303, 303]
    assert status(message) == ended
    assert everything() == before
