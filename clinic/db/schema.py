"""Whether the tables are still what `migrate` has made of them.

Note [Fingerprint of the schema]
    A column that has lost its default, or a trigger that somebody has switched off, is seen by no
    list of migrations, and shows when a booking fails or a rule is not kept. So `migrate` writes
    down what it has made: every table, column, constraint, index and trigger, read from the
    catalogue. `/readyz` and `up` read it anew and tell what differs.
    What differed before a `migrate` does so after it: a difference is never taken for meant. And
    while migrations run, or another version of the code has just run its own, nothing is compared.
    Something more does no harm, such as an index that an administrator has added, unless it can
    refuse what is written.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic

from django.apps import apps
from django.db import connection

OWN_APPS = ("clinic", "patients", "treatment_sessions", "aftercare")
TABLE = "clinic_schema"
CATALOGUE = """
    WITH own AS (
        SELECT oid, relname FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
            AND NOT relispartition
    )
    SELECT 'table ' || relname, '' FROM own
    UNION ALL
    SELECT 'column ' || relname || '.' || attname, concat_ws(' ',
        format_type(atttypid, atttypmod),
        CASE WHEN attnotnull THEN 'NOT NULL' END,
        CASE attgenerated WHEN '' THEN 'DEFAULT ' ELSE 'GENERATED ' END
            || pg_get_expr(adbin, adrelid),
        CASE WHEN attidentity <> '' THEN 'IDENTITY' END)
    FROM own JOIN pg_attribute ON attrelid = oid AND attnum > 0 AND NOT attisdropped
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    UNION ALL
    SELECT 'constraint ' || relname || '.' || conname, pg_get_constraintdef(pg_constraint.oid)
    FROM own JOIN pg_constraint ON conrelid = own.oid
    WHERE contype <> 'n'
    UNION ALL
    SELECT 'index ' || relname || '.' || indexrelid::regclass,
        pg_get_indexdef(indexrelid) || CASE WHEN indisvalid THEN '' ELSE ' INVALID' END
    FROM own JOIN pg_index ON indrelid = oid
    UNION ALL
    SELECT 'trigger ' || relname || '.' || tgname,
        pg_get_triggerdef(pg_trigger.oid) || ' BODY ' || md5(prosrc)
            || CASE tgenabled WHEN 'O' THEN '' ELSE ' SWITCHED OFF' END
    FROM own JOIN pg_trigger ON tgrelid = own.oid AND NOT tgisinternal
        JOIN pg_proc ON pg_proc.oid = tgfoid
"""
# PostgreSQL writes an expression that it has read from a dump with other casts and parentheses
# than one that it has read from a migration.
CASTS = re.compile(
    r"::(?:character varying|timestamp with time zone|\"?\w+\"?)(?:\(\d+\))?(?:\[\])?"
)
SPARE = re.compile(r"[()\s]+")
KEPT_SECONDS, DOUBTED_SECONDS = 60.0, 5.0
MOST_TOLD = 5
WHAT_TO_DO = (
    "Something else than `migrate` has changed the tables: undo it, or restore a backup. If it is "
    "meant: manage.py schema --accept"
)

Things = dict[str, str]


@dataclass(frozen=True)
class Made:
    """What the last `migrate` has written down: the schema, and by which migrations."""

    things: Things
    migrations: dict[str, str]


def read() -> Things:
    """Each thing of the schema with what the catalogue says of it."""
    with connection.cursor() as cursor:
        cursor.execute(CATALOGUE)
        return {name: said for name, said in cursor.fetchall() if TABLE not in name}


def made() -> Made | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NULL", [TABLE])
        if cursor.fetchone()[0]:
            return None
        cursor.execute("SELECT things::text, migrations::text FROM clinic_schema")
        row = cursor.fetchone()
    return Made(*(json.loads(part) for part in row)) if row else None


def write_down(before: Made | None, found_before: Things) -> list[str]:
    """After `migrate`: keep what there is now, but for what had gone astray before it. Returns
    what still differs."""
    found = read()
    things = dict(found)
    if before:
        for name in differing(before.things, found_before):
            if found.get(name) == found_before.get(name):  # no migration has touched it
                things.pop(name, None)
                if name in before.things:
                    things[name] = before.things[name]
    was = before.migrations if before else {}
    now = sources()
    migrations = {name: was.get(name) or now.get(name, "") for name in sorted(applied())}
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [TABLE])
        if cursor.fetchone()[0]:
            cursor.execute(
                "INSERT INTO clinic_schema (id, things, migrations) VALUES (1, %s, %s)"
                " ON CONFLICT (id) DO UPDATE SET (written_at, things, migrations)"
                " = (now(), excluded.things, excluded.migrations)",
                [json.dumps(things), json.dumps(migrations)],
            )
    return in_words(things, found)


def accept() -> None:
    """Take what there is for what is meant."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE clinic_schema SET things = %s", [json.dumps(read())])


