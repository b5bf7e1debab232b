"""What a device can do and what it is cleared for, and what exactly is treated: from the rows."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet

from clinic.models import DeviceModel, Jurisdiction
from patients.models import Concern, ConcernSubtype, PatientConcern
from sessions.models import MIN_DEPTH_MM, Candidacy, TreatmentPlan
from sessions.safety import facts


def device_facts(model: DeviceModel, at: datetime, jurisdiction: str) -> facts.Device:
    """Of the clearances only those that count where the clinic is. In one statement."""
    rows: Any = (
        DeviceModel.objects.filter(pk=model.pk)
        .annotate(
            spec=FilteredRelation("specs", condition=Q(specs__effective_from__lte=at)),
            cleared=FilteredRelation("clearances", condition=Q(clearances__effective_from__lte=at)),
        )
        .select_related("spec", "cleared")  # type: ignore[misc]
        .order_by("cleared__reference", *_newest("cleared"), *_newest("spec"))
        .distinct("cleared__reference")
    )
    known = list(rows)
    spec = getattr(known[0], "spec", None)  # what is not found, Django does not set
    clearances = [row.cleared for row in known if hasattr(row, "cleared")]
    device = facts.Device(
        code=model.code,
        name=model.name,
        depth_max_mm=MIN_DEPTH_MM,
        tolerance_mm=MIN_DEPTH_MM - MIN_DEPTH_MM,
        source="no specification of this device is recorded",
        jurisdiction=str(Jurisdiction(jurisdiction).label),
        clearances=tuple(
            facts.Clearance(
                reference=clearance.reference,
                concerns=frozenset(clearance.concerns),
                subtypes=frozenset(clearance.subtypes),
                zones=frozenset(clearance.zones),
                skin_types=frozenset(clearance.skin_types),
                min_age=clearance.min_age,
                depth_max_mm=clearance.depth_max_mm,
                source=clearance.cited,
            )
            for clearance in clearances
            if clearance.jurisdiction == jurisdiction
        ),
    )
    if spec is None:
        return device
    return replace(
        device,
        depth_max_mm=spec.depth_max_mm,
        tolerance_mm=spec.tolerance_mm,
        source=spec.cited,
        lists_isotretinoin=spec.lists_isotretinoin,
    )


def _newest(relation: str) -> tuple[str, str]:
    """The order in which the version of a catalogue that is in effect comes first."""
    return f"-{relation}__effective_from", f"-{relation}__version"


def concern_forms(plan: TreatmentPlan) -> list[ConcernSubtype]:
    """The forms of the concern that the plan is to better; where it names none, those that the
    patient has there."""
    named = TreatmentPlan.objects.filter(pk=plan.pk, patient_concerns=OuterRef("pk"))
    known: Any = (
        PatientConcern.objects.filter(patient=plan.patient_id, concern=plan.concern_id)
        .annotate(
            is_named=Exists(named), is_there=Q(zone__isnull=True) | Q(zone__area=plan.area_id)
        )
        .select_related("subtype")
    )
    rows = [row for row in known if row.is_named] or [row for row in known if row.is_there]
    return [row.subtype for row in rows if row.subtype]


def poor_response(concern: Concern, forms: Iterable[ConcernSubtype]) -> str:
    """What of it responds poorly to needling alone; empty if nothing does."""
    kinds: list[Concern | ConcernSubtype] = [concern, *forms]
    return ", ".join(kind.name for kind in kinds if kind.responds_poorly)


def alternatives_told(plan: TreatmentPlan) -> QuerySet[Candidacy]:
    """What stands in it if somebody has told the patient what else there is."""
    told = Candidacy.objects.binding(plan.patient_id, plan.concern.code)
    return told.filter(alternatives__regex=r"\S")
