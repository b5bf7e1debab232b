"""What a new version of a protocol changes, in words, and whom that concerns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from clinic.models import Evidence, User
from sessions.lifecycle import UPCOMING, PlanStatus
from sessions.models import (
    Endpoint,
    ProtocolVersion,
    TreatmentPlan,
    TreatmentSession,
    ZoneRange,
)

SHOWN = 10
NOTHING = _("nothing yet")


@dataclass(frozen=True)
class Change:
    what: str
    now: str
    then: str


@dataclass(frozen=True)
class Some:
    """How many there are, and the first of them."""

    number: int
    rows: list[Any]

    @property
    def more(self) -> int:
        return self.number - len(self.rows)


@dataclass(frozen=True)
class Affected:
    plans: Some  # that follow the protocol
    ahead: Some  # sessions that keep what they were booked by
    closer: Some  # sessions that are booked closer than the version would allow


def changes(
    now: ProtocolVersion | None,
    then: ProtocolVersion,
    *,
    ranges_now: Iterable[ZoneRange] = (),
    ranges_then: Iterable[ZoneRange] = (),
) -> list[Change]:
    """From the version in force to another one, one line for each number that differs."""
    before = _in_words(now, ranges_now) if now else {}
    after = _in_words(then, ranges_then)
    found = []
    for what in [*after, *(name for name in before if name not in after)]:
        was = before.get(what) or (_elsewhere(now) if now else str(NOTHING))
        becomes = after.get(what) or _elsewhere(then)
        if was != becomes:
            found.append(Change(what, was, becomes))
    return found


def _elsewhere(version: ProtocolVersion) -> str:
    """The depth of a zone that has none of its own."""
    return gettext("as everywhere, {depth}").format(depth=_depth(version))


def _in_words(version: ProtocolVersion, ranges: Iterable[ZoneRange]) -> Mapping[str, str]:
    stop = version.stop_after_sessions
    return {
        gettext("Depth"): _depth(version),
        **{gettext("Depth, {name}").format(name=one.zone): _depth(one) for one in ranges},
        gettext("Passes, at most"): str(version.passes_max),
        gettext("Endpoint"): str(Endpoint(version.expected_endpoint).label),
        gettext("Usual number of sessions"): _sessions(version.planned_sessions),
        gettext("A response is looked for after"): (
            _sessions(stop) if stop else gettext("as many as the clinical rule says")
        ),
        gettext("Between two sessions, at least"): _days(version.hard_min_days),
        gettext("Between two sessions, better"): _days(version.soft_min_days),
        gettext("Between two sessions, usually"): (
            gettext("{low} to {high}").format(
                low=version.target_min_days, high=_days(version.target_max_days)
            )
        ),
        gettext("Treatment"): _minutes(version.duration_minutes),
        gettext("Each further zone"): _minutes(version.minutes_per_zone),
        gettext("Set-up"): _minutes(version.setup_minutes),
        gettext("Cleaning"): _minutes(version.cleaning_minutes),
        gettext("Source"): version.source,
        gettext("Evidence"): str(Evidence(version.evidence).label),
        gettext("Studies"): version.studies or gettext("none"),
    }


def _depth(limits: ProtocolVersion | ZoneRange) -> str:
    return gettext("{low} to {high} mm").format(
        low=format(limits.depth_min_mm, ".2f"), high=format(limits.depth_max_mm, ".2f")
    )


def _days(number: int) -> str:
    return ngettext("{n} day", "{n} days", number).format(n=number)


def _minutes(number: int) -> str:
    return ngettext("{n} minute", "{n} minutes", number).format(n=number)


def _sessions(number: int) -> str:
    return ngettext("{n} session", "{n} sessions", number).format(n=number)


def affected(version: ProtocolVersion, *, user: User, at: datetime) -> Affected:
    """Among what the user sees. In six statements, however many there are."""
    sessions: Any = TreatmentSession.objects.visible_to(user).select_related(
        "clinic", "patient", "area"
    )
    plans = TreatmentPlan.objects.visible_to(user).filter(
        protocol=version.protocol_id, status__in=(PlanStatus.ACTIVE, PlanStatus.ON_HOLD)
    )
    ahead = sessions.filter(
        protocol_version__protocol=version.protocol_id, status__in=UPCOMING, starts_at__gt=at
    )
    return Affected(
        plans=_some(plans.select_related("clinic", "patient", "area", "concern").order_by("-pk")),
        ahead=_some(ahead.order_by("starts_at", "pk")),
        closer=_some(sessions.closer_than(version, at=max(at, version.effective_from))),
    )


def _some(rows: Any) -> Some:
    return Some(rows.order_by().count(), list(rows[:SHOWN]))
