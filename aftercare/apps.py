from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AftercareConfig(AppConfig):
    name = "aftercare"
    verbose_name = _("Aftercare")

    def ready(self) -> None:
        from aftercare import (
            receivers,  # noqa: F401  listens to message_ended
            staff_tasks,  # noqa: F401  listens to message_ended
        )
        from aftercare.dispatch import guard
        from aftercare.webhooks import email  # noqa: F401  listens to anymail

        post_migrate.connect(guard.adopt_if_new, sender=self)
