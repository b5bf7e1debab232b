"""What a provider can do about a try whose outcome is unknown."""

from enum import StrEnum


class ProviderKind(StrEnum):
    DEDUPE = "dedupe"  # takes two messages with one key for one: it may be sent again
    LOOKUP = "lookup"  # can be asked by key whether it has accepted a message
    NONE = "none"  # neither: a person decides
