"""Is this person ready today: screening, skin type, spacing, side effects, pigment.

Sources: spacing clinical.md §1.2; screening §1.3; skin types and pigment §1.4; side effects §1.5.
"""

from datetime import timedelta

from django.utils.translation import gettext, ngettext

from clinic.findings import OUR_DEFAULT, Finding, Severity
from clinic.models import Role
from clinic.values.moments import date_in_words
from patients.screening import DARKER_SKIN, Situation, screen
from sessions.safety.facts import Facts, Number, Previous, Screening
from sessions.safety.patient.contradictions import weigh_answers

PRACTITIONER = (Role.PRACTITIONER.value,)
BLOCK, WARN, INFO = Severity.BLOCK, Severity.WARN, Severity.INFO
SCALP = (
    "scalp"  # the longer interval is for pigment of the face; the scalp was studied weekly (§1.2)
)


def check_screening(facts: Facts) -> list[Finding]:
    """Is there a screening, is it fresh, is the person a candidate, and what did they answer?"""
    screening = facts.screening
    if screening is None:
        return [_required("screening_missing", gettext("Screen the patient first."))]
    situation = Situation(
        on=facts.on,
        skin_type=facts.skin_type,
        zones=facts.zones,
        area_zones=facts.area.zones,
        near_mouth=facts.area.near_mouth,
        device_lists_isotretinoin=facts.device.lists_isotretinoin,
    )
    return [
        *_check_age_of_screening(screening, facts),
        *_check_candidacy(screening),
        *weigh_answers(screen(screening.answers, situation), screening.answers, facts),
    ]


def _check_age_of_screening(screening: Screening, facts: Facts) -> list[Finding]:
    """Valid on the day of the treatment, and asked again within the hours of the rule before it.

    Who comes late is screened after the time that was booked; but a screening of a day later is
    not what the treatment was decided on. That cannot be made up for, so it can be decided.
    """
    found = []
    if facts.on > screening.valid_until:
        found.append(
            _required(
                "screening_expired",
                gettext("The screening was valid until {day}. Take a full one again.").format(
                    day=date_in_words(screening.valid_until, "j M Y")
                ),
            )
        )
    window = facts.rules["rescreen-hours"]
    if screening.taken_at < facts.starts_at - window.hours:
        found.append(
            Finding(
                code="rescreen_due",
                severity=BLOCK,
                message=gettext(
                    "Ask again what may have changed: the last screening is older than "
                    "{limit} hours."
                ).format(limit=window),
                rule=window.rule,
                source=window.source,
                numbers={"limit_hours": str(window)},
            )
        )
    elif screening.taken_at >= facts.starts_at + timedelta(days=1):
        found.append(
            _decision(
                "screening_after_session",
                gettext("The last screening was taken a day or more after this session began."),
                gettext("screening before the treatment"),
            )
        )
    return found


def _check_candidacy(screening: Screening) -> list[Finding]:
    found = []
    if not screening.good_health:
        told = gettext("The patient is not in good general health.")
        found.append(_decision("not_in_good_health", told))
    if not screening.is_confirmed:  # expectations are talked about then
        told = gettext("The patient has answered at home: go through it together, and confirm it.")
        found.append(_required("screening_unconfirmed", told))
    elif not screening.expectations_discussed:
        told = gettext("Realistic expectations were not discussed.")
        found.append(_decision("expectations_not_discussed", told))
    return found


def _required(code: str, message: str) -> Finding:
    """Something is missing that can be made up for; nobody can decide to do without."""
    return Finding(
        code=code,
        severity=BLOCK,
        message=message,
        rule=gettext("screening"),
        source=OUR_DEFAULT,
    )


def _decision(code: str, message: str, rule: str = "", source: str = OUR_DEFAULT) -> Finding:
    return Finding(
        code=code,
        severity=WARN,
        message=message,
        rule=rule or gettext("candidacy"),
        source=source,
        overridable_by=PRACTITIONER,
    )


def check_skin_type(facts: Facts) -> list[Finding]:
    """Without the skin type, none of the rules for darker skin can speak (clinical.md §1.4)."""
    if facts.skin_type is not None:
        return []
    return [
        _decision(
            "skin_type_unknown",
            gettext("Assess the skin type: depth, spacing and the watch for pigment depend on it."),
            gettext("skin type (Fitzpatrick)"),
            OUR_DEFAULT,
        )
    ]


def check_interval(facts: Facts) -> list[Finding]:
    """Days since the last completed session on this skin: the hard and the soft minimum.

    Who approved at booking that the hard minimum is undercut has decided on the soft one as well.
    From the hard minimum on there was nothing to approve then, so the soft one is still asked.
    """
    previous, protocol = facts.previous, facts.protocol
    if previous is None:
        return []
    days = previous.days_before
    numbers = {"days": str(days), "hard_min_days": str(protocol.hard_min_days)}
    if days < protocol.hard_min_days:
        approved = previous.spacing_approved
        message = gettext(
            "The last session on this area was {before}; at least {days} days are needed."
        ).format(before=_before(days), days=protocol.hard_min_days)
        if approved:
            message += " " + gettext("A practitioner approved it when it was booked.")
        return [
            Finding(
                code="interval_approved" if approved else "interval_hard",
                severity=INFO if approved else BLOCK,
                message=message,
                rule=gettext("hard minimum of {protocol}").format(protocol=protocol.name),
                source=protocol.source,
                overridable_by=() if approved else PRACTITIONER,
                numbers=numbers,
            )
        ]
    soft, reasons, source = _soft_minimum(facts, previous)
    if days >= soft:
        return []
    return [
        Finding(
            code="interval_soft",
            severity=WARN,
            message=gettext(
                "The last session on this area was {before}; {days} days are better ({reasons})."
            ).format(before=_before(days), days=soft, reasons=", ".join(reasons)),
            rule=gettext("soft minimum of {protocol}").format(protocol=protocol.name),
            source=source,
            overridable_by=PRACTITIONER,
            numbers={**numbers, "soft_min_days": str(soft)},
        )
    ]


