"""On- or off-label, and whether the signed consent covers what is done.

Sources: clearances clinical.md §1.8; consent §1.9.
"""

from datetime import timedelta

from clinic.findings import OUR_DEFAULT, Finding, Severity
from clinic.models import Role
from sessions.safety.facts import Clearance, Consent, Facts

SKIN_TYPES = frozenset(range(1, 7))  # Fitzpatrick I to VI


def off_label_reasons(facts: Facts) -> list[str]:
    """Why the treatment is outside of every clearance of the device; empty if it is on-label.

    The reasons are those of the clearance that comes closest.
    """
    closest = closest_clearance(facts)
    return _outside(closest, facts) if closest else ["no clearance on file"]


def closest_clearance(facts: Facts) -> Clearance | None:
    """The clearance with the fewest reasons against it. One for the same indication is always
    closer than one for another: a device that is cleared for scars of the cheeks is not nearly
    cleared for wrinkles of the cheeks."""

    def distance(clearance: Clearance) -> tuple[bool, int, str]:
        other = facts.protocol.concern not in clearance.concerns
        return other, len(_outside(clearance, facts)), clearance.reference

    return min(facts.device.clearances, key=distance, default=None)


def _outside(clearance: Clearance, facts: Facts) -> list[str]:
    """Each way in which the treatment leaves the clearance. It is taken by the letter: the
    tolerance of the device makes no depth on-label."""
    reasons = []
    if facts.protocol.concern not in clearance.concerns:
        reasons.append("another indication")
    elif clearance.subtypes:
        others = facts.subtypes.keys() - clearance.subtypes
        if not facts.subtypes:
            reasons.append("which form of the concern it is, is not recorded")
        elif others:
            forms = ", ".join(sorted(facts.subtypes[code].lower() for code in others))
            reasons.append(f"another form of the concern ({forms})")
    if facts.zones - clearance.zones:
        reasons.append("zone " + facts.named(facts.zones - clearance.zones).lower())
    if facts.skin_type is None:
        if SKIN_TYPES - clearance.skin_types:
            reasons.append("skin type not recorded")
    elif facts.skin_type not in clearance.skin_types:
        reasons.append(f"skin type {facts.skin_type}")
    if facts.age is None:
        if clearance.min_age:
            reasons.append(f"birth date not recorded, cleared from age {clearance.min_age}")
    elif facts.age < clearance.min_age:
        reasons.append(f"age {facts.age}, cleared from {clearance.min_age}")
    deepest = max((treated.depth_mm for treated in facts.treated), default=None)
    cleared = clearance.depth_max_mm
    if deepest is not None and cleared is not None and deepest > cleared:
        reasons.append(f"{deepest} mm, cleared to {cleared} mm")
    return reasons


def check_label_and_consent(facts: Facts) -> list[Finding]:
    """On- or off-label, and whether the signed consent covers what is done."""
    reasons = off_label_reasons(facts)
    return [_label(facts, reasons), *_check_consent(facts, is_off_label=bool(reasons))]


def _label(facts: Facts, reasons: list[str]) -> Finding:
    """Only a label that is known can be left: without one nobody can say so."""
    name, closest = facts.device.name, closest_clearance(facts)
    where = facts.device.jurisdiction
    if closest is None:
        age = "not known" if facts.age is None else facts.age
        return Finding(
            code="no_clearance_on_file",
            severity=Severity.INFO,
            message=f"No clearance of {name} is on file here ({where}), whatever the age; the "
            f"patient's is {age}. Enter the one that holds, or take this as off-label.",
            rule=f"clearances of {name}: none",
            source=OUR_DEFAULT,
        )
    by = f"{name} ({closest.reference}, {where}, from age {closest.min_age})"
    references = ", ".join(clearance.reference for clearance in facts.device.clearances)
    return Finding(
        code="off_label" if reasons else "on_label",
        severity=Severity.INFO,
        message=f"Off-label for {by}: {'; '.join(reasons)}." if reasons else f"On-label for {by}.",
        rule=f"clearances of {name}: {references}",
        source=closest.source,
    )


def _check_consent(facts: Facts, *, is_off_label: bool) -> list[Finding]:
    """The consent must be of the present text, not over on that day, and name all that is done.
    What is missing can be signed; nobody can decide to do without."""
    consent = facts.consent
    if consent is None:
        return [_consent("consent_missing", "There is no treatment consent.")]
    found = []
    if not consent.is_current_text:
        found.append(
            _consent("consent_outdated", "The consent text has changed: sign the new one.")
        )
    if facts.on > consent.expires_on:
        found.append(
            _consent("consent_expired", f"The consent ended on {consent.expires_on:%-d %b %Y}.")
        )
    if missing := facts.zones - consent.zones:
        found.append(
            _consent("consent_zone_missing", f"The consent leaves out {facts.named(missing)}.")
        )
    elif not facts.treated and (left_out := facts.area.zones - consent.zones):
        found.append(
            Finding(
                code="consent_leaves_out",
                severity=Severity.INFO,
                message=f"Before the first pass: the consent leaves out {facts.named(left_out)}.",
                rule="consent",
                source=OUR_DEFAULT,
            )
        )
    if facts.device.code not in consent.device_models:
        found.append(
            _consent("consent_device_missing", f"The consent leaves out {facts.device.name}.")
        )
    found += _check_cooling_off(consent, facts)
    if is_off_label and not consent.off_label_accepted:
        found.append(
            _consent(
                "consent_off_label_missing",
                "What no known label covers needs the off-label clause.",
            )
        )
    return found


def _check_cooling_off(consent: Consent, facts: Facts) -> list[Finding]:
    """Time to think it over, before the first session of a plan: afterwards it was thought over,
    and a new text of the same consent is signed on the day."""
    if consent.known_on is None or facts.sessions_before:
        return []
    clear = consent.known_on + timedelta(days=facts.cooling_off_days)
    if facts.on >= clear:
        return []
    days = f"{facts.cooling_off_days} day{'s' * (facts.cooling_off_days != 1)}"
    return [
        Finding(
            code="consent_too_recent",
            severity=Severity.BLOCK,
            message=f"The consent is known since {consent.known_on:%-d %b %Y}; this clinic waits "
            f"{days}, until {clear:%-d %b %Y}.",
            rule="cooling-off days of the clinic",
            source=OUR_DEFAULT,
            clear_on=clear,
            overridable_by=(Role.PRACTITIONER.value,),
            numbers={
                "days": str((facts.on - consent.known_on).days),
                "cooling_off_days": str(facts.cooling_off_days),
            },
        )
    ]


def _consent(code: str, message: str) -> Finding:
    return Finding(
        code=code,
        severity=Severity.BLOCK,
        message=message,
        rule="consent",
        source=OUR_DEFAULT,
    )
