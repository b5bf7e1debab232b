"""Who has written, by the number."""

from clinic.models import Clinic
from patients.models import Patient


def people_at(number: str) -> list[Patient]:
    """Everybody who can be reached at a number: it may be shared."""
    rows = Patient.objects.filter(mobile=number, archived_at__isnull=True)
    return list(rows.select_related("clinic").order_by("pk"))


def as_number(sender: str) -> str:
    """A number as gateways write it, with or without + or 00 before the country."""
    digits = sender.strip().removeprefix("+")
    if digits.isascii() and digits.isdigit() and len(digits) >= 8:
        return f"+{digits.removeprefix('00')}"
    return sender.strip()


def only_clinic(people: list[Patient]) -> Clinic | None:
    """The clinic of all who share a number; for a stranger the only clinic there is, if so."""
    if people:
        clinics = {patient.clinic_id: patient.clinic for patient in people}
        return next(iter(clinics.values())) if len(clinics) == 1 else None
    some = list(Clinic.objects.all()[:2])
    return some[0] if len(some) == 1 else None
