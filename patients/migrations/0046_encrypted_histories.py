"""Allergies, notes and what patients were asked and told are in the database as ciphertext."""

import clinic.db.encryption
from django.db import migrations

from clinic.db.operations import AtOnce
from clinic.db.rotation import encrypt_columns


class Migration(migrations.Migration):
    atomic = False  # batch by batch; run again, it goes on

    dependencies = [
        ('patients', '0044_erasures'),
    ]

    operations = [
        AtOnce([
            migrations.AlterField(
                model_name='contactconsent',
                name='wording',
                field=clinic.db.encryption.EncryptedTextField(help_text='What the patient was asked.', max_length=2000),
            ),
            migrations.AlterField(
                model_name='othertreatment',
                name='notes',
                field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=5000),
            ),
            migrations.AlterField(
                model_name='othertreatmenthistory',
                name='notes',
                field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=5000),
            ),
            migrations.AlterField(
                model_name='patient',
                name='allergies',
                field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=5000),
            ),
            migrations.AlterField(
                model_name='patient',
                name='notes',
                field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=10000),
            ),
            migrations.AlterField(
                model_name='patienthistory',
                name='allergies',
                field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=5000),
            ),
            migrations.AlterField(
                model_name='patienthistory',
                name='notes',
                field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=10000),
            ),
            migrations.AlterField(
                model_name='screening',
                name='note',
                field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=5000),
            ),
            migrations.AlterField(
                model_name='stafftask',
                name='detail',
                field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=4000),
            ),
            migrations.AlterField(
                model_name='stafftaskhistory',
                name='detail',
                field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=4000),
            ),
        ]),
        encrypt_columns(
            'patients',
            'ContactConsent', 'OtherTreatment', 'OtherTreatmentHistory', 'Patient', 'PatientHistory', 'Screening', 'StaffTask', 'StaffTaskHistory',
        ),
    ]
