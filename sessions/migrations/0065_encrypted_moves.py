"""Why sessions, plans and the waiting list were moved, and charts that are being typed, are in the database as ciphertext."""

import clinic.db.encryption
from django.db import migrations

from clinic.db.operations import AtOnce
from clinic.db.rotation import encrypt_columns


class Migration(migrations.Migration):
    atomic = False  # batch by batch; run again, it goes on

    dependencies = [
        ('treatment_sessions', '0064_encrypted_lines'),
    ]

    operations = [
        AtOnce([
            migrations.AlterField(
                model_name='chartdraft',
                name='content',
                field=clinic.db.encryption.EncryptedJSONField(default=dict, help_text='Names of fields, and what was typed.'),
            ),
            migrations.AlterField(
                model_name='planevent',
                name='reason',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='sessionevent',
                name='reason',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='treatmentsession',
                name='abort_note',
                field=clinic.db.encryption.EncryptedCharField(blank=True, db_default='', default='', editable=False, max_length=500),
            ),
            migrations.AlterField(
                model_name='treatmentsession',
                name='spacing_override_reason',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='treatmentsessionhistory',
                name='abort_note',
                field=clinic.db.encryption.EncryptedCharField(blank=True, db_default='', default='', editable=False, max_length=500),
            ),
            migrations.AlterField(
                model_name='treatmentsessionhistory',
                name='spacing_override_reason',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='waitlistevent',
                name='reason',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
        ]),
        encrypt_columns(
            'treatment_sessions',
            'chartdraft', 'planevent', 'sessionevent', 'treatmentsession', 'treatmentsessionhistory', 'waitlistevent',
        ),
    ]
