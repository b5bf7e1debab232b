"""What a score may be on its scale, as triggers: no constraint sees two tables.

Each refuses like a check constraint and names itself.
"""

import pgtrigger

from clinic.models import refuse


def _on_scale(in_range: str, on_step: str) -> str:
    between = "of_scale.score_min || ' to ' || of_scale.score_max"
    return f"""
        SELECT score_min, score_max, score_step, rater_roles, concerns, no_change_score
            INTO of_scale FROM treatment_outcome_scale WHERE id = NEW.scale_id;
        IF NEW.score NOT BETWEEN of_scale.score_min AND of_scale.score_max THEN
            {refuse("'the score must be ' || " + between, in_range)}
        END IF;
        IF mod(NEW.score - of_scale.score_min, of_scale.score_step) <> 0 THEN
            {refuse("'the score must be on a step of ' || of_scale.score_step", on_step)}
        END IF;
    """


def fits_its_scale() -> pgtrigger.Trigger:
    """Refuse a measure that its scale does not know: a score outside of it or between its steps,
    another concern or rater, a baseline of what compares with before."""
    return pgtrigger.Trigger(
        name="fits_its_scale",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert
        | pgtrigger.UpdateOf("scale_id", "plan_id", "score", "rater_role", "milestone"),  # type: ignore[no-untyped-call]
        declare=[("of_scale", "RECORD")],
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            {_on_scale("outcome_score_in_range", "outcome_score_on_step")}
            IF NOT NEW.rater_role = ANY (of_scale.rater_roles) THEN
                {refuse("'the scale is rated by somebody else'", "outcome_rater_of_scale")}
            END IF;
            IF NEW.milestone = 'BASELINE' AND of_scale.no_change_score IS NOT NULL THEN
                {refuse("'the scale compares with before'", "outcome_baseline_of_state")}
            END IF;
            IF cardinality(of_scale.concerns) > 0 AND NOT EXISTS (
                SELECT FROM treatment_plan AS plan
                JOIN patient_concern_kind AS concern ON concern.id = plan.concern_id
                WHERE plan.id = NEW.plan_id AND concern.code = ANY (of_scale.concerns)
            ) THEN
                {refuse("'the scale measures something else'", "outcome_scale_of_concern")}
            END IF;
            RETURN NEW;
            """
        ),
    )


def label_on_scale() -> pgtrigger.Trigger:
    """Refuse words for what is no score of the scale."""
    return pgtrigger.Trigger(
        name="label_on_scale",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        declare=[("of_scale", "RECORD")],
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            {_on_scale("score_label_in_range", "score_label_on_step")}
            RETURN NEW;
            """
        ),
    )
