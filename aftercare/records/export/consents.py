"""What the patient has signed, as one PDF each, in the words that were signed."""

from typing import Any

import markdown
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.translation import gettext

from clinic.models import DeviceModel
from clinic.values.languages import override_language
from clinic.values.pdf import made_pdf
from patients.models import PhotoConsent, PhotoScope, TreatmentConsent, Zone

Consent = TreatmentConsent | PhotoConsent
KINDS: dict[str, type[Any]] = {"treatment": TreatmentConsent, "photo": PhotoConsent}


def consent_file(kind: str, pk: str) -> tuple[str, bytes]:
    """Its name and content: a page instead of a PDF where the machine can make none."""
    rows = KINDS[kind].objects.select_related("text", "patient__clinic")
    consent: Consent = rows.get(pk=pk)
    page = consent_page(consent)
    pdf = made_pdf(page)
    day = f"{consent.signed_at.astimezone(consent.patient.clinic.zone):%Y-%m-%d}"
    name = f"consents/{day}-{kind}-{pk[-4:]}"
    return (f"{name}.html", page.encode()) if pdf is None else (f"{name}.pdf", pdf)


def consent_page(consent: Consent) -> str:
    ticked = set(getattr(consent, "clauses", ()))
    clauses = [(one.wording, one.code in ticked) for one in consent.text.clauses.order_by("id")]
    with override_language(consent.text.language):
        return render_to_string(
            "aftercare/export/consent.html",
            {
                "consent": consent,
                "text": consent.text,
                "zone": consent.patient.clinic.zone,
                # The words are the clinic's own: only managers write them.
                "body": mark_safe(markdown.markdown(consent.text.body)),  # noqa: S308
                "clauses": clauses,
                "purpose": _purpose(consent),
                "devices": _devices(consent),
            },
        )


def _devices(consent: Consent) -> str:
    codes = getattr(consent, "device_models", ())
    named = DeviceModel.objects.filter(code__in=codes).order_by("name") if codes else []
    return ", ".join(model.name for model in named)


def _purpose(consent: Consent) -> str:
    if isinstance(consent, TreatmentConsent):
        zones = Zone.objects.filter(code__in=consent.zones).order_by("name")
        return ", ".join(zone.name for zone in zones)
    return {
        PhotoScope.CLINICAL: gettext("Photos for your record"),
        PhotoScope.TEACHING: gettext("Photos to teach others"),
        PhotoScope.MARKETING: gettext("Photos to show to other people"),
    }[PhotoScope(consent.scope)]
