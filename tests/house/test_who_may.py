"""Who may do what, as the clinic says it: written down once more, a line for each table.

A row that is wrong here or there is found by asking each role for every permission there is.
"""

from itertools import product

import pytest
from django.contrib.auth.models import Permission

from clinic import permissions
from clinic.models import Role, ServiceAccount, User
from clinic.models.staff import SERVICE
from clinic.permissions import MAY_ASSIGN

# c: create, r: read, u: update, d: delete, of the rows that somebody sees; b: by break-glass alone,
# of one patient with a reason.
TABLES = """
                                          desk  practitioner  manager  admin  auditor
    clinic.clinic                         r     r             ru       cru    r
    clinic.openinghours                   r     r             crud     crud   r
    clinic.workinghours                   r     crud          crud     -      -
    clinic.timeoff                        crd   crd           crd      -      -
    clinic.oncallshift                    r     r             crud     -      -
    clinic.closure                        r     crd           crd      -      -
    clinic.room                           r     r             cru      cru    -
    clinic.devicemodel                    r     r             cru      cru    -
    clinic.devicespec                     r     r             cr       r      -
    clinic.device                         r     r             cru      cru    -
    clinic.cartridgelot                   cr    cr            cru      -      -
    clinic.calendarfeed                   -     crd           -        -      -
    clinic.clinicalrule                   -     r             cr       -      -
    clinic.credential                     -     r             cru      -      r
    clinic.user                           -     -             cru      cru    r
    clinic.login                          rd    rd            rd       rd     rd
    clinic.serviceaccount                 -     -             cru      -      r
    clinic.accessrecord                   -     r             r        -      r
    patients.area                         r     r             cru      -      -
    patients.zone                         r     r             cru      -      -
    patients.concern                      r     r             cru      -      -
    patients.concernsubtype               r     r             cru      -      -
    patients.screeningrule                -     r             cr       -      -
    patients.screeningwording             -     r             cr       -      -
    patients.consenttext                  -     r             cr       -      -
    patients.consentclause                -     r             cr       -      -
    patients.patient                      cru   cru           cru      -      -
    patients.contactconsent               cr    r             cr       -      -
    patients.skintypeassessment           -     cr            b        -      -
    patients.patientconcern               -     cru           b        -      -
    patients.othertreatment               -     cru           b        -      -
    patients.screening                    -     cr            b        -      -
    patients.screeninganswer              -     r             b        -      -
    patients.consenthandout               cr    cr            r        -      -
    patients.treatmentconsent             -     cru           r        -      -
    patients.photoconsent                 -     cru           r        -      -
    patients.breakglass                   -     r             cru      -      r
    patients.stafftask                    ru    ru            ru       -      -
    treatment_sessions.visittype          r     r             cru      -      -
    treatment_sessions.visittypename      r     r             cru      -      -
    treatment_sessions.zonelimit          r     r             cr       -      -
    treatment_sessions.protocol           r     r             cru      -      -
    treatment_sessions.protocolversion    r     r             cr       -      -
    treatment_sessions.zonerange          r     r             cr       -      -
    treatment_sessions.deviceclearance    -     r             cr       -      -
    treatment_sessions.product            -     r             cr       -      -
    treatment_sessions.outcomescale       -     r             cr       -      -
    treatment_sessions.scorelabel         -     r             cr       -      -
    treatment_sessions.sideeffectexpectation -  r             cr       -      -
    treatment_sessions.candidacy          -     cr            b        -      -
    treatment_sessions.triageversion      -     r             cr       -      -
    treatment_sessions.triagesignature    -     cr            r        -      -
    treatment_sessions.treatmentplan      r     cru           r        -      -
    treatment_sessions.treatmentsession   cru   cru           cru      -      -
    treatment_sessions.sessionevent       r     r             r        -      -
    treatment_sessions.planevent          r     r             r        -      -
    treatment_sessions.hold               crd   crd           crd      -      -
    treatment_sessions.waitlistentry      cru   cru           cru      -      -
    treatment_sessions.waitlistevent      r     r             r        -      -
    treatment_sessions.zonetreatment      -     crud          b        -      -
    treatment_sessions.cartridgeuse       -     crud          r        -      -
    treatment_sessions.productdrug        -     r             cr       -      -
    treatment_sessions.productuse         -     crud          b        -      -
    treatment_sessions.sessionfinding     -     r             b        -      -
    treatment_sessions.addendum           -     cr            b        -      -
    treatment_sessions.deviation          -     cr            b        -      -
    treatment_sessions.outcomemeasure     -     cr            b        -      -
    treatment_sessions.photo              -     cr            b        -      -
    treatment_sessions.bloodexposure      -     cru           cru      -      -
    treatment_sessions.exposurestep       -     cr            cr       -      -
    treatment_sessions.sideeffect         -     cru           b        -      -
    treatment_sessions.checkin            -     cr            b        -      -
    treatment_sessions.reportingrule      -     r             cr       -      -
    treatment_sessions.incidentreport     -     ru            ru       -      -
    treatment_sessions.sideeffectnote     -     r             b        -      -
    aftercare.carestep                    r     r             cru      -      -
    aftercare.messagetemplate             r     r             cr       -      -
    aftercare.message                     r     r             r        r      -
    aftercare.addressconsent              cr    r             cr       -      -
    aftercare.inboundmessage              ru    ru            ru       -      -
    aftercare.recallnotice                r     r             r        -      -
    aftercare.staffalert                  -     r             r        -      -
    aftercare.staffanswer                 r     r             r        -      -
    aftercare.deliveryreceipt             r     r             r        r      -
    aftercare.messageattempt              r     r             r        r      -
    aftercare.messagehistory              r     r             r        r      -
"""
VERBS = """
                                          desk  practitioner  manager  admin  auditor
    clinic.watch_accesses                 -     -             x        -      x
    patients.view_medical                 -     x             b        -      -
    patients.change_medical               -     x             -        -      -
    patients.merge                        -     x             b        -      -
    patients.export                       -     x             b        -      -
    patients.ask_erasure                  -     -             x        -      -
    patients.confirm_erasure              -     x             x        -      -
    patients.import                       -     -             x        -      -
    patients.view_history                 -     x             b        -      -
    treatment_sessions.treat              -     x             -        -      -
    treatment_sessions.override           -     x             -        -      -
    treatment_sessions.confirm_protocol   -     x             x        -      -
    treatment_sessions.view_figures       -     x             x        -      -
    aftercare.manage_message              x     -             x        -      -
"""
# Whom somebody may make: a column for each role.
ASSIGN = """
                                          desk  practitioner  manager  admin  auditor
    desk                                  -     -             -        -      -
    practitioner                          -     -             -        -      -
    manager                               x     x             x        -      x
    admin                                 x     -             -        x      x
    auditor                               -     -             -        -      -
"""
ROLES = {
    "desk": Role.RECEPTIONIST,
    "practitioner": Role.PRACTITIONER,
    "manager": Role.MANAGER,
    "admin": Role.ADMIN,
    "auditor": Role.AUDITOR,
}
# What a program may be given.
SCOPES = {
    "day": """
        clinic.clinic r  clinic.closure r  clinic.device r  clinic.devicemodel r
        clinic.oncallshift r  clinic.room r  clinic.timeoff r  clinic.workinghours r
        patients.area r  patients.concern r  patients.zone r
        treatment_sessions.hold r  treatment_sessions.protocol r  treatment_sessions.sessionevent r
        treatment_sessions.treatmentsession r  treatment_sessions.visittype r
        treatment_sessions.waitlistentry r""",
    "book": """
        clinic.clinic r  clinic.closure r  clinic.device r  clinic.devicemodel r
        clinic.oncallshift r  clinic.room r  clinic.timeoff r  clinic.workinghours r
        patients.area r  patients.concern r  patients.zone r
        treatment_sessions.hold crd  treatment_sessions.protocol r
        treatment_sessions.sessionevent r  treatment_sessions.treatmentplan r
        treatment_sessions.treatmentsession cru  treatment_sessions.visittype r
        treatment_sessions.waitlistentry cru""",
    "patients": "patients.contactconsent r  patients.patient r",
    "register": "patients.contactconsent cr  patients.patient cru",
    "messages": "aftercare.deliveryreceipt r  aftercare.message r  aftercare.messageattempt r",
    "figures": "treatment_sessions.view_figures x",
    "clinical": """
        patients.consenthandout r  patients.othertreatment r  patients.patientconcern r
        patients.photoconsent r  patients.screening r  patients.screeninganswer r
        patients.skintypeassessment r  patients.treatmentconsent r  patients.view_medical x
        treatment_sessions.addendum r  treatment_sessions.candidacy r
        treatment_sessions.checkin r  treatment_sessions.deviation r
        treatment_sessions.outcomemeasure r  treatment_sessions.photo r
        treatment_sessions.productuse r  treatment_sessions.sessionfinding r
        treatment_sessions.sideeffect r  treatment_sessions.sideeffectnote r
        treatment_sessions.treatmentplan r  treatment_sessions.zonetreatment r""",
}
LETTERS = {"c": "add", "r": "view", "u": "change", "d": "delete", "b": "view"}


