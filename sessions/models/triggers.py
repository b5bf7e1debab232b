"""Rules over several tables that no constraint can say, as triggers.

Each refuses like a check constraint and names itself.
"""

import pgtrigger

from clinic.models import refuse
from sessions.lifecycle import UNDONE, Status
from sessions.models.occupation import recovers_sql
from sessions.models.visit_type import Kind


def locked_once_signed() -> pgtrigger.Trigger:
    """Refuse every change to what belongs to a signed session (`session_id`).

    FOR SHARE waits for a signature that is being given at this moment, so that nothing slips in
    beside it.
    """
    return pgtrigger.Trigger(
        name="locked_once_signed",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("of_session", "RECORD")],
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            FOR of_session IN
                SELECT status FROM treatment_session
                WHERE id IN (CASE WHEN TG_OP <> 'DELETE' THEN NEW.session_id END,
                             CASE WHEN TG_OP <> 'INSERT' THEN OLD.session_id END)
                FOR SHARE
            LOOP
                IF of_session.status IN ('COMPLETED', 'ABORTED') THEN
                    {refuse("TG_TABLE_NAME || ': the record is signed'", "locked_once_signed")}
                END IF;
            END LOOP;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
            """
        ),
    )


def cartridge_fit_for_use() -> pgtrigger.Trigger:
    """Refuse a cartridge of a lot that has expired or was recalled, unless a deviation of its
    session tells of it."""
    expired = refuse("'the lot expired on ' || of_lot.expires_on", "cartridge_not_expired")
    return pgtrigger.Trigger(
        name="fit_for_use",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        declare=[("of_lot", "RECORD")],
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            IF NEW.deviation_id IS NOT NULL THEN
                IF NOT EXISTS (
                    SELECT FROM treatment_deviation
                    WHERE id = NEW.deviation_id AND session_id = NEW.session_id
                ) THEN
                    {refuse("'the deviation is of another session'", "cartridge_of_its_deviation")}
                END IF;
                RETURN NEW;
            END IF;
            SELECT expires_on, recalled_at INTO of_lot
                FROM clinic_cartridge_lot WHERE id = NEW.lot_id FOR SHARE;
            IF of_lot.expires_on < NEW.used_on THEN {expired} END IF;
            IF of_lot.recalled_at IS NOT NULL THEN
                {refuse("'the lot was recalled'", "cartridge_not_recalled")}
            END IF;
            RETURN NEW;
            """
        ),
    )


def tube_of_this_patient() -> pgtrigger.Trigger:
    """Refuse a tube whose label is of another patient, or of another visit."""
    return pgtrigger.Trigger(
        name="tube_of_this_patient",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        condition=pgtrigger.Q(new__tube_label__gt=""),
        declare=[("of_session", "RECORD")],
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            SELECT patient_id, id INTO of_session
                FROM treatment_session WHERE id = NEW.session_id FOR SHARE;
            IF left(NEW.tube_label, 15) <> upper(
                right(of_session.patient_id::text, 8) || '-' || right(of_session.id::text, 6)
            ) THEN
                {refuse("'the tube is of another patient or visit'", "product_tube_of_patient")}
            END IF;
            RETURN NEW;
            """
        ),
    )


def reported_of_its_session() -> pgtrigger.Trigger:
    """Refuse a side effect that is recorded from the report of another session."""
    return pgtrigger.Trigger(
        name="reported_of_its_session",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        condition=pgtrigger.Q(new__check_in__isnull=False),
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            IF NOT EXISTS (
                SELECT FROM treatment_check_in
                WHERE id = NEW.check_in_id AND session_id = NEW.session_id
            ) THEN
                {refuse("'the report is of another session'", "side_effect_of_reported_session")}
            END IF;
            RETURN NEW;
            """
        ),
    )


