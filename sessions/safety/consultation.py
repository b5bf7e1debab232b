"""What a consultation must have before somebody decides, and what is there (clinical.md §1.3).

A list to work through, and no rule: what is missing here blocks nothing by itself.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext

from clinic.values.moments import date_in_words
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
        _said(
            decisions,
            "expectations",
            gettext("Expectations"),
            gettext("Write down what the patient hopes for."),
        ),
        _said(
            decisions,
            "other_treatments",
            gettext("Other treatments"),
            gettext("Ask what else was or is done."),
        ),
        _photos(patient, today),
        _consent_to_read(patient, at),
        _outcome(decisions),
    ]


def _birth_date(patient: Patient) -> Item:
    born = patient.date_of_birth
    detail = (
        date_in_words(born, "j M Y") if born else gettext("Ask for it: nobody is needled without.")
    )
    return Item("birth_date", gettext("Birth date"), born is not None, detail)


def _concerns(patient: Patient) -> Item:
    known = list(patient.concerns.select_related("concern", "subtype", "zone").order_by("id"))
    ungraded = [str(concern) for concern in known if concern.baseline_grade is None]
    if not known:
        detail = gettext("Record what the patient wants treated.")
    elif ungraded:
        detail = gettext("Grade, 1 to 4: {concerns}.").format(concerns="; ".join(ungraded))
    else:
        detail = "; ".join(
            gettext("{concern}: grade {grade}").format(
                concern=concern, grade=concern.baseline_grade
            )
            for concern in known
        )
    return Item("concerns", gettext("Concerns with grade"), bool(known) and not ungraded, detail)


def _skin_type(patient: Patient) -> Item:
    known = patient.skin_type is not None
    detail = patient.get_skin_type_display() if known else gettext("Assess it.")
    return Item("skin_type", gettext("Skin type"), known, detail)


def _screening(newest: Screening | None, today: date) -> Item:
    name = gettext("Screening")
    if newest is None:
        return Item("screening", name, False, gettext("Ask the questionnaire."))
    end = date_in_words(newest.valid_until, "j M Y")
    if newest.valid_until < today:
        gone = gettext("It was valid until {day}: ask again.").format(day=end)
        return Item("screening", name, False, gone)
    return Item("screening", name, True, gettext("Valid until {day}").format(day=end))


def _said(decisions: list[Candidacy], field: str, name: str, missing: str) -> Item:
    """What was written down last, with the outcome of this consultation or an earlier one."""
    said = next((text for one in decisions if (text := getattr(one, field).strip())), "")
    return Item(field, name, bool(said), said or missing)


def _photos(patient: Patient, today: date) -> Item:
    name, newest = (
        gettext("Photographs"),
        patient.photos.standard().order_by("-taken_at", "-id").first(),
    )
    if newest:
        taken = date_in_words(newest.taken_at.astimezone(patient.clinic.zone), "j M Y")
        return Item("photos", name, True, gettext("The last of {day}").format(day=taken))
    agreed = patient.photo_consents.valid(today).filter(scope=PhotoScope.CLINICAL).exists()
    detail = (
        gettext("Take them.")
        if agreed
        else gettext("Ask for the consent to clinical photographs first.")
    )
    return Item("photos", name, False, detail)


def _consent_to_read(patient: Patient, at: datetime) -> Item:
    current = ConsentText.objects.in_effect(at).filter(kind=ConsentKind.TREATMENT)
    handed = patient.consent_handouts.filter(text__in=[text.pk for text in current])
    first = handed.order_by("handed_at").first()
    name = gettext("Consent to read")
    if first is None:
        return Item("consent_to_read", name, False, gettext("Give the text to read."))
    given = date_in_words(first.handed_at.astimezone(patient.clinic.zone), "j M Y")
    return Item("consent_to_read", name, True, gettext("Given on {day}").format(day=given))


def _outcome(decisions: list[Candidacy]) -> Item:
    name = gettext("Outcome")
    if not decisions:
        missing = gettext("Decide: candidate, not now or declined.")
        return Item("outcome", name, False, missing)
    return Item("outcome", name, True, str(decisions[0]))
