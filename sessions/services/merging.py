"""Two records of one person become one; nothing is lost.

It stands here, above the patients' own services, because a patient's sessions move along.
"""

from datetime import datetime
from itertools import pairwise
from typing import Any

import pgtrigger
from django.db import IntegrityError, models, transaction

from clinic.errors import Conflict
from clinic.locks import lock
from clinic.models import User
from clinic.retries import retried_transaction
from patients.models import Patient, PatientMerge
from sessions.lifecycle import Status
from sessions.models import TreatmentPlan, TreatmentSession


class CannotMerge(Conflict):
    code = "cannot_merge"
    title = "These records cannot be merged"


@retried_transaction
def merge_patients(
    *, kept_id: Any, merged_id: Any, reason: str, at: datetime, by: User
) -> PatientMerge:
    """Move everything of one record to another of the same person, and archive the empty one.

    1. Lock both records, as bookings do.
    2. Shorten recoveries where finished sessions of the two lie closer than the hard minimum:
       they did take place. Sessions that are still to come must be moved first.
    3. Move every row of every table that refers to the patient, past the triggers that freeze
       signed records; history tables keep what was where.

    Raises CannotMerge.
    """
    lock(f"patient:{kept_id}", f"patient:{merged_id}")
    records = Patient.objects.select_for_update(of=("self",)).order_by("pk")
    found = {patient.pk: patient for patient in records.filter(pk__in=[kept_id, merged_id])}
    kept, merged = found[kept_id], found[merged_id]
    if kept.pk == merged.pk or kept.clinic_id != merged.clinic_id:
        raise CannotMerge("Name two different records of one clinic.", field="duplicate")
    if kept.archived_at or merged.merged_into_id:
        raise CannotMerge("A record that is archived or merged takes part no more.")
    _make_room(kept, merged)
    try:
        with pgtrigger.ignore(*_freezing_triggers()), transaction.atomic():
            moved = _move_rows(kept, merged)
    except IntegrityError as error:
        raise CannotMerge(
            "Both records have sessions at the same time: cancel one of them first."
        ) from error
    merged.archived_at, merged.merged_into = merged.archived_at or at, kept
    merged.save()
    return PatientMerge.objects.create(
        kept=kept, merged=merged, at=at, by=by, reason=reason, moved=moved
    )


def _make_room(kept: Patient, merged: Patient) -> None:
    """Settle the recoveries of both records' sessions against each other, area by area."""
    sessions = (
        TreatmentSession.objects.occupying()
        .filter(patient__in=[kept, merged])
        .select_for_update(of=("self",))
        .order_by("area", "starts_at")
    )
    for earlier, later in pairwise(sessions):
        if earlier.area_id != later.area_id or earlier.recovers_at <= later.starts_at:
            continue
        if later.status != Status.COMPLETED:
            raise CannotMerge(
                f"The session on {later.starts_at_local:%d %b %Y} would come too soon: "
                "reschedule it first."
            )
        earlier.recovers_at = max(later.starts_at, earlier.ends_at)
        earlier.save(update_fields=["recovers_at"])


def _referring() -> list[Any]:
    """Every foreign key to Patient, plans first: sessions follow their plan by a cascade."""
    relations = [
        relation
        for relation in Patient._meta.related_objects
        if relation.concrete is False
        and isinstance(relation.field, models.ForeignKey)
        and relation.related_model not in (Patient, PatientMerge)
        and relation.related_model._meta.managed
        and getattr(relation.field, "db_constraint", False)
    ]
    return sorted(relations, key=lambda relation: relation.related_model is not TreatmentPlan)


def _freezing_triggers() -> list[str]:
    """What keeps signed rows as they are; the triggers that write history stay on."""
    tables = {relation.related_model for relation in _referring()}
    return [
        trigger.get_uri(model)
        for model, trigger in pgtrigger.registered()
        if model in tables and isinstance(trigger, pgtrigger.Protect | pgtrigger.ReadOnly)
    ]


def _move_rows(kept: Patient, merged: Patient) -> dict[str, int]:
    """Point every row at the record that is kept; returns how many of each table."""
    rows = {
        relation: relation.related_model._base_manager.filter(**{relation.field.name: merged})
        for relation in _referring()
    }
    counts = {r.related_model._meta.db_table: found.count() for r, found in rows.items()}
    for relation, found in rows.items():
        found.update(**{relation.field.name: kept})
    return {table: count for table, count in counts.items() if count}
