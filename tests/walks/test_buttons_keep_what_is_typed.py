"""No button of the admin drops what was typed: it is stored, or it stands on the page that says why
not. Buttons and fields are read from the pages, for every row and every role that may change it."""

from functools import cache
from typing import Any

import pytest
from django import forms
from django.db import transaction

from tests.support.forms import Fields, buttons_of, fields_of
from tests.walks.test_admin_walk import address, allowed, browser, staff

pytestmark = pytest.mark.django_db

TYPED = "typed before the button"


def typable(page: Any) -> Fields:
    """What somebody would type into each field for text of the form that a page shows; where it
    does not fit, the page says so, and keeps it."""
    fields = page.context["adminform"].form.fields.items()
    texts = {
        name: field
        for name, field in fields
        if isinstance(field, forms.CharField) and not field.disabled
    }
    return {name: TYPED[: field.max_length] for name, field in texts.items()}


def is_kept(row: Any, answer: Any, typed: Fields) -> list[str]:
    """The names of what was typed and is neither stored nor on the page any more."""
    if answer.status_code == 200:
        again = fields_of(answer)
        return [name for name, value in typed.items() if again.get(name) != value]
    stored = type(row)._default_manager.filter(pk=row.pk).first()
    newest = type(row)._default_manager.order_by("-pk").first()
    return [
        name
        for name, value in typed.items()
        if value not in (getattr(stored, name, None), getattr(newest, name, None))
    ]


def test_what_is_typed_is_stored_or_stays(rows: list[Any]) -> None:
    dropped, tried = [], 0
    people, clients = staff(rows[0]), cache(browser)
    for row in rows:
        for user in allowed(people, type(row), "change"):
            client, page = clients(user), address(row, "change")
            opened = client.get(page)
            if opened.status_code != 200 or not opened.context["has_change_permission"]:
                continue
            texts, fields = typable(opened), fields_of(opened)
            for button in buttons_of(opened):
                with transaction.atomic():
                    answer = client.post(page, {**fields, **texts, button: "1"})
                    tried += len(texts)
                    if lost := is_kept(row, answer, texts):
                        dropped.append((row._meta.label, user.role, button, lost))
                    transaction.set_rollback(True)
    assert tried > 200
    assert not dropped, dropped
