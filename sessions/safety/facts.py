"""What the safety rules look at: facts, loaded by `assessment`, in mm, days and hours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop

from patients.screening import Answer
from sessions.models import Endpoint

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def figure(value: Decimal) -> str:
    """A figure as people write it: 72, not 72.00 as the database keeps it."""
    return f"{value.normalize():f}"


@dataclass(frozen=True)
class Number:
    """One value of the clinical rules, with where it comes from."""

    value: Decimal
    rule: str
    source: str

    def __str__(self) -> str:
        return figure(self.value)

    @property
    def hours(self) -> timedelta:
        return timedelta(hours=float(self.value))


@dataclass(frozen=True)
class Limit:
    """A range of depths that one rule allows (mm)."""

    name: "StrOrPromise"
    low: Decimal
    high: Decimal
    source: str

    def __str__(self) -> str:
        return f"{self.name} {self.low}–{self.high} mm"


@dataclass(frozen=True)
class Zone:
    code: str
    name: str
    limit: Limit
    protocol_range: Limit
    passes_max: int
    is_blocked: bool = False


@dataclass(frozen=True)
class Protocol:
    name: str
    concern: str
    passes_max: int
    expected_endpoint: str
    hard_min_days: int
    soft_min_days: int
    source: str


@dataclass(frozen=True)
class Area:
    """What is treated as a whole, charted or not."""

    code: str = ""
    zones: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)  # of its zones, by code
    near_mouth: bool = False
    keloid_prone: frozenset[str] = frozenset()  # those of its zones


@dataclass(frozen=True)
class Record:
    """What the patient's record says beside the questionnaire; None is not known."""

    keloids: bool | None = None
    cold_sores: bool | None = None
    allergies: str = ""


@dataclass(frozen=True)
class Clearance:
    reference: str
    concerns: frozenset[str]
    zones: frozenset[str]
    skin_types: frozenset[int]
    min_age: int
    depth_max_mm: Decimal | None
    source: str
    subtypes: frozenset[str] = frozenset()  # forms of the concern; empty: any


@dataclass(frozen=True)
class Device:
    code: str
    name: str
    depth_max_mm: Decimal
    tolerance_mm: Decimal
    source: str
    lists_isotretinoin: bool = True
    clearances: tuple[Clearance, ...] = ()  # those of the jurisdiction
    jurisdiction: str = ""


@dataclass(frozen=True)
class TreatedZone:
    """One charted zone."""

    zone: Zone
    depth_mm: Decimal
    passes: int
    endpoint: str = Endpoint.ERYTHEMA


@dataclass(frozen=True)
class Previous:
    """The last completed session on the same skin. `days_before` is counted on the clinic's
    calendar; `spacing_approved` if a practitioner booked the present session sooner than the hard
    minimum."""

    started_at: datetime
    days_before: int
    deepest_mm: Decimal | None = None
    spacing_approved: bool = False
    left_pigment: bool = False  # patches since then


@dataclass(frozen=True)
class OpenSideEffect:
    """One that has not healed. `hours` are counted from its onset; what is usual for its kind is
    None where nobody has said."""

    kind: str
    name: str
    grade: int
    is_pigment_change: bool = False
    is_red_flag: bool = False
    is_elsewhere: bool = False  # on another area, and of a kind that stays where it is
    hours: int = 0
    expected_until_hours: int | None = None
    review_after_hours: int | None = None
    began_late: bool = False  # later than its kind begins
    act_when: str = ""


@dataclass(frozen=True)
class PastSideEffect:
    """One that has healed, and is remembered."""

    kind: str
    name: str
    grade: int
    is_same_area: bool = True


@dataclass(frozen=True)
class Response:
    """What scales say of the sessions of a plan so far."""

    is_measured: bool
    is_better: bool


@dataclass(frozen=True)
class Candidacy:
    """What a practitioner has decided last on the person or on the concern of the plan."""

    outcome: str
    at: datetime
    until: date | None = None


@dataclass(frozen=True)
class Screening:
    taken_at: datetime
    valid_until: date
    good_health: bool
    expectations_discussed: bool
    answers: tuple[Answer, ...] = ()
    pigment_checked: bool = False
    is_confirmed: bool = True  # not only answered by the patient at home


@dataclass(frozen=True)
class OtherTreatment:
    """A treatment of this area that was no needling of ours, or will be none. `answer` is what the
    screening's question about it would say of that day, in the version in effect."""

    name: str
    on: date
    where: str
    answer: Answer
    is_asked_by_name: bool = True  # by that question
    kind: str = ""  # of OtherTreatmentKind
    is_planned: bool = False  # nobody has said yet what became of it


@dataclass(frozen=True)
class Consent:
    is_current_text: bool
    expires_on: date
    zones: frozenset[str]
    device_models: frozenset[str]
    off_label_accepted: bool
    signer_relation: str = ""  # empty if the patient signed
    known_on: date | None = None  # the text was given to read, or else signed
    patient_assented: bool = False  # who is too young to sign agrees


