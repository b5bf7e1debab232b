from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('aftercare', '0031_addresses_by_source'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='addressconsent',
            index=models.Index(fields=['granted', 'id'], name='address_consent_by_answer'),
        ),
    ]
