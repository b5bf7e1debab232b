"""What is pressed on the page of a chart. Each is one service, with what was typed written first
where it belongs together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import DecimalField, IntegerField
from django.utils.translation import gettext, gettext_noop

from clinic.accounts.signing import FIELD
from clinic.admin.forms.fields import DateField
from clinic.db.versions import version_of
from clinic.errors import DomainError, VersionMismatch
from clinic.models import User
from patients import services as patients
from patients.models import ScreeningKind
from sessions import services
from sessions.admin.record.charting.sheet import PARTS, codes_of
from sessions.admin.record.charting.typed import Data, TypedChart, of_zones, written
from sessions.admin.record.decisions import ChangedSince
from sessions.lifecycle import Status
from sessions.models import Product, ProductKind, TreatmentSession, kind_of_finding
from sessions.safety.assessment import assess_session


class NotRead(DomainError):
    code = "chart_not_read"
    title = gettext_noop("Something in the chart cannot be read")


class ChangedByOthers(VersionMismatch):
    code = "chart_changed"


@dataclass
class Press:
    """One press: of which button, on what, and with what typed beside it."""

    session: TreatmentSession
    typed: TypedChart
    posted: Data
    at: datetime
    by: User
    key: str = ""  # the finding that it is about
    shown: Data | None = None  # what the form has next, if not what was typed
    leaves: bool = False  # the record is closed
    not_signed: DomainError | None = None  # why whoever presses cannot sign or decide

    def require_signer(self) -> None:
        if self.not_signed:
            raise self.not_signed

    def value(self, name: str) -> str:
        return self.posted.get(name, "").strip()

    def about(self, part: str) -> str:
        return self.value(f"{part}:{self.key}")

    @property
    def who(self) -> dict[str, Any]:
        return {"session_id": self.session.pk, "at": self.at, "by": self.by}

    def seen(self) -> None:
        """Raises ChangedByOthers if the chart is another one than when the page was made."""
        if self.value("seen") != version_of(self.session, *PARTS):
            raise ChangedByOthers(
                gettext(
                    "Not saved: somebody has changed this record since you opened it. What you "
                    "typed is still here. Press again to keep yours."
                )
            )

    def chart(self) -> services.Chart:
        if not self.typed.is_valid:
            raise NotRead(gettext("Not saved: see what is marked below."))
        return self.typed.chart()


def start(press: Press) -> str:
    services.move_session(**press.who, to=Status.IN_PROGRESS)
    return gettext("Started.")


def save(press: Press) -> str:
    services.write_typed(**press.who, chart=press.chart(), seen=press.seen)
    return gettext("The chart is saved.")


def sign(press: Press) -> str:
    press.require_signer()
    services.sign_typed(**press.who, chart=press.chart(), seen=press.seen)
    press.leaves = True
    return gettext("Signed.")


def abort(press: Press) -> str:
    """What was charted until then is signed with it."""
    press.require_signer()
    if press.session.status == Status.IN_PROGRESS:
        services.write_typed(**press.who, chart=press.chart(), seen=press.seen)
    services.abort_session(
        **press.who, why=press.value("abort_reason"), note=press.value("abort_note")
    )
    press.leaves = True
    return gettext("Aborted and signed with what was done until now.")


def decide(press: Press) -> str:
    """Go on in spite of one finding, as it reads now."""
    press.require_signer()
    _write_first(press)
    code, _, subject = press.key.partition(":")
    row = TreatmentSession.objects.with_record().get(pk=press.session.pk)
    now = {(one.finding.code, one.finding.subject): one for one in assess_session(row, at=press.at)}
    found = now.get((code, subject))
    if found is None or found.finding.message != press.about("shown"):
        says = found.finding.message if found else gettext("it is not found any more.")
        raise ChangedSince(gettext("This says something else now: {says}").format(says=says))
    if not press.about("because"):
        raise DomainError(gettext("Say why; it is recorded with your name."))
    day = press.about("signed_off_on")
    services.override_finding(
        **press.who,
        code=code,
        subject=subject,
        reason=press.about("because"),
        signed_off_by=press.about("signed_off_by"),
        signed_off_on=DateField().clean(day) if day else None,
    )
    return gettext("Decided: it is recorded with your name.")


def tell(press: Press) -> str:
    """How it came about that something happened which nobody may decide on."""
    _write_first(press)
    code, _, subject = press.key.partition(":")
    reason, done = press.about("came_about"), press.about("was_done")
    if not reason or not done:
        raise DomainError(gettext("Say how it came about, and what was done about it."))
    services.record_deviation(
        **press.who,
        kind=kind_of_finding(code),
        code=code,
        subject=subject,
        reason=reason,
        action_taken=done,
    )
    return gettext("Told: the manager gets a task.")


def _write_first(press: Press) -> None:
    """What is decided are the numbers as they are typed."""
    if press.session.status == Status.IN_PROGRESS:
        services.write_typed(**press.who, chart=press.chart(), seen=press.seen)


def scan(press: Press) -> str:
    use = services.use_cartridge(**press.who, code=press.value("code"))
    return gettext("Cartridge {serial} of lot {lot} is noted.").format(
        serial=use.serial, lot=use.lot.lot
    )


def screened(press: Press) -> str:
    """Each question that is due was read out, and every answer was no."""
    due = patients.questions_due(press.session.patient, at=press.at)
    if due is None:
        raise DomainError(gettext("A full screening is needed: take it on its own page."))
    if codes_of(due) != press.value("asked"):
        raise DomainError(gettext("Other questions are due by now: ask these."))
    patients.record_screening(
        patient_id=press.session.patient_id,
        kind=ScreeningKind.RESCREEN,
        answers=[{"rule": rule.code, "answer": False} for rule in due],
        good_health=bool(press.value("good_health")),
        expectations_discussed=bool(press.value("expectations")),
        at=press.at,
        by=press.by,
    )
    return gettext("Asked again: no to each.")


def confirm(press: Press) -> str:
    own = press.session.patient.screenings.order_by("-taken_at", "-id").first()
    if own is None or str(own.pk) != press.value("own"):
        raise DomainError(gettext("There are newer answers: look at these."))
    patients.confirm_screening(screening_id=own.pk, at=press.at, by=press.by)
    return gettext("Confirmed: it counts as a re-screening of now.")


def add(press: Press) -> str:
    """To a signed record, which itself stays as it is."""
    text = press.value("addendum")
    if not text:
        raise DomainError(gettext("Write what is to be added."))
    wish = bool(press.value("is_patients_wish"))
    services.add_addendum(**press.who, text=text, is_patients_wish=wish)
    return gettext("Added to the record.")


def cream_on(press: Press) -> str:
    try:
        cream = Product.objects.get(pk=press.value("cream"), kind=ProductKind.ANAESTHETIC)
    except (Product.DoesNotExist, ValidationError):
        raise DomainError(gettext("Choose the numbing cream.")) from None
    entry: services.ProductEntry = {
        "product": cream,
        "lot": press.value("cream_lot"),
        "grams": _number(press.value("cream_grams"), "cream_grams"),
        "area_cm2": _number(press.value("cream_area"), "cream_area", whole=True),
    }
    services.put_cream_on(**press.who, entry=entry)
    return gettext("{name} is on the skin.").format(name=cream.name)


def cream_off(press: Press) -> str:
    services.take_cream_off(**press.who)
    return gettext("The cream is off.")


def _number(text: str, name: str, *, whole: bool = False) -> Any:
    if not text:
        return None
    field = IntegerField() if whole else DecimalField(max_digits=6, decimal_places=2)
    try:
        return field.clean(text.replace(",", "."))
    except ValidationError as error:
        raise ValidationError({name: error.messages}) from None


def copy(press: Press) -> str:
    """The zones of the session before, to be changed: every limit is looked at anew."""
    row = press.session
    last = (
        TreatmentSession.objects.filter(
            patient=row.patient_id,
            area=row.area_id,
            status=Status.COMPLETED,
            starts_at__lt=row.starts_at,
        )
        .order_by("-starts_at", "-id")
        .first()
    )
    zones = last.zone_treatments.select_related("zone").order_by("id") if last else []
    data = of_zones(zones)
    for name, values in press.posted.lists():
        if name.startswith("sheet-"):
            data.setlist(name, list(values))
    press.shown = data
    content = TypedChart(press.typed.zones, data).content()
    services.keep_draft(**press.who, content=content)
    return gettext("Copied from the last session. Nothing is saved yet: check every limit.")


def discard(press: Press) -> str:
    services.drop_draft(**press.who)
    rows = press.session.zone_treatments.select_related("zone").order_by("id")
    press.shown = written(press.session, rows)
    return gettext("This is the chart as it was saved last.")


# What asks again who it is, and the field that is typed into.
SIGNS = {"sign": FIELD, "abort": f"{FIELD}:abort", "decide": f"{FIELD}:{{key}}"}
ACTS: dict[str, Callable[[Press], str]] = {
    "start": start,
    "save": save,
    "sign": sign,
    "abort": abort,
    "decide": decide,
    "tell": tell,
    "scan": scan,
    "add": add,
    "screened": screened,
    "confirm": confirm,
    "cream-on": cream_on,
    "cream-off": cream_off,
    "copy": copy,
    "discard": discard,
}
