"""Side effects: written down, and how they went on."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop

from clinic.db.constraints import constraint_of
from clinic.db.retries import retried_transaction
from clinic.errors import Conflict, DomainError
from clinic.models import User, in_words
from clinic.permissions import require_sight
from patients.models import Zone
from patients.services import finish_source
from patients.services.records import require_open
from sessions.lifecycle import SIGNED, Status
from sessions.models import (
    SEVERE,
    CheckIn,
    Photo,
    SideEffect,
    SideEffectExpectation,
    SideEffectKind,
    SideEffectNote,
    TreatmentSession,
)
from sessions.services.booking.moves import CHECK_IN_OPENS
from sessions.services.record.chart import require_on
from sessions.services.record.healing.reporting import start_reporting

OVERDUE = "side-effect-overdue:"
HAS_COME = (Status.CHECKED_IN, Status.IN_PROGRESS, *SIGNED)


class NotBegun(Conflict):
    code = "not_begun"
    title = gettext_noop("The patient has not come for this session")


class ImplausibleOnset(DomainError):
    code = "implausible_onset"
    title = gettext_noop("It cannot have begun then")


class NotAsExpected(DomainError):
    code = "not_as_expected"
    title = gettext_noop("This is never a normal course")


class AlreadyResolved(Conflict):
    code = "already_resolved"
    title = gettext_noop("This side effect is resolved")


class OtherReport(DomainError):
    code = "other_report"
    title = gettext_noop("The report is about another session")


class AlreadyRecorded(Conflict):
    code = "already_recorded"
    title = gettext_noop("This was recorded from this report already")


class PhotoOfAnother(DomainError):
    code = "photo_of_another"
    title = gettext_noop("The photograph shows somebody else")


@retried_transaction
def log_side_effect(
    *,
    session: TreatmentSession,
    kind: str,
    grade: int,
    is_expected: bool,
    onset_at: datetime,
    at: datetime,
    by: User,
    zone: Zone | None = None,
    note: str = "",
    check_in: CheckIn | None = None,
) -> SideEffect:
    """Record what a session led to, from check-in on: the numbing cream comes before the needles.
    `check_in` is the report that told of it; each kind is recorded from it once.

    Raises NotBegun, ImplausibleOnset, NotAsExpected, ZoneElsewhere, OtherReport, AlreadyRecorded.
    """
    require_open(session.patient, field="session")
    require_sight(by, session.patient_id)
    if session.status not in HAS_COME:
        raise NotBegun(
            gettext("The session is {status}.").format(status=in_words(Status, session.status)),
            field="session",
        )
    require_on(session.area, zone)
    if check_in and check_in.session_id != session.pk:
        raise OtherReport(gettext("Name a report of this session."), field="check_in")
    if onset_at < session.starts_at - CHECK_IN_OPENS:
        raise ImplausibleOnset(
            gettext("That is before the patient had come for this session."), field="onset_at"
        )
    if onset_at > max(at, session.ends_at):
        raise ImplausibleOnset(
            gettext("That lies in the future: say when it began."), field="onset_at"
        )
    _require_plausible(kind, grade, is_expected=is_expected, at=at)
    try:
        with transaction.atomic():
            side_effect = SideEffect.objects.create(
                session=session,
                zone=zone,
                kind=kind,
                grade=grade,
                is_expected=is_expected,
                onset_at=onset_at,
                check_in=check_in,
                note=note,
                recorded_by=by,
            )
    except IntegrityError as error:
        if constraint_of(error) != "side_effect_once_from_a_report":
            raise
        raise AlreadyRecorded(
            gettext("Note how it goes at that side effect."), field="kind"
        ) from error
    _look_at(side_effect, at=at, by=by)
    start_reporting(side_effect=side_effect, at=at)
    return side_effect


def overdue_source(side_effect: SideEffect) -> str:
    """Of the task that somebody should look at it again."""
    return f"{OVERDUE}{side_effect.pk}"


def _look_at(side_effect: SideEffect, *, at: datetime, by: User, **seen: Any) -> None:
    """One more line of its course, with its grade and note of now."""
    look = SideEffectNote(
        side_effect=side_effect,
        grade=side_effect.grade,
        is_expected=side_effect.is_expected,
        note=side_effect.note,
        at=at,
        by=by,
        **seen,
    )
    look.full_clean(exclude=["side_effect", "photo"])
    look.save(force_insert=True)


def _require_plausible(kind: str, grade: int, *, is_expected: bool, at: datetime) -> None:
    """A severe reaction, or a red flag of the catalogue, is no normal course (clinical.md §1.5)."""
    if not is_expected:
        return
    courses = SideEffectExpectation.objects.in_effect(at).filter(kind=kind)
    if grade >= SEVERE or any(course.is_red_flag for course in courses):
        name = str(SideEffectKind(kind).label)
        raise NotAsExpected(
            gettext("{name} of grade {grade} cannot be expected: answer no.").format(
                name=name, grade=grade
            ),
            field="is_expected",
        )


def _unresolved(side_effect_id: UUID, *, by: User) -> SideEffect:
    rows = SideEffect.objects.select_for_update(of=("self",)).select_related("session__patient")
    side_effect = rows.get(pk=side_effect_id)
    require_open(side_effect.session.patient)
    require_sight(by, side_effect.session.patient_id)
    if side_effect.resolved_at:
        raise AlreadyResolved(
            gettext("It was resolved on {day}.").format(
                day=date_format(side_effect.resolved_at, "j M Y")
            )
        )
    return side_effect


@retried_transaction
def note_side_effect(
    *,
    side_effect_id: UUID,
    grade: int,
    is_expected: bool,
    note: str,
    at: datetime,
    by: User,
    treatment: str = "",
    care_elsewhere: str = "",
    photo: Photo | None = None,
) -> SideEffect:
    """Note how a side effect goes, while it lasts: its grade now, what was done, and by whom if it
    was elsewhere. Its course keeps each look.

    Raises AlreadyResolved, PatientArchived, NotAsExpected, PhotoOfAnother.
    """
    side_effect = _unresolved(side_effect_id, by=by)
    _require_plausible(side_effect.kind, grade, is_expected=is_expected, at=at)
    side_effect.grade, side_effect.is_expected, side_effect.note = grade, is_expected, note
    side_effect.full_clean()
    if photo and photo.patient_id != side_effect.session.patient_id:
        raise PhotoOfAnother(gettext("Name a photograph of this patient."), field="photo")
    side_effect.save(update_fields=["grade", "is_expected", "note"])
    finish_source(
        source=overdue_source(side_effect),
        at=at,
        by=by,
        note=gettext("Noted: grade {grade}. {note}").format(grade=grade, note=note),
    )
    _look_at(
        side_effect,
        at=at,
        by=by,
        treatment=treatment,
        care_elsewhere=care_elsewhere,
        photo=photo,
    )
    start_reporting(side_effect=side_effect, at=at)
    return side_effect


@retried_transaction
def resolve_side_effect(
    *, side_effect_id: UUID, resolution: str, at: datetime, by: User
) -> SideEffect:
    """Close a side effect with its outcome. Raises AlreadyResolved, PatientArchived."""
    side_effect = _unresolved(side_effect_id, by=by)
    side_effect.resolved_at, side_effect.resolution = at, resolution
    side_effect.full_clean()
    side_effect.save(update_fields=["resolved_at", "resolution"])
    finish_source(
        source=overdue_source(side_effect),
        at=at,
        by=by,
        note=gettext("Resolved: {resolution}").format(resolution=resolution),
    )
    return side_effect
