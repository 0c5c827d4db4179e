"""Terraform's binary, the source of its provider, and the commands on a stack. A stand-in replaces Terraform."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import textwrap
import time
import zipfile
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from invoke import Context
from invoke.exceptions import Exit
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sagemaker.models import sagemaker_backends

from scones import settings
from scones.errors import InputError, LockedStateError, NewRoleError, SettingsError, SetupError, TerraformError
from scones.settings import Environment
from scones.tasks import env, tf
from scones.terraform import (
    Stack,
    apply_ahead,
    arrivals_ahead,
    binary,
    destroy,
    holder,
    lock,
    mirror,
    refusals,
    variables,
)
from scones.terraform.ahead import ARRIVALS, addresses
from scones.terraform.binary import Binary
from scones.terraform.state import Backend, TerraformState, require_fresh

pytestmark = pytest.mark.slow

TERRAFORM = Binary(Path("/usr/bin/terraform"), "Terraform", (1, 11, 4), "linux_amd64")


def fake(folder: Path, name: str = "terraform", version: str = "Terraform v1.11.4", script: str = "") -> Path:
    """An executable that prints a version, and otherwise runs a Python script."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        f"if sys.argv[1] == 'version':\n    print({version!r}); print('on linux_amd64'); sys.exit()\n"
        + textwrap.dedent(script)
    )
    path.chmod(0o755)
    return path


def provider(
    mirror_folder: Path, version: str = "5.100.0", *, packed: bool = False, host: str = "registry.terraform.io"
):
    """A folder that looks like a filesystem mirror of hashicorp/aws."""
    folder = mirror_folder / host / "hashicorp" / "aws"
    if packed:
        folder.mkdir(parents=True)
        (folder / f"terraform-provider-aws_{version}_linux_amd64.zip").touch()
    else:
        (folder / version / "linux_amd64").mkdir(parents=True)
    return mirror_folder


