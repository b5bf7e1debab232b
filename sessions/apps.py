from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TreatmentSessionsConfig(AppConfig):
    name = "sessions"
    label = "treatment_sessions"  # django.contrib.sessions already owns the label "sessions"
    verbose_name = _("Treatment sessions")

    def ready(self) -> None:
        from sessions import receivers  # noqa: F401  listens to session_moved
