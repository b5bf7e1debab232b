"""What others may listen to."""

from django.dispatch import Signal

# A task that is grave was raised, or raised again while it is open. Sent inside the transaction
# that raises it: a receiver that fails rolls it back. Arguments: task, at.
grave_task_raised = Signal()
