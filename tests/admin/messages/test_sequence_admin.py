"""The sequence and its texts in the admin: the timeline, what a change does, the preview."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from aftercare.admin.sequence import replan_words
from aftercare.models import Anchor, CareStep, Message, MessageTemplate, StepReplan
from aftercare.planning import gradual
from aftercare.planning.plan import Replan
from clinic.db.versions import version_of
from clinic.models import Clinic, Role, User
from sessions.lifecycle import Status
from tests.factories import (
    DAY,
    HOUR,
    CareStepFactory,
    MessageFactory,
    SessionFactory,
    TemplateFactory,
    UserFactory,
)
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
PREVIEW = reverse("admin:aftercare_messagetemplate_preview")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_manager(manager: User) -> Client:
    return client_of(manager)


@kept
def waiting(clinic: Clinic) -> Message:
    """A message in three days, of a session that has just been completed."""
    step = CareStepFactory(offset=3 * DAY, useful_for=2 * DAY)
    now = timezone.now()
    session = SessionFactory(
        plan__patient__clinic=clinic, status=Status.COMPLETED, starts_at=now - 2 * HOUR
    )
    due = session.completed_at + 3 * DAY
    return MessageFactory(session=session, step=step, due_at=due, expires_at=due + 2 * DAY)


def form(step: CareStep, **changes: Any) -> dict[str, Any]:
    values = {
        "name": step.name,
        "code": step.code,
        "protocol": "",
        "is_active": "on",
        "anchor": step.anchor,
        "kinds": step.kinds,
        "offset": "3 00:00:00",
        "useful_for": "2 00:00:00",
        "channel_policy": step.channel_policy,
        "purpose": step.purpose,
        "skin_types": "",
        "zones": "",
        "anaesthetic_used": "unknown",
        "next_session_booked": "unknown",
        "templates-TOTAL_FORMS": "0",
        "templates-INITIAL_FORMS": "0",
        "_version": version_of(step),
    }
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


def change(step: CareStep) -> str:
    return reverse("admin:aftercare_carestep_change", args=[step.pk])


def test_a_change_says_what_it_does_before_it_is_saved(
    as_manager: Client, waiting: Message
) -> None:
    step, due = waiting.step, waiting.due_at
    sent = form(step, offset="4 00:00:00")

    asked = as_manager.post(change(step), sent)
    step.refresh_from_db()
    waiting.refresh_from_db()

    assert asked.status_code == 200
    assert "1 message moves" in asked.content.decode()
    assert 'value="4 00:00:00"' in asked.content.decode()
    assert (step.offset, waiting.due_at) == (3 * DAY, due)

    saved = as_manager.post(change(step), {**sent, "_replan_confirmed": "1"}, follow=True)
    step.refresh_from_db()
    waiting.refresh_from_db()

    assert "Re-planned: 1 message moves." in saved.content.decode()
    assert (step.offset, waiting.due_at) == (4 * DAY, due + DAY)


def test_a_change_that_moves_nothing_is_just_saved(as_manager: Client, waiting: Message) -> None:
    answer = as_manager.post(change(waiting.step), form(waiting.step, name="Day three, again"))

    assert answer.status_code == 302
    waiting.step.refresh_from_db()
    assert waiting.step.name == "Day three, again"


def test_a_change_that_concerns_many_is_left_to_a_worker(
    as_manager: Client, waiting: Message, monkeypatch: Any
) -> None:
    monkeypatch.setattr(gradual, "AT_ONCE", 0)
    step, due = waiting.step, waiting.due_at
    renamed = form(step, name="Day three, again", skin_types=None, zones=None)
    sent = form(step, offset="4 00:00:00")

    asked = as_manager.post(change(step), sent)
    saved = as_manager.post(change(step), {**sent, "_replan_confirmed": "1"}, follow=True)
    waiting.refresh_from_db()
    assert "1 visits are planned anew" in asked.content.decode()
    assert "1 visits are being planned anew" in saved.content.decode()
    assert waiting.due_at == due
    assert "0 of about 1 visits so far" in as_manager.get(change(step)).content.decode()

    gradual.go_on_with_replans(at=timezone.now())
    waiting.refresh_from_db()
    assert waiting.due_at == due + DAY
    assert "1 visits: 1 message moves." in as_manager.get(change(step)).content.decode()

    renamed["_version"] = version_of(CareStep.objects.get())
    renamed["offset"] = "4 00:00:00"
    assert as_manager.post(change(step), renamed).status_code == 302
    assert StepReplan.objects.get().ended_at


def test_a_new_step_says_how_many_it_plans(as_manager: Client, waiting: Message) -> None:
    add = reverse("admin:aftercare_carestep_add")
    sent = form(CareStepFactory.build(), code="new", name="New")

    asked = as_manager.post(add, sent)
    assert "1 message is new" in asked.content.decode()
    assert not CareStep.objects.filter(code="new").exists()

    as_manager.post(add, {**sent, "_replan_confirmed": "1"})
    assert Message.objects.filter(step__code="new").count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "complaint"),
    [
        ({"offset": "soon"}, "offset", "Enter a valid duration"),
        ({"skin_types": "4,9"}, "skin_types", "9"),
        ({"zones": "elbow"}, "zones", "Unknown: elbow"),
        ({"anchor": "STARTS"}, None, "come before it"),
        ({"anchor": "BOOKED", "zones": "nose"}, "zones", "Unknown: nose"),
        ({"anchor": "BOOKED", "anaesthetic_used": "true"}, None, "known once a session"),
        ({"useful_for": "0"}, None, "useful for some time"),
        ({"offset": "99999999999 00:00:00"}, "offset", ""),
    ],
)
def test_a_step_that_makes_no_sense_is_refused_at_the_field(
    as_manager: Client, waiting: Message, changes: Any, field: str | None, complaint: str
) -> None:
    answer = as_manager.post(change(waiting.step), form(waiting.step, **changes))

    assert answer.status_code == 200
    errors = answer.context["adminform"].form.errors
    assert field is None or field in errors
    assert complaint in str(errors)
    waiting.step.refresh_from_db()
    assert waiting.step.anchor == Anchor.COMPLETED


def test_who_may_only_look_changes_nothing(alice: User, waiting: Message) -> None:
    answer = client_of(alice).post(change(waiting.step), form(waiting.step, offset="4 00:00:00"))

    assert answer.status_code == 403
    assert "moves" not in answer.content.decode()


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (Replan(12, 3, 4), "12 messages move, 3 are cancelled, 4 are new"),
        (Replan(1, 1, 1), "1 message moves, 1 is cancelled, 1 is new"),
        (Replan(0, 0, 1), "1 message is new"),
        (Replan(0, 2, 0), "2 messages are cancelled"),
    ],
)
def test_a_change_is_told_in_words(result: Replan, words: str) -> None:
    assert replan_words(result) == words


def test_the_timeline_shows_the_whole_sequence_in_order(
    as_manager: Client, catalogue: None, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(14):
        page = as_manager.get(reverse("admin:aftercare_carestep_changelist")).content.decode()

    shown = page[page.index('class="sequence"') : page.index("</section>")]
    places = {
        shown.index(f">{step.name}<"): step.offset
        for step in CareStep.objects.filter(anchor=Anchor.COMPLETED)
        if not step.from_next_window
    }
    assert [places[place] for place in sorted(places)] == sorted(places.values())
    assert shown.count("<li") == CareStep.objects.count()
    assert "−48 h" in shown
    assert "+3 d, 08:30" in shown
    assert "skin type IV, V, VI" in shown


# --- preview -----------------------------------------------------------------------------------


def typed(**changes: Any) -> dict[str, Any]:
    step = changes.pop("step", None) or CareStepFactory()
    values = {
        "step": str(step.pk),
        "channel": "EMAIL",
        "language": "en",
        "subject": "Hello",
        "body": "# Hi {{ given_name }}\n\n[Here]({{ link }})",
        "max_parts": "1",
    }
    return {**values, **changes}


def test_what_is_typed_is_shown_as_a_patient_would_get_it(as_manager: Client) -> None:
    answer = as_manager.post(PREVIEW, typed())

    page = answer.content.decode()
    assert "Riverside Skin Clinic" in page
    assert '<iframe sandbox title="The HTML part"' in page
    assert "Hi Grace" in page
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert not MessageTemplate.objects.exists()


def test_an_sms_is_shown_with_its_length_and_parts(as_manager: Client) -> None:
    body = "{{ clinic_short }}: see you {{ date }}. STOP to end"
    page = as_manager.post(PREVIEW, typed(channel="SMS", subject="", body=body)).content.decode()

    assert "Riverside: see you Wed 25 September. STOP to end" in page
    assert "48 characters, 1 part" in page
    assert "59 characters, 1 part" in page


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_shipped_text_can_be_previewed(
    as_manager: Client, catalogue: None, language: str
) -> None:
    for template in MessageTemplate.objects.filter(language=language):
        page = as_manager.get(PREVIEW, {"saved": str(template.pk)}).content.decode()
        assert "From" in page, template
        assert "{{" not in page, template
        if template.channel == "EMAIL":  # whole, with all its own quotes
            (mail,) = re.findall(r'<iframe sandbox title="The HTML part" srcdoc="([^"]*)">', page)
            assert unescape(mail).rstrip().endswith("</html>"), template


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"body": "{{ diagnosis }}"}, "unknown"),
        ({"body": "<script>alert(1)</script>"}, "No HTML"),
        ({"subject": "About your acne"}, "must not say: acne"),
        ({"step": None, "channel": "FAX"}, "FAX is not one of"),
        ({"body": ""}, "required"),
        ({"max_parts": "99"}, "less than or equal to 4"),
    ],
)
def test_what_the_lint_refuses_is_told_and_not_shown(
    as_manager: Client, changes: dict[str, Any], complaint: str
) -> None:
    page = as_manager.post(PREVIEW, typed(**changes)).content.decode()

    assert complaint in page
    assert "<iframe" not in page


@pytest.mark.parametrize("saved", ["", "nonsense", "01890000-0000-7000-8000-000000000000"])
def test_a_version_that_does_not_exist_shows_nothing(as_manager: Client, saved: str) -> None:
    answer = as_manager.get(PREVIEW, {"saved": saved})

    assert answer.status_code == 200
    assert "Nothing to show yet" in answer.content.decode()


@pytest.mark.parametrize(("role", "status"), [(Role.AUDITOR, 403), (Role.ADMIN, 403)])
def test_the_preview_is_for_those_who_may_read_texts(
    clinic: Clinic, role: Role, status: int
) -> None:
    user = UserFactory(role=role, clinic=clinic)

    assert client_of(user).post(PREVIEW, typed()).status_code == status
    assert Client().post(PREVIEW, typed()).status_code == 302


def test_the_lint_speaks_at_the_field_of_the_form(as_manager: Client) -> None:
    add = reverse("admin:aftercare_messagetemplate_add")

    answer = as_manager.post(add, typed(subject="Your needles", body="{{ nothing }}"))

    errors = answer.context["adminform"].form.errors
    assert "must not say: needles" in str(errors["subject"])
    assert "unknown" in str(errors["body"])
    assert as_manager.post(add, typed()).status_code == 302
    assert MessageTemplate.objects.get().version == 1


def test_the_form_shows_the_variables_and_a_saved_text_its_preview(as_manager: Client) -> None:
    add = as_manager.get(reverse("admin:aftercare_messagetemplate_add")).content.decode()
    template = TemplateFactory()
    saved = as_manager.get(
        reverse("admin:aftercare_messagetemplate_change", args=[template.pk])
    ).content.decode()

    assert "{{ next_date }}" in add
    assert 'formaction="/admin/aftercare/messagetemplate/preview/"' in add
    assert f"preview/?saved={template.pk}" in saved
