"""A session and what it refers to are of one clinic, whoever writes.

Django has no foreign keys over several columns, so these are SQL. They say that a plan's patient,
and a session's room, device and plan (with the patient and area copied from it) match, and that
a cartridge comes from the clinic's own store. Sessions follow their plan when two records of a patient are merged.
"""

from django.db import migrations

KEYS = [
    (
        "treatment_plan",
        "plan_patient_of_same_clinic",
        "(patient_id, clinic_id) REFERENCES patient (id, clinic_id)",
    ),
    (
        "treatment_session",
        "session_room_of_same_clinic",
        "(room_id, clinic_id) REFERENCES clinic_room (id, clinic_id)",
    ),
    (
        "treatment_session",
        "session_device_of_same_clinic",
        "(device_id, clinic_id) REFERENCES clinic_device (id, clinic_id)",
    ),
    (
        "treatment_session",
        "session_copies_its_plan",
        "(plan_id, clinic_id, patient_id, area_id)"
        " REFERENCES treatment_plan (id, clinic_id, patient_id, area_id) ON UPDATE CASCADE",
    ),
    (
        "treatment_cartridge_use",
        "cartridge_lot_of_same_clinic",
        "(lot_id, clinic_id) REFERENCES clinic_cartridge_lot (id, clinic_id)",
    ),
]


class Migration(migrations.Migration):
    dependencies = [("treatment_sessions", "0001_initial")]
    operations = [
        migrations.RunSQL(
            sql=f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY {key}",
            reverse_sql=f"ALTER TABLE {table} DROP CONSTRAINT {name}",
        )
        for table, name, key in KEYS
    ]
