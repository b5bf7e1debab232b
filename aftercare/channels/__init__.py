"""The ways to a patient: one small class per provider."""

from typing import Protocol

from aftercare.channels.email import SmtpChannel
from aftercare.channels.errors import Refused, Unknown
from aftercare.channels.sms import sms_channel
from aftercare.rendering import Outgoing
from patients.models import Channel as ChannelName

__all__ = ["Channel", "Channels", "Refused", "Unknown"]


class Channel(Protocol):
    """A provider. `dedupes`: it takes two messages with one key for one."""

    dedupes: bool

    def send(self, outgoing: Outgoing) -> str:
        """Hand over one message; returns the provider's id for it.

        Raises Refused when it was certainly not accepted, Unknown when nobody can know.
        """
        ...

    def close(self) -> None: ...


class Channels:
    """The channels of one batch: opened when first used, connections kept until the end."""

    def __init__(self) -> None:
        self._open: dict[str, Channel] = {}

    def __getitem__(self, name: str) -> Channel:
        if name not in self._open:
            self._open[name] = SmtpChannel() if name == ChannelName.EMAIL else sms_channel()
        return self._open[name]

    def close(self) -> None:
        for channel in self._open.values():
            channel.close()
        self._open.clear()

    def __enter__(self) -> "Channels":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
