"""A clinic of any size, by plain SQL: staff, rooms, devices, patients, plans and sessions.

Ids are numbers in the form of a UUIDv7, so that whoever writes a request knows them. Patients come
in series of four sessions 28 days apart at one weekday and hour. 16,000 patients of 200
practitioners fill a cycle of 112 days with four sessions per practitioner and weekday; the cycle
that is measured comes first, the other ones lie around it over five years.
"""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

CLINIC, PRACTITIONER, ROOM, DEVICE, PATIENT, PLAN, DESK, CONSENT, EMAIL, NECK = range(1, 11)
PER_CLINIC = 10**9
BOOKABLE = 500_000_000  # from here on: patients who have a plan and no session yet
HOURS = range(17, 23)  # of the evening, which is free on every day
TABLES: tuple[LiteralString, ...] = ("patient", "treatment_plan", "treatment_session")
ZONE = "Europe/Berlin"
BASE = date.today() + timedelta(days=14 - date.today().weekday())  # noqa: DTZ011  a Monday

Connection = Any


def uid(kind: int, number: int) -> UUID:
    return UUID(f"{kind:08x}-0000-7000-8000-{number:012x}")


ID: LiteralString = """
CREATE FUNCTION pg_temp.uid(kind bigint, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(kind), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid
$$
"""


