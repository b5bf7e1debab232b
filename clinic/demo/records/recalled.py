"""A lot that was recalled three days ago: one patient has read it, one was called, and one is to be
called."""

from datetime import datetime

from aftercare.models import RecallNotice
from aftercare.services import acknowledge_recall
from aftercare.services.recall import call_the_silent
from clinic.demo.records.delivered import deliver
from clinic.demo.records.intake import DAY, HOUR
from clinic.models import CartridgeLot, Clinic, User
from clinic.services import recall_lot
from patients.models import StaffTask
from patients.services import finish_task

RECALLED = "SP2512"


def recall_the_old_lot(clinic: Clinic, now: datetime) -> None:
    lot = CartridgeLot.objects.get(clinic=clinic, lot=RECALLED)
    people = User.objects.filter(clinics=clinic)
    at, manager = now - 3 * DAY, User.objects.get(username="manager")
    recall_lot(lot_id=lot.pk, reason="Seal of the blister may be open.", at=at, by=manager)
    notices = RecallNotice.objects.filter(lot=lot).select_related("patient").order_by("pk")
    for notice in notices:
        deliver(notice.patient, now)
    told = list(notices.exclude(told_at=None))
    for notice in told[:1]:
        acknowledge_recall(notice_id=notice.pk, at=at + 2 * HOUR)
    call_the_silent(at=now - HOUR)
    for notice in told[1:2]:
        finish_task(
            task_id=StaffTask.objects.get(source=notice.task_source).pk,
            note="Is well; the skin shows nothing. Will call if that changes.",
            at=now,
            by=people.practitioners().order_by("username")[0],
        )
