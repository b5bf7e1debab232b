"""How deep: the range that all limits allow together, and each charted zone against it.

Sources: depths, zones, tolerance and endpoints clinical.md §1.1; darker skin §1.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.findings import OUR_DEFAULT, Finding, Severity
from clinic.models import Role
from patients.screening import DARKER_SKIN
from sessions.models import MAX_DEPTH_MM, MIN_DEPTH_MM, Endpoint
from sessions.safety.facts import (
    Device,
    Facts,
    Limit,
    Number,
    Previous,
    Protocol,
    TreatedZone,
    Zone,
)

BAND = Limit(_("band of the product"), MIN_DEPTH_MM, MAX_DEPTH_MM, OUR_DEFAULT)
PRACTITIONER = (Role.PRACTITIONER.value,)
BLOCK, WARN, INFO = Severity.BLOCK, Severity.WARN, Severity.INFO


@dataclass(frozen=True)
class DepthRange:
    """The intersection of all limits, and which of them set its ends.

    It is empty if two limits contradict each other, such as a protocol that begins deeper than the
    zone allows.
    """

    lowest: Limit
    highest: Limit
    limits: tuple[Limit, ...]
    cap: Limit = BAND  # for safety: no tolerance widens it

    @property
    def low(self) -> Decimal:
        return self.lowest.low

    @property
    def high(self) -> Decimal:
        return self.highest.high

    @property
    def is_empty(self) -> bool:
        return self.low > self.high

    def __contains__(self, depth_mm: Decimal) -> bool:
        return self.low <= depth_mm <= self.high

    def explain(self) -> str:
        """All limits; if they leave nothing, the two that contradict each other."""
        if self.is_empty:
            return gettext(
                "no depth fits: at least {low} mm by {lowest}, at most {high} mm by {highest}"
            ).format(
                low=self.low,
                lowest=self.lowest.name,
                high=self.high,
                highest=self.highest.name,
            )
        return "; ".join(str(limit) for limit in self.limits)


def safety_caps(
    zone: Zone,
    *,
    skin_type: int | None,
    previous: Previous | None,
    rules: Mapping[str, Number],
) -> list[Limit]:
    """What no protocol and no tolerance of a device goes beyond: the cap of the zone, and on skin
    types IV–VI a first session of little depth and then one step after the other (§1.4)."""
    caps = [zone.limit]
    if skin_type in DARKER_SKIN:
        first, step = rules["skin-iv-vi-first-depth"], rules["skin-iv-vi-step"]
        if previous is None:
            name = gettext("first session on skin types IV–VI")
            most, source = first.value, first.source
        else:
            reached = max(previous.deepest_mm or MIN_DEPTH_MM, first.value)
            name = gettext("a step of {step} mm after {reached} mm on skin types IV–VI").format(
                step=step, reached=reached
            )
            most, source = reached + (0 if previous.left_pigment else step.value), step.source
        caps.append(Limit(name, MIN_DEPTH_MM, min(most, MAX_DEPTH_MM), source))
    return caps


def depth_range(
    zone: Zone,
    device: Device,
    *,
    skin_type: int | None,
    previous: Previous | None,
    rules: Mapping[str, Number],
) -> DepthRange:
    """What may be dialled on this zone: zone cap ∩ protocol ∩ skin type ∩ device ∩ band. A cap
    beats the protocol's least depth: what is safer than usual is no fault."""
    caps = safety_caps(zone, skin_type=skin_type, previous=previous, rules=rules)
    protocol = zone.protocol_range
    if any(protocol.low > cap.high for cap in caps):
        protocol = replace(protocol, low=MIN_DEPTH_MM)
    device_high = min(device.depth_max_mm, MAX_DEPTH_MM)
    dial = Limit(device.name, MIN_DEPTH_MM, device_high, device.source)
    limits = [BAND, *caps, protocol, dial]
    return DepthRange(
        lowest=max(limits, key=lambda limit: limit.low),
        highest=min(limits, key=lambda limit: limit.high),
        limits=tuple(limits),
        cap=min(caps, key=lambda limit: limit.high),
    )


def check_zone(treated: TreatedZone, facts: Facts) -> list[Finding]:
    """Depth, passes and endpoint of one charted zone."""
    zone = treated.zone
    if zone.is_blocked:
        return [
            Finding(
                code="zone_blocked",
                severity=BLOCK,
                message=gettext("{zone} is never needled.").format(zone=zone.name),
                rule=str(zone.limit.name),
                source=zone.limit.source,
                subject=zone.code,
            )
        ]
    return [
        *check_depth(treated, facts),
        *_check_passes(treated, facts.protocol),
        *_check_endpoint(treated, facts),
    ]


def check_depth(treated: TreatedZone, facts: Facts) -> list[Finding]:
    """The depth against the effective range: at most one finding."""
    zone, device = treated.zone, facts.device
    allowed = depth_range(
        zone,
        device,
        skin_type=facts.skin_type,
        previous=facts.previous,
        rules=facts.rules,
    )
    verdict = _judge(treated.depth_mm, allowed, device)
    if verdict is None:
        return []
    code, severity, limit, message = verdict
    return [
        Finding(
            code=code,
            severity=severity,
            message=f"{zone.name}: {message}",
            rule=str(limit.name),
            source=limit.source,
            subject=zone.code,
            overridable_by=PRACTITIONER if severity == WARN else (),
            numbers={
                "depth_mm": str(treated.depth_mm),
                "low_mm": str(allowed.low),
                "high_mm": str(allowed.high),
                "device_max_mm": str(device.depth_max_mm),
                "tolerance_mm": str(device.tolerance_mm),
            },
        )
    ]


