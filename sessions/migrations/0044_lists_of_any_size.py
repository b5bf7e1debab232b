import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from clinic.db.operations import AtOnce


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0019_schema_as_migrated'),
        ('patients', '0036_lists_of_any_size'),
        ('treatment_sessions', '0043_drugs_of_a_cream'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce([
        migrations.RemoveIndex(
            model_name='waitlistentry',
            name='waitlist_waiting',
        ),
        migrations.AlterField(
            model_name='treatmentplan',
            name='clinic',
            field=models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, to='clinic.clinic'),
        ),
        migrations.AlterField(
            model_name='waitlistentry',
            name='clinic',
            field=models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, to='clinic.clinic'),
        ),
        migrations.AddIndex(
            model_name='candidacy',
            index=models.Index(fields=['clinic', 'outcome', 'id'], name='candidacy_by_outcome'),
        ),
        migrations.AddIndex(
            model_name='checkin',
            index=models.Index(fields=['clinic', 'level', 'id'], name='check_in_by_level'),
        ),
        migrations.AddIndex(
            model_name='incidentreport',
            index=models.Index(condition=models.Q(('settled_at__isnull', True)), fields=['clinic', 'id'], name='incident_report_open'),
        ),
        migrations.AddIndex(
            model_name='sideeffect',
            index=models.Index(fields=['clinic', 'kind', 'id'], name='side_effect_by_kind'),
        ),
        migrations.AddIndex(
            model_name='sideeffect',
            index=models.Index(condition=models.Q(('resolved_at__isnull', True)), fields=['clinic', 'id'], name='side_effect_open_of_clinic'),
        ),
        migrations.AddIndex(
            model_name='treatmentplan',
            index=models.Index(fields=['clinic', 'id'], name='plan_of_clinic'),
        ),
        migrations.AddIndex(
            model_name='treatmentplan',
            index=models.Index(fields=['clinic', 'status', 'id'], name='plan_by_status'),
        ),
        migrations.AddIndex(
            model_name='treatmentplan',
            index=models.Index(condition=models.Q(('kind', 'MAINTENANCE')), fields=['clinic', 'id'], name='plan_maintenance'),
        ),
        migrations.AddIndex(
            model_name='treatmentsession',
            index=models.Index(fields=['clinic', 'status', 'starts_at', 'id'], name='session_by_status'),
        ),
        migrations.AddIndex(
            model_name='treatmentsession',
            index=models.Index(condition=models.Q(('kind', 'TREATMENT'), _negated=True), fields=['clinic', 'kind', 'starts_at', 'id'], name='session_by_kind'),
        ),
        migrations.AddIndex(
            model_name='waitlistentry',
            index=models.Index(fields=['clinic', 'id'], name='waitlist_of_clinic'),
        ),
        migrations.AddIndex(
            model_name='waitlistentry',
            index=models.Index(fields=['clinic', 'status', 'id'], name='waitlist_by_status'),
        ),
        ]),
    ]
