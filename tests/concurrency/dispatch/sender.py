"""A worker as a process of its own: `python -m tests.concurrency.dispatch.sender [unlocked]`.

Sends what is due for each line that it reads, and says “done”. Unlocked, it is the worker of a
less careful team: it holds no row while it calls the provider.
"""

import os
import sys
from unittest.mock import patch

import django

django.setup()

from django.db.models import QuerySet  # noqa: E402
from django.utils import timezone  # noqa: E402

from aftercare.dispatch import locked_read  # noqa: E402  models need the set-up
from aftercare.dispatch import run as dispatch  # noqa: E402  models need the set-up
from tests.concurrency.booking.unlocked import UNLOCKED  # noqa: E402

if "unlocked" in sys.argv:
    patch.object(locked_read, "ROW", UNLOCKED).start()
    patch.object(QuerySet, "select_for_update", lambda rows, *_, **__: rows).start()
os.write(1, b"ready\n")
for _ in sys.stdin:
    dispatch.send_due(clock=timezone.now)
    os.write(1, b"done\n")
