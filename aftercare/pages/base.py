"""What the patients' pages share: the message behind the link, its rights, and careful headers."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial, wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.db import DatabaseError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template import loader
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from aftercare.models import InboundMessage, Message
from aftercare.pages.hours import hours_now
from aftercare.replies import opt_out
from aftercare.replies.address import normalize_address
from aftercare.services import is_open, visit_after
from aftercare.texts import links
from clinic.audit.pages import record_page
from clinic.audit.record import NotRecorded
from clinic.db.retries import Busy, is_passing, reader_is_patient
from clinic.errors import DomainError
from clinic.values.languages import other_languages, override_language
from patients.models import ContactConsent
from sessions.lifecycle import Status
from sessions.models import TreatmentSession

logger = logging.getLogger(__name__)

# After this the page shows no more of the appointment. To unsubscribe is always possible.
RIGHTS_LAST = timedelta(days=90)
FORM_LASTS = timedelta(days=1)
WRITES_A_DAY = 20
# Of a browser that has given the birth date; no other host and no other site can set or use it.
COOKIE = "__Host-patient"
PROVIDER = "page"  # of what patients write here
TOO_OFTEN = _("That was a lot for one day. Please call us.")
FORM_IS_OLD = _("This page was open for a long time. Please press the button again.")
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
View = Callable[..., HttpResponse]


def of_patient(
    *methods: str, ends: bool = True, is_own: bool = False
) -> Callable[[View], Callable[..., HttpResponse]]:
    """A page for the message that its token names; what `is_own` asks for the birth date first.

    No token: a friendly 404 that shows nothing. Rights over (if they end): only whom to call.
    Django's CSRF check is off: no-referrer makes browsers hide the origin that it looks at, and
    the one cookie there is (SameSite=Strict) is of no use to another site. See `form_key`.
    """

    def decorate(view: View) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @wraps(view)
        def run(request: HttpRequest, token: str, **of_path: Any) -> HttpResponse:
            message = links.message_for(token)
            if message is None:
                answer = _without_patient("unknown", status=404)
            elif request.method not in methods:
                answer = HttpResponse(status=405, headers={"Allow": ", ".join(methods)})
            else:
                message.session = visit_after(message) or where_it_has_moved(message.session)
                with override_language(message.patient.language), _of_a_patient():
                    if ends and rights_are_over(message, at=timezone.now()):
                        answer = show(request, message, "ended", status=410)
                    elif is_own and not has_opened(request, message, at=timezone.now()):
                        answer = lead_to(message, "birth-date/", next=_part_in(request.path_info))
                    else:
                        answer = _unless_refused(partial(view, **of_path), request, message)
                    answer = _if_recorded(request, answer, message)
            for name, value in HEADERS.items():
                answer.setdefault(name, value)
            return answer

        return run

    return decorate


@contextmanager
def _of_a_patient() -> Iterator[None]:
    """What is written down meanwhile is for staff, who may not read the patient's language."""
    token = reader_is_patient.set(True)
    try:
        yield
    finally:
        reader_is_patient.reset(token)


def _if_recorded(request: HttpRequest, answer: HttpResponse, message: Message) -> HttpResponse:
    try:
        record_page(request, answer, patient=message.patient, link=message)
    except NotRecorded:
        return _without_patient("trouble", status=NotRecorded.status)
    return answer


def lead_to(message: Message, page: str = "", **query: object) -> HttpResponse:
    """After a form: another page of the same link, which can be loaded again without harm."""
    asked = urlencode({name: value for name, value in query.items() if value})
    url = f"/p/{links.token_for(message)}/{page}"
    answer = HttpResponseRedirect(f"{url}?{asked}" if asked else url)
    answer.status_code = 303
    return answer


def trouble(request: HttpRequest, *, status: int) -> HttpResponse:
    """Kind words when a page cannot be shown, and whom to call if that can still be known. A link
    that is no link is told so."""
    try:
        message = links.message_for(_token_in(request.path_info))
    except DatabaseError:
        message = None
    if message is None:
        return _without_patient("unknown" if status == 404 else "trouble", status=status)
    context: dict[str, Any] = {}
    if not rights_are_over(message, at=timezone.now()):
        context = {"clinic": message.clinic, "home": f"/p/{links.token_for(message)}/"}
    with override_language(message.patient.language):
        return _page("trouble", context, status=status)


def _without_patient(name: str, *, status: int) -> HttpResponse:
    """In every language, for nobody knows which one the reader's is."""
    with override_language(settings.LANGUAGE_CODE):
        return _page(name, {"other_languages": other_languages()}, status=status)


