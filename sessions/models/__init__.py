"""What is treated, by which protocol, in which sessions, what was done, and how it turned out."""

from sessions.models.catalogue import (
    DeviceClearance,
    OutcomeScale,
    RaterRole,
    ScoreLabel,
)
from sessions.models.healing.check_in import CheckIn, Feeling
from sessions.models.healing.course import SideEffectNote
from sessions.models.healing.outcome import (
    PICTURES_A_REPORT,
    STANDARD_VIEWS,
    Milestone,
    OutcomeMeasure,
    Photo,
    View,
)
from sessions.models.healing.reporting import IncidentReport, ReportingRule, ReportOutcome
from sessions.models.healing.side_effect import (
    SEVERE,
    SideEffect,
    SideEffectExpectation,
    SideEffectKind,
)
from sessions.models.healing.triage import TriageSignature, TriageVersion
from sessions.models.hold import Hold
from sessions.models.plan import HomeCare, IllegalPlanMove, PlanEvent, TreatmentPlan
from sessions.models.product import LocalAnaesthetic, Product, ProductDrug, ProductKind
from sessions.models.protocol import (
    MAX_DEPTH_MM,
    MIN_DEPTH_MM,
    Endpoint,
    Protocol,
    ProtocolDraft,
    ProtocolVersion,
    ZoneLimit,
    ZoneRange,
)
from sessions.models.record.addendum import Addendum
from sessions.models.record.candidacy import Candidacy, CandidacyOutcome
from sessions.models.record.deviation import Deviation, DeviationKind, kind_of_finding
from sessions.models.record.draft import ChartDraft
from sessions.models.record.exposure import (
    BloodExposure,
    ExposureKind,
    ExposureStep,
    ExposureStepKind,
)
from sessions.models.record.treatment import (
    MAX_PASSES,
    CartridgeUse,
    Direction,
    ProductUse,
    SessionFinding,
    Side,
    ZoneTreatment,
)
from sessions.models.record.tube import Identifier, tube_code
from sessions.models.session import IllegalMove, SessionEvent, TreatmentSession
from sessions.models.session_query import TreatmentSessionQuerySet
from sessions.models.visit_type import (
    TALKS,
    TOUCHES_SKIN,
    CountedFrom,
    Kind,
    Mode,
    VisitType,
    VisitTypeName,
    VisitTypeQuerySet,
    of_treatment,
)
from sessions.models.waitlist import FreedSlot, IllegalWaitlistMove, WaitlistEntry, WaitlistEvent

__all__ = [
    "MAX_DEPTH_MM",
    "MAX_PASSES",
    "MIN_DEPTH_MM",
    "PICTURES_A_REPORT",
    "SEVERE",
    "STANDARD_VIEWS",
    "TALKS",
    "TOUCHES_SKIN",
    "Addendum",
    "BloodExposure",
    "Candidacy",
    "CandidacyOutcome",
    "CartridgeUse",
    "ChartDraft",
    "CheckIn",
    "CountedFrom",
    "Deviation",
    "DeviationKind",
    "DeviceClearance",
    "Direction",
    "Endpoint",
    "ExposureKind",
    "ExposureStep",
    "ExposureStepKind",
    "Feeling",
    "FreedSlot",
    "Hold",
    "HomeCare",
    "Identifier",
    "IllegalMove",
    "IllegalPlanMove",
    "IllegalWaitlistMove",
    "IncidentReport",
    "Kind",
    "LocalAnaesthetic",
    "Milestone",
    "Mode",
    "OutcomeMeasure",
    "OutcomeScale",
    "Photo",
    "PlanEvent",
    "Product",
    "ProductDrug",
    "ProductKind",
    "ProductUse",
    "Protocol",
    "ProtocolDraft",
    "ProtocolVersion",
    "RaterRole",
    "ReportOutcome",
    "ReportingRule",
    "ScoreLabel",
    "SessionEvent",
    "SessionFinding",
    "Side",
    "SideEffect",
    "SideEffectExpectation",
    "SideEffectKind",
    "SideEffectNote",
    "TreatmentPlan",
    "TreatmentSession",
    "TreatmentSessionQuerySet",
    "TriageSignature",
    "TriageVersion",
    "View",
    "VisitType",
    "VisitTypeName",
    "VisitTypeQuerySet",
    "WaitlistEntry",
    "WaitlistEvent",
    "ZoneLimit",
    "ZoneRange",
    "ZoneTreatment",
    "kind_of_finding",
    "of_treatment",
    "tube_code",
]
