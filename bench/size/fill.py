"""Rows of every kind that grows with a clinic's patients, by one INSERT … SELECT a table.

Sites, patients, plans and sessions come from bench/clinic_of.py; each other table gets a row for
every so many sessions. Triggers rest. What is rare in life is rare here, and of each choice with
more than two values the last has no row: whoever asks for it reads all rows, or has an index.
"""

import re
from collections.abc import Callable
from typing import Any, LiteralString

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

from bench.clinic_of import (
    BIG,
    PATIENT,
    PATIENTS,
    PER_CLINIC,
    PLAN,
    SESSIONS,
    SITE,
    SMALL,
    Connection,
    prepare,
    run,
)
from bench.size.search import WORDS
from clinic.db.encryption import EncryptedTextField, seal

RARE = 40  # of so many rows one has another choice than the most frequent one
AUDIENCE = "(ARRAY['FRONT_DESK', 'CLINICAL', 'MANAGER'])[1 + n % 3]"
OPEN = f"n % {RARE} = 0"
EFFECT = "(SELECT id FROM treatment_side_effect WHERE session_id = s.id)"
TASK = "(SELECT id FROM staff_task WHERE source = 'bench:' || n)"
# model: a row for every so many sessions, and the columns that have a value of their own
FILLED: dict[str, tuple[int, dict[str, str]]] = {
    "patients.ContactConsent": (2, {"granted": "n % 9 <> 0"}),
    "patients.SkinTypeAssessment": (4, {}),
    "patients.Screening": (4, {"kind": "'FULL'", "good_health": f"NOT ({OPEN})"}),
    "patients.TreatmentConsent": (4, {"expires_on": "day + 365"}),
    "patients.PhotoConsent": (4, {"expires_on": "day + 365"}),
    "patients.ConsentHandout": (4, {}),
    "patients.OtherTreatment": (4, {"place": "'HERE'", "status": "'DONE'"}),
    "patients.StaffTask": (
        3,
        {
            "source": "'bench:' || n",
            "audience": AUDIENCE,
            "severity": "'ROUTINE'",
            "status": f"CASE WHEN {OPEN} THEN 'OPEN' ELSE 'DONE' END",
            "done_at": f"CASE WHEN NOT {OPEN} THEN s.ends_at END",
            "done_note": "'Done.'",
        },
    ),
    "treatment_sessions.Candidacy": (4, {"outcome": "'CANDIDATE'"}),
    "treatment_sessions.Deviation": (4, {"code": "''", "reason": "'Late'", "action_taken": "'–'"}),
    "treatment_sessions.SideEffect": (
        3,
        {
            "grade": "1 + n % 3",
            "resolved_at": f"CASE WHEN NOT {OPEN} THEN s.ends_at END",
            "resolution": f"CASE WHEN NOT {OPEN} THEN 'Gone.' ELSE '' END",
        },
    ),
    "treatment_sessions.CheckIn": (3, {"is_draft": OPEN}),
    "treatment_sessions.OutcomeMeasure": (
        4,
        {"milestone": "'BASELINE'", "rater_role": "'CLINICIAN'"},
    ),
    "treatment_sessions.Photo": (
        4,
        {"view": "'FRONT'", "uploaded_by": "s.practitioner_id", "image": "'a.jpg'"},
    ),
    "treatment_sessions.WaitlistEntry": (
        4,
        {"plan": "s.plan_id", "status": "CASE WHEN n = 1 THEN 'WAITING' ELSE 'WITHDRAWN' END"},
    ),
    "treatment_sessions.BloodExposure": (4, {"patient": "s.patient_id"}),
    "treatment_sessions.IncidentReport": (
        3,
        {
            "due_at": "s.ends_at",
            "side_effect": EFFECT,
            "outcome": f"CASE WHEN {OPEN} THEN '' ELSE 'NOT_NEEDED' END",
            "reason": f"CASE WHEN {OPEN} THEN '' ELSE 'Mild.' END",
            "settled_at": f"CASE WHEN NOT {OPEN} THEN s.ends_at END",
            "settled_by": f"CASE WHEN NOT {OPEN} THEN s.practitioner_id END",
        },
    ),
    "aftercare.InboundMessage": (
        3,
        {
            "provider_id": "'bench-' || n",
            "audience": AUDIENCE,
            "patient": "s.patient_id",
            "maybe_opt_out": OPEN,
            "handled_at": f"CASE WHEN NOT {OPEN} THEN s.ends_at END",
        },
    ),
    "aftercare.AddressConsent": (
        4,
        {
            "address": "(SELECT lower(email) FROM patient WHERE id = s.patient_id)",
            "source": "'PREFERENCES'",
        },
    ),
    "aftercare.StaffAlert": (3, {"sent_at": "s.ends_at", "task": TASK}),
}
# Days before the visit and after it; what is still to come waits.
MESSAGES = """
    INSERT INTO aftercare_message (clinic_id, patient_id, session_id, step_id, channel, occurrence,
        status, reason, due_at, expires_at, attempts, worker, provider_id, sent_at, delivered_at,
        ended_at)
    SELECT clinic_id, patient_id, s.id, (SELECT id FROM aftercare_step ORDER BY id LIMIT 1),
        CASE WHEN hashtext(s.id::text) %% 10 = 0 THEN 'SMS' ELSE 'EMAIL' END, n, state,
        CASE WHEN state = 'FAILED' THEN 'It came back.' ELSE '' END, due, due + interval '1 day',
        1, '', '', CASE WHEN state IN ('SENT', 'DELIVERED') THEN due END,
        CASE WHEN state = 'DELIVERED' THEN due END, CASE WHEN state <> 'PENDING' THEN due END
    FROM treatment_session AS s
    CROSS JOIN generate_series(1, %s) AS n
    CROSS JOIN LATERAL (SELECT s.starts_at + (n - 3) * interval '1 day' AS due) AS dues
    CROSS JOIN LATERAL (SELECT CASE WHEN due > now() THEN 'PENDING'
        WHEN hashtext(s.id::text || n) %% 1000 = 0 THEN 'FAILED'
        WHEN n %% 5 = 0 THEN 'SENT' ELSE 'DELIVERED' END AS state) AS states
"""
LOTS: tuple[LiteralString, ...] = (
    """INSERT INTO clinic_cartridge_lot (id, created_at, clinic_id, device_model_id, lot, gtin,
           expires_on, quantity, recalled_at, recall_reason)
       SELECT pg_temp.uid(11, %(first)s), now(), pg_temp.uid(1, %(first)s),
              (SELECT id FROM clinic_device_model ORDER BY id LIMIT 1), 'RECALLED',
              '00000000000000',
              now() + interval '1 year', 1, now(), 'Blunt.'""",
)
NOTICES = """
    INSERT INTO aftercare_recall_notice (lot_id, patient_id, session_id, issued_at, call_reason,
        outcome)
    SELECT lot.id, patient_id, min(s.id::text)::uuid, now(), '', ''
    FROM treatment_session AS s JOIN clinic_cartridge_lot AS lot USING (clinic_id)
    GROUP BY lot.id, patient_id
"""
ACCESSES = """
    INSERT INTO clinic_access_record (actor_kind, actor_id, role, clinic_ids, session, request_id,
        door, place, purpose, action, outcome, code, object_model, patient_ids, count, fields)
    SELECT 'STAFF', practitioner_id, 'PRACTITIONER', ARRAY[clinic_id], '', '',
        (ARRAY['API', 'ADMIN'])[1 + n / 4 % 2], 'bench',
        (ARRAY['TREATMENT', 'TREATMENT', 'OPERATIONS', 'TREATMENT'])[1 + n % 4],
        (ARRAY['READ', 'LIST', 'SEARCH', 'WRITE'])[1 + n % 4],
        'DONE', '', 'patients.Patient', ARRAY[patient_id], 1, '{}'
    FROM (SELECT *, row_number() OVER (ORDER BY starts_at) AS n FROM treatment_session) AS s
    ORDER BY n
"""
# Ids of patients and plans, for whoever lists them by id: those of both clinics come by turns.
BY_TURNS = f"""
    CREATE OR REPLACE FUNCTION pg_temp.uid(kind bigint, number bigint) RETURNS uuid
    LANGUAGE sql IMMUTABLE AS $$
        SELECT (lpad(to_hex(kind), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(CASE
            WHEN kind NOT IN ({PATIENT}, {PLAN}) THEN number
            WHEN number < {SMALL.number * PER_CLINIC} THEN 2 * number
            ELSE {2 * BIG.number * PER_CLINIC} + 38 * (number % {PER_CLINIC}) + 1
        END), 12, '0'))::uuid
    $$
"""
SITES = ("patient", "patient_word", "treatment_plan", "treatment_session")
OF_A_SESSION = {
    "Clinic": "s.clinic_id",
    "Patient": "s.patient_id",
    "TreatmentPlan": "s.plan_id",
    "TreatmentSession": "s.id",
    "User": "s.practitioner_id",
    "Area": "s.area_id",
    "VisitType": "s.visit_type_id",
}


