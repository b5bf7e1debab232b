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
    ("treatment_outcome_measure", "treatment_plan", "plan_id"),
    ("treatment_photo", "patient", "patient_id"),
    ("treatment_side_effect", "treatment_session", "session_id"),
)


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0004_constraints_in_words'),
        ('patients', '0006_rows_of_a_clinic'),
        ('treatment_sessions', '0007_of_what_is_in_use'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='outcomemeasure',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='sideeffect',
            name='update_update',
        ),
        migrations.AddField(
            model_name='outcomemeasure',
            name='clinic',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clinic.clinic'),
        ),
        migrations.AddField(
            model_name='photo',
            name='clinic',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clinic.clinic'),
        ),
        migrations.AddField(
            model_name='sideeffect',
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
            model_name='outcomemeasure',
            index=models.Index(fields=['clinic', 'id'], name='outcome_of_clinic'),
        ),
        migrations.AddIndex(
            model_name='photo',
            index=models.Index(fields=['clinic', 'id'], name='photo_of_clinic'),
        ),
        migrations.AddIndex(
            model_name='sideeffect',
            index=models.Index(fields=['clinic', 'id'], name='side_effect_of_clinic'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='outcomemeasure',
            trigger=pgtrigger.compiler.Trigger(name='clinic_of_parent', sql=pgtrigger.compiler.UpsertTriggerSql(func='SELECT clinic_id INTO NEW.clinic_id FROM treatment_plan WHERE id = NEW.plan_id; RETURN NEW;', hash='2c56043d1f47325fe9c92caf6a9988b80649a79a', operation='INSERT OR UPDATE', pgid='pgtrigger_clinic_of_parent_eb1ba', table='treatment_outcome_measure', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='outcomemeasure',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."measured_at" IS DISTINCT FROM (NEW."measured_at") OR OLD."milestone" IS DISTINCT FROM (NEW."milestone") OR OLD."note" IS DISTINCT FROM (NEW."note") OR OLD."plan_id" IS DISTINCT FROM (NEW."plan_id") OR OLD."rater_role" IS DISTINCT FROM (NEW."rater_role") OR OLD."recorded_by_id" IS DISTINCT FROM (NEW."recorded_by_id") OR OLD."scale_id" IS DISTINCT FROM (NEW."scale_id") OR OLD."score" IS DISTINCT FROM (NEW."score") OR OLD."session_id" IS DISTINCT FROM (NEW."session_id") OR OLD."zone_id" IS DISTINCT FROM (NEW."zone_id"))', func='INSERT INTO "treatment_outcome_measure_history" ("created_at", "id", "measured_at", "milestone", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "rater_role", "recorded_by_id", "scale_id", "score", "session_id", "zone_id") VALUES (NEW."created_at", NEW."id", NEW."measured_at", NEW."milestone", NEW."note", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."plan_id", NEW."rater_role", NEW."recorded_by_id", NEW."scale_id", NEW."score", NEW."session_id", NEW."zone_id"); RETURN NULL;', hash='208242e778abb897ed99ad9185169d018097bac9', operation='UPDATE', pgid='pgtrigger_update_update_e90eb', table='treatment_outcome_measure', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='photo',
            trigger=pgtrigger.compiler.Trigger(name='clinic_of_parent', sql=pgtrigger.compiler.UpsertTriggerSql(func='SELECT clinic_id INTO NEW.clinic_id FROM patient WHERE id = NEW.patient_id; RETURN NEW;', hash='97e8d6e1c553b7f722c4cfed4a68c17654f2730d', operation='INSERT OR UPDATE', pgid='pgtrigger_clinic_of_parent_193b2', table='treatment_photo', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sideeffect',
            trigger=pgtrigger.compiler.Trigger(name='clinic_of_parent', sql=pgtrigger.compiler.UpsertTriggerSql(func='SELECT clinic_id INTO NEW.clinic_id FROM treatment_session WHERE id = NEW.session_id; RETURN NEW;', hash='7b1d0ead4f67a6beb81c0977fa377fffe7cdb3a6', operation='INSERT OR UPDATE', pgid='pgtrigger_clinic_of_parent_43149', table='treatment_side_effect', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sideeffect',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."grade" IS DISTINCT FROM (NEW."grade") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."is_expected" IS DISTINCT FROM (NEW."is_expected") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."note" IS DISTINCT FROM (NEW."note") OR OLD."onset_at" IS DISTINCT FROM (NEW."onset_at") OR OLD."recorded_by_id" IS DISTINCT FROM (NEW."recorded_by_id") OR OLD."resolution" IS DISTINCT FROM (NEW."resolution") OR OLD."resolved_at" IS DISTINCT FROM (NEW."resolved_at") OR OLD."session_id" IS DISTINCT FROM (NEW."session_id") OR OLD."zone_id" IS DISTINCT FROM (NEW."zone_id"))', func='INSERT INTO "treatment_side_effect_history" ("created_at", "grade", "id", "is_expected", "kind", "note", "onset_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recorded_by_id", "resolution", "resolved_at", "session_id", "zone_id") VALUES (NEW."created_at", NEW."grade", NEW."id", NEW."is_expected", NEW."kind", NEW."note", NEW."onset_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."recorded_by_id", NEW."resolution", NEW."resolved_at", NEW."session_id", NEW."zone_id"); RETURN NULL;', hash='961a803e324cf1ce59aa2dc255393016cc062494', operation='UPDATE', pgid='pgtrigger_update_update_f03cb', table='treatment_side_effect', when='AFTER')),
        ),
    ]
