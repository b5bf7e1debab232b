"""One spelling per address, and the lock that an opt-out and a call share."""

import pytest

from aftercare.replies.address import lock_name, normalize_address
from aftercare.replies.sender import as_number


@pytest.mark.parametrize(
    ("channel", "typed", "stored"),
    [
        ("SMS", "+49 151 23456789", "+4915123456789"),
        ("SMS", " +49-151-23456789 ", "+4915123456789"),
        ("SMS", "32665", "32665"),  # a sender that is a short code
        ("SMS", "", ""),
        ("SMS", "no number", "no number"),
        ("EMAIL", " Grace@Patients.Example ", "grace@patients.example"),
        ("EMAIL", "", ""),
    ],
)
def test_an_address_has_one_spelling(channel: str, typed: str, stored: str) -> None:
    assert normalize_address(channel, typed) == stored
    assert normalize_address(channel, stored) == stored
    assert lock_name(channel, typed) == lock_name(channel, stored)


def test_the_same_text_on_another_channel_is_another_lock() -> None:
    assert lock_name("SMS", "x") != lock_name("EMAIL", "x")


@pytest.mark.parametrize(
    ("sender", "number"),
    [
        ("4915123456789", "+4915123456789"),
        ("+4915123456789", "+4915123456789"),
        ("004915123456789", "+4915123456789"),
        ("12345678", "+12345678"),
        ("1234567", "1234567"),  # a short code
        ("Riverside", "Riverside"),
    ],
)
def test_eight_digits_are_a_number_and_fewer_a_short_code(sender: str, number: str) -> None:
    assert as_number(sender) == number
