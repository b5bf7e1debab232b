"""The Celery application, and a beat that can be seen to be alive."""

import logging
import os
import time
from typing import Any

from celery import Celery
from celery.beat import Scheduler
from celery.signals import beat_init, worker_before_create_process, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")

logger = logging.getLogger(__name__)
app = Celery("clinic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def require_address(**_: Any) -> None:
    from clinic.start import require_address  # the settings are not read yet

    require_address()


@worker_before_create_process.connect
def load_before_forking(**_: Any) -> None:
    from clinic.start import load_before_forking

    load_before_forking()


class HeartbeatScheduler(Scheduler):
    """Beat with a schedule in memory, which writes into the database that it runs.

    The schedule is settings only, so there is no file to keep. The heartbeat is read by `/readyz`.
    """

    heartbeat_seconds = 5.0
    _written = float("-inf")

    def tick(self) -> float:
        if time.monotonic() - self._written >= self.heartbeat_seconds:
            self._write()
        wait: float = min(super().tick(), self.heartbeat_seconds)
        return wait

    def _write(self) -> None:
        """Without a database the beat goes on: its heart is seen again when the database is."""
        from django.db import DatabaseError, InterfaceError, connection
        from django.utils import timezone

        from clinic.models import Heartbeat  # the apps are not ready when this module is imported

        try:
            Heartbeat.beat("beat", at=timezone.now())
        except (DatabaseError, InterfaceError) as error:
            logger.warning("no heartbeat of beat: %s", error)
            connection.close()  # it may be broken, and nobody else would replace it here
        else:
            self._written = time.monotonic()
