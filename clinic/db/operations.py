"""What our migrations do that Django's operations do not."""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import RunSQL
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class AtOnce(Operation):
    """Operations of one migration, with the models as they are after all of them.

    Django rebuilds its models of everything that is related after each single operation: with a
    history table and triggers beside nearly every table, an empty database took 34 s of the
    processor instead of 12 (then; decision 0076 says what came after). Each operation sees the
    state before all and the state after all. So a field is changed once in it, what belongs to a
    table that it makes is made with the table, and what runs SQL or Python of our own stands
    outside.
    """

    serialization_expand_args = ["operations"]
    reduces_to_sql = True

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return type(self).__qualname__, [], {"operations": self.operations}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        state.__dict__.pop("apps", None)  # a cached property: made again when it is asked for
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for operation in reversed(self.operations):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"{len(self.operations)} changes at once"


class Settled(Operation):
    """What Django leaves for a migration's end (keys, constraints, indexes) is made now, for SQL
    that builds on it."""

    reduces_to_sql = True

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing changes that a model would know."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        statements = [*schema_editor.deferred_sql]
        schema_editor.deferred_sql.clear()
        for statement in statements:
            schema_editor.execute(statement, None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Tables take theirs with them."""

    def describe(self) -> str:
        return "Keys and constraints of what was made"


# The kind of evidence by the first source that is cited; the rest are studies.
EVIDENCE_OF_KEYS = (
    ("LABEL", r"^([KN]\d{6}$|DEN\d|.* label$|Isotretinoin insert)"),
    ("REVIEW", r"^(Alster & Graham|Chu|Cohen|English|Friedmann|Gowda|Skin of color|Spring)"),
    ("CONSENSUS", r"^(\d+ CFR|CTCAE|FDA|Mysore|Waldman)"),
    (
        "CLINIC_PAGE",
        r"^(AAD|Aeterna|Blessed|Bva|Clinic pages|Consent forms|Flexikon|Herspace|Prime|Secondary)",
    ),
)


def evidence_of_sources(*tables: str) -> list[RunSQL]:
    """Says of rows that were there before they had a column for it what kind of evidence their
    source is. Their triggers keep them from being edited, and this is no edit."""
    cases = " ".join(f"WHEN key ~ '{keys}' THEN '{kind}'" for kind, keys in EVIDENCE_OF_KEYS)
    return [
        RunSQL(
            rf"""
            ALTER TABLE {table} DISABLE TRIGGER USER;
            UPDATE {table} SET evidence = CASE
                WHEN source ~* '^(careful )?default' OR key IS NULL THEN 'DEFAULT'
                {cases} ELSE 'TRIAL' END
            FROM (
                SELECT id AS row, substring(source FROM '\[([A-Z0-9][^]]+)\]') AS key FROM {table}
            ) AS cited
            WHERE id = cited.row;
            ALTER TABLE {table} ENABLE TRIGGER USER;
            """,  # noqa: S608  names of tables
            RunSQL.noop,
        )
        for table in tables
    ]
