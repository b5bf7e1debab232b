"""What becomes of each field of a patient's record when two records of one person are merged."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext, gettext_noop

from clinic.errors import Conflict, DomainError
from clinic.values.moments import date_in_words
from patients.models import Patient, SkinTypeAssessment


class Fate(Enum):
    """OWN stays as it is in the record that is kept. CHOICE: an empty one is filled, a yes wins
    over unknown, and of two that differ a person chooses. JOINED: both texts, each with its origin.
    ASSESSED: the newest assessment of both counts. WEIGHED: the last weighing of both counts."""

    OWN = auto()
    CHOICE = auto()
    JOINED = auto()
    ASSESSED = auto()
    WEIGHED = auto()


FATES: dict[str, Fate] = {
    "id": Fate.OWN,
    "created_at": Fate.OWN,
    "clinic": Fate.OWN,  # the same of both
    "given_name": Fate.CHOICE,
    "family_name": Fate.CHOICE,
    "date_of_birth": Fate.CHOICE,
    "email": Fate.CHOICE,
    "mobile": Fate.CHOICE,
    "language": Fate.CHOICE,
    "time_zone": Fate.CHOICE,
    "sex": Fate.CHOICE,
    "skin_type": Fate.ASSESSED,
    "allergies": Fate.JOINED,
    "keloid_history": Fate.CHOICE,
    "cold_sore_history": Fate.CHOICE,
    "weight_kg": Fate.WEIGHED,
    "weighed_on": Fate.WEIGHED,
    "notes": Fate.JOINED,
    "archived_at": Fate.OWN,  # a record that is archived is never the one that is kept
    "merged_into": Fate.OWN,
    "updated_at": Fate.OWN,
    "version": Fate.OWN,
}
WEIGHT = [name for name, fate in FATES.items() if fate is Fate.WEIGHED]
KEPT, DUPLICATE = "kept", "duplicate"  # what may be chosen
NAMES = {"given_name", "family_name"}


class ChoicesNeeded(Conflict):
    code = "choices_needed"
    title = gettext_noop("The two records contradict each other")


class NothingToChoose(DomainError):
    code = "nothing_to_choose"
    title = gettext_noop("The records do not contradict each other there")


class NoNameLeft(DomainError):
    code = "no_name_left"
    title = gettext_noop("The record would have no name")


class TooLongTogether(Conflict):
    code = "too_long_together"
    title = gettext_noop("The texts of both records are too long for one")


@dataclass(frozen=True)
class Contradiction:
    """A field in which the two records say different things."""

    field: str
    kept: Any
    duplicate: Any

    @property
    def label(self) -> str:
        return label(self.field)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "field": self.field,
            "label": self.label,
            "kept": json_value(self.kept),
            "duplicate": json_value(self.duplicate),
        }


def label(field: str) -> str:
    """“Date of birth”."""
    name = str(Patient._meta.get_field(field).verbose_name)  # type: ignore[union-attr]
    return name[:1].upper() + name[1:]


def contradictions(kept: Patient, duplicate: Patient) -> list[Contradiction]:
    """What a person has to decide before `duplicate` can become a part of `kept`."""
    names = [name for name, fate in FATES.items() if fate is Fate.CHOICE]
    if not _assessments(kept, duplicate).exists():
        names.append("skin_type")  # as it came in from elsewhere, without an assessment
    pairs = [Contradiction(name, getattr(kept, name), getattr(duplicate, name)) for name in names]
    is_another = _is_another_name([pair for pair in pairs if pair.field in NAMES])
    return [
        pair
        for pair in pairs
        if not _agree(pair) and (_both_say(pair) or (is_another and pair.field in NAMES))
    ]


def _is_another_name(names: list[Contradiction]) -> bool:
    """“Sukarno” and “Jürgen Gross” must not become “Sukarno Gross”: unless one name is the same in
    both and the other contradicts nothing, each is asked about, also one that is empty."""
    said = [pair for pair in names if _both_say(pair)]
    return not said or not all(map(_agree, said))


def combine(
    kept: Patient,
    duplicate: Patient,
    *,
    choices: Mapping[str, str],
    at: datetime,
) -> dict[str, dict[str, Any]]:
    """Take into `kept`, which is not saved, what `duplicate` says; returns each field that changed
    or was chosen, with both values and the result. Nothing gets lost: a value that was not chosen
    stands in the notes.

    Raises ChoicesNeeded, NothingToChoose, NoNameLeft, TooLongTogether.
    """
    open_questions = {pair.field: pair for pair in contradictions(kept, duplicate)}
    _require_choices(open_questions, choices)
    before = {name: getattr(kept, name) for name in FATES}
    weighed = {name: getattr(_last_weighed(kept, duplicate), name) for name in WEIGHT}
    origin = _origin(duplicate, at)
    left: list[str] = []
    for name, fate in FATES.items():
        theirs = getattr(duplicate, name)
        if pair := open_questions.get(name):
            chosen, other = pair.kept, pair.duplicate
            if choices[name] == DUPLICATE:
                chosen, other = other, chosen
            setattr(kept, name, chosen)
            if _says(other):
                left.append(f"{pair.label}: {display_value(name, other)}")
        elif fate is Fate.CHOICE and not _says(before[name]):
            setattr(kept, name, theirs)
        elif fate is Fate.JOINED:
            setattr(kept, name, _joined(before[name], theirs, origin))
        elif fate is Fate.WEIGHED:
            setattr(kept, name, weighed[name])
        elif fate is Fate.ASSESSED:
            newest = _assessments(kept, duplicate).order_by("-assessed_on", "-id").first()
            kept.skin_type = newest.skin_type if newest else kept.skin_type or theirs
    if not kept.full_name:
        raise NoNameLeft(gettext("Choose at least one name."), field="choices")
    if left:
        not_chosen = gettext("{origin}, not chosen: {left}.").format(
            origin=origin, left="; ".join(left)
        )
        kept.notes = "\n\n".join(filter(None, [kept.notes, not_chosen]))
    _require_room(kept)
    return {
        name: {
            "kept": json_value(before[name]),
            "duplicate": json_value(getattr(duplicate, name)),
            "result": json_value(getattr(kept, name)),
        }
        for name, fate in FATES.items()
        if fate is not Fate.OWN and (getattr(kept, name) != before[name] or name in open_questions)
    }


def display_value(name: str, value: Any) -> str:
    """A value as people read it."""
    if value is True or value is False:
        return "yes" if value else "no"
    if isinstance(value, date):
        return date_in_words(value, "j M Y")
    choices = dict(Patient._meta.get_field(name).flatchoices)  # type: ignore[union-attr]
    return str(choices.get(value, value))


def json_value(value: Any) -> Any:
    """A value for JSON."""
    return value if value is None or isinstance(value, bool | int) else str(value)


def _assessments(kept: Patient, duplicate: Patient) -> QuerySet[SkinTypeAssessment]:
    return SkinTypeAssessment.objects.filter(patient__in=[kept.pk, duplicate.pk])


def _last_weighed(*records: Patient) -> Patient:
    """Of two weights of one day the lighter: doses are reckoned by it."""
    return max(records, key=lambda each: (each.weighed_on or date.min, -(each.weight_kg or 0)))


def _says(value: Any) -> bool:
    return value is not None and value != ""


def _both_say(pair: Contradiction) -> bool:
    return _says(pair.kept) and _says(pair.duplicate)


def _agree(pair: Contradiction) -> bool:
    return str(pair.kept).strip().casefold() == str(pair.duplicate).strip().casefold()


def _require_choices(questions: Mapping[str, Contradiction], choices: Mapping[str, str]) -> None:
    for name in choices:
        if name not in questions:
            raise NothingToChoose(
                gettext(
                    "The records do not contradict each other in “{name}”; to be chosen: "
                    "{questions}."
                ).format(name=name, questions=", ".join(questions) or gettext("nothing")),
                field=f"choices/{name}",
            )
    if undecided := [pair for name, pair in questions.items() if name not in choices]:
        told = ", ".join(
            gettext("{label} ({kept} or {duplicate})").format(
                label=pair.label,
                kept=display_value(pair.field, pair.kept),
                duplicate=display_value(pair.field, pair.duplicate),
            )
            for pair in undecided
        )
        raise ChoicesNeeded(
            gettext("Choose what is right: {told}.").format(told=told),
            field="choices",
            contradictions=[pair.as_dict() for pair in undecided],
        )


def _origin(duplicate: Patient, at: datetime) -> str:
    day = at.astimezone(duplicate.clinic.zone)
    return gettext("From the record of {full_name}, merged on {day}").format(
        full_name=duplicate.full_name, day=date_in_words(day, "j M Y")
    )


def _joined(ours: str, theirs: str, origin: str) -> str:
    if theirs.strip() in ("", ours.strip()):
        return ours
    return "\n\n".join(filter(None, [ours, f"{origin}:\n{theirs}"]))


def _require_room(kept: Patient) -> None:
    for name, fate in FATES.items():
        limit = getattr(Patient._meta.get_field(name), "max_length", None)
        if fate is Fate.JOINED and len(getattr(kept, name)) > (limit or 0):
            raise TooLongTogether(
                gettext(
                    "{label} of both records would be {length} characters; {limit} are possible. "
                    "Shorten one of them first."
                ).format(
                    label=label(name),
                    length=format(len(getattr(kept, name)), ","),
                    limit=format(limit, ","),
                ),
                field=name,
            )