def applied() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app || '.' || name FROM django_migrations")
        return {name for (name,) in cursor.fetchall()}


def sources() -> dict[str, str]:
    """The migrations of our own apps, each with a digest of its file."""
    return {
        f"{label}.{path.stem}": sha256(path.read_bytes()).hexdigest()
        for label in OWN_APPS
        for path in sorted(Path(apps.get_app_config(label).path, "migrations").glob("0*.py"))
    }


def another_build() -> str:
    """By which other migrations than those of this code this database was made, in words."""
    ours, before = sources(), made()
    was = before.migrations if before else {}
    unknown = {name for name in was if name.startswith(OWN_APPS) and name not in ours}
    if unknown:
        return f"it has {_some(unknown)}, which this code does not know"
    changed = {name for name, digest in ours.items() if was.get(name, digest) not in ("", digest)}
    return f"{_some(changed)} has changed since it ran there" if changed else ""


def _some(names: set[str]) -> str:
    first, *more = sorted(names)
    return f"migration {first}" + (f" (and {len(more)} more)" if more else "")


def differing(things: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """The names of what is gone, otherwise, or more than does no harm."""
    lost = {name.partition(" ")[2] for name in things if name.startswith("table ")}
    lost -= {name.partition(" ")[2] for name in found if name.startswith("table ")}
    return sorted(
        name
        for name in things.keys() | found.keys()
        if things.get(name) != found.get(name)
        and _plain(things.get(name)) != _plain(found.get(name))
        and not _is_harmless(name, things, found)
        and not (name.partition(" ")[2].partition(".")[0] in lost and "." in name)
    )


def in_words(things: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    names = differing(things, found)
    told = [_in_words(name, things.get(name), found.get(name)) for name in names[:MOST_TOLD]]
    rest = len(names) - MOST_TOLD
    return [*told, f"and {rest} more"] if rest > 0 else told


def _in_words(name: str, meant: str | None, is_there: str | None) -> str:
    if is_there is None:
        return f"the {name} is missing"
    if meant is None:
        return f"the {name} is none of ours"
    if is_there.endswith(" SWITCHED OFF"):
        return f"the {name} is switched off"
    if name.startswith("column "):
        return f"the {name} is {is_there}, not {meant}"
    return f"the {name} is not as it was made"


def _plain(said: str | None) -> str | None:
    return said and SPARE.sub("", CASTS.sub("", said))


def _is_harmless(name: str, things: Mapping[str, str], found: Mapping[str, str]) -> bool:
    """Something more that refuses nothing: a table with all of its own, a column that may be left
    out, an index that is not unique."""
    if name in things:
        return False
    kind, _, place = name.partition(" ")
    if f"table {place.partition('.')[0]}" not in things:
        return True
    said = found[name]
    may_be_left_out = "NOT NULL" not in said or "DEFAULT" in said or "IDENTITY" in said
    return (kind == "column" and may_be_left_out) or (
        kind == "index" and "CREATE UNIQUE" not in said
    )


class Watch:
    """What differs, looked up at most once a minute: for probes."""

    def __init__(self) -> None:
        self._until, self._said = float("-inf"), [""]

    def differences(self) -> list[str]:
        if monotonic() >= self._until:
            self._said = look()
            self._until = monotonic() + (DOUBTED_SECONDS if self._said else KEPT_SECONDS)
        return self._said

    def forget(self) -> None:
        self._until = float("-inf")


def look() -> list[str]:
    """What differs now, in words. Raises DatabaseError."""
    known = made()
    if known is None or known.migrations.keys() != applied():
        return []  # before the first `migrate`, or while one runs: that is told of migrations
    return in_words(known.things, read())


watch = Watch()
