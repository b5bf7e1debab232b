"""What must never be true of the tables of a clinic, asked of the rows and not of the constraints.

Each check is a statement of its own that finds the pairs (or rows) that break a promise. "Before"
is read from the ids: a UUIDv7 is given when the row is written, under the locks that put writers
in order, while `created_at` is when its transaction began, before it waited for them.
"""

from typing import Any

from django.db import connection

OCCUPIES = "('BOOKED', 'CONFIRMED', 'CHECKED_IN', 'IN_PROGRESS', 'COMPLETED')"

_OVERLAP = """
    SELECT a.id, b.id
    FROM treatment_session a JOIN treatment_session b ON a.id < b.id
        AND a.{resource}_id = b.{resource}_id
        AND a.{start} < b.{end} AND b.{start} < a.{end}
    WHERE a.clinic_id = %(clinic)s
        AND a.status IN {occupies} AND b.status IN {occupies}
"""


def _overlap(resource: str, start: str, end: str) -> str:
    return _OVERLAP.format(resource=resource, start=start, end=end, occupies=OCCUPIES)


_SLOT_CLASH = """(
    ((h.practitioner_id = s.practitioner_id OR p.patient_id = s.patient_id)
        AND h.starts_at < s.ends_at AND s.starts_at < h.ends_at)
    OR ((h.room_id = s.room_id OR h.device_id = s.device_id)
        AND h.occupied_from < s.released_at AND s.occupied_from < h.released_at)
)"""

CHECKS = {
    "practitioner twice": _overlap("practitioner", "starts_at", "ends_at"),
    "patient twice": _overlap("patient", "starts_at", "ends_at"),
    "room twice": _overlap("room", "occupied_from", "released_at"),
    "device twice": _overlap("device", "occupied_from", "released_at"),
    # Days are counted on the wall clock. Whoever came second needs the approval.
    "too soon": f"""
        SELECT a.id, b.id
        FROM treatment_session a
        JOIN treatment_session b ON a.patient_id = b.patient_id AND a.area_id = b.area_id
            AND a.id <> b.id AND a.starts_at <= b.starts_at
        JOIN treatment_protocol_version v ON v.id = a.protocol_version_id
        JOIN clinic c ON c.id = a.clinic_id
        WHERE c.id = %(clinic)s
            AND a.status IN {OCCUPIES} AND b.status IN {OCCUPIES}
            AND b.starts_at AT TIME ZONE c.time_zone
                < a.starts_at AT TIME ZONE c.time_zone + make_interval(days => v.hard_min_days)
            AND CASE WHEN a.id < b.id THEN b.spacing_override_reason
                ELSE a.spacing_override_reason END = ''
    """,
    "booked while closed": """
        SELECT c.id, s.id
        FROM clinic_closure c JOIN treatment_session s ON s.clinic_id = c.clinic_id
            AND c.id < s.id AND c.starts_at < s.ends_at AND s.starts_at < c.ends_at
        WHERE c.clinic_id = %(clinic)s
    """,
    "booked while off": """
        SELECT t.id, s.id
        FROM clinic_time_off t JOIN treatment_session s ON s.practitioner_id = t.practitioner_id
            AND t.id < s.id AND t.starts_at < s.ends_at AND s.starts_at < t.ends_at
        WHERE s.clinic_id = %(clinic)s
    """,
    "booked though held": f"""
        SELECT h.id, s.id
        FROM treatment_hold h
        JOIN treatment_plan p ON p.id = h.plan_id
        JOIN treatment_session s ON s.clinic_id = h.clinic_id AND h.id < s.id
            AND s.plan_id <> h.plan_id AND {_SLOT_CLASH}
        JOIN treatment_session_event e ON e.session_id = s.id AND e.old_status = ''
            AND e.at < h.expires_at
        WHERE h.clinic_id = %(clinic)s
    """,
    "held though booked": f"""
        SELECT h.id, s.id
        FROM treatment_hold h
        JOIN treatment_plan p ON p.id = h.plan_id
        JOIN treatment_session s ON s.clinic_id = h.clinic_id AND s.id < h.id AND {_SLOT_CLASH}
        WHERE h.clinic_id = %(clinic)s AND s.status IN {OCCUPIES}
    """,
    "not made once": """
        SELECT s.id, count(e.id)
        FROM treatment_session s
        LEFT JOIN treatment_session_event e ON e.session_id = s.id AND e.old_status = ''
        WHERE s.clinic_id = %(clinic)s
        GROUP BY s.id HAVING count(e.id) <> 1
    """,
    "not as its history says": """
        SELECT s.id, s.status
        FROM treatment_session s
        WHERE s.clinic_id = %(clinic)s AND s.status IS DISTINCT FROM (
            SELECT e.new_status FROM treatment_session_event e
            WHERE e.session_id = s.id ORDER BY e.id DESC LIMIT 1
        )
    """,
    "moved to two times": """
        SELECT rescheduled_from_id, count(*)
        FROM treatment_session
        WHERE clinic_id = %(clinic)s AND rescheduled_from_id IS NOT NULL
        GROUP BY rescheduled_from_id HAVING count(*) > 1
    """,
    "moved but not given up": f"""
        SELECT old.id, new.id
        FROM treatment_session new JOIN treatment_session old ON old.id = new.rescheduled_from_id
        WHERE new.clinic_id = %(clinic)s
            AND (old.status IN {OCCUPIES} OR old.plan_id <> new.plan_id)
    """,
}


def broken_promises(clinic_id: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Which checks fail for a clinic, and the rows that each of them found."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with connection.cursor() as cursor:
        for name, sql in CHECKS.items():
            cursor.execute(sql, {"clinic": clinic_id})
            if rows := cursor.fetchall():
                found[name] = rows
    return found
