"""Help and labels in words: nothing changes in the database."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0002_working_hours_help'),
    ]

    operations = [
        migrations.AlterField(
            model_name='device',
            name='areas',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=40), blank=True, default=list, help_text='The areas that can be treated with it; all if none is ticked.', size=None),
        ),
        migrations.AlterField(
            model_name='room',
            name='areas',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=40), blank=True, default=list, help_text='The areas that can be treated with it; all if none is ticked.', size=None),
        ),
    ]
