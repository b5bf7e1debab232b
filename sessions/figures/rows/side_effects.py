"""Sessions in which something was needled, what was used in them, and whether it did harm."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext

from sessions.figures.cuts import depth_band, skin_group
from sessions.figures.rows.scope import Scope, deepest
from sessions.figures.side_effects import Group, Grouping, Treated, Use, Used
from sessions.lifecycle import SIGNED
from sessions.models import CartridgeUse, ProductUse, SideEffect, TreatmentSession


@dataclass(frozen=True)
class Events:
    """Which side effects count; all where nothing is said."""

    kind: str | None = None
    min_grade: int = 1
    is_expected: bool | None = None

    def exist(self, session: str) -> Exists:
        asked = {"kind": self.kind, "is_expected": self.is_expected}
        known = {name: value for name, value in asked.items() if value is not None}
        rows = SideEffect.objects.filter(session=OuterRef(session), **known)
        return Exists(rows.filter(grade__gte=self.min_grade))


def treated(scope: Scope, events: Events, grouping: Grouping) -> list[Treated]:
    """The signed sessions in which something was needled, in their groups; by lot, in each lot."""
    if grouping == Grouping.LOT:
        return _by_lot(scope, events)
    rows = needled(scope).annotate(has_event=events.exist("pk")).order_by()
    version = (
        "protocol_version_id",
        "protocol_version__protocol__name",
        "protocol_version__version",
    )
    found = []
    for pk, deep, skin, has_event, version_id, name, number in rows.values_list(
        "pk", "deepest", "patient__skin_type", "has_event", *version
    ):
        if grouping == Grouping.PROTOCOL_VERSION:
            group = Group(
                str(version_id),
                gettext("{name}, version {number}").format(name=name, number=number),
            )
        else:
            cut = depth_band(deep) if grouping == Grouping.DEPTH_BAND else skin_group(skin)
            group = Group(cut.value, str(cut.label), list(type(cut)).index(cut))
        found.append(Treated(pk, group, has_event))
    return found


def needled(scope: Scope) -> QuerySet[TreatmentSession]:
    rows = TreatmentSession.objects.filter(scope.condition(), status__in=SIGNED)
    return rows.annotate(deepest=deepest("pk")).filter(deepest__isnull=False)


def with_event(scope: Scope, events: Events) -> dict[UUID, bool]:
    """The needled sessions, and whether a side effect followed."""
    rows = needled(scope).annotate(has_event=events.exist("pk")).order_by()
    return dict(rows.values_list("pk", "has_event"))


def _by_lot(scope: Scope, events: Events) -> list[Treated]:
    rows = (
        CartridgeUse.objects.filter(session__in=needled(scope).values("pk"))
        .annotate(has_event=events.exist("session"))
        .order_by()
    )
    names = ("lot_id", "lot__device_model__name", "lot__lot")
    return [
        Treated(
            session_id,
            Group(str(lot_id), gettext("{model}, lot {lot}").format(model=model, lot=lot)),
            has_event,
        )
        for session_id, has_event, lot_id, model, lot in rows.values_list(
            "session_id", "has_event", *names
        )
    ]


def uses(scope: Scope) -> list[Use]:
    """Of cartridges by lot, and of products by themselves and by lot: two statements."""
    of_scope = Q(session__in=needled(scope).values("pk"))
    found = [
        Use(
            Used.CARTRIDGE_LOT,
            Group(str(lot_id), gettext("{model}, lot {lot}").format(model=model, lot=lot)),
            session_id,
        )
        for session_id, lot_id, model, lot in CartridgeUse.objects.filter(of_scope).values_list(
            "session_id", "lot_id", "lot__device_model__name", "lot__lot"
        )
    ]
    for session_id, code, name, lot in ProductUse.objects.filter(of_scope).values_list(
        "session_id", "product__code", "product__name", "lot"
    ):
        found.append(Use(Used.PRODUCT, Group(code, name), session_id))
        if lot:
            lot_of = Group(f"{code}:{lot}", gettext("{name}, lot {lot}").format(name=name, lot=lot))
            found.append(Use(Used.PRODUCT_LOT, lot_of, session_id))
    return found
