"""What was said of accesses is in the database as ciphertext."""

import clinic.db.encryption
from django.db import migrations

from clinic.db.operations import AtOnce
from clinic.db.rotation import encrypt_columns


class Migration(migrations.Migration):
    atomic = False  # batch by batch; run again, it goes on

    dependencies = [
        ('clinic', '0043_downtime_email'),
    ]

    operations = [
        AtOnce([
            migrations.AlterField(
                model_name='accessreview',
                name='note',
                field=clinic.db.encryption.EncryptedCharField(max_length=300),
            ),
        ]),
        encrypt_columns(
            'clinic',
            'accessreview',
        ),
    ]
