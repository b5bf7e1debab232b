import pghistory.runtime
from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from clinic.values.names import translate_names

# Not before these either: they change no row, and each had two settings sent along with it.
WITHOUT_HISTORY = ("savepoint", "release savepoint", "rollback to", "set constraints")

translate_names()


class ClinicConfig(AppConfig):
    name = "clinic"
    verbose_name = _("Clinic")

    def ready(self) -> None:
        from clinic import receivers  # noqa: F401

        pghistory.runtime.IGNORED_SQL_PREFIXES = (  # type: ignore[assignment]
            *pghistory.runtime.IGNORED_SQL_PREFIXES,
            *WITHOUT_HISTORY,
        )
