"""docker-compose.yml gives nobody more than they need; docker-compose itself accepts it
(tests/house/test_architecture.py)."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from tests.house.test_architecture import PRODUCTION, manage

ROOT = Path(settings.BASE_DIR)
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWNERS = {"migrate", "backup"}  # of the tables


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_shut_in(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"] == {"max-size": "20m", "max-file": "5"}
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert ("ports" in service) == (name == "proxy")


def test_what_the_internet_reaches_reaches_no_further() -> None:
    networks = {name: set(service["networks"]) for name, service in SERVICES.items()}

    assert networks["proxy"] == {"edge", "front"}
    assert networks["web"] == {"front", "data"}
    assert {name for name, on in networks.items() if "outside" in on} == {"worker"}
    closed = {n for n, net in COMPOSE["networks"].items() if net and net.get("internal")}
    assert closed == {"front", "data"}


def test_the_application_has_no_password_of_the_owner() -> None:
    told = {name: set(service.get("secrets", [])) for name, service in SERVICES.items()}

    assert {n for n, secrets in told.items() if "owner_password" in secrets} == OWNERS | {"db"}
    assert {n for n, secrets in told.items() if "superuser_password" in secrets} == {"db"}
    for name in ("web", "worker", "beat"):
        environment = SERVICES[name]["environment"]
        assert environment["DATABASE_URL"] == "postgres://clinic@db/clinic"
        files = {v for k, v in environment.items() if k.endswith("_FILE") and v.startswith("/run")}
        assert {Path(path).name for path in files} == told[name]


def test_no_secret_is_in_the_environment() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if any(word in name for word in ("PASSWORD", "SECRET", "TOKEN", "KEY")):
                assert name.endswith("_FILE") or name == "ANYMAIL_WEBHOOK_SECRET", (name, value)


def test_the_proxy_is_believed_and_the_network_is_one(tmp_path: Path) -> None:
    [network] = COMPOSE["networks"]["front"]["ipam"]["config"]

    assert SERVICES["web"]["environment"]["TRUSTED_PROXIES"] == network["subnet"]


def test_the_secrets_are_made_once(tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    script = tmp_path / "docker" / "secrets.sh"
    script.write_bytes((ROOT / "docker" / "secrets.sh").read_bytes())
    folder = tmp_path / "secrets"

    subprocess.run(["/bin/sh", script], check=True)
    first = {path.name: path.read_text() for path in folder.iterdir()}
    (folder / "email_password").chmod(0o600)
    (folder / "email_password").write_text("mine")
    subprocess.run(["/bin/sh", script], check=True)

    assert set(first) == set(COMPOSE["secrets"])
    assert {len(first[name]) for name in first if first[name]} == {64}
    again = {path.name: path.read_text() for path in folder.iterdir()}
    assert again == {**first, "email_password": "mine"}
    assert folder.stat().st_mode & 0o777 == 0o700


SECRET = PRODUCTION["SECRET_KEY"]
ASK = """
from clinic import settings as s
print(s.SECRET_KEY, s.REDIS_URL, s.DATABASES["default"]["PASSWORD"])
"""


def ask(**environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
    )


def test_secrets_come_from_files_and_passwords_are_of_any_character(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{SECRET}\n")
    (tmp_path / "password").write_text("p@ss:w/rd#%'\n")
    (tmp_path / "empty").touch()
    rest = {k: v for k, v in PRODUCTION.items() if k not in ("SECRET_KEY", "DATABASE_URL")}
    done = ask(
        **rest,
        SECRET_KEY_FILE=str(tmp_path / "key"),
        DATABASE_URL="postgres://clinic@db/clinic",
        DATABASE_PASSWORD_FILE=str(tmp_path / "password"),
        REDIS_PASSWORD_FILE=str(tmp_path / "password"),
        METRICS_TOKEN_FILE=str(tmp_path / "empty"),
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        SECRET,
        "redis://:p%40ss%3Aw%2Frd%23%25%27@broker/0",
        "p@ss:w/rd#%'",
    ]


def test_a_secret_that_is_not_there_is_named() -> None:
    done = manage("check", **{**PRODUCTION, "AUDIT_KEY_FILE": "/nonexistent/key"})

    assert "AUDIT_KEY_FILE: No such file or directory: /nonexistent/key" in done.stderr
