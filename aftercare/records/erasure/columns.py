"""What an erasure empties: every column of a patient's rows that holds words, and what is kept."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from aftercare.models import (
    AddressConsent,
    DeliveryReceipt,
    InboundMessage,
    Message,
    MessageAttempt,
    StaffAnswer,
)
from aftercare.records.export.tables import Model, exported_models
from patients.models import ContactConsent, Patient
from sessions.models import Photo, WaitlistEntry, WaitlistEvent

# Kept in any table: codes, keys and figures, which say nothing of who it is. A column that is not
# named here and holds words is emptied.
CODES = "a code of the catalogue or of the product"
KEPT: dict[str, str] = {
    **dict.fromkeys(
        ("time_zone", "zones", "device_models", "clauses", "home_care", "directions"), CODES
    ),
    **dict.fromkeys(("old_status", "new_status", "signs", "hosts", "fired", "concerns"), CODES),
    **dict.fromkeys(("code", "subject", "numbers", "rule", "moved", "reply_kind"), CODES),
    **dict.fromkeys(("weekdays", "offered", "pgh_label"), CODES),
    "text_sha256": "which words were signed",
    "source": "a key of the product: of a rule or a task",
    "serial": "which cartridge it was: a recall asks for it",
    "lot": "which tube it was: a recall asks for it",
    "identifiers": "which tube it was: a recall asks for it",
    "tube_label": "which tube it was: a recall asks for it",
    "worker": "a process of the product",
    "provider": "a service that messages go by",
    "provider_id": "a number of that service, and unique",
    "event_id": "a number of that service, and unique",
}
# What goes although the medical record has to stay: what is for writing to somebody.
FOR_CONTACT: set[Model] = {
    *(AddressConsent, ContactConsent, DeliveryReceipt, InboundMessage, Message, MessageAttempt),
    *(StaffAnswer, WaitlistEntry, WaitlistEvent),
}
CONTACT = {"email", "mobile"}
# Whole rows that go, and with them their files.
DELETED: set[Model] = {Photo}


def erased_models(*, keeps_record: bool) -> list[Model]:
    """With their histories; without those whose rows go as a whole."""
    found = [model for model in exported_models() if model not in DELETED]
    if not keeps_record:
        return found
    kinds = FOR_CONTACT | {Patient}
    return [model for model in found if model in kinds or of_history(model) in kinds]


def of_history(model: Model) -> Model | None:
    """Which table this is the history of."""
    if not model.__name__.endswith("History"):
        return None
    tracked: Model = model._meta.get_field("pgh_obj").related_model  # type: ignore[assignment]
    return tracked


def erased_fields(model: Model, *, keeps_record: bool = False) -> list[Any]:
    """Its columns that hold words, pictures or what somebody answered."""
    fields = [field for field in model._meta.concrete_fields if _holds_words(field)]
    if keeps_record and Patient in (model, of_history(model)):
        return [field for field in fields if field.name in CONTACT]
    return fields


def _holds_words(field: Any) -> bool:
    if field.is_relation or field.generated or field.choices or field.name in KEPT:
        return False
    kinds = (models.CharField, models.TextField, models.JSONField, models.FileField, ArrayField)
    return isinstance(field, kinds)
