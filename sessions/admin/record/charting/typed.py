"""What is typed into a chart: its fields, what they were when it was last kept or written, and what
they say to the services."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.models import Zone
from sessions import services
from sessions.models import (
    MAX_PASSES,
    Direction,
    Endpoint,
    Side,
    TreatmentSession,
    ZoneTreatment,
)
from sessions.safety.loading.chart import Typed

SIDES = (Side.BOTH, Side.RIGHT, Side.LEFT)  # of the rows of a zone, until another is chosen
LONGEST = 10_000
SHEET = "sheet"
Data = MultiValueDict[str, str]


class DepthField(forms.DecimalField):
    def to_python(self, value: Any) -> Any:
        return super().to_python(str(value or "").replace(",", "."))


class ZoneForm(forms.Form):
    """One row: empty as long as nothing is needled there."""

    depth_mm = DepthField(
        required=False,
        max_digits=3,
        decimal_places=2,
        error_messages={"invalid": _("A depth in mm, such as 1.25.")},
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    passes = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_PASSES,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    endpoint = forms.ChoiceField(choices=Endpoint.choices)
    side = forms.ChoiceField(choices=Side.choices)
    directions = forms.MultipleChoiceField(
        required=False, choices=Direction.choices, widget=forms.CheckboxSelectMultiple
    )
    note = forms.CharField(required=False, max_length=500)

    def __init__(self, zone: Zone, number: int, data: Data) -> None:
        super().__init__(data, prefix=f"{zone.code}-{number}")
        self.zone, self.number = zone, number

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        has_depth = data.get("depth_mm") is not None or "depth_mm" in self.errors
        told = [name for name in ("passes", "note", "directions") if data.get(name)]
        if told and not has_depth:
            self.add_error("depth_mm", gettext("How deep?"))
        if has_depth and data.get("passes") is None and "passes" not in self.errors:
            self.add_error("passes", gettext("How many passes?"))
        return data

    @property
    def depth(self) -> Decimal | None:
        self.is_valid()
        found: Decimal | None = self.cleaned_data.get("depth_mm")
        return found

    @property
    def is_shown(self) -> bool:
        """A further row only where there is something in it."""
        return self.number == 0 or bool(self["depth_mm"].value())

    @property
    def is_special(self) -> bool:
        """Something is said that most rows do not say."""
        said = (self["note"].value(), self["directions"].value())
        return any(said) or (self.number == 0 and self["side"].value() != Side.BOTH)


class SheetForm(forms.Form):
    """What is said of the whole session."""

    pain_score = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=10,
        label=_("Pain, 0 none to 10 worst"),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    sharps_disposed = forms.BooleanField(
        required=False, label=_("Cartridge and other sharps are in their container")
    )
    notes = forms.CharField(
        required=False, max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3})
    )


class TypedChart:
    """The forms of all zones of a session, filled with `data`."""

    def __init__(self, zones: list[Zone], data: Data) -> None:
        self.zones, self.data = zones, data
        self.rows = [
            [ZoneForm(zone, number, data) for number in range(len(SIDES))] for zone in zones
        ]
        self.sheet = SheetForm(data, prefix=SHEET)

    @property
    def charted(self) -> list[ZoneForm]:
        """In the order in which they are written."""
        return [form for rows in self.rows for form in rows if form.depth is not None]

    @property
    def is_valid(self) -> bool:
        forms_ = [form for rows in self.rows for form in rows]
        return all([*(form.is_valid() for form in forms_), self.sheet.is_valid()])

    def chart(self) -> services.Chart:
        said = self.sheet.cleaned_data
        zones = [{"zone": form.zone, **form.cleaned_data} for form in self.charted]
        return services.Chart(
            zones=zones,  # type: ignore[arg-type]
            pain_score=said["pain_score"],
            sharps_disposed=said["sharps_disposed"],
            notes=said["notes"],
        )

    def so_far(self) -> Typed:
        """As far as it can be read: for the rules to look at before it is written."""
        zones = [
            ZoneTreatment(
                zone=form.zone,
                depth_mm=form.depth,
                passes=form.cleaned_data.get("passes") or 1,
                endpoint=form.cleaned_data.get("endpoint") or Endpoint.ERYTHEMA,
            )
            for form in self.charted
        ]
        self.sheet.is_valid()
        return Typed(zones, bool(self.sheet.cleaned_data.get("sharps_disposed")))

    def content(self) -> dict[str, list[str]]:
        """All that a draft keeps: what this form has fields for, as it was typed."""
        forms_ = [*(form for rows in self.rows for form in rows), self.sheet]
        names = [form.add_prefix(name) for form in forms_ for name in form.fields]
        kept = ((name, self.data.getlist(name)) for name in names)
        return {name: [one[:LONGEST] for one in values] for name, values in kept if any(values)}


def of_draft(content: Mapping[str, list[str]]) -> Data:
    return MultiValueDict({name: list(values) for name, values in content.items()})


def written(session: TreatmentSession, zones: Iterable[ZoneTreatment]) -> Data:
    """The chart as it stands in the record."""
    data = of_zones(zones)
    data[f"{SHEET}-notes"] = session.notes
    if session.pain_score is not None:
        data[f"{SHEET}-pain_score"] = str(session.pain_score)
    if session.sharps_disposed:
        data[f"{SHEET}-sharps_disposed"] = "on"
    return data


def of_zones(zones: Iterable[ZoneTreatment]) -> Data:
    """Zones as fields: of this session, or of the one before."""
    data: Data = MultiValueDict()
    seen: dict[str, int] = {}
    for row in zones:
        number = seen.get(row.zone.code, 0)
        seen[row.zone.code] = number + 1
        begins = f"{row.zone.code}-{number}"
        for name in ("depth_mm", "passes", "endpoint", "side", "note"):
            data[f"{begins}-{name}"] = str(getattr(row, name))
        data.setlist(f"{begins}-directions", list(row.directions))
    return data


def with_usual(data: Data, zones: Iterable[Zone], endpoint: str) -> Data:
    """What is usual, where nothing was said: both sides, and the endpoint of the protocol."""
    for zone in zones:
        for number, side in enumerate(SIDES):
            for name, value in (("endpoint", endpoint), ("side", side)):
                data.setdefault(f"{zone.code}-{number}-{name}", str(value))
    return data
