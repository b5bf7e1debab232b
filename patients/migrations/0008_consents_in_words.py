"""Help in words: nothing changes in the database."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0007_search_however_typed'),
    ]

    operations = [
        migrations.AlterField(
            model_name='treatmentconsent',
            name='clauses',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=40), help_text='What was ticked.', size=None),
        ),
        migrations.AlterField(
            model_name='treatmentconsent',
            name='device_models',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=40), help_text='With which devices.', size=None),
        ),
        migrations.AlterField(
            model_name='treatmentconsent',
            name='zones',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=40), help_text='What it covers.', size=None),
        ),
        migrations.AlterField(
            model_name='treatmentconsenthistory',
            name='clauses',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=40), help_text='What was ticked.', size=None),
        ),
        migrations.AlterField(
            model_name='treatmentconsenthistory',
            name='device_models',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=40), help_text='With which devices.', size=None),
        ),
        migrations.AlterField(
            model_name='treatmentconsenthistory',
            name='zones',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=40), help_text='What it covers.', size=None),
        ),
    ]
