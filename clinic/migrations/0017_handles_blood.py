from django.db import migrations, models

HELP = "PRP and the like. Only then patients are asked about HIV and hepatitis."


class Migration(migrations.Migration):
    """Clinics that are there already have asked everybody, and go on until they say otherwise."""

    dependencies = [
        ("clinic", "0016_accesses"),
    ]

    operations = [
        migrations.AddField(
            model_name="clinic",
            name="handles_blood",
            field=models.BooleanField(
                "handles blood products", default=True, db_default=True, help_text=HELP
            ),
        ),
        migrations.AlterField(
            model_name="clinic",
            name="handles_blood",
            field=models.BooleanField(
                "handles blood products", default=False, db_default=False, help_text=HELP
            ),
        ),
    ]
