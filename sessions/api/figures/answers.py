"""What figures answer. Each says n, window and filter, and null where nothing can be said."""

from typing import Any

from rest_framework import serializers

from sessions.figures.cuts import DepthBand, SkinGroup
from sessions.figures.healing import Pool
from sessions.figures.side_effects import Grouping, Used
from sessions.figures.withheld import Withheld
from sessions.models import Milestone, RaterRole, SideEffectKind
from sessions.triage import Score

WITHHELD = "Why nothing is estimated; empty if it is."


class EstimateOut(serializers.Serializer[Any]):
    value = serializers.FloatField(help_text="The estimate.")
    low = serializers.FloatField(allow_null=True, help_text="Of its 95 % interval; null: none.")
    high = serializers.FloatField(allow_null=True, help_text="Of its 95 % interval; null: none.")


class ScopeOut(serializers.Serializer[Any]):
    """What was asked for."""

    clinic = serializers.UUIDField(source="scope.clinic.pk", help_text="The clinic, by id.")
    first_on = serializers.DateField(source="scope.first", help_text="First local day.")
    last_on = serializers.DateField(source="scope.last", help_text="Last local day.")
    area = serializers.CharField(
        source="scope.area.code", default=None, allow_null=True, help_text="Null: all areas."
    )
    skin_group = serializers.ChoiceField(
        choices=SkinGroup.choices,
        source="scope.group",
        allow_null=True,
        help_text="Null: all skin types.",
    )


# Outcomes


class CellOut(serializers.Serializer[Any]):
    depth_band = serializers.ChoiceField(choices=DepthBand.choices, source="band")
    planned = serializers.IntegerField(help_text="Patients whose window is over.")
    measured = serializers.IntegerField(help_text="Those of them who were measured in it.")
    withheld = serializers.ChoiceField(choices=Withheld.choices, help_text=WITHHELD)
    change = EstimateOut(
        allow_null=True,
        help_text="The median of result less baseline, in points of the scale; null: withheld.",
    )
    responders = serializers.IntegerField(
        allow_null=True,
        help_text="Those better by at least `responder_from`; null: withheld, or no such number.",
    )
    responding = EstimateOut(allow_null=True, help_text="The same as a share of `measured`.")


class DifferenceOut(serializers.Serializer[Any]):
    depth_band = serializers.ChoiceField(choices=DepthBand.choices, source="band")
    than = serializers.ChoiceField(
        choices=DepthBand.choices, help_text="The shallower band that it is compared with."
    )
    change = EstimateOut(help_text="By how much its changes lie above those of the other.")


class OutcomesOut(ScopeOut):
    scale = serializers.CharField(source="scale.code", help_text="The scale's code.")
    lower_is_better = serializers.BooleanField(source="scale.lower_is_better")
    rater_role = serializers.ChoiceField(choices=RaterRole.choices, help_text="Who has rated.")
    milestone = serializers.ChoiceField(choices=Milestone.choices)
    concern = serializers.CharField(
        source="scope.concern.code", default=None, allow_null=True, help_text="Null: all concerns."
    )
    window_from_days = serializers.IntegerField(
        source="window.first",
        help_text="The first day of the window, in days after the last session.",
    )
    window_until_days = serializers.IntegerField(
        source="window.last",
        help_text="The last day of the window, in days after the last session.",
    )
    responder_from = serializers.FloatField(
        source="scale.minimal_important_difference",
        allow_null=True,
        help_text="The smallest change that matters, in points; null: no study says so.",
    )
    responder_source = serializers.CharField(
        source="scale.difference_source", help_text="Who says so; empty: nobody."
    )
    n = serializers.IntegerField(source="figure.n", help_text="Patients with an eligible plan.")
    waiting = serializers.IntegerField(
        source="figure.waiting", help_text="Those of them whose window is not over yet."
    )
    cells = CellOut(source="figure.cells", many=True, help_text="A cell for each depth band.")
    differences = DifferenceOut(
        source="figure.differences",
        many=True,
        help_text="Between neighbouring bands with 30 measured each.",
    )


# Side effects


class RateOut(serializers.Serializer[Any]):
    group = serializers.CharField(source="group.key", help_text="The group, by id or code.")
    name = serializers.CharField(source="group.label", help_text="The group in words.")
    n = serializers.IntegerField(help_text="Sessions.")
    events = serializers.IntegerField(help_text="Those of them with a side effect that counts.")
    withheld = serializers.ChoiceField(choices=Withheld.choices, help_text=WITHHELD)
    share = EstimateOut(allow_null=True, help_text="`events` of `n`; null: withheld.")


