"""What may be chosen depends on what else was chosen: forms, services and keys refuse the rest."""

import itertools
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.urls import reverse

from clinic.errors import DomainError
from clinic.models import Clinic, Role, User, WorkingHours
from patients.models import PatientConcern
from patients.services import record_concern
from sessions import services
from sessions.models import Protocol, ZoneRange
from tests import factories as make
from tests.conftest import Booking
from tests.factories import DAY, NINE
from tests.support.forms import opened
from tests.support.pictures import agree, jpeg, stored

pytestmark = pytest.mark.django_db
OURS = ("clinic", "patients", "treatment_sessions", "aftercare")


def related(model: Any) -> list[Any]:
    return [
        field
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model._meta.app_label in OURS
    ]


def ways(model: Any, steps: int = 3, way: tuple[str, ...] = ()) -> Iterator[Any]:
    """Every way along foreign keys, with what it leads to."""
    for field in related(model):
        here = (*way, field.name)
        yield here, field.related_model
        if steps > 1 and field.related_model is not model:
            yield from ways(field.related_model, steps - 1, here)


def dependent_pairs(model: Any) -> set[tuple[str, str]]:
    """Two keys of a model that lead to rows of one table on different ways: they may disagree."""
    known = [(way, end) for way, end in ways(model) if end not in (User, Clinic)]
    return {
        (one[0], other[0])
        for (one, end), (other, same) in itertools.combinations(known, 2)
        if end is same and one[0] != other[0] and len(one) + len(other) > 2
    }


def chosen(booking: Booking) -> set[tuple[Any, str, str]]:
    """The dependent pairs that a person chooses on one page of the admin."""
    found = set()
    for role in Role.values:
        request = RequestFactory().get("/admin/")
        request.user = make.UserFactory(role=role, clinic=booking.plan.clinic)
        for page in admin.site._registry.values():
            forms = []
            if page.has_add_permission(request):
                forms.append((page.model, set(page.get_form(request).base_fields)))
            row = page.model._default_manager.first()
            for inline in page.get_inline_instances(request, row) if row else []:
                formset: Any = inline.get_formset(request, row)
                if inline.has_add_permission(request, row):
                    forms.append((inline.model, {*formset.form.base_fields, formset.fk.name}))
            found |= {
                (model, one, other)
                for model, names in forms
                for one, other in dependent_pairs(model)
                if {one, other} <= names
            }
    return found


def of_another_report(b: Booking) -> Any:
    return services.log_side_effect(
        session=b.completed(),
        check_in=make.CheckInFactory(),
        kind="PAIN",
        grade=1,
        is_expected=True,
        onset_at=NINE + DAY,
        at=NINE,
        by=b.practitioner,
    )


DEPTHS: dict[str, Any] = {"depth_min_mm": "0.50", "depth_max_mm": "1.00"}
# How each is violated, behind the back of the forms; each must name the second field.
Attempt = Callable[[Booking], Any]
REFUSED: dict[tuple[str, str, str], Attempt] = {
    ("PatientConcern", "concern", "subtype"): lambda b: record_concern(
        patient_id=b.plan.patient_id,
        concern=b.plan.concern,
        subtype=make.ConcernSubtypeFactory(),
        at=NINE,
        by=b.practitioner,
    ),
    ("ZoneRange", "protocol_version", "zone"): lambda b: ZoneRange(
        protocol_version=b.plan.protocol_version, zone=make.ZoneFactory(), **DEPTHS
    ).full_clean(),
    ("ZoneTreatment", "session", "zone"): lambda b: services.write_chart(
        session_id=b.in_progress().pk,
        zones=[{"zone": make.ZoneFactory(), "depth_mm": "1.00", "passes": 2}],  # type: ignore[typeddict-item]
        at=NINE,
        by=b.practitioner,
    ),
    ("TreatmentPlan", "concern", "protocol"): lambda b: plan(b, concern=make.ConcernFactory()),
    ("TreatmentPlan", "area", "protocol"): lambda b: plan(b, area=make.AreaFactory()),
    ("TreatmentPlan", "patient", "after_outcome"): lambda b: plan(
        b,
        kind="MAINTENANCE",
        interval_months=12,
        reason="Keep it up.",
        after_outcome=make.OutcomeMeasureFactory(),
    ),
    ("SideEffect", "session", "check_in"): lambda b: of_another_report(b),
    ("SideEffect", "zone", "check_in"): lambda b: of_another_report(b),
    ("SideEffect", "session", "zone"): lambda b: services.log_side_effect(
        session=b.completed(),
        zone=make.ZoneFactory(),
        kind="PAIN",
        grade=1,
        is_expected=True,
        onset_at=NINE + DAY,
        at=NINE,
        by=b.practitioner,
    ),
    ("OutcomeMeasure", "plan", "scale"): lambda b: outcome(
        b, scale=make.OutcomeScaleFactory(rater_roles=["CLINICIAN"], concerns=["another"])
    ),
    ("OutcomeMeasure", "plan", "session"): lambda b: outcome(b, session=make.SessionFactory()),
    ("OutcomeMeasure", "plan", "zone"): lambda b: outcome(b, zone=make.ZoneFactory()),
    ("OutcomeMeasure", "session", "zone"): lambda b: outcome(
        b, session=b.book(), zone=make.ZoneFactory()
    ),
    ("Candidacy", "patient", "session"): lambda b: services.record_candidacy(
        patient=b.plan.patient,
        outcome="CANDIDATE",
        session=make.SessionFactory(),
        at=NINE,
        by=b.practitioner,
    ),
    ("WaitlistEntry", "patient", "plan"): lambda b: services.join_waitlist(
        plan=b.plan,
        patient=make.PatientFactory(clinic=b.plan.clinic),
        from_on=NINE.date(),
        until_on=NINE.date(),
        at=NINE,
        by=b.practitioner,
    ),
    ("Photo", "patient", "session"): lambda b: photo(b, session=make.SessionFactory()),
    ("Photo", "session", "zone"): lambda b: photo(b, session=b.book(), zone=make.ZoneFactory()),
}


