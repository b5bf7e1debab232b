"""A message moves as its table of moves says, whoever writes; what is not routine is kept."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aftercare', '0004_texts_in_words'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='MessageHistory',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('status', models.CharField(choices=[('PENDING', 'Pending'), ('CLAIMED', 'Claimed by a worker'), ('SENDING', 'Being sent'), ('SENT', 'Sent'), ('DELIVERED', 'Delivered'), ('IN_DOUBT', 'In doubt'), ('FAILED', 'Failed'), ('CANCELLED', 'Cancelled'), ('SUPPRESSED', 'Suppressed'), ('EXPIRED', 'Expired')], db_default='PENDING', default='PENDING', max_length=12)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('due_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'aftercare_message_history',
                'abstract': False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='message',
            trigger=pgtrigger.compiler.Trigger(name='legal_move', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.status <> NEW.status AND NOT (OLD.status, NEW.status) IN (('CANCELLED', 'SENT'), ('CLAIMED', 'CANCELLED'), ('CLAIMED', 'DELIVERED'), ('CLAIMED', 'FAILED'), ('CLAIMED', 'IN_DOUBT'), ('CLAIMED', 'PENDING'), ('CLAIMED', 'SENDING'), ('CLAIMED', 'SENT'), ('EXPIRED', 'SENT'), ('FAILED', 'SENT'), ('IN_DOUBT', 'DELIVERED'), ('IN_DOUBT', 'FAILED'), ('IN_DOUBT', 'SENT'), ('PENDING', 'CANCELLED'), ('PENDING', 'CLAIMED'), ('PENDING', 'DELIVERED'), ('PENDING', 'EXPIRED'), ('PENDING', 'FAILED'), ('PENDING', 'IN_DOUBT'), ('PENDING', 'SENT'), ('SENDING', 'CANCELLED'), ('SENDING', 'DELIVERED'), ('SENDING', 'EXPIRED'), ('SENDING', 'FAILED'), ('SENDING', 'IN_DOUBT'), ('SENDING', 'PENDING'), ('SENDING', 'SENT'), ('SENDING', 'SUPPRESSED'), ('SENT', 'DELIVERED'), ('SENT', 'FAILED'), ('SUPPRESSED', 'SENT')))", func="RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'message_move_is_legal', MESSAGE = 'a message that is ' || OLD.status || ' cannot become ' || NEW.status; RETURN NEW;", hash='530903c0243d4c2a171f4089f52cf4cc63f8a2d7', operation='UPDATE OF "status"', pgid='pgtrigger_legal_move_ef934', table='aftercare_message', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='message',
            trigger=pgtrigger.compiler.Trigger(name='move_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.status <> NEW.status AND NOT (OLD.status, NEW.status) IN (('CLAIMED', 'PENDING'), ('CLAIMED', 'SENDING'), ('PENDING', 'CLAIMED'), ('SENDING', 'SENT')))", func='INSERT INTO "aftercare_message_history" ("due_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "status") VALUES (NEW."due_at", _pgh_attach_context(), NOW(), \'move\', NEW."id", NEW."reason", NEW."status"); RETURN NULL;', hash='9f9fb4179615e909e494e06872f478291256577f', operation='UPDATE', pgid='pgtrigger_move_update_60140', table='aftercare_message', when='AFTER')),
        ),
        migrations.AddField(
            model_name='messagehistory',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='messagehistory',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='aftercare.message'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='messagehistory',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='add54c34b87eb81eecdfa83230b5e5cfee728f8a', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_dae45', table='aftercare_message_history', when='BEFORE')),
        ),
    ]
