"""Lines that staff write about patients are in the database as ciphertext."""

import clinic.db.encryption
from django.db import migrations

from clinic.db.operations import AtOnce
from clinic.db.rotation import encrypt_columns


class Migration(migrations.Migration):
    atomic = False  # batch by batch; run again, it goes on

    dependencies = [
        ('patients', '0048_exports_by_patients'),
    ]

    operations = [
        AtOnce([
            migrations.AlterField(
                model_name='breakglass',
                name='reason',
                field=clinic.db.encryption.EncryptedCharField(max_length=300),
            ),
            migrations.AlterField(
                model_name='patientconcern',
                name='note',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='patientconcernhistory',
                name='note',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='patientmerge',
                name='reason',
                field=clinic.db.encryption.EncryptedCharField(max_length=500),
            ),
            migrations.AlterField(
                model_name='photoconsent',
                name='revoke_reason',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=300),
            ),
            migrations.AlterField(
                model_name='photoconsenthistory',
                name='revoke_reason',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=300),
            ),
            migrations.AlterField(
                model_name='screeninganswer',
                name='detail',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='stafftask',
                name='done_note',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='stafftaskhistory',
                name='done_note',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='treatmentconsent',
                name='revoke_reason',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=300),
            ),
            migrations.AlterField(
                model_name='treatmentconsenthistory',
                name='revoke_reason',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=300),
            ),
        ]),
        encrypt_columns(
            'patients',
            'breakglass', 'patientconcern', 'patientconcernhistory', 'patientmerge', 'photoconsent', 'photoconsenthistory', 'screeninganswer', 'stafftask', 'stafftaskhistory', 'treatmentconsent', 'treatmentconsenthistory',
        ),
    ]
