"""What a function's answer says of its batch (lambda_/sources/records.py)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.lambda_.sources.records import failed

IDS = ["a", "b"]


@pytest.mark.parametrize("answer", [None, "", [], {}, {"batchItemFailures": []}, {"batchItemFailures": None}])
def test_an_answer_without_failures_is_a_success(answer: Any) -> None:
    assert failed(json.dumps(answer).encode(), IDS) == set()


@pytest.mark.parametrize(
    "answer",
    [
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"identifier": "a"}]},
        {"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "other"}]},
        {"batchItemFailures": ["a"]},
        {"batchItemFailures": "a"},
        "done",
    ],
)
def test_an_answer_of_another_form_fails_the_whole_batch(answer: Any) -> None:
    assert failed(json.dumps(answer).encode(), IDS) == set(IDS)


def test_only_the_reported_messages_have_failed() -> None:
    assert failed(b'{"batchItemFailures": [{"itemIdentifier": "b"}]}', IDS) == {"b"}
