"""Reports of severe side effects to an authority: the clock, what is filled in, and the end."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_step, retried_transaction
from clinic.errors import Conflict, DomainError
from clinic.models import Clinic, User
from clinic.values.moments import date_in_words
from clinic.values.wallclock import day_bounds
from patients.models import Audience, TaskKind, TaskSeverity
from patients.services.tasks import finish_source, raise_task
from sessions.models import (
    SEVERE,
    IncidentReport,
    ReportingRule,
    ReportOutcome,
    SideEffect,
    TreatmentSession,
)
from sessions.safety.loading.record import age_on

DAY = timedelta(days=1)
SATURDAY = 5


class ReportSettled(Conflict):
    code = "report_settled"
    title = gettext_noop("This report is settled already")


class ReportIncomplete(DomainError):
    code = "report_incomplete"
    title = gettext_noop("Something is missing")


def rule_for(clinic: Clinic, grade: int, at: datetime) -> ReportingRule | None:
    """The rule of the clinic's jurisdiction that fits best; None where none is on file."""
    rules = [
        rule
        for rule in ReportingRule.objects.in_effect(at)
        if rule.jurisdiction == clinic.jurisdiction
        and rule.grade_min <= grade
        and rule.user_facility in (None, clinic.is_user_facility)
    ]
    return max(rules, key=lambda rule: rule.grade_min, default=None)


def no_report_reason(side_effect: SideEffect) -> str:
    """Why there is no report: it is not severe, or no rule of the place is on file."""
    clinic = side_effect.session.clinic
    if side_effect.grade < SEVERE:
        return gettext("Not needed below grade {grade}.").format(grade=SEVERE)
    place = clinic.get_jurisdiction_display()
    return gettext(
        "No rule on file for: {place}. Ask your authority; a manager enters what holds there."
    ).format(place=place)


def deadline(rule: ReportingRule, clinic: Clinic, known_at: datetime) -> datetime | None:
    """The end of the last day, on the clinic's clock; the day on which it was known does not count.
    Nothing for what is no duty. 0 days is at once."""
    if rule.deadline_days is None:
        return None
    if rule.deadline_days == 0:
        return known_at
    day = known_at.astimezone(clinic.zone).date()
    for _ in range(rule.deadline_days):
        day = _next_day(day, of_work_days=rule.of_work_days)
    return day_bounds(day, clinic.zone)[1]


def _next_day(day: date, *, of_work_days: bool) -> date:
    day += DAY
    while of_work_days and day.weekday() >= SATURDAY:
        day += DAY
    return day


@retried_step
def start_reporting(*, side_effect: SideEffect, at: datetime) -> None:
    """Open the report that the grade asks for, with a task where the law sets a deadline. Called
    whenever a grade is noted; by one rule it is opened once."""
    clinic = side_effect.session.clinic
    rule = rule_for(clinic, side_effect.grade, at)
    if rule is None or side_effect.reports.filter(rule__code=rule.code).exists():
        return
    due = deadline(rule, clinic, at)
    report = IncidentReport.objects.create(
        side_effect=side_effect, rule=rule, known_at=at, due_at=due
    )
    if due is None:
        return
    name = side_effect.get_kind_display()
    raise_task(
        clinic=clinic,
        patient=side_effect.session.patient,
        kind=TaskKind.INCIDENT,
        audience=Audience.CLINICAL,
        severity=TaskSeverity.AMBER,
        title=gettext("Report to: {report_to}. {name}, grade {grade}").format(
            report_to=rule.report_to, name=name, grade=side_effect.grade
        ),
        detail=f"{rule.says}\n{rule.how}\n{rule.cited}",
        source=_source(report),
        at=at,
        due_at=due,
    )


def _source(report: IncidentReport) -> str:
    return f"incident-report:{report.pk}"


