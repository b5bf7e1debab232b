import pghistory.runtime
from django.apps import AppConfig

# Not before these either: they change no row, and each had two settings sent along with it.
WITHOUT_HISTORY = ("savepoint", "release savepoint", "rollback to", "set constraints")


class ClinicConfig(AppConfig):
    name = "clinic"
    verbose_name = "Clinic"

    def ready(self) -> None:
        from clinic import receivers  # noqa: F401

        pghistory.runtime.IGNORED_SQL_PREFIXES = (  # type: ignore[assignment]
            *pghistory.runtime.IGNORED_SQL_PREFIXES,
            *WITHOUT_HISTORY,
        )
