"""What others may listen to."""

from django.dispatch import Signal

# A message has left the queue without being accepted by a provider, or is in doubt. Sent inside
# the transaction of the change: a receiver that fails rolls the change back.
# Arguments: message, status, reason, at.
message_ended = Signal()

# Two records of one person have become one (patients.PatientMerge), in the transaction of it.
# Arguments: merge, at, by.
records_merged = Signal()
