"""What is the patient's own: data, and what was done. Behind the birth date."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format

from aftercare.models import Message
from aftercare.pages.base import of_patient, show
from aftercare.texts.values import treated_zones
from sessions.lifecycle import SIGNED
from sessions.models import Kind, ProductKind, ProductUse, TreatmentSession


@of_patient("GET", "HEAD", is_own=True)
def own(request: HttpRequest, message: Message) -> HttpResponse:
    """Name, birth date and addresses as the record has them, and the last treatment."""
    patient = message.patient
    born = patient.date_of_birth
    return show(
        request,
        message,
        "own",
        born=date_format(born, "DATE_FORMAT") if born else "",
        mobile=patient.mobile.as_international if patient.mobile else "",
        treatment=_last_treatment(message),
    )


def _last_treatment(message: Message) -> dict[str, Any] | None:
    """When, where, and what was put on the skin."""
    done = TreatmentSession.objects.filter(
        patient=message.patient_id, kind=Kind.TREATMENT, status__in=SIGNED, sitting=None
    )
    session = done.select_related("clinic").order_by("-starts_at").first()
    if session is None:
        return None
    sitting = TreatmentSession.objects.of_sitting(session.pk)
    used = ProductUse.objects.filter(session__in=sitting).order_by("product__name")
    named: dict[str, list[str]] = {}
    for kind, name in used.values_list("product__kind", "product__name").distinct():
        named.setdefault(kind, []).append(name)
    return {
        "date": date_format(session.starts_at.astimezone(session.clinic.zone), "VISIT_DATE_FORMAT"),
        "zones": treated_zones(session),
        "numbing": ", ".join(named.get(ProductKind.ANAESTHETIC, [])),
        "serum": ", ".join(named.get(ProductKind.SERUM, [])),
    }
