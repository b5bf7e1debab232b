"""Several areas in one sitting: one row for each, of which one leads.

The leading row takes up people, room and device. Each further one (`sitting` names the leading row)
has an area, a protocol version and a recovery of its own, and is otherwise the same appointment.
The rules are triggers of rows that belong to a sitting, so that a treatment of one area does not
pay for them.
"""

import pgtrigger

from clinic.models import refuse
from sessions.lifecycle import OCCUPIES
from sessions.models.visit_type import Kind

# What all rows of a sitting have in common.
SHARED = (
    *("clinic", "patient", "practitioner", "room", "device"),
    *("occupied_from", "starts_at", "ends_at", "released_at"),
)
_RESOURCES = 5  # the first of them are ids
COLUMNS = tuple(f"{name}_id" if i < _RESOURCES else name for i, name in enumerate(SHARED))
_OCCUPYING = ", ".join(f"'{status}'" for status in OCCUPIES)


def _differ(one: str, other: str) -> str:
    def row(name: str) -> str:
        return f"({', '.join(f'{name}.{column}' for column in COLUMNS)})"

    return f"{row(one)} IS DISTINCT FROM {row(other)}"


def further_follows_leading() -> pgtrigger.Trigger:
    """A further row is a treatment and the same appointment as a leading one, which takes up for it
    what it does not take up itself. FOR SHARE waits for whoever ends that one at this moment.

    After the statement, so that one statement may change all rows of a sitting.
    """
    refused = {
        "session_sitting_not_nested": (
            "lead.sitting_id IS NOT NULL OR "
            "EXISTS (SELECT FROM treatment_session WHERE sitting_id = NEW.id)",
            "'an area that follows another one leads none itself'",
        ),
        "session_sitting_of_treatments": (
            f"lead.kind <> '{Kind.TREATMENT}' OR NEW.kind <> '{Kind.TREATMENT}'",
            "'only treatments have several areas'",
        ),
        "session_sitting_is_one_appointment": (
            _differ("lead", "NEW"),
            "'the areas of a sitting have one time, practitioner, room, device and patient'",
        ),
        "session_sitting_is_led": (
            f"NEW.status IN ({_OCCUPYING}) AND lead.status NOT IN ({_OCCUPYING})",
            "'the leading area of the sitting has ended'",
        ),
    }
    checks = "".join(
        f"IF {when} THEN {refuse(message, name)} END IF;"
        for name, (when, message) in refused.items()
    )
    return pgtrigger.Trigger(
        name="further_follows_leading",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update,
        condition=pgtrigger.Q(new__sitting__isnull=False),
        declare=[("lead", "RECORD")],
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            SELECT * INTO lead FROM treatment_session WHERE id = NEW.sitting_id FOR SHARE;
            {checks}
            RETURN NULL;
            """  # noqa: S608  names of columns
        ),
    )


def leading_stays() -> pgtrigger.Trigger:
    """The same from the other side: a row does not move or end while others follow it.

    At the end of the transaction, because it may hand the lead over to another row before.
    """
    led = refuse("'the leading area of the sitting has ended'", "session_sitting_is_led")
    moved = refuse(
        "'the areas of a sitting have one time, practitioner, room, device and patient'",
        "session_sitting_is_one_appointment",
    )
    rows = """SELECT FROM treatment_session AS further
        JOIN treatment_session AS lead ON lead.id = further.sitting_id
        WHERE lead.id = NEW.id"""
    return pgtrigger.Trigger(
        name="leading_stays",
        when=pgtrigger.After,
        timing=pgtrigger.Deferred,
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(
            f"NEW.sitting_id IS NULL AND NEW.kind = '{Kind.TREATMENT}' "
            f"AND (NEW.status NOT IN ({_OCCUPYING}) AND OLD.status IN ({_OCCUPYING}) "
            f"OR {_differ('OLD', 'NEW')})"
        ),
        func=f"""
            IF EXISTS ({rows} AND further.status IN ({_OCCUPYING})
                              AND lead.status NOT IN ({_OCCUPYING})) THEN {led} END IF;
            IF EXISTS ({rows} AND {_differ("further", "lead")}) THEN {moved} END IF;
            RETURN NULL;
        """,
    )
