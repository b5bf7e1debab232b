"""A clinic with one row of each kind, and a good request for every operation of the API.

Operations, their fields and parameters come from the API's description; here is only what no
description can know: which rows there are, and a value that fits each name.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import resolve
from knox.models import AuthToken
from rest_framework.test import APIClient

from clinic.models import Role
from clinic.permissions import PERMISSIONS, RolePermission
from tests.conftest import make_booking
from tests.factories import (
    DAY,
    LONG_AGO,
    NINE,
    BreakGlassFactory,
    CalendarFeedFactory,
    CandidacyFactory,
    CareStepFactory,
    CartridgeLotFactory,
    CheckInFactory,
    ClosureFactory,
    ConcernSubtypeFactory,
    ConsentTextFactory,
    ContactConsentFactory,
    CredentialFactory,
    ExposureFactory,
    HoldFactory,
    InboundFactory,
    IncidentReportFactory,
    LogInFactory,
    MessageFactory,
    OnCallShiftFactory,
    OtherTreatmentFactory,
    OutcomeMeasureFactory,
    OutcomeScaleFactory,
    PatientConcernFactory,
    PatientFactory,
    PlanFactory,
    ProductFactory,
    ScreeningRuleFactory,
    SideEffectFactory,
    StaffAlertFactory,
    StaffTaskFactory,
    TemplateFactory,
    TimeOffFactory,
    TreatmentConsentFactory,
    UserFactory,
    WaitlistEntryFactory,
    WorkingHoursFactory,
    visit_type_of,
)
from tests.support.accesses import access_to
from tests.support.answers import description
from tests.support.pictures import agree, jpeg, stored

NOBODY = "01890000-0000-7000-8000-000000000000"
PASSWORD = "a long enough password"

# Values that fit, whatever they are asked for.
BY_NAME: dict[str, Any] = {
    "password": PASSWORD,
    "email": "ada@patients.example",
    "mobile": "+4915123456789",
    "time_zone": "Europe/Berlin",
    "date_of_birth": "1990-04-03",
    "assessed_on": "2024-05-01",
    "onset_on": "2024-05-01",
    "weighed_on": "2024-05-01",
    "weight_kg": "62.5",
    "last_exposure_on": "2024-05-01",
    "signed_off_on": "2024-05-01",
    "onset_at": NINE.isoformat(),  # the start of the completed session
    "taken_at": "2024-05-01T10:00:00Z",
    "happened_at": "2024-05-01T10:00:00Z",
    "measured_at": "2024-05-01T10:00:00Z",
    "rater_name": "",  # of somebody who is no user
    "done_at": "2024-05-01T10:00:00Z",
    "until": None,
    "video_url": "https://video.example/visit",
    "from_on": "2031-01-01",
    "until_on": "2031-02-01",
    "valid_from": "2031-01-01",
    "valid_until": "2032-01-01",
    "from": "2031-01-01",
    "to": "2031-01-02",
    "after": "2031-01-01",
    "starts_at": "2031-06-02T09:00:00Z",
    "ends_at": "2031-06-02T10:00:00Z",
    "on_at": "2024-05-01T10:00:00Z",
    "off_at": "2024-05-01T10:30:00Z",
    "opens_at": "09:00",
    "closes_at": "17:00",
    "earliest": "09:00",
    "latest": "17:00",
    "depth_mm": "1.50",
    "answer": True,
    "milestone": "SESSION",
    "score": "1.00",
    "page_size": "10",
    "gtin": "09506000134352",
    "date": "2031-01-01",
    "choices": {"email": "kept", "mobile": "kept", "family_name": "kept"},
}
LEFT_OUT = object()
# And what fits only there: by the part of the API, or the name of the body.
BY_PLACE: dict[tuple[str, str], Any] = {
    ("auth", "code"): "123456",
    ("availability", "instead_of"): LEFT_OUT,
    ("break-glass", "reason"): "A complaint about a burn",
    ("candidacies", "outcome"): "NOT_NOW",
    ("candidacies", "until"): "2031-01-01",
    ("plans", "kind"): "MAINTENANCE",
    ("plans", "after_outcome"): None,
    ("plans", "visit_type"): None,  # a treatment
    ("waitlist", "visit_type"): None,
    ("incident-reports", "outcome"): "NOT_NEEDED",
    ("incident-reports", "sent_on"): "2026-01-05",
    ("other-treatments", "place"): "ELSEWHERE",
    ("other-treatments", "treated_on"): "2024-05-01",
    ("exposures", "patient"): None,  # it was a colleague
    ("figures", "milestone"): "DAY_90",
    ("inbox", "channel"): "EMAIL",
    ("sessions", "tube_label"): "",
    ("VisitInRequest", "side_effect"): None,  # a check looks at it
    ("VisitInRequest", "task"): None,
    ("VisitInRequest", "device"): None,
    ("VisitInRequest", "room"): None,
    ("VisitHoldInRequest", "device"): None,
    ("VisitHoldInRequest", "room"): None,
    ("VisitHoldInRequest", "plan"): None,
    ("BookingInRequest", "kind"): "TREATMENT",
    ("VisitInRequest", "plan"): None,
    ("PatientCreateInRequest", "skin_type"): LEFT_OUT,  # a practitioner assesses it
    ("PatchedPlanChangeInRequest", "interval_months"): LEFT_OUT,  # of maintenance alone
    ("PatchedPlanChangeInRequest", "reason"): LEFT_OUT,
}
# Described as optional, though one of several must be there.
NEEDED = {"availability": {"plan"}}
# Where the desk may say all that a body can hold, and a practitioner may not.
OF_THE_DESK = {"/api/v1/patients/"}


@dataclass
class Operation:
    method: str
    path: str  # as described: /api/v1/sessions/{id}/chart/
    url: str  # of a row that there is
    client: APIClient
    query: dict[str, str]  # of every parameter
    required: set[str]  # without these nothing is answered
    body: dict[str, Any] | None
    is_form: bool
    headers: dict[str, str]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path.removeprefix('/api/v1')}"

    def asked(self, **changes: str) -> str:
        """A query of what is required, with changes."""
        values = {**{name: self.query[name] for name in self.required}, **changes}
        return f"?{urlencode(values, quote_via=quote, safe='%')}" if values else ""

    def send(self, content: Any, *, url: str = "", query: str = "") -> Any:
        """`content` is a body as it goes over the wire, or the fields of a form."""
        url = f"{url or self.url}{query}"
        if self.is_form:
            return self.client.generic(self.method, url, *_form(content), headers=self.headers)
        return self.client.generic(
            self.method, url, content, "application/json", headers=self.headers
        )


def _form(fields: dict[str, Any]) -> Any:
    for value in fields.values():
        if isinstance(value, SimpleUploadedFile):
            value.seek(0)
    return encode_multipart(BOUNDARY, fields), MULTIPART_CONTENT


class World:
    """What the requests are about."""

    def __init__(self, clinic: Any) -> None:
        self.clinic = clinic
        self.users = {role: UserFactory(role=role, clinic=clinic) for role in Role.values}
        doctor = self.users[Role.PRACTITIONER]
        doctor.set_password(PASSWORD)
        doctor.save()
        booking = self.booking = make_booking(clinic, doctor)
        other = self.other = make_booking(clinic, UserFactory(clinic=clinic))
        plan, patient = booking.plan, booking.plan.patient
        self.booked = booking.book(NINE + 60 * DAY)
        self.in_progress = booking.charted(NINE)
        self.completed = other.completed(NINE)
        self.duplicate = PatientFactory(clinic=clinic)
        self.subtype = ConcernSubtypeFactory(concern=plan.concern)
        self.patient_concern = PatientConcernFactory(patient=patient, concern=plan.concern)
        self.visit_type = visit_type_of(clinic, "video-consultation")
        self.text = ConsentTextFactory(kind="TREATMENT", language="es")
        self.photo_text = ConsentTextFactory(kind="PHOTO")
        self.rules = [ScreeningRuleFactory(asks_last_exposure=True).code for _ in range(2)]
        self.scale = OutcomeScaleFactory()
        self.product, self.cream = ProductFactory(), ProductFactory(kind="ANAESTHETIC")
        consent = TreatmentConsentFactory(patient=patient, text=self.text, recorded_by=doctor)
        photo_consent = agree(patient, doctor)
        self.further_plan = PlanFactory(patient=patient, clinic=clinic)
        agree(other.plan.patient, doctor)
        self.photo_of_other = stored(jpeg(), other.plan.patient, doctor)
        ContactConsentFactory(patient=patient)  # for who answers a reply
        step = CareStepFactory(code="answer", anchor="ANSWERED", channel_policy="EMAIL")
        TemplateFactory(step=step, body="{{ answer }}")
        self.rows: dict[str, Any] = {
            "accesses": access_to(patient, by=doctor),
            "break-glass": BreakGlassFactory(patient=self.duplicate, by=self.users[Role.MANAGER]),
            "closures": ClosureFactory(clinic=clinic, starts_at=NINE + 400 * DAY),
            "candidacies": CandidacyFactory(patient=patient),
            "other-treatments": OtherTreatmentFactory(patient=patient, area=plan.area),
            "concerns": plan.concern,
            "credentials": CredentialFactory(user=doctor),
            "visit-types": visit_type_of(clinic, "consultation"),
            "consents": consent,
            "device-models": booking.device.model,
            "devices": booking.device,
            "holds": HoldFactory(plan=plan, held_by=doctor),
            "inbox": InboundFactory(
                clinic=clinic, audience="CLINICAL", patient=patient, channel="EMAIL"
            ),
            "on-call": OnCallShiftFactory(clinic=clinic, practitioner=doctor),
            "staff-alerts": StaffAlertFactory(
                task=StaffTaskFactory(clinic=clinic, audience="CLINICAL"), person=doctor
            ),
            "log-ins": LogInFactory(user=doctor),
            "lots": CartridgeLotFactory(clinic=clinic, device_model=booking.device.model),
            "messages": MessageFactory(session=self.booked),
            "outcomes": OutcomeMeasureFactory(plan=plan, scale=self.scale),
            "patients": patient,
            "photo-consents": photo_consent,
            "photos": stored(jpeg(), patient, doctor),
            "plans": plan,
            "practitioners": doctor,
            "protocols": plan.protocol,
            "rooms": booking.room,
            "sessions": self.booked,
            "check-ins": CheckInFactory(session=self.completed),
            "side-effects": SideEffectFactory(session=self.completed, onset_at=LONG_AGO),
            "incident-reports": IncidentReportFactory(
                side_effect__session=self.completed, known_at=LONG_AGO
            ),
            "tasks": StaffTaskFactory(clinic=clinic, audience="CLINICAL"),
            "time-off": TimeOffFactory(practitioner=doctor, starts_at=NINE + 500 * DAY),
            "waitlist": WaitlistEntryFactory(plan=plan),
            "working-hours": WorkingHoursFactory(clinic=clinic, practitioner=other.practitioner),
            "exposures": ExposureFactory(clinic=clinic, staff=doctor, happened_at=LONG_AGO),
            "zones": booking.zone,
        }
        CalendarFeedFactory(user=doctor)

    def row_of(self, path: str) -> Any:
        """The row that an address is about: for a verb, one on which it can work."""
        verbs = ("chart", "cartridges", "cream-on", "cream-off", "overrides", "complete")
        if path.endswith(tuple(f"/{verb}/" for verb in verbs)):
            return self.rows["plans"] if "/plans/" in path else self.in_progress
        if path.endswith(("/addenda/", "/deviations/")):
            return self.completed
        return self.rows[path.removeprefix("/api/v1/").split("/")[0]]

    def sample(self, name: str, schema: dict[str, Any], path: str) -> Any:
        """A value that fits: by the field's name, else by its type."""
        for place in (path.split("/")[3], path.partition("#")[2]):
            if (place, name) in BY_PLACE:
                return BY_PLACE[place, name]
        samples = {
            "patient": self.booking.plan.patient,
            "plan": self.booking.plan,
            "session": self.completed
            if "side-effects" in path or "check-ins" in path
            else self.in_progress,
            "practitioner": self.booking.practitioner,
            "room": self.booking.room,
            "device": self.booking.device,
            "clinic": self.clinic,
            "hold": self.rows["holds"],
            "text": self.photo_text if "photo" in path else self.text,
            "concerns": self.booking.plan.concern,
            "concern": self.booking.plan.concern,
            "subtype": self.subtype,
            "area": self.booking.plan.area,
            "protocol": self.booking.plan.protocol,
            "patient_concerns": self.patient_concern,
            "scale": self.scale,
            "product": self.cream if "cream" in path else self.product,
            "witness": self.users[Role.MANAGER],
            "staff": self.users[Role.PRACTITIONER],
            "rated_by": self.users[Role.PRACTITIONER],
            "further_plans": self.further_plan,
            "plans": self.booking.plan,
            "source_patient": self.booking.plan.patient,
            "photo": self.photo_of_other,
            "visit_type": self.visit_type,
            "duplicate": self.duplicate,
            "report": self.rows["check-ins"],
            "check_in": self.rows["check-ins"],
            "zone": self.other.zone
            if "side-effects" in path or "check-ins" in path
            else self.booking.zone,
            "zones": self.booking.zone,
            "device_model": self.booking.device.model,
            "device_models": self.booking.device.model,
        }
        if name in samples and schema.get("type") != "object":
            row = samples[name]
            return str(row.pk) if schema.get("format") == "uuid" else getattr(row, "code", "text")
        if name == "code":
            return self.booking.cartridge() if "overrides" not in path else "depth_above_range"
        if name == "username":
            return self.users[Role.PRACTITIONER].username
        if name == "rule":
            return self.rules[0]
        if name == "image":
            return SimpleUploadedFile("face.jpg", jpeg(), "image/jpeg")
        return BY_NAME.get(name, NotImplemented)

    def fitting(self, name: str, schema: dict[str, Any], path: str) -> Any:
        """A sample for a field of the description, of whatever depth."""
        schema = resolved(schema)
        found = self.sample(name, schema, path)
        if found is not NotImplemented and schema.get("type") != "array":
            return found
        kind = schema.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object":
            parts = schema.get("properties", {})
            found = {inner: self.fitting(inner, part, path) for inner, part in parts.items()}
            return {inner: value for inner, value in found.items() if value is not LEFT_OUT}
        if kind == "array":
            if name in ("clauses", "weekdays", "directions"):
                return []
            if name == "answers":  # to every question
                found = [self.fitting(name, schema["items"], path) for _ in self.rules]
                return [
                    {**answer, "rule": rule} for answer, rule in zip(found, self.rules, strict=True)
                ]
            return [self.fitting(name, schema["items"], path)]
        if "enum" in schema:
            return schema["enum"][0]
        if schema.get("format") == "decimal":
            return "1.00"
        samples = {"boolean": False, "integer": schema.get("minimum", 1), "number": 1}
        return samples.get(str(kind), "text")


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Without references: of several, the first that says something."""
    while True:
        if "$ref" in schema:
            schema = description()["components"]["schemas"][schema["$ref"].split("/")[-1]]
        elif some := next((schema[name] for name in ("allOf", "oneOf") if name in schema), None):
            schema = {**some[0]}
        else:
            return schema


def operations_of(world: World) -> list[Operation]:
    """A request for everything that is described; of a body of several shapes, one for each."""
    found = []
    for path, item in description()["paths"].items():
        for method, described in item.items():
            content = described.get("requestBody", {}).get("content", {})
            media_type = next(iter(content), "")
            if not content:
                found.append(_operation(world, method, path, described))
            for schema in _shapes(content[media_type]["schema"]) if content else ():
                place = f"{path}#{schema.get('$ref', '').split('/')[-1]}"
                operation = _operation(world, method, path, described)
                operation.body = world.fitting("", schema, place)
                operation.is_form = media_type.startswith("multipart")
                found.append(operation)
    return found


def _shapes(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Of a body that may be one of several, all."""
    named = description()["components"]["schemas"].get(schema.get("$ref", "").split("/")[-1], {})
    shapes: list[dict[str, Any]] = named.get("oneOf", [schema])
    return shapes


