"""Who did it and of whom it tells, for somebody who reads the record of accesses.

Staff are named. A patient is named to those who may see patients of that clinic; an auditor reads
the last letters of the id, which are the same on every page and say nothing of who it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.models import AccessRecord, ActorKind, User
from clinic.models.staff import ACCOUNT_ROLES
from patients.models import Patient

MOST_NAMED = 3  # of the patients of one access
ELSEWHERE = _("a patient of another clinic")


@dataclass(frozen=True)
class Names:
    """What was read at once for all rows of a page."""

    people: Mapping[UUID, User]
    patients: Mapping[UUID, Patient]
    by_name: bool

    def patient(self, patient_id: UUID) -> str:
        patient = self.patients.get(patient_id)
        if patient is None:
            return str(ELSEWHERE)
        return patient.full_name if self.by_name else label_of(patient_id)

    def actor(self, row: AccessRecord) -> str:
        if row.actor_id and row.actor_kind == ActorKind.PATIENT:
            return self.patient(row.actor_id)
        if row.actor_id and row.actor_kind == ActorKind.STAFF and row.actor_id in self.people:
            return str(self.people[row.actor_id])
        return ActorKind(row.actor_kind).label.capitalize()

    def of_whom(self, row: AccessRecord) -> str:
        named = [self.patient(one) for one in row.patient_ids[:MOST_NAMED]]
        if more := len(row.patient_ids) - len(named):
            named.append(gettext("{more} more").format(more=more))
        return ", ".join(named)


def read_names(rows: Iterable[AccessRecord], user: User) -> Names:
    """Two statements, however many rows: for the staff in them and for the patients."""
    rows = list(rows)
    ids = {one for row in rows for one in row.patient_ids[:MOST_NAMED]}
    ids |= {row.actor_id for row in rows if row.actor_kind == ActorKind.PATIENT and row.actor_id}
    people = {row.actor_id for row in rows if row.actor_kind == ActorKind.STAFF and row.actor_id}
    patients = Patient.objects.visible_to(user).only("given_name", "family_name", "clinic")
    return Names(
        people=User.objects.in_bulk(people),
        patients={one.pk: one for one in patients.filter(pk__in=ids)},
        by_name=user.has_perm("patients.view_patient"),
    )


def label_of(patient_id: UUID) -> str:
    """Of a patient who may not be named: “Patient 3F2A-91BC”."""
    end = patient_id.hex[-8:].upper()
    return gettext("Patient {label}").format(label=f"{end[:4]}-{end[4:]}")


def role_of(row: AccessRecord) -> str:
    return str(dict(ACCOUNT_ROLES).get(row.role, ""))


def thing_of(row: AccessRecord) -> str:
    """What kind of row it was about, as the pages call it."""
    try:
        model: Any = apps.get_model(row.object_model)
    except (LookupError, ValueError):
        return ""
    return str(model._meta.verbose_name)


def deed_of(row: AccessRecord) -> str:
    """What was done: “read: treatment plan”."""
    return ": ".join(filter(None, [row.get_action_display(), thing_of(row)]))
