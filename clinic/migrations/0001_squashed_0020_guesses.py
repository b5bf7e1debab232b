"""What the migrations from 0001 to 0020 make, in one: for new databases.

Django builds its models anew after each change, so that 170 migrations cost a new database most of
a minute. A database that has run some of them runs the others one by one, as it always did
(docs/decisions/0076-new-databases-are-made-at-once.md).
"""

from importlib import import_module

import clinic.db.operations
import clinic.models.base
import clinic.models.on_call
import clinic.models.schedule
import datetime
import django.contrib.auth.validators
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
import phonenumber_field.modelfields
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models

first = import_module('clinic.migrations.0001_initial')
folding = import_module('clinic.migrations.0005_folding')
accesses = import_module('clinic.migrations.0016_accesses')
seals = import_module('clinic.migrations.0018_sealed_accesses')
schema = import_module('clinic.migrations.0019_schema_as_migrated')


class Migration(migrations.Migration):

    replaces = [
        ('clinic', '0001_initial'),
        ('clinic', '0002_working_hours_help'),
        ('clinic', '0003_texts_in_words'),
        ('clinic', '0004_constraints_in_words'),
        ('clinic', '0005_folding'),
        ('clinic', '0006_without_extension'),
        ('clinic', '0007_emergency_phone_of_the_country'),
        ('clinic', '0008_evidence_of_sources'),
        ('clinic', '0009_cooling_off_days'),
        ('clinic', '0010_on_call'),
        ('clinic', '0011_credentials'),
        ('clinic', '0012_jurisdictions'),
        ('clinic', '0013_sharps'),
        ('clinic', '0014_user_facilities'),
        ('clinic', '0015_cooling_off_by_jurisdiction'),
        ('clinic', '0016_accesses'),
        ('clinic', '0017_handles_blood'),
        ('clinic', '0018_sealed_accesses'),
        ('clinic', '0019_schema_as_migrated'),
        ('clinic', '0020_guesses'),
    ]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        *first.Migration.operations[:2],  # extensions
        *folding.Migration.operations,
        *accesses.Migration.operations[:1],
        *seals.Migration.operations,
        *schema.Migration.operations,
        clinic.db.operations.AtOnce(
            operations=[
                migrations.CreateModel(
                    name='Clinic',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('name', models.CharField(max_length=80, unique=True)),
                        ('short_name', models.CharField(help_text='Starts every SMS. Must not say what the clinic treats.', max_length=20)),
                        ('time_zone', models.CharField(max_length=40, validators=[clinic.models.base.known_time_zone])),
                        ('phone', phonenumber_field.modelfields.PhoneNumberField(help_text='Patients call this number.', max_length=128, region=None, validators=[clinic.models.base.without_extension])),
                        ('email', models.EmailField(help_text='Replies to our e-mails go here.', max_length=254)),
                        ('address', models.CharField(blank=True, help_text='In one line; stands at the foot of every e-mail.', max_length=200)),
                        ('emergency_phone', models.CharField(help_text='What a patient dials in an emergency where the clinic is.', max_length=20)),
                        ('slot_minutes', models.PositiveSmallIntegerField(default=15, help_text='Sessions start on this grid, counted from midnight.')),
                        ('hold_minutes', models.PositiveSmallIntegerField(default=10, help_text='How long the desk can hold a time while it talks to a patient.')),
                        ('late_cancel_hours', models.PositiveSmallIntegerField(default=24, help_text='A session cancelled less than this before its start counts as late.')),
                        ('quiet_from', models.TimeField(default=datetime.time(21, 0), help_text='No automatic message from this local time on…')),
                        ('quiet_until', models.TimeField(default=datetime.time(8, 0), help_text='…until this one. Two equal times mean no quiet hours.')),
                        ('consent_cooling_off_days', models.PositiveSmallIntegerField(blank=True, help_text='Days between reading or signing the consent and the first session of a plan; 0 means that who consents may be treated the same day. Empty: as the jurisdiction has it.', null=True)),
                        ('out_of_hours_phone', phonenumber_field.modelfields.PhoneNumberField(blank=True, db_default='', default='', help_text='Whom patients call while the clinic is closed; empty if nobody answers then.', max_length=128, region=None, validators=[clinic.models.base.without_extension])),
                        ('asks_for', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('LICENCE', 'Licence of the practitioner'), ('TRAINING', 'Training on the device'), ('INSURANCE', 'Insurance of the practitioner'), ('PREMISES', 'Licence of the premises'), ('EXAMINATION', "A prescriber's examination within the year")], max_length=16), blank=True, db_default=[], default=list, help_text='What the law of the place asks for before somebody is needled. What is on record and has ended stops a treatment in any case.', size=None)),
                        ('jurisdiction', models.CharField(choices=[('US', 'United States'), ('EU', 'European Union'), ('UK', 'United Kingdom'), ('CA', 'Canada'), ('AU', 'Australia'), ('OTHER', 'Elsewhere')], db_default='OTHER', default='OTHER', help_text='Whose clearances of devices count here.', max_length=8)),
                        ('asks_sharps_disposal', models.BooleanField(db_default=False, default=False, help_text='Whoever signs confirms that needles and other sharps are in their container.')),
                        ('is_user_facility', models.BooleanField(db_default=False, default=False, help_text="An outpatient treatment facility that is no physician's office: US law then sets a deadline for reports of deaths and serious injuries.", verbose_name='user facility')),
                        ('handles_blood', models.BooleanField(db_default=False, default=False, help_text='PRP and the like. Only then patients are asked about HIV and hepatitis.', verbose_name='handles blood products')),
                    ],
                    options={
                        'verbose_name': 'clinic',
                        'db_table': 'clinic',
                        'constraints': [models.CheckConstraint(condition=models.Q(('slot_minutes__in', [5, 10, 15, 20, 30, 60])), name='clinic_slot_minutes_divide_the_hour', violation_error_message='The grid must be 5, 10, 15, 20, 30 or 60 minutes.'), models.CheckConstraint(condition=models.Q(('hold_minutes__range', (1, 60))), name='clinic_hold_minutes_1_to_60', violation_error_message='A time can be held for 1 to 60 minutes.'), models.CheckConstraint(condition=models.Q(('emergency_phone', ''), _negated=True), name='clinic_emergency_phone_given', violation_error_message='Patients must know what to dial in an emergency.'), models.CheckConstraint(condition=models.Q(('consent_cooling_off_days__range', (0, 90))), name='clinic_cooling_off_at_most_90_days', violation_error_message='The days after a consent must be 0 to 90.'), models.CheckConstraint(condition=models.Q(('asks_for__contained_by', ['LICENCE', 'TRAINING', 'INSURANCE', 'PREMISES', 'EXAMINATION'])), name='clinic_asks_for_known_proofs', violation_error_message='One of what is asked for is not known.'), models.CheckConstraint(condition=models.Q(('jurisdiction__in', ['US', 'EU', 'UK', 'CA', 'AU', 'OTHER'])), name='clinic_jurisdiction_known')],
                    },
                ),
                migrations.CreateModel(
                    name='Closure',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='closures', to='clinic.clinic')),
                        ('starts_at', models.DateTimeField()),
                        ('ends_at', models.DateTimeField()),
                        ('reason', models.CharField(blank=True, max_length=200)),
                    ],
                    options={
                        'db_table': 'clinic_closure',
                        'indexes': [models.Index(fields=['clinic', 'ends_at'], name='closure_by_end')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='closure_ends_after_it_starts', violation_error_message='The end must be after the beginning.')],
                    },
                ),
                migrations.CreateModel(
                    name='ClosureHistory',
                    fields=[
                        ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                        ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                        ('pgh_label', models.TextField(help_text='The event label.')),
                        ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='clinic.closure')),
                        ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('clinic', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='clinic.clinic')),
                        ('starts_at', models.DateTimeField()),
                        ('ends_at', models.DateTimeField()),
                        ('reason', models.CharField(blank=True, max_length=200)),
                    ],
                    options={
                        'db_table': 'clinic_closure_history',
                        'abstract': False,
                    },
                ),
                migrations.CreateModel(
                    name='DeviceModel',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('code', models.SlugField(max_length=40, unique=True)),
                        ('maker', models.CharField(max_length=80)),
                        ('name', models.CharField(max_length=80)),
                        ('modality', models.CharField(choices=[('MECHANICAL', 'Mechanical'), ('RADIO_FREQUENCY', 'Radio-frequency')], default='MECHANICAL', max_length=16)),
                        ('is_active', models.BooleanField(default=True)),
                    ],
                    options={
                        'db_table': 'clinic_device_model',
                        'ordering': ['name'],
                        'constraints': [models.CheckConstraint(condition=models.Q(('modality__in', ['MECHANICAL', 'RADIO_FREQUENCY'])), name='device_model_modality_known')],
                    },
                ),
                migrations.CreateModel(
                    name='Device',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='devices', to='clinic.clinic')),
                        ('model', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='units', to='clinic.devicemodel')),
                        ('serial', models.CharField(max_length=60)),
                        ('areas', django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=40), blank=True, default=list, help_text='The areas that can be treated with it; all if none is ticked.', size=None)),
                        ('is_active', models.BooleanField(default=True)),
                    ],
                    options={
                        'db_table': 'clinic_device',
                        'constraints': [models.UniqueConstraint(fields=('model', 'serial'), name='device_serial_once'), models.UniqueConstraint(fields=('id', 'clinic'), name='device_key_with_clinic')],
                    },
                ),
                migrations.CreateModel(
                    name='DeviceSpec',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('version', models.PositiveIntegerField(default=1)),
                        ('effective_from', models.DateTimeField(default=django.utils.timezone.now)),
                        ('source', models.CharField(help_text='Where the numbers come from.', max_length=300)),
                        ('model', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='specs', to='clinic.devicemodel')),
                        ('depth_max_mm', models.DecimalField(decimal_places=2, max_digits=3)),
                        ('tolerance_mm', models.DecimalField(decimal_places=2, max_digits=3)),
                        ('needles', models.PositiveSmallIntegerField(blank=True, null=True)),
                        ('lists_isotretinoin', models.BooleanField(help_text='Does the label list current isotretinoin as a contraindication?')),
                        ('evidence', models.CharField(choices=[('LABEL', 'label or clearance'), ('TRIAL', 'trial or other study'), ('REVIEW', 'review'), ('CONSENSUS', 'consensus or official advice'), ('CLINIC_PAGE', 'clinic page'), ('DEFAULT', 'default of this product, no published source')], db_default='DEFAULT', default='DEFAULT', help_text='What kind of source that is.', max_length=12)),
                    ],
                    options={
                        'db_table': 'clinic_device_spec',
                        'constraints': [models.UniqueConstraint(fields=('model', 'version'), name='device_spec_version_once'), models.CheckConstraint(condition=models.Q(('depth_max_mm__gt', 0), ('tolerance_mm__gte', 0)), name='device_spec_depth_positive', violation_error_message='The depth must be above zero, the tolerance not below.'), models.CheckConstraint(condition=models.Q(('evidence__in', ['LABEL', 'TRIAL', 'REVIEW', 'CONSENSUS', 'CLINIC_PAGE', 'DEFAULT'])), name='device_spec_evidence_known')],
                    },
                ),
                migrations.CreateModel(
                    name='Heartbeat',
                    fields=[
                        ('name', models.CharField(max_length=16, primary_key=True, serialize=False)),
                        ('seen_at', models.DateTimeField()),
                    ],
                    options={
                        'db_table': 'clinic_heartbeat',
                    },
                ),
                migrations.CreateModel(
                    name='User',
                    fields=[
                        ('password', models.CharField(max_length=128, verbose_name='password')),
                        ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                        ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                        ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                        ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                        ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                        ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                        ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                        ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                        ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('role', models.CharField(choices=[('RECEPTIONIST', 'Receptionist'), ('PRACTITIONER', 'Practitioner'), ('MANAGER', 'Manager'), ('ADMIN', 'Technical admin'), ('AUDITOR', 'Auditor')], max_length=16)),
                        ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                        ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                        ('clinics', models.ManyToManyField(db_table='clinic_user_clinic', related_name='staff', to='clinic.clinic')),
                        ('mobile', phonenumber_field.modelfields.PhoneNumberField(blank=True, db_default='', default='', help_text='Urgent replies are announced here by SMS, and to the e-mail address.', max_length=128, region=None, validators=[clinic.models.base.without_extension])),
                    ],
                    options={
                        'db_table': 'clinic_user',
                        'constraints': [models.CheckConstraint(condition=models.Q(('role__in', ['RECEPTIONIST', 'PRACTITIONER', 'MANAGER', 'ADMIN', 'AUDITOR'])), name='user_role_known')],
                    },
                ),
                migrations.CreateModel(
                    name='IdempotencyKey',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                        ('key', models.CharField(max_length=100)),
                        ('request_sha256', models.CharField(max_length=64)),
                        ('status', models.PositiveSmallIntegerField(null=True)),
                        ('headers', models.JSONField(db_default={}, default=dict)),
                        ('body', models.BinaryField(null=True)),
                    ],
                    options={
                        'db_table': 'clinic_idempotency_key',
                        'indexes': [models.Index(fields=['created_at'], name='idempotency_key_by_age')],
                        'constraints': [models.UniqueConstraint(fields=('user', 'key'), name='idempotency_key_once_per_user'), models.CheckConstraint(condition=models.Q(('key__regex', '^[ -~]{1,100}$')), name='idempotency_key_printable'), models.CheckConstraint(condition=models.Q(models.Q(('body__isnull', True), ('status__isnull', True)), models.Q(('body__isnull', False), ('status__isnull', False)), _connector='OR'), name='idempotency_key_body_iff_status')],
                    },
                ),
                migrations.CreateModel(
                    name='OpeningHours',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='opening_hours', to='clinic.clinic')),
                        ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')])),
                        ('opens_at', models.TimeField()),
                        ('closes_at', models.TimeField(help_text='00:00 is midnight at the end of the day.')),
                    ],
                    options={
                        'verbose_name_plural': 'opening hours',
                        'db_table': 'clinic_opening_hours',
                        'ordering': ['weekday', 'opens_at'],
                        'constraints': [models.CheckConstraint(condition=models.Q(('weekday__in', [0, 1, 2, 3, 4, 5, 6])), name='opening_hours_weekday_known'), models.CheckConstraint(condition=models.Q(('closes_at__gt', models.F('opens_at')), ('closes_at', datetime.time(0, 0)), _connector='OR'), name='opening_hours_open_before_they_close', violation_error_message='The closing time must be after the opening time.'), models.UniqueConstraint(fields=('clinic', 'weekday', 'opens_at'), name='opening_hours_start_once')],
                    },
                ),
                migrations.CreateModel(
                    name='Room',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rooms', to='clinic.clinic')),
                        ('name', models.CharField(max_length=60)),
                        ('areas', django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=40), blank=True, default=list, help_text='The areas that can be treated with it; all if none is ticked.', size=None)),
                        ('is_active', models.BooleanField(default=True)),
                    ],
                    options={
                        'db_table': 'clinic_room',
                        'constraints': [models.UniqueConstraint(fields=('clinic', 'name'), name='room_name_once_per_clinic'), models.UniqueConstraint(fields=('id', 'clinic'), name='room_key_with_clinic')],
                    },
                ),
                migrations.CreateModel(
                    name='TimeOff',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('practitioner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='time_off', to=settings.AUTH_USER_MODEL)),
                        ('starts_at', models.DateTimeField()),
                        ('ends_at', models.DateTimeField()),
                        ('reason', models.CharField(blank=True, help_text='All colleagues can read it.', max_length=200)),
                    ],
                    options={
                        'verbose_name_plural': 'time off',
                        'db_table': 'clinic_time_off',
                        'indexes': [models.Index(fields=['practitioner', 'ends_at'], name='time_off_by_end')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='time_off_ends_after_it_starts', violation_error_message='The end must be after the beginning.')],
                    },
                ),
                migrations.CreateModel(
                    name='TimeOffHistory',
                    fields=[
                        ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                        ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                        ('pgh_label', models.TextField(help_text='The event label.')),
                        ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='clinic.timeoff')),
                        ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('practitioner', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                        ('starts_at', models.DateTimeField()),
                        ('ends_at', models.DateTimeField()),
                        ('reason', models.CharField(blank=True, help_text='All colleagues can read it.', max_length=200)),
                    ],
                    options={
                        'db_table': 'clinic_time_off_history',
                        'abstract': False,
                    },
                ),
                migrations.CreateModel(
                    name='WorkingHours',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('practitioner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='working_hours', to=settings.AUTH_USER_MODEL)),
                        ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='working_hours', to='clinic.clinic')),
                        ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')])),
                        ('opens_at', models.TimeField(verbose_name='from')),
                        ('closes_at', models.TimeField(help_text='00:00 is midnight at the end of the day.', verbose_name='to')),
                        ('valid_from', models.DateField(help_text="The first day on which they count. Until the first hours of a practitioner count, the clinic's opening hours hold.")),
                        ('valid_until', models.DateField(blank=True, help_text='The first day on which they no longer count. When the last hours have ended, the practitioner can no longer be booked.', null=True)),
                    ],
                    options={
                        'verbose_name_plural': 'working hours',
                        'db_table': 'clinic_working_hours',
                        'ordering': ['weekday', 'opens_at', 'id'],
                        'constraints': [models.CheckConstraint(condition=models.Q(('weekday__in', [0, 1, 2, 3, 4, 5, 6])), name='working_hours_weekday_known'), models.CheckConstraint(condition=models.Q(('closes_at__gt', models.F('opens_at')), ('closes_at', datetime.time(0, 0)), _connector='OR'), name='working_hours_start_before_they_end', violation_error_message='The end must be after the beginning.'), models.CheckConstraint(condition=models.Q(('valid_until__isnull', True), ('valid_until__gt', models.F('valid_from')), _connector='OR'), name='working_hours_days_ordered', violation_error_message='They must count for a day at least.'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('practitioner', '='), ('clinic', '='), ('weekday', '='), (clinic.models.schedule.DayRange('valid_from', 'valid_until'), '&&'), (clinic.models.schedule.ClockRange(clinic.models.schedule.SecondOfDay('opens_at'), models.Case(models.When(closes_at=datetime.time(0, 0), then=models.Value(86400)), default=clinic.models.schedule.SecondOfDay('closes_at'))), '&&')], name='working_hours_do_not_overlap', violation_error_message='These hours overlap others of the same weekday.')],
                    },
                ),
                migrations.CreateModel(
                    name='WorkingHoursHistory',
                    fields=[
                        ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                        ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                        ('pgh_label', models.TextField(help_text='The event label.')),
                        ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='clinic.workinghours')),
                        ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('practitioner', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                        ('clinic', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='clinic.clinic')),
                        ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')])),
                        ('opens_at', models.TimeField(verbose_name='from')),
                        ('closes_at', models.TimeField(help_text='00:00 is midnight at the end of the day.', verbose_name='to')),
                        ('valid_from', models.DateField(help_text="The first day on which they count. Until the first hours of a practitioner count, the clinic's opening hours hold.")),
                        ('valid_until', models.DateField(blank=True, help_text='The first day on which they no longer count. When the last hours have ended, the practitioner can no longer be booked.', null=True)),
                    ],
                    options={
                        'db_table': 'clinic_working_hours_history',
                        'abstract': False,
                    },
                ),
                migrations.CreateModel(
                    name='CalendarFeed',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='calendar_feed', to=settings.AUTH_USER_MODEL)),
                        ('secret_sha256', models.CharField(max_length=64, unique=True)),
                        ('renewed_at', models.DateTimeField()),
                    ],
                    options={
                        'db_table': 'clinic_calendar_feed',
                        'constraints': [models.CheckConstraint(condition=models.Q(('secret_sha256__regex', '^[0-9a-f]{64}$')), name='calendar_feed_keeps_a_hash')],
                    },
                ),
                migrations.CreateModel(
                    name='CartridgeLot',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cartridge_lots', to='clinic.clinic')),
                        ('device_model', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cartridge_lots', to='clinic.devicemodel')),
                        ('gtin', models.CharField(max_length=14, verbose_name='GTIN')),
                        ('lot', models.CharField(max_length=20)),
                        ('expires_on', models.DateField(help_text='The last day on which a cartridge may be used.')),
                        ('quantity', models.PositiveIntegerField(help_text='Cartridges received.')),
                        ('recalled_at', models.DateTimeField(blank=True, null=True)),
                        ('recall_reason', models.CharField(blank=True, max_length=300)),
                    ],
                    options={
                        'db_table': 'clinic_cartridge_lot',
                        'constraints': [models.UniqueConstraint(fields=('clinic', 'gtin', 'lot'), name='cartridge_lot_once_per_clinic'), models.CheckConstraint(condition=models.Q(('gtin__regex', '^\\d{14}$')), name='cartridge_lot_gtin_has_14_digits', violation_error_message='A GTIN has 14 digits.'), models.CheckConstraint(condition=models.Q(models.Q(('recall_reason', ''), ('recalled_at__isnull', True)), models.Q(('recalled_at__isnull', False), models.Q(('recall_reason', ''), _negated=True)), _connector='OR'), name='cartridge_lot_recalled_with_reason', violation_error_message='Say when and why the lot was recalled: both, or neither.'), models.UniqueConstraint(fields=('id', 'clinic'), name='cartridge_lot_key_with_clinic')],
                    },
                ),
                migrations.CreateModel(
                    name='ClinicalRule',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('version', models.PositiveIntegerField(default=1)),
                        ('effective_from', models.DateTimeField(default=django.utils.timezone.now)),
                        ('source', models.CharField(help_text='Where the numbers come from.', max_length=300)),
                        ('code', models.SlugField(max_length=40)),
                        ('title', models.CharField(max_length=160)),
                        ('value', models.DecimalField(decimal_places=2, max_digits=8)),
                        ('unit', models.CharField(max_length=20)),
                        ('evidence', models.CharField(choices=[('LABEL', 'label or clearance'), ('TRIAL', 'trial or other study'), ('REVIEW', 'review'), ('CONSENSUS', 'consensus or official advice'), ('CLINIC_PAGE', 'clinic page'), ('DEFAULT', 'default of this product, no published source')], db_default='DEFAULT', default='DEFAULT', help_text='What kind of source that is.', max_length=12)),
                    ],
                    options={
                        'db_table': 'clinic_clinical_rule',
                        'constraints': [models.UniqueConstraint(fields=('code', 'version'), name='clinical_rule_version_once'), models.CheckConstraint(condition=models.Q(('evidence__in', ['LABEL', 'TRIAL', 'REVIEW', 'CONSENSUS', 'CLINIC_PAGE', 'DEFAULT'])), name='clinical_rule_evidence_known')],
                    },
                ),
                migrations.CreateModel(
                    name='OnCallShift',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('starts_at', models.DateTimeField()),
                        ('ends_at', models.DateTimeField()),
                        ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='on_call_shifts', to='clinic.clinic')),
                        ('practitioner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='on_call_shifts', to=settings.AUTH_USER_MODEL)),
                    ],
                    options={
                        'verbose_name': 'on-call shift',
                        'db_table': 'clinic_on_call_shift',
                        'indexes': [models.Index(fields=['practitioner', 'ends_at'], name='on_call_by_person')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='on_call_ends_after_it_starts', violation_error_message='The end must be after the beginning.'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('clinic', '='), (clinic.models.on_call.TimeRange('starts_at', 'ends_at'), '&&')], name='on_call_one_at_a_time', violation_error_message='Somebody else is on call in a part of this time.')],
                    },
                ),
                migrations.CreateModel(
                    name='OnCallShiftHistory',
                    fields=[
                        ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                        ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                        ('pgh_label', models.TextField(help_text='The event label.')),
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('starts_at', models.DateTimeField()),
                        ('ends_at', models.DateTimeField()),
                        ('clinic', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='clinic.clinic')),
                        ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                        ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='clinic.oncallshift')),
                        ('practitioner', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                    ],
                    options={
                        'db_table': 'clinic_on_call_shift_history',
                        'abstract': False,
                    },
                ),
                migrations.CreateModel(
                    name='Credential',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('kind', models.CharField(choices=[('PHYSICIAN', 'Physician'), ('PRESCRIBER', 'Nurse or other prescriber'), ('NURSE', 'Nurse'), ('AESTHETICIAN', 'Aesthetician'), ('TRAINING', 'Training on a device'), ('INSURANCE', 'Insurance'), ('PREMISES', 'Licence of the premises')], max_length=16)),
                        ('number', models.CharField(help_text='As the document says.', max_length=60)),
                        ('issuer', models.CharField(help_text='State, authority, insurer or maker that gave it.', max_length=80)),
                        ('depth_max_mm', models.DecimalField(blank=True, decimal_places=2, help_text='In mm; empty if it sets no limit.', max_digits=3, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0.50')), django.core.validators.MaxValueValidator(Decimal('2.50'))], verbose_name='deepest setting (mm)')),
                        ('valid_from', models.DateField(blank=True, null=True)),
                        ('expires_on', models.DateField(blank=True, help_text='The last day on which it counts; empty if it never ends.', null=True)),
                        ('document', models.CharField(blank=True, help_text='Where the document is kept.', max_length=200)),
                        ('clinic', models.ForeignKey(blank=True, help_text='Of a licence of the premises alone.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credentials', to='clinic.clinic')),
                        ('device_model', models.ForeignKey(blank=True, help_text='Of a training: on which device.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clinic.devicemodel')),
                        ('user', models.ForeignKey(blank=True, help_text='Whose it is; empty for a licence of the premises.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credentials', to=settings.AUTH_USER_MODEL, verbose_name='holder')),
                    ],
                    options={
                        'db_table': 'clinic_credential',
                        'indexes': [models.Index(fields=['expires_on'], name='credential_by_expiry')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['PHYSICIAN', 'PRESCRIBER', 'NURSE', 'AESTHETICIAN', 'TRAINING', 'INSURANCE', 'PREMISES'])), name='credential_kind_known'), models.CheckConstraint(condition=models.Q(models.Q(('clinic__isnull', False), ('kind', 'PREMISES'), ('user__isnull', True)), models.Q(models.Q(('kind', 'PREMISES'), _negated=True), ('clinic__isnull', True), ('user__isnull', False)), _connector='OR'), name='credential_of_the_premises_or_a_person', violation_error_message='Name a clinic for a licence of the premises, else a person.'), models.CheckConstraint(condition=models.Q(models.Q(('device_model__isnull', False), ('kind', 'TRAINING')), models.Q(models.Q(('kind', 'TRAINING'), _negated=True), ('device_model__isnull', True)), _connector='OR'), name='credential_device_iff_training', violation_error_message='A training names its device, and nothing else does.'), models.CheckConstraint(condition=models.Q(models.Q(('number', ''), _negated=True), models.Q(('issuer', ''), _negated=True)), name='credential_named', violation_error_message='Say its number and who gave it.'), models.CheckConstraint(condition=models.Q(('valid_from__isnull', True), ('expires_on__isnull', True), ('valid_from__lte', models.F('expires_on')), _connector='OR'), name='credential_days_ordered', violation_error_message='It cannot end before it begins.'), models.CheckConstraint(condition=models.Q(('depth_max_mm__isnull', True), ('depth_max_mm__range', (Decimal('0.50'), Decimal('2.50'))), _connector='OR'), name='credential_depth_in_band', violation_error_message='The depth must be 0.50 to 2.50 mm.')],
                    },
                ),
                migrations.CreateModel(
                    name='CredentialHistory',
                    fields=[
                        ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                        ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                        ('pgh_label', models.TextField(help_text='The event label.')),
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('kind', models.CharField(choices=[('PHYSICIAN', 'Physician'), ('PRESCRIBER', 'Nurse or other prescriber'), ('NURSE', 'Nurse'), ('AESTHETICIAN', 'Aesthetician'), ('TRAINING', 'Training on a device'), ('INSURANCE', 'Insurance'), ('PREMISES', 'Licence of the premises')], max_length=16)),
                        ('number', models.CharField(help_text='As the document says.', max_length=60)),
                        ('issuer', models.CharField(help_text='State, authority, insurer or maker that gave it.', max_length=80)),
                        ('depth_max_mm', models.DecimalField(blank=True, decimal_places=2, help_text='In mm; empty if it sets no limit.', max_digits=3, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0.50')), django.core.validators.MaxValueValidator(Decimal('2.50'))], verbose_name='deepest setting (mm)')),
                        ('valid_from', models.DateField(blank=True, null=True)),
                        ('expires_on', models.DateField(blank=True, help_text='The last day on which it counts; empty if it never ends.', null=True)),
                        ('document', models.CharField(blank=True, help_text='Where the document is kept.', max_length=200)),
                        ('clinic', models.ForeignKey(blank=True, db_constraint=False, help_text='Of a licence of the premises alone.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='clinic.clinic')),
                        ('device_model', models.ForeignKey(blank=True, db_constraint=False, help_text='Of a training: on which device.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='clinic.devicemodel')),
                        ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                        ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='clinic.credential')),
                        ('user', models.ForeignKey(blank=True, db_constraint=False, help_text='Whose it is; empty for a licence of the premises.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='holder')),
                    ],
                    options={
                        'db_table': 'clinic_credential_history',
                        'abstract': False,
                    },
                ),
                migrations.CreateModel(
                    name='AccessRecord',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('actor_kind', models.CharField(choices=[('STAFF', 'staff'), ('PATIENT', 'patient'), ('SYSTEM', 'the product itself'), ('NOBODY', 'somebody unknown')], max_length=8)),
                        ('actor_id', models.UUIDField(help_text='The user or the patient.', null=True)),
                        ('role', models.CharField(blank=True, max_length=16)),
                        ('on_behalf_of', models.UUIDField(help_text='For whom, where it was somebody else.', null=True)),
                        ('clinic_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), help_text='Where the actor works.', size=None)),
                        ('session', models.CharField(blank=True, help_text='Which log-in or link, not its secret.', max_length=32)),
                        ('address', models.GenericIPAddressField(null=True)),
                        ('request_id', models.CharField(blank=True, max_length=64)),
                        ('door', models.CharField(choices=[('API', 'API'), ('ADMIN', 'staff pages'), ('PAGE', "patient's pages"), ('COMMAND', 'command'), ('WORKER', 'worker')], max_length=8)),
                        ('place', models.CharField(help_text='The page or endpoint, by its name.', max_length=80)),
                        ('purpose', models.CharField(choices=[('TREATMENT', 'treatment'), ('OPERATIONS', 'running the clinic'), ('PATIENT_REQUEST', "the patient's own request")], max_length=16)),
                        ('action', models.CharField(choices=[('READ', 'read'), ('LIST', 'listed'), ('SEARCH', 'searched'), ('EXPORT', 'exported'), ('PRINT', 'printed'), ('PHOTO', 'looked at a photograph'), ('MESSAGE_TEXT', 'read the text of a message'), ('WRITE', 'wrote'), ('LOG_IN', 'logged in'), ('LOG_OUT', 'logged out'), ('PERMISSION_CHANGE', 'changed an account')], max_length=20)),
                        ('outcome', models.CharField(choices=[('DONE', 'done'), ('REFUSED', 'refused'), ('FAILED', 'not done')], max_length=8)),
                        ('status', models.PositiveSmallIntegerField(help_text='As answered over HTTP.', null=True)),
                        ('code', models.CharField(blank=True, help_text='Why not.', max_length=60)),
                        ('object_model', models.CharField(blank=True, max_length=60)),
                        ('object_id', models.UUIDField(null=True)),
                        ('patient_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), help_text='Of whom data left or changed.', size=None)),
                        ('count', models.PositiveIntegerField(help_text='How many rows were shown.')),
                        ('fields', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), help_text='What was shown or changed, by name.', size=None)),
                    ],
                    options={
                        'db_table': 'clinic_access_record',
                        'managed': False,
                    },
                ),
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
                pgtrigger.migrations.AddTrigger(
                    model_name='closure',
                    trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "clinic_closure_history" ("clinic_id", "created_at", "ends_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "starts_at") VALUES (NEW."clinic_id", NEW."created_at", NEW."ends_at", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reason", NEW."starts_at"); RETURN NULL;', hash='762300134cf5e98603be8d1708f1d9e03951eb04', operation='INSERT', pgid='pgtrigger_insert_insert_7d653', table='clinic_closure', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='closure',
                    trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "clinic_closure_history" ("clinic_id", "created_at", "ends_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "starts_at") VALUES (NEW."clinic_id", NEW."created_at", NEW."ends_at", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reason", NEW."starts_at"); RETURN NULL;', hash='d58921687a1bd340f1724518556fa873ad6f6ddf', operation='UPDATE', pgid='pgtrigger_update_update_940e0', table='clinic_closure', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='closure',
                    trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "clinic_closure_history" ("clinic_id", "created_at", "ends_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "starts_at") VALUES (OLD."clinic_id", OLD."created_at", OLD."ends_at", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."reason", OLD."starts_at"); RETURN NULL;', hash='95895bd4e61c6754849c3cb85590738ec7443dc1', operation='DELETE', pgid='pgtrigger_delete_delete_20cdb', table='clinic_closure', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='closurehistory',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='e0f50d31488f748da80723905b69bc2862a98f27', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_e4ea0', table='clinic_closure_history', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='devicespec',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='8a10085635e351a799300af838167b8e4c87e8f4', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_03d54', table='clinic_device_spec', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='timeoff',
                    trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "clinic_time_off_history" ("created_at", "ends_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "reason", "starts_at") VALUES (NEW."created_at", NEW."ends_at", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."practitioner_id", NEW."reason", NEW."starts_at"); RETURN NULL;', hash='0cede5883f1f62308446b09995f54a8fa08e859d', operation='INSERT', pgid='pgtrigger_insert_insert_dab0d', table='clinic_time_off', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='timeoff',
                    trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "clinic_time_off_history" ("created_at", "ends_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "reason", "starts_at") VALUES (NEW."created_at", NEW."ends_at", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."practitioner_id", NEW."reason", NEW."starts_at"); RETURN NULL;', hash='236b6e2fd89be5bfdb74037921c5ed3c94fe6cb4', operation='UPDATE', pgid='pgtrigger_update_update_cff9b', table='clinic_time_off', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='timeoff',
                    trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "clinic_time_off_history" ("created_at", "ends_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "reason", "starts_at") VALUES (OLD."created_at", OLD."ends_at", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."practitioner_id", OLD."reason", OLD."starts_at"); RETURN NULL;', hash='fb734e8c0d2d2ac92f39e9d12a99534bf8f65531', operation='DELETE', pgid='pgtrigger_delete_delete_704cb', table='clinic_time_off', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='timeoffhistory',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='d22cd36bd04fb6a501bb0c2a9296c7d5989f171c', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_8f32f', table='clinic_time_off_history', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='workinghours',
                    trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "clinic_working_hours_history" ("clinic_id", "closes_at", "created_at", "id", "opens_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "valid_from", "valid_until", "weekday") VALUES (NEW."clinic_id", NEW."closes_at", NEW."created_at", NEW."id", NEW."opens_at", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."practitioner_id", NEW."valid_from", NEW."valid_until", NEW."weekday"); RETURN NULL;', hash='cc19ac71e51ca056ea52db20df7c7797d02eb32c', operation='INSERT', pgid='pgtrigger_insert_insert_31751', table='clinic_working_hours', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='workinghours',
                    trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "clinic_working_hours_history" ("clinic_id", "closes_at", "created_at", "id", "opens_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "valid_from", "valid_until", "weekday") VALUES (NEW."clinic_id", NEW."closes_at", NEW."created_at", NEW."id", NEW."opens_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."practitioner_id", NEW."valid_from", NEW."valid_until", NEW."weekday"); RETURN NULL;', hash='aa1d61147a54fe31032566776ccf76b6ed70e466', operation='UPDATE', pgid='pgtrigger_update_update_bee22', table='clinic_working_hours', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='workinghours',
                    trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "clinic_working_hours_history" ("clinic_id", "closes_at", "created_at", "id", "opens_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "valid_from", "valid_until", "weekday") VALUES (OLD."clinic_id", OLD."closes_at", OLD."created_at", OLD."id", OLD."opens_at", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."practitioner_id", OLD."valid_from", OLD."valid_until", OLD."weekday"); RETURN NULL;', hash='6639933c4a2f333e7c0db9dcb07b0c5a6b9d5c36', operation='DELETE', pgid='pgtrigger_delete_delete_28220', table='clinic_working_hours', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='workinghourshistory',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='f34da4496682031d0fe271679dfc69734e47b532', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_dffcd', table='clinic_working_hours_history', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='cartridgelot',
                    trigger=pgtrigger.compiler.Trigger(name='as_on_the_box', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."clinic_id" IS DISTINCT FROM (NEW."clinic_id") OR OLD."device_model_id" IS DISTINCT FROM (NEW."device_model_id") OR OLD."gtin" IS DISTINCT FROM (NEW."gtin") OR OLD."lot" IS DISTINCT FROM (NEW."lot") OR OLD."expires_on" IS DISTINCT FROM (NEW."expires_on"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='c90dbdea3d1908cd396aa95b472b7e34c2f4bb80', operation='UPDATE', pgid='pgtrigger_as_on_the_box_139ab', table='clinic_cartridge_lot', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='cartridgelot',
                    trigger=pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='3501c979311a6016c04a6b3a45e0bf6bd3c5762a', operation='DELETE', pgid='pgtrigger_never_deleted_9a132', table='clinic_cartridge_lot', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='clinicalrule',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='c278737eaec2ecd01bfe882ee801db5e2707c85d', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_689e7', table='clinic_clinical_rule', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='oncallshift',
                    trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "clinic_on_call_shift_history" ("clinic_id", "created_at", "ends_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "starts_at") VALUES (NEW."clinic_id", NEW."created_at", NEW."ends_at", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."practitioner_id", NEW."starts_at"); RETURN NULL;', hash='3220d7605799bf7609633fc1863f4f31efa0f485', operation='INSERT', pgid='pgtrigger_insert_insert_2c2d2', table='clinic_on_call_shift', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='oncallshift',
                    trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "clinic_on_call_shift_history" ("clinic_id", "created_at", "ends_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "starts_at") VALUES (NEW."clinic_id", NEW."created_at", NEW."ends_at", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."practitioner_id", NEW."starts_at"); RETURN NULL;', hash='21b04d88cdea631ee165179e350eecd9280bc58c', operation='UPDATE', pgid='pgtrigger_update_update_1ce34', table='clinic_on_call_shift', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='oncallshift',
                    trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "clinic_on_call_shift_history" ("clinic_id", "created_at", "ends_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "starts_at") VALUES (OLD."clinic_id", OLD."created_at", OLD."ends_at", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."practitioner_id", OLD."starts_at"); RETURN NULL;', hash='5493f4a445c4c40ee0ffaf904096b500305ed830', operation='DELETE', pgid='pgtrigger_delete_delete_107f0', table='clinic_on_call_shift', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='oncallshifthistory',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='94a6bcb8b539e1b0731af66d6588becf1d0bf19b', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_39f47', table='clinic_on_call_shift_history', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='credential',
                    trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "clinic_credential_history" ("clinic_id", "created_at", "depth_max_mm", "device_model_id", "document", "expires_on", "id", "issuer", "kind", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id", "valid_from") VALUES (NEW."clinic_id", NEW."created_at", NEW."depth_max_mm", NEW."device_model_id", NEW."document", NEW."expires_on", NEW."id", NEW."issuer", NEW."kind", NEW."number", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."user_id", NEW."valid_from"); RETURN NULL;', hash='b56409e50a274a99cf6ea949a7da1abff089ee66', operation='INSERT', pgid='pgtrigger_insert_insert_f9141', table='clinic_credential', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='credential',
                    trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "clinic_credential_history" ("clinic_id", "created_at", "depth_max_mm", "device_model_id", "document", "expires_on", "id", "issuer", "kind", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id", "valid_from") VALUES (NEW."clinic_id", NEW."created_at", NEW."depth_max_mm", NEW."device_model_id", NEW."document", NEW."expires_on", NEW."id", NEW."issuer", NEW."kind", NEW."number", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."user_id", NEW."valid_from"); RETURN NULL;', hash='4c1d3228545fb08dea8806419c57cc2a7ac17d7d', operation='UPDATE', pgid='pgtrigger_update_update_afded', table='clinic_credential', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='credential',
                    trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "clinic_credential_history" ("clinic_id", "created_at", "depth_max_mm", "device_model_id", "document", "expires_on", "id", "issuer", "kind", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id", "valid_from") VALUES (OLD."clinic_id", OLD."created_at", OLD."depth_max_mm", OLD."device_model_id", OLD."document", OLD."expires_on", OLD."id", OLD."issuer", OLD."kind", OLD."number", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."user_id", OLD."valid_from"); RETURN NULL;', hash='0f7dac86c2b1332756d0d20de63c7a481306d9d2', operation='DELETE', pgid='pgtrigger_delete_delete_52da0', table='clinic_credential', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='credentialhistory',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='0b58a5e4871596fc089d039f1a9c758a4eb96ff0', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_d9765', table='clinic_credential_history', when='BEFORE')),
                ),
            ],
        ),
    ]
