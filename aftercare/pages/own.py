"""What is the patient's own: data, and what was done. Behind the birth date."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.formats import date_format

from aftercare.models import Message
from aftercare.pages.base import of_patient, show
from aftercare.pages.check_in.questions import AT_ONCE, SCORES, TICKS
from aftercare.texts.values import products_used, treated_zones
from clinic.http.pictures import as_jpeg
from sessions.lifecycle import SIGNED
from sessions.models import (
    CheckIn,
    Kind,
    Photo,
    ProductKind,
    TreatmentSession,
    View,
)
from sessions.services import shown_photos
from sessions.triage import Score

REPORTS = 5  # newest ones
SIGNS = {tick.sign: tick.label for tick in (*AT_ONCE, *TICKS)}


@of_patient("GET", "HEAD", is_own=True)
def own(request: HttpRequest, message: Message) -> HttpResponse:
    """Name, birth date and addresses as the record has them, the last treatment, and what was
    reported and sent since."""
    patient = message.patient
    born = patient.date_of_birth
    return show(
        request,
        message,
        "own",
        born=date_format(born, "BIRTH_DATE_FORMAT") if born else "",
        mobile=patient.mobile.as_international if patient.mobile else "",
        treatment=_last_treatment(message),
        reports=_reports(message),
        pictures=_pictures(message),
    )


@of_patient("GET", "HEAD", is_own=True)
def own_photo(request: HttpRequest, message: Message, pk: UUID) -> HttpResponse:
    """A picture that the patient has sent, in small."""
    photo = get_object_or_404(_pictures(message), pk=pk)
    return as_jpeg(photo.thumbnail, f"{photo.pk}.jpg")


def _pictures(message: Message) -> QuerySet[Photo]:
    """What this patient has sent, the newest first."""
    sent = Photo.objects.filter(shown_photos(at=timezone.now()), view=View.SENT)
    return sent.filter(patient=message.patient_id).order_by("-taken_at", "-id")


def _reports(message: Message) -> list[dict[str, Any]]:
    """What was answered, the newest report first: of each its last page, which has it all."""
    pages = CheckIn.objects.filter(session__patient=message.patient_id, recorded_by=None)
    last: dict[UUID, CheckIn] = {}
    for page in pages.order_by("reported_at", "id"):
        last[page.report_id or page.pk] = page
    zone = message.clinic.zone
    return [
        {
            "date": date_format(page.reported_at.astimezone(zone), "VISIT_DATE_FORMAT"),
            "scores": [(SCORES[Score(name)], value) for name, value in page.scores.items()],
            "signs": [SIGNS[sign] for sign in page.signs or () if sign in SIGNS],
            "words": page.words,
        }
        for page in list(reversed(last.values()))[:REPORTS]
    ]


def _last_treatment(message: Message) -> dict[str, Any] | None:
    """When, where, and what was put on the skin."""
    done = TreatmentSession.objects.filter(
        patient=message.patient_id, kind=Kind.TREATMENT, status__in=SIGNED, sitting=None
    )
    session = done.select_related("clinic").order_by("-starts_at").first()
    if session is None:
        return None
    named = products_used(session)
    return {
        "date": date_format(session.starts_at.astimezone(session.clinic.zone), "VISIT_DATE_FORMAT"),
        "zones": treated_zones(session),
        "numbing": ", ".join(named.get(ProductKind.ANAESTHETIC, [])),
        "serum": ", ".join(named.get(ProductKind.SERUM, [])),
    }
