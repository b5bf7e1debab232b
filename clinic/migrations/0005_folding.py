"""One folding of names, on both sides of every search, whoever writes.

`plain_letters` for what has one spelling, `name_words` for names: a column of patients is filled
with it, and what somebody types is folded by the same functions.
"""

from django.db import migrations

# The apostrophes of all keyboards, and what has no width.
APOSTROPHES = r"\2018\2019\201B\02BC\02BB\02B9\2032\FF07\0060\00B4"
WIDTHLESS = r"\00AD\034F\200B\200C\200D\200E\200F\2060\FEFF"

PLAIN_LETTERS = rf"""
CREATE FUNCTION plain_letters(typed text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN btrim(regexp_replace(
    translate(
        replace(replace(replace(replace(
            regexp_replace(
                lower(normalize(translate(typed, U&'''{APOSTROPHES}{WIDTHLESS}', ''), NFKD)
                      COLLATE pg_c_utf8),
                -- marks of Latin, Greek and Cyrillic letters; of Hebrew; of Arabic
                '[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]',
                '', 'g'),
            'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
        'łøđðħıŧŋĸƒəɨς', 'loddhitnkfeiσ') COLLATE pg_c_utf8,
    '[^[:alnum:]]+', ' ', 'g'))
"""

# Mueller, Müller and Muller are one: Michael becomes Michal, on both sides.
SHORT_UMLAUTS = """
CREATE FUNCTION short_umlauts(letters text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(replace(replace(replace(letters, 'ae', 'a'), 'oe', 'o'), 'ue', 'u'), 'aa', 'a')
"""

SPELLED_UMLAUTS = r"""
CREATE FUNCTION spelled_umlauts(typed text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(regexp_replace(
    normalize(translate(typed, 'øØ', 'öÖ'), NFD),
    '([aouAOU])\u0308', '\1e', 'g'), '([aA])\u030a', '\1a', 'g')
"""

# The words of a name, as they are written and as they may be: each, and joined with the next
# ones (O Brien, Meyer-Schmidt, van der Berg), also divided at an apostrophe.
NAME_WORDS = rf"""
CREATE FUNCTION name_words(typed text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(array_agg(DISTINCT form), '{{}}')
    FROM (VALUES (typed), (spelled_umlauts(typed)),
                 (translate(typed, U&'''{APOSTROPHES}', '           '))) AS spelling (written)
    CROSS JOIN LATERAL string_to_array(plain_letters(written), ' ') AS words
    CROSS JOIN LATERAL generate_subscripts(words, 1) AS first
    CROSS JOIN generate_series(0, 2) AS more
    CROSS JOIN LATERAL array_to_string(words[first:first + more], '') AS joined
    CROSS JOIN LATERAL (VALUES (joined), (short_umlauts(joined))) AS forms (form)
    WHERE first + more <= cardinality(words);
END
"""

# What a folded word may be with one letter more, less, another, or two changed about, if what
# was meant has five letters or more. In the letters of its own script.
ONE_ERROR_FROM = """
CREATE FUNCTION one_error_from(word text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(array_agg(DISTINCT form), '{}')
    FROM generate_series(0, length(word)) AS kept
    CROSS JOIN (SELECT CASE
        WHEN word ~ '[a-z]' THEN 'abcdefghijklmnopqrstuvwxyz'
        WHEN word ~ '[α-ω]' THEN 'αβγδεζηθικλμνξοπρστυφχψω'
        WHEN word ~ '[а-я]' THEN 'абвгдежзийклмнопрстуфхцчшщъыьэюя'
        ELSE word END) AS script (letters)
    CROSS JOIN LATERAL (
        SELECT left(word, kept) || letter || substr(word, kept + 1 + replaced)
        FROM string_to_table(letters, NULL) AS letter
        CROSS JOIN generate_series(0, CASE WHEN length(word) > 4 THEN 1 ELSE 0 END) AS replaced
        UNION ALL
        SELECT unnest(ARRAY[
            left(word, kept) || substr(word, kept + 2),
            left(word, kept) || substr(word, kept + 2, 1) || substr(word, kept + 1, 1)
                || substr(word, kept + 3)])
        WHERE length(word) > 4
    ) AS written (form)
    WHERE length(word) >= 4 AND word !~ '[0-9]' AND form <> word;
END
"""


class Migration(migrations.Migration):

    dependencies = [('clinic', '0004_constraints_in_words')]

    operations = [
        migrations.RunSQL([sql], [f"DROP FUNCTION {name}"])
        for name, sql in [
            ("plain_letters(text)", PLAIN_LETTERS),
            ("short_umlauts(text)", SHORT_UMLAUTS),
            ("spelled_umlauts(text)", SPELLED_UMLAUTS),
            ("name_words(text)", NAME_WORDS),
            ("one_error_from(text)", ONE_ERROR_FROM),
        ]
    ]
