import clinic.models.base
import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0020_guesses'),
        ('knox', '0009_extend_authtoken_field'),  # before it, the key that a log-in refers to is another one
    ]

    operations = [
        migrations.CreateModel(
            name='LogIn',
            fields=[
                ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('session_key', models.CharField(max_length=40, null=True, unique=True)),
                ('address', models.GenericIPAddressField(null=True)),
                ('client', models.CharField(max_length=60)),
                ('last_used_at', models.DateTimeField()),
                ('token', models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='log_in', to=settings.KNOX_TOKEN_MODEL)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'clinic_log_in',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('session_key__isnull', False), ('token__isnull', True)), models.Q(('session_key__isnull', True), ('token__isnull', False)), _connector='OR'), name='log_in_token_or_session')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='user',
            trigger=pgtrigger.compiler.Trigger(name='log_ins_end', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.password <> NEW.password OR OLD.role <> NEW.role OR OLD.is_active <> NEW.is_active)', func='WITH ended AS (DELETE FROM clinic_log_in WHERE user_id = NEW.id RETURNING session_key) DELETE FROM django_session WHERE session_key IN (SELECT session_key FROM ended); DELETE FROM knox_authtoken WHERE user_id = NEW.id; RETURN NULL;', hash='7955666b613f4f64620529488a96b1ce5a9459b1', operation='UPDATE OF "password", "role", "is_active"', pgid='pgtrigger_log_ins_end_fffed', table='clinic_user', when='AFTER')),
        ),
    ]
