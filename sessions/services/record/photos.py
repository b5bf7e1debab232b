"""Photographs: kept once they are made anew, and shown only while the patient agrees."""

from datetime import datetime
from typing import IO, Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import DateField, Exists, Func, OuterRef, Q, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import Conflict, DomainError
from clinic.models import User, probe
from clinic.permissions import require_sight
from patients.models import Audience, Patient, PhotoConsent, PhotoScope, TaskKind, Zone
from patients.services import raise_task
from patients.services.records import lock_open_record
from sessions.models import PICTURES_A_REPORT, CheckIn, Photo, TreatmentSession, View
from sessions.services.record.chart import require_on
from sessions.services.record.pictures import MOST_SENT, Picture, remade


class NoPhotoConsent(Conflict):
    code = "no_photo_consent"
    title = gettext_noop("The patient does not agree to photographs")


class OtherPatient(DomainError):
    code = "other_patient"
    title = gettext_noop("The session belongs to another patient")


class TooManyPhotos(Conflict):
    code = "too_many_photos"
    title = gettext_noop("The report has all the pictures that it may have")


def consenting_patients(*, at: datetime) -> models.QuerySet[Patient]:
    """Those who agree to photographs for their record; on the clinic's calendar, a consent ends
    with the day on which it expires."""
    today = Cast(Func(OuterRef("clinic__time_zone"), Value(at), function="timezone"), DateField())
    given = PhotoConsent.objects.filter(patient=OuterRef("pk"), scope=PhotoScope.CLINICAL)
    return Patient.objects.filter(Exists(given.valid(today)))  # type: ignore[arg-type]


def shown_photos(*, at: datetime) -> Q:
    """Photographs of patients who agree now. What a patient has sent was agreed to by sending it,
    until a consent to photographs is taken back after that."""
    taken_back = PhotoConsent.objects.filter(
        patient=OuterRef("patient"),
        scope=PhotoScope.CLINICAL,
        revoked_at__gt=OuterRef("created_at"),
    )
    agrees = consenting_patients(at=at).filter(pk=OuterRef("patient"))
    return Q(probe(agrees)) | Q(~Exists(taken_back), view=View.SENT)


def shown_patients(*, at: datetime) -> models.QuerySet[Patient]:
    """Those of whom photographs may be looked for: who agree, or have sent some."""
    sent = Photo.objects.filter(shown_photos(at=at), patient=OuterRef("pk"), view=View.SENT)
    consenting = consenting_patients(at=at).filter(pk=OuterRef("pk"))
    return Patient.objects.filter(Q(probe(consenting)) | Q(probe(sent)))


@retried_transaction
def store_photo(
    *,
    patient: Patient,
    view: str,
    taken_at: datetime,
    upload: IO[bytes],
    at: datetime,
    by: User,
    session: TreatmentSession | None = None,
    zone: Zone | None = None,
) -> Photo:
    """Make a picture anew and keep it.

    Raises PhotoTooLarge, PhotoTooManyPixels, NotAPhoto, DamagedPhoto, NoPhotoConsent,
    OtherPatient, ZoneElsewhere, PatientArchived.
    """
    require_sight(by, patient.pk)
    if session and session.patient_id != patient.pk:
        raise OtherPatient(gettext("Name a session of this patient."), field="session")
    if session:
        require_on(session.area, zone)
    picture = remade(upload)  # before the first statement: that may take a second
    require_photo_consent(lock_open_record(patient.pk), at=at)
    return keep_picture(
        picture,
        patient=patient,
        session=session,
        view=view,
        zone=zone,
        taken_at=taken_at,
        uploaded_by=by,
    )


@retried_transaction
def store_sent_photo(
    *, report: CheckIn, upload: IO[bytes], at: datetime, due_at: datetime
) -> Photo:
    """Keep a picture that a patient has sent with a report, and put it before a clinician by
    `due_at`. The same picture is kept once; three belong to a report.

    Raises TooManyPhotos, PhotoTooLarge, PhotoTooManyPixels, NotAPhoto, DamagedPhoto,
    PatientArchived.
    """
    picture = remade(upload, most=MOST_SENT)
    session = report.session
    lock_open_record(session.patient_id)  # so that they are counted one at a time
    photos = Photo.objects.filter(report=report)
    if same := photos.filter(sha256=picture.sha256).first():
        return same
    number = photos.count() + 1
    if number > PICTURES_A_REPORT:
        raise TooManyPhotos(
            gettext("A report has {most} pictures at most.").format(most=PICTURES_A_REPORT),
            field="image",
        )
    raise_task(
        clinic=session.clinic,
        patient=session.patient,
        kind=TaskKind.HEALING,
        audience=Audience.CLINICAL,
        title=gettext("Pictures of day {day}: {patient}").format(
            day=report.day, patient=session.patient
        ),
        detail=gettext_noop("Sent by the patient with the check-in. Look at them there."),
        source=f"photos:{report.pk}",
        at=at,
        due_at=due_at,
    )
    return keep_picture(
        picture,
        patient=session.patient,
        session=session,
        view=View.SENT,
        taken_at=at,
        report=report,
        number=number,
    )


def keep_picture(picture: Picture, **of_row: Any) -> Photo:
    """Write the files, then the row: a row never lacks its files. If it cannot be written, take
    the files away again."""
    # Random names: nothing of the upload's name or of the patient gets into the file system.
    image, thumbnail = f"photos/{uuid4()}.jpg", f"photos/{uuid4()}.jpg"
    try:
        default_storage.save(image, ContentFile(picture.image))
        default_storage.save(thumbnail, ContentFile(picture.thumbnail))
        return Photo.objects.create(
            image=image,
            thumbnail=thumbnail,
            sha256=picture.sha256,
            width=picture.width,
            height=picture.height,
            **of_row,
        )
    except BaseException:
        # Also what a full disk has left half-written; a name that was not used yet does no harm.
        remove_files(image, thumbnail)
        raise


def remove_files(*names: str | None) -> None:
    for name in filter(None, names):
        default_storage.delete(name)


def require_photo_consent(patient: Patient, *, at: datetime) -> None:
    """Raises NoPhotoConsent."""
    if not consenting_patients(at=at).filter(pk=patient.pk).exists():
        raise NoPhotoConsent(
            gettext(
                "There is no valid consent to photographs for the clinical record: "
                "let the patient sign one first."
            ),
            field="patient",
        )
