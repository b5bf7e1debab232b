"""The page on which patients choose what they are sent, and unsubscribe."""

import re
from typing import Any

import pytest
from django.test import Client

from aftercare.models import AddressConsent, AddressSource, Message
from aftercare.pages import base
from aftercare.planning.reach import reach_of
from aftercare.replies import opt_out
from clinic.models import User
from patients.models import Channel, ContactConsent, Purpose, StaffTask
from sessions.lifecycle import Status
from tests.factories import DAY, ContactConsentFactory, PatientFactory, this_hour
from tests.replies.pages import get, give_birth_date, make, opened_by, post, post_by, url

pytestmark = pytest.mark.django_db


def one_click(message: Message) -> Any:
    return Client(enforce_csrf_checks=True).post(
        url(message, "unsubscribe/"),
        "List-Unsubscribe=One-Click",
        content_type="application/x-www-form-urlencoded",
    )


def test_a_mail_program_unsubscribes_with_one_post(message: Message) -> None:
    assert [one_click(message).status_code for _ in range(2)] == [200, 200]

    word = AddressConsent.objects.get()
    assert (word.address, word.purpose) == (message.patient.email, message.step.purpose)
    assert (word.granted, word.source) == (False, AddressSource.UNSUBSCRIBE_LINK)
    assert (word.wording, word.message) == ("List-Unsubscribe=One-Click", message)


def test_unsubscribing_never_ends() -> None:
    long_ago = this_hour() - 400 * DAY
    message = make(long_ago, Status.COMPLETED, sent_at=long_ago, due_at=long_ago)
    message.patient.archived_at = this_hour()
    message.patient.save()

    assert "<button" in get(message, "unsubscribe/")
    assert one_click(message).status_code == 200
    assert AddressConsent.objects.get().granted is False
    assert "Done" in get(message, "unsubscribe/")


def test_an_address_is_shown_masked(message: Message) -> None:
    message.patient.email = "grace@patients.example"
    message.patient.save()

    assert "g•••@p•••" in get(message, "unsubscribe/")


# preferences


def choose(message: Message, *names: str, browser: Client | None = None) -> Any:
    browser = browser or Client(enforce_csrf_checks=True)
    return post_by(browser, message, "settings/", **dict.fromkeys(names, "on"))


def test_settings_record_exactly_what_was_changed(message: Message) -> None:
    ContactConsentFactory(patient=message.patient, channel=Channel.EMAIL)
    ContactConsentFactory(patient=message.patient, channel=Channel.SMS)
    assert len(re.findall(r"<input type=.checkbox.[^>]* checked", get(message, "settings/"))) == 2

    browser = opened_by(message)
    answer = choose(message, "EMAIL-CARE", "EMAIL-RECALL", browser=browser)

    assert answer.status_code == 303
    new = ContactConsent.objects.order_by("-id")[:2]
    assert {(w.channel, w.purpose, w.granted) for w in new} == {
        ("SMS", "CARE", False),
        ("EMAIL", "RECALL", True),
    }
    assert ContactConsent.objects.count() == 4
    assert all(word.recorded_by is None and "Settings page" in word.wording for word in new)
    assert not AddressConsent.objects.exists()
    choose(message, "EMAIL-CARE", "EMAIL-RECALL", browser=browser)
    assert ContactConsent.objects.count() == 4


def test_offers_take_the_birth_date_and_nothing_else_does(message: Message) -> None:
    answer = choose(message, "EMAIL-CARE", "EMAIL-RECALL")

    assert answer["Location"] == url(message, "birth-date/?next=settings%2F")
    word = ContactConsent.objects.get()
    assert (word.purpose, word.granted) == (Purpose.CARE, True)
    assert give_birth_date(Client(), message, message.patient.date_of_birth, next="settings/")[
        "Location"
    ] == url(message, "settings/")


def test_an_older_page_puts_nothing_back_that_another_one_has_changed(message: Message) -> None:
    """Two tabs: in the first, texts about check-ups are taken off; the second still shows them."""
    for purpose in Purpose:
        ContactConsentFactory(patient=message.patient, channel=Channel.SMS, purpose=purpose)
    shown = {"SMS-CARE", "SMS-RECALL"}
    assert set(re.findall(r'name="shown" value="([A-Z-]+)"', get(message, "settings/"))) == shown

    for ticked in ({"SMS-CARE"}, {*shown, "EMAIL-CARE"}):
        form = {
            "form": base.form_key(message),
            "shown": ["", *shown],
            **dict.fromkeys(ticked, "on"),
        }
        Client().post(url(message, "settings/"), form)

    words = ContactConsent.objects.filter(patient=message.patient).current()
    assert {(word.channel, word.purpose) for word in words if word.granted} == {
        *(("SMS", "CARE"), ("EMAIL", "CARE")),
    }


