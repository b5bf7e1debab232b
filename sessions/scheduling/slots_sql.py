"""Free times as algebra over multiranges: what PostgreSQL is asked, and why it reads that way.

One statement answers a day, a week or a month, for one practitioner or any:

1. The clinic's opening hours, day by day on its wall clock, become instants; closures go, and so
   do the times when the patient is elsewhere in the clinic. What is long enough for the session
   becomes the times at which it could *start*.
2. The practitioners are walked through in order, each with their working hours less time off,
   sessions and holds. Each is given the starts that are still without one and that they can keep;
   the walk ends when nothing is left to give. Then the rooms, then the devices, in the same way:
   in a clinic of 200 rooms it is enough to look at the first few.
3. What of it falls on the grid is offered, with the practitioner, room and device of each start.

A booking asks `presence_sql.PRESENCE`, which is made of the same parts: the two cannot disagree.

Wall clocks: AT TIME ZONE reads a time that the clock skips as the one after the gap, and takes
the second of a time that it shows twice. Hours never leave their own day, which matters where a
zone has skipped a whole one (Apia, 30 Dec 2011).
"""

from typing import NamedTuple

from clinic.db.prepared import Prepared
from sessions.models.occupation import recovers_sql
from sessions.scheduling.presence_sql import (
    ANYONE,
    DEVICE_IN_USE,
    LICENSED,
    OCCUPYING,
    THERE,
    opening_hours,
)


class Span(NamedTuple):
    """What somebody or something is taken by: the columns of its begin and end, and how long that
    is before and after the start of a session."""

    begins: str
    ends: str
    before: str
    after: str


def busy_starts(resource: str, owner: str, span: Span, wanted: str = "wanted") -> str:
    """The starts that what is booked or held of one resource rules out, as far as they are near
    those `wanted`. The index by resource and start finds the sessions: none is longer than a day.
    """
    begins, ends, before, after = span
    return f"""(
        SELECT coalesce(
            range_agg(tstzrange({begins} - {after}, {ends} + {before}, '()')), '{{}}')
        FROM (
            SELECT {begins}, {ends} FROM treatment_session
            WHERE {resource} = {owner}
              AND starts_at > lower({wanted}) - {before} - interval '1 day'
              AND starts_at < upper({wanted}) + {after} + interval '1 day'
              AND {begins} < upper({wanted}) + {after} AND {ends} > lower({wanted}) - {before}
              AND status IN ({OCCUPYING}) AND coalesce(sitting_id, id) IS DISTINCT FROM %(moving)s
            UNION ALL
            SELECT {begins}, {ends} FROM held WHERE {resource} = {owner}
        ) AS stays
    )"""


def starts_that_fit(hours: str) -> str:
    """The starts from which a treatment ends within the same stretch of `hours`."""
    return f"""(
        SELECT coalesce(range_agg(tstzrange(lower(free), upper(free) - duration, '[]')), '{{}}')
        FROM unnest({hours}) AS free WHERE upper(free) - lower(free) >= duration
    )"""


def assign_in_turn(name: str, wanted: str, who: str, possible: str) -> str:
    """Give each of the `wanted` starts to the first `owner` of `who.ids` for whom it is `possible`.

    Whoever comes later in the walk is only asked about what is still wanted."""
    return f"""
{name} (number, id, starts, wanted) AS (
    SELECT 0, NULL::uuid, '{{}}'::tstzmultirange, ({wanted})
    UNION ALL
    SELECT number + 1, owner, given.starts, wanted - given.starts
    FROM {name} CROSS JOIN {who} CROSS JOIN version
    CROSS JOIN LATERAL (SELECT ids[number + 1] AS owner) AS one
    CROSS JOIN LATERAL (SELECT {possible} AS starts OFFSET 0) AS given  -- worked out once
    WHERE number < cardinality(ids) AND wanted <> '{{}}'
)"""


def assigned_starts(name: str) -> str:
    """All starts that a walk could give to somebody."""
    return f"SELECT coalesce(range_agg(starts), '{{}}') FROM {name}"


