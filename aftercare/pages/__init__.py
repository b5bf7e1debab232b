"""The pages behind the links of a patient's message: no log-in, no cookie, no script.

Whoever holds the link may answer this one message. A GET changes nothing, because mail programs
open links to look for viruses.
"""

from aftercare.pages import check_in
from aftercare.pages.cancel import calendar, cancel
from aftercare.pages.other_times import move
from aftercare.pages.preferences import preferences, unsubscribe
from aftercare.pages.today import today
from aftercare.pages.visit import change, confirm, page, write

__all__ = [
    "calendar",
    "cancel",
    "change",
    "check_in",
    "confirm",
    "move",
    "page",
    "preferences",
    "today",
    "unsubscribe",
    "write",
]
