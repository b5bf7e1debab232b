"""What managers and auditors are told of the accesses of a week by mail: numbers and a link.

Nobody is named: a mail lies in more places than the clinic knows of.
"""

from datetime import datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext

from aftercare.records.accesses.unusual import between
from clinic.accounts.notices import tell_of_accesses
from clinic.db.retries import retried_transaction
from clinic.models import AccessRecord, AccessReport, ActorKind, Clinic, Outcome, Role, User
from clinic.values.moments import date_in_words
from clinic.values.wallclock import day_bounds, instant_of
from patients.models import BreakGlass

WEEK, FROM = timedelta(days=7), time(6)  # on Monday
TOLD = (Role.MANAGER, Role.AUDITOR)


def report_accesses(*, at: datetime) -> int:
    """Each clinic's week that is over and was not told yet. Returns how many were told now."""
    return sum(_report(clinic, at=at) for clinic in Clinic.objects.order_by("pk"))


def _report(clinic: Clinic, *, at: datetime) -> bool:
    today = at.astimezone(clinic.zone).date()
    monday = today - timedelta(days=today.weekday())
    if at < instant_of(monday, FROM, clinic.zone):
        return False
    first = monday - WEEK
    if AccessReport.objects.filter(clinic=clinic, first_day=first).exists():
        return False
    begins, ends = day_bounds(first, clinic.zone)[0], day_bounds(monday, clinic.zone)[0]
    return _tell(clinic, first, _numbers(clinic, begins, ends), at=at)


def _numbers(clinic: Clinic, begins: datetime, ends: datetime) -> str:
    rows = AccessRecord.objects.filter(clinic_ids__contains=[clinic.pk]).between(begins, ends)
    found = [
        one
        for one in between(rows, begins, ends)
        if one.patient is None or one.patient.clinic_id == clinic.pk
    ]
    of_staff = rows.filter(actor_kind=ActorKind.STAFF)
    opened = BreakGlass.objects.filter(
        clinic=clinic, opened_at__gte=begins, opened_at__lt=ends
    ).count()
    reviewed = sum(bool(one.reviews) for one in found)
    return gettext(
        "{done} accesses by staff, {refused} refused; {opened} by break-glass; {found} "
        "look unusual, {reviewed} of them looked at"
    ).format(
        done=of_staff.filter(outcome=Outcome.DONE).count(),
        refused=of_staff.filter(outcome=Outcome.REFUSED).count(),
        opened=opened,
        found=len(found),
        reviewed=reviewed,
    )


@retried_transaction
def _tell(clinic: Clinic, first: Any, numbers: str, *, at: datetime) -> bool:
    """Once, however many workers have counted."""
    _, is_new = AccessReport.objects.get_or_create(
        clinic=clinic, first_day=first, defaults={"numbers": numbers}
    )
    if is_new:
        about = f"{date_in_words(first, 'j M Y')}, {clinic.name[:60]}: {numbers}"
        for person in User.objects.filter(clinics=clinic, is_active=True, role__in=TOLD):
            tell_of_accesses(user=person, about=about)
    return is_new
