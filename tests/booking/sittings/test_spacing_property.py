"""Whatever sittings are asked for, skin recovers: the property that the constraint guards."""

from itertools import combinations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clinic.errors import DomainError
from clinic.models import User
from sessions import services
from sessions.models import TreatmentPlan, TreatmentSession
from tests.conftest import make_booking
from tests.factories import DAY, NINE, ClinicFactory, PlanFactory, ProtocolFactory, UserFactory

AREAS = 3
sittings = st.lists(
    st.tuples(st.integers(0, 90), st.lists(st.integers(0, AREAS - 1), min_size=1, unique=True)),
    min_size=2,
    max_size=8,
)


class RandomSittings(TestCase):
    @settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(sittings)
    def test_no_area_is_treated_before_it_has_recovered(
        self, wanted: list[tuple[int, list[int]]]
    ) -> None:
        clinic = ClinicFactory()
        alice: User = UserFactory(clinic=clinic)
        booking = make_booking(clinic, alice)
        plans: list[TreatmentPlan] = [
            booking.plan,
            *(
                PlanFactory(patient=booking.plan.patient, protocol=ProtocolFactory())
                for _ in range(AREAS - 1)
            ),
        ]
        treated: list[tuple[int, int]] = []
        for day, areas in wanted:
            is_free = all(
                area not in areas or abs(day - other) >= 28 for other, area in treated
            ) and day not in {other for other, _ in treated}
            first, *rest = (plans[area] for area in areas)
            try:
                services.book_session(
                    plan=first,
                    further_plans=rest,
                    starts_at=NINE + day * DAY,
                    practitioner=alice,
                    room=booking.room,
                    device=booking.device,
                    at=NINE - DAY,
                    by=alice,
                )
                booked = True
            except DomainError:
                booked = False
            assert booked == is_free
            treated += [(day, area) for area in areas] if booked else []

        rows = list(TreatmentSession.objects.filter(patient=booking.plan.patient))
        assert len(rows) == len(treated)
        for one, other in combinations(rows, 2):
            if one.area_id == other.area_id:
                assert abs(one.starts_at - other.starts_at) >= 28 * DAY
