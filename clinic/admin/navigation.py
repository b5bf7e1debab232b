"""The side bar of the admin, in the order of a working day."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string

# group → (title, icon, app label, model)
GROUPS = {
    "Today": [
        ("Sessions", "event", "treatment_sessions", "treatmentsession"),
        ("Waitlist", "hourglass", "treatment_sessions", "waitlistentry"),
        ("Holds", "lock_clock", "treatment_sessions", "hold"),
        ("Tasks", "task_alt", "patients", "stafftask"),
        ("Inbox", "inbox", "aftercare", "inboundmessage"),
        ("Messages", "outgoing_mail", "aftercare", "message"),
    ],
    "Patients": [
        ("Patients", "group", "patients", "patient"),
        ("Candidacies", "how_to_vote", "treatment_sessions", "candidacy"),
        ("Treatment plans", "assignment", "treatment_sessions", "treatmentplan"),
        ("Screenings", "fact_check", "patients", "screening"),
        ("Consents to read", "auto_stories", "patients", "consenthandout"),
        ("Treatment consents", "signature", "patients", "treatmentconsent"),
        ("Photo consents", "no_photography", "patients", "photoconsent"),
        ("Photographs", "photo_camera", "treatment_sessions", "photo"),
        ("Skin types", "palette", "patients", "skintypeassessment"),
        ("Other treatments", "spa", "patients", "othertreatment"),
        ("Contact consents", "how_to_reg", "patients", "contactconsent"),
        ("Blood exposures", "emergency", "treatment_sessions", "bloodexposure"),
        ("Deviations", "report", "treatment_sessions", "deviation"),
        ("Check-ins", "monitor_heart", "treatment_sessions", "checkin"),
        ("Side effects", "healing", "treatment_sessions", "sideeffect"),
        ("Incident reports", "gavel", "treatment_sessions", "incidentreport"),
        ("Outcomes", "monitoring", "treatment_sessions", "outcomemeasure"),
    ],
    "Treatment": [
        ("Protocols", "menu_book", "treatment_sessions", "protocol"),
        ("Protocol versions", "history_edu", "treatment_sessions", "protocolversion"),
        ("Concerns", "category", "patients", "concern"),
        ("Areas", "face", "patients", "area"),
        ("Zones", "grid_view", "patients", "zone"),
        ("Zone limits", "straighten", "treatment_sessions", "zonelimit"),
        ("Screening rules", "rule", "patients", "screeningrule"),
        ("Consent texts", "contract", "patients", "consenttext"),
        ("Clinical numbers", "tune", "clinic", "clinicalrule"),
        ("Products", "medication_liquid", "treatment_sessions", "product"),
        ("Outcome scales", "analytics", "treatment_sessions", "outcomescale"),
        ("Triage rules", "emergency", "treatment_sessions", "triageversion"),
        ("Triage signatures", "approval", "treatment_sessions", "triagesignature"),
        ("Side effect courses", "timelapse", "treatment_sessions", "sideeffectexpectation"),
        ("Reporting rules", "policy", "treatment_sessions", "reportingrule"),
    ],
    "Aftercare": [
        ("Care steps", "timeline", "aftercare", "carestep"),
        ("Message templates", "edit_note", "aftercare", "messagetemplate"),
        ("Addresses", "contact_mail", "aftercare", "addressconsent"),
        ("Recall notices", "assignment_return", "aftercare", "recallnotice"),
        ("Staff alerts", "campaign", "aftercare", "staffalert"),
    ],
    "Clinic": [
        ("Clinics", "home_health", "clinic", "clinic"),
        ("Staff", "badge", "clinic", "user"),
        ("Accesses", "visibility", "clinic", "accessrecord"),
        ("Break-glass", "lock_open", "patients", "breakglass"),
        ("Credentials", "workspace_premium", "clinic", "credential"),
        ("Working hours", "schedule", "clinic", "workinghours"),
        ("Time off", "beach_access", "clinic", "timeoff"),
        ("Closures", "event_busy", "clinic", "closure"),
        ("On call", "phone_in_talk", "clinic", "oncallshift"),
        ("Kinds of visit", "event_note", "treatment_sessions", "visittype"),
        ("Rooms", "meeting_room", "clinic", "room"),
        ("Devices", "precision_manufacturing", "clinic", "device"),
        ("Device models", "inventory_2", "clinic", "devicemodel"),
        ("Device specifications", "settings", "clinic", "devicespec"),
        ("Clearances", "verified", "treatment_sessions", "deviceclearance"),
        ("Cartridge lots", "package_2", "clinic", "cartridgelot"),
    ],
}


# pages that list no model: the group that they stand in, title, icon, address, permission if any
PAGES = [
    ("Today", "Today", "today", "admin:index", ""),
    (
        *("Today", "Week", "calendar_view_week", "week"),
        "treatment_sessions.view_treatmentsession",
    ),
    ("Today", "Healing board", "healing", "healing-board", "patients.view_stafftask"),
    ("Clinic", "Setting up", "rocket_launch", "setup", "clinic.add_room"),
    ("Clinic", "Unusual accesses", "policy", "unusual-accesses", "clinic.watch_accesses"),
    ("Clinic", "Service accounts", "key", "service-accounts", "clinic.view_serviceaccount"),
    ("Clinic", "Reports", "table_chart", "reports", "treatment_sessions.view_figures"),
    (
        *("Patients", "Plan a course", "edit_calendar", "admin:planning"),
        "treatment_sessions.add_treatmentplan",
    ),
    ("Patients", "Import", "upload_file", "import", "patients.import"),
    ("Patients", "Figures", "query_stats", "admin:figures", "treatment_sessions.view_figures"),
]


def account(request: HttpRequest) -> list[dict[str, Any]]:
    """What stands behind one's own name; also asked for by the pages before the log-in."""
    if request.user.pk is None:
        return []
    return [
        {"title": "Switch person", "link": reverse("switch-person")},
        {"title": "What you looked at", "link": reverse("accesses-by", args=[request.user.pk])},
        {"title": "Your log-ins", "link": reverse("own-log-ins")},
        {"title": "Your e-mail address", "link": reverse("own-address")},
        {"title": "Second factor", "link": reverse("second-factor")},
        {"title": "Passkeys", "link": reverse("passkeys")},
        {"title": "PIN", "link": reverse("pin")},
        {"title": "Change password", "link": reverse("admin:password_change")},
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
            groups.append({"title": title, "separator": True, "items": items})
    return groups
