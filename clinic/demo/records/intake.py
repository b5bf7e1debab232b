"""How somebody becomes a patient of the demo: registered, screened, consenting, with a plan."""

from datetime import date, datetime, timedelta
from typing import Any

from clinic.demo.records.people import CHARTS, Person
from clinic.models import Clinic, User
from patients.models import (
    Channel,
    Concern,
    ConcernSubtype,
    ConsentText,
    Patient,
    Purpose,
    ScreeningKind,
)
from patients.screening import DARKER_SKIN
from patients.services import (
    hand_out_consent,
    questionnaire,
    record_concern,
    record_contact_consent,
    record_photo_consent,
    record_screening,
    record_treatment_consent,
    register_patient,
)
from sessions import services
from sessions.lifecycle import PlanStatus
from sessions.models import CandidacyOutcome, Protocol, TreatmentPlan

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WORDING = "May we write to you about your appointments and your aftercare?"


class Intake:
    """One person until their plan is made."""

    def __init__(self, person: Person, number: int, clinic: Clinic, now: datetime) -> None:
        self.person, self.number, self.clinic, self.now = person, number, clinic, now
        staff = list(User.objects.practitioners().filter(clinics=clinic).order_by("pk"))
        self.clinician = staff[number % len(staff)]
        self.protocol = Protocol.objects.select_related("concern", "area").get(code=person.protocol)
        # The soft minimum is kept: two weeks longer on darker skin, and hair is treated sooner.
        usual = self.protocol.versions.latest("version").target_max_days
        self.interval = (usual + 14 if person.skin in DARKER_SKIN else usual) * DAY
        first = max(0, person.done - 1) * self.interval + person.last * DAY
        self.began = now - first - 9 * DAY
        self.patient: Patient
        self.plan: TreatmentPlan

    def _register(self) -> None:
        given_name, family_name = self.person.name.split(" ", 1)
        mail = f"{given_name}.{family_name}".lower().encode("ascii", "ignore").decode()
        is_german = self.clinic.time_zone.startswith("Europe")
        details: dict[str, Any] = {
            "given_name": given_name,
            "family_name": family_name,
            "date_of_birth": self._born(),
            "sex": self.person.sex,
            "language": self.person.language,
            "email": f"{mail}@{self.clinic.short_name.lower()}-patients.example",
            "mobile": f"+4915123456{self.number:03}"
            if is_german
            else f"+121255501{self.number:02}",
            "keloid_history": self.person.keloids,
            "allergies": self.person.allergies,
            "cold_sore_history": "hsv-history" in self.person.answers,
            "created_at": self.began,
        }
        if self.person.skin:
            details["skin_type"] = self.person.skin
        self.patient = register_patient(
            clinic=self.clinic, details=details, at=self.began, by=self.clinician
        )
        for channel in Channel.values:
            record_contact_consent(
                patient_id=self.patient.pk,
                channel=channel,
                purpose=Purpose.CARE,
                granted=True,
                wording=WORDING,
                at=self.began,
                by=self.clinician,
            )

    def _born(self) -> date | None:
        """Of a caller it is not known yet."""
        if self.person.then == "called":
            return None
        return self.person.born or date(self.now.year - self.person.age, 1, 2)

    def _decide(self) -> None:
        """What came of the consultation: a text to read, and whether to treat."""
        outcome, at = self.person.decided or CandidacyOutcome.CANDIDATE, self.began + HOUR
        hand_out_consent(patient_id=self.patient.pk, at=at, by=self.clinician)
        local_today = self.now.astimezone(self.clinic.zone).date()
        services.record_candidacy(
            patient=self.patient,
            outcome=outcome,
            until=local_today + 183 * DAY if outcome == CandidacyOutcome.NOT_NOW else None,
            reason=self.person.why if self.person.decided else "",
            alternatives="Sun protection, a retinoid at night." if self.person.decided else "",
            expectations="Softer in daylight, without make-up.",
            other_treatments="A peel two years ago.",
            at=at,
            by=self.clinician,
        )

    def _screen(self, at: datetime, kind: ScreeningKind) -> None:
        answers, today = self.person.answers, at.astimezone(self.clinic.zone).date()
        record_screening(
            patient_id=self.patient.pk,
            kind=kind,
            answers=[
                {
                    "rule": rule.code,
                    "answer": rule.code in answers,
                    "last_exposure_on": today - answers[rule.code] * DAY
                    if rule.code in answers and rule.asks_last_exposure
                    else None,
                }
                for rule in questionnaire(at, self.clinic)
            ],
            good_health=True,
            expectations_discussed=True,
            at=at,
            by=self.clinician,
        )

    def _agree_and_plan(self) -> None:
        at, person = self.began + 2 * HOUR, self.person
        texts = ConsentText.objects.in_effect(at).filter(language=person.language)
        treatment, photo = texts.get(kind="TREATMENT"), texts.get(kind="PHOTO")
        record_treatment_consent(
            patient_id=self.patient.pk,
            text=treatment,
            clauses=[clause.code for clause in treatment.clauses.all()],
            zones=[zone for zone, *_ in CHARTS[person.protocol]],
            device_models=["skinpen-precision"],
            signer_name=f"Maria {person.name.split()[1]}" if person.guardian else person.name,
            signer_relation=person.guardian,
            patient_assented=bool(person.guardian),
            at=at,
            by=self.clinician,
        )
        if person.photos:
            self.photo_consent = record_photo_consent(
                patient_id=self.patient.pk,
                text=photo,
                scope="CLINICAL",
                signer_name=person.name,
                at=at,
                by=self.clinician,
            )
        concern = record_concern(
            patient_id=self.patient.pk,
            concern=Concern.objects.get(pk=self.protocol.concern_id),
            subtype=ConcernSubtype.objects.filter(code=person.subtype).first(),
            baseline_grade=person.grade,
            at=at,
            by=self.clinician,
        )
        self.plan = services.create_plan(
            patient=self.patient,
            concern=self.protocol.concern,
            area=self.protocol.area,
            protocol=self.protocol,
            practitioner=self.clinician,
            at=at,
            by=self.clinician,
            patient_concerns=[concern],
            goals="Looks rested; knows that it takes months.",
            as_draft=person.plan == PlanStatus.DRAFT,
        )