class TestBinary:
    def test_takes_terraform_from_path(self, tmp_path: Path) -> None:
        path = fake(tmp_path / "bin")
        found = binary.locate(tmp_path / "build", variables={"PATH": str(tmp_path / "bin")})
        assert found == Binary(path, "Terraform", (1, 11, 4), "linux_amd64")

    def test_takes_opentofu_where_terraform_is_too_old(self, tmp_path: Path) -> None:
        fake(tmp_path / "bin", version="Terraform v1.10.5")
        tofu = fake(tmp_path / "bin", "tofu", "OpenTofu v1.10.0")
        found = binary.locate(tmp_path / "build", variables={"PATH": str(tmp_path / "bin")})
        assert (found.path, found.registry) == (tofu, "registry.opentofu.org")

    def test_takes_what_was_downloaded_before(self, tmp_path: Path) -> None:
        path = fake(tmp_path / "build" / "terraform" / "bin")
        assert binary.locate(tmp_path / "build", variables={"PATH": ""}).path == path

    def test_says_what_to_install_where_none_can_be_had(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def offline(url: str) -> None:
            raise OSError("no route to host")

        monkeypatch.setattr(binary, "_open", offline)
        fake(tmp_path / "bin", version="Terraform v1.5.7")
        with pytest.raises(SetupError, match=r"too old: Terraform 1\.5\.7 .*no route to host") as refusal:
            binary.locate(tmp_path / "build", variables={"PATH": str(tmp_path / "bin")})
        assert "install Terraform 1.11 or newer" in refusal.value.hint

    def test_a_command_that_is_something_else_is_passed_over(self, tmp_path: Path) -> None:
        fake(tmp_path / "bin", version="Terraform Enterprise")
        tofu = fake(tmp_path / "bin", "tofu", "OpenTofu v1.11.2")
        assert binary.locate(tmp_path / "build", variables={"PATH": str(tmp_path / "bin")}).path == tofu


class TestDownload:
    @pytest.fixture
    def release(self, monkeypatch: pytest.MonkeyPatch) -> bytes:
        """A zip that is treated as the pinned release."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as zipped:
            zipped.writestr("LICENSE.txt", "words")
            zipped.writestr("terraform", "#!/bin/sh\n")
        monkeypatch.setitem(binary.SHA256, "linux_amd64", hashlib.sha256(buffer.getvalue()).hexdigest())
        return buffer.getvalue()

    def test_puts_the_checked_executable_in_place(self, tmp_path: Path, release: bytes) -> None:
        asked = []
        path = binary.download(
            tmp_path, target="linux_amd64", opener=lambda url: asked.append(url) or io.BytesIO(release)
        )
        assert asked == ["https://releases.hashicorp.com/terraform/1.11.4/terraform_1.11.4_linux_amd64.zip"]
        assert path.read_text() == "#!/bin/sh\n"
        assert os.access(path, os.X_OK)
        assert [one.name for one in path.parent.iterdir()] == ["terraform"], "nothing else may be left"

    def test_refuses_a_release_that_was_changed(self, tmp_path: Path, release: bytes) -> None:
        with pytest.raises(SetupError, match="is not the published release: its SHA-256 is"):
            binary.download(tmp_path, target="linux_amd64", opener=lambda url: io.BytesIO(release + b"!"))
        assert list((tmp_path / "terraform" / "bin").iterdir()) == []

    def test_refuses_a_platform_that_is_not_pinned(self, tmp_path: Path) -> None:
        with pytest.raises(SetupError, match="is pinned for this platform, plan9_mips"):
            binary.download(tmp_path, target="plan9_mips", opener=lambda url: io.BytesIO())


class TestMirror:
    @staticmethod
    def configure(build: Path, *, online: bool = False, folders: tuple[Path, ...] = (), **variables: str) -> str:
        return mirror.configure(
            build,
            TERRAFORM,
            variables={"HOME": str(build / "home"), "XDG_DATA_DIRS": str(build / "share"), **variables},
            reachable=lambda registry: online,
            download=lambda folder, _, version: provider(folder, version) and None,
            add_on_folders=folders,
        ).read_text()

    def test_takes_from_the_registry_only_the_version_that_the_tests_run_with(self, tmp_path: Path) -> None:
        """`terraform init` alone would take the newest that versions.tf allows, which nobody has run here."""
        build = tmp_path / "build"
        assert f'path = "{build}/terraform/providers"' in self.configure(build, online=True)
        assert [path.name for path in (build / "terraform" / "providers").glob("*/hashicorp/aws/*")] == [mirror.RUN]

    def test_needs_no_network_once_the_provider_is_here(self, tmp_path: Path) -> None:
        provider(tmp_path / "build" / "terraform" / "providers", mirror.RUN)
        text = self.configure(tmp_path / "build", online=False)
        assert f'path = "{tmp_path}/build/terraform/providers"' in text

    def test_takes_the_version_that_the_team_has_locked(self, tmp_path: Path) -> None:
        build = tmp_path / "build"
        self.configure(build, online=True)
        lock.path(tmp_path).parent.mkdir()
        lock.path(tmp_path).write_text('provider "registry.terraform.io/hashicorp/aws" {\n  version = "6.2.0"\n}\n')
        assert f'path = "{build}/terraform/providers-6.2.0"' in self.configure(build, online=True)
        assert mirror.has_provider(build / "terraform" / "providers-6.2.0", TERRAFORM)

    def test_a_provider_that_does_not_come_is_an_error_with_terraforms_reason(self, tmp_path: Path) -> None:
        command = fake(tmp_path / "bin", script="print('no such host', file=sys.stderr); sys.exit(1)")
        with pytest.raises(SetupError, match=r"hashicorp/aws 5\.100\.0 cannot be downloaded: no such host"):
            mirror.from_registry(tmp_path / "providers", replace(TERRAFORM, path=command), "5.100.0")
        assert [path.name for path in tmp_path.iterdir()] == ["bin"], "nothing half done stays"

    def test_a_download_is_kept_as_a_mirror(self, tmp_path: Path) -> None:
        command = fake(
            tmp_path / "bin",
            script="""
            import pathlib, re
            folder = pathlib.Path(sys.argv[1].partition("=")[2])
            cache = re.search('plugin_cache_dir = "(.+)"', (folder / "cli.tfrc").read_text())[1]
            version = re.search('version = "(.+)"', (folder / "main.tf").read_text())[1]
            (pathlib.Path(cache) / "registry.terraform.io/hashicorp/aws" / version / "linux_amd64").mkdir(parents=True)
            """,
        )
        for _ in range(2):  # the second one finds it there, as after another process
            mirror.from_registry(tmp_path / "providers", replace(TERRAFORM, path=command), "6.2.0")
            assert mirror.has_provider(tmp_path / "providers", TERRAFORM)

    def test_a_named_folder_comes_first(self, tmp_path: Path) -> None:
        named = provider(tmp_path / "named", packed=True)
        text = self.configure(tmp_path / "build", online=True, SCONES_TF_PLUGIN_DIR=str(named))
        assert f'path = "{named}"' in text

    def test_a_named_folder_without_the_provider_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(
            SetupError, match=r"which has no provider hashicorp/aws .* >= 5\.100, < 7\.0, for linux_amd64"
        ):
            self.configure(tmp_path, SCONES_TF_PLUGIN_DIR=str(tmp_path))

    @pytest.mark.parametrize(
        "place", ["home/.terraform.d/plugins", "home/.local/share/terraform/plugins", "share/terraform/plugins"]
    )
    @pytest.mark.skipif(sys.platform != "linux", reason="other systems have other implied folders")
    def test_finds_an_implied_mirror_without_a_network(self, tmp_path: Path, place: str) -> None:
        provider(tmp_path / place)
        assert f'path = "{tmp_path / place}"' in self.configure(tmp_path)

    def test_finds_a_mirror_among_add_on_software(self, tmp_path: Path) -> None:
        found = provider(tmp_path / "opt" / "vendor" / "terraform" / "providers")
        text = self.configure(tmp_path / "build", folders=(tmp_path / "nowhere", tmp_path / "opt"))
        assert f'path = "{found}"' in text

    @pytest.mark.parametrize("version", ["5.99.1", "7.0.0", "6.0.0-beta1"])
    def test_passes_over_a_version_out_of_range(self, tmp_path: Path, version: str) -> None:
        provider(tmp_path / "opt" / "mirror", version)
        with pytest.raises(SetupError, match=r"registry\.terraform\.io does not answer, and no folder on this machine"):
            self.configure(tmp_path / "build", folders=(tmp_path / "opt",))

    def test_passes_over_another_platform(self, tmp_path: Path) -> None:
        arm = replace(TERRAFORM, platform="linux_arm64")
        assert mirror.has_provider(provider(tmp_path), TERRAFORM)
        assert not mirror.has_provider(tmp_path, arm)

    def test_a_choice_stands_without_asking_again(self, tmp_path: Path) -> None:
        """An unreachable registry can take seconds, so it is asked only once."""
        first = self.configure(tmp_path / "build", folders=(provider(tmp_path / "opt").parent / "opt",))
        assert self.configure(tmp_path / "build", online=True) == first

    def test_a_choice_that_is_gone_is_made_again(self, tmp_path: Path) -> None:
        old = provider(tmp_path / "old")
        self.configure(tmp_path / "build", SCONES_TF_PLUGIN_DIR=str(old))
        old.rename(tmp_path / "moved")
        assert "build/terraform/providers" in self.configure(tmp_path / "build", online=True)

    def test_leaves_a_users_own_installation_in_force(self, tmp_path: Path) -> None:
        own = tmp_path / "home" / ".terraformrc"
        own.parent.mkdir()
        own.write_text('provider_installation {\n  network_mirror {\n    url = "https://mirror.example/"\n  }\n}\n')
        assert self.configure(tmp_path, online=True) == own.read_text()


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    """The environment dev of an empty project in a mocked AWS. A stand-in for Terraform records its commands."""
    root = tmp_path / "project with a space"
    folder = root / "terraform" / "environments" / "dev"
    folder.mkdir(parents=True)
    own = {"instance_type": "ml.g4dn.xlarge", "volume_size_gb": 30, "max_runtime_seconds": 60}
    training = {**own, "minimum_validation_accuracy": 0.75}
    (folder / "environment.json").write_text(
        json.dumps({"region": "eu-west-1", "classes": ["bus", "tank"], "training": training})
    )
    (folder / "foundation.tfvars.json").write_text("{}")
    (folder / "service.tfvars.json").write_text("{}")
    for name in ("bootstrap", "foundation", "service"):
        (root / "terraform" / "stacks" / name).mkdir(parents=True)
    notes = tmp_path / "notes"
    fake(
        tmp_path / "bin",
        script=f"""
        with open({str(notes)!r}, "a") as sink:
            print(" ".join(sys.argv[2:]), file=sink)
        if "init" in sys.argv:
            open({str(notes)!r} + ".init", "w").write(os.environ["TF_CLI_ARGS_init"])
        if "apply" in sys.argv and open({str(notes)!r}).read().count("apply") <= int(os.environ.get("LOCKS") or 0):
            sys.exit("Error: Error acquiring the state lock\\n" + os.environ["HOLDER"])
        if "apply" in sys.argv and open({str(notes)!r}).read().count("apply") <= int(os.environ.get("UNKNOWN") or 0):
            print("\\x1b[31m\\u2577\\x1b[0m\\n\\u2502 Error: creating Lambda Function: The role", file=sys.stderr)
            print("\\u2502 defined for the function cannot be assumed by Lambda.\\n\\u2575", file=sys.stderr)
            sys.exit(1)
        if "apply" in sys.argv and os.environ.get("FAIL"):
            print("Planning...")
            print("\\u2577\\n\\u2502 Error: creating S3 Bucket: AccessDenied", file=sys.stderr)
            print("\\u2502 \\n\\u2502   with aws_s3_bucket.this,\\n\\u2575", file=sys.stderr)
            sys.exit(1)
        sys.exit(2 if "-detailed-exitcode" in sys.argv and os.environ.get("CHANGES") else 0)
        """,
    )
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SCONES_TF_PLUGIN_DIR", str(provider(tmp_path / "mirror")))
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(holder, "running", list)  # others may run Terraform on this machine
    with mock_aws():
        yield settings.load("dev", root=root, variables={})


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """The stand-in's commands, one for each line."""
    return tmp_path / "notes"


def put_state(environment: Environment, stack: str, *, outputs: dict, resources: int = 1) -> None:
    backend = Backend.of(environment)
    backend.ensure()
    managed = {"mode": "managed", "type": "aws_s3_bucket", "name": "this", "instances": [{}]}
    data = {**managed, "mode": "data"}
    body = {
        "version": 4,
        "outputs": {name: {"value": value, "type": "string"} for name, value in outputs.items()},
        "resources": [data, *[managed] * resources],
    }
    backend.s3.put_object(Bucket=backend.bucket, Key=f"{stack}.tfstate", Body=json.dumps(body))


def hold(environment: Environment, stack: str, who: str) -> None:
    """Lock a stack's state, as Terraform does."""
    backend = Backend.of(environment)
    backend.ensure()
    lock = {"ID": "1-2-3", "Who": who, "Operation": "OperationTypeApply", "Created": "2026-01-02T03:04:05Z"}
    backend.s3.put_object(Bucket=backend.bucket, Key=f"{stack}.tfstate.tflock", Body=json.dumps(lock))


@pytest.mark.parametrize(
    ("running", "abandoned"),
    [
        (["/bin/bash", "python tasks.py terraform"], True),
        (["/usr/bin/terraform -chdir=/p/stacks/service apply"], False),
        (["tofu apply"], False),
        (["/usr/bin/terraform '-chdir=/a b/stacks/foundation' apply"], True),
        ([".terraform/providers/terraform-provider-aws_v5.100.0_x5"], True),
        (None, False),
    ],
)
def test_a_lock_is_abandoned_if_no_terraform_runs_that_may_hold_it(running: list[str] | None, abandoned: bool) -> None:
    lock = holder.StateLock("1-2-3", "ada@laptop", "Apply", "")
    assert holder.is_abandoned(lock, "service", me="ada@laptop", running=running) is abandoned
    assert not holder.is_abandoned(lock, "service", me="bob@laptop", running=running)


class TestVariables:
    def test_say_all_that_a_plain_command_needs(self, environment: Environment) -> None:
        found = variables(environment, "service")
        assert found["AWS_REGION"] == "eu-west-1"
        assert found["TF_DATA_DIR"] == ".terraform/dev"
        assert found["TF_VAR_lambda_packages"] == "../../../build/lambdas", "as in the stack's variables.tf"
        other = variables(replace(environment, build_name="build/demo"), "service")
        assert other["TF_DATA_DIR"] == ".terraform/dev-demo"
        assert other["TF_VAR_lambda_packages"] == "../../../build/demo/lambdas"
        assert other["TF_CLI_CONFIG_FILE"] == found["TF_CLI_CONFIG_FILE"], "the provider is downloaded once"
        assert found["TF_VAR_environment"] == "dev"
        assert found["TF_VAR_state_bucket"] == "scones-dev-tfstate-123456789012"
        assert "-backend-config=bucket=scones-dev-tfstate-123456789012" in found["TF_CLI_ARGS_init"]
        assert found["CHECKPOINT_DISABLE"] == "1"
        assert "AWS_ENDPOINT_URL" not in found, "AWS itself needs none"

    def test_tell_the_backend_of_the_key_that_the_state_is_encrypted_with(self, environment: Environment) -> None:
        """Otherwise the backend asks for S3's own key, whatever the bucket's default is."""
        assert "kms_key_id" not in variables(environment)["TF_CLI_ARGS_init"]
        key = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
        path = environment.folder / "bootstrap.tfvars.json"
        path.write_text(json.dumps({"state_kms_key_arn": key}))
        assert f"-backend-config=kms_key_id={key}" in variables(environment)["TF_CLI_ARGS_init"]
        path.write_text("[]")
        with pytest.raises(SettingsError, match=r"bootstrap\.tfvars\.json cannot be used"):
            variables(environment)

    @pytest.mark.parametrize("command", ["plan", "apply", "destroy"])
    def test_name_the_files_of_values_whatever_the_path(self, environment: Environment, command: str) -> None:
        given = shlex.split(variables(environment, "service")[f"TF_CLI_ARGS_{command}"])
        assert f"-var-file={environment.folder / 'service.tfvars.json'}" in given
        assert f"-var-file={environment.pin_path}" in given

    def test_give_each_stack_its_own_values(self, environment: Environment) -> None:
        foundation = variables(environment, "foundation")["TF_CLI_ARGS_plan"]
        assert "foundation.tfvars.json" in foundation
        assert "model.tfvars.json" not in foundation
        assert "-var-file" not in variables(environment, "bootstrap")["TF_CLI_ARGS_plan"]

    def test_refuse_a_stack_that_is_not_there(self, environment: Environment) -> None:
        with pytest.raises(SettingsError, match="no stack 'servce'; there are: bootstrap, foundation, service"):
            variables(environment, "servce")


class TestShellLines:
    def test_a_shell_reads_what_was_meant(self) -> None:
        """Quotes, spaces and dollar signs arrive unchanged."""
        value = "-var-file='/o'neil/a b.json' $HOME"
        said = subprocess.run(
            ["sh", "-c", "\n".join([*env.lines({"GIVEN": value}, {}), 'printf %s "$GIVEN"'])],
            capture_output=True,
            text=True,
        )
        assert said.stdout == value

    def test_leave_nothing_of_an_earlier_environment(self) -> None:
        """Otherwise the next environment's commands go to the local cloud, with its keys."""
        said = env.lines({"AWS_REGION": "us-east-1"}, {"SCONES_EXPORTED": "AWS_ENDPOINT_URL AWS_REGION"})
        assert said == ["unset AWS_ENDPOINT_URL", "export AWS_REGION=us-east-1", "export SCONES_EXPORTED=AWS_REGION"]


class TestBackend:
    def test_is_made_versioned_and_closed_in_its_region(self, environment: Environment) -> None:
        backend = Backend.of(environment)
        assert not backend.exists()
        backend.ensure()
        backend.ensure()
        where = {"Bucket": "scones-dev-tfstate-123456789012"}
        assert backend.s3.get_bucket_location(**where)["LocationConstraint"] == "eu-west-1"
        assert backend.s3.get_bucket_versioning(**where)["Status"] == "Enabled"
        assert all(backend.s3.get_public_access_block(**where)["PublicAccessBlockConfiguration"].values())

    def test_goes_with_every_version(self, environment: Environment) -> None:
        for number in range(3):
            put_state(environment, "service", outputs={"number": number})
        backend = Backend.of(environment)
        backend.s3.delete_object(Bucket=backend.bucket, Key="service.tfstate")
        backend.delete()
        backend.delete()
        assert backend.s3.list_buckets()["Buckets"] == []

    def test_a_state_of_another_form_is_refused(self, environment: Environment) -> None:
        put_state(environment, "service", outputs={})
        backend = Backend.of(environment)
        backend.s3.put_object(Bucket=backend.bucket, Key="service.tfstate", Body='{"encrypted_data": "…"}'.encode())
        with pytest.raises(TerraformError, match="its version is None, not 4"):
            backend.read("service")


class TestStack:
    def test_outputs_are_the_states(self, environment: Environment) -> None:
        put_state(environment, "foundation", outputs={"bucket": "scones-dev-123456789012"})
        assert Stack(environment, "foundation").outputs() == {"bucket": "scones-dev-123456789012"}

    def test_a_stack_that_was_not_applied_has_no_outputs(self, environment: Environment) -> None:
        with pytest.raises(
            TerraformError, match="stack 'foundation' of environment 'dev' has not been applied"
        ) as missing:
            Stack(environment, "foundation").outputs()
        assert missing.value.hint == "apply it with: invoke tf.apply --env dev --stack foundation"

    def test_applies_from_nothing(self, environment: Environment, notes: Path, tmp_path: Path) -> None:
        Stack(environment, "foundation", log=tmp_path / "log").apply()
        assert notes.read_text().split("\n") == ["init -no-color", "apply -no-color -input=false -auto-approve", ""]
        assert Backend.of(environment).exists()

    @pytest.mark.parametrize(
        ("terminal", "variable", "coloured"), [(False, "", False), (True, "", True), (True, "1", False)]
    )
    def test_terraform_colours_only_what_a_terminal_shows(
        self,
        environment: Environment,
        notes: Path,
        monkeypatch: pytest.MonkeyPatch,
        terminal: bool,
        variable: str,
        coloured: bool,
    ) -> None:
        """Terraform itself does not look whether it writes into a pipe."""
        monkeypatch.delenv("NO_COLOR", raising=False)
        if variable:
            monkeypatch.setenv("NO_COLOR", variable)
        for stream in (sys.stdout, sys.stderr):
            monkeypatch.setattr(stream, "isatty", lambda: terminal)
        Stack(environment, "foundation").apply()
        plain = "" if coloured else " -no-color"
        assert notes.read_text().split("\n") == [f"init{plain}", f"apply{plain} -input=false -auto-approve", ""]

    def test_a_team_s_lock_file_is_used_and_never_upgraded(
        self, environment: Environment, notes: Path, tmp_path: Path
    ) -> None:
        team = lock.path(environment.root)
        team.write_text('provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.100.0"\n}\n')
        stack = Stack(environment, "foundation", log=tmp_path / "log")
        stack.apply()
        stack.plan()
        assert stack.lock_file.read_text() == team.read_text()
        inits = [line for line in notes.read_text().splitlines() if line.startswith("init")]
        assert len(inits) == 1, "an apply and a plan need one init"
        given = notes.with_name("notes.init").read_text().split()
        assert "-lockfile=readonly" in given
        assert "-upgrade" not in given

    def test_a_first_apply_makes_lifecycle_rules_last_while_other_work_goes_on(
        self, environment: Environment, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The provider waits a minute for the rules, and nothing needs them."""
        stack = Stack(environment, "foundation", log=tmp_path / "log")
        (stack.folder / "bucket").mkdir(parents=True)
        (stack.folder / "main.tf").write_text(
            'module "bucket" {\n  source = "./bucket"\n}\n\nresource "aws_sagemaker_model_package_group" "this" {\n}\n'
        )
        (stack.folder / "bucket" / "main.tf").write_text(
            'resource "aws_s3_bucket" "this" {\n}\n\n'
            'resource "aws_s3_bucket_lifecycle_configuration" "this" {\n  bucket = aws_s3_bucket.this.id\n}\n'
        )
        apply_ahead(stack)()
        first, second = (line for line in notes.read_text().splitlines() if line.startswith("apply"))
        only = "-target=module.bucket.aws_s3_bucket.this -target=aws_sagemaker_model_package_group.this"
        assert first == f"apply -no-color {only} -input=false -auto-approve"
        assert second == "apply -no-color -input=false -auto-approve"

        put_state(environment, "foundation", outputs={"bucket": "scones-dev-123456789012"})
        notes.unlink()
        apply_ahead(stack)
        assert [line for line in notes.read_text().splitlines() if line.startswith("apply")] == [second]

    def test_an_error_of_the_rules_reaches_whoever_waits_for_them(
        self, environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack = Stack(environment, "foundation", log=tmp_path / "log")
        stack.folder.mkdir(parents=True, exist_ok=True)
        (stack.folder / "main.tf").write_text('resource "aws_s3_bucket" "this" {\n}\n')
        apply = Stack.apply

        def fails_without_targets(stack: Stack, **given: Any) -> None:
            monkeypatch.setenv("FAIL", "" if given else "1")
            apply(stack, **given)

        monkeypatch.setattr(Stack, "apply", fails_without_targets)
        rest = apply_ahead(stack)
        with pytest.raises(TerraformError, match="AccessDenied"):
            rest()

    def test_the_queues_of_arrivals_need_no_model(
        self, environment: Environment, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        applied: list[tuple[str, tuple[str, ...], bool]] = []

        def note(stack: Stack, only: tuple[str, ...]) -> None:
            stack.require_values()
            applied.append((stack.name, only, stack.environment.pin_path == environment.pin_path))

        monkeypatch.setattr(Stack, "apply", note)
        without = replace(environment, service={**environment.service, "arrival": None})
        arrivals_ahead(without, log=tmp_path / "log")()
        assert applied == []
        arrivals_ahead(replace(environment, service={**environment.service, "arrival": {}}), log=tmp_path / "log")()
        assert applied == [("service", ARRIVALS, False)]
        known = set(addresses(settings.ROOT / "terraform" / "stacks" / "service"))
        assert {address.replace('["on"]', "") for address in ARRIVALS} <= known

    @pytest.mark.parametrize(("changes", "expected"), [("", False), ("1", True)])
    def test_a_plan_says_whether_there_is_anything(
        self, environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: str, expected: bool
    ) -> None:
        monkeypatch.setenv("CHANGES", changes)
        assert Stack(environment, "foundation", log=tmp_path / "log").plan() is expected

    @pytest.mark.parametrize(("holder", "tries"), [("", 2), ("  ID:        1-2-3", 1)])
    def test_a_lock_that_has_just_gone_is_taken_and_one_that_somebody_holds_is_not(
        self,
        environment: Environment,
        notes: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        holder: str,
        tries: int,
    ) -> None:
        monkeypatch.setenv("LOCKS", "1")
        monkeypatch.setenv("HOLDER", holder)
        with pytest.raises(LockedStateError) if holder else nullcontext():
            Stack(environment, "foundation", log=tmp_path / "log").apply()
        assert notes.read_text().count("apply") == tries

    def test_a_killed_commands_lock_is_named_at_once_with_the_command_that_breaks_it(
        self, environment: Environment, notes: Path, tmp_path: Path
    ) -> None:
        """Terraform would wait for minutes for a process that is gone."""
        hold(environment, "foundation", holder.me())
        with pytest.raises(LockedStateError, match="gone from this machine") as refusal:
            Stack(environment, "foundation", log=tmp_path / "log").apply()
        assert refusal.value.hint.endswith("invoke tf.unlock 1-2-3 --env dev --stack foundation")
        assert "apply" not in notes.read_text()

    @pytest.mark.parametrize("answer", ["yes", "no"])
    def test_on_a_terminal_the_lock_of_a_killed_command_is_broken_if_somebody_says_yes(
        self, environment: Environment, notes: Path, monkeypatch: pytest.MonkeyPatch, answer: str
    ) -> None:
        hold(environment, "foundation", holder.me())
        monkeypatch.setattr("sys.stdin", type("", (io.StringIO,), {"isatty": lambda self: True})(f"{answer}\n"))
        with nullcontext() if answer == "yes" else pytest.raises(LockedStateError, match="gone"):
            Stack(environment, "foundation").apply()
        done = [line.split()[0] for line in notes.read_text().splitlines()]
        assert done == (["init", "force-unlock", "apply"] if answer == "yes" else ["init"])

    def test_a_lock_of_another_machine_is_left_to_terraform(
        self, environment: Environment, notes: Path, tmp_path: Path
    ) -> None:
        hold(environment, "foundation", "somebody@elsewhere")
        Stack(environment, "foundation", log=tmp_path / "log").apply()
        assert "apply" in notes.read_text()

    def test_the_task_breaks_the_lock_that_is_named_and_no_other(
        self, environment: Environment, notes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(settings, "load", lambda name: environment)
        tf.unlock(Context(), "1-2-3", env="dev", stack="foundation", yes=True)
        assert "not locked" in capsys.readouterr().out
        hold(environment, "foundation", "somebody@elsewhere")
        with pytest.raises(Exit, match="not 9-9-9 but 1-2-3, by somebody@elsewhere"):
            tf.unlock(Context(), "9-9-9", env="dev", stack="foundation", yes=True)
        tf.unlock(Context(), "1-2-3", env="dev", stack="foundation", yes=True)
        assert notes.read_text().splitlines()[-1] == "force-unlock -no-color -force 1-2-3"

    @pytest.mark.parametrize("quiet", [False, True])
    def test_a_service_that_does_not_know_a_new_role_yet_is_asked_again(
        self,
        environment: Environment,
        notes: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
        quiet: bool,
    ) -> None:
        """In a terminal too, where the error is shown nevertheless."""
        monkeypatch.setenv("UNKNOWN", "1")
        waited: list[float] = []
        Stack(environment, "foundation", log=tmp_path / "log" if quiet else None, sleep=waited.append).apply()
        assert notes.read_text().count("apply") == 2
        assert waited == [20.0]
        assert ("cannot be assumed by Lambda" in capfd.readouterr().err) is not quiet

    def test_a_role_that_lacks_something_is_tried_twice_and_a_saved_plan_once(
        self, environment: Environment, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("UNKNOWN", "9")
        waited: list[float] = []
        stack = Stack(environment, "foundation", log=tmp_path / "log", sleep=waited.append)
        saved = tmp_path / "saved.tfplan"
        saved.touch()
        with pytest.raises(NewRoleError) as failure:
            stack.apply(plan=saved)
        assert (notes.read_text().count("apply"), waited) == (1, [])
        assert "'role defined for the function cannot be assumed'" in failure.value.message
        assert "invoke tf.apply --env dev --stack foundation" in (failure.value.hint or "")
        with pytest.raises(NewRoleError):
            stack.apply()
        assert (notes.read_text().count("apply"), waited) == (3, [20.0])

    def test_a_boundary_that_there_is_not_is_explained(self) -> None:
        words = (
            "│ Error: creating IAM Role (scones-dev-training): operation error IAM: CreateRole, https response error\n"
            "│ StatusCode: 404, NoSuchEntity: Scope ARN: arn:aws:iam::1:policy/ci-scones-dev-boundary does not\n"
            "│ exist or is not attachable.\n"
        )
        found = refusals.explain(words, "foundation", "dev")
        assert found is not None
        assert (
            "permissions boundary arn:aws:iam::1:policy/ci-scones-dev-boundary, which does not exist" in found.message
        )
        assert found.hint == "apply what makes it: invoke tf.apply --env dev --stack bootstrap"

    def test_a_failure_says_what_terraform_said(
        self, environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FAIL", "1")
        seen: list[str] = []
        stack = Stack(environment, "foundation", log=tmp_path / "log", on_line=seen.append)
        with pytest.raises(TerraformError) as failure:
            stack.apply()
        assert failure.value.message == (
            "terraform apply of stack 'foundation' failed: creating S3 Bucket: AccessDenied\n  with aws_s3_bucket.this,"
        )
        assert failure.value.hint == f"all of it is in {tmp_path / 'log'}"
        assert "Planning..." in seen
        assert "Planning..." in (tmp_path / "log").read_text()

    @pytest.mark.parametrize("command", ["plan", "apply"])
    def test_the_service_needs_a_pinned_model(self, environment: Environment, notes: Path, command: str) -> None:
        with pytest.raises(TerraformError, match="environment 'dev' has no pinned model") as refusal:
            getattr(Stack(environment, "service"), command)()
        assert "invoke train --env dev" in refusal.value.hint
        assert not notes.exists()

    def test_a_saved_plan_that_is_not_there_is_named(self, environment: Environment, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"there is no saved plan .*nothing\.tfplan"):
            Stack(environment, "foundation").apply(plan=tmp_path / "nothing.tfplan")

    @pytest.mark.parametrize("quiet", [False, True])
    def test_ctrl_c_lets_terraform_save_its_state(self, tmp_path: Path, quiet: bool) -> None:
        """If Terraform is killed or its output is lost, the state of the new resources is lost too."""
        saved, ready = tmp_path / "saved", tmp_path / "ready"
        slow = fake(
            tmp_path / "bin",
            script=f"""
            import pathlib, signal, time
            def stop(*_):
                print("Interrupt received.", flush=True)
                time.sleep(1.0)     # longer than Python waits for a child of its own accord
                print("Gracefully shutting down...", flush=True)
                pathlib.Path({str(saved)!r}).touch()
                sys.exit(1)
            signal.signal(signal.SIGINT, stop)
            pathlib.Path({str(ready)!r}).touch()
            time.sleep(60)
            """,
        )
        program = f"""
        import signal
        from pathlib import Path
        from scones.terraform import Stack
        signal.signal(signal.SIGINT, signal.default_int_handler)  # which background jobs may have inherited ignored
        stack, line = Stack(None, "service"), [{str(slow)!r}, "-chdir=.", "apply"]
        stack._to_log(line, {{}}, Path({str(tmp_path / "log")!r})) if {quiet} else stack._to_terminal(line, {{}})
        """
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)], start_new_session=True, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 60
        while not ready.exists():
            assert time.monotonic() < deadline, "the stand-in did not start"
            time.sleep(0.02)
        os.killpg(child.pid, signal.SIGINT)
        _, said = child.communicate(timeout=60)
        assert saved.exists()
        assert said.rstrip().endswith("KeyboardInterrupt")


APPLIED, BETWEEN = "scones-dev-0123456789ab", "scones-dev-v0123456789a"


@pytest.fixture
def served(environment: Environment) -> Any:
    """The endpoint as an interrupted apply of a comparison has left it, and its client."""
    from scones import aws

    sagemaker = aws.client(environment, "sagemaker")
    image = {"Image": "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"}
    role = "arn:aws:iam::123456789012:role/model"
    sagemaker.create_model(ModelName="one", ExecutionRoleArn=role, PrimaryContainer=image)
    for name, kept in {APPLIED: ("AllTraffic",), BETWEEN: ("AllTraffic", "Candidate")}.items():
        own = {"ModelName": "one", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{"VariantName": one, **own} for one in kept]
        )
    sagemaker.create_endpoint(EndpointName="scones-dev", EndpointConfigName=BETWEEN)
    put_state(environment, "service", outputs={"endpoint_name": "scones-dev", "endpoint_configuration_name": APPLIED})
    environment.pin_path.parent.mkdir(parents=True, exist_ok=True)
    environment.pin_path.write_text("{}")
    return sagemaker


class TestInterrupted:
    def test_a_plan_says_what_it_left_though_terraform_sees_nothing(
        self, environment: Environment, served: Any
    ) -> None:
        said: list[str] = []
        assert Stack(environment, "service", on_line=said.append).plan() is True
        assert f"left the endpoint with {BETWEEN}" in said[-1]

    def test_a_failed_endpoint_is_made_again(self, environment: Environment, served: Any, notes: Path) -> None:
        sagemaker_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].endpoints["scones-dev"].endpoint_status = "Failed"
        Stack(environment, "service").plan()
        assert "-replace=module.endpoint.aws_sagemaker_endpoint.this[0]" in notes.read_text().splitlines()[-1]


@pytest.mark.parametrize(
    ("kept", "stale"),
    [
        ({"lineage": "one", "serial": 7}, True),
        ({"lineage": "two", "serial": 8}, True),
        ({"lineage": "one", "serial": 8}, False),
        ([], False),
        (None, False),
    ],
)
def test_a_saved_plan_of_an_earlier_state_is_refused(tmp_path: Path, kept: Any, stale: bool) -> None:
    """So it is before anything is changed that Terraform does not see. What cannot be read is left to Terraform."""
    with zipfile.ZipFile(tmp_path / "saved", "w") as archive:
        archive.writestr("tfplan", "")
        if kept is not None:
            archive.writestr("tfstate", json.dumps(kept))
    with pytest.raises(TerraformError, match="is stale") if stale else nullcontext():
        require_fresh(tmp_path / "saved", "service", TerraformState(lineage="one", serial=8))


class TestDestroy:
    def test_what_terraform_does_not_know_of_hosting_goes_too(
        self, environment: Environment, served: Any, notes: Path
    ) -> None:
        destroy(Stack(environment, "service"))
        assert served.list_endpoints()["Endpoints"] == []
        left = served.list_endpoint_configs()["EndpointConfigs"]
        assert [one["EndpointConfigName"] for one in left] == [APPLIED], "Terraform's own is Terraform's"

    def test_nothing_is_run_for_a_stack_that_is_not_there(self, environment: Environment, notes: Path) -> None:
        destroy(Stack(environment, "foundation"))
        assert not notes.exists()

    def test_a_stack_goes_after_what_stands_on_it(self, environment: Environment) -> None:
        put_state(environment, "service", outputs={}, resources=3)
        with pytest.raises(
            TerraformError, match="'bootstrap' cannot go while 'service' stands on it, with 3 resources"
        ):
            destroy(Stack(environment, "bootstrap"))

    def test_registered_models_are_kept_where_the_environment_keeps_them(
        self, environment: Environment, notes: Path
    ) -> None:
        from scones import aws

        aws.client(environment, "sagemaker").create_model_package_group(ModelPackageGroupName="scones-dev")
        aws.client(environment, "sagemaker").create_model_package(
            ModelPackageGroupName="scones-dev", ModelPackageDescription="one"
        )
        put_state(environment, "foundation", outputs={"model_package_group_name": "scones-dev"})
        with pytest.raises(
            TerraformError, match="'scones-dev' holds 1 registered models, which environment 'dev' keeps"
        ):
            destroy(Stack(environment, "foundation"))
        assert not notes.exists()

    def test_the_state_goes_last(self, environment: Environment, notes: Path) -> None:
        put_state(environment, "bootstrap", outputs={"state_bucket": "x"})
        destroy(Stack(environment, "bootstrap"))
        assert not Backend.of(environment).exists()
        assert not notes.exists(), "without roles there is nothing for Terraform to destroy"


def test_nobody_is_asked_where_nobody_can_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(InputError, match="no terminal to ask on"):
        tf._asks(False)
    assert tf._asks(True) is False
