"""``invoke local.down`` asks before it interrupts what runs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from localcloud import holdings
from localcloud.durability import facts
from scones.errors import InputError
from scones.tasks import local, prepare


@pytest.fixture
def holding(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What the cloud holds."""
    holds = {"bucket": 1, "training job": 2}
    monkeypatch.setattr(facts, "read", lambda state: SimpleNamespace(holds=holds))
    return holds


def test_a_cloud_in_which_nothing_runs_is_ended_unasked(holding: dict[str, int]) -> None:
    local._ask_to_interrupt(Path())


@pytest.mark.parametrize("answer", [True, False, None])
def test_what_runs_is_named_and_a_person_is_asked(
    holding: dict[str, int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: bool | None
) -> None:
    holding |= {"running training job": 1, "running execution": 3}
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: answer is not None))
    monkeypatch.setattr(prepare, "asked", lambda question: answer)
    if answer:
        local._ask_to_interrupt(Path())
        assert "1 running training job, 3 running executions" in capsys.readouterr().out
        return
    with pytest.raises(InputError, match="nothing was ended") as refused:
        local._ask_to_interrupt(Path())
    assert ("invoke local.down --yes" in str(refused.value)) is (answer is None)


def test_running_jobs_are_counted_beside_all_jobs() -> None:
    jobs = {
        name: SimpleNamespace(training_job_status=status)
        for name, status in {"a": "InProgress", "b": "Stopping", "c": "Completed"}.items()
    }
    tuning = {"t": SimpleNamespace(hyper_parameter_tuning_job_status="InProgress")}
    backend = SimpleNamespace(
        training_jobs=jobs,
        hyper_parameter_tuning_jobs=tuning,
        transform_jobs={},
        model_packages={},
        _models={},
        endpoints={},
    )
    found = holdings.held("sagemaker", backend)
    assert found == {"training job": 3, "tuning job": 1, "running training job": 2, "running tuning job": 1}
