from django.conf import settings
from django.db import migrations, models

from clinic.db.operations import AtOnce


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0019_schema_as_migrated'),
        ('patients', '0035_where_blood_is_handled'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce([
        migrations.AddIndex(
            model_name='othertreatment',
            index=models.Index(fields=['clinic', 'kind', 'id'], name='other_treatment_by_kind'),
        ),
        migrations.AddIndex(
            model_name='othertreatment',
            index=models.Index(fields=['clinic', 'status', 'id'], name='other_treatment_by_status'),
        ),
        migrations.AddIndex(
            model_name='stafftask',
            index=models.Index(fields=['clinic', 'audience', 'urgency'], name='staff_task_by_audience'),
        ),
        migrations.AddIndex(
            model_name='stafftask',
            index=models.Index(fields=['clinic', 'kind', 'urgency'], name='staff_task_by_kind'),
        ),
        migrations.AddIndex(
            model_name='stafftask',
            index=models.Index(fields=['clinic', 'severity', 'urgency'], name='staff_task_by_severity'),
        ),
        ]),
    ]
