"""Accesses that look unusual, each with why in words. Nothing is said of the person: most are fine,
and somebody who watches over them notes so.

Read in whole hours, newest first, so that many patients in an hour are counted whole; a page takes
the same number of statements whatever is on it.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from clinic.models import AccessRecord, AccessReview, Action, ActorKind, Outcome, User
from clinic.models.access import AccessPurpose, least_id
from clinic.values.moments import date_in_words
from patients.models import Patient
from sessions.lifecycle import Status
from sessions.models import TreatmentSession

READ_AT_ONCE = 500
MANY_IN_AN_HOUR = 30  # patients whose pages one person has opened one by one
NIGHT = (22, 6)  # from, until: hours on the clinic's clock
SINCE_A_VISIT = timedelta(days=90)
NEW = timedelta(days=7)  # a caller is registered before anything is booked
HOUR = timedelta(hours=1)
# What somebody opens of one patient; a list shows whom it shows.
OPENING = (Action.READ, Action.PHOTO, Action.PRINT, Action.EXPORT, Action.MESSAGE_TEXT)


@dataclass
class Finding:
    """What one person opened of one patient on one day, or of many in one hour."""

    person: User
    patient: Patient | None
    day: date
    first: datetime  # on the clinic's clock, as `last`
    last: datetime
    times: int
    reasons: list[str]
    reviews: list[AccessReview] = field(default_factory=list)

    @property
    def key(self) -> tuple[Any, Any, date]:
        return self.person.pk, self.patient and self.patient.pk, self.day


@dataclass(frozen=True)
class Looked:
    """The findings among the accesses that were read, and where older ones go on."""

    findings: list[Finding]
    accesses: int
    older: UUID | None


def unusual(reader: User, *, before: UUID | None = None) -> Looked:
    """Of the reader's clinics. Six statements."""
    rows = _openings(AccessRecord.objects.visible_to(reader))
    page = list((rows.filter(pk__lt=before) if before else rows)[:READ_AT_ONCE])
    older = None
    if len(page) == READ_AT_ONCE:
        hour = _hour(page[-1].at)
        page += rows.filter(pk__lt=page[-1].pk, pk__gte=least_id(hour))
        older = least_id(hour)
    return Looked(findings_of(page), len(page), older)


def between(rows: Any, first: datetime, end: datetime) -> list[Finding]:
    """For a report: all of these accesses, some at a time."""
    found: list[Finding] = []
    before = least_id(end)
    while True:
        opened = _openings(rows).filter(pk__gte=least_id(first))
        page = list(opened.filter(pk__lt=before)[:READ_AT_ONCE])
        if len(page) < READ_AT_ONCE:
            return [*found, *findings_of(page)]
        hour = least_id(_hour(page[-1].at))
        page += opened.filter(pk__lt=page[-1].pk, pk__gte=hour)
        found += findings_of(page)
        before = hour


def _openings(rows: Any) -> Any:
    done = rows.filter(actor_kind=ActorKind.STAFF, outcome=Outcome.DONE)
    opened = done.filter(action__in=OPENING, patient_ids__len=1)
    return opened.order_by("-pk")


def findings_of(rows: Sequence[AccessRecord]) -> list[Finding]:
    """Newest first. Four statements."""
    facts = _read(rows)
    groups: dict[Any, list[AccessRecord]] = defaultdict(list)
    hours: dict[Any, list[AccessRecord]] = defaultdict(list)
    for row in rows:
        patient = facts.patients.get(row.patient_ids[0])
        if patient is None or row.actor_id not in facts.people:
            continue  # of a clinic that the two do not share
        day = row.at.astimezone(patient.clinic.zone).date()
        groups[row.actor_id, patient.pk, day].append(row)
        hours[row.actor_id, _hour(row.at)].append(row)
    found = [_of_patient(facts, key, of) for key, of in groups.items()]
    found += [_of_hour(facts, of) for of in hours.values()]
    shown = [one for one in found if one.reasons]
    _add_reviews(shown)
    return sorted(shown, key=lambda one: one.last, reverse=True)


