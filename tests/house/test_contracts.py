"""The import contracts fail on an import that is misplaced: tried on a copy of the code."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = ("clinic", "patients", "sessions", "aftercare")
# A module of each layer, from the tables upwards, and one above it that it must not import.
MISPLACED = [
    ("clinic/errors.py", "clinic.db.locks"),
    ("clinic/db/locks.py", "clinic.models.site"),
    ("clinic/values/dates.py", "clinic.models.site"),
    ("clinic/models/rules.py", "clinic.http.problems"),
    ("clinic/permissions.py", "clinic.http.tokens"),
    ("clinic/http/renderers.py", "clinic.services"),
    ("clinic/services.py", "clinic.api.base"),
    ("clinic/api/forms.py", "clinic.admin.base"),
    ("clinic/admin/words.py", "clinic.ops.health"),
    ("clinic/ops/metrics.py", "clinic.embedded.process"),
    ("patients/terms.py", "patients.search"),
    ("patients/search.py", "patients.models.patient"),
    ("patients/models/names.py", "patients.services.records"),
    ("patients/merge.py", "patients.services.records"),
    ("patients/services/contact.py", "patients.api.patients"),
    ("patients/api/tasks.py", "patients.admin.tasks"),
    ("sessions/lifecycle.py", "sessions.models.session"),
    ("sessions/models/plan.py", "sessions.scheduling.spacing"),
    ("sessions/gs1.py", "sessions.safety.treatment.depth"),
    ("sessions/safety/treatment/depth.py", "sessions.services.plans"),
    ("sessions/scheduling/spacing.py", "sessions.services.plans"),
    ("sessions/services/plans.py", "sessions.api.plans"),
    ("sessions/api/plans.py", "sessions.admin.plans"),
    ("aftercare/lifecycle.py", "aftercare.models.message"),
    ("aftercare/models/guard.py", "aftercare.texts.gsm7"),
    ("aftercare/texts/gsm7.py", "aftercare.replies.keywords"),
    ("aftercare/planning/timing.py", "aftercare.channels.kinds"),
    ("aftercare/replies/keywords.py", "aftercare.channels.kinds"),
    ("aftercare/channels/kinds.py", "aftercare.dispatch.run"),
    ("aftercare/dispatch/sms_limit.py", "aftercare.services"),
    ("aftercare/services/messages.py", "aftercare.records.merge"),
    ("aftercare/records/history.py", "aftercare.api.messages"),
    ("aftercare/api/messages.py", "aftercare.admin.messages"),
    # between the apps
    ("clinic/findings.py", "patients.models.patient"),
    ("patients/services/tasks.py", "sessions.models.session"),
    ("sessions/ical.py", "aftercare.models.message"),
    # rules know neither HTTP nor Celery
    ("sessions/safety/treatment/label.py", "rest_framework"),
    ("sessions/scheduling/holds.py", "celery"),
    ("aftercare/planning/reach.py", "rest_framework"),
    ("aftercare/dispatch/claim.py", "celery"),
    ("aftercare/texts/links.py", "rest_framework"),
    ("aftercare/replies/address.py", "celery"),
    ("patients/services/consents.py", "rest_framework"),
    ("clinic/db/rows.py", "rest_framework"),
]


def lint(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "400", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    ignored = shutil.ignore_patterns("__pycache__", "static", "locale", "catalogue")
    for app in APPS:
        shutil.copytree(ROOT / app, folder / app, ignore=ignored)
    shutil.copy(ROOT / "clinic/catalogue.py", folder / "clinic/catalogue.py")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_contracts_hold_and_every_misplaced_import_is_named(copy: Path) -> None:
    untouched = lint(copy)
    assert untouched.returncode == 0, untouched.stdout

    for path, wrong in MISPLACED:
        file = copy / path
        file.write_text(f"{file.read_text()}\nimport {wrong}\n")
    broken = lint(copy)

    assert broken.returncode == 1
    unnamed = [
        (path, wrong)
        for path, wrong in MISPLACED
        if f"{path[:-3].replace('/', '.')} -> {wrong}" not in broken.stdout
    ]
    assert unnamed == []


def test_a_module_that_stands_nowhere_is_named(copy: Path) -> None:
    (copy / "sessions/somewhere.py").write_text("")

    found = lint(copy)

    assert found.returncode == 1
    assert "sessions.somewhere" in found.stdout