@dataclass(frozen=True)
class Site:
    """A clinic with as many practitioners, rooms and devices."""

    number: int
    size: int

    def id(self, kind: int, number: int) -> str:
        return str(uid(kind, self.number * PER_CLINIC + number))

    @property
    def desk(self) -> str:
        return f"desk-{self.number}"

    @property
    def per_cycle(self) -> int:
        """Patients whose series fill 112 days."""
        return self.size * 4 * 20

    def slot(self, number: int, *, hours: range = HOURS, weeks: int = 20) -> dict[str, Any]:
        """The body of a booking: the plan of this number at an evening slot of its own, so many
        weeks ahead, which is after the cycle that is measured."""
        people, rest = number % self.size, number // self.size
        more, weekday = divmod(rest // len(hours), 5)
        day = BASE + timedelta(weeks=weeks + more, days=weekday)
        return {
            "plan": self.id(PLAN, BOOKABLE + number),
            "starts_at": f"{day}T{hours[rest % len(hours)]}:00:00",
            "practitioner": self.id(PRACTITIONER, people),
            "room": self.id(ROOM, people),
            "device": self.id(DEVICE, people),
        }

    def sitting(self, number: int) -> dict[str, Any]:
        """The same for face and neck, which take two hours, in other weeks."""
        slot = self.slot(number, hours=HOURS[::2], weeks=72)
        return {**slot, "further_plans": [self.id(NECK, BOOKABLE + number)]}


BIG, SMALL = Site(1, 200), Site(2, 10)

SITE: tuple[LiteralString, ...] = (
    """INSERT INTO clinic (id, created_at, name, short_name, address, time_zone, phone, email,
           emergency_phone, slot_minutes, hold_minutes, late_cancel_hours, quiet_from, quiet_until)
       VALUES (pg_temp.uid(1, %(first)s), now(), 'Clinic ' || %(clinic)s, 'Clinic', '', %(zone)s,
               '+493012345678', 'hello@clinic.example', '112', 15, 10, 24, '21:00', '08:00')""",
    """INSERT INTO treatment_visit_type
           (clinic_id, code, name, kind, roles, video_url, counted_from, needs_device)
       VALUES (pg_temp.uid(1, %(first)s), 'treatment', 'Treatment', 'TREATMENT', '{PRACTITIONER}',
               '', '', true)""",
    """INSERT INTO clinic_opening_hours (id, created_at, clinic_id, weekday, opens_at, closes_at)
       SELECT uuidv7(), now(), pg_temp.uid(1, %(first)s), day, '00:00', '00:00'
       FROM generate_series(0, 6) AS day""",
    """INSERT INTO clinic_user (id, username, password, first_name, last_name, email, role,
           is_staff, is_superuser, is_active, date_joined)
       SELECT pg_temp.uid(2, %(first)s + n), 'practitioner-' || %(clinic)s || '-' || n, '!',
              'Person', n::text, '', 'PRACTITIONER', true, false, true, now()
       FROM generate_series(0, %(size)s - 1) AS n
       UNION ALL
       SELECT pg_temp.uid(7, %(first)s), 'desk-' || %(clinic)s, '!', 'Dana', 'Desk', '',
              'RECEPTIONIST', true, false, true, now()""",
    """INSERT INTO clinic_user_clinic (user_id, clinic_id)
       SELECT id, pg_temp.uid(1, %(first)s) FROM clinic_user
       WHERE username LIKE '%%-' || %(clinic)s || '-%%' OR username = 'desk-' || %(clinic)s""",
    """INSERT INTO clinic_working_hours (id, created_at, practitioner_id, clinic_id, weekday,
           opens_at, closes_at, valid_from)
       SELECT uuidv7(), now(), pg_temp.uid(2, %(first)s + n), pg_temp.uid(1, %(first)s), day,
              opens, closes, '2020-01-01'
       FROM generate_series(0, %(size)s - 1) AS n, generate_series(0, 4) AS day,
            (VALUES (time '07:00', time '12:00'), ('13:00', '00:00')) AS block (opens, closes)""",
    """INSERT INTO clinic_room (id, created_at, clinic_id, name, areas, is_active)
       SELECT pg_temp.uid(3, %(first)s + n), now(), pg_temp.uid(1, %(first)s),
              'Room ' || to_char(n, 'FM000'), '{}', true
       FROM generate_series(0, %(size)s - 1) AS n""",
    """INSERT INTO clinic_device (id, created_at, clinic_id, model_id, serial, areas, is_active)
       SELECT pg_temp.uid(4, %(first)s + n), now(), pg_temp.uid(1, %(first)s),
              (SELECT id FROM clinic_device_model WHERE code = 'skinpen-precision'),
              %(clinic)s || to_char(n, 'FM-000'), '{}', true
       FROM generate_series(0, %(size)s - 1) AS n""",
)

PATIENTS: tuple[LiteralString, ...] = (
    """INSERT INTO patient (id, created_at, clinic_id, given_name, family_name, date_of_birth,
           email, mobile, language, time_zone, sex, allergies, notes, updated_at, version)
       SELECT pg_temp.uid(5, %(first)s + n), now(), pg_temp.uid(1, %(first)s),
              (ARRAY['Ada','Ben','Cleo','Dora','Emil','Finn','Gita','Hugo'])[1 + n %% 8],
              'Family' || to_char(n, 'FM0000000'), date '1950-01-01' + (n %% 18000)::int,
              'patient' || n || '@mail.example', '+4915' || to_char(n %% 1000000000, 'FM000000000'),
              'en', '', '', '', '', now(), 1
       FROM generate_series(%(begin)s::bigint, %(end)s::bigint - 1) AS n""",
    """INSERT INTO treatment_plan (id, created_at, clinic_id, patient_id, concern_id, area_id,
           protocol_id, protocol_version_id, practitioner_id, planned_sessions, planned_zones,
           goals, status, created_by_id)
       SELECT pg_temp.uid(6, %(first)s + n), now(), pg_temp.uid(1, %(first)s),
              pg_temp.uid(5, %(first)s + n), concern_id, area_id, protocol.id, version.id, NULL,
              4, 1, '', 'ACTIVE', pg_temp.uid(2, %(first)s + n %% %(size)s)
       FROM treatment_protocol AS protocol
       JOIN treatment_protocol_version AS version ON version.protocol_id = protocol.id,
            generate_series(%(begin)s::bigint, %(end)s::bigint - 1) AS n
       WHERE protocol.code = 'fine-lines-face'""",
)
NECKS: tuple[LiteralString, ...] = (
    PATIENTS[-1]
    .replace("pg_temp.uid(6, ", "pg_temp.uid(10, ")
    .replace("fine-lines-face", "wrinkles-neck"),
)
CONSENTS: tuple[LiteralString, ...] = (
    """INSERT INTO patient_contact_consent (id, created_at, patient_id, channel, purpose, granted,
           wording, recorded_at)
       SELECT uuidv7(), now(), pg_temp.uid(5, %(first)s + n), channel, 'CARE', true, '', now()
       FROM generate_series(%(begin)s::bigint, %(end)s::bigint - 1) AS n,
            (VALUES ('EMAIL'), ('SMS')) AS channels (channel)""",
)
SESSIONS: tuple[LiteralString, ...] = (
    """INSERT INTO treatment_session (clinic_id, plan_id, patient_id, area_id, practitioner_id,
           room_id, device_id, occupied_from, starts_at, ends_at, released_at, recovers_at,
           time_zone, status, completed_at, signed_by_id, spacing_override_reason,
           protocol_version_id, notes, visit_type_id)
       SELECT plan.clinic_id, plan.id, plan.patient_id, plan.area_id,
              pg_temp.uid(2, %(first)s + person), pg_temp.uid(3, %(first)s + person),
              pg_temp.uid(4, %(first)s + person), starts, starts, ends,
              ends + interval '15 minutes', (local + interval '14 days') AT TIME ZONE %(zone)s,
              %(zone)s, CASE WHEN ends < now() THEN 'COMPLETED' ELSE 'BOOKED' END,
              CASE WHEN ends < now() THEN ends END,
              CASE WHEN ends < now() THEN pg_temp.uid(2, %(first)s + person) END, '',
              plan.protocol_version_id, '',
              (SELECT id FROM treatment_visit_type AS type
               WHERE type.clinic_id = plan.clinic_id AND type.kind = 'TREATMENT')
       FROM (
           SELECT n, n %% %(size)s AS person,
                  %(base)s::date
                  -- cycles 0, -1, 1, -2, 2 …; in each 20 weekdays of four weeks, then again
                  + 112 * ((n / %(cycle)s + 1) / 2 * CASE (n / %(cycle)s) %% 2 WHEN 1 THEN -1
                           ELSE 1 END)::int
                  + (n %% %(cycle)s / (4 * %(size)s) / 5 * 7
                     + n %% %(cycle)s / (4 * %(size)s) %% 5)::int AS day,
                  (ARRAY['08:00', '10:00', '13:00', '15:00'])
                      [1 + n %% (4 * %(size)s) / %(size)s]::time AS hour
           FROM generate_series(%(begin)s::bigint, %(end)s::bigint - 1) AS n
       ) AS series
       CROSS JOIN generate_series(0, 3) AS visit
       CROSS JOIN LATERAL (SELECT day + 28 * visit + hour AS local) AS clock
       CROSS JOIN LATERAL (
           SELECT local AT TIME ZONE %(zone)s AS starts,
                  (local + interval '45 minutes') AT TIME ZONE %(zone)s AS ends) AS instants
       JOIN treatment_plan AS plan ON plan.id = pg_temp.uid(6, %(first)s + n)
       ORDER BY starts""",
)


def run(
    connection: Connection, site: Site, statements: tuple[LiteralString, ...], **more: Any
) -> None:
    facts = {
        "clinic": str(site.number),
        "first": site.number * PER_CLINIC,
        "size": site.size,
        "cycle": site.per_cycle,
        "zone": ZONE,
        "base": BASE,
    }
    for statement in statements:
        connection.execute(statement, {**facts, **more})


def prepare(connection: Connection) -> None:
    """Once per connection."""
    connection.execute(ID)
    connection.execute("SET maintenance_work_mem = '512MB'")


def open_site(connection: Connection, site: Site, *, bookable: int) -> None:
    """The clinic, its staff and things, and patients who can be booked, for face and neck."""
    run(connection, site, SITE)
    run(connection, site, PATIENTS + NECKS + CONSENTS, begin=BOOKABLE, end=BOOKABLE + bookable)


def add_series(connection: Connection, site: Site, begin: int, end: int) -> None:
    """The patients of these numbers, with a plan and four sessions each."""
    run(connection, site, PATIENTS + SESSIONS, begin=begin, end=end)


class Bare:
    """The tables without what makes loading slow; `with` gives it back, and says what it took."""

    def __init__(self, connection: Connection, tables: tuple[LiteralString, ...] = TABLES) -> None:
        self.connection, self.tables = connection, tables

    def __enter__(self) -> None:
        self.again: list[tuple[str, str]] = []
        for table in self.tables:
            keys = self.connection.execute(
                "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE conrelid = %s::regclass AND contype IN ('f', 'x')"
                " ORDER BY contype DESC",
                [table],
            ).fetchall()
            indexes = self.connection.execute(
                "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
                " WHERE indrelid = %s::regclass AND NOT EXISTS"
                " (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype <> 'f')",
                [table],
            ).fetchall()
            self.connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for name, definition in keys:
                self.connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
                add = f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}'
                self.again.append((name, add))
            for name, definition in indexes:
                self.connection.execute(f"DROP INDEX {name}")
                self.again.append((name, definition))

    def __exit__(self, *_: object) -> None:
        for table in self.tables:
            self.connection.execute(f"ANALYZE {table}")
        for name, statement in self.again:
            began = time.monotonic()
            self.connection.execute(statement)
            if (took := time.monotonic() - began) > 2:
                print(f"    {name}: {took:.0f} s", flush=True)
        for table in self.tables:
            self.connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
