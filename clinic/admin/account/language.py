"""The language of one's own pages, chosen in the menu behind one's own name."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from clinic.models import User
from clinic.permissions import actor


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Back to the page where it was chosen. What is not offered changes nothing."""
    code = request.POST.get("language", "")
    if code in dict(settings.LANGUAGES):
        User.objects.filter(pk=actor(request).pk).update(language=code)
    return redirect(_page_before(request))


def _page_before(request: HttpRequest) -> str:
    came_from = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(came_from, {request.get_host()}):
        page = urlsplit(came_from)
        return page._replace(scheme="", netloc="").geturl() or reverse("admin:index")
    return reverse("admin:index")
