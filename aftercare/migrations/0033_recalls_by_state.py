from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('aftercare', '0032_addresses_by_answer'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='recallnotice',
            index=models.Index(fields=['state', 'id'], name='recall_notice_by_state'),
        ),
    ]
