"""Names as they are looked for: the SQL functions of `clinic/migrations/0005_folding.py`."""

from typing import Any

from django.db import models
from django.db.models import Lookup

FOLD = "replace(short_umlauts(plain_letters({})), ' ', '')"
CONTAINS = f"strpos({FOLD}, {FOLD}) > 0"
# In what is longer no typing error is looked for: there are 54 to each letter, and those of three
# hundred letters took PostgreSQL a fifth of a second to write down, for every column.
LONGEST_MISTYPED = 40
# The words of a name take a tenth of a millisecond to write down. Whoever has made one error, or
# changed two letters about, has left a third of the word as it is: only where one stands somewhere
# are they looked at, and never for what has no errors (`one_error_from`).
WORD = "replace(plain_letters({1}), ' ', '') AS word"
SPELT = "plain_letters(concat_ws(' ', {0}, spelled_umlauts({0})))"
A_THIRD = f"""
    (SELECT length(word) > 3 AND word !~ '[0-9]' FROM {WORD})
    AND replace({SPELT} || short_umlauts({SPELT}), ' ', '') LIKE ANY ((
        SELECT ARRAY['%%' || left(word, third) || '%%',
                     '%%' || substr(word, third + 1, third) || '%%',
                     '%%' || substr(word, 2 * third + 1) || '%%']
        FROM {WORD}, greatest(length(word) / 3, 1) AS third
    )::text[])
"""  # noqa: S608  names of functions


@models.CharField.register_lookup
@models.TextField.register_lookup
class Folded(Lookup):
    """`name__folded="lefevre"`: a text that contains this, however either of them is written, or
    has a word with one typing error, which is not looked for in texts of any length. No index: for
    tables of hundreds of rows."""

    lookup_name = "folded"

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        stored, of_stored = self.process_lhs(compiler, connection)
        typed, of_typed = self.process_rhs(compiler, connection)
        sql, params = CONTAINS.format(stored, typed), [*of_stored, *of_typed]
        of_any_length = isinstance(self.lhs.output_field, models.TextField)
        if of_any_length or len(str(self.rhs)) > LONGEST_MISTYPED:
            return sql, params
        near = f"name_words({stored}) && one_error_from(plain_letters({typed}))"
        third = A_THIRD.format(stored, typed)
        asked = [*of_typed, *of_stored * 4, *of_typed]
        return f"({sql} OR ({third} AND {near}))", [*params, *asked, *params]
