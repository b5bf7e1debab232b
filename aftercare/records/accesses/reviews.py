"""Noting that an access was looked at, and why it was in order."""

from datetime import date, datetime
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import DomainError, NotAllowed
from clinic.models import AccessReview, User
from patients.models import Patient

LEAST_SAID = 5


class ReviewRefused(DomainError):
    code = "review_refused"
    title = gettext_noop("This cannot be noted")


class OwnAccess(NotAllowed):
    code = "own_access"
    title = gettext_noop("Somebody else must look at it")


@retried_transaction
def note_review(
    *,
    actor_id: UUID | None,
    patient_id: UUID | None,
    day: date | None,
    note: str,
    at: datetime,
    by: User,
) -> AccessReview:
    """Of one person's accesses to one patient on one day, or, without a patient, to many. Raises
    ReviewRefused, and OwnAccess of what one has looked at oneself."""
    note = " ".join(note.split())
    if not LEAST_SAID <= len(note) <= 300:
        raise ReviewRefused(
            gettext("Say why it is in order, in 300 characters at the most."), field="note"
        )
    if actor_id == by.pk:
        raise OwnAccess(gettext("You cannot look at your own accesses: ask somebody else."))
    person = User.objects.visible_to(by).filter(pk=actor_id).first()
    known = patient_id is None or Patient.objects.visible_to(by).filter(pk=patient_id).exists()
    if person is None or day is None or not known:
        raise ReviewRefused(gettext("This access is not there."))
    return AccessReview.objects.create(
        actor=person, patient_id=patient_id, day=day, note=note, by=by, at=at
    )
