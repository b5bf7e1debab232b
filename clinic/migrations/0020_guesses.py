import clinic.models.base
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

# What django-axes had counted for a quarter of an hour each; nothing reads it any more.
FORGET = '''
DROP TABLE IF EXISTS axes_accessattemptexpiration, axes_accessattempt, axes_accesslog,
    axes_accessfailurelog
'''


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0019_schema_as_migrated'),
    ]

    operations = [
        migrations.RunSQL(FORGET, migrations.RunSQL.noop),
        migrations.CreateModel(
            name='LoginTries',
            fields=[
                ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('key', models.CharField(max_length=64, unique=True)),
                ('failures', models.PositiveIntegerField()),
                ('last_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'clinic_login_tries',
                'indexes': [models.Index(fields=['last_at'], name='login_tries_by_age')],
            },
        ),
        migrations.CreateModel(
            name='KnownNetwork',
            fields=[
                ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('network', models.CharField(max_length=43)),
                ('last_at', models.DateTimeField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'clinic_known_network',
                'constraints': [models.UniqueConstraint(fields=('user', 'network'), name='known_network_once_a_user')],
            },
        ),
    ]
