"""The sequence, its texts and the outbox, in the admin."""

from aftercare.admin import (  # noqa: F401  they register themselves
    accesses,
    alerts,
    consents,
    inbox,
    messages,
    questions,
    recalls,
    records,
    replan_notice,
    sequence,
    session_page,
    templates,
)
