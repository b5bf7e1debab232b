"""Answers of staff, and their lines about replies, are in the database as ciphertext."""

import clinic.db.encryption
from django.db import migrations

from clinic.db.operations import AtOnce
from clinic.db.rotation import encrypt_columns


class Migration(migrations.Migration):
    atomic = False  # batch by batch; run again, it goes on

    dependencies = [
        ('aftercare', '0028_recalls_of_many'),
    ]

    operations = [
        AtOnce([
            migrations.RemoveConstraint(
                model_name='staffanswer',
                name='staff_answer_said_once',
            ),
            migrations.AlterField(
                model_name='addressconsent',
                name='wording',
                field=clinic.db.encryption.EncryptedCharField(help_text='What was said, or reported.', max_length=500),
            ),
            migrations.AlterField(
                model_name='inboundmessage',
                name='handled_note',
                field=clinic.db.encryption.EncryptedCharField(blank=True, db_default='', default='', help_text='What was found and done.', max_length=500, verbose_name='note'),
            ),
            migrations.AlterField(
                model_name='recallnotice',
                name='outcome',
                field=clinic.db.encryption.EncryptedCharField(blank=True, help_text='What the patient said when called.', max_length=500),
            ),
            migrations.AlterField(
                model_name='recallnoticehistory',
                name='outcome',
                field=clinic.db.encryption.EncryptedCharField(blank=True, help_text='What the patient said when called.', max_length=500),
            ),
            migrations.AlterField(
                model_name='staffanswer',
                name='text',
                field=clinic.db.encryption.EncryptedTextField(max_length=2000),
            ),
        ]),
        encrypt_columns(
            'aftercare',
            'addressconsent', 'inboundmessage', 'recallnotice', 'recallnoticehistory', 'staffanswer',
        ),
    ]
