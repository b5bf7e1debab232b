"""The side bar of the admin, in the order of a working day."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

# group → (title, icon, app label, model)
GROUPS = {
    "Today": [
        ("Sessions", "event", "treatment_sessions", "treatmentsession"),
        ("Messages", "outgoing_mail", "aftercare", "message"),
    ],
    "Patients": [
        ("Patients", "group", "patients", "patient"),
        ("Contact consents", "how_to_reg", "patients", "contactconsent"),
        ("Treatment plans", "assignment", "treatment_sessions", "treatmentplan"),
        ("Side effects", "healing", "aftercare", "sideeffect"),
    ],
    "Catalogues": [
        ("Concerns", "category", "patients", "concern"),
        ("Areas", "face", "treatment_sessions", "area"),
        ("Zones", "grid_view", "treatment_sessions", "zone"),
        ("Protocols", "menu_book", "treatment_sessions", "protocol"),
        ("Care steps", "timeline", "aftercare", "carestep"),
        ("Message templates", "edit_note", "aftercare", "messagetemplate"),
    ],
    "Clinic": [
        ("Clinics", "home_health", "clinic", "clinic"),
        ("Staff", "badge", "clinic", "user"),
        ("Rooms", "meeting_room", "clinic", "room"),
        ("Devices", "precision_manufacturing", "clinic", "device"),
    ],
}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups with what the caller may see."""
    groups = []
    for title, entries in GROUPS.items():
        items = [
            {"title": name, "icon": icon, "link": reverse(f"admin:{app}_{model}_changelist")}
            for name, icon, app, model in entries
            if request.user.has_perm(f"{app}.view_{model}")
        ]
        if items:
            groups.append({"title": title, "separator": True, "items": items})
    return groups
