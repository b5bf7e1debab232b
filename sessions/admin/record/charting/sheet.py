"""What the page of a chart shows: read with a number of statements that no chart changes."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.admin.words import TONES, Tone
from clinic.db.versions import version_read
from clinic.findings import Severity
from clinic.models import CredentialKind, User
from clinic.values.moments import date_in_words
from patients.models import ScreeningRule
from patients.services import questions_due
from sessions.admin.record.charting.figure import Figure, figure_of, in_order
from sessions.admin.record.charting.typed import (
    Data,
    TypedChart,
    of_draft,
    with_usual,
    written,
)
from sessions.lifecycle import SIGNED, AbortReason, PlanStatus, Status
from sessions.models import (
    CartridgeUse,
    ChartDraft,
    Kind,
    Product,
    ProductKind,
    ProductUse,
    TreatmentSession,
    of_treatment,
)
from sessions.safety.assessment import AssessedFinding, assess_session
from sessions.safety.facts import Facts, figure
from sessions.safety.loading.chart import product_facts, uses_of_the_day, zone_facts
from sessions.safety.loading.record import load_facts
from sessions.safety.ranges import ZoneRange, zone_ranges
from sessions.safety.treatment.doses import in_words, most_grams, part_of_most
from sessions.services.record.cream import HERE

CREAM_FIELDS = ("cream", "cream_lot", "cream_grams", "cream_area")
PARTS = ("zone_treatments",)  # whose changes by somebody else are told before they are replaced


@dataclass(frozen=True)
class Said:
    """A finding on the page, and what the caller may do about it."""

    entry: AssessedFinding
    tone: Tone
    may_decide: bool
    may_tell: bool
    asks: str = ""  # whose sign-off it needs
    reason: str = ""
    refused: str = ""
    mend: tuple[str, str] | None = None  # the form that brings what is missing

    @property
    def label(self) -> str:
        if self.entry.is_open:
            return str(Severity(self.entry.finding.severity).label)
        return gettext("Good to know") if self.tone else gettext("Decided")

    @property
    def key(self) -> str:
        return f"{self.entry.finding.code}:{self.entry.finding.subject}"


@dataclass(frozen=True)
class Row:
    """A zone in the list: what it takes, and what is typed for it."""

    range: ZoneRange
    forms: list[Any]
    paths: list[str]  # on the map

    @property
    def hidden(self) -> list[Any]:
        """The next side, for which nothing was typed."""
        return [form for form in self.forms if not form.is_shown][:1]

    @property
    def words(self) -> str:
        allowed = self.range.allowed
        if self.range.is_blocked:
            return gettext("Never needled")
        if allowed.is_empty:
            return gettext("No depth fits")
        if allowed.low == allowed.high:
            return gettext("{low} mm and no other, at most {passes_max} passes").format(
                low=allowed.low, passes_max=self.range.passes_max
            )
        return gettext("{low} to {high} mm, at most {passes_max} passes").format(
            low=allowed.low, high=allowed.high, passes_max=self.range.passes_max
        )


@dataclass
class Sheet:
    session: TreatmentSession
    typed: TypedChart
    rows: list[Row] = field(default_factory=list)
    findings: list[Said] = field(default_factory=list)
    figure: Figure | None = None
    seen: str = ""
    draft: ChartDraft | None = None
    creams: list[dict[str, Any]] = field(default_factory=list)
    due: list[str] | None = None  # questions of the screening that are asked again now
    asked: str = ""  # which they are
    own_answers: Any = None  # a screening that the patient has filled in at home
    numbing: list[dict[str, Any]] = field(default_factory=list)
    cream: dict[str, Any] = field(default_factory=dict)  # what stands in its fields
    cartridges: list[CartridgeUse] = field(default_factory=list)
    addenda: list[dict[str, Any]] = field(default_factory=list)
    last: TreatmentSession | None = None
    others: list[TreatmentSession] = field(default_factory=list)
    number: int = 0

    @property
    def is_open(self) -> bool:
        return self.session.status == Status.IN_PROGRESS

    @property
    def may_start(self) -> bool:
        return self.session.status == Status.CHECKED_IN

    @property
    def is_signed(self) -> bool:
        return self.session.status in SIGNED

    @property
    def tone(self) -> Tone:
        return "success" if self.is_signed else "warning"

    @property
    def on_skin(self) -> bool:
        return any(one["row"].on_at and not one["row"].off_at for one in self.creams)

    @property
    def undecided(self) -> int:
        return sum(said.entry.is_open for said in self.findings)

    @property
    def why_to_abort(self) -> list[tuple[str, str]]:
        return [(str(value), str(label)) for value, label in AbortReason.choices]

    @property
    def next_address(self) -> str:
        """Where the next session of the plan is booked; nowhere if it has none to come."""
        plan = of_treatment(self.session.plan)
        if plan.status != PlanStatus.ACTIVE:
            return ""
        page = reverse("admin:treatment_sessions_treatmentsession_add")
        return f"{page}?{urlencode({'plan': plan.pk})}"


def typed_chart(session: TreatmentSession, data: Data) -> TypedChart:
    """The form of this session, filled with `data`, and what is usual where that says nothing."""
    zones = list(of_treatment(session.area).zones.all())
    zones.sort(key=lambda zone: (in_order(zone.code), zone.name))
    endpoint = of_treatment(session.protocol_version).expected_endpoint
    return TypedChart(zones, with_usual(data, zones, endpoint))


def read_sheet(
    session: TreatmentSession,
    user: User,
    typed: TypedChart | None = None,
    *,
    at: datetime,
    refused: dict[str, str] | None = None,
) -> Sheet:
    """Of a session with its record: with what is `typed`, or what was kept or written."""
    draft = None
    if typed is None:
        draft = getattr(session, "draft", None)
        rows = session.zone_treatments.select_related("zone").order_by("id")
        typed = typed_chart(session, of_draft(draft.content) if draft else written(session, rows))
    sheet = Sheet(session, typed, draft=draft)
    zones = typed.zones
    by_code = zone_facts(zones, of_treatment(session.protocol_version))
    products = _anaesthetics(session, at=at)
    uses = uses_of_the_day(session, products)
    known = load_facts(session, at=at, typed=sheet.typed.so_far(), zones=by_code, uses=uses)
    ranges = zone_ranges(zones, by_code, known)
    pairs = zip(ranges, sheet.typed.rows, strict=True)
    sheet.figure = figure_of(of_treatment(session.area).code, [zone.code for zone in zones])
    shapes = sheet.figure.shapes if sheet.figure else {}
    sheet.rows = [Row(one, forms, shapes.get(one.zone.code, [])) for one, forms in pairs]
    sheet.findings = said_of(sheet, user, known, at=at, refused=refused or {})
    sheet.seen = version_read(session, *PARTS)
    sheet.number = known.sessions_before + 1
    _read_screening(sheet, user, at=at)
    _read_creams(sheet, uses, known, products, at=at)
    sheet.cartridges = _cartridges(session)
    sheet.last = _last(session) if known.previous else None
    if session.sitting_id or session.leads_others:  # type: ignore[attr-defined]
        areas = TreatmentSession.objects.of_sitting(session.pk).exclude(pk=session.pk)
        sheet.others = list(areas.select_related("area").order_by("pk"))
    return sheet


def _read_screening(sheet: Sheet, user: User, *, at: datetime) -> None:
    """What can be cleared here without another page: asking again, and confirming what was answered
    at home. A full screening has a page of its own."""
    codes = {said.entry.finding.code for said in sheet.findings if said.entry.is_open}
    patient = sheet.session.patient
    if not user.has_perm("patients.add_screening"):
        return
    if "screening_unconfirmed" in codes:
        newest = patient.screenings.order_by("-taken_at", "-id").prefetch_related("answers__rule")
        sheet.own_answers = newest.first()
    elif "rescreen_due" in codes:
        due = questions_due(patient, at=at)
        if due is not None:
            sheet.due = [_asked(rule, patient.language) for rule in due]
            sheet.asked = codes_of(due)


def codes_of(due: list[ScreeningRule]) -> str:
    return ",".join(rule.code for rule in due)


def _asked(rule: ScreeningRule, language: str) -> str:
    """In the patient's language, as far as the question has it."""
    words = {one.language: one.question for one in rule.wordings.all()}
    return words.get(language, rule.question)


