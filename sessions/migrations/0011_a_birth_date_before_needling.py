"""Nobody is needled whose birth date is not known."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0015_a_birth_date_may_follow'),
        ('treatment_sessions', '0010_scales_of_concerns'),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name='treatmentsession',
            trigger=pgtrigger.compiler.Trigger(name='birth_date_known', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW."status" IN (\'IN_PROGRESS\', \'COMPLETED\'))', declare='DECLARE born DATE;', func="\n            SELECT date_of_birth INTO born FROM patient WHERE id = NEW.patient_id FOR SHARE;\n            IF born IS NULL THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'session_birth_date_known', MESSAGE = 'the birth date is not known';\n            END IF;\n            RETURN NEW;\n            ", hash='3fdd37c9c3ee3ed5edfa00adeb6257e222257c4a', operation='INSERT OR UPDATE OF "status"', pgid='pgtrigger_birth_date_known_2cd9e', table='treatment_session', when='BEFORE')),
        ),
    ]
