"""The figures from the database: whose rows they read, and in how many statements."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import Clinic
from sessions.figures.cuts import DepthBand, SkinGroup
from sessions.figures.read import (
    milestone_window,
    read_healing_curve,
    read_outcomes,
    read_rates,
    read_signals,
)
from sessions.figures.rows.scope import Scope
from sessions.figures.rows.side_effects import Events
from sessions.figures.side_effects import Grouping
from sessions.lifecycle import Status
from sessions.models import Milestone, OutcomeMeasure, TreatmentSession
from tests.factories import (
    DAY,
    NINE,
    OutcomeScaleFactory,
    ProductUseFactory,
    SideEffectExpectationFactory,
)
from tests.figures.world import Practice
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
LATER = NINE + 400 * DAY
SKIN = SkinGroup.LIGHTER
ALL = Events()


@kept
def practice(clinic: Clinic) -> Practice:
    return Practice(clinic)


def scope(clinic: Clinic, **but: Any) -> Scope:
    return Scope(clinic, NINE.date() - 500 * DAY, LATER.date(), **but)


def statements(read: Any) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        read()
    return len(asked)


def test_a_session_is_compared_with_those_of_its_clinic_area_and_skin(
    practice: Practice, other_clinic: Clinic
) -> None:
    elsewhere = Practice(other_clinic)
    for place, skin_type, n in ((practice, 3, 30), (elsewhere, 3, 31), (practice, 5, 31)):
        on = NINE.date() + 40 * DAY if skin_type == 5 else NINE.date()
        place.report(place.treat(place.plans(n, skin_type=skin_type), on=on), redness=4)
    own = practice.plans(1)
    (before,) = practice.treat(own, on=NINE.date() + 100 * DAY)
    (session,) = practice.treat(own, on=NINE.date() + 130 * DAY)
    practice.report([session], redness=9)
    practice.report([before], redness=6)
    SideEffectExpectationFactory(kind="OEDEMA", expected_until_hours=72, source="A book")
    fresh = TreatmentSession.objects.select_related("clinic", "patient", "area").get(pk=session.pk)

    found = read_healing_curve(fresh, at=LATER)
    asked = statements(lambda: read_healing_curve(fresh, at=LATER))

    assert (found.band, found.group) == (DepthBand.MEDIUM, SKIN)
    redness, swelling = found.curves[:2]
    told = next(one for one in redness.points if one.window.first == 1)
    assert (told.own, told.earlier) == (9, [6])
    assert (told.cohort.of, told.cohort.n) == ("BAND", 30)
    assert redness.literature is None
    assert swelling.literature is not None
    assert swelling.literature.citation == "A book"
    assert asked == 4


def test_of_a_report_in_pages_the_last_one_counts(practice: Practice) -> None:
    (session,) = practice.treat(practice.plans(1))
    (page,) = practice.report([session], redness=9)
    type(page).objects.create(
        session=session,
        report=page,
        reported_at=page.reported_at + timedelta(minutes=1),
        day=1,
        level="GREEN",
        fired=[],
        rules=practice.rules,
        is_draft=True,
        redness=2,
    )
    fresh = TreatmentSession.objects.select_related("clinic", "patient", "area").get(pk=session.pk)

    found = read_healing_curve(fresh, at=LATER)

    assert [one.own for one in found.curves[0].points if one.own is not None] == [2]


def test_outcomes_are_of_the_plans_of_a_clinic(practice: Practice, other_clinic: Clinic) -> None:
    """Eleven plans of two sessions at each of two clinics, one of ours with a third one booked."""
    scale = OutcomeScaleFactory(
        score_max=100, minimal_important_difference=Decimal(10), difference_source="x"
    )
    at_last = NINE + 28 * DAY
    for place in (practice, Practice(other_clinic)):
        plans = place.plans(11)
        place.treat(plans, depth_mm="2.00")
        place.treat(plans, on=at_last.date())
        if place is practice:
            place.treat(plans[:1], on=LATER.date(), status=Status.BOOKED)
        for milestone, at, score in (
            (Milestone.BASELINE, NINE - DAY, 50),
            (Milestone.DAY_90, at_last + 90 * DAY, 30),
        ):
            OutcomeMeasure.objects.bulk_create(
                OutcomeMeasure(
                    plan=plan,
                    scale=scale,
                    milestone=milestone,
                    rater_role="CLINICIAN",
                    rated_by=place.practitioner,
                    recorded_by=place.practitioner,
                    score=score,
                    measured_at=at,
                )
                for plan in plans
            )

    def read(**but: Any) -> Any:
        return read_outcomes(
            scope(practice.clinic, **but),
            scale=scale,
            rater_role="CLINICIAN",
            milestone=Milestone.DAY_90,
            window=milestone_window(Milestone.DAY_90, LATER),
            at=LATER,
        )

    found = read()

    (cell,) = found.cells
    assert (found.n, found.waiting) == (11, 1)
    assert (cell.band, cell.planned, cell.measured) == (DepthBand.DEEP, 10, 10)
    assert (cell.change.value, cell.responders) == (-20, 10)
    assert read(area=practice.protocol.area, concern=practice.protocol.concern).n == 11
    assert (read(group=SkinGroup.DARKER).n, read(group=SKIN).n) == (0, 11)
    assert statements(read) == 3  # the window asks the rules


def test_rates_have_sessions_of_the_clinic_as_their_denominator(
    practice: Practice, other_clinic: Clinic
) -> None:
    lot = practice.lot()
    shallow = practice.treat(practice.plans(10), depth_mm="1.00", lot=lot)
    deep = practice.treat(
        practice.plans(12, skin_type=5), on=NINE.date() + 40 * DAY, depth_mm="2.00"
    )
    practice.treat(practice.plans(3), on=NINE.date() + 80 * DAY, depth_mm=None)  # nothing needled
    practice.harm(deep[:3])
    practice.harm(deep[:3], kind="ERYTHEMA", grade=1, is_expected=True)
    practice.harm(shallow[:1], kind="ERYTHEMA", grade=1, is_expected=True)
    elsewhere = Practice(other_clinic)
    elsewhere.harm(elsewhere.treat(elsewhere.plans(1)))

    def told(by: Grouping, events: Events = ALL) -> dict[str, tuple[int, int]]:
        return {
            one.group.key: (one.n, one.events)
            for one in read_rates(scope(practice.clinic), events, by)
        }

    assert told(Grouping.DEPTH_BAND) == {"SHALLOW": (10, 1), "DEEP": (12, 3)}
    assert told(Grouping.SKIN_GROUP) == {"LIGHTER": (10, 1), "DARKER": (12, 3)}
    assert told(Grouping.LOT) == {str(lot.pk): (10, 1)}
    assert told(Grouping.PROTOCOL_VERSION) == {str(practice.version.pk): (22, 4)}
    for events, counted in (
        (Events(is_expected=False), (12, 3)),
        (Events(min_grade=2), (12, 3)),
        (Events(min_grade=3), (12, 0)),
        (Events(kind="ERYTHEMA"), (12, 3)),
    ):
        assert told(Grouping.DEPTH_BAND, events)["DEEP"] == counted
    for by in Grouping:
        assert statements(lambda by=by: told(by)) == 1


def test_lots_and_products_are_watched(practice: Practice) -> None:
    bad, good = practice.lot(), practice.lot()
    harmed = practice.treat(practice.plans(20), lot=bad)
    others = practice.treat(practice.plans(60), on=NINE.date() + 40 * DAY, lot=good)
    practice.harm(harmed[:9])
    practice.harm(others[:1])
    (spare,) = practice.treat(
        practice.plans(1), on=NINE.date() + 80 * DAY, status=Status.IN_PROGRESS
    )
    ProductUseFactory(session=spare)
    TreatmentSession.objects.filter(pk=spare.pk).update(
        status=Status.COMPLETED, completed_at=spare.ends_at, signed_by=practice.practitioner
    )

    found = read_signals(scope(practice.clinic), ALL)

    assert (found.sessions, found.events, found.unwatched) == (81, 10, 2)
    assert [(one.group.key, one.is_signal) for one in found.watched] == [
        (str(bad.pk), True),
        (str(good.pk), False),
    ]
    assert statements(lambda: read_signals(scope(practice.clinic), ALL)) == 3
