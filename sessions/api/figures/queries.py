"""What a figure can be asked for: a filter that is not known, or fits nothing, is refused."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from clinic.api.base import acting_clinic
from clinic.api.forms import CodeField, DayField, FirstAsFrom, Form, IdField
from patients.models import Area, Concern
from sessions.figures.cuts import PERIOD_DAYS, SkinGroup
from sessions.figures.rows.scope import Scope
from sessions.figures.rows.side_effects import Events
from sessions.figures.side_effects import Grouping
from sessions.models import Milestone, OutcomeScale, RaterRole, SideEffectKind

MILESTONES = [(one.value, one.label) for one in (Milestone.DAY_90, Milestone.DAY_180)]
COURSES = [("EXPECTED", "Expected"), ("UNEXPECTED", "Unexpected")]


class FigureQuery(FirstAsFrom, Form):
    """`scope` is what comes of it."""

    clinic = IdField(required=False, help_text="Only needed by staff who work at several clinics.")
    first = DayField(
        required=False, help_text="First local day; three years before the last if not given."
    )
    to = DayField(required=False, help_text="Last local day; today if not given.")
    area = CodeField(
        queryset=Area.objects.all(), required=False, help_text="The area's code; all if not given."
    )
    skin_group = serializers.ChoiceField(
        choices=SkinGroup.choices, required=False, help_text="All if not given."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        clinic = acting_clinic(self.context["request"], attrs.get("clinic"))
        today = timezone.now().astimezone(clinic.zone).date()
        last = attrs.get("to", today)
        first = attrs.get("from", last - timedelta(days=PERIOD_DAYS))
        if last < first:
            raise ValidationError({"to": ["Must not be before “from”."]}, code="reversed")
        group = attrs.get("skin_group")
        scope = Scope(
            clinic=clinic,
            first=first,
            last=last,
            area=attrs.get("area"),
            concern=attrs.get("concern"),
            group=SkinGroup(group) if group else None,
        )
        return {**attrs, "scope": scope}


class ScaleField(CodeField):
    """The code of a scale, as it is in effect now."""

    def get_queryset(self) -> QuerySet[Any]:
        return OutcomeScale.objects.in_effect(timezone.now())


class OutcomesQuery(FigureQuery):
    scale = ScaleField(queryset=OutcomeScale.objects.all(), help_text="The scale's code.")
    milestone = serializers.ChoiceField(
        choices=MILESTONES, default=Milestone.DAY_90.value, help_text="When it was measured."
    )
    rater_role = serializers.ChoiceField(
        choices=RaterRole.choices,
        required=False,
        help_text="Who has rated; the first who may rate the scale if not given.",
    )
    concern = CodeField(
        queryset=Concern.objects.all(),
        required=False,
        help_text="The concern's code; all that the scale measures if not given.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        scale, concern = attrs["scale"], attrs.get("concern")
        role = attrs.setdefault("rater_role", scale.rater_roles[0])
        if role not in scale.rater_roles:
            named = ", ".join(scale.rater_roles)
            raise ValidationError({"rater_role": [f"{scale} is rated by: {named}."]})
        if concern and scale.concerns and concern.code not in scale.concerns:
            named = ", ".join(scale.concerns)
            raise ValidationError({"concern": [f"{scale} measures: {named}."]})
        return super().validate(attrs)


class SideEffectsQuery(FigureQuery):
    by = serializers.ChoiceField(
        choices=Grouping.choices,
        default=Grouping.DEPTH_BAND.value,
        help_text="What the sessions are grouped by.",
    )
    kind = serializers.ChoiceField(
        choices=SideEffectKind.choices, required=False, help_text="Any if not given."
    )
    min_grade = serializers.IntegerField(
        min_value=1, max_value=5, default=1, help_text="The mildest that counts, by CTCAE v5."
    )
    course = serializers.ChoiceField(
        choices=COURSES,
        required=False,
        help_text="Those that were to be expected, or that were not; both if not given.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        course = attrs.get("course")
        events = Events(
            kind=attrs.get("kind"),
            min_grade=attrs["min_grade"],
            is_expected=None if course is None else course == "EXPECTED",
        )
        return {**super().validate(attrs), "events": events}
