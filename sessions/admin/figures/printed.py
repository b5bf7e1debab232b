"""A figure on paper."""

from datetime import datetime

from django.template.loader import render_to_string


def printed(title: str, *, about: str, body: str, at: datetime) -> str:
    """The whole page; `at` is when it was made, on the clinic's clock."""
    context = {"title": title, "about": about, "body": body, "made_at": at.replace(tzinfo=None)}
    return render_to_string("sessions/admin/figures/print.html", context)
