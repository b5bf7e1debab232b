"""The lists of what belongs to a patient, plan or session walk one clinic's rows.

Rows name their clinic themselves; triggers fill it in. What is there is filled in here, past the
triggers that keep such rows as they were written.
"""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


FILLED = (  # table, the table of what it belongs to, and the key
    ("patient_contact_consent", "patient", "patient_id"),
    ("patient_photo_consent", "patient", "patient_id"),
    ("patient_screening", "patient", "patient_id"),
    ("patient_skin_type_assessment", "patient", "patient_id"),
    ("patient_treatment_consent", "patient", "patient_id"),
)


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0004_constraints_in_words'),
        ('patients', '0005_texts_in_words'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='photoconsent',
            name='signed_for_good',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='photoconsent',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='treatmentconsent',
            name='signed_for_good',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='treatmentconsent',
            name='update_update',
        ),
        migrations.AddField(
            model_name='contactconsent',
            name='clinic',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clinic.clinic'),
        ),
        migrations.AddField(
            model_name='photoconsent',
            name='clinic',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clinic.clinic'),
        ),
        migrations.AddField(
            model_name='screening',
            name='clinic',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clinic.clinic'),
        ),
        migrations.AddField(
            model_name='skintypeassessment',
            name='clinic',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clinic.clinic'),
        ),
        migrations.AddField(
            model_name='treatmentconsent',
            name='clinic',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clinic.clinic'),
        ),
        migrations.RunSQL(
            [
                statement
                for table, parent, key in FILLED
                for statement in (
                    "SET CONSTRAINTS ALL IMMEDIATE",
                    f"ALTER TABLE {table} DISABLE TRIGGER USER",
                    f"UPDATE {table} AS row SET clinic_id = parent.clinic_id"
                    f" FROM {parent} AS parent WHERE parent.id = row.{key}",
                    f"ALTER TABLE {table} ENABLE TRIGGER USER",
                )
            ],
            reverse_sql=migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            model_name='contactconsent',
            index=models.Index(fields=['clinic', 'id'], name='contact_consent_of_clinic'),
        ),
        migrations.AddIndex(
            model_name='photoconsent',
            index=models.Index(fields=['clinic', 'id'], name='photo_consent_of_clinic'),
        ),
        migrations.AddIndex(
            model_name='screening',
            index=models.Index(fields=['clinic', 'id'], name='screening_of_clinic'),
        ),
        migrations.AddIndex(
            model_name='skintypeassessment',
            index=models.Index(fields=['clinic', 'id'], name='skin_type_of_clinic'),
        ),
        migrations.AddIndex(
            model_name='treatmentconsent',
            index=models.Index(fields=['clinic', 'id'], name='treatment_consent_of_clinic'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='contactconsent',
            trigger=pgtrigger.compiler.Trigger(name='clinic_of_parent', sql=pgtrigger.compiler.UpsertTriggerSql(func='SELECT clinic_id INTO NEW.clinic_id FROM patient WHERE id = NEW.patient_id; RETURN NEW;', hash='03224eac710f2b2c90dfb907286919b97cd855cf', operation='INSERT OR UPDATE', pgid='pgtrigger_clinic_of_parent_1c2f3', table='patient_contact_consent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='photoconsent',
            trigger=pgtrigger.compiler.Trigger(name='signed_for_good', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."text_id" IS DISTINCT FROM (NEW."text_id") OR OLD."text_sha256" IS DISTINCT FROM (NEW."text_sha256") OR OLD."signed_at" IS DISTINCT FROM (NEW."signed_at") OR OLD."signer_name" IS DISTINCT FROM (NEW."signer_name") OR OLD."signer_relation" IS DISTINCT FROM (NEW."signer_relation") OR OLD."recorded_by_id" IS DISTINCT FROM (NEW."recorded_by_id") OR OLD."expires_on" IS DISTINCT FROM (NEW."expires_on") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."scope" IS DISTINCT FROM (NEW."scope") OR OLD."clinic_id" IS DISTINCT FROM (NEW."clinic_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='7b43a8009d81b6a2f1806a5537b74e8fca02e0ac', operation='UPDATE', pgid='pgtrigger_signed_for_good_f2eab', table='patient_photo_consent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='photoconsent',
            trigger=pgtrigger.compiler.Trigger(name='clinic_of_parent', sql=pgtrigger.compiler.UpsertTriggerSql(func='SELECT clinic_id INTO NEW.clinic_id FROM patient WHERE id = NEW.patient_id; RETURN NEW;', hash='ab625aab4b4bb5398a9d6da877b82612251098fc', operation='INSERT OR UPDATE', pgid='pgtrigger_clinic_of_parent_3352a', table='patient_photo_consent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='photoconsent',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."expires_on" IS DISTINCT FROM (NEW."expires_on") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."recorded_by_id" IS DISTINCT FROM (NEW."recorded_by_id") OR OLD."revoke_reason" IS DISTINCT FROM (NEW."revoke_reason") OR OLD."revoked_at" IS DISTINCT FROM (NEW."revoked_at") OR OLD."scope" IS DISTINCT FROM (NEW."scope") OR OLD."signed_at" IS DISTINCT FROM (NEW."signed_at") OR OLD."signer_name" IS DISTINCT FROM (NEW."signer_name") OR OLD."signer_relation" IS DISTINCT FROM (NEW."signer_relation") OR OLD."text_id" IS DISTINCT FROM (NEW."text_id") OR OLD."text_sha256" IS DISTINCT FROM (NEW."text_sha256"))', func='INSERT INTO "patient_photo_consent_history" ("created_at", "expires_on", "id", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recorded_by_id", "revoke_reason", "revoked_at", "scope", "signed_at", "signer_name", "signer_relation", "text_id", "text_sha256") VALUES (NEW."created_at", NEW."expires_on", NEW."id", NEW."patient_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."recorded_by_id", NEW."revoke_reason", NEW."revoked_at", NEW."scope", NEW."signed_at", NEW."signer_name", NEW."signer_relation", NEW."text_id", NEW."text_sha256"); RETURN NULL;', hash='0e0fe150ef7670a2f97809e057b60b374b5c6ee4', operation='UPDATE', pgid='pgtrigger_update_update_0945d', table='patient_photo_consent', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='screening',
            trigger=pgtrigger.compiler.Trigger(name='clinic_of_parent', sql=pgtrigger.compiler.UpsertTriggerSql(func='SELECT clinic_id INTO NEW.clinic_id FROM patient WHERE id = NEW.patient_id; RETURN NEW;', hash='8051e94880d4b7c39a63557033b64baee097888a', operation='INSERT OR UPDATE', pgid='pgtrigger_clinic_of_parent_0e17a', table='patient_screening', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='skintypeassessment',
            trigger=pgtrigger.compiler.Trigger(name='clinic_of_parent', sql=pgtrigger.compiler.UpsertTriggerSql(func='SELECT clinic_id INTO NEW.clinic_id FROM patient WHERE id = NEW.patient_id; RETURN NEW;', hash='f036d170c596be501a2898a261fe4e238d9cfd59', operation='INSERT OR UPDATE', pgid='pgtrigger_clinic_of_parent_d0772', table='patient_skin_type_assessment', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='treatmentconsent',
            trigger=pgtrigger.compiler.Trigger(name='signed_for_good', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."text_id" IS DISTINCT FROM (NEW."text_id") OR OLD."text_sha256" IS DISTINCT FROM (NEW."text_sha256") OR OLD."signed_at" IS DISTINCT FROM (NEW."signed_at") OR OLD."signer_name" IS DISTINCT FROM (NEW."signer_name") OR OLD."signer_relation" IS DISTINCT FROM (NEW."signer_relation") OR OLD."recorded_by_id" IS DISTINCT FROM (NEW."recorded_by_id") OR OLD."expires_on" IS DISTINCT FROM (NEW."expires_on") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."zones" IS DISTINCT FROM (NEW."zones") OR OLD."device_models" IS DISTINCT FROM (NEW."device_models") OR OLD."clauses" IS DISTINCT FROM (NEW."clauses") OR OLD."witness_id" IS DISTINCT FROM (NEW."witness_id") OR OLD."clinic_id" IS DISTINCT FROM (NEW."clinic_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='750b273ed228233463dcbbc13e193ae56cda0afe', operation='UPDATE', pgid='pgtrigger_signed_for_good_13e7f', table='patient_treatment_consent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='treatmentconsent',
            trigger=pgtrigger.compiler.Trigger(name='clinic_of_parent', sql=pgtrigger.compiler.UpsertTriggerSql(func='SELECT clinic_id INTO NEW.clinic_id FROM patient WHERE id = NEW.patient_id; RETURN NEW;', hash='a1935ca8ed9fa24b0a03e7d0c73110d0d66d3660', operation='INSERT OR UPDATE', pgid='pgtrigger_clinic_of_parent_96a11', table='patient_treatment_consent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='treatmentconsent',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."clauses" IS DISTINCT FROM (NEW."clauses") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."device_models" IS DISTINCT FROM (NEW."device_models") OR OLD."expires_on" IS DISTINCT FROM (NEW."expires_on") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."recorded_by_id" IS DISTINCT FROM (NEW."recorded_by_id") OR OLD."revoke_reason" IS DISTINCT FROM (NEW."revoke_reason") OR OLD."revoked_at" IS DISTINCT FROM (NEW."revoked_at") OR OLD."signed_at" IS DISTINCT FROM (NEW."signed_at") OR OLD."signer_name" IS DISTINCT FROM (NEW."signer_name") OR OLD."signer_relation" IS DISTINCT FROM (NEW."signer_relation") OR OLD."text_id" IS DISTINCT FROM (NEW."text_id") OR OLD."text_sha256" IS DISTINCT FROM (NEW."text_sha256") OR OLD."witness_id" IS DISTINCT FROM (NEW."witness_id") OR OLD."zones" IS DISTINCT FROM (NEW."zones"))', func='INSERT INTO "patient_treatment_consent_history" ("clauses", "created_at", "device_models", "expires_on", "id", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recorded_by_id", "revoke_reason", "revoked_at", "signed_at", "signer_name", "signer_relation", "text_id", "text_sha256", "witness_id", "zones") VALUES (NEW."clauses", NEW."created_at", NEW."device_models", NEW."expires_on", NEW."id", NEW."patient_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."recorded_by_id", NEW."revoke_reason", NEW."revoked_at", NEW."signed_at", NEW."signer_name", NEW."signer_relation", NEW."text_id", NEW."text_sha256", NEW."witness_id", NEW."zones"); RETURN NULL;', hash='97e1bf9833b52ab7c12f8346431dcbe4a7af650a', operation='UPDATE', pgid='pgtrigger_update_update_7dd5d', table='patient_treatment_consent', when='AFTER')),
        ),
    ]
