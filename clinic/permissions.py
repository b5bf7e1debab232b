"""Who may do what: one table, from roles to Django permissions, for the admin and the API alike.

Deny by default: what the table does not give, nobody has. Which *rows* somebody sees is another
question, answered by `visible_to` on the QuerySets.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from clinic.db.sight import BREAK_GLASS, of_seen, permission_to_view
from clinic.db.ways import ways_to_patient
from clinic.errors import NotAllowed
from clinic.models import Role, User
from clinic.models.staff import SERVICE

if TYPE_CHECKING:  # DRF's views import this module by its name in the settings
    from django_stubs_ext import StrOrPromise
    from rest_framework.views import APIView

R, P, M, A, U = Role.RECEPTIONIST, Role.PRACTITIONER, Role.MANAGER, Role.ADMIN, Role.AUDITOR
# b: what is clinical, by break-glass alone: for an hour, of one patient, with a reason
LETTERS = {"c": "add", "r": "view", "u": "change", "d": "delete", "b": "view"}

# model → role → create, read, update, delete
TABLES: dict[str, dict[Role, str]] = {
    "clinic.clinic": {R: "r", P: "r", M: "ru", A: "cru", U: "r"},
    "clinic.openinghours": {R: "r", P: "r", M: "crud", A: "crud", U: "r"},
    "clinic.workinghours": {R: "r", P: "crud", M: "crud"},
    "clinic.timeoff": {R: "crd", P: "crd", M: "crd"},
    "clinic.closure": {R: "r", P: "crd", M: "crd"},
    "clinic.oncallshift": {R: "r", P: "r", M: "crud"},
    "clinic.room": {R: "r", P: "r", M: "cru", A: "cru"},
    "clinic.devicemodel": {R: "r", P: "r", M: "cru", A: "cru"},
    "clinic.devicespec": {R: "r", P: "r", M: "cr", A: "r"},
    "clinic.device": {R: "r", P: "r", M: "cru", A: "cru"},
    "clinic.cartridgelot": {R: "cr", P: "cr", M: "cru"},
    "clinic.calendarfeed": {P: "crd"},  # each their own
    "clinic.clinicalrule": {P: "r", M: "cr"},
    "clinic.credential": {P: "r", M: "cru", U: "r"},
    "clinic.user": {M: "cru", A: "cru", U: "r"},
    "clinic.login": {R: "rd", P: "rd", M: "rd", A: "rd", U: "rd"},  # each their own
    "clinic.serviceaccount": {M: "cru", U: "r"},
    "clinic.accessrecord": {P: "r", M: "r", U: "r"},  # a practitioner, what they did themselves
    "patients.area": {R: "r", P: "r", M: "cru"},
    "patients.zone": {R: "r", P: "r", M: "cru"},
    "patients.concern": {R: "r", P: "r", M: "cru"},
    "patients.concernsubtype": {R: "r", P: "r", M: "cru"},
    "patients.screeningrule": {P: "r", M: "cr"},
    "patients.screeningwording": {P: "r", M: "cr"},
    "patients.consenttext": {P: "r", M: "cr"},
    "patients.consentclause": {P: "r", M: "cr"},
    "patients.patient": {R: "cru", P: "cru", M: "cru"},
    "patients.contactconsent": {R: "cr", P: "r", M: "cr"},
    "patients.skintypeassessment": {P: "cr", M: "b"},
    "patients.patientconcern": {P: "cru", M: "b"},
    "patients.othertreatment": {P: "cru", M: "b"},
    "patients.screening": {P: "cr", M: "b"},
    "patients.screeninganswer": {P: "r", M: "b"},
    "patients.consenthandout": {R: "cr", P: "cr", M: "r"},
    "patients.treatmentconsent": {P: "cru", M: "r"},
    "patients.photoconsent": {P: "cru", M: "r"},
    "patients.breakglass": {P: "r", M: "cru", U: "r"},
    "patients.stafftask": {R: "ru", P: "ru", M: "ru"},  # each what is meant for their role
    "treatment_sessions.visittype": {R: "r", P: "r", M: "cru"},
    "treatment_sessions.visittypename": {R: "r", P: "r", M: "cru"},
    "treatment_sessions.zonelimit": {R: "r", P: "r", M: "cr"},
    "treatment_sessions.protocol": {R: "r", P: "r", M: "cru"},
    "treatment_sessions.protocolversion": {R: "r", P: "r", M: "cr"},
    "treatment_sessions.zonerange": {R: "r", P: "r", M: "cr"},
    "treatment_sessions.deviceclearance": {P: "r", M: "cr"},
    "treatment_sessions.product": {P: "r", M: "cr"},
    "treatment_sessions.productdrug": {P: "r", M: "cr"},
    "treatment_sessions.outcomescale": {P: "r", M: "cr"},
    "treatment_sessions.scorelabel": {P: "r", M: "cr"},
    "treatment_sessions.sideeffectexpectation": {P: "r", M: "cr"},
    "treatment_sessions.candidacy": {P: "cr", M: "b"},
    "treatment_sessions.triageversion": {P: "r", M: "cr"},
    "treatment_sessions.triagesignature": {P: "cr", M: "r"},  # clinicians alone answer for rules
    "treatment_sessions.treatmentplan": {R: "r", P: "cru", M: "r"},
    "treatment_sessions.treatmentsession": {R: "cru", P: "cru", M: "cru"},
    "treatment_sessions.sessionevent": {R: "r", P: "r", M: "r"},
    "treatment_sessions.planevent": {R: "r", P: "r", M: "r"},
    "treatment_sessions.hold": {R: "crd", P: "crd", M: "crd"},
    "treatment_sessions.waitlistentry": {R: "cru", P: "cru", M: "cru"},
    "treatment_sessions.waitlistevent": {R: "r", P: "r", M: "r"},
    "treatment_sessions.zonetreatment": {P: "crud", M: "b"},
    "treatment_sessions.cartridgeuse": {P: "crud", M: "r"},
    "treatment_sessions.productuse": {P: "crud", M: "b"},
    "treatment_sessions.sessionfinding": {P: "r", M: "b"},
    "treatment_sessions.addendum": {P: "cr", M: "b"},
    "treatment_sessions.deviation": {P: "cr", M: "b"},
    "treatment_sessions.outcomemeasure": {P: "cr", M: "b"},
    "treatment_sessions.photo": {P: "cr", M: "b"},
    "treatment_sessions.bloodexposure": {P: "cru", M: "cru"},
    "treatment_sessions.exposurestep": {P: "cr", M: "cr"},
    "treatment_sessions.sideeffect": {P: "cru", M: "b"},
    "treatment_sessions.reportingrule": {P: "r", M: "cr"},
    "treatment_sessions.incidentreport": {P: "ru", M: "ru"},
    "treatment_sessions.checkin": {P: "cr", M: "b"},
    "treatment_sessions.sideeffectnote": {P: "r", M: "b"},
    "aftercare.carestep": {R: "r", P: "r", M: "cru"},
    "aftercare.messagetemplate": {R: "r", P: "r", M: "cr"},
    "aftercare.message": {R: "r", P: "r", M: "r", A: "r"},
    "aftercare.addressconsent": {R: "cr", P: "r", M: "cr"},
    "aftercare.inboundmessage": {R: "ru", P: "ru", M: "ru"},  # each what is meant for their role
    "aftercare.recallnotice": {R: "r", P: "r", M: "r"},
    "aftercare.staffalert": {P: "r", M: "r"},
    "aftercare.staffanswer": {R: "r", P: "r", M: "r"},  # beside what they may read
    "aftercare.deliveryreceipt": {R: "r", P: "r", M: "r", A: "r"},
    "aftercare.messageattempt": {R: "r", P: "r", M: "r", A: "r"},
    "aftercare.messagehistory": {R: "r", P: "r", M: "r", A: "r"},
}
# what is more than a row being written
VERBS: dict[str, set[Role]] = {
    "clinic.watch_accesses": {M, U},  # who has seen a record, and what looks unusual
    "patients.view_medical": {P, M},
    "patients.change_medical": {P},
    "patients.merge": {P, M},
    "patients.export": {P, M},  # all of one patient, for that patient
    "patients.ask_erasure": {M},  # of all that is held about one patient…
    "patients.confirm_erasure": {P, M},  # …which is done once somebody else confirms it
    "patients.import": {M},  # from a file of another system
    "patients.view_history": {P, M},
    "treatment_sessions.treat": {P},  # start and complete a session
    "treatment_sessions.override": {P},  # go on in spite of a safety finding
    "treatment_sessions.confirm_protocol": {P, M},  # new numbers that somebody else has proposed
    "treatment_sessions.view_figures": {P, M},  # of a whole clinic
    "aftercare.manage_message": {R, M},  # cancel, resend, resolve a message in doubt
}
_DAY = {
    "clinic.clinic": "r",
    "clinic.workinghours": "r",
    "clinic.timeoff": "r",
    "clinic.closure": "r",
    "clinic.oncallshift": "r",
    "clinic.room": "r",
    "clinic.device": "r",
    "clinic.devicemodel": "r",
    "patients.area": "r",
    "patients.zone": "r",
    "patients.concern": "r",
    "treatment_sessions.visittype": "r",
    "treatment_sessions.protocol": "r",
    "treatment_sessions.treatmentsession": "r",
    "treatment_sessions.sessionevent": "r",
    "treatment_sessions.hold": "r",
    "treatment_sessions.waitlistentry": "r",
}
# What a program may be given: scope → words, and tables as above. What is in no scope, such as
# accounts, accesses, exports, erasure and merging, no program gets.
SCOPES: dict[str, tuple["StrOrPromise", dict[str, str]]] = {
    "day": (_("Read the day: visits, holds, waitlist, free times, rooms and hours"), _DAY),
    "book": (
        _("Book, move and cancel visits; holds and the waitlist"),
        _DAY
        | {
            "treatment_sessions.treatmentplan": "r",
            "treatment_sessions.treatmentsession": "cru",
            "treatment_sessions.hold": "crd",
            "treatment_sessions.waitlistentry": "cru",
        },
    ),
    "patients": (
        _("Find patients, and read who they are and how they are reached"),
        {"patients.patient": "r", "patients.contactconsent": "r"},
    ),
    "register": (
        _("Register patients and change who they are and how they are reached"),
        {"patients.patient": "cru", "patients.contactconsent": "cr"},
    ),
    "messages": (
        _("Read which messages went out, and what became of them"),
        dict.fromkeys(
            ("aftercare.message", "aftercare.deliveryreceipt", "aftercare.messageattempt"), "r"
        ),
    ),
    "figures": (_("Read the clinic's figures, of nobody by name"), {}),
    "clinical": (
        _("Read what is clinical: histories, charts, side effects, photographs"),
        {label: "r" for label, roles in TABLES.items() if roles.get(M) == "b"}
        | dict.fromkeys(
            (
                *("patients.consenthandout", "patients.treatmentconsent", "patients.photoconsent"),
                "treatment_sessions.treatmentplan",
            ),
            "r",
        ),
    ),
}
SCOPE_VERBS: dict[str, set[str]] = {
    "figures": {"treatment_sessions.view_figures"},
    "clinical": {"patients.view_medical"},
}
# Those of them that a role has by break-glass alone.
BY_BREAK_GLASS: dict[str, set[Role]] = {
    "patients.view_medical": {M},
    "patients.view_history": {M},
    "patients.export": {M},
    "patients.merge": {M},  # of both records
}
# What a clinic that keeps what is clinical to the care team narrows for its practitioners beside
# what they read: a plan is a clinical decision, and makes who has it one of the team.
WRITTEN_BY_TEAM = {
    *("patients.change_medical", "treatment_sessions.treat", "treatment_sessions.override"),
    *("treatment_sessions.add_treatmentplan", "treatment_sessions.change_treatmentplan"),
}
# The desk finds whom it talks to; it does not leaf through a clinic. Characters that a search for
# patients has at the least, and how many it finds at the most.
LEAST_TYPED: dict[str, int] = {R: 3, SERVICE: 3}
MOST_FOUND: dict[str, int] = {R: 20, SERVICE: 20}
TOO_SHORT = gettext_noop("Type 3 characters at the least to find a patient.")
# Nobody hands out the own kind of power: clinical roles come from a manager, technical ones
# from a technical admin.
MAY_ASSIGN: dict[Role, set[Role]] = {M: {R, P, M, U}, A: {R, A, U}}


def permissions_of(role: str) -> set[str]:
    """Every permission of a role, as Django names them: `patients.view_patient`."""
    given = {verb for verb, roles in VERBS.items() if role in roles}
    for label, by_role in TABLES.items():
        app, model = label.split(".")
        letters = by_role.get(Role(role), "")
        given |= {f"{app}.{LETTERS[letter]}_{model}" for letter in letters}
        given |= {f"{BREAK_GLASS}{app}.view_{model}" for letter in letters if letter == "b"}
    return given | {BREAK_GLASS + verb for verb, roles in BY_BREAK_GLASS.items() if role in roles}


def permissions_in(scopes: Iterable[str]) -> set[str]:
    """Of a program that has them."""
    given: set[str] = set()
    for scope in scopes:
        given |= SCOPE_VERBS.get(scope, set())
        for label, letters in SCOPES[scope][1].items():
            app, model = label.split(".")
            given |= {f"{app}.{LETTERS[letter]}_{model}" for letter in letters}
    return given


def narrowed_in_teams() -> set[str]:
    """Of a practitioner: what they have of some patients alone, where a clinic keeps it to the care
    team (decision 0102). It is what managers have by break-glass, and what writes it."""
    given = {*BY_BREAK_GLASS, *WRITTEN_BY_TEAM}
    for label, by_role in TABLES.items():
        app, model = label.split(".")
        if by_role.get(M) == "b":
            given |= {f"{app}.{LETTERS[letter]}_{model}" for letter in by_role[P]}
    return {BREAK_GLASS + one for one in given}


PERMISSIONS = {role: frozenset(permissions_of(role)) for role in Role.values}
NARROWED = frozenset(narrowed_in_teams())
OPENS = frozenset({"patients.add_breakglass", "patients.change_breakglass"})


def is_too_short(text: str, user: User) -> bool:
    """Of what is looked for among patients."""
    return len("".join(text.split())) < LEAST_TYPED.get(user.role, 0)


def most_found(user: User) -> int | None:
    return MOST_FOUND.get(user.role)


def is_technical(user: Any) -> bool:
    """Whether they keep things running, and see no patient wherever it is."""
    return bool(user.role == A)


def sees_all(user: Any, permission: str) -> bool:
    """Whether they have it of every patient of their clinics, without break-glass."""
    return user.has_perm(permission) and not user.has_perm(BREAK_GLASS + permission)


def sees_some(user: Any, permission: str) -> bool:
    """Whether they have it of all, or of those of whose care team they are: each row decides."""
    return sees_all(user, permission) or bool(user.narrowed and user.has_perm(permission))


def may_see(user: Any, permission: str, patient_id: Any) -> bool:
    """Whether they have it of this patient."""
    if not user.has_perm(BREAK_GLASS + permission):
        return bool(user.has_perm(permission))
    return bool(user.sees(patient_id))


def seen_among(user: User, permission: str, patient_ids: Collection[UUID]) -> Collection[UUID]:
    """Those of these patients of whom they have it, by one statement."""
    if not user.has_perm(BREAK_GLASS + permission):
        return patient_ids if user.has_perm(permission) else ()
    return user.sees_of(patient_ids) if user.narrowed else user.opened & set(patient_ids)


def is_opened(user: User, row: Any) -> bool:
    """Whether it is of a patient whose record is open to them."""
    model: Any = type(row)
    ways = ways_to_patient(model)
    if ways == ((),):
        return user.sees(row.pk)
    if len(ways) == 1 and len(ways[0]) == 1:
        return user.sees(getattr(row, model._meta.get_field(ways[0][0]).attname))
    rows = model._default_manager.filter(of_seen(user, model), pk=row.pk)
    return bool(user.opened or user.narrowed) and rows.exists()


def require_sight(user: User | None, patient_id: UUID) -> None:
    """Whoever writes what is clinical of a patient sees it. What a role writes at all, the doors
    ask. Raises RecordClosed."""
    if user and user.narrowed and not user.sees(patient_id):
        raise RecordClosed


class RecordClosed(NotAllowed):
    """The role sees this by break-glass alone, and has not broken the glass."""

    code = "break_glass_needed"
    title = gettext_noop("This needs a reason first")

    def __init__(self) -> None:
        super().__init__(
            gettext(
                "You see what is clinical of a patient for an hour, once you have opened the "
                "record and said why."
            )
        )


class RoleBackend(ModelBackend):
    """Django's log-in, with permissions that follow from the role and from nothing else."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if user_obj.role == SERVICE:
            return permissions_in(user_obj.service_account.scopes)
        given = set(PERMISSIONS.get(user_obj.role, ()))
        if user_obj.keeps_to_teams:
            given |= OPENS | NARROWED if user_obj.narrowed else OPENS
        return given

    def user_can_authenticate(self, user: Any) -> bool:
        """A program comes in by its token, and by no log-in or session."""
        return super().user_can_authenticate(user) and getattr(user, "role", "") != SERVICE


