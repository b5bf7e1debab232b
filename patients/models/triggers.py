"""Rules over several tables that no constraint of a patient can say, as triggers."""

import pgtrigger

from clinic.models import refuse


def birth_date_stays() -> pgtrigger.Trigger:
    """Once somebody has been needled, the birth date can be corrected, and not emptied again.

    The other half is `birth_date_known` of the sessions, which waits for this row. In SQL only does
    a table of patients know of the one above it: the rows of both decide, whoever writes them.
    """
    return pgtrigger.Trigger(
        name="birth_date_stays",
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf("date_of_birth"),  # type: ignore[no-untyped-call]
        condition=pgtrigger.Q(old__date_of_birth__isnull=False, new__date_of_birth__isnull=True),
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            IF EXISTS (SELECT FROM treatment_session
                       WHERE patient_id = NEW.id AND kind IN ('TREATMENT', 'TEST')
                         AND status IN ('IN_PROGRESS', 'COMPLETED', 'ABORTED')) THEN
                {refuse("'who was needled has a birth date'", "patient_birth_date_stays")}
            END IF;
            RETURN NEW;
            """
        ),
    )
