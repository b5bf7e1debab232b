"""The side bar of the admin, in the order of a working day."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

# group → (title, icon, app label, model)
GROUPS = {
    gettext_noop("Today"): [
        (_("Sessions"), "event", "treatment_sessions", "treatmentsession"),
        (_("Waitlist"), "hourglass", "treatment_sessions", "waitlistentry"),
        (_("Holds"), "lock_clock", "treatment_sessions", "hold"),
        (_("Tasks"), "task_alt", "patients", "stafftask"),
        (_("Inbox"), "inbox", "aftercare", "inboundmessage"),
        (_("Messages"), "outgoing_mail", "aftercare", "message"),
    ],
    gettext_noop("Patients"): [
        (_("Patients"), "group", "patients", "patient"),
        (_("Candidacies"), "how_to_vote", "treatment_sessions", "candidacy"),
        (_("Treatment plans"), "assignment", "treatment_sessions", "treatmentplan"),
        (_("Screenings"), "fact_check", "patients", "screening"),
        (_("Consents to read"), "auto_stories", "patients", "consenthandout"),
        (_("Treatment consents"), "signature", "patients", "treatmentconsent"),
        (_("Photo consents"), "no_photography", "patients", "photoconsent"),
        (_("Photographs"), "photo_camera", "treatment_sessions", "photo"),
        (_("Skin types"), "palette", "patients", "skintypeassessment"),
        (_("Other treatments"), "spa", "patients", "othertreatment"),
        (_("Contact consents"), "how_to_reg", "patients", "contactconsent"),
        (_("Blood exposures"), "emergency", "treatment_sessions", "bloodexposure"),
        (_("Deviations"), "report", "treatment_sessions", "deviation"),
        (_("Check-ins"), "monitor_heart", "treatment_sessions", "checkin"),
        (_("Side effects"), "healing", "treatment_sessions", "sideeffect"),
        (_("Incident reports"), "gavel", "treatment_sessions", "incidentreport"),
        (_("Outcomes"), "monitoring", "treatment_sessions", "outcomemeasure"),
    ],
    gettext_noop("Treatment"): [
        (_("Protocols"), "menu_book", "treatment_sessions", "protocol"),
        (_("Protocol versions"), "history_edu", "treatment_sessions", "protocolversion"),
        (_("Concerns"), "category", "patients", "concern"),
        (_("Areas"), "face", "patients", "area"),
        (_("Zones"), "grid_view", "patients", "zone"),
        (_("Zone limits"), "straighten", "treatment_sessions", "zonelimit"),
        (_("Screening rules"), "rule", "patients", "screeningrule"),
        (_("Consent texts"), "contract", "patients", "consenttext"),
        (_("Clinical numbers"), "tune", "clinic", "clinicalrule"),
        (_("Products"), "medication_liquid", "treatment_sessions", "product"),
        (_("Outcome scales"), "analytics", "treatment_sessions", "outcomescale"),
        (_("Triage rules"), "emergency", "treatment_sessions", "triageversion"),
        (_("Triage signatures"), "approval", "treatment_sessions", "triagesignature"),
        (_("Side effect courses"), "timelapse", "treatment_sessions", "sideeffectexpectation"),
        (_("Reporting rules"), "policy", "treatment_sessions", "reportingrule"),
    ],
    gettext_noop("Aftercare"): [
        (_("Care steps"), "timeline", "aftercare", "carestep"),
        (_("Message templates"), "edit_note", "aftercare", "messagetemplate"),
        (_("Addresses"), "contact_mail", "aftercare", "addressconsent"),
        (_("Recall notices"), "assignment_return", "aftercare", "recallnotice"),
        (_("Staff alerts"), "campaign", "aftercare", "staffalert"),
    ],
    gettext_noop("Clinic"): [
        (_("Clinics"), "home_health", "clinic", "clinic"),
        (_("Staff"), "badge", "clinic", "user"),
        (_("Accesses"), "visibility", "clinic", "accessrecord"),
        (_("Break-glass"), "lock_open", "patients", "breakglass"),
        (_("Credentials"), "workspace_premium", "clinic", "credential"),
        (_("Working hours"), "schedule", "clinic", "workinghours"),
        (_("Time off"), "beach_access", "clinic", "timeoff"),
        (_("Closures"), "event_busy", "clinic", "closure"),
        (_("On call"), "phone_in_talk", "clinic", "oncallshift"),
        (_("Kinds of visit"), "event_note", "treatment_sessions", "visittype"),
        (_("Rooms"), "meeting_room", "clinic", "room"),
        (_("Devices"), "precision_manufacturing", "clinic", "device"),
        (_("Device models"), "inventory_2", "clinic", "devicemodel"),
        (_("Device specifications"), "settings", "clinic", "devicespec"),
        (_("Clearances"), "verified", "treatment_sessions", "deviceclearance"),
        (_("Cartridge lots"), "package_2", "clinic", "cartridgelot"),
    ],
}


# pages that list no model: the group that they stand in, title, icon, address, permission if any
PAGES = [
    ("Today", _("Today"), "today", "admin:index", ""),
    (
        *("Today", _("Week"), "calendar_view_week", "week"),
        "treatment_sessions.view_treatmentsession",
    ),
    ("Today", _("Healing board"), "healing", "healing-board", "patients.view_stafftask"),
    ("Clinic", _("Setting up"), "rocket_launch", "setup", "clinic.add_room"),
    ("Clinic", _("Unusual accesses"), "policy", "unusual-accesses", "clinic.watch_accesses"),
    ("Clinic", _("Service accounts"), "key", "service-accounts", "clinic.view_serviceaccount"),
    ("Clinic", _("Reports"), "table_chart", "reports", "treatment_sessions.view_figures"),
    (
        *("Patients", _("Plan a course"), "edit_calendar", "admin:planning"),
        "treatment_sessions.add_treatmentplan",
    ),
    ("Patients", _("Import"), "upload_file", "import", "patients.import"),
    ("Patients", _("Figures"), "query_stats", "admin:figures", "treatment_sessions.view_figures"),
]


def account(request: HttpRequest) -> list[dict[str, Any]]:
    """What stands behind one's own name; also asked for by the pages before the log-in."""
    if request.user.pk is None:
        return []
    return [
        {"title": gettext("Switch person"), "link": reverse("switch-person")},
        {
            "title": gettext("What you looked at"),
            "link": reverse("accesses-by", args=[request.user.pk]),
        },
        {"title": gettext("Your log-ins"), "link": reverse("own-log-ins")},
        {"title": gettext("Your e-mail address"), "link": reverse("own-address")},
        {"title": gettext("Second factor"), "link": reverse("second-factor")},
        {"title": gettext("Passkeys"), "link": reverse("passkeys")},
        {"title": gettext("PIN"), "link": reverse("pin")},
        {"title": gettext("Change password"), "link": reverse("admin:password_change")},
    ]