def cells(table: str) -> dict[tuple[str, str], str]:
    """(row, column) → what stands there."""
    head, *rows = [line.split() for line in table.splitlines() if line.strip()]
    return {
        (name, column): mark
        for name, *marks in rows
        for column, mark in zip(head, marks, strict=True)
    }


def given_to(role: str) -> set[str]:
    """The permissions of a role by the tables above."""
    by_letter = {
        f"{name.replace('.', f'.{LETTERS[letter]}_')}"
        for (name, column), mark in cells(TABLES).items()
        if column == role
        for letter in mark.strip("-")
    }
    marked = {
        name for (name, column), mark in cells(VERBS).items() if column == role and mark in "xb"
    }
    return by_letter | marked | given_by_break_glass(role)


def given_by_break_glass(role: str) -> set[str]:
    rows = [
        name.replace(".", ".view_")
        for (name, column), mark in cells(TABLES).items()
        if (column, mark) == (role, "b")
    ]
    verbs = [name for (name, column), mark in cells(VERBS).items() if (column, mark) == (role, "b")]
    return {f"break_glass:{name}" for name in [*rows, *verbs]}


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_the_permissions_of_its_column_and_no_other(role: str) -> None:
    """Of all that Django knows and of our verbs; as the log-in answers, not as the code's table."""
    codenames = Permission.objects.values_list("content_type__app_label", "codename")
    known = {f"{app}.{codename}" for app, codename in codenames}
    user = User(username="somebody", role=ROLES[role])

    asked = known | set(verbs())
    asked |= {f"break_glass:{name}" for name in asked}
    assert {name for name in asked if user.has_perm(name)} == given_to(role)
    assert user.get_all_permissions() == given_to(role)