def fill(
    connection: Connection, at_rest: Callable[..., Any], *, patients: int, messages: int
) -> None:
    """Two clinics, of 95 and of 5 %, each patient with four sessions and each of these with so many
    messages. `at_rest` takes a connection and tables, whose triggers it puts at rest."""
    prepare(connection)
    connection.execute(BY_TURNS)
    with at_rest(connection, SITES):
        for site, share in ((BIG, 0.95), (SMALL, 0.05)):
            run(connection, site, SITE + LOTS)
            run(connection, site, PATIENTS + SESSIONS, begin=0, end=round(patients * share))
        connection.execute(WORDS)
    with at_rest(connection, ("aftercare_message",)):
        connection.execute(MESSAGES, [messages])
    for label, (every, own) in FILLED.items():
        model = apps.get_model(label)
        with at_rest(connection, (model._meta.db_table,)):
            connection.execute(_insert(model, every, own))
    with at_rest(connection, ("aftercare_recall_notice",)):
        connection.execute(NOTICES)
    connection.execute(ACCESSES)
    connection.execute("ANALYZE")


def _insert(model: type[models.Model], every: int, own: dict[str, str]) -> str:
    """A row for every so many treatments that were done."""
    values = {}
    for field in model._meta.concrete_fields:
        if field.name in own:
            value = own[field.name]
            if isinstance(field, EncryptedTextField):
                value = re.sub("'([^']*)'", lambda words: f"'{seal(words[1])}'", value)
            values[field.column] = value
        elif not field.generated and (value := _value(field)):
            values[field.column] = value
    columns = ", ".join(f'"{name}"' for name in values)
    return f"""
        INSERT INTO {model._meta.db_table} ({columns})
        SELECT {", ".join(values.values())}
        FROM (SELECT *, row_number() OVER (ORDER BY starts_at, id) AS n, starts_at::date AS day
              FROM treatment_session WHERE mod(hashtext(id::text), {every}) = 0) AS s
        ORDER BY n
    """


