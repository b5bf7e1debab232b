"""The units of systemd, as systemd reads them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from clinic import settings as read
from tests.ops.test_compose import COMPOSE, OWNERS

ROOT = Path(settings.BASE_DIR)
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
ANALYZE = shutil.which("systemd-analyze")


@pytest.mark.skipif(not ANALYZE, reason="no systemd-analyze: apt-get install systemd")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """With a program that there is in the place of ours; the control has a word wrong."""
    for unit in UNITS:
        text = unit.read_text()
        (tmp_path / unit.name).write_text(re.sub(r"/srv/clinic/.venv/bin/\w+", "/bin/true", text))

    def told() -> str:
        done = subprocess.run(
            [str(ANALYZE), "verify", "--man=no", *sorted(tmp_path.iterdir())],
            capture_output=True,
            text=True,
        )
        return done.stderr

    assert [line for line in told().splitlines() if "clinic-" in line] == []
    beat = tmp_path / "clinic-beat.service"
    beat.write_text(beat.read_text().replace("NoNewPrivileges", "NoNewPrivilege"))
    assert "NoNewPrivilege" in told()


def credentials(unit: Path) -> set[str]:
    return set(re.findall(r"^LoadCredential=(\w+):/etc/clinic/secrets/\1$", unit.read_text(), re.M))


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_unit_has_the_secrets_that_the_compose_file_gives_it(unit: Path) -> None:
    name = unit.stem.removeprefix("clinic-")
    given = credentials(unit)

    assert given == set(COMPOSE["services"][name]["secrets"])
    assert ("/etc/clinic/owner.env" in unit.read_text()) == (name in OWNERS)
    named = re.findall(r"(\w+)_FILE=%d/(\w+)", unit.read_text())
    assert {secret for _, secret in named} == given
    assert {variable for variable, _ in named} <= set(read.SECRETS)


@pytest.mark.parametrize("name", ["clinic.env.example", "owner.env.example"])
def test_the_example_names_no_secret_and_only_what_is_documented(name: str) -> None:
    documented = (ROOT / "docs" / "operations.md").read_text()
    lines = (ROOT / "deploy" / name).read_text().splitlines()

    for line in lines:
        if line and not line.startswith("#"):
            variable, _, value = line.partition("=")
            assert f"`{variable}`" in documented, variable
            assert ":" not in value.partition("://")[2].partition("@")[0], line
