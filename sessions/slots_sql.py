"""Free times as algebra over multiranges: what PostgreSQL is asked, and why it reads that way.

One statement answers a day, a week or a month, for one practitioner or any:

1. The clinic's opening hours, day by day on its wall clock, become instants; closures go.
2. Each practitioner keeps what lies in the own working hours, without time off and sessions;
   each fitting room and device keeps what is not occupied; so does the patient.
3. What is free for long enough becomes the times at which a session could *start*. Those of all
   practitioners together, of all rooms and of all devices are cut with each other and with the
   patient's.
4. What of it falls on the grid is offered, with the first practitioner, room and device.

A booking asks `PRESENCE`, which shares its first half with `SLOTS`: the two cannot disagree.

Wall clocks: AT TIME ZONE reads a time that the clock skips as the one after the gap, and takes
the second of a time that it shows twice. Hours never leave their own day, which matters where a
zone has skipped a whole one (Apia, 30 Dec 2011).
"""

from sessions.lifecycle import OCCUPIES

# first, last: local days. One more on either side, because sessions may run over midnight.
HOURS = """
WITH days AS MATERIALIZED (
    SELECT day, extract(isodow FROM day)::int - 1 AS weekday,
           tstzrange(day AT TIME ZONE %(zone)s,
                     (day + interval '1 day') AT TIME ZONE %(zone)s) AS whole
    FROM generate_series(%(first)s::date - interval '1 day',
                         %(last)s::date + interval '1 day', interval '1 day') AS day
),
span AS MATERIALIZED (
    SELECT min(lower(whole)) AS begins, max(upper(whole)) AS ends FROM days
),
blocks AS (  -- without a practitioner: the clinic's own
    SELECT NULL::uuid AS practitioner_id, weekday, opens_at, closes_at,
           '-infinity'::date AS valid_from, NULL::date AS valid_until
    FROM clinic_opening_hours WHERE clinic_id = %(clinic)s
    UNION ALL
    SELECT practitioner_id, weekday, opens_at, closes_at, valid_from, valid_until
    FROM clinic_working_hours
    WHERE clinic_id = %(clinic)s
      AND (%(practitioner)s::uuid IS NULL OR practitioner_id = %(practitioner)s)
),
hours AS MATERIALIZED (
    SELECT practitioner_id,  -- `greatest`: a gap in the clock may swallow the end
           range_agg(whole * tstzrange(opens, greatest(opens, closes))) AS hours
    FROM days JOIN blocks USING (weekday)
    CROSS JOIN LATERAL (
        SELECT (day + opens_at) AT TIME ZONE %(zone)s AS opens,
               (day + CASE WHEN closes_at = time '00:00' THEN interval '24 hours'
                           ELSE closes_at::interval END) AT TIME ZONE %(zone)s AS closes
    ) AS instants
    WHERE day >= valid_from AND (valid_until IS NULL OR day < valid_until)
    GROUP BY practitioner_id
),
opening AS MATERIALIZED (
    SELECT coalesce((SELECT hours FROM hours WHERE practitioner_id IS NULL), '{}')
         - coalesce(range_agg(tstzrange(starts_at, ends_at)), '{}') AS hours
    FROM clinic_closure, span
    WHERE clinic_id = %(clinic)s AND ends_at > span.begins AND starts_at < span.ends
),
staff AS MATERIALIZED (
    SELECT person.id,
           opening.hours  -- no working hours at all: whenever the clinic is open
         * CASE WHEN EXISTS (SELECT FROM blocks WHERE practitioner_id = person.id)
                THEN coalesce(hours.hours, '{}') ELSE opening.hours END
         - (SELECT coalesce(range_agg(tstzrange(away.starts_at, away.ends_at)), '{}')
            FROM clinic_time_off AS away, span
            WHERE away.practitioner_id = person.id
              AND away.ends_at > span.begins AND away.starts_at < span.ends) AS hours
    FROM clinic_user AS person
    JOIN clinic_user_clinic AS works
      ON works.user_id = person.id AND works.clinic_id = %(clinic)s
    LEFT JOIN hours ON hours.practitioner_id = person.id
    CROSS JOIN opening
    WHERE person.role = 'PRACTITIONER' AND person.is_active
      AND (%(practitioner)s::uuid IS NULL OR person.id = %(practitioner)s)
)
"""

# Whether the clinic is open during all of [starts_at, ends_at), whether the practitioner treats
# there at all, and is there during all of it.
PRESENCE = (
    HOURS
    + """
SELECT (SELECT hours @> asked FROM opening),
       EXISTS (SELECT FROM staff),
       EXISTS (SELECT FROM staff WHERE hours @> asked)
FROM tstzrange(%(starts_at)s, %(ends_at)s) AS asked
"""
)

# No session is longer than a day (`session_within_a_day`), and `span` has a day to spare: six hours
# before it are enough. As scalars, because a join would make PostgreSQL read every session of the
# clinic and filter; so it reads a stretch of the index.
WITHIN_THE_SPAN = """(
    starts_at > (SELECT begins - interval '6 hours' FROM span)
    AND starts_at < (SELECT ends FROM span))"""

