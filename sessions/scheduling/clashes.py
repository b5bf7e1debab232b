"""Which other sessions are in the way of one: what the exclusion constraints refuse, by name."""

from typing import NamedTuple

from django.db import connection

from clinic.db.prepared import Prepared
from sessions.models import TreatmentSession
from sessions.scheduling.slots_sql import OCCUPYING


class Clashes(NamedTuple):
    skin: bool
    practitioner: bool
    room: bool
    device: bool
    patient: bool


def _taken(owner: str, begins: str, ends: str) -> str:
    """Like the constraint on `owner`; a session lies within a day."""
    return f"""EXISTS (
        SELECT FROM treatment_session
        WHERE {owner} = %({owner})s AND status IN ({OCCUPYING})
          AND starts_at > %({begins})s - interval '1 day'
          AND starts_at < %({ends})s + interval '1 day'
          AND {begins} < %({ends})s AND {ends} > %({begins})s
    )"""


CLASHES = Prepared(
    "clashes",
    f"""
    SELECT EXISTS (
               SELECT FROM treatment_session
               WHERE patient_id = %(patient_id)s AND area_id = %(area_id)s
                 AND status IN ({OCCUPYING})
                 AND starts_at < %(recovers_at)s AND recovers_at > %(starts_at)s),
           {_taken("practitioner_id", "starts_at", "ends_at")},
           {_taken("room_id", "occupied_from", "released_at")},
           {_taken("device_id", "occupied_from", "released_at")},
           {_taken("patient_id", "starts_at", "ends_at")}
    """,  # noqa: S608  names of columns
    types={
        **dict.fromkeys(
            ("patient_id", "area_id", "practitioner_id", "room_id", "device_id"), "uuid"
        ),
        **dict.fromkeys(
            ("occupied_from", "starts_at", "ends_at", "released_at", "recovers_at"), "timestamptz"
        ),
    },
)


def clashes(session: TreatmentSession) -> Clashes:
    """What is in the way of `session`, which is not saved, in one query."""
    with connection.cursor() as cursor:
        CLASHES.execute(cursor, {name: getattr(session, name) for name in CLASHES.types})
        return Clashes(*cursor.fetchone())
