"""Why to call a patient of whom nothing is heard: what makes a poor course likelier."""

from collections.abc import Iterator

from django.utils.translation import gettext

from clinic.findings import Severity
from clinic.models import ClinicalRule
from sessions.models import (
    ProductKind,
    ProductUse,
    SessionFinding,
    TreatmentSession,
    ZoneTreatment,
)
from sessions.services.record.healing.check_in import hosts_of
from sessions.triage import HostRisk


def reasons_to_call(session: TreatmentSession) -> list[str]:
    """In words; empty if there is none. Of a sitting all its areas count."""
    return list(_reasons(session))


def _reasons(session: TreatmentSession) -> Iterator[str]:
    of_sitting = TreatmentSession.objects.of_sitting(session.pk)
    numbers = dict(
        ClinicalRule.objects.in_effect(session.starts_at)
        .filter(code__in=("deep-from", "anaesthetic-large-area"))
        .values_list("code", "value")
    )
    deep, large = numbers.get("deep-from"), numbers.get("anaesthetic-large-area")
    found = SessionFinding.objects.filter(session__in=of_sitting, severity=Severity.WARN)
    if found.exists():
        yield gettext("Warning in the session")
    treated = ZoneTreatment.objects.filter(session__in=of_sitting)
    if deep is not None and treated.filter(depth_mm__gte=deep).exists():
        yield gettext("Deep work")
    numbed = ProductUse.objects.filter(
        session__in=of_sitting, product__kind=ProductKind.ANAESTHETIC
    )
    if large is not None and numbed.filter(area_cm2__gt=large).exists():
        yield gettext("Large numbed area")
    for host in sorted(hosts_of(session)):
        yield str(HostRisk(host).label)
