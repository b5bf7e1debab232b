"""What a consultation must have before somebody decides, and what is there (clinical.md §1.3).

A list to work through, and no rule: what is missing here blocks nothing by itself.
"""

from dataclasses import dataclass
from datetime import date, datetime

from patients.models import ConsentKind, ConsentText, Patient, PhotoScope, Screening
from sessions.models import Candidacy


@dataclass(frozen=True)
class Item:
    """One thing: its code, its name, whether it is there, and which or what is missing of it."""

    code: str
    name: str
    is_there: bool
    detail: str


def consultation_items(patient: Patient, *, at: datetime) -> list[Item]:
    """Every item, in the order of a visit. Takes a fixed number of queries."""
    today = at.astimezone(patient.clinic.zone).date()
    decisions = list(patient.candidacies.order_by("-decided_at", "-id"))
    return [
        _birth_date(patient),
        _concerns(patient),
        _skin_type(patient),
        _screening(patient.screenings.order_by("-taken_at", "-id").first(), today),
        _said(decisions, "expectations", "Expectations", "Write down what the patient hopes for."),
        _said(decisions, "other_treatments", "Other treatments", "Ask what else was or is done."),
        _photos(patient, today),
        _consent_to_read(patient, at),
        _outcome(decisions),
    ]


def _birth_date(patient: Patient) -> Item:
    born = patient.date_of_birth
    detail = f"{born:%-d %b %Y}" if born else "Ask for it: nobody is needled without."
    return Item("birth_date", "Birth date", born is not None, detail)


def _concerns(patient: Patient) -> Item:
    known = list(patient.concerns.select_related("concern", "subtype", "zone").order_by("id"))
    ungraded = [str(concern) for concern in known if concern.baseline_grade is None]
    if not known:
        detail = "Record what the patient wants treated."
    elif ungraded:
        detail = f"Grade, 1 to 4: {'; '.join(ungraded)}."
    else:
        detail = "; ".join(f"{concern}: grade {concern.baseline_grade}" for concern in known)
    return Item("concerns", "Concerns with grade", bool(known) and not ungraded, detail)


def _skin_type(patient: Patient) -> Item:
    known = patient.skin_type is not None
    detail = patient.get_skin_type_display() if known else "Assess it."
    return Item("skin_type", "Skin type", known, detail)


def _screening(newest: Screening | None, today: date) -> Item:
    name = "Screening"
    if newest is None:
        return Item("screening", name, False, "Ask the questionnaire.")
    if newest.valid_until < today:
        gone = f"It was valid until {newest.valid_until:%-d %b %Y}: ask again."
        return Item("screening", name, False, gone)
    return Item("screening", name, True, f"Valid until {newest.valid_until:%-d %b %Y}")


def _said(decisions: list[Candidacy], field: str, name: str, missing: str) -> Item:
    """What was written down last, with the outcome of this consultation or an earlier one."""
    said = next((text for one in decisions if (text := getattr(one, field).strip())), "")
    return Item(field, name, bool(said), said or missing)


def _photos(patient: Patient, today: date) -> Item:
    name, newest = "Photographs", patient.photos.standard().order_by("-taken_at", "-id").first()
    if newest:
        taken = newest.taken_at.astimezone(patient.clinic.zone)
        return Item("photos", name, True, f"The last of {taken:%-d %b %Y}")
    agreed = patient.photo_consents.valid(today).filter(scope=PhotoScope.CLINICAL).exists()
    detail = "Take them." if agreed else "Ask for the consent to clinical photographs first."
    return Item("photos", name, False, detail)


def _consent_to_read(patient: Patient, at: datetime) -> Item:
    current = ConsentText.objects.in_effect(at).filter(kind=ConsentKind.TREATMENT)
    handed = patient.consent_handouts.filter(text__in=[text.pk for text in current])
    first = handed.order_by("handed_at").first()
    if first is None:
        return Item("consent_to_read", "Consent to read", False, "Give the text to read.")
    given = first.handed_at.astimezone(patient.clinic.zone)
    return Item("consent_to_read", "Consent to read", True, f"Given on {given:%-d %b %Y}")


def _outcome(decisions: list[Candidacy]) -> Item:
    if not decisions:
        return Item("outcome", "Outcome", False, "Decide: candidate, not now or declined.")
    return Item("outcome", "Outcome", True, str(decisions[0]))
