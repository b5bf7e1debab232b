from django.db import migrations

# What `migrate` has made, for comparing with what is there (clinic.db.schema): one row, which no
# model stands over.
TABLE = """
CREATE TABLE clinic_schema (
    id smallint PRIMARY KEY CHECK (id = 1),
    written_at timestamptz NOT NULL DEFAULT now(),
    things jsonb NOT NULL,
    migrations jsonb NOT NULL
)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0018_sealed_accesses'),
    ]

    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE clinic_schema"),
    ]
