"""The pages on which people open and keep their accounts: no fault that axe knows, light and dark,
and nothing that runs off a telephone."""

from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from clinic.accounts.own_address import link_for
from clinic.models import User
from tests.accounts.test_second_factor import PASSWORD, inside, key_on, send, shown
from tests.browser.test_patients_pages import CHROMIUM, RULES, RUN, RUNS_OFF, browser
from tests.browser.test_staff_pages import INSIDE, WIDTHS, whole

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium"),
]


def pages_of(user: User) -> dict[str, bytes]:
    """By name; those of nobody who is logged in begin with a slash."""
    asks, link = Client(), link_for(user, "new@clinic.example").removeprefix("http://testserver")
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    found = {
        "/ask": asks.get("/admin/password/").content,
        "/no address": asks.post("/admin/password/", {"email": "x"}).content,
        "/asked": asks.get("/admin/password/asked/").content,
        "/set": asks.get(f"/admin/password/{uid}/{token}/", follow=True).content,
        "/over": asks.get("/admin/password/x/y/").content,
        "/confirm": asks.get(link).content,
        "/confirmed": asks.post(link).content,
        "/confirm over": asks.get(link).content,
    }
    for _ in range(4):
        tried = asks.post("/admin/login/", {"username": "nobody", "password": "x"})
        found["/wrong" if tried.status_code == 200 else "/wait"] = tried.content
    client, page = inside(user), "/admin/second-factor/"
    found |= {name: client.get(f"/admin/{name}/").content for name in ("address", "log-ins")}
    found["change"] = client.get("/admin/password_change/").content
    first = client.get(page)
    found["set up"] = first.content
    found["wrong code"] = send(client, "on", "1").content
    found["codes"] = send(client, "on", shown(key_on(first), timezone.now())).content
    found["is set"] = client.get(page).content
    return found


def plain(html: bytes, *, dark: bool) -> str:
    """With its own styles, by what the browser prefers."""
    return html.decode()


def test_the_pages_of_an_account_can_be_used_by_everybody(alice: User) -> None:
    alice.set_password(PASSWORD)
    alice.email, alice.is_staff = "ada@clinic.example", True
    alice.save()
    rendered = pages_of(alice)
    faults: list[Any] = []

    with browser() as page:
        for name, html in rendered.items():
            of_staff = not name.startswith("/")
            html_of = whole if of_staff or name == "/wrong" else plain
            for dark in (False, True):
                page.emulate_media(color_scheme="dark" if dark else "light")
                page.set_content(html_of(html, dark=dark))
                for width in WIDTHS if not dark else ():
                    page.set_viewport_size({"width": width, "height": 900})
                    faults += [(name, width, fault) for fault in page.evaluate(RUNS_OFF)]
                run = INSIDE if of_staff else RUN
                faults += [(name, dark, fault) for fault in page.evaluate(run, RULES)]

    assert faults == [], "\n".join(map(str, faults))
