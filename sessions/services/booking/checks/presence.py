"""Whether clinic and practitioner are there for a session, and room and device are fit for it."""

from clinic.errors import DomainError
from clinic.models import Device, Room
from patients.models import Area
from sessions.models import Kind, TreatmentSession, VisitType
from sessions.scheduling.availability import Presence, SlotTaken
from sessions.services.plans import no_practitioner


class Closed(SlotTaken):
    code = "closed"
    title = "The clinic is closed then"


class PractitionerOff(SlotTaken):
    code = "practitioner_off"
    title = "The practitioner does not work then"


class RoomUnfit(SlotTaken):
    code = "room_unfit"
    title = "The room does not serve this area"


class DeviceUnfit(SlotTaken):
    code = "device_unfit"
    title = "The device does not serve this area"


class NotTheirVisit(DomainError):
    code = "not_their_visit"
    title = "This person does not do such visits here"


def _named(resource: Room | Device) -> str:
    names = dict(Area.objects.filter(code__in=resource.areas).values_list("code", "name"))
    return ", ".join(names.get(code, code) for code in resource.areas)


def require_fit(room: Room, device: Device, *, area: Area) -> None:
    """Raises RoomUnfit or DeviceUnfit unless both serve the area."""
    unfit: tuple[tuple[str, Room | Device, type[SlotTaken]], ...] = (
        ("room", room, RoomUnfit),
        ("device", device, DeviceUnfit),
    )
    for field, resource, error in unfit:
        if resource.areas and area.code not in resource.areas:
            raise error(
                f"{resource} does not serve the area “{area}”; it serves: {_named(resource)}.",
                field=field,
            )


def require_room_of(visit_type: VisitType, room: Room) -> None:
    """Raises RoomUnfit if the visit is only in other rooms."""
    rooms = list(visit_type.rooms.all())
    if rooms and room not in rooms:
        raise RoomUnfit(
            f"“{visit_type}” is not in {room}; it is in: {', '.join(map(str, rooms))}.",
            field="room",
        )


def require_presence(session: TreatmentSession, there: Presence) -> None:
    """Raises NoPractitionerHere, Closed or PractitionerOff."""
    if not there.treats_here and session.kind == Kind.TREATMENT:
        raise no_practitioner(session.practitioner)
    if not there.treats_here:
        raise NotTheirVisit(
            f"{session.practitioner} does not do “{session.visit_type}” at this clinic.",
            field="practitioner",
        )
    when = f"{session.starts_at_local:%A %d %b %Y from %H:%M}"
    if not there.clinic:
        raise Closed(
            f"{session.clinic} is not open for the whole session, {when}.", field="starts_at"
        )
    if not there.practitioner:
        raise PractitionerOff(
            f"{session.practitioner} does not work during the whole session, {when}.",
            field="practitioner",
        )
