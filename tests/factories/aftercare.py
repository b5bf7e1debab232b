"""The sequence, messages and what comes back."""

from datetime import timedelta
from typing import Any

import factory
import pgtrigger
from factory.django import DjangoModelFactory

from aftercare.models import (
    AddressConsent,
    AddressSource,
    Anchor,
    BirthDateTry,
    CareStep,
    DeliveryReceipt,
    InboundMessage,
    Message,
    MessageAttempt,
    MessageStatus,
    MessageTemplate,
    Outcome,
    RecallNotice,
    StaffAlert,
    StaffAnswer,
)
from clinic.models import CartridgeLot
from patients.models import (
    Channel,
    Purpose,
)
from sessions.lifecycle import Status
from tests.factories.clinic import CartridgeLotFactory, ClinicFactory, UserFactory
from tests.factories.patients import StaffTaskFactory
from tests.factories.sessions import CartridgeUseFactory, SessionFactory
from tests.factories.times import DAY, HOUR, NINE


class CareStepFactory(DjangoModelFactory):
    class Meta:
        model = CareStep

    code = factory.Sequence(lambda n: f"step-{n}")
    name = factory.Sequence(lambda n: f"Step {n}")
    anchor = Anchor.COMPLETED
    offset = timedelta(0)
    useful_for = DAY


class TemplateFactory(DjangoModelFactory):
    class Meta:
        model = MessageTemplate

    step = factory.SubFactory(CareStepFactory)
    channel = Channel.EMAIL
    language = "en"
    version = 1
    subject = factory.LazyAttribute(lambda t: "Hello" if t.channel == Channel.EMAIL else "")
    body = "{{ clinic_short }}: hello. STOP to end."


class MessageFactory(DjangoModelFactory):
    class Meta:
        model = Message

    session = factory.SubFactory(SessionFactory, status=Status.COMPLETED)
    clinic = factory.SelfAttribute("session.clinic")
    patient = factory.SelfAttribute("session.patient")
    step = factory.SubFactory(CareStepFactory)
    channel = Channel.EMAIL
    due_at = NINE
    expires_at = factory.LazyAttribute(lambda m: m.due_at + DAY)


# What makes a message one that a worker is sending.
SENDING: dict[str, Any] = {
    "status": MessageStatus.SENDING,
    "worker": "worker",
    "lease_until": NINE + HOUR,
}


class AddressConsentFactory(DjangoModelFactory):
    class Meta:
        model = AddressConsent

    channel = Channel.SMS
    address = "+4915120000000"
    purpose = Purpose.CARE
    granted = False
    source = AddressSource.REPLY
    wording = "STOP"
    recorded_at = NINE


class InboundFactory(DjangoModelFactory):
    class Meta:
        model = InboundMessage

    channel = Channel.SMS
    sender = "+4915120000000"
    body = "Is this normal?"
    provider = "http"
    provider_id = factory.Sequence(lambda n: f"in-{n}")
    received_at = NINE
    clinic = factory.SubFactory(ClinicFactory)


class StaffAnswerFactory(DjangoModelFactory):
    class Meta:
        model = StaffAnswer

    inbound = factory.SubFactory(InboundFactory)
    text = "Yes, that is normal."
    channel = Channel.EMAIL
    answered_at = NINE
    answered_by = factory.SubFactory(UserFactory, clinic=factory.SelfAttribute("..inbound.clinic"))


class BirthDateTryFactory(DjangoModelFactory):
    class Meta:
        model = BirthDateTry

    message = factory.SubFactory(MessageFactory)
    number = 1
    tried_at = NINE


class ReceiptFactory(DjangoModelFactory):
    class Meta:
        model = DeliveryReceipt

    provider = "http"
    event_id = factory.Sequence(lambda n: f"event-{n}")
    message = factory.SubFactory(MessageFactory)
    kind = "DELIVERED"
    occurred_at = NINE
    received_at = NINE


class MessageAttemptFactory(DjangoModelFactory):
    class Meta:
        model = MessageAttempt

    message = factory.SubFactory(MessageFactory)
    number = 1
    provider = "smtp"
    worker = "w"
    started_at = NINE
    duration_ms = 12
    outcome = Outcome.ACCEPTED


class StaffAlertFactory(DjangoModelFactory):
    class Meta:
        model = StaffAlert

    task = factory.SubFactory(StaffTaskFactory)
    person = factory.SubFactory(UserFactory, clinic=factory.SelfAttribute("..task.clinic"))
    step = 1
    channel = "SMS"
    raised_at = NINE
    due_at = NINE


class RecallNoticeFactory(DjangoModelFactory):
    """Of a lot that was used at the session and is recalled, which sends nothing by itself."""

    class Meta:
        model = RecallNotice

    session = factory.SubFactory(SessionFactory, status=Status.COMPLETED)
    patient = factory.SelfAttribute("session.patient")
    lot = factory.SubFactory(CartridgeLotFactory, clinic=factory.SelfAttribute("..session.clinic"))
    issued_at = NINE

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        lot, session = kwargs["lot"], kwargs["session"]
        if not lot.recalled_at:
            with pgtrigger.ignore("treatment_sessions.CartridgeUse:locked_once_signed"):
                CartridgeUseFactory(lot=lot, session=session)
            recalled = CartridgeLot.objects.filter(pk=lot.pk)
            recalled.update(recalled_at=NINE, recall_reason="needles bent")
            lot.refresh_from_db()
        return super()._create(model_class, *args, **kwargs)
