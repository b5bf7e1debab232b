"""Help and labels in words: nothing changes in the database."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aftercare', '0003_messages_of_a_cancellation'),
        ('treatment_sessions', '0005_texts_in_words'),
    ]

    operations = [
        migrations.AlterField(
            model_name='carestep',
            name='offset',
            field=models.DurationField(help_text='How long before or after it.'),
        ),
        migrations.AlterField(
            model_name='carestep',
            name='protocol',
            field=models.ForeignKey(blank=True, help_text='Empty: for every protocol that has no such step for itself.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='treatment_sessions.protocol'),
        ),
        migrations.AlterField(
            model_name='carestep',
            name='skin_types',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(choices=[(1, 'I'), (2, 'II'), (3, 'III'), (4, 'IV'), (5, 'V'), (6, 'VI')]), blank=True, default=list, help_text='Only for these; for all if none is ticked.', size=None),
        ),
        migrations.AlterField(
            model_name='carestep',
            name='zones',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=40), blank=True, default=list, help_text='Only if one of them was treated; for all if none is ticked.', size=None),
        ),
    ]
