"""A plan treats what its protocol treats, and where, whoever writes.

Django has no foreign keys over several columns, so this is SQL. What was planned before stays as
it was (NOT VALID).
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("treatment_sessions", "0003_recovers_longer")]
    operations = [
        migrations.AddConstraint(
            model_name="protocol",
            constraint=models.UniqueConstraint(
                fields=("id", "concern", "area"), name="protocol_key_with_what_it_treats"
            ),
        ),
        migrations.RunSQL(
            sql="ALTER TABLE treatment_plan ADD CONSTRAINT plan_fits_its_protocol"
            " FOREIGN KEY (protocol_id, concern_id, area_id)"
            " REFERENCES treatment_protocol (id, concern_id, area_id) NOT VALID",
            reverse_sql="ALTER TABLE treatment_plan DROP CONSTRAINT plan_fits_its_protocol",
        ),
    ]
