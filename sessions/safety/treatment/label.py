"""On- or off-label, and whether the signed consent covers what is done.

Sources: clearances clinical.md §1.8; consent §1.9.
"""

from datetime import timedelta

from django.utils.translation import gettext, ngettext

from clinic.findings import OUR_DEFAULT, Finding, Severity
from clinic.models import Role
from clinic.values.moments import date_in_words
from sessions.safety.facts import Clearance, Consent, Facts

SKIN_TYPES = frozenset(range(1, 7))  # Fitzpatrick I to VI


def off_label_reasons(facts: Facts) -> list[str]:
    """Why the treatment is outside of every clearance of the device; empty if it is on-label.

    The reasons are those of the clearance that comes closest.
    """
    closest = closest_clearance(facts)
    return _outside(closest, facts) if closest else [gettext("no clearance on file")]


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
        reasons.append(gettext("another indication"))
    elif clearance.subtypes:
        others = facts.subtypes.keys() - clearance.subtypes
        if not facts.subtypes:
            reasons.append(gettext("which form of the concern it is, is not recorded"))
        elif others:
            forms = ", ".join(sorted(facts.subtypes[code].lower() for code in others))
            reasons.append(gettext("another form of the concern ({forms})").format(forms=forms))
    if facts.zones - clearance.zones:
        zones = facts.named(facts.zones - clearance.zones).lower()
        reasons.append(gettext("zone {zones}").format(zones=zones))
    if facts.skin_type is None:
        if SKIN_TYPES - clearance.skin_types:
            reasons.append(gettext("skin type not recorded"))
    elif facts.skin_type not in clearance.skin_types:
        reasons.append(gettext("skin type {skin_type}").format(skin_type=facts.skin_type))
    if facts.age is None:
        if clearance.min_age:
            reasons.append(
                gettext("birth date not recorded, cleared from age {age}").format(
                    age=clearance.min_age
                )
            )
    elif facts.age < clearance.min_age:
        reasons.append(
            gettext("age {age}, cleared from {cleared}").format(
                age=facts.age, cleared=clearance.min_age
            )
        )
    deepest = max((treated.depth_mm for treated in facts.treated), default=None)
    cleared = clearance.depth_max_mm
    if deepest is not None and cleared is not None and deepest > cleared:
        reasons.append(
            gettext("{depth} mm, cleared to {cleared} mm").format(depth=deepest, cleared=cleared)
        )
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
        age = gettext("not known") if facts.age is None else facts.age
        return Finding(
            code="no_clearance_on_file",
            severity=Severity.INFO,
            message=gettext(
                "No clearance of {device} is on file here ({place}), whatever the age; the "
                "patient's is {age}. Enter the one that holds, or take this as off-label."
            ).format(device=name, place=where, age=age),
            rule=gettext("clearances of {device}: none").format(device=name),
            source=OUR_DEFAULT,
        )
    by = gettext("{device} ({reference}, {place}, from age {age})").format(
        device=name, reference=closest.reference, place=where, age=closest.min_age
    )
    if reasons:
        message = gettext("Off-label for {clearance}: {reasons}.").format(
            clearance=by, reasons="; ".join(reasons)
        )
    else:
        message = gettext("On-label for {clearance}.").format(clearance=by)
    references = ", ".join(clearance.reference for clearance in facts.device.clearances)
    return Finding(
        code="off_label" if reasons else "on_label",
        severity=Severity.INFO,
        message=message,
        rule=gettext("clearances of {device}: {references}").format(
            device=name, references=references
        ),
        source=closest.source,
    )


def _check_consent(facts: Facts, *, is_off_label: bool) -> list[Finding]:
    """The consent must be of the present text, not over on that day, and name all that is done.
    What is missing can be signed; nobody can decide to do without."""
    consent = facts.consent
    if consent is None:
        return [_consent("consent_missing", gettext("There is no treatment consent."))]
    found = []
    if not consent.is_current_text:
        found.append(
            _consent("consent_outdated", gettext("The consent text has changed: sign the new one."))
        )
    if facts.on > consent.expires_on:
        found.append(
            _consent(
                "consent_expired",
                gettext("The consent ended on {day}.").format(
                    day=date_in_words(consent.expires_on, "j M Y")
                ),
            )
        )
    if missing := facts.zones - consent.zones:
        found.append(
            _consent(
                "consent_zone_missing",
                gettext("The consent leaves out {zones}.").format(zones=facts.named(missing)),
            )
        )
    elif not facts.treated and (left_out := facts.area.zones - consent.zones):
        found.append(
            Finding(
                code="consent_leaves_out",
                severity=Severity.INFO,
                message=gettext("Before the first pass: the consent leaves out {zones}.").format(
                    zones=facts.named(left_out)
                ),
                rule=gettext("consent"),
                source=OUR_DEFAULT,
            )
        )
    if facts.device.code not in consent.device_models:
        found.append(
            _consent(
                "consent_device_missing",
                gettext("The consent leaves out {device}.").format(device=facts.device.name),
            )
        )
    found += _check_cooling_off(consent, facts)
    if is_off_label and not consent.off_label_accepted:
        found.append(
            _consent(
                "consent_off_label_missing",
                gettext("What no known label covers needs the off-label clause."),
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
    message = ngettext(
        "The consent is known since {known}; this clinic waits {days} day, until {clear}.",
        "The consent is known since {known}; this clinic waits {days} days, until {clear}.",
        facts.cooling_off_days,
    ).format(
        known=date_in_words(consent.known_on, "j M Y"),
        days=facts.cooling_off_days,
        clear=date_in_words(clear, "j M Y"),
    )
    return [
        Finding(
            code="consent_too_recent",
            severity=Severity.BLOCK,
            message=message,
            rule=gettext("cooling-off days of the clinic"),
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
        rule=gettext("consent"),
        source=OUR_DEFAULT,
    )
