"""Who changes what planning reads is told, on the page, what became of the messages that wait.

The pages stand in the apps below, which know nothing of messages. Here they are registered once
more.
"""

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext

from aftercare.admin.sequence import replan_words
from aftercare.models import Message, MessageStatus
from aftercare.planning import plan as planning
from aftercare.planning.plan import Replan
from aftercare.receivers import READ_OF_CLINIC, READ_OF_PATIENT
from clinic.models import Clinic
from patients.models import ContactConsent, Patient, SkinTypeAssessment

# The language is not planned with: a text is written when it is sent.
TOLD_OF: dict[type[models.Model], set[str]] = {
    Patient: READ_OF_PATIENT | {"language"},
    Clinic: READ_OF_CLINIC,
    ContactConsent: {"channel", "purpose", "granted"},
    SkinTypeAssessment: {"skin_type"},
}


class ReplanNotice:
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with planning.collect_replans() as heard:
            super().save_model(request, obj, form, change)  # type: ignore[misc]
        if TOLD_OF[type(obj)] & set(form.changed_data):
            self._tell(request, obj, sum(heard, Replan()))

    def _tell(self, request: HttpRequest, obj: Any, result: Replan) -> None:
        whose = {"clinic": obj} if isinstance(obj, Clinic) else {"patient": _patient(obj)}
        number = Message.objects.filter(status=MessageStatus.PENDING, **whose).count()
        if number or result:
            waiting = (
                gettext("1 message waits")
                if number == 1
                else gettext("{number} messages wait").format(number=number)
            )
            became = replan_words(result) if result else gettext("none changes")
            messages.info(
                request,
                gettext(
                    "{waiting}, planned anew with what is recorded now: {became}. Each is written "
                    "in the language, and goes to the address, that are recorded when it is sent."
                ).format(waiting=waiting, became=became),
            )


def _patient(obj: Any) -> Any:
    return obj.pk if isinstance(obj, Patient) else obj.patient_id


for _model in TOLD_OF:
    _page = type(admin.site.get_model_admin(_model))
    admin.site.unregister(_model)
    admin.site.register(_model, type(_page.__name__, (ReplanNotice, _page), {}))
