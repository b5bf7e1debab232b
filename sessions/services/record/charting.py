"""A chart while it is typed: kept as a draft of who types it, written, and signed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.db.versions import Check, no_version_check
from clinic.errors import Conflict
from clinic.models import User
from sessions.lifecycle import Status
from sessions.models import ChartDraft, TreatmentSession
from sessions.services.booking.moves import move_session
from sessions.services.record.chart import ZoneEntry, in_progress, require_in_progress, write_chart


class DraftLeft(Conflict):
    code = "draft_left"
    title = gettext_noop("Something that was typed is not written into its chart yet")


@dataclass(frozen=True)
class Chart:
    """What the form of a chart says. Creams and cartridges are written as they are used."""

    zones: Sequence[ZoneEntry]
    pain_score: int | None = None
    sharps_disposed: bool = False
    notes: str = ""


@retried_transaction
def keep_draft(
    *, session_id: UUID, content: Mapping[str, Any], at: datetime, by: User
) -> ChartDraft:
    """Keep what `by` has typed so far. Raises NotInProgress, PatientArchived."""
    # without the rest of the record: this is asked with every pause of whoever types
    rows = TreatmentSession.objects.select_related("patient").locked()
    require_in_progress(rows.get(pk=session_id), by=by)
    draft, _ = ChartDraft.objects.update_or_create(
        session_id=session_id, by=by, defaults={"content": dict(content), "saved_at": at}
    )
    return draft


@retried_transaction
def drop_draft(*, session_id: UUID, at: datetime, by: User) -> None:
    """What `by` has typed is not wanted: the chart stands as it is written."""
    ChartDraft.objects.filter(session=session_id, by=by).delete()


@retried_transaction
def write_typed(
    *, session_id: UUID, chart: Chart, at: datetime, by: User, seen: Check = no_version_check
) -> TreatmentSession:
    """Write a chart in the place of its draft. Raises what `write_chart` and `seen` do."""
    in_progress(session_id, by=by)
    seen()
    session = write_chart(
        session_id=session_id,
        zones=chart.zones,
        products=None,
        pain_score=chart.pain_score,
        sharps_disposed=chart.sharps_disposed,
        notes=chart.notes,
        at=at,
        by=by,
    )
    drop_draft(session_id=session_id, at=at, by=by)
    return session


@retried_transaction
def sign_typed(
    *, session_id: UUID, chart: Chart, at: datetime, by: User, seen: Check = no_version_check
) -> TreatmentSession:
    """Write a chart and sign it, with the other areas of its sitting; or do neither.

    Raises DraftLeft if the same person has typed something for another area of the sitting that is
    not written, and what `write_typed` and `move_session` do.
    """
    write_typed(session_id=session_id, chart=chart, at=at, by=by, seen=seen)
    areas = TreatmentSession.objects.of_sitting(session_id).filter(status=Status.IN_PROGRESS)
    left = ChartDraft.objects.filter(by=by, session__in=areas).select_related("session__area")
    if names := sorted(str(draft.session.area) for draft in left):
        raise DraftLeft(
            gettext("Write the chart of these first: {names}.").format(names=", ".join(names))
        )
    return move_session(session_id=session_id, to=Status.COMPLETED, at=at, by=by)
