"""GitHub and GitLab accept the workflow files, and no job has more permissions than it needs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scones import settings
from scones.errors import CheckError
from scones.tasks import checks, compose

Lint = Callable[[Path], list[str]]
WORKFLOWS = sorted((settings.ROOT / ".github" / "workflows").glob("*.yml"))
GITLAB = settings.ROOT / ".gitlab-ci.yml"
USES = re.compile(r"uses: (\S+?)@(\S+)(?: # (\S+))?")


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text())["jobs"].items():
            yield f"{path.name}: {name}", job


@pytest.mark.nightly  # invoke ci.checks does it for each pull request
def test_schemas_and_zizmor_have_nothing_against_them(lint: Lint) -> None:
    assert lint(settings.ROOT) == [
        f"{len(WORKFLOWS)} GitHub workflows and .gitlab-ci.yml keep to their schemas",
        f"zizmor finds nothing in {len(WORKFLOWS)} workflows",
    ]


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("pull-request.yml", "runs-on: ubuntu-24.04", "run-on: ubuntu-24.04", "GitHub's schema"),
        ("pull-request.yml", "@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0", "@v5", "unpinned-uses"),
        ("pull-request.yml", "cat plans/*/summary.md", "echo ${{ github.head_ref }}", "template-injection"),
        ("drift.yml", "permissions: {}", "permissions: write-all", "excessive-permissions"),
        (".gitlab-ci.yml", "stages: [check, plan, apply, drift]", "stages: check", "GitLab's schema"),
    ],
)
def test_a_file_that_is_wrong_or_unsafe_is_refused(
    lint: Lint, tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    shutil.copytree(settings.ROOT / ".github", tmp_path / ".github")
    shutil.copy(GITLAB, tmp_path)
    path = tmp_path / file if file == GITLAB.name else tmp_path / ".github" / "workflows" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(CheckError, match=said):
        lint(tmp_path)


def test_every_action_is_pinned_by_one_commit_and_says_which_version_that_is() -> None:
    pins: dict[str, set[tuple[str, str]]] = {}
    for path in WORKFLOWS:
        for name, commit, version in USES.findall(path.read_text()):
            assert re.fullmatch("[0-9a-f]{40}", commit), f"{path.name}: {name}@{commit}"
            assert re.fullmatch(r"v\d+\.\d+\.\d+", version), f"{path.name}: {name}@{commit} # {version}"
            pins.setdefault(name, set()).add((commit, version))
    assert len(pins) == 5
    assert all(len(found) == 1 for found in pins.values()), pins


def test_only_jobs_that_take_a_role_may_ask_for_a_token() -> None:
    for name, job in jobs():
        takes = any("configure-aws-credentials" in step.get("uses", "") for step in job.get("steps", []))
        may = job["permissions"].get("id-token") == "write"
        assert may == (takes or "uses" in job), name


def test_the_apply_role_is_taken_only_after_somebody_approved() -> None:
    """The role trusts the deployment environment. A job gets that environment only after its approval rules pass."""
    applying = [(name, job) for name, job in jobs() if "-apply\n" in yaml.safe_dump(job)]
    assert [name for name, _ in applying] == ["deploy-environment.yml: apply"]
    assert applying[0][1]["environment"] == "${{ inputs.environment }}"
    assert not any("environment" in job for name, job in jobs() if name != applying[0][0])


def test_every_role_of_a_deployment_is_taken_after_github_was_asked_who_approves() -> None:
    """GitHub creates an environment that a job names and that is missing, without protection. So the first to ask names
    none, and the others wait for it."""
    path = settings.ROOT / ".github" / "workflows" / "deploy-environment.yml"
    found = yaml.safe_load(path.read_text())["jobs"]
    assert list(found) == ["plan", "apply"]
    assert "environment" not in found["plan"]
    assert found["apply"]["needs"] == "plan"
    for name, job in found.items():
        asks = [number for number, step in enumerate(job["steps"]) if step.get("run") == ".venv/bin/invoke ci.approval"]
        takes = [number for number, step in enumerate(job["steps"]) if "role-to-assume" in step.get("with", {})]
        assert len(asks) == 1, name
        assert asks[0] < takes[0], name
        assert job["steps"][asks[0]]["env"] == {
            "GH_TOKEN": "${{ github.token }}",
            "SCONES_GITHUB_ENTERPRISE": "${{ vars.ENTERPRISE }}",
        }, name
        assert job["permissions"]["actions"] == "read", name


def test_credentials_last_as_long_as_an_apply() -> None:
    """If the credentials expire during an apply, Terraform cannot write the state of the new resources."""
    job = dict(jobs())["deploy-environment.yml: apply"]
    asked = [step["with"]["role-duration-seconds"] for step in job["steps"] if "role-to-assume" in step.get("with", {})]
    assert asked == [60 * job["timeout-minutes"]]


def test_artifacts_lie_in_their_environments_folder_whether_there_is_one_or_several() -> None:
    """The action puts a single artifact directly into the path, and each of several into a folder with its name:
    https://github.com/actions/download-artifact/issues/419"""
    steps = [
        (name, step) for name, job in jobs() for step in job.get("steps", []) if "artifact@" in step.get("uses", "")
    ]
    assert len(steps) == 7
    for name, step in steps:
        assert not ("pattern" in step["with"] and not step["with"].get("merge-multiple")), name
        assert step["with"]["path"].rstrip("/") in ("build/plans", "build/drift", "plans", "found"), name


