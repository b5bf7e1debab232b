"""Answers from home, what two merged records said, and files with patients are in the database as ciphertext."""

import clinic.db.encryption
from django.db import migrations, models

from clinic.db.operations import AtOnce
from clinic.db.rotation import encrypt_columns


class Migration(migrations.Migration):
    atomic = False  # batch by batch; run again, it goes on

    dependencies = [
        ('patients', '0049_encrypted_lines'),
    ]

    operations = [
        AtOnce([
            migrations.AddField(
                model_name='importedrow',
                name='twin',
                field=models.PositiveIntegerField(help_text='An earlier row that is the same person, as it seems.', null=True),
            ),
            migrations.AlterField(
                model_name='homeanswers',
                name='answers',
                field=clinic.db.encryption.EncryptedJSONField(default=dict),
            ),
            migrations.AlterField(
                model_name='importedrow',
                name='notes',
                field=clinic.db.encryption.EncryptedJSONField(default=list),
            ),
            migrations.AlterField(
                model_name='importedrow',
                name='values',
                field=clinic.db.encryption.EncryptedJSONField(default=dict),
            ),
            migrations.AlterField(
                model_name='patientimport',
                name='left_out',
                field=clinic.db.encryption.EncryptedCharField(blank=True, help_text='The columns that are not known here.', max_length=500),
            ),
            migrations.AlterField(
                model_name='patientimport',
                name='name',
                field=clinic.db.encryption.EncryptedCharField(max_length=120),
            ),
            migrations.AlterField(
                model_name='patientmerge',
                name='values',
                field=clinic.db.encryption.EncryptedJSONField(db_default='', default=dict, help_text='Each field that changed or was chosen: both values, and the result.'),
            ),
        ]),
        encrypt_columns(
            'patients',
            'homeanswers', 'importedrow', 'patientimport', 'patientmerge',
        ),
    ]
