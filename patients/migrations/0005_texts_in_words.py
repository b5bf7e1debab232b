"""Help and labels in words: nothing changes in the database."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0004_concerns_that_fit'),
    ]

    operations = [
        migrations.AlterField(
            model_name='patient',
            name='skin_type',
            field=models.PositiveSmallIntegerField(choices=[(1, 'I'), (2, 'II'), (3, 'III'), (4, 'IV'), (5, 'V'), (6, 'VI')], editable=False, help_text='Fitzpatrick, as last assessed by a clinician.', null=True),
        ),
        migrations.AlterField(
            model_name='patienthistory',
            name='skin_type',
            field=models.PositiveSmallIntegerField(choices=[(1, 'I'), (2, 'II'), (3, 'III'), (4, 'IV'), (5, 'V'), (6, 'VI')], editable=False, help_text='Fitzpatrick, as last assessed by a clinician.', null=True),
        ),
        migrations.AlterField(
            model_name='screeninganswer',
            name='zones',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=40), blank=True, default=list, help_text='The zones that it is about; all if none is named.', size=None),
        ),
    ]
