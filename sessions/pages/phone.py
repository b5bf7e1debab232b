"""The page that a phone opens: the views of a visit's photographs, taken one by one.

It names nobody, keeps nothing on the phone, and shows no picture but, while the camera is open, the
earlier one of the same view, small, to stand as one stood then. It speaks the language of whoever
made the link.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language_from_request, gettext, gettext_noop
from django.views.decorators.csrf import csrf_exempt

from clinic.audit.actors import actor_of, fingerprint
from clinic.audit.record import Access, record
from clinic.db.retries import Busy, retried_transaction
from clinic.errors import DomainError
from clinic.http.pictures import as_jpeg
from clinic.models.access import Action, Door, Outcome
from clinic.values.languages import override_language
from clinic.values.zones import clock_of
from sessions import services
from sessions.models import STANDARD_VIEWS, Photo
from sessions.pages.link import MOST, MOST_GHOSTS, Link, is_used_up, link_of
from sessions.services.record.pictures import KINDS

ACCEPT = "image/jpeg,image/png,image/webp,image/heic,image/heif,.heic,.heif"
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
VIEWS = {view.value: view.label for view in STANDARD_VIEWS}
Page = Callable[..., HttpResponse]


def by_link(*methods: str) -> Callable[[Page], Page]:
    """A page for whoever has the link. Without one that is open: that it has ended, and nothing
    else. Django's CSRF check is off: there is no cookie that another site could use."""

    def decorate(view: Page) -> Page:
        @csrf_exempt
        @wraps(view)
        def run(request: HttpRequest, secret: str, **of_path: Any) -> HttpResponse:
            link = link_of(secret, at=timezone.now())
            language = link.by.language if link else get_language_from_request(request)
            with override_language(language):
                if request.method not in methods:
                    answer = HttpResponse(status=405, headers={"Allow": ", ".join(methods)})
                elif link is None:
                    answer = render(request, "sessions/pages/ended.html", status=404)
                else:
                    answer = view(request, link, fingerprint(secret), **of_path)
            for name, value in HEADERS.items():
                answer[name] = value
            return answer

        return run

    return decorate


@by_link("GET", "HEAD", "POST")
def photos(request: HttpRequest, link: Link, log_in: str) -> HttpResponse:
    """What is sent is stored like any photograph, by the name of who made the link."""
    at = timezone.now()
    said, problem, status = "", "", 200
    if request.method == "POST":
        try:
            said = _keep(request, link, log_in, at=at)
        except Busy:
            raise
        except DomainError as error:
            problem, status = error.message, error.status
            _note(request, link, log_in, Action.WRITE, status=status, code=error.code)
    else:
        _note(request, link, log_in, Action.READ)
    return render(request, "sessions/pages/phone.html", _shown(link, said, problem), status=status)


@by_link("GET", "HEAD")
def ghost(request: HttpRequest, link: Link, log_in: str, view: str) -> HttpResponse:
    """The earlier picture of a view, small: nothing else can be read by the link."""
    earlier = _earlier(link).filter(view=view).order_by("-taken_at", "-id").first()
    if earlier is None or is_used_up(link, "ghosts", MOST_GHOSTS):
        return HttpResponse(status=404)
    answer = as_jpeg(earlier.thumbnail, "earlier.jpg")
    _note(request, link, log_in, Action.PHOTO, row=earlier)
    return answer


@retried_transaction
def _keep(request: HttpRequest, link: Link, log_in: str, *, at: datetime) -> str:
    """Written down first: the files of what is stored are not taken back by a transaction."""
    view, upload = request.POST.get("view", ""), request.FILES.get("image")
    if view not in VIEWS:
        raise DomainError(gettext("Choose which view it is."), field="view")
    if upload is None:
        raise DomainError(gettext("There was no picture in it: take it again."), field="image")
    if is_used_up(link, "pictures", MOST):
        raise TooManyPictures(
            gettext("This link has taken {most} pictures: make another one on the tablet.").format(
                most=MOST
            )
        )
    _note(request, link, log_in, Action.WRITE)
    services.store_photo(
        patient=link.session.patient,
        session=link.session,
        view=view,
        taken_at=at,
        upload=upload,
        at=at,
        by=link.by,
    )
    return gettext("{view}: sent.").format(view=VIEWS[view])


class TooManyPictures(DomainError):
    status = 429
    code = "too_many_pictures"
    title = gettext_noop("Too many pictures by one link")


def _earlier(link: Link) -> Any:
    shown = services.shown_photos(at=timezone.now())
    before = Photo.objects.filter(shown, patient=link.session.patient_id).standard()
    return before.exclude(session=link.session)


def _shown(link: Link, said: str, problem: str) -> dict[str, Any]:
    taken = list(link.session.photos.standard().values_list("view", flat=True))
    earlier = set(_earlier(link).values_list("view", flat=True))
    zone = link.session.clinic.zone
    return {
        "link": link,
        "said": said,
        "problem": problem,
        "accept": ACCEPT,
        "kinds": KINDS,
        "clock": clock_of(zone),
        "starts": f"{link.session.starts_at.astimezone(zone):%H:%M}",
        "ends": f"{link.ends_at.astimezone(zone):%H:%M}",
        "views": [
            {"code": code, "label": label, "taken": taken.count(code), "ghost": code in earlier}
            for code, label in VIEWS.items()
        ],
    }


def _note(
    request: HttpRequest,
    link: Link,
    log_in: str,
    action: Action,
    *,
    status: int = 200,
    code: str = "",
    row: Photo | None = None,
) -> None:
    """By whom: whoever made the link, and by which one. Raises NotRecorded."""
    match = request.resolver_match
    subject = row or link.session
    access = Access(
        actor=actor_of(request, link.by, session=log_in),
        door=Door.PAGE,
        place=match.view_name if match else "",
        action=action,
        outcome=Outcome.REFUSED if code else Outcome.DONE,
        status=status,
        code=code,
        object_model=subject._meta.label,
        object_id=subject.pk,
        count=0 if code else 1,
        fields=["image", "view"] if action is Action.WRITE else [],
    )
    access.subjects.add([link.session.patient])
    record(access)
