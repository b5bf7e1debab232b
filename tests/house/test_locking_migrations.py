"""No migration keeps a clinic from its tables: squawk reads the SQL of each new one."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

# Up to these numbers they belong to 0.2.0, before which a clinic closes its doors for some minutes
# (docs/upgrading.md).
BEHIND_CLOSED_DOORS = {"clinic": 37, "patients": 48, "treatment_sessions": 56, "aftercare": 26}
# By "app.name": why what squawk says of it holds nobody up, such as a table of a dozen rows.
LINES = "of 0.2.0 as well; varchar becomes text, which rewrites no row"
OF_FEW = "of 0.2.0 as well; JSON becomes text, of tables that are small or emptied"
JUDGED: dict[str, str] = {
    "aftercare.0029_encrypted_answers": LINES,
    "clinic.0044_encrypted_reviews": LINES,
    "clinic.0040_service_accounts": "staff are dozens, and their mails are kept for a day",
    "clinic.0048_language_of_staff": "staff are dozens",
    "patients.0049_encrypted_lines": LINES,
    "patients.0050_encrypted_json": OF_FEW,
    "treatment_sessions.0064_encrypted_lines": LINES,
    "treatment_sessions.0065_encrypted_moves": LINES,
}
# What locks a table for as long as it is large, and what the version before cannot live with.
RULES = {
    "adding-field-with-default",
    "adding-foreign-key-constraint",
    "adding-not-nullable-field",
    "adding-required-field",
    "ban-drop-column",
    "ban-drop-table",
    "changing-column-type",
    "constraint-missing-not-valid",
    "disallowed-unique-constraint",
    "renaming-column",
    "renaming-table",
    "require-concurrent-index-creation",
}
SQUAWK = Path(sys.executable).parent / "squawk"


def faults(statements: str) -> set[str]:
    """Of our rules, by which lines of these they are broken: "rule: line"."""
    read = subprocess.run(
        [SQUAWK, "--pg-version", "18", "--reporter", "json", "--stdin-filepath", "migration.sql"],
        input=statements,
        capture_output=True,
        text=True,
    )
    lines = statements.splitlines()
    return {
        f"{said['rule_name']}: {lines[said['line']]}"
        for said in json.loads(read.stdout)
        if said["rule_name"] in RULES
    }


@pytest.mark.django_db(transaction=True)  # indexes are made outside of one
def test_no_new_migration_locks_a_table_for_as_long_as_it_is_large() -> None:
    found = {}
    loader = MigrationLoader(None)
    for (app, name), migration in sorted(loader.disk_migrations.items()):
        number = int(name[:4]) if name[:4].isdigit() else 0
        if number <= BEHIND_CLOSED_DOORS.get(app, 10_000) or migration.replaces:
            continue
        said = StringIO()
        call_command("sqlmigrate", app, name, stdout=said, no_color=True)
        if f"{app}.{name}" not in JUDGED and (broken := faults(said.getvalue())):
            found[f"{app}.{name}"] = broken

    assert found == {}, "docs/upgrading.md says how each is written without a lock"


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("CREATE INDEX i ON patient (email);", "require-concurrent-index-creation"),
        (
            "ALTER TABLE patient ADD CONSTRAINT c CHECK (version > 0);",
            "constraint-missing-not-valid",
        ),
        (
            "ALTER TABLE patient ADD CONSTRAINT f FOREIGN KEY (room_id) REFERENCES room (id);",
            "adding-foreign-key-constraint",
        ),
        ("ALTER TABLE patient ADD CONSTRAINT u UNIQUE (email);", "disallowed-unique-constraint"),
        ("ALTER TABLE patient ALTER COLUMN email TYPE text;", "changing-column-type"),
        ("ALTER TABLE patient ALTER COLUMN email SET NOT NULL;", "adding-not-nullable-field"),
        ("ALTER TABLE patient ADD COLUMN pet text NOT NULL;", "adding-required-field"),
        (
            "ALTER TABLE patient ADD COLUMN drawn float NOT NULL DEFAULT random();",
            "adding-field-with-default",
        ),
        ("ALTER TABLE patient DROP COLUMN email;", "ban-drop-column"),
        ("ALTER TABLE patient RENAME COLUMN email TO mail;", "renaming-column"),
        ("ALTER TABLE patient RENAME TO client;", "renaming-table"),
        ("DROP TABLE patient;", "ban-drop-table"),
    ],
)
def test_it_finds(statement: str, rule: str) -> None:
    assert f"{rule}: {statement}" in faults(statement)


@pytest.mark.parametrize(
    "statements",
    [
        "BEGIN;\nCREATE TABLE pet (id uuid PRIMARY KEY, name text);\n"
        "CREATE INDEX pet_by_name ON pet (name);\nCOMMIT;",
        "CREATE INDEX CONCURRENTLY i ON patient (email);",
        "ALTER TABLE patient ADD COLUMN pet text DEFAULT '' NOT NULL;",
        "ALTER TABLE patient ADD CONSTRAINT c CHECK (version > 0) NOT VALID;",
        "ALTER TABLE patient VALIDATE CONSTRAINT c;",
    ],
)
def test_it_lets_pass(statements: str) -> None:
    assert faults(statements) == set()
