import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0020_guesses'),
        ('patients', '0037_lists_of_the_admin'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='stafftask',
            name='clinic',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='tasks', to='clinic.clinic'),
        ),
        migrations.AddIndex(
            model_name='stafftask',
            index=models.Index(fields=['clinic', 'id'], name='staff_task_of_clinic'),
        ),
    ]
