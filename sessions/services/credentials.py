"""Warning of credentials that are about to end, as long as they can be renewed in time."""

from datetime import date, datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.models import Clinic, ClinicalRule, Credential, User
from clinic.values.moments import date_in_words
from patients.models import Audience, StaffTask, TaskKind
from patients.services.tasks import raise_task


@retried_transaction
def warn_of_credentials(*, at: datetime, by: User | None = None) -> int:
    """A task for the manager for each credential that ends soon and was not renewed, once at each
    clinic where its holder works; how many were raised."""
    rule = ClinicalRule.objects.in_effect(at).filter(code="credential-warning-days").first()
    if rule is None:
        return 0
    ending = {
        f"credential:{credential.pk}:{clinic.pk}": (credential, clinic)
        for credential, clinic in _ending(at, timedelta(days=int(rule.value)))
    }
    told = set(StaffTask.objects.filter(source__in=ending).values_list("source", flat=True))
    untold = {source: pair for source, pair in ending.items() if source not in told}
    for source, (credential, clinic) in untold.items():
        holder, last = credential.user or clinic, credential.expires_on
        raise_task(
            clinic=clinic,
            kind=TaskKind.OTHER,
            audience=Audience.MANAGER,
            title=gettext("{holder}: {credential} ends on {day}").format(
                holder=holder, credential=credential, day=last and date_in_words(last, "j M Y")
            ),
            detail=gettext_noop(
                "From the day after, nobody can book or start a treatment that needs it. Enter"
                " the new one among the credentials."
            ),
            source=source,
            at=at,
        )
    return len(untold)


def _ending(at: datetime, soon: timedelta) -> list[tuple[Credential, Clinic]]:
    """Counted in days of the clinic, which may be a day before or after that of UTC."""
    day = timedelta(days=1)
    renewed = Credential.objects.filter(
        Q(expires_on=None) | Q(expires_on__gt=OuterRef("expires_on")),
        Q(user=OuterRef("user")) | Q(clinic=OuterRef("clinic")),
        kind=OuterRef("kind"),
    ).filter(
        Q(device_model=OuterRef("device_model")) | (Q(device_model=None) & ~Q(kind="TRAINING"))
    )
    rows = (
        Credential.objects.filter(~Exists(renewed))
        .filter(Q(user=None) | Q(user__is_active=True))
        .filter(expires_on__range=(at.date() - day, at.date() + soon + day))
        .select_related("user", "clinic", "device_model")
        .prefetch_related("user__clinics")
        .order_by(F("expires_on"), "pk")
    )
    return [
        (row, clinic)
        for row in rows
        for clinic in ([row.clinic] if row.clinic else row.user.works_at if row.user else [])
        if row.expires_on and timedelta() <= row.expires_on - _today(clinic, at) <= soon
    ]


def _today(clinic: Clinic, at: datetime) -> date:
    return at.astimezone(clinic.zone).date()
