"""Captured requests as the page Traffic draws them."""

from datetime import UTC, datetime
from pathlib import Path

from scones.console.pages.traffic import rows
from scones.service.capture.labels import KnownImages
from scones.service.capture.models import AnsweringModel
from scones.service.capture.records import Event

MODEL = AnsweringModel("scones/3", ("bicycle", "motorcycle", "other"))


def event(number: int, *probabilities: float) -> Event:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    return Event(f"e{number}", now, probabilities or None, None, (), True, Path("f"), number, 0, model=MODEL)


def test_the_page_knows_which_answers_no_threshold_lets_pass():
    found = rows([event(1, 0.9, 0.05, 0.05), event(2, 0.01, 0.02, 0.97), event(3)], KnownImages())
    assert [(one["label"], one["confidence"], one["wanted"]) for one in found] == [
        ("bicycle", 0.9, True),
        ("other", 0.97, False),
    ]
