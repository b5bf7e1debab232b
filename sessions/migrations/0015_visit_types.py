"""What kinds of visit a clinic offers. Each that is there gets those that ship now; what a new one
gets is in sessions/catalogue/visit_types.yaml.
"""

import clinic.db.operations
import clinic.models.base
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import sessions.models.visit_type
from django.db import migrations, models

TYPES = [
    {'code': 'treatment',
     'name': 'Treatment',
     'kind': 'TREATMENT',
     'needs_device': True,
     'names': {'en': ('Treatment', 'Appointment'), 'es': ('Tratamiento', 'Cita')}},
    {'code': 'consultation',
     'name': 'Consultation',
     'kind': 'CONSULTATION',
     'minutes': 30,
     'cleaning_minutes': 5,
     'names': {'en': ('Consultation', 'Appointment'), 'es': ('Consulta', 'Cita')}},
    {'code': 'video-consultation',
     'name': 'Consultation by video',
     'kind': 'CONSULTATION',
     'mode': 'VIDEO',
     'needs_room': False,
     'minutes': 20,
     'names': {'en': ('Consultation by video', 'Video call'),
               'es': ('Consulta por vídeo', 'Videollamada')}},
    {'code': 'check',
     'name': 'Check',
     'kind': 'CHECK',
     'minutes': 15,
     'cleaning_minutes': 5,
     'names': {'en': ('Check-up', 'Appointment'), 'es': ('Revisión', 'Cita')}},
    {'code': 'check-by-phone',
     'name': 'Check by phone',
     'kind': 'CHECK',
     'mode': 'PHONE',
     'needs_room': False,
     'minutes': 10,
     'names': {'en': ('Call from the clinic', 'Phone call'),
               'es': ('Llamada de la clínica', 'Llamada')}},
    {'code': 'test-spot',
     'name': 'Test spot',
     'kind': 'TEST',
     'needs_device': True,
     'minutes': 20,
     'cleaning_minutes': 10,
     'names': {'en': ('Test on a small spot', 'Appointment'),
               'es': ('Prueba en una zona pequeña', 'Cita')}},
    {'code': 'outcome-90d',
     'name': 'Outcome visit at three months',
     'kind': 'OUTCOME',
     'minutes': 20,
     'cleaning_minutes': 5,
     'patient_may_book': True,
     'counted_from': 'LAST_SESSION',
     'window_from_days': 75,
     'window_until_days': 120,
     'names': {'en': ('Follow-up after three months', 'Appointment'),
               'es': ('Seguimiento a los tres meses', 'Cita')}},
    {'code': 'outcome-180d',
     'name': 'Outcome visit at six months',
     'kind': 'OUTCOME',
     'minutes': 20,
     'cleaning_minutes': 5,
     'patient_may_book': True,
     'counted_from': 'LAST_SESSION',
     'window_from_days': 150,
     'window_until_days': 210,
     'names': {'en': ('Follow-up after six months', 'Appointment'),
               'es': ('Seguimiento a los seis meses', 'Cita')}},
]


