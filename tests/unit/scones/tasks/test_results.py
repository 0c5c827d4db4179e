"""``--json``: one document on stdout, and nothing else, for every task that has a result."""

from __future__ import annotations

import ast
import inspect
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from invoke import Context
from invoke.exceptions import Exit
from jsonschema import Draft202012Validator

from scones import settings
from scones.cost.budget import BudgetCheck
from scones.delivery.pipeline import approval, drifting, planning
from scones.delivery.pipeline.changes import Change
from scones.delivery.pipeline.saved import Saved
from scones.delivery.pipeline.summary import SummaryPart
from scones.errors import CloudError
from scones.settings import ROOT
from scones.tasks import compose
from scones.tasks.cli import result_of, task
from scones.tasks.docs import results
from scones.tasks.results import TaskAnswer, rows, schema
from scones.tasks.results.schema import descriptions

# Tasks without --json, each with what a script takes instead.
WITHOUT = {
    "ab.promote": "models: the pinned version",
    "ab.start": "ab.status",
    "ab.stop": "ab.status",
    "asl.render": "what it prints is JSON",
    "aws.check": "the exit code, and notes.json",
    "console": "pages in a browser",
    "bench.arrival": "build/bench/arrival.json",
    "bench.batch": "build/bench/batch.json",
    "bench.cloud": "build/bench/cloud.json",
    "bench.console": "build/bench/console.json",
    "bench.foreign": "build/bench/foreign.json",
    "bench.kills": "build/bench/kills.json",
    "bench.serve": "build/bench/serve.json",
    "bench.train": "build/bench/train.json and train-backbone.json",
    "bench.update": "build/bench/update.json",
    "checks": "the exit code",
    "checks.checkov": "the exit code; the tool has a JSON of its own",
    "checks.constraints": "the exit code",
    "checks.latency": "the exit code; pytest has reports of its own",
    "checks.recorded": "the exit code",
    "checks.workflows": "the exit code; the tools have a JSON of their own",
    "ci.checks": "the exit code",
    "ci.merge": "the exit code, and tf.output",
    "demo": "the exit code; its parts have documents of their own",
    "docs": "the exit code",
    "docs.console": "docs/console_files",
    "down": "the exit code",
    "env": "what it prints is for eval",
    "jobs.stop": "jobs",
    "local.down": "local.status",
    "local.logs": "lines of a log",
    "local.quota": "the exit code",
    "local.reset": "the exit code",
    "local.up": "local.status",
    "model.export": "the file",
    "model.predict": "what it prints is JSON, a line an image",
    "notebook": "the executed copy",
    "overview": "it is for people",
    "tf.apply": "tf.output",
    "tf.destroy": "the exit code",
    "tf.init": "the exit code",
    "tf.lock": "the file",
    "tf.unlock": "the exit code",
}


@dataclass(frozen=True)
class Part:
    """A part.

    Attributes:
        name: Its name.
        kind: What it is.
    """

    name: str
    kind: Literal["whole", "half"] | None


@dataclass(frozen=True)
class Sample:
    """A sample of everything
    that a result can have.

    Attributes:
        parts: Its parts,
            in order.
        shares: Some shares.
        low, high: The ends.
        pair: Two numbers.
    """

    parts: tuple[Part, ...]
    shares: dict[str, float] | None
    low: int
    high: int
    pair: tuple[float, float]


GOOD = {"parts": [{"name": "a", "kind": None}], "shares": {"b": 0.5}, "low": 1, "high": 2, "pair": [0.1, 1]}


def test_every_task_prints_a_document_or_has_a_reason_why_not() -> None:
    namespace = compose()
    names = {min([name, *aliases], key=len) for name, aliases in namespace.task_names.items()}
    assert {name for name in names if result_of(namespace[name]) is None} == set(WITHOUT)
    for name in results():
        assert "json" in inspect.signature(namespace[name].body).parameters, name


def test_an_estimate_keeps_to_its_schema(printed_json: Any) -> None:
    compose()["cost"](Context(), env="prod", offline=True, hours="50", json=True)
    found = printed_json("cost")
    assert found["what_if"]["usd"] < found["month_at_rest"]["usd"]
    assert found["month_at_rest"]["usd"] == sum(line["usd"] for line in found["month_at_rest"]["lines"])


def test_a_budget_that_would_stay_silent_is_a_document_with_its_faults(
    monkeypatch: pytest.MonkeyPatch, printed_json: Any
) -> None:
    found = BudgetCheck("scones-dev", 50.0, 1.25, "the whole account", ("nobody hears of it",))
    monkeypatch.setattr("scones.cost.budget.read", lambda environment: found)
    with pytest.raises(Exit) as ended:
        compose()["budget"](Context(), json=True)
    assert ended.value.code == 1
    assert printed_json("budget")["faults"] == ["nobody hears of it"]


