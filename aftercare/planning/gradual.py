"""A change of a step that concerns many visits: a worker goes through them, some at a time.

Note [Planning anew beside bookings]
    The step is saved at once, and what is booked from then on is planned by it. A worker then walks
    through the visits in the order of their ids, which is that of their making. Each stretch is one
    transaction behind the locks of its visits, which a move or a cancellation waits for, and the
    row says where it ends: a worker that is killed has lost nothing, and the next one goes on from
    there. Another change of the step begins anew.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db.models import F, OuterRef, Q

from aftercare.models import CareStep, Gradual, StepReplan
from aftercare.planning.plan import concerned_ids, may_get, waiting_for
from aftercare.planning.reconcile import Variants, reconcile
from clinic.db.retries import retried_step, retried_transaction
from clinic.db.sight import probe
from clinic.models import User
from sessions.models import TreatmentSession

AT_ONCE = 500  # visits that are planned anew while somebody waits
STRETCH = 100  # a booking beside it waits for no more than these
STRETCHES = 20  # before a worker looks after others


def how_many(step: CareStep, *, at: datetime) -> int:
    """The visits that a change of the step concerns."""
    found: int = concerned_ids(Variants.read({step.code}, instead=step), at).count()
    return found


@retried_step
def begin_replan(*, step: CareStep, total: int, at: datetime, by: User | None) -> None:
    """In the transaction of the change, which waits for a stretch that is being looked at."""
    anew = {"begun_at": at, "total": total, "position": None, "ended_at": None}
    zero = dict.fromkeys(("looked_at", "moved", "cancelled", "new"), 0)
    StepReplan.objects.update_or_create(step=step, defaults={**anew, **zero})


def go_on_with_replans(*, at: datetime) -> bool:
    """The next stretches of each change; whether there are more."""
    return go_on(StepReplan, _next_stretch, at=at)


def go_on(job: type[Gradual], next_stretch: Callable[..., bool], *, at: datetime) -> bool:
    """Some stretches of each job of this kind, the oldest first; whether there are more."""
    going_on = job._default_manager.filter(ended_at=None).order_by("begun_at", "pk")
    ids = list(going_on.values_list("pk", flat=True))
    more = [all(next_stretch(job_id=pk, at=at) for _ in range(STRETCHES)) for pk in ids]
    return any(more)


@retried_transaction
def _next_stretch(*, job_id: UUID, at: datetime) -> bool:
    """False if nothing is left, or another worker is on it."""
    rows = StepReplan.objects.select_for_update(of=("self",), skip_locked=True)
    replan = rows.select_related("step").filter(pk=job_id, ended_at=None).first()
    if replan is None:
        return False
    variants = Variants.read({replan.step.code})
    have = probe(waiting_for(variants).filter(session=OuterRef("pk")))
    rest = TreatmentSession.objects.filter(may_get(variants, at) | Q(have))
    if replan.position:
        rest = rest.filter(pk__gt=replan.position)
    ids = list(rest.order_by("pk").values_list("pk", flat=True)[:STRETCH])
    if not ids:
        StepReplan.objects.filter(pk=job_id).update(ended_at=max(at, replan.begun_at))
        return False
    list(TreatmentSession.objects.filter(pk__in=ids).locked().values_list("pk"))
    result = reconcile(ids, variants, at=at, dry_run=False)
    StepReplan.objects.filter(pk=job_id).update(
        position=ids[-1],
        looked_at=F("looked_at") + len(ids),
        moved=F("moved") + result.moved,
        cancelled=F("cancelled") + result.cancelled,
        new=F("new") + result.new,
    )
    return True
