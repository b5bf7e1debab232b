from django.conf import settings
from django.db import migrations, models

from clinic.db.operations import AtOnce


class Migration(migrations.Migration):

    dependencies = [
        ('aftercare', '0017_watch_texts_by_day'),
        ('clinic', '0019_schema_as_migrated'),
        ('patients', '0035_where_blood_is_handled'),
        ('treatment_sessions', '0043_drugs_of_a_cream'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce([
        migrations.RemoveIndex(
            model_name='message',
            name='message_by_clinic_status',
        ),
        migrations.AddIndex(
            model_name='inboundmessage',
            index=models.Index(fields=['audience', 'id'], name='inbound_by_audience'),
        ),
        migrations.AddIndex(
            model_name='inboundmessage',
            index=models.Index(condition=models.Q(('keyword', ''), _negated=True), fields=['keyword', 'id'], name='inbound_by_keyword'),
        ),
        migrations.AddIndex(
            model_name='inboundmessage',
            index=models.Index(condition=models.Q(('maybe_opt_out', True)), fields=['id'], name='inbound_maybe_opt_out'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('status__in', ('CLAIMED', 'SENDING')), _negated=True), fields=['clinic', 'status', 'due_at', 'id'], name='message_by_clinic_status'),
        ),
        ]),
    ]
