"""Who is treated, for what, whether they are candidates, and what they have agreed to."""

from patients.models.anatomy import Area, Zone
from patients.models.break_glass import BreakGlass
from patients.models.concern import Concern, ConcernSubtype, PatientConcern
from patients.models.consent import (
    OFF_LABEL,
    ConsentClause,
    ConsentHandout,
    ConsentKind,
    ConsentText,
    PhotoConsent,
    PhotoScope,
    TreatmentConsent,
)
from patients.models.contact import Channel, ContactConsent, Purpose
from patients.models.erasure import ErasureReason, PatientErasure
from patients.models.export import PatientExport
from patients.models.imports import ImportedRow, PatientImport, RowState
from patients.models.other_treatment import (
    NOT_ASKED,
    QUESTIONS,
    OtherTreatment,
    OtherTreatmentKind,
    OtherTreatmentStatus,
    Place,
)
from patients.models.patient import (
    MEDICAL,
    Patient,
    PatientMerge,
    Sex,
    SkinType,
    SkinTypeAssessment,
    birth_date,
    day_or_plan,
    past_day,
)
from patients.models.screening import (
    Condition,
    HomeAnswers,
    Scope,
    Screening,
    ScreeningAnswer,
    ScreeningKind,
    ScreeningRule,
    ScreeningWording,
)
from patients.models.task import Audience, StaffTask, TaskKind, TaskSeverity, TaskStatus

__all__ = [
    "MEDICAL",
    "NOT_ASKED",
    "OFF_LABEL",
    "QUESTIONS",
    "Area",
    "Audience",
    "BreakGlass",
    "Channel",
    "Concern",
    "ConcernSubtype",
    "Condition",
    "ConsentClause",
    "ConsentHandout",
    "ConsentKind",
    "ConsentText",
    "ContactConsent",
    "ErasureReason",
    "HomeAnswers",
    "ImportedRow",
    "OtherTreatment",
    "OtherTreatmentKind",
    "OtherTreatmentStatus",
    "Patient",
    "PatientConcern",
    "PatientErasure",
    "PatientExport",
    "PatientImport",
    "PatientMerge",
    "PhotoConsent",
    "PhotoScope",
    "Place",
    "Purpose",
    "RowState",
    "Scope",
    "Screening",
    "ScreeningAnswer",
    "ScreeningKind",
    "ScreeningRule",
    "ScreeningWording",
    "Sex",
    "SkinType",
    "SkinTypeAssessment",
    "StaffTask",
    "TaskKind",
    "TaskSeverity",
    "TaskStatus",
    "TreatmentConsent",
    "Zone",
    "birth_date",
    "day_or_plan",
    "past_day",
]
