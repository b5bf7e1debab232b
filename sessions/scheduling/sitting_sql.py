"""Free times for several areas in one sitting: `slots_sql`, asked for all of them at once."""

from clinic.db.prepared import Prepared
from sessions.scheduling.presence_sql import DEVICE_IN_USE
from sessions.scheduling.slots_sql import (
    ASKED_TYPES,
    ROOM_WANTED,
    free_starts,
    resource_ids,
    skin_of,
)

SERVES_ALL = "areas @> %(area_codes)s"

# What each area takes by the version in effect, as `add_areas` of services adds it
# up. No row where one of them has no version, or where they take longer than a day: then nothing
# can be booked.
AREAS = """
    SELECT plan.area_id, version.duration_minutes
               + (plan.planned_zones - 1) * version.minutes_per_zone AS minutes,
           setup_minutes, cleaning_minutes, make_interval(days => hard_min_days) AS recovery
    FROM treatment_plan AS plan
    CROSS JOIN LATERAL (
        SELECT * FROM treatment_protocol_version
        WHERE protocol_id = plan.protocol_id AND effective_from <= %(at)s
        ORDER BY effective_from DESC, version DESC LIMIT 1
    ) AS version
    WHERE plan.id = ANY (%(plans)s)
"""
TIMES = f"""
    SELECT make_interval(mins => sum(minutes)::int) AS duration,
           make_interval(mins => max(setup_minutes)) AS setup,
           make_interval(mins => max(cleaning_minutes)) AS cleaning
    FROM ({AREAS}) AS areas
    HAVING count(*) = cardinality(%(plans)s)
       AND max(setup_minutes) + sum(minutes) + max(cleaning_minutes) <= 24 * 60
"""
# The skin of each area has recovered, and recovers before what is booked on it later.
RECOVERED = """
  AND NOT EXISTS (
      SELECT FROM skin JOIN areas USING (area_id)
      WHERE recovers_at > start
        AND starts_at < (local + areas.recovery) AT TIME ZONE %(zone)s)"""

SITTING_SLOTS = Prepared(
    "sitting_slots",
    free_starts(
        TIMES,
        resource_ids("clinic_room", "name", ROOM_WANTED, SERVES_ALL),
        resource_ids("clinic_device AS device", "serial", DEVICE_IN_USE, SERVES_ALL),
        skin=f"""skin AS MATERIALIZED ({skin_of("area_id = ANY (%(areas)s)")}),
areas AS MATERIALIZED ({AREAS}),""",
        recovered=RECOVERED,
        of_others="(kind <> 'TREATMENT' OR plan_id <> ALL (%(plans)s))",
    ),
    types={
        **ASKED_TYPES,
        "plans": "uuid[]",
        "areas": "uuid[]",
        "area_codes": "varchar[]",
    },
)
