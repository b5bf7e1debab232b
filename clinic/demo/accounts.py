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
    mobile: str = ""  # of those who are told of what is grave

    @property
    def email(self) -> str:
        return f"{self.username}@staff.example"


RIVERSIDE = "Riverside Skin Clinic"
HILLTOP = "Hilltop Skin Clinic"
ACCOUNTS = [
    Account("desk", "Dana", "Reyes", Role.RECEPTIONIST, RIVERSIDE),
    Account("clinician", "Mira", "Okafor", Role.PRACTITIONER, RIVERSIDE, "+4915201000001"),
    Account("manager", "Jonas", "Lind", Role.MANAGER, RIVERSIDE, "+4915201000002"),
    Account("admin", "Ada", "Novak", Role.ADMIN, RIVERSIDE),
    Account("auditor", "Noor", "Haddad", Role.AUDITOR, RIVERSIDE),
    Account("desk2", "Elif", "Kaya", Role.RECEPTIONIST, HILLTOP),
    Account("clinician2", "Tomás", "Vidal", Role.PRACTITIONER, HILLTOP),
]