SLOTS = (
    (
        HOURS
        + """,
version AS MATERIALIZED (
    SELECT make_interval(mins => duration_minutes + (%(zones)s - 1) * minutes_per_zone)
               AS duration,
           make_interval(mins => setup_minutes) AS setup,
           make_interval(mins => cleaning_minutes) AS cleaning,
           make_interval(days => hard_min_days) AS recovery
    FROM treatment_protocol_version
    WHERE protocol_id = %(protocol)s AND effective_from <= %(at)s
    ORDER BY effective_from DESC, version DESC LIMIT 1
),
-- What is kept for other plans at the moment; there are never many.
held AS MATERIALIZED (
    SELECT hold.practitioner_id, room_id, device_id, plan.patient_id,
           occupied_from, starts_at, ends_at, released_at
    FROM treatment_hold AS hold JOIN treatment_plan AS plan ON plan.id = hold.plan_id
    WHERE expires_at > %(at)s AND plan.id <> %(plan)s
),
-- Rooms and devices, and when they are taken.
things AS (
    SELECT 'room' AS kind, id, name AS rank, areas FROM clinic_room
    WHERE clinic_id = %(clinic)s AND is_active
    UNION ALL
    SELECT 'device', id, serial, areas FROM clinic_device
    WHERE clinic_id = %(clinic)s AND is_active
),
taken AS MATERIALIZED (
    SELECT thing AS id, range_agg(tstzrange(occupied_from, released_at)) AS booked
    FROM (
        SELECT room_id, device_id, occupied_from, released_at FROM treatment_session
        WHERE clinic_id = %(clinic)s AND WITHIN_THE_SPAN
          AND status IN (OCCUPYING) AND id IS DISTINCT FROM %(moving)s
        UNION ALL
        SELECT room_id, device_id, occupied_from, released_at FROM held
    ) AS stay, unnest(ARRAY[room_id, device_id]) AS thing
    GROUP BY thing
),
fit AS MATERIALIZED (
    SELECT kind, id, rank,
           (SELECT range_agg(
                tstzrange(lower(free) + setup, upper(free) - duration - cleaning, '[]'))
            FROM unnest(tstzmultirange(tstzrange(begins, ends)) - coalesce(booked, '{}')) AS free
            WHERE upper(free) - lower(free) >= setup + duration + cleaning) AS starts
    FROM things LEFT JOIN taken USING (id) CROSS JOIN version CROSS JOIN span
    WHERE areas = '{}' OR %(area_code)s = ANY (areas)
),
practitioners AS MATERIALIZED (
    SELECT staff.id,
           (SELECT range_agg(tstzrange(lower(free), upper(free) - duration, '[]'))
            FROM unnest(hours - coalesce(booked, '{}') - coalesce(kept, '{}')) AS free
            WHERE upper(free) - lower(free) >= duration) AS starts
    FROM staff CROSS JOIN version
    CROSS JOIN LATERAL (  -- at whatever clinic
        SELECT range_agg(tstzrange(starts_at, ends_at)) AS booked
        FROM treatment_session
        WHERE practitioner_id = staff.id AND WITHIN_THE_SPAN
          AND status IN (OCCUPYING) AND id IS DISTINCT FROM %(moving)s
    ) AS own
    CROSS JOIN LATERAL (
        SELECT range_agg(tstzrange(starts_at, ends_at)) AS kept
        FROM held WHERE practitioner_id = staff.id
    ) AS others
),
patient AS MATERIALIZED (
    SELECT range_agg(tstzrange(starts_at - duration, ends_at, '()')) AS not_then
    FROM (
        SELECT starts_at, ends_at FROM treatment_session
        WHERE patient_id = %(patient)s AND WITHIN_THE_SPAN
          AND status IN (OCCUPYING) AND id IS DISTINCT FROM %(moving)s
        UNION ALL
        SELECT starts_at, ends_at FROM held WHERE patient_id = %(patient)s
    ) AS own, version
),
skin AS MATERIALIZED (
    SELECT starts_at, recovers_at FROM treatment_session
    WHERE patient_id = %(patient)s AND area_id = %(area)s
      AND status IN (OCCUPYING) AND id IS DISTINCT FROM %(moving)s
),
asked AS MATERIALIZED (
    SELECT %(first)s::date::timestamp AT TIME ZONE %(zone)s AS begins,
           (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s AS ends
),
possible AS MATERIALIZED (
    SELECT (SELECT range_agg(starts) FROM practitioners)
         * (SELECT range_agg(starts) FROM fit WHERE kind = 'room')
         * (SELECT range_agg(starts) FROM fit WHERE kind = 'device')
         - coalesce((SELECT not_then FROM patient), '{}') AS starts
)
SELECT start, start + duration,
       (SELECT id FROM practitioners WHERE starts @> start ORDER BY id LIMIT 1),
       (SELECT id FROM fit WHERE kind = 'room' AND starts @> start ORDER BY rank, id LIMIT 1),
       (SELECT id FROM fit WHERE kind = 'device' AND starts @> start ORDER BY rank, id LIMIT 1)
FROM asked CROSS JOIN possible CROSS JOIN version
-- In steps of instants, so that an hour that the clock shows twice is offered twice; fine enough
-- that the grid is met again after a shift by half an hour (Lord Howe).
CROSS JOIN LATERAL generate_series(
    begins, ends - interval '1 second', make_interval(mins => gcd(%(grid)s, 15))
) AS start
CROSS JOIN LATERAL (SELECT start AT TIME ZONE %(zone)s AS local) AS clock
WHERE starts @> start AND start >= %(not_before)s
  AND (extract(hour FROM local)::int * 60 + extract(minute FROM local)::int) %% %(grid)s = 0
  AND NOT EXISTS (
      SELECT FROM skin
      WHERE recovers_at > start AND starts_at < (local + recovery) AT TIME ZONE %(zone)s)
ORDER BY start
LIMIT %(limit)s
"""
    )
    .replace("WITHIN_THE_SPAN", WITHIN_THE_SPAN)
    .replace("OCCUPYING", ", ".join(f"'{status}'" for status in OCCUPIES))
)
