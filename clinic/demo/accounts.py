"""The demo's staff. They exist only where the demo was seeded."""

from dataclasses import dataclass

from clinic.models import Role

PASSWORD = "demo-clinic"  # noqa: S105  printed on the demo's front page


@dataclass(frozen=True)
class Account:
    username: str
    first_name: str
    last_name: str
    role: Role
    clinic: str


RIVERSIDE = "Riverside Skin Clinic"
HILLTOP = "Hilltop Skin Clinic"
ACCOUNTS = [
    Account("desk", "Dana", "Reyes", Role.RECEPTIONIST, RIVERSIDE),
    Account("clinician", "Mira", "Okafor", Role.PRACTITIONER, RIVERSIDE),
    Account("manager", "Jonas", "Lind", Role.MANAGER, RIVERSIDE),
    Account("admin", "Ada", "Novak", Role.ADMIN, RIVERSIDE),
    Account("auditor", "Noor", "Haddad", Role.AUDITOR, RIVERSIDE),
    Account("desk2", "Elif", "Kaya", Role.RECEPTIONIST, HILLTOP),
    Account("clinician2", "Tomás", "Vidal", Role.PRACTITIONER, HILLTOP),
]
