"""A database of each release becomes one of today, with all that is in it, by `migrate` alone."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from clinic.db.rotation import encrypted_columns, encrypted_models
from tests.released import dumps
from tests.released.traffic import Traffic, traffic

ROOT = Path(settings.BASE_DIR)
VERSIONS = dumps.versions()
FOLDERS = {
    "clinic": "clinic",
    "patients": "patients",
    "treatment_sessions": "sessions",
    "aftercare": "aftercare",
}
# What grows with the code and not with the clinic.
KEPT_BY_MIGRATE = {"auth_permission", "django_content_type", "django_migrations"}
# What a library had counted for minutes, before we did (decision 0053).
DROPPED = {
    *("axes_accessattempt", "axes_accessattemptexpiration"),
    *("axes_accesslog", "axes_accessfailurelog"),
}


def run(url: str, *arguments: str) -> str:
    """A program on another database."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "clinic.settings"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=VERSIONS)
def at_work(request: pytest.FixtureRequest) -> Iterator[tuple[str, str, Traffic]]:
    """A version, the address of its database after `migrate`, and what went on meanwhile."""
    version, url = request.param, os.environ["DATABASE_URL"]
    name = f"test_released_{os.getpid()}"
    database = dumps.make_database(url, name)
    try:
        dumps.restore(database, dumps.released(version))
        with traffic(database) as going_on:
            migrate(database, going_on)
        yield version, database, going_on
    finally:
        dumps.drop_database(url, name)


def migrate(url: str, going_on: Traffic) -> None:
    with subprocess.Popen(
        [sys.executable, "manage.py", "migrate", "--no-input"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "clinic.settings"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr
        said = []
        for line in running.stderr:
            said.append(line)
            if "in use by others" in line:
                going_on.stepped_back.set()
    assert running.returncode == 0, "".join(said)


@pytest.fixture(scope="module")
def upgraded(at_work: tuple[str, str, Traffic]) -> tuple[str, str]:
    """A version, and the address of its database after `migrate`."""
    return at_work[:2]


@pytest.fixture(scope="module")
def told(upgraded: tuple[str, str]) -> dict[str, Any]:
    """What the migrated database tells, once every row of it was read."""
    _, url = upgraded
    facts: dict[str, Any] = json.loads(run(url, "-m", "tests.released.facts"))
    return facts


def facts_of(version: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((dumps.FOLDER / f"{version}.json").read_text())
    return facts


@pytest.mark.parametrize("version", VERSIONS)
def test_the_dump_has_rows_in_every_table_and_is_of_the_frozen_migrations(version: str) -> None:
    rows, statements = facts_of(version)["rows"], dumps.released(version)

    assert [table for table, count in rows.items() if not count] == []
    assert set(rows) == set(re.findall(r"^CREATE TABLE public\.(\w+)", statements, re.MULTILINE))
    applied = re.findall(r"^\s*\(\d+, '(\w+)', '(\d{4}_\w+)',", statements, re.MULTILINE)
    assert set(dumps.checksums(version)) == {
        f"{FOLDERS[label]}/migrations/{name}.py" for label, name in applied if label in FOLDERS
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_its_migrations_are_frozen(version: str) -> None:
    changed = [
        path
        for path, digest in dumps.checksums(version).items()
        if not (ROOT / path).exists() or dumps.checksum(ROOT / path) != digest
    ]

    assert changed == [], (
        f"Clinics have run these migrations since {version}, and will not run them again: "
        f"restore them and write a new migration. {', '.join(changed)}"
    )


def test_the_newest_release_is_kept() -> None:
    """`./run release` was run for what pyproject.toml and the changelog call the version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    headings = re.findall(r"^## ([\d.]+) – ", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert headings[0] == project["version"]
    assert set(headings) == set(VERSIONS)


def test_who_reads_does_not_wait_behind_a_migration_that_waits(
    at_work: tuple[str, str, Traffic],
) -> None:
    """A report keeps a table, `migrate` wants it, the desk comes third: it reads, because `migrate`
    steps back. (Waiting without a limit, it would hold up the desk for as long as the report.)"""
    _, _, going_on = at_work

    assert going_on.failed == []
    assert going_on.reads == 3


def test_every_row_is_still_there(upgraded: tuple[str, str], told: dict[str, Any]) -> None:
    before, after = facts_of(upgraded[0])["rows"], told["rows"]

    assert DROPPED.isdisjoint(after)
    assert {t: n for t, n in before.items() if t not in KEPT_BY_MIGRATE | DROPPED} == {
        table: after.get(table) for table in before if table not in KEPT_BY_MIGRATE | DROPPED
    }
    for table in KEPT_BY_MIGRATE:
        assert after[table] >= before[table]


@pytest.mark.parametrize("kind", ["patients", "sessions", "messages"])
def test_they_tell_what_they_told(
    upgraded: tuple[str, str], told: dict[str, Any], kind: str
) -> None:
    before = facts_of(upgraded[0])[kind]

    assert len(before) > 40
    assert told[kind] == before


def test_what_is_encrypted_now_was_encrypted(upgraded: tuple[str, str]) -> None:
    """`told` has read all of it."""
    with psycopg.connect(upgraded[1]) as there:
        for model in encrypted_models():
            for column in encrypted_columns(model):
                table = model._meta.db_table
                plain = f"{column} <> '' AND {column} !~ '^gAAAAA'"
                left = f"SELECT count(*) FROM {table} WHERE {plain}"  # noqa: S608
                assert there.execute(left).fetchone() == (0,), (model, column)


def test_migrate_has_nothing_left_to_do(upgraded: tuple[str, str]) -> None:
    run(upgraded[1], "manage.py", "migrate", "--check")


@pytest.mark.django_db
def test_its_schema_is_the_one_of_a_new_database(upgraded: tuple[str, str]) -> None:
    """Both are told by a copy: PostgreSQL writes an expression that it has read from a dump
    in another way than one that it has read from a migration."""
    url = os.environ["DATABASE_URL"]
    fresh = dumps.beside(url, connection.settings_dict["NAME"])

    assert schema(upgraded[1]) == schema(fresh)


def schema(url: str) -> list[str]:
    copy = f"test_schema_{os.getpid()}"
    try:
        address = dumps.make_database(url, copy)
        dumps.restore(address, dumps.dump(url, "--schema-only"))
        return dumps.dump(address, "--schema-only").splitlines()
    finally:
        dumps.drop_database(url, copy)


def test_zones_of_a_released_database_are_marked_where_keloids_rule_out(
    upgraded: tuple[str, str],
) -> None:
    """Catalogues are never overwritten, so a migration has to."""
    _, url = upgraded
    with psycopg.connect(url) as database:
        marked = database.execute("SELECT code FROM patient_zone WHERE keloid_prone").fetchall()

    assert {code for (code,) in marked} == {"decolletage", "breast"}


def test_concerns_of_a_released_database_occur_on_the_new_areas_too(
    upgraded: tuple[str, str],
) -> None:
    _, url = upgraded
    with psycopg.connect(url) as database:
        found = database.execute(
            "SELECT code, areas[4:] FROM patient_concern_kind"
            " WHERE code IN ('acne-scars', 'stretch-marks')"
        )
        areas: dict[str, list[str]] = dict(found.fetchall())

    assert areas["acne-scars"] == ["breast", "back"]
    assert areas["stretch-marks"] == ["arms", "back", "knees"]
