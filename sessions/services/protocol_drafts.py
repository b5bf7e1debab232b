"""New numbers of a protocol by two people: one proposes them, another puts them into force."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.constraints import refusal_of
from clinic.db.retries import retried_transaction
from clinic.errors import Conflict, NotAllowed
from clinic.models import Clinic, User
from patients.models import Audience, TaskKind, Zone
from patients.services import finish_source, raise_task
from sessions.models import ProtocolDraft, ProtocolVersion, ZoneRange
from sessions.services.ending.protocols import follow_version

OF_THE_ROW = {"id", "created_at", "version", "effective_from", "protocol"}


class ChangeWaits(Conflict):
    code = "change_waits"
    title = gettext_noop("A change of this protocol waits already")


class ChangeSettled(Conflict):
    code = "change_settled"
    title = gettext_noop("This change was decided already")


class ChangeOutdated(Conflict):
    code = "change_outdated"
    title = gettext_noop("The protocol has a newer version")


class ProposedByYou(NotAllowed):
    code = "proposed_by_you"
    title = gettext_noop("Somebody else must confirm it")


def wants_two() -> bool:
    """Protocols belong to all clinics, so one that wants it is enough."""
    return Clinic.objects.filter(numbers_by_two=True).exists()


@retried_transaction
def propose_version(
    *,
    version: ProtocolVersion,
    ranges: Iterable[ZoneRange],
    effective_from: datetime | None,
    at: datetime,
    by: User,
) -> ProtocolDraft:
    """Keep the numbers of `version`, which is not saved, for somebody else to confirm, and ask for
    it by a task. Raises ChangeWaits."""
    fields = [one for one in version._meta.concrete_fields if one.name not in OF_THE_ROW]
    draft = ProtocolDraft(
        protocol=version.protocol,
        numbers={one.name: getattr(version, one.name) for one in fields},
        zones=[[str(one.zone_id), one.depth_min_mm, one.depth_max_mm] for one in ranges],
        based_on=_newest(version.protocol_id),
        effective_from=effective_from,
        proposed_at=at,
        proposed_by=by,
    )
    waits = ChangeWaits(
        gettext("Somebody has proposed a change of it. Confirm or discard that one first.")
    )
    with refusal_of("protocol_draft_one_at_a_time", waits):
        draft.save(force_insert=True)
    for clinic in by.works_at:
        raise_task(
            clinic=clinic,
            kind=TaskKind.OTHER,
            audience=Audience.CLINICAL,
            title=gettext("Confirm new numbers: {protocol}").format(protocol=draft.protocol),
            detail=gettext(
                "{by} has proposed them. Look at what changes under Protocol versions."
            ).format(by=by),
            source=_source(draft, clinic),
            at=at,
        )
    return draft


@retried_transaction
def confirm_version(*, draft_id: UUID, at: datetime, by: User) -> ProtocolVersion:
    """Put it into force, or from the day on that it names. Raises ChangeSettled, ChangeOutdated,
    ProposedByYou."""
    draft = _waiting(draft_id)
    if draft.based_on != _newest(draft.protocol_id):
        raise ChangeOutdated(
            gettext("A version was added since. Discard this one, and propose it anew.")
        )
    version = version_of(draft, at=at)
    version.version = draft.based_on + 1
    version.full_clean()
    version.save(force_insert=True)
    for one in ranges_of(draft):
        one.protocol_version = version
        one.save(force_insert=True)
    draft.version = version
    with refusal_of(
        "protocol_draft_by_two_people", ProposedByYou(gettext("You have proposed it."))
    ):
        _settle(draft, at=at, by=by)
    follow_version(version=version, at=at, by=by)
    return version


@retried_transaction
def discard_version(*, draft_id: UUID, at: datetime, by: User) -> ProtocolDraft:
    """Raises ChangeSettled."""
    draft = _waiting(draft_id)
    _settle(draft, at=at, by=by)
    return draft


def version_of(draft: ProtocolDraft, *, at: datetime) -> ProtocolVersion:
    """The version that it would be if it were confirmed now, not saved."""
    fields: dict[str, Any] = {one.name: one for one in ProtocolVersion._meta.concrete_fields}
    numbers = {name: fields[name].to_python(value) for name, value in draft.numbers.items()}
    starts = max(at, draft.effective_from or at)
    return ProtocolVersion(protocol=draft.protocol, effective_from=starts, **numbers)


def ranges_of(draft: ProtocolDraft) -> list[ZoneRange]:
    """By the name of the zone, not saved."""
    zones = Zone.objects.in_bulk([UUID(zone) for zone, *_ in draft.zones])
    found = [
        ZoneRange(zone=zones[UUID(zone)], depth_min_mm=Decimal(least), depth_max_mm=Decimal(most))
        for zone, least, most in draft.zones
    ]
    return sorted(found, key=lambda one: one.zone.name)


def _waiting(draft_id: UUID) -> ProtocolDraft:
    rows = ProtocolDraft.objects.select_related("protocol", "proposed_by")
    draft = rows.select_for_update(of=("self",)).get(pk=draft_id)
    if draft.settled_at:
        raise ChangeSettled(gettext("It was confirmed or discarded meanwhile."))
    return draft


def _settle(draft: ProtocolDraft, *, at: datetime, by: User) -> None:
    draft.settled_at, draft.settled_by = at, by
    draft.save(update_fields=["version", "settled_at", "settled_by"])
    for clinic in draft.proposed_by.works_at:
        finish_source(source=_source(draft, clinic), at=at, by=by)


def _source(draft: ProtocolDraft, clinic: Clinic) -> str:
    return f"protocol-draft:{draft.pk}:{clinic.pk}"


def _newest(protocol_id: UUID) -> int:
    return ProtocolVersion.next_version(protocol_id=protocol_id) - 1
