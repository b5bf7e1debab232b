"""All that the clinic holds about one patient, as one ZIP for that patient: decision 0063.

Which tables, fields and files are in it is derived from the models, so that a new one is in it by
itself, or stands among what is left out with a reason.
"""

from aftercare.records.export.run import (
    AskedTooOften,
    ask_for_export,
    go_on_with_exports,
    note_fetch,
    remove_files,
    start_export,
)

__all__ = [
    "AskedTooOften",
    "ask_for_export",
    "go_on_with_exports",
    "note_fetch",
    "remove_files",
    "start_export",
]