def _before(days: int) -> str:
    if days == 0:
        return gettext("on the same day")
    return ngettext("{days} day before", "{days} days before", days).format(days=days)


def _soft_minimum(facts: Facts, previous: Previous) -> tuple[int, list[str], str]:
    """The protocol's soft minimum, longer for darker skin (clinical.md §1.4) and after a deep
    session (§1.2). Returns days, reasons, and the source of what decided."""
    soft, source = facts.protocol.soft_min_days, facts.protocol.source
    reasons = [gettext("protocol {days}").format(days=soft)]
    if facts.skin_type in DARKER_SKIN and facts.area.code != SCALP:
        extra = facts.rules["skin-iv-vi-extra-days"]
        soft, source = soft + int(extra.value), extra.source
        reasons.append(gettext("skin types IV–VI {days} more").format(days=extra))
    deep_from, deep_days = facts.rules["deep-from"], facts.rules["deep-soft-days"]
    was_deep = previous.deepest_mm is not None and previous.deepest_mm >= deep_from.value
    if was_deep and deep_days.value > soft:
        soft, source = int(deep_days.value), deep_days.source
        told = gettext("{days} after {depth} mm or deeper")
        reasons.append(told.format(days=deep_days, depth=deep_from))
    return soft, reasons, source


def check_course(facts: Facts) -> list[Finding]:
    """Who has had all planned sessions is asked whether there was a response (clinical.md §1.2)."""
    planned = facts.sessions_planned
    if planned is None or facts.sessions_before < planned:
        return []
    return [
        Finding(
            code="course_exceeded",
            severity=INFO,
            message=gettext(
                "Session {number} of a course planned for {planned}:"
                " measure whether there is a response before going on."
            ).format(number=facts.sessions_before + 1, planned=planned),
            rule=gettext("planned sessions of the course"),
            source=facts.protocol.source,
            numbers={"sessions": str(facts.sessions_before + 1), "planned": str(planned)},
        )
    ]


def check_age(facts: Facts) -> list[Finding]:
    """A child cannot agree to what is elective: a guardian signs, the child assents, and a
    practitioner gives the reason (clinical.md §1.3)."""
    limit = facts.rules["age-of-consent"]
    if facts.age is None:
        return [birth_date_missing(limit)]
    if facts.age >= limit.value:
        return []
    consent = facts.consent
    guardian = consent.signer_relation if consent else ""
    if consent is None or not guardian:
        code = "minor_without_guardian"
        said = gettext(
            "The patient is a minor (age {age}, under {limit}): "
            "a parent or guardian must sign, with the relation, and the child must agree."
        )
    elif not consent.patient_assented:
        code = "minor_without_assent"
        said = gettext(
            "The patient is a minor (age {age}, under {limit}): "
            "the {guardian} has signed, but does the child agree? Record it with the consent."
        )
    else:
        code = "minor_with_guardian"
        said = gettext(
            "The patient is a minor (age {age}, under {limit}): "
            "the {guardian} has signed and the child agrees; what is the reason?"
        )
    may_decide = code == "minor_with_guardian"
    return [
        Finding(
            code=code,
            severity=WARN if may_decide else BLOCK,
            message=said.format(age=facts.age, limit=limit, guardian=guardian),
            rule=limit.rule,
            source=limit.source,
            overridable_by=PRACTITIONER if may_decide else (),
            numbers={"age": str(facts.age), "limit_age": str(limit)},
        )
    ]


def birth_date_missing(limit: Number) -> Finding:
    """Of whoever is needled, at a test too: without the age nobody knows who has to sign."""
    return Finding(
        code="birth_date_missing",
        severity=BLOCK,
        message=gettext("Ask for the birth date: nobody is needled whose age is not known."),
        rule=limit.rule,
        source=limit.source,
    )


def check_pigment(facts: Facts) -> list[Finding]:
    """Skin types IV–VI: somebody has looked for changes of pigment since the last session."""
    if facts.skin_type not in DARKER_SKIN or facts.previous is None:
        return []
    screening = facts.screening
    if screening and screening.pigment_checked and screening.taken_at > facts.previous.started_at:
        return []
    watch = facts.rules["pigment-check-weeks"]
    return [
        Finding(
            code="pigment_not_reviewed",
            severity=WARN,
            message=gettext(
                "Look for darker or lighter patches since the last session, and record it "
                "in the screening."
            ),
            rule=watch.rule,
            source=watch.source,
            overridable_by=PRACTITIONER,
        )
    ]
