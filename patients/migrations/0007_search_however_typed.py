"""Patients are found however their names and numbers are typed.

`search_text` holds the folded words of a patient's names and mailbox. Beside the patients there is
a table of these words, one row each, kept by triggers: one index of it finds whatever begins with
a few letters, exact hits first, and shows the patient's other words without looking at the patient
(docs/decisions/0019-people-are-found.md). It has no model and no foreign key: nothing else reads
or writes it.
"""

import django.contrib.postgres.indexes
import django.db.models.functions.text
import patients.models.names
from django.db import migrations, models

PATIENT_WORDS = """
CREATE FUNCTION patient_words(given text, family text, email text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT ' ' || coalesce(string_agg(DISTINCT word, ' '), '') || ' '
    FROM (
        SELECT unnest(
            name_words(given) || name_words(family)
            -- written without a space between them: 김민수
            || CASE WHEN given || family ~ '[A-Za-z]' THEN '{}' ELSE name_words(family || given) END
        )
        UNION
        SELECT unnest(ARRAY[part, short_umlauts(part)])
        FROM string_to_table(plain_letters(
            regexp_replace(split_part(email, '@', 1), '[0-9]+', ' ', 'g')), ' ') AS part
    ) AS words (word)
    WHERE word <> '';
END
"""
NATIONAL_DIGITS = r"""
CREATE FUNCTION national_digits(e164 text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(e164,
    '^\+(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|'
    '(2[1-689]|3[578]|42|5[09]|6[7-9]|8[035789]|9[679])\d)0*', '')
"""
# The words of the names, then the mobile number from its beginning, from its end, and the birth
# date, each with a sign before it: " gross juergen jurgen =15112345678 ~87654321… *19900403 ".
SEARCH_TEXT = """
CREATE FUNCTION patient_search_text(given text, family text, email text, mobile text, born date)
RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN patient_words(given, family, email)
    || CASE WHEN mobile = '' THEN ''
       ELSE '=' || national_digits(mobile) || ' ~' || reverse(mobile) || ' ' END
    || '*' || extract(year FROM born) * 10000 + extract(month FROM born) * 100
              + extract(day FROM born) || ' '
"""
COLUMN = """
ALTER TABLE patient DROP COLUMN search_text, ADD COLUMN search_text text NOT NULL
    GENERATED ALWAYS AS (
        patient_search_text(given_name, family_name, email, mobile, date_of_birth)) STORED
"""
INDEXES = [
    """CREATE INDEX patient_by_email_at_clinic
       ON patient (clinic_id, lower(email) text_pattern_ops) WHERE NOT email = ''""",
    """CREATE INDEX patient_by_national_digits
       ON patient (clinic_id, national_digits(mobile) text_pattern_ops) WHERE NOT mobile = ''""",
    """CREATE INDEX patient_by_last_digits
       ON patient (clinic_id, reverse(mobile) text_pattern_ops) WHERE NOT mobile = ''""",
]
WORDS = [
    """CREATE TABLE patient_word (
           patient_id uuid NOT NULL,
           clinic_id uuid NOT NULL,
           word text COLLATE "C" NOT NULL,
           words text COLLATE "C" NOT NULL,
           PRIMARY KEY (patient_id, word)
       )""",
    """INSERT INTO patient_word
       SELECT patient.id, patient.clinic_id, word, patient.search_text
       FROM patient, string_to_table(patient.search_text, ' ') AS word
       WHERE word ~ '^[[:alnum:]]'""",
    "CREATE INDEX patient_word_found ON patient_word (clinic_id, word) INCLUDE (patient_id, words)",
    """CREATE FUNCTION keep_patient_words() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
           IF TG_OP = 'TRUNCATE' THEN
               TRUNCATE patient_word;
               RETURN NULL;
           END IF;
           IF TG_OP <> 'INSERT' THEN
               DELETE FROM patient_word WHERE patient_id = OLD.id;
           END IF;
           IF TG_OP <> 'DELETE' THEN
               INSERT INTO patient_word
               SELECT NEW.id, NEW.clinic_id, word, NEW.search_text
               FROM string_to_table(NEW.search_text, ' ') AS word
               WHERE word ~ '^[[:alnum:]]';
           END IF;
           RETURN NULL;
       END $$""",
    """CREATE TRIGGER patient_words_kept AFTER INSERT OR DELETE ON patient
       FOR EACH ROW EXECUTE FUNCTION keep_patient_words()""",
    """CREATE TRIGGER patient_words_kept_up AFTER UPDATE ON patient FOR EACH ROW
       WHEN ((OLD.clinic_id, OLD.search_text) IS DISTINCT FROM (NEW.clinic_id, NEW.search_text))
       EXECUTE FUNCTION keep_patient_words()""",
    """CREATE TRIGGER patient_words_emptied AFTER TRUNCATE ON patient
       FOR EACH STATEMENT EXECUTE FUNCTION keep_patient_words()""",
]
UNDO = [
    *(f"DROP TRIGGER patient_words_{name} ON patient" for name in ("emptied", "kept_up", "kept")),
    "DROP FUNCTION keep_patient_words()",
    "DROP TABLE patient_word",
    *(f"DROP INDEX patient_by_{name}" for name in
      ("email_at_clinic", "national_digits", "last_digits")),
    """ALTER TABLE patient DROP COLUMN search_text, ADD COLUMN search_text text
       GENERATED ALWAYS AS (lower(given_name || ' ' || family_name || ' ' || email || ' ' || mobile))
       STORED""",
    "CREATE INDEX patient_by_search_text ON patient USING gin (search_text gin_trgm_ops)"
    " WITH (fastupdate = off)",
    "DROP FUNCTION patient_search_text(text, text, text, text, date)",
    "DROP FUNCTION national_digits(text)",
    "DROP FUNCTION patient_words(text, text, text)",
]


class Migration(migrations.Migration):

    dependencies = [('clinic', '0005_folding'), ('patients', '0006_rows_of_a_clinic')]

    operations = [
        migrations.RunSQL(
            [PATIENT_WORDS, NATIONAL_DIGITS, SEARCH_TEXT, COLUMN, *INDEXES, *WORDS],
            UNDO,
            state_operations=[
                migrations.RemoveIndex('patient', 'patient_by_search_text'),
                migrations.RemoveField('patient', 'search_text'),
                migrations.AddField('patient', 'search_text', models.GeneratedField(
                    db_persist=True,
                    expression=patients.models.names.SearchText(
                        'given_name', 'family_name', 'email', 'mobile', 'date_of_birth'),
                    output_field=models.TextField(),
                )),
                migrations.AddIndex('patient', models.Index(
                    models.F('clinic'),
                    django.contrib.postgres.indexes.OpClass(
                        django.db.models.functions.text.Lower('email'), 'text_pattern_ops'),
                    condition=models.Q(('email', ''), _negated=True),
                    name='patient_by_email_at_clinic',
                )),
                migrations.AddIndex('patient', models.Index(
                    models.F('clinic'),
                    django.contrib.postgres.indexes.OpClass(
                        patients.models.names.NationalDigits('mobile'), 'text_pattern_ops'),
                    condition=models.Q(('mobile', ''), _negated=True),
                    name='patient_by_national_digits',
                )),
                migrations.AddIndex('patient', models.Index(
                    models.F('clinic'),
                    django.contrib.postgres.indexes.OpClass(
                        django.db.models.functions.text.Reverse('mobile'), 'text_pattern_ops'),
                    condition=models.Q(('mobile', ''), _negated=True),
                    name='patient_by_last_digits',
                )),
            ],
        ),
    ]