FITS = "%(area_code)s = ANY (areas)"


def resource_ids(table: str, rank: str, in_use: str, fits: str = FITS) -> str:
    """What is in use at the clinic and `fits`: whatever names no areas serves them all."""
    return f"""(
    SELECT coalesce(array_agg(id ORDER BY {rank}, id), '{{}}') AS ids FROM {table}
    WHERE clinic_id = %(clinic)s AND {in_use}
      AND (areas = '{{}}' OR {fits})
)"""


# The sessions on the skin of one area of one patient, and from when on each allows the next one: by
# the longer of what its protocol said when it was booked and what it says at %(at)s. A pair that is
# closer together already stays: docs/decisions/0016-a-longer-minimum.md.
def skin_of(areas: str) -> str:
    return f"""
    SELECT session.id, area_id, starts_at,
           CASE WHEN current.hard_min_days > booked.hard_min_days
                THEN greatest(recovers_at, least(
                    ((starts_at AT TIME ZONE %(zone)s)
                     + make_interval(days => current.hard_min_days)) AT TIME ZONE %(zone)s,
                    lead(starts_at) OVER (PARTITION BY area_id ORDER BY starts_at)))
                ELSE recovers_at END AS recovers_at,
           greatest(booked.hard_min_days, current.hard_min_days) AS days,
           booked.protocol_id
    FROM treatment_session AS session
    JOIN treatment_protocol_version AS booked ON booked.id = session.protocol_version_id
    LEFT JOIN LATERAL (
        SELECT hard_min_days FROM treatment_protocol_version
        WHERE protocol_id = booked.protocol_id AND effective_from <= %(at)s
        ORDER BY effective_from DESC, version DESC LIMIT 1
    ) AS current ON true
    WHERE patient_id = %(patient)s AND {areas}
      AND {recovers_sql("session")}
      AND coalesce(sitting_id, session.id) IS DISTINCT FROM %(moving)s
"""


SKIN = skin_of("area_id = %(area)s")
RECOVERIES = Prepared(
    "recoveries",
    "SELECT id, starts_at, recovers_at, days, protocol_id "
    f"FROM ({SKIN}) AS skin ORDER BY starts_at",
    types={
        "patient": "uuid",
        "area": "uuid",
        "zone": "text",
        "at": "timestamptz",
        "moving": "uuid",
    },
)

# What people are taken by, and what rooms and devices are.
TREATMENT = Span("starts_at", "ends_at", "interval '0'", "duration")
OCCUPATION = Span("occupied_from", "released_at", "setup", "(duration + cleaning)")

ROOM_WANTED = "is_active AND (%(room)s IS NULL OR id = %(room)s)"
TREATMENT_ROOMS = resource_ids("clinic_room", "name", ROOM_WANTED)
TREATMENT_DEVICES = resource_ids("clinic_device AS device", "serial", DEVICE_IN_USE)
TREATMENT_TIMES = """
    SELECT make_interval(mins => duration_minutes + (%(zones)s - 1) * minutes_per_zone)
               AS duration,
           make_interval(mins => setup_minutes) AS setup,
           make_interval(mins => cleaning_minutes) AS cleaning,
           make_interval(days => hard_min_days) AS recovery
    FROM treatment_protocol_version
    WHERE protocol_id = %(protocol)s AND effective_from <= %(at)s
    ORDER BY effective_from DESC, version DESC LIMIT 1
"""
# A visit that treats nothing takes as long as its kind says.
VISIT_TIMES = """
    SELECT make_interval(mins => minutes) AS duration,
           make_interval(mins => setup_minutes) AS setup,
           make_interval(mins => cleaning_minutes) AS cleaning
    FROM treatment_visit_type WHERE id = %(visit_type)s
"""
# When people, or the premises, may not treat: outside of their licences, or of their insurance.
# Where nothing of a kind is on record, nothing has ended. A training is looked at once the device
# is known, at the booking: `safety.credentials` says the same, and what the clinic's law asks for.
LAPSED = """lapsed AS MATERIALIZED (
    SELECT user_id, '{(,)}'::tstzmultirange - range_agg(tstzrange(
               valid_from::timestamp AT TIME ZONE %(zone)s,
               (expires_on + 1)::timestamp AT TIME ZONE %(zone)s)) AS times
    FROM clinic_credential
    WHERE kind <> 'TRAINING'
      AND (clinic_id = %(clinic)s OR user_id IN (SELECT unnest(ids) FROM people))
    GROUP BY user_id, CASE WHEN kind IN ('INSURANCE', 'PREMISES') THEN kind ELSE 'LICENCE' END
),"""
WHEN_LAPSED = """
                - (SELECT coalesce(range_agg(range), '{}') FROM lapsed, unnest(times) AS range
                   WHERE user_id = owner OR user_id IS NULL)"""


