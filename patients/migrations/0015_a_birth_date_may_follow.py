"""A caller is registered with a name and one way to be reached; the birth date may follow.

Who has none is found by name and number: `patient_search_text` leaves the day out, and is for all
others what it was, so that no row has to be written anew.
"""

import clinic.db.operations
import patients.models.patient
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

SEARCH_TEXT = """
CREATE OR REPLACE FUNCTION patient_search_text(
    given text, family text, email text, mobile text, born date)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN patient_words(given, family, email)
    || CASE WHEN mobile = '' THEN ''
       ELSE '=' || national_digits(mobile) || ' ~' || reverse(mobile) || ' ' END
    || CASE WHEN born IS NULL THEN ''
       ELSE '*' || extract(year FROM born) * 10000 + extract(month FROM born) * 100
                  + extract(day FROM born) || ' ' END
"""
STRICT = """
CREATE OR REPLACE FUNCTION patient_search_text(
    given text, family text, email text, mobile text, born date)
RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN patient_words(given, family, email)
    || CASE WHEN mobile = '' THEN ''
       ELSE '=' || national_digits(mobile) || ' ~' || reverse(mobile) || ' ' END
    || '*' || extract(year FROM born) * 10000 + extract(month FROM born) * 100
              + extract(day FROM born) || ' '
"""


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0006_without_extension'),
        ('patients', '0014_the_chest_is_prone_to_keloids'),
    ]

    operations = [
        migrations.RunSQL(SEARCH_TEXT, STRICT),
        clinic.db.operations.AtOnce(
            operations=[
                migrations.AlterField(
                    model_name='patient',
                    name='date_of_birth',
                    field=models.DateField(blank=True, null=True, validators=[patients.models.patient.birth_date]),
                ),
                migrations.AlterField(
                    model_name='patienthistory',
                    name='date_of_birth',
                    field=models.DateField(blank=True, null=True, validators=[patients.models.patient.birth_date]),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='patient',
                    trigger=pgtrigger.compiler.Trigger(name='birth_date_stays', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW."date_of_birth" IS NULL AND OLD."date_of_birth" IS NOT NULL)', func="\n            IF EXISTS (SELECT FROM treatment_session\n                       WHERE patient_id = NEW.id AND status IN ('IN_PROGRESS', 'COMPLETED')) THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'patient_birth_date_stays', MESSAGE = 'who was needled has a birth date';\n            END IF;\n            RETURN NEW;\n            ", hash='a17e0e188677e14e14280cbf2b6f19664d053945', operation='UPDATE OF "date_of_birth"', pgid='pgtrigger_birth_date_stays_9ae06', table='patient', when='BEFORE')),
                ),
                migrations.AddConstraint(
                    model_name='patient',
                    constraint=models.CheckConstraint(condition=models.Q(models.Q(('mobile', ''), _negated=True), models.Q(('email', ''), _negated=True), ('date_of_birth__isnull', False), _connector='OR'), name='patient_can_be_reached_or_has_birth_date', violation_error_message='Give a mobile number or an e-mail address; without one, the birth date.'),
                ),
            ],
        ),
    ]
