"""Whose turn it is to be told."""

from datetime import datetime

from aftercare.models import AlertStep, StaffAlert
from clinic.models import OnCallShift, Role, User
from patients.models import StaffTask


def recipients(task: StaffTask, step: int, *, at: datetime) -> list[User]:
    """Who is told of a task at this step; the managers where the plan names nobody."""
    person = None
    shifts = OnCallShift.objects.filter(
        clinic=task.clinic_id, practitioner__is_active=True
    ).select_related("practitioner")
    if step == AlertStep.ON_CALL:
        person = shifts.at(at).first()
    elif step == AlertStep.NEXT:
        told = StaffAlert.objects.filter(task=task).values("person")
        coming = shifts.filter(ends_at__gt=at).exclude(practitioner__in=told)
        person = coming.order_by("starts_at").first()
    if person:
        return [person.practitioner]
    managers = User.objects.filter(role=Role.MANAGER, is_active=True, clinics=task.clinic_id)
    return list(managers.order_by("pk"))
