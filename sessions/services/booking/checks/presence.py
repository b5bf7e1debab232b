"""Whether clinic and practitioner are there for a session, and room and device are fit for it."""

from datetime import date, datetime

from django.db.models import QuerySet
from django.utils.translation import gettext, gettext_noop

from clinic.errors import DomainError
from clinic.models import Clinic, Credential, Device, Room, User
from clinic.values.moments import date_in_words
from patients.models import Area
from sessions.models import Kind, TreatmentSession, VisitType
from sessions.scheduling.availability import Presence, SlotTaken
from sessions.scheduling.wanted import VisitRequest, Wanted
from sessions.services.plans import no_practitioner

NOBODY = gettext_noop(
    "Nobody at this clinic does: a manager enters licences among the credentials."
)


class Closed(SlotTaken):
    code = "closed"
    title = gettext_noop("The clinic is closed then")


class PractitionerOff(SlotTaken):
    code = "practitioner_off"
    title = gettext_noop("The practitioner does not work then")


class RoomUnfit(SlotTaken):
    code = "room_unfit"
    title = gettext_noop("The room does not serve this area")


class DeviceUnfit(SlotTaken):
    code = "device_unfit"
    title = gettext_noop("The device does not serve this area")


class NotTheirVisit(DomainError):
    code = "not_their_visit"
    title = gettext_noop("This person does not do such visits here")


class NotLicensed(SlotTaken):
    code = "not_licensed"
    title = gettext_noop("Such visits are for holders of a licence")


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
                gettext("{resource} does not serve the area “{area}”; it serves: {areas}.").format(
                    resource=resource, area=area, areas=_named(resource)
                ),
                field=field,
            )


def require_room_of(visit_type: VisitType, room: Room) -> None:
    """Raises RoomUnfit if the visit is only in other rooms."""
    rooms = list(visit_type.rooms.all())
    if rooms and room not in rooms:
        raise RoomUnfit(
            gettext("“{visit_type}” is not in {room}; it is in: {rooms}.").format(
                visit_type=visit_type, room=room, rooms=", ".join(map(str, rooms))
            ),
            field="room",
        )


def require_presence(session: TreatmentSession, there: Presence) -> None:
    """Raises NoPractitionerHere, Closed or PractitionerOff."""
    if not there.treats_here and session.kind == Kind.TREATMENT:
        raise no_practitioner(session.practitioner)
    if not there.treats_here:
        raise NotTheirVisit(
            gettext("{practitioner} does not do “{visit_type}” at this clinic.").format(
                practitioner=session.practitioner, visit_type=session.visit_type
            ),
            field="practitioner",
        )
    when = gettext("{day} from {time}").format(
        day=date_in_words(session.starts_at_local, "l j M Y"),
        time=f"{session.starts_at_local:%H:%M}",
    )
    if not there.clinic:
        raise Closed(
            gettext("{clinic} is not open for the whole session, {when}.").format(
                clinic=session.clinic, when=when
            ),
            field="starts_at",
        )
    if not there.practitioner:
        raise PractitionerOff(
            gettext("{practitioner} does not work during the whole session, {when}.").format(
                practitioner=session.practitioner, when=when
            ),
            field="practitioner",
        )


def holders(visit_type: VisitType, *, on: date, clinic: Clinic) -> QuerySet[User]:
    """Who may do such visits at the clinic on a day: by role and by licence."""
    people: QuerySet[User] = User.objects.filter(
        is_active=True, role__in=visit_type.roles, clinics=clinic
    )
    if not visit_type.credentials:
        return people
    held = Credential.objects.licences_for(visit_type.credentials, on=on)
    able: QuerySet[User] = people.filter(pk__in=held.values("user"))
    return able


def require_licence(session: TreatmentSession, *, at: datetime | None = None) -> None:
    """Whoever does the visit holds a licence that its kind asks for, on its day or at an instant.
    Raises NotLicensed."""
    kind, clinic = session.visit_type, session.clinic
    day = at.astimezone(clinic.zone).date() if at else session.starts_at_local.date()
    can = holders(kind, on=day, clinic=clinic)
    if not kind.credentials or can.filter(pk=session.practitioner_id).exists():
        return
    raise NotLicensed(
        gettext(
            "“{kind}” is for: {licences}. {practitioner} holds no such licence on {day}."
        ).format(
            kind=kind,
            licences=kind.licences,
            practitioner=session.practitioner,
            day=date_in_words(day, "j M Y"),
        )
        + ("" if can.exists() else f" {gettext(NOBODY)}"),
        field="practitioner",
    )


def require_somebody(wanted: Wanted, *, on: date) -> None:
    """Raises NotLicensed if nobody at the clinic may do what is wanted on a day, for want of a
    licence."""
    if isinstance(wanted, VisitRequest):
        kind = wanted.visit_type
    else:
        kind = VisitType.objects.get(clinic=wanted.clinic, kind=Kind.TREATMENT)
    if kind.credentials and not holders(kind, on=on, clinic=wanted.clinic).exists():
        raise NotLicensed(
            gettext("“{kind}” is for: {licences}, on {day}. {nobody}").format(
                kind=kind,
                licences=kind.licences,
                day=date_in_words(on, "j M Y"),
                nobody=gettext(NOBODY),
            )
        )
