import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

OF_THE_KEY = "treatment_session_protocol_version_id_a184b7ea"


class Migration(migrations.Migration):
    """The index of the key alone makes room for one that is in order of time as well."""

    atomic = False

    dependencies = [
        ('treatment_sessions', '0065_encrypted_moves'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='treatmentsession',
            index=models.Index(fields=['protocol_version', 'starts_at'], name='session_by_version'),
        ),
        migrations.RunSQL(
            f"DROP INDEX CONCURRENTLY IF EXISTS {OF_THE_KEY}",
            f"CREATE INDEX CONCURRENTLY {OF_THE_KEY} ON treatment_session (protocol_version_id)",
            state_operations=[
                migrations.AlterField(
                    model_name='treatmentsession',
                    name='protocol_version',
                    field=models.ForeignKey(db_index=False, editable=False, help_text='That it is checked against.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='treatment_sessions.protocolversion'),
                ),
            ],
        ),
    ]