def test_plans_drift_and_approval_keep_to_their_schemas(
    monkeypatch: pytest.MonkeyPatch, printed_json: Any, tmp_path: Path
) -> None:
    saved = Saved("service", "local", "4f2a", "9be1", "Terraform 1.11.4", changes=True)
    changed = SummaryPart(
        saved, (Change("destroy", "aws_a.b"),), outputs=("name",), drift=(Change("update", "c", ("d",)),)
    )
    waits = SummaryPart(replace(saved, stack="foundation", changes=False, deferred="to be planned later"))
    namespace, parts = compose(), (waits, changed)
    monkeypatch.setattr(planning, "plan", lambda *_, **__: planning.Planned(tmp_path, "9f86", parts, None))
    namespace["ci.plan"](Context(), json=True)
    found = printed_json("ci.plan")
    assert (found["digest"], found["stacks"][0]["deferred"]) == ("9f86", "to be planned later")
    assert found["stacks"][1]["changes"] == [{"action": "destroy", "address": "aws_a.b", "arguments": []}]
    monkeypatch.setattr(drifting, "look", lambda *_, **__: drifting.Drift(parts, "a page"))
    with pytest.raises(Exit) as ended:
        namespace["ci.drift"](Context(), out=str(tmp_path), json=True)
    assert ended.value.code == 2
    found = printed_json("ci.drift")
    assert (found["drifted"], found["page"]) == (True, str(tmp_path / "drift.md"))
    monkeypatch.setattr(approval, "required", lambda repository, name: approval.Approval(("ada",), True))
    monkeypatch.setattr(approval.Repository, "of", lambda variables: None)
    namespace["ci.approval"](Context(), json=True)
    assert printed_json("ci.approval")["reviewers"] == ["ada"]


def test_a_local_cloud_that_does_not_run_is_a_document_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, printed_json: Any, tmp_path: Path
) -> None:
    environment = replace(settings.load("local", variables={}), cloud_path=tmp_path / "local" / "cloud.json")
    monkeypatch.setattr(settings, "load", lambda env: environment)
    with pytest.raises(Exit) as ended:
        compose()["local.status"](Context(), json=True)
    assert ended.value.code == 1
    found = printed_json("local.status")
    assert (found["status"], found["endpoint"], found["holds"]) == ("not running", None, {})


def test_every_member_of_every_document_is_described_and_every_schema_is_one() -> None:
    for name, kind in results().items():
        found = schema(kind)
        Draft202012Validator.check_schema(found)
        assert found["description"], name
        assert all(says.endswith(".") for _, _, says in rows(kind)), name


def test_a_type_is_a_schema_and_a_table() -> None:
    found = schema(Sample)
    assert found["description"] == "A sample of everything that a result can have."
    assert descriptions(Sample)["parts"] == "Its parts, in order."
    assert rows(Sample) == [
        ("parts[]", "object", "Its parts, in order."),
        ("parts[].name", "string", "Its name."),
        ("parts[].kind", '"whole" or "half" or null', "What it is."),
        ("shares.*", "number or null", "Some shares."),
        ("low", "integer", "The ends."),
        ("high", "integer", "The ends."),
        ("pair", "array of 2 numbers", "Two numbers."),
    ]
    assert schema(Annotated[Any, "Anything."]) == {"description": "Anything."}
    validator = Draft202012Validator(found)
    assert validator.is_valid(GOOD)
    wrong = (
        {"low": "1"},
        {"more": 1},
        {"pair": [1]},
        {"parts": [{"name": "a", "kind": "third"}]},
        {"shares": {"b": "c"}},
    )
    assert [validator.is_valid(GOOD | one) for one in wrong] == [False] * len(wrong)
    assert not validator.is_valid({name: value for name, value in GOOD.items() if name != "shares"})


def noisy(context: Context, wrong: bool = False) -> TaskAnswer:
    print("printed")
    subprocess.run([sys.executable, "-c", "print('a child\\'s')"], check=True)
    if wrong:
        raise CloudError("refused")
    return TaskAnswer(lambda: {"of": "interest"}, show=lambda: print("for people"), code=3)


def test_stdout_has_the_document_alone_whatever_is_printed_by_whom(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit) as ended:
        task(result=Any)(noisy)(Context(), json=True)
    assert ended.value.code == 3
    out, err = capfd.readouterr()
    assert json.loads(out) == {"of": "interest"}
    assert err.split("\n")[:2] == ["printed", "a child's"]
    print("afterwards")
    assert capfd.readouterr().out == "afterwards\n"


def test_without_json_a_task_prints_for_people_and_makes_no_document(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit) as ended:
        task(result=Any)(noisy)(Context())
    assert ended.value.code == 3
    assert capfd.readouterr().out.splitlines() == ["printed", "a child's", "for people"]


def test_a_task_that_fails_prints_no_document(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit, match="error: refused") as ended:
        task(result=Any)(noisy)(Context(), wrong=True, json=True)
    assert ended.value.code == 1
    assert capfd.readouterr().out == ""


def test_a_task_on_the_command_line_prints_its_document_to_a_pipe() -> None:
    """With colours forced, as some CI systems do."""
    done = subprocess.run(
        [sys.executable, "-m", "invoke", "package", "--json"],
        cwd=ROOT,
        env={**os.environ, "FORCE_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    Draft202012Validator(schema(results()["package"])).validate(found)
    functions = sorted(path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py"))
    assert [Path(one["file"]).stem for one in found["functions"]] == functions


def test_tasks_print_through_one_kind_of_console() -> None:
    """A console of rich's own wraps at 80 columns where there is no terminal."""
    made = [
        path.name
        for path in (ROOT / "python" / "scones" / "tasks").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Console"
    ]
    assert set(made) == {"terminal.py"}
