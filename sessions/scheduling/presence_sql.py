"""Who is there and when, by the hours of clinic and practitioners: what PostgreSQL is asked."""

from clinic.db.prepared import Prepared
from sessions.lifecycle import OCCUPIES

OCCUPYING = ", ".join(f"'{status}'" for status in OCCUPIES)


def weekly_hours(table: str, owner: str, valid: str = "true") -> str:
    """The weekly hours of one owner as instants, on the days that are looked at."""
    return f"""(
        SELECT coalesce(range_agg(  -- `greatest`: a gap in the clock may swallow the end
                   whole * tstzrange(opens, greatest(opens, closes))), '{{}}')
        FROM days JOIN {table} USING (weekday)
        CROSS JOIN LATERAL (
            SELECT (day + opens_at) AT TIME ZONE %(zone)s AS opens,
                   (day + CASE WHEN closes_at = time '00:00' THEN interval '24 hours'
                               ELSE closes_at::interval END) AT TIME ZONE %(zone)s AS closes
        ) AS instants
        WHERE {owner} AND {valid}
    )"""


def opening_hours(whom: str) -> str:
    """The clinic's opening hours, and those of its staff in one of the `roles` for whom `whom`
    holds, the wanted one first.

    `first` and `last` are local days; one more on either side, because sessions may run over
    midnight.
    """
    return f"""
WITH RECURSIVE days AS MATERIALIZED (
    SELECT day, extract(isodow FROM day)::int - 1 AS weekday,
           tstzrange(day AT TIME ZONE %(zone)s,
                     (day + interval '1 day') AT TIME ZONE %(zone)s) AS whole
    FROM generate_series(%(first)s::date - interval '1 day',
                         %(last)s::date + interval '1 day', interval '1 day') AS day
),
span AS MATERIALIZED (
    SELECT min(lower(whole)) AS begins, max(upper(whole)) AS ends FROM days
),
opening AS MATERIALIZED (
    SELECT {weekly_hours("clinic_opening_hours", "clinic_id = %(clinic)s")}
         - coalesce(range_agg(tstzrange(starts_at, ends_at)), '{{}}') AS hours
    FROM clinic_closure, span
    WHERE clinic_id = %(clinic)s AND ends_at > span.begins AND starts_at < span.ends
),
people AS MATERIALIZED (
    SELECT coalesce(
               array_agg(person.id ORDER BY person.id IS DISTINCT FROM %(practitioner)s, person.id),
               '{{}}') AS ids
    FROM clinic_user AS person
    JOIN clinic_user_clinic AS works
      ON works.user_id = person.id AND works.clinic_id = %(clinic)s
    WHERE person.role = ANY (%(roles)s) AND person.is_active AND {whom}
)
"""


THIS_ONE = "person.id = %(practitioner)s"
ANYONE = f"(%(practitioner)s::uuid IS NULL OR %(others)s OR {THIS_ONE})"
OWN = "clinic_id = %(clinic)s AND practitioner_id = person"
# When the practitioner `person` is there: whenever the clinic is open until the day on which their
# first working hours count, and from then on only in these; without any, whenever it is open.
THERE = f"""(
    (SELECT hours FROM opening)
    * ({
    weekly_hours(
        "clinic_working_hours",
        OWN,
        "day >= valid_from AND (valid_until IS NULL OR day < valid_until)",
    )
}
       + tstzmultirange(tstzrange(
           NULL, (SELECT min(valid_from) FROM clinic_working_hours WHERE {OWN})::timestamp
                 AT TIME ZONE %(zone)s)))
    - (SELECT coalesce(range_agg(tstzrange(starts_at, ends_at)), '{{}}')
       FROM clinic_time_off, span
       WHERE practitioner_id = person
         AND ends_at > span.begins AND starts_at < span.ends))"""

DEVICE_IN_USE = """device.is_active AND EXISTS (
    SELECT FROM clinic_device_model AS model
    WHERE model.id = device.model_id AND model.is_active)"""

# Whether the clinic is open during all of `asked`, whether the practitioner treats there at all,
# and is there during all of it.
PRESENT = f"""
       (SELECT hours @> asked FROM opening),
       EXISTS (SELECT FROM people WHERE ids <> '{{}}'),
       EXISTS (SELECT FROM people, unnest(ids) AS person WHERE {THERE} @> asked)"""

# Of a kind of visit that asks for licences, those that are `held` and count for it: as
# `Credential.objects.licences_for` has it.
LICENSED = """held.kind = ANY (CASE WHEN 'PRESCRIBER' = ANY (kind.credentials)
                                     THEN array_append(kind.credentials, 'PHYSICIAN')
                                     ELSE kind.credentials END)"""

PRESENCE_TYPES = {
    "clinic": "uuid",
    "zone": "text",
    "roles": "text[]",
    "practitioner": "uuid",
    "first": "date",
    "last": "date",
    "starts_at": "timestamptz",
    "ends_at": "timestamptz",
}

PRESENCE = Prepared(
    "presence",
    f"{opening_hours(THIS_ONE)} SELECT {PRESENT} FROM "
    "tstzrange(%(starts_at)s, %(ends_at)s) AS asked",
    types=PRESENCE_TYPES,
)

