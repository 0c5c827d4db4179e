"""What came of a recorded test is read rightly, and a failure is news unless a reason names it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from scones.delivery.checks.recorded import outcomes, running
from scones.delivery.checks.recorded.outcomes import ROOT, RecordedTest, Row
from scones.errors import InputError, SetupError

CALLED = {"setup": "passed", "call": "failed", "teardown": "passed"}
CAUSE = {"answer": "get_execution_history", "place": "events.*.cause", "aws": "'a'", "here": "'b'"}
TYPE = {"answer": "get_execution_history", "place": "events.*.type", "aws": "'a'", "here": "'b'"}
NAME = {"answer": "describe", "place": "name", "aws": "'a'", "here": "'b'"}


@pytest.mark.parametrize(
    ("record", "verdict", "kind"),
    [
        ({"phases": {**CALLED, "call": "passed"}}, "passed", ""),
        ({"phases": CALLED, "differences": [TYPE, CAUSE]}, "failed", "another history"),
        ({"phases": CALLED, "differences": [CAUSE]}, "failed", "another text of an error"),
        ({"phases": CALLED, "differences": [NAME]}, "failed", "another answer"),
        (
            {"phases": CALLED, "error": "ClientError: the local cloud does not support batch:submitJob"},
            "failed",
            "the local cloud says that it does not do this",
        ),
        ({"phases": {"setup": "failed"}, "error": "KeyError: 'x'"}, "failed", "its set-up fails"),
        ({"phases": CALLED, "error": "Failed: DID NOT RAISE"}, "failed", "AWS refuses, the local cloud accepts"),
        ({"phases": CALLED, "error": "KeyError: 'x'"}, "failed", "an error where AWS answered"),
        ({"phases": {"setup": "skipped"}}, "not run", "skips itself"),
        ({"phases": CALLED, "marks": ["aws_needs_fixing"]}, "not run", "fails on AWS too (its own marker)"),
        (
            {"phases": {**CALLED, "call": "passed"}, "marks": ["aws_only_localstack"]},
            "not run",
            "only for LocalStack (its own marker)",
        ),
        (
            {"phases": CALLED, "error": "Exception: No state for a test recorded."},
            "not run",
            "nothing is recorded",
        ),
    ],
)
def test_the_verdict_and_the_kind(record: dict[str, Any], verdict: str, kind: str) -> None:
    found = outcomes.outcome({"test": f"{ROOT}v2/base/test_base.py::test_a", **record})
    assert (found.verdict, found.kind, found.name) == (verdict, kind, "v2/base/test_base.py::test_a")


def test_the_detail_shows_both_sides_of_the_first_difference() -> None:
    found = outcomes.outcome({"test": "t", "phases": CALLED, "differences": [TYPE, CAUSE]})
    assert found.detail == "get_execution_history.events.*.type: AWS 'a' | here 'b'"


def test_the_table_has_every_folder_and_sums_up() -> None:
    tests = [
        RecordedTest("v2/base/test_base.py::test_a", "passed"),
        RecordedTest("v2/base/test_base.py::test_b", "failed"),
        RecordedTest("v2/test_sfn_api.py::test_c", "not run"),
    ]
    recorded = [f"{ROOT}v2/base/test_base.py::test_a", f"{ROOT}v2/services/test_ecs.py::test_d"]
    assert outcomes.rows(recorded, tests) == [
        Row("v2/base", 1, 1, 1, 0),
        Row("v2/services", 1, 0, 0, 0),
        Row("v2/test_sfn_api", 0, 0, 0, 1),
        Row("all", 2, 1, 1, 1),
    ]


def test_a_reason_explains_the_tests_that_its_pattern_names() -> None:
    text = (
        '[[reason]]\nwhy = "no ECS"\ntests = ["v2/a.py::test_x[*]"]\n[[reason]]\nwhy = "no Batch"\ntests = ["v2/b.py*"]'
    )
    reasons = outcomes.read_reasons(text)
    failed = [RecordedTest("v2/a.py::test_x[1]", "failed"), RecordedTest("v2/a.py::test_x1", "failed")]
    assert [outcomes.reason_of(test, reasons) for test in failed] == ["no ECS", None]
    assert outcomes.unused([*failed, RecordedTest("v2/b.py::test_y", "passed")], reasons) == ["v2/b.py*"]


def test_every_reason_of_the_project_is_a_sentence() -> None:
    reasons = outcomes.read_reasons(Path(running.__file__).with_name("reasons.toml").read_text())
    assert all(len(why) > 20 and pattern.startswith("v2/") for pattern, why in reasons.items())


def test_a_folder_that_is_no_checkout_is_refused_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no checkout of LocalStack") as refused:
        running.recorded(tmp_path)
    assert "git clone" in (refused.value.hint or "")
    answers = tmp_path / ROOT / "v2" / "base" / "test_base.snapshot.json"
    answers.parent.mkdir(parents=True)
    answers.write_text(json.dumps({"one": {}, "two": {}}))
    assert running.recorded(tmp_path) == ["one", "two"]


@pytest.mark.skipif(sys.version_info[:2] == (3, 13), reason="this Python is the one")
def test_python_3_13_is_found_behind_a_stand_in_that_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, code in (("stand-in", 127), ("real", 0)):
        python = tmp_path / folder / running.PYTHON
        python.parent.mkdir()
        python.write_text(f"#!/bin/sh\nexit {code}\n")
        python.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'stand-in'}:{tmp_path / 'real'}")
    assert running.interpreter() == tmp_path / "real" / running.PYTHON
    monkeypatch.setenv("PATH", str(tmp_path / "stand-in"))
    with pytest.raises(SetupError, match=r"need Python 3\.13") as refused:
        running.interpreter()
    assert "install it" in (refused.value.hint or "")
