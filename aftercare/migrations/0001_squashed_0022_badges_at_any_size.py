"""What the migrations from 0001 to 0022 make, in one: for new databases.

Django builds its models anew after each change, so that 170 migrations cost a new database most of
a minute. A database that has run some of them runs the others one by one, as it always did
(docs/decisions/0076-new-databases-are-made-at-once.md).
"""

import aftercare.models.sequence
import clinic.db.operations
import clinic.models.base
import datetime
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('aftercare', '0001_initial'),
        ('aftercare', '0002_messages_of_a_clinic'),
        ('aftercare', '0003_messages_of_a_cancellation'),
        ('aftercare', '0004_texts_in_words'),
        ('aftercare', '0005_moves_of_messages'),
        ('aftercare', '0006_after_an_abort'),
        ('aftercare', '0007_steps_of_visits'),
        ('aftercare', '0008_answers_of_replies'),
        ('aftercare', '0009_visits_that_are_asked_for'),
        ('aftercare', '0010_announce_what_has_moved'),
        ('aftercare', '0011_staff_alerts'),
        ('aftercare', '0012_answers_of_staff'),
        ('aftercare', '0013_birth_dates_at_links'),
        ('aftercare', '0014_outages'),
        ('aftercare', '0015_notices_of_recalls'),
        ('aftercare', '0016_addresses_of_somebody_else'),
        ('aftercare', '0017_watch_texts_by_day'),
        ('aftercare', '0018_lists_of_any_size'),
        ('aftercare', '0019_late_and_away'),
        ('aftercare', '0021_planned_anew_by_a_worker'),
        ('aftercare', '0022_badges_at_any_size'),
    ]

    initial = True

    dependencies = [
        ('clinic', '0032_years_of_records'),
        ('patients', '0044_erasures'),
        ('treatment_sessions', '0050_filters_of_the_admin'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        clinic.db.operations.AtOnce(
            operations=[
                migrations.CreateModel(
                    name='CareStep',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('code', models.SlugField(help_text='The same for all protocols.', max_length=40)),
                        ('protocol', models.ForeignKey(blank=True, help_text='Empty: for every protocol that has no such step for itself.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='treatment_sessions.protocol')),
                        ('name', models.CharField(max_length=80)),
                        ('anchor', models.CharField(choices=[('BOOKED', 'When the session is booked'), ('STARTS', 'When the session starts'), ('COMPLETED', 'When the session is completed'), ('LAST_SESSION', 'When the last session of the plan is completed'), ('ABORTED', 'When a session that has needled is aborted'), ('MISSED', 'When the patient did not come'), ('CANCELLED', 'When the session is cancelled'), ('MOVED', 'When the session is moved to another time'), ('ANSWERED', 'When staff answer what the patient has written'), ('LINK_CLOSED', 'When a link closes after wrong birth dates'), ('LOT_RECALLED', 'When a lot that was used at the session is recalled'), ('LATE', 'When the practitioner is running late'), ('AWAY', 'When the practitioner is away and another time is offered')], max_length=16, verbose_name='counted from')),
                        ('offset', models.DurationField(help_text='How long before or after it.')),
                        ('from_next_window', models.BooleanField(db_default=False, default=False, help_text="Adds the protocol's shortest target interval to the offset.", verbose_name='from when the next session is due')),
                        ('useful_for', models.DurationField(help_text='Later than this, it is not sent.')),
                        ('channel_policy', models.CharField(choices=[('EMAIL', 'E-mail'), ('SMS', 'SMS'), ('BOTH', 'E-mail and SMS'), ('EMAIL_ELSE_SMS', 'E-mail, or else SMS'), ('SMS_ELSE_EMAIL', 'SMS, or else e-mail')], default='EMAIL', max_length=16, verbose_name='channels')),
                        ('purpose', models.CharField(choices=[('CARE', 'Appointments and aftercare'), ('RECALL', 'Recall and maintenance offers')], default='CARE', max_length=8)),
                        ('is_safety', models.BooleanField(db_default=False, default=False, help_text='Says when to call. Its SMS does not count towards the SMS limit.', verbose_name='warning signs')),
                        ('skin_types', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(choices=[(1, 'I'), (2, 'II'), (3, 'III'), (4, 'IV'), (5, 'V'), (6, 'VI')]), blank=True, default=list, help_text='Only for these; for all if none is ticked.', size=None)),
                        ('zones', django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=40), blank=True, default=list, help_text='Only if one of them was treated; for all if none is ticked.', size=None)),
                        ('anaesthetic_used', models.BooleanField(blank=True, help_text='Only if the skin was, or was not, numbed.', null=True)),
                        ('next_session_booked', models.BooleanField(blank=True, help_text='Yes: only if the plan has another one booked. No: only if the plan has sessions left and none is booked.', null=True)),
                        ('is_active', models.BooleanField(default=True)),
                        ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('CONSULTATION', 'Consultation'), ('TREATMENT', 'Treatment'), ('CHECK', 'Check'), ('TEST', 'Test'), ('OUTCOME', 'Outcome')], max_length=16), default=aftercare.models.sequence.of_treatments, help_text='For which visits. What speaks of skin is for treatments only.', size=None)),
                        ('asks_for', models.SlugField(blank=True, db_default='', default='', help_text='Code of a kind of visit, such as outcome-90d. Withdrawn once the plan has it booked.', max_length=40, verbose_name='asks to book')),
                        ('at_time', models.TimeField(blank=True, help_text="On the patient's clock, on the day that the offset leads to. Empty: so long after to the minute.", null=True, verbose_name='time of day')),
                    ],
                    options={
                        'db_table': 'aftercare_step',
                        'constraints': [models.UniqueConstraint(fields=('code', 'protocol'), name='care_step_once_per_protocol', nulls_distinct=False, violation_error_message='This protocol has a step of this code already.'), models.CheckConstraint(condition=models.Q(('channel_policy__in', ['EMAIL', 'SMS', 'BOTH', 'EMAIL_ELSE_SMS', 'SMS_ELSE_EMAIL'])), name='care_step_channel_policy_known'), models.CheckConstraint(condition=models.Q(('purpose__in', ['CARE', 'RECALL'])), name='care_step_purpose_known'), models.CheckConstraint(condition=models.Q(('useful_for__gt', datetime.timedelta(0))), name='care_step_is_useful_for_a_while', violation_error_message='A message must be useful for some time.'), models.CheckConstraint(condition=models.Q(('offset__range', (datetime.timedelta(days=-1096), datetime.timedelta(days=1096))), ('useful_for__lte', datetime.timedelta(days=366))), name='care_step_within_three_years', violation_error_message='A step lies within three years of its anchor, and is useful for a year at most.'), models.CheckConstraint(condition=models.Q(models.Q(('anchor', 'STARTS'), ('offset__lt', datetime.timedelta(0))), models.Q(models.Q(('anchor', 'STARTS'), _negated=True), ('offset__gte', datetime.timedelta(0))), models.Q(('anchor__in', ('COMPLETED', 'LAST_SESSION', 'ABORTED')), ('from_next_window', True)), _connector='OR'), name='care_step_on_its_side_of_the_anchor', violation_error_message='Steps counted from the start come before it, with a negative offset; all others come after.'), models.CheckConstraint(condition=models.Q(('from_next_window', False), ('anchor__in', ('COMPLETED', 'LAST_SESSION', 'ABORTED')), _connector='OR'), name='care_step_window_after_treatment', violation_error_message='Only a completed session has a next one to count from.'), models.CheckConstraint(condition=models.Q(('anchor__in', ('COMPLETED', 'LAST_SESSION', 'ABORTED')), models.Q(('anaesthetic_used__isnull', True), ('zones', [])), _connector='OR'), name='care_step_asks_what_is_known', violation_error_message='Zones and numbing are known once a session is over.'), models.CheckConstraint(condition=models.Q(('kinds__len__gte', 1), ('kinds__contained_by', ['CONSULTATION', 'TREATMENT', 'CHECK', 'TEST', 'OUTCOME'])), name='care_step_of_known_kinds', violation_error_message='Name at least one kind of visit.'), models.CheckConstraint(condition=models.Q(('asks_for', ''), ('anchor__in', ('COMPLETED', 'LAST_SESSION', 'ABORTED')), _connector='OR'), name='care_step_asks_after_treatment', violation_error_message='Only a treatment is followed by such a visit.'), models.CheckConstraint(condition=models.Q(('at_time__isnull', True), models.Q(('anchor__in', ('COMPLETED', 'LAST_SESSION', 'ABORTED')), ('offset__gte', datetime.timedelta(days=1))), _connector='OR'), name='care_step_time_of_a_later_day', violation_error_message='A time of day is for what comes a day or more after a treatment.'), models.CheckConstraint(condition=models.Q(models.Q(('kinds__overlap', ('CONSULTATION', 'CHECK', 'TEST', 'OUTCOME')), _negated=True), models.Q(models.Q(('anchor__in', ('COMPLETED', 'LAST_SESSION', 'ABORTED')), _negated=True), ('skin_types', [])), models.Q(('anchor', 'COMPLETED'), ('kinds__contained_by', ('TREATMENT', 'TEST')), ('skin_types', [])), _connector='OR'), name='care_step_asks_of_treatments', violation_error_message='What follows on a treatment, or depends on the skin, is for treatments only. A test of a spot may be followed once it is completed.'), models.CheckConstraint(condition=models.Q(('anchor__in', ['BOOKED', 'STARTS', 'COMPLETED', 'LAST_SESSION', 'ABORTED', 'MISSED', 'CANCELLED', 'MOVED', 'ANSWERED', 'LINK_CLOSED', 'LOT_RECALLED', 'LATE', 'AWAY'])), name='care_step_anchor_known')],
                    },
                ),
                migrations.CreateModel(
                    name='DispatchGuard',
                    fields=[
                        ('id', models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                        ('system_identifier', models.CharField(help_text='Of the PostgreSQL cluster.', max_length=20)),
                        ('timeline', models.PositiveIntegerField(help_text='Rises when a standby or a backup takes over.')),
                        ('database_oid', models.PositiveBigIntegerField(help_text='Of the database in its cluster.')),
                        ('site', models.CharField(help_text='The host name that patients reach it by.', max_length=253)),
                        ('adopted_at', models.DateTimeField()),
                    ],
                    options={
                        'db_table': 'aftercare_dispatch_guard',
                        'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='dispatch_guard_is_one_row')],
                    },
                ),
                migrations.CreateModel(
                    name='MessageTemplate',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('step', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='templates', to='aftercare.carestep')),
                        ('channel', models.CharField(choices=[('EMAIL', 'E-mail'), ('SMS', 'SMS')], max_length=8)),
                        ('language', models.CharField(choices=[('en', 'English'), ('es', 'Español')], max_length=8)),
                        ('version', models.PositiveIntegerField()),
                        ('subject', models.CharField(blank=True, help_text='Of an e-mail.', max_length=120)),
                        ('body', models.TextField(max_length=10000)),
                        ('max_parts', models.PositiveSmallIntegerField(db_default=1, default=1, help_text='How many SMS it may cost at the longest.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(4)], verbose_name='most SMS parts')),
                    ],
                    options={
                        'db_table': 'aftercare_template',
                        'constraints': [models.UniqueConstraint(fields=('step', 'channel', 'language', 'version'), name='template_version_once'), models.CheckConstraint(condition=models.Q(('channel__in', ['EMAIL', 'SMS'])), name='template_channel_known'), models.CheckConstraint(condition=models.Q(models.Q(('channel', 'EMAIL'), models.Q(('subject', ''), _negated=True)), models.Q(('channel', 'SMS'), ('subject', '')), _connector='OR'), name='template_subject_iff_email', violation_error_message='An e-mail needs a subject, an SMS has none.'), models.CheckConstraint(condition=models.Q(('max_parts__range', (1, 4))), name='template_max_parts_1_to_4', violation_error_message='An SMS has 1 to 4 parts.')],
                    },
                ),
                migrations.CreateModel(
                    name='Message',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('clinic', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='clinic.clinic')),
                        ('patient', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='patients.patient')),
                        ('session', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='treatment_sessions.treatmentsession')),
                        ('step', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='aftercare.carestep')),
                        ('channel', models.CharField(choices=[('EMAIL', 'E-mail'), ('SMS', 'SMS')], max_length=8)),
                        ('occurrence', models.PositiveSmallIntegerField(default=1)),
                        ('status', models.CharField(choices=[('PENDING', 'Pending'), ('CLAIMED', 'Claimed by a worker'), ('SENDING', 'Being sent'), ('SENT', 'Sent'), ('DELIVERED', 'Delivered'), ('IN_DOUBT', 'In doubt'), ('FAILED', 'Failed'), ('CANCELLED', 'Cancelled'), ('SUPPRESSED', 'Suppressed'), ('EXPIRED', 'Expired')], db_default='PENDING', default='PENDING', max_length=12)),
                        ('reason', models.CharField(blank=True, max_length=300)),
                        ('due_at', models.DateTimeField()),
                        ('expires_at', models.DateTimeField()),
                        ('attempts', models.PositiveSmallIntegerField(default=0)),
                        ('worker', models.CharField(blank=True, max_length=40)),
                        ('lease_until', models.DateTimeField(null=True)),
                        ('template', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='aftercare.messagetemplate')),
                        ('provider_id', models.CharField(blank=True, max_length=200)),
                        ('sent_at', models.DateTimeField(null=True)),
                        ('delivered_at', models.DateTimeField(null=True)),
                        ('ended_at', models.DateTimeField(help_text='When it left the queue, sent or not.', null=True)),
                        ('answer', models.ForeignKey(db_index=False, help_text='What staff have answered, if this tells it.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='aftercare.staffanswer')),
                        ('recall_notice', models.ForeignKey(db_index=False, help_text='What is recalled, if this tells of it.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='aftercare.recallnotice')),
                    ],
                    options={
                        'db_table': 'aftercare_message',
                        'indexes': [models.Index(condition=models.Q(('status', 'PENDING')), fields=['due_at', 'id'], name='message_pending_by_due'), models.Index(condition=models.Q(('status__in', ('CLAIMED', 'SENDING'))), fields=['lease_until'], name='message_leased'), models.Index(condition=models.Q(('status', 'PENDING')), fields=['expires_at'], name='message_pending_by_expiry'), models.Index(condition=models.Q(('status', 'IN_DOUBT')), fields=['ended_at'], name='message_in_doubt'), models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['ended_at'], name='message_by_end'), models.Index(fields=['patient', 'due_at'], name='message_by_patient'), models.Index(fields=['clinic', 'due_at'], name='message_by_clinic_due'), models.Index(condition=models.Q(('answer__isnull', False)), fields=['answer'], name='message_of_answer'), models.Index(condition=models.Q(('recall_notice__isnull', False)), fields=['recall_notice'], name='message_of_recall_notice'), models.Index(condition=models.Q(('status__in', ('CLAIMED', 'SENDING')), _negated=True), fields=['clinic', 'status', 'due_at', 'id'], name='message_by_clinic_status'), models.Index(condition=models.Q(('status', 'FAILED')), fields=['clinic', 'ended_at'], name='message_failed')],
                        'constraints': [models.UniqueConstraint(fields=('session', 'step', 'channel', 'occurrence'), name='message_once_per_session_step_channel'), models.CheckConstraint(condition=models.Q(('status__in', ['PENDING', 'CLAIMED', 'SENDING', 'SENT', 'DELIVERED', 'IN_DOUBT', 'FAILED', 'CANCELLED', 'SUPPRESSED', 'EXPIRED'])), name='message_status_known'), models.CheckConstraint(condition=models.Q(('channel__in', ['EMAIL', 'SMS'])), name='message_channel_known'), models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('status__in', ('SENT', 'DELIVERED'))), ('status', 'FAILED'), models.Q(models.Q(('status__in', ('SENT', 'DELIVERED')), _negated=True), ('sent_at__isnull', True)), _connector='OR'), name='message_sent_iff_sent_at'), models.CheckConstraint(condition=models.Q(models.Q(('delivered_at__isnull', False), ('status', 'DELIVERED')), models.Q(models.Q(('status', 'DELIVERED'), _negated=True), ('delivered_at__isnull', True)), _connector='OR'), name='message_delivered_iff_delivered_at'), models.CheckConstraint(condition=models.Q(models.Q(('lease_until__isnull', False), ('status__in', ('CLAIMED', 'SENDING')), models.Q(('worker', ''), _negated=True)), models.Q(models.Q(('status__in', ('CLAIMED', 'SENDING')), _negated=True), ('lease_until__isnull', True), ('worker', '')), _connector='OR'), name='message_leased_iff_held'), models.CheckConstraint(condition=models.Q(models.Q(('status__in', ('IN_DOUBT', 'FAILED', 'CANCELLED', 'SUPPRESSED', 'EXPIRED')), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='message_unsent_has_a_reason')],
                    },
                ),
                migrations.CreateModel(
                    name='InboundMessage',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('channel', models.CharField(choices=[('EMAIL', 'E-mail'), ('SMS', 'SMS')], max_length=8)),
                        ('sender', models.CharField(max_length=254)),
                        ('to', models.CharField(blank=True, max_length=254)),
                        ('body', models.TextField(blank=True, max_length=4000)),
                        ('provider', models.CharField(max_length=16)),
                        ('provider_id', models.CharField(max_length=200)),
                        ('received_at', models.DateTimeField()),
                        ('keyword', models.CharField(blank=True, choices=[('STOP', 'Stop'), ('CANCEL', 'Cancel'), ('START', 'Start'), ('YES', 'Yes'), ('CONFIRM', 'Confirm'), ('CHANGE', 'Change'), ('HELP', 'Help')], max_length=8)),
                        ('maybe_opt_out', models.BooleanField(default=False, verbose_name='maybe an opt-out')),
                        ('audience', models.CharField(choices=[('FRONT_DESK', 'Front desk'), ('CLINICAL', 'Clinicians'), ('MANAGER', 'Manager')], db_default='FRONT_DESK', default='FRONT_DESK', max_length=12)),
                        ('clinic', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='clinic.clinic')),
                        ('patient', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='inbound_messages', to='patients.patient')),
                        ('message', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replies', to='aftercare.message')),
                        ('task', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='patients.stafftask')),
                        ('reply', models.CharField(blank=True, max_length=480)),
                        ('handled_at', models.DateTimeField(null=True)),
                        ('handled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                        ('offered', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), db_default=[], default=list, help_text='The visits that our answer numbered, from 1.', size=None)),
                        ('reply_kind', models.CharField(blank=True, db_default='', help_text='Which of our answers it was.', max_length=20)),
                        ('handled_note', models.CharField(blank=True, db_default='', default='', help_text='What was found and done.', max_length=500, verbose_name='note')),
                    ],
                    options={
                        'db_table': 'aftercare_inbound_message',
                        'indexes': [models.Index(condition=models.Q(('handled_at__isnull', True)), fields=['id'], name='inbound_unhandled'), models.Index(fields=['sender', '-id'], name='inbound_by_sender'), models.Index(fields=['audience', 'id'], name='inbound_by_audience'), models.Index(condition=models.Q(('keyword', ''), _negated=True), fields=['keyword', 'id'], name='inbound_by_keyword'), models.Index(condition=models.Q(('maybe_opt_out', True)), fields=['id'], name='inbound_maybe_opt_out'), models.Index(condition=models.Q(('handled_at__isnull', True)), fields=['clinic', 'received_at'], name='inbound_unhandled_lately')],
                        'constraints': [models.UniqueConstraint(fields=('provider', 'provider_id'), name='inbound_once_per_provider'), models.CheckConstraint(condition=models.Q(('channel__in', ['EMAIL', 'SMS'])), name='inbound_channel_known'), models.CheckConstraint(condition=models.Q(('keyword__in', ['', 'STOP', 'CANCEL', 'START', 'YES', 'CONFIRM', 'CHANGE', 'HELP'])), name='inbound_keyword_known'), models.CheckConstraint(condition=models.Q(('handled_at__isnull', False), ('handled_by__isnull', True), _connector='OR'), name='inbound_handled_at_before_by'), models.CheckConstraint(condition=models.Q(('patient__isnull', True), ('clinic__isnull', False), _connector='OR'), name='inbound_is_of_its_patients_clinic'), models.CheckConstraint(condition=models.Q(('audience__in', ['FRONT_DESK', 'CLINICAL', 'MANAGER'])), name='inbound_audience_known')],
                    },
                ),
                migrations.CreateModel(
                    name='DeliveryReceipt',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('provider', models.CharField(max_length=16)),
                        ('event_id', models.CharField(max_length=200)),
                        ('message', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='receipts', to='aftercare.message')),
                        ('kind', models.CharField(choices=[('SENT', 'Accepted'), ('DELIVERED', 'Delivered'), ('SOFT_BOUNCE', 'Bounced for now'), ('HARD_BOUNCE', 'The address does not exist'), ('COMPLAINT', 'Reported as spam'), ('FAILED', 'Not delivered')], max_length=12)),
                        ('occurred_at', models.DateTimeField()),
                        ('received_at', models.DateTimeField()),
                        ('detail', models.CharField(blank=True, max_length=300)),
                    ],
                    options={
                        'db_table': 'aftercare_delivery_receipt',
                        'constraints': [models.UniqueConstraint(fields=('provider', 'event_id'), name='receipt_once_per_event'), models.CheckConstraint(condition=models.Q(('kind__in', ['SENT', 'DELIVERED', 'SOFT_BOUNCE', 'HARD_BOUNCE', 'COMPLAINT', 'FAILED'])), name='receipt_kind_known')],
                    },
                ),
                migrations.CreateModel(
                    name='AddressConsent',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('channel', models.CharField(choices=[('EMAIL', 'E-mail'), ('SMS', 'SMS')], max_length=8)),
                        ('address', models.CharField(help_text='E.164, or e-mail in lower case.', max_length=254)),
                        ('purpose', models.CharField(choices=[('CARE', 'Appointments and aftercare'), ('RECALL', 'Recall and maintenance offers')], max_length=8)),
                        ('granted', models.BooleanField()),
                        ('source', models.CharField(choices=[('REPLY', 'A reply from this number'), ('UNSUBSCRIBE_LINK', 'The unsubscribe link'), ('PREFERENCES', 'The settings page'), ('COMPLAINT', 'A spam complaint'), ('HARD_BOUNCE', 'The address does not exist'), ('NOT_THEIRS', 'Whoever has it is not the patient'), ('STAFF', 'Staff')], max_length=16)),
                        ('wording', models.CharField(help_text='What was said, or reported.', max_length=500)),
                        ('recorded_at', models.DateTimeField(editable=False)),
                        ('recorded_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                        ('message', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='aftercare.message')),
                    ],
                    options={
                        'db_table': 'aftercare_address_consent',
                        'indexes': [models.Index(fields=['channel', 'address', 'purpose', '-id'], name='address_consent_newest')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('channel__in', ['EMAIL', 'SMS'])), name='address_consent_channel_known'), models.CheckConstraint(condition=models.Q(('purpose__in', ['CARE', 'RECALL'])), name='address_consent_purpose_known'), models.CheckConstraint(condition=models.Q(models.Q(('recorded_by__isnull', False), ('source', 'STAFF')), models.Q(models.Q(('source', 'STAFF'), _negated=True), ('recorded_by__isnull', True)), _connector='OR'), name='address_consent_staff_has_a_name'), models.CheckConstraint(condition=models.Q(('source__in', ['REPLY', 'UNSUBSCRIBE_LINK', 'PREFERENCES', 'COMPLAINT', 'HARD_BOUNCE', 'NOT_THEIRS', 'STAFF'])), name='address_consent_source_known')],
                    },
                ),
                migrations.CreateModel(
                    name='MessageAttempt',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('message', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='tries', to='aftercare.message')),
                        ('number', models.PositiveSmallIntegerField(help_text='Counted from 1 for each message.')),
                        ('provider', models.CharField(help_text='smtp, anymail, http, twilio, capture.', max_length=16)),
                        ('worker', models.CharField(max_length=40)),
                        ('started_at', models.DateTimeField()),
                        ('duration_ms', models.PositiveIntegerField(help_text='How long the provider took; unknown if the worker died.', null=True)),
                        ('outcome', models.CharField(choices=[('ACCEPTED', 'Accepted by the provider'), ('REFUSED', 'Certainly not accepted'), ('UNKNOWN', 'Accepted or not: unknown'), ('DIED', 'The worker died')], max_length=8)),
                        ('provider_id', models.CharField(blank=True, max_length=200)),
                        ('detail', models.CharField(blank=True, max_length=300)),
                    ],
                    options={
                        'db_table': 'aftercare_message_attempt',
                        'indexes': [models.Index(condition=models.Q(('provider_id', ''), _negated=True), fields=['provider_id'], name='message_attempt_by_provider_id')],
                        'constraints': [models.UniqueConstraint(fields=('message', 'number', 'outcome'), name='message_attempt_outcome_once'), models.CheckConstraint(condition=models.Q(('outcome__in', ['ACCEPTED', 'REFUSED', 'UNKNOWN', 'DIED'])), name='message_attempt_outcome_known'), models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='message_attempt_counted_from_one')],
                    },
                ),
                migrations.CreateModel(
                    name='MessageHistory',
                    fields=[
                        ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                        ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                        ('pgh_label', models.TextField(help_text='The event label.')),
                        ('status', models.CharField(choices=[('PENDING', 'Pending'), ('CLAIMED', 'Claimed by a worker'), ('SENDING', 'Being sent'), ('SENT', 'Sent'), ('DELIVERED', 'Delivered'), ('IN_DOUBT', 'In doubt'), ('FAILED', 'Failed'), ('CANCELLED', 'Cancelled'), ('SUPPRESSED', 'Suppressed'), ('EXPIRED', 'Expired')], db_default='PENDING', default='PENDING', max_length=12)),
                        ('reason', models.CharField(blank=True, max_length=300)),
                        ('due_at', models.DateTimeField()),
                        ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                        ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='aftercare.message')),
                    ],
                    options={
                        'db_table': 'aftercare_message_history',
                        'abstract': False,
                    },
                ),
                migrations.CreateModel(
                    name='StaffAlert',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('step', models.PositiveSmallIntegerField(choices=[(1, 'on call'), (2, 'next on call'), (3, 'manager')])),
                        ('channel', models.CharField(choices=[('EMAIL', 'E-mail'), ('SMS', 'SMS')], max_length=8)),
                        ('raised_at', models.DateTimeField()),
                        ('due_at', models.DateTimeField(help_text='Of the next try.')),
                        ('tries', models.PositiveSmallIntegerField(db_default=0, default=0)),
                        ('sent_at', models.DateTimeField(null=True)),
                        ('ended_at', models.DateTimeField(help_text='When it was given up; detail says why.', null=True)),
                        ('detail', models.CharField(blank=True, max_length=300)),
                        ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='alerts', to=settings.AUTH_USER_MODEL)),
                        ('task', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='alerts', to='patients.stafftask')),
                    ],
                    options={
                        'db_table': 'aftercare_staff_alert',
                        'indexes': [models.Index(condition=models.Q(('ended_at__isnull', True), ('sent_at__isnull', True)), fields=['due_at'], name='staff_alert_waiting')],
                        'constraints': [models.UniqueConstraint(fields=('task', 'step', 'person', 'channel'), name='staff_alert_once_a_person_and_step'), models.CheckConstraint(condition=models.Q(('step__in', [1, 2, 3])), name='staff_alert_step_known'), models.CheckConstraint(condition=models.Q(('channel__in', ['EMAIL', 'SMS'])), name='staff_alert_channel_known'), models.CheckConstraint(condition=models.Q(('sent_at__isnull', True), ('ended_at__isnull', True), _connector='OR'), name='staff_alert_sent_or_given_up')],
                    },
                ),
                migrations.CreateModel(
                    name='StaffAnswer',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('text', models.TextField(max_length=2000)),
                        ('channel', models.CharField(choices=[('EMAIL', 'E-mail'), ('SMS', 'SMS')], max_length=8)),
                        ('as_link', models.BooleanField(default=False, help_text='The SMS has a link to the words, not the words.')),
                        ('sms_parts', models.PositiveSmallIntegerField(help_text='How many SMS it costs.', null=True)),
                        ('answered_at', models.DateTimeField()),
                        ('answered_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                        ('inbound', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='aftercare.inboundmessage')),
                    ],
                    options={
                        'verbose_name': 'answer',
                        'db_table': 'aftercare_staff_answer',
                        'constraints': [models.UniqueConstraint(models.F('inbound'), models.F('answered_by'), django.db.models.functions.text.MD5('text'), name='staff_answer_said_once'), models.CheckConstraint(condition=models.Q(('channel__in', ['EMAIL', 'SMS'])), name='staff_answer_channel_known'), models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='staff_answer_has_words'), models.CheckConstraint(condition=models.Q(models.Q(('channel', 'SMS'), ('sms_parts__gte', 1)), models.Q(('as_link', False), ('channel', 'EMAIL'), ('sms_parts__isnull', True)), _connector='OR'), name='staff_answer_parts_iff_sms')],
                    },
                ),
                migrations.CreateModel(
                    name='BirthDateTry',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('number', models.PositiveSmallIntegerField()),
                        ('tried_at', models.DateTimeField()),
                        ('message', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='birth_date_tries', to='aftercare.message')),
                    ],
                    options={
                        'db_table': 'aftercare_birth_date_try',
                        'constraints': [models.UniqueConstraint(fields=('message', 'number'), name='birth_date_try_once'), models.CheckConstraint(condition=models.Q(('number__range', (1, 5))), name='birth_date_try_1_to_5')],
                    },
                ),
                migrations.CreateModel(
                    name='LinkAccess',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('secret_sha256', models.CharField(max_length=64, unique=True)),
                        ('opened_at', models.DateTimeField()),
                        ('message', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accesses', to='aftercare.message')),
                    ],
                    options={
                        'db_table': 'aftercare_link_access',
                    },
                ),
                migrations.CreateModel(
                    name='Outage',
                    fields=[
                        ('channel', models.CharField(choices=[('EMAIL', 'E-mail'), ('SMS', 'SMS')], max_length=8, primary_key=True, serialize=False)),
                        ('opened_at', models.DateTimeField(help_text='When it began; none is on without.', null=True)),
                        ('paused_until', models.DateTimeField(help_text='When one message is tried again.', null=True)),
                        ('refusals', models.PositiveIntegerField(default=0)),
                        ('reply', models.CharField(help_text='What the provider said last, masked.', max_length=300)),
                        ('suspect_id', models.UUIDField(help_text='The message that was refused first.')),
                    ],
                    options={
                        'db_table': 'aftercare_outage',
                        'constraints': [models.CheckConstraint(condition=models.Q(('channel__in', ['EMAIL', 'SMS'])), name='outage_channel_known'), models.CheckConstraint(condition=models.Q(models.Q(('opened_at__isnull', True), ('paused_until__isnull', True)), models.Q(('opened_at__isnull', False), ('paused_until__isnull', False)), _connector='OR'), name='outage_open_iff_paused')],
                    },
                ),
                migrations.CreateModel(
                    name='RecallNotice',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('issued_at', models.DateTimeField(help_text='When the patient was to be told (UTC).')),
                        ('told_at', models.DateTimeField(help_text='When the first message was sent (UTC).', null=True)),
                        ('read_at', models.DateTimeField(help_text='When “I have read this” was pressed (UTC).', null=True)),
                        ('call_asked_at', models.DateTimeField(null=True)),
                        ('call_reason', models.CharField(blank=True, choices=[('SILENT', 'Has not said that it was read'), ('UNREACHABLE', 'No message can arrive')], max_length=12)),
                        ('called_at', models.DateTimeField(null=True)),
                        ('outcome', models.CharField(blank=True, help_text='What the patient said when called.', max_length=500)),
                        ('state', models.GeneratedField(db_persist=True, expression=models.Case(models.When(read_at__isnull=False, then=models.Value('READ')), models.When(called_at__isnull=False, then=models.Value('CALLED')), models.When(call_reason='UNREACHABLE', then=models.Value('UNREACHABLE')), models.When(call_reason='SILENT', then=models.Value('SILENT')), models.When(then=models.Value('TOLD'), told_at__isnull=False), default=models.Value('WAITING')), output_field=models.CharField(choices=[('WAITING', 'Not told yet'), ('TOLD', 'Told'), ('READ', 'Has read it'), ('SILENT', 'Silent, to be called'), ('UNREACHABLE', 'Unreachable, to be called'), ('CALLED', 'Called')], max_length=12))),
                        ('called_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                        ('lot', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='recall_notices', to='clinic.cartridgelot')),
                        ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='recall_notices', to='patients.patient')),
                        ('session', models.ForeignKey(help_text='The latest one at which the lot was used.', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='treatment_sessions.treatmentsession')),
                    ],
                    options={
                        'verbose_name': 'notice of a recall',
                        'verbose_name_plural': 'notices of recalls',
                        'db_table': 'aftercare_recall_notice',
                        'indexes': [models.Index(condition=models.Q(('call_asked_at', None), ('called_at', None), ('read_at', None)), fields=['issued_at'], name='recall_notice_unsettled')],
                        'constraints': [models.UniqueConstraint(fields=('lot', 'patient'), name='recall_notice_once_per_patient'), models.CheckConstraint(condition=models.Q(('told_at__isnull', True), ('told_at__gte', models.F('issued_at')), _connector='OR'), name='recall_notice_told_once_issued'), models.CheckConstraint(condition=models.Q(('read_at__isnull', True), models.Q(('read_at__gte', models.F('told_at')), ('told_at__isnull', False)), _connector='OR'), name='recall_notice_read_once_told'), models.CheckConstraint(condition=models.Q(models.Q(('call_asked_at__isnull', True), ('call_reason', '')), models.Q(('call_asked_at__isnull', False), ('call_reason__in', ['SILENT', 'UNREACHABLE'])), _connector='OR'), name='recall_notice_call_asked_iff_reason'), models.CheckConstraint(condition=models.Q(models.Q(('called_at__isnull', True), ('called_by__isnull', True), ('outcome', '')), models.Q(('call_asked_at__isnull', False), ('called_at__isnull', False), ('called_by__isnull', False), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='recall_notice_called_with_outcome')],
                    },
                ),
                migrations.CreateModel(
                    name='RecallNoticeHistory',
                    fields=[
                        ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                        ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                        ('pgh_label', models.TextField(help_text='The event label.')),
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('issued_at', models.DateTimeField(help_text='When the patient was to be told (UTC).')),
                        ('told_at', models.DateTimeField(help_text='When the first message was sent (UTC).', null=True)),
                        ('read_at', models.DateTimeField(help_text='When “I have read this” was pressed (UTC).', null=True)),
                        ('call_asked_at', models.DateTimeField(null=True)),
                        ('call_reason', models.CharField(blank=True, choices=[('SILENT', 'Has not said that it was read'), ('UNREACHABLE', 'No message can arrive')], max_length=12)),
                        ('called_at', models.DateTimeField(null=True)),
                        ('outcome', models.CharField(blank=True, help_text='What the patient said when called.', max_length=500)),
                        ('called_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                        ('lot', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='clinic.cartridgelot')),
                        ('patient', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='patients.patient')),
                        ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                        ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='aftercare.recallnotice')),
                        ('session', models.ForeignKey(db_constraint=False, help_text='The latest one at which the lot was used.', on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='treatment_sessions.treatmentsession')),
                    ],
                    options={
                        'db_table': 'aftercare_recall_notice_history',
                        'abstract': False,
                    },
                ),
                migrations.CreateModel(
                    name='StepReplan',
                    fields=[
                        ('step', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='replan', serialize=False, to='aftercare.carestep')),
                        ('begun_at', models.DateTimeField()),
                        ('total', models.PositiveIntegerField(help_text='The visits that it concerned when it was made.')),
                        ('looked_at', models.PositiveIntegerField(default=0, help_text='So many of them so far.')),
                        ('position', models.UUIDField(help_text='The last one that was looked at.', null=True)),
                        ('moved', models.PositiveIntegerField(default=0)),
                        ('cancelled', models.PositiveIntegerField(default=0)),
                        ('new', models.PositiveIntegerField(default=0)),
                        ('ended_at', models.DateTimeField(null=True)),
                    ],
                    options={
                        'db_table': 'aftercare_step_replan',
                        'constraints': [models.CheckConstraint(condition=models.Q(('ended_at__isnull', True), ('ended_at__gte', models.F('begun_at')), _connector='OR'), name='step_replan_ends_once_begun')],
                    },
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='messagetemplate',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='28fcf06880a6a6a140116d5ba87b2e410fe8afd8', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_c4f38', table='aftercare_template', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='message',
                    trigger=pgtrigger.compiler.Trigger(name='legal_move', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.status <> NEW.status AND NOT (OLD.status, NEW.status) IN (('CANCELLED', 'SENT'), ('CLAIMED', 'CANCELLED'), ('CLAIMED', 'DELIVERED'), ('CLAIMED', 'FAILED'), ('CLAIMED', 'IN_DOUBT'), ('CLAIMED', 'PENDING'), ('CLAIMED', 'SENDING'), ('CLAIMED', 'SENT'), ('EXPIRED', 'SENT'), ('FAILED', 'SENT'), ('IN_DOUBT', 'DELIVERED'), ('IN_DOUBT', 'FAILED'), ('IN_DOUBT', 'SENT'), ('PENDING', 'CANCELLED'), ('PENDING', 'CLAIMED'), ('PENDING', 'DELIVERED'), ('PENDING', 'EXPIRED'), ('PENDING', 'FAILED'), ('PENDING', 'IN_DOUBT'), ('PENDING', 'SENT'), ('SENDING', 'CANCELLED'), ('SENDING', 'DELIVERED'), ('SENDING', 'EXPIRED'), ('SENDING', 'FAILED'), ('SENDING', 'IN_DOUBT'), ('SENDING', 'PENDING'), ('SENDING', 'SENT'), ('SENDING', 'SUPPRESSED'), ('SENT', 'DELIVERED'), ('SENT', 'FAILED'), ('SUPPRESSED', 'SENT')))", func="RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'message_move_is_legal', MESSAGE = 'a message that is ' || OLD.status || ' cannot become ' || NEW.status; RETURN NEW;", hash='530903c0243d4c2a171f4089f52cf4cc63f8a2d7', operation='UPDATE OF "status"', pgid='pgtrigger_legal_move_ef934', table='aftercare_message', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='message',
                    trigger=pgtrigger.compiler.Trigger(name='move_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.status <> NEW.status AND NOT (OLD.status, NEW.status) IN (('CLAIMED', 'PENDING'), ('CLAIMED', 'SENDING'), ('PENDING', 'CLAIMED'), ('SENDING', 'SENT')))", func='INSERT INTO "aftercare_message_history" ("due_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "status") VALUES (NEW."due_at", _pgh_attach_context(), NOW(), \'move\', NEW."id", NEW."reason", NEW."status"); RETURN NULL;', hash='9f9fb4179615e909e494e06872f478291256577f', operation='UPDATE', pgid='pgtrigger_move_update_60140', table='aftercare_message', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='message',
                    trigger=pgtrigger.compiler.Trigger(name='tells_of_a_recall', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW.recall_notice_id IS NOT NULL AND NEW.sent_at IS NOT NULL AND OLD.sent_at IS NULL)', func='\n            UPDATE aftercare_recall_notice SET told_at = greatest(NEW.sent_at, issued_at)\n            WHERE id = NEW.recall_notice_id AND told_at IS NULL;\n            RETURN NULL;\n        ', hash='3d3d49aa5aa11b0a368b1ee93961587f0ea1c2eb', operation='UPDATE OF "sent_at"', pgid='pgtrigger_tells_of_a_recall_bd5c8', table='aftercare_message', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='inboundmessage',
                    trigger=pgtrigger.compiler.Trigger(name='kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='43f04cae9cf3de3f790a55316af11e1c5108d44f', operation='DELETE', pgid='pgtrigger_kept_b9f86', table='aftercare_inbound_message', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='inboundmessage',
                    trigger=pgtrigger.compiler.Trigger(name='as_received', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."channel" IS DISTINCT FROM (NEW."channel") OR OLD."sender" IS DISTINCT FROM (NEW."sender") OR OLD."to" IS DISTINCT FROM (NEW."to") OR OLD."body" IS DISTINCT FROM (NEW."body") OR OLD."provider" IS DISTINCT FROM (NEW."provider") OR OLD."provider_id" IS DISTINCT FROM (NEW."provider_id") OR OLD."reply" IS DISTINCT FROM (NEW."reply") OR OLD."offered" IS DISTINCT FROM (NEW."offered"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='792c57a3fd1a7ebec87f74394e8d96471bfc5477', operation='UPDATE', pgid='pgtrigger_as_received_692ca', table='aftercare_inbound_message', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='deliveryreceipt',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='bdb6b933a0ed56d4352c087f1b9b0413675cef30', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_61339', table='aftercare_delivery_receipt', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='addressconsent',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='8f5f399b08153d62678c3ec34e5512803f5a13b1', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_c1348', table='aftercare_address_consent', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='messageattempt',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='693c6a84bee90c99e30ce6f68b78a57306e39227', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_dcd2f', table='aftercare_message_attempt', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='messagehistory',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='add54c34b87eb81eecdfa83230b5e5cfee728f8a', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_dae45', table='aftercare_message_history', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='staffanswer',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='969afc1b76d98e648a8df711ba0f58a041d0695e', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_2b662', table='aftercare_staff_answer', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='birthdatetry',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='c0ca9abf150b6927311e5916234948ef136b8713', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_92057', table='aftercare_birth_date_try', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='linkaccess',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='76a89d1c281393e1677c828d1f1959dc384ea05f', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_f8480', table='aftercare_link_access', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='recallnotice',
                    trigger=pgtrigger.compiler.Trigger(name='of_a_use', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF NOT EXISTS (\n                SELECT FROM treatment_cartridge_use AS cartridge\n                JOIN treatment_session AS session ON session.id = cartridge.session_id\n                JOIN clinic_cartridge_lot AS lot ON lot.id = cartridge.lot_id\n                WHERE lot.id = NEW.lot_id AND session.id = NEW.session_id\n                    AND session.patient_id = NEW.patient_id AND lot.recalled_at IS NOT NULL\n            ) THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'recall_notice_of_a_use', MESSAGE = 'no recalled lot was used there';\n            END IF;\n            RETURN NEW;\n            ", hash='89e0bcec3d2fe8e1deb234e6e2ce937b12604106', operation='INSERT', pgid='pgtrigger_of_a_use_6dcc5', table='aftercare_recall_notice', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='recallnotice',
                    trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "aftercare_recall_notice_history" ("call_asked_at", "call_reason", "called_at", "called_by_id", "created_at", "id", "issued_at", "lot_id", "outcome", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "read_at", "session_id", "told_at") VALUES (NEW."call_asked_at", NEW."call_reason", NEW."called_at", NEW."called_by_id", NEW."created_at", NEW."id", NEW."issued_at", NEW."lot_id", NEW."outcome", NEW."patient_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."read_at", NEW."session_id", NEW."told_at"); RETURN NULL;', hash='f1c9a0045d82be11e1998a5147ba1afd28227156', operation='INSERT', pgid='pgtrigger_insert_insert_2e64d', table='aftercare_recall_notice', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='recallnotice',
                    trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."call_asked_at" IS DISTINCT FROM (NEW."call_asked_at") OR OLD."call_reason" IS DISTINCT FROM (NEW."call_reason") OR OLD."called_at" IS DISTINCT FROM (NEW."called_at") OR OLD."called_by_id" IS DISTINCT FROM (NEW."called_by_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."issued_at" IS DISTINCT FROM (NEW."issued_at") OR OLD."lot_id" IS DISTINCT FROM (NEW."lot_id") OR OLD."outcome" IS DISTINCT FROM (NEW."outcome") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."read_at" IS DISTINCT FROM (NEW."read_at") OR OLD."session_id" IS DISTINCT FROM (NEW."session_id") OR OLD."told_at" IS DISTINCT FROM (NEW."told_at"))', func='INSERT INTO "aftercare_recall_notice_history" ("call_asked_at", "call_reason", "called_at", "called_by_id", "created_at", "id", "issued_at", "lot_id", "outcome", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "read_at", "session_id", "told_at") VALUES (NEW."call_asked_at", NEW."call_reason", NEW."called_at", NEW."called_by_id", NEW."created_at", NEW."id", NEW."issued_at", NEW."lot_id", NEW."outcome", NEW."patient_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."read_at", NEW."session_id", NEW."told_at"); RETURN NULL;', hash='7d5f981154cd4c5cd143f814c554d1defd65d3d9', operation='UPDATE', pgid='pgtrigger_update_update_0f791', table='aftercare_recall_notice', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='recallnotice',
                    trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "aftercare_recall_notice_history" ("call_asked_at", "call_reason", "called_at", "called_by_id", "created_at", "id", "issued_at", "lot_id", "outcome", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "read_at", "session_id", "told_at") VALUES (OLD."call_asked_at", OLD."call_reason", OLD."called_at", OLD."called_by_id", OLD."created_at", OLD."id", OLD."issued_at", OLD."lot_id", OLD."outcome", OLD."patient_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."read_at", OLD."session_id", OLD."told_at"); RETURN NULL;', hash='10d3c7deb7033ecfcf6a690585cf7606a5234024', operation='DELETE', pgid='pgtrigger_delete_delete_c901e', table='aftercare_recall_notice', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='recallnoticehistory',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='da2dee72af2c56aeb264903ba403bc97d22b3ff1', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_373f3', table='aftercare_recall_notice_history', when='BEFORE')),
                ),
            ],
        ),
    ]