def judge(session: TreatmentSession, user: User, typed: TypedChart, *, at: datetime) -> Sheet:
    """Only what the rules say of what is typed."""
    sheet = Sheet(session, typed)
    zones = zone_facts(typed.zones, of_treatment(session.protocol_version))
    known = load_facts(session, at=at, typed=typed.so_far(), zones=zones)
    sheet.findings = said_of(sheet, user, known, at=at, refused={})
    return sheet


def read_signed(session: TreatmentSession, user: User, *, at: datetime) -> Sheet:
    """Of a closed record: what the rules said then, and what was used."""
    sheet = Sheet(session, typed_chart(session, MultiValueDict()))
    sheet.findings = said_of(sheet, user, None, at=at, refused={})
    sheet.cartridges = _cartridges(session)
    zone = session.clinic.zone
    sheet.addenda = [
        {"row": row, "by": row.by, "when": date_in_words(row.at.astimezone(zone), "D j M Y, H:i")}
        for row in session.addenda.select_related("by").order_by("id")
    ]
    done = {"plan": session.plan_id, "kind": Kind.TREATMENT, "status": Status.COMPLETED}
    earlier = TreatmentSession.objects.filter(**done, starts_at__lt=session.starts_at)
    sheet.number = earlier.count() + 1
    return sheet


def _cartridges(session: TreatmentSession) -> list[CartridgeUse]:
    rows = CartridgeUse.objects.filter(session=session.leading_id).select_related("lot")
    return list(rows.order_by("id"))


