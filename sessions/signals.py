"""What others may listen to."""

from django.dispatch import Signal

# A session was booked (old status "") or has changed its status. Sent inside the transaction of
# the change: a receiver that fails rolls the change back.
# Arguments: session, old, new, at, by; with `reschedules` it is cancelled for another time, whose
# booking follows in the same transaction; `skipped`, one area of a sitting is left out, and the
# sitting goes on, from now on led by `led_by` if that one had led it.
session_moved = Signal()

# The patient was told in person of a visit that is cancelled or moved, after `session_moved` and in
# its transaction. Arguments: session (the cancelled one, or the new one), at.
patient_knows_of_it = Signal()

# How many messages would be lost with a row as it is in memory now? Receivers answer with a number.
# Arguments: row, at.
asked_for_messages = Signal()

# A patient's record was archived or restored, in the transaction of it. Arguments: patient, at.
archived_or_restored = Signal()

# What ended a session by mistake was taken back, in the transaction of it. Arguments: session, as
# it is again; ended, the event that is taken back; instead, what was booked in its place and is off
# now, or None; at, by.
session_taken_back = Signal()
