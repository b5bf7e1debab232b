"""Rows for the tables that the demo leaves empty, so that a dump has some in each."""

import io
from datetime import timedelta
from typing import Any

import pghistory
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils import timezone
from knox.models import AuthToken

from aftercare.models import Message
from aftercare.records.merge import merge_patients
from clinic.models import Clinic, Heartbeat, User
from patients.models import Patient
from sessions import services
from sessions.lifecycle import UPCOMING, Status
from sessions.models import TreatmentSession
from tests import factories as make


def fill() -> None:
    call_command("seed_catalogue", stdout=io.StringIO())
    call_command("seed_demo", stdout=io.StringIO())
    with pghistory.context(by="the release"):
        _ours(Clinic.objects.get(short_name="Riverside"), User.objects.get(username="desk"))
    _of_others(User.objects.get(username="desk"))


def _ours(clinic: Clinic, desk: User) -> None:
    now = timezone.now()
    Heartbeat.beat("worker", at=now)
    make.CalendarFeedFactory(user=desk)
    make.IdempotencyKeyFactory(user=desk)
    of_clinic = TreatmentSession.objects.filter(clinic=clinic, patient__archived_at=None)
    done = of_clinic.filter(status=Status.COMPLETED).latest("pk")
    make.StaffTaskFactory(clinic=clinic, patient=done.patient)
    stuck = make.ExposureFactory(clinic=clinic, staff=done.practitioner, happened_at=now, at=now)
    make.ExposureStepFactory(exposure=stuck, done_at=now, at=now)
    make.InboundFactory(clinic=clinic, patient=done.patient)
    make.ChartDraftFactory(session=done, by=desk)
    make.AddressConsentFactory(address=str(done.patient.mobile))
    services.record_deviation(
        session_id=done.pk,
        kind="CONSENT",
        reason="The nose was needled too.",
        action_taken="The patient was told.",
        at=now,
        by=done.practitioner,
    )
    services.add_addendum(session_id=done.pk, text="She called.", at=now, by=done.practitioner)

    message = Message.objects.filter(session=done).latest("pk")
    make.MessageAttemptFactory(message=message)
    make.ReceiptFactory(message=message)
    make.BirthDateTryFactory(message=message)
    message.accesses.create(secret_sha256="0" * 64, opened_at=now)
    done.patient.home_answers.create(answers={}, answered_at=now)

    ahead = of_clinic.filter(status__in=UPCOMING).latest("starts_at")
    _cancel(ahead, desk, at=now)
    make.HoldFactory(plan=ahead.plan, **_people_of(ahead), starts_at=now + timedelta(days=400))
    kept, twin = (
        Patient.objects.create(clinic=clinic, given_name="Twin", date_of_birth="1990-05-17")
        for _ in range(2)
    )
    merge_patients(kept_id=kept.pk, merged_id=twin.pk, reason="twice", at=now, by=desk)


def _cancel(session: TreatmentSession, by: User, **when: Any) -> None:
    """Its time is free, and the waitlist has not been asked yet."""
    services.move_session(
        session_id=session.pk, to=Status.CANCELLED, by=by, reason="has a cold", **when
    )


def _people_of(session: TreatmentSession) -> dict[str, Any]:
    return {name: getattr(session, name) for name in ("practitioner", "room", "device")}


def _of_others(user: User) -> None:
    """Django's own tables, and those of its packages."""
    group = Group.objects.create(name="Congress")
    permission = Permission.objects.order_by("pk")[0]
    group.permissions.add(permission)
    user.groups.add(group)
    user.user_permissions.add(permission)
    LogEntry.objects.create(
        user=user, content_type=ContentType.objects.get_for_model(User), action_flag=1
    )
    SessionStore().create()
    AuthToken.objects.create(user)
    _log_in(user)


@override_settings(ALLOWED_HOSTS=["testserver"], SECURE_SSL_REDIRECT=False)
def _log_in(user: User) -> None:
    """With a wrong password, and from elsewhere with the right one."""
    from clinic.demo.accounts import PASSWORD

    for address, password in (("10.0.0.1", "wrong"), ("10.0.0.2", PASSWORD)):
        Client(REMOTE_ADDR=address).post(
            "/admin/login/", {"username": user.username, "password": password}
        )
