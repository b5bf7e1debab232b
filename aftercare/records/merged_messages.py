"""What becomes of the patient's word, and of what waits, when two records are merged."""

from datetime import datetime

from django.utils.translation import gettext

from aftercare.models import AddressConsent, AddressSource
from aftercare.planning import plan as planning
from aftercare.replies.opt_out import refusal
from clinic.models import User
from patients.models import Channel, ContactConsent, Patient, PatientMerge, Purpose

FIELDS = {Channel.EMAIL: "email", Channel.SMS: "mobile"}


def follow_merge(merge: PatientMerge, *, at: datetime, by: User) -> None:
    """Messages have moved with their sessions, and so have all words on being written to, of which
    the newest counts. What waits is planned again: it goes to the kept record's address, on its
    clock, if its newest word allows it."""
    for channel, field in FIELDS.items():
        _carry_refusals(merge, channel, field, at=at, by=by)
    planning.replan_patient(merge.kept_id, at=at)


def _carry_refusals(
    merge: PatientMerge, channel: Channel, field: str, *, at: datetime, by: User
) -> None:
    """A person who has refused messages at an address that is given up has refused them: what was
    said at the address is written down as the patient's word, unless they have agreed since."""
    values = merge.values.get(field, {})
    given_up = {values.get("kept"), values.get("duplicate")} - {values.get("result"), "", None}
    for address in given_up:
        for purpose in Purpose:
            word = refusal(channel=channel, address=address, purpose=purpose)
            if word and word.source != AddressSource.HARD_BOUNCE:
                _say_no(merge.kept, channel, purpose, word, at=at, by=by)


def _say_no(
    patient: Patient,
    channel: Channel,
    purpose: Purpose,
    word: AddressConsent,
    *,
    at: datetime,
    by: User,
) -> None:
    words = patient.contact_consents.filter(channel=channel, purpose=purpose)
    newest = words.order_by("-recorded_at", "-id").first()
    if newest and newest.granted and newest.recorded_at <= word.recorded_at:
        ContactConsent.objects.create(
            patient=patient,
            channel=channel,
            purpose=purpose,
            granted=False,
            wording=gettext("Said at {address} before two records were merged: {wording}").format(
                address=word.address, wording=word.wording
            ),
            recorded_at=at,
            recorded_by=by,
        )
