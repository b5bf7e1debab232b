"""Erasing what is held about a patient: decision 0064.

Which columns are emptied is derived from the models, as the export is: a new one that holds words
is emptied by itself, or stands among what is kept with a reason.
"""

from aftercare.records.erasure.journal import apply_again, complete_journal, journal_file
from aftercare.records.erasure.run import (
    ask_for_erasure,
    confirm_erasure,
    keeps_record,
    retained_until,
    withdraw_erasure,
)

__all__ = [
    "apply_again",
    "ask_for_erasure",
    "complete_journal",
    "confirm_erasure",
    "journal_file",
    "keeps_record",
    "retained_until",
    "withdraw_erasure",
]
