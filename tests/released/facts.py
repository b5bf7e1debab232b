"""What a database tells, read by the models of today: `python -m tests.released.facts`.

The facts of a release were read by its own models. A later change of the models mends what is
read here, so that it tells the same.
"""

import json
import sys
from collections import Counter
from typing import Any

import django
from django.db import connection


def facts() -> dict[str, Any]:
    return {"rows": rows(), "patients": patients(), "sessions": sessions(), "messages": messages()}


def rows() -> dict[str, int]:
    """How many there are in each table."""
    with connection.cursor() as cursor:
        counted = {}
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
            (counted[table],) = cursor.fetchone()
    return counted


def patients() -> dict[str, list[Any]]:
    """Their name, day of birth and the words on being written to, in order."""
    from patients.models import Patient

    told = {}
    for patient in Patient.objects.order_by("pk"):
        consents = patient.contact_consents.order_by("pk")
        words = [f"{c.channel} {c.purpose} {c.granted}" for c in consents]
        told[str(patient.pk)] = [
            patient.given_name,
            patient.family_name,
            str(patient.date_of_birth),
            *words,
        ]
    return told


def sessions() -> dict[str, dict[str, Any]]:
    """Their times, every status that they went through, their history and their record."""
    from sessions.models import TreatmentSession, of_treatment

    return {
        str(session.pk): {
            "starts_at": session.starts_at.isoformat(),
            "recovers_at": of_treatment(session.recovers_at).isoformat(),
            "went_through": [event.new_status for event in session.events.order_by("pk")],
            "history": session.history.count(),  # type: ignore[attr-defined]
            "depths": {
                treated.zone.code: str(treated.depth_mm)
                for treated in session.zone_treatments.order_by("zone__code")
            },
            "cartridges": [use.serial for use in session.cartridge_uses.order_by("serial")],
        }
        for session in TreatmentSession.objects.order_by("pk")
    }


def messages() -> dict[str, int]:
    """How many there are of each step, channel and status."""
    from aftercare.models import Message

    kinds = Message.objects.values_list("step__code", "channel", "status")
    return dict(sorted(Counter(" ".join(kind) for kind in kinds).items()))


def read_every_row() -> None:
    """Each column of each table is what its model thinks it is."""
    from django.apps import apps

    tables = set(connection.introspection.table_names())
    for model in (model for model in apps.get_models() if model._meta.db_table in tables):
        for _ in model._base_manager.iterator():
            pass


if __name__ == "__main__":
    django.setup()
    read_every_row()
    json.dump(facts(), sys.stdout, indent=0)
