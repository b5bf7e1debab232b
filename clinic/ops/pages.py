"""The front page, and the page that stops a guesser of passwords."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clinic.http.problems import problem


def home(request: HttpRequest) -> HttpResponse:
    """What this is, where to go, and (in the demo only) who to log in as."""
    context: dict[str, Any] = {"demo": settings.DEMO}
    if settings.DEMO:
        from clinic.demo.accounts import ACCOUNTS, PASSWORD  # production has no such package

        context |= {"accounts": ACCOUNTS, "password": PASSWORD}
    return render(request, "clinic/home.html", context)


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """After too many wrong passwords for one name from one address. The same for unknown names."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    detail = f"Too many wrong passwords. Try again in {minutes} minutes."
    if not request.path.startswith("/api/"):
        return render(request, "clinic/locked_out.html", {"detail": detail}, status=429)
    answer = problem(429, "locked_out", "Locked out", detail)
    answer["Retry-After"] = str(minutes * 60)
    return answer
