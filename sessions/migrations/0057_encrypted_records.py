"""What is written of sessions, plans and decisions is in the database as ciphertext."""

import clinic.db.encryption
from django.db import migrations

from clinic.db.operations import AtOnce
from clinic.db.rotation import encrypt_columns


class Migration(migrations.Migration):
    atomic = False  # batch by batch; run again, it goes on

    dependencies = [
        ('treatment_sessions', '0056_nothing_left_over'),
    ]

    operations = [
        AtOnce([
            migrations.AlterField(
                model_name='addendum',
                name='text',
                field=clinic.db.encryption.EncryptedTextField(max_length=10000),
            ),
            migrations.AlterField(
                model_name='bloodexposure',
                name='what',
                field=clinic.db.encryption.EncryptedTextField(help_text='What happened, with which device.', max_length=2000),
            ),
            migrations.AlterField(
                model_name='candidacy',
                name='alternatives',
                field=clinic.db.encryption.EncryptedTextField(blank=True, help_text='What the patient was told could be done instead.', max_length=2000),
            ),
            migrations.AlterField(
                model_name='candidacy',
                name='expectations',
                field=clinic.db.encryption.EncryptedTextField(blank=True, help_text='What the patient hopes for, in their words.', max_length=2000),
            ),
            migrations.AlterField(
                model_name='candidacy',
                name='other_treatments',
                field=clinic.db.encryption.EncryptedTextField(blank=True, help_text='What was tried before, and what goes on elsewhere.', max_length=2000),
            ),
            migrations.AlterField(
                model_name='candidacy',
                name='reason',
                field=clinic.db.encryption.EncryptedTextField(blank=True, help_text='Why not, or why not now.', max_length=2000),
            ),
            migrations.AlterField(
                model_name='treatmentplan',
                name='goals',
                field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=2000),
            ),
            migrations.AlterField(
                model_name='treatmentplan',
                name='reason',
                field=clinic.db.encryption.EncryptedTextField(blank=True, db_default='', help_text='Of maintenance: what it keeps up.', max_length=2000),
            ),
            migrations.AlterField(
                model_name='treatmentplanhistory',
                name='goals',
                field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=2000),
            ),
            migrations.AlterField(
                model_name='treatmentplanhistory',
                name='reason',
                field=clinic.db.encryption.EncryptedTextField(blank=True, db_default='', help_text='Of maintenance: what it keeps up.', max_length=2000),
            ),
            migrations.AlterField(
                model_name='treatmentsession',
                name='notes',
                field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=10000),
            ),
            migrations.AlterField(
                model_name='treatmentsessionhistory',
                name='notes',
                field=clinic.db.encryption.EncryptedTextField(blank=True, max_length=10000),
            ),
        ]),
        encrypt_columns(
            'treatment_sessions',
            'Addendum', 'BloodExposure', 'Candidacy', 'TreatmentPlan', 'TreatmentPlanHistory', 'TreatmentSession', 'TreatmentSessionHistory',
        ),
    ]
