"""Steps say for which kinds of visit they are: until now for treatments, all of them.

Of the steps that ship, four say nothing of skin, and are for every kind from now on. A clinic that
has written skin into one of their texts takes that out, or ticks “Treatment” alone.
"""

import aftercare.models.sequence
import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aftercare', '0006_after_an_abort'),
        ('treatment_sessions', '0018_course_of_side_effects'),
    ]

    operations = [
        migrations.AddField(
            model_name='carestep',
            name='kinds',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('CONSULTATION', 'Consultation'), ('TREATMENT', 'Treatment'), ('CHECK', 'Check'), ('TEST', 'Test'), ('OUTCOME', 'Outcome')], max_length=16), default=aftercare.models.sequence.of_treatments, help_text='For which visits. What speaks of skin is for treatments only.', size=None),
        ),
        migrations.RunSQL(
            """UPDATE aftercare_step
               SET kinds = ARRAY['CONSULTATION', 'TREATMENT', 'CHECK', 'TEST', 'OUTCOME']
               WHERE code IN ('booked', 'before-2h', 'missed', 'cancelled') AND skin_types = '{}'""",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name='carestep',
            constraint=models.CheckConstraint(condition=models.Q(('kinds__len__gte', 1), ('kinds__contained_by', ['CONSULTATION', 'TREATMENT', 'CHECK', 'TEST', 'OUTCOME'])), name='care_step_of_known_kinds', violation_error_message='Name at least one kind of visit.'),
        ),
        migrations.AddConstraint(
            model_name='carestep',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kinds__overlap', ('CONSULTATION', 'CHECK', 'TEST', 'OUTCOME')), _negated=True), models.Q(models.Q(('anchor__in', ('COMPLETED', 'LAST_SESSION', 'ABORTED')), _negated=True), ('skin_types', [])), _connector='OR'), name='care_step_asks_of_treatments', violation_error_message='What follows on a treatment, or depends on the skin, is for treatments only.'),
        ),
    ]
