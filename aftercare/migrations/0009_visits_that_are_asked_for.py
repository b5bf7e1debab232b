"""The two letters that ask for an outcome visit say for which one, whoever has changed their texts."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aftercare', '0008_answers_of_replies'),
        ('treatment_sessions', '0022_deviations_of_one_clinic'),
    ]

    operations = [
        migrations.AddField(
            model_name='carestep',
            name='asks_for',
            field=models.SlugField(blank=True, db_default='', default='', help_text='Code of a kind of visit, such as outcome-90d. Withdrawn once the plan has it booked.', max_length=40, verbose_name='asks to book'),
        ),
        migrations.RunSQL(
            """UPDATE aftercare_step SET asks_for = code
               WHERE code IN ('outcome-90d', 'outcome-180d') AND anchor = 'LAST_SESSION'""",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name='carestep',
            constraint=models.CheckConstraint(condition=models.Q(('asks_for', ''), ('anchor__in', ('COMPLETED', 'LAST_SESSION', 'ABORTED')), _connector='OR'), name='care_step_asks_after_treatment', violation_error_message='Only a treatment is followed by such a visit.'),
        ),
    ]
