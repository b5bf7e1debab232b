"""The sequence, its texts and the outbox, in the admin."""

from aftercare.admin import inbox, messages, sequence, templates  # noqa: F401  they register themselves
