"""The demo clinics, with staff, equipment and patients, for a newcomer to walk about in."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from django.core.management.base import CommandError
from django.utils import timezone

from clinic.db.retries import retried_transaction
from clinic.demo.accounts import ACCOUNTS, HILLTOP, PASSWORD, RIVERSIDE
from clinic.demo.records.healing import report_healing
from clinic.demo.records.kinds import book_every_kind
from clinic.demo.records.people import Person, people
from clinic.demo.records.recalled import RECALLED, recall_the_old_lot
from clinic.demo.records.replies import write_in
from clinic.demo.records.story import Story
from clinic.demo.records.today import fill_the_day
from clinic.models import (
    CartridgeLot,
    Clinic,
    Credential,
    Device,
    DeviceModel,
    OnCallShift,
    OpeningHours,
    Role,
    Room,
    User,
    Weekday,
    WorkingHours,
)
from patients.models import Patient
from sessions import services
from sessions.lifecycle import Status
from sessions.models import Kind, TreatmentPlan, TreatmentSession, VisitType, WaitlistEntry

GTIN = "09506000134352"  # GS1's own example: no real product has it
ADDRESSES = {
    RIVERSIDE: "Uferstraße 12, 10179 Berlin",
    HILLTOP: "48 Hill Street, New York, NY 10012",
}


def seed(tell: Callable[[str], object] = str) -> str:
    """Add the demo once: the clinics, one patient after the other, then what lies between them.
    Each part is there whole or not at all, and whoever was stopped goes on where that was.
    Returns what was done, in a line."""
    if is_there():
        return "the demo is there already"
    clinics, now, told = open_clinics(), timezone.now(), 0
    for number, (clinic, place, person) in enumerate(everybody := list(people()), 1):
        told += _play(person, place, clinics[clinic], now)
        if number % 10 == 0 and told:
            tell(f"{number} of {len(everybody)} patients are there")
    _join(clinics[RIVERSIDE], clinics[HILLTOP], now)
    return f"added {RIVERSIDE} and {HILLTOP} with {len(everybody)} patients"


def is_there() -> bool:
    """Whether all of the demo is there."""
    return WaitlistEntry.objects.filter(clinic__name=RIVERSIDE).exists()


@retried_transaction
def open_clinics() -> dict[str, Clinic]:
    """The demo's clinics with their staff, by name. Raises CommandError where there are others."""
    names = (RIVERSIDE, HILLTOP)
    if found := {clinic.name: clinic for clinic in Clinic.objects.filter(name__in=names)}:
        return found
    if Clinic.objects.exists():
        raise CommandError("This database has clinics of its own: no demo is mixed into them.")
    clinics = {
        RIVERSIDE: _clinic(
            RIVERSIDE, "Riverside", "Europe/Berlin", "+493012345678", always_open=True
        ),
        HILLTOP: _clinic(HILLTOP, "Hilltop", "America/New_York", "+12125550142", always_open=False),
    }
    _staff(clinics)
    _on_call(clinics[RIVERSIDE], timezone.now())
    return clinics


@retried_transaction
def _play(person: Person, place: int, clinic: Clinic, now: datetime) -> bool:
    """One patient's story; false if it was told before."""
    given_name, family_name = person.name.split(" ", 1)
    known = Patient.objects.filter(clinic=clinic, given_name=given_name, family_name=family_name)
    if known.exists():
        return False
    Story(person, place, clinic, now).play()
    return True


@retried_transaction
def _join(riverside: Clinic, hilltop: Clinic, now: datetime) -> None:
    """What lies between the patients."""
    book_every_kind(riverside, now)
    write_in(riverside, now)
    report_healing(riverside, now)
    for clinic in (riverside, hilltop):
        recall_the_old_lot(clinic, now)
    _schedule(riverside, hilltop, now)
    fill_the_day(riverside, now)


