"""The ways to a patient: one small class per provider."""

from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from aftercare.channels.email import SmtpChannel
from aftercare.channels.errors import Refused, Unknown
from aftercare.channels.esp import AnymailChannel
from aftercare.channels.kinds import ProviderKind
from aftercare.channels.sms import CaptureSms, HttpSms, TwilioSms
from aftercare.texts.render import Outgoing
from patients.models import Channel as ChannelName

__all__ = ["Channel", "Channels", "ProviderKind", "Refused", "Unknown", "channel_for"]


class Channel(Protocol):
    """A provider: `code` names it in the record of each try."""

    code: str
    kind: ProviderKind

    def send(self, outgoing: Outgoing) -> str:
        """Hand over one message; returns the provider's id for it. Takes 12 seconds at most.

        Raises Refused when it was certainly not accepted, Unknown when nobody can know.
        """
        ...

    def lookup(self, key: UUID) -> str | None:
        """The provider's id if it has accepted the message of this key, None if certainly not.

        Raises Unknown if it cannot say. Only providers of kind LOOKUP are asked.
        """
        ...

    def close(self) -> None: ...


PROVIDERS: dict[str, dict[str, type[Channel]]] = {
    "EMAIL_PROVIDER": {"smtp": SmtpChannel, "anymail": AnymailChannel},
    "SMS_PROVIDER": {"http": HttpSms, "twilio": TwilioSms, "capture": CaptureSms},
}


def channel_for(name: str) -> Channel:
    """The provider that the settings name for a channel."""
    setting = "EMAIL_PROVIDER" if name == ChannelName.EMAIL else "SMS_PROVIDER"
    known, chosen = PROVIDERS[setting], getattr(settings, setting)
    if chosen not in known:
        raise ImproperlyConfigured(f"{setting} is {chosen!r}; known are {', '.join(known)}.")
    return known[chosen]()


class Channels:
    """The channels of one batch: opened when first used, connections kept until the end."""

    def __init__(self) -> None:
        self._open: dict[str, Channel] = {}

    def __getitem__(self, name: str) -> Channel:
        if name not in self._open:
            self._open[name] = channel_for(name)
        return self._open[name]

    def close(self) -> None:
        for channel in self._open.values():
            channel.close()
        self._open.clear()

    def __enter__(self) -> "Channels":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