def licensed(kind: str) -> str:
    """When each of the people holds a licence that the `kind` of visit asks for."""
    return f"""
kind AS MATERIALIZED (SELECT credentials FROM treatment_visit_type AS kind WHERE {kind}),
licensed AS MATERIALIZED (
    SELECT user_id, range_agg(tstzrange(
               valid_from::timestamp AT TIME ZONE %(zone)s,
               (expires_on + 1)::timestamp AT TIME ZONE %(zone)s)) AS times
    FROM kind, clinic_credential AS held
    WHERE {LICENSED} AND user_id IN (SELECT unnest(ids) FROM people)
    GROUP BY user_id
),"""


OF_TREATMENTS = "clinic_id = %(clinic)s AND kind.kind = 'TREATMENT'"
OF_VISIT = "id = %(visit_type)s"
WHEN_LICENSED = """
                * CASE WHEN (SELECT credentials = '{}' FROM kind) THEN '{(,)}'::tstzmultirange
                  ELSE coalesce((SELECT times FROM licensed WHERE user_id = owner), '{}') END"""
# Where none is needed, "no room" is the only one, and never taken.
VISIT_ROOMS = """(
    SELECT CASE WHEN %(needs_room)s THEN coalesce(array_agg(id ORDER BY name, id), '{}')
                ELSE ARRAY[NULL::uuid] END AS ids
    FROM clinic_room
    WHERE clinic_id = %(clinic)s AND is_active AND (%(room)s IS NULL OR id = %(room)s)
      AND (id = ANY (%(rooms)s) OR %(rooms)s = '{}')
)"""
VISIT_DEVICES = f"""(
    SELECT CASE WHEN %(needs_device)s THEN coalesce(array_agg(id ORDER BY serial, id), '{{}}')
                ELSE ARRAY[NULL::uuid] END AS ids
    FROM clinic_device AS device WHERE clinic_id = %(clinic)s AND {DEVICE_IN_USE}
)"""
RECOVERED = """
  AND NOT EXISTS (
      SELECT FROM skin
      WHERE recovers_at > start AND starts_at < (local + recovery) AT TIME ZONE %(zone)s)"""


ASKED = """asked AS MATERIALIZED (
    SELECT %(first)s::date::timestamp AT TIME ZONE %(zone)s AS begins,
           (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s AS ends
),"""


def kept_for_others(of_others: str) -> str:
    """What is held at the moment; there are never many."""
    return f"""
held AS MATERIALIZED (
    SELECT practitioner_id, room_id, device_id, patient_id,
           occupied_from, starts_at, ends_at, released_at
    FROM treatment_hold
    WHERE expires_at > %(at)s AND {of_others}
),"""


# What the clinic is open for, on the days that are asked about.
WANTED = f"""wanted AS MATERIALIZED (
    SELECT {starts_that_fit("hours")}
         * tstzmultirange(tstzrange(greatest(begins, %(not_before)s),
                                    greatest(least(ends, %(before)s), %(not_before)s))) AS starts
    FROM asked, version, opening
)"""


