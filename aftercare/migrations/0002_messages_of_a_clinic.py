"""The lists of messages walk one clinic's messages in the order of their times."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("aftercare", "0001_initial")]
    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["clinic", "due_at"], name="message_by_clinic_due"),
        )
    ]