def plan(b: Booking, **changes: Any) -> Any:
    details = {"concern": b.plan.concern, "area": b.plan.area, "protocol": b.plan.protocol}
    return services.create_plan(
        patient=b.plan.patient,
        practitioner=None,
        at=NINE,
        by=b.practitioner,
        **{**details, **changes},
    )


def outcome(b: Booking, **changes: Any) -> Any:
    scale = make.OutcomeScaleFactory(rater_roles=["CLINICIAN"])
    return services.record_outcome(
        plan=b.plan,
        milestone="BASELINE",
        rater_role="CLINICIAN",
        score=Decimal(scale.score_min),
        at=NINE,
        by=b.practitioner,
        **{"scale": scale, **changes},
    )


def photo(b: Booking, **changes: Any) -> Any:
    agree(b.plan.patient, b.practitioner)
    return stored(jpeg(), b.plan.patient, b.practitioner, **changes)


# Both are of the clinic, and each may be told without the other.
INDEPENDENT = {
    # what was measured of any of the patient's plans may be why one goes on
    *(("TreatmentPlan", one, "after_outcome") for one in ("concern", "area", "protocol")),
    ("BloodExposure", "patient", "session"),
    ("BloodExposure", "patient", "source_patient"),
    ("BloodExposure", "source_patient", "session"),
    ("Deviation", "session", "zone"),  # that a zone lies elsewhere may be what went wrong
}


def test_every_dependent_choice_of_the_admin_is_refused_somewhere_below(booking: Booking) -> None:
    booking.in_progress()
    make.ZoneRangeFactory(protocol_version=booking.plan.protocol_version, zone=booking.zone)

    pairs = {(model.__name__, one, other) for model, one, other in chosen(booking)}

    assert pairs - INDEPENDENT == set(REFUSED)


@pytest.mark.parametrize("pair", sorted(REFUSED))
def test_what_does_not_fit_is_refused_by_name(booking: Booking, pair: tuple[str, str, str]) -> None:
    with pytest.raises((DomainError, ValidationError)) as refused:
        REFUSED[pair](booking)

    error: Any = refused.value
    fields = list(error.message_dict) if isinstance(error, ValidationError) else [error.field]
    assert [name.split("/")[-1] for name in fields] == [pair[2]]


def test_a_concern_is_recorded_where_it_occurs(booking: Booking) -> None:
    """Melasma is not on the abdomen; a concern that names no area is anywhere."""
    face, abdomen = booking.zone, make.ZoneFactory(area__name="Abdomen", name="Flanks")
    melasma = make.ConcernFactory(name="Melasma", areas=[face.area.code])
    patient = booking.plan.patient
    now: dict[str, Any] = {"at": NINE, "by": booking.practitioner}

    with pytest.raises(DomainError, match="Melasma occurs on") as refused:
        record_concern(patient_id=patient.pk, concern=melasma, zone=abdomen, **now)
    assert refused.value.field == "zone"
    with pytest.raises(ValidationError, match="not on: Abdomen"):
        Protocol(code="x", name="X", concern=melasma, area=abdomen.area).full_clean()
    record_concern(patient_id=patient.pk, concern=melasma, zone=face, **now)
    record_concern(patient_id=patient.pk, concern=make.ConcernFactory(), zone=abdomen, **now)


def test_somebody_works_hours_only_where_they_work(booking: Booking) -> None:
    hours = make.WorkingHoursFactory.build(
        practitioner=booking.practitioner, clinic=make.ClinicFactory()
    )

    with pytest.raises(ValidationError, match="does not work at"):
        WorkingHours.full_clean(hours)


def test_a_plan_betters_what_it_treats(booking: Booking) -> None:
    other = make.PatientConcernFactory(patient=booking.plan.patient)

    with pytest.raises(DomainError) as refused:
        plan(booking, patient_concerns=[other])

    assert refused.value.field == "patient_concerns"


def test_the_patients_page_refuses_a_form_and_a_zone_of_something_else(
    booking: Booking, alice: User
) -> None:
    """As typed on the page, past the service."""
    boxcar, flanks = make.ConcernSubtypeFactory(), make.ZoneFactory()
    melasma = make.ConcernFactory(areas=[booking.zone.area.code])
    client = Client()
    client.force_login(alice)
    url = reverse("admin:patients_patient_change", args=[booking.plan.patient_id])
    form = opened(client, url) | {
        "concerns-TOTAL_FORMS": "1",
        "concerns-0-patient": str(booking.plan.patient_id),
        "concerns-0-concern": str(melasma.pk),
        "concerns-0-subtype": str(boxcar.pk),
        "concerns-0-zone": str(flanks.pk),
    }

    answer = client.post(url, form)

    assert answer.status_code == 200
    inlines = answer.context["inline_admin_formsets"]
    (formset,) = [inline for inline in inlines if inline.opts.model is PatientConcern]
    assert set(formset.formset.errors[0]) == {"subtype", "zone"}
    assert not PatientConcern.objects.exists()


def test_choices_stand_under_what_they_belong_to(booking: Booking, alice: User) -> None:
    make.ConcernSubtypeFactory(name="Boxcar", concern__name="Acne scars")
    client = Client()
    client.force_login(alice)

    page = client.get(reverse("admin:patients_patient_add")).content.decode()

    assert '<optgroup label="Acne scars">' in page
    assert f'<optgroup label="{booking.zone.area}">' in page