def walks(*, treats: bool) -> str:
    """The practitioners in turn, for what they can keep the rooms, and for those the devices."""
    no_visit_of_theirs = f"""SELECT starts
                - {busy_starts("patient_id", "%(patient)s", TREATMENT, "starts")}
                FROM wanted, version"""
    hours = f"(SELECT {THERE} FROM (SELECT owner AS person) AS me)"
    works = f"""wanted * {starts_that_fit(hours)}
                {WHEN_LICENSED}
                - {busy_starts("practitioner_id", "owner", TREATMENT)}"""
    room, device = (
        f"wanted - {busy_starts(resource, 'owner', OCCUPATION)}"
        for resource in ("room_id", "device_id")
    )
    return ",\n".join(
        [
            assign_in_turn(
                "staffed", no_visit_of_theirs, "people", works + (WHEN_LAPSED if treats else "")
            ),
            assign_in_turn("housed", assigned_starts("staffed"), "rooms", room),
            assign_in_turn("equipped", assigned_starts("housed"), "devices", device),
        ]
    )


# In steps of instants, so that an hour that the clock shows twice is offered twice; fine enough
# that the grid is met again after a shift by half an hour (Lord Howe).
ON_THE_GRID = """possible AS MATERIALIZED (
    SELECT starts, id FROM equipped WHERE starts <> '{}'
)
SELECT start, start + duration,
       (SELECT id FROM staffed WHERE starts @> start),
       (SELECT id FROM housed WHERE starts @> start),
       possible.id
FROM asked CROSS JOIN version
CROSS JOIN LATERAL generate_series(
    begins, ends - interval '1 second', make_interval(mins => gcd(%(grid)s, 15))
) AS start
JOIN possible ON starts @> start
CROSS JOIN LATERAL (SELECT start AT TIME ZONE %(zone)s AS local) AS clock
WHERE (extract(hour FROM local)::int * 60 + extract(minute FROM local)::int) %% %(grid)s = 0"""


def free_starts(
    times: str,
    rooms: str,
    devices: str,
    *,
    skin: str = "",
    recovered: str = "",
    treats: bool = True,
    of_others: str = "(kind <> 'TREATMENT' OR plan_id <> %(plan)s)",
) -> str:
    """The statement of which this module tells, for what takes these times, rooms and devices.
    Holds are in the way as far as they are `of_others`; who `treats` needs what allows it."""
    return f"""{opening_hours(ANYONE)},
version AS MATERIALIZED ({times}),
{ASKED}
{kept_for_others(of_others)}
rooms AS MATERIALIZED {rooms},
devices AS MATERIALIZED {devices},
{skin}
{licensed(OF_TREATMENTS if treats else OF_VISIT)}
{LAPSED if treats else ""}
{WANTED},
{walks(treats=treats)},
{ON_THE_GRID}
{recovered}
ORDER BY start
LIMIT %(limit)s
"""


ASKED_TYPES = {
    "clinic": "uuid",
    "zone": "text",
    "grid": "int",
    "roles": "text[]",
    "patient": "uuid",
    "practitioner": "uuid",
    "others": "bool",
    "room": "uuid",
    "first": "date",
    "last": "date",
    "at": "timestamptz",
    "not_before": "timestamptz",
    "before": "timestamptz",
    "moving": "uuid",
    "limit": "bigint",
}
SLOTS = Prepared(
    "slots",
    free_starts(
        TREATMENT_TIMES,
        TREATMENT_ROOMS,
        TREATMENT_DEVICES,
        skin=f"skin AS MATERIALIZED ({SKIN}),",
        recovered=RECOVERED,
    ),
    types={
        **ASKED_TYPES,
        "plan": "uuid",
        "protocol": "uuid",
        "zones": "int",
        "area": "uuid",
        "area_code": "text",
    },
)
VISIT_SLOTS = Prepared(
    "visit_slots",
    # what is held for a treatment of the plan that the visit is about, is not held for the visit
    free_starts(
        VISIT_TIMES,
        VISIT_ROOMS,
        VISIT_DEVICES,
        treats=False,
        of_others="(visit_type_id, patient_id) IS DISTINCT FROM (%(visit_type)s, %(patient)s)",
    ),
    types={
        **ASKED_TYPES,
        "visit_type": "uuid",
        "needs_room": "bool",
        "needs_device": "bool",
        "rooms": "uuid[]",
    },
)
