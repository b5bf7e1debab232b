"""Everything that ever happened to a patient, in the order of time, for a clinician to read.

It stands in this app because it looks at all the others.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext

from aftercare.lifecycle import ACCEPTED
from aftercare.models import Message, RecallNotice, StaffAnswer
from clinic.models import in_words
from clinic.values.moments import date_in_words
from patients.models import Patient
from sessions.lifecycle import PlanStatus, Status
from sessions.models import (
    Addendum,
    Deviation,
    OutcomeMeasure,
    PlanEvent,
    SessionEvent,
    SideEffect,
)


@dataclass(frozen=True)
class Entry:
    """One thing that happened: when, of which kind, to which row, in words."""

    at: datetime
    kind: str
    id: UUID
    title: str
    detail: str = ""


def timeline(patient: Patient) -> list[Entry]:
    """All entries, newest first. Takes a fixed number of queries, however long the story."""
    parts = (_record, _screenings, _consents, _plans, _sessions, _healing, _messages)
    entries = [entry for part in parts for entry in part(patient)]
    return sorted(entries, key=lambda entry: (entry.at, entry.id, entry.kind), reverse=True)


def _noon(day: date) -> datetime:
    """A day without a time stands in the middle of that day."""
    return datetime.combine(day, time(12), tzinfo=UTC)


def _record(patient: Patient) -> Iterator[Entry]:
    yield Entry(patient.created_at, "registered", patient.pk, gettext("Registered"))
    if patient.archived_at:
        yield Entry(patient.archived_at, "archived", patient.pk, gettext("Archived"))
    for assessment in patient.skin_type_assessments.select_related("assessed_by"):
        title = gettext("Skin type {skin_type}").format(
            skin_type=assessment.get_skin_type_display()
        )
        by = gettext("by {assessed_by}").format(assessed_by=assessment.assessed_by)
        yield Entry(_noon(assessment.assessed_on), "skin_type", assessment.pk, title, by)
    for concern in patient.concerns.select_related("concern", "subtype", "zone"):
        grade = (
            gettext("baseline grade {baseline_grade}").format(baseline_grade=concern.baseline_grade)
            if concern.baseline_grade
            else ""
        )
        yield Entry(concern.created_at, "concern", concern.pk, str(concern), grade)
    for other in patient.other_treatments.select_related("area"):
        title = f"{other.get_kind_display()}, {other.area} ({other.where}){other.unless_done}"
        yield Entry(_noon(other.treated_on), "other_treatment", other.pk, title, other.notes)
    for merge in patient.merges.all():
        yield Entry(
            merge.at, "merged", merge.pk, gettext("Another record was merged"), merge.reason
        )


def _screenings(patient: Patient) -> Iterator[Entry]:
    for screening in patient.screenings.prefetch_related("answers__rule"):
        yes = [answer.rule.name for answer in screening.answers.all() if answer.answer]
        detail = gettext("yes to ") + ", ".join(sorted(yes)) if yes else gettext("nothing found")
        title = gettext("{kind} screening").format(kind=screening.get_kind_display())
        yield Entry(screening.taken_at, "screening", screening.pk, title, detail)


def _consents(patient: Patient) -> Iterator[Entry]:
    treatment = [(gettext("Treatment consent"), c) for c in patient.treatment_consents.all()]
    photos = [
        (gettext("Photo consent, {scope}").format(scope=c.get_scope_display().lower()), c)
        for c in patient.photo_consents.all()
    ]
    for title, consent in [*treatment, *photos]:
        signer = gettext("signed by {signer_name}").format(signer_name=consent.signer_name)
        yield Entry(consent.signed_at, "consent", consent.pk, title, signer)
        if consent.revoked_at:
            title, reason = gettext("{title} revoked").format(title=title), consent.revoke_reason
            yield Entry(consent.revoked_at, "consent_revoked", consent.pk, title, reason)
    for handout in patient.consent_handouts.select_related("text", "handed_by"):
        by = gettext("by {handed_by}").format(handed_by=handout.handed_by)
        title = gettext("Given to read: {title}").format(title=handout.text.title)
        yield Entry(handout.handed_at, "consent_handout", handout.pk, title, by)
    for word in patient.contact_consents.all():
        yield Entry(word.recorded_at, "contact_consent", word.pk, str(word))


def _plans(patient: Patient) -> Iterator[Entry]:
    for decided in patient.candidacies.select_related("decided_by"):
        detail = gettext("by {decided_by}").format(decided_by=decided.decided_by) + (
            f": {decided.reason}" if decided.reason else ""
        )
        yield Entry(decided.decided_at, "candidacy", decided.pk, str(decided), detail)
    moves = PlanEvent.objects.filter(plan__patient=patient).select_related("plan__protocol")
    for move in moves:
        title = gettext("Plan “{protocol}” is {status}").format(
            protocol=move.plan.protocol, status=in_words(PlanStatus, move.new_status)
        )
        yield Entry(move.at, "plan", move.plan_id, title, move.reason)
    outcomes = OutcomeMeasure.objects.filter(plan__patient=patient).select_related("scale")
    for outcome in outcomes:
        detail = f"{outcome.get_milestone_display()}, {outcome.get_rater_role_display()}"
        yield Entry(outcome.measured_at, "outcome", outcome.pk, str(outcome), detail)


def _sessions(patient: Patient) -> Iterator[Entry]:
    for first, *others in _moves(patient):
        session = first.session
        when = date_in_words(session.starts_at_local, "j M Y H:i")
        areas = " and ".join(str(move.session.area) for move in (first, *others))
        about = f", {areas}" if session.area else ""
        kind = gettext("Session") if session.area else str(session.visit_type)
        title = gettext("{kind} of {when}{about}: {status}").format(
            kind=kind, when=when, about=about, status=in_words(Status, first.new_status)
        )
        yield Entry(first.at, "session", session.pk, title, first.reason)
    addenda = Addendum.objects.filter(session__patient=patient).select_related("by")
    for addendum in addenda:
        title = gettext("{kind} by {by}").format(kind=addendum.kind, by=addendum.by)
        yield Entry(addendum.at, "addendum", addendum.session_id, title, addendum.text)
    for deviation in Deviation.objects.filter(session__patient=patient).select_related("zone"):
        where = f", {deviation.zone}" if deviation.zone else ""
        detail = gettext("{reason} Done about it: {action_taken}").format(
            reason=deviation.reason, action_taken=deviation.action_taken
        )
        yield Entry(deviation.at, "deviation", deviation.session_id, f"{deviation}{where}", detail)
    for photo in patient.photos.all():
        yield Entry(
            photo.taken_at,
            "photo",
            photo.pk,
            gettext("Photo, {view}").format(view=photo.get_view_display()),
        )


def _moves(patient: Patient) -> Iterable[list[SessionEvent]]:
    """The moves of sessions, those of one sitting together, the one of its leading area first."""
    moves = SessionEvent.objects.filter(session__patient=patient)
    found: dict[tuple[Any, ...], list[SessionEvent]] = {}
    rows = moves.select_related("session__area", "session__clinic", "session__visit_type")
    for move in rows.order_by(F("session__sitting").asc(nulls_first=True), "pk"):
        key = (move.session.leading_id, move.at, move.old_status, move.new_status)
        found.setdefault(key, []).append(move)
    return found.values()


def _healing(patient: Patient) -> Iterator[Entry]:
    effects = SideEffect.objects.filter(session__patient=patient).select_related("zone")
    for effect in effects:
        where = f", {effect.zone}" if effect.zone else ""
        yield Entry(effect.onset_at, "side_effect", effect.pk, f"{effect}{where}", effect.note)
        if effect.resolved_at:
            title = gettext("{kind} resolved").format(kind=effect.get_kind_display())
            yield Entry(
                effect.resolved_at, "side_effect_resolved", effect.pk, title, effect.resolution
            )


def _messages(patient: Patient) -> Iterator[Entry]:
    sent = Message.objects.filter(patient=patient, status__in=ACCEPTED)
    for message in sent.select_related("step"):
        title = gettext("{channel} sent: {step}").format(
            channel=message.get_channel_display(), step=message.step
        )
        assert message.sent_at is not None  # message_sent_iff_sent_at
        yield Entry(message.sent_at, "message", message.pk, title)
    for notice in RecallNotice.objects.filter(patient=patient).select_related("lot", "called_by"):
        title = gettext("{notice}, used on them").format(notice=notice)
        yield Entry(notice.issued_at, "recall", notice.pk, title, notice.lot.recall_reason)
        if notice.read_at:
            yield Entry(
                notice.read_at,
                "recall_read",
                notice.pk,
                gettext("Has read: {notice}").format(notice=notice),
            )
        if notice.called_at:
            title = gettext("Called about it by {called_by}: {notice}").format(
                called_by=notice.called_by, notice=notice
            )
            yield Entry(notice.called_at, "recall_called", notice.pk, title, notice.outcome)
    answers = StaffAnswer.objects.filter(messages__patient=patient).distinct()
    for answer in answers.select_related("answered_by"):
        title = gettext("Answered by {channel}, by {answered_by}").format(
            channel=answer.get_channel_display(), answered_by=answer.answered_by
        )
        yield Entry(answer.answered_at, "answer", answer.pk, title, answer.text)
