"""One row of everything that the admin shows."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.factories import (
    DAY,
    LONG_AGO,
    NINE,
    AddressConsentFactory,
    CandidacyFactory,
    CheckInFactory,
    ClinicalRuleFactory,
    ClosureFactory,
    ConsentHandoutFactory,
    ContactConsentFactory,
    CredentialFactory,
    DeviationFactory,
    DeviceClearanceFactory,
    ExposureFactory,
    HoldFactory,
    InboundFactory,
    IncidentReportFactory,
    MessageFactory,
    OnCallShiftFactory,
    OtherTreatmentFactory,
    OutcomeMeasureFactory,
    OutcomeScaleFactory,
    PhotoFactory,
    ProductFactory,
    RecallNoticeFactory,
    ReportingRuleFactory,
    ScreeningRuleFactory,
    SideEffectExpectationFactory,
    SideEffectFactory,
    SkinTypeAssessmentFactory,
    StaffAlertFactory,
    StaffTaskFactory,
    TemplateFactory,
    TimeOffFactory,
    TriageSignatureFactory,
    TriageVersionFactory,
    VisitTypeFactory,
    WaitlistEntryFactory,
    WorkingHoursFactory,
)
from tests.support.accesses import access_to
from tests.support.pictures import agree

if TYPE_CHECKING:
    from tests.conftest import Booking


@pytest.fixture
def rows(booking: "Booking") -> list[Any]:
    """One row of every model that the admin shows, at Alice's clinic."""
    session = booking.completed()
    template = TemplateFactory()
    patient = booking.plan.patient
    return [
        booking.plan.clinic,
        booking.practitioner,
        booking.room,
        booking.device,
        booking.device.model,
        booking.device.model.specs.get(),
        session.cartridge_uses.get().lot,
        WorkingHoursFactory(clinic=booking.plan.clinic, practitioner=booking.practitioner),
        TimeOffFactory(practitioner=booking.practitioner, starts_at=NINE + DAY),
        VisitTypeFactory(clinic=booking.plan.clinic),
        ClosureFactory(clinic=booking.plan.clinic, starts_at=NINE + DAY),
        OnCallShiftFactory(clinic=booking.plan.clinic, practitioner=booking.practitioner),
        CredentialFactory(user=booking.practitioner),
        ClinicalRuleFactory(),
        booking.plan.concern,
        patient,
        ContactConsentFactory(patient=patient),
        SkinTypeAssessmentFactory(patient=patient),
        patient.screenings.get(),
        patient.treatment_consents.get(),
        agree(patient, booking.practitioner),
        PhotoFactory(patient=patient),
        ScreeningRuleFactory(),
        patient.treatment_consents.get().text,
        booking.plan.area,
        booking.zone,
        booking.zone.limits.get(),
        booking.plan.protocol,
        booking.plan.protocol_version,
        DeviceClearanceFactory(),
        ProductFactory(),
        SideEffectExpectationFactory(),
        TriageVersionFactory(),
        TriageSignatureFactory(),
        booking.plan,
        session,
        template.step,
        template,
        MessageFactory(session=session, step=template.step),
        ExposureFactory(
            clinic=booking.plan.clinic,
            staff=booking.practitioner,
            source_patient=patient,
            happened_at=LONG_AGO,
        ),
        DeviationFactory(session=session),
        SideEffectFactory(session=session),
        IncidentReportFactory(side_effect__session=session),
        ReportingRuleFactory(),
        OutcomeMeasureFactory(plan=booking.plan),
        CandidacyFactory(patient=patient),
        OtherTreatmentFactory(patient=patient, area=booking.plan.area),
        CheckInFactory(session=session),
        ConsentHandoutFactory(patient=patient, text=patient.treatment_consents.get().text),
        OutcomeScaleFactory(),
        HoldFactory(plan=booking.plan),
        WaitlistEntryFactory(plan=booking.plan),
        StaffTaskFactory(clinic=booking.plan.clinic, patient=patient),
        InboundFactory(clinic=booking.plan.clinic, patient=patient),
        StaffAlertFactory(
            task=StaffTaskFactory(clinic=booking.plan.clinic, patient=patient),
            person=booking.practitioner,
        ),
        AddressConsentFactory(address=str(patient.mobile)),
        RecallNoticeFactory(session=session),
        access_to(patient, by=booking.practitioner),
    ]
