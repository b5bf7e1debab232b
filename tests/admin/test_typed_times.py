"""Dates and times typed in the admin: in every form, only what cannot be misread."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from clinic.admin.forms.fields import (
    DateField,
    DateInput,
    MomentField,
    MomentInput,
    TimeField,
    TimeInput,
    TimeWithOffsetField,
)
from clinic.admin.lists.filters import DaysForm
from clinic.models import Role, User
from patients.models import Patient
from tests.conftest import Booking
from tests.factories import DAY, NINE, ClinicFactory, PatientFactory, UserFactory
from tests.house.test_dates import FORMS, MISREADABLE

BERLIN = ZoneInfo("Europe/Berlin")
HOUSE = (DateField, TimeField, TimeWithOffsetField, MomentField)
TEMPORAL = (
    *(forms.DateField, forms.TimeField, forms.DateTimeField, forms.SplitDateTimeField),
    MomentField,
)
OURS = ("clinic", "patients", "sessions", "aftercare")


def pages() -> Iterator[Any]:
    """Every page of the registry, and every inline on one."""
    for model, page in admin.site._registry.items():
        yield page
        for inline in {*page.inlines, *page.get_inlines(_request(), model())}:
            yield inline(model, admin.site)


def _request() -> Any:
    request = RequestFactory().get("/admin/")
    request.user = User(role=Role.ADMIN, is_superuser=True)
    return request


def form_fields() -> dict[str, forms.Field]:
    """The form field of each date and time in the admin: of models, and of declared forms."""
    found = {}
    for page in pages():
        for field in page.model._meta.fields:
            if isinstance(field, models.DateField | models.TimeField) and field.editable:
                where = f"{type(page).__name__}.{field.name}"
                found[where] = page.formfield_for_dbfield(field, _request())
    for form in _subclasses(forms.BaseForm):
        if form.__module__.split(".")[0] in OURS:
            for name, field in form.base_fields.items():
                if isinstance(field, TEMPORAL):
                    found[f"{form.__name__}.{name}"] = field
    found |= {f"DaysForm.{name}": field for name, field in DaysForm("starts_at").fields.items()}
    return found


def _subclasses(form: Any) -> Iterator[Any]:
    for child in form.__subclasses__():
        yield child
        yield from _subclasses(child)


def test_every_date_and_time_of_every_form_is_typed_in_the_house_s_field() -> None:
    fields = form_fields()

    assert len(fields) > 60
    assert {name for name, field in fields.items() if not isinstance(field, HOUSE)} == set()


def test_every_date_that_can_be_misread_is_refused_in_every_field() -> None:
    taken, tried = [], 0
    for name, field in form_fields().items():
        for text in MISREADABLE if not isinstance(field, TimeField) else ():
            tried += 1
            moment = [text, "10:00"] if isinstance(field, MomentField) else text
            if text:
                with pytest.raises(ValidationError) as refused:
                    taken.append((name, text, field.clean(moment)))
                if not any("1990" in m or "1900 to 2100" in m for m in refused.value.messages):
                    taken.append((name, text, refused.value.messages))

    assert tried > 1500
    assert taken == []


def test_every_date_field_takes_the_same_forms_and_can_be_picked() -> None:
    for name, field in form_fields().items():
        page = field.widget.render("x", None, {"id": "x"})
        if isinstance(field, TimeField):
            assert 'type="time"' in page, name
            continue
        assert 'type="date"' in page, name
        for text in FORMS if isinstance(field, DateField) else ():
            assert field.clean(text) == date(1990, 4, 3), name
        for text in (
            ("2030-04-03", "3 Apr 2030", "03.04.2030") if not isinstance(field, DateField) else ()
        ):
            with timezone.override(BERLIN):
                assert field.clean([text, "10:00"]) == datetime(2030, 4, 3, 8, tzinfo=UTC), name


def test_what_a_field_shows_it_takes_again() -> None:
    days = [date(1990, 4, 3), date(2024, 2, 29), date(1999, 12, 31)]
    for day in days:
        assert DateField().clean(DateInput().format_value(day)) == day
    for at in (time(0), time(9, 5), time(23, 59), time(14, 30, 15)):
        assert TimeField().clean(TimeInput().format_value(at)) == at


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_a_moment_comes_back_as_it_was_also_in_the_hour_that_comes_twice(zone: str) -> None:
    field, widget, failures = MomentField(), MomentInput(), []
    with timezone.override(ZoneInfo(zone)):
        for quarter in range(0, 366 * 96, 7):
            moment = datetime(2026, 1, 1, tzinfo=UTC) + quarter * DAY / 96
            shown = [
                typed_in.format_value(part)
                for typed_in, part in zip(widget.widgets, widget.decompress(moment), strict=True)
            ]
            if field.clean(shown) != moment or field.has_changed(moment, shown):
                failures.append((moment, shown))

    assert failures == []


@pytest.mark.parametrize(
    "text", ["9", "9.30", "9:5", "25:00", "10:60", "10:00 pm", "10:00pm", "1000", "noon", "24:00"]
)
def test_a_time_is_typed_on_a_clock_of_24_hours(text: str) -> None:
    with pytest.raises(ValidationError, match=r"14:30, on a clock of 24 hours"):
        TimeField().clean(text)


def test_a_time_that_the_clock_skips_is_refused_with_the_nearest() -> None:
    with timezone.override(BERLIN), pytest.raises(ValidationError, match=r"01:45 and 03:00"):
        MomentField().clean(["29 Mar 2026", "02:30"])


def test_a_time_that_the_clock_shows_twice_asks_which_one_is_meant() -> None:
    field = MomentField()
    with timezone.override(BERLIN):
        with pytest.raises(ValidationError, match=r"02:30 \+02:00 .* 02:30 \+01:00"):
            field.clean(["25 Oct 2026", "02:30"])

        first = field.clean(["25 Oct 2026", "02:30 +02:00"])
        second = field.clean(["25 Oct 2026", "02:30 +01:00"])
        with pytest.raises(ValidationError, match=r"UTC offset is \+02:00 or \+01:00 then"):
            field.clean(["25 Oct 2026", "02:30 +03:00"])
        with pytest.raises(ValidationError, match=r"UTC offset is \+01:00 then"):
            field.clean(["25 Dec 2026", "02:30 +02:00"])

    assert (first, second) == (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("typed", "says"),
    [(["", "10:00"], "date is missing"), (["3 Apr 2030", ""], "time is missing")],
)
def test_half_a_moment_says_which_half_is_missing(typed: list[str], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        MomentField().clean(typed)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.django_db
def test_the_birth_date_of_a_patient_is_refused_with_an_example_and_nothing_is_saved(
    dana: User,
) -> None:
    patient = PatientFactory(clinic=dana.clinics.get(), date_of_birth=date(1988, 4, 2))
    url = reverse("admin:patients_patient_change", args=[patient.pk])

    page = client_of(dana).get(url)
    refused = client_of(dana).post(url, {"given_name": "X", "date_of_birth": "03/04/1990"})

    assert 'value="2 Apr 1988"' in page.text
    assert "Write a date as 1990-04-03, 3 Apr 1990 or 03.04.1990" in refused.text
    assert 'value="03/04/1990"' in refused.text
    assert Patient.objects.get().date_of_birth == date(1988, 4, 2)


@pytest.mark.django_db
def test_the_list_of_sessions_is_narrowed_to_days_typed_in_any_of_the_forms(
    booking: Booking, dana: User
) -> None:
    early = booking.book(NINE)
    booking.book(NINE + 60 * DAY, practitioner=UserFactory(clinic=booking.plan.clinic))
    url = reverse("admin:treatment_sessions_treatmentsession_changelist")
    client = client_of(dana)

    def listed(**query: str) -> int:
        return int(client.get(url, query).context["cl"].result_count)

    assert NINE.date() == date(2030, 1, 7)
    for text in ("2030-01-07", "7 Jan 2030", "07.01.2030", "7.1.2030"):
        assert listed(starts_at_from=text, starts_at_to=text) == 1
        assert listed(starts_at_from=text) == 2
    assert listed(starts_at_to="6 Jan 2030") == 0
    refused = client.get(url, {"starts_at_from": "07/01/2030"})
    assert refused.context["cl"].result_count == 0
    assert "Write a date as" in refused.text
    assert early.starts_at == NINE


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "is_born"), [("Pacific/Kiritimati", True), ("Pacific/Niue", False)]
)
def test_a_child_is_born_today_by_the_clock_of_its_clinic(zone: str, is_born: bool) -> None:
    ahead = timezone.localdate(timezone=ZoneInfo("Pacific/Kiritimati"))  # 25 hours before Niue
    child = PatientFactory.build(clinic=ClinicFactory(time_zone=zone), date_of_birth=ahead)

    if is_born:
        child.full_clean()
    else:
        with pytest.raises(ValidationError, match="between 1900 and today"):
            child.full_clean()
