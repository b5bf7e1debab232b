"""Messages whose links lead to every state of the pages."""

from typing import Any

import pgtrigger
from django.utils import timezone

from aftercare.models import TRIES_OF_LINK, Message
from aftercare.pages.home import Home
from aftercare.replies.opt_out import record_not_theirs
from clinic.models import Clinic
from sessions.lifecycle import Status
from sessions.models import VisitType
from tests.factories import (
    DAY,
    HOUR,
    BirthDateTryFactory,
    CheckInFactory,
    ClinicFactory,
    ContactConsentFactory,
    OpeningHoursFactory,
    PatientExportFactory,
    ProductUseFactory,
    RecallNoticeFactory,
    SentPhotoFactory,
    StaffAnswerFactory,
    ZoneTreatmentFactory,
    this_hour,
)
from tests.replies.pages import make
from tests.replies.test_home_page import of

CHART = ("ZoneTreatment", "ProductUse")


def booked() -> Message:
    """Of a visit in two days, to a patient who has agreed to messages."""
    message = make(this_hour() + 2 * DAY, Status.BOOKED)
    ContactConsentFactory(patient=message.patient)
    message.clinic.address = "48 Hill Street, New York, NY 10012"
    message.clinic.save()
    return message


def healing(**changes: Any) -> Message:
    return make(this_hour() - 3 * DAY, Status.COMPLETED, **changes)


def closed_now(out_of_hours_phone: str = "") -> Clinic:
    clinic = ClinicFactory(out_of_hours_phone=out_of_hours_phone)
    clinic.opening_hours.all().delete()
    OpeningHoursFactory(clinic=clinic, weekday=(this_hour() + 2 * DAY).weekday())
    clinic.refresh_from_db()
    return clinic


def answered() -> Message:
    """Staff have answered, in more than an SMS has room for."""
    words = "That is normal on day three.\n\nIt should be gone by Friday. " * 8
    answer = StaffAnswerFactory(text=words, answered_at=timezone.now())
    return healing(answer=answer, step__anchor="ANSWERED")


def of_recall(**changes: Any) -> Message:
    """Of something that was used a month ago."""
    message = make(this_hour() - 30 * DAY, Status.COMPLETED, step__anchor="LOT_RECALLED")
    told = {"issued_at": this_hour() - DAY, "told_at": this_hour() - DAY, **changes}
    message.recall_notice = RecallNoticeFactory(session=message.session, **told)
    message.save(update_fields=["recall_notice"])
    return message


def unread_recall() -> Message:
    """Of another message, to somebody who has not read of it yet."""
    message = healing()
    RecallNoticeFactory(
        session=message.session, issued_at=this_hour() - DAY, told_at=this_hour() - DAY
    )
    return message


def somebody_elses() -> Message:
    message = booked()
    record_not_theirs(message=message, at=timezone.now())
    return message


def guessed() -> Message:
    message = booked()
    for number in range(1, TRIES_OF_LINK + 1):
        BirthDateTryFactory(message=message, number=number, tried_at=timezone.now())
    return message


def treated() -> Message:
    """With what was put on the skin."""
    message = healing()
    with pgtrigger.ignore(*(f"treatment_sessions.{model}:locked_once_signed" for model in CHART)):
        ZoneTreatmentFactory(session=message.session)
        ProductUseFactory(session=message.session)
    report = CheckInFactory(session=message.session, redness=3, words="It is dry.")
    SentPhotoFactory(report=report)
    return message


def exported(**changes: Any) -> Message:
    """With a file of the whole record, that is there unless it is said otherwise."""
    message = treated()
    now = timezone.now()
    ready = {"ready_at": now, "expires_at": now + 7 * DAY, "size": 2_400_000}
    values = changes or ready
    PatientExportFactory(patient=message.patient, asked_by=None, **values)
    return message


def asking() -> Message:
    """For the next visit, which the clinic lets its patients book."""
    message = of(Home.BOOK_NEXT, step__next_session_booked=False)
    VisitType.objects.filter(clinic=message.clinic).update(patient_may_book=True)
    return message


def late() -> Message:
    return make(this_hour() + 4 * HOUR, Status.BOOKED)


def over() -> Message:
    long_ago = this_hour() - 91 * DAY
    return make(long_ago, Status.COMPLETED, sent_at=long_ago, due_at=long_ago)
