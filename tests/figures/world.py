"""Many treated patients at the price of a few statements: written straight into the tables, with
ids of their own, for those of the database do not come back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from clinic.models import CartridgeLot, Clinic
from patients.models import Patient
from sessions.lifecycle import Status
from sessions.models import (
    CartridgeUse,
    CheckIn,
    ProtocolVersion,
    SideEffect,
    TreatmentPlan,
    TreatmentSession,
    TriageVersion,
    ZoneTreatment,
)
from sessions.scheduling.spacing import recovery_end
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CartridgeLotFactory,
    DeviceFactory,
    PatientFactory,
    PlanFactory,
    ProtocolFactory,
    RoomFactory,
    TriageVersionFactory,
    UserFactory,
    ZoneFactory,
    visit_type_of,
)

MONDAY = NINE.date()


@dataclass
class Practice:
    """A clinic with one practitioner, one room, one device and one protocol."""

    clinic: Clinic

    def __post_init__(self) -> None:
        clinic = self.clinic
        self.practitioner = UserFactory(clinic=clinic)
        self.room, self.device = RoomFactory(clinic=clinic), DeviceFactory(clinic=clinic)
        self.protocol = ProtocolFactory()
        self.version = ProtocolVersion.objects.get(protocol=self.protocol)
        self.zone = ZoneFactory(area=self.protocol.area)
        self.rules: TriageVersion = TriageVersionFactory()
        self.visit_type = visit_type_of(clinic)

    def plans(self, n: int, *, skin_type: int | None = 3) -> list[TreatmentPlan]:
        """Of a new patient each."""
        patients = Patient.objects.bulk_create(
            PatientFactory.build(id=uuid4(), clinic=self.clinic, skin_type=skin_type)
            for _ in range(n)
        )
        return TreatmentPlan.objects.bulk_create(
            PlanFactory.build(
                id=uuid4(),
                patient=patient,
                clinic=self.clinic,
                protocol=self.protocol,
                protocol_version=self.version,
                created_by=self.practitioner,
            )
            for patient in patients
        )

    def treat(
        self,
        plans: Sequence[TreatmentPlan],
        *,
        on: date = MONDAY,
        depth_mm: str | None = "1.50",
        status: str = Status.COMPLETED,
        lot: CartridgeLot | None = None,
    ) -> list[TreatmentSession]:
        """One session of each plan, from that day on, two hours after one another."""
        first = datetime.combine(on, NINE.timetz())
        sessions = [self._session(plan, first + 2 * HOUR * k) for k, plan in enumerate(plans)]
        TreatmentSession.objects.bulk_create(sessions)
        if depth_mm:
            ZoneTreatment.objects.bulk_create(
                ZoneTreatment(session=one, zone=self.zone, depth_mm=depth_mm, passes=4)
                for one in sessions
            )
        if lot:
            CartridgeUse.objects.bulk_create(
                CartridgeUse(
                    session=one,
                    clinic=self.clinic,
                    lot=lot,
                    serial=f"{lot.uses.count()}-{k}",
                    used_on=one.starts_at.date(),
                )
                for k, one in enumerate(sessions)
            )
        for one in sessions:
            one.status = status
            if status == Status.COMPLETED:
                one.completed_at, one.signed_by = one.ends_at, self.practitioner
        TreatmentSession.objects.bulk_update(sessions, ["status", "completed_at", "signed_by"])
        return sessions

    def _session(self, plan: TreatmentPlan, starts_at: datetime) -> TreatmentSession:
        return TreatmentSession(
            id=uuid4(),
            plan=plan,
            clinic=self.clinic,
            visit_type=self.visit_type,
            patient=plan.patient,
            area=self.protocol.area,
            practitioner=self.practitioner,
            room=self.room,
            device=self.device,
            starts_at=starts_at,
            occupied_from=starts_at,
            ends_at=starts_at + HOUR,
            released_at=starts_at + HOUR,
            protocol_version=self.version,
            recovers_at=recovery_end(starts_at, self.version, self.clinic.zone),
            time_zone=self.clinic.time_zone,
            status=Status.IN_PROGRESS,
        )

    def lot(self) -> CartridgeLot:
        found: CartridgeLot = CartridgeLotFactory(
            clinic=self.clinic, device_model=self.device.model, expires_on=date(2035, 1, 31)
        )
        return found

    def report(
        self, sessions: Sequence[TreatmentSession], *, day: int = 1, **scores: Any
    ) -> list[CheckIn]:
        """Of each session; a list of scores has one for each."""
        return CheckIn.objects.bulk_create(
            CheckIn(
                id=uuid4(),
                session=one,
                reported_at=one.starts_at + timedelta(days=day),
                day=day,
                level="GREEN",
                fired=[],
                rules=self.rules,
                is_draft=True,
                **{name: of[k] if isinstance(of, list) else of for name, of in scores.items()},
            )
            for k, one in enumerate(sessions)
        )

    def harm(self, sessions: Sequence[TreatmentSession], **details: Any) -> list[SideEffect]:
        return SideEffect.objects.bulk_create(
            SideEffect(
                session=one,
                recorded_by=self.practitioner,
                onset_at=one.ends_at + DAY,
                **{"kind": "INFECTION", "grade": 2, "is_expected": False, **details},
            )
            for one in sessions
        )
