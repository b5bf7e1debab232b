"""Links in what a form shows lead to pages that open for who reads it."""

import re
from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import resolve
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
# As `unfold.fields.UnfoldAdminReadonlyField` writes it, of any row that has a page.
LINK = re.compile(r'<a href="(/admin/[^"]+)" class="text-link">(.*?)</a>', re.DOTALL)


@register.filter
def opening(contents: Any, request: HttpRequest) -> Any:
    """What a field that is only read shows, without links to pages that are not of the reader's
    role: a receptionist reads the practitioner's name, and is not led to a refusal."""
    if not isinstance(contents, SafeString) or not LINK.search(contents):
        return contents
    return mark_safe(  # noqa: S308  # nothing is added
        LINK.sub(lambda link: link[0] if opens(link[1], request) else link[2], contents)
    )


def opens(page: str, request: HttpRequest) -> bool:
    """Whether the page of a row in the admin is one that `request.user` may have."""
    of_model = getattr(resolve(page).func, "model_admin", None)
    return of_model is None or bool(of_model.has_view_permission(request))
