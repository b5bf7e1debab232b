"""Help and labels in words: nothing changes in the database."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('treatment_sessions', '0004_plans_fit_their_protocol'),
    ]

    operations = [
        migrations.AlterField(
            model_name='deviceclearance',
            name='concerns',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=40), blank=True, default=list, size=None),
        ),
        migrations.AlterField(
            model_name='deviceclearance',
            name='zones',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=40), blank=True, default=list, size=None),
        ),
        migrations.AlterField(
            model_name='protocolversion',
            name='expected_endpoint',
            field=models.CharField(choices=[('NONE', 'Nothing to see'), ('ERYTHEMA', 'Erythema'), ('PINPOINT_BLEEDING', 'Pinpoint bleeding'), ('EXCESSIVE_BLEEDING', 'Excessive bleeding')], max_length=20),
        ),
        migrations.AlterField(
            model_name='zonetreatment',
            name='endpoint',
            field=models.CharField(choices=[('NONE', 'Nothing to see'), ('ERYTHEMA', 'Erythema'), ('PINPOINT_BLEEDING', 'Pinpoint bleeding'), ('EXCESSIVE_BLEEDING', 'Excessive bleeding')], default='ERYTHEMA', max_length=20),
        ),
        migrations.AlterField(
            model_name='zonetreatmenthistory',
            name='endpoint',
            field=models.CharField(choices=[('NONE', 'Nothing to see'), ('ERYTHEMA', 'Erythema'), ('PINPOINT_BLEEDING', 'Pinpoint bleeding'), ('EXCESSIVE_BLEEDING', 'Excessive bleeding')], default='ERYTHEMA', max_length=20),
        ),
    ]