def actor(request: "HttpRequest | Request") -> User:
    """The member of staff who sends the request; the views let nobody else through."""
    if not isinstance(request.user, User):
        raise TypeError("This view is open to people who are not logged in.")
    return request.user


class RolePermission(BasePermission):
    """Lets a request in if the role has the permission that the view's action names.

    A view set names its `resource` ("patients.patient"): list and read then need `view`, create
    needs `add`, a change needs `change`. Any other action is named in its `permissions`.
    What is named in neither is closed to everybody.
    """

    actions = {
        "list": "view",
        "retrieve": "view",
        "create": "add",
        "update": "change",
        "partial_update": "change",
        "destroy": "delete",
    }

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not request.user.is_authenticated:
            return False
        if getattr(view, "action", "") is None:
            return True  # no such method here: the view answers 405
        needed = self.needed(view)
        if needed is None or not request.user.has_perm(needed):
            return False
        if request.user.has_perm(BREAK_GLASS + needed):
            _require_sight_of_named(request, view)
        return True

    def has_object_permission(self, request: Request, view: "APIView", obj: Any) -> bool:
        """Raises RecordClosed of a patient whose record is not open to them."""
        needed = self.needed(view) or ""
        if request.user.has_perm(BREAK_GLASS + needed) and not is_opened(actor(request), obj):
            raise RecordClosed
        return True

    def needed(self, view: "APIView") -> str | None:
        action = getattr(view, "action", "")
        permissions: dict[str, str] = getattr(view, "permissions", {})
        if action in permissions:
            return permissions[action]
        resource: str | None = getattr(view, "resource", None)
        verb = self.actions.get(action)
        if not resource or not verb:
            return None
        app, model = resource.split(".")
        return f"{app}.{verb}_{model}"


def _require_sight_of_named(request: Request, view: "APIView") -> None:
    """An empty list would say that there is nothing. Raises RecordClosed for who has opened none,
    and for one of a care team if it is of a patient of another, by a row that it names."""
    user = actor(request)
    if not user.narrowed and not user.opened:
        raise RecordClosed
    for model, pk in _named(request, view) if user.narrowed else ():
        rows = model._default_manager.filter(pk=pk)
        is_theirs = rows.in_clinics_of(user).exists
        if not rows.filter(of_seen(user, model)).exists() and is_theirs():
            raise RecordClosed


def _named(request: Request, view: "APIView") -> Iterator[tuple[Any, UUID]]:
    """Rows of patients that the address names, or a filter; of what is no list of clinical rows,
    the view asks when it has read it."""
    model: Any = getattr(view, "model", None)
    if model is None or not request.user.has_perm(BREAK_GLASS + permission_to_view(model)):
        return
    if pk := view.kwargs.get("pk"):
        yield model, pk
    for field in model._meta.concrete_fields:
        text = request.query_params.get(field.name)
        if text and field.related_model and ways_to_patient(field.related_model):
            with suppress(ValueError):
                yield field.related_model, UUID(text)
