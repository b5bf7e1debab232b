"""Names and help texts of models, and of what ships, in the language of who reads them.

Django takes the name of a field from the code where none is given. So none is marked for the
catalogue by hand, and none can be forgotten: each is translated here, as it is declared, and
`./run translations` reads them from the registry.
"""

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.models.signals import class_prepared
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext

OF_MIGRATIONS = "__fake__"
# Each text as it stands in the code, and the module of its model.
NAMES: set[tuple[str, str]] = set()


def translate_names() -> None:
    """From now on; called before any model is there."""
    class_prepared.connect(_translate, dispatch_uid="clinic.values.names")


def _translate(sender: type[models.Model], **_: Any) -> None:
    if sender.__module__ == OF_MIGRATIONS:
        return
    for owner, name in _places(sender):
        text = getattr(owner, name)
        if name == "verbose_name_plural" and name not in sender._meta.original_attrs:
            text = str(text)  # Django's: the name with an s
        if text and not isinstance(text, Promise):
            NAMES.add((text, sender.__module__))
            setattr(owner, name, gettext_lazy(text))


def _places(model: type[models.Model]) -> Iterator[tuple[Any, str]]:
    for name in ("verbose_name", "verbose_name_plural"):
        yield model._meta, name
    for field in (*model._meta.local_fields, *model._meta.local_many_to_many):
        yield field, "verbose_name"
        yield field, "help_text"


def shipped(name: str) -> str:
    """The name of a row that ships with the product (`*/catalogue/*.yaml`), for staff. A name that
    the clinic has given itself is in no catalogue, and stays."""
    return pgettext("catalogue", name)
