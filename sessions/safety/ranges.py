"""What each zone of a session takes, before anything is typed: by the rules that judge it after."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from patients.models import Zone
from sessions.safety import facts
from sessions.safety.treatment.depth import DepthRange, depth_range, most_passes


@dataclass(frozen=True)
class ZoneRange:
    """What may be dialled on a zone, and by which limits; nothing where it is never needled."""

    zone: Zone
    allowed: DepthRange
    passes_max: int
    is_blocked: bool


def zone_ranges(
    zones: Iterable[Zone], by_code: Mapping[str, facts.Zone], known: facts.Facts
) -> list[ZoneRange]:
    """In the order of the zones, for this patient, device, protocol and number of the session."""
    return [
        ZoneRange(
            zone=zone,
            allowed=depth_range(
                by_code[zone.code],
                known.device,
                skin_type=known.skin_type,
                previous=known.previous,
                rules=known.rules,
            ),
            passes_max=most_passes(by_code[zone.code], known.protocol),
            is_blocked=by_code[zone.code].is_blocked,
        )
        for zone in zones
    ]
