from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('treatment_sessions', '0059_correction_notes'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='waitlistentry',
            index=models.Index(fields=['clinic', 'kind', 'id'], name='waitlist_by_kind'),
        ),
    ]
