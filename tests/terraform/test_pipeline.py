"""The pipeline applies exactly what it planned, shown on a stack of one log group in its own checkout."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from invoke import Context
from invoke.exceptions import Exit

from scones import settings
from scones.errors import LockedStateError, StalePlanError
from scones.settings import Environment
from scones.tasks import ci
from scones.terraform import Stack

from . import provider

pytestmark = pytest.mark.usefixtures("provider_is_here")

GROUP = "/scones/tiny"
CONFIGURATION = """
variable "environment" {
  type = string
}

variable "state_bucket" {
  type = string
}

variable "days" {
  type = number
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/scones/${var.environment}"
  retention_in_days = var.days
}
"""


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


def days(cloud: Any) -> int | None:
    """The retention of the group's logs, in days. None without a group."""
    found = cloud.client("logs").describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    return found[0]["retentionInDays"] if found else None


@pytest.fixture
def checkout(cloud: Any, tmp_path: Path) -> Iterator[Callable[[str], Environment]]:
    """Makes checkouts of one project, which share the state: ``checkout("mine")``."""
    made: list[Environment] = []

    def make(name: str) -> Environment:
        root = tmp_path / name
        stack, folder = root / "terraform" / "stacks" / "foundation", root / "terraform" / "environments" / "tiny"
        stack.mkdir(parents=True)
        shutil.copy(settings.ROOT / "terraform" / "stacks" / "foundation" / "versions.tf", stack)
        (stack / "main.tf").write_text(CONFIGURATION)
        folder.mkdir(parents=True)
        own = json.loads((settings.ROOT / "terraform/environments/local/environment.json").read_text())
        del own["model_pin"]
        (folder / "environment.json").write_text(json.dumps(own))
        (folder / "foundation.tfvars.json").write_text('{"days": 7}')
        (folder / "service.tfvars.json").write_text("{}")
        (root / ".gitignore").write_text("/build/\n.terraform*\n")
        (root / "build" / "local").mkdir(parents=True)
        shutil.copy(cloud.state / "cloud.json", root / "build" / "local")
        shared = settings.ROOT / "build" / "terraform"  # all copies share one downloaded provider
        shared.mkdir(parents=True, exist_ok=True)
        (root / "build" / "terraform").symlink_to(shared)
        git(root, "init", "--initial-branch=main")
        git(root, "add", ".")
        git(root, "commit", "--message=seven days")
        made.append(settings.load("tiny", root=root, variables={}))
        return made[-1]

    yield make
    for environment in made[:1]:
        Stack(environment, "foundation").backend.delete()
        if days(cloud) is not None:
            cloud.client("logs").delete_log_group(logGroupName=GROUP)


def foundation(environment: Environment) -> Stack:
    return Stack(environment, "foundation", log=environment.build / "terraform.log")


def test_a_merge_applies_what_the_pull_request_planned_and_nothing_else(
    checkout: Callable[[str], Environment],
    cloud: Any,
    one_provider: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment = checkout("mine")
    monkeypatch.setattr(settings, "load", lambda name=None: environment)
    run: dict[str, Any] = {"env": "tiny"}

    ci.plan(Context(), **run)
    digest = capsys.readouterr().out.split("--sha256 ")[1].strip()
    page = (environment.build / "plans" / "tiny" / "summary.md").read_text()
    assert "- **foundation**: 1 to create" in page
    assert "- **service**: to be planned once foundation has been applied" in page
    assert digest in page
    assert days(cloud) is None, "planning changes nothing"

    with pytest.raises(Exit, match="not the plans that were reviewed"):
        ci.merge(Context(), **run, sha256="0" * 64)
    assert days(cloud) is None
    ci.merge(Context(), **run, sha256=digest)
    assert days(cloud) == 7
    with pytest.raises(Exit, match=r"is stale: it was made on serial 0 of its state, which is now at serial 1"):
        ci.merge(Context(), **run, sha256=digest)

    # A saved plan names the provider that `init` installed. A plan that is only read may use any provider.
    monkeypatch.setenv(provider.NAME, one_provider)
    capsys.readouterr()
    ci.drift(Context(), **run)
    assert "no changes" in capsys.readouterr().out
    cloud.client("logs").put_retention_policy(logGroupName=GROUP, retentionInDays=30)
    with pytest.raises(Exit) as ended:
        ci.drift(Context(), **run)
    assert ended.value.code == 2
    page = (environment.build / "drift" / "tiny" / "drift.md").read_text()
    assert "update `aws_cloudwatch_log_group.this` (`retention_in_days`)" in page


def test_of_two_applies_at_once_the_second_waits_and_a_plan_made_before_is_refused(
    checkout: Callable[[str], Environment],
    cloud: Any,
    one_provider: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Without the lock, both applies create the group, and one fails because it exists."""
    monkeypatch.setenv(provider.NAME, one_provider)
    mine, theirs = foundation(checkout("mine")), foundation(checkout("theirs"))
    mine.plan(out=tmp_path / "mine.tfplan")
    with ThreadPoolExecutor(2) as pool:
        for ended in [pool.submit(one.apply) for one in (mine, theirs)]:
            ended.result()
    state = mine.backend.read("foundation")
    assert state.resources == ("aws_cloudwatch_log_group.this",)
    with pytest.raises(StalePlanError, match="state of environment 'tiny' was changed after the plan was made"):
        mine.apply(plan=tmp_path / "mine.tfplan")
    assert mine.backend.read("foundation") == state
    assert days(cloud) == 7


def test_who_holds_the_lock_is_said_and_nothing_is_changed(
    checkout: Callable[[str], Environment], cloud: Any, one_provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(provider.NAME, one_provider)
    stack = foundation(checkout("mine"))
    stack.backend.ensure()
    lock = {
        "ID": "11111111-2222-3333-4444-555555555555",
        "Operation": "OperationTypeApply",
        "Who": "somebody@elsewhere",
        "Version": "1.11.4",
        "Created": "2026-01-02T03:04:05Z",
    }
    bucket = stack.backend.bucket
    cloud.client("s3").put_object(Bucket=bucket, Key="foundation.tfstate.tflock", Body=json.dumps(lock).encode())
    assert "-lock-timeout=2m" in stack.variables["TF_CLI_ARGS_apply"]
    # By the module's full name, because the package has a function with the same name.
    monkeypatch.setattr(importlib.import_module("scones.terraform.variables"), "_LOCK_TIMEOUT", "0s")
    with pytest.raises(
        LockedStateError, match=r"is locked by somebody@elsewhere since 2026-01-02 .*\(Apply\)"
    ) as refusal:
        stack.apply()
    assert f"invoke tf.unlock {lock['ID']} --env {stack.environment.name} --stack foundation" in refusal.value.hint
    assert days(cloud) is None
