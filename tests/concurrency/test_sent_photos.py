"""Several pictures are sent with one report at once: three are kept, the same one once."""

from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from sessions.models import CheckIn, Photo
from sessions.services import store_sent_photo
from tests.concurrency.conftest import race
from tests.factories import NINE, CheckInFactory
from tests.support.pictures import jpeg


@pytest.fixture
def report(settings: Any, tmp_path: Path) -> CheckIn:
    settings.MEDIA_ROOT = tmp_path
    kept: CheckIn = CheckInFactory()
    return kept


def send(report: CheckIn, width: int) -> str:
    upload = BytesIO(jpeg(width))
    photo = store_sent_photo(report=report, upload=upload, at=NINE, due_at=NINE)
    return str(photo.number)


def test_three_of_six_are_kept(report: CheckIn) -> None:
    results = race(*[lambda width=width: send(report, width) for width in range(40, 46)])

    assert results == {"1": 1, "2": 1, "3": 1, "TooManyPhotos": 3}


def test_the_same_one_is_kept_once(report: CheckIn) -> None:
    assert race(*[lambda: send(report, 40)] * 4) == {"1": 4}


def test_without_the_lock_the_constraint_still_counts(report: CheckIn) -> None:
    """The control arm: numbers collide, and the database sends them back."""
    with patch("sessions.services.record.photos.lock_open_record"):
        race(*[lambda width=width: send(report, width) for width in range(40, 46)])

    assert Photo.objects.filter(report=report).count() <= 3
