from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("clinic", "0025_new_devices")]

    operations = [
        migrations.AddField(
            model_name="clinic",
            name="downtime_key",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="Seals the downtime pack; made of its passphrase (clinic.values.passphrase).",
            ),
        ),
    ]
