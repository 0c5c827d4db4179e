"""``invoke jobs`` lists and stops jobs where there is no terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from invoke import Context
from invoke.exceptions import Exit

from scones import aws, settings
from scones.tasks import jobs as task
from scones.training import job, jobs, tuning

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def training(name: str, status: str, hour: int, **more: Any) -> dict[str, Any]:
    found = {"TrainingJobName": name, "TrainingJobStatus": status, "CreationTime": NOON.replace(hour=hour), **more}
    return {"TrainingJob": found}


class Sagemaker:
    """A SageMaker with three jobs and a trial of another."""

    def get_paginator(self, operation: str) -> Sagemaker:
        assert operation == "search"
        return self

    def paginate(self, Resource: str, SearchExpression: dict[str, Any]) -> list[dict[str, Any]]:
        assert SearchExpression["Filters"][0]["Value"] == "scones-dev"
        tuned = {
            "HyperParameterTuningJobName": "t",
            "HyperParameterTuningJobStatus": "InProgress",
            "CreationTime": NOON,
        }
        found = {
            "TrainingJob": [
                training("old", "Completed", 9, TrainingEndTime=NOON.replace(hour=10)),
                training("new", "InProgress", 13),
                training("t-001", "InProgress", 12, TuningJobArn="arn"),
            ],
            "HyperParameterTuningJob": [{"HyperParameterTuningJob": tuned}],
        }
        return [{"Results": found[Resource]}]


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the jobs that were stopped."""
    names: list[str] = []
    monkeypatch.setattr(aws, "client", lambda environment, service: Sagemaker())
    for function in (jobs.listed, jobs.stop):
        monkeypatch.setattr(function, "__kwdefaults__", {"client": aws.client})
    for module in (job, tuning):
        monkeypatch.setattr(module, "stop", lambda environment, name, client: names.append(name))
    monkeypatch.setattr(settings, "load", lambda name: SimpleNamespace(name="dev", workload="scones-dev"))
    return names


def test_what_runs_is_listed_newest_first_with_the_commands_for_it(
    stopped: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    task.listing(Context())
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["new", "t"]
    assert lines[3:] == ["invoke train --attach new --env dev", "invoke jobs.stop new --env dev"]
    task.listing(Context(), all=True)
    assert "old" in capsys.readouterr().out


def test_jobs_are_a_document_that_keeps_to_its_schema(stopped: list[str], printed_json: Any) -> None:
    task.listing(Context(), all=True, json=True)
    found = printed_json("jobs")["jobs"]
    assert [(one["name"], one["kind"], one["running"]) for one in found] == [
        ("new", "training", True),
        ("t", "tuning", True),
        ("old", "training", False),
    ]


@pytest.mark.parametrize("name", ["new", "t"])
def test_a_job_is_stopped_by_its_name_alone(stopped: list[str], capsys: pytest.CaptureFixture[str], name: str) -> None:
    task.stop(Context(), name)
    assert stopped == [name]
    assert f"job '{name}' stops" in capsys.readouterr().out


def test_one_that_has_ended_is_said_to_have_and_an_unknown_one_is_refused_with_those_that_run(
    stopped: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    task.stop(Context(), "old")
    assert "has ended already: Completed" in capsys.readouterr().out
    with pytest.raises(Exit, match=r"no job 'nwe'\nthese run: new, t"):
        task.stop(Context(), "nwe")
    assert stopped == []
