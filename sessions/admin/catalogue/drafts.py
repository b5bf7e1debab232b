"""A new version of a protocol is looked at before it counts: by whoever types it, and by a second
person where a clinic wants two."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext

from clinic.admin.forms.clocks import clinics_of
from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.admin.saving.save import save_state
from clinic.permissions import actor
from clinic.values.zones import clock_of
from sessions import services
from sessions.admin.catalogue.changes import affected, changes
from sessions.models import ProtocolDraft, ProtocolVersion
from sessions.services.protocol_drafts import ranges_of, version_of, wants_two

PREVIEW = "_preview"  # pressed to see what saving would change
CONFIRMS = "treatment_sessions.confirm_protocol"


class LookedAtFirst:
    """Of the page of a version. It is saved as ever, read, and taken back with its transaction or
    its savepoint: so what is shown, and what is proposed, is what would be saved."""

    admin_site: Any
    model: Any

    def get_urls(self) -> list[URLPattern]:
        draft = self.admin_site.admin_view(self.draft)
        return [path("proposed/<uuid:pk>/", draft, name="protocol-draft"), *super().get_urls()]  # type: ignore[misc]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        context = dict(extra_context or {})
        if version := self.get_object(request, unquote(object_id)):  # type: ignore[attr-defined]
            waiting = ProtocolDraft.objects.filter(settled_at=None, protocol=version.protocol_id)
            context["draft"] = waiting.select_related("proposed_by").first()
            context["wants_two"] = wants_two()
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)  # type: ignore[misc]
        return answer

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        if PREVIEW in request.POST:
            request.in_force = _in_force(obj.protocol_id)
        elif wants_two():
            request.before = obj.pk, transaction.savepoint()
        super().save_model(request, obj, form, change)  # type: ignore[misc]

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        if PREVIEW in request.POST:
            request.preview = self._preview(request, request.in_force, form.instance)
        elif hasattr(request, "before"):
            self._propose(request, form)

    def is_taken_back(self, request: Any) -> bool:
        return hasattr(request, "preview") or hasattr(request, "proposed")

    def _preview(self, request: HttpRequest, now: Any, then: Any) -> HttpResponse:
        ranges = list(then.zone_ranges.select_related("zone").order_by("zone__name"))
        context = _compared(request, now, then, ranges)
        return TemplateResponse(request, "sessions/admin/protocols/changes.html", context).render()

    def _propose(self, request: Any, form: Any) -> None:
        version, (former, savepoint) = form.instance, request.before
        ranges = list(version.zone_ranges.all())
        transaction.savepoint_rollback(savepoint)
        request.proposed = services.propose_version(
            version=version,
            ranges=ranges,
            effective_from=form.cleaned_data["in_force_from"],
            at=timezone.now(),
            by=actor(request),
        )
        version.pk = former

    def log_addition(self, request: Any, obj: Any, message: Any) -> Any:
        return None if self.is_taken_back(request) else super().log_addition(request, obj, message)  # type: ignore[misc]

    def log_change(self, request: Any, obj: Any, message: Any) -> Any:
        return None if self.is_taken_back(request) else super().log_change(request, obj, message)  # type: ignore[misc]

    def address_of(self, request: Any, row: Any) -> str:
        if isinstance(row, ProtocolDraft):
            return reverse("admin:protocol-draft", args=[row.pk])
        return str(super().address_of(request, row))  # type: ignore[misc]

    def response_add(self, request: HttpRequest, obj: Any, *args: Any, **kwargs: Any) -> Any:
        return self._instead(request) or super().response_add(request, obj, *args, **kwargs)  # type: ignore[misc]

    def response_change(self, request: HttpRequest, obj: Any) -> Any:
        return self._instead(request) or super().response_change(request, obj)  # type: ignore[misc]

    def _instead(self, request: Any) -> HttpResponse | None:
        """Of a look the answer, and SavesOnce takes all of it back, for it hears of no row; of what
        is proposed the page on which somebody else confirms it."""
        if hasattr(request, "proposed"):
            save_state(request).saved = request.proposed
            messages.success(
                request, gettext("Proposed. It counts once somebody else has confirmed it.")
            )
            return HttpResponseRedirect(self.address_of(request, request.proposed))
        preview: HttpResponse | None = getattr(request, "preview", None)
        return preview

    def draft(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """What is proposed; a POST confirms or discards it."""
        user, at = actor(request), timezone.now()
        if not user.has_perm(CONFIRMS):
            raise PermissionDenied
        rows = ProtocolDraft.objects.select_related("protocol", "proposed_by", "settled_by")
        draft = rows.filter(pk=pk).first()
        if draft is None:
            raise Http404
        if request.method == "POST":
            do = services.confirm_version if "confirm" in request.POST else services.discard_version
            try:
                do(draft_id=draft.pk, at=at, by=user)
                done = (
                    gettext("It is confirmed.")
                    if "confirm" in request.POST
                    else gettext("It is discarded.")
                )
                messages.success(request, done)
            except REFUSED as error:
                for _, message in refusals(error):
                    messages.error(request, message)
            return HttpResponseRedirect(request.path)
        return TemplateResponse(
            request, "sessions/admin/protocols/draft.html", self._draft_context(request, draft)
        )

    def _draft_context(self, request: HttpRequest, draft: ProtocolDraft) -> dict[str, Any]:
        user, at = actor(request), timezone.now()
        here = clinics_of(user)
        zone = here[0].zone if here else timezone.get_default_timezone()
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("New numbers: {protocol}").format(protocol=draft.protocol),
            "draft": draft,
            "proposed": draft.proposed_at.astimezone(zone),
            "settled": draft.settled_at and draft.settled_at.astimezone(zone),
            "starts": draft.effective_from and draft.effective_from.astimezone(zone),
            "clock": clock_of(zone),
            "is_own": draft.proposed_by_id == user.pk,
        }
        if draft.settled_at is None:
            now, then = _in_force(draft.protocol_id), version_of(draft, at=at)
            context |= _compared(request, now, then, ranges_of(draft))
        return context


def _in_force(protocol_id: Any) -> ProtocolVersion | None:
    in_force = ProtocolVersion.objects.in_effect(timezone.now())
    return in_force.filter(protocol=protocol_id).first()


def _compared(request: HttpRequest, now: Any, then: Any, ranges: Any) -> dict[str, Any]:
    before = now.zone_ranges.select_related("zone").order_by("zone__name") if now else ()
    return {
        "changes": changes(now, then, ranges_now=before, ranges_then=ranges),
        "now": now,
        "affected": affected(then, user=actor(request), at=timezone.now()),
        "days": then.hard_min_days,
    }
