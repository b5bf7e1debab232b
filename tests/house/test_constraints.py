"""Every named constraint, violated behind the back of services and forms."""

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from aftercare.models import DispatchGuard, MessageStatus, Outage, RecallTelling, StepReplan
from clinic.db.constraints import constraint_of, is_declared
from sessions.lifecycle import Status
from sessions.models import SessionEvent, TreatmentSession, tube_code
from tests import factories as make
from tests.factories import DAY, HOUR, NINE

pytestmark = pytest.mark.django_db
VIOLATIONS: dict[str, Callable[[], Any]] = {}


def violates(name: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    def register(attempt: Callable[[], Any]) -> Callable[[], Any]:
        VIOLATIONS[name] = attempt
        return attempt

    return register


def update(row: Any, **values: Any) -> None:
    """Change a row by one UPDATE, past every method of its model."""
    type(row)._default_manager.filter(pk=row.pk).update(**values)


def clash_on(resource: str) -> None:
    """Two sessions of one clinic at one time that share one thing."""
    first = make.SessionFactory()
    shared = {resource: getattr(first, resource)}
    make.SessionFactory(plan__patient__clinic=first.clinic, **shared)


# clinic
VIOLATIONS["clinic_slot_minutes_divide_the_hour"] = lambda: make.ClinicFactory(slot_minutes=7)
VIOLATIONS["clinic_emergency_phone_given"] = lambda: make.ClinicFactory(emergency_phone="")
VIOLATIONS["clinic_hold_minutes_1_to_60"] = lambda: make.ClinicFactory(hold_minutes=0)
VIOLATIONS["opening_hours_weekday_known"] = lambda: make.OpeningHoursFactory(weekday=7)
VIOLATIONS["opening_hours_open_before_they_close"] = lambda: make.OpeningHoursFactory(
    opens_at=time(9), closes_at=time(8)
)
VIOLATIONS["device_model_modality_known"] = lambda: make.DeviceModelFactory(modality="LASER")
VIOLATIONS["device_spec_depth_positive"] = lambda: make.DeviceSpecFactory(depth_max_mm=0)
VIOLATIONS["cartridge_lot_gtin_has_14_digits"] = lambda: make.CartridgeLotFactory(gtin="123")
VIOLATIONS["cartridge_lot_recalled_with_reason"] = lambda: make.CartridgeLotFactory(
    recalled_at=NINE
)
VIOLATIONS["clinic_jurisdiction_known"] = lambda: make.ClinicFactory(jurisdiction="MOON")
VIOLATIONS["device_clearance_jurisdiction_known"] = lambda: make.DeviceClearanceFactory(
    jurisdiction="MOON"
)
VIOLATIONS["clinic_asks_for_known_proofs"] = lambda: make.ClinicFactory(asks_for=["LUCK"])
VIOLATIONS["credential_kind_known"] = lambda: make.CredentialFactory(kind="WIZARD")
VIOLATIONS["credential_of_the_premises_or_a_person"] = lambda: make.CredentialFactory(
    kind="PREMISES"
)
VIOLATIONS["credential_device_iff_training"] = lambda: make.CredentialFactory(kind="TRAINING")
VIOLATIONS["credential_named"] = lambda: make.CredentialFactory(number="")
VIOLATIONS["credential_days_ordered"] = lambda: make.CredentialFactory(valid_from=date(2035, 2, 1))
VIOLATIONS["credential_depth_in_band"] = lambda: make.CredentialFactory(depth_max_mm="2.51")
VIOLATIONS["idempotency_key_printable"] = lambda: make.IdempotencyKeyFactory(key="tab\t")
VIOLATIONS["idempotency_key_body_iff_status"] = lambda: make.IdempotencyKeyFactory(status=201)


VIOLATIONS["account_notice_kind_known"] = lambda: make.AccountNoticeFactory(kind="SPAM")
VIOLATIONS["log_in_token_or_session"] = lambda: make.LogInFactory(session_key=None)


@violates("password_link_one_waits")
def _() -> None:
    waiting = make.PasswordLinkFactory()
    make.PasswordLinkFactory(user=waiting.user)


@violates("device_stay_once_a_user")
def _() -> None:
    known = make.DeviceStayFactory()
    make.DeviceStayFactory(user=known.user)


@violates("known_network_once_a_user")
def _() -> None:
    known = make.KnownNetworkFactory()
    make.KnownNetworkFactory(user=known.user)


VIOLATIONS["user_service_has_no_password"] = lambda: make.UserFactory(
    role="SERVICE", password="argon2$x"
)
VIOLATIONS["service_account_ends_within_a_year"] = lambda: make.ServiceAccountFactory(
    expires_at=timezone.now() + timedelta(days=368)
)
VIOLATIONS["user_language_known"] = lambda: make.UserFactory(language="xx")
VIOLATIONS["user_role_known"] = lambda: make.UserFactory(role="WIZARD")


@violates("idempotency_key_once_per_user")
def _() -> None:
    known = make.IdempotencyKeyFactory()
    make.IdempotencyKeyFactory(user=known.user, key=known.key)


VIOLATIONS["working_hours_weekday_known"] = lambda: make.WorkingHoursFactory(weekday=7)
VIOLATIONS["working_hours_start_before_they_end"] = lambda: make.WorkingHoursFactory(
    opens_at=time(9), closes_at=time(8)
)
VIOLATIONS["working_hours_days_ordered"] = lambda: make.WorkingHoursFactory(
    valid_from=NINE.date(), valid_until=NINE.date()
)
VIOLATIONS["time_off_ends_after_it_starts"] = lambda: make.TimeOffFactory(ends_at=NINE)
VIOLATIONS["closure_ends_after_it_starts"] = lambda: make.ClosureFactory(ends_at=NINE)


VIOLATIONS["on_call_ends_after_it_starts"] = lambda: make.OnCallShiftFactory(ends_at=NINE)


@violates("on_call_one_at_a_time")
def _() -> None:
    shift = make.OnCallShiftFactory()
    make.OnCallShiftFactory(clinic=shift.clinic, starts_at=shift.ends_at - timedelta(minutes=1))


@violates("working_hours_do_not_overlap")
def _() -> None:
    hours = make.WorkingHoursFactory()
    make.WorkingHoursFactory(
        clinic=hours.clinic,
        practitioner=hours.practitioner,
        opens_at=time(17, 59),
        closes_at=time(0),
    )


@violates("opening_hours_start_once")
def _() -> None:
    hours = make.OpeningHoursFactory(clinic__always_open=False)
    make.OpeningHoursFactory(clinic=hours.clinic)


@violates("room_name_once_per_clinic")
def _() -> None:
    room = make.RoomFactory()
    make.RoomFactory(clinic=room.clinic, name=room.name)


@violates("device_serial_once")
def _() -> None:
    device = make.DeviceFactory()
    make.DeviceFactory(serial=device.serial)


@violates("cartridge_lot_once_per_clinic")
def _() -> None:
    lot = make.CartridgeLotFactory()
    make.CartridgeLotFactory(clinic=lot.clinic, lot=lot.lot)


@violates("calendar_feed_keeps_a_hash")
def _() -> None:
    make.CalendarFeedFactory(secret_sha256="the secret itself")


# patients
VIOLATIONS["screening_rule_sign_off_known"] = lambda: make.ScreeningRuleFactory(sign_off="NURSE")
VIOLATIONS["patient_sex_known"] = lambda: make.PatientFactory(sex="ROBOT")
VIOLATIONS["clinic_cooling_off_at_most_90_days"] = lambda: make.ClinicFactory(
    consent_cooling_off_days=91
)
VIOLATIONS["patient_concern_grade_1_to_4"] = lambda: make.PatientConcernFactory(baseline_grade=5)
VIOLATIONS["skin_type_assessment_type_known"] = lambda: make.SkinTypeAssessmentFactory(skin_type=0)
VIOLATIONS["screening_rule_severity_known"] = lambda: make.ScreeningRuleFactory(severity="SO_SO")
VIOLATIONS["screening_rule_scope_known"] = lambda: make.ScreeningRuleFactory(scope="MOON")
VIOLATIONS["screening_rule_condition_known"] = lambda: make.ScreeningRuleFactory(condition="RAIN")
VIOLATIONS["screening_rule_washout_asks_when"] = lambda: make.ScreeningRuleFactory(washout_days=7)
VIOLATIONS["device_spec_evidence_known"] = lambda: make.DeviceSpecFactory(evidence="GUESS")
VIOLATIONS["clinical_rule_evidence_known"] = lambda: make.ClinicalRuleFactory(evidence="GUESS")
VIOLATIONS["screening_rule_evidence_known"] = lambda: make.ScreeningRuleFactory(evidence="GUESS")
VIOLATIONS["consent_text_evidence_known"] = lambda: make.ConsentTextFactory(evidence="GUESS")
VIOLATIONS["concern_subtype_evidence_known"] = lambda: make.ConcernSubtypeFactory(evidence="GUESS")
VIOLATIONS["zone_limit_evidence_known"] = lambda: make.ZoneLimitFactory(evidence="GUESS")
VIOLATIONS["protocol_version_evidence_known"] = lambda: make.ProtocolVersionFactory(
    evidence="GUESS"
)
VIOLATIONS["side_effect_expectation_evidence_known"] = lambda: make.SideEffectExpectationFactory(
    evidence="GUESS"
)
VIOLATIONS["device_clearance_evidence_known"] = lambda: make.DeviceClearanceFactory(
    evidence="GUESS"
)
VIOLATIONS["product_evidence_known"] = lambda: make.ProductFactory(evidence="GUESS")
VIOLATIONS["outcome_scale_evidence_known"] = lambda: make.OutcomeScaleFactory(evidence="GUESS")
VIOLATIONS["screening_wording_is_not_english"] = lambda: make.ScreeningWordingFactory(language="en")


@violates("screening_wording_once_per_language")
def _() -> None:
    wording = make.ScreeningWordingFactory()
    make.ScreeningWordingFactory(rule=wording.rule)


VIOLATIONS["screening_kind_known"] = lambda: make.ScreeningFactory(kind="HALF")
VIOLATIONS["screening_rescreen_iff_based_on"] = lambda: make.ScreeningFactory(kind="RESCREEN")
VIOLATIONS["consent_text_kind_known"] = lambda: make.ConsentTextFactory(kind="SONG")
VIOLATIONS["treatment_consent_revoked_with_reason"] = lambda: make.TreatmentConsentFactory(
    revoked_at=NINE
)
VIOLATIONS["photo_consent_revoked_with_reason"] = lambda: make.PhotoConsentFactory(revoked_at=NINE)
VIOLATIONS["photo_consent_scope_known"] = lambda: make.PhotoConsentFactory(scope="FUN")


@violates("patient_has_a_name")
def _() -> None:
    update(make.PatientFactory(given_name=""), family_name=" ")


@violates("patient_merged_is_archived")
def _() -> None:
    update(make.PatientFactory(), merged_into=make.PatientFactory())


@violates("screening_answer_once_per_rule")
def _() -> None:
    given = make.ScreeningAnswerFactory()
    make.ScreeningAnswerFactory(screening=given.screening, rule=given.rule)


VIOLATIONS["screening_answer_no_has_no_exposure"] = lambda: make.ScreeningAnswerFactory(
    answer=False, last_exposure_on=NINE.date()
)


@violates("consent_clause_once")
def _() -> None:
    clause = make.ConsentClauseFactory()
    make.ConsentClauseFactory(text=clause.text)


VIOLATIONS["patient_skin_type_known"] = lambda: make.PatientFactory(skin_type=7)
VIOLATIONS["patient_born_after_1900"] = lambda: make.PatientFactory(
    date_of_birth=date(1899, 12, 31)
)
VIOLATIONS["patient_can_be_reached_or_has_birth_date"] = lambda: make.PatientFactory(
    mobile="", email="", date_of_birth=None
)
VIOLATIONS["patient_language_known"] = lambda: make.PatientFactory(language="xx")
VIOLATIONS["contact_consent_channel_known"] = lambda: make.ContactConsentFactory(channel="FAX")
VIOLATIONS["contact_consent_purpose_known"] = lambda: make.ContactConsentFactory(purpose="FUN")

# catalogues of treatment
VIOLATIONS["zone_range_in_band"] = lambda: make.ZoneLimitFactory(depth_max_mm="2.51")
VIOLATIONS["zone_limit_passes_in_range"] = lambda: make.ZoneLimitFactory(passes_max=11)
VIOLATIONS["zone_range_of_protocol_in_band"] = lambda: make.ZoneRangeFactory(depth_min_mm="0.49")
VIOLATIONS["protocol_range_in_band"] = lambda: make.ProtocolVersionFactory(depth_min_mm="0.49")
VIOLATIONS["protocol_stops_after_sessions"] = lambda: make.ProtocolVersionFactory(
    stop_after_sessions=0
)
VIOLATIONS["protocol_days_ordered"] = lambda: make.ProtocolVersionFactory(soft_min_days=27)
VIOLATIONS["protocol_takes_time"] = lambda: make.ProtocolVersionFactory(duration_minutes=0)
VIOLATIONS["protocol_passes_in_range"] = lambda: make.ProtocolVersionFactory(passes_max=0)
VIOLATIONS["protocol_endpoint_known"] = lambda: make.ProtocolVersionFactory(expected_endpoint="JOY")
VIOLATIONS["device_clearance_depth_in_band"] = lambda: make.DeviceClearanceFactory(
    depth_max_mm="2.51"
)
VIOLATIONS["product_kind_known"] = lambda: make.ProductFactory(kind="FOOD")


def use_tube(
    *, of: Any = None, at: Any = None, end: str = "-1", identifiers: Any = ("NAME", "BIRTH_DATE")
) -> Any:
    """A tube that is labelled for the session `of`, used at another one."""
    of = of or make.SessionFactory()
    label = f"{tube_code(of)}{end}"
    make.ProductUseFactory(session=at or of, tube_label=label, identifiers=list(identifiers))
    return of


VIOLATIONS["product_tube_of_patient"] = lambda: use_tube(at=make.SessionFactory())
VIOLATIONS["product_use_tube_once"] = lambda: use_tube(of=use_tube())
VIOLATIONS["product_use_tube_readable"] = lambda: use_tube(end="-0")
VIOLATIONS["product_use_tube_by_two_identifiers"] = lambda: use_tube(identifiers=["NAME", "NAME"])
VIOLATIONS["product_use_identifiers_known"] = lambda: make.ProductUseFactory(identifiers=["SHOE"])
VIOLATIONS["product_limits_positive"] = lambda: make.ProductFactory(mg_per_kg_max=0)
VIOLATIONS["product_drug_once"] = lambda: make.ProductDrugFactory(
    product=make.ProductDrugFactory(percent=1).product, percent=1
)
VIOLATIONS["product_drug_known"] = lambda: make.ProductDrugFactory(drug="SUGAR")
VIOLATIONS["product_drug_is_a_percentage"] = lambda: make.ProductDrugFactory(percent=0)
VIOLATIONS["product_drug_limit_positive"] = lambda: make.ProductDrugFactory(mg_per_kg_max=0)
VIOLATIONS["product_drugs_within_strength"] = lambda: make.ProductDrugFactory(
    product=make.ProductDrugFactory().product, drug="PRILOCAINE", percent="2.51"
)
VIOLATIONS["patient_weight_has_its_day"] = lambda: make.PatientFactory(weight_kg=60)
VIOLATIONS["patient_weight_1_to_400_kg"] = lambda: make.PatientFactory(
    weight_kg=401, weighed_on=NINE.date() - 4000 * DAY
)
VIOLATIONS["product_strength_is_a_percentage"] = lambda: make.ProductFactory(strength_percent=101)
VIOLATIONS["outcome_scale_range_ordered"] = lambda: make.OutcomeScaleFactory(score_max=1)
VIOLATIONS["side_effect_expectation_kind_known"] = lambda: make.SideEffectExpectationFactory(
    kind="JOY"
)
VIOLATIONS["side_effect_expectation_hours_ordered"] = lambda: make.SideEffectExpectationFactory(
    onset_from_hours=2
)
VIOLATIONS["other_treatment_kind_known"] = lambda: make.OtherTreatmentFactory(kind="NAPALM")
VIOLATIONS["other_treatment_place_known"] = lambda: make.OtherTreatmentFactory(place="MARS")
VIOLATIONS["other_treatment_status_known"] = lambda: make.OtherTreatmentFactory(status="MAYBE")
VIOLATIONS["other_treatment_place_named"] = lambda: make.OtherTreatmentFactory(place="ELSEWHERE")
VIOLATIONS["other_treatment_not_in_future"] = lambda: make.OtherTreatmentFactory(
    treated_on=(NINE + 2 * DAY).date()
)
VIOLATIONS["candidacy_outcome_known"] = lambda: make.CandidacyFactory(outcome="SO_SO", reason="x")
VIOLATIONS["candidacy_until_iff_not_now"] = lambda: make.CandidacyFactory(until=NINE.date())
VIOLATIONS["candidacy_refusal_has_a_reason"] = lambda: make.CandidacyFactory(
    outcome="NOT_NOW", until=NINE.date(), reason=" "
)
VIOLATIONS["candidacy_declined_tells_alternatives"] = lambda: make.CandidacyFactory(
    outcome="DECLINED", reason="Keloids"
)
VIOLATIONS["plan_has_sessions"] = lambda: make.PlanFactory(planned_sessions=0)
VIOLATIONS["plan_has_zones"] = lambda: make.PlanFactory(planned_zones=0)
VIOLATIONS["plan_kind_known"] = lambda: make.PlanFactory(kind="OTHER")
VIOLATIONS["plan_maintenance_complete"] = lambda: make.PlanFactory(
    kind="MAINTENANCE", interval_months=6
)
VIOLATIONS["plan_interval_1_to_24_months"] = lambda: make.PlanFactory(
    kind="MAINTENANCE", interval_months=0, reason="x"
)
VIOLATIONS["plan_home_care_known"] = lambda: make.PlanFactory(home_care=["PRAYER"])
VIOLATIONS["plan_outcome_of_patient"] = lambda: make.PlanFactory(
    **{"kind": "MAINTENANCE", "interval_months": 6, "reason": "x"},
    after_outcome=make.OutcomeMeasureFactory(),
)
VIOLATIONS["plan_status_known"] = lambda: make.PlanFactory(status="LOST")


def violates_version(name: str, factory: Any, *key: str) -> None:
    """The same version of a versioned row twice."""

    def attempt() -> None:
        first = factory()
        factory(**{field: getattr(first, field) for field in key})

    VIOLATIONS[name] = attempt


violates_version("zone_limit_version_once", make.ZoneLimitFactory, "zone")
violates_version("protocol_version_once", make.ProtocolVersionFactory, "protocol")
violates_version("device_clearance_version_once", make.DeviceClearanceFactory, "model", "reference")
violates_version("device_spec_version_once", make.DeviceSpecFactory, "model")
violates_version("product_version_once", make.ProductFactory, "code")
violates_version("outcome_scale_version_once", make.OutcomeScaleFactory, "code")
violates_version("clinical_rule_version_once", make.ClinicalRuleFactory, "code")
violates_version("screening_rule_version_once", make.ScreeningRuleFactory, "code")
violates_version("consent_text_version_once", make.ConsentTextFactory)
violates_version("side_effect_expectation_version_once", make.SideEffectExpectationFactory)
VIOLATIONS["staff_task_of_healing_has_an_outcome"] = lambda: make.StaffTaskFactory(
    kind="HEALING", status="DONE", done_at=NINE
)


@violates("side_effect_once_from_a_report")
def _() -> None:
    report = make.CheckInFactory()
    for _ in range(2):
        make.SideEffectFactory(session=report.session, check_in=report)


VIOLATIONS["side_effect_of_reported_session"] = lambda: make.SideEffectFactory(
    check_in=make.CheckInFactory()
)
violates_version("reporting_rule_version_once", make.ReportingRuleFactory, "code")
VIOLATIONS["reporting_rule_evidence_known"] = lambda: make.ReportingRuleFactory(evidence="GUESS")
VIOLATIONS["reporting_rule_jurisdiction_known"] = lambda: make.ReportingRuleFactory(
    jurisdiction="MOON"
)
VIOLATIONS["reporting_rule_grade_in_ctcae_range"] = lambda: make.ReportingRuleFactory(grade_min=6)
VIOLATIONS["reporting_rule_deadline_iff_duty"] = lambda: make.ReportingRuleFactory(is_duty=False)
VIOLATIONS["incident_report_outcome_known"] = lambda: make.IncidentReportFactory(
    outcome="LOST",
    settled_at=NINE,
    settled_by=make.UserFactory(),
)
VIOLATIONS["incident_report_sent_iff_day_and_number"] = lambda: make.IncidentReportFactory(
    number="4711"
)
VIOLATIONS["incident_report_reason_iff_not_needed"] = lambda: make.IncidentReportFactory(
    reason="Another cause"
)
VIOLATIONS["incident_report_settled_iff_by"] = lambda: make.IncidentReportFactory(settled_at=NINE)


@violates("incident_report_once_by_a_rule")
def _() -> None:
    report = make.IncidentReportFactory()
    make.IncidentReportFactory(side_effect=report.side_effect, rule=report.rule)


VIOLATIONS["check_in_level_known"] = lambda: make.CheckInFactory(level="PINK")
VIOLATIONS["check_in_feeling_known"] = lambda: make.CheckInFactory(feeling="SO_SO")
VIOLATIONS["check_in_scores_0_to_10"] = lambda: make.CheckInFactory(pain=11)
violates_version("triage_version_once", make.TriageVersionFactory, "version")
violates_version("triage_version_signed_once", make.TriageSignatureFactory, "version")
VIOLATIONS["triage_version_evidence_known"] = lambda: make.TriageVersionFactory(evidence="GUESS")
VIOLATIONS["triage_signature_has_a_name"] = lambda: make.TriageSignatureFactory(signer_name="")
violates_version("zone_range_once_per_version", make.ZoneRangeFactory, "protocol_version", "zone")

# sessions
VIOLATIONS["session_practitioner_free"] = lambda: clash_on("practitioner")
VIOLATIONS["session_room_free"] = lambda: clash_on("room")
VIOLATIONS["session_device_free"] = lambda: clash_on("device")
VIOLATIONS["session_times_ordered"] = lambda: make.SessionFactory(ends_at=NINE)
VIOLATIONS["session_within_a_day"] = lambda: make.SessionFactory(
    released_at=NINE + DAY + HOUR, recovers_at=NINE + 28 * DAY
)
VIOLATIONS["session_status_known"] = lambda: make.SessionFactory(status="LOST")
VIOLATIONS["session_completed_iff_completed_at"] = lambda: make.SessionFactory(completed_at=NINE)
VIOLATIONS["session_override_iff_author"] = lambda: make.SessionFactory(
    spacing_override_reason="I say so"
)


@violates("session_patient_free")
def _() -> None:
    first = make.SessionFactory()
    make.SessionFactory(plan=make.PlanFactory(patient=first.patient))  # another area


@violates("session_area_recovered")
def _() -> None:
    first = make.SessionFactory()
    make.SessionFactory(plan=first.plan, starts_at=NINE + 19 * DAY)


def add_area(leading: Any, **changes: Any) -> Any:
    """A further area in the sitting of a session."""
    same = ("clinic", "practitioner", "room", "device", "starts_at", "ends_at", "released_at")
    values = {name: getattr(leading, name) for name in same}
    plan = make.PlanFactory(patient=leading.patient)
    return make.SessionFactory(**{"plan": plan, "sitting": leading, **values, **changes})


@violates("session_sitting_not_nested")
def _() -> None:
    add_area(add_area(make.SessionFactory()))


@violates("session_sitting_of_treatments")
def _() -> None:
    visit = make.VisitFactory(device=None)
    update(visit, sitting=make.SessionFactory())


@violates("session_sitting_is_one_appointment")
def _() -> None:
    leading = make.SessionFactory()
    add_area(leading, room=make.RoomFactory(clinic=leading.clinic))


@violates("session_sitting_is_led")
def _() -> None:
    add_area(make.SessionFactory(status=Status.CANCELLED))


def change_and_commit(row: Any, change: dict[str, Any]) -> None:
    update(row, **change)
    connection.check_constraints()  # as a commit does


@pytest.mark.parametrize(
    "change",
    [{"status": Status.CANCELLED}, {"starts_at": NINE - HOUR, "occupied_from": NINE - HOUR}],
)
def test_the_leading_session_stays_while_others_follow_it(change: dict[str, Any]) -> None:
    leading = make.SessionFactory()
    further = add_area(leading)

    with pytest.raises(DatabaseError, match="sitting"), transaction.atomic():
        change_and_commit(leading, change)

    update(further, status=Status.CANCELLED)
    update(leading, status=Status.CANCELLED)  # once nothing follows


@violates("session_room_of_same_clinic")
def _() -> None:
    update(make.SessionFactory(), room=make.RoomFactory())


@violates("session_device_of_same_clinic")
def _() -> None:
    update(make.SessionFactory(), device=make.DeviceFactory())


@violates("session_copies_its_plan")
def _() -> None:
    make.SessionFactory(patient=make.PatientFactory())


@violates("session_copies_its_type")
def _() -> None:
    make.VisitFactory(kind="OUTCOME")


@violates("session_patient_of_same_clinic")
def _() -> None:
    make.VisitFactory(clinic=make.ClinicFactory())


@violates("session_plan_of_same_patient")
def _() -> None:
    make.VisitFactory(code="outcome-90d", plan=make.PlanFactory())


VIOLATIONS["session_kind_known"] = lambda: make.VisitFactory(kind="PARTY")
VIOLATIONS["session_mode_known"] = lambda: make.VisitFactory(mode="BY_LETTER")
VIOLATIONS["session_treatment_complete"] = lambda: make.SessionFactory(device=None)
VIOLATIONS["session_only_treatment_has_skin"] = lambda: make.VisitFactory(recovers_at=NINE + DAY)
VIOLATIONS["session_remote_without_room"] = lambda: make.VisitFactory(mode="PHONE")
VIOLATIONS["session_link_iff_video"] = lambda: make.VisitFactory(
    video_url="https://meet.example/room"
)


@violates("session_consultation_before_plan")
def _() -> None:
    plan = make.PlanFactory()
    make.VisitFactory(patient=plan.patient, plan=plan)


@violates("session_only_check_looks_at_something")
def _() -> None:
    patient = make.PatientFactory()
    task = make.StaffTaskFactory(clinic=patient.clinic, patient=patient)
    make.VisitFactory(patient=patient, task=task)


VIOLATIONS["visit_type_kind_known"] = lambda: make.VisitTypeFactory(kind="PARTY")
VIOLATIONS["visit_type_mode_known"] = lambda: make.VisitTypeFactory(
    mode="BY_LETTER", needs_room=False
)
VIOLATIONS["visit_type_code_once_per_clinic"] = lambda: make.VisitTypeFactory(code="check")
VIOLATIONS["visit_type_one_treatment_per_clinic"] = lambda: make.VisitTypeFactory(
    kind="TREATMENT", minutes=None, needs_device=True
)
VIOLATIONS["visit_type_remote_without_room"] = lambda: make.VisitTypeFactory(mode="PHONE")
VIOLATIONS["visit_type_link_of_video"] = lambda: make.VisitTypeFactory(
    video_url="https://meet.example/room"
)
VIOLATIONS["visit_type_licences_known"] = lambda: make.VisitTypeFactory(credentials=["TRAINING"])
VIOLATIONS["visit_type_by_somebody"] = lambda: make.VisitTypeFactory(roles=[])
VIOLATIONS["visit_type_counted_from_known"] = lambda: make.VisitTypeFactory(
    counted_from="BIRTH", window_from_days=1, window_until_days=2
)
VIOLATIONS["visit_type_takes_time"] = lambda: make.VisitTypeFactory(minutes=None)
VIOLATIONS["visit_type_window_ordered"] = lambda: make.VisitTypeFactory(
    counted_from="SESSION", window_from_days=2, window_until_days=1
)


@violates("visit_type_of_treatments")
def _() -> None:
    update(make.visit_type_of(make.ClinicFactory()), needs_device=False)


@violates("visit_type_name_once_per_language")
def _() -> None:
    make.VisitTypeNameFactory(visit_type=make.VisitTypeNameFactory().visit_type)


@violates("patient_concern_subtype_of_concern")
def _() -> None:
    make.PatientConcernFactory(subtype=make.ConcernSubtypeFactory())


@violates("plan_fits_its_protocol")
def _() -> None:
    make.PlanFactory(area=make.AreaFactory())


@violates("plan_patient_of_same_clinic")
def _() -> None:
    make.PlanFactory(clinic=make.ClinicFactory())


VIOLATIONS["session_signed_iff_closed"] = lambda: make.SessionFactory(
    status=Status.COMPLETED, signed_by=None
)
VIOLATIONS["session_aborted_iff_reason"] = lambda: make.SessionFactory(
    status=Status.ABORTED, abort_reason=""
)
VIOLATIONS["session_aborted_otherwise_in_words"] = lambda: make.SessionFactory(
    status=Status.ABORTED, abort_reason="OTHER"
)
VIOLATIONS["side_effect_note_grade_in_ctcae_range"] = lambda: make.SideEffectNoteFactory(grade=0)
VIOLATIONS["blood_exposure_kind_known"] = lambda: make.ExposureFactory(kind="BITE")
VIOLATIONS["blood_exposure_told_afterwards"] = lambda: make.ExposureFactory(at=NINE - HOUR)
VIOLATIONS["exposure_step_known"] = lambda: make.ExposureStepFactory(step="PRAY")
VIOLATIONS["exposure_step_told_afterwards"] = lambda: make.ExposureStepFactory(at=NINE - HOUR)


@violates("blood_exposure_of_one_person")
def _() -> None:
    make.ExposureFactory(patient=make.PatientFactory())


@violates("blood_exposure_to_another")
def _() -> None:
    patient = make.PatientFactory()
    make.ExposureFactory(staff=None, patient=patient, source_patient=patient, by=make.UserFactory())


@violates("exposure_step_once")
def _() -> None:
    make.ExposureStepFactory(exposure=make.ExposureStepFactory().exposure)


@violates("chart_draft_once")
def _() -> None:
    draft = make.ChartDraftFactory()
    make.ChartDraftFactory(session=draft.session, by=draft.by)


VIOLATIONS["deviation_kind_known"] = lambda: make.DeviationFactory(kind="LUCK")
VIOLATIONS["deviation_told_whole"] = lambda: make.DeviationFactory(action_taken="")
VIOLATIONS["deviation_subject_of_a_finding"] = lambda: make.DeviationFactory(subject="nose")
VIOLATIONS["session_delay_within_the_day"] = lambda: make.SessionFactory(delayed_minutes=4)
VIOLATIONS["session_pain_0_to_10"] = lambda: make.SessionFactory(pain_score=11)


@violates("patient_birth_date_stays")
def _() -> None:
    begun = make.SessionFactory(status="IN_PROGRESS")
    update(begun.plan.patient, date_of_birth=None)


@violates("cartridge_used_once")
def _() -> None:
    used = make.CartridgeUseFactory()
    make.CartridgeUseFactory(session=used.session, lot=used.lot, serial=used.serial)


@violates("cartridge_lot_of_same_clinic")
def _() -> None:
    make.CartridgeUseFactory(lot=make.CartridgeLotFactory())


VIOLATIONS["session_room_in_use"] = lambda: make.SessionFactory(room__is_active=False)
VIOLATIONS["session_device_in_use"] = lambda: make.SessionFactory(device__is_active=False)
VIOLATIONS["session_record_is_open"] = lambda: make.SessionFactory(plan__patient__archived_at=NINE)
VIOLATIONS["session_birth_date_known"] = lambda: make.SessionFactory(
    plan__patient__date_of_birth=None, status="IN_PROGRESS"
)
VIOLATIONS["import_started_by_somebody"] = lambda: make.PatientImportFactory(started_at=NINE)
VIOLATIONS["import_ends_once_started"] = lambda: make.PatientImportFactory(ended_at=NINE)
VIOLATIONS["import_once_per_file"] = lambda: [
    make.PatientImportFactory(clinic=clinic, digest="a")
    for clinic in [make.ClinicFactory()]
    for _ in range(2)
]
VIOLATIONS["import_row_once"] = lambda: [
    batch.rows.create(number=2) for batch in [make.PatientImportFactory()] for _ in range(2)
]
VIOLATIONS["import_row_state_known"] = lambda: make.PatientImportFactory().rows.create(
    number=2, state="LOST"
)
VIOLATIONS["clinic_keeps_records_3_to_50_years"] = lambda: make.ClinicFactory(record_years=2)
VIOLATIONS["access_report_once_a_week"] = lambda: [
    make.AccessReportFactory(clinic=clinic) for clinic in [make.ClinicFactory()] for _ in range(2)
]
VIOLATIONS["access_review_says_why"] = lambda: make.AccessReviewFactory(note="")
VIOLATIONS["access_review_by_somebody_else"] = lambda: [
    make.AccessReviewFactory(actor=one, by=one) for one in [make.UserFactory()]
]
VIOLATIONS["break_glass_for_an_hour"] = lambda: make.BreakGlassFactory(
    opened_at=NINE, until=NINE + DAY
)
VIOLATIONS["break_glass_ends_in_its_time"] = lambda: make.BreakGlassFactory(
    opened_at=NINE, ended_at=NINE - DAY
)
VIOLATIONS["break_glass_has_a_reason"] = lambda: make.BreakGlassFactory(reason="")
VIOLATIONS["erasure_reason_known"] = lambda: make.PatientErasureFactory(reason="WHIM")
VIOLATIONS["erasure_by_two_people"] = lambda: [
    make.PatientErasureFactory(asked_by=one, confirmed_by=one, confirmed_at=NINE, keeps_record=True)
    for one in [make.UserFactory()]
]
VIOLATIONS["erasure_confirmed_by_somebody"] = lambda: make.PatientErasureFactory(
    confirmed_at=NINE, keeps_record=True
)
VIOLATIONS["erasure_confirmed_or_withdrawn"] = lambda: make.PatientErasureFactory(
    confirmed_by=make.UserFactory(), confirmed_at=NINE, keeps_record=True, withdrawn_at=NINE
)
VIOLATIONS["erasure_one_at_a_time"] = lambda: [
    make.PatientErasureFactory(patient=patient)
    for patient in [make.PatientFactory()]
    for _ in range(2)
]
VIOLATIONS["protocol_draft_by_two_people"] = lambda: [
    make.ProtocolDraftFactory(
        proposed_by=one,
        settled_by=one,
        settled_at=NINE,
        version=make.ProtocolVersionFactory(),
    )
    for one in [make.UserFactory()]
]
VIOLATIONS["protocol_draft_settled_by_somebody"] = lambda: make.ProtocolDraftFactory(
    settled_at=NINE
)
VIOLATIONS["protocol_draft_one_at_a_time"] = lambda: [
    make.ProtocolDraftFactory(protocol=protocol)
    for protocol in [make.ProtocolFactory()]
    for _ in range(2)
]
VIOLATIONS["export_one_at_a_time"] = lambda: [
    make.PatientExportFactory(patient=patient)
    for patient in [make.PatientFactory()]
    for _ in range(2)
]
VIOLATIONS["export_ready_or_failed"] = lambda: make.PatientExportFactory(
    ready_at=NINE, expires_at=NINE, size=1, failed_at=NINE
)
VIOLATIONS["export_expires_iff_ready"] = lambda: make.PatientExportFactory(ready_at=NINE)
VIOLATIONS["export_removed_once_ended"] = lambda: make.PatientExportFactory(removed_at=NINE)
VIOLATIONS["session_taken_back_in_time"] = lambda: SessionEvent.objects.create(
    session=make.SessionFactory(status="CANCELLED"), old_status="CANCELLED", new_status="BOOKED"
)
VIOLATIONS["cartridge_not_expired"] = lambda: make.CartridgeUseFactory(
    lot__expires_on=NINE.date() - DAY
)
VIOLATIONS["cartridge_not_recalled"] = lambda: make.CartridgeUseFactory(
    lot__recalled_at=NINE, lot__recall_reason="not sterile"
)
VIOLATIONS["cartridge_of_its_deviation"] = lambda: make.CartridgeUseFactory(
    deviation=make.DeviationFactory()
)
VIOLATIONS["product_use_off_after_on"] = lambda: make.ProductUseFactory(
    on_at=NINE, off_at=NINE - HOUR
)
VIOLATIONS["product_use_amounts_positive"] = lambda: make.ProductUseFactory(grams=0)
VIOLATIONS["session_finding_severity_known"] = lambda: make.SessionFindingFactory(severity="SO_SO")
VIOLATIONS["session_finding_override_whole"] = lambda: make.SessionFindingFactory(
    override_reason="I say so"
)


VIOLATIONS["session_finding_sign_off_whole"] = lambda: make.SessionFindingFactory(
    signed_off_by="Dr. Ruiz"
)


@violates("session_finding_once")
def _() -> None:
    finding = make.SessionFindingFactory()
    make.SessionFindingFactory(session=finding.session)


@violates("locked_once_signed")
def _() -> None:
    make.ZoneTreatmentFactory(session=make.SessionFactory(status=Status.COMPLETED))


VIOLATIONS["outcome_milestone_known"] = lambda: make.OutcomeMeasureFactory(milestone="SOON")
VIOLATIONS["outcome_rater_role_known"] = lambda: make.OutcomeMeasureFactory(
    rater_role="CAT", scale__rater_roles=["CAT"]
)
VIOLATIONS["outcome_session_iff_at_one"] = lambda: make.OutcomeMeasureFactory(milestone="SESSION")
VIOLATIONS["outcome_score_in_range"] = lambda: make.OutcomeMeasureFactory(score=6)
VIOLATIONS["outcome_score_on_step"] = lambda: make.OutcomeMeasureFactory(score="2.37")
VIOLATIONS["outcome_rater_of_scale"] = lambda: make.OutcomeMeasureFactory(rater_role="BLINDED")
VIOLATIONS["outcome_baseline_of_state"] = lambda: make.OutcomeMeasureFactory(
    scale__no_change_score=4
)
VIOLATIONS["outcome_scale_of_concern"] = lambda: make.OutcomeMeasureFactory(
    scale__concerns=["hair-thinning"]
)
VIOLATIONS["outcome_patient_rates_alone"] = lambda: make.OutcomeMeasureFactory(rater_role="PATIENT")
VIOLATIONS["outcome_one_rater"] = lambda: make.OutcomeMeasureFactory(rater_name="Dr Else")
VIOLATIONS["outcome_blinded_rater_named"] = lambda: make.OutcomeMeasureFactory(
    rater_role="BLINDED", rated_by=None, scale__rater_roles=["BLINDED"]
)
VIOLATIONS["outcome_scale_no_change_in_range"] = lambda: make.OutcomeScaleFactory(no_change_score=6)
VIOLATIONS["outcome_scale_difference_has_source"] = lambda: make.OutcomeScaleFactory(
    difference_source="a study"
)
VIOLATIONS["score_label_not_empty"] = lambda: make.ScoreLabelFactory(label="")
VIOLATIONS["score_label_in_range"] = lambda: make.ScoreLabelFactory(score=6)
VIOLATIONS["score_label_on_step"] = lambda: make.ScoreLabelFactory(score="1.50")


@violates("score_label_once_per_language")
def _() -> None:
    label = make.ScoreLabelFactory()
    make.ScoreLabelFactory(scale=label.scale)


VIOLATIONS["photo_is_of_staff_or_of_a_report"] = lambda: make.PhotoFactory(uploaded_by=None)
VIOLATIONS["photo_three_a_report"] = lambda: make.SentPhotoFactory(number=4)


@violates("photo_number_once")
def _() -> None:
    photo = make.SentPhotoFactory()
    make.SentPhotoFactory(report=photo.report, sha256="1" * 64)


@violates("photo_sent_once")
def _() -> None:
    photo = make.SentPhotoFactory()
    make.SentPhotoFactory(report=photo.report, number=2)


VIOLATIONS["photo_view_known"] = lambda: make.PhotoFactory(view="BACK")
VIOLATIONS["zone_side_known"] = lambda: make.ZoneTreatmentFactory(side="TOP")
VIOLATIONS["zone_depth_in_band"] = lambda: make.ZoneTreatmentFactory(depth_mm="2.51")
VIOLATIONS["zone_passes_in_range"] = lambda: make.ZoneTreatmentFactory(passes=11)
VIOLATIONS["zone_endpoint_known"] = lambda: make.ZoneTreatmentFactory(endpoint="JOY")


@violates("zone_treated_once_per_session")
def _() -> None:
    treated = make.ZoneTreatmentFactory()
    make.ZoneTreatmentFactory(session=treated.session, zone=treated.zone)


# holds and the waitlist
def of_another_clinic(factory: Any) -> None:
    check = make.visit_type_of(make.ClinicFactory(), "check")
    factory(plan=None, patient=make.PatientFactory(), clinic=check.clinic, visit_type=check)


def of_another_patient(factory: Any) -> None:
    patient = make.PatientFactory()
    factory(plan=make.PlanFactory(), patient=patient)


VIOLATIONS["session_late_cancel_is_cancelled"] = lambda: make.SessionFactory(is_late_cancel=True)
VIOLATIONS["hold_practitioner_kept_once"] = lambda: hold_twice("practitioner")
VIOLATIONS["hold_room_kept_once"] = lambda: hold_twice("room")
VIOLATIONS["hold_device_kept_once"] = lambda: hold_twice("device")
VIOLATIONS["hold_times_ordered"] = lambda: make.HoldFactory(ends_at=NINE)
VIOLATIONS["hold_by_desk_or_by_offer"] = lambda: make.HoldFactory(held_by=None)
VIOLATIONS["waitlist_status_known"] = lambda: make.WaitlistEntryFactory(status="LOST")
VIOLATIONS["waitlist_days_ordered"] = lambda: make.WaitlistEntryFactory(until_on=date(2000, 1, 1))
VIOLATIONS["waitlist_weekdays_known"] = lambda: make.WaitlistEntryFactory(weekdays=[1, 7])
VIOLATIONS["waitlist_times_ordered"] = lambda: make.WaitlistEntryFactory(
    earliest=time(12), latest=time(9)
)
VIOLATIONS["waitlist_offer_iff_offered"] = lambda: make.WaitlistEntryFactory(status="OFFERED")
VIOLATIONS["waitlist_session_iff_booked"] = lambda: make.WaitlistEntryFactory(status="BOOKED")


for name, factory in (("hold", make.HoldFactory), ("waitlist", make.WaitlistEntryFactory)):
    VIOLATIONS[f"{name}_copies_its_type"] = partial(factory, kind="CHECK")
    VIOLATIONS[f"{name}_patient_of_same_clinic"] = partial(of_another_clinic, factory)
    VIOLATIONS[f"{name}_plan_of_same_patient"] = partial(of_another_patient, factory)
VIOLATIONS["hold_treatment_complete"] = lambda: make.HoldFactory(device=None)


@violates("waitlist_treatment_has_plan")
def _() -> None:
    make.WaitlistEntryFactory(plan=None, patient=make.PatientFactory())


@violates("waitlist_once_per_visit_type")
def _() -> None:
    patient = make.PatientFactory()
    check = make.visit_type_of(patient.clinic, "check")
    for _ in range(2):
        make.WaitlistEntryFactory(plan=None, patient=patient, visit_type=check)


def hold_twice(resource: str) -> None:
    """Two holds at one time that share one thing."""
    first = make.HoldFactory()
    make.HoldFactory(**{resource: getattr(first, resource)})


@violates("waitlist_once_per_plan")
def _() -> None:
    make.WaitlistEntryFactory(plan=make.WaitlistEntryFactory().plan)


# aftercare
VIOLATIONS["care_step_anchor_known"] = lambda: make.CareStepFactory(anchor="NEVER")
VIOLATIONS["care_step_is_useful_for_a_while"] = lambda: make.CareStepFactory(
    useful_for=timedelta(0)
)
VIOLATIONS["care_step_channel_policy_known"] = lambda: make.CareStepFactory(channel_policy="FAX")
VIOLATIONS["care_step_purpose_known"] = lambda: make.CareStepFactory(purpose="SALES")
VIOLATIONS["care_step_time_of_a_later_day"] = lambda: make.CareStepFactory(
    offset=HOUR, at_time=time(8, 30)
)
VIOLATIONS["care_step_within_three_years"] = lambda: make.CareStepFactory(offset=1097 * DAY)
VIOLATIONS["care_step_window_after_treatment"] = lambda: make.CareStepFactory(
    anchor="BOOKED", from_next_window=True
)
VIOLATIONS["care_step_asks_after_treatment"] = lambda: make.CareStepFactory(
    anchor="BOOKED", asks_for="outcome-90d"
)
VIOLATIONS["care_step_asks_what_is_known"] = lambda: make.CareStepFactory(
    anchor="BOOKED", zones=["nose"]
)
VIOLATIONS["template_max_parts_1_to_4"] = lambda: make.TemplateFactory(max_parts=5)


@violates("care_step_once_per_protocol")
def _() -> None:
    make.CareStepFactory(code=make.CareStepFactory().code)


VIOLATIONS["care_step_on_its_side_of_the_anchor"] = lambda: make.CareStepFactory(offset=-HOUR)
VIOLATIONS["template_channel_known"] = lambda: make.TemplateFactory(channel="FAX", subject="")
VIOLATIONS["template_subject_iff_email"] = lambda: make.TemplateFactory(subject="")
VIOLATIONS["message_status_known"] = lambda: make.MessageFactory(status="LOST")
VIOLATIONS["message_channel_known"] = lambda: make.MessageFactory(channel="FAX")
VIOLATIONS["message_sent_iff_sent_at"] = lambda: make.MessageFactory(status=MessageStatus.SENT)
VIOLATIONS["message_delivered_iff_delivered_at"] = lambda: make.MessageFactory(
    status=MessageStatus.DELIVERED, sent_at=NINE
)
VIOLATIONS["care_step_of_known_kinds"] = lambda: make.CareStepFactory(kinds=[])
VIOLATIONS["care_step_asks_of_treatments"] = lambda: make.CareStepFactory(
    kinds=["CHECK"], anchor="COMPLETED"
)
VIOLATIONS["message_attempt_outcome_known"] = lambda: make.MessageAttemptFactory(outcome="LOST")
VIOLATIONS["message_attempt_counted_from_one"] = lambda: make.MessageAttemptFactory(number=0)
VIOLATIONS["message_leased_iff_held"] = lambda: make.MessageFactory(
    status=MessageStatus.CLAIMED, worker="w"
)
VIOLATIONS["message_unsent_has_a_reason"] = lambda: make.MessageFactory(
    status=MessageStatus.CANCELLED
)
VIOLATIONS["message_move_is_legal"] = lambda: update(
    make.MessageFactory(), status=MessageStatus.SENDING, worker="w", lease_until=NINE
)
VIOLATIONS["side_effect_kind_known"] = lambda: make.SideEffectFactory(kind="JOY")
VIOLATIONS["side_effect_grade_in_ctcae_range"] = lambda: make.SideEffectFactory(grade=6)
VIOLATIONS["side_effect_resolved_after_onset"] = lambda: make.SideEffectFactory(
    resolved_at=NINE - DAY, resolution="gone"
)
VIOLATIONS["side_effect_resolution_iff_resolved"] = lambda: make.SideEffectFactory(
    resolution="gone"
)
VIOLATIONS["staff_task_kind_known"] = lambda: make.StaffTaskFactory(kind="CHORE")
VIOLATIONS["staff_task_severity_known"] = lambda: make.StaffTaskFactory(severity="PINK")
VIOLATIONS["staff_task_taken_at_iff_by"] = lambda: make.StaffTaskFactory(taken_at=NINE)
VIOLATIONS["staff_task_that_is_grave_has_an_outcome"] = lambda: make.StaffTaskFactory(
    severity="RED", status="DONE", done_at=NINE
)
VIOLATIONS["staff_task_audience_known"] = lambda: make.StaffTaskFactory(audience="ALL")
VIOLATIONS["staff_task_done_iff_done_at"] = lambda: make.StaffTaskFactory(status="DONE")
VIOLATIONS["outage_channel_known"] = lambda: Outage.objects.create(
    channel="FAX", suspect_id=uuid4()
)
VIOLATIONS["step_replan_ends_once_begun"] = lambda: StepReplan.objects.create(
    step=make.CareStepFactory(), begun_at=NINE, total=1, ended_at=NINE - HOUR
)
VIOLATIONS["recall_telling_ends_once_begun"] = lambda: RecallTelling.objects.create(
    lot=make.CartridgeLotFactory(), begun_at=NINE, total=1, ended_at=NINE - HOUR
)
VIOLATIONS["outage_open_iff_paused"] = lambda: Outage.objects.create(
    channel="SMS", suspect_id=uuid4(), opened_at=NINE
)
VIOLATIONS["staff_alert_step_known"] = lambda: make.StaffAlertFactory(step=4)
VIOLATIONS["staff_alert_channel_known"] = lambda: make.StaffAlertFactory(channel="FAX")
VIOLATIONS["staff_alert_sent_or_given_up"] = lambda: make.StaffAlertFactory(
    sent_at=NINE, ended_at=NINE
)


@violates("staff_alert_once_a_person_and_step")
def _() -> None:
    alert = make.StaffAlertFactory()
    make.StaffAlertFactory(task=alert.task, person=alert.person)


VIOLATIONS["birth_date_try_1_to_5"] = lambda: make.BirthDateTryFactory(number=6)


@violates("birth_date_try_once")
def _() -> None:
    make.BirthDateTryFactory(message=make.BirthDateTryFactory().message)


VIOLATIONS["staff_answer_channel_known"] = lambda: make.StaffAnswerFactory(channel="FAX")
VIOLATIONS["staff_answer_has_words"] = lambda: make.StaffAnswerFactory(text="")
VIOLATIONS["staff_answer_parts_iff_sms"] = lambda: make.StaffAnswerFactory(sms_parts=1)
VIOLATIONS["staff_task_of_recall_has_an_outcome"] = lambda: make.StaffTaskFactory(
    kind="LOT_RECALL", status="DONE", done_at=NINE
)
ASKED = {"call_asked_at": NINE, "call_reason": "SILENT"}
VIOLATIONS["recall_notice_told_once_issued"] = lambda: make.RecallNoticeFactory(
    issued_at=NINE, told_at=NINE - HOUR
)
VIOLATIONS["recall_notice_read_once_told"] = lambda: make.RecallNoticeFactory(read_at=NINE)
VIOLATIONS["recall_notice_call_asked_iff_reason"] = lambda: make.RecallNoticeFactory(
    call_asked_at=NINE
)
VIOLATIONS["recall_notice_called_with_outcome"] = lambda: make.RecallNoticeFactory(
    called_at=NINE, called_by=make.UserFactory(), **ASKED
)


@violates("recall_notice_once_per_patient")
def _() -> None:
    notice = make.RecallNoticeFactory()
    make.RecallNoticeFactory(lot=notice.lot, session=notice.session)


@violates("recall_notice_of_a_use")
def _() -> None:
    lot = make.RecallNoticeFactory().lot
    make.RecallNoticeFactory(lot=lot, session=make.SessionFactory(plan__patient__clinic=lot.clinic))


VIOLATIONS["staff_task_has_a_source"] = lambda: make.StaffTaskFactory(source="")
VIOLATIONS["address_consent_channel_known"] = lambda: make.AddressConsentFactory(channel="FAX")
VIOLATIONS["address_consent_purpose_known"] = lambda: make.AddressConsentFactory(purpose="FUN")
VIOLATIONS["address_consent_source_known"] = lambda: make.AddressConsentFactory(source="RUMOUR")
VIOLATIONS["address_consent_staff_has_a_name"] = lambda: make.AddressConsentFactory(source="STAFF")
VIOLATIONS["inbound_channel_known"] = lambda: make.InboundFactory(channel="FAX")
VIOLATIONS["inbound_keyword_known"] = lambda: make.InboundFactory(keyword="BOO")
VIOLATIONS["inbound_audience_known"] = lambda: make.InboundFactory(audience="ALL")
VIOLATIONS["inbound_handled_at_before_by"] = lambda: make.InboundFactory(
    handled_by=make.UserFactory()
)
VIOLATIONS["inbound_is_of_its_patients_clinic"] = lambda: make.InboundFactory(
    clinic=None, patient=make.PatientFactory()
)
VIOLATIONS["receipt_kind_known"] = lambda: make.ReceiptFactory(kind="RUMOUR")


@violates("inbound_once_per_provider")
def _() -> None:
    inbound = make.InboundFactory()
    make.InboundFactory(provider_id=inbound.provider_id)


@violates("receipt_once_per_event")
def _() -> None:
    receipt = make.ReceiptFactory()
    make.ReceiptFactory(event_id=receipt.event_id)


@violates("staff_task_once_while_open")
def _() -> None:
    task = make.StaffTaskFactory()
    make.StaffTaskFactory(source=task.source)


@violates("template_version_once")
def _() -> None:
    template = make.TemplateFactory()
    make.TemplateFactory(step=template.step)


@violates("message_once_per_session_step_channel")
def _() -> None:
    message = make.MessageFactory()
    make.MessageFactory(session=message.session, step=message.step)


@pytest.mark.parametrize("name", sorted(VIOLATIONS))
def test_the_database_refuses(name: str) -> None:
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        VIOLATIONS[name]()

    assert constraint_of(refused.value) == name
    assert is_declared(refused.value)


@violates("message_attempt_outcome_once")
def one_outcome_of_one_try_twice() -> None:
    first = make.MessageAttemptFactory()
    make.MessageAttemptFactory(message=first.message)


@violates("dispatch_guard_is_one_row")
def two_databases_that_may_send() -> None:
    (guard,) = DispatchGuard.objects.all()
    guard.pk = 2
    guard.save(force_insert=True)


def test_every_constraint_has_a_violation() -> None:
    """Keys that only serve foreign keys cannot be violated on their own: their id is unique."""
    named = {
        constraint.name
        for model in apps.get_models()
        if model._meta.app_label in ("clinic", "patients", "treatment_sessions", "aftercare")
        for constraint in model._meta.constraints
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f'")
        by_hand = {name for (name,) in cursor if not re.search(r"_fk(_\w+)?$", name)}
    assert len(by_hand) == 16

    missing = {name for name in named | by_hand if "_key_with_" not in name} - set(VIOLATIONS)

    assert not missing


APPEND_ONLY: list[Callable[[], Any]] = [
    make.MessageAttemptFactory,
    make.ContactConsentFactory,
    make.AddressConsentFactory,
    make.ReceiptFactory,
    make.TemplateFactory,
    make.ClinicalRuleFactory,
    make.DeviceSpecFactory,
    make.ZoneLimitFactory,
    make.ProtocolVersionFactory,
    make.ZoneRangeFactory,
    make.DeviceClearanceFactory,
    make.ProductFactory,
    make.ProductDrugFactory,
    make.OutcomeScaleFactory,
    make.ScoreLabelFactory,
    make.SideEffectExpectationFactory,
    make.ScreeningRuleFactory,
    make.ScreeningWordingFactory,
    make.ScreeningFactory,
    make.ScreeningAnswerFactory,
    make.ConsentTextFactory,
    make.ConsentClauseFactory,
    make.SkinTypeAssessmentFactory,
    make.PhotoFactory,
    make.CandidacyFactory,
    make.ConsentHandoutFactory,
    make.DeviationFactory,
    make.ExposureFactory,
    make.ExposureStepFactory,
    make.SideEffectNoteFactory,
    lambda: SessionEvent.objects.create(session=make.SessionFactory(), new_status=Status.BOOKED),
]


@pytest.mark.parametrize("add", APPEND_ONLY)
@pytest.mark.parametrize("verb", ["UPDATE {table} SET created_at = now()", "DELETE FROM {table}"])
def test_history_cannot_be_rewritten_by_sql(add: Callable[[], Any], verb: str) -> None:
    row = add()

    with (
        pytest.raises(DatabaseError, match="append_only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(verb.format(table=row._meta.db_table))

    assert type(row)._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    "field", ["plan_id", "patient_id", "area_id", "clinic_id", "visit_type_id"]
)
def test_a_session_never_changes_what_it_was_booked_for(field: str) -> None:
    session = make.SessionFactory()
    other = make.SessionFactory()

    with pytest.raises(DatabaseError, match="booked_for_good"), transaction.atomic():
        TreatmentSession.objects.filter(pk=session.pk).update(**{field: getattr(other, field)})


def test_back_to_back_sessions_do_not_clash() -> None:
    first = make.SessionFactory()

    make.SessionFactory(
        plan__patient__clinic=first.clinic,
        practitioner=first.practitioner,
        starts_at=first.ends_at,
    )
    make.SessionFactory(
        plan__patient__clinic=first.clinic, room=first.room, starts_at=first.released_at
    )

    assert TreatmentSession.objects.count() == 3


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.NO_SHOW])
def test_a_session_that_does_not_take_place_frees_everything(status: Status) -> None:
    first = make.SessionFactory(status=status)

    make.SessionFactory(
        plan=first.plan,
        practitioner=first.practitioner,
        room=first.room,
        device=first.device,
    )

    with pytest.raises(DatabaseError, match="session_"), transaction.atomic():
        update(first, status=Status.BOOKED)


def test_the_area_is_free_again_at_exactly_the_hard_minimum() -> None:
    first = make.SessionFactory()  # its protocol asks for 28 days

    make.SessionFactory(plan=first.plan, starts_at=first.starts_at + 28 * DAY)

    with pytest.raises(DatabaseError, match="session_area_recovered"), transaction.atomic():
        make.SessionFactory(plan=first.plan, starts_at=first.starts_at - 27 * DAY)


def test_depths_are_exact() -> None:
    treated = make.ZoneTreatmentFactory(depth_mm="0.55")

    treated.refresh_from_db()

    assert treated.depth_mm == Decimal("0.55")
