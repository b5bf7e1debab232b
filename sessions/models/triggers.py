"""Rules over several tables that no constraint can say, as triggers.

Each refuses like a check constraint and names itself, so that the error reads like any other.
"""

import pgtrigger


def refuse(message: str, constraint: str) -> str:
    """PL/pgSQL that refuses; `message` is an SQL expression."""
    return (
        f"RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}', "
        f"MESSAGE = {message};"
    )


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
                IF of_session.status = 'COMPLETED' THEN
                    {refuse("TG_TABLE_NAME || ': the record is signed'", "locked_once_signed")}
                END IF;
            END LOOP;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
            """
        ),
    )


def cartridge_fit_for_use() -> pgtrigger.Trigger:
    """Refuse a cartridge of a lot that has expired or was recalled."""
    expired = refuse("'the lot expired on ' || of_lot.expires_on", "cartridge_not_expired")
    return pgtrigger.Trigger(
        name="fit_for_use",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        declare=[("of_lot", "RECORD")],
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
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


def score_in_range() -> pgtrigger.Trigger:
    """Refuse a score outside of its scale."""
    between = "of_scale.score_min || ' to ' || of_scale.score_max"
    return pgtrigger.Trigger(
        name="score_in_range",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        declare=[("of_scale", "RECORD")],
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            SELECT score_min, score_max INTO of_scale
                FROM treatment_outcome_scale WHERE id = NEW.scale_id;
            IF NEW.score NOT BETWEEN of_scale.score_min AND of_scale.score_max THEN
                {refuse("'the score must be ' || " + between, "outcome_score_in_range")}
            END IF;
            RETURN NEW;
            """
        ),
    )
