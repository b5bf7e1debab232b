"""What the waitlist does when a session moves, and who tells of an offer, in the transaction of the
move."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils.formats import date_format
from django.utils.translation import gettext

from clinic.catalogue import Row, read
from clinic.models import Clinic, User, in_words
from clinic.wakeups import wake
from patients.models import OtherTreatment, TaskKind
from patients.services import finish_source, raise_task
from sessions import services
from sessions.lifecycle import OCCUPIES, WaitlistStatus
from sessions.models import TreatmentSession, VisitType, VisitTypeName, WaitlistEvent
from sessions.signals import session_moved
from sessions.tasks import keep_waitlist_moving


@receiver(post_save, sender=OtherTreatment)
def tell_of_other_treatment(instance: OtherTreatment, raw: bool = False, **_: Any) -> None:
    """What is too near to needling, and what ends the question what became of a plan."""
    if raw:
        return
    at, by = instance.recorded_at, instance.recorded_by
    services.tell_of_too_near(instance, at=at, by=by)
    services.end_question(instance, at=at, by=by)


@receiver(post_save, sender=Clinic)
def offer_what_ships(instance: Clinic, created: bool, raw: bool = False, **_: Any) -> None:
    """A new clinic offers the kinds of visit that ship; it changes them as it likes."""
    if not created or raw:
        return
    rows = _shipped()
    VisitType.objects.bulk_create(
        VisitType(clinic=instance, **{name: row[name] for name in row if name != "names"})
        for row in rows
    )
    ids = dict(VisitType.objects.filter(clinic=instance).values_list("code", "pk"))
    VisitTypeName.objects.bulk_create(
        VisitTypeName(visit_type_id=ids[row["code"]], language=language, **words)
        for row in rows
        for language, words in row["names"].items()
    )


@lru_cache
def _shipped() -> list[Row]:
    return read(Path(settings.BASE_DIR) / "sessions/catalogue/visit_types.yaml")


@receiver(session_moved)
def queue_for_the_waitlist(
    session: TreatmentSession, at: datetime, skipped: bool = False, **_: Any
) -> None:
    """See Note [Freed slots] in services.waitlist. Of a sitting the leading area frees the slot."""
    if skipped or session.sitting_id or session.status in OCCUPIES:
        return
    if services.note_freed(session, at=at, not_before=session.undo_until):
        transaction.on_commit(lambda: wake(keep_waitlist_moving))


@receiver(session_moved)
def end_what_an_absence_asked(
    session: TreatmentSession, old: str, at: datetime, by: User | None, **_: Any
) -> None:
    """Of a closure or somebody's time off: what lay in it is somewhere else, or off."""
    if old and session.status not in OCCUPIES and not session.sitting_id:
        services.finish_tasks_of(session, at=at, by=by)


@receiver(post_save, sender=WaitlistEvent)
def have_the_offer_told(instance: WaitlistEvent, raw: bool = False, **_: Any) -> None:
    """An offer lasts for some hours and nothing is sent of it, so somebody calls. Whatever becomes
    of it ends the task."""
    if raw:
        return
    entry, source = instance.entry, f"waitlist:{instance.entry_id}"
    if instance.old_status == WaitlistStatus.OFFERED:
        note = (
            gettext(instance.reason)
            if instance.reason
            else in_words(WaitlistStatus, instance.new_status)
        )
        finish_source(source=source, at=instance.at, by=instance.by, note=note)
    if entry.offered_starts_at and entry.offer_expires_at:
        zone, patient = entry.clinic.zone, entry.patient
        when, until = (
            moment.astimezone(zone) for moment in (entry.offered_starts_at, entry.offer_expires_at)
        )
        raise_task(
            clinic=entry.clinic,
            patient=patient,
            kind=TaskKind.CHANGE_WANTED,
            title=gettext("Offer {day} at {time} by phone until {until}: {patient}").format(
                day=date_format(when, "j M"),
                time=f"{when:%H:%M}",
                until=date_format(until, "j M H:i"),
                patient=patient,
            ),
            detail=entry.note,
            source=source,
            at=instance.at,
        )
