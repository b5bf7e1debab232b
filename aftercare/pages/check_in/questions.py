"""What the check-in asks, in the patient's words, and how its answers are read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sessions.models import Feeling
from sessions.triage import Level, Score, Sign

NONE, UNSURE = "none", "unsure"  # of the signs
PICK_ONE = _("Please choose one of the three.")
TICK_SOMETHING = _("Please tick what you have now, or “None of these”.")
EITHER_OR = _("You have ticked something and also “None of these” or “I am not sure”.")
TOO_LONG = _("Please shorten your text to 500 characters.")
HALF_AN_HOUR = 31  # minutes: more than thirty


@dataclass(frozen=True)
class Tick:
    """One box of the second page."""

    sign: str
    label: Promise
    from_day: int = 0


BLEEDS = "bleeds"  # no sign of triage, which counts the minutes
# Whoever ticks one of these reads whom to call, before any other question.
AT_ONCE = (
    Tick(Sign.BREATHING, _("Trouble breathing or swallowing")),
    Tick(Sign.LIP_TONGUE_SWELLING, _("Lips, tongue or throat swell")),
    Tick(Sign.FAINT, _("I fainted, or nearly")),
    Tick(Sign.VISION_CHANGE, _("I cannot see well")),
    Tick(Sign.BLUE_GREY, _("Blue or grey lips")),
    Tick(Sign.FITS, _("Fits or twitching")),
    Tick(Sign.CHEST_PAIN, _("Chest pain")),
)
TICKS = (
    Tick(Sign.PUS, _("Pus or yellow crusts")),
    Tick(Sign.VESICLES, _("Blisters, or groups of small sore spots")),
    Tick(Sign.SPREADING, _("Redness that spreads or feels hot, or red lines")),
    Tick(Sign.FEVER, _("Fever of 38 °C or more, or shivering")),
    # The word for it that triage has; how much is asked on the next page.
    Tick(Sign.RED_WORD, _("Pain that gets stronger")),
    Tick(BLEEDS, _("A spot that bleeds for more than 30 minutes")),
    Tick(Sign.HIVES, _("Hives: itchy raised patches")),
    Tick(Sign.LIDS_CLOSING, _("An eye that swells shut")),
    Tick(Sign.FIRM_BUMPS, _("Firm lumps")),
    Tick(Sign.BLACK_OR_BLISTERED, _("Grey, white or black skin")),
    Tick(Sign.LINE_MARKS, _("Lines of marks")),
    Tick(Sign.BROWN_PATCHES, _("New dark patches"), from_day=7),
    Tick(Sign.LIGHT_PATCHES, _("New light patches"), from_day=7),
)
FEELINGS = {
    Feeling.BETTER: _("Better than yesterday"),
    Feeling.SAME: _("About the same"),
    Feeling.WORSE: _("Worse"),
}
SCORES = {
    Score.REDNESS: _("Redness"),
    Score.SWELLING: _("Swelling"),
    Score.PAIN: _("Pain"),
    Score.ITCH: _("Itching"),
}


def ticks_of(day: int) -> list[Tick]:
    return [tick for tick in TICKS if day >= tick.from_day]


def _choices(ticks: Iterable[Tick]) -> list[tuple[str, Promise | str]]:
    return [(tick.sign, tick.label) for tick in ticks]


class FeelingForm(forms.Form):
    feeling = forms.ChoiceField(
        choices=list(FEELINGS.items()),
        error_messages={"required": PICK_ONE, "invalid_choice": PICK_ONE},
    )

    def answers(self) -> dict[str, Any]:
        return {"feeling": self.cleaned_data["feeling"]}


class SignsForm(forms.Form):
    """Nothing ticked is no answer: “none” must be said, and excludes the others. Only an emergency
    is never sent back for that."""

    signs = forms.MultipleChoiceField(
        choices=[*_choices(AT_ONCE), *_choices(TICKS), (NONE, ""), (UNSURE, "")],
        error_messages={"required": TICK_SOMETHING, "invalid_choice": TICK_SOMETHING},
    )

    def clean_signs(self) -> list[str]:
        ticked = set(self.cleaned_data["signs"])
        seen = ticked - {NONE, UNSURE}
        if len(ticked) > 1 and seen != ticked and not is_at_once(seen):
            raise forms.ValidationError(EITHER_OR)
        return sorted(seen or ticked)

    def answers(self) -> dict[str, Any]:
        """“I am not sure” leaves the question open: unknown is not no."""
        seen = set(self.cleaned_data["signs"])
        if seen == {UNSURE}:
            return {"signs": None}
        bleeds = {"bleeding_minutes": HALF_AN_HOUR} if BLEEDS in seen else {}
        return {"signs": sorted(seen - {NONE, BLEEDS}), **bleeds}


class ScoresForm(forms.Form):
    """Each may be left out, or not known."""

    redness = forms.IntegerField(min_value=0, max_value=10, required=False)
    swelling = forms.IntegerField(min_value=0, max_value=10, required=False)
    pain = forms.IntegerField(min_value=0, max_value=10, required=False)
    itch = forms.IntegerField(min_value=0, max_value=10, required=False)

    def answers(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class WordsForm(forms.Form):
    words = forms.CharField(
        max_length=500, required=False, strip=True, error_messages={"max_length": TOO_LONG}
    )
    may_call = forms.ChoiceField(choices=[("yes", ""), ("no", "")], required=False)

    def answers(self) -> dict[str, Any]:
        may_call = {"yes": True, "no": False}.get(self.cleaned_data["may_call"])
        return {"words": self.cleaned_data["words"], "may_call": may_call}


STEPS: dict[int, type[FeelingForm | SignsForm | ScoresForm | WordsForm]] = {
    1: FeelingForm,
    2: SignsForm,
    3: ScoresForm,
    4: WordsForm,
}
SHORT_FROM = 12  # days: from then on the course is slow, and only the signs are asked for


def first_step(day: int) -> int:
    return 1 if day < SHORT_FROM else 2


def next_step(number: int, day: int, level: str) -> int | None:
    """The page after one; None if the patient reads now what to do. What is as expected ends
    before the words, which can be added."""
    if level == Level.EMERGENCY or number == 4:
        return None
    if number == 3 or (number == 2 and day >= SHORT_FROM):
        return None if level == Level.GREEN else 4
    return number + 1


def is_at_once(signs: Iterable[str]) -> bool:
    return not {tick.sign for tick in AT_ONCE}.isdisjoint(signs)
