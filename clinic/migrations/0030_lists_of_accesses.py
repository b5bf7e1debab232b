"""What is rare in the record of accesses is found by an index, not by reading all of it.

A row that is written for every answer has no entry in them, so they cost nothing there.
"""

from django.db import migrations

RARE = """
CREATE INDEX access_by_rare_action ON clinic_access_record (action, id)
    WHERE action NOT IN ('READ', 'LIST', 'SEARCH', 'WRITE');
CREATE INDEX access_by_outcome ON clinic_access_record (outcome, id) WHERE outcome <> 'DONE';
CREATE INDEX access_by_rare_door ON clinic_access_record (door, id)
    WHERE door NOT IN ('API', 'ADMIN');
"""
NONE = "DROP INDEX access_by_rare_action, access_by_outcome, access_by_rare_door;"


class Migration(migrations.Migration):
    dependencies = [("clinic", "0027_downtime_key")]

    operations = [migrations.RunSQL(RARE, NONE)]
