"""Every row about a patient, and what of it is left out and why."""

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from phonenumber_field.phonenumber import PhoneNumber

from aftercare.models import AddressConsent, LinkAccess
from clinic.audit.subjects import is_of_patients
from clinic.db.encryption import EncryptedJSONField
from clinic.db.ways import Way, every_way_to_patient
from clinic.models import AccessRecord, AccessReview
from patients.models import Channel, ImportedRow, Patient, PatientExport, PatientImport
from sessions.models import BloodExposure, ExposureStep, Photo

Model = type[models.Model]

# What is about patients and not in the file, and why.
LEFT_OUT: dict[Model, str] = {
    AccessRecord: "accesses.csv tells it in words, without the addresses of staff's computers.",
    AccessReview: "It says why an access was in order; accesses.csv tells of the access itself.",
    PatientImport: "It names a file. What stood in it about you is in your record.",
    ImportedRow: "It is emptied when the import ends. What stood in it is in your record.",
    PatientExport: "It says only that files such as this one were made.",
}
FIELDS_LEFT_OUT: dict[tuple[Model, str], str] = {
    (LinkAccess, "secret_sha256"): "It belongs to what opens your pages without a password.",
    (Photo, "thumbnail"): "The same picture, smaller.",
}
# Of an exposure to blood, whoever was exposed: of whose blood it was, it tells nothing but that.
WAYS: dict[Model, tuple[Way, ...]] = {
    BloodExposure: (("patient",),),
    ExposureStep: (("exposure", "patient"),),
}
OF_OTHERS = {
    "BloodExposure, ExposureStep": "Where somebody else was exposed, it tells of their health.",
    "other patients": "Where a row names another patient, it is empty.",
    "pgh_context": "Who changed something stands in accesses.csv.",
}


def exported_models() -> list[Model]:
    """In the order of the apps, without what is no table of ours (proxies, views)."""
    return [
        model
        for model in apps.get_models()
        if model._meta.managed
        and not model._meta.proxy
        and ways_of(model)
        and model not in LEFT_OUT
    ]


def ways_of(model: Model) -> tuple[Way, ...]:
    return WAYS.get(model) or every_way_to_patient(model)


def exported_fields(model: Model) -> list[Any]:
    """All columns but those that are left out, and those that the database works out of others."""
    return [
        field
        for field in model._meta.concrete_fields
        if not field.generated
        and (model, field.name) not in FIELDS_LEFT_OUT
        and field.name != "pgh_context"
    ]


def left_out() -> list[dict[str, str]]:
    """As the file says it."""
    told = {model.__name__: why for model, why in LEFT_OUT.items()}
    told |= {f"{model.__name__}.{name}": why for (model, name), why in FIELDS_LEFT_OUT.items()}
    return [{"what": what, "why": why} for what, why in (told | OF_OTHERS).items()]


def same_person(patient: Patient) -> list[UUID]:
    """The record, and those that were merged into it."""
    return [patient.pk, *patient.merged_from.values_list("pk", flat=True)]


def rows_of(model: Model, patient: Patient, ids: Collection[UUID]) -> models.QuerySet[Any]:
    """All rows of a table about the patient, whose records have these ids, oldest first."""
    about = Q(pk__in=[])
    for way in ways_of(model):
        about |= Q(**{f"{'__'.join((*way, 'pk')) if way else 'pk'}__in": ids})
    if model is AddressConsent:
        about |= _of_address(patient)
    named = [f.name for f in exported_fields(model) if f.is_relation and is_named(f)]
    rows = model._base_manager.filter(about).select_related(*named)
    return rows.order_by("pk")


def _of_address(patient: Patient) -> Q:
    """What was said about an address, before or without a message to it."""
    about = Q(pk__in=[])
    if patient.email:
        about |= Q(channel=Channel.EMAIL, address__iexact=patient.email)
    if patient.mobile:
        about |= Q(channel=Channel.SMS, address=str(patient.mobile))
    return about


def is_named(field: Any) -> bool:
    """Whether a key is told with the name of its row: of staff and catalogues, not of patients."""
    return not is_of_patients(field.related_model)


def told(rows: models.QuerySet[Any], ids: Collection[UUID]) -> Iterator[dict[str, Any]]:
    fields = exported_fields(rows.model)
    for row in rows:
        yield {field.name: _value(row, field, ids) for field in fields}


def _value(row: Any, field: Any, ids: Collection[UUID]) -> Any:
    value = getattr(row, field.attname)
    if value is None or value == "":
        return value
    if field.is_relation:
        if is_named(field):
            return {"id": value, "name": str(getattr(row, field.name))}
        is_person = getattr(field.related_model, "is_patient", False)
        return None if is_person and value not in ids else value
    if isinstance(field, models.FileField):
        return value.name
    if isinstance(field, ArrayField | models.JSONField | EncryptedJSONField):
        return value
    return str(value) if isinstance(value, PhoneNumber) else value
