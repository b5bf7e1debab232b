"""The forms of a series: what times are looked for, and one for each time that is found."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanWidget,
)

from clinic.admin.forms.fields import DateField, MomentField
from clinic.models import Clinic, Device, Role, Room, User
from sessions import services
from sessions.admin.planning.free import FreeTimes, with_pick
from sessions.lifecycle import PlanStatus
from sessions.models import Kind, TreatmentPlan, VisitType

OTHERS = 8  # free times that each row can be changed to
AREAS_CHANGED = _("The areas above are others now: press Look for times again.")


class WishForm(forms.Form):
    """With whom, where and when the times are looked for."""

    practitioner: Any = forms.ModelChoiceField(
        queryset=User.objects.none(),
        required=False,
        label=_("With"),
        empty_label=_("Whoever has the plan"),
        widget=UnfoldAdminSelectWidget,
    )
    room: Any = forms.ModelChoiceField(
        queryset=Room.objects.none(),
        required=False,
        label=_("In"),
        empty_label=_("Any room"),
        widget=UnfoldAdminSelectWidget,
    )
    weekday = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        required=False,
        label=_("On"),
        choices=[("", _("Any weekday")), *enumerate(services.WEEKDAYS)],
        widget=UnfoldAdminSelectWidget,
    )
    part = forms.ChoiceField(
        required=False,
        label=_("At"),
        choices=[("", _("Any time of day")), *services.DayPart.choices],
        widget=UnfoldAdminSelectWidget,
    )
    first_on = DateField(
        required=False,
        label=_("Not before"),
        help_text=_("Else as soon as the skin may be treated."),
    )

    def __init__(self, clinic: Clinic, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.refusal = ""  # why no times are proposed
        fields: Any = self.fields
        fields["practitioner"].queryset = (
            User.objects.practitioners().filter(clinics=clinic).order_by("last_name", "username")
        )
        fields["room"].queryset = Room.objects.filter(clinic=clinic, is_active=True).order_by(
            "name"
        )

    @property
    def wishes(self) -> services.Wishes:
        found = self.cleaned_data if self.is_bound and self.is_valid() else {}
        return services.Wishes(
            room=found.get("room"),
            weekday=found.get("weekday"),
            part=found.get("part", ""),
            others=OTHERS,
        )


class LookForm(WishForm):
    """What the times of a plan that there is are looked for."""

    further_plans: Any = forms.ModelMultipleChoiceField(
        queryset=TreatmentPlan.objects.none(),
        required=False,
        label=_("Also treat in these sittings"),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("The patient's plans for other areas. Each is treated as often as it needs."),
    )

    def __init__(self, plan: TreatmentPlan, *args: Any, **kwargs: Any) -> None:
        super().__init__(plan.clinic, *args, **kwargs)
        self.plan = plan
        others = TreatmentPlan.objects.with_booking_facts().filter(
            patient=plan.patient_id, status=PlanStatus.ACTIVE
        )
        field: Any = self.fields["further_plans"]
        field.queryset = others.exclude(pk=plan.pk).order_by("id")
        field.label_from_instance = lambda other: f"{other.area}, {other.protocol}"
        if not field.queryset.exists():
            del self.fields["further_plans"]

    @property
    def plans(self) -> list[TreatmentPlan]:
        """Of the series, the leading one first."""
        found = self.cleaned_data if self.is_bound and self.is_valid() else {}
        return [self.plan, *found.get("further_plans", ())]


class TimeForm(forms.Form):
    """One session of the series, or one outcome visit."""

    is_wanted = forms.BooleanField(
        required=False, initial=True, label=_("Book it"), widget=UnfoldBooleanWidget
    )
    starts_at = MomentField(label=_("Starts at"))
    practitioner: Any = forms.ModelChoiceField(
        queryset=User.objects.none(), label=_("With"), widget=UnfoldAdminSelectWidget
    )
    room: Any = forms.ModelChoiceField(
        queryset=Room.objects.none(), label=_("Room"), widget=UnfoldAdminSelectWidget
    )
    device: Any = forms.ModelChoiceField(
        queryset=Device.objects.none(), label=_("Device"), widget=UnfoldAdminSelectWidget
    )
    plans = forms.CharField(widget=forms.HiddenInput, max_length=400)
    visit_type: Any = forms.ModelChoiceField(
        queryset=VisitType.objects.none(), required=False, widget=forms.HiddenInput
    )
    shift = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)

    def __init__(
        self,
        clinic: Clinic,
        plans: list[TreatmentPlan],
        data: Any = None,
        *,
        prefix: str,
        offered: Sequence[Any] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(data and with_pick(data, prefix), prefix=prefix, **kwargs)
        self.free = FreeTimes(self, offered)
        self.series = {str(plan.pk): plan for plan in plans}
        fields: Any = self.fields
        visits = VisitType.objects.exclude(kind=Kind.TREATMENT).filter(clinic=clinic)
        fields["visit_type"].queryset = visits.select_related("clinic")
        fields["starts_at"].zone = clinic.zone
        people = User.objects.filter(is_active=True, clinics=clinic)
        fields["practitioner"].queryset = people.order_by("last_name", "username")
        fields["room"].queryset = Room.objects.filter(clinic=clinic, is_active=True).order_by(
            "name"
        )
        devices = Device.objects.filter(clinic=clinic, is_active=True)
        fields["device"].queryset = devices.select_related("model").order_by("serial")
        self.visit = self._visit()
        if self.visit is None:
            fields["practitioner"].queryset = people.filter(role=Role.PRACTITIONER).order_by(
                "last_name", "username"
            )
        else:
            for name, needed in (
                ("room", self.visit.needs_room),
                ("device", self.visit.needs_device),
            ):
                if not needed:
                    del self.fields[name]

    def _visit(self) -> VisitType | None:
        """The kind of an outcome visit; None of a treatment."""
        try:
            found: VisitType | None = self.fields["visit_type"].clean(self["visit_type"].value())
        except forms.ValidationError:
            return None
        return found

    @property
    def is_typed(self) -> bool:
        """Whether the fields must be seen, not only the list of free times."""
        return not self.free.chosen or bool(self.errors)

    @property
    def problems(self) -> list[str]:
        """All that is wrong with the row, in words, above what can be done about it."""
        return [str(message) for messages in self.errors.values() for message in messages]

    @property
    def heading(self) -> str:
        known = [self.series[pk] for pk in self._named if pk in self.series]
        return str(self.visit) if self.visit else ", ".join(str(plan.area) for plan in known)

    @property
    def _named(self) -> list[str]:
        return str(self["plans"].value() or "").split()

    @property
    def treated(self) -> list[TreatmentPlan]:
        return [self.series[pk] for pk in self._named]

    def clean_plans(self) -> str:
        if not set(self._named) <= self.series.keys():
            raise forms.ValidationError(AREAS_CHANGED)
        return " ".join(self._named)

    @property
    def slot(self) -> dict[str, Any]:
        """As `services.Chosen` or `services.ChosenVisit` has it."""
        data = self.cleaned_data
        names = ("starts_at", "practitioner", "room", "device")
        kind = {"visit_type": self.visit} if self.visit else {}
        return {**{name: data.get(name) for name in names}, **kind}
