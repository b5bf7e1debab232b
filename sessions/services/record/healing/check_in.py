"""What a patient reports of a healing skin: kept, triaged, and put before a clinician in time."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import Conflict
from clinic.models import User, in_words
from clinic.permissions import require_sight
from patients.models import Audience, ScreeningAnswer, TaskKind
from patients.services import finish_source, raise_task
from patients.services.records import require_open
from sessions.lifecycle import Status
from sessions.models import CheckIn, Feeling, TreatmentSession, TriageVersion
from sessions.services.record.healing.due import due_at
from sessions.services.record.healing.side_effects import HAS_COME, NotBegun, OtherReport
from sessions.triage import (
    HostRisk,
    Level,
    Report,
    Score,
    Sign,
    Triage,
    assess,
    gravest,
    signs_in,
)

# What the last screening says about the person, by the code of its question.
OF_PERSON = {
    "immunosuppression": HostRisk.IMMUNOSUPPRESSED,
    "diabetes-uncontrolled": HostRisk.DIABETES,
    "anticoagulants": HostRisk.ANTICOAGULATED,
}
BESIDE_THE_EYE = {"periorbital", "orbital-rim-inside"}
DARKER = 4  # skin type from which on pigment is watched first


class NoTriageRules(Conflict):
    code = "no_triage_rules"
    title = gettext_noop("There are no triage rules")


@retried_transaction
def record_check_in(
    *,
    session_id: UUID,
    at: datetime,
    by: User | None,
    report: CheckIn | None = None,
    source: str = "",
    promised_at: datetime | None = None,
    **answers: Any,
) -> CheckIn:
    """Keep a report, or the next page of `report` with what was answered before, and triage it.

    Whatever is AMBER or graver becomes a task of the clinicians. A better report finishes none of
    them: only a person does. While the rules are a draft, a GREEN report is read by a person too.
    What is only AMBER because a page is still to come has a task that the answer finishes.
    A `source` of its own makes it a task of its own; `promised_at` is when the patient was told
    that a person will have read it.
    Raises NotBegun, OtherReport, NoTriageRules, PatientArchived.
    """
    rows = TreatmentSession.objects.select_related("patient", "clinic", "area")
    session = rows.get(pk=session_id)
    require_open(session.patient, field="session")
    require_sight(by, session.patient_id)
    if session.status not in HAS_COME:
        raise NotBegun(
            gettext("The session is {status}.").format(status=in_words(Status, session.status)),
            field="session",
        )
    if report and report.session_id != session.pk:
        raise OtherReport(gettext("Begin a report of this session."), field="report")
    try:
        version = TriageVersion.objects.to_use(at)
    except TriageVersion.DoesNotExist as error:
        raise NoTriageRules(
            gettext("Load the catalogues first, and call a clinician now.")
        ) from error
    first = report and (report.report or report)
    check_in = CheckIn(
        session=session,
        report=first,
        reported_at=at,
        day=day_since(session, at),
        hosts=sorted(hosts_of(session)),
        rules=version,
        is_draft=version.signature is None,
        recorded_by=by,
        **{**_answered(first), **answers},
    )
    reported = _report(check_in, version)
    found = assess(reported, version.rule_set)
    if_none = assess(replace(reported, asked=True), version.rule_set)
    check_in.level = found.level
    check_in.fired = [asdict(one) for one in found.fired]
    check_in.full_clean(exclude=["clinic", "fired", "hosts", "recorded_by", "report", "signs"])
    check_in.save(force_insert=True)
    is_open = check_in.signs is None and if_none.level == Level.GREEN and not check_in.is_draft
    _tell(check_in, found, is_open=is_open, source=source, promised_at=promised_at)
    return check_in


ANSWERS = ("feeling", "signs", *Score.values, "bleeding_minutes", "words", "may_call")


def _answered(first: CheckIn | None) -> dict[str, Any]:
    """What was answered on the pages until now."""
    if first is None:
        return {}
    last = first.pages.order_by("-reported_at", "-id").first() or first
    return {name: getattr(last, name) for name in ANSWERS}


def day_since(session: TreatmentSession, at: datetime) -> int:
    """Days since a session on the clinic's clock, 0 on its day."""
    zone = session.clinic.zone
    return max((at.astimezone(zone).date() - session.starts_at.astimezone(zone).date()).days, 0)


def hosts_of(session: TreatmentSession) -> Iterable[str]:
    """What is known to make a sign graver. The newest screening counts."""
    patient = session.patient
    screening = patient.screenings.order_by("-taken_at", "-id").first()
    answers = ScreeningAnswer.objects.filter(
        screening=screening, answer=True, rule__code__in=OF_PERSON
    )
    yield from {OF_PERSON[code].value for code in answers.values_list("rule__code", flat=True)}
    if session.zone_treatments.filter(zone__code__in=BESIDE_THE_EYE).exists():
        yield HostRisk.PERIORBITAL.value
    if (patient.skin_type or 0) >= DARKER:
        yield HostRisk.SKIN_IV_VI.value


def _report(check_in: CheckIn, version: TriageVersion) -> Report:
    signs = frozenset(check_in.signs or ()) | signs_in(check_in.words, version.vocabulary)
    if check_in.feeling == Feeling.WORSE:
        signs |= {Sign.WORRIED.value}
    before: dict[str, int] = {}
    for earlier in CheckIn.objects.before(check_in)[:20]:
        before = {**earlier.scores, **before}  # the newest that is known of each
    return check_in.as_report(signs=signs, before=before)


def _tell(
    check_in: CheckIn,
    found: Triage,
    *,
    is_open: bool,
    source: str,
    promised_at: datetime | None,
) -> None:
    """Raise the task of its level: one for a session and level as long as it is open. `is_open`
    says that nothing but an open question is against GREEN."""
    session, at = check_in.session, check_in.reported_at
    unanswered = f"check-in:{session.pk}:unanswered"
    if check_in.signs is not None:
        finish_source(
            source=unanswered, at=at, by=None, note=gettext_noop("It has been answered since.")
        )
    acted = gravest(found.level, Level.AMBER if check_in.is_draft else Level.GREEN)
    if acted == Level.GREEN:
        return
    names = "; ".join(f"{one.code} {one.name}" for one in found.deciding)
    title = (
        gettext("{level} (draft rules), day {day}: {patient}")
        if check_in.is_draft
        else gettext("{level}, day {day}: {patient}")
    )
    due = due_at(acted, clinic=session.clinic, at=at)
    raise_task(
        clinic=session.clinic,
        patient=session.patient,
        kind=TaskKind.HEALING,
        audience=Audience.CLINICAL,
        severity=acted.value,
        title=title.format(level=acted.value, day=check_in.day, patient=session.patient),
        detail=f"{names}\n{check_in.words}".strip(),
        source=source or (unanswered if is_open else f"check-in:{session.pk}:{acted.value}"),
        at=at,
        due_at=min(due, promised_at) if promised_at else due,
    )
