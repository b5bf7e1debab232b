"""What stands beside the rows: the words of messages, who has looked, and what is what."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext

from aftercare.models import Message
from aftercare.records.accesses.names import Names
from aftercare.records.accesses.seen import HEAD, lines_of
from aftercare.records.export.tables import same_person
from aftercare.texts.render import render
from clinic.models import AccessRecord, ActorKind, Outcome, User
from clinic.values.languages import override_language
from clinic.values.tables import csv_text
from patients.models import Patient

LINK = re.compile(r"https?://\S+")


def messages_of(patient: Patient) -> Iterator[dict[str, Any]]:
    """Each that has left, with its words, made once more of the version that was sent. Links would
    open a page of the patient to whoever hands the file over, so they are left out."""
    sent = Message.objects.filter(patient__in=same_person(patient), template__isnull=False)
    related = ("patient__clinic", "clinic", "step", "template", "answer", "session__clinic")
    for message in sent.exclude(sent_at=None).select_related(*related).order_by("sent_at", "pk"):
        subject, text = _words(message)
        yield {
            "id": str(message.pk),
            "channel": message.channel,
            "status": message.status,
            "sent_at": message.sent_at.isoformat() if message.sent_at else "",
            "subject": subject,
            "text": text,
        }


def _words(message: Message) -> tuple[str, str | None]:
    assert message.template is not None
    try:
        with override_language(message.template.language):
            words = render(message, message.template)
    except Exception:  # of whatever it needs and is no more there: the file is made all the same
        return "", None
    return words.subject, LINK.sub("(link)", words.text)


def messages_text(messages: list[dict[str, Any]], patient: Patient) -> str:
    """The same to read."""
    parts = []
    for one in messages:
        sent_at = datetime.fromisoformat(one["sent_at"]).astimezone(patient.clinic.zone)
        head = " · ".join(filter(None, [f"{sent_at:%Y-%m-%d %H:%M}", one["channel"]]))
        parts.append("\n".join(filter(None, [head, one["subject"], "", one["text"] or "-"])))
    return f"\n\n{'-' * 60}\n\n".join(parts) + "\n"


def accesses_csv(patient: Patient) -> str:
    """Whoever has seen the record, by name: all that is known, whoever asks for the file."""
    rows = (
        AccessRecord.objects.of_patients(same_person(patient))
        .filter(outcome=Outcome.DONE)
        .order_by("-pk")
    )
    staff = rows.filter(actor_kind=ActorKind.STAFF).order_by().values("actor_id").distinct()
    people = {one.pk: one for one in User.objects.filter(pk__in=staff)}
    names = Names(people=people, patients={patient.pk: patient}, by_name=True)
    lines = lines_of(rows.iterator(chunk_size=2_000), names, patient.clinic.zone)
    return csv_text(list(map(str, HEAD)), (line.cells() for line in lines))


def read_me(patient: Patient, *, at: datetime) -> str:
    """In the language of the patient: which file is what."""
    clinic = patient.clinic
    signed = patient.treatment_consents.exists() or patient.photo_consents.exists()
    with override_language(patient.language):
        day = date_format(at.astimezone(clinic.zone), "DATE_FORMAT")
        lines = [
            gettext("This is what we keep about you. Made on %(day)s.") % {"day": day},
            f"{clinic.name}, {clinic.phone}, {clinic.email}",
            "",
            "messages.txt: " + gettext("What we wrote to you. Links are left out."),
            "accesses.csv: " + gettext("Who has looked at your record, and when."),
            *(["consents: " + gettext("What you have signed.")] if signed else []),
            *(["photos: " + gettext("Your photos.")] if patient.photos.exists() else []),
            "record.json: " + gettext("All your data, in a form that other software can read."),
            "record.schema.json: " + gettext("What each part of it means."),
            "",
            gettext("The end of record.json says what is left out, and why."),
            gettext("Is something wrong or missing? Please tell us."),
        ]
    return "\n".join(lines) + "\n"
