"""The calendar address of a practitioner, and the file behind it."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import ClinicViewSet
from clinic.api.forms import require_no_body
from clinic.models import CalendarFeed
from clinic.permissions import actor
from sessions import ical as calendar
from sessions import services


class CalendarFeedOut(serializers.ModelSerializer[CalendarFeed]):
    class Meta:
        model = CalendarFeed
        fields = ["renewed_at"]
        read_only_fields = fields


class NewCalendarFeedOut(serializers.Serializer[Any]):
    renewed_at = serializers.DateTimeField()
    url = serializers.URLField(help_text="Told once. Whoever has it can read the calendar.")


class CalendarFeedViewSet(ClinicViewSet):
    """The caller's own bookings for the calendar program on their telephone."""

    model = CalendarFeed
    resource = "clinic.calendarfeed"
    permissions = {"destroy": "clinic.delete_calendarfeed"}
    serializer_class = CalendarFeedOut
    pagination_class = None

    names_an_object = True

    def get_queryset(self) -> QuerySet[Any]:
        return CalendarFeed.objects.filter(user=actor(self.request))

    def named(self) -> dict[str, Any]:
        return {}  # each caller has one at the most

    @extend_schema(responses=CalendarFeedOut)
    def retrieve(self, request: Request) -> Response:
        """When the address was made. The address itself is not known any more."""
        return Response(CalendarFeedOut(self.get_object()).data)

    @extend_schema(request=None, responses={201: NewCalendarFeedOut})
    def create(self, request: Request) -> Response:
        """Make a new address. An older one ends."""
        require_no_body(request)
        feed, secret = services.open_calendar(at=timezone.now(), by=actor(request))
        url = f"{settings.PUBLIC_URL}{reverse('calendar-file', args=[secret])}"
        told = {"renewed_at": feed.renewed_at, "url": url}
        return Response(NewCalendarFeedOut(told).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request) -> Response:
        """End the address."""
        require_no_body(request)
        services.close_calendar(by=actor(request), at=timezone.now())
        return Response(status=204)


@require_safe
def calendar_file(request: HttpRequest, secret: str) -> HttpResponse:
    """The bookings of the one whose secret this is. A wrong one is like any page that is not."""
    feed = CalendarFeed.objects.opened_by(secret).select_related("user").first()
    if feed is None:
        raise Http404
    return HttpResponse(
        calendar.feed(feed.user, at=timezone.now()),
        content_type="text/calendar; charset=utf-8",
        headers={"X-Robots-Tag": "noindex"},
    )
