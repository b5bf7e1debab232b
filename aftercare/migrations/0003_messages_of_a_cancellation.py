"""A step may be counted from the cancellation of a session."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aftercare', '0002_messages_of_a_clinic'),
        ('treatment_sessions', '0002_same_clinic'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='carestep',
            name='care_step_anchor_known',
        ),
        migrations.AlterField(
            model_name='carestep',
            name='anchor',
            field=models.CharField(choices=[('BOOKED', 'When the session is booked'), ('STARTS', 'When the session starts'), ('COMPLETED', 'When the session is completed'), ('LAST_SESSION', 'When the last session of the plan is completed'), ('MISSED', 'When the patient did not come'), ('CANCELLED', 'When the session is cancelled')], max_length=16, verbose_name='counted from'),
        ),
        migrations.AddConstraint(
            model_name='carestep',
            constraint=models.CheckConstraint(condition=models.Q(('anchor__in', ['BOOKED', 'STARTS', 'COMPLETED', 'LAST_SESSION', 'MISSED', 'CANCELLED'])), name='care_step_anchor_known'),
        ),
    ]
