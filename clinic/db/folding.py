"""Names as they are looked for: the SQL functions of `clinic/migrations/0005_folding.py`."""

from typing import Any

from django.db import models
from django.db.models import Lookup

FOLD = "replace(short_umlauts(plain_letters({})), ' ', '')"
CONTAINS = f"strpos({FOLD}, {FOLD}) > 0"
# In what is longer no typing error is looked for: there are 54 to each letter, and those of three
# hundred letters took PostgreSQL a fifth of a second to write down, for every column.
LONGEST_MISTYPED = 40


@models.CharField.register_lookup
@models.TextField.register_lookup
class Contained(Lookup):
    """`words__contained="mude"`: a text that contains this, however either of them is written. No
    index, and a twentieth of a millisecond a row: for some hundred rows of a table of any size."""

    lookup_name = "contained"

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        stored, of_stored = self.process_lhs(compiler, connection)
        typed, of_typed = self.process_rhs(compiler, connection)
        return CONTAINS.format(stored, typed), [*of_stored, *of_typed]


@models.CharField.register_lookup
@models.TextField.register_lookup
class Folded(Lookup):
    """`name__folded="lefevre"`: a text that contains this, however either of them is written, or
    has a word with one typing error. No index: for tables of hundreds of rows."""

    lookup_name = "folded"

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        stored, of_stored = self.process_lhs(compiler, connection)
        typed, of_typed = self.process_rhs(compiler, connection)
        sql, params = CONTAINS.format(stored, typed), [*of_stored, *of_typed]
        if len(str(self.rhs)) > LONGEST_MISTYPED:
            return sql, params
        near = f"name_words({stored}) && one_error_from(plain_letters({typed}))"
        return f"({sql} OR {near})", [*params, *params]
