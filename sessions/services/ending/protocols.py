"""What a new version of a protocol does to the sessions that were booked by an older one."""

from datetime import datetime, timedelta

from django.db import connection

from clinic.db.retries import retried_transaction
from clinic.models import User
from sessions.models import ProtocolVersion
from sessions.models.occupation import recovers_sql

LENGTHEN = f"""
    UPDATE treatment_session AS session SET recovers_at = longer.recovers_at
    FROM (
        SELECT earlier.id,
               least((earlier.starts_at AT TIME ZONE clinic.time_zone
                      + make_interval(days => %(days)s)) AT TIME ZONE clinic.time_zone,
                     following.starts_at) AS recovers_at
        FROM treatment_session AS earlier
        JOIN treatment_protocol_version AS booked ON booked.id = earlier.protocol_version_id
        JOIN clinic ON clinic.id = earlier.clinic_id
        CROSS JOIN LATERAL (
            SELECT min(starts_at) AS starts_at FROM treatment_session AS later
            WHERE later.patient_id = earlier.patient_id AND later.area_id = earlier.area_id
              AND {recovers_sql("later")} AND later.starts_at > earlier.starts_at
        ) AS following
        WHERE booked.protocol_id = %(protocol)s AND booked.hard_min_days < %(days)s
          AND {recovers_sql("earlier")} AND earlier.starts_at > %(since)s
        ORDER BY earlier.id
    ) AS longer
    WHERE session.id = longer.id AND session.recovers_at < longer.recovers_at
"""  # noqa: S608  names of columns


@retried_transaction
def follow_version(*, version: ProtocolVersion, at: datetime, by: User) -> int:
    """Let the sessions that were booked by an older version, and are not healed yet, show the
    longer recovery that binds the next one anyway; returns how many it changes.

    Pairs that are closer already stay: `closer_than` lists them. A version that takes effect later
    binds the next bookings from then on; what sessions show is not changed in advance.
    """
    if version.effective_from > at:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            LENGTHEN,
            {
                "protocol": version.protocol_id,
                "days": version.hard_min_days,
                "since": at - timedelta(days=version.hard_min_days + 1),
            },
        )
        return int(cursor.rowcount)
