"""The chart of a session on one page. What is pressed is answered with the part of the page that it
changes, if a script asks for that, or with the whole page."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import (
    Exists,
    FilteredRelation,
    OuterRef,
    Prefetch,
    Q,
    prefetch_related_objects,
)
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from clinic.accounts.second_factor import has_passkeys
from clinic.admin.account.signing import why_not_signed
from clinic.admin.saving.once import SentForm, forget_messages, new_key
from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.audit.subjects import about
from clinic.db.retries import retried_transaction
from clinic.db.versions import with_state
from clinic.errors import DomainError
from clinic.permissions import actor, may_see
from clinic.values.moments import date_in_words
from clinic.values.zones import clock_of
from sessions import services
from sessions.admin.record.charting.acts import ACTS, SIGNS, Press
from sessions.admin.record.charting.sheet import (
    PARTS,
    Sheet,
    judge,
    read_sheet,
    read_signed,
    typed_chart,
)
from sessions.admin.record.charting.typed import TypedChart
from sessions.lifecycle import SIGNED, Status
from sessions.models import Kind, TreatmentSession, of_treatment
from sessions.safety.loading.chart import zones_in_effect

PART = "X-Chart"  # a script asks for a part of the page
LEADS_TO = "X-Leads-To"  # and is told where to go on
FOLDER = "sessions/admin/chart"
DONE_WITH = {"scan": ["code"], "cream-on": ["cream", "cream_lot", "cream_grams", "cream_area"]}
NEVER = (Status.CANCELLED, Status.NO_SHOW)


class ChartPages:
    """For the page of sessions: the chart of one, where it is written and where it is read."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.chart)
        name = "treatment_sessions_treatmentsession_chart"
        return [path("<uuid:pk>/chart/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def has_treat_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("treatment_sessions.treat")

    @display(description=_("chart"))
    def chart_page(self, session: TreatmentSession) -> str:
        return format_html(
            '<a class="text-primary-600 underline dark:text-primary-500" href="{}">{}</a>',
            _address(session.pk),
            gettext("Read it on one page")
            if session.status in SIGNED
            else gettext("Write it on one page"),
        )

    @about(TreatmentSession)
    def chart(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        session = _session(request, pk)
        if request.method != "POST":
            return self._chart_page(request, session)
        if request.POST.get("do") == "draft":
            return self._kept(request, session)
        return self._pressed(request, session)

    def _chart_page(
        self, request: HttpRequest, session: TreatmentSession, **more: Any
    ) -> HttpResponse:
        """Or the part of it that a press changes."""
        typed, refused = more.pop("typed", None), more.pop("refused", None)
        at, by = timezone.now(), actor(request)
        if session.status in SIGNED:
            sheet = read_signed(session, by, at=at)
        else:
            sheet = read_sheet(session, by, typed, at=at, refused=refused)
        context = {**_shown(request, sheet), **more}
        if request.headers.get(PART):
            return TemplateResponse(request, f"{FOLDER}/sheet.html", context)
        title = gettext("Chart of {patient}").format(patient=session.patient)
        site = self.admin_site.each_context(request)
        return TemplateResponse(request, f"{FOLDER}/page.html", {**site, "title": title, **context})

    def _kept(self, request: HttpRequest, session: TreatmentSession) -> HttpResponse:
        """What is typed is kept, and what the rules say of it is answered."""
        typed = typed_chart(session, request.POST.copy())
        try:
            services.keep_draft(
                session_id=session.pk,
                content=typed.content(),
                at=timezone.now(),
                by=actor(request),
            )
        except REFUSED as error:
            said = [message for _, message in refusals(error)]
            return self._chart_page(request, session, typed=typed, errors=said)
        sheet = judge(session, actor(request), typed, at=timezone.now())
        kept_at = f"{timezone.localtime(timezone=session.clinic.zone):%H:%M}"
        context = {**_shown(request, sheet), "kept_at": kept_at}
        answer = TemplateResponse(request, f"{FOLDER}/findings.html", context)
        answer["X-Part"] = "findings"
        return answer

    def _pressed(self, request: HttpRequest, session: TreatmentSession) -> HttpResponse:
        data = request.POST.copy()
        do, _, key = request.POST.get("do", "").partition(":")
        if request.POST.get("code", "").strip() and do == "save":
            do = "scan"  # the scanner has pressed Enter
        typed = typed_chart(session, data)
        press = Press(session, typed, data, timezone.now(), actor(request), key)
        if do in SIGNS:
            press.not_signed = why_not_signed(request, session.clinic, SIGNS[do].format(key=key))
        try:
            said = _once(request, do, press)
        except REFUSED as error:
            forget_messages(request)
            return self._refused(request, session, press, error)
        if press.leaves or not request.headers.get(PART):
            messages.success(request, said)
            return _lead(request, session)
        for name in DONE_WITH.get(do, ()):
            data[name] = ""
        session = _session(request, session.pk)
        typed = typed_chart(session, press.shown or data)
        return self._chart_page(request, session, typed=typed, said=said)

    def _refused(
        self, request: HttpRequest, session: TreatmentSession, press: Press, error: Exception
    ) -> HttpResponse:
        """What was typed, with what was refused at its place."""
        errors, at_finding = [], {}
        for name, message in refusals(error):
            if press.key and not name.startswith("zones/"):
                at_finding[press.key] = message
            elif not _put_at_zone(press.typed, name, message):
                errors.append(message)
        told = {"refused": at_finding, "errors": errors, "marked": True}
        return self._chart_page(
            request, session, typed=press.typed, addendum=press.value("addendum"), **told
        )


def _session(request: HttpRequest, pk: UUID) -> TreatmentSession:
    """The treatment, if the caller sees it and may treat."""
    if not request.user.has_perm("treatment_sessions.treat"):
        raise PermissionDenied
    rows = TreatmentSession.objects.visible_to(actor(request)).with_record()
    further = TreatmentSession.objects.filter(sitting=OuterRef("pk"))
    own = Q(chart_drafts__by=actor(request))
    drafted = rows.annotate(draft=FilteredRelation("chart_drafts", condition=own))
    related = drafted.select_related("practitioner", "room", "signed_by", "draft")  # type: ignore[misc]
    found = with_state(related, *PARTS).annotate(leads_others=Exists(further)).filter(pk=pk).first()
    if found is None or found.kind != Kind.TREATMENT or found.status in NEVER:
        raise Http404
    if not may_see(request.user, "treatment_sessions.treat", found.patient_id):
        raise PermissionDenied
    zones = zones_in_effect(of_treatment(found.protocol_version), timezone.now())
    prefetch_related_objects([found], Prefetch("area__zones", zones))
    return found


@retried_transaction
def _once(request: HttpRequest, do: str, press: Press) -> str:
    """What the press says that it has done. The same form sent again does nothing."""
    if do not in ACTS:
        raise DomainError(gettext("This button is not known. Nothing was done."))
    if press.session.patient.archived_at:
        raise DomainError(gettext("This record is archived: nothing is written any more."))
    sent = SentForm(request)
    if sent.spend():
        press.leaves = do in ("sign", "abort")
        return gettext("This was done already: nothing was done twice.")
    said = ACTS[do](press)
    sent.keep(HttpResponse(said))
    return said


def _lead(request: HttpRequest, session: TreatmentSession) -> HttpResponse:
    address = _address(session.pk)
    if not request.headers.get(PART):
        return HttpResponseRedirect(address)
    answer = HttpResponse()
    answer[LEADS_TO] = address
    return answer


def _address(pk: Any) -> str:
    return reverse("admin:treatment_sessions_treatmentsession_chart", args=[pk])


def _shown(request: HttpRequest, sheet: Sheet) -> dict[str, Any]:
    session, zone = sheet.session, sheet.session.clinic.zone
    shown: dict[str, Any] = {
        "sheet": sheet,
        "session": session,
        "record": session,
        "form_key": new_key(),
        "when": date_in_words(session.starts_at_local, "D j M Y, H:i"),
        "clock": clock_of(zone),
        "is_waiting": session.status in (Status.BOOKED, Status.CONFIRMED),
        "posted": request.POST,
    }
    if session.clinic.asks_who_signs and has_passkeys(actor(request)):
        shown["passkey"] = reverse("passkey-options")
    if sheet.draft:
        shown["kept"] = f"{sheet.draft.saved_at.astimezone(zone):%H:%M}"
    if sheet.last:
        shown["last_day"] = date_in_words(sheet.last.starts_at_local, "j M Y")
    if session.signed_at:
        shown["signed_when"] = date_in_words(session.signed_at.astimezone(zone), "D j M Y, H:i")
        may_add = request.user.has_perm("treatment_sessions.add_addendum")
        shown["may_add"] = may_add and session.patient.archived_at is None
        shown["treated"] = session.zone_treatments.select_related("zone").order_by("id")
    return shown


def _put_at_zone(typed: TypedChart, name: str, message: str) -> bool:
    """`zones/0/depth_mm` is the depth of the first zone that is written."""
    part, _, rest = name.partition("/")
    number, _, field = rest.partition("/")
    if part != "zones" or not number.isdigit() or int(number) >= len(typed.charted):
        return False
    form = typed.charted[int(number)]
    form.add_error(field if field in form.fields else None, message)
    return True
