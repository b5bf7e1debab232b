"""Accesses by break-glass, or because patients asked, are found by an index, as in 0030.

Month by month, without a lock that keeps anybody waiting; it may be run again where it broke off.
"""

from typing import Any

from django.db import migrations

WHICH = "(purpose, id) WHERE purpose IN ('BREAK_GLASS', 'PATIENT_REQUEST')"
OF_ALL = "access_by_rare_purpose"
MONTHS = f"""
    SELECT month.inhrelid::regclass::text FROM pg_inherits AS month
    WHERE month.inhparent = 'clinic_access_record'::regclass AND NOT EXISTS (
        SELECT FROM pg_inherits AS known JOIN pg_index ON indexrelid = known.inhrelid
        WHERE known.inhparent = '{OF_ALL}'::regclass AND indrelid = month.inhrelid)
"""


def add_index(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX IF NOT EXISTS {OF_ALL} ON ONLY clinic_access_record {WHICH}")
        cursor.execute(MONTHS)
        for (month,) in cursor.fetchall():
            name = f"{month}_by_rare_purpose"
            cursor.execute(f"DROP INDEX IF EXISTS {name}")
            cursor.execute(f"CREATE INDEX CONCURRENTLY {name} ON {month} {WHICH}")
            cursor.execute(f"ALTER INDEX {OF_ALL} ATTACH PARTITION {name}")


def drop_index(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(f"DROP INDEX {OF_ALL}")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("clinic", "0044_encrypted_reviews")]

    operations = [migrations.RunPython(add_index, drop_index)]
