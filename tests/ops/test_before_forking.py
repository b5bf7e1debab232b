"""What the processes of a server share: read once, before they are forked."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

SERVERS = {
    "gunicorn": "import clinic.wsgi, runpy\nrunpy.run_path('gunicorn.conf.py')['when_ready'](None)",
    "celery": "from clinic.celery import app\nfrom celery import signals\n"
    "app.loader.import_default_modules()\n"
    "signals.worker_before_create_process.send(sender=None)",
}
LOOK = """
import gc, json, sys
from django.urls import get_resolver
print(json.dumps([gc.get_freeze_count(), get_resolver()._populated, "sessions.api" in sys.modules]))
"""


@pytest.mark.parametrize("server", SERVERS)
def test_all_that_is_served_is_loaded_and_frozen_before_a_server_forks(server: str) -> None:
    """Or each process would load it by itself: 60 MB more for four of gunicorn's."""
    environment = {**os.environ, "PUBLIC_URL": "http://localhost:8000"}

    told = subprocess.run(
        [sys.executable, "-c", SERVERS[server] + LOOK],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    frozen, is_resolved, has_api = json.loads(told.stdout.splitlines()[-1])
    assert frozen > 100_000
    assert (is_resolved, has_api) == (True, True)
