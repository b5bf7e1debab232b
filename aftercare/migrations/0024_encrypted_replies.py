"""What patients write is in the database as ciphertext."""

import clinic.db.encryption
from django.db import migrations

from clinic.db.rotation import encrypt_columns


class Migration(migrations.Migration):
    atomic = False  # batch by batch; run again, it goes on

    dependencies = [
        ('aftercare', '0022_badges_at_any_size'),
    ]

    operations = [
        migrations.AlterField(
            model_name='inboundmessage',
            name='body',
            field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=4000),
        ),
        encrypt_columns('aftercare', 'InboundMessage'),
    ]