def _schedule(riverside: Clinic, hilltop: Clinic, now: datetime) -> None:
    """Working hours, an absence, a closed day, and somebody on the waitlist."""
    today = now.astimezone(hilltop.zone).date()
    tomas, manager = (User.objects.get(username=name) for name in ("clinician2", "manager"))
    WorkingHours.objects.bulk_create(  # as a whole: a block alone would leave the rest outside
        WorkingHours(
            practitioner=tomas,
            clinic=hilltop,
            weekday=weekday,
            opens_at=time(9),
            closes_at=time(18),
            valid_from=today,
        )
        for weekday in Weekday.values[:5]
    )
    new_year = datetime(today.year + 1, 1, 1, tzinfo=hilltop.zone)
    services.add_closure(
        clinic=hilltop,
        starts_at=new_year,
        ends_at=new_year + timedelta(days=1),
        at=now,
        reason="New Year's Day",
        accept=True,
        by=manager,
    )
    midnight = datetime(today.year, today.month, today.day, tzinfo=riverside.zone)
    monday = midnight + timedelta(days=63 - today.weekday())
    services.add_time_off(
        practitioner=User.objects.get(username="sam.hart"),
        starts_at=monday,
        ends_at=monday + timedelta(days=7),
        at=now,
        reason="Congress",
        accept=True,
        by=manager,
    )
    desk = User.objects.get(username="desk")
    services.join_waitlist(
        plan=TreatmentPlan.objects.get(patient__family_name="Urban"),
        from_on=today,
        until_on=today + timedelta(days=30),
        note="At short notice too.",
        latest=time(17),
        at=now,
        by=desk,
    )
    services.join_waitlist(  # for something to be looked at, and not for a treatment
        visit_type=VisitType.objects.get(clinic=riverside, code="check-by-phone"),
        patient=Patient.objects.filter(clinic=riverside, archived_at=None).latest("id"),
        from_on=today,
        until_on=today + timedelta(days=7),
        at=now,
        by=desk,
    )
    _free_a_time(riverside, now, desk)


def _free_a_time(clinic: Clinic, now: datetime, desk: User) -> None:
    """Somebody comes two weeks later, and who waits is offered the time."""
    session = TreatmentSession.objects.filter(
        clinic=clinic,
        kind=Kind.TREATMENT,
        status=Status.BOOKED,
        sitting=None,
        further_areas=None,
        starts_at__gt=now + timedelta(days=1),
    ).earliest("starts_at", "id")
    services.reschedule_session(
        session_id=session.pk,
        starts_at=session.starts_at + timedelta(days=15, hours=1),
        at=now,
        by=desk,
        reason="Has to work that day.",
        shift_later=True,
    )
    services.offer_freed_slots(at=now)


def _on_call(riverside: Clinic, now: datetime) -> None:
    """Two clinicians take turns, so that the inbox shows what is told of a grave reply."""
    for week in range(8):
        OnCallShift.objects.create(
            clinic=riverside,
            practitioner=User.objects.get(username=("clinician", "sam.hart")[week % 2]),
            starts_at=now + timedelta(weeks=week),
            ends_at=now + timedelta(weeks=week + 1),
        )


def _clinic(name: str, short_name: str, zone: str, phone: str, *, always_open: bool) -> Clinic:
    clinic = Clinic.objects.create(
        name=name,
        short_name=short_name,
        time_zone=zone,
        phone=phone,
        email=f"hello@{short_name.lower()}.example",
        address=ADDRESSES[name],
        jurisdiction="EU" if zone.startswith("Europe") else "US",
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
    pen = DeviceModel.objects.get(code="skinpen-precision")
    for number in (1, 2, 3):
        Room.objects.create(clinic=clinic, name=f"Room {number}")
        Device.objects.create(
            clinic=clinic, model=pen, serial=f"{short_name[:2].upper()}-{number:04}"
        )
    for lot in ("SP2607", RECALLED):
        CartridgeLot.objects.create(
            clinic=clinic,
            device_model=pen,
            gtin=GTIN,
            lot=lot,
            expires_on=date(2031, 12, 31),
            quantity=500,
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
            email=account.email,
            mobile=account.mobile,
        )
        user.clinics.add(clinics[account.clinic])
    colleague = User.objects.create_user(
        "sam.hart",
        first_name="Sam",
        last_name="Hart",
        role=Role.PRACTITIONER,
        is_staff=True,
        email="sam.hart@staff.example",
        mobile="+4915201000099",
    )
    colleague.clinics.add(clinics[RIVERSIDE])
    _credentials()


def _credentials() -> None:
    """Each practitioner is a nurse, trained on the device; the insurance of one ends soon."""
    pen = DeviceModel.objects.get(code="skinpen-precision")
    today = timezone.now().date()
    for number, person in enumerate(User.objects.practitioners().order_by("username"), 1):
        Credential.objects.create(
            user=person, kind="NURSE", number=f"RN-{number:05}", issuer="State board of nursing"
        )
        Credential.objects.create(
            user=person,
            kind="TRAINING",
            device_model=pen,
            number=f"T-{number:04}",
            issuer=pen.maker,
        )
        Credential.objects.create(
            user=person,
            kind="INSURANCE",
            number=f"P-{number:06}",
            issuer="Mutual of the Lakes",
            expires_on=today + timedelta(days=58 if number == 2 else 400),
        )