class RatesOut(ScopeOut):
    by = serializers.ChoiceField(choices=Grouping.choices, help_text="What they are grouped by.")
    kind = serializers.ChoiceField(
        choices=SideEffectKind.choices,
        source="events.kind",
        allow_null=True,
        help_text="Which side effects count; null: all.",
    )
    min_grade = serializers.IntegerField(
        source="events.min_grade", help_text="The mildest that counts, by CTCAE v5."
    )
    is_expected = serializers.BooleanField(
        source="events.is_expected",
        allow_null=True,
        help_text="Whether those count that were to be expected, or the others; null: all.",
    )
    groups = RateOut(many=True, help_text="A row for each group; a session may be in several lots.")


class WatchedOut(serializers.Serializer[Any]):
    what = serializers.ChoiceField(choices=Used.choices, help_text="What it is.")
    group = serializers.CharField(source="group.key", help_text="Which one, by id or code.")
    name = serializers.CharField(source="group.label", help_text="Which one, in words.")
    uses = serializers.IntegerField(help_text="Sessions that it was used in.")
    events = serializers.IntegerField(help_text="Those of them with an unexpected side effect.")
    expected = serializers.FloatField(
        help_text="As many would be expected if it were like all of its kind."
    )
    ratio = EstimateOut(allow_null=True, help_text="`events` by `expected`; null: none at all.")
    is_signal = serializers.BooleanField(help_text="Whether somebody should look at it.")


class SignalsOut(ScopeOut):
    sessions = serializers.IntegerField(
        source="figure.sessions", help_text="Sessions in which something was needled."
    )
    events = serializers.IntegerField(
        source="figure.events", help_text="Those of them with an unexpected side effect."
    )
    unwatched = serializers.IntegerField(
        source="figure.unwatched", help_text="Lots and products with fewer than 20 uses."
    )
    watched = WatchedOut(
        source="figure.watched", many=True, help_text="Those with more, the signals first."
    )


# Healing


class LiteratureOut(serializers.Serializer[Any]):
    over_after_hours = serializers.IntegerField(
        allow_null=True, help_text="After how many hours it is usually over; null: it is not."
    )
    review_after_hours = serializers.IntegerField(
        allow_null=True, help_text="After how many hours a clinician should look; null: not said."
    )
    citation = serializers.CharField(help_text="Who says so.")
    evidence = serializers.CharField(help_text="What kind of source it is.")
    is_published = serializers.BooleanField(help_text="Whether it is; else a default of ours.")


class CohortOut(serializers.Serializer[Any]):
    of = serializers.ChoiceField(choices=Pool.choices, help_text="Who is in it.")
    n = serializers.IntegerField(help_text="Patients with a score in this window.")
    p10 = serializers.FloatField(
        source="spread.p10", default=None, allow_null=True, help_text="The 10th percentile."
    )
    median = serializers.FloatField(
        source="spread.median", default=None, allow_null=True, help_text="Null: too few."
    )
    p90 = serializers.FloatField(
        source="spread.p90", default=None, allow_null=True, help_text="The 90th percentile."
    )


class PointOut(serializers.Serializer[Any]):
    first_day = serializers.IntegerField(source="window.first", help_text="Of the window.")
    last_day = serializers.IntegerField(source="window.last", help_text="Of the window, included.")
    own = serializers.IntegerField(
        allow_null=True, help_text="The highest that was reported, 0 to 10; null: nothing."
    )
    earlier = serializers.ListField(
        child=serializers.IntegerField(allow_null=True),
        help_text="The same of the earlier sessions, in the order of `earlier`.",
    )
    cohort = CohortOut(help_text="Other patients.")


class CurveOut(serializers.Serializer[Any]):
    score = serializers.ChoiceField(choices=Score.choices, help_text="What was asked for.")
    points = PointOut(many=True, help_text="One for each window of days.")
    literature = LiteratureOut(
        allow_null=True, help_text="What is known elsewhere; only where there is no cohort."
    )


class HealingCurveOut(serializers.Serializer[Any]):
    session = serializers.UUIDField(source="session_id")
    depth_band = serializers.ChoiceField(choices=DepthBand.choices, source="band")
    skin_group = serializers.ChoiceField(choices=SkinGroup.choices, source="group")
    first_on = serializers.DateField(
        source="first", help_text="First local day of the cohort's sessions."
    )
    last_on = serializers.DateField(source="last", help_text="Last local day of them.")
    earlier = serializers.ListField(
        child=serializers.DateTimeField(),
        help_text="When the patient's sessions before on that area began (UTC), at most three.",
    )
    curves = CurveOut(many=True, help_text="One for each score.")
