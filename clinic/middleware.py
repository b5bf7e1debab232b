"""What happens around every request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from clinic.models import User

Handler = Callable[[HttpRequest], HttpResponse]


def clinic_time(get_response: Handler) -> Handler:
    """In the admin, times are typed and shown on the wall clock of the caller's (first) clinic.

    The API is left alone: its instants carry their offset.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        user = request.user
        clinic = user.clinics.order_by("name").first() if isinstance(user, User) else None
        if clinic is None:
            return get_response(request)
        with timezone.override(clinic.zone):
            return get_response(request)

    return handle