def verbs() -> list[str]:
    return [name for name, column in cells(VERBS) if column == "desk"]


def test_a_user_who_has_left_may_do_nothing() -> None:
    for role in ROLES.values():
        gone = User(username="gone", role=role, is_active=False)
        assert gone.get_all_permissions() == set()


def test_a_program_has_the_permissions_of_its_scopes_and_no_other() -> None:
    assert set(SCOPES) == set(permissions.SCOPES)
    for scope, table in SCOPES.items():
        words, given = table.split(), set()
        for name, letters in zip(words[::2], words[1::2], strict=True):
            given |= {
                name if one == "x" else name.replace(".", f".{LETTERS[one]}_") for one in letters
            }
        account = ServiceAccount(scopes=[scope])
        user = User(username="program", role=SERVICE)
        user.service_account = account

        assert user.get_all_permissions() == given, scope
        user.is_active = False
        assert user.get_all_permissions() == set()


def test_every_role_has_a_column() -> None:
    assert set(ROLES.values()) == set(Role)


def test_a_role_hands_out_the_roles_of_its_row_and_no_other() -> None:
    marks = cells(ASSIGN)
    for by, to in product(ROLES, repeat=2):
        may = ROLES[to] in MAY_ASSIGN.get(ROLES[by], set())
        assert may == (marks[by, to] == "x"), f"{by} makes {to}"