def add_types(apps, schema_editor):
    Clinic = apps.get_model("clinic", "Clinic")
    VisitType = apps.get_model("treatment_sessions", "VisitType")
    VisitTypeName = apps.get_model("treatment_sessions", "VisitTypeName")
    for clinic in Clinic.objects.all():
        for row in TYPES:
            values = {name: value for name, value in row.items() if name != "names"}
            visit_type = VisitType.objects.create(clinic=clinic, **values)
            for language, (name, discreet_name) in row["names"].items():
                VisitTypeName.objects.create(
                    visit_type=visit_type,
                    language=language,
                    name=name,
                    discreet_name=discreet_name,
                )


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0007_emergency_phone_of_the_country'),
        ('treatment_sessions', '0014_evidence_of_sources'),
    ]

    operations = [
        migrations.CreateModel(
            name='VisitType',
            fields=[
                ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('code', models.SlugField(help_text='What programs and message steps call it.', max_length=40)),
                ('name', models.CharField(help_text='What staff call it.', max_length=80)),
                ('kind', models.CharField(choices=[('CONSULTATION', 'Consultation'), ('TREATMENT', 'Treatment'), ('CHECK', 'Check'), ('TEST', 'Test'), ('OUTCOME', 'Outcome')], max_length=16)),
                ('mode', models.CharField(choices=[('IN_PERSON', 'In person'), ('PHONE', 'By phone'), ('VIDEO', 'By video link')], db_default='IN_PERSON', default='IN_PERSON', max_length=12)),
                ('minutes', models.PositiveSmallIntegerField(blank=True, help_text='How long it lasts. Of a treatment, its protocol says so.', null=True)),
                ('setup_minutes', models.PositiveSmallIntegerField(db_default=0, default=0, help_text='Minutes, of room and device, before it.')),
                ('cleaning_minutes', models.PositiveSmallIntegerField(db_default=0, default=0, help_text='Minutes, of room and device, after it.')),
                ('roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('RECEPTIONIST', 'Receptionist'), ('PRACTITIONER', 'Practitioner'), ('MANAGER', 'Manager'), ('ADMIN', 'Technical admin'), ('AUDITOR', 'Auditor')], max_length=16), default=sessions.models.visit_type.staff_roles, help_text='Who may carry it out.', size=None)),
                ('needs_room', models.BooleanField(db_default=True, default=True)),
                ('needs_device', models.BooleanField(db_default=False, default=False)),
                ('video_url', models.URLField(blank=True, help_text='Where such visits meet, unless a booking has a link of its own.', max_length=300, verbose_name='video link')),
                ('patient_may_book', models.BooleanField(db_default=False, default=False, help_text='By the link in a message that asks for it.')),
                ('counted_from', models.CharField(blank=True, choices=[('SESSION', 'The last treatment'), ('LAST_SESSION', 'The last treatment of the plan')], help_text='What the window below is counted from; empty: it can be at any time.', max_length=16)),
                ('window_from_days', models.PositiveSmallIntegerField(blank=True, help_text='Days after that, at the earliest.', null=True)),
                ('window_until_days', models.PositiveSmallIntegerField(blank=True, help_text='Days after that, at the latest.', null=True)),
                ('is_active', models.BooleanField(db_default=True, default=True)),
            ],
            options={
                'db_table': 'treatment_visit_type',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='VisitTypeName',
            fields=[
                ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('language', models.CharField(choices=[('en', 'English'), ('es', 'Español')], max_length=8)),
                ('name', models.CharField(help_text='On their own page.', max_length=80)),
                ('discreet_name', models.CharField(help_text='Where others may look on: says nothing of what it is for.', max_length=40)),
            ],
            options={
                'db_table': 'treatment_visit_type_name',
            },
        ),
        clinic.db.operations.AtOnce(
            operations=[
                migrations.AddField(
                    model_name='visittype',
                    name='clinic',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visit_types', to='clinic.clinic'),
                ),
                migrations.AddField(
                    model_name='visittype',
                    name='rooms',
                    field=models.ManyToManyField(blank=True, db_table='treatment_visit_type_room', help_text='Where it can be; in any room if none is chosen.', related_name='+', to='clinic.room'),
                ),
                migrations.AddField(
                    model_name='visittypename',
                    name='visit_type',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='names', to='treatment_sessions.visittype'),
                ),
                migrations.AddConstraint(
                    model_name='visittype',
                    constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['CONSULTATION', 'TREATMENT', 'CHECK', 'TEST', 'OUTCOME'])), name='visit_type_kind_known'),
                ),
                migrations.AddConstraint(
                    model_name='visittype',
                    constraint=models.CheckConstraint(condition=models.Q(('mode__in', ['IN_PERSON', 'PHONE', 'VIDEO'])), name='visit_type_mode_known'),
                ),
                migrations.AddConstraint(
                    model_name='visittype',
                    constraint=models.UniqueConstraint(fields=('clinic', 'code'), name='visit_type_code_once_per_clinic', violation_error_message='The clinic has a kind of visit of this code already.'),
                ),
                migrations.AddConstraint(
                    model_name='visittype',
                    constraint=models.UniqueConstraint(condition=models.Q(('kind', 'TREATMENT')), fields=('clinic',), name='visit_type_one_treatment_per_clinic', violation_error_message='The clinic has its treatments already: their protocols say how they differ.'),
                ),
                migrations.AddConstraint(
                    model_name='visittype',
                    constraint=models.UniqueConstraint(fields=('id', 'clinic', 'kind'), name='visit_type_key_with_copies'),
                ),
                migrations.AddConstraint(
                    model_name='visittype',
                    constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'TREATMENT'), _negated=True), models.Q(('is_active', True), ('minutes__isnull', True), ('mode', 'IN_PERSON'), ('needs_device', True), ('needs_room', True), ('patient_may_book', False), ('roles', ['PRACTITIONER'])), _connector='OR'), name='visit_type_of_treatments', violation_error_message='A treatment is in person, in a room, with a device, by a practitioner, and as long as its protocol says; it is always offered.'),
                ),
                migrations.AddConstraint(
                    model_name='visittype',
                    constraint=models.CheckConstraint(condition=models.Q(('kind', 'TREATMENT'), models.Q(('cleaning_minutes__lte', 240), ('minutes__isnull', False), ('minutes__range', (5, 480)), ('setup_minutes__lte', 240)), _connector='OR'), name='visit_type_takes_time', violation_error_message='A visit lasts 5 to 480 minutes, set-up and cleaning at most 240 each.'),
                ),
                migrations.AddConstraint(
                    model_name='visittype',
                    constraint=models.CheckConstraint(condition=models.Q(('mode', 'IN_PERSON'), models.Q(('needs_device', False), ('needs_room', False)), _connector='OR'), name='visit_type_remote_without_room', violation_error_message='A visit by phone or video needs no room and no device.'),
                ),
                migrations.AddConstraint(
                    model_name='visittype',
                    constraint=models.CheckConstraint(condition=models.Q(('video_url', ''), ('mode', 'VIDEO'), _connector='OR'), name='visit_type_link_of_video', violation_error_message='Only a visit by video has a video link.'),
                ),
                migrations.AddConstraint(
                    model_name='visittype',
                    constraint=models.CheckConstraint(condition=models.Q(('roles__contained_by', ['PRACTITIONER', 'RECEPTIONIST', 'MANAGER']), models.Q(('roles', []), _negated=True)), name='visit_type_by_somebody', violation_error_message='Practitioners, receptionists or managers carry it out.'),
                ),
                migrations.AddConstraint(
                    model_name='visittype',
                    constraint=models.CheckConstraint(condition=models.Q(('counted_from__in', ['', 'SESSION', 'LAST_SESSION'])), name='visit_type_counted_from_known'),
                ),
                migrations.AddConstraint(
                    model_name='visittype',
                    constraint=models.CheckConstraint(condition=models.Q(models.Q(('counted_from', ''), ('window_from_days__isnull', True), ('window_until_days__isnull', True)), models.Q(models.Q(('counted_from', ''), _negated=True), ('window_from_days__isnull', False), ('window_until_days__gte', models.F('window_from_days')), ('window_until_days__isnull', False), ('window_until_days__lte', 1096)), _connector='OR'), name='visit_type_window_ordered', violation_error_message='A window says what it is counted from, and its first and last day, in this order; or none of these.'),
                ),
                migrations.AddConstraint(
                    model_name='visittypename',
                    constraint=models.UniqueConstraint(fields=('visit_type', 'language'), name='visit_type_name_once_per_language'),
                ),
            ],
        ),
        migrations.RunPython(add_types, migrations.RunPython.noop),
    ]
