"""What the record says about allergies in words: a no that it contradicts is as grave as a yes."""

from dataclasses import replace

import pytest

from clinic.findings import Severity
from patients.screening import Answer
from sessions.safety import assess, facts
from tests.record.test_safety import SCREENING, session

BLOCK, WARN = Severity.BLOCK, Severity.WARN
# The questions of the catalogue, and how grave a yes is there.
GRAVITY = {
    "anaesthetic-allergy": BLOCK,
    "steel-allergy": BLOCK,
    "metal-allergy": WARN,
    "latex-cleansers": WARN,
}


def asked(*yes: str) -> facts.Screening:
    """A screening with all four questions; a block is for nobody to decide."""
    answers = tuple(
        Answer(
            *(code, code in yes, "Wait.", severity, "clinical.md"),
            overridable_by=() if severity == BLOCK else ("PRACTITIONER",),
        )
        for code, severity in GRAVITY.items()
    )
    return replace(SCREENING, answers=answers)


def found(text: str, screening: facts.Screening | None) -> dict[str, tuple[Severity, int]]:
    """What is said of allergies: how grave, and how many roles may decide."""
    known = assess(session(record=facts.Record(allergies=text), screening=screening))
    return {
        finding.code.removeprefix("screening_"): (finding.severity, len(finding.overridable_by))
        for finding in known
        if finding.code.removeprefix("screening_").replace("_", "-") in GRAVITY
        or finding.code == "allergies_on_record"
    }


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Lidocaine: hives", "anaesthetic_allergy"),
        ("Alergia a la lidocaína y al acero", "anaesthetic_allergy steel_allergy"),
        ("Novocain, 1999", "anaesthetic_allergy"),
        ("No lidocaine", "anaesthetic_allergy"),  # an order
        ("No lidocaine: allergic", "anaesthetic_allergy"),
        ("Not allergic to lidocaine, but EMLA: rash", "anaesthetic_allergy"),
        ("Not only allergic to nickel", "metal_allergy"),
        ("Nickel (rash, 2019)", "metal_allergy"),
        ("Surgical steel; latex gloves", "steel_allergy latex_cleansers"),
        ("chlorhexidine", "latex_cleansers"),
        ("Povidona yodada", "latex_cleansers"),
        ("No latex allergy\n\nFrom another record:\nlatex", "latex_cleansers"),
        ("No known latex allergy. Not allergic to steel. Lidocaine: no reaction", ""),
        ("Sin alergia al látex", ""),
        ("Nuts, a period of hay fever", ""),
    ],
)
def test_what_the_record_names_and_the_patient_denies_is_as_grave_as_a_yes(
    text: str, codes: str
) -> None:
    expected = {
        code: (GRAVITY[code.replace("_", "-")], int(GRAVITY[code.replace("_", "-")] == WARN))
        for code in codes.split()
    }

    assert found(text, asked()) == {**expected, "allergies_on_record": (Severity.INFO, 0)}


@pytest.mark.parametrize(
    "text", ["", "None", " none known.", "NKDA", "-", "Ninguna", "no conocidas"]
)
def test_no_allergy_is_no_finding(text: str) -> None:
    assert found(text, asked()) == {}


def test_a_yes_is_said_once_and_what_was_never_asked_warns() -> None:
    """A question that is newer than the screening, or a clinic's without it."""
    told = found("Steel", asked("steel-allergy"))

    assert told == {"steel_allergy": (BLOCK, 0), "allergies_on_record": (Severity.INFO, 0)}
    for unasked in (replace(SCREENING, answers=()), None):
        assert found("Steel", unasked)["steel_allergy"] == (WARN, 1)
