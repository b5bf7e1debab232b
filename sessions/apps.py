from django.apps import AppConfig


class TreatmentSessionsConfig(AppConfig):
    name = "sessions"
    label = "treatment_sessions"  # django.contrib.sessions already owns the label "sessions"
    verbose_name = "Treatment sessions"

    def ready(self) -> None:
        from sessions import receivers  # noqa: F401  listens to session_moved