# What a booking has to know once it holds its locks. Whether there are holds near it, side effects
# not healed yet, a decision against it, a credential that has ended or a washout: mostly there are
# none, and then nobody need ask which. A row for each plan of the sitting; for a visit without any,
# one.
STANDING = Prepared(
    "standing",
    f"""{opening_hours(THIS_ONE)}
SELECT {PRESENT},
       kind.id,
       kind.credentials = '{{}}' OR EXISTS (
           SELECT FROM clinic_credential AS held
           WHERE user_id = %(practitioner)s AND {LICENSED}
             AND coalesce(valid_from <= %(first)s, true)
             AND coalesce(expires_on >= %(first)s, true)),
       plan.status, patient.archived_at IS NOT NULL,
       %(room)s::uuid IS NULL
           OR EXISTS (SELECT FROM clinic_room WHERE id = %(room)s AND is_active),
       %(device)s::uuid IS NULL
           OR EXISTS (SELECT FROM clinic_device AS device
                      WHERE id = %(device)s AND {DEVICE_IN_USE}),
       EXISTS (SELECT FROM treatment_hold
               WHERE occupied_from < %(released_at)s AND released_at > %(occupied_from)s),
       EXISTS (SELECT FROM treatment_side_effect AS effect
               JOIN treatment_session AS session ON session.id = effect.session_id
               WHERE session.patient_id = patient.id AND effect.resolved_at IS NULL),
       EXISTS (SELECT FROM patient_screening_answer AS answer
               JOIN patient_screening_rule AS rule ON rule.id = answer.rule_id
               WHERE answer.answer AND rule.severity = 'BLOCK' AND rule.scope = 'GLOBAL'
                 AND answer.screening_id = (
                     SELECT id FROM patient_screening WHERE patient_id = patient.id
                     ORDER BY taken_at DESC, id DESC LIMIT 1)),
       EXISTS (SELECT FROM (
                   SELECT outcome, until FROM treatment_candidacy AS decided
                   WHERE decided.patient_id = patient.id
                     AND (decided.concerns = '{{}}' OR concern.code = ANY (decided.concerns))
                   ORDER BY decided_at DESC, id DESC LIMIT 1) AS newest
               WHERE outcome = 'DECLINED' OR (outcome = 'NOT_NOW' AND until > %(first)s)),
       EXISTS (SELECT FROM clinic WHERE id = %(clinic)s AND asks_for <> '{{}}')
           OR EXISTS (SELECT FROM clinic_credential
                      WHERE (user_id = %(practitioner)s OR clinic_id = %(clinic)s)
                        AND (expires_on < %(first)s OR valid_from > %(first)s)),
       EXISTS (SELECT FROM patient_other_treatment AS other
               WHERE other.patient_id = patient.id AND other.area_id = plan.area_id
                 AND other.status <> 'CALLED_OFF'
                 AND other.treated_on BETWEEN %(first)s - 366 AND %(first)s + 366)
           OR EXISTS (SELECT FROM patient_screening_answer AS answer
               JOIN patient_screening_rule AS rule ON rule.id = answer.rule_id
               WHERE plan.id IS NOT NULL AND answer.answer
                 AND answer.last_exposure_on + rule.washout_days > %(first)s
                 AND answer.screening_id = (
                     SELECT id FROM patient_screening WHERE patient_id = patient.id
                     ORDER BY taken_at DESC, id DESC LIMIT 1))
FROM tstzrange(%(starts_at)s, %(ends_at)s) AS asked,
     patient CROSS JOIN unnest(%(plans)s) WITH ORDINALITY AS area (plan_id, place)
     LEFT JOIN treatment_plan AS plan ON plan.id = area.plan_id
     LEFT JOIN patient_concern_kind AS concern ON concern.id = plan.concern_id
     -- without a name it is a treatment, of which a clinic has one kind
     LEFT JOIN treatment_visit_type AS kind
       ON kind.clinic_id = %(clinic)s AND kind.is_active
      AND CASE WHEN %(visit_type)s::uuid IS NULL THEN kind.kind = 'TREATMENT'
               ELSE kind.id = %(visit_type)s END
WHERE patient.id = %(patient)s
ORDER BY area.place
""",
    types={
        **PRESENCE_TYPES,
        "visit_type": "uuid",
        "patient": "uuid",
        "plans": "uuid[]",
        "room": "uuid",
        "device": "uuid",
        "occupied_from": "timestamptz",
        "released_at": "timestamptz",
    },
)

# The sessions still to come at a clinic, of one member of staff or of all, for which nobody is
# there: the clinic is closed, or they do not do such visits there or do not work then.
ABSENT = Prepared(
    "absent",
    f"""{opening_hours("(%(practitioner)s::uuid IS NULL OR person.id = %(practitioner)s)")},
there AS MATERIALIZED (
    SELECT person, {THERE} AS hours FROM people, unnest(ids) AS person
)
SELECT session.id FROM treatment_session AS session
JOIN treatment_visit_type AS kind ON kind.id = session.visit_type_id
JOIN clinic_user AS does ON does.id = session.practitioner_id
LEFT JOIN there ON there.person = does.id AND does.role = ANY (kind.roles)
WHERE session.clinic_id = %(clinic)s AND session.ends_at > %(at)s
  AND session.status IN ({OCCUPYING}) AND session.status <> 'COMPLETED'
  AND (%(practitioner)s::uuid IS NULL OR session.practitioner_id = %(practitioner)s)
  AND NOT coalesce(there.hours @> tstzrange(session.starts_at, session.ends_at), false)
""",
    types={
        "clinic": "uuid",
        "zone": "text",
        "roles": "text[]",
        "practitioner": "uuid",
        "first": "date",
        "last": "date",
        "at": "timestamptz",
    },
)
