"""Two people confirm the same new numbers at once: there is one new version."""

from collections.abc import Callable
from unittest.mock import patch

import pytest
from django.db.models import QuerySet

from clinic.models import Clinic, User
from sessions.models import ProtocolVersion
from sessions.services import confirm_version, propose_version
from sessions.services import protocol_drafts as service
from tests.concurrency.conftest import race, waiting_for_each_other
from tests.factories import NINE, ProtocolVersionFactory, UserFactory


@pytest.fixture
def confirm(clinic: Clinic, manager: User) -> Callable[[], str]:
    draft = propose_version(
        version=ProtocolVersionFactory(), ranges=[], effective_from=None, at=NINE, by=manager
    )

    def press() -> str:
        by = UserFactory(clinic=clinic)
        return f"version {confirm_version(draft_id=draft.pk, at=NINE, by=by).version}"

    return press


def test_of_two_who_confirm_one_is_told_that_it_is_done(confirm: Callable[[], str]) -> None:
    assert race(confirm, confirm) == {"version 2": 1, "ChangeSettled": 1}
    assert ProtocolVersion.objects.count() == 2


def test_without_the_lock_both_make_the_version_and_the_key_has_the_last_word(
    confirm: Callable[[], str],
) -> None:
    """The control arm: who comes second fails at the key, and is not told what has happened."""
    look = waiting_for_each_other()(service.version_of)
    with (
        patch.object(QuerySet, "select_for_update", lambda rows, **_: rows),
        patch.object(service, "version_of", look),
    ):
        outcomes = race(confirm, confirm)
    assert outcomes == {"version 2": 1, "ValidationError": 1} or outcomes == {
        "version 2": 1,
        "IntegrityError": 1,
    }