@dataclass(frozen=True)
class _Facts:
    people: dict[Any, User]
    patients: dict[UUID, Patient]
    visits: dict[UUID, list[datetime]]


def _read(rows: Sequence[AccessRecord]) -> _Facts:
    ids = {row.patient_ids[0] for row in rows}
    visits: dict[UUID, list[datetime]] = defaultdict(list)
    if rows:
        since = rows[-1].at - SINCE_A_VISIT
        booked = TreatmentSession.objects.filter(patient__in=ids, starts_at__gte=since)
        booked = booked.exclude(status=Status.CANCELLED).order_by()
        for patient_id, starts_at in booked.values_list("patient_id", "starts_at"):
            visits[patient_id].append(starts_at)
    named = ("given_name", "family_name", "email", "mobile", "created_at", "clinic")
    patients = Patient.objects.filter(pk__in=ids).select_related("clinic")
    return _Facts(
        people=User.objects.in_bulk({row.actor_id for row in rows}),
        patients={one.pk: one for one in patients.only(*named, "clinic__time_zone")},
        visits=visits,
    )


def _of_patient(facts: _Facts, key: Any, rows: Sequence[AccessRecord]) -> Finding:
    person, patient, day = facts.people[key[0]], facts.patients[key[1]], key[2]
    local = [row.at.astimezone(patient.clinic.zone) for row in rows]
    reasons = [*_alike(person, patient)]
    if all(_has_no_visit(patient, row.at, facts.visits[patient.pk]) for row in rows):
        reasons.append(gettext("No appointment in the 90 days before, and none ahead"))
    if night := next((at for at in local if at.hour >= NIGHT[0] or at.hour < NIGHT[1]), None):
        reasons.append(gettext("At night, {night}").format(night=date_in_words(night, "H:i")))
    if any(row.purpose == AccessPurpose.BREAK_GLASS for row in rows):
        reasons.append(gettext("By break-glass"))
    return Finding(person, patient, day, min(local), max(local), len(rows), reasons)


def _alike(person: User, patient: Patient) -> Iterable[str]:
    """What somebody who looks up a relative, a neighbour or themselves has in common with them."""
    if _folded(person.last_name) and _folded(person.last_name) == _folded(patient.family_name):
        yield gettext("The same surname as the patient")
    if person.email and person.email.casefold() == patient.email.casefold():
        yield gettext("The same e-mail address as the patient")
    if person.mobile and person.mobile == patient.mobile:
        yield gettext("The same telephone number as the patient")


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold())
    return re.sub(r"[\W_]", "", "".join(one for one in plain if not unicodedata.combining(one)))


def _has_no_visit(patient: Patient, at: datetime, visits: Iterable[datetime]) -> bool:
    is_new = at < patient.created_at + NEW
    return not is_new and not any(starts_at >= at - SINCE_A_VISIT for starts_at in visits)


def _of_hour(facts: _Facts, rows: Sequence[AccessRecord]) -> Finding:
    patients = {row.patient_ids[0] for row in rows}
    zone: ZoneInfo = facts.patients[rows[0].patient_ids[0]].clinic.zone
    local = [row.at.astimezone(zone) for row in rows]
    begins = _hour(rows[0].at).astimezone(zone)
    words = gettext("{patients} patients in the hour from {begins}").format(
        patients=len(patients), begins=date_in_words(begins, "H:i")
    )
    return Finding(
        facts.people[rows[0].actor_id],
        None,
        local[0].date(),
        min(local),
        max(local),
        len(rows),
        [words] if len(patients) > MANY_IN_AN_HOUR else [],
    )


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _add_reviews(findings: Sequence[Finding]) -> None:
    days = {one.day for one in findings}
    rows = AccessReview.objects.filter(actor__in={one.person.pk for one in findings}, day__in=days)
    by_key: dict[Any, list[AccessReview]] = defaultdict(list)
    for row in rows.select_related("by").order_by("id"):
        by_key[row.actor_id, row.patient_id, row.day].append(row)
    for one in findings:
        one.reviews = by_key.get(one.key, [])
