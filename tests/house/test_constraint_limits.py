"""The limits of the constraints: what they just let through, and what they just refuse.

That the database has the models' constraints, `makemigrations --check` sees to.
"""

from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db.models import CheckConstraint, Q

from tests.factories import DAY, HOUR, NINE

pytestmark = pytest.mark.django_db
SECOND, MOMENT = timedelta(seconds=1), timedelta(microseconds=1)
BAND = {"depth_min_mm": Decimal("1.00"), "depth_max_mm": Decimal("1.00")}
DEPTHS = [
    ("depth_min_mm", [Decimal("0.50"), Decimal("1.00")], [Decimal("0.49"), Decimal("1.01")]),
    ("depth_max_mm", [Decimal("1.00"), Decimal("2.50")], [Decimal("0.99"), Decimal("2.51")]),
]
PASSES = [1, 10], [0, 11]
MOST = {"grams_max": 1, "grams_per_cm2_max": 1, "mg_per_kg_max": 1}
TAKES = {"duration_minutes": 60, "minutes_per_zone": 0, "setup_minutes": 0, "cleaning_minutes": 0}
DAYS = {"hard_min_days": 14, "soft_min_days": 14, "target_min_days": 14, "target_max_days": 14}
LAID_OUT = {"occupied_from": NINE, "starts_at": NINE, "ends_at": NINE + HOUR}
HELD = {**LAID_OUT, "released_at": NINE + HOUR}
MINUTES = {"minutes": 30, "setup_minutes": 0, "cleaning_minutes": 0}
WINDOW = {"counted_from": "SESSION", "window_from_days": 75, "window_until_days": 120}
BEFORE = {"anchor": "STARTS", "from_next_window": False}
AFTER = {"anchor": "BOOKED", "from_next_window": False}
# Constraint, what else the row holds, a field of it, values let through, values refused.
LIMITS: list[tuple[str, dict[str, Any], str, list[Any], list[Any]]] = [
    (
        "service_account_ends_within_a_year",
        {"created_at": NINE},
        "expires_at",
        [NINE + 366 * DAY],
        [NINE + 366 * DAY + MOMENT],
    ),
    ("photo_three_a_report", {}, "number", [1, 3], [0, 4]),
    ("birth_date_try_1_to_5", {}, "number", [1, 5], [0, 6]),
    ("staff_answer_parts_iff_sms", {"channel": "SMS", "as_link": False}, "sms_parts", [1], [0]),
    ("recall_notice_told_once_issued", {"issued_at": NINE}, "told_at", [NINE], [NINE - MOMENT]),
    ("recall_notice_read_once_told", {"told_at": NINE}, "read_at", [NINE], [NINE - MOMENT]),
    ("step_replan_ends_once_begun", {"begun_at": NINE}, "ended_at", [NINE], [NINE - MOMENT]),
    ("recall_telling_ends_once_begun", {"begun_at": NINE}, "ended_at", [NINE], [NINE - MOMENT]),
    ("clinic_hold_minutes_1_to_60", {}, "hold_minutes", [1, 60], [0, 61]),
    (
        "opening_hours_open_before_they_close",
        {"opens_at": time(9)},
        "closes_at",
        [time(9, 0, 1), time(0)],
        [time(9), time(8, 59)],
    ),
    (
        "working_hours_start_before_they_end",
        {"opens_at": time(9)},
        "closes_at",
        [time(9, 0, 1), time(0)],
        [time(9), time(8, 59)],
    ),
    (
        "working_hours_days_ordered",
        {"valid_from": NINE.date()},
        "valid_until",
        [NINE.date() + DAY],
        [NINE.date()],
    ),
    ("time_off_ends_after_it_starts", {"starts_at": NINE}, "ends_at", [NINE + SECOND], [NINE]),
    ("on_call_ends_after_it_starts", {"starts_at": NINE}, "ends_at", [NINE + SECOND], [NINE]),
    ("closure_ends_after_it_starts", {"starts_at": NINE}, "ends_at", [NINE + SECOND], [NINE]),
    (
        "device_spec_depth_positive",
        {"tolerance_mm": Decimal("0")},
        "depth_max_mm",
        [Decimal("0.01")],
        [Decimal("0")],
    ),
    (
        "device_spec_depth_positive",
        {"depth_max_mm": Decimal("1")},
        "tolerance_mm",
        [Decimal("0")],
        [Decimal("-0.01")],
    ),
    ("patient_born_after_1900", {}, "date_of_birth", [date(1900, 1, 1)], [date(1899, 12, 31)]),
    ("patient_concern_grade_1_to_4", {}, "baseline_grade", [1, 4], [0, 5]),
    *(
        (name, BAND, field, good, bad)
        for name in (
            "zone_range_in_band",
            "protocol_range_in_band",
            "zone_range_of_protocol_in_band",
        )
        for field, good, bad in DEPTHS
    ),
    ("zone_limit_passes_in_range", {}, "passes_max", *PASSES),
    ("protocol_passes_in_range", {}, "passes_max", *PASSES),
    ("zone_passes_in_range", {}, "passes", *PASSES),
    (
        "zone_depth_in_band",
        {},
        "depth_mm",
        [Decimal("0.50"), Decimal("2.50")],
        [Decimal("0.49"), Decimal("2.51")],
    ),
    (
        "device_clearance_depth_in_band",
        {},
        "depth_max_mm",
        [Decimal("0.50"), Decimal("2.50")],
        [Decimal("0.49"), Decimal("2.51")],
    ),
    ("protocol_days_ordered", dict.fromkeys(DAYS, 1), "hard_min_days", [1], [0]),
    ("protocol_days_ordered", DAYS, "soft_min_days", [14], [13]),
    ("protocol_days_ordered", {**DAYS, "target_max_days": 15}, "target_min_days", [14, 15], [13]),
    ("protocol_days_ordered", {**DAYS, "target_min_days": 15}, "target_max_days", [15], [14]),
    ("protocol_stops_after_sessions", {}, "stop_after_sessions", [1, 52], [0, 53]),
    ("protocol_takes_time", TAKES, "duration_minutes", [5, 480], [4, 481]),
    ("protocol_takes_time", TAKES, "minutes_per_zone", [0, 40], [41]),
    ("protocol_takes_time", TAKES, "setup_minutes", [0, 240], [241]),
    ("protocol_takes_time", TAKES, "cleaning_minutes", [0, 240], [241]),
    (
        "product_strength_is_a_percentage",
        {},
        "strength_percent",
        [Decimal("0"), Decimal("100")],
        [Decimal("-0.01"), Decimal("100.01")],
    ),
    (
        "product_drug_is_a_percentage",
        {},
        "percent",
        [Decimal("0.01"), Decimal(100)],
        [Decimal(0), Decimal("100.01")],
    ),
    ("product_drug_limit_positive", {}, "mg_per_kg_max", [Decimal("0.01")], [Decimal(0)]),
    ("product_limits_positive", MOST, "mg_per_kg_max", [Decimal("0.01")], [Decimal(0)]),
    ("product_limits_positive", MOST, "grams_max", [Decimal("0.01")], [Decimal(0)]),
    ("product_limits_positive", MOST, "grams_per_cm2_max", [Decimal("0.001")], [Decimal(0)]),
    (
        "patient_weight_1_to_400_kg",
        {"weighed_on": date(2026, 1, 5)},
        "weight_kg",
        [Decimal(1), Decimal(400)],
        [Decimal("0.9"), Decimal("400.1")],
    ),
    ("outcome_scale_range_ordered", {"score_min": 1}, "score_max", [2], [1]),
    (
        "outcome_scale_no_change_in_range",
        {"score_min": 1, "score_max": 5},
        "no_change_score",
        [1, 5],
        [0, 6],
    ),
    (
        "outcome_scale_difference_has_source",
        {"difference_source": "a study"},
        "minimal_important_difference",
        [Decimal("0.01")],
        [Decimal(0), Decimal(-1)],
    ),
    ("plan_has_sessions", {}, "planned_sessions", [1, 52], [0, 53]),
    ("plan_has_zones", {}, "planned_zones", [1, 12], [0, 13]),
    (
        "plan_interval_1_to_24_months",
        {"kind": "MAINTENANCE", "reason": "x"},
        *("interval_months", [1, 24], [0, 25]),
    ),
    *(
        (name, {**HELD, "recovers_at": NINE + HOUR, "status": "BOOKED"}, field, good, bad)
        for name in ("session_times_ordered", "hold_times_ordered")
        for field, good, bad in [
            ("occupied_from", [NINE], [NINE + SECOND]),
            ("ends_at", [NINE + SECOND], [NINE, NINE + HOUR + SECOND]),
            ("released_at", [NINE + HOUR], [NINE + HOUR - SECOND]),
        ]
    ),
    (
        "session_times_ordered",
        {**HELD, "status": "BOOKED"},
        "recovers_at",
        [NINE + HOUR],
        [NINE + HOUR - SECOND],
    ),
    (
        "session_within_a_day",
        {"occupied_from": NINE},
        "released_at",
        [NINE + DAY],
        [NINE + DAY + MOMENT],
    ),
    *(
        ("visit_type_takes_time", {"kind": "CHECK", **MINUTES}, field, good, bad)
        for field, good, bad in [
            ("minutes", [5, 480], [4, 481]),
            ("setup_minutes", [0, 240], [241]),
            ("cleaning_minutes", [0, 240], [241]),
        ]
    ),
    ("visit_type_window_ordered", WINDOW, "window_until_days", [75, 1096], [74, 1097]),
    ("visit_type_window_ordered", WINDOW, "window_from_days", [0, 120], [121]),
    ("session_delay_within_the_day", {}, "delayed_minutes", [5, 600], [4, 601]),
    ("session_pain_0_to_10", {}, "pain_score", [0, 10], [11]),
    ("reporting_rule_grade_in_ctcae_range", {}, "grade_min", [1, 5], [0, 6]),
    (
        "check_in_scores_0_to_10",
        {"redness": 0, "swelling": 0, "itch": 0},
        "pain",
        [0, 10],
        [11],
    ),
    (
        "side_effect_expectation_hours_ordered",
        {"onset_from_hours": 24},
        "onset_to_hours",
        [24],
        [23],
    ),
    ("side_effect_grade_in_ctcae_range", {}, "grade", [1, 5], [0, 6]),
    ("side_effect_note_grade_in_ctcae_range", {}, "grade", [1, 5], [0, 6]),
    (
        "other_treatment_not_in_future",
        {"recorded_at": NINE, "status": "DONE"},
        "treated_on",
        [NINE.date()],
        [NINE.date() + DAY],
    ),
    ("blood_exposure_told_afterwards", {"happened_at": NINE}, "at", [NINE], [NINE - SECOND]),
    ("exposure_step_told_afterwards", {"done_at": NINE}, "at", [NINE], [NINE - SECOND]),
    (
        "credential_days_ordered",
        {"valid_from": NINE.date()},
        "expires_on",
        [NINE.date()],
        [NINE.date() - DAY],
    ),
    (
        "credential_depth_in_band",
        {},
        "depth_max_mm",
        [Decimal("0.50"), Decimal("2.50")],
        [Decimal("0.49"), Decimal("2.51")],
    ),
    ("clinic_cooling_off_at_most_90_days", {}, "consent_cooling_off_days", [0, 90], [91]),
    ("clinic_keeps_records_3_to_50_years", {}, "record_years", [3, 50], [2, 51]),
    (
        "side_effect_resolved_after_onset",
        {"onset_at": NINE},
        "resolved_at",
        [NINE],
        [NINE - SECOND],
    ),
    (
        "waitlist_days_ordered",
        {"from_on": NINE.date()},
        "until_on",
        [NINE.date()],
        [date(2030, 1, 6)],
    ),
    (
        "waitlist_times_ordered",
        {"earliest": time(9)},
        "latest",
        [time(9)],
        [time(8, 59)],
    ),
    ("product_use_off_after_on", {"on_at": NINE}, "off_at", [NINE], [NINE - SECOND]),
    (
        "product_use_amounts_positive",
        {"area_cm2": 1},
        "grams",
        [Decimal("0.01")],
        [Decimal("0")],
    ),
    ("product_use_amounts_positive", {"grams": Decimal("1")}, "area_cm2", [1], [0]),
    ("care_step_is_useful_for_a_while", {}, "useful_for", [MOMENT], [0 * DAY]),
    (
        "care_step_on_its_side_of_the_anchor",
        {"anchor": "STARTS", "from_next_window": False},
        "offset",
        [-MOMENT],
        [0 * DAY],
    ),
    (
        "care_step_on_its_side_of_the_anchor",
        {"anchor": "BOOKED", "from_next_window": False},
        "offset",
        [0 * DAY],
        [-MOMENT],
    ),
    (
        "care_step_time_of_a_later_day",
        {"at_time": time(8, 30), "anchor": "COMPLETED"},
        "offset",
        [DAY],
        [DAY - MOMENT],
    ),
    (
        "care_step_within_three_years",
        {"useful_for": DAY},
        "offset",
        [-1096 * DAY, 1096 * DAY],
        [-1096 * DAY - MOMENT, 1096 * DAY + MOMENT],
    ),
    (
        "care_step_within_three_years",
        {"offset": DAY},
        "useful_for",
        [366 * DAY],
        [366 * DAY + MOMENT],
    ),
    ("template_max_parts_1_to_4", {}, "max_parts", [1, 4], [0, 5]),
    ("message_attempt_counted_from_one", {}, "number", [1], [0]),
    (
        "break_glass_ends_in_its_time",
        {"opened_at": NINE, "until": NINE + HOUR},
        "ended_at",
        [NINE, NINE + HOUR],
        [NINE - MOMENT, NINE + HOUR + MOMENT],
    ),
]


