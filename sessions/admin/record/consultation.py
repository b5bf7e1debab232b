"""What a visit has and what it lacks: of a consultation on the page of the patient, of an outcome
visit on its own."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from clinic.admin.words import badge
from clinic.permissions import may_see
from patients.models import Patient
from sessions.models import TreatmentSession
from sessions.safety.consultation import Item, consultation_items
from sessions.safety.outcome_visit import outcome_items


class ConsultationList:
    """For the page of a patient: a list to work through, for whoever sees what ails them."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        sets: list[Any] = super().get_fieldsets(request, obj)  # type: ignore[misc]
        if obj is None or obj.archived_at:
            return sets
        if not may_see(request.user, "patients.view_medical", obj.pk):
            return sets
        return [sets[0], (gettext("Consultation"), {"fields": ["consultation"]}), *sets[1:]]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "consultation"]  # type: ignore[misc]

    @display(description=_("what is there"))
    def consultation(self, patient: Patient) -> str:
        known = vars(patient)  # a page asks for it several times
        if "listed_items" not in known:
            known["listed_items"] = _listed(consultation_items(patient, at=timezone.now()))
        found: str = known["listed_items"]
        return found


class OutcomeList:
    """For the page of a session: what to measure at an outcome visit."""

    @display(description=_("to measure"))
    def to_measure(self, session: TreatmentSession) -> str:
        return _listed(outcome_items(session, at=timezone.now()))


def _listed(items: list[Item]) -> str:
    return format_html_join(
        "",
        '<p class="mb-2">{} {}: {}</p>',
        (
            (
                badge(gettext("There"), "success")
                if item.is_there
                else badge(gettext("Missing"), "warning"),
                item.name,
                item.detail,
            )
            for item in items
        ),
    )
