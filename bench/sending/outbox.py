"""A clinic with messages in its outbox."""

from datetime import datetime, timedelta
from typing import LiteralString

from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from aftercare.models import Anchor, CareStep, ChannelPolicy, Message
from aftercare.planning.plan import plan_messages
from aftercare.services import add_template_version
from bench import clinic_of
from bench.clinic_of import BOOKABLE, Site
from bench.servers import connect
from clinic.models import Clinic, User
from sessions.models import TreatmentSession

SITE = Site(1, 20)
REMINDER = "before-48h"
# One session for each patient, an hour apart for each practitioner.
SESSIONS: tuple[LiteralString, ...] = (
    """INSERT INTO treatment_session (clinic_id, plan_id, patient_id, area_id, practitioner_id,
           room_id, device_id, occupied_from, starts_at, ends_at, released_at, recovers_at,
           time_zone, status, spacing_override_reason, protocol_version_id, notes, visit_type_id)
       SELECT plan.clinic_id, plan.id, plan.patient_id, plan.area_id,
              pg_temp.uid(2, %(first)s + n %% %(size)s), pg_temp.uid(3, %(first)s + n %% %(size)s),
              pg_temp.uid(4, %(first)s + n %% %(size)s), starts, starts, starts + '45 minutes',
              starts + '1 hour', starts + '14 days', %(zone)s, 'BOOKED', '',
              plan.protocol_version_id, '',
              (SELECT id FROM treatment_visit_type AS type
               WHERE type.clinic_id = plan.clinic_id AND type.kind = 'TREATMENT')
       FROM generate_series(0, %(count)s - 1) AS n
       CROSS JOIN LATERAL (
           SELECT %(base)s::timestamptz + n / %(size)s * interval '1 hour' AS starts) AS slot
       JOIN treatment_plan AS plan ON plan.id = pg_temp.uid(6, %(first)s + %(begin)s + n)""",
)


def open_clinic(sessions: int) -> None:
    """An empty database becomes a clinic with as many patients, one upcoming session each."""
    call_command("seed_catalogue", verbosity=0, stdout=open("/dev/null", "w"))  # noqa: SIM115
    with connect() as connection:
        clinic_of.prepare(connection)
        clinic_of.open_site(connection, SITE, bookable=sessions)
        clinic_of.run(connection, SITE, SESSIONS, begin=BOOKABLE, count=sessions)
        connection.execute("VACUUM ANALYZE")
    Clinic.objects.update(quiet_from="00:00", quiet_until="00:00")  # whatever the time of the run
    connections.close_all()


def plan_sms(*, first: datetime, spread: timedelta) -> None:
    """One message for each session, planned by the product, due from `first` on, evenly spread."""
    CareStep.objects.update(is_active=False)
    step = CareStep.objects.create(
        code="bench",
        name="Bench",
        anchor=Anchor.BOOKED,
        offset=timedelta(0),
        useful_for=timedelta(days=1),
        channel_policy=ChannelPolicy.SMS,
        is_safety=True,  # no limit a day
    )
    somebody = User.objects.all()[0]
    text = "{{ clinic_short }}: hello. Questions? Call {{ clinic_phone }}. STOP to end"
    add_template_version(
        step=step,
        channel="SMS",
        language="en",
        subject="",
        body=text,
        at=first,
        by=somebody,
    )
    sessions = list(TreatmentSession.objects.select_related("clinic", "patient__clinic"))
    for number, session in enumerate(sessions):
        due = first + spread * (number / len(sessions))
        plan_messages(session=session, anchors=[Anchor.BOOKED], at=due)
    assert Message.objects.count() == len(sessions)
    connections.close_all()


def queue_emails(count: int, *, occurrence: int) -> None:
    """As many of the product's own reminders, due now, one for each of the first sessions."""
    step, now = CareStep.objects.get(code=REMINDER), timezone.now()
    Message.objects.bulk_create(
        Message(
            clinic_id=session.clinic_id,
            patient_id=session.patient_id,
            session=session,
            step=step,
            channel="EMAIL",
            occurrence=occurrence,
            due_at=now,
            expires_at=now + timedelta(days=1),
        )
        for session in TreatmentSession.objects.order_by("pk")[:count]
    )
    connections.close_all()  # copying the database wants to be alone