def _operation(world: World, method: str, path: str, described: dict[str, Any]) -> Operation:
    """One without a body."""
    needs = role_for(path, method)
    row = world.row_of(path) if "{" in path else None
    parameters = described.get("parameters", ())
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(world.users[needs])
    if path.endswith("/logout/"):  # ends the token that it came with
        token, _ = AuthToken.objects.create(world.users[needs])
        client.force_authenticate(world.users[needs], token)
    overwrites = any(one["name"] == "If-Match" and one.get("required") for one in parameters)
    asked = [one for one in parameters if one["in"] == "query"]
    return Operation(
        method=method.upper(),
        path=path,
        url=path.replace("{id}", str(row.pk)) if row else path,
        client=client,
        query={one["name"]: str(world.fitting(one["name"], one["schema"], path)) for one in asked},
        required={one["name"] for one in asked if one.get("required")}
        | NEEDED.get(path.split("/")[3], set()),
        body=None,
        is_form=False,
        headers={"If-Match": "*"} if overwrites else {},
    )


def role_for(path: str, method: str) -> str:
    """Somebody who may: a practitioner if they do."""
    callback: Any = resolve(path.replace("{id}", NOBODY)).func
    if hasattr(callback, "actions"):
        needed = RolePermission().needed(callback.cls(action=callback.actions[method]))
    else:
        needed = getattr(callback.view_class, "permissions", {}).get(method)
    order = [Role.PRACTITIONER, *Role.values] if path not in OF_THE_DESK else [Role.RECEPTIONIST]
    return next((role for role in order if needed in PERMISSIONS[role]), Role.PRACTITIONER)


class Ledger:
    """Notices whether anything in the database has changed, but for what is written down about
    the request itself."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
                " AND tablename !~ '^clinic_access_'"
            )
            tables = [name for (name,) in cursor.fetchall()]
        self._sql = " UNION ALL ".join(
            f"SELECT '{name}', count(*), sum(hashtextextended(t::text, 0)) FROM \"{name}\" AS t"  # noqa: S608
            for name in tables
        )
        self._before = self._digest()

    def changed(self) -> list[str]:
        """The tables whose rows are others than when last asked."""
        before, self._before = self._before, self._digest()
        return sorted({name for name, *_ in self._before ^ before})

    def _digest(self) -> set[Any]:
        with connection.cursor() as cursor:
            cursor.execute(self._sql)
            return set(cursor.fetchall())
