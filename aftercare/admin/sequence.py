"""The steps of the sequence, in the admin: as a timeline, and with what a change would do."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aftercare.models import Anchor, CareStep, MessageTemplate
from aftercare.planning import gradual
from aftercare.planning import plan as planning
from aftercare.planning.plan import Replan
from clinic.admin import ClinicAdmin, ReadOnlyInline
from clinic.admin.words import IN_USE, names_listed
from clinic.permissions import actor
from patients.models import Channel, SkinType
from sessions.models import Kind

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

CONFIRMED = "_replan_confirmed"
USUAL_WINDOW = timedelta(days=28)  # where the timeline puts what counts from a protocol's own


class MessageTemplateInline(ReadOnlyInline):
    model = MessageTemplate
    fields = ["channel", "language", "version", "subject", "body"]
    readonly_fields = fields
    ordering = ["channel", "language", "-version"]


@admin.register(CareStep)
class CareStepAdmin(ClinicAdmin):
    """Saving a step re-plans what is waiting; if that changes anything, it is told first."""

    list_display = ["name", "protocol", "anchor", "when", "channel_policy", IN_USE]
    list_filter = ["anchor", "is_active", "protocol"]
    list_select_related = ["protocol"]
    list_before_template = "aftercare/admin/timeline.html"
    search_fields = ["name", "code"]
    ordering = ["anchor", "offset"]
    fieldsets = [
        (None, {"fields": ["name", "code", "protocol", "is_active"]}),
        (_("When"), {"fields": ["anchor", "offset", "at_time", "from_next_window", "useful_for"]}),
        (_("How"), {"fields": ["channel_policy", "purpose", "is_safety"]}),
        (
            _("For whom"),
            {
                "fields": [
                    "kinds",
                    "skin_types",
                    "zones",
                    "anaesthetic_used",
                    "next_session_booked",
                    "asks_for",
                ]
            },
        ),
    ]

    @display(description=_("when"), ordering="offset")
    def when(self, step: CareStep) -> str:
        return in_words(step)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = ["code", "protocol"] if obj else []  # what waits is found by them
        return [*fixed, "planned_anew"]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = super().get_fieldsets(request, obj)
        if obj is None or not hasattr(obj, "replan"):
            return shown
        return [*shown, (gettext("Its last change"), {"fields": ["planned_anew"]})]

    @display(description=_("planned anew"))
    def planned_anew(self, step: CareStep) -> str:
        """How far a change has come that a worker carries out."""
        replan = step.replan
        so_far = Replan(replan.moved, replan.cancelled, replan.new)
        if replan.ended_at:
            return gettext("{looked_at} visits: {became}.").format(
                looked_at=format(replan.looked_at, ","), became=replan_words(so_far)
            )
        return gettext("{looked_at} of about {total} visits so far: {became}.").format(
            looked_at=format(replan.looked_at, ","),
            total=format(replan.total, ","),
            became=replan_words(so_far),
        )

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [MessageTemplateInline] if obj else []  # a new step has no texts yet

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        steps = CareStep.objects.filter(protocol=None, is_active=True)
        answer: HttpResponse = super().changelist_view(
            request, {"timeline": timeline(list(steps)), **(extra_context or {})}
        )
        return answer

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        if request.method == "POST" and CONFIRMED not in request.POST:
            change = self._change_of_plans(request, object_id)
            if change:
                return self._ask(request, *change)
        answer: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        return answer

    def _change_of_plans(
        self, request: HttpRequest, object_id: str | None
    ) -> tuple[CareStep, str] | None:
        """What saving the form would change, in words; None for nothing, and for what cannot be
        saved."""
        step = self.get_object(request, object_id) if object_id else None
        may = self.has_change_permission if object_id else self.has_add_permission
        if (object_id and step is None) or not may(request):
            return None
        form = self.get_form(request, step, change=step is not None)(request.POST, instance=step)
        if not form.is_valid():
            return None
        now = timezone.now()
        if (many := gradual.how_many(form.instance, at=now)) > gradual.AT_ONCE:
            words = gettext(
                "{many} visits are planned anew, which takes a worker some minutes"
            ).format(many=format(many, ","))
            return (form.instance, words) if _changes_plans(form) else None
        result = planning.replan(form.instance, at=now, dry_run=True)
        return (form.instance, replan_words(result)) if result else None

    def _ask(self, request: HttpRequest, step: CareStep, changes: str) -> HttpResponse:
        posted = [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name != "csrfmiddlewaretoken"
        ]
        return TemplateResponse(
            request,
            "aftercare/admin/replan.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": gettext("This changes what is waiting"),
                "step": step,
                "changes": changes,
                "posted": posted,
                "confirmed": CONFIRMED,
            },
        )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """In the transaction of the change: the step and what waits for it agree. A worker goes
        through very many."""
        super().save_related(request, form, formsets, change)
        step, now = form.instance, timezone.now()
        if (many := gradual.how_many(step, at=now)) > gradual.AT_ONCE:
            if not _changes_plans(form):
                return
            gradual.begin_replan(step=step, total=many, at=now, by=actor(request))
            messages.info(
                request,
                gettext("{many} visits are being planned anew: see below how far.").format(
                    many=format(many, ",")
                ),
            )
        elif result := planning.replan(step, at=now):
            messages.info(
                request,
                gettext("Re-planned: {became}.").format(became=replan_words(result)),
            )


def _changes_plans(form: Any) -> bool:
    return bool(set(form.changed_data) - {"name"})


def replan_words(result: Replan) -> str:
    """“12 messages move, 3 are cancelled, 4 are new”."""
    moved, cancelled, new = result.moved, result.cancelled, result.new
    firsts = [
        (moved, ngettext("{n} message moves", "{n} messages move", moved)),
        (cancelled, ngettext("{n} message is cancelled", "{n} messages are cancelled", cancelled)),
        (new, ngettext("{n} message is new", "{n} messages are new", new)),
    ]
    others = [
        (moved, ngettext("{n} moves", "{n} move", moved)),
        (cancelled, ngettext("{n} is cancelled", "{n} are cancelled", cancelled)),
        (new, ngettext("{n} is new", "{n} are new", new)),
    ]
    begin = next((number for number, (n, _words) in enumerate(firsts) if n), 0)
    told = [firsts[begin], *((n, words) for n, words in others[begin + 1 :] if n)]
    return ", ".join(words.format(n=n) for n, words in told)


@dataclass(frozen=True)
class TimelineMark:
    """A step on the timeline."""

    step: CareStep
    when: str
    conditions: list[str]
    channels: list[str]
    has_fallback: bool


@dataclass(frozen=True)
class TimelineStretch:
    """The steps that are counted from one moment, in the order of time."""

    title: "StrOrPromise"
    marks: list[TimelineMark]


def timeline(steps: list[CareStep]) -> list[TimelineStretch]:
    """The sequence as a patient lives through it."""
    stretches = []
    for anchor in Anchor:
        here = [step for step in steps if step.anchor == anchor]
        here.sort(key=lambda step: step.offset + USUAL_WINDOW * step.from_next_window)
        if here:
            stretches.append(TimelineStretch(anchor.label, [_mark(step) for step in here]))
    return stretches


def _mark(step: CareStep) -> TimelineMark:
    conditions = []
    if step.kinds != [Kind.TREATMENT]:
        conditions.append(", ".join(Kind(kind).label.lower() for kind in step.kinds))
    if step.skin_types:
        conditions.append(
            gettext("skin type ") + ", ".join(SkinType(t).label for t in step.skin_types)
        )
    if step.zones:
        conditions.append(names_listed("zones", step.zones))
    if step.anaesthetic_used is not None:
        conditions.append("numbed" if step.anaesthetic_used else gettext("not numbed"))
    if step.next_session_booked is not None:
        conditions.append(
            gettext("next one booked") if step.next_session_booked else gettext("none booked")
        )
    if step.asks_for:
        conditions.append(gettext("until that visit is booked"))
    return TimelineMark(
        step=step,
        when=in_words(step),
        conditions=conditions,
        channels=["mail" if c == Channel.EMAIL else "sms" for c in step.channels],
        has_fallback=step.has_fallback,
    )


def in_words(step: CareStep) -> str:
    """“−48 h”, “+3 d”, “+3 d, 08:30”, “at once”, “window −1 d”."""
    hours = round(step.offset.total_seconds() / 3600)
    sign = "−" if hours < 0 else "+"
    days, rest = divmod(abs(hours), 24)
    amount = f"{days} d" if not rest and days > 2 else f"{abs(hours)} h"
    if step.from_next_window:  # the protocol's own, so days say more than hours
        amount = f"{days} d" if not rest else amount
        return (
            gettext("window opens")
            if not hours
            else gettext("window {sign}{amount}").format(sign=sign, amount=amount)
        )
    if step.at_time:
        return f"{sign}{amount}, {step.at_time:%H:%M}"
    return gettext("at once") if not hours else f"{sign}{amount}"
