"""The months of the record of accesses: made a year ahead, and taken away when they are old."""

from django.db import connection

AHEAD = 12


def keep_months(*, years: int) -> tuple[int, int]:
    """How many partitions were made and taken away. It never takes what is younger than six years
    (45 CFR 164.316), whatever it is told."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT clinic_access_partitions(%s), clinic_access_forget(%s),"
            " clinic_access_months_closed()",
            [AHEAD, years],
        )
        made, gone, _ = cursor.fetchone()
    return made, gone
