"""What the application may do in the database, where it is not the owner of its tables.

Note [Three roles]
    The superuser makes roles and databases, the owner migrates, the application reads and writes
    rows. Whoever owns a table can switch its triggers off, and a superuser can do everything; so
    the application, which the internet talks to, is neither. It may do to the rows of a table what
    its owner may, no more: the migrations revoke from the owner what nobody may, such as changing
    what is written of accesses, and that is copied here, column by column. Never TRUNCATE, which
    asks no trigger of a row.
"""

from django.db import connection, transaction
from psycopg import sql

READ_ONLY = ("clinic_schema", "django_migrations")
# What the owner may: where nothing was ever granted or revoked, that is everything.
OWNERS = """
    SELECT c.oid::regclass::text, c.relkind = 'S', p.privilege_type, NULL
    FROM pg_class c, aclexplode(coalesce(
        c.relacl, acldefault((CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", c.relowner)
    )) p
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
        AND NOT c.relispartition AND p.grantee = c.relowner
        AND p.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'USAGE')
    UNION ALL
    SELECT c.oid::regclass::text, false, p.privilege_type, a.attname
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) p
    WHERE c.relnamespace = current_schema()::regnamespace AND NOT c.relispartition
        AND p.grantee = c.relowner AND p.privilege_type IN ('SELECT', 'INSERT', 'UPDATE')
"""


def grant_to(role: str) -> int:
    """Give the role what it needs, and take away what else it had. Returns to how many tables."""
    name, tables = sql.Identifier(role), set()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        schema = sql.Identifier(cursor.fetchone()[0])
        for kind in ("TABLES", "SEQUENCES"):
            revoke = "REVOKE ALL ON ALL {} IN SCHEMA {} FROM {}"
            cursor.execute(sql.SQL(revoke).format(sql.SQL(kind), schema, name))
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, name))
        cursor.execute(OWNERS)
        for table, is_sequence, privilege, column in cursor.fetchall():
            if table in READ_ONLY and privilege != "SELECT":
                continue
            cursor.execute(_grant(table, is_sequence, privilege, column, name))
            tables.add(table)
    return len(tables)


def _grant(
    table: str, is_sequence: bool, privilege: str, column: str | None, role: sql.Identifier
) -> sql.Composed:
    """`table` and `privilege` come from the catalogue, quoted where they need it."""
    of = sql.SQL("({})").format(sql.Identifier(column)) if column else sql.SQL("")
    on = sql.SQL("SEQUENCE" if is_sequence else "TABLE")
    return sql.SQL("GRANT {}{} ON {} {} TO {}").format(
        sql.SQL(privilege),
        of,
        on,
        sql.SQL(table),
        role,
    )