WAITING = "aftercare.admin.frame.waiting"  # of what lies above this app


@dataclass(frozen=True)
class Badge:
    """How many wait behind an entry of the side bar, and whether one of them is urgent."""

    number: str
    is_urgent: bool


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups with what the caller may see, and what waits there. What is in the way of messages
    was read with it, and stands on top of the page (admin/base.html)."""
    groups = groups_for(request)
    waiting, trouble = import_string(WAITING)(request.user) if groups else ({}, [])
    request.sending_trouble = trouble  # type: ignore[attr-defined]
    for group in groups:
        for item in group["items"]:
            if badge := waiting.get(item["model"]):
                item["badge"] = badge.number
                item["badge_variant"] = "danger" if badge.is_urgent else "info"
    return groups


def groups_for(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the side bar, in order, with the pages that the caller may see."""
    groups = []
    for title, entries in GROUPS.items():
        pages = [
            {"title": name, "icon": icon, "link": reverse(address), "model": address}
            for group, name, icon, address, permission in PAGES
            if group == title and (not permission or request.user.has_perm(permission))
        ]
        items = [
            {
                "title": name,
                "icon": icon,
                "link": reverse(f"admin:{app}_{model}_changelist"),
                "model": f"{app}.{model}",
            }
            for name, icon, app, model in entries
            if request.user.has_perm(f"{app}.view_{model}")
        ]
        items = [*pages, *items] if title == "Today" else [*items, *pages]
        if items:
            groups.append({"title": gettext(title), "separator": True, "items": items})
    return groups
