import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0019_schema_as_migrated'),
        ('patients', '0036_lists_of_any_size'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='stafftask',
            index=models.Index(models.F('clinic'), django.db.models.functions.text.Left('urgency', 1), models.F('due_at'), models.F('id'), name='staff_task_by_rank'),
        ),
    ]