def _judge(
    depth: Decimal, allowed: DepthRange, device: Device
) -> tuple[str, Severity, Limit, str] | None:
    """Code, severity, the limit that is broken, and why; None within the range.

    1. Nobody may leave the band or what the device can do.
    2. A cap is for safety: a dial is read exactly, and what the device cannot tell apart may reach
       even deeper.
    3. Otherwise what it cannot tell apart is only mentioned: a difference up to its tolerance,
       inclusive. The band has no tolerance.
    4. Too deep can harm, so it is said first, also if no depth would fit.
    5. Otherwise too shallow: because the limits contradict each other, or by choice.
    """
    too_deep, too_shallow = depth - allowed.high, allowed.low - depth
    deeper = gettext("{depth} mm is deeper than {limit} mm ({limits}).").format(
        depth=depth, limit=allowed.high, limits=allowed.explain()
    )
    shallower = gettext("{depth} mm is less than {limit} mm ({limits}).").format(
        depth=depth, limit=allowed.low, limits=allowed.explain()
    )
    if not BAND.low <= depth <= BAND.high:
        message = gettext("{depth} mm is outside of {limit}.").format(depth=depth, limit=BAND)
        return "depth_out_of_band", BLOCK, BAND, message
    if depth > device.depth_max_mm + device.tolerance_mm:
        limit = Limit(device.name, MIN_DEPTH_MM, device.depth_max_mm, device.source)
        message = gettext("{depth} mm is more than {device} can do ({limit} mm).").format(
            depth=depth, device=device.name, limit=device.depth_max_mm
        )
        return "depth_above_device", BLOCK, limit, message
    if depth in allowed:
        return None
    if depth > allowed.cap.high:
        return "depth_above_range", WARN, allowed.cap, deeper
    if max(too_deep, too_shallow) <= device.tolerance_mm:
        exact = gettext("The device is exact to {tolerance} mm.").format(
            tolerance=device.tolerance_mm
        )
        if too_deep >= too_shallow:
            return "depth_within_tolerance", INFO, allowed.highest, f"{deeper} {exact}"
        return "depth_within_tolerance", INFO, allowed.lowest, f"{shallower} {exact}"
    if too_deep > device.tolerance_mm:
        return "depth_above_range", WARN, allowed.highest, deeper
    if allowed.is_empty:
        return "no_depth_fits", WARN, allowed.lowest, shallower
    return "depth_below_range", WARN, allowed.lowest, shallower


def most_passes(zone: Zone, protocol: Protocol) -> int:
    """The lower limit of zone and protocol."""
    return min(zone.passes_max, protocol.passes_max)


def _check_passes(treated: TreatedZone, protocol: Protocol) -> list[Finding]:
    zone = treated.zone
    most = most_passes(zone, protocol)
    if treated.passes <= most:
        return []
    return [
        Finding(
            code="passes_above_limit",
            severity=WARN,
            message=gettext("{zone}: {passes} passes, usually at most {most}.").format(
                zone=zone.name, passes=treated.passes, most=most
            ),
            rule=str(zone.limit.name) if most == zone.passes_max else protocol.name,
            source=zone.limit.source if most == zone.passes_max else protocol.source,
            subject=zone.code,
            overridable_by=PRACTITIONER,
            numbers={"passes": str(treated.passes), "passes_max": str(most)},
        )
    ]


def _check_endpoint(treated: TreatedZone, facts: Facts) -> list[Finding]:
    """Excessive bleeding is never the aim; bleeding is not expected of shallow needling."""
    zone, shallow = treated.zone, facts.rules["erythema-below"]
    if treated.endpoint == Endpoint.EXCESSIVE_BLEEDING:
        return [
            Finding(
                code="endpoint_excessive",
                severity=WARN,
                message=gettext(
                    "{zone}: excessive bleeding. Record what was done about it."
                ).format(zone=zone.name),
                rule=gettext("expected endpoint"),
                source=shallow.source,
                subject=zone.code,
                overridable_by=PRACTITIONER,
            )
        ]
    if treated.endpoint == Endpoint.PINPOINT_BLEEDING and facts.skin_type in DARKER_SKIN:
        return [
            Finding(
                code="endpoint_unexpected",
                severity=INFO,
                message=gettext(
                    "{zone}: on skin types IV–VI the endpoint is redness, not bleeding."
                ).format(zone=zone.name),
                rule=gettext("expected endpoint on skin types IV–VI"),
                source=facts.rules["skin-iv-vi-first-depth"].source,
                subject=zone.code,
            )
        ]
    if treated.endpoint == Endpoint.PINPOINT_BLEEDING and treated.depth_mm < shallow.value:
        return [
            Finding(
                code="endpoint_unexpected",
                severity=INFO,
                message=gettext(
                    "{zone}: bleeding at {depth} mm, below {limit} mm erythema is expected."
                ).format(zone=zone.name, depth=treated.depth_mm, limit=shallow),
                rule=shallow.rule,
                source=shallow.source,
                subject=zone.code,
                numbers={"depth_mm": str(treated.depth_mm), "limit_mm": str(shallow)},
            )
        ]
    return []