@retried_transaction
def settle_report(
    *,
    report_id: UUID,
    outcome: str,
    at: datetime,
    by: User,
    sent_on: date | None = None,
    number: str = "",
    reason: str = "",
) -> IncidentReport:
    """Say that it was sent, on which day and under which number, or why it is not to be reported.
    Finishes its task. Archived records too: the duty does not end with them.

    Raises ReportSettled, ReportIncomplete.
    """
    rows = IncidentReport.objects.select_for_update(of=("self",)).select_related(
        "rule", "side_effect__session__clinic"
    )
    report = rows.get(pk=report_id)
    if report.outcome:
        day = date_in_words(report.settled_at, "j M Y") if report.settled_at else ""
        raise ReportSettled(f"{report.get_outcome_display()}, {day}.")
    if outcome == ReportOutcome.SENT:
        _require_sent(report, sent_on=sent_on, number=number, at=at)
        reason = ""
    else:
        if not reason.strip():
            raise ReportIncomplete(gettext("Say why it is not to be reported."), field="reason")
        sent_on, number = None, ""
    report.outcome, report.sent_on, report.number = outcome, sent_on, number
    report.reason, report.settled_at, report.settled_by = reason, at, by
    report.full_clean(exclude=["side_effect", "rule"])
    report.save()
    told = (
        gettext("Sent on {day}, number {number}").format(
            day=date_in_words(sent_on, "j M Y"), number=number
        )
        if sent_on
        else gettext("Not needed: {reason}").format(reason=reason)
    )
    finish_source(source=_source(report), at=at, by=by, note=told)
    return report


def _require_sent(
    report: IncidentReport, *, sent_on: date | None, number: str, at: datetime
) -> None:
    zone = report.side_effect.session.clinic.zone
    if sent_on is None:
        raise ReportIncomplete(gettext("Say on which day it was sent."), field="sent_on")
    if not number.strip():
        raise ReportIncomplete(gettext("Give its number, or write “none”."), field="number")
    if not report.known_at.astimezone(zone).date() <= sent_on <= at.astimezone(zone).date():
        raise ReportIncomplete(
            gettext("That day is before it was known, or lies in the future."), field="sent_on"
        )


def filled_in(report: IncidentReport) -> dict[str, Any]:
    """What an authority asks for, from the record. It names no patient: who reads it asks us."""
    session = report.side_effect.session
    clinic, device = session.clinic, session.device
    return {
        "reporter": {
            "name": clinic.name,
            "address": clinic.address,
            "phone": str(clinic.phone),
            "email": clinic.email,
            "is_user_facility": clinic.is_user_facility,
        },
        **_whom_and_what(report),
        "device": device
        and {
            "maker": device.model.maker,
            "model": device.model.name,
            "serial": device.serial,
        },
        **_treated_with(session),
    }


def _whom_and_what(report: IncidentReport) -> dict[str, Any]:
    side_effect = report.side_effect
    patient = side_effect.session.patient
    began = side_effect.onset_at.astimezone(side_effect.session.clinic.zone).date()
    return {
        "patient": {
            "reference": str(patient.pk),
            "age_years": age_on(patient.date_of_birth, began),
            "sex": patient.sex,
            "weight_kg": patient.weight_kg and str(patient.weight_kg),
            "skin_type": patient.skin_type,
        },
        "event": {
            "what": side_effect.get_kind_display(),
            "grade_ctcae": side_effect.grade,
            "where": side_effect.zone.name if side_effect.zone else "",
            "began_at": side_effect.onset_at,
            "known_at": report.known_at,
            "description": side_effect.note,
            "course": [
                {
                    "at": look.at,
                    "grade_ctcae": look.grade,
                    "note": look.note,
                    "treatment": look.treatment,
                    "care_elsewhere": look.care_elsewhere,
                }
                for look in side_effect.course.order_by("at", "id")
            ],
            "ended_at": side_effect.resolved_at,
            "outcome": side_effect.resolution,
        },
    }


def _treated_with(session: TreatmentSession) -> dict[str, Any]:
    return {
        "cartridges": [
            {
                "gtin": use.lot.gtin,
                "lot": use.lot.lot,
                "serial": use.serial,
                "expires_on": use.lot.expires_on,
            }
            for use in session.cartridge_uses.select_related("lot").order_by("id")
        ],
        "products": [
            {"name": use.product.name, "lot": use.lot}
            for use in session.product_uses.select_related("product").order_by("id")
        ],
        "treatment": {
            "at": session.starts_at,
            "area": session.area.name if session.area else "",
            "protocol": str(session.protocol_version or ""),
            "zones": [
                {"zone": one.zone.name, "depth_mm": str(one.depth_mm), "passes": one.passes}
                for one in session.zone_treatments.select_related("zone").order_by("id")
            ],
        },
    }
