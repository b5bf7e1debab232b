"""What a course of treatment is planned from: whom, which concern, which protocol, and wishes."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from clinic.admin.forms.choices import checkboxes_field
from clinic.admin.lists.lookups import OwnAutocompleteSelect
from clinic.models import User
from patients.models import Concern, Patient, PatientConcern
from sessions.admin.booking.series_forms import WishForm
from sessions.models import Protocol, TreatmentPlan


class WhomForm(forms.Form):
    """Whose course it is to be, where the page was not opened from a patient's."""

    patient: Any = forms.ModelChoiceField(queryset=Patient.objects.none(), label=_("Patient"))

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["patient"]
        rows = Patient.objects.visible_to(user).filter(archived_at=None)
        field.queryset = rows.select_related("clinic")
        relation = TreatmentPlan._meta.get_field("patient")
        field.widget = OwnAutocompleteSelect(relation, admin.site)
        field.widget.choices = field.choices


class AskForm(WishForm):
    """The concern; the protocol follows from it, and can be chosen where there are several."""

    concern: Any = forms.ModelChoiceField(
        queryset=Concern.objects.none(),
        required=False,
        label=_("Concern"),
        empty_label=_("Choose…"),
        widget=UnfoldAdminSelectWidget,
    )
    protocol: Any = forms.ModelChoiceField(
        label=_("Protocol"), queryset=Protocol.objects.none(), required=False
    )
    planned_zones = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=12,
        label=_("Zones in one session"),
        help_text=_("More take longer. Empty: one."),
        widget=UnfoldAdminIntegerFieldWidget,
    )

    def __init__(self, patient: Patient, known: list[PatientConcern], *args: Any) -> None:
        super().__init__(patient.clinic, *args)
        fields: Any = self.fields
        fields["practitioner"].empty_label = gettext("Whoever is free")
        active = Protocol.objects.filter(is_active=True)
        offered = Concern.objects.filter(is_active=True, protocols__in=active).distinct()
        fields["concern"].queryset = offered.order_by("name")
        own = {one.concern_id for one in known}
        rows = list(fields["concern"].queryset)
        groups = [
            (
                gettext("Recorded for {patient}").format(patient=patient),
                [row for row in rows if row.pk in own],
            ),
            (
                gettext("All others") if own else gettext("Concerns"),
                [row for row in rows if row.pk not in own],
            ),
        ]
        fields["concern"].choices = [
            ("", gettext("Choose…")),
            *((name, [(row.pk, str(row)) for row in found]) for name, found in groups if found),
        ]
        fields["protocol"].queryset = active.select_related("concern", "area")

    @property
    def wanted(self) -> list[Any]:
        """The fields of the wishes, for the page."""
        shown = ("practitioner", "room", "weekday", "part", "first_on", "planned_zones")
        return [self[name] for name in shown]


class GoalsForm(forms.Form):
    """What is agreed beside the times. Not in the address: it is about a patient."""

    goals = forms.CharField(
        required=False,
        max_length=2_000,
        label=_("What the patient hopes for"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        care: Any = checkboxes_field(TreatmentPlan._meta.get_field("home_care"))
        care.label = gettext("Agreed for at home")
        self.fields["home_care"] = care
