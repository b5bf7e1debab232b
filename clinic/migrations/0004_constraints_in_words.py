"""What constraints say to a person: nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0003_texts_in_words'),
    ]

    operations = [
        migrations.AlterConstraint(
            model_name='devicespec',
            name='device_spec_depth_positive',
            constraint=models.CheckConstraint(condition=models.Q(('depth_max_mm__gt', 0), ('tolerance_mm__gte', 0)), name='device_spec_depth_positive', violation_error_message='The depth must be above zero, the tolerance not below.'),
        ),
    ]
