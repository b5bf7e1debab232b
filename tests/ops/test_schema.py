"""The tables are what `migrate` has made of them, or somebody hears of it."""

from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from clinic.db import schema
from clinic.db.schema import differing, in_words

MEANT = {
    "table room": "",
    "column room.kind": "character varying(9) NOT NULL DEFAULT 'A'::character varying",
    "constraint room.kind_known": "CHECK (((kind)::text = ANY ((ARRAY['A'::character varying,"
    " 'B'::character varying])::text[])))",
    "trigger room.kept": "CREATE TRIGGER kept BODY 1",
    "index room.by_kind": "CREATE INDEX by_kind ON room (kind)",
}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, []),
        # as PostgreSQL writes the same constraint after a restore
        (
            {
                "constraint room.kind_known": "CHECK (((kind)::text = ANY (ARRAY[("
                "'A'::character varying)::text, ('B'::character varying)::text])))"
            },
            [],
        ),
        (
            {"constraint room.kind_known": "CHECK ((kind)::text = 'A'::text)"},
            ["the constraint room.kind_known is not as it was made"],
        ),
        (
            {"column room.kind": "character varying(9) NOT NULL"},
            [
                "the column room.kind is character varying(9) NOT NULL, not character varying(9)"
                " NOT NULL DEFAULT 'A'::character varying"
            ],
        ),
        ({"trigger room.kept": None}, ["the trigger room.kept is missing"]),
        (
            {"trigger room.kept": "CREATE TRIGGER kept BODY 1 SWITCHED OFF"},
            ["the trigger room.kept is switched off"],
        ),
        ({"index room.by_kind": None}, ["the index room.by_kind is missing"]),
        (dict.fromkeys(MEANT), ["the table room is missing"]),
        ({"column room.newer": "integer NOT NULL"}, ["the column room.newer is none of ours"]),
        ({"constraint room.x": "CHECK (false)"}, ["the constraint room.x is none of ours"]),
        ({"index room.x": "CREATE UNIQUE INDEX x"}, ["the index room.x is none of ours"]),
        # something more that refuses nothing
        ({"column room.newer": "integer"}, []),
        ({"column room.newer": "integer NOT NULL DEFAULT 0"}, []),
        ({"index room.x": "CREATE INDEX x"}, []),
        ({"table other": "", "column other.id": "integer NOT NULL"}, []),
    ],
)
def test_what_differs_in_words(change: dict[str, str | None], told: list[str]) -> None:
    found = {name: said for name, said in {**MEANT, **change}.items() if said is not None}

    assert in_words(MEANT, found) == told


def test_of_many_differences_some_are_told() -> None:
    found = {**MEANT, **{f"constraint room.x{n}": "CHECK (false)" for n in range(9)}}

    assert in_words(MEANT, found)[-1] == "and 4 more"


@pytest.fixture
def watched(db: None) -> Iterator[None]:
    schema.watch.forget()
    yield
    schema.watch.forget()


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.usefixtures("watched")
def test_a_lost_default_is_seen_by_the_probe_and_by_migrate_and_never_taken_for_meant(
    client: Client,
) -> None:
    assert client.get("/readyz").json()["schema"] is True
    run("ALTER TABLE treatment_session ALTER COLUMN created_at DROP DEFAULT")
    run("ALTER TABLE patient DISABLE TRIGGER USER")
    assert client.get("/readyz").json()["schema"] is True  # looked up a moment ago
    schema.watch.forget()

    told = client.get("/readyz").json()

    assert told["schema"] is False
    assert any("column treatment_session.created_at is" in said for said in told["differences"])
    assert any(said.endswith("is switched off") for said in told["differences"])
    assert "manage.py schema --accept" in told["what_to_do"]
    before = differing(schema.made().things, schema.read())  # type: ignore[union-attr]
    assert schema.write_down(schema.made(), schema.read()) == told["differences"]
    assert differing(schema.made().things, schema.read()) == before  # type: ignore[union-attr]
    with pytest.raises(CommandError, match=r"treatment_session\.created_at"):
        call_command("schema")
    call_command("schema", "--accept")
    call_command("schema")


@pytest.mark.usefixtures("watched")
def test_what_a_migration_has_changed_is_meant() -> None:
    before, found = schema.made(), schema.read()
    run("ALTER TABLE patient DISABLE TRIGGER USER")

    assert schema.write_down(before, found) == []
    assert schema.look() == []


@pytest.mark.usefixtures("watched")
def test_nothing_is_compared_while_migrations_run() -> None:
    run("ALTER TABLE patient DISABLE TRIGGER USER")
    run("INSERT INTO django_migrations (app, name, applied) VALUES ('clinic', '9999_x', now())")

    assert schema.look() == []


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize(
    ("migration", "told"),
    [
        ("clinic.9999_newer", "clinic.9999_newer, which this code"),
        ("clinic.0001_initial", "clinic.0001_initial has changed"),
    ],
)
def test_data_of_another_build_is_known(migration: str, told: str) -> None:
    schema.write_down(None, {})
    assert schema.another_build() == ""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE clinic_schema SET migrations = migrations || jsonb_build_object(%s::text, 'x')",
            [migration],
        )

    assert told in schema.another_build()