def outcome_of_this_patient() -> pgtrigger.Trigger:
    """Refuse a plan that follows from another patient's outcome. Merging moves plans and outcomes
    together, so only a new plan or a new outcome is looked at."""
    return pgtrigger.Trigger(
        name="outcome_of_this_patient",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("after_outcome_id"),  # type: ignore[no-untyped-call]
        condition=pgtrigger.Q(new__after_outcome__isnull=False),
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            IF NOT EXISTS (
                SELECT FROM treatment_outcome_measure AS measured
                JOIN treatment_plan AS plan ON plan.id = measured.plan_id
                WHERE measured.id = NEW.after_outcome_id AND plan.patient_id = NEW.patient_id
            ) THEN
                {refuse("'the outcome is of another patient'", "plan_outcome_of_patient")}
            END IF;
            RETURN NEW;
            """
        ),
    )


def recovers_longer() -> pgtrigger.Trigger:
    """A new session obeys the hard minimum that counts now as well as the one that the session
    before it was booked by: the recovery of that one is lengthened first, and the constraint
    `session_area_recovered` then refuses what is too soon.

    As far as the session that follows already: a pair that stands stays. Not for a sooner session
    that a practitioner approves. What counts now is the new session's version, of another protocol
    the newest that has taken effect.
    """
    same_skin = f"""
        skin.patient_id = NEW.patient_id AND skin.area_id = NEW.area_id
        AND {recovers_sql("skin")}"""
    return pgtrigger.Trigger(
        name="recovers_longer",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        declare=[("earlier", "RECORD"), ("days", "INT")],
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            IF NEW.spacing_override_reason <> '' OR NOT {recovers_sql("NEW")} THEN
                RETURN NEW;
            END IF;
            SELECT skin.id, skin.starts_at, clinic.time_zone,
                   booked.protocol_id, booked.hard_min_days INTO earlier
                FROM treatment_session AS skin
                JOIN clinic ON clinic.id = skin.clinic_id
                JOIN treatment_protocol_version AS booked
                  ON booked.id = skin.protocol_version_id
                WHERE {same_skin} AND skin.starts_at < NEW.starts_at
                ORDER BY skin.starts_at DESC LIMIT 1;
            IF NOT FOUND THEN RETURN NEW; END IF;
            SELECT hard_min_days INTO days FROM treatment_protocol_version
                WHERE protocol_id = earlier.protocol_id
                  AND (id = NEW.protocol_version_id OR effective_from <= now())
                ORDER BY id = NEW.protocol_version_id DESC, effective_from DESC, version DESC
                LIMIT 1;
            IF days > earlier.hard_min_days THEN
                UPDATE treatment_session SET recovers_at = greatest(recovers_at, least(
                    ((earlier.starts_at AT TIME ZONE earlier.time_zone)
                     + make_interval(days => days)) AT TIME ZONE earlier.time_zone,
                    (SELECT min(skin.starts_at) FROM treatment_session AS skin
                     WHERE {same_skin} AND skin.starts_at > earlier.starts_at)))
                WHERE id = earlier.id AND recovers_at <= NEW.starts_at;
            END IF;
            RETURN NEW;
            """
        ),
    )


def of_what_is_in_use() -> pgtrigger.Trigger:
    """Refuse a new session in a room or with a device that is out of use, or of an archived record.
    The services say so first, behind the locks that ending takes as well."""
    rules = {
        "session_room_in_use": (
            "'the room is out of use'",
            "room_id",
            "SELECT FROM clinic_room WHERE id = NEW.room_id AND is_active",
        ),
        "session_device_in_use": (
            "'the device is out of use'",
            "device_id",
            "SELECT FROM clinic_device WHERE id = NEW.device_id AND is_active",
        ),
        "session_record_is_open": (
            "'the record is archived'",
            "patient_id",
            "SELECT FROM patient WHERE id = NEW.patient_id AND archived_at IS NULL",
        ),
    }
    checks = "".join(
        f"IF NEW.{column} IS NOT NULL AND NOT EXISTS ({found}) THEN {refuse(message, name)} END IF;"
        for name, (message, column, found) in rules.items()
    )
    return pgtrigger.Trigger(
        name="of_what_is_in_use",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        func=f"{checks} RETURN NEW;",
    )


def taken_back_in_time() -> pgtrigger.Trigger:
    """What has ended goes on only if its end is taken back: to what it was before, as long as that
    was allowed."""
    return pgtrigger.Trigger(
        name="taken_back_in_time",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        condition=pgtrigger.Q(new__old_status__in=list(UNDONE)),
        declare=[("ended", "RECORD")],
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            SELECT * INTO ended FROM treatment_session_event
                WHERE session_id = NEW.session_id ORDER BY id DESC LIMIT 1;
            IF ended.new_status = NEW.old_status AND ended.old_status = NEW.new_status
                AND ended.undo_until > NEW.at
            THEN RETURN NEW; END IF;
            {refuse("'the session has ended'", "session_taken_back_in_time")}
            """
        ),
    )


def birth_date_known() -> pgtrigger.Trigger:
    """Refuse to needle somebody whose birth date is not known. FOR SHARE waits for whoever empties
    it at this moment."""
    return pgtrigger.Trigger(
        name="birth_date_known",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("status"),  # type: ignore[no-untyped-call]
        condition=pgtrigger.Q(
            new__status__in=[Status.IN_PROGRESS, Status.COMPLETED],
            new__kind__in=[Kind.TREATMENT, Kind.TEST],  # what needles
        ),
        declare=[("born", "DATE")],
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            SELECT date_of_birth INTO born FROM patient WHERE id = NEW.patient_id FOR SHARE;
            IF born IS NULL THEN
                {refuse("'the birth date is not known'", "session_birth_date_known")}
            END IF;
            RETURN NEW;
            """
        ),
    )
