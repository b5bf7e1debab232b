"""A form of a concern is one of that concern, whoever writes; and where a concern occurs.

Django has no foreign keys over several columns, so this is SQL. What was recorded before stays as
it was (NOT VALID). The concerns that ship learn where they occur, unless the clinic has said so.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

SHIPPED = {
    "fine-lines": "face,neck,decolletage,hands",
    "wrinkles": "face,neck,decolletage,hands",
    "acne-scars": "face,neck,decolletage,breast",
    "enlarged-pores": "face,neck",
    "melasma": "face,neck,decolletage",
    "stretch-marks": "abdomen,thighs,breast",
    "hair-thinning": "scalp",
}


class Migration(migrations.Migration):
    dependencies = [("patients", "0003_patients_of_a_clinic")]
    operations = [
        migrations.AddField(
            model_name="concern",
            name="areas",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.SlugField(max_length=40),
                blank=True,
                default=list,
                help_text="Where it occurs; everywhere if none is named.",
                size=None,
            ),
        ),
        migrations.RunSQL(
            [
                (
                    "UPDATE patient_concern_kind SET areas = string_to_array(%s, ',')"
                    " WHERE code = %s AND areas = '{}'",
                    [areas, code],
                )
                for code, areas in SHIPPED.items()
            ],
            reverse_sql=migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name="concernsubtype",
            constraint=models.UniqueConstraint(
                fields=("id", "concern"), name="subtype_key_with_concern"
            ),
        ),
        migrations.RunSQL(
            sql="ALTER TABLE patient_concern ADD CONSTRAINT patient_concern_subtype_of_concern"
            " FOREIGN KEY (subtype_id, concern_id)"
            " REFERENCES patient_concern_subtype (id, concern_id) NOT VALID",
            reverse_sql="ALTER TABLE patient_concern"
            " DROP CONSTRAINT patient_concern_subtype_of_concern",
        ),
    ]
