"""A session is a visit of some kind. Those of before are treatments, which alone have skin.

A visit and what it refers to are of one clinic, whoever writes: Django has no foreign keys over
several columns, so these are SQL. Its kind is that of its type; its plan is the patient's, and
follows the patient when two records are merged.
"""

import clinic.db.operations
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

KEYS = [
    (
        "session_copies_its_type",
        "(visit_type_id, clinic_id, kind) REFERENCES treatment_visit_type (id, clinic_id, kind)",
    ),
    (
        "session_patient_of_same_clinic",
        "(patient_id, clinic_id) REFERENCES patient (id, clinic_id)",
    ),
    (
        "session_plan_of_same_patient",
        "(plan_id, clinic_id, patient_id)"
        " REFERENCES treatment_plan (id, clinic_id, patient_id) ON UPDATE CASCADE",
    ),
]


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0007_emergency_phone_of_the_country'),
        ('patients', '0016_incidents'),
        ('treatment_sessions', '0015_visit_types'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        clinic.db.operations.AtOnce(
            operations=[
                pgtrigger.migrations.RemoveTrigger(
                    model_name='treatmentsession',
                    name='booked_for_good',
                ),
                pgtrigger.migrations.RemoveTrigger(
                    model_name='treatmentsession',
                    name='of_what_is_in_use',
                ),
                pgtrigger.migrations.RemoveTrigger(
                    model_name='treatmentsession',
                    name='birth_date_known',
                ),
                pgtrigger.migrations.RemoveTrigger(
                    model_name='treatmentsession',
                    name='insert_insert',
                ),
                pgtrigger.migrations.RemoveTrigger(
                    model_name='treatmentsession',
                    name='update_update',
                ),
                pgtrigger.migrations.RemoveTrigger(
                    model_name='treatmentsession',
                    name='delete_delete',
                ),
                migrations.AddField(
                    model_name='treatmentsession',
                    name='kind',
                    field=models.CharField(choices=[('CONSULTATION', 'Consultation'), ('TREATMENT', 'Treatment'), ('CHECK', 'Check'), ('TEST', 'Test'), ('OUTCOME', 'Outcome')], db_default='TREATMENT', default='TREATMENT', editable=False, max_length=16),
                ),
                migrations.AddField(
                    model_name='treatmentsession',
                    name='mode',
                    field=models.CharField(choices=[('IN_PERSON', 'In person'), ('PHONE', 'By phone'), ('VIDEO', 'By video link')], db_default='IN_PERSON', default='IN_PERSON', editable=False, max_length=12),
                ),
                migrations.AddField(
                    model_name='treatmentsession',
                    name='side_effect',
                    field=models.ForeignKey(blank=True, db_index=False, help_text='That a check looks at.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='checks', to='treatment_sessions.sideeffect'),
                ),
                migrations.AddField(
                    model_name='treatmentsession',
                    name='task',
                    field=models.ForeignKey(blank=True, db_index=False, help_text='That a check settles.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='patients.stafftask'),
                ),
                migrations.AddField(
                    model_name='treatmentsession',
                    name='video_url',
                    field=models.URLField(blank=True, db_default='', default='', max_length=300, verbose_name='video link'),
                ),
                migrations.AddField(
                    model_name='treatmentsessionhistory',
                    name='kind',
                    field=models.CharField(choices=[('CONSULTATION', 'Consultation'), ('TREATMENT', 'Treatment'), ('CHECK', 'Check'), ('TEST', 'Test'), ('OUTCOME', 'Outcome')], db_default='TREATMENT', default='TREATMENT', editable=False, max_length=16),
                ),
                migrations.AddField(
                    model_name='treatmentsessionhistory',
                    name='mode',
                    field=models.CharField(choices=[('IN_PERSON', 'In person'), ('PHONE', 'By phone'), ('VIDEO', 'By video link')], db_default='IN_PERSON', default='IN_PERSON', editable=False, max_length=12),
                ),
                migrations.AddField(
                    model_name='treatmentsessionhistory',
                    name='side_effect',
                    field=models.ForeignKey(blank=True, db_constraint=False, help_text='That a check looks at.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='treatment_sessions.sideeffect'),
                ),
                migrations.AddField(
                    model_name='treatmentsessionhistory',
                    name='task',
                    field=models.ForeignKey(blank=True, db_constraint=False, help_text='That a check settles.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='patients.stafftask'),
                ),
                migrations.AddField(
                    model_name='treatmentsessionhistory',
                    name='video_url',
                    field=models.URLField(blank=True, db_default='', default='', max_length=300, verbose_name='video link'),
                ),
                migrations.AlterField(
                    model_name='treatmentsession',
                    name='area',
                    field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='patients.area'),
                ),
                migrations.AlterField(
                    model_name='treatmentsession',
                    name='device',
                    field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='clinic.device'),
                ),
                migrations.AlterField(
                    model_name='treatmentsession',
                    name='plan',
                    field=models.ForeignKey(blank=True, help_text='What is treated, or what the visit is about.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='treatment_sessions.treatmentplan'),
                ),
                migrations.AlterField(
                    model_name='treatmentsession',
                    name='protocol_version',
                    field=models.ForeignKey(editable=False, help_text='That it is checked against.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='treatment_sessions.protocolversion'),
                ),
                migrations.AlterField(
                    model_name='treatmentsession',
                    name='recovers_at',
                    field=models.DateTimeField(editable=False, null=True),
                ),
                migrations.AlterField(
                    model_name='treatmentsession',
                    name='room',
                    field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='clinic.room'),
                ),
                migrations.AlterField(
                    model_name='treatmentsessionhistory',
                    name='area',
                    field=models.ForeignKey(db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='patients.area'),
                ),
                migrations.AlterField(
                    model_name='treatmentsessionhistory',
                    name='device',
                    field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='clinic.device'),
                ),
                migrations.AlterField(
                    model_name='treatmentsessionhistory',
                    name='plan',
                    field=models.ForeignKey(blank=True, db_constraint=False, help_text='What is treated, or what the visit is about.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='treatment_sessions.treatmentplan'),
                ),
                migrations.AlterField(
                    model_name='treatmentsessionhistory',
                    name='protocol_version',
                    field=models.ForeignKey(db_constraint=False, editable=False, help_text='That it is checked against.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='treatment_sessions.protocolversion'),
                ),
                migrations.AlterField(
                    model_name='treatmentsessionhistory',
                    name='recovers_at',
                    field=models.DateTimeField(editable=False, null=True),
                ),
                migrations.AlterField(
                    model_name='treatmentsessionhistory',
                    name='room',
                    field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='clinic.room'),
                ),
                migrations.AddField(
                    model_name='treatmentsession',
                    name='visit_type',
                    field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='treatment_sessions.visittype'),
                ),
                migrations.AddField(
                    model_name='treatmentsessionhistory',
                    name='visit_type',
                    field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='treatment_sessions.visittype'),
                ),
            ],
        ),
        # Past the triggers that keep sessions and their history as they were written.
        migrations.RunSQL(
            [
                statement
                for table in ("treatment_session", "treatment_session_history")
                for statement in (
                    "SET CONSTRAINTS ALL IMMEDIATE",
                    f"ALTER TABLE {table} DISABLE TRIGGER USER",
                    f"UPDATE {table} AS session SET visit_type_id = visit_type.id"
                    " FROM treatment_visit_type AS visit_type"
                    " WHERE visit_type.clinic_id = session.clinic_id"
                    " AND visit_type.kind = 'TREATMENT'",
                    f"ALTER TABLE {table} ENABLE TRIGGER USER",
                )
            ],
            reverse_sql=migrations.RunSQL.noop,
        ),
        clinic.db.operations.AtOnce(
            operations=[
                migrations.AlterField(
                    model_name='treatmentsession',
                    name='visit_type',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='treatment_sessions.visittype'),
                ),
                migrations.AlterField(
                    model_name='treatmentsessionhistory',
                    name='visit_type',
                    field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='treatment_sessions.visittype'),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='treatmentsession',
                    trigger=pgtrigger.compiler.Trigger(name='booked_for_good', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."plan_id" IS DISTINCT FROM (NEW."plan_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."area_id" IS DISTINCT FROM (NEW."area_id") OR OLD."clinic_id" IS DISTINCT FROM (NEW."clinic_id") OR OLD."visit_type_id" IS DISTINCT FROM (NEW."visit_type_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='1818c6dd693ad75dcf5311c756ca168574c93fc4', operation='UPDATE', pgid='pgtrigger_booked_for_good_2c05f', table='treatment_session', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='treatmentsession',
                    trigger=pgtrigger.compiler.Trigger(name='of_what_is_in_use', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.room_id IS NOT NULL AND NOT EXISTS (SELECT FROM clinic_room WHERE id = NEW.room_id AND is_active) THEN RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'session_room_in_use', MESSAGE = 'the room is out of use'; END IF;IF NEW.device_id IS NOT NULL AND NOT EXISTS (SELECT FROM clinic_device WHERE id = NEW.device_id AND is_active) THEN RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'session_device_in_use', MESSAGE = 'the device is out of use'; END IF;IF NEW.patient_id IS NOT NULL AND NOT EXISTS (SELECT FROM patient WHERE id = NEW.patient_id AND archived_at IS NULL) THEN RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'session_record_is_open', MESSAGE = 'the record is archived'; END IF; RETURN NEW;", hash='3fb5cf3e4e62dffc668db56388415bfbcd6b059f', operation='INSERT', pgid='pgtrigger_of_what_is_in_use_bab5e', table='treatment_session', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='treatmentsession',
                    trigger=pgtrigger.compiler.Trigger(name='birth_date_known', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW."kind" IN (\'TREATMENT\', \'TEST\') AND NEW."status" IN (\'IN_PROGRESS\', \'COMPLETED\'))', declare='DECLARE born DATE;', func="\n            SELECT date_of_birth INTO born FROM patient WHERE id = NEW.patient_id FOR SHARE;\n            IF born IS NULL THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'session_birth_date_known', MESSAGE = 'the birth date is not known';\n            END IF;\n            RETURN NEW;\n            ", hash='24ace9f14f7734f0a0e8a9f6738fc88fd366891a', operation='INSERT OR UPDATE OF "status"', pgid='pgtrigger_birth_date_known_2cd9e', table='treatment_session', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='treatmentsession',
                    trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "treatment_session_history" ("abort_note", "abort_reason", "aborted_at", "area_id", "clinic_id", "completed_at", "consent_id", "created_at", "device_id", "ends_at", "id", "is_late_cancel", "is_off_label", "kind", "mode", "notes", "occupied_from", "pain_score", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "practitioner_id", "protocol_version_id", "recovers_at", "released_at", "rescheduled_from_id", "room_id", "screening_id", "side_effect_id", "signed_by_id", "spacing_override_by_id", "spacing_override_reason", "starts_at", "status", "task_id", "time_zone", "video_url", "visit_type_id") VALUES (NEW."abort_note", NEW."abort_reason", NEW."aborted_at", NEW."area_id", NEW."clinic_id", NEW."completed_at", NEW."consent_id", NEW."created_at", NEW."device_id", NEW."ends_at", NEW."id", NEW."is_late_cancel", NEW."is_off_label", NEW."kind", NEW."mode", NEW."notes", NEW."occupied_from", NEW."pain_score", NEW."patient_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."plan_id", NEW."practitioner_id", NEW."protocol_version_id", NEW."recovers_at", NEW."released_at", NEW."rescheduled_from_id", NEW."room_id", NEW."screening_id", NEW."side_effect_id", NEW."signed_by_id", NEW."spacing_override_by_id", NEW."spacing_override_reason", NEW."starts_at", NEW."status", NEW."task_id", NEW."time_zone", NEW."video_url", NEW."visit_type_id"); RETURN NULL;', hash='9bb30e31370e67bfefddb1e8cc604ad831037bd5', operation='INSERT', pgid='pgtrigger_insert_insert_988ef', table='treatment_session', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='treatmentsession',
                    trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "treatment_session_history" ("abort_note", "abort_reason", "aborted_at", "area_id", "clinic_id", "completed_at", "consent_id", "created_at", "device_id", "ends_at", "id", "is_late_cancel", "is_off_label", "kind", "mode", "notes", "occupied_from", "pain_score", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "practitioner_id", "protocol_version_id", "recovers_at", "released_at", "rescheduled_from_id", "room_id", "screening_id", "side_effect_id", "signed_by_id", "spacing_override_by_id", "spacing_override_reason", "starts_at", "status", "task_id", "time_zone", "video_url", "visit_type_id") VALUES (NEW."abort_note", NEW."abort_reason", NEW."aborted_at", NEW."area_id", NEW."clinic_id", NEW."completed_at", NEW."consent_id", NEW."created_at", NEW."device_id", NEW."ends_at", NEW."id", NEW."is_late_cancel", NEW."is_off_label", NEW."kind", NEW."mode", NEW."notes", NEW."occupied_from", NEW."pain_score", NEW."patient_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."plan_id", NEW."practitioner_id", NEW."protocol_version_id", NEW."recovers_at", NEW."released_at", NEW."rescheduled_from_id", NEW."room_id", NEW."screening_id", NEW."side_effect_id", NEW."signed_by_id", NEW."spacing_override_by_id", NEW."spacing_override_reason", NEW."starts_at", NEW."status", NEW."task_id", NEW."time_zone", NEW."video_url", NEW."visit_type_id"); RETURN NULL;', hash='0e326b9635f58f6c5f5930b7164bb5cc8d98ab57', operation='UPDATE', pgid='pgtrigger_update_update_61bc3', table='treatment_session', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='treatmentsession',
                    trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "treatment_session_history" ("abort_note", "abort_reason", "aborted_at", "area_id", "clinic_id", "completed_at", "consent_id", "created_at", "device_id", "ends_at", "id", "is_late_cancel", "is_off_label", "kind", "mode", "notes", "occupied_from", "pain_score", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "practitioner_id", "protocol_version_id", "recovers_at", "released_at", "rescheduled_from_id", "room_id", "screening_id", "side_effect_id", "signed_by_id", "spacing_override_by_id", "spacing_override_reason", "starts_at", "status", "task_id", "time_zone", "video_url", "visit_type_id") VALUES (OLD."abort_note", OLD."abort_reason", OLD."aborted_at", OLD."area_id", OLD."clinic_id", OLD."completed_at", OLD."consent_id", OLD."created_at", OLD."device_id", OLD."ends_at", OLD."id", OLD."is_late_cancel", OLD."is_off_label", OLD."kind", OLD."mode", OLD."notes", OLD."occupied_from", OLD."pain_score", OLD."patient_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."plan_id", OLD."practitioner_id", OLD."protocol_version_id", OLD."recovers_at", OLD."released_at", OLD."rescheduled_from_id", OLD."room_id", OLD."screening_id", OLD."side_effect_id", OLD."signed_by_id", OLD."spacing_override_by_id", OLD."spacing_override_reason", OLD."starts_at", OLD."status", OLD."task_id", OLD."time_zone", OLD."video_url", OLD."visit_type_id"); RETURN NULL;', hash='ff44f054091d644cf7ec26b50498252cf9628559', operation='DELETE', pgid='pgtrigger_delete_delete_8855d', table='treatment_session', when='AFTER')),
                ),
                migrations.AddConstraint(
                    model_name='treatmentplan',
                    constraint=models.UniqueConstraint(fields=('id', 'clinic', 'patient'), name='plan_key_with_patient'),
                ),
                migrations.AddConstraint(
                    model_name='treatmentsession',
                    constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['CONSULTATION', 'TREATMENT', 'CHECK', 'TEST', 'OUTCOME'])), name='session_kind_known'),
                ),
                migrations.AddConstraint(
                    model_name='treatmentsession',
                    constraint=models.CheckConstraint(condition=models.Q(('mode__in', ['IN_PERSON', 'PHONE', 'VIDEO'])), name='session_mode_known'),
                ),
                migrations.AddConstraint(
                    model_name='treatmentsession',
                    constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'TREATMENT'), _negated=True), models.Q(('area__isnull', False), ('device__isnull', False), ('mode', 'IN_PERSON'), ('plan__isnull', False), ('protocol_version__isnull', False), ('recovers_at__isnull', False), ('room__isnull', False)), _connector='OR'), name='session_treatment_complete', violation_error_message='A treatment has a plan, a room and a device.'),
                ),
                migrations.AddConstraint(
                    model_name='treatmentsession',
                    constraint=models.CheckConstraint(condition=models.Q(('kind', 'TREATMENT'), models.Q(('area__isnull', True), ('consent__isnull', True), ('is_off_label__isnull', True), ('protocol_version__isnull', True), ('recovers_at__isnull', True), ('screening__isnull', True), ('spacing_override_reason', '')), _connector='OR'), name='session_only_treatment_has_skin', violation_error_message='Only a treatment has an area, a protocol and a recovery.'),
                ),
                migrations.AddConstraint(
                    model_name='treatmentsession',
                    constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'CONSULTATION'), _negated=True), ('plan__isnull', True), _connector='OR'), name='session_consultation_before_plan', violation_error_message='A consultation comes before any plan.'),
                ),
                migrations.AddConstraint(
                    model_name='treatmentsession',
                    constraint=models.CheckConstraint(condition=models.Q(('mode', 'IN_PERSON'), models.Q(('device__isnull', True), ('room__isnull', True)), _connector='OR'), name='session_remote_without_room', violation_error_message='A visit by phone or video has no room and no device.'),
                ),
                migrations.AddConstraint(
                    model_name='treatmentsession',
                    constraint=models.CheckConstraint(condition=models.Q(models.Q(('mode', 'VIDEO'), models.Q(('video_url', ''), _negated=True)), models.Q(models.Q(('mode', 'VIDEO'), _negated=True), ('video_url', '')), _connector='OR'), name='session_link_iff_video', violation_error_message='A visit by video has a link, and no other has one.'),
                ),
                migrations.AddConstraint(
                    model_name='treatmentsession',
                    constraint=models.CheckConstraint(condition=models.Q(('kind', 'CHECK'), models.Q(('side_effect__isnull', True), ('task__isnull', True)), _connector='OR'), name='session_only_check_looks_at_something', violation_error_message='Only a check is about a side effect or a task.'),
                ),
            ],
        ),
        *(
            migrations.RunSQL(
                sql=f"ALTER TABLE treatment_session ADD CONSTRAINT {name} FOREIGN KEY {key}",
                reverse_sql=f"ALTER TABLE treatment_session DROP CONSTRAINT {name}",
            )
            for name, key in KEYS
        ),
    ]
