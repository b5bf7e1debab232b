"""What constraints say to a person: nothing changes in the database."""

from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0004_constraints_in_words'),
        ('patients', '0005_texts_in_words'),
        ('treatment_sessions', '0005_texts_in_words'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterConstraint(
            model_name='deviceclearance',
            name='device_clearance_depth_in_band',
            constraint=models.CheckConstraint(condition=models.Q(('depth_max_mm__isnull', True), ('depth_max_mm__range', (Decimal('0.50'), Decimal('2.50'))), _connector='OR'), name='device_clearance_depth_in_band', violation_error_message='The depth must be 0.50 to 2.50 mm.'),
        ),
        migrations.AlterConstraint(
            model_name='outcomescale',
            name='outcome_scale_range_ordered',
            constraint=models.CheckConstraint(condition=models.Q(('score_min__lt', models.F('score_max'))), name='outcome_scale_range_ordered', violation_error_message='The highest score must be above the lowest.'),
        ),
        migrations.AlterConstraint(
            model_name='product',
            name='product_strength_is_a_percentage',
            constraint=models.CheckConstraint(condition=models.Q(('strength_percent__isnull', True), ('strength_percent__range', (0, 100)), _connector='OR'), name='product_strength_is_a_percentage', violation_error_message='The strength must be 0 to 100 per cent.'),
        ),
        migrations.AlterConstraint(
            model_name='protocolversion',
            name='protocol_passes_in_range',
            constraint=models.CheckConstraint(condition=models.Q(('passes_max__range', (1, 10))), name='protocol_passes_in_range', violation_error_message='The passes must be 1 to 10.'),
        ),
        migrations.AlterConstraint(
            model_name='sideeffectexpectation',
            name='side_effect_expectation_hours_ordered',
            constraint=models.CheckConstraint(condition=models.Q(('onset_to_hours__gte', models.F('onset_from_hours'))), name='side_effect_expectation_hours_ordered', violation_error_message='The last hour of its onset cannot be before the first.'),
        ),
        migrations.AlterConstraint(
            model_name='treatmentplan',
            name='plan_has_sessions',
            constraint=models.CheckConstraint(condition=models.Q(('planned_sessions__range', (1, 52))), name='plan_has_sessions', violation_error_message='A plan has 1 to 52 sessions.'),
        ),
        migrations.AlterConstraint(
            model_name='zonelimit',
            name='zone_limit_passes_in_range',
            constraint=models.CheckConstraint(condition=models.Q(('passes_max__range', (1, 10))), name='zone_limit_passes_in_range', violation_error_message='The passes must be 1 to 10.'),
        ),
    ]
