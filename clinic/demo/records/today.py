"""What the first page of each role is for: a day with something in every block."""

from datetime import datetime, timedelta

from aftercare.models import Message, MessageStatus
from clinic.demo.records.delivered import deliver
from clinic.demo.records.intake import DAY, HOUR
from clinic.models import CartridgeLot, Clinic, User
from patients.models import ConsentText, Patient
from patients.services import record_photo_consent
from sessions import services
from sessions.lifecycle import Status
from sessions.models import Kind, TreatmentSession, VisitType
from sessions.pages.link import OPEN
from sessions.scheduling.availability import first_free
from sessions.scheduling.wanted import VisitRequest
from sessions.triage import Sign

# Whose consultation is when, in minutes from now, and what has become of it.
CONSULTATIONS = [
    ("Petrov", -20, []),
    ("Quist", 90, [Status.CONFIRMED]),
    ("Falck", 150, []),
    ("Costa", 210, []),
]
BROKE_OFF = "The connection broke after the text was handed over."


def fill_the_day(clinic: Clinic, now: datetime) -> None:
    """Visits to be checked in, a red flag, a message in doubt, a closure with a visit in it, and a
    lot that expires soon. All by the services of the staff."""
    _consultations(clinic, now)
    _red_flag(clinic, now)
    _message_in_doubt(clinic, now)
    _closure(clinic, now)
    _photographs(clinic, now)
    lot = CartridgeLot.objects.filter(clinic=clinic, recalled_at=None).earliest("pk")
    CartridgeLot.objects.create(
        clinic=clinic,
        device_model=lot.device_model,
        gtin=lot.gtin,
        lot="SP2511",
        expires_on=(now + 24 * DAY).date(),
        quantity=36,
    )


def _consultations(clinic: Clinic, now: datetime) -> None:
    kind = VisitType.objects.get(clinic=clinic, code="consultation")
    for name, minutes, statuses in CONSULTATIONS:
        patient = Patient.objects.get(clinic=clinic, family_name=name)
        wanted, booked_at = VisitRequest(kind, patient), now - 2 * DAY
        slot = first_free(
            wanted=wanted,
            after=now + timedelta(minutes=minutes),
            practitioner_id=None,
            at=booked_at,
        )
        if slot is None:
            continue
        by = User.objects.get(pk=slot.practitioner_id)
        visit = services.book_visit(
            visit_type=kind,
            patient=patient,
            starts_at=slot.starts_at,
            practitioner=by,
            any_room=True,
            at=booked_at,
            by=by,
        )
        for status in statuses:
            services.move_session(session_id=visit.pk, to=status, at=now - HOUR, by=by)
        deliver(patient, now)


def _red_flag(clinic: Clinic, now: datetime) -> None:
    """Told on the telephone ten minutes ago."""
    session = TreatmentSession.objects.filter(
        clinic=clinic, patient__family_name="Demir", status=Status.COMPLETED
    ).latest("starts_at")
    services.record_check_in(
        session_id=session.pk,
        signs=[Sign.PUS],
        words="There are yellow spots where it was needled, and it throbs.",
        at=now - HOUR / 6,
        by=User.objects.get(username="clinician"),
    )


def _message_in_doubt(clinic: Clinic, now: datetime) -> None:
    waiting = Message.objects.filter(clinic=clinic, status=MessageStatus.PENDING)
    message = waiting.order_by("due_at", "id").select_related("step", "patient", "clinic")[0]
    message.end(MessageStatus.IN_DOUBT, BROKE_OFF, at=now - HOUR)


def _closure(clinic: Clinic, now: datetime) -> None:
    """A room that is painted while somebody is booked."""
    booked = TreatmentSession.objects.filter(
        clinic=clinic, status=Status.BOOKED, kind=Kind.TREATMENT, starts_at__gt=now + 2 * DAY
    )
    session = booked.earliest("starts_at", "id")
    services.add_closure(
        clinic=clinic,
        starts_at=session.starts_at - HOUR,
        ends_at=session.ends_at + HOUR,
        at=now,
        reason="The floor is renewed",
        accept=True,
        by=User.objects.get(username="manager"),
    )


def _photographs(clinic: Clinic, now: datetime) -> None:
    """Whoever is here agrees to photographs: the code for a phone can be shown."""
    here = TreatmentSession.objects.filter(clinic=clinic, status__in=OPEN, starts_at__gt=now - DAY)
    for session in here.select_related("patient").order_by("starts_at"):
        patient = session.patient
        if services.consenting_patients(at=now).filter(pk=patient.pk).exists():
            continue
        text = ConsentText.objects.in_effect(now).get(language=patient.language, kind="PHOTO")
        record_photo_consent(
            patient_id=patient.pk,
            text=text,
            scope="CLINICAL",
            signer_name=f"{patient.given_name} {patient.family_name}",
            at=now - HOUR / 6,
            by=User.objects.get(username="clinician"),
        )
