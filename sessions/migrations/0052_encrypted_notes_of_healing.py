"""What is written of a healing skin, by patients and clinicians, is in the database as ciphertext."""

import clinic.db.encryption
from django.db import migrations

from clinic.db.operations import AtOnce
from clinic.db.rotation import encrypt_columns


class Migration(migrations.Migration):
    atomic = False  # batch by batch; run again, it goes on

    dependencies = [
        ('treatment_sessions', '0050_filters_of_the_admin'),
    ]

    operations = [
        AtOnce([
            migrations.AlterField(
                model_name='checkin',
                name='words',
                field=clinic.db.encryption.EncryptedTextField(blank=True, help_text="In the patient's own words.", max_length=4000),
            ),
            migrations.AlterField(
                model_name='sideeffect',
                name='note',
                field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=5000),
            ),
            migrations.AlterField(
                model_name='sideeffecthistory',
                name='note',
                field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=5000),
            ),
            migrations.AlterField(
                model_name='sideeffectnote',
                name='note',
                field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=5000),
            ),
        ]),
        encrypt_columns('treatment_sessions', 'CheckIn', 'SideEffect', 'SideEffectHistory', 'SideEffectNote'),
    ]
