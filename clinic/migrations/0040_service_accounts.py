import clinic.db.operations
import clinic.models.base
import datetime
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('clinic', '0039_switching'),
    ]

    operations = [
        clinic.db.operations.AtOnce(
            operations=[
                migrations.CreateModel(
                    name='ServiceAccount',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('user', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='service_account', to=settings.AUTH_USER_MODEL)),
                        ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clinic.clinic')),
                        ('name', models.CharField(max_length=60)),
                        ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), size=None)),
                        ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                        ('expires_at', models.DateTimeField()),
                        ('ended_at', models.DateTimeField(null=True)),
                        ('last_used_at', models.DateTimeField(null=True)),
                        ('warned_at', models.DateTimeField(null=True)),
                    ],
                    options={
                        'db_table': 'clinic_service_account',
                        'constraints': [models.CheckConstraint(condition=models.Q(('expires_at__lte', django.db.models.expressions.CombinedExpression(models.F('created_at'), '+', models.Value(datetime.timedelta(days=366))))), name='service_account_ends_within_a_year')],
                    },
                ),
                migrations.RemoveConstraint(
                    model_name='accountnotice',
                    name='account_notice_kind_known',
                ),
                migrations.AlterField(
                    model_name='accountnotice',
                    name='kind',
                    field=models.CharField(choices=[('CONFIRM_ADDRESS', 'link to confirm a new address'), ('ADDRESS_CHANGES', 'another address was asked for'), ('NEW_DEVICE', 'log-in from a new device'), ('ACCOUNT_CHANGED', 'what opens the account was changed'), ('ACCESSES', 'the accesses of a week'), ('SERVICE_ENDS', 'a service account is about to end')], max_length=16),
                ),
                migrations.AddConstraint(
                    model_name='accountnotice',
                    constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['CONFIRM_ADDRESS', 'ADDRESS_CHANGES', 'NEW_DEVICE', 'ACCOUNT_CHANGED', 'ACCESSES', 'SERVICE_ENDS'])), name='account_notice_kind_known'),
                ),
                migrations.RemoveConstraint(
                    model_name='user',
                    name='user_role_known',
                ),
                migrations.AddConstraint(
                    model_name='user',
                    constraint=models.CheckConstraint(condition=models.Q(('role__in', ['RECEPTIONIST', 'PRACTITIONER', 'MANAGER', 'ADMIN', 'AUDITOR', 'SERVICE'])), name='user_role_known'),
                ),
                migrations.AddConstraint(
                    model_name='user',
                    constraint=models.CheckConstraint(condition=models.Q(models.Q(('role', 'SERVICE'), _negated=True), ('password__startswith', '!'), _connector='OR'), name='user_service_has_no_password'),
                ),
            ],
        ),
    ]
