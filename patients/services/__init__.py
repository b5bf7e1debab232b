"""Everything that can happen to a patient's record."""

from patients.services.break_glass import end_break_glass, open_record
from patients.services.consents import (
    hand_out_consent,
    record_photo_consent,
    record_treatment_consent,
    revoke_consent,
)
from patients.services.contact import choose_language, record_contact_consent
from patients.services.home_screening import (
    HomeAnswer,
    finish_home_screening,
    home_answers,
    keep_home_answers,
)
from patients.services.other_treatments import correct_other_treatment, record_other_treatment
from patients.services.records import (
    PatientArchived,
    archive_record,
    assess_skin_type,
    change_concern,
    record_concern,
    restore_record,
    update_patient,
)
from patients.services.registration import ContactWord, register_patient
from patients.services.screening import (
    AnswerEntry,
    confirm_screening,
    questionnaire,
    questions_due,
    record_screening,
)
from patients.services.tasks import (
    OutcomeMissing,
    TaskDone,
    TaskTaken,
    finish_source,
    finish_task,
    note_task,
    raise_task,
    take_task,
)

__all__ = [
    "AnswerEntry",
    "ContactWord",
    "HomeAnswer",
    "OutcomeMissing",
    "PatientArchived",
    "TaskDone",
    "TaskTaken",
    "archive_record",
    "assess_skin_type",
    "change_concern",
    "choose_language",
    "confirm_screening",
    "correct_other_treatment",
    "end_break_glass",
    "finish_home_screening",
    "finish_source",
    "finish_task",
    "hand_out_consent",
    "home_answers",
    "keep_home_answers",
    "note_task",
    "open_record",
    "questionnaire",
    "questions_due",
    "raise_task",
    "record_concern",
    "record_contact_consent",
    "record_other_treatment",
    "record_photo_consent",
    "record_screening",
    "record_treatment_consent",
    "register_patient",
    "restore_record",
    "revoke_consent",
    "take_task",
    "update_patient",
]