def said_of(
    sheet: Sheet, user: User, known: Facts | None, *, at: datetime, refused: dict[str, str]
) -> list[Said]:
    """While it goes on, what nobody may override can be told; before, it is cleared first."""
    found = []
    for entry in assess_session(sheet.session, at=at, known=known):
        finding = entry.finding
        key = f"{finding.code}:{finding.subject}"
        may_decide = entry.is_open and user.role in finding.overridable_by
        found.append(
            Said(
                entry=entry,
                tone=TONES[finding.severity] if not _is_settled(entry) else "",
                may_decide=may_decide,
                may_tell=entry.is_open and not may_decide and sheet.is_open,
                asks=str(CredentialKind(finding.sign_off).label) if finding.sign_off else "",
                reason=sheet.typed.data.get(f"because:{key}", ""),
                refused=refused.get(key, ""),
                mend=_mend(finding.code, sheet.session, user) if entry.is_open else None,
            )
        )
    return sorted(found, key=lambda said: not said.entry.is_open)


# How the code of a finding begins, and the form that brings what is missing.
MENDS = {
    "screening_": (_("Screen the patient"), "patients", "screening"),
    "rescreen_": (_("Ask again"), "patients", "screening"),
    "consent_": (_("Take the consent"), "patients", "treatmentconsent"),
    "skin_type_": (_("Assess the skin type"), "patients", "skintypeassessment"),
}


def _mend(code: str, session: TreatmentSession, user: User) -> tuple[str, str] | None:
    for begins, (words, app, model) in MENDS.items():
        if code.startswith(begins) and user.has_perm(f"{app}.add_{model}"):
            page = reverse(f"admin:{app}_{model}_add")
            return str(words), f"{page}?{urlencode({'patient': session.patient_id})}"
    return None


def _is_settled(entry: AssessedFinding) -> bool:
    return entry.finding.severity != Severity.INFO and not entry.is_open


def _last(session: TreatmentSession) -> TreatmentSession | None:
    """The session before on this skin, from which a chart can be copied."""
    rows = TreatmentSession.objects.filter(
        patient=session.patient_id,
        area=session.area_id,
        kind=Kind.TREATMENT,
        status=Status.COMPLETED,
        starts_at__lt=session.starts_at,
    )
    return rows.select_related("clinic").order_by("-starts_at", "-id").first()


def _anaesthetics(session: TreatmentSession, *, at: datetime) -> list[Product]:
    """What can be put on now."""
    if session.status not in HERE:
        return []
    products = Product.objects.in_effect(at).filter(kind=ProductKind.ANAESTHETIC)
    return sorted(products, key=lambda product: product.name)


def _read_creams(
    sheet: Sheet, uses: list[ProductUse], known: Facts, products: list[Product], *, at: datetime
) -> None:
    session = sheet.session
    sheet.creams = [
        _cream(use, known, at=at)
        for use in uses
        if use.session_id == session.pk and use.product.kind == ProductKind.ANAESTHETIC
    ]
    if session.status not in HERE:
        return
    sheet.numbing = [{"row": product, "most": _most(product, known)} for product in products]
    typed = sheet.typed.data
    if "cream" in typed:
        sheet.cream = {name: typed.get(name, "") for name in CREAM_FIELDS}
    elif not sheet.creams:
        sheet.cream = _usual_cream(sheet)


def _usual_cream(sheet: Sheet) -> dict[str, Any]:
    """The one that the clinic has used last: so that a tap is enough."""
    known = {one["row"].pk for one in sheet.numbing}
    uses = ProductUse.objects.filter(session__clinic=sheet.session.clinic_id, product__in=known)
    last = uses.order_by("-id").first()
    if last is None:
        return {}
    grams = figure(last.grams) if last.grams else ""
    values = (str(last.product_id), last.lot, grams, last.area_cm2 or "")
    return dict(zip(CREAM_FIELDS, values, strict=True))


def _most(product: Product, known: Facts) -> str:
    fact = product_facts(product)
    most = most_grams(fact, known.weight_kg)
    whose = "" if known.weight_kg or not fact.is_weighed else gettext(", weight not known")
    return (
        gettext("at most {grams} g{whose}").format(grams=figure(most), whose=whose)
        if most
        else gettext("no most is known")
    )


def _cream(use: ProductUse, known: Facts, *, at: datetime) -> dict[str, Any]:
    """The dose worked out: each of its drugs, and what it is of the most of a day."""
    fact = product_facts(use.product, grams=use.grams)
    dose = ""
    if fact.mg:
        part = part_of_most(fact, known.weight_kg)
        share = (
            gettext(", {percent} % of the most for a day").format(
                percent=(part * 100).quantize(Decimal(1))
            )
            if part
            else ""
        )
        drugs = in_words(fact.mg_by_drug, known.weight_kg)
        dose = gettext("{grams} g are {drugs}{share}").format(
            grams=figure(fact.grams or Decimal(0)), drugs=drugs, share=share
        )
    return {"row": use, "minutes": use.minutes_on(at=at), "dose": dose}
