"""Lines that staff write about treatments are in the database as ciphertext."""

import clinic.db.encryption
from django.db import migrations

from clinic.db.operations import AtOnce
from clinic.db.rotation import encrypt_columns


class Migration(migrations.Migration):
    atomic = False  # batch by batch; run again, it goes on

    dependencies = [
        ('treatment_sessions', '0063_waitlist_by_kind'),
    ]

    operations = [
        AtOnce([
            migrations.AlterField(
                model_name='deviation',
                name='action_taken',
                field=clinic.db.encryption.EncryptedCharField(help_text='What was done about it.', max_length=500),
            ),
            migrations.AlterField(
                model_name='deviation',
                name='reason',
                field=clinic.db.encryption.EncryptedCharField(help_text='How it came about.', max_length=500),
            ),
            migrations.AlterField(
                model_name='exposurestep',
                name='note',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='incidentreport',
                name='reason',
                field=clinic.db.encryption.EncryptedCharField(blank=True, db_default='', default='', help_text='Why it is not reported.', max_length=500),
            ),
            migrations.AlterField(
                model_name='incidentreporthistory',
                name='reason',
                field=clinic.db.encryption.EncryptedCharField(blank=True, db_default='', default='', help_text='Why it is not reported.', max_length=500),
            ),
            migrations.AlterField(
                model_name='outcomemeasure',
                name='note',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='outcomemeasurehistory',
                name='note',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='productuse',
                name='note',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='productusehistory',
                name='note',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='sessionfinding',
                name='override_reason',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='sessionfindinghistory',
                name='override_reason',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='sideeffect',
                name='resolution',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='sideeffecthistory',
                name='resolution',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='sideeffectnote',
                name='care_elsewhere',
                field=clinic.db.encryption.EncryptedCharField(blank=True, help_text='Who treated it, if it was not this clinic.', max_length=200),
            ),
            migrations.AlterField(
                model_name='sideeffectnote',
                name='treatment',
                field=clinic.db.encryption.EncryptedCharField(blank=True, help_text='What was done for it.', max_length=500, verbose_name='treatment given'),
            ),
            migrations.AlterField(
                model_name='waitlistentry',
                name='note',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='zonetreatment',
                name='note',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
            migrations.AlterField(
                model_name='zonetreatmenthistory',
                name='note',
                field=clinic.db.encryption.EncryptedCharField(blank=True, max_length=500),
            ),
        ]),
        encrypt_columns(
            'treatment_sessions',
            'deviation', 'exposurestep', 'incidentreport', 'incidentreporthistory', 'outcomemeasure', 'outcomemeasurehistory', 'productuse', 'productusehistory', 'sessionfinding', 'sessionfindinghistory', 'sideeffect', 'sideeffecthistory', 'sideeffectnote', 'waitlistentry', 'zonetreatment', 'zonetreatmenthistory',
        ),
    ]
