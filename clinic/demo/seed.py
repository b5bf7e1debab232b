"""The demo clinics, with staff and patients, for a newcomer to walk about in."""

from datetime import date, time, timedelta

from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from clinic.demo.accounts import ACCOUNTS, HILLTOP, PASSWORD, RIVERSIDE
from clinic.models import Clinic, Device, OpeningHours, Role, Room, User, Weekday
from patients.models import Channel, Concern, Purpose, SkinType
from patients.services import record_contact_consent, register_patient
from sessions.availability import free_slots
from sessions.models import Protocol
from sessions.services import book_session, create_plan

CONSENT = "May we write to you about your appointments and your aftercare?"
# given name, family name, born, skin type, protocol
PATIENTS = [
    ("Alice", "Berger", date(1991, 4, 12), SkinType.II, "acne-scars-face"),
    ("Bruno", "Castillo", date(1984, 9, 30), SkinType.IV, "acne-scars-face"),
    ("Chidi", "Eze", date(1978, 1, 5), SkinType.VI, "hair-scalp"),
    ("Dilara", "Aydin", date(1996, 11, 23), SkinType.III, "pores-face"),
    ("Emma", "Fischer", date(1969, 6, 17), SkinType.I, "wrinkles-face"),
    ("Farah", "Gill", date(1988, 2, 28), SkinType.V, "pigment-face"),
]


@transaction.atomic
def seed() -> str:
    """Add the demo once. Returns what was done, in a line."""
    if Clinic.objects.filter(name=RIVERSIDE).exists():
        return "the demo is there already"
    if Clinic.objects.exists():
        raise CommandError("This database has clinics of its own: no demo is mixed into them.")
    riverside = _clinic(RIVERSIDE, "Riverside", "Europe/Berlin", "+493012345678", always_open=True)
    hilltop = _clinic(HILLTOP, "Hilltop", "America/New_York", "+12125550142", always_open=False)
    _staff({RIVERSIDE: riverside, HILLTOP: hilltop})
    for clinic in (riverside, hilltop):
        _patients(clinic)
    return f"added {RIVERSIDE} and {HILLTOP}"


def _clinic(name: str, short_name: str, zone: str, phone: str, *, always_open: bool) -> Clinic:
    clinic = Clinic.objects.create(
        name=name,
        short_name=short_name,
        time_zone=zone,
        phone=phone,
        email=f"hello@{short_name.lower()}.example",
        emergency_phone="112" if zone.startswith("Europe") else "911",
        # A newcomer may take the tour on a Sunday night: the first clinic never closes or sleeps.
        quiet_from=time(0) if always_open else time(21),
        quiet_until=time(0) if always_open else time(8),
    )
    week = Weekday.values if always_open else Weekday.values[:5]
    opens, closes = (time(0), time(0)) if always_open else (time(9), time(18))
    OpeningHours.objects.bulk_create(
        OpeningHours(clinic=clinic, weekday=day, opens_at=opens, closes_at=closes) for day in week
    )
    for number in (1, 2, 3):
        Room.objects.create(clinic=clinic, name=f"Room {number}")
        Device.objects.create(
            clinic=clinic, name="SkinPen Precision", serial=f"{short_name[:2].upper()}-{number:04}"
        )
    return clinic


def _staff(clinics: dict[str, Clinic]) -> None:
    for account in ACCOUNTS:
        user = User.objects.create_user(
            account.username,
            password=PASSWORD,
            first_name=account.first_name,
            last_name=account.last_name,
            role=account.role,
            is_staff=True,
        )
        user.clinics.add(clinics[account.clinic])
    colleague = User.objects.create_user(
        "sam.hart", first_name="Sam", last_name="Hart", role=Role.PRACTITIONER, is_staff=True
    )
    colleague.clinics.add(clinics[RIVERSIDE])


def _patients(clinic: Clinic) -> None:
    """Patients with a plan and a first session booked in the coming days."""
    now = timezone.now()
    clinician = User.objects.filter(clinics=clinic, role=Role.PRACTITIONER)[0]
    concerns = {concern.code: concern for concern in Concern.objects.all()}
    protocols = {p.code: p for p in Protocol.objects.select_related("concern", "area")}
    for number, (given_name, family_name, born, skin_type, code) in enumerate(PATIENTS):
        patient = register_patient(
            clinic=clinic,
            details={
                "given_name": given_name,
                "family_name": family_name,
                "date_of_birth": born,
                "email": f"{given_name.lower()}@{clinic.short_name.lower()}-patients.example",
                "mobile": f"+491512345{number:02}{len(clinic.name):02}",
                "skin_type": skin_type,
            },
        )
        for channel in Channel.values:
            record_contact_consent(
                patient_id=patient.pk,
                channel=channel,
                purpose=Purpose.CARE,
                granted=True,
                wording=CONSENT,
                at=now,
                by=None,
            )
        protocol = protocols[code]
        plan = create_plan(
            patient=patient,
            concern=concerns[protocol.concern.code],
            area=protocol.area,
            protocol=protocol,
            practitioner=clinician,
            by=clinician,
        )
        day = now.astimezone(clinic.zone).date() + timedelta(days=2 + number)
        slots = free_slots(
            plan=plan, first=day, last=day + timedelta(days=3), practitioner=None, at=now
        )
        slot = next(s for s in slots if 9 <= s.starts_at.astimezone(clinic.zone).hour < 17)
        book_session(
            plan_id=plan.pk,
            starts_at=slot.starts_at,
            practitioner=slot.practitioner,
            room=slot.room,
            device=slot.device,
            at=now,
            by=clinician,
        )
