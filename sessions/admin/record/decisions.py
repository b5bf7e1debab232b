"""The open warnings of a session in its form: each is decided by itself, with its own reason.

A warning is known by its code and subject. What the form has shown of it is sent along: if it says
something else by the time it is decided, because the chart was changed in the same form or by
somebody else, it is not decided. One that only arose from what is typed in the form, and for which
the form was refused, is there on the page that says so.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_noop
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from clinic.admin.forms.fields import DateField
from clinic.admin.saving.save import save_state
from clinic.errors import DomainError
from clinic.models import CredentialKind
from clinic.permissions import actor
from sessions import services
from sessions.models import TreatmentSession
from sessions.safety.assessment import assess_session

TICK, REASON, SHOWN = "go_on", "because", "shown"
NAME, DAY = "signed_off_by", "signed_off_on"


class ChangedSince(DomainError):
    code = "finding_changed"
    title = gettext_noop("The warning says something else now")


class Warned(NamedTuple):
    """An open warning that the caller may decide."""

    code: str
    subject: str
    message: str
    sign_off: str = ""  # the credential that whoever decides holds, or names

    def name(self, part: str) -> str:
        return f"{part}:{self.code}:{self.subject}"


def warnings_for(request: HttpRequest, session: TreatmentSession) -> list[Warned]:
    """Those that stand in the form: read once for each time that the form is made."""
    error: Any = save_state(request).error
    known = getattr(request, "open_warnings", None)
    if known and known[0] is error:
        return known[1]  # type: ignore[no-any-return]
    role = actor(request).role
    loaded = TreatmentSession.objects.with_record().get(pk=session.pk)
    found = {
        (entry.finding.code, entry.finding.subject): (entry.finding.message, entry.finding.sign_off)
        for entry in assess_session(loaded, at=timezone.now())
        if entry.is_open and role in entry.finding.overridable_by
    }
    for told in getattr(error, "extra", {}).get("findings", []):
        if role in told["overridable_by"]:
            found[told["code"], told["subject"]] = told["message"], told["sign_off"]
    for name, message in request.POST.dict().items():
        part, _, key = name.partition(":")
        if part == SHOWN and tuple(key.split(":", 1)) not in found:
            code, _, subject = key.partition(":")
            found[code, subject] = message, ""
    listed = [Warned(*key, *says) for key, says in found.items()]
    request.open_warnings = error, listed  # type: ignore[attr-defined]
    return listed


def rows_of(warned: Iterable[Warned]) -> list[Any]:
    """The fields in the order of the page: what it says beside why to go on."""
    return [tuple(one.name(part) for part in _parts(one)) for one in warned]


def _parts(one: Warned) -> tuple[str, ...]:
    return (TICK, REASON, NAME, DAY) if one.sign_off else (TICK, REASON)


def fields_of(warned: Iterable[Warned]) -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {}
    for one in warned:
        fields[one.name(TICK)] = forms.BooleanField(
            label=one.message, required=False, widget=_Tick(one)
        )
        fields[one.name(REASON)] = forms.CharField(
            label=gettext("Go on in spite of it, because"),
            required=False,
            max_length=500,
            widget=UnfoldAdminTextInputWidget,
        )
        if one.sign_off:
            who = CredentialKind(one.sign_off).label
            fields[one.name(NAME)] = forms.CharField(
                label=gettext("{who} who signs off").format(who=who),
                help_text=gettext("Leave it empty if you are one yourself."),
                required=False,
                max_length=120,
                widget=UnfoldAdminTextInputWidget,
            )
            fields[one.name(DAY)] = DateField(label=gettext("Signed off on"), required=False)
    return fields


class _Tick(UnfoldBooleanWidget):
    """A box to tick that sends along what the page says of the warning now."""

    def __init__(self, one: Warned) -> None:
        super().__init__()
        self.shown = format_html(
            '<input type="hidden" name="{}" value="{}">', one.name(SHOWN), one.message
        )

    def render(self, *args: Any, **kwargs: Any) -> Any:
        return super().render(*args, **kwargs) + self.shown


def check(form: forms.Form | Any, warned: Iterable[Warned]) -> None:
    """A tick needs a reason, and a reason a tick."""
    for one in warned:
        tick, reason = (form.cleaned_data.get(one.name(part)) for part in (TICK, REASON))
        if tick and not reason:
            form.add_error(one.name(REASON), gettext("Say why; it is recorded with your name."))
        if reason and not tick:
            form.add_error(one.name(TICK), gettext("Tick it as well, or take the reason out."))


def decide(request: HttpRequest, form: Any, warned: Iterable[Warned]) -> None:
    """Override what was ticked, and nothing else. Refusals name the field."""
    at, by = timezone.now(), actor(request)
    ticked = [one for one in warned if form.cleaned_data.get(one.name(TICK))]
    if not ticked:
        return
    loaded = TreatmentSession.objects.with_record().get(pk=form.instance.pk)
    now = {
        (entry.finding.code, entry.finding.subject): entry.finding
        for entry in assess_session(loaded, at=at)
    }
    for one in ticked:
        finding = now.get((one.code, one.subject))
        if finding is None or finding.message != request.POST.get(one.name(SHOWN)):
            says = finding.message if finding else gettext("it is no warning any more.")
            raise ChangedSince(
                gettext("This says something else now: {says}").format(says=says),
                field=one.name(TICK),
                findings=[finding.as_dict()] if finding else [],
            )
        try:
            services.override_finding(
                session_id=form.instance.pk,
                code=one.code,
                subject=one.subject,
                reason=form.cleaned_data[one.name(REASON)],
                signed_off_by=form.cleaned_data.get(one.name(NAME)) or "",
                signed_off_on=form.cleaned_data.get(one.name(DAY)),
                at=at,
                by=by,
            )
        except DomainError as error:
            at_field = one.name(error.field or REASON)
            error.field = at_field if at_field in form.fields else one.name(REASON)
            raise
