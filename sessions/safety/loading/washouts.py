"""The washouts that a plan's next sessions wait for, by the last screening and the record."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from clinic.findings import Severity
from patients.models import Patient, Zone
from patients.screening import Answer, Situation, screen
from sessions.models import TreatmentPlan
from sessions.safety.facts import Number, OtherTreatment
from sessions.safety.loading.answers import newest_screening, screening_facts
from sessions.safety.loading.other_treatments import other_treatments
from sessions.safety.loading.record import rules_in_effect
from sessions.safety.patient.other_treatments import pause_after_needling


@dataclass(frozen=True)
class Washouts:
    """What the last screening and the record say about the areas of some plans.

    About whole areas: which of their zones will be needled, nobody knows yet.
    """

    patient: Patient
    answers: tuple[Answer, ...]
    zones: dict[UUID, list[Zone]]  # by area
    planned: tuple[tuple[OtherTreatment, Number], ...] = ()  # with its pause after needling

    def end_after(self, on: date, plans: Iterable[TreatmentPlan]) -> date | None:
        """The first day without any washout that lasts beyond a day, and not too soon before what
        is planned; None if that is this day. Findings that only inform do not count, nor those that
        end by no washout."""
        plans, day = list(plans), on
        while clear := self._end_of_those_on(day, plans):
            day = clear
        return day if day > on else None

    def possible(self, days: Iterable[date], plans: Iterable[TreatmentPlan]) -> set[date]:
        """Those of these days on which nothing has to be waited for."""
        plans = list(plans)
        return {day for day in set(days) if self.end_after(day, plans) is None}

    def _end_of_those_on(self, on: date, plans: Iterable[TreatmentPlan]) -> date | None:
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
        for other, pause in self.planned:
            if (other.on - on).days < pause.value:
                found += screen([other.answer], replace(situation, on=max(on, other.on)))
        ends = [f.clear_on for f in found if f.clear_on and f.severity != Severity.INFO]
        return max(ends, default=None)


def load_washouts(plans: list[TreatmentPlan], *, at: datetime) -> Washouts:
    """Of plans of one patient."""
    patient = plans[0].patient
    screening = screening_facts(newest_screening(patient))
    zones: dict[UUID, list[Zone]] = {}
    for zone in Zone.objects.filter(area__in=[plan.area_id for plan in plans]).order_by("pk"):
        zones.setdefault(zone.area_id, []).append(zone)
    recorded = other_treatments(patient.pk, zones, at)
    done = [other.answer for other in recorded if not other.is_planned]
    planned = [other for other in recorded if other.is_planned]
    rules = rules_in_effect(at) if planned else {}
    return Washouts(
        patient,
        (*(screening.answers if screening else ()), *done),
        zones,
        tuple((other, pause_after_needling(other.kind, rules)) for other in planned),
    )