def _page(name: str, context: dict[str, Any], *, status: int) -> HttpResponse:
    page = loader.get_template(f"aftercare/pages/{name}.html").render(context)
    return HttpResponse(page, status=status, headers=HEADERS)


def _token_in(path: str) -> str:
    """Of /p/<token>/…"""
    return path.split("/")[2]


def _part_in(path: str) -> str:
    """What follows on /p/<token>/."""
    return path.split("/", 3)[3]


def has_opened(request: HttpRequest, message: Message, *, at: datetime) -> bool:
    """Whether this browser has given the birth date: decision 0041."""
    return is_open(message, request.COOKIES.get(COOKIE, ""), at=at)


def _unless_refused(view: View, request: HttpRequest, message: Message) -> HttpResponse:
    try:
        return view(request, message)
    except Http404:  # of what is not there, or not theirs: refused, and written down
        return trouble(request, status=404)
    except (Busy, OperationalError) as error:
        if not isinstance(error, Busy) and not is_passing(error):
            raise
        answer = show(request, message, "busy", status=Busy.status)
        answer["Retry-After"] = str(Busy.retry_after)
        return answer
    except DomainError as error:
        if error.status >= 500:  # nothing has changed; something is broken
            raise
        # A page says by itself why what it offers was refused. This one was not expected there:
        # a rule that is new, or a row that has changed while the patient read.
        logger.warning("A patient's page was refused something: %s", error.code)
        return show(request, message, "refused", status=error.status)


def where_it_has_moved(session: TreatmentSession) -> TreatmentSession:
    """The old link of a visit that was moved leads to the new one. In two queries, however often
    it has moved."""
    if session.status != Status.CANCELLED:
        return session
    own = TreatmentSession.objects.filter(patient=session.patient_id)
    moved = dict(own.exclude(rescheduled_from=None).values_list("rescheduled_from", "pk"))
    newest = session.pk
    while newest in moved:
        newest = moved[newest]
    if newest == session.pk:
        return session
    return own.select_related("practitioner").get(pk=newest)


def rights_are_over(message: Message, *, at: datetime) -> bool:
    """After a while, with an archived record, and where the patient is no longer at the address
    that the link went to: somebody else may have the number now, or has said so."""
    newest = max(message.session.starts_at, message.sent_at or message.due_at)
    if message.patient.archived_at is not None or at >= newest + RIGHTS_LAST:
        return True
    there, now = (
        normalize_address(message.channel, address)
        for address in (links.sent_to(message), message.address)
    )
    return there != now or opt_out.is_not_theirs(channel=message.channel, address=now)


def show(
    request: HttpRequest,
    message: Message,
    name: str,
    *,
    status: int = 200,
    notice: str | Promise = "",
    problem: str | Promise = "",
    **context: Any,
) -> HttpResponse:
    """Render a page; `notice` or `problem` stands on top."""
    return render(
        request,
        f"aftercare/pages/{name}.html",
        {
            "notice": notice,
            "problem": problem,
            "patient": message.patient,
            "clinic": message.clinic,
            "home": f"/p/{links.token_for(message)}/",
            "form_key": form_key(message),
            # To press on pages that can be opened again.
            "languages": _other_languages() if request.method == "GET" else [],
            "this_page": request.get_full_path(),
            **hours_now(message.clinic, at=timezone.now()),
            **context,
        },
        status=status,
    )


def _other_languages() -> list[tuple[str, str]]:
    """By the names that their speakers give them."""
    return [
        (code, str(get_language_info(code)["name_local"]).capitalize())
        for code in other_languages()
    ]


def form_key(message: Message) -> str:
    """Proves that a POST comes from a form that we have shown to the holder of the link."""
    return signing.TimestampSigner(salt="aftercare.pages").sign(message.key.hex)


def is_from_our_form(request: HttpRequest, message: Message) -> bool:
    signer = signing.TimestampSigner(salt="aftercare.pages")
    try:
        key = signer.unsign(request.POST.get("form", ""), max_age=FORM_LASTS)
    except signing.BadSignature:
        return False
    return key == message.key.hex


def has_written_enough(message: Message, *, at: datetime) -> bool:
    """Whether a link was used so often today that it is abuse rather than need."""
    day_ago = at - timedelta(days=1)
    texts = InboundMessage.objects.filter(
        message=message, provider=PROVIDER, received_at__gt=day_ago
    )
    choices = ContactConsent.objects.filter(
        patient=message.patient_id, recorded_by__isnull=True, recorded_at__gt=day_ago
    )
    return texts.count() + choices.count() >= WRITES_A_DAY
