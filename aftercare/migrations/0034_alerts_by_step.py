from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('aftercare', '0033_recalls_by_state'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='staffalert',
            index=models.Index(fields=['step', 'id'], name='staff_alert_by_step'),
        ),
        AddIndexConcurrently(
            model_name='staffalert',
            index=models.Index(fields=['channel', 'id'], name='staff_alert_by_channel'),
        ),
    ]
