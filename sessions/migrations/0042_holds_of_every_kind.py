"""A time is held, and waited for, for a visit of any kind: those of before are for treatments.

They are keyed as visits are (0016_kinds_of_visit): of one clinic, of the kind that their type says,
and of the patient whose plan it is, also when two records are merged.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from clinic.db.operations import AtOnce

TABLES = {"hold": "treatment_hold", "waitlist": "treatment_waitlist_entry"}
KEYS = [
    (
        "copies_its_type",
        "(visit_type_id, clinic_id, kind) REFERENCES treatment_visit_type (id, clinic_id, kind)",
    ),
    ("patient_of_same_clinic", "(patient_id, clinic_id) REFERENCES patient (id, clinic_id)"),
    (
        "plan_of_same_patient",
        "(plan_id, clinic_id, patient_id)"
        " REFERENCES treatment_plan (id, clinic_id, patient_id) ON UPDATE CASCADE",
    ),
]


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0016_accesses'),
        ('patients', '0033_calls_of_recalls'),
        ('treatment_sessions', '0041_cartridges_of_a_deviation'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce(
            operations=[
                migrations.RemoveConstraint(
                    model_name='waitlistentry',
                    name='waitlist_once_per_plan',
                ),
                migrations.RemoveConstraint(
                    model_name='waitlistentry',
                    name='waitlist_offer_iff_offered',
                ),
                migrations.AddField(
                    model_name='hold',
                    name='kind',
                    field=models.CharField(choices=[('CONSULTATION', 'Consultation'), ('TREATMENT', 'Treatment'), ('CHECK', 'Check'), ('TEST', 'Test'), ('OUTCOME', 'Outcome')], db_default='TREATMENT', default='TREATMENT', editable=False, max_length=16),
                ),
                migrations.AddField(
                    model_name='hold',
                    name='patient',
                    field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='patients.patient'),
                ),
                migrations.AddField(
                    model_name='hold',
                    name='visit_type',
                    field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='treatment_sessions.visittype', verbose_name='kind of visit'),
                ),
                migrations.AddField(
                    model_name='waitlistentry',
                    name='kind',
                    field=models.CharField(choices=[('CONSULTATION', 'Consultation'), ('TREATMENT', 'Treatment'), ('CHECK', 'Check'), ('TEST', 'Test'), ('OUTCOME', 'Outcome')], db_default='TREATMENT', default='TREATMENT', editable=False, max_length=16),
                ),
                migrations.AddField(
                    model_name='waitlistentry',
                    name='patient',
                    field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='patients.patient'),
                ),
                migrations.AddField(
                    model_name='waitlistentry',
                    name='visit_type',
                    field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='treatment_sessions.visittype', verbose_name='kind of visit'),
                ),
                migrations.AlterField(
                    model_name='freedslot',
                    name='device',
                    field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clinic.device'),
                ),
                migrations.AlterField(
                    model_name='freedslot',
                    name='room',
                    field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clinic.room'),
                ),
                migrations.AlterField(
                    model_name='hold',
                    name='device',
                    field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clinic.device'),
                ),
                migrations.AlterField(
                    model_name='hold',
                    name='plan',
                    field=models.ForeignKey(blank=True, help_text='What is treated, or what the visit is about.', null=True, on_delete=django.db.models.deletion.PROTECT, to='treatment_sessions.treatmentplan'),
                ),
                migrations.AlterField(
                    model_name='hold',
                    name='room',
                    field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clinic.room'),
                ),
                migrations.AlterField(
                    model_name='waitlistentry',
                    name='plan',
                    field=models.ForeignKey(blank=True, help_text='What is treated, or what the visit is about.', null=True, on_delete=django.db.models.deletion.PROTECT, to='treatment_sessions.treatmentplan'),
                ),
            ],
        ),
        migrations.RunSQL(
            [
                statement
                for table in TABLES.values()
                for statement in (
                    f"UPDATE {table} AS row SET patient_id = plan.patient_id, visit_type_id = kind.id"
                    " FROM treatment_plan AS plan, treatment_visit_type AS kind"
                    " WHERE plan.id = row.plan_id AND kind.clinic_id = row.clinic_id"
                    " AND kind.kind = 'TREATMENT'",
                    "SET CONSTRAINTS ALL IMMEDIATE",
                )
            ],
            reverse_sql=migrations.RunSQL.noop,
        ),
        AtOnce(
            operations=[
                migrations.AlterField(
                    model_name='hold',
                    name='patient',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='patients.patient'),
                ),
                migrations.AlterField(
                    model_name='hold',
                    name='visit_type',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='treatment_sessions.visittype', verbose_name='kind of visit'),
                ),
                migrations.AlterField(
                    model_name='waitlistentry',
                    name='patient',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='patients.patient'),
                ),
                migrations.AlterField(
                    model_name='waitlistentry',
                    name='visit_type',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='treatment_sessions.visittype', verbose_name='kind of visit'),
                ),
                migrations.AddConstraint(
                    model_name='hold',
                    constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'TREATMENT'), _negated=True), models.Q(('device__isnull', False), ('plan__isnull', False), ('room__isnull', False)), _connector='OR'), name='hold_treatment_complete'),
                ),
                migrations.AddConstraint(
                    model_name='waitlistentry',
                    constraint=models.UniqueConstraint(condition=models.Q(('kind', 'TREATMENT'), ('status__in', ('WAITING', 'OFFERED'))), fields=('plan',), name='waitlist_once_per_plan', violation_error_message='The plan is on the waitlist already.'),
                ),
                migrations.AddConstraint(
                    model_name='waitlistentry',
                    constraint=models.UniqueConstraint(condition=models.Q(('status__in', ('WAITING', 'OFFERED')), models.Q(('kind', 'TREATMENT'), _negated=True)), fields=('patient', 'visit_type'), name='waitlist_once_per_visit_type', violation_error_message='The patient waits for such a visit already.'),
                ),
                migrations.AddConstraint(
                    model_name='waitlistentry',
                    constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'TREATMENT'), _negated=True), ('plan__isnull', False), _connector='OR'), name='waitlist_treatment_has_plan', violation_error_message='A treatment is waited for by a plan.'),
                ),
                migrations.AddConstraint(
                    model_name='waitlistentry',
                    constraint=models.CheckConstraint(condition=models.Q(models.Q(('offer_expires_at__isnull', False), ('offered_practitioner__isnull', False), ('offered_starts_at__isnull', False), ('status', 'OFFERED'), models.Q(models.Q(('kind', 'TREATMENT'), _negated=True), models.Q(('offered_device__isnull', False), ('offered_room__isnull', False)), _connector='OR')), models.Q(models.Q(('status', 'OFFERED'), _negated=True), ('offer_expires_at__isnull', True), ('offered_device__isnull', True), ('offered_practitioner__isnull', True), ('offered_room__isnull', True), ('offered_starts_at__isnull', True)), _connector='OR'), name='waitlist_offer_iff_offered'),
                ),
            ],
        ),
        *(
            migrations.RunSQL(
                sql=f"ALTER TABLE {table} ADD CONSTRAINT {name}_{key} FOREIGN KEY {columns}",
                reverse_sql=f"ALTER TABLE {table} DROP CONSTRAINT {name}_{key}",
            )
            for name, table in TABLES.items()
            for key, columns in KEYS
        ),
    ]
