"""The washouts that a plan's next sessions wait for, by the last screening and the record."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from clinic.findings import Severity
from patients.models import Patient, Zone
from patients.screening import Answer, Situation, screen
from sessions.models import TreatmentPlan
from sessions.safety.loading.answers import newest_screening, screening_facts
from sessions.safety.loading.other_treatments import other_treatments


@dataclass(frozen=True)
class Washouts:
    """What the last screening and the record say about the areas of some plans.

    About whole areas: which of their zones will be needled, nobody knows yet.
    """

    patient: Patient
    answers: tuple[Answer, ...]
    zones: dict[UUID, list[Zone]]  # by area

    def end_after(self, on: date, plans: Iterable[TreatmentPlan]) -> date | None:
        """The first day without any washout that lasts beyond a day; None if none does. Findings
        that only inform do not count, nor those that end by no washout."""
        zones = [zone for plan in plans for zone in self.zones.get(plan.area_id, ())]
        codes = frozenset(zone.code for zone in zones)
        situation = Situation(
            on=on,
            skin_type=self.patient.skin_type,
            zones=codes,
            area_zones=codes,
            near_mouth=any(zone.near_mouth for zone in zones),
        )
        found = screen(self.answers, situation)
        ends = [f.clear_on for f in found if f.clear_on and f.severity != Severity.INFO]
        return max(ends, default=None)


def load_washouts(plans: list[TreatmentPlan], *, at: datetime) -> Washouts:
    """Of plans of one patient."""
    patient = plans[0].patient
    screening = screening_facts(newest_screening(patient))
    zones: dict[UUID, list[Zone]] = {}
    for zone in Zone.objects.filter(area__in=[plan.area_id for plan in plans]).order_by("pk"):
        zones.setdefault(zone.area_id, []).append(zone)
    recorded = [other.answer for other in other_treatments(patient.pk, zones, at)]
    return Washouts(patient, (*(screening.answers if screening else ()), *recorded), zones)
