"""Fixtures that more than one folder of tests shares."""

from __future__ import annotations

import fcntl
import functools
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from localcloud import control

# As imageclassification.train does, and before any test loads PyTorch: threads that spin while they wait starve all
# else.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Terraform and its provider are written in Go, and at each of their starts a fifth of their time is the collection of
# garbage that goes with the process soon.
os.environ.setdefault("GOGC", "400")

# Side by side, each worker and all that it starts computes in one thread: more would only take turns.
WORKER = "PYTEST_XDIST_WORKER" in os.environ
if WORKER:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# What the fuzzing tests remember of failures belongs where everything else is that the project makes.
os.environ.setdefault(
    "HYPOTHESIS_STORAGE_DIRECTORY", str(Path(__file__).resolve().parent.parent / "build/cache/hypothesis")
)

# What takes longest is begun first, so that the workers end together.
LONGEST_FIRST = (
    "e2e/test_workflow.py",
    "terraform/test_gate.py",
    "local/sagemaker/",
    "terraform/",
    "checks/test_checkov.py",
    "oracle/",
    "checks/",
    "local/",
    "asl/",
    "unit/imageclassification/",
)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: each waits now and then, for S3's lifecycle rules a whole minute."""
    return min((os.cpu_count() or 1) + 1, 8)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """LONGEST_FIRST, for workers: each takes the next file."""
    if not WORKER:
        return
    tests = Path(__file__).parent

    def turn(item: pytest.Item) -> int:
        path = item.path.relative_to(tests).as_posix()
        return next((turn for turn, start in enumerate(LONGEST_FIRST) if path.startswith(start)), len(LONGEST_FIRST))

    items.sort(key=turn)


SERVICES = [f"{name}.amazonaws.com" for name in ("events", "lambda", "sagemaker", "scheduler", "states")]


class LocalCloud:
    """A running local cloud and boto3 clients for it; every client is made once."""

    def __init__(self, running: control.Cloud) -> None:
        self.running = running
        self.endpoint = running.endpoint
        self.state = running.state
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.endpoint,
                region_name="us-east-1",
                aws_access_key_id=self.running.access_key_id,
                aws_secret_access_key=self.running.secret_access_key,
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[service]

    def role(self, name: str, *statements: Mapping[str, Any]) -> str:
        """The ARN of a role that every service may take on and that may do what the statements say; by default, all."""
        import json

        trust = {"Effect": "Allow", "Principal": {"Service": SERVICES}, "Action": "sts:AssumeRole"}
        allowed = statements or ({"Effect": "Allow", "Action": "*", "Resource": "*"},)
        iam = self.client("iam")
        arn = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )["Role"]["Arn"]
        document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
        iam.put_role_policy(RoleName=name, PolicyName="tests", PolicyDocument=document)
        return arn


@pytest.fixture(scope="session", autouse=True)
def services_read_once() -> Iterator[None]:
    """botocore's descriptions of AWS's services are parsed once: each session would parse megabytes of them anew.

    All but S3's, whose clients take the bucket out of it in place.
    """
    from botocore.loaders import JSONFileLoader

    read = JSONFileLoader.load_file
    once = functools.cache(functools.partial(read, JSONFileLoader()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda own, path: read(own, path) if "/s3/" in path else once(path))
        yield


@pytest.fixture(scope="session")
def provider_is_here(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where Terraform's provider is to be downloaded, one worker does: two would spoil each other's cache of it."""
    from scones import settings
    from scones.terraform import mirror
    from scones.terraform.binary import locate

    build = settings.ROOT / "build"
    (build / "terraform").mkdir(parents=True, exist_ok=True)
    with (build / "terraform" / "tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        binary = locate(build)
        configured = mirror.configure(build, binary)
        if "plugin_cache_dir" in configured.read_text():
            subprocess.run(
                [binary.path, f"-chdir={settings.ROOT}/terraform/modules/bucket", "init", "-backend=false", "-upgrade"],
                env={
                    **os.environ,
                    "TF_CLI_CONFIG_FILE": str(configured),
                    "TF_DATA_DIR": str(tmp_path_factory.mktemp("provider")),
                },
                check=True,
                timeout=900,
            )


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A local cloud of this test run's own, on a free port; it ends with the run, however that ends."""
    state: Path = tmp_path_factory.mktemp("cloud") / "local"
    running = control.up(state, port=0, tethered=True)
    yield LocalCloud(running)
    control.down(state)
