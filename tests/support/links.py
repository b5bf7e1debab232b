"""Where the links of a page of the admin lead."""

import re
from typing import Any

from django.urls import resolve

LINK = re.compile(r'href="(/admin/[^"?#]*)')


def closed_links(page: Any) -> list[str]:
    """Those that lead whoever reads the page to a refusal."""
    found = set(LINK.findall(page.content.decode()))
    return [
        f"a link to {one}, which is closed" for one in sorted(found) if is_closed(one, page=page)
    ]


def is_closed(link: str, *, page: Any) -> bool:
    found = resolve(link)
    of_model, name = getattr(found.func, "model_admin", None), found.url_name or ""
    if of_model is None:
        return False
    verb = next((one for one in ("add", "delete") if name.endswith(f"_{one}")), "view")
    return not getattr(of_model, f"has_{verb}_permission")(page.wsgi_request)