def _value(field: Any) -> str:
    """What stands in a column by itself; nothing where it may be empty, or knows a default."""
    if field.is_relation:
        target = field.related_model._meta
        if field.null and target.object_name != "Clinic":
            return ""
        first = f"(SELECT id FROM {target.db_table} ORDER BY id LIMIT 1)"
        return OF_A_SESSION.get(str(target.object_name), first)
    if field.null or field.has_db_default():
        return ""
    if field.choices:
        return _choice([value for value, _ in field.flatchoices if value != ""])
    if isinstance(field, models.DateTimeField):
        return "s.ends_at"
    if isinstance(field, models.DateField):
        return "day"
    if isinstance(field, models.BooleanField):
        return f"NOT {OPEN}"
    if isinstance(field, models.IntegerField | models.DecimalField):
        return "1"
    if isinstance(field, ArrayField | models.JSONField):
        return "'{}'"
    return "''"


def _choice(values: list[Any]) -> str:
    """Nearly always the first one, sometimes another, never the last."""
    some = ", ".join(f"'{value}'" if isinstance(value, str) else str(value) for value in values)
    others = max(1, len(values) - 2)
    return f"(ARRAY[{some}])[CASE WHEN {OPEN} THEN 2 + n / {RARE} % {others} ELSE 1 END]"
