"""Addresses of patients: one spelling for each, and the lock that an opt-out and a call share."""

from phonenumber_field.phonenumber import to_python

from patients.models import Channel


def normalize_address(channel: str, address: object) -> str:
    """The one spelling that is stored and compared: E.164 for a number, lower case for an e-mail.

    What is no telephone number stays as it was typed, without the blanks around it.
    """
    text = str(address).strip()
    if channel == Channel.EMAIL:
        return text.lower()
    number = to_python(text)
    return number.as_e164 if number and number.is_valid() else text


def lock_name(channel: str, address: object) -> str:
    """The name for `clinic.db.locks`: held shared while a provider is called for this address, and
    alone by whoever records an opt-out, so nothing is accepted after the opt-out was answered."""
    return f"aftercare.replies.address:{channel}:{normalize_address(channel, address)}"
