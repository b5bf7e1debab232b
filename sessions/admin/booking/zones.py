"""A clinic's zone, in the admin: changed once somebody has read what then moves."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from clinic.admin.saving.save import save_state
from clinic.errors import Conflict
from clinic.models import Clinic
from clinic.values.zones import clock_of
from sessions.admin.booking import retire as _retiring  # noqa: F401  registers the page of clinics
from sessions.scheduling.ahead import upcoming_sessions

UNDERSTOOD = "_zone_understood"


class TimesMove(Conflict):
    """The clinic's zone changes, and with it every time that is shown."""

    code = "times_move"
    title = gettext_noop("Every shown time moves")


class AsksAboutTheZone:
    """The page of a clinic, with the question in front of another zone."""

    def save_model(self, request: HttpRequest, obj: Clinic, form: Any, change: bool) -> None:
        if change and "time_zone" in form.changed_data and UNDERSTOOD not in request.POST:
            raise _times_move(obj, old=ZoneInfo(form.initial["time_zone"]))
        super().save_model(request, obj, form, change)  # type: ignore[misc]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """With the box to tick, which stays ticked if something else is refused after it."""
        ticked = UNDERSTOOD in request.POST
        if ticked or isinstance(save_state(request).error, TimesMove):
            context["zone_template"] = "sessions/admin/zone.html"
            context["zone_understood"] = ticked
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]


def _times_move(clinic: Clinic, old: ZoneInfo) -> TimesMove:
    ahead = (
        upcoming_sessions(timezone.now()).filter(clinic=clinic).values_list("starts_at", flat=True)
    )
    moved = sum(
        at.astimezone(old).utcoffset() != at.astimezone(clinic.zone).utcoffset() for at in ahead
    )
    sessions = "1 session" if moved == 1 else gettext("{moved} sessions").format(moved=moved)
    return TimesMove(
        gettext(
            "From {before} to {after} every shown time moves: {sessions} ahead will "
            "be shown at another time than the patient was told. Opening and working hours "
            "stay as they are written, and are on the new clock. Tick that you have "
            "understood, and save once more."
        ).format(before=clock_of(old), after=clock_of(clinic.zone), sessions=sessions),
        field="time_zone",
    )


_page = type(admin.site.get_model_admin(Clinic))
admin.site.unregister(Clinic)
admin.site.register(Clinic, type(_page.__name__, (AsksAboutTheZone, _page), {}))