@dataclass(frozen=True)
class Drug:
    """One drug of a numbing cream, by its international name."""

    name: str
    percent: Decimal
    mg_per_kg_max: Decimal | None = None

    def mg_in(self, grams: Decimal) -> Decimal:
        return grams * 10 * self.percent


UNNAMED = gettext_noop("unnamed drugs")


@dataclass(frozen=True)
class ProductUse:
    name: str
    kind: str
    strength_percent: Decimal | None = None
    drugs: tuple[Drug, ...] = ()
    for_dermis: bool = False
    minutes_max: int | None = None
    grams_per_cm2_max: Decimal | None = None
    grams_max: Decimal | None = None
    mg_per_kg_max: Decimal | None = None
    age_min: int | None = None
    not_near_eyes: bool = False
    not_with: frozenset[str] = frozenset()  # codes of questions: not with a yes to one
    limits_by_label: bool = False
    may_be_occluded: bool = False
    grams: Decimal | None = None
    area_cm2: int | None = None
    on_at: datetime | None = None
    off_at: datetime | None = None
    is_occluded: bool = False
    prescriber: str = ""
    tube_label: str = ""  # of blood: scanned, of this patient, and by two identifiers
    source: str = ""
    subject: str = ""

    @property
    def percent(self) -> Decimal | None:
        """Of all its drugs together: the strength, or more where those that are named are more."""
        if not self.drugs:
            return self.strength_percent
        named = sum((drug.percent for drug in self.drugs), Decimal(0))
        return max(self.strength_percent or Decimal(0), named)

    @property
    def mg(self) -> Decimal | None:
        """Of all its drugs together."""
        if self.grams is None or self.percent is None:
            return None
        return self.grams * 10 * self.percent

    @property
    def mg_by_drug(self) -> dict[str, Decimal]:
        """Of each drug, and of those that nobody has named."""
        if self.grams is None or self.mg is None:
            return {}
        by_drug = {drug.name: drug.mg_in(self.grams) for drug in self.drugs}
        unnamed = self.mg - sum(by_drug.values())
        return {**by_drug, UNNAMED: unnamed} if unnamed else by_drug

    @property
    def is_weighed(self) -> bool:
        """Whether a limit of it depends on the weight of the patient."""
        return any([self.mg_per_kg_max, *(drug.mg_per_kg_max for drug in self.drugs)])


@dataclass(frozen=True)
class Credential:
    """One document of the practitioner or of the premises."""

    kind: str
    name: str
    valid_from: date | None = None
    expires_on: date | None = None
    device: str = ""  # the code of its model, of a training
    depth_max_mm: Decimal | None = None

    def counts_on(self, day: date) -> bool:
        has_begun = self.valid_from is None or self.valid_from <= day
        return has_begun and (self.expires_on is None or day <= self.expires_on)


@dataclass(frozen=True)
class Standing:
    """What is known of who treats and where, and what the clinic's law asks for."""

    credentials: tuple[Credential, ...] = ()
    asked: frozenset[str] = frozenset()
    examined_on: date | None = None  # by a prescriber, the last time


@dataclass(frozen=True)
class Facts:
    """Everything that the rules look at, for one session."""

    starts_at: datetime  # on the clinic's wall clock
    on: date
    protocol: Protocol
    device: Device
    rules: Mapping[str, Number]
    skin_type: int | None
    age: int | None  # not known until somebody asks for the birth date
    weight_kg: Decimal | None = None  # as far as it was weighed lately
    standing: Standing = Standing()
    candidacy: Candidacy | None = None
    screening: Screening | None = None
    other_treatments: tuple[OtherTreatment, ...] = ()
    consent: Consent | None = None
    cooling_off_days: int = 0  # of the clinic, between a consent and the first session of a plan
    needled_at: datetime | None = None  # when the needling began, once it has
    area: Area = Area()
    record: Record = Record()
    subtypes: Mapping[str, str] = field(default_factory=dict)  # forms of the concern, by code
    responds_poorly: str = ""  # what of it does so to needling alone
    alternatives_told: bool = False
    previous: Previous | None = None
    sessions_before: int = 0  # completed ones of the plan
    sessions_planned: int | None = None
    stop_after: Number | None = None  # sessions without a response; None: nobody has said
    response: Response | None = None  # not looked for before then
    side_effects: tuple[OpenSideEffect, ...] = ()
    unreviewed: frozenset[str] = frozenset()  # levels of reports whose task is open
    past_side_effects: tuple[PastSideEffect, ...] = ()
    treated: tuple[TreatedZone, ...] = ()
    products: tuple[ProductUse, ...] = ()
    same_day_products: tuple[ProductUse, ...] = ()  # of the patient's other sessions
    cartridges: int = 0
    sharps_due: bool = False  # the clinic asks for their disposal, and nobody has confirmed it

    def named(self, codes: frozenset[str]) -> str:
        """What zones are called."""
        treated = {treated.zone.code: treated.zone.name for treated in self.treated}
        names = {**self.area.names, **treated}
        return ", ".join(sorted(names.get(code, code) for code in codes))

    @property
    def zones(self) -> frozenset[str]:
        return frozenset(treated.zone.code for treated in self.treated)
