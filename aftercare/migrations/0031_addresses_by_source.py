from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('aftercare', '0029_encrypted_answers'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='addressconsent',
            index=models.Index(fields=['source', 'id'], name='address_consent_by_source'),
        ),
    ]
