"""A saved plan is refused before any apply, if anything that it was made from has changed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from moto import mock_aws

from scones import revision, settings
from scones.delivery.pipeline import merging, planning, promotion, saved
from scones.delivery.pipeline.saved import Saved
from scones.errors import InputError, RegistryError, StalePlanError
from scones.model.registry import PinnedModel, write_pin
from scones.settings import Environment
from scones.terraform.binary import Binary
from scones.terraform.state import Backend, TerraformState

from .samples import model

pytestmark = pytest.mark.slow

TERRAFORM = Binary(Path("/usr/bin/terraform"), "Terraform", (1, 11, 4), "linux_amd64")


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


def commit(root: Path) -> None:
    git(root, "add", ".")
    git(root, "commit", "--allow-empty", "--message=some")


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    """An environment on AWS, in a checkout with one commit."""
    folder = tmp_path / "terraform" / "environments" / "dev"
    folder.mkdir(parents=True)
    for path in (settings.ROOT / "terraform" / "environments" / "dev").glob("*.json"):
        (folder / path.name).write_bytes(path.read_bytes())
    (tmp_path / ".gitignore").write_text("/build/\n")
    git(tmp_path, "init", "--initial-branch=main")
    commit(tmp_path)
    for name, value in {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(merging, "locate", lambda build: TERRAFORM)
    with mock_aws():
        yield settings.load("dev", root=tmp_path, variables={})


def put_state(environment: Environment, stack: str, serial: int, outputs: dict[str, str]) -> TerraformState:
    backend = Backend.of(environment)
    backend.ensure()
    body = {
        "version": 4,
        "lineage": stack,
        "serial": serial,
        "outputs": {name: {"value": value, "type": "string"} for name, value in outputs.items()},
        "resources": [],
    }
    backend.s3.put_object(Bucket=backend.bucket, Key=f"{stack}.tfstate", Body=json.dumps(body))
    return backend.read(stack)


@pytest.fixture
def plan(environment: Environment) -> Saved:
    """A new plan of the service stack."""
    foundation = put_state(environment, "foundation", 5, {"bucket": "one"})
    service = put_state(environment, "service", 8, {})
    return Saved(
        "service",
        "dev",
        revision.commit(environment.root),
        revision.tree(environment.root),
        "Terraform 1.11.4",
        changes=True,
        lineage=service.lineage,
        serial=service.serial,
        reads=planning.reads(foundation),
    )


def verify(environment: Environment, plan: Saved) -> list[Saved]:
    folder = environment.build / "plans" / "dev"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "service.tfplan").write_bytes(b"a plan")
    (folder / "service.lock.hcl").write_text("")
    return merging.verify(environment, folder, expected=saved.write(folder, [plan]))


def test_a_plan_of_what_is_there_may_be_applied(environment: Environment, plan: Saved) -> None:
    assert verify(environment, plan) == [plan]


def test_a_merged_branch_is_another_commit_with_the_same_files(environment: Environment, plan: Saved) -> None:
    commit(environment.root)
    assert revision.commit(environment.root) != plan.commit
    assert verify(environment, plan) == [plan]


def test_another_revision_is_refused(environment: Environment, plan: Saved) -> None:
    (environment.folder / "service.tfvars.json").write_text("{}")
    commit(environment.root)
    with pytest.raises(StalePlanError, match="this checkout is another revision; nothing was applied"):
        verify(environment, plan)


def test_files_that_are_not_committed_are_refused(environment: Environment, plan: Saved) -> None:
    (environment.root / "new").touch()
    with pytest.raises(StalePlanError, match="this checkout has files that are not committed"):
        verify(environment, plan)
    with pytest.raises(StalePlanError, match="the plans are of files that are not committed"):
        verify(environment, replace(plan, tree=revision.tree(environment.root)))


def test_a_state_that_went_on_is_refused(environment: Environment, plan: Saved) -> None:
    put_state(environment, "service", 9, {})
    with pytest.raises(StalePlanError, match=r"made on serial 8 of its state, which is now at serial 9"):
        verify(environment, plan)


def test_a_plan_that_read_other_outputs_is_refused(environment: Environment, plan: Saved) -> None:
    """Terraform itself would apply such a plan, because the plan stores the values of data sources."""
    put_state(environment, "foundation", 6, {"bucket": "another"})
    with pytest.raises(StalePlanError, match="the outputs of 'foundation' have changed since"):
        verify(environment, plan)


def test_a_lower_stack_that_changed_without_its_outputs_is_no_matter(environment: Environment, plan: Saved) -> None:
    put_state(environment, "foundation", 6, {"bucket": "one"})
    assert verify(environment, plan) == [plan]


def test_another_environments_plan_is_refused(environment: Environment, plan: Saved) -> None:
    with pytest.raises(InputError, match="of environment 'prod', not 'dev'"):
        verify(environment, replace(plan, environment="prod"))


def test_another_terraforms_plan_is_refused(environment: Environment, plan: Saved) -> None:
    with pytest.raises(InputError, match=r"made by Terraform 1\.12\.0, and this is Terraform 1\.11\.4"):
        verify(environment, replace(plan, terraform="Terraform 1.12.0"))


def test_a_base_that_is_not_there_is_refused_and_leaves_the_plans_of_before(
    environment: Environment, plan: Saved
) -> None:
    verify(environment, plan)
    folder = environment.build / "plans" / "dev"
    with pytest.raises(InputError, match="git knows no revision 'mian'"):
        planning.plan(environment, folder, base="mian")
    assert merging.verify(environment, folder) == [plan]


class TestPromotion:
    @pytest.fixture
    def pinned(self, environment: Environment) -> Environment:
        write_pin(environment.pin_path, model(3, 0.87))
        commit(environment.root)
        git(environment.root, "switch", "--create", "promote")
        return environment

    def find(self, environment: Environment) -> promotion.Promotion | None:
        return promotion.find(environment.root, environment.pin_path, revision.base(environment.root))

    def test_a_branch_that_pins_another_model_promotes_it(self, pinned: Environment) -> None:
        after: PinnedModel = model(4, 0.9)
        write_pin(pinned.pin_path, after)
        commit(pinned.root)
        assert self.find(pinned) == promotion.Promotion(model(3, 0.87), after)

    def test_a_branch_that_leaves_the_model_promotes_none(self, pinned: Environment) -> None:
        commit(pinned.root)
        assert self.find(pinned) is None

    def test_after_the_merge_the_commit_before_is_what_was(self, pinned: Environment) -> None:
        write_pin(pinned.pin_path, model(4, 0.9))
        commit(pinned.root)
        git(pinned.root, "switch", "main")
        git(pinned.root, "merge", "promote")
        found = self.find(pinned)
        assert found is not None
        assert found.before == model(3, 0.87)

    def test_a_pin_that_was_broken_before_is_said(self, pinned: Environment) -> None:
        git(pinned.root, "switch", "main")
        pinned.pin_path.write_text("{}")
        commit(pinned.root)
        git(pinned.root, "switch", "--create", "repair")
        write_pin(pinned.pin_path, model(4, 0.9))
        commit(pinned.root)
        with pytest.raises(RegistryError, match="does not hold a pinned model"):
            self.find(pinned)