def compared() -> Iterator[CheckConstraint]:
    """Every check constraint of ours that compares what is greater."""
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if isinstance(constraint, CheckConstraint) and {*lookups(constraint.condition)} & {
                *("lt", "lte", "gt", "gte", "range")
            }:
                yield constraint


def lookups(condition: Any) -> Iterator[str]:
    for child in condition.children if isinstance(condition, Q) else ():
        if isinstance(child, Q):
            yield from lookups(child)
        elif "__len__" not in str(child[0]):  # type: ignore[index]  # Django cannot check an array
            yield str(child[0]).rpartition("__")[2]  # type: ignore[index]


CONSTRAINTS = {constraint.name: constraint for constraint in compared()}


def test_every_constraint_that_compares_has_its_limits_here() -> None:
    assert {name for name, *_ in LIMITS} == set(CONSTRAINTS)


@pytest.mark.parametrize(
    ("name", "row", "field", "good", "bad"),
    [pytest.param(*limit, id=f"{limit[0]}-{limit[2]}") for limit in LIMITS],
)
def test_a_limit_is_let_through_and_the_next_value_is_not(
    name: str, row: dict[str, Any], field: str, good: list[Any], bad: list[Any]
) -> None:
    condition: Any = CONSTRAINTS[name].condition

    assert [condition.check({**row, field: value}) for value in good] == [True] * len(good)
    assert [condition.check({**row, field: value}) for value in bad] == [False] * len(bad)
