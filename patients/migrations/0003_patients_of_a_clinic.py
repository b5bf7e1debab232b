"""The list of a clinic's patients walks an index of that clinic, newest first."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("clinic", "0001_initial"), ("patients", "0002_merged_values")]
    operations = [
        migrations.AlterField(
            model_name="patient",
            name="clinic",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="patients",
                to="clinic.clinic",
            ),
        ),
        migrations.AddIndex(
            model_name="patient",
            index=models.Index(fields=["clinic", "id"], name="patient_of_clinic"),
        ),
    ]