def test_who_unsubscribed_can_change_their_mind(message: Message) -> None:
    ContactConsentFactory(patient=message.patient, channel=Channel.EMAIL)
    one_click(message)
    assert "checked" not in get(message, "settings/")

    choose(message, "EMAIL-CARE")

    assert not opt_out.refusal(channel="EMAIL", address=message.patient.email, purpose="CARE")
    assert AddressConsent.objects.order_by("-id")[0].source == AddressSource.PREFERENCES
    assert ContactConsent.objects.count() == 1  # that was never taken back


@pytest.mark.parametrize("source", [AddressSource.REPLY, AddressSource.HARD_BOUNCE])
def test_a_link_does_not_undo_a_stop_or_a_bounce(message: Message, source: str) -> None:
    ContactConsentFactory(patient=message.patient, channel=Channel.SMS)
    number = str(message.patient.mobile)
    opt_out.record(
        channel="SMS", address=number, granted=False, source=source, wording="x", at=this_hour()
    )
    text = get(message, "settings/")
    assert "disabled" in text
    assert ("send START" in text) == (source == AddressSource.REPLY)

    choose(message, "SMS-CARE", "SMS-RECALL")

    assert opt_out.refusal(channel="SMS", address=number, purpose=Purpose.CARE)
    assert ContactConsent.objects.count() == 1


def test_who_has_no_address_has_nothing_to_choose() -> None:
    message = make(this_hour() + DAY, Status.BOOKED)
    message.patient.email, message.patient.mobile = "", ""
    message.patient.save()

    assert "no e-mail address" in get(message, "settings/")
    assert choose(message, "EMAIL-CARE").status_code == 303
    assert one_click(message).status_code == 200
    assert not ContactConsent.objects.exists()
    assert not AddressConsent.objects.exists()


def test_two_patients_who_share_an_address_keep_their_own_word(message: Message) -> None:
    other = PatientFactory(email=message.patient.email, clinic=message.clinic)
    for patient in (message.patient, other):
        ContactConsentFactory(patient=patient, channel=Channel.EMAIL)

    choose(message)

    reach = reach_of([other.pk, message.patient.pk])
    assert (other.pk, "CARE") in reach
    assert (message.patient.pk, "CARE") not in reach


# the address of before, and somebody else's


def test_the_address_of_before_leads_on_with_what_was_typed(message: Message) -> None:
    old = Client().get(url(message, "preferences/?done=saved"))
    sent = Client().post(url(message, "preferences/"), {"form": "x"})

    assert (old.status_code, old["Location"]) == (308, url(message, "settings/?done=saved"))
    assert (sent.status_code, sent["Location"]) == (308, url(message, "settings/"))
    assert old["Referrer-Policy"] == "no-referrer"


def test_who_ends_all_care_is_told_what_that_ends(message: Message) -> None:
    word = "If anything worries you, call us"
    ContactConsentFactory(patient=message.patient, channel=Channel.EMAIL)
    assert word not in get(message, "settings/")
    assert "when to call us after a visit" in get(message, "unsubscribe/")

    one_click(message)

    assert word in get(message, "unsubscribe/")
    assert word in get(message, "settings/")


def test_whoever_is_not_the_patient_ends_what_goes_to_that_address(message: Message) -> None:
    page = get(message, "not-me/")
    assert not [word for word in ("Grace", "Secretname") if word in page]
    assert AddressConsent.objects.count() == 0

    done = [post(message, "not-me/") for _ in range(2)]

    assert [answer.status_code for answer in done] == [200, 200]
    words = AddressConsent.objects.values_list("purpose", "granted", "source")
    assert set(words) == {(purpose, False, "NOT_THEIRS") for purpose in Purpose}
    assert len(words) == len(Purpose)
    task = StaffTask.objects.get()
    assert (task.kind, task.audience) == ("BAD_ADDRESS", "FRONT_DESK")
    assert Client().get(url(message)).status_code == 410
    assert "Its link is closed" in get(message, "not-me/")


def test_the_link_opens_again_once_staff_have_cleared_it_up(message: Message, dana: User) -> None:
    post(message, "not-me/")
    email = {"channel": message.channel, "address": message.address, "wording": "It is hers."}

    opt_out.record_by_staff(purpose=Purpose.CARE, granted=True, at=this_hour(), by=dana, **email)

    assert Client().get(url(message)).status_code == 200


def test_without_our_form_nobody_says_that_it_is_not_theirs(message: Message) -> None:
    answer = Client().post(url(message, "not-me/"), {"form": "forged"})

    assert answer.status_code == 403
    assert not AddressConsent.objects.exists()
