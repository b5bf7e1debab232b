from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0019_schema_as_migrated'),
        ('treatment_sessions', '0045_running_late'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='incidentreport',
            index=models.Index(fields=['clinic', 'due_at', 'id'], name='incident_report_by_due'),
        ),
    ]
