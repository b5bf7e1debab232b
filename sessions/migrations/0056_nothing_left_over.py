"""What earlier migrations left of what they had taken away, so that a database that ran them one
by one is the same as one that was made at once."""

from django.db import migrations

LEFT_OVER = """
-- of a trigger that is gone
DROP FUNCTION IF EXISTS pgtrigger_score_in_range_b62d8();
-- A column that was renamed kept the name of its NOT NULL, and the next column got another one.
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_constraint
               WHERE conrelid = 'treatment_protocol_version'::regclass
               AND conname = 'treatment_protocol_version_evidence_not_null1') THEN
        ALTER TABLE treatment_protocol_version RENAME CONSTRAINT
            treatment_protocol_version_evidence_not_null
            TO treatment_protocol_version_studies_not_null;
        ALTER TABLE treatment_protocol_version RENAME CONSTRAINT
            treatment_protocol_version_evidence_not_null1
            TO treatment_protocol_version_evidence_not_null;
    END IF;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [('treatment_sessions', '0052_encrypted_notes_of_healing')]

    operations = [migrations.RunSQL(LEFT_OVER, migrations.RunSQL.noop)]
