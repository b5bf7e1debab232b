"""Everything that is clinical, with a word in each of its columns that can hold one."""

from contextlib import suppress
from typing import Any

import pgtrigger
from django.apps import apps
from django.db import IntegrityError, models, transaction

from aftercare.models import InboundMessage
from clinic.db.sight import BREAK_GLASS, permission_to_view
from clinic.models import Role, User
from patients.models import Patient, StaffTask
from sessions.models import TreatmentSession

MARK = "Canary-of-the-skin"


def clinical_models() -> list[Any]:
    manager = User(role=Role.MANAGER)
    return [
        model
        for model in apps.get_models()
        if manager.has_perm(BREAK_GLASS + permission_to_view(model))
    ]


def is_of_words(field: Any) -> bool:
    is_text = isinstance(field, models.CharField | models.TextField)
    no_words = field.choices or field.generated or field.is_relation
    return is_text and not no_words and (field.max_length or 100) >= 100


def mark_everything() -> None:
    """Past the triggers that freeze what is signed."""
    words = {
        model: [field.name for field in model._meta.concrete_fields if is_of_words(field)]
        for model in clinical_models()
    }
    words |= {Patient: ["allergies", "notes"], TreatmentSession: ["notes"]}
    for_clinicians = {"audience": "CLINICAL"}
    with pgtrigger.ignore():
        tasks = StaffTask.objects.filter(**for_clinicians)
        tasks.update(title=MARK, detail=MARK, patient=Patient.objects.order_by("pk")[0])
        InboundMessage.objects.filter(**for_clinicians).update(body=MARK)
        for model, names in words.items():
            for name in names:
                with suppress(IntegrityError), transaction.atomic():  # an address, or a code
                    model._base_manager.update(**{name: MARK})
