from clinic.models import User
from sessions.models import TreatmentSession
from tests.conftest import Booking
from tests.factories import DeviceFactory, DeviceModelFactory, RoomFactory, UserFactory
from tests.support.kept import kept


@kept
def ahead(booking: Booking, manager: User) -> TreatmentSession:
    """A session, and what it could move to: another room, device and practitioner."""
    clinic = booking.plan.clinic
    RoomFactory(clinic=clinic)
    DeviceFactory(clinic=clinic, model=DeviceModelFactory(code="another"))
    UserFactory(clinic=clinic)
    return booking.book()
