"""Whether the clinic could be the key by which the tables are divided among servers.

    DATABASE_URL=postgres://… python -m bench.size.shards

Asks the catalogue of a migrated database which tables name their clinic, and which constraints
would hold within one server if each had all rows of some clinics. What docs/reliability.md says
about size comes from here.
"""

import os
from typing import Any

import psycopg

COLUMNS = """
    SELECT con.contype, con.conrelid::regclass::text, con.confrelid::regclass::text, con.conname,
        array(SELECT attname::text FROM pg_attribute
              WHERE attrelid = con.conrelid AND attnum = ANY (con.conkey))
    FROM pg_constraint AS con JOIN pg_class AS own ON own.oid = con.conrelid
    WHERE own.relnamespace = 'public'::regnamespace AND NOT own.relispartition
        AND con.contype IN ('f', 'u', 'x')
    ORDER BY 1, 2, 4
"""
TABLES = """
    SELECT own.relname, own.relkind = 'p', coalesce(bool_or(attname = 'clinic_id'), false),
        coalesce(bool_or(attname = 'clinic_id' AND attnotnull), false)
    FROM pg_class AS own JOIN pg_attribute ON attrelid = own.oid AND NOT attisdropped
    WHERE own.relnamespace = 'public'::regnamespace AND own.relkind IN ('r', 'p')
        AND NOT own.relispartition
    GROUP BY own.oid ORDER BY 1
"""


def show(title: str, names: Any) -> None:
    found = sorted(set(names))
    print(f"\n{title}: {len(found)}\n    {', '.join(found) or '–'}")


def main() -> None:
    address = os.environ["DATABASE_URL"].replace("postgres://", "postgresql://")
    with psycopg.connect(address) as connection:
        tables = connection.execute(TABLES).fetchall()
        constraints = connection.execute(COLUMNS).fetchall()
    named = {name for name, _, has, _ in tables if has}
    print(f"{len(tables)} tables, {len(named)} of them name their clinic")
    show("which may be empty", (n for n, _, has, never in tables if has and not never))
    show("partitioned", (n for n, is_parted, _, _ in tables if is_parted))
    keys = [row for row in constraints if row[0] == "f"]
    inside = [row for row in keys if row[1] in named and row[2] in named]
    print(
        f"\n{len(keys)} foreign keys, {sum(row[2] == 'clinic' for row in keys)} of them to clinic"
    )
    print(f"between two tables that name their clinic: {len(inside)}")
    show("of these, the clinic is part of the key", (r[3] for r in inside if "clinic_id" in r[4]))
    up = [row for row in keys if row[1] not in named and row[2] in named]
    show("tables that belong to a row with a clinic, and do not name it", (r[1] for r in up))
    out = [row for row in keys if row[1] in named and row[2] not in {*named, "clinic"}]
    show("what rows with a clinic refer to, and names none", (row[2] for row in out))
    for kind, title in (("u", "unique"), ("x", "exclusion")):
        of_kind = [row for row in constraints if row[0] == kind and row[1] in named]
        show(f"{title}, with the clinic", (row[3] for row in of_kind if "clinic_id" in row[4]))
        show(f"{title}, without", (row[3] for row in of_kind if "clinic_id" not in row[4]))


if __name__ == "__main__":
    main()
