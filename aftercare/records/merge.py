"""Two records of one person become one; nothing is lost.

It stands here, above the patients' own services, because a patient's sessions move along.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import pgtrigger
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from aftercare.records import merged_recalls
from aftercare.signals import records_merged
from clinic.db.constraints import constraint_of, is_declared
from clinic.db.locks import lock
from clinic.db.retries import retried_transaction
from clinic.errors import Conflict
from clinic.models import User
from clinic.permissions import RecordClosed, may_see
from clinic.values.moments import date_in_words
from patients.merge import KEPT, Contradiction, combine, contradictions
from patients.models import Patient, PatientMerge
from patients.services.contact import lock_name as contact_lock
from sessions.lifecycle import SIGNED
from sessions.models import Kind, TreatmentPlan, TreatmentSession, of_treatment


class CannotMerge(Conflict):
    code = "cannot_merge"
    title = gettext_noop("These records cannot be merged")


# What the two records have together that one cannot have.
TWICE = {
    "session_patient_free": _(
        "Both records have sessions at the same time: cancel one of them first."
    ),
    "export_one_at_a_time": _("Files for both records are being made: wait until they are ready."),
    "waitlist_once_per_visit_type": _(
        "Both records wait for the same kind of visit: withdraw one entry first."
    ),
}


@retried_transaction
def merge_patients(
    *,
    kept_id: UUID,
    merged_id: UUID,
    reason: str,
    at: datetime,
    by: User,
    choices: Mapping[str, str] | None = None,
) -> PatientMerge:
    """Take everything of one record into another of the same person, and archive the empty one.

    1. Lock both records, as bookings do, and their words on being written to, as messages do.
    2. Take in the fields of the record itself (`patients.merge`); where the two contradict each
       other, `choices` says by the field's name which one is right, "kept" or "duplicate".
    3. Shorten recoveries where finished sessions of the two lie closer than the hard minimum:
       they did take place. Sessions that are still to come must be moved first.
    4. Join what each was told of the same recalled lot.
    5. Move every row of every table that refers to the patient, past the triggers that freeze
       signed records; history tables keep what was where. Then tell the listeners.

    Raises CannotMerge, ChoicesNeeded, NothingToChoose, TooLongTogether, RecordClosed.
    """
    _require_open(kept_id, merged_id, by=by)
    kept, merged = _locked(kept_id, merged_id)
    values = combine(kept, merged, choices=choices or {}, at=at)
    _make_room(kept, merged)
    merged_recalls.join_notices(kept, merged, at=at, by=by)
    try:
        with pgtrigger.ignore(*_freezing_triggers()), transaction.atomic():
            moved = _move_rows(kept, merged)
    except IntegrityError as error:
        if not is_declared(error):
            raise
        words = TWICE.get(constraint_of(error), TWICE["session_patient_free"])
        raise CannotMerge(str(words)) from error
    kept.save()
    Patient.objects.filter(merged_into=merged).update(merged_into=kept)  # what it took in itself
    merged.archived_at, merged.merged_into = merged.archived_at or at, kept
    merged.save()
    merge = PatientMerge.objects.create(
        kept=kept, merged=merged, at=at, by=by, reason=reason, moved=moved, values=values
    )
    records_merged.send(PatientMerge, merge=merge, at=at, by=by)
    return merge


def _require_open(*patient_ids: UUID, by: User) -> None:
    """What contradicts each other is clinical too: of both. Raises RecordClosed."""
    for patient_id in patient_ids:
        if not may_see(by, "patients.merge", patient_id):
            raise RecordClosed


@dataclass(frozen=True)
class MergePreview:
    """What merging would do. `refusal` is what stands in its way, apart from what is to be chosen;
    `values` and `moved` are empty then."""

    kept: Patient
    merged: Patient
    contradictions: list[Contradiction]
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    refusal: Conflict | None = None


@retried_transaction
def preview_merge(*, kept_id: UUID, merged_id: UUID, at: datetime, by: User) -> MergePreview:
    """What merging would move, fill and join, and what a person has to choose first; it is run and
    taken back, so that it cannot differ. Raises CannotMerge for two records that never can be."""
    _require_open(kept_id, merged_id, by=by)
    kept, merged = _locked(kept_id, merged_id)
    open_questions = contradictions(kept, merged)
    choices = {pair.field: KEPT for pair in open_questions}
    try:
        with transaction.atomic():
            merge = merge_patients(
                kept_id=kept_id, merged_id=merged_id, reason="", at=at, by=by, choices=choices
            )
            transaction.set_rollback(True)
    except Conflict as refusal:
        return MergePreview(kept, merged, open_questions, refusal=refusal)
    return MergePreview(kept, merged, open_questions, merge.values, merge.moved)


def _locked(kept_id: UUID, merged_id: UUID) -> tuple[Patient, Patient]:
    """Both records, with their locks. Raises CannotMerge."""
    lock(
        *(f"patient:{pk}" for pk in (kept_id, merged_id)),
        *(contact_lock(pk) for pk in (kept_id, merged_id)),
    )
    records = Patient.objects.select_for_update(of=("self",)).select_related("clinic")
    found = {row.pk: row for row in records.order_by("pk").filter(pk__in=[kept_id, merged_id])}
    kept, merged = found[kept_id], found[merged_id]
    if kept.pk == merged.pk or kept.clinic_id != merged.clinic_id:
        raise CannotMerge(gettext("Name two different records of one clinic."), field="duplicate")
    if kept.archived_at or merged.merged_into_id:
        raise CannotMerge(gettext("A record that is archived or merged takes part no more."))
    return kept, merged


def _make_room(kept: Patient, merged: Patient) -> None:
    """Settle the recoveries of both records' sessions against each other, area by area."""
    sessions = (
        TreatmentSession.objects.recovering()
        .filter(patient__in=[kept, merged], kind=Kind.TREATMENT)
        .select_for_update(of=("self",))
        .order_by("area", "starts_at")
    )
    for earlier, later in pairwise(sessions):
        recovers_at = of_treatment(earlier.recovers_at)
        if earlier.area_id != later.area_id or recovers_at <= later.starts_at:
            continue
        if later.status not in SIGNED:
            raise CannotMerge(
                gettext("The session on {day} would come too soon: reschedule it first.").format(
                    day=date_in_words(later.starts_at_local, "j M Y")
                )
            )
        earlier.recovers_at = max(later.starts_at, earlier.ends_at)
        earlier.save(update_fields=["recovers_at"])


def _referring() -> list[Any]:
    """Every foreign key to Patient, plans first: sessions follow their plan by a cascade. Then
    from the lowest app to the highest, messages last: Note [Lock order]."""
    relations = [
        relation
        for relation in Patient._meta.related_objects
        if relation.concrete is False
        and isinstance(relation.field, models.ForeignKey)
        and relation.related_model not in (Patient, PatientMerge)
        and relation.related_model._meta.managed
        and getattr(relation.field, "db_constraint", False)
    ]
    order = list(apps.app_configs)
    return sorted(
        relations,
        key=lambda relation: (
            relation.related_model is not TreatmentPlan,
            order.index(relation.related_model._meta.app_label),
        ),
    )


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