def test_nothing_that_holds_a_lock_is_cancelled_by_the_next_push() -> None:
    for path in WORKFLOWS:
        assert not yaml.safe_load(path.read_text()).get("concurrency", {}).get("cancel-in-progress"), path.name
    for name, job in jobs():
        takes = any("configure-aws-credentials" in step.get("uses", "") for step in job.get("steps", []))
        assert not (takes and job.get("concurrency", {}).get("cancel-in-progress")), name
    assert not yaml.safe_load(GITLAB.read_text())[".with_role"]["interruptible"]


def test_code_of_a_pull_request_meets_no_permission_to_write() -> None:
    """Only jobs that check out no code may write comments and issues."""
    for name, job in jobs():
        if any("actions/checkout" in step.get("uses", "") for step in job.get("steps", [])):
            assert set(job["permissions"].items()) <= {
                ("contents", "read"),
                ("id-token", "write"),
                ("actions", "read"),
                ("pull-requests", "read"),
            }, name


def test_both_pipelines_run_tasks_that_there_are() -> None:
    known = set(compose().task_names)
    for path in [*WORKFLOWS, GITLAB]:
        asked = set(re.findall(r"\.venv/bin/invoke (\S+)", path.read_text()))
        assert asked <= known, path.name
    asked = set(re.findall(r"\.venv/bin/invoke (\S+)", GITLAB.read_text()))
    assert asked == {"ci.checks", "ci.plan", "ci.merge", "ci.drift", "iam.prove", "checks.latency"}


def test_what_make_test_leaves_out_runs_every_night() -> None:
    makefile = (settings.ROOT / "Makefile").read_text()
    left_out, run = (
        re.search(r'(?m)^test:.*\n.*-m "not (\w+)"$', makefile),
        re.search(r"(?m)^nightly:.*\n.*-m (\w+)$", makefile),
    )
    assert left_out
    assert run
    assert left_out[1] == run[1]
    by_night = [path for path in WORKFLOWS if "  schedule:\n" in path.read_text()]
    assert [path.name for path in by_night if "run: make nightly\n" in path.read_text()] == ["nightly.yml"]
    job = yaml.safe_load(GITLAB.read_text())["nightly"]
    assert job["script"] == ["make nightly"]
    assert job["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "schedule"'}]


def test_the_gate_of_every_night_runs_tests_that_there_are() -> None:
    assert [one for one in checks.GATE if not (settings.ROOT / one).is_file()] == []
