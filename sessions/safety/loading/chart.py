"""What was done to the skin, and what was put on it: the facts, from the database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import FilteredRelation, OuterRef, Q, Subquery, prefetch_related_objects
from django.utils.translation import gettext

from clinic.values.wallclock import day_bounds
from patients.models import Zone
from sessions.models import (
    MIN_DEPTH_MM,
    Product,
    ProductDrug,
    ProductUse,
    ProtocolVersion,
    TreatmentSession,
    ZoneLimit,
    ZoneRange,
    ZoneTreatment,
    of_treatment,
)
from sessions.safety import facts
from sessions.safety.facts import Limit


@dataclass(frozen=True)
class Typed:
    """What stands in a form and is not written yet, to be looked at as if it were."""

    zones: Sequence[ZoneTreatment]
    sharps_disposed: bool


def treated_zones(
    session: TreatmentSession,
    at: datetime,
    typed: Typed | None = None,
    zones: Mapping[str, facts.Zone] | None = None,
) -> tuple[facts.TreatedZone, ...]:
    """`zones` are the facts of all that can be treated, where they are loaded already."""
    rows = session.zone_treatments.select_related("zone").order_by("id")
    charted = list(typed.zones if typed else rows)
    version = of_treatment(session.protocol_version)
    if zones is None:
        known = zones_in_effect(version, at).filter(pk__in={entry.zone_id for entry in charted})
        zones = zone_facts(known, version)
    return tuple(
        facts.TreatedZone(
            zone=zones[treatment.zone.code],
            depth_mm=treatment.depth_mm,
            passes=treatment.passes,
            endpoint=treatment.endpoint,
        )
        for treatment in charted
    )


def zones_in_effect(version: ProtocolVersion, at: datetime) -> Any:
    """With what each of them takes, at all and by the protocol: for `zone_facts`."""
    ranges = ZoneRange.objects.filter(protocol_version=version, zone=OuterRef("pk"))
    return (
        Zone.objects.annotate(
            own_limit=FilteredRelation("limits", condition=Q(limits__effective_from__lte=at)),
            depth_min_mm=Subquery(ranges.values("depth_min_mm")),
            depth_max_mm=Subquery(ranges.values("depth_max_mm")),
        )
        .select_related("own_limit")  # type: ignore[misc]
        .order_by("pk", "-own_limit__effective_from", "-own_limit__version")
        .distinct("pk")
    )


def zone_facts(zones: Iterable[Any], version: ProtocolVersion) -> dict[str, facts.Zone]:
    """By code, of `zones_in_effect`."""
    return {zone.code: _zone(zone, version) for zone in zones}


def _zone(zone: Any, version: ProtocolVersion) -> facts.Zone:
    limit: ZoneLimit | None = getattr(zone, "own_limit", None)
    usual = version if zone.depth_max_mm is None else zone
    missing = gettext("no limit is recorded for {zone}").format(zone=zone)
    cap = Limit(missing, MIN_DEPTH_MM, MIN_DEPTH_MM, "none")
    if limit:
        name = gettext("{zone}, limit version {version}").format(zone=zone, version=limit.version)
        cap = Limit(name, limit.depth_min_mm, limit.depth_max_mm, limit.cited)
    return facts.Zone(
        code=zone.code,
        name=str(zone),
        limit=cap,
        protocol_range=Limit(str(version), usual.depth_min_mm, usual.depth_max_mm, version.cited),
        passes_max=limit.passes_max if limit else 1,
        is_blocked=limit.is_blocked if limit else False,
    )


def uses_of_the_day(
    session: TreatmentSession, products: Iterable[Product] = ()
) -> list[ProductUse]:
    """What the session, and the patient's others of that day, have put on the skin. The drugs of
    further `products` are read by the same statement."""
    begins, ends = day_bounds(session.starts_at_local.date(), session.clinic.zone)
    uses = ProductUse.objects.filter(
        session__patient=session.patient_id,
        session__starts_at__gte=begins,
        session__starts_at__lt=ends,
    )
    found = list(uses.select_related("product").order_by("id"))
    prefetch_related_objects([*products, *(use.product for use in found)], "drugs")
    return found


def product_uses(uses: Iterable[ProductUse]) -> tuple[facts.ProductUse, ...]:
    return tuple(
        product_facts(
            use.product,
            grams=use.grams,
            area_cm2=use.area_cm2,
            on_at=use.on_at,
            off_at=use.off_at,
            is_occluded=use.is_occluded,
            prescriber=use.prescriber,
            tube_label=use.tube_label,
        )
        for use in uses
    )


def product_facts(product: Product, **use: Any) -> facts.ProductUse:
    return facts.ProductUse(
        name=str(product),
        kind=product.kind,
        strength_percent=product.strength_percent,
        drugs=() if product._state.adding else tuple(map(_drug, product.named_drugs)),
        for_dermis=product.for_dermis,
        minutes_max=product.minutes_max,
        grams_per_cm2_max=product.grams_per_cm2_max,
        grams_max=product.grams_max,
        mg_per_kg_max=product.mg_per_kg_max,
        age_min=product.age_min,
        not_near_eyes=product.not_near_eyes,
        not_with=frozenset(product.not_with),
        limits_by_label=product.limits_by_label,
        may_be_occluded=product.may_be_occluded,
        source=product.cited,
        subject=product.code,
        **use,
    )


def _drug(drug: ProductDrug) -> facts.Drug:
    return facts.Drug(
        name=drug.drug.lower(),
        percent=drug.percent,
        mg_per_kg_max=drug.mg_per_kg_max,
    )
